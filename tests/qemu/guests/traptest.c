// SPDX-License-Identifier: MIT
/*
 * What a guest gets for what it may not do, as TAP: aborts, undefined registers, accesses that no syndrome describes.
 * Runs on bare QEMU (EL1) too, which is the reference.
 */
#include "guest.h"

#define ESR_EC(esr) ((esr) >> 26 & 0x3f)
#define ESR_FSC(esr) ((esr)&0x3f)
#define EC_UNKNOWN 0x00
#define EC_IABT_SAME 0x21
#define EC_DABT_SAME 0x25
#define FSC_EXTERNAL 0x10
#define FIELD(v, shift) ((v) >> (shift)&0xf)

static bool freehold;

static void check_abort(struct trap t, uint64_t ec, uint64_t far, const char *name)
{
	bool good = t.taken && ESR_EC(t.esr) == ec && ESR_FSC(t.esr) == FSC_EXTERNAL && t.far == far;

	if (!good) {
		print("# %s: taken=%d esr=0x%lx far=0x%lx\n", name, t.taken, t.esr, t.far);
	}
	tap(good, name);
}

static void test_aborts(void)
{
	struct trap t;

	trap_expect();
	(void)mmio_read32(NOWHERE + 0x124);
	t = trap_taken();
	check_abort(t, EC_DABT_SAME, NOWHERE + 0x124, "a read of an unmapped address is an external abort");
	tap((t.esr & 1UL << 6) == 0, "the abort of a read says read");

	trap_expect();
	mmio_write32(NOWHERE + 0x128, 1);
	t = trap_taken();
	check_abort(t, EC_DABT_SAME, NOWHERE + 0x128, "a write of an unmapped address is an external abort");
	tap((t.esr & 1UL << 6) != 0, "the abort of a write says write");

	trap_expect();
	__asm__ volatile("ldp x10, x11, [%0]" ::"r"(NOWHERE + 0x200) : "x10", "x11", "memory");
	check_abort(trap_taken(), EC_DABT_SAME, NOWHERE + 0x200, "a pair load of an unmapped address is an abort");

	trap_expect();
	((void (*)(void))(uintptr_t)(NOWHERE + 0x1000))();
	check_abort(trap_taken(), EC_IABT_SAME, NOWHERE + 0x1000, "a jump to an unmapped address is an external abort");

	trap_expect();
	(void)mmio_read32(0x4000000000UL - 8);
	t = trap_taken();
	tap(t.taken && (ESR_EC(t.esr) == EC_DABT_SAME), "a read near the top of the address space is an abort");
}

/* Accesses that no syndrome describes, or no device answers: an abort in the guest, or nothing, but never a hang. */
static void test_odd_accesses(void)
{
	uint64_t x = UART_BASE + 0x18;

	trap_expect();
	__asm__ volatile("ldp x10, x11, [%0]" ::"r"(GICD_BASE) : "x10", "x11", "memory");
	(void)trap_taken();
	tap(true, "a pair load from the distributor does no harm");
	trap_expect();
	__asm__ volatile("ldr w10, [%0], #4" : "+r"(x)::"x10", "memory");
	(void)trap_taken();
	tap(true, "a load with write-back from the UART does no harm");
	trap_expect();
	__asm__ volatile("ldrh w10, [%0]" ::"r"(GICD_BASE + 2) : "x10", "memory");
	(void)trap_taken();
	tap(true, "a halfword load from the distributor does no harm");
	trap_expect();
	__asm__ volatile("str xzr, [%0]" ::"r"(GICD_BASE) : "memory");
	(void)trap_taken();
	tap(true, "a doubleword store to the distributor does no harm");
	trap_expect();
	__asm__ volatile("dc civac, %0" ::"r"(NOWHERE) : "memory");
	(void)trap_taken();
	tap(true, "cache maintenance of an unmapped address does no harm");
	trap_expect();
	__asm__ volatile("ldr x10, [%0]" ::"r"(NOWHERE + 4) : "x10", "memory");
	tap(trap_taken().taken, "an unaligned load of device memory is an abort");
	trap_expect();
	((void (*)(void))(uintptr_t)UART_BASE)();
	tap(trap_taken().taken, "a jump into the UART is an abort");
}

#define UNDEF_READ(reg, name)                                                                                          \
	do {                                                                                                           \
		struct trap t_;                                                                                        \
		trap_expect();                                                                                         \
		(void)read_sysreg(reg);                                                                                \
		t_ = trap_taken();                                                                                     \
		if (!t_.taken || ESR_EC(t_.esr) != EC_UNKNOWN) {                                                       \
			print("# %s: taken=%d esr=0x%lx\n", name, t_.taken, t_.esr);                                   \
		}                                                                                                      \
		tap(t_.taken &&ESR_EC(t_.esr) == EC_UNKNOWN, name);                                                    \
	} while (0)

static void test_undefined(void)
{
	UNDEF_READ(S3_4_C1_C1_0, "HCR_EL2 is undefined");
	UNDEF_READ(S3_4_C2_C1_0, "VTTBR_EL2 is undefined");
	UNDEF_READ(S3_0_C5_C7_7, "an unallocated register is undefined");
	if (!freehold) {
		tap_skip("an unknown implementation defined register is undefined", "bare");
		tap_skip("ID registers hide what is not switched", "bare");
		return;
	}
	UNDEF_READ(S3_1_C15_C15_7, "an unknown implementation defined register is undefined");
	/* SME not trapped by ourselves: else that would come first */
	write_sysreg(cpacr_el1, 3UL << 24 | 3UL << 20 | 3UL << 16);
	if (FIELD(read_sysreg(id_aa64pfr0_el1), 32) == 0) {
		UNDEF_READ(S3_0_C1_C2_0, "ZCR_EL1 (SVE) is undefined, as the ID register says");
	}
	UNDEF_READ(S3_3_C4_C2_2, "SVCR (SME) is undefined");
	UNDEF_READ(S3_0_C5_C6_0, "TFSR_EL1 (MTE) is undefined");
	UNDEF_READ(S3_3_C13_C2_0, "AMCR_EL0 (AMU) is undefined");
	tap_eq(FIELD(read_sysreg(id_aa64pfr0_el1), 44), 0, "ID_AA64PFR0 shows no AMU");
	tap_eq(FIELD(read_sysreg(id_aa64pfr0_el1), 8), 0, "ID_AA64PFR0 shows no EL2");
	tap_eq(FIELD(read_sysreg(id_aa64pfr0_el1), 24), gic_v2() ? 0 : 1,
	       "ID_AA64PFR0 shows the GIC's registers where it has them");
	tap_eq(FIELD(read_sysreg(id_aa64pfr1_el1), 24), 0, "ID_AA64PFR1 shows no SME");
	tap_eq(FIELD(read_sysreg(id_aa64pfr1_el1), 8), 0, "ID_AA64PFR1 shows no MTE");
	tap_eq(FIELD(read_sysreg(id_aa64dfr0_el1), 32), 0, "ID_AA64DFR0 shows no SPE");
	tap_eq(read_sysreg(S3_0_C0_C7_7), 0, "an unallocated ID register reads as zero");
	if (FIELD(read_sysreg(id_aa64dfr0_el1), 8) == 0) {
		UNDEF_READ(pmcr_el0, "PMCR_EL0 is undefined, as the ID register says");
	}
}

void guest_main(void)
{
	freehold = on_freehold();
	print("\n# freehold traptest on %s, mpidr=0x%lx\n", freehold ? "freehold" : "bare", read_sysreg(mpidr_el1));
	tap_eq(read_sysreg(currentel) >> 2, 1, "the guest runs at EL1");
	test_aborts();
	test_odd_accesses();
	test_undefined();
	tap_end();
	system_off();
}
