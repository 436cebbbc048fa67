// SPDX-License-Identifier: MIT
/*
 * What a guest may rely on, as TAP: PSCI, GICv3, timers, SGIs, a second CPU. Runs on bare QEMU (EL1) too, which is
 * the reference: cases that only a hypervisor answers are skipped there.
 */
#include "guest.h"

static bool freehold;
static volatile uint32_t second_up;
static volatile uint32_t second_sgi;

static void test_psci(void)
{
	uint64_t self = read_sysreg(mpidr_el1) & 0xff00ffffffUL;
	long version = hvc(PSCI_VERSION, 0, 0, 0);

	tap(version >= 0x10000 && version < 0x20000, "PSCI_VERSION is 1.x");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, self, 0, 0), 0, "AFFINITY_INFO of this CPU is ON");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, 0x70707, 0, 0), (uint64_t)PSCI_INVALID_PARAMETERS,
	       "AFFINITY_INFO of no CPU is INVALID_PARAMETERS");
	tap_eq((uint64_t)cpu_start(self, NULL), (uint64_t)PSCI_ALREADY_ON, "CPU_ON of this CPU is ALREADY_ON");
	tap_eq((uint64_t)cpu_start(0x70707, NULL), (uint64_t)PSCI_INVALID_PARAMETERS,
	       "CPU_ON of no CPU is INVALID_PARAMETERS");
	tap_eq((uint64_t)cpu_start(1UL << 31 | self, NULL), (uint64_t)PSCI_INVALID_PARAMETERS,
	       "CPU_ON with MPIDR bit 31 is INVALID_PARAMETERS");
	tap_eq((uint64_t)cpu_start(1UL << 32 | self, NULL), (uint64_t)PSCI_INVALID_PARAMETERS,
	       "CPU_ON of an affinity 3 that is not there is INVALID_PARAMETERS");
	tap_eq((uint64_t)hvc(PSCI_FEATURES, PSCI_CPU_ON, 0, 0), 0, "PSCI_FEATURES knows CPU_ON");
	tap_eq((uint64_t)hvc(PSCI_FEATURES, 0x8400ff00, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED,
	       "PSCI_FEATURES of an unknown function is NOT_SUPPORTED");
	tap_eq((uint64_t)hvc(0x8400ff00, 0, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED,
	       "an unknown function is NOT_SUPPORTED");
	if (!freehold) {
		tap_skip("SMCCC_VERSION, other ranges and SMC", "bare");
		return;
	}
	tap(hvc(PSCI_FEATURES, SMCCC_VERSION, 0, 0) == 0, "PSCI_FEATURES knows SMCCC_VERSION");
	tap(hvc(SMCCC_VERSION, 0, 0, 0) >= 0x10001, "SMCCC_VERSION is 1.1 or later");
	tap_eq((uint64_t)hvc(0xc6001234, 0, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED,
	       "an unknown vendor function is NOT_SUPPORTED");
	tap_eq((uint64_t)hvc(0x12345678, 0, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED,
	       "an unknown yielding function is NOT_SUPPORTED");
	tap_eq((uint64_t)smc(PSCI_VERSION, 0, 0, 0), (uint64_t)version, "PSCI by SMC answers as by HVC");
	tap_eq((uint64_t)smc(0xc2001234, 0, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED,
	       "an unknown function by SMC is NOT_SUPPORTED");
}

static void test_gic_version(void)
{
	uint64_t rd;

	if (gic_v2()) {
		tap((mmio_read32(GICD_BASE) & 3) == 1, "GICD_CTLR shows group 0 enabled");
		tap((mmio_read32(GICC_BASE) & 1) == 1, "GICC_CTLR shows group 0 enabled");
		tap((mmio_read32(GICC_BASE + 4) & 0xf8) == 0xf8, "GICC_PMR keeps the mask");
		return;
	}
	rd = gic_rdist();
	tap((mmio_read32(GICD_BASE) & 0x12) == 0x12, "GICD_CTLR shows ARE and group 1 enabled");
	tap((mmio_read32(GICD_BASE + 0xffe8) >> 4 & 0xf) >= 3, "GICD_PIDR2 says GICv3");
	tap((mmio_read32(rd + 0xffe8) >> 4 & 0xf) >= 3, "GICR_PIDR2 says GICv3");
	(void)mmio_read32(GICD_BASE + 0x7ff0);
	tap(true, "a reserved GICD offset does no harm");
}

static void test_gic(void)
{
	uint64_t priv = gic_private();

	tap((mmio_read32(GICD_BASE + 0x4) & 0x1f) >= 1, "GICD_TYPER tells of SPIs");
	test_gic_version();
	mmio_write32(GICD_BASE + 0x104, 1U << 8);
	tap((mmio_read32(GICD_BASE + 0x104) & 1U << 8) != 0 || freehold, "GICD_ISENABLER1 keeps an SPI's bit");
	mmio_write32(GICD_BASE + 0x184, 1U << 8);
	tap((mmio_read32(GICD_BASE + 0x104) & 1U << 8) == 0, "GICD_ICENABLER1 clears it");
	mmio_write32(priv + 0x100, 1U << 25);
	tap((mmio_read32(priv + 0x100) & 1U << 25) != 0, "ISENABLER0 keeps a PPI's bit");
	mmio_write32(priv + 0x180, 1U << 25);
	tap((mmio_read32(priv + 0x100) & 1U << 25) == 0, "ICENABLER0 clears it");
	mmio_write32(priv + 0x408, 0x10203040);
	tap_eq(mmio_read32(priv + 0x408) & 0xe0e0e0e0, 0x00202040, "IPRIORITYR keeps priorities");
}

static void test_timer(uint32_t intid, const char *irq, const char *late)
{
	uint64_t due, took, start;

	gic_enable(intid);
	irq_on();
	start = now();
	due = (intid == PPI_VTIMER ? start : read_sysreg(cntpct_el0)) + ms_to_ticks(5);
	if (intid == PPI_VTIMER) {
		write_sysreg(cntv_cval_el0, due);
		write_sysreg(cntv_ctl_el0, 1);
	} else {
		write_sysreg(cntp_cval_el0, due);
		write_sysreg(cntp_ctl_el0, 1);
	}
	tap(wait_count(&irq_count[cpu_id()][intid], 1, 1000), irq);
	took = now() - start;
	tap(took >= ms_to_ticks(5), late);
	irq_off();
	tap_eq(irq_count[cpu_id()][intid], 1, "it came once");
	gic_disable(intid);
}

static void test_wfi(void)
{
	uint32_t *count = (uint32_t *)(uintptr_t)&irq_count[cpu_id()][PPI_VTIMER];
	uint32_t before = *count;

	gic_enable(PPI_VTIMER);
	write_sysreg(cntv_tval_el0, ms_to_ticks(2));
	write_sysreg(cntv_ctl_el0, 1);
	__asm__ volatile("wfi" ::: "memory");
	tap((read_sysreg(cntv_ctl_el0) & 4) != 0, "WFI ends by the virtual timer, masked");
	irq_on();
	tap(wait_count(count, before + 1, 1000), "the interrupt is taken once unmasked");
	irq_off();
	gic_disable(PPI_VTIMER);
}

static void test_masked(void)
{
	/* a timer that is disabled before it is taken leaves nothing behind */
	uint32_t before = irq_count[cpu_id()][PPI_VTIMER];

	gic_enable(PPI_VTIMER);
	write_sysreg(cntv_tval_el0, 0);
	write_sysreg(cntv_ctl_el0, 1);
	for (uint64_t end = now() + ms_to_ticks(1); now() < end;) {
		pause_cpu();
	}
	tap((read_sysreg(isr_el1) & 0x80) != 0, "ISR_EL1 shows it pending");
	write_sysreg(cntv_ctl_el0, 0);
	for (uint64_t end = now() + ms_to_ticks(1); now() < end;) {
		pause_cpu();
	}
	irq_on();
	for (uint64_t end = now() + ms_to_ticks(1); now() < end;) {
		pause_cpu();
	}
	irq_off();
	tap(irq_count[cpu_id()][PPI_VTIMER] <= before + 1, "a level that went away does not repeat");
	gic_disable(PPI_VTIMER);
}

static void test_sgi(void)
{
	uint32_t me = cpu_id();

	gic_enable(3);
	gic_enable(15);
	irq_on();
	gic_sgi(3, me);
	tap(wait_count(&irq_count[me][3], 1, 1000), "an SGI to self comes");
	irq_off();
	gic_sgi(3, me);
	gic_sgi(3, me);
	gic_sgi(15, me);
	irq_on();
	tap(wait_count(&irq_count[me][15], 1, 1000) && wait_count(&irq_count[me][3], 2, 1000),
	    "two SGIs pending at once both come");
	irq_off();
	tap_eq(irq_count[me][3], 2, "an SGI pending twice comes once");
}

static void test_many(void)
{
	/* more interrupts pending than any GIC has list registers: the 16 SGIs, of rising priority */
	uint64_t sgi = gic_private();
	uint32_t me = cpu_id();
	uint32_t seen = 0;

	for (uint32_t i = 0; i < 16; i++) {
		irq_count[me][i] = 0;
		gic_enable(i);
	}
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t p = 0xf0 - i * 0x40;

		mmio_write32(sgi + 0x400 + i * 4, (p - 0x30) << 24 | (p - 0x20) << 16 | (p - 0x10) << 8 | p);
	}
	for (uint32_t i = 0; i < 16; i++) {
		gic_sgi(i, me);
	}
	/* the highest priority is the last that was sent: it must come first, though it did not fit at first */
	uint32_t first = gic_ack();
	gic_eoi(first);
	irq_on();
	for (uint32_t i = 0; i < 15; i++) {
		seen += wait_count(&irq_count[me][i], 1, 1000) ? 1 : 0;
	}
	irq_off();
	tap_eq(first & 0x3ff, 15, "of 16 pending interrupts the highest priority comes first");
	tap_eq(seen, 15, "and the other 15 come too");
	for (uint32_t i = 0; i < 16; i++) {
		gic_disable(i);
		irq_count[me][i] = 0;
	}
}

static void second_main(void)
{
	uint32_t me = cpu_id();

	gic_cpu_init();
	gic_enable(7);
	gic_enable(PPI_VTIMER);
	irq_on();
	second_up = 1;
	if (wait_count(&irq_count[me][7], 1, 5000)) {
		second_sgi = 1;
	}
	write_sysreg(cntv_tval_el0, ms_to_ticks(1));
	write_sysreg(cntv_ctl_el0, 1);
	if (wait_count(&irq_count[me][PPI_VTIMER], 1, 2000)) {
		second_sgi = 2;
	}
	irq_off();
}

static bool wait_off(uint64_t mpidr)
{
	uint64_t end = now() + ms_to_ticks(3000);

	while (hvc(PSCI_AFFINITY_INFO, mpidr, 0, 0) != 1) {
		if (now() > end) {
			return false;
		}
		pause_cpu();
	}
	return true;
}

static void test_second(void)
{
	uint64_t other = (read_sysreg(mpidr_el1) & 0xff00ffffffUL) + 1;
	long info = hvc(PSCI_AFFINITY_INFO, other, 0, 0);

	if (info == PSCI_INVALID_PARAMETERS) {
		tap_skip("the second CPU", "one CPU");
		return;
	}
	tap_eq((uint64_t)info, 1, "AFFINITY_INFO of the second CPU is OFF");
	for (uint32_t round = 0; round < 2; round++) {
		second_up = second_sgi = 0;
		irq_count[1][7] = irq_count[1][PPI_VTIMER] = 0;
		tap_eq((uint64_t)cpu_start(other, second_main), 0, "CPU_ON of the second CPU succeeds");
		tap(wait_count(&second_up, 1, 3000), "it runs");
		tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, other, 0, 0), 0, "AFFINITY_INFO says ON");
		tap_eq((uint64_t)cpu_start(other, second_main), (uint64_t)PSCI_ALREADY_ON,
		       "CPU_ON again is ALREADY_ON");
		gic_sgi(7, (uint32_t)other & 0xff);
		tap(wait_count(&second_sgi, 1, 3000), "an SGI reaches it");
		tap(wait_count(&second_sgi, 2, 3000), "its own timer interrupts it");
		tap(wait_off(other), "CPU_OFF takes it off");
	}
}

void guest_main(void)
{
	freehold = on_freehold();
	print("\n# freehold selftest on %s, mpidr=0x%lx\n", freehold ? "freehold" : "bare", read_sysreg(mpidr_el1));
	tap_eq(read_sysreg(currentel) >> 2, 1, "the guest runs at EL1");
	test_psci();
	gic_init();
	gic_cpu_init();
	test_gic();
	test_timer(PPI_VTIMER, "the virtual timer interrupts", "not before its time");
	test_timer(PPI_PTIMER, "the physical timer interrupts", "not before its time");
	test_wfi();
	test_masked();
	test_sgi();
	test_many();
	test_second();
	tap_end();
	system_off();
}
