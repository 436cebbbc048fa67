/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/control_machine.c tests/unit/control_cases.c
/* What a control domain may see and do that manages some of the others only. */
#include "tests/unit/control_cases.h"

/* The control domain manages 1 and 3, and not 2. */
static int setup_limited(void **state)
{
	const int bad = setup(state);

	cm_cfg[0].manages = 2U | 8U;
	return bad;
}

static uint32_t list(uint32_t kind, uint32_t *nr)
{
	struct ctl_list q = { .kind = kind };
	const uint32_t status = ask(CTL_LIST, &q, sizeof(q));

	memcpy(&q, data, sizeof(q));
	*nr = status == CTL_OK ? q.nr : 0U;
	return status;
}

/* It sees itself and what it manages; of memory all, but not whose. */
static void what_is_not_managed_is_not_seen(void **state)
{
	const struct claim_term t[2] = { { 0, 0, 2, 5 }, { 0, 0, 1, 5 } };
	const struct ctl_memory *m = (const void *)(data + sizeof(struct ctl_list));
	const struct ctl_domain *d = (const void *)(data + sizeof(struct ctl_list));
	struct claim_block b;
	claim_handle_t h[2];
	uint32_t owned = 0;
	uint32_t known = 0;
	uint32_t nr;

	(void)state;
	assert_int_equal(list(CTL_DOMAINS, &nr), CTL_OK);
	assert_int_equal(nr, 2);
	assert_string_equal(d[0].name, "boss");
	assert_string_equal(d[1].name, "one");
	assert_int_equal(list(CTL_VCPUS, &nr), CTL_OK);
	assert_int_equal(nr, 3);
	for (uint32_t i = 0; i < 2U; i++) {
		assert_int_equal(claim_stake(&cm_ledger, t[i].owner, &t[i], 1, &h[i], NULL), FH_OK);
		assert_int_equal(claim_redeem(&cm_ledger, h[i], 0, &b), FH_OK);
	}
	assert_int_equal(list(CTL_CLAIMS, &nr), CTL_OK);
	assert_int_equal(nr, 1);
	assert_int_equal(((const struct ctl_term *)(const void *)m)->owner, 1);
	assert_int_equal(list(CTL_MEMORY, &nr), CTL_OK);
	assert_true(nr > 2U);
	/* Of the two that are owned one is told. */
	for (uint32_t i = 0; i < nr; i++) {
		owned += m[i].use == CTL_OWNED ? 1U : 0U;
		known += m[i].owner == 1U ? 1U : 0U;
		assert_int_not_equal(m[i].owner, 2);
	}
	assert_int_equal(owned, 2);
	assert_int_equal(known, 1);
	assert_int_equal(list(CTL_LOG, &nr), CTL_EDENIED);
	assert_int_equal(list(CTL_TRACE, &nr), CTL_EDENIED);
	assert_int_equal(ask(CTL_TRACING, &(struct ctl_events_req){ 1, 0 }, sizeof(struct ctl_events_req)),
			 CTL_EDENIED);
	assert_int_equal(ask(CTL_TIMES, &(struct ctl_events_req){ 1, 0 }, sizeof(struct ctl_events_req)), CTL_EDENIED);
	assert_false(cm_measured);
	assert_int_equal(ask(CTL_DEFINE, &(struct ctl_define){ .tree_size = 8 }, sizeof(struct ctl_define)),
			 CTL_EDENIED);
	/* So it does not take the room for a tree, of which there is one. */
	assert_int_equal(ask(CTL_TREE, &(struct ctl_tree){ 0, 0 }, sizeof(struct ctl_tree)), CTL_EDENIED);
	/* Nor do events tell. */
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ 1, 0 }, sizeof(struct ctl_events_req)), CTL_OK);
	cm_state(&cm_domain[2], DOM_CRASHED);
	cm_state(&cm_domain[1], DOM_PAUSED);
	settle();
	assert_int_equal(take(PORT).op, CTL_EVENT);
	assert_int_equal(((const struct ctl_event *)(void *)data)->dom, 1);
	assert_int_equal(cm_ports[PORT].out_len, 0);
}

/* Events that were lost may have been its own: it is told, whoever the next one that is left is of. */
static void what_was_lost_is_told(void **state)
{
	const struct ctl_event *e = (const void *)data;

	(void)state;
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ 1, 0 }, sizeof(struct ctl_events_req)), CTL_OK);
	cm_ports[PORT].full = true;
	cm_state(&cm_domain[1], DOM_CRASHED);
	for (uint32_t i = 0; i < EVENTS_KEPT; i++) {
		cm_state(&cm_domain[2], DOM_RUNNING);
	}
	cm_ports[PORT].full = false;
	settle();
	assert_int_equal(take(PORT).op, CTL_EVENT);
	assert_int_equal(e->type, CTL_EV_LOST);
	assert_int_equal(e->value, 1);
	assert_int_equal(cm_ports[PORT].out_len, 0);
}

static void rights(void **state)
{
	struct ctl_domain_req q = { .dom = 2, .action = CTL_KILL };

	(void)state;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_EDENIED);
	q.dom = 0;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_EDENIED);
	q.dom = 3;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_ENOENT);
	q.dom = 1;
	q.action = 99;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_ENOTSUP);
	q.action = CTL_STOP;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_ENOTSUP); /* it has no power key */
	cm_cfg[1].power_key = true;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_OK);
	assert_ptr_equal(cm_pressed, &cm_domain[1]);
	assert_int_equal(cm_domain[1].state, DOM_RUNNING);
	q.action = CTL_KILL;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_OK);
	assert_int_equal(cm_domain[1].state, DOM_STOPPED);
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_EBUSY);
	assert_int_equal(ask(CTL_ATTACH, &(struct ctl_domain_req){ 2, 1, 0 }, 8), CTL_EDENIED);
}

/* A number is used again; who means the one before reaches nobody. */
static void a_number_is_not_a_name(void **state)
{
	struct ctl_domain_req q = { .dom = 1, .action = CTL_KILL, .gen = 7 };
	const struct ctl_domain *d = (const void *)(data + sizeof(struct ctl_list));
	struct ctl_create set = { 1, { 1 }, { 7 } };
	struct {
		struct ctl_stake s;
		struct ctl_want w;
	} stake = { { 0, 0, 1, 0 }, { 0, 0, 1, 7, 1 } };
	uint32_t nr;

	(void)state;
	cm_domain[1].gen = 8;
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_ENOENT);
	q.action = 1;
	assert_int_equal(ask(CTL_ATTACH, &q, sizeof(q)), CTL_ENOENT);
	assert_int_equal(ask(CTL_STAKE, &stake, sizeof(stake)), CTL_ENOENT);
	cm_domain[1].state = DOM_DEFINED;
	assert_int_equal(ask(CTL_CREATE, &set, sizeof(set)), CTL_ENOENT);
	assert_int_equal(cm_domain[1].state, DOM_DEFINED);
	assert_int_equal(list(CTL_DOMAINS, &nr), CTL_OK);
	assert_int_equal(d[1].gen, 8);
	stake.w.gen = set.gen[0] = 8;
	assert_int_equal(ask(CTL_STAKE, &stake, sizeof(stake)), CTL_OK);
	assert_int_equal(ask(CTL_CREATE, &set, sizeof(set)), CTL_OK);
	assert_int_equal(cm_domain[1].state, DOM_RUNNING);
}

/* 100 terms of another's before its own: it passes 64 in an answer, and comes to them by the cursor. */
static void others_claims_are_passed_in_parts(void **state)
{
	struct ctl_list q = { .kind = CTL_CLAIMS };
	struct claim_term t = { 0, 0, 2, 1 };
	claim_handle_t h;
	uint32_t parts = 0;
	uint32_t nr = 0;

	(void)state;
	for (uint32_t i = 0; i <= 100U; i++) {
		t.owner = i == 100U ? 1U : 2U;
		assert_int_equal(claim_stake(&cm_ledger, t.owner, &t, 1, &h, NULL), FH_OK);
	}
	do {
		assert_int_equal(ask(CTL_LIST, &q, sizeof(q)), CTL_OK);
		memcpy(&q, data, sizeof(q));
		nr += q.nr;
		parts++;
	} while ((q.kind & CTL_LIST_END) == 0U);
	assert_int_equal(nr, 1);
	assert_int_equal(parts, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rights, setup_limited),
		cmocka_unit_test_setup(a_number_is_not_a_name, setup_limited),
		cmocka_unit_test_setup(others_claims_are_passed_in_parts, setup_limited),
		cmocka_unit_test_setup(what_is_not_managed_is_not_seen, setup_limited),
		cmocka_unit_test_setup(what_was_lost_is_told, setup_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
