/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c tests/unit/vgic_cases.c
/* Interrupts on their way to a guest: SGIs, priorities, levels, states, and what leaves its list register for another. */
#include "tests/unit/vgic_cases.h"

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
		cmocka_unit_test_setup(sgi_targets, set_up),
		cmocka_unit_test_setup(sgi_nobody, set_up),
		cmocka_unit_test_setup(sgi_again_while_active, set_up),
		cmocka_unit_test_setup(disabled_waits, set_up),
		cmocka_unit_test_setup(priority_order, set_up),
		cmocka_unit_test_setup(urgent_displaces, set_up),
		cmocka_unit_test_setup(level_pends_again, set_up),
		cmocka_unit_test_setup(level_withdrawn, set_up),
		cmocka_unit_test_setup(active_reads, set_up),
		cmocka_unit_test_setup(guest_sets_active, set_up),
		cmocka_unit_test_setup(evicted_by_eoi, set_up),
		cmocka_unit_test_setup(evicted_by_dir, set_up),
		cmocka_unit_test_setup(idle_entries_cost_nothing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
