/* SPDX-License-Identifier: MIT */
// SOURCES: core/control/server.c core/control/requests.c core/control/list.c core/control/claims.c core/control/create.c
// SOURCES: core/claim/*.c core/pool/*.c core/sync/*.c core/log/*.c core/vuart/*.c core/base/status.c
/* The control server as clients use and misuse it: frames, sessions, rights, claims, events, creation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/control_machine.h"

#define PORT 1U

static uint32_t last_id;
static unsigned char data[CTL_REPLY_MAX] FH_ALIGNED(8);

static int setup(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < VCON_PORTS; i++) {
		cm_open(i, false);
	}
	cm_init();
	cm_open(PORT, true);
	return 0;
}

static void send_head(uint32_t port, uint32_t op, const void *body, uint32_t len)
{
	const struct ctl_head h = { .magic = CTL_MAGIC, .len = len, .id = ++last_id, .op = (uint16_t)op };

	cm_type(port, &h, sizeof(h));
	cm_type(port, body, len);
}

static void settle(void)
{
	for (uint32_t i = 0; i < 200U; i++) {
		output_flag(OUTPUT_CONTROL);
		control_poll();
	}
}

/* Takes the next frame from the port's output; its bytes are in data. */
static struct ctl_head take(uint32_t port)
{
	struct cm_port *p = &cm_ports[port];
	struct ctl_head h;

	assert_true(p->out_len >= sizeof(h));
	memcpy(&h, p->out, sizeof(h));
	assert_int_equal(h.magic, CTL_MAGIC);
	assert_true(sizeof(h) + h.len <= CTL_REPLY_MAX && sizeof(h) + h.len <= p->out_len);
	memcpy(data, p->out + sizeof(h), h.len);
	p->out_len -= (uint32_t)sizeof(h) + h.len;
	memmove(p->out, p->out + sizeof(h) + h.len, p->out_len);
	return h;
}

static uint32_t ask(uint32_t op, const void *body, uint32_t len)
{
	struct ctl_head h;

	send_head(PORT, op, body, len);
	settle();
	h = take(PORT);
	assert_int_equal(h.id, last_id);
	assert_int_equal(h.op, op);
	return h.status;
}

static void lists(void **state)
{
	static const uint32_t want[CTL_KINDS] = { 3, 6, 1, 1, 0, 3, 0 };

	(void)state;
	log_info("one");
	log_info("two");
	log_info("three");
	assert_int_equal(ask(CTL_HELLO, "", 0), CTL_OK);
	assert_int_equal(((struct ctl_hello *)(void *)data)->version, 1);
	for (uint32_t kind = 0; kind < CTL_KINDS; kind++) {
		struct ctl_list q = { .kind = kind };
		uint32_t nr = 0;

		do {
			assert_int_equal(ask(CTL_LIST, &q, sizeof(q)), CTL_OK);
			memcpy(&q, data, sizeof(q));
			nr += q.nr;
		} while (q.nr != 0U);
		if (kind != CTL_MEMORY) {
			assert_int_equal(nr, want[kind]);
		} else {
			assert_true(nr >= 1U);
		}
	}
	assert_int_equal(ask(CTL_LIST, &(struct ctl_list){ .kind = CTL_KINDS }, sizeof(struct ctl_list)), CTL_EINVAL);
	assert_int_equal(ask(CTL_LIST, "", 0), CTL_EINVAL);
	assert_int_equal(ask(31, "", 0), CTL_ENOTSUP);
	assert_int_equal(ask(0, "", 0), CTL_ENOTSUP);
	assert_int_equal(ask(0xffff, "", 0), CTL_ENOTSUP);
}

/* A cursor is the client's word. */
static void lists_from_anywhere_end(void **state)
{
	static const uint64_t wild[] = { UINT64_MAX,           INT64_MAX,  UINT64_C(1) << 63,
					 UINT64_C(1) << 40,    UINT32_MAX, 1000000,
					 UINT64_C(0xff) << 32, 0x4fffffff, 0xffff };

	(void)state;
	log_info("a line");
	for (uint32_t kind = 0; kind < CTL_KINDS; kind++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(wild); i++) {
			struct ctl_list q = { .kind = kind, .cursor = wild[i] };
			uint32_t parts = 0;

			do {
				assert_int_equal(ask(CTL_LIST, &q, sizeof(q)), CTL_OK);
				memcpy(&q, data, sizeof(q));
			} while (q.nr != 0U && ++parts < 100U);
			assert_true(parts < 100U);
		}
	}
}

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
	/* Nor do events tell. */
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ 1, 0 }, sizeof(struct ctl_events_req)), CTL_OK);
	cm_state(&cm_domain[2], DOM_CRASHED);
	cm_state(&cm_domain[1], DOM_PAUSED);
	settle();
	assert_int_equal(take(PORT).op, CTL_EVENT);
	assert_int_equal(((const struct ctl_event *)(void *)data)->dom, 1);
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

static void frames_in_parts(void **state)
{
	const struct ctl_head h = { .magic = CTL_MAGIC, .id = 77, .op = CTL_HELLO };

	(void)state;
	for (uint32_t i = 0; i < sizeof(h); i++) {
		assert_int_equal(cm_ports[PORT].out_len, 0);
		cm_type(PORT, (const char *)&h + i, 1);
		control_poll();
	}
	assert_int_equal(take(PORT).id, 77);
	/* Ten at once come in order. */
	for (uint32_t i = 0; i < 10U; i++) {
		send_head(PORT, CTL_HELLO, "", 0);
	}
	settle();
	for (uint32_t i = 0; i < 10U; i++) {
		assert_int_equal(take(PORT).id, last_id - 9U + i);
	}
}

static void junk_ends_a_session(void **state)
{
	static const struct ctl_head bad[] = {
		{ .magic = CTL_MAGIC + 1U, .op = CTL_HELLO },
		{ .magic = CTL_MAGIC, .len = CTL_REQUEST_MAX, .op = CTL_HELLO },
		{ .magic = CTL_MAGIC, .len = UINT32_MAX, .op = CTL_HELLO },
		{ .magic = CTL_MAGIC, .len = UINT32_MAX, .op = CTL_LOAD },
		{ .magic = CTL_MAGIC, .len = sizeof(struct ctl_load), .op = CTL_LOAD },
		{ .magic = CTL_MAGIC, .len = 0, .op = CTL_LOAD },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cm_type(PORT, &bad[i], sizeof(bad[i]));
		send_head(PORT, CTL_HELLO, "", 0);
		settle();
		assert_int_equal(take(PORT).status, CTL_EPROTO);
		assert_int_equal(cm_ports[PORT].out_len, 0);
		/* Closed and opened it is as new. */
		cm_open(PORT, false);
		cm_open(PORT, true);
		assert_int_equal(ask(CTL_HELLO, "", 0), CTL_OK);
	}
	/* Half a frame is forgotten with its session. */
	cm_type(PORT, &bad[0], 7);
	control_poll();
	cm_open(PORT, false);
	cm_open(PORT, true);
	assert_int_equal(ask(CTL_HELLO, "", 0), CTL_OK);
}

static void who_does_not_read_is_not_served(void **state)
{
	const struct ctl_domain_req q = { .dom = 1, .action = CTL_KILL };

	(void)state;
	cm_ports[PORT].full = true;
	send_head(PORT, CTL_DOMAIN, &q, sizeof(q));
	settle();
	assert_int_equal(cm_domain[1].state, DOM_RUNNING);
	cm_ports[PORT].full = false;
	cm_kick(PORT);
	settle();
	assert_int_equal(take(PORT).status, CTL_OK);
	assert_int_equal(cm_domain[1].state, DOM_STOPPED);
}

static void others_cpus_only_kick(void **state)
{
	(void)state;
	send_head(PORT, CTL_HELLO, "", 0);
	fake_cpu = 1;
	cm_kicks = 0;
	control_poll();
	control_poll();
	fake_cpu = 0;
	assert_int_equal(cm_ports[PORT].out_len, 0);
	assert_int_equal(cm_kicks, 1);
	assert_int_equal(output_pending & OUTPUT_CONTROL, OUTPUT_CONTROL);
	control_poll();
	assert_int_equal(take(PORT).status, CTL_OK);
}

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

static uint32_t stake_in(uint8_t zone, uint64_t lease_ms, uint64_t wait_ms, uint16_t owner, uint64_t count,
			 struct ctl_claim *c)
{
	struct {
		struct ctl_stake s;
		struct ctl_want w;
	} q = { { lease_ms, wait_ms, 1, 0 }, { zone, 0, owner, 0, count } };
	const uint32_t status = ask(CTL_STAKE, &q, sizeof(q));

	memcpy(c, data, sizeof(*c));
	return status;
}

static uint32_t stake(uint64_t lease_ms, uint64_t wait_ms, uint16_t owner, uint64_t count, struct ctl_claim *c)
{
	return stake_in(0, lease_ms, wait_ms, owner, count, c);
}

static uint64_t claimed(void)
{
	struct ledger_zone_info z;

	assert_int_equal(ledger_zone_info(&cm_ledger, 0, &z), FH_OK);
	assert_null(ledger_audit(&cm_ledger));
	return z.claimed_pages;
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
	/* A lease of 5 ms. */
	assert_int_equal(stake(5, 0, 1, 7, &c), CTL_OK);
	fake_counter += 4000000U;
	settle();
	assert_int_equal(claimed(), 7);
	fake_counter += 1000001U;
	assert_true(control_wake_at() <= fake_counter);
	control_poll();
	assert_int_equal(claimed(), 0);
	assert_int_equal(control_wake_at(), UINT64_MAX);
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

static void what_is_counted(void **state)
{
	const struct ctl_domain *d = (const void *)(data + sizeof(struct ctl_list));
	const struct ctl_vcpu *v = (const void *)(data + sizeof(struct ctl_list));
	struct ctl_list q = { .kind = CTL_DOMAINS };

	(void)state;
	cm_cfg[0].manages = ~UINT64_C(1);
	assert_int_equal(ask(CTL_TIMES, &(struct ctl_events_req){ 1, 0 }, sizeof(struct ctl_events_req)), CTL_OK);
	assert_true(cm_measured);
	assert_int_equal(ask(CTL_LIST, &q, sizeof(q)), CTL_OK);
	/* Two vCPUs. */
	assert_int_equal(d[1].counts.exits[1], 4);
	assert_int_equal(d[1].counts.injected, 9);
	assert_int_equal(d[1].counts.guest, 1000);
	assert_int_equal(d[1].counts.stolen, 121);
	assert_int_equal(d[1].counts.longest, 20);
	q.kind = CTL_VCPUS;
	assert_int_equal(ask(CTL_LIST, &q, sizeof(q)), CTL_OK);
	assert_int_equal(v[2].dom, 1);
	assert_int_equal(v[2].index, 1);
	assert_int_equal(v[2].counts.injected, 5);
	assert_int_equal(v[2].counts.longest, 19);
	assert_int_equal(ask(CTL_TIMES, &(struct ctl_events_req){ 0, 0 }, sizeof(struct ctl_events_req)), CTL_OK);
	assert_false(cm_measured);
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
	send_head(2, CTL_CREATE, &(struct ctl_create){ 1, { 1 } }, sizeof(struct ctl_create));
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
	e = next_event();
	assert_int_equal(e.type, CTL_EV_REVOKED);
	assert_int_equal(e.dom, 0);
	assert_int_equal(e.arg[0], c.slot);
	assert_int_equal(e.arg[1], c.gen);
	send_head(2, CTL_RENEW, &all, sizeof(all));
	settle();
	assert_int_equal(take(2).status, CTL_EREVOKED);
	e = next_event();
	assert_int_equal(e.type, CTL_EV_REVOKED);
	assert_int_equal(e.arg[0], all.slot);
	assert_int_equal(e.arg[1], all.gen);
	assert_int_equal(cm_ports[PORT].out_len, 0);
	cm_open(2, false);
}

static void a_claim_that_waits(void **state)
{
	struct ctl_claim all;
	struct ctl_claim c;
	struct ctl_event e;

	(void)state;
	assert_int_equal(stake(0, 0, 1, 4096, &all), CTL_OK);
	assert_int_equal(stake(1, 50, 1, 10, &c), CTL_OK);
	assert_int_equal(c.lease_ms, 1);
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ .on = 1 }, sizeof(struct ctl_events_req)), CTL_OK);
	fake_counter += 10000000U;
	assert_int_equal(ask(CTL_RELEASE, &all, sizeof(all)), CTL_OK);
	settle();
	take(PORT);
	memcpy(&e, data, sizeof(e));
	assert_int_equal(e.type, CTL_EV_ADMITTED);
	assert_int_equal(e.arg[0], c.slot);
	assert_int_equal(claimed(), 10);
	/* Its lease counts from here. */
	fake_counter += 1000001U;
	control_poll();
	assert_int_equal(claimed(), 0);
}

/* So many claims wait at most; who waits for one and goes takes it along. */
static void claims_that_wait_are_counted(void **state)
{
	struct ctl_claim all;
	struct ctl_claim c;
	claim_handle_t h;
	uint32_t nr = 0;

	(void)state;
	assert_int_equal(stake(0, 0, 1, 4096, &all), CTL_OK);
	while (stake(0, 60000, 1, 10, &c) == CTL_OK) {
		assert_int_equal(c.lease_ms, 1);
		nr++;
	}
	assert_int_equal(nr, 16);
	assert_int_equal(stake(0, 60000, 1, 10, &c), CTL_EOVERFLOW);
	for (uint32_t slot = 0; claim_next(&cm_ledger, slot, &h) == FH_OK; slot = h.slot + 1U) {
		nr--;
	}
	assert_int_equal(nr, UINT32_MAX);
	cm_open(PORT, false);
	assert_int_equal(claim_next(&cm_ledger, 0, &h), FH_OK);
	assert_int_equal(h.slot, all.slot);
	assert_int_equal(claim_next(&cm_ledger, h.slot + 1U, &h), FH_ENOENT);
	cm_open(PORT, true);
	assert_int_equal(ask(CTL_RELEASE, &all, sizeof(all)), CTL_OK);
	assert_int_equal(claimed(), 0);
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

static uint32_t tree_and_define(const char *tree)
{
	struct {
		struct ctl_tree t;
		char text[8];
	} q = { { 0, 0 }, "" };
	const struct ctl_define d = { .tree_size = 8, .size = { 100000, 0, 0 } };

	strcpy(q.text, tree);
	assert_int_equal(ask(CTL_TREE, &q, sizeof(q)), CTL_OK);
	return ask(CTL_DEFINE, &d, sizeof(d));
}

#define PIECE (CTL_LOAD_MAX - (uint32_t)(sizeof(struct ctl_head) + sizeof(struct ctl_load)))

static void load(uint32_t bytes)
{
	static char piece[CTL_LOAD_MAX];
	const struct ctl_load q = { .dom = 3, .file = CTL_KERNEL, .offset = cm_loaded };

	memcpy(piece, &q, sizeof(q));
	send_head(PORT, CTL_LOAD, piece, (uint32_t)sizeof(q) + bytes);
}

static void creation(void **state)
{
	struct ctl_load at;

	(void)state;
	assert_int_equal(tree_and_define("bad"), CTL_EFORMAT);
	assert_string_equal(((struct ctl_defined *)(void *)data)->why, "/domains/new: no");
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	assert_int_equal(((struct ctl_defined *)(void *)data)->dom, 3);
	assert_int_equal(cm_domain[3].state, DOM_DEFINED);
	assert_int_equal(ask(CTL_CREATE, &(struct ctl_create){ 1, { 3 } }, sizeof(struct ctl_create)), CTL_OK);
	assert_int_equal(cm_domain[3].state, DOM_BUILDING);
	/* A piece goes on as it comes, 64 KiB a call at most. */
	load(PIECE);
	control_poll();
	assert_true(cm_loaded != 0U && cm_loaded <= 0x10000U);
	settle();
	assert_int_equal(take(PORT).status, CTL_OK);
	memcpy(&at, data, sizeof(at));
	assert_int_equal(at.offset, PIECE);
	assert_int_equal(cm_loaded, PIECE);
	/* Busy: what came is dropped, and the answer tells where to go on. */
	cm_load_says = FH_EBUSY;
	load(1000);
	settle();
	assert_int_equal(take(PORT).status, CTL_EBUSY);
	memcpy(&at, data, sizeof(at));
	assert_int_equal(at.offset, PIECE);
	assert_int_equal(ask(CTL_HELLO, "", 0), CTL_OK);
	/* The port closes in mid-transfer: it goes. */
	load(50000);
	cm_ports[PORT].in_len = cm_ports[PORT].in_at + 1000U;
	settle();
	cm_open(PORT, false);
	assert_int_equal(cm_domain[3].state, DOM_UNUSED);
	/* One that runs stays. */
	cm_open(PORT, true);
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	cm_state(&cm_domain[3], DOM_RUNNING);
	cm_open(PORT, false);
	assert_int_equal(cm_domain[3].state, DOM_RUNNING);
}

static void a_set_that_does_not_fit(void **state)
{
	struct ctl_refusal why;

	(void)state;
	cm_domain[1].state = DOM_DEFINED;
	cm_claim_says = (struct claim_refusal){ .term = 2, .zone = 0, .order = 9, .owner = 1, .want = 7, .fit = 3 };
	assert_int_equal(ask(CTL_CREATE, &(struct ctl_create){ 1, { 1 } }, sizeof(struct ctl_create)), CTL_ENOFIT);
	memcpy(&why, data, sizeof(why));
	assert_int_equal(why.owner, 1);
	assert_int_equal(why.want, 7);
	assert_int_equal(why.fit, 3);
	assert_int_equal(cm_domain[1].state, DOM_DEFINED);
}

/* A session's end is the end of what it began, and not of what is in the same place by then. */
static void whose_end_it_is(void **state)
{
	const struct ctl_domain_req q = { .dom = 3, .action = CTL_DESTROY };

	(void)state;
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	cm_domain[3].feeder = NULL; /* it runs */
	cm_state(&cm_domain[3], DOM_RUNNING);
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_OK);
	assert_int_equal(cm_domain[3].state, DOM_UNUSED);
	cm_open(2, true);
	const struct ctl_tree t = { 0, 0 };
	char part[sizeof(t) + 4] = { 0 };

	memcpy(part + sizeof(t), "dom", 4);
	send_head(2, CTL_TREE, part, sizeof(part));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	send_head(2, CTL_DEFINE, &(struct ctl_define){ .tree_size = 8 }, sizeof(struct ctl_define));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	cm_open(PORT, false);
	assert_int_equal(cm_domain[3].state, DOM_DEFINED);
	/* Nothing comes of it for too long. */
	assert_true(control_wake_at() <= fake_counter + CM_PATIENCE);
	fake_counter += CM_PATIENCE;
	control_poll();
	assert_int_equal(cm_domain[3].state, DOM_UNUSED);
	cm_open(2, false);
}

/* The room for a tree is taken empty, and from who leaves it lying. */
static void trees_of_others(void **state)
{
	const struct ctl_define d = { .tree_size = 8, .size = { 100000, 0, 0 } };
	const struct ctl_tree t = { 0, 0 };

	(void)state;
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	assert_int_equal(ask(CTL_DOMAIN, &(struct ctl_domain_req){ .dom = 3, .action = CTL_DESTROY }, 8), CTL_OK);
	assert_int_equal(ask(CTL_DEFINE, &d, sizeof(d)), CTL_EFORMAT);
	assert_int_equal(ask(CTL_TREE, &t, sizeof(t)), CTL_OK);
	cm_open(2, true);
	fake_counter += UINT64_C(59000000000);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_EBUSY);
	fake_counter += UINT64_C(2000000000);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	assert_int_equal(ask(CTL_TREE, &t, sizeof(t)), CTL_EBUSY);
	cm_open(2, false);
}

static void one_tree_at_a_time(void **state)
{
	const struct ctl_tree t = { 0, 0 };

	(void)state;
	cm_open(2, true);
	assert_int_equal(ask(CTL_TREE, &t, sizeof(t)), CTL_OK);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_EBUSY);
	assert_int_equal(ask(CTL_TREE, &(struct ctl_tree){ CTL_TREE_MAX + 1U, 0 }, sizeof(t)), CTL_EOVERFLOW);
	assert_int_equal(ask(CTL_TREE, &(struct ctl_tree){ UINT32_MAX, 0 }, sizeof(t)), CTL_EOVERFLOW);
	cm_open(PORT, false);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	cm_open(2, false);
}

static void a_console(void **state)
{
	struct ctl_domain_req q = { .dom = 1, .action = 1 };
	char c;

	(void)state;
	assert_int_equal(ask(CTL_INPUT, "x", 1), CTL_EBUSY);
	assert_int_equal(ask(CTL_ATTACH, &q, sizeof(q)), CTL_OK);
	assert_true(cm_domain[1].vuart.taken);
	cm_open(2, true);
	send_head(2, CTL_ATTACH, &q, sizeof(q));
	settle();
	assert_int_equal(take(2).status, CTL_EEXIST);
	assert_int_equal(vuart_tx_send(&cm_domain[1].vuart, "said", 4), 4);
	settle();
	assert_int_equal(take(PORT).op, CTL_OUTPUT);
	assert_memory_equal(data, "said", 4);
	assert_int_equal(ask(CTL_INPUT, "typed", 5), CTL_OK);
	assert_int_equal(((struct ctl_input *)(void *)data)->taken, 5);
	assert_int_equal(vuart_rx_get(&cm_domain[1].vuart, &c, 1), 1);
	assert_int_equal(c, 't');
	cm_open(PORT, false);
	assert_null(cm_domain[1].vuart.taken);
	cm_open(2, false);
}

/* It goes while it is attached to: nobody has the console then. */
static void a_console_of_one_that_goes(void **state)
{
	struct ctl_domain_req q = { .dom = 1, .action = 1 };

	(void)state;
	cm_goes = true;
	assert_int_equal(ask(CTL_ATTACH, &q, sizeof(q)), CTL_ENOENT);
	assert_null(cm_domain[1].vuart.taken);
	cm_goes = false;
}

/* The domain goes, and another gets its slot: whoever showed the old one's console neither reads nor types there. */
static void a_console_of_one_that_went(void **state)
{
	struct ctl_domain_req q = { .dom = 1, .action = 1 };

	(void)state;
	assert_int_equal(ask(CTL_ATTACH, &q, sizeof(q)), CTL_OK);
	cm_domain[1].vuart.taken = NULL; /* domain_forget() */
	assert_int_equal(vuart_tx_send(&cm_domain[1].vuart, "secret", 6), 6);
	settle();
	assert_int_equal(ask(CTL_INPUT, "x", 1), CTL_EBUSY);
	assert_int_equal(vuart_tx_level(&cm_domain[1].vuart), 6);
	cm_open(2, true);
	send_head(2, CTL_ATTACH, &q, sizeof(q));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	/* The first session's end leaves the second one's. */
	cm_open(PORT, false);
	assert_non_null(cm_domain[1].vuart.taken);
	cm_open(2, false);
	assert_null(cm_domain[1].vuart.taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lists, setup),
		cmocka_unit_test_setup(lists_from_anywhere_end, setup),
		cmocka_unit_test_setup(rights, setup_limited),
		cmocka_unit_test_setup(what_is_not_managed_is_not_seen, setup_limited),
		cmocka_unit_test_setup(frames_in_parts, setup),
		cmocka_unit_test_setup(junk_ends_a_session, setup),
		cmocka_unit_test_setup(who_does_not_read_is_not_served, setup),
		cmocka_unit_test_setup(others_cpus_only_kick, setup),
		cmocka_unit_test_setup(events_are_told, setup),
		cmocka_unit_test_setup(claims, setup),
		cmocka_unit_test_setup(a_claim_that_waits, setup),
		cmocka_unit_test_setup(claims_that_wait_are_counted, setup),
		cmocka_unit_test_setup(a_claim_in_use_is_not_released, setup),
		cmocka_unit_test_setup(refusals_and_losses_are_told, setup),
		cmocka_unit_test_setup(what_is_counted, setup),
		cmocka_unit_test_setup(creation, setup),
		cmocka_unit_test_setup(a_set_that_does_not_fit, setup),
		cmocka_unit_test_setup(whose_end_it_is, setup),
		cmocka_unit_test_setup(trees_of_others, setup),
		cmocka_unit_test_setup(one_tree_at_a_time, setup),
		cmocka_unit_test_setup(a_console_of_one_that_goes, setup),
		cmocka_unit_test_setup(a_console_of_one_that_went, setup),
		cmocka_unit_test_setup(a_console, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
