/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/domain_machine.c tests/unit/domain_cases.c
/* What a domain does, and what is done to it, while it runs: its power key, doorbells, CPUs, pauses, its times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "canon.h"
#include "core/log/log.h"
#include "domain_cases.h"
#include "dts.h"
#include "fake_machine.h"

static void its_power_key(void **state)
{
	(void)state;
	assert_int_equal(domain_do(domain_find("front"), DOM_OP_ASK), FH_EBUSY); /* it has none */
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_EBUSY);
	create(rear);
	assert_int_equal(rear->power_key, 286);
	dm_pended = 0;
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_OK);
	assert_int_equal(dm_pended, 286);
	/* What it makes of it is its matter. */
	assert_int_equal(rear->state, DOM_RUNNING);
	dm_pended = 0;
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_EBUSY);
	destroy(rear);
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_EBUSY);
	assert_int_equal(rear->power_key, 0);
	assert_int_equal(dm_pended, 0);
}

static void doorbells(void **state)
{
	struct domain *front = domain_find("front");

	(void)state;
	assert_int_equal(rear->cfg->rings, 0);
	assert_int_equal(domain_ring(front, rear->id), FH_EBUSY);
	create(rear);
	assert_int_equal(rear->bell[rear->id], 0);
	assert_int_equal(rear->bell[front->id], 285); /* below its watchdog's and its power key's */
	dm_pended = 0;
	assert_int_equal(domain_ring(front, rear->id), FH_OK);
	assert_int_equal(dm_pended, 285);
	dm_pended = 0;
	assert_int_equal(domain_ring(rear, front->id), FH_ENOENT);
	assert_int_equal(domain_ring(front, front->id), FH_ENOENT);
	assert_int_equal(domain_ring(front, 63), FH_ENOENT);
	assert_int_equal(domain_ring(front, UINT64_MAX), FH_ENOENT);
	assert_int_equal(domain_ring(front, (UINT64_C(1) << 32) + rear->id), FH_ENOENT);
	assert_int_equal(domain_do(rear, DOM_OP_STOP), FH_OK);
	dm_settle();
	assert_int_equal(domain_ring(front, rear->id), FH_EBUSY);
	destroy(rear);
	assert_int_equal(rear->bell[front->id], 0);
	assert_int_equal(domain_ring(front, rear->id), FH_EBUSY);
	assert_int_equal(dm_pended, 0);
}

/* Each vCPU's CPU is called to turn to it, and finds 0. */
static void times_begin_at_nothing(void **state)
{
	struct domain_vcpu v;

	(void)state;
	create(rear);
	rear->vcpus[1].times = (struct vcpu_times){ 5, 6, 7, 0 };
	rear->vcpus[1].stop = 0;
	assert_false(domain_measured());
	domain_measure(false);
	assert_int_equal(rear->vcpus[1].stop, 0);
	domain_measure(true);
	assert_true(domain_measured());
	assert_int_equal(rear->vcpus[1].stop, 1);
	assert_true(domain_vcpu_look(rear, 1, &v));
	assert_int_equal(v.times.guest + v.times.el2 + v.times.longest, 0);
	/* In the guest since a while. */
	rear->vcpus[1].times = (struct vcpu_times){ 5, 6, 7, fake_counter - 100U };
	assert_true(domain_vcpu_look(rear, 1, &v));
	assert_int_equal(v.times.guest, 105);
	/* What was measured can be looked at. */
	domain_measure(true);
	domain_measure(false);
	assert_int_equal(rear->vcpus[1].times.el2, 6);
}

/* A CPU_ON that was accepted holds at once, long before the CPU comes. */
static void a_second_cpu_on(void **state)
{
	(void)state;
	create(rear);
	dm_settle();
	assert_int_equal(domain_affinity_info(rear, 1, 0), 1); /* OFF */
	assert_int_equal(domain_cpu_on(rear, 1, rear->entry, 0), PSCI_SUCCESS);
	assert_int_equal(domain_cpu_on(rear, 1, rear->entry, 0), PSCI_ALREADY_ON);
	assert_int_equal(domain_affinity_info(rear, 1, 0), 0); /* ON */
	assert_int_equal(rear->nr_on, 2);
	assert_false(rear->vcpus[1].vgic.loaded);
	dm_settle();
	assert_true(rear->vcpus[1].vgic.loaded);
	assert_int_equal(domain_cpu_on(rear, 1, rear->entry, 0), PSCI_ALREADY_ON);
	domain_cpu_off(&rear->vcpus[0]);
	assert_int_equal(domain_affinity_info(rear, 0, 0), 1);
	assert_int_equal(domain_affinity_info(rear, 0, 1), 0); /* one of the group is on */
}

/* Time stands for rear, and goes for front, while they are paused. */
static void the_time_of_a_pause(void **state)
{
	struct domain *front = domain_find("front");
	uint64_t end;

	(void)state;
	create(rear);
	rear->vcpus[1].on = true;
	rear->nr_on++;
	dm_settle();
	end = start_watchdog(rear);
	for (uint64_t pauses = 0; pauses < 3U; pauses++) {
		const uint64_t lost = rear->voff;

		assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
		dm_settle();
		assert_true(rear->vcpus[0].held && rear->vcpus[1].held);
		/* From when the last vCPU left. */
		const uint64_t left = rear->paused_at;

		assert_true(fake_counter - left < 10U);
		fake_counter += 1000000U;
		assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
		assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_OK);
		assert_int_equal(rear->voff, lost + fake_counter - left);
		/* Resumed and paused again before a vCPU has entered: what passed is taken away once. */
		if (pauses == 1U) {
			assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
			fake_counter += 1000U;
			assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_OK);
			assert_int_equal(rear->voff, lost + fake_counter - left);
		}
		dm_settle();
		assert_false(rear->vcpus[0].held || rear->vcpus[1].held);
		assert_int_equal(dm_offset[1], rear->voff);
		assert_int_equal(dm_offset[2], rear->voff);
		assert_int_equal(domain_watchdog_poll(rear), end - 1000U + rear->voff);
	}
	/* One vCPU is still in the guest, so all of the time was seen to pass. */
	const uint64_t lost = rear->voff;

	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	(void)dm_step(rear);
	assert_true(rear->vcpus[0].held && !rear->vcpus[1].held);
	fake_counter += 1000U;
	assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_OK);
	assert_int_equal(rear->voff, lost);
	dm_settle();
	assert_false(rear->vcpus[0].held || rear->vcpus[1].held);
	/* A new life has all the time. */
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	dm_settle();
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_RUNNING);
	assert_int_equal(rear->voff, 0);
	assert_int_equal(dm_offset[1], 0);
	assert_false(rear->vcpus[0].held || rear->vcpus[1].held);

	end = start_watchdog(front);
	assert_int_equal(domain_do(front, DOM_OP_PAUSE), FH_OK);
	dm_settle();
	assert_int_equal(domain_watchdog_poll(front), end - 1000U);
	assert_int_equal(domain_do(front, DOM_OP_RESUME), FH_OK);
	dm_settle();
	assert_int_equal(front->voff, 0);
	assert_int_equal(domain_do(front, DOM_OP_PAUSE), FH_OK);
	dm_settle();
	fake_counter = end;
	assert_int_equal(domain_watchdog_poll(front), UINT64_MAX);
	dm_settle();
	assert_int_equal(front->state, DOM_CRASHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(its_power_key, setup),          cmocka_unit_test_setup(doorbells, setup),
		cmocka_unit_test_setup(times_begin_at_nothing, setup), cmocka_unit_test_setup(a_second_cpu_on, setup),
		cmocka_unit_test_setup(the_time_of_a_pause, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
