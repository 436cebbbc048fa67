/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/control_machine.c tests/unit/control_cases.c
/* The control server as clients use and misuse it: frames, sessions, lists, consoles. */
#include "tests/unit/control_cases.h"

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
		} while ((q.kind & CTL_LIST_END) == 0U);
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
			} while ((q.kind & CTL_LIST_END) == 0U && ++parts < 100U);
			assert_true(parts < 100U);
		}
	}
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

/* However many ports have work, a call takes 64 KiB in all, and each port has its turn. */
static void a_call_is_bounded(void **state)
{
	static char piece[sizeof(struct ctl_load) + 200000U];
	const struct ctl_load q = { .dom = 77 };
	uint32_t left = 8;

	(void)state;
	memcpy(piece, &q, sizeof(q));
	for (uint32_t port = 1; port < VCON_PORTS; port++) {
		cm_open(port, true);
	}
	for (uint32_t port = 1; port < VCON_PORTS; port++) {
		send_head(port, CTL_LOAD, piece, sizeof(piece));
	}
	for (uint32_t calls = 0; left != 0U; calls++) {
		uint32_t before = 0;
		uint32_t after = 0;
		uint32_t begun = 0;

		assert_true(calls < 200U);
		for (uint32_t port = 1; port < VCON_PORTS; port++) {
			before += cm_ports[port].in_at;
		}
		output_flag(OUTPUT_CONTROL);
		control_poll();
		left = 0;
		for (uint32_t port = 1; port < VCON_PORTS; port++) {
			after += cm_ports[port].in_at;
			begun += cm_ports[port].in_at != 0U;
			left += cm_ports[port].in_at != cm_ports[port].in_len;
		}
		assert_true(after - before <= 0x10000U);
		assert_int_equal(begun, MIN(calls + 1U, 8U));
	}
	settle();
	for (uint32_t port = 1; port < VCON_PORTS; port++) {
		assert_int_equal(take(port).status, CTL_ENOENT);
	}
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

/* One whose virtio console has nothing to do is left alone, whatever makes other CPUs look. */
static void who_has_nothing_to_do_is_not_kicked(void **state)
{
	struct vuart *u = &cm_domain[1].vuart;

	(void)state;
	cm_domain[1].virtio.size = 0x1000U;
	u->beside = true;
	cm_kicks = 0;
	settle();
	assert_int_equal(cm_kicks, 0);
	/* What is typed is news once. */
	assert_true(vuart_rx_put(u, 'x'));
	settle();
	assert_int_equal(cm_kicks, 1);
	u->beside = false;
	u->owed = false;
	cm_domain[1].virtio.size = 0;
}

/* Nor one that has something, but gives no buffers for it: its own kick tells when it does. */
static void who_does_not_read_is_not_kicked(void **state)
{
	struct ctl_domain_req q = { .dom = 1, .action = 1 };

	(void)state;
	assert_int_equal(ask(CTL_ATTACH, &q, sizeof(q)), CTL_OK);
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ .on = 1 }, sizeof(struct ctl_events_req)), CTL_OK);
	cm_ports[PORT].full = true;
	for (uint32_t i = 0; i < 2U; i++) {
		if (i == 0U) {
			cm_state(&cm_domain[1], DOM_CRASHED);
		} else {
			assert_int_equal(vuart_tx_send(&cm_domain[1].vuart, "said", 4), 4);
		}
		cm_kicks = 0;
		fake_cpu = 1;
		control_poll();
		assert_int_equal(cm_kicks, 1);
		fake_cpu = 0;
		settle();
		fake_cpu = 1;
		settle();
		fake_cpu = 0;
		assert_int_equal(cm_kicks, 1);
	}
	cm_ports[PORT].full = false;
	cm_kick(PORT);
	settle();
	assert_int_equal(take(PORT).op, CTL_EVENT);
	assert_int_equal(take(PORT).op, CTL_OUTPUT);
	cm_open(PORT, false);
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

/* Its ports are gone with it before anybody looked: its sessions end all the same. */
static void a_control_domain_that_is_destroyed(void **state)
{
	struct ctl_domain_req q = { .dom = 1, .action = 1 };

	(void)state;
	assert_int_equal(ask(CTL_ATTACH, &q, sizeof(q)), CTL_OK);
	cm_domain[0].virtio.size = 0;
	cm_ports[PORT].session++;
	cm_kick(PORT);
	settle();
	cm_state(&cm_domain[0], DOM_DEFINED);
	fake_cpu = 1;
	control_poll();
	fake_cpu = 0;
	assert_null(cm_domain[1].vuart.taken);
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
	assert_int_equal(d[1].counts.exits[CTL_SMC], 4);
	assert_int_equal(d[1].counts.exits[CTL_SERROR], 6);
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

static uint32_t sgis_beside;

/* CPU 2 runs the same domain: its guest asks on another port, while CPU 0 is at the first one. */
static void asks_beside(void)
{
	fake_cpu = 2;
	send_head(2, CTL_HELLO, "", 0);
	control_poll();
	sgis_beside = cm_again;
	fake_cpu = 0;
}

/* Who comes while another CPU serves the domain goes on at once, and what it brought is served by that one. */
static void two_cpus_of_one_domain(void **state)
{
	(void)state;
	cm_open(2, true);
	send_head(PORT, CTL_HELLO, "", 0);
	sgis_beside = 99;
	cm_beside = asks_beside;
	cm_again = 0;
	control_poll();
	assert_int_equal(sgis_beside, 0);
	while (cm_again != 0U) {
		cm_again = 0;
		control_poll();
	}
	assert_int_equal(take(PORT).op, CTL_HELLO);
	assert_int_equal(take(2).op, CTL_HELLO);
	cm_open(2, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lists, setup),
		cmocka_unit_test_setup(lists_from_anywhere_end, setup),
		cmocka_unit_test_setup(frames_in_parts, setup),
		cmocka_unit_test_setup(junk_ends_a_session, setup),
		cmocka_unit_test_setup(a_call_is_bounded, setup),
		cmocka_unit_test_setup(who_does_not_read_is_not_served, setup),
		cmocka_unit_test_setup(others_cpus_only_kick, setup),
		cmocka_unit_test_setup(two_cpus_of_one_domain, setup),
		cmocka_unit_test_setup(a_console_of_one_that_goes, setup),
		cmocka_unit_test_setup(a_console_of_one_that_went, setup),
		cmocka_unit_test_setup(a_console, setup),
		cmocka_unit_test_setup(what_is_counted, setup),
		cmocka_unit_test_setup(who_has_nothing_to_do_is_not_kicked, setup),
		cmocka_unit_test_setup(who_does_not_read_is_not_kicked, setup),
		cmocka_unit_test_setup(a_control_domain_that_is_destroyed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
