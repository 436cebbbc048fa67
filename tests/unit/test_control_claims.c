/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/control_machine.c tests/unit/control_cases.c
/* Claims and events over the control ports: stakes, leases, waits, refusals, and who is told. */
#include "tests/unit/control_cases.h"

static void events_are_told(void **state)
{
	struct ctl_event e;

	(void)state;
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ .on = 1 }, sizeof(struct ctl_events_req)), CTL_OK);
	cm_state(&cm_domain[1], DOM_CRASHED);
	settle();
	assert_int_equal(take(PORT).op, CTL_EVENT);
	memcpy(&e, data, sizeof(e));
	assert_int_equal(e.type, CTL_EV_STATE);
	assert_int_equal(e.dom, 1);
	assert_int_equal(e.value, CTL_CRASHED);
	/* More than are kept: their number, then the rest. */
	cm_ports[PORT].full = true;
	for (uint32_t i = 0; i < EVENTS_KEPT + 5U; i++) {
		cm_state(&cm_domain[1], DOM_RUNNING);
	}
	cm_ports[PORT].full = false;
	settle();
	take(PORT);
	memcpy(&e, data, sizeof(e));
	assert_int_equal(e.type, CTL_EV_LOST);
	assert_int_equal(e.value, 5);
	for (uint32_t i = 0; i < EVENTS_KEPT; i++) {
		take(PORT);
		memcpy(&e, data, sizeof(e));
		assert_int_equal(e.type, CTL_EV_STATE);
	}
	assert_int_equal(cm_ports[PORT].out_len, 0);
}

static void claims(void **state)
{
	struct ctl_refusal why;
	struct ctl_claim c;
	struct ctl_claim d;

	(void)state;
	assert_int_equal(stake(0, 0, 1, 100, &c), CTL_OK);
	assert_int_equal(claimed(), 100);
	cm_cfg[0].manages = 2U;
	assert_int_equal(stake(0, 0, 2, 1, &d), CTL_EDENIED);
	assert_int_equal(stake_in(CM_HYP_ZONE, 0, 0, 0, 1, &d), CTL_EDENIED);
	assert_int_equal(stake(0, 0, 1, 4000, &d), CTL_ENOFIT);
	memcpy(&why, data, sizeof(why));
	assert_int_equal(why.want, 4000);
	assert_int_equal(why.fit, 3996);
	assert_int_equal(ask(CTL_RELEASE, &c, sizeof(c)), CTL_OK);
	assert_int_equal(ask(CTL_RELEASE, &c, sizeof(c)), CTL_ESTALE);
	assert_int_equal(claimed(), 0);
	/* Not ours. */
	claim_handle_t h;
	const struct claim_term t = { 0, 0, 2, 5 };

	assert_int_equal(claim_stake(&cm_ledger, 2, &t, 1, &h, NULL), FH_OK);
	assert_int_equal(ask(CTL_RELEASE, &(struct ctl_claim){ h.slot, h.gen, 0 }, sizeof(c)), CTL_EDENIED);
	assert_int_equal(claim_release(&cm_ledger, h), FH_OK);
	assert_int_equal(stake(0, CM_WAIT_MAX_MS + 1U, 1, 1, &d), CTL_EDENIED);
	assert_int_equal(claimed(), 0);
	/* A lease of 5 ms. */
	assert_int_equal(stake(5, 0, 1, 7, &c), CTL_OK);
	fake_counter += 4000000U;
	settle();
	assert_int_equal(claimed(), 7);
	fake_counter += 1000001U;
	assert_true(control_wake_at(domain_cpu_vcpu(fake_cpu)) <= fake_counter);
	control_poll();
	assert_int_equal(claimed(), 0);
	assert_int_equal(control_wake_at(domain_cpu_vcpu(fake_cpu)), UINT64_MAX);
	assert_int_equal(ask(CTL_RELEASE, &c, sizeof(c)), CTL_EEXPIRED);
}

static struct ctl_event next_event(void)
{
	struct ctl_event e;

	settle();
	assert_int_equal(take(PORT).op, CTL_EVENT);
	memcpy(&e, data, sizeof(e));
	return e;
}

/* The claim of one that is not managed ends beside an own one. */
static void what_others_lose_is_not_told(void **state)
{
	const struct claim_term t = { 0, 0, 2, 5 };
	struct ctl_claim c;
	struct ctl_event e;
	claim_handle_t h;

	(void)state;
	cm_cfg[0].manages = 2U;
	assert_int_equal(claim_stake(&cm_ledger, 2, &t, 1, &h, NULL), FH_OK);
	assert_int_equal(claim_renew(&cm_ledger, h, fake_counter, 4000000), FH_OK);
	assert_int_equal(stake(5, 0, 1, 7, &c), CTL_OK);
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ .on = 1 }, sizeof(struct ctl_events_req)), CTL_OK);
	fake_counter += 5000001U;
	e = next_event();
	assert_int_equal(claimed(), 0);
	assert_int_equal(e.type, CTL_EV_EXPIRED);
	assert_int_equal(e.dom, 0);
	assert_int_equal(e.arg[0], c.slot);
	assert_int_equal(cm_ports[PORT].out_len, 0);
}

/* Times and traces end with the last session that wants them, however it ends. */
static void who_watches_and_dies(void **state)
{
	static const struct ctl_events_req on = { 1, 0 };
	static const struct ctl_events_req off = { 0, 0 };

	(void)state;
	cm_cfg[0].manages = ~UINT64_C(1);
	cm_open(2, true);
	for (uint32_t op = CTL_TRACING; op != 0U; op = op == CTL_TRACING ? CTL_TIMES : 0U) {
		assert_int_equal(ask(op, &on, sizeof(on)), CTL_OK);
		assert_int_equal(ask(op, &on, sizeof(on)), CTL_OK);
		send_head(2, op, &off, sizeof(off));
		settle();
		assert_int_equal(take(2).status, CTL_OK);
		assert_true(op == CTL_TIMES ? cm_measured : (output_pending & OUTPUT_TRACE) != 0U);
		send_head(2, op, &on, sizeof(on));
		settle();
		assert_int_equal(take(2).status, CTL_OK);
	}
	cm_open(PORT, false);
	assert_true(cm_measured);
	assert_true((output_pending & OUTPUT_TRACE) != 0U);
	cm_open(2, false);
	assert_false(cm_measured);
	assert_true((output_pending & OUTPUT_TRACE) == 0U);
}

/* From another session, so that the events come alone. */
static uint32_t stake_beside(uint64_t wait_ms, uint64_t count, struct ctl_claim *c)
{
	const struct {
		struct ctl_stake s;
		struct ctl_want w;
	} q = { { 0, wait_ms, 1, 0 }, { 0, 0, 1, 0, count } };
	struct ctl_head h;

	send_head(2, CTL_STAKE, &q, sizeof(q));
	settle();
	h = take(2);
	memcpy(c, data, sizeof(*c));
	return h.status;
}

static void refusals_and_losses_are_told(void **state)
{
	struct ctl_event e;
	struct ctl_claim all;
	struct ctl_claim c;

	(void)state;
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ .on = 1 }, sizeof(struct ctl_events_req)), CTL_OK);
	cm_open(2, true);
	assert_int_equal(stake_beside(0, 5000, &c), CTL_ENOFIT);
	e = next_event();
	assert_int_equal(e.type, CTL_EV_REFUSED);
	assert_int_equal(e.dom, 1);
	assert_int_equal(e.value, CTL_ENOFIT);
	assert_int_equal(e.arg[0], 5000);
	assert_int_equal(e.arg[1], 4096);
	cm_domain[1].state = DOM_DEFINED;
	cm_claim_says = (struct claim_refusal){ .order = 9, .owner = 1, .want = 7, .fit = 3 };
	send_head(2, CTL_CREATE, &(struct ctl_create){ .nr = 1, .dom = { 1 } }, sizeof(struct ctl_create));
	settle();
	assert_int_equal(take(2).status, CTL_ENOFIT);
	e = next_event();
	assert_int_equal(e.type, CTL_EV_REFUSED);
	assert_int_equal(e.dom, 1);
	assert_int_equal(e.value, CTL_ENOFIT);
	assert_int_equal(e.arg[0], 7);
	assert_int_equal(e.arg[1], 3);

	/* All is claimed, and another waits for all, when a page goes bad: both are lost. */
	assert_int_equal(stake_beside(0, 4096, &all), CTL_OK);
	assert_int_equal(next_event().type, CTL_EV_ADMITTED);
	assert_int_equal(stake_beside(50, 4096, &c), CTL_OK);
	assert_int_equal(c.lease_ms, 1);
	assert_int_equal(ledger_quarantine(&cm_ledger, pa(0x40000000)), FH_OK);
	for (uint32_t i = 0; i < 2U; i++) {
		const struct ctl_claim *lost = i == 0U ? &all : &c;

		e = next_event();
		assert_int_equal(e.type, CTL_EV_REVOKED);
		assert_int_equal(e.dom, 0);
		assert_int_equal(e.arg[0], lost->slot);
		assert_int_equal(e.arg[1], lost->gen);
	}
	send_head(2, CTL_RENEW, &all, sizeof(all));
	settle();
	assert_int_equal(take(2).status, CTL_EREVOKED);
	assert_int_equal(cm_ports[PORT].out_len, 0);

	/* One is lost while another CPU has the slots taken anew: it is not told as the next one's. */
	assert_int_equal(stake_beside(0, 4095, &all), CTL_OK);
	assert_int_equal(next_event().type, CTL_EV_ADMITTED);
	assert_int_equal(ledger_quarantine(&cm_ledger, pa(0x40001000)), FH_OK);
	for (uint32_t i = 0; i < 2U * FH_MAX_CLAIMS; i++) {
		const struct claim_term t = { 0, 0, 0, 1 };
		claim_handle_t h;

		assert_int_equal(claim_stake(&cm_ledger, 0, &t, 1, &h, NULL), FH_OK);
		assert_int_equal(claim_release(&cm_ledger, h), FH_OK);
	}
	settle();
	assert_int_equal(cm_ports[PORT].out_len, 0);
	cm_open(2, false);
}

/* What a build draws on stays until it is built. */
static void a_claim_in_use_is_not_released(void **state)
{
	const struct claim_term t = { 0, 0, 1, 5 };
	claim_handle_t h;

	(void)state;
	assert_int_equal(claim_stake(&cm_ledger, 0, &t, 1, &h, NULL), FH_OK);
	const struct ctl_claim c = { h.slot, h.gen, 1 };

	assert_int_equal(claim_use(&cm_ledger, h), FH_OK);
	assert_int_equal(ask(CTL_RELEASE, &c, sizeof(c)), CTL_EBUSY);
	assert_int_equal(ask(CTL_RENEW, &c, sizeof(c)), CTL_EBUSY);
	assert_int_equal(claim_unuse(&cm_ledger, h), FH_OK);
	assert_int_equal(ask(CTL_RELEASE, &c, sizeof(c)), CTL_OK);
	assert_int_equal(claimed(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(events_are_told, setup),
		cmocka_unit_test_setup(claims, setup),
		cmocka_unit_test_setup(a_claim_in_use_is_not_released, setup),
		cmocka_unit_test_setup(refusals_and_losses_are_told, setup),
		cmocka_unit_test_setup(who_watches_and_dies, setup),
		cmocka_unit_test_setup(what_others_lose_is_not_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
