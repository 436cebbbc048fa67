// SPDX-License-Identifier: MIT
/*
 * The interrupt controller as TAP, GICv3 or GICv2: levels, active state, split ends, groups, bytes, routes, senders,
 * and more sources than any hardware has list registers for. Runs on bare QEMU (EL1) too, which is the reference.
 */
#include "guest.h"

#define FIRST 64U /* SPIs that nothing drives */
#define NR 48U
#define ROUNDS 30U
#define ISENABLER (GICD_BASE + 0x100)
#define ICENABLER (GICD_BASE + 0x180)
#define ISPENDR (GICD_BASE + 0x200)
#define ISACTIVER (GICD_BASE + 0x300)
#define IPRIORITYR (GICD_BASE + 0x400)
#define ITARGETSR (GICD_BASE + 0x800)
#define ICFGR (GICD_BASE + 0xc00)
#define SGIR (GICD_BASE + 0xf00)
#define CPENDSGIR (GICD_BASE + 0xf10)
#define SPENDSGIR (GICD_BASE + 0xf20)

static volatile uint32_t others_up, sent, stop;

static bool bit_of(uint64_t reg, uint32_t intid)
{
	return (mmio_read32(reg + intid / 32 * 4) >> intid % 32 & 1) != 0;
}

static void set_bit_of(uint64_t reg, uint32_t intid)
{
	mmio_write32(reg + intid / 32 * 4, 1U << intid % 32);
}

static bool soon(uint64_t reg, uint32_t intid, bool want)
{
	uint64_t end = now() + ms_to_ticks(500);

	while (bit_of(reg, intid) != want) {
		if (now() > end) {
			return false;
		}
		pause_cpu();
	}
	return true;
}

/* Takes the next one; where there are more than list registers, the next may be a moment away. */
static uint32_t take(void)
{
	uint64_t end = now() + ms_to_ticks(200);
	uint32_t ack;

	while (((ack = gic_ack()) & 0x3ff) >= 1020 && now() < end) {
		pause_cpu();
	}
	return ack;
}

static bool none(void)
{
	uint64_t end = now() + ms_to_ticks(2);

	while (now() < end) {
		pause_cpu();
	}
	uint32_t ack = gic_ack();

	if ((ack & 0x3ff) < 1020) {
		gic_eoi(ack);
		return false;
	}
	return true;
}

static void test_level(void)
{
	uint64_t pend = gic_private() + 0x200, active = gic_private() + 0x300;
	uint32_t ack;

	write_sysreg(cntv_cval_el0, 0);
	write_sysreg(cntv_ctl_el0, 1);
	tap(soon(pend, PPI_VTIMER, true), "ISPENDR0 shows a timer's level while the interrupt is disabled");
	write_sysreg(cntv_ctl_el0, 0);
	tap(soon(pend, PPI_VTIMER, false), "and that it fell");
	gic_enable(PPI_VTIMER);
	write_sysreg(cntv_ctl_el0, 1);
	tap(soon(pend, PPI_VTIMER, true), "ISPENDR0 shows it while the interrupt is enabled");
	write_sysreg(cntv_ctl_el0, 0);
	tap(soon(pend, PPI_VTIMER, false), "and that it fell before it was taken");
	tap(none(), "it is not taken any more");
	write_sysreg(cntv_ctl_el0, 1);
	(void)soon(pend, PPI_VTIMER, true);
	ack = take();
	tap_eq(ack, PPI_VTIMER, "it is taken");
	tap(bit_of(active, PPI_VTIMER), "ISACTIVER0 shows that it is active");
	tap(soon(pend, PPI_VTIMER, true), "and ISPENDR0 its level, which is still high");
	write_sysreg(cntv_ctl_el0, 0);
	tap(soon(pend, PPI_VTIMER, false), "which falls");
	gic_eoi(ack);
	tap(!bit_of(active, PPI_VTIMER), "its end is seen in ISACTIVER0");
	tap(none(), "a level that fell does not come again");
	gic_disable(PPI_VTIMER);
}

static void spi_setup(uint32_t intid, uint32_t prio, uint32_t cpu)
{
	uint64_t cfg = ICFGR + intid / 16 * 4;

	gic_enable(intid);
	mmio_write32(cfg, mmio_read32(cfg) | 2U << intid % 16 * 2);
	mmio_write8(IPRIORITYR + intid, (uint8_t)prio);
	gic_route(intid, cpu);
	irq_count[cpu][intid] = 0;
}

/* All pending at once, taken one by one: in order of priority, each of them once. */
static void test_order(void)
{
	uint32_t last = 0, taken = 0, wrong = 0, twice = 0, ack;

	for (uint32_t i = 0; i < NR; i++) {
		spi_setup(FIRST + i, i * 7 % 16 * 16, 0);
	}
	mmio_write32(ISPENDR + 8, ~0U);
	mmio_write32(ISPENDR + 12, 0xffff);
	while (((ack = take()) & 0x3ff) < 1020 && taken <= NR) {
		uint32_t prio = (ack - FIRST) * 7 % 16 * 16;

		wrong += prio < last ? 1 : 0;
		last = prio;
		twice += ack < FIRST || ack >= FIRST + NR || irq_count[0][ack]++ != 0 ? 1 : 0;
		taken++;
		gic_eoi(ack);
	}
	tap_eq(taken, NR, "48 pending at once are all taken");
	tap_eq(twice, 0, "each of them once");
	tap_eq(wrong, 0, "in the order of their priorities");
	tap_eq(mmio_read32(ISPENDR + 8) | mmio_read32(ISACTIVER + 8), 0, "nothing is left of them");
}

/* Each preempts the one before, with no end between: more are active than there are list registers. */
static void test_nested(void)
{
	uint32_t good = 0, active = 0;

	for (uint32_t i = 0; i < 16; i++) {
		spi_setup(FIRST + i, 0xf0 - i * 16, 0);
		set_bit_of(ISPENDR, FIRST + i);
		good += take() == FIRST + i ? 1 : 0;
	}
	tap_eq(good, 16, "16 interrupts nest");
	active = mmio_read32(ISACTIVER + 8);
	tap_eq(active & 0xffff, 0xffff, "ISACTIVER shows them all");
	for (uint32_t i = 16; i-- > 0;) {
		gic_eoi(FIRST + i);
	}
	tap_eq(mmio_read32(ISACTIVER + 8), 0, "they end as they began");
	set_bit_of(ISPENDR, FIRST);
	tap_eq(take(), FIRST, "the first can be taken again");
	gic_eoi(FIRST);
}

static void test_split(void)
{
	uint32_t ack;

	gic_split_ends(true);
	spi_setup(FIRST, 0x40, 0);
	set_bit_of(ISPENDR, FIRST);
	ack = take();
	gic_eoi(ack);
	tap(bit_of(ISACTIVER, FIRST), "with split ends it is active after its priority was dropped");
	set_bit_of(ISPENDR, FIRST);
	tap(none(), "its next time waits");
	gic_deactivate(ack);
	tap(!bit_of(ISACTIVER, FIRST), "its deactivation ends it");
	tap_eq(take(), FIRST, "and its next time comes");
	gic_eoi(FIRST);
	gic_deactivate(FIRST);
	/* out of order, which split ends are for */
	spi_setup(FIRST + 1, 0x40, 0);
	set_bit_of(ISPENDR, FIRST);
	gic_eoi(take());
	set_bit_of(ISPENDR, FIRST + 1);
	gic_eoi(take());
	tap_eq(mmio_read32(ISACTIVER + 8) & 3, 3, "two are active");
	gic_deactivate(FIRST);
	tap_eq(mmio_read32(ISACTIVER + 8) & 3, 2, "the first ends before the second");
	gic_deactivate(FIRST + 1);
	tap_eq(mmio_read32(ISACTIVER + 8) & 3, 0, "then that");
	gic_split_ends(false);
}

/* An interrupt of group 0 is an FIQ: always on a GICv3, where it is asked for on a GICv2. */
static void test_group_0(void)
{
	uint64_t group = gic_private() + 0x80;
	uint32_t was = mmio_read32(group), ctlr = mmio_read32(GICD_BASE);
	uint64_t isr;

	gic_enable(11);
	mmio_write32(group, was & ~(1U << 11));
	tap_eq(mmio_read32(group) >> 11 & 1, 0, "IGROUPR0 puts an SGI into group 0");
	if (gic_v2()) {
		mmio_write32(GICC_BASE, 9); /* FIQEn */
		gic_sgi(11, 0);
	} else {
		mmio_write32(GICD_BASE, ctlr | 1);
		write_sysreg(S3_0_C12_C12_6, 1); /* ICC_IGRPEN0_EL1 */
		set_bit_of(gic_private() + 0x200, 11);
	}
	(void)soon(gic_private() + 0x200, 11, true);
	isr = read_sysreg(isr_el1);
	tap_eq(isr & 0xc0, 0x40, "it shows as an FIQ");
	if (gic_v2()) {
		gic_eoi(take());
		mmio_write32(GICC_BASE, 1);
	} else {
		tap_eq(read_sysreg(S3_0_C12_C8_0), 11, "ICC_IAR0_EL1 takes it");
		write_sysreg(S3_0_C12_C8_1, 11); /* ICC_EOIR0_EL1 */
		write_sysreg(S3_0_C12_C12_6, 0);
	}
	mmio_write32(GICD_BASE, ctlr);
	mmio_write32(group, was);
	gic_disable(11);
}

static void test_bytes(void)
{
	spi_setup(FIRST, 0x20, 0);
	mmio_write32(IPRIORITYR + FIRST, 0x80604020);
	mmio_write8(IPRIORITYR + FIRST + 2, 0xa0);
	tap_eq(mmio_read32(IPRIORITYR + FIRST), 0x80a04020, "IPRIORITYR takes a byte");
	tap_eq(mmio_read8(IPRIORITYR + FIRST + 3), 0x80, "and gives one");
	mmio_write8(gic_private() + 0x41b, 0x60);
	tap_eq(mmio_read8(gic_private() + 0x41b), 0x60, "so does a private interrupt's");
	if (!gic_v2()) {
		return;
	}
	mmio_write32(ITARGETSR + FIRST, 0x01010101);
	mmio_write8(ITARGETSR + FIRST + 1, 0);
	tap_eq(mmio_read32(ITARGETSR + FIRST), 0x01010001, "ITARGETSR takes a byte");
	tap_eq(mmio_read8(ITARGETSR + FIRST + 2), 1, "and gives one");
	tap_eq(mmio_read32(ITARGETSR + 16), 0x01010101, "a private interrupt targets its CPU");
	mmio_write32(ISENABLER, 0xffff);
	mmio_write32(ICENABLER, 0xffff);
	tap_eq(mmio_read32(ISENABLER) & 0xffff, 0xffff, "SGIs can't be disabled");
	mmio_write32(ISPENDR, 0xffff);
	tap_eq(mmio_read32(ISPENDR) & 0xffff, 0, "SGIs don't become pending by ISPENDR");
	mmio_write8(SPENDSGIR + 10, 2);
	tap_eq(mmio_read8(CPENDSGIR + 10), 2, "SPENDSGIR takes a byte, CPENDSGIR shows it");
	tap_eq(mmio_read32(SPENDSGIR + 8), 0x20000, "SPENDSGIR shows it as a word");
	tap(bit_of(ISPENDR, 10), "ISPENDR0 does");
	mmio_write32(CPENDSGIR + 8, 0x20000);
	tap(!bit_of(ISPENDR, 10) && mmio_read8(SPENDSGIR + 10) == 0, "CPENDSGIR takes it back");
	tap(none(), "nothing is pending then");
}

static void other_main(void)
{
	gic_cpu_init();
	for (uint32_t i = 0; i < 16; i++) {
		gic_enable(i);
	}
	irq_on();
	__atomic_fetch_add(&others_up, 1, __ATOMIC_SEQ_CST);
	while (stop == 0) {
		pause_cpu();
	}
	/* the second CPU: one SGI after the other, each once the one before was taken */
	for (uint32_t k = 0; stop == 1 && cpu_id() == 1; k++) {
		uint32_t before = irq_count[0][k % 8];

		gic_sgi(k % 8, 0);
		sent++;
		if (!wait_count(&irq_count[0][k % 8], before + 1, 2000)) {
			break;
		}
	}
	irq_off();
}

static void test_routes(void)
{
	spi_setup(FIRST, 0x40, 1);
	set_bit_of(ISPENDR, FIRST);
	tap(wait_count(&irq_count[1][FIRST], 1, 1000), "an SPI goes to the CPU that it is routed to");
	gic_route(FIRST, 0);
	set_bit_of(ISPENDR, FIRST);
	tap_eq(take(), FIRST, "and to another one when that changes");
	gic_eoi(FIRST);
	/* QEMU's own GICv2 gives it to each of them */
	if (gic_v2() && on_freehold()) {
		uint64_t end = now() + ms_to_ticks(1000);

		irq_count[0][FIRST] = irq_count[1][FIRST] = 0;
		mmio_write8(ITARGETSR + FIRST, 3);
		irq_on();
		set_bit_of(ISPENDR, FIRST);
		while (irq_count[0][FIRST] + irq_count[1][FIRST] == 0 && now() < end) {
			pause_cpu();
		}
		(void)soon(ISACTIVER, FIRST, false);
		irq_off();
		tap_eq(irq_count[0][FIRST] + irq_count[1][FIRST], 1, "of two targets one takes it");
		mmio_write8(ITARGETSR + FIRST, 1);
	}
}

/* To all others, to a list, to itself. */
static void test_sgi_to_many(uint32_t cpus)
{
	uint32_t all = (1U << cpus) - 1, got = 0;

	for (uint32_t i = 1; i < cpus; i++) {
		irq_count[i][12] = irq_count[i][13] = 0;
	}
	if (gic_v2()) {
		mmio_write32(SGIR, 1U << 24 | 12);
		mmio_write32(SGIR, (all & ~1U) << 16 | 13);
		mmio_write32(SGIR, 2U << 24 | 14);
	} else {
		write_sysreg(S3_0_C12_C11_5, 1UL << 40 | 12UL << 24);
		write_sysreg(S3_0_C12_C11_5, 13UL << 24 | (all & ~1U));
		gic_sgi(14, 0);
	}
	for (uint32_t i = 1; i < cpus; i++) {
		got += wait_count(&irq_count[i][12], 1, 1000) && wait_count(&irq_count[i][13], 1, 1000) ? 1 : 0;
	}
	tap_eq(got, cpus - 1, "SGIs to all others and to a list reach them all");
	tap_eq(take() & 0x3ff, 14, "one to itself comes, and none that was for the others");
	gic_eoi(14);
	tap(none(), "and no more");
}

static void send_9(void)
{
	gic_sgi(9, 0);
	others_up = 0;
}

/* GICv2: an SGI of two senders is two interrupts. */
static void test_senders(uint64_t other)
{
	uint32_t first, second;

	others_up = 1;
	cpu_start(other, send_9);
	gic_sgi(9, 0);
	for (uint64_t end = now() + ms_to_ticks(2000); others_up != 0 && now() < end;) {
		pause_cpu();
	}
	tap_eq(mmio_read8(CPENDSGIR + 9), 3, "an SGI pends by sender");
	first = take();
	tap(first == 9 || first == (1U << 10 | 9), "one of them is taken");
	tap_eq(mmio_read8(CPENDSGIR + 9), first == 9 ? 2 : 1, "the other waits");
	tap(none(), "while the first is active");
	gic_eoi(first);
	second = take();
	tap_eq(second, first ^ 1U << 10, "and comes after its end, with its sender");
	gic_eoi(second);
	tap(none(), "and no more");
}

/* Thirty times 48 SPIs at once, and another CPU's SGIs all the while: as many come as were sent. */
static void test_storm(void)
{
	uint32_t good = 0, bad = 0, sgis = 0;

	for (uint32_t i = 0; i < NR; i++) {
		spi_setup(FIRST + i, i * 5 % 16 * 16, 0);
	}
	for (uint32_t i = 0; i < 8; i++) {
		irq_count[0][i] = 0;
	}
	irq_spurious = 0;
	irq_on();
	stop = 1;
	for (uint32_t r = 1; r <= ROUNDS; r++) {
		mmio_write32(ISPENDR + 8, ~0U);
		mmio_write32(ISPENDR + 12, 0xffff);
		for (uint32_t i = 0; i < NR; i++) {
			good += wait_count(&irq_count[0][FIRST + i], r, 2000) ? 1 : 0;
		}
	}
	(void)wait_count(&sent, 20, 5000);
	stop = 2;
	for (uint64_t end = now() + ms_to_ticks(2000); sgis < sent && now() < end;) {
		sgis = 0;
		for (uint32_t i = 0; i < 8; i++) {
			sgis += irq_count[0][i];
		}
	}
	irq_off();
	for (uint32_t i = 0; i < NR; i++) {
		bad += irq_count[0][FIRST + i] != ROUNDS ? 1 : 0;
	}
	tap_eq(good, NR * ROUNDS, "in a storm of 1440 SPIs none is lost");
	tap_eq(bad, 0, "and none comes twice");
	tap(sent >= 20, "the other CPU's SGIs went on all the while");
	tap_eq(sgis, sent, "each of them came once");
	tap_eq(irq_spurious, 0, "nothing spurious came");
}

static bool wait_off(uint64_t mpidr)
{
	for (uint64_t end = now() + ms_to_ticks(3000); hvc(PSCI_AFFINITY_INFO, mpidr, 0, 0) != 1;) {
		if (now() > end) {
			return false;
		}
		pause_cpu();
	}
	return true;
}

void guest_main(void)
{
	uint64_t self = read_sysreg(mpidr_el1) & 0xff00ffffffUL;
	uint32_t cpus = 1;

	print("\n# freehold gictest on %s, GICv%u\n", on_freehold() ? "freehold" : "bare", gic_v2() ? 2 : 3);
	gic_init();
	gic_cpu_init();
	for (uint32_t i = 0; i < 16; i++) {
		gic_enable(i);
	}
	test_level();
	test_order();
	test_nested();
	test_split();
	test_group_0();
	test_bytes();
	while (cpus < GUEST_MAX_CPUS && hvc(PSCI_AFFINITY_INFO, self + cpus, 0, 0) == 1) {
		cpus++;
	}
	if (gic_v2()) {
		test_senders(self + 1);
		(void)wait_off(self + 1);
	}
	others_up = 0;
	for (uint32_t i = 1; i < cpus; i++) {
		cpu_start(self + i, other_main);
	}
	tap(wait_count(&others_up, cpus - 1, 3000), "the other CPUs are up");
	test_routes();
	test_sgi_to_many(cpus);
	test_storm();
	tap_end();
	system_off();
}
