/* SPDX-License-Identifier: MIT */
#include "tests/unit/vgic_cases.h"

struct vgic g;
struct vgic_cpu cpus[NR_VCPUS];

uint64_t dist_read(uint64_t off, uint32_t size)
{
	uint64_t v = 0xdead;

	assert_int_equal(vgic_dist_ops.read(&g, fake_cpu, off, size, &v), VDEV_OK);
	return v;
}

void dist_write(uint64_t off, uint32_t size, uint64_t v)
{
	assert_int_equal(vgic_dist_ops.write(&g, fake_cpu, off, size, v), VDEV_OK);
}

uint64_t redist_read(uint64_t off, uint32_t size)
{
	uint64_t v = 0xdead;

	assert_int_equal(vgic_redist_ops.read(&g, fake_cpu, off, size, &v), VDEV_OK);
	return v;
}

void redist_write(uint64_t off, uint32_t size, uint64_t v)
{
	assert_int_equal(vgic_redist_ops.write(&g, fake_cpu, off, size, v), VDEV_OK);
}

void on(uint32_t cpu)
{
	fake_cpu = cpu;
}

void enter(uint32_t cpu)
{
	const uint32_t back = fake_cpu;

	on(cpu);
	vgic_sync(&cpus[cpu]);
	vgic_flush(&cpus[cpu]);
	on(back);
}

void serve_kicks(void)
{
	while (machine.kicks != 0U) {
		const uint32_t i = (uint32_t)__builtin_ctzll(machine.kicks);

		machine.kicks &= machine.kicks - 1U;
		enter(i);
	}
}

void set_up_with(uint32_t nr_lrs)
{
	machine_reset(nr_lrs);
	vgic_hw_init();
	assert_int_equal(vgic_init(&g, NR_VCPUS, NR_SPIS), FH_OK);
	for (uint32_t i = 0; i < NR_VCPUS; i++) {
		vgic_cpu_init(&g, &cpus[i], i, i);
	}
	assert_int_equal(vgic_map_hw(&g, VTIMER, false), FH_OK);
	assert_int_equal(vgic_map_hw(&g, RTC, false), FH_OK);
	for (uint32_t i = 0; i < NR_VCPUS; i++) {
		on(i);
		vgic_cpu_load(&cpus[i]);
		vgic_flush(&cpus[i]);
	}
	on(0);
}

int set_up(void **state)
{
	(void)state;
	set_up_with(4);
	return 0;
}

void open_all(void)
{
	dist_write(0, 4, 3);
	for (uint32_t w = 1; w <= NR_SPIS / 32U; w++) {
		dist_write(0x80 + 4U * w, 4, UINT32_MAX);
		dist_write(0x100 + 4U * w, 4, UINT32_MAX);
	}
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		redist_write(SGI_FRAME(v) + 0x80, 4, UINT32_MAX);
		redist_write(SGI_FRAME(v) + 0x100, 4, UINT32_MAX);
	}
	for (uint32_t i = 32; i < 32U + NR_SPIS; i += 4U) {
		dist_write(0x400 + i, 4, 0xa0a0a0a0);
	}
	serve_kicks();
	enter(0);
}

void edge(uint32_t intid)
{
	const uint64_t off = 0xc00 + intid / 16U * 4U;

	dist_write(off, 4, dist_read(off, 4) | UINT64_C(2) << (intid % 16U * 2U));
}
