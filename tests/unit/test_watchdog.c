/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/watchdog/watchdog.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/types.h"
#include "drivers/watchdog/watchdog.h"

/* The frames as plain memory: the host's <arch/mmio.h> reads and writes it. */
static uint32_t control[4];
static uint32_t refresh[4];
static const struct watchdog_desc desc = { control, refresh };

static void nothing_before_the_start(void **state)
{
	(void)state;
	watchdog_poll(1000);
	assert_int_equal(refresh[0], 0);
	assert_int_equal(watchdog_next(), UINT64_MAX);
}

static void out_of_range_is_refused(void **state)
{
	(void)state;
	assert_int_equal(watchdog_start(&desc, 0, 1000000), FH_EINVAL);
	assert_int_equal(watchdog_max_ms(1000000000), 8589);
	assert_int_equal(watchdog_start(&desc, 8590, 1000000000), FH_EINVAL);
	assert_int_equal(control[0], 0);
	assert_int_equal(watchdog_next(), UINT64_MAX);
}

static void two_stages_and_a_refresh_each_quarter(void **state)
{
	(void)state;
	control[3] = 0xffff; /* the firmware's: 8 years, if it stayed */
	assert_int_equal(watchdog_start(&desc, 1000, 1000000), FH_OK);
	assert_int_equal(control[2], 500000);
	assert_int_equal(control[3], 0);
	assert_int_equal(control[0], 1);
	watchdog_poll(7000000);
	assert_int_equal(refresh[0], 1);
	assert_int_equal(watchdog_next(), 7250000);
	refresh[0] = 0;
	watchdog_poll(7249999);
	assert_int_equal(refresh[0], 0);
	watchdog_poll(7250000);
	assert_int_equal(refresh[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_before_the_start),
		cmocka_unit_test(out_of_range_is_refused),
		cmocka_unit_test(two_stages_and_a_refresh_each_quarter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
