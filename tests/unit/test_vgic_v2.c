/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c tests/unit/vgic_cases.c
/* What a virtual GICv2 has of its own: its registers, senders, targets, GICC_DIR, list registers of 32 bits. */
#include "tests/unit/vgic_cases.h"

static uint64_t get(uint64_t off, uint32_t size)
{
	uint64_t v = 0xdead;

	assert_int_equal(vgic_v2_dist_ops.read(&g, fake_cpu, off, size, &v), VDEV_OK);
	return v;
}

static void set(uint64_t off, uint32_t size, uint64_t v)
{
	assert_int_equal(vgic_v2_dist_ops.write(&g, fake_cpu, off, size, v), VDEV_OK);
}

static void start(uint32_t nr_vcpus)
{
	machine_reset_v2(4);
	vgic_hw_init();
	assert_int_equal(vgic_init(&g, nr_vcpus, NR_SPIS), FH_OK);
	for (uint32_t i = 0; i < nr_vcpus; i++) {
		vgic_cpu_init(&g, &cpus[i], i, i);
	}
	assert_int_equal(vgic_map_hw(&g, VTIMER, false), FH_OK);
	assert_int_equal(vgic_map_hw(&g, RTC, false), FH_OK);
	for (uint32_t i = 0; i < nr_vcpus; i++) {
		fake_cpu = i;
		vgic_cpu_load(&cpus[i]);
	}
	fake_cpu = 0;
	set(0, 4, 1);
	for (uint32_t i = 0; i < nr_vcpus; i++) {
		enter(i);
	}
	machine.kicks = 0;
}

static int set_up_v2(void **state)
{
	(void)state;
	start(NR_VCPUS);
	return 0;
}

static void identity(void **state)
{
	(void)state;
	assert_int_equal(get(0, 4), 1);
	set(0, 4, UINT32_MAX);
	assert_int_equal(get(0, 4), 3);
	assert_int_equal(get(4, 4), NR_SPIS / 32U | (NR_VCPUS - 1U) << 5);
	assert_int_equal(get(8, 4), 0x46000000);
	assert_int_equal(get(0xfe0, 4), 0x90);
	assert_int_equal(get(0xfe8, 4), 0x2b);
	assert_int_equal(get(0xffc, 4), 0xb1);
	set(0x10, 4, UINT32_MAX);
	assert_int_equal(get(0x10, 4), 0);
	assert_int_equal(get(0xe00, 4), 0);
	assert_int_equal(get(0xf00, 4), 0);
}

static void wrong_sizes_fault(void **state)
{
	static const struct {
		uint64_t off;
		uint32_t size;
	} bad[] = { { 0, 1 },     { 0, 2 },     { 0, 8 },     { 0x100, 1 }, { 0x100, 8 }, { 0x400, 2 }, { 0x800, 8 },
		    { 0xc00, 1 }, { 0xf00, 1 }, { 0xf10, 2 }, { 0xf30, 1 }, { 0xfe8, 1 }, { 0x1000, 4 } };
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(vgic_v2_dist_ops.read(&g, 0, bad[i].off, bad[i].size, &v), VDEV_FAULT);
		assert_int_equal(vgic_v2_dist_ops.write(&g, 0, bad[i].off, bad[i].size, 1), VDEV_FAULT);
	}
	assert_int_equal(vgic_v2_dir_ops.write(&g, 0, 0, 1, 1), VDEV_FAULT);
	assert_int_equal(vgic_v2_dir_ops.read(&g, 0, 0, 8, &v), VDEV_FAULT);
}

/* Word 0 is each vCPU's own; SGIs are enabled for good, and pend by their senders alone. */
static void private_words(void **state)
{
	(void)state;
	set(0x100, 4, 1U << 20);
	assert_int_equal(get(0x100, 4), 1U << 20 | 0xffff);
	set(0x180, 4, UINT32_MAX);
	assert_int_equal(get(0x180, 4), 0xffff);
	set(0x200, 4, 0xffff | 1U << 21);
	assert_int_equal(get(0x200, 4), 1U << 21);
	set(0x404, 1, 0xff);
	assert_int_equal(get(0x404, 4), 0xf8);
	assert_int_equal(get(0xc00, 4), 0xaaaaaaaa);
	fake_cpu = 1;
	assert_int_equal(get(0x200, 4), 0);
	assert_int_equal(get(0x404, 4), 0);
}

static void targets(void **state)
{
	(void)state;
	assert_int_equal(get(0x800, 4), 0x01010101);
	fake_cpu = 2;
	assert_int_equal(get(0x81c, 4), 0x04040404);
	set(0x800, 4, UINT32_MAX);
	assert_int_equal(get(0x800, 4), 0x04040404);
	fake_cpu = 0;
	assert_int_equal(get(0x828, 4), 0);
	set(0x828, 4, 0xf3050208);
	assert_int_equal(get(0x828, 4), 0x03050208);
	assert_int_equal(machine.route[RTC], 3);
	set(0x828, 1, 2);
	assert_int_equal(get(0x828, 1), 2);
	assert_int_equal(machine.route[RTC], 1);
	assert_int_equal(get(0x860, 4), 0); /* beyond the last */
	/* To nobody it waits; to two, one of them takes it. */
	set(0x104, 4, 1U << 18);
	set(0xc0c, 4, 2U << 4);
	vgic_pend(&g, 0, 50);
	assert_int_equal(machine.kicks, 0);
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
	set(0x832, 1, 6);
	assert_int_equal(machine.kicks, 6);
	serve_kicks();
	assert_int_equal(guest_ack(1), 50);
	assert_int_equal(guest_ack(2), NO_INTID);
}

/* Of two targets one has it and goes off before it takes it: the other one does. */
static void target_goes_off(void **state)
{
	(void)state;
	set(0x80, 4, 0);
	set(0x100 + 4, 4, 1U << 10);
	set(0x800 + 42, 1, 3);
	vgic_pend(&g, 0, 42);
	enter(0);
	serve_kicks();
	assert_true(machine_find_lr(0, 42) >= 0);
	assert_int_equal(machine_find_lr(1, 42), -1);
	vgic_cpu_put(&cpus[0]);
	assert_int_equal(machine.kicks, 2);
	serve_kicks();
	assert_int_equal(guest_ack(1), 42);
}

static void one_cpu_has_no_targets(void **state)
{
	(void)state;
	start(1);
	set(0x820, 4, 0x01010101);
	assert_int_equal(get(0x820, 4) | get(0x800, 4), 0);
	set(0x104, 4, 1U << 18);
	vgic_pend(&g, 0, 50);
	enter(0);
	assert_int_equal(guest_ack(0), 50);
}

static void sgi_targets(void **state)
{
	(void)state;
	fake_cpu = 1;
	set(0xf00, 4, 0xf5U << 16 | 5U);
	assert_int_equal(machine.kicks, 5);
	serve_kicks();
	assert_int_equal(guest_ack(0), 5);
	assert_int_equal(guest_ack(2), 5);
	assert_int_equal(guest_ack(1), NO_INTID);
	set(0xf00, 4, 1U << 24 | 0xffU << 16 | 7U);
	assert_int_equal(machine.kicks, 0xd);
	serve_kicks();
	assert_int_equal(guest_ack(3), 7);
	set(0xf00, 4, 2U << 24 | 9U);
	set(0xf00, 4, 3U << 24 | 0xffU << 16 | 10U);
	assert_int_equal(machine.kicks, 0);
	set(0x409, 1, 0x5f);
	enter(1);
	assert_int_equal(machine.lr[1][machine_find_lr(1, 9)] >> 48 & 0xff, 0x58);
	assert_int_equal(guest_ack(1), 9);
	assert_int_equal(guest_sender(1, 9), 1);
	assert_int_equal(guest_ack(1), NO_INTID);
}

static void send(uint32_t from, uint32_t to, uint32_t sgi)
{
	const uint32_t back = fake_cpu;

	fake_cpu = from;
	set(0xf00, 4, 1U << (16U + to) | sgi);
	fake_cpu = back;
	enter(to);
}

/* One list register for an SGI, whatever its senders; each comes, at the end of the one before, by an interrupt. */
static void senders_take_turns(void **state)
{
	uint32_t seen = 0;

	(void)state;
	send(1, 0, 3);
	send(2, 0, 3);
	send(3, 0, 3);
	send(2, 0, 3);
	assert_int_equal(get(0xf13, 1), 0xe);
	assert_int_equal(get(0xf20, 4), UINT64_C(0x0e000000));
	enter(0);
	for (uint32_t i = 0; i < 3U; i++) {
		assert_int_equal(guest_ack(0), 3);
		seen |= 1U << guest_sender(0, 3);
		assert_int_equal(guest_ack(0), NO_INTID);
		guest_eoi(0, 3);
		assert_int_equal(machine_maintenance(0), i != 2U);
		enter(0);
	}
	assert_int_equal(seen, 0xe);
	assert_int_equal(guest_ack(0), NO_INTID);
	assert_int_equal(get(0x200, 4), 0);
}

/* Its list register of last time says another sender; by the quick way all the same. */
static void next_sender_is_another(void **state)
{
	uint32_t accesses;

	(void)state;
	for (uint32_t i = 0; i < 6U; i++) {
		send(1U + i % 2U, 0, 3);
		assert_int_equal(guest_ack(0), 3);
		assert_int_equal(guest_sender(0, 3), 1U + i % 2U);
		guest_eoi(0, 3);
	}
	/* The same again: one write, without the lock. */
	accesses = machine.lr_accesses;
	fake_cpu = 2;
	set(0xf00, 4, 1U << 16 | 3U);
	fake_cpu = 0;
	lock_acquire(&g.lock);
	enter(0);
	lock_release(&g.lock);
	assert_int_equal(machine.lr_accesses, accesses + 1U);
	assert_int_equal(guest_ack(0), 3);
}

static void set_and_clear_senders(void **state)
{
	(void)state;
	set(0xf26, 1, 0xf4);
	assert_int_equal(get(0xf16, 1), 4); /* no such vCPUs */
	set(0xf24, 4, 0x00030000);
	enter(0);
	assert_int_equal(get(0xf24, 4), 0x00070000);
	assert_int_equal(get(0x200, 4), 1U << 6);
	set(0xf14, 4, 0x00050000);
	enter(0);
	assert_int_equal(guest_ack(0), 6);
	assert_int_equal(guest_sender(0, 6), 1);
	set(0xf16, 1, 0xff);
	guest_eoi(0, 6);
	enter(0);
	assert_int_equal(guest_ack(0), NO_INTID);
}

/* Where more are active than list registers hold, GICC_DIR says which one ended; with ends in one it says nothing. */
static void dir(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 6U; i++) {
		set(0x104, 4, 1U << (16U + i));
		set(0x830 + i, 1, 1);
		vgic_pend(&g, 0, 48U + i);
		enter(0);
		assert_int_equal(guest_ack(0), 48U + i);
		enter(0);
	}
	assert_int_equal(vgic_v2_dir_ops.write(&g, 0, 0, 4, 50), VDEV_OK);
	assert_int_equal(get(0x304, 4), 0x3fU << 16);
	machine.vmcr[0] = 1U << 9;
	assert_int_equal(vgic_v2_dir_ops.write(&g, 0, 4, 4, 50), VDEV_OK);
	assert_int_equal(vgic_v2_dir_ops.write(&g, 0, 0, 4, 50), VDEV_OK);
	assert_int_equal(vgic_v2_dir_ops.write(&g, 0, 0, 4, 0x3ff), VDEV_OK);
	assert_int_equal(get(0x304, 4), 0x3bU << 16);
}

/* Put away, its physical interrupts are ended, since a reset elsewhere could not; SGIs wait with their senders. */
static void put_and_load(void **state)
{
	struct phys_irq *p = machine_phys(0, VTIMER);

	(void)state;
	set(0x100, 4, 1U << VTIMER);
	assert_true(p->enabled);
	p->active = true;
	assert_true(vgic_inject_hw_ppi(&cpus[0], VTIMER));
	set(0xf00, 4, 2U << 24 | 9U);
	enter(0);
	machine.apr[0] = 0x11;
	vgic_cpu_put(&cpus[0]);
	assert_false(p->active);
	assert_false(p->enabled);
	assert_int_equal(machine.hcr[0], 0);
	vgic_cpu_load(&cpus[0]);
	assert_int_equal(machine.apr[0], 0);
	assert_true(p->enabled);
	vgic_flush(&cpus[0]);
	assert_int_equal(guest_ack(0), 9);
	assert_int_equal(guest_ack(0), NO_INTID);
	vgic_cpu_put(&cpus[0]);
	assert_true(vgic_reset_step(&g, &(uint32_t){ 0 }));
	vgic_cpu_load(&cpus[0]);
	assert_int_equal(get(0x100, 4), 0xffff);
	assert_int_equal(get(0x300, 4), 0);
	assert_int_equal(machine.vmcr[0], 0);
}

/* A reset on another CPU does not reach what the guest left pending and active of its own: its next start does. */
static void left_by_a_reset(void **state)
{
	struct phys_irq *p = machine_phys(1, VTIMER);

	(void)state;
	fake_cpu = 1;
	set(0x200, 4, 1U << VTIMER);
	set(0x300, 4, 1U << VTIMER);
	assert_true(p->pending && p->active);
	vgic_cpu_put(&cpus[1]);
	vgic_cpu_load(&cpus[1]);
	/* Over CPU_OFF and CPU_ON they stay. */
	assert_true(p->pending && p->active);
	assert_int_equal(get(0x200, 4) & get(0x300, 4), 1U << VTIMER);
	vgic_cpu_put(&cpus[1]);
	fake_cpu = 0;
	vgic_cpu_put(&cpus[0]);
	assert_true(vgic_reset_step(&g, &(uint32_t){ 0 }));
	fake_cpu = 1;
	vgic_cpu_load(&cpus[1]);
	assert_false(p->pending || p->active);
	assert_int_equal(get(0x200, 4) | get(0x300, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity, set_up_v2),
		cmocka_unit_test_setup(wrong_sizes_fault, set_up_v2),
		cmocka_unit_test_setup(private_words, set_up_v2),
		cmocka_unit_test_setup(targets, set_up_v2),
		cmocka_unit_test_setup(target_goes_off, set_up_v2),
		cmocka_unit_test_setup(one_cpu_has_no_targets, set_up_v2),
		cmocka_unit_test_setup(sgi_targets, set_up_v2),
		cmocka_unit_test_setup(senders_take_turns, set_up_v2),
		cmocka_unit_test_setup(next_sender_is_another, set_up_v2),
		cmocka_unit_test_setup(set_and_clear_senders, set_up_v2),
		cmocka_unit_test_setup(dir, set_up_v2),
		cmocka_unit_test_setup(put_and_load, set_up_v2),
		cmocka_unit_test_setup(left_by_a_reset, set_up_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
