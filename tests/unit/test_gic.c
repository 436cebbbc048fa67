/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/gic/*.c tests/unit/gic_machine.c core/base/status.c
/* The physical GIC of both versions over plain memory: what is found, and what is written where. */
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
	desc = (struct gic_desc){ .version = 3, .dist = { dist, sizeof(dist) }, .nr_redist = 2 };
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
	gicv2_hyp = NULL;
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
	bad.version = 4;
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
	assert_int_equal(gic_irqs_pending(0, 1), 4);
}

static uint8_t cpu_if[0x20000] FH_ALIGNED(8);
static uint8_t hyp_if[0x1000] FH_ALIGNED(8);

static int set_up_v2(void **state)
{
	(void)set_up(state);
	memset(cpu_if, 0, sizeof(cpu_if));
	memset(hyp_if, 0, sizeof(hyp_if));
	*reg32(dist, 0xfe8) = 0x2b;
	*reg32(dist, 0x800) = 0x04040404; /* this CPU's interface is the third */
	desc = (struct gic_desc){ .version = 2, .dist = { dist, 0x1000 }, .nr_redist = 2 };
	desc.redist[0] = (struct gic_region){ cpu_if, 0x2000 };
	desc.redist[1] = (struct gic_region){ hyp_if, sizeof(hyp_if) };
	return 0;
}

static void v2_refuses(void **state)
{
	struct gic_desc bad = desc;

	(void)state;
	bad.dist.size = 0xfff;
	assert_int_equal(gic_init(&bad), FH_EINVAL);
	bad = desc;
	bad.redist[0].size = 0x1000; /* without GICC_DIR */
	assert_int_equal(gic_init(&bad), FH_EINVAL);
	bad = desc;
	bad.nr_redist = 1;
	assert_int_equal(gic_init(&bad), FH_EINVAL);
	*reg32(dist, 0xfe8) = 0x1b;
	assert_int_equal(gic_init(&desc), FH_ENOTSUP);
	assert_false(gic_v2());
	*reg32(dist, 0xfe8) = 0x2b;
	assert_int_equal(gic_init(&desc), FH_OK);
	assert_true(gic_v2());
	/* Eight target bits. */
	fake_cpu = 8;
	assert_int_equal(gic_cpu_init(), FH_ENOENT);
}

static void v2_set_up(void **state)
{
	(void)state;
	*reg32(cpu_if, 0) = 0x1e1; /* bypass bits are the firmware's */
	assert_int_equal(gic_init(&desc), FH_OK);
	assert_int_equal(gic_nr_intids(), 96);
	assert_int_equal(*reg32(dist, 0), 1);
	assert_int_equal(*reg32(dist, 0x84), 0);
	assert_int_equal(*reg32(dist, 0x184), UINT32_MAX);
	assert_int_equal(*reg32(dist, 0x400 + 92), 0xa0a0a0a0);
	fake_cpu = 3;
	assert_int_equal(gic_cpu_init(), FH_OK);
	assert_int_equal(*reg32(dist, 0x180), UINT32_MAX);
	assert_int_equal(*reg32(dist, 0x100), 3);
	assert_int_equal(*reg32(dist, 0xf1c), UINT32_MAX);
	assert_int_equal(*reg32(dist, 0x400), 0xa0a08080);
	assert_int_equal(*reg32(cpu_if, 0), 0x3e1);
	assert_int_equal(*reg32(cpu_if, 4), 0xff);
	assert_ptr_equal(gicv2_dir, cpu_if + 0x1000);
}

/* Each 4 KiB page of the interface is there sixteen times: the deactivation register is 64 KiB further on. */
static void v2_spread(void **state)
{
	(void)state;
	desc.redist[0].size = sizeof(cpu_if);
	*reg32(cpu_if, 0xfc) = 0x0202143b;
	assert_int_equal(gic_init(&desc), FH_OK);
	assert_ptr_equal(gicv2_dir, cpu_if + 0x1000);
	*reg32(cpu_if, 0xf0fc) = 0x0202143b;
	assert_int_equal(gic_init(&desc), FH_OK);
	assert_ptr_equal(gicv2_dir, cpu_if + 0x10000);
}

static void v2_one_interrupt(void **state)
{
	(void)state;
	assert_int_equal(gic_init(&desc), FH_OK);
	fake_cpu = 3;
	assert_int_equal(gic_cpu_init(), FH_OK);
	gic_irq_enable(3, 27);
	assert_int_equal(*reg32(dist, 0x100), 1U << 27);
	gic_irq_disable(3, 27);
	assert_int_equal(*reg32(dist, 0x180), 1U << 27);
	gic_irq_route(50, 3);
	assert_int_equal(dist[0x800 + 50], 4);
	gic_irq_config(0, 65, true);
	assert_int_equal(*reg32(dist, 0xc10), 8);
	gic_send_sgi(3, GIC_SGI_STOP);
	assert_int_equal(*reg32(dist, 0xf00), 4U << 16 | 1U);
	gic_send_sgi_others(GIC_SGI_STOP);
	assert_int_equal(*reg32(dist, 0xf00), 1U << 24 | 1U);
	/* Private interrupts of another CPU are out of reach. */
	fake_cpu = 0;
	gic_irq_enable(3, 26);
	assert_int_equal(*reg32(dist, 0x100), 1U << 27);
	*reg32(dist, 0x200) = UINT32_MAX;
	assert_int_equal(gic_irqs_pending(3, 0), 0);
}

/* An acknowledged SGI has its sender with it, which its end must tell. */
static void v2_ack(void **state)
{
	uint32_t ack;

	(void)state;
	assert_int_equal(gic_init(&desc), FH_OK);
	*reg32(cpu_if, 0xc) = 5U << 10 | 1U;
	ack = gic_ack(true);
	assert_int_equal(gic_ack_intid(ack, true), 1);
	gic_eoi(ack, true);
	assert_int_equal(*reg32(cpu_if, 0x10), 5U << 10 | 1U);
	gic_deactivate(ack, true);
	assert_int_equal(*reg32(cpu_if, 0x1000), 5U << 10 | 1U);
	*reg32(cpu_if, 0xc) = 1023;
	assert_true(gic_ack_intid(gic_ack(true), true) >= GIC_SPURIOUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses, set_up),
		cmocka_unit_test_setup(distributor, set_up),
		cmocka_unit_test_setup(redistributors, set_up),
		cmocka_unit_test_setup(stride_by_vlpis, set_up),
		cmocka_unit_test_setup(one_interrupt, set_up),
		cmocka_unit_test_setup(v2_refuses, set_up_v2),
		cmocka_unit_test_setup(v2_set_up, set_up_v2),
		cmocka_unit_test_setup(v2_spread, set_up_v2),
		cmocka_unit_test_setup(v2_one_interrupt, set_up_v2),
		cmocka_unit_test_setup(v2_ack, set_up_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
