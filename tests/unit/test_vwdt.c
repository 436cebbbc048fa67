/* SPDX-License-Identifier: MIT */
// SOURCES: core/vwdt/*.c core/sync/*.c
/* A domain's watchdog: its registers, and what the passing of time does to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "core/vwdt/vwdt.h"

#define WCS 0x000U
#define WOR 0x008U
#define WCV 0x010U
#define W_IIDR 0xfccU
#define WRR 0x1000U
#define NEVER UINT64_MAX

static struct vgic vgic;
static struct vwdt dog;
static bool line;

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	assert_ptr_equal(g, &vgic);
	assert_int_equal(vcpu, 0);
	assert_int_equal(intid, 40);
	assert_true(lock_held(&dog.lock));
	line = level;
}

static int setup(void **state)
{
	(void)state;
	fake_counter = 1000000;
	fake_offset = 900000; /* so the guest's is 100,000 */
	fake_wake = NEVER;
	line = false;
	vwdt_init(&dog, &vgic, 40);
	vwdt_reset(&dog);
	return 0;
}

static uint32_t get(uint64_t off)
{
	uint64_t val = UINT64_MAX;

	assert_int_equal(vwdt_ops.read(&dog, 0, off, 4, &val), VDEV_OK);
	assert_true(val <= UINT32_MAX);
	return (uint32_t)val;
}

static uint64_t get64(uint64_t off)
{
	return get(off) | (uint64_t)get(off + 4U) << 32;
}

static void set(uint64_t off, uint32_t val)
{
	assert_int_equal(vwdt_ops.write(&dog, 0, off, 4, val), VDEV_OK);
}

/* Looks at it in the guest's time; what it says, and when to come again. */
static uint64_t look(bool want)
{
	bool ran_out = !want;
	const uint64_t at = vwdt_poll(&dog, fake_counter - fake_offset, &ran_out);

	assert_int_equal(ran_out, want);
	return at;
}

static void registers(void **state)
{
	uint64_t val;

	(void)state;
	assert_int_equal(get(W_IIDR), 1U << 16);
	assert_int_equal(get(WRR + W_IIDR), 1U << 16);
	assert_int_equal(get(WCS), 0);
	assert_int_equal(get(WRR), 0);
	/* As Linux writes it: low, then high; 48 bits of it count. */
	set(WOR, 0x89abcdef);
	set(WOR + 4U, 0xffff1234);
	assert_true(get64(WOR) == UINT64_C(0x123489abcdef));
	assert_true(get64(WCV) == 100000U + UINT64_C(0x123489abcdef));
	set(WCV, 7);
	set(WCV + 4U, 8);
	assert_true(get64(WCV) == UINT64_C(0x800000007));
	set(W_IIDR, 5);
	set(0xffc, 5);
	assert_int_equal(get(W_IIDR), 1U << 16);
	/* Other sizes fault, and change nothing. */
	for (uint32_t size = 1; size <= 8U; size *= 2U) {
		if (size != 4U) {
			assert_int_equal(vwdt_ops.read(&dog, 0, WOR, size, &val), VDEV_FAULT);
			assert_int_equal(vwdt_ops.write(&dog, 0, WOR, size, 1), VDEV_FAULT);
		}
	}
	assert_true(get64(WOR) == UINT64_C(0x123489abcdef));
	assert_true(fake_wake == NEVER);
}

static void two_stages(void **state)
{
	(void)state;
	assert_true(look(false) == NEVER);
	set(WOR, 500);
	assert_true(look(false) == NEVER);
	set(WCS, 0xffffffff);
	assert_int_equal(get(WCS), 1);
	/* The CPU's timer counts the machine's time. */
	assert_true(fake_wake == 1000500U);
	assert_true(look(false) == 100500U);
	fake_counter += 499U;
	assert_true(look(false) == 100500U);
	assert_false(line);
	fake_counter += 1U;
	assert_true(look(false) == 101000U);
	assert_true(line);
	assert_int_equal(get(WCS), 3);
	assert_true(get64(WCV) == 101000U);
	fake_counter += 499U;
	assert_true(look(false) == 101000U);
	fake_counter += 1U;
	/* Told once. */
	assert_true(look(true) == NEVER);
	assert_true(look(false) == NEVER);
	assert_int_equal(get(WCS), 7);
	vwdt_reset(&dog);
	assert_int_equal(get(WCS), 0);
	assert_int_equal(get(WOR), 0);
	assert_false(line);
}

static void each_way_to_refresh(void **state)
{
	static const struct {
		uint32_t off, val;
	} ways[] = { { WRR, 0 }, { WOR, 500 }, { WOR + 4U, 0 }, { WCS, 1 } };

	(void)state;
	set(WOR, 500);
	set(WCS, 1);
	for (uint32_t i = 0; i < ARRAY_SIZE(ways); i++) {
		fake_counter += 600U;
		look(false);
		assert_true(line);
		set(ways[i].off, ways[i].val);
		assert_false(line);
		assert_int_equal(get(WCS), 1);
		assert_true(get64(WCV) == fake_counter - fake_offset + 500U);
	}
	/* No other register does. */
	fake_counter += 600U;
	set(W_IIDR, 0);
	set(WRR + 4U, 0);
	assert_int_equal(get(WCS), 3);
	set(WCS, 0);
	assert_int_equal(get(WCS), 0);
	fake_counter += 5000U;
	assert_true(look(false) == NEVER);
}

/* Nobody looked for both stages: they are over all the same, and a refresh that comes then is too late. */
static void late(void **state)
{
	(void)state;
	set(WOR, 500);
	set(WCS, 1);
	fake_counter += 1000U;
	set(WRR, 1);
	assert_true(fake_wake <= fake_counter);
	assert_true(look(true) == 101500U);
	/* A time-out of nothing. */
	set(WOR, 0);
	assert_true(fake_wake <= fake_counter);
	assert_true(look(true) == NEVER);
}

/* A compare value that can't be reached never wakes the CPU, whatever the offset between the counters. */
static void far_away(void **state)
{
	(void)state;
	set(WCS, 1);
	look(true);
	set(WOR, 500);
	fake_wake = NEVER;
	for (uint32_t i = 0; i < 8U; i++) {
		set(WCV + 4U, 0xffffffff - (i << 28));
		set(WCV, 0xffffffff - i);
		assert_true(look(false) == NEVER);
	}
	assert_true(fake_wake == NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, setup), cmocka_unit_test_setup(two_stages, setup),
		cmocka_unit_test_setup(late, setup),      cmocka_unit_test_setup(each_way_to_refresh, setup),
		cmocka_unit_test_setup(far_away, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
