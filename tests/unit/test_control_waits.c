/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/control_machine.c tests/unit/control_cases.c
/* Claims that wait, and leases that end: when that is looked at, by whom, and how much at a time. */
#include "arch/cpu.h"
#include "tests/unit/control_cases.h"

/* How long it waits was said, and checked, when it was staked. */
static void who_waits_is_not_renewed(void **state)
{
	struct ctl_claim all;
	struct ctl_claim c;

	(void)state;
	assert_int_equal(stake(0, 0, 1, 4096, &all), CTL_OK);
	assert_int_equal(stake(0, 50, 1, 1, &c), CTL_OK);
	assert_int_equal(c.lease_ms, 1);
	c.lease_ms = 0;
	assert_int_equal(ask(CTL_RENEW, &c, sizeof(c)), CTL_EBUSY);
	fake_counter += 51000000U;
	settle();
	assert_int_equal(ask(CTL_RELEASE, &c, sizeof(c)), CTL_EEXPIRED);
}

/* Also where a guest frees by itself what it waits for, of which nobody tells the server. */
static void who_waits_is_told_soon(void **state)
{
	const struct claim_term t = { 0, 0, 2, 4096 };
	struct ctl_claim c;
	claim_handle_t h;

	(void)state;
	assert_int_equal(claim_stake(&cm_ledger, 2, &t, 1, &h, NULL), FH_OK);
	assert_int_equal(ask(CTL_EVENTS, &(struct ctl_events_req){ .on = 1 }, sizeof(struct ctl_events_req)), CTL_OK);
	assert_int_equal(stake(0, 60000, 1, 10, &c), CTL_OK);
	fake_counter += 1000000000U;
	control_poll();
	assert_int_equal(claim_release(&cm_ledger, h), FH_OK);
	output_unflag(OUTPUT_CONTROL);
	fake_counter += arch_counter_hz() / 10U;
	assert_true(control_wake_at(domain_cpu_vcpu(fake_cpu)) <= fake_counter);
	control_poll();
	assert_int_equal(take(PORT).op, CTL_EVENT);
	assert_int_equal(((struct ctl_event *)(void *)data)->type, CTL_EV_ADMITTED);
	fake_counter += 60000000000U;
	control_poll();
	assert_int_equal(control_wake_at(domain_cpu_vcpu(fake_cpu)), UINT64_MAX);
}

/* A guest that controls nothing does not pay when its CPU passes by. */
static void leases_are_not_others_work(void **state)
{
	struct ctl_claim c;

	(void)state;
	assert_int_equal(stake(5, 0, 1, 7, &c), CTL_OK);
	fake_counter += 6000000U;
	cm_cfg[0].control = false;
	assert_int_equal(control_wake_at(domain_cpu_vcpu(fake_cpu)), UINT64_MAX);
	settle();
	assert_int_equal(claimed(), 7);
	cm_cfg[0].control = true;
	assert_true(control_wake_at(domain_cpu_vcpu(fake_cpu)) <= fake_counter);
	settle();
	assert_int_equal(claimed(), 0);
}

/* Many leases end at once: no call ends more than two, or looks at more than 16, and none is forgotten. */
static void leases_end_in_steps(void **state)
{
	struct ctl_claim c;
	uint32_t calls = 0;
	uint64_t before;

	(void)state;
	for (uint32_t i = 0; i < 100U; i++) {
		assert_int_equal(stake(i < 50U ? 100 : 5, 0, 1, 1, &c), CTL_OK);
	}
	fake_counter += 6000000U;
	do {
		before = claimed();
		assert_true(control_wake_at(domain_cpu_vcpu(fake_cpu)) <= fake_counter);
		control_poll();
		assert_true(before - claimed() <= 2U);
	} while (++calls < 200U && control_wake_at(domain_cpu_vcpu(fake_cpu)) <= fake_counter);
	assert_int_equal(claimed(), 50);
	assert_true(calls >= 25U + 50U / 16U && calls < 200U);
	for (uint32_t i = 0; i < 200U; i++) {
		fake_counter += 1000000U;
		control_poll();
	}
	assert_int_equal(claimed(), 0);
	assert_int_equal(control_wake_at(domain_cpu_vcpu(fake_cpu)), UINT64_MAX);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_waits_is_not_renewed, setup),
		cmocka_unit_test_setup(who_waits_is_told_soon, setup),
		cmocka_unit_test_setup(leases_are_not_others_work, setup),
		cmocka_unit_test_setup(leases_end_in_steps, setup),
		cmocka_unit_test_setup(a_claim_that_waits, setup),
		cmocka_unit_test_setup(claims_that_wait_are_counted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
