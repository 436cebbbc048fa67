/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/domain_machine.c tests/unit/domain_cases.c
/* What follows when a domain crashes, or its watchdog runs out: restarts, their limits and pauses, an end of all. */
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

static void crash(struct domain *d)
{
	domain_ask(d, DOM_REQ_CRASH);
	for (uint32_t i = 0; i < 5000U && d->state != DOM_CRASHED && d->state != DOM_RUNNING; i++) {
		(void)dm_step(d);
	}
	assert_int_equal(d->state, DOM_BUILDING);
}

static void crash_pause_is_over(struct domain *d)
{
	fake_counter++;
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
}

/* Two restarts, the second after twice the pause, and no third; a minute's run begins a new row. */
static void crashes_restart_it_so_often(void **state)
{
	(void)state;
	create(rear);
	for (uint32_t row = 0; row < 2U; row++) {
		for (uint32_t i = 0; i < 2U; i++) {
			const uint64_t at = fake_counter;

			crash(rear);
			fake_counter = at + (10000000U << i) - 1000U;
			(void)dm_step(rear);
			assert_int_equal(rear->build.started, 0);
			fake_counter = at + (10000000U << i);
			crash_pause_is_over(rear);
			assert_int_equal(rear->crashes, i + 1U);
		}
		fake_counter += row == 0U ? UINT64_C(61000000000) : 0U;
	}
	domain_ask(rear, DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(rear->state, DOM_CRASHED);
	assert_int_equal(rear->resets, 4);
	assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_RUNNING);
	/* The other one's crash stops all. */
	domain_ask(domain_find("front"), DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(domain_find("front")->state, DOM_CRASHED);
	assert_int_equal(rear->state, DOM_STOPPED);
}

/* Who is begun anew meanwhile is stopped as well. */
static void stop_all_stops_all(void **state)
{
	const struct domain_files f = { { 0x8000, 0x1001, 0 }, { 0 } };
	struct domain *d;

	(void)state;
	create(rear);
	d = fed("on-crash = \"stop-all\";", &f);
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_OK);
	while (rear->state != DOM_BUILDING) {
		assert_non_null(dm_step(rear));
	}
	domain_ask(d, DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(d->state, DOM_CRASHED);
	assert_int_equal(rear->state, DOM_STOPPED);
}

static void a_watchdog_runs_out(void **state)
{
	struct domain *front = domain_find("front");
	struct event e;
	uint64_t event;
	uint64_t end;

	(void)state;
	create(rear);
	/* The first free pages behind the console, and not the console's interrupt. */
	assert_int_equal(rear->watchdog.base, 0x9001000);
	assert_int_equal(rear->vwdt.intid, 287);
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	end = start_watchdog(rear);
	assert_int_equal(domain_watchdog_poll(rear), end - 1000U);
	fake_counter = end - 1000U;
	assert_int_equal(domain_watchdog_poll(rear), end);
	assert_int_equal(rear->state, DOM_RUNNING);
	fake_counter = end;
	event = event_next();
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	assert_true(event_read(&event, &e));
	assert_int_equal(e.type, EVENT_FAULT);
	assert_int_equal(e.dom, rear->id);
	assert_int_equal(e.value, 1);
	assert_true(event_read(&event, &e));
	assert_int_equal(e.type, EVENT_STATE);
	assert_int_equal(e.value, DOM_STOPPING);
	crash_pause_is_over(rear);
	assert_int_equal(rear->resets, 1);
	assert_int_equal(rear->crashes, 1);
	/* It begins anew: off. */
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	fake_counter += 100000U;
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	assert_int_equal(rear->state, DOM_RUNNING);

	fake_counter = start_watchdog(front);
	assert_int_equal(domain_watchdog_poll(front), UINT64_MAX);
	dm_settle();
	assert_int_equal(front->state, DOM_CRASHED);
	assert_int_equal(rear->state, DOM_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(crashes_restart_it_so_often, setup),
		cmocka_unit_test_setup(stop_all_stops_all, setup),
		cmocka_unit_test_setup(a_watchdog_runs_out, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
