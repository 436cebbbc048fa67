/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c
/* As many vCPUs as a domain can have: affinities of two levels, each vCPU reached by SGI, by route, by broadcast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arch/arm64/vgic/vgic.h"
#include "tests/unit/vgic_machine.h"

#define NR 64U
#define SPI 40U
#define GICD_IROUTER(n) (0x6000U + 8U * (n))

static struct vgic g;
static struct vgic_cpu cpus[NR];

static int set_up(void **state)
{
	uint64_t off;

	(void)state;
	machine_reset(4);
	vgic_hw_init();
	assert_int_equal(vgic_init(&g, NR, 64), FH_OK);
	for (uint32_t i = 0; i < NR; i++) {
		vgic_cpu_init(&g, &cpus[i], i, i);
	}
	for (uint32_t i = 0; i < NR; i++) {
		fake_cpu = i;
		vgic_cpu_load(&cpus[i]);
		off = i * VGIC_REDIST_STRIDE + 0x10000U;
		assert_int_equal(vgic_redist_ops.write(&g, i, off + 0x80, 4, UINT32_MAX), VDEV_OK);
		assert_int_equal(vgic_redist_ops.write(&g, i, off + 0x100, 4, UINT32_MAX), VDEV_OK);
	}
	fake_cpu = 0;
	assert_int_equal(vgic_dist_ops.write(&g, 0, 0, 4, 3), VDEV_OK);
	assert_int_equal(vgic_dist_ops.write(&g, 0, 0x84, 4, UINT32_MAX), VDEV_OK);
	assert_int_equal(vgic_dist_ops.write(&g, 0, 0x104, 4, UINT32_MAX), VDEV_OK);
	machine.kicks = 0;
	return 0;
}

/* What the vCPU takes at its next entry. */
static uint32_t takes(uint32_t i)
{
	uint32_t intid;

	fake_cpu = i;
	vgic_sync(&cpus[i]);
	vgic_flush(&cpus[i]);
	intid = guest_ack(i);
	if (intid != NO_INTID) {
		guest_eoi(i, intid);
		vgic_sync(&cpus[i]);
	}
	fake_cpu = 0;
	return intid;
}

static void affinities(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NR; i++) {
		uint64_t typer = 0;

		assert_int_equal(vgic_redist_ops.read(&g, 0, i * VGIC_REDIST_STRIDE + 8U, 8, &typer), VDEV_OK);
		assert_int_equal(typer >> 32, i / 16U << 8 | i % 16U);
		assert_int_equal(typer >> 8 & 0xffffU, i);
		assert_int_equal(typer >> 4 & 1U, i == NR - 1U);
		assert_int_equal(vgic_vcpu_of(vgic_affinity(i)), i);
	}
	assert_true(vgic_vcpu_of(0x10) >= NR); /* Aff0 is 0 to 15 */
	assert_true(vgic_vcpu_of(0x400) >= NR);
	assert_true(vgic_vcpu_of(0x10000) >= NR);
	assert_true(vgic_vcpu_of(UINT64_C(1) << 32) >= NR);
	assert_true(vgic_vcpu_of(UINT64_MAX) >= NR);
}

static void each_by_its_sgi(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < NR; i++) {
		vgic_sgi(&g, 0, UINT64_C(6) << 24 | i / 16U << 16 | UINT64_C(1) << i % 16U, 1);
		assert_true(machine.kicks == UINT64_C(1) << i);
		machine.kicks = 0;
		assert_int_equal(takes(i), 6);
		assert_int_equal(takes(i ^ 16U), NO_INTID);
	}
	/* Sixteen at once, and nobody beyond the last. */
	vgic_sgi(&g, 0, UINT64_C(3) << 16 | 0xffff, 1);
	assert_true(machine.kicks == UINT64_C(0xffff) << 48);
	machine.kicks = 0;
	vgic_sgi(&g, 0, UINT64_C(4) << 16 | 0xffff, 1);
	vgic_sgi(&g, 0, UINT64_C(0x80) << 16 | 0xffff, 1);
	vgic_sgi(&g, 0, UINT64_C(1) << 44 | UINT64_C(1) << 16 | 1, 1); /* Aff0 16 and on */
	assert_true(machine.kicks == 0);
}

static void all_others(void **state)
{
	(void)state;
	vgic_sgi(&g, 0, UINT64_C(1) << 40 | UINT64_C(7) << 24, 1);
	assert_true(machine.kicks == ~UINT64_C(1));
	for (uint32_t i = 0; i < NR; i++) {
		assert_int_equal(takes(i), i == 0U ? NO_INTID : 7U);
	}
}

static void each_by_route(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < NR; i++) {
		uint64_t back = 0;

		assert_int_equal(vgic_dist_ops.write(&g, 0, GICD_IROUTER(SPI), 8, vgic_affinity(i)), VDEV_OK);
		assert_int_equal(vgic_dist_ops.read(&g, 0, GICD_IROUTER(SPI), 8, &back), VDEV_OK);
		assert_int_equal(back, vgic_affinity(i));
		vgic_pend(&g, 0, SPI);
		assert_true(machine.kicks == UINT64_C(1) << i);
		machine.kicks = 0;
		assert_int_equal(takes(i), SPI);
	}
	/* To no vCPU that there is: it waits. */
	assert_int_equal(vgic_dist_ops.write(&g, 0, GICD_IROUTER(SPI), 8, 0x11), VDEV_OK);
	vgic_pend(&g, 0, SPI);
	assert_true(machine.kicks == 0);
}

static void one_more_is_refused(void **state)
{
	struct vgic bad;
	uint64_t v;

	(void)state;
	assert_int_equal(vgic_init(&bad, NR + 1U, 32), FH_EINVAL);
	assert_int_equal(vgic_redist_ops.read(&g, 0, NR * VGIC_REDIST_STRIDE + 8U, 8, &v), VDEV_FAULT);
	machine_reset_v2(4);
	assert_int_equal(vgic_init(&bad, 8, 32), FH_OK);
	assert_int_equal(vgic_init(&bad, 9, 32), FH_EINVAL);
}

/* Whatever a vCPU left, 16 of them a step. */
static void reset_in_steps(void **state)
{
	uint32_t at = 0;

	(void)state;
	for (uint32_t i = 0; i < NR; i++) {
		fake_cpu = i;
		vgic_cpu_put(&cpus[i]);
		assert_int_equal(vgic_map_ppi(&g, i, 27, false), FH_OK);
		assert_int_equal(vgic_map_ppi(&g, i, 15, false), FH_EINVAL);
		assert_int_equal(vgic_map_ppi(&g, i, 32, false), FH_EINVAL);
	}
	fake_cpu = 0;
	vgic_pend(&g, 0, SPI);
	for (uint32_t step = 1; step <= NR / 16U; step++) {
		for (uint32_t i = 0; i < NR; i++) {
			assert_int_equal(cpus[i].priv.enable == 0U, i < 16U * (step - 1U));
		}
		assert_int_equal(vgic_reset_step(&g, &at), step == NR / 16U);
		assert_int_equal(at, step == NR / 16U ? 0U : 16U * step);
	}
	for (uint32_t i = 0; i < NR; i++) {
		assert_int_equal(cpus[i].priv.enable, 0);
		assert_int_equal(cpus[i].priv.hw, 1U << 27);
	}
	assert_int_equal(vgic_dist_ops.read(&g, 0, 0x204, 4, &(uint64_t){ 0 }), VDEV_OK);
	assert_int_equal(g.spi[0].pend | g.spi[0].enable, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(affinities, set_up),          cmocka_unit_test_setup(each_by_its_sgi, set_up),
		cmocka_unit_test_setup(all_others, set_up),          cmocka_unit_test_setup(each_by_route, set_up),
		cmocka_unit_test_setup(one_more_is_refused, set_up), cmocka_unit_test_setup(reset_in_steps, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
