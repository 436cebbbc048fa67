/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c tests/unit/vgic_cases.c
/* Interrupts that change their vCPU, and vCPUs that come and go. */
#include "tests/unit/vgic_cases.h"

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
	/* vCPU 1 may have no exit of its own for long. */
	assert_true(machine_maintenance(1));
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

/* SPI 50 is pending in the list register of vCPU 0; what follows is done by vCPU 1. */
static void pending_in_a_list_register(void)
{
	open_all();
	edge(50);
	on(1);
	vgic_pend(&g, 0, 50);
	serve_kicks();
}

#define CTLR_RWP (UINT64_C(1) << 31)

/* GICD_CTLR.RWP, after a disable of an SPI or a group: until those that have what it holds back have looked. */
static void register_write_pending(void **state)
{
	(void)state;
	pending_in_a_list_register();
	assert_int_equal(dist_read(0, 4) & CTLR_RWP, 0);
	dist_write(0x184, 4, 1U << 18);
	assert_int_equal(dist_read(0, 4) & CTLR_RWP, CTLR_RWP);
	serve_kicks();
	assert_int_equal(dist_read(0, 4) & CTLR_RWP, 0);
	dist_write(0x104, 4, 1U << 18);
	vgic_sgi(&g, 1, UINT64_C(5) << 24 | 4U, 1);
	serve_kicks();
	dist_write(0, 4, 1);
	enter(0);
	assert_int_equal(dist_read(0, 4) & CTLR_RWP, CTLR_RWP);
	enter(2);
	assert_int_equal(dist_read(0, 4) & CTLR_RWP, 0);
	machine.kicks = 0;
}

/* Rung without end from elsewhere: after the second time its CPU is left alone until it has taken it. */
static void rung_without_end(void **state)
{
	uint32_t kicks;

	(void)state;
	open_all();
	edge(50);
	on(1);
	kicks = machine.nr_kicks;
	for (uint32_t i = 0; i < 100U; i++) {
		vgic_pend(&g, 0, 50);
		serve_kicks();
	}
	assert_int_equal(machine.nr_kicks, kicks + 2U);
	/* An exit finds that it was not taken: it is one. */
	enter(0);
	assert_int_equal(guest_ack(0), 50);
	guest_eoi(0, 50);
	assert_true(machine_maintenance(0));
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
	for (uint32_t i = 0; i < 100U; i++) {
		vgic_pend(&g, 0, 50);
		serve_kicks();
	}
	assert_int_equal(machine.nr_kicks, kicks + 4U);
	/* Without one, what came later may have come after it was taken: it comes at its end. */
	assert_int_equal(guest_ack(0), 50);
	vgic_pend(&g, 0, 50);
	assert_int_equal(machine.nr_kicks, kicks + 4U);
	guest_eoi(0, 50);
	assert_true(machine_maintenance(0));
	enter(0);
	assert_int_equal(guest_ack(0), 50);
	guest_eoi(0, 50);
	enter(0);
	vgic_pend(&g, 0, 50);
	assert_int_equal(machine.nr_kicks, kicks + 5U);
	machine.kicks = 0;
}

/* What another vCPU's list register holds, changed from here: it is kicked, and obeys at its next entry. */
static void remote_changes(void **state)
{
	(void)state;
	pending_in_a_list_register();
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
	assert_true(vgic_reset_step(&g, &(uint32_t){ 0 }));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rerouted_while_pending, set_up),
		cmocka_unit_test_setup(register_write_pending, set_up),
		cmocka_unit_test_setup(rung_without_end, set_up),
		cmocka_unit_test_setup(remote_changes, set_up),
		cmocka_unit_test_setup(put_and_load, set_up),
		cmocka_unit_test_setup(reset_forgets, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
