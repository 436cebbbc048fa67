// SPDX-License-Identifier: MIT
/*
 * What is left of a former life, as TAP: the first life fills all the state that a CPU keeps and resets itself, the
 * second one looks. Its second CPU does the same over CPU_OFF and CPU_ON. Wants memory-on-reset = "keep", to know
 * which life it is.
 */
#include "guest.h"

#define FIELD(v, shift) ((v) >> (shift)&0xf)
#define LIFE 0x1ee7c0de00000000UL
#define FILL 0x5a5a5a5a5a5a5a5aUL

static volatile uint32_t second_done;
static bool second_clean;

/* All that is read is one sum: not zero, and something was left. */
static uint64_t fp_left(void)
{
	uint64_t sum = 0;

#define ONE(n)                                                                                                         \
	({                                                                                                             \
		uint64_t a_, b_;                                                                                       \
		__asm__ volatile(".arch_extension simd\n mov %0, v" #n ".d[0]\n mov %1, v" #n ".d[1]"                  \
				 : "=r"(a_), "=r"(b_));                                                                \
		sum |= a_ | b_;                                                                                        \
	})
	ONE(0), ONE(1), ONE(2), ONE(3), ONE(4), ONE(5), ONE(6), ONE(7), ONE(8), ONE(9), ONE(10), ONE(11);
	ONE(12), ONE(13), ONE(14), ONE(15), ONE(16), ONE(17), ONE(18), ONE(19), ONE(20), ONE(21), ONE(22);
	ONE(23), ONE(24), ONE(25), ONE(26), ONE(27), ONE(28), ONE(29), ONE(30), ONE(31);
	return sum | read_sysreg(fpcr) | read_sysreg(fpsr);
}

static bool has_sve(void)
{
	return FIELD(read_sysreg(id_aa64pfr0_el1), 32) != 0;
}

static void sve_on(void)
{
	write_sysreg(cpacr_el1, 3UL << 20 | 3UL << 16);
	write_sysreg(S3_0_C1_C2_0, 0xf);
}

static uint64_t sve_left(void)
{
	static uint8_t buf[GUEST_MAX_CPUS][18 * 256] __attribute__((aligned(16)));
	uint8_t *b = buf[cpu_id()];
	uint64_t sum = 0;

	for (uint32_t i = 0; i < sizeof(buf[0]); i++) {
		b[i] = 0;
	}
	/* the 32 Z registers into one (z0), then 16 predicates and FFR */
	__asm__ volatile(".arch_extension sve\n"
			 ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
			 "orr z0.d, z0.d, z\\n\\().d\n"
			 ".endr\n"
			 "str z0, [%0]\n add x10, %0, #256\n"
			 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
			 "str p\\n, [x10]\n add x10, x10, #256\n"
			 ".endr\n"
			 "rdffr p0.b\n str p0, [x10]" ::"r"(b)
			 : "x10", "memory");
	for (uint32_t i = 0; i < sizeof(buf[0]); i++) {
		sum |= b[i];
	}
	return sum;
}

static void fill_fp(void)
{
	__asm__ volatile(
		".arch_extension simd\n"
		".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
		"movi v\\n\\().16b, #0x5a\n"
		".endr");
	write_sysreg(fpcr, 3UL << 22);
	write_sysreg(fpsr, 0x1f);
	if (has_sve()) {
		sve_on();
		__asm__ volatile(".arch_extension sve\n"
				 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
				 "dup z\\n\\().b, #0x5a\n ptrue p\\n\\().b\n"
				 ".endr\n"
				 "setffr");
	}
}

static const char *const regs_names[] = { "sctlr",      "ttbr0",    "ttbr1",     "tcr",      "mair",      "contextidr",
					  "tpidr0",     "tpidrro",  "tpidr1",    "par",      "afsr0",     "afsr1",
					  "cntkctl",    "esr",      "far",       "elr",      "spsr",      "amair",
					  "csselr",     "mdscr",    "dbgbvr",    "dbgbcr",   "dbgwvr",    "dbgwcr",
					  "claim",      "cntv_ctl", "cntv_cval", "cntp_ctl", "cntp_cval", "sp_el0",
					  "dbgbvr_last" };
#define REGS (sizeof(regs_names) / sizeof(regs_names[0]))

#define ALL_REGS(DO)                                                                                                   \
	DO(ttbr0_el1), DO(ttbr1_el1), DO(tcr_el1), DO(mair_el1), DO(contextidr_el1), DO(tpidr_el0), DO(tpidrro_el0),   \
		DO(tpidr_el1), DO(par_el1), DO(afsr0_el1), DO(afsr1_el1), DO(cntkctl_el1), DO(esr_el1), DO(far_el1),   \
		DO(elr_el1), DO(spsr_el1), DO(amair_el1), DO(csselr_el1), DO(mdscr_el1), DO(dbgbvr0_el1),              \
		DO(dbgbcr0_el1), DO(dbgwvr0_el1), DO(dbgwcr0_el1), DO(dbgclaimclr_el1), DO(cntv_ctl_el0),              \
		DO(cntv_cval_el0), DO(cntp_ctl_el0), DO(cntp_cval_el0), DO(sp_el0), DO(dbgbvr1_el1)

static bool regs_clean(void)
{
	const uint64_t v[] = { read_sysreg(sctlr_el1) & ~0x30d00800UL, ALL_REGS(read_sysreg) };
	bool clean = true;

	_Static_assert(sizeof(v) / sizeof(v[0]) == REGS, "a name each");
	for (uint32_t i = 0; i < REGS; i++) {
		if (v[i] != 0) {
			print("# cpu %u: %s=0x%lx\n", cpu_id(), regs_names[i], v[i]);
			clean = false;
		}
	}
	return clean;
}

static void fill_regs(void)
{
#define FILL_ONE(r) write_sysreg(r, FILL)
	/* not what would stop us: SCTLR_EL1.M is off, so the tables don't matter; the timers are masked by DAIF */
	FILL_ONE(ttbr0_el1);
	FILL_ONE(ttbr1_el1);
	FILL_ONE(tcr_el1);
	FILL_ONE(mair_el1);
	FILL_ONE(contextidr_el1);
	FILL_ONE(tpidr_el0);
	FILL_ONE(tpidrro_el0);
	FILL_ONE(tpidr_el1);
	FILL_ONE(par_el1);
	FILL_ONE(afsr0_el1);
	FILL_ONE(afsr1_el1);
	FILL_ONE(cntkctl_el1);
	FILL_ONE(esr_el1);
	FILL_ONE(far_el1);
	FILL_ONE(elr_el1);
	FILL_ONE(spsr_el1);
	FILL_ONE(amair_el1);
	FILL_ONE(sp_el0);
	write_sysreg(csselr_el1, 2);
	write_sysreg(dbgbvr0_el1, FILL & ~3UL);
	write_sysreg(dbgbvr1_el1, FILL & ~3UL);
	write_sysreg(dbgwvr0_el1, FILL & ~7UL);
	write_sysreg(dbgbcr0_el1, 1UL | 2UL << 1 | 0xfUL << 5);
	write_sysreg(dbgwcr0_el1, 1UL | 2UL << 1 | 3UL << 3);
	write_sysreg(dbgclaimset_el1, 0x5a);
	write_sysreg(oslar_el1, 0);
	write_sysreg(mdscr_el1, 1UL << 15);
	write_sysreg(cntv_cval_el0, 1);
	write_sysreg(cntv_ctl_el0, 1);
	write_sysreg(cntp_cval_el0, 1);
	write_sysreg(cntp_ctl_el0, 1);
}

static bool has_pmu(void)
{
	return FIELD(read_sysreg(id_aa64dfr0_el1), 8) != 0;
}

static uint64_t pmu_left(void)
{
	uint64_t sum = read_sysreg(pmccntr_el0) | read_sysreg(pmcntenset_el0) | read_sysreg(pmintenset_el1) |
		       read_sysreg(pmovsset_el0) | read_sysreg(pmuserenr_el0) | read_sysreg(pmccfiltr_el0) |
		       (read_sysreg(pmcr_el0) & 0xf);

	for (uint64_t i = 0; i < (read_sysreg(pmcr_el0) >> 11 & 0x1f); i++) {
		write_sysreg(pmselr_el0, i);
		sum |= read_sysreg(pmxevtyper_el0) | read_sysreg(pmxevcntr_el0);
	}
	return sum;
}

static void fill_pmu(void)
{
	for (uint64_t i = 0; i < (read_sysreg(pmcr_el0) >> 11 & 0x1f); i++) {
		write_sysreg(pmselr_el0, i);
		write_sysreg(pmxevtyper_el0, 0x11);
		write_sysreg(pmxevcntr_el0, 0x1234);
	}
	write_sysreg(pmccfiltr_el0, 1UL << 30);
	write_sysreg(pmuserenr_el0, 0xf);
	write_sysreg(pmovsset_el0, 1UL << 31);
	write_sysreg(pmintenset_el1, ~0U);
	write_sysreg(pmcntenset_el0, ~0U);
	write_sysreg(pmcr_el0, 1);
}

static void fill(void)
{
	fill_fp();
	if (has_pmu()) {
		fill_pmu();
	}
	fill_regs();
}

/* What the second CPU finds each time; it leaves it full. */
static void second(void)
{
	second_clean = fp_left() == 0 && regs_clean();
	second_clean = (!has_pmu() || pmu_left() == 0) && second_clean;
	if (has_sve()) {
		sve_on();
		second_clean = sve_left() == 0 && second_clean;
	}
	fill();
	__atomic_store_n(&second_done, 1, __ATOMIC_SEQ_CST);
}

static void look_at_second(const char *name)
{
	second_done = 0;
	hvc(PSCI_AFFINITY_INFO, 1, 0, 0);
	cpu_start(1, second);
	tap(wait_count(&second_done, 1, 3000) && second_clean, name);
	while (hvc(PSCI_AFFINITY_INFO, 1, 0, 0) != 1) {
		pause_cpu();
	}
}

void guest_main(void)
{
	/* first of all, before anything changes it */
	const uint64_t fp = fp_left();
	volatile uint64_t *life =
		(volatile uint64_t *)(uintptr_t)((((uint64_t)(uintptr_t)guest_image_end() + 0xffff) & ~0xffffUL) +
						 0x400000);
	const bool regs = regs_clean();
	const uint64_t pmu = has_pmu() ? pmu_left() : 0;
	uint64_t sve = 0;

	if (has_sve()) {
		sve_on();
		sve = sve_left();
	}
	if (*life != (LIFE | 1)) {
		*life = LIFE | 1;
		print("clean: life 1: fp=0x%lx sve=0x%lx pmu=0x%lx regs=%s\n", fp, sve, pmu, regs ? "clean" : "left");
		second_done = 0;
		cpu_start(1, second);
		wait_count(&second_done, 1, 3000);
		fill();
		system_reset();
	}
	*life = 0;
	print("clean: life 2\n");
	tap_eq(fp, 0, "FP and SIMD registers are zero");
	tap_eq(sve, 0, "SVE's vectors, predicates and FFR are zero");
	tap_eq(pmu, 0, "the PMU is in its reset state");
	tap(regs, "EL1's registers, debug and timers are in their reset state");
	tap_eq(read_sysreg(oslsr_el1) & 2, 2, "the OS lock is locked");
	look_at_second("the second CPU begins clean");
	look_at_second("the second CPU begins clean again");
	tap_end();
	system_off();
}
