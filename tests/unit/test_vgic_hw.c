/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c tests/unit/vgic_cases.c
/* Interrupts of hardware: the physical state behind a virtual one. */
#include "tests/unit/vgic_cases.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hw_ppi, set_up),
		cmocka_unit_test_setup(hw_ppi_that_fell, set_up),
		cmocka_unit_test_setup(hw_pended_in_its_turn, set_up),
		cmocka_unit_test_setup(hw_ppi_cleared_in_lr, set_up),
		cmocka_unit_test_setup(hw_ppi_after_active, set_up),
		cmocka_unit_test_setup(hw_spi, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
