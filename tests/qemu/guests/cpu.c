// SPDX-License-Identifier: MIT
/*
 * The CPU's own units as a guest finds them, as TAP: debug, PMU, SVE, what is shown and what is withheld. Runs on bare
 * QEMU (EL1) too, which is the reference; a unit that the ID registers don't show is skipped.
 */
#include "guest.h"

#define EC(p) ((p).esr >> 26 & 0x3f)
#define FIELD(v, shift) ((v) >> (shift)&0xf)
#define PPI_PMU 23U
#define MDE (1UL << 15)
#define CYCLES (1UL << 31)

static bool freehold;
static uint64_t watched[2];

void c_nop(void), c_store(void), c_pmu(void), c_dcc(void);

__asm__(".text\n.global c_nop, c_store, c_pmu, c_dcc\n"
	"c_nop: nop\n ret\n"
	"c_store: str xzr, [x0]\n ret\n"
	"c_pmu: mrs x0, pmccntr_el0\n ret\n"
	"c_dcc: mrs x0, mdccsr_el0\n ret\n");

#define TRAPS(insn)                                                                                                    \
	({                                                                                                             \
		trap_expect();                                                                                         \
		__asm__ volatile(insn ::: "x10", "memory");                                                            \
		struct trap t_ = trap_taken();                                                                         \
		t_.taken;                                                                                              \
	})

static void test_oslock(void)
{
	tap_eq(read_sysreg(oslsr_el1) & 0xa, 0xa, "the OS lock is there, and locked at the start");
	write_sysreg(oslar_el1, 0);
	tap_eq(read_sysreg(oslsr_el1) & 0xa, 0x8, "OSLAR_EL1 unlocks it");
	tap(!TRAPS("mrs x10, mdrar_el1"), "MDRAR_EL1 can be read");
	tap(!TRAPS("msr osdlr_el1, xzr"), "OSDLR_EL1 can be written");
	tap(!TRAPS("mrs x10, mdccsr_el0"), "MDCCSR_EL0 can be read");
	tap(probe(c_dcc, 0, MODE_EL0).vector == 0x400, "and from EL0");
}

static void test_breakpoint(void)
{
	const uint64_t at = (uint64_t)(uintptr_t)c_nop;
	struct probe p;

	write_sysreg(dbgbvr0_el1, at);
	write_sysreg(dbgbcr0_el1, 1UL | 2UL << 1 | 0xfUL << 5); /* at EL0 */
	write_sysreg(mdscr_el1, MDE);
	p = probe(c_nop, 0, MODE_EL0);
	tap(EC(p) == 0x30 && p.elr == at && p.vector == 0x400, "a breakpoint stops EL0");
	p = probe(c_nop, 0, MODE_EL1H);
	tap(EC(p) == 0x15, "and EL1 not, as it is not for EL1");
	write_sysreg(dbgbcr0_el1, 0);

	write_sysreg(dbgwvr0_el1, (uint64_t)(uintptr_t)&watched[1]);
	write_sysreg(dbgwcr0_el1, 1UL | 2UL << 1 | 2UL << 3 | 0xffUL << 5); /* stores at EL0 */
	p = probe(c_store, (uint64_t)(uintptr_t)&watched[1], MODE_EL0);
	tap(EC(p) == 0x34 && p.far == (uint64_t)(uintptr_t)&watched[1], "a watchpoint stops a store at EL0");
	p = probe(c_store, (uint64_t)(uintptr_t)&watched[0], MODE_EL0);
	tap(EC(p) == 0x15, "and not one beside it");
	/* EL2's own accesses on the guest's behalf don't meet it */
	hvc(PSCI_VERSION, 0, 0, 0);
	write_sysreg(dbgwcr0_el1, 0);
	write_sysreg(mdscr_el1, 0);
}

static void test_debug_count(void)
{
	const uint64_t dfr0 = read_sysreg(id_aa64dfr0_el1);

	write_sysreg(dbgbvr1_el1, 0x1230);
	tap_eq(read_sysreg(dbgbvr1_el1), 0x1230, "the second breakpoint keeps its address");
	write_sysreg(dbgbvr1_el1, 0);
	write_sysreg(dbgwvr1_el1, 0x1230);
	tap_eq(read_sysreg(dbgwvr1_el1), 0x1230, "the second watchpoint keeps its address");
	write_sysreg(dbgwvr1_el1, 0);
	print("# breakpoints=%lu watchpoints=%lu\n", FIELD(dfr0, 12) + 1, FIELD(dfr0, 20) + 1);
}

static void test_pmu(void)
{
	struct probe p;
	uint64_t a, b;

	if (FIELD(read_sysreg(id_aa64dfr0_el1), 8) == 0) {
		tap_skip("the PMU", "not there");
		return;
	}
	print("# pmcr=0x%lx\n", read_sysreg(pmcr_el0));
	tap((read_sysreg(pmcr_el0) & 1) == 0, "the PMU is off at the start");
	p = probe(c_pmu, 0, MODE_EL0);
	tap(EC(p) == 0x18 && p.vector == 0x400, "EL0 may not read it until PMUSERENR_EL0 says");
	write_sysreg(pmccfiltr_el0, 0);
	write_sysreg(pmcntenset_el0, CYCLES);
	write_sysreg(pmcr_el0, 1 | 1 << 2 | 1 << 6);
	a = read_sysreg(pmccntr_el0);
	pause_cpu();
	for (uint64_t end = now() + ms_to_ticks(1); now() < end;) {
		pause_cpu();
	}
	b = read_sysreg(pmccntr_el0);
	tap(b > a, "the cycle counter counts");
	write_sysreg(pmuserenr_el0, 1);
	p = probe(c_pmu, 0, MODE_EL0);
	tap(EC(p) == 0x15 && p.x0 > b, "EL0 reads it where PMUSERENR_EL0 says");
	write_sysreg(pmuserenr_el0, 0);

	gic_enable(PPI_PMU);
	write_sysreg(pmccntr_el0, 0UL - 100000);
	write_sysreg(pmintenset_el1, CYCLES);
	for (uint64_t end = now() + ms_to_ticks(2000); (read_sysreg(isr_el1) & 0x80) == 0 && now() < end;) {
		pause_cpu();
	}
	tap((read_sysreg(isr_el1) & 0x80) != 0 && (mmio_read32(gic_private() + 0x200) & 1U << PPI_PMU) != 0,
	    "its overflow interrupts");
	write_sysreg(pmintenclr_el1, CYCLES);
	write_sysreg(pmovsclr_el0, CYCLES);
	write_sysreg(pmcr_el0, 0);
	gic_disable(PPI_PMU);
}

/* Z and P registers by their first bytes; EL2 leaves them alone through calls, traps and interrupts. */
static void test_sve(void)
{
	static uint8_t buf[256] __attribute__((aligned(16)));
	uint64_t bytes;
	bool kept = true;

	if (FIELD(read_sysreg(id_aa64pfr0_el1), 32) == 0) {
		tap_skip("SVE", "not there");
		return;
	}
	write_sysreg(cpacr_el1, 3UL << 20 | 3UL << 16);
	write_sysreg(S3_0_C1_C2_0, 0xf);
	__asm__ volatile(".arch_extension sve\n rdvl %0, #1" : "=r"(bytes));
	print("# vector length: %lu bytes, zfr0=0x%lx\n", bytes, read_sysreg(S3_0_C0_C4_4));
	tap(bytes >= 16 && bytes % 16 == 0, "SVE has a vector length");
	__asm__ volatile(".arch_extension sve\n dup z31.b, #0x5a\n ptrue p7.b");
	hvc(PSCI_VERSION, 0, 0, 0);
	(void)mmio_read32(GICD_BASE + 4);
	gic_enable(PPI_VTIMER);
	irq_on();
	write_sysreg(cntv_tval_el0, 0);
	write_sysreg(cntv_ctl_el0, 1);
	wait_count(&irq_count[0][PPI_VTIMER], 1, 1000);
	irq_off();
	gic_disable(PPI_VTIMER);
	__asm__ volatile(".arch_extension sve\n st1b z31.b, p7, [%0]" ::"r"(buf) : "memory");
	for (uint64_t i = 0; i < bytes; i++) {
		kept = kept && buf[i] == 0x5a;
	}
	tap(kept, "its registers survive what EL2 does");
	write_sysreg(S3_0_C1_C2_0, 0);
	__asm__ volatile(".arch_extension sve\n rdvl %0, #1" : "=r"(bytes));
	tap_eq(bytes, 16, "ZCR_EL1 sets the length");
	write_sysreg(cpacr_el1, 3UL << 20);
}

static void test_plain(void)
{
	uint64_t line = 0;

	tap(!TRAPS("mrs x10, actlr_el1\n msr actlr_el1, x10"), "ACTLR_EL1 can be read and written");
	tap(!TRAPS("mrs x10, revidr_el1"), "REVIDR_EL1 can be read");
	tap(!TRAPS("mrs x10, aidr_el1"), "AIDR_EL1 can be read");
	trap_expect();
	__asm__ volatile("dc isw, %0\n dc csw, %0\n dc cisw, %0\n dsb sy" ::"r"(line) : "memory");
	tap(!trap_taken().taken, "cache maintenance by set and way is accepted");
	tap_eq(FIELD(read_sysreg(id_aa64pfr0_el1), 4), freehold ? 1 : FIELD(read_sysreg(id_aa64pfr0_el1), 4),
	       "EL1 is AArch64 alone");
	tap(FIELD(read_sysreg(id_aa64dfr0_el1), 0) >= 6, "a debug architecture is shown");
}

static void test_withheld(void)
{
	if (!freehold) {
		tap_skip("what is withheld", "bare");
		return;
	}
	tap(TRAPS("mrs x10, S3_1_C0_C0_4"), "GMID_EL1 (MTE) is undefined");
	tap(TRAPS("mrs x10, S3_1_C0_C0_6"), "SMIDR_EL1 (SME) is undefined");
	tap(TRAPS("mrs x10, S3_0_C10_C4_7"), "LORID_EL1 is undefined");
	tap(TRAPS("mrs x10, S3_0_C9_C9_0"), "PMSCR_EL1 (SPE) is undefined");
	tap(TRAPS("mrs x10, S3_0_C9_C11_0"), "TRBLIMITR_EL1 (TRBE) is undefined");
	tap(TRAPS("mrs x10, S2_1_C9_C0_0"), "BRBCR_EL1 (BRBE) is undefined");
	tap(TRAPS("mrs x10, S3_0_C1_C2_1"), "TRFCR_EL1 is undefined");
	tap(TRAPS("mrs x10, S3_0_C5_C3_0"), "ERRIDR_EL1 (RAS) is undefined");
	tap(TRAPS(".inst 0xd503477f"), "SMSTART (SME) is undefined");
	tap(TRAPS(".inst 0x19df0420"), "SETP (MOPS) is undefined");
	tap_eq(read_sysreg(id_aa64dfr0_el1) & 0xf00ff0f0f0000000UL & ~0xf0000000UL, 0,
	       "no trace, SPE, TRBE, BRBE is shown");
}

void guest_main(void)
{
	freehold = on_freehold();
	print("\n# freehold cpu on %s\n", freehold ? "freehold" : "bare");
	gic_init();
	gic_cpu_init();
	test_oslock();
	test_breakpoint();
	test_debug_count();
	test_pmu();
	test_sve();
	test_plain();
	test_withheld();
	tap_end();
	system_off();
}
