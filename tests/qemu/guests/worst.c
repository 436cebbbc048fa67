// SPDX-License-Identifier: MIT
/*
 * What costs EL2 most of each cause (docs/performance.md, "Exits: bounds by cause"): all the domain's vCPUs on, all its
 * SPIs enabled, pending, active, both, the more urgent the higher their number; then each register of 32 interrupts is
 * read, and written with all ones. What it sees is no matter; test_hostile.py counts what EL2 does.
 */
#include "guest.h"

#define SPIS_END 288U
#define IRM (1UL << 40)

static volatile uint32_t up;

static void other(void)
{
	gic_cpu_init();
	__atomic_fetch_add(&up, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		__asm__ volatile("wfi");
	}
}

static uint32_t turn_on(void)
{
	uint32_t nr = 1;

	while (cpu_start(cpu_mpidr(nr), other) == PSCI_SUCCESS) {
		nr++;
	}
	wait_count(&up, nr - 1, 10000);
	return nr;
}

static void all_words(uint32_t off, uint32_t v)
{
	for (uint32_t w = 1; w < SPIS_END / 32; w++) {
		mmio_write32(GICD_BASE + off + 4 * w, v);
	}
}

static void set_up_spis(void)
{
	for (uint32_t n = 32; n < SPIS_END; n++) {
		mmio_write8(GICD_BASE + 0x400 + n, (uint8_t)(0xf8 - n / 9 * 8));
		if (gic_v2()) {
			mmio_write8(GICD_BASE + 0x800 + n, 1);
		}
	}
	all_words(0x80, gic_v2() ? 0 : ~0U);
	all_words(0x100, ~0U);
}

/* One exit after another that finds it all to be done. */
static void calls(uint32_t nr)
{
	hvc(PSCI_VERSION, 0, 0, 0);
	hvc(PSCI_AFFINITY_INFO, cpu_mpidr(nr), 0, 0);
	hvc(PSCI_AFFINITY_INFO, cpu_mpidr(nr - 1), 0, 0);
	hvc(PSCI_CPU_ON, cpu_mpidr(nr - 1), (uint64_t)(uintptr_t)other, 0);
	hvc(PSCI_FEATURES, PSCI_SYSTEM_OFF, 0, 0);
	__asm__ volatile("dc civac, %0" ::"r"(NOWHERE) : "memory");
	(void)read_sysreg(id_aa64mmfr0_el1);
	(void)read_sysreg(id_aa64dfr0_el1);
	trap_expect();
	(void)mmio_read32(NOWHERE);
	(void)trap_taken();
}

static void registers(uint64_t base, uint32_t words)
{
	static const uint32_t offs[] = { 0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 };

	for (uint32_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		for (uint32_t w = 0; w < words; w++) {
			(void)mmio_read32(base + offs[i] + 4 * w);
			mmio_write32(base + offs[i] + 4 * w, ~0U);
			(void)mmio_read32(GICD_BASE);
		}
	}
	for (uint32_t n = 0; n < words * 32; n += 4) {
		mmio_write32(base + 0x400 + n, mmio_read32(base + 0x400 + n));
	}
	for (uint32_t n = 0; n < words * 32; n += 16) {
		mmio_write32(base + 0xc00 + n / 4, mmio_read32(base + 0xc00 + n / 4));
	}
}

static void routes(uint32_t nr)
{
	for (uint32_t n = 32; n < 48; n++) {
		gic_route(n, nr - 1);
		gic_route(n, 0);
	}
}

static void sgis(void)
{
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		if (gic_v2()) {
			mmio_write32(GICD_BASE + 0xf00, 1U << 24 | sgi);
		} else {
			write_sysreg(S3_0_C12_C11_5, IRM | (uint64_t)sgi << 24);
		}
	}
}

/* Takes some that nest, and ends them the one way and the other. */
static void take(bool split)
{
	uint32_t acks[32], n = 0;

	gic_split_ends(split);
	while (n < 32 && (acks[n] = gic_ack(), acks[n] & 0x3ff) < 1020) {
		n++;
	}
	while (n-- != 0) {
		gic_eoi(acks[n]);
		if (split) {
			gic_deactivate(acks[n]);
		}
	}
	gic_split_ends(false);
}

static void round_of(uint32_t nr, uint32_t pending, uint32_t active)
{
	const uint32_t groups = mmio_read32(GICD_BASE);

	set_up_spis();
	mmio_write32(GICD_BASE, groups & ~3U);
	all_words(0x200, pending);
	all_words(0x300, active);
	mmio_write32(GICD_BASE, groups | (gic_v2() ? 1U : 2U));
	calls(nr);
	take(false);
	take(true);
	registers(GICD_BASE, SPIS_END / 32);
	set_up_spis();
	registers(gic_private(), 1);
	routes(nr);
	sgis();
	calls(nr);
	all_words(0x280, ~0U);
	all_words(0x380, ~0U);
}

void guest_main(void)
{
	uint32_t nr;

	irq_off();
	gic_init();
	gic_cpu_init();
	nr = turn_on();
	print("worst: %u CPUs\n", nr);
	for (uint32_t i = 0; i < 2; i++) {
		round_of(nr, 0, 0);
		round_of(nr, ~0U, 0);
		round_of(nr, 0, ~0U);
		round_of(nr, ~0U, ~0U);
		round_of(nr, ~0U, 0x55555555);
	}
	print("worst: done\n");
	system_off();
}
