/* SPDX-License-Identifier: MIT */
// SOURCES: arch/arm64/vgic/*.c tests/unit/vgic_machine.c tests/unit/fake/lock_host.c core/base/status.c
/* The virtual GIC's registers and list registers, one behaviour at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arch/arm64/vgic/vgic.h"
#include "tests/unit/vgic_machine.h"

#define NR_VCPUS 4U
#define NR_SPIS 64U
#define SGI_FRAME(v) ((uint64_t)(v)*VGIC_REDIST_STRIDE + 0x10000U)
#define VTIMER 27U
#define RTC 40U /* an SPI of hardware */

static struct vgic g;
static struct vgic_cpu cpus[NR_VCPUS];

static uint64_t dist_read(uint64_t off, uint32_t size)
{
	uint64_t v = 0xdead;

	assert_int_equal(vgic_dist_ops.read(&g, fake_cpu, off, size, &v), VDEV_OK);
	return v;
}

static void dist_write(uint64_t off, uint32_t size, uint64_t v)
{
	assert_int_equal(vgic_dist_ops.write(&g, fake_cpu, off, size, v), VDEV_OK);
}

static uint64_t redist_read(uint64_t off, uint32_t size)
{
	uint64_t v = 0xdead;

	assert_int_equal(vgic_redist_ops.read(&g, fake_cpu, off, size, &v), VDEV_OK);
	return v;
}

static void redist_write(uint64_t off, uint32_t size, uint64_t v)
{
	assert_int_equal(vgic_redist_ops.write(&g, fake_cpu, off, size, v), VDEV_OK);
}

/* CPU i runs vCPU i. */
static void on(uint32_t cpu)
{
	fake_cpu = cpu;
}

static void enter(uint32_t cpu)
{
	const uint32_t back = fake_cpu;

	on(cpu);
	vgic_sync(&cpus[cpu]);
	vgic_flush(&cpus[cpu]);
	on(back);
}

/* All that were kicked go out and in again. */
static void serve_kicks(void)
{
	while (machine.kicks != 0U) {
		const uint32_t i = (uint32_t)__builtin_ctzll(machine.kicks);

		machine.kicks &= machine.kicks - 1U;
		enter(i);
	}
}

static void set_up_with(uint32_t nr_lrs)
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

/* The number of list registers is learnt once and for all: the smallest. */
static int set_up(void **state)
{
	(void)state;
	set_up_with(4);
	return 0;
}

/* Groups on, all in Group 1, all enabled, priority 0xa0. */
static void open_all(void)
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

static void edge(uint32_t intid)
{
	const uint64_t off = 0xc00 + intid / 16U * 4U;

	dist_write(off, 4, dist_read(off, 4) | UINT64_C(2) << (intid % 16U * 2U));
}

static void refuses(void **state)
{
	struct vgic bad;

	(void)state;
	assert_int_equal(vgic_init(&bad, 0, 32), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, VGIC_MAX_VCPUS + 1U, 32), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, 1, 0), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, 1, 33), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, 1, VGIC_MAX_SPIS + 32U), FH_EINVAL);
	assert_int_equal(vgic_map_hw(&g, 3, false), FH_EINVAL);
	assert_int_equal(vgic_map_hw(&g, 32U + NR_SPIS, false), FH_EINVAL);
	assert_int_equal(vgic_map_hw(&g, UINT32_MAX, false), FH_EINVAL);
	assert_false(vgic_inject_hw_ppi(&cpus[0], 28));
	assert_false(vgic_inject_hw_ppi(&cpus[0], 32));
	assert_false(vgic_inject_hw_spi(&g, 41));
	assert_false(vgic_inject_hw_spi(&g, 27));
	assert_false(vgic_inject_hw_spi(&g, 5000));
}

static void dist_identity(void **state)
{
	(void)state;
	assert_int_equal(dist_read(0x0, 4), 0x50);
	assert_int_equal(dist_read(0x4, 4) & 0x1f, NR_SPIS / 32U);
	assert_int_equal(dist_read(0x4, 4) >> 16 & 3, 0); /* no MBIS, no LPIs */
	assert_int_equal(dist_read(0x4, 4) >> 10 & 1, 0); /* one security state */
	assert_int_equal(dist_read(0x4, 4) >> 25 & 1, 1); /* no 1-of-N */
	assert_int_equal(dist_read(0xffe8, 4) >> 4 & 0xf, 3);
	dist_write(0x0, 4, UINT32_MAX);
	assert_int_equal(dist_read(0x0, 4), 0x53);
	dist_write(0x4, 4, 0);
	assert_int_equal(dist_read(0x4, 4) & 0x1f, NR_SPIS / 32U);
}

static void wrong_sizes_fault(void **state)
{
	static const struct {
		uint64_t off;
		uint32_t size;
	} bad[] = { { 0x0, 1 },   { 0x0, 8 },   { 0x104, 2 },  { 0x104, 1 },  { 0x100, 8 },  { 0x400, 2 },
		    { 0x420, 8 }, { 0xc08, 1 }, { 0x6100, 1 }, { 0x6100, 2 }, { 0xffe8, 8 }, { VGIC_DIST_SIZE, 4 } };
	static const struct {
		uint64_t off;
		uint32_t size;
	} bad_redist[] = { { 0x0, 1 },     { 0x0, 8 },     { 0x14, 2 },    { 0x10100, 1 },
			   { 0x10100, 8 }, { 0x10400, 2 }, { 0x10c00, 1 }, { NR_VCPUS * VGIC_REDIST_STRIDE, 4 } };
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(vgic_dist_ops.read(&g, 0, bad[i].off, bad[i].size, &v), VDEV_FAULT);
		assert_int_equal(vgic_dist_ops.write(&g, 0, bad[i].off, bad[i].size, 1), VDEV_FAULT);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_redist); i++) {
		assert_int_equal(vgic_redist_ops.read(&g, 0, bad_redist[i].off, bad_redist[i].size, &v), VDEV_FAULT);
		assert_int_equal(vgic_redist_ops.write(&g, 0, bad_redist[i].off, bad_redist[i].size, 1), VDEV_FAULT);
	}
}

/* Reserved registers, word 0 of the distributor and what lies beyond the last SPI read 0 and ignore writes. */
static void reserved_is_raz_wi(void **state)
{
	static const uint64_t offs[] = { 0x10,  0x40,   0x80,   0x100,  0x180,  0x200,  0x280,  0x300, 0x380,
					 0x400, 0x800,  0xc00,  0xc04,  0xd04,  0xe00,  0xf00,  0x10c, 0x46c,
					 0xc20, 0x6000, 0x60f8, 0x6300, 0x8000, 0xa000, 0xc000, 0xffdc };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offs); i++) {
		dist_write(offs[i], 4, UINT32_MAX);
		assert_int_equal(dist_read(offs[i], 4), 0);
	}
	assert_int_equal(dist_read(0x820, 1), 0);
	redist_write(0x70, 8, UINT64_MAX);
	assert_int_equal(redist_read(0x70, 8), 0);
	redist_write(0, 4, UINT32_MAX);
	assert_int_equal(redist_read(0, 4), 0);
	redist_write(0x10104, 4, UINT32_MAX);
	assert_int_equal(redist_read(0x10104, 4), 0);
}

static void words_and_bytes(void **state)
{
	(void)state;
	dist_write(0x104, 4, 0xf0f0);
	assert_int_equal(dist_read(0x104, 4), 0xf0f0);
	assert_int_equal(dist_read(0x184, 4), 0xf0f0);
	dist_write(0x184, 4, 0x00f0);
	assert_int_equal(dist_read(0x104, 4), 0xf000);
	/* Five bits of priority. */
	dist_write(0x424, 4, 0xff804781);
	assert_int_equal(dist_read(0x424, 4), 0xf8804080);
	assert_int_equal(dist_read(0x426, 1), 0x80);
	dist_write(0x425, 1, 0x18);
	assert_int_equal(dist_read(0x424, 4), 0xf8801880);
	dist_write(0xc08, 4, 0xffffffff);
	assert_int_equal(dist_read(0xc08, 4), 0xaaaaaaaa & ~UINT64_C(0x20000));
	dist_write(0xc0c, 4, 0x00000008);
	assert_int_equal(dist_read(0xc0c, 4), 0x8);
}

/* The trigger of an SPI that is backed by hardware is the board's. */
static void hw_trigger_is_fixed(void **state)
{
	(void)state;
	dist_write(0xc08, 4, 0xaaaaaaaa);
	assert_int_equal(dist_read(0xc08, 4), 0xaaa8aaaa);
}

static void routes(void **state)
{
	(void)state;
	dist_write(0x6100, 8, UINT64_C(0x0000001280030201));
	assert_int_equal(dist_read(0x6100, 8), UINT64_C(0x1200030201));
	assert_int_equal(dist_read(0x6100, 4), 0x030201);
	assert_int_equal(dist_read(0x6104, 4), 0x12);
	dist_write(0x6104, 4, 0);
	dist_write(0x6100, 4, 2);
	assert_int_equal(dist_read(0x6100, 8), 2);
	assert_int_equal(cpus[2].mine[0] & 1, 1);
	assert_int_equal(cpus[0].mine[0] & 1, 0);
	dist_write(0x6000 + 8U * RTC, 8, 3);
	assert_int_equal(machine.route[RTC], 3);
}

static void redist_registers(void **state)
{
	(void)state;
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		const uint64_t base = v * VGIC_REDIST_STRIDE;
		const uint64_t typer = redist_read(base + 8, 8);

		assert_int_equal(typer >> 32, v);
		assert_int_equal(typer >> 8 & 0xffff, v);
		assert_int_equal(typer >> 4 & 1, v == NR_VCPUS - 1U);
		assert_int_equal(redist_read(base + 0xc, 4), v);
		assert_int_equal(redist_read(base + 0xffe8, 4) >> 4, 3);
	}
	redist_write(0x14, 4, 2);
	assert_int_equal(redist_read(0x14, 4), 6);
	redist_write(0x14, 4, 0);
	assert_int_equal(redist_read(0x14, 4), 0);
	redist_write(0x10c00, 4, 0);
	assert_int_equal(redist_read(0x10c00, 4), 0xaaaaaaaa);
	redist_write(0x10c04, 4, 0xffffffff);
	assert_int_equal(redist_read(0x10c04, 4), 0xaaaaaaaa & ~(UINT64_C(2) << (11U * 2U)));
	redist_write(SGI_FRAME(2) + 0x41c, 1, 0x48);
	assert_int_equal(redist_read(SGI_FRAME(2) + 0x41c, 4), 0x48);
	assert_int_equal(redist_read(SGI_FRAME(1) + 0x41c, 4), 0);
}

static void sgi_targets(void **state)
{
	(void)state;
	open_all();
	on(1);
	vgic_sgi(&g, 1, UINT64_C(5) << 24 | 0x5, 1);
	assert_int_equal(machine.kicks, 0x5);
	serve_kicks();
	assert_int_equal(guest_ack(0), 5);
	assert_int_equal(guest_ack(2), 5);
	assert_int_equal(guest_ack(1), NO_INTID);
	guest_eoi(0, 5);
	guest_eoi(2, 5);
	/* All but itself. */
	vgic_sgi(&g, 1, UINT64_C(1) << 40 | UINT64_C(7) << 24, 1);
	assert_int_equal(machine.kicks, 0xd);
	serve_kicks();
	assert_int_equal(guest_ack(0), 7);
	assert_int_equal(guest_ack(2), 7);
	assert_int_equal(guest_ack(3), 7);
	/* Itself: no kick. */
	vgic_sgi(&g, 1, UINT64_C(9) << 24 | 0x2, 1);
	assert_int_equal(machine.kicks, 0);
	enter(1);
	assert_int_equal(guest_ack(1), 9);
}

static void sgi_nobody(void **state)
{
	(void)state;
	open_all();
	vgic_sgi(&g, 0, UINT64_C(1) << 16 | 0xff, 1); /* Aff1 */
	vgic_sgi(&g, 0, UINT64_C(1) << 32 | 0xff, 1); /* Aff2 */
	vgic_sgi(&g, 0, UINT64_C(1) << 48 | 0xff, 1); /* Aff3 */
	vgic_sgi(&g, 0, UINT64_C(1) << 44 | 0xff, 1); /* RS */
	vgic_sgi(&g, 0, 0xfff0, 1);                   /* no such vCPU */
	vgic_sgi(&g, 0, 0xf, 0);                      /* it is of Group 1 */
	assert_int_equal(machine.kicks, 0);
	for (uint32_t i = 0; i < NR_VCPUS; i++) {
		assert_int_equal(cpus[i].todo, 0);
	}
}

/* An SGI that comes again while it is active is not lost. */
static void sgi_again_while_active(void **state)
{
	(void)state;
	open_all();
	vgic_sgi(&g, 0, 1, 1);
	enter(0);
	assert_int_equal(guest_ack(0), 0);
	vgic_sgi(&g, 0, 1, 1);
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
	guest_eoi(0, 0);
	enter(0);
	assert_int_equal(guest_ack(0), 0);
	guest_eoi(0, 0);
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
}

static void disabled_waits(void **state)
{
	(void)state;
	open_all();
	redist_write(SGI_FRAME(0) + 0x180, 4, 1U << 3);
	vgic_sgi(&g, 0, UINT64_C(3) << 24 | 1, 1);
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
	assert_int_equal(redist_read(SGI_FRAME(0) + 0x200, 4), 1U << 3);
	redist_write(SGI_FRAME(0) + 0x100, 4, 1U << 3);
	enter(0);
	assert_int_equal(guest_ack(0), 3);
	/* The group's enable, too. */
	guest_eoi(0, 3);
	dist_write(0, 4, 1);
	vgic_sgi(&g, 0, UINT64_C(4) << 24 | 1, 1);
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
	dist_write(0, 4, 3);
	enter(0);
	assert_int_equal(guest_ack(0), 4);
}

/* Forty pending through four list registers, by priority. */
static void priority_order(void **state)
{
	uint32_t last = 0;
	uint32_t taken = 0;

	(void)state;
	open_all();
	for (uint32_t i = 0; i < 40U; i++) {
		const uint32_t intid = 41U + i;

		edge(intid);
		dist_write(0x400 + intid, 1, (i * 13U) % 32U * 8U);
		vgic_pend(&g, 0, intid);
	}
	enter(0);
	for (;;) {
		uint32_t intid = guest_ack(0);

		if (intid == NO_INTID) {
			assert_true(!machine_maintenance(0));
			break;
		}
		assert_true(g.spi[intid / 32U - 1U].prio[intid % 32U] >= last);
		last = g.spi[intid / 32U - 1U].prio[intid % 32U];
		guest_eoi(0, intid);
		taken++;
		if (machine_maintenance(0)) {
			enter(0);
		}
	}
	assert_int_equal(taken, 40);
	assert_int_equal(machine.hcr[0], 1);
}

/* A more urgent one displaces what is pending in a full set of list registers. */
static void urgent_displaces(void **state)
{
	(void)state;
	open_all();
	for (uint32_t i = 50; i < 56U; i++) {
		edge(i);
		vgic_pend(&g, 0, i);
	}
	enter(0);
	edge(60);
	dist_write(0x400 + 60, 1, 0x20);
	vgic_pend(&g, 0, 60);
	enter(0);
	assert_int_equal(guest_ack(0), 60);
}

static void level_pends_again(void **state)
{
	(void)state;
	open_all();
	vgic_set_level(&g, 0, 33, true);
	enter(0);
	assert_int_equal(dist_read(0x204, 4), 2);
	enter(0);
	assert_int_equal(guest_ack(0), 33);
	enter(0);
	guest_eoi(0, 33);
	assert_true(machine_maintenance(0));
	enter(0);
	assert_int_equal(guest_ack(0), 33);
	/* Served: the line falls before the end, and the end costs no exit. */
	vgic_set_level(&g, 0, 33, false);
	enter(0);
	guest_eoi(0, 33);
	assert_false(machine_maintenance(0));
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
	assert_int_equal(dist_read(0x204, 4), 0);
}

static void level_withdrawn(void **state)
{
	(void)state;
	open_all();
	vgic_set_level(&g, 0, 33, true);
	enter(0);
	on(2);
	vgic_set_level(&g, 0, 33, false);
	assert_int_equal(machine.kicks, 1);
	serve_kicks();
	assert_int_equal(guest_ack(0), NO_INTID);
	/* A guest's ISPENDR stays whatever the line does. */
	vgic_set_level(&g, 0, 33, true);
	dist_write(0x204, 4, 2);
	serve_kicks();
	vgic_set_level(&g, 0, 33, false);
	serve_kicks();
	assert_int_equal(guest_ack(0), 33);
}

static void hw_ppi(void **state)
{
	struct phys_irq *p = machine_phys(1, VTIMER);

	(void)state;
	assert_false(p->enabled);
	open_all();
	assert_true(p->enabled);
	on(1);
	const uint64_t injected = cpus[1].injected;

	for (int i = 0; i < 3; i++) {
		p->active = true;
		/* The quick way takes no lock, which is held here. */
		lock_acquire(&g.lock);
		assert_true(vgic_inject_hw_ppi(&cpus[1], VTIMER));
		vgic_flush(&cpus[1]);
		lock_release(&g.lock);
		assert_int_equal(guest_ack(1), VTIMER);
		guest_eoi(1, VTIMER);
		assert_false(p->active);
		lock_acquire(&g.lock);
		vgic_sync(&cpus[1]);
		lock_release(&g.lock);
		assert_int_equal(machine_find_lr(1, VTIMER), -1);
		assert_false(vgic_cpu_pending(&cpus[1]));
		assert_int_equal(cpus[1].injected, injected + (uint64_t)i + 1U);
	}
	redist_write(SGI_FRAME(1) + 0x180, 4, 1U << VTIMER);
	assert_false(p->enabled);
	/* It had been taken just before: it waits, and is ended physically if the guest clears it. */
	p->active = true;
	p->pending = true;
	assert_true(vgic_inject_hw_ppi(&cpus[1], VTIMER));
	enter(1);
	assert_int_equal(guest_ack(1), NO_INTID);
	assert_int_equal(redist_read(SGI_FRAME(1) + 0x200, 4), 1U << VTIMER);
	redist_write(SGI_FRAME(1) + 0x280, 4, 1U << VTIMER);
	assert_false(p->active);
	/* Disabled, the line shows. */
	p->pending = true;
	assert_int_equal(redist_read(SGI_FRAME(1) + 0x200, 4), 1U << VTIMER);
	p->pending = false;
	assert_int_equal(redist_read(SGI_FRAME(1) + 0x200, 4), 0);
}

/* A level that fell before the guest took it is not pending; what the guest made pending itself is. */
static void hw_ppi_that_fell(void **state)
{
	struct phys_irq *p = machine_phys(1, VTIMER);

	(void)state;
	open_all();
	on(1);
	p->active = true;
	assert_true(vgic_inject_hw_ppi(&cpus[1], VTIMER));
	vgic_flush(&cpus[1]);
	assert_int_equal(redist_read(SGI_FRAME(1) + 0x200, 4), 0);
	assert_false(p->active);
	enter(1);
	assert_int_equal(guest_ack(1), NO_INTID);
	redist_write(SGI_FRAME(1) + 0x200, 4, 1U << VTIMER);
	assert_true(p->pending);
	p->pending = false;
	p->active = true;
	assert_true(vgic_inject_hw_ppi(&cpus[1], VTIMER));
	enter(1);
	assert_int_equal(redist_read(SGI_FRAME(1) + 0x200, 4), 1U << VTIMER);
	enter(1);
	assert_int_equal(guest_ack(1), VTIMER);
	guest_eoi(1, VTIMER);
}

/* A turn of the physical one begins: a PPI of vCPU 1, or an SPI that is routed to it. */
static void hw_comes(uint32_t intid)
{
	struct phys_irq *p = machine_phys(1, intid);

	p->pending = false;
	p->active = true;
	assert_true(intid < 32U ? vgic_inject_hw_ppi(&cpus[1], intid) : vgic_inject_hw_spi(&g, intid));
	vgic_flush(&cpus[1]);
}

/* Made pending by the guest while the turn before is in a list register: that one's end is not its own. */
static void hw_pended_in_lr(uint32_t intid)
{
	struct phys_irq *p = machine_phys(1, intid);
	const uint32_t bit = 1U << (intid % 32U);
	const bool ppi = intid < 32U;

	hw_comes(intid);
	assert_int_equal(guest_ack(1), intid);
	if (ppi) {
		redist_write(SGI_FRAME(1) + 0x200, 4, bit);
	} else {
		dist_write(0x200 + intid / 32U * 4U, 4, bit);
	}
	enter(1);
	guest_eoi(1, intid);
	assert_false(p->active);
	/* The physical one, whose line is low, comes next. */
	assert_true(p->pending);
	vgic_sync(&cpus[1]);
	hw_comes(intid);
	assert_int_equal(ppi ? redist_read(SGI_FRAME(1) + 0x200, 4) : dist_read(0x200 + intid / 32U * 4U, 4), bit);
	enter(1);
	assert_int_equal(guest_ack(1), intid);
	guest_eoi(1, intid);
	enter(1);
	/* The next one is the line's own again, which falls. */
	hw_comes(intid);
	assert_int_equal(ppi ? redist_read(SGI_FRAME(1) + 0x200, 4) : dist_read(0x200 + intid / 32U * 4U, 4), 0);
	enter(1);
	assert_int_equal(guest_ack(1), NO_INTID);
}

static void hw_pended_in_its_turn(void **state)
{
	(void)state;
	open_all();
	on(1);
	hw_pended_in_lr(VTIMER);
	dist_write(0x6000 + 8U * RTC, 8, 1);
	hw_pended_in_lr(RTC);
}

static void hw_ppi_cleared_in_lr(void **state)
{
	struct phys_irq *p = machine_phys(1, VTIMER);

	(void)state;
	open_all();
	on(1);
	p->active = true;
	assert_true(vgic_inject_hw_ppi(&cpus[1], VTIMER));
	vgic_flush(&cpus[1]);
	on(0);
	redist_write(SGI_FRAME(1) + 0x280, 4, 1U << VTIMER);
	assert_int_equal(machine.kicks, 2);
	serve_kicks();
	assert_int_equal(guest_ack(1), NO_INTID);
	assert_false(p->active);
}

/* Latched, and made active by the guest: its next time follows the end, with no more than an exit in between. */
static void hw_ppi_after_active(void **state)
{
	(void)state;
	open_all();
	on(1);
	redist_write(SGI_FRAME(1) + 0x180, 4, 1U << VTIMER);
	machine_phys(1, VTIMER)->active = true;
	assert_true(vgic_inject_hw_ppi(&cpus[1], VTIMER));
	redist_write(SGI_FRAME(1) + 0x300, 4, 1U << VTIMER);
	redist_write(SGI_FRAME(1) + 0x100, 4, 1U << VTIMER);
	enter(1);
	assert_int_equal(guest_ack(1), NO_INTID);
	guest_eoi(1, VTIMER);
	enter(1);
	assert_int_equal(guest_ack(1), VTIMER);
}

static void hw_spi(void **state)
{
	struct phys_irq *p = machine_phys(0, RTC);

	(void)state;
	assert_false(p->enabled);
	open_all();
	assert_true(p->enabled);
	dist_write(0x6000 + 8U * RTC, 8, 2);
	serve_kicks();
	p->active = true;
	on(2);
	assert_true(vgic_inject_hw_spi(&g, RTC));
	assert_int_equal(machine.kicks, 0);
	enter(2);
	assert_int_equal(guest_ack(2), RTC);
	guest_eoi(2, RTC);
	assert_false(p->active);
	/* Taken by another CPU than its vCPU's: that one is kicked. */
	on(0);
	p->active = true;
	assert_true(vgic_inject_hw_spi(&g, RTC));
	assert_int_equal(machine.kicks, 4);
	serve_kicks();
	assert_int_equal(guest_ack(2), RTC);
	dist_write(0x184 + RTC / 32U * 4U - 4U, 4, 1U << (RTC % 32U));
	assert_false(p->enabled);
}

static void rerouted_while_pending(void **state)
{
	(void)state;
	open_all();
	edge(50);
	vgic_pend(&g, 0, 50);
	enter(0);
	on(3);
	dist_write(0x6000 + 8U * 50U, 8, 1);
	serve_kicks();
	assert_int_equal(guest_ack(0), NO_INTID);
	assert_int_equal(guest_ack(1), 50);
	/* Active it stays where it was taken; its next one goes to the new one. */
	dist_write(0x6000 + 8U * 50U, 8, 2);
	vgic_pend(&g, 0, 50);
	serve_kicks();
	assert_int_equal(guest_ack(2), NO_INTID);
	guest_eoi(1, 50);
	enter(1);
	serve_kicks();
	assert_int_equal(guest_ack(1), NO_INTID);
	assert_int_equal(guest_ack(2), 50);
	/* An affinity that nobody has: it waits. */
	guest_eoi(2, 50);
	dist_write(0x6000 + 8U * 50U, 8, 0x100);
	vgic_pend(&g, 0, 50);
	serve_kicks();
	enter(1);
	assert_int_equal(guest_ack(1), NO_INTID);
	assert_int_equal(dist_read(0x204, 4), 1U << 18);
	dist_write(0x6000 + 8U * 50U, 8, 3);
	enter(3);
	assert_int_equal(guest_ack(3), 50);
}

/* What another vCPU's list register holds, changed from here: it is kicked, and obeys at its next entry. */
static void remote_changes(void **state)
{
	(void)state;
	open_all();
	edge(50);
	on(1);
	vgic_pend(&g, 0, 50);
	serve_kicks();
	dist_write(0x284, 4, 1U << 18);
	assert_int_equal(machine.kicks, 1);
	serve_kicks();
	assert_int_equal(guest_ack(0), NO_INTID);
	vgic_pend(&g, 0, 50);
	serve_kicks();
	dist_write(0x184, 4, 1U << 18);
	serve_kicks();
	assert_int_equal(guest_ack(0), NO_INTID);
	dist_write(0x104, 4, 1U << 18);
	serve_kicks();
	assert_int_equal(guest_ack(0), 50);
	dist_write(0x384, 4, 1U << 18);
	assert_int_equal(machine.kicks, 1);
	serve_kicks();
	assert_int_equal(machine_find_lr(0, 50), -1);
}

static void active_reads(void **state)
{
	(void)state;
	open_all();
	edge(50);
	vgic_pend(&g, 0, 50);
	enter(0);
	assert_int_equal(dist_read(0x304, 4), 0);
	enter(0);
	assert_int_equal(guest_ack(0), 50);
	assert_int_equal(dist_read(0x304, 4), 1U << 18);
	enter(0);
	guest_eoi(0, 50);
	assert_int_equal(dist_read(0x304, 4), 0);
	/* From another vCPU: pending there may be active by now, until it looked. */
	vgic_pend(&g, 0, 50);
	enter(0);
	on(1);
	assert_int_equal(dist_read(0x304, 4), 1U << 18);
	assert_int_equal(machine.kicks, 1);
	serve_kicks();
	assert_int_equal(dist_read(0x304, 4), 0);
	serve_kicks();
	assert_int_equal(guest_ack(0), 50);
	(void)dist_read(0x304, 4);
	serve_kicks();
	assert_int_equal(dist_read(0x304, 4), 1U << 18);
	assert_int_equal(dist_read(0x204, 4), 0);
}

static void guest_sets_active(void **state)
{
	(void)state;
	open_all();
	edge(50);
	vgic_pend(&g, 0, 50);
	dist_write(0x304, 4, 1U << 18);
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
	guest_eoi(0, 50);
	enter(0);
	assert_int_equal(guest_ack(0), 50);
}

static void put_and_load(void **state)
{
	(void)state;
	open_all();
	edge(50);
	edge(51);
	vgic_pend(&g, 0, 50);
	vgic_pend(&g, 0, 51);
	enter(0);
	assert_int_equal(guest_ack(0), 50);
	machine.vmcr[0] = 0x12345;
	vgic_cpu_put(&cpus[0]);
	assert_int_equal(machine.hcr[0], 0);
	assert_int_equal(machine_find_lr(0, 50), -1);
	assert_false(machine_phys(0, VTIMER)->enabled);
	on(1);
	vgic_sgi(&g, 1, 1, 1);
	assert_int_equal(machine.kicks, 0);
	on(0);
	machine.vmcr[0] = 0;
	vgic_cpu_load(&cpus[0]);
	assert_int_equal(machine.vmcr[0], 8);
	assert_true(machine_phys(0, VTIMER)->enabled);
	vgic_flush(&cpus[0]);
	assert_true(machine_find_lr(0, 50) >= 0);
	/* SGI 0, priority 0, is the most urgent. */
	assert_int_equal(guest_ack(0), 0);
	assert_int_equal(guest_ack(0), 51);
}

static void reset_forgets(void **state)
{
	struct phys_irq *p = machine_phys(0, VTIMER);

	(void)state;
	open_all();
	edge(50);
	vgic_pend(&g, 0, 50);
	vgic_set_level(&g, 0, 51, true);
	p->active = true;
	assert_true(vgic_inject_hw_ppi(&cpus[0], VTIMER));
	vgic_sgi(&g, 0, 0xf, 1);
	dist_write(0x6000 + 8U * RTC, 8, 2);
	for (uint32_t i = 0; i < NR_VCPUS; i++) {
		on(i);
		vgic_cpu_put(&cpus[i]);
	}
	on(0);
	vgic_reset(&g);
	assert_false(p->active);
	assert_false(p->enabled);
	assert_false(machine_phys(0, RTC)->enabled);
	assert_int_equal(machine.route[RTC], 0);
	assert_int_equal(dist_read(0, 4), 0x50);
	vgic_cpu_load(&cpus[0]);
	open_all();
	assert_int_equal(guest_ack(0), NO_INTID);
	assert_int_equal(dist_read(0xc0c, 4), 0);
	assert_int_equal(redist_read(SGI_FRAME(0) + 0x200, 4), 0);
	assert_true(p->enabled);
}

/* Six nested active through four list registers, ended by EOI in EOImode 0. */
static void evicted_by_eoi(void **state)
{
	(void)state;
	open_all();
	for (uint32_t i = 0; i < 6U; i++) {
		edge(50 + i);
		dist_write(0x400 + 50 + i, 1, (6U - i) * 8U);
		vgic_pend(&g, 0, 50 + i);
		enter(0);
		assert_int_equal(guest_ack(0), 50 + i);
		enter(0);
	}
	for (uint32_t i = 6; i-- > 0U;) {
		guest_eoi(0, 50 + i);
		enter(0);
	}
	assert_int_equal(g.spi[0].active | g.spi[0].in_lr, 0);
	assert_int_equal(machine.hcr[0], 1);
}

/* The same while threads end them in any order, by ICC_DIR_EL1. */
static void evicted_by_dir(void **state)
{
	(void)state;
	open_all();
	for (uint32_t i = 0; i < 6U; i++) {
		edge(50 + i);
		vgic_pend(&g, 0, 50 + i);
		enter(0);
		assert_int_equal(guest_ack(0), 50 + i);
	}
	edge(60);
	vgic_pend(&g, 0, 60);
	enter(0);
	assert_int_equal(guest_ack(0), 60);
	enter(0);
	assert_true(guest_dir_traps(0));
	vgic_dir(&cpus[0], 54);
	vgic_dir(&cpus[0], 50);
	vgic_dir(&cpus[0], 1022);
	vgic_dir(&cpus[0], UINT64_MAX);
	enter(0);
	assert_int_equal(g.spi[0].active | g.spi[0].in_lr, 0x2eU << 18 | 1U << 28);
	vgic_dir(&cpus[0], 60);
	enter(0);
	assert_int_equal(g.spi[0].active | g.spi[0].in_lr, 0x2eU << 18);
	assert_false(guest_dir_traps(0));
}

static void idle_entries_cost_nothing(void **state)
{
	uint32_t before;

	(void)state;
	open_all();
	enter(0);
	before = machine.lr_accesses;
	lock_acquire(&g.lock);
	for (int i = 0; i < 10; i++) {
		enter(0);
	}
	/* An SGI to itself goes straight into a list register. */
	vgic_sgi(&g, 0, 1, 1);
	enter(0);
	lock_release(&g.lock);
	assert_int_equal(machine.lr_accesses, before + 1U);
	assert_true(vgic_cpu_pending(&cpus[0]));
	assert_int_equal(guest_ack(0), 0);
	guest_eoi(0, 0);
	enter(0);
	assert_false(vgic_cpu_pending(&cpus[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses, set_up),
		cmocka_unit_test_setup(dist_identity, set_up),
		cmocka_unit_test_setup(wrong_sizes_fault, set_up),
		cmocka_unit_test_setup(reserved_is_raz_wi, set_up),
		cmocka_unit_test_setup(words_and_bytes, set_up),
		cmocka_unit_test_setup(hw_trigger_is_fixed, set_up),
		cmocka_unit_test_setup(routes, set_up),
		cmocka_unit_test_setup(redist_registers, set_up),
		cmocka_unit_test_setup(sgi_targets, set_up),
		cmocka_unit_test_setup(sgi_nobody, set_up),
		cmocka_unit_test_setup(sgi_again_while_active, set_up),
		cmocka_unit_test_setup(disabled_waits, set_up),
		cmocka_unit_test_setup(priority_order, set_up),
		cmocka_unit_test_setup(urgent_displaces, set_up),
		cmocka_unit_test_setup(level_pends_again, set_up),
		cmocka_unit_test_setup(level_withdrawn, set_up),
		cmocka_unit_test_setup(hw_ppi, set_up),
		cmocka_unit_test_setup(hw_ppi_that_fell, set_up),
		cmocka_unit_test_setup(hw_pended_in_its_turn, set_up),
		cmocka_unit_test_setup(hw_ppi_cleared_in_lr, set_up),
		cmocka_unit_test_setup(hw_ppi_after_active, set_up),
		cmocka_unit_test_setup(hw_spi, set_up),
		cmocka_unit_test_setup(rerouted_while_pending, set_up),
		cmocka_unit_test_setup(remote_changes, set_up),
		cmocka_unit_test_setup(active_reads, set_up),
		cmocka_unit_test_setup(guest_sets_active, set_up),
		cmocka_unit_test_setup(put_and_load, set_up),
		cmocka_unit_test_setup(reset_forgets, set_up),
		cmocka_unit_test_setup(evicted_by_eoi, set_up),
		cmocka_unit_test_setup(evicted_by_dir, set_up),
		cmocka_unit_test_setup(idle_entries_cost_nothing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
