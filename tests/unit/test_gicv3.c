/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/gic/*.c tests/unit/gic_machine.c core/base/status.c
/* The physical GICv3 over plain memory: what is found, and what is written where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "core/base/bits.h"
#include "drivers/gic/gic.h"
#include "tests/unit/gic_machine.h"

#define FRAMES 0x20000U

static uint8_t dist[0x10000] FH_ALIGNED(8);
static uint8_t near_cpus[4 * FRAMES] FH_ALIGNED(8);
static uint8_t far_cpus[2 * FRAMES] FH_ALIGNED(8);
static struct gic_desc desc;

static uint32_t *reg32(uint8_t *base, size_t off)
{
	return (uint32_t *)(void *)(base + off);
}

static uint64_t *reg64(uint8_t *base, size_t off)
{
	return (uint64_t *)(void *)(base + off);
}

static int set_up(void **state)
{
	(void)state;
	memset(dist, 0, sizeof(dist));
	memset(near_cpus, 0, sizeof(near_cpus));
	memset(far_cpus, 0, sizeof(far_cpus));
	*reg32(dist, 0xffe8) = 0x3b;
	*reg32(dist, 0x4) = 2; /* 96 INTIDs */
	desc = (struct gic_desc){ .compatible = "arm,gic-v3", .dist = { dist, sizeof(dist) }, .nr_redist = 2 };
	desc.redist[0] = (struct gic_region){ near_cpus, sizeof(near_cpus) };
	desc.redist[1] = (struct gic_region){ far_cpus, sizeof(far_cpus) };
	for (uint64_t i = 0; i < 4U; i++) {
		*reg64(near_cpus, i * FRAMES + 8) = i << 32;
		*reg32(near_cpus, i * FRAMES + 0x14) = 2; /* asleep */
	}
	*reg64(near_cpus, 2 * FRAMES + 8) |= BIT(4);
	for (uint64_t i = 0; i < 2U; i++) {
		*reg64(far_cpus, i * FRAMES + 8) = (UINT64_C(0x05000100) + i) << 32;
	}
	machine_mpidr = BIT(31);
	machine_sgi1r = 0;
	machine_no_sre = false;
	fake_cpu = 0;
	return 0;
}

static void refuses(void **state)
{
	struct gic_desc bad = desc;

	(void)state;
	bad.compatible = "arm,gic-400";
	assert_int_equal(gic_init(&bad), FH_ENOTSUP);
	bad = desc;
	bad.nr_redist = GIC_MAX_REDIST + 1U;
	assert_int_equal(gic_init(&bad), FH_EINVAL);
	bad = desc;
	bad.redist[1].size = FRAMES - 1U;
	assert_int_equal(gic_init(&bad), FH_EINVAL);
	bad = desc;
	bad.dist.va = NULL;
	assert_int_equal(gic_init(&bad), FH_EINVAL);
	*reg32(dist, 0xffe8) = 0x2b;
	assert_int_equal(gic_init(&desc), FH_ENOTSUP);
}

static void distributor(void **state)
{
	(void)state;
	assert_int_equal(gic_init(&desc), FH_OK);
	assert_int_equal(gic_nr_intids(), 96);
	assert_int_equal(*reg32(dist, 0), 0x12);
	for (size_t w = 1; w <= 2U; w++) {
		assert_int_equal(*reg32(dist, 0x80 + 4 * w), UINT32_MAX);
		assert_int_equal(*reg32(dist, 0x180 + 4 * w), UINT32_MAX);
	}
	assert_int_equal(*reg32(dist, 0x400 + 92), 0xa0a0a0a0);
	assert_int_equal(*reg32(dist, 0x400 + 96), 0);
	assert_int_equal(*reg32(dist, 0x180), 0);
}

/* Whatever the walk meets: Last ends a region, the affinity has Aff3, one beyond Last is not seen. */
static void redistributors(void **state)
{
	(void)state;
	assert_int_equal(gic_init(&desc), FH_OK);
	machine_mpidr = BIT(31) | 2U;
	fake_cpu = 2;
	assert_int_equal(gic_cpu_init(), FH_OK);
	assert_int_equal(*reg32(near_cpus, 2 * FRAMES + 0x14), 0);
	assert_int_equal(*reg32(near_cpus, 2 * FRAMES + 0x10100), 3);
	assert_int_equal(*reg32(near_cpus, 2 * FRAMES + 0x10400), 0xa0a08080);
	assert_int_equal(*reg32(near_cpus, 0x10100), 0);
	assert_int_equal(machine_icc_ctlr, 2);
	machine_mpidr = BIT(31) | 3U;
	fake_cpu = 3;
	assert_int_equal(gic_cpu_init(), FH_ENOENT);
	machine_mpidr = BIT(31) | UINT64_C(5) << 32 | 0x101U;
	fake_cpu = 4;
	assert_int_equal(gic_cpu_init(), FH_OK);
	assert_int_equal(*reg32(far_cpus, FRAMES + 0x10100), 3);
	/* To it: Aff3 5, Aff1 1, Aff0 1. */
	gic_send_sgi(4, GIC_SGI_STOP);
	assert_int_equal(machine_sgi1r, UINT64_C(5) << 48 | UINT64_C(1) << 24 | 1U << 16 | 1U << 1);
	/* To one that is not there: nothing. */
	machine_sgi1r = 0;
	gic_send_sgi(9, GIC_SGI_KICK);
	gic_send_sgi(FH_MAX_CPUS, GIC_SGI_KICK);
	assert_int_equal(machine_sgi1r, 0);
	machine_no_sre = true;
	assert_int_equal(gic_cpu_init(), FH_ENOTSUP);
}

static void stride_by_vlpis(void **state)
{
	(void)state;
	*reg64(near_cpus, 8) |= BIT(1);
	/* What lies between is no redistributor. */
	*reg64(near_cpus, FRAMES + 8) = UINT64_C(2) << 32;
	assert_int_equal(gic_init(&desc), FH_OK);
	machine_mpidr = 2;
	fake_cpu = 2;
	assert_int_equal(gic_cpu_init(), FH_OK);
	assert_int_equal(*reg32(near_cpus, FRAMES + 0x10100), 0);
	assert_int_equal(*reg32(near_cpus, 2 * FRAMES + 0x10100), 3);
}

static void one_interrupt(void **state)
{
	(void)state;
	assert_int_equal(gic_init(&desc), FH_OK);
	assert_int_equal(gic_cpu_init(), FH_OK);
	gic_irq_enable(0, 40);
	assert_int_equal(*reg32(dist, 0x104), 0x100);
	gic_irq_enable(0, 27);
	assert_int_equal(*reg32(near_cpus, 0x10100), 1U << 27);
	gic_irq_set_active(0, 41, false);
	assert_int_equal(*reg32(dist, 0x384), 0x200);
	gic_irq_priority(0, 41, 0x40);
	assert_int_equal(dist[0x400 + 41], 0x40);
	gic_irq_config(0, 33, true);
	gic_irq_config(0, 47, true);
	assert_int_equal(*reg32(dist, 0xc08), UINT64_C(0x80000008));
	gic_irq_config(0, 33, false);
	assert_int_equal(*reg32(dist, 0xc08), UINT64_C(0x80000000));
	gic_irq_config(0, 48, true);
	assert_int_equal(*reg32(dist, 0xc0c), 2);
	gic_irq_route(50, 0);
	assert_int_equal(*reg64(dist, 0x6000 + 8 * 50), 0);
	/* Beyond the last, or of a CPU that is not there: nothing, and no access. */
	gic_irq_enable(0, 96);
	gic_irq_enable(15, 27);
	gic_irq_route(50, 15);
	gic_irq_disable(99, 27);
	assert_int_equal(*reg32(dist, 0x10c), 0);
	*reg32(dist, 0x204) = 4;
	assert_true(gic_irq_is_pending(0, 34));
	assert_false(gic_irq_is_pending(0, 35));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses, set_up),        cmocka_unit_test_setup(distributor, set_up),
		cmocka_unit_test_setup(redistributors, set_up), cmocka_unit_test_setup(stride_by_vlpis, set_up),
		cmocka_unit_test_setup(one_interrupt, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
