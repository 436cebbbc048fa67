/* SPDX-License-Identifier: MIT */
/* A CPU's traps, a vCPU's start state, and exceptions injected into EL1. */
#include "arch/arm64/vcpu/vcpu.h"

#include "arch/arm64/mm/stage2.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "core/base/string.h"

/* HCR_EL2 (Arm ARM D19.2.48). WFE is the guest's own, and WFI too unless memory is to be cleaned meanwhile. */
#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_FB BIT(9)
#define HCR_BSU_INNER BIT(10)
#define HCR_TWI BIT(13)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_TID1 BIT(16)
#define HCR_RW BIT(31)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)
#define HCR_FWB BIT(46)
#define HCR_TID5 BIT(58)

/* CPTR_EL2 with E2H = 0: RES1 bits, SME, trace and the activity monitors trapped; FP and SVE (TZ) are the guest's. */
#define CPTR_GUEST (UINT64_C(0x32ff) | BIT(20) | BIT(30))
#define CPTR_TZ BIT(8)
/*
 * MDCR_EL2: the debug channel (TDCC), trace filter, SPE, OS locks and the ROM table's address trapped, SPE's and TRBE's
 * buffers EL2's; no counting in EL2 (HCCD, HPMD). Break- and watchpoints and, but for TPM and TPMCR, the PMU are the
 * guest's own: from EL2 no debug exception is taken while TDE is 0 (Arm ARM D2.4.1).
 */
#define MDCR_GUEST (BIT(27) | BIT(23) | BIT(19) | BIT(17) | BIT(14) | BIT(11) | BIT(10))
#define MDCR_NO_PMU (BIT(6) | BIT(5))
/* MPAM2_EL2: MPAMIDR_EL1, MPAM1_EL1 and MPAM0_EL1 trapped. */
#define MPAM2_GUEST (BIT(58) | BIT(49) | BIT(48))
#define CNTHCTL_GUEST UINT64_C(3)

#define SCTLR_EL1_RESET UINT64_C(0x30d00800)
#define SPSR_EL1H_MASKED UINT64_C(0x3c5)

#define PMCR_N GENMASK(15, 11)

void fpsimd_clear(void);
void fpsimd_clear_sve(void);
void debug_clear(uint64_t breakpoints, uint64_t watchpoints);

bool vcpu_has_pmu(void)
{
	const uint64_t version = FIELD_GET(GENMASK(11, 8), READ_SYSREG(id_aa64dfr0_el1));

	return version != 0U && version != 0xfU;
}

static bool has_sve(void)
{
	return FIELD_GET(GENMASK(35, 32), READ_SYSREG(id_aa64pfr0_el1)) != 0U;
}

uint64_t vcpu_hcr(void)
{
	return HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER | HCR_TID1 | HCR_TID3 |
	       HCR_TID5 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW | HCR_TLOR | HCR_TERR | HCR_APK | HCR_API |
	       (s2_fwb() ? HCR_FWB : 0U);
}

void vcpu_trap_wfi(bool trap)
{
	WRITE_SYSREG(hcr_el2, vcpu_hcr() | (trap ? HCR_TWI : 0U));
}

/* Fine-grained traps and extensions, whose reset value the architecture leaves open. */
static void traps_clear_optional(void)
{
	const uint64_t mmfr0 = READ_SYSREG(id_aa64mmfr0_el1);
	const uint64_t mmfr1 = READ_SYSREG(id_aa64mmfr1_el1);

	if (FIELD_GET(GENMASK(59, 56), mmfr0) != 0U) {
		WRITE_SYSREG(S3_4_C1_C1_4, 0); /* HFGRTR_EL2 */
		WRITE_SYSREG(S3_4_C1_C1_5, 0); /* HFGWTR_EL2 */
		WRITE_SYSREG(S3_4_C1_C1_6, 0); /* HFGITR_EL2 */
		WRITE_SYSREG(S3_4_C3_C1_4, 0); /* HDFGRTR_EL2 */
		WRITE_SYSREG(S3_4_C3_C1_5, 0); /* HDFGWTR_EL2 */
	}
	if (FIELD_GET(GENMASK(43, 40), mmfr1) != 0U) {
		WRITE_SYSREG(S3_4_C1_C2_2, 0); /* HCRX_EL2 */
	}
	if (FIELD_GET(GENMASK(43, 40), READ_SYSREG(id_aa64pfr0_el1)) != 0U) {
		WRITE_SYSREG(S3_4_C10_C5_0, MPAM2_GUEST); /* MPAM2_EL2 */
	}
}

void vcpu_cpu_init(void)
{
	WRITE_SYSREG(hcr_el2, vcpu_hcr());
	WRITE_SYSREG(cptr_el2, CPTR_GUEST | (has_sve() ? 0U : CPTR_TZ));
	WRITE_SYSREG(mdcr_el2, MDCR_GUEST | (vcpu_has_pmu() ? FIELD_GET(PMCR_N, READ_SYSREG(pmcr_el0)) : MDCR_NO_PMU));
	WRITE_SYSREG(hstr_el2, 0);
	WRITE_SYSREG(cnthctl_el2, CNTHCTL_GUEST);
	WRITE_SYSREG(cntvoff_el2, 0);
	WRITE_SYSREG(vtcr_el2, s2_vtcr());
	WRITE_SYSREG(vpidr_el2, READ_SYSREG(midr_el1));
	WRITE_SYSREG(vttbr_el2, 0);
	traps_clear_optional();
	isb();
	__asm__ volatile("tlbi alle1" : : : "memory");
	dsb(nsh);
	isb();
	vcpu_unload();
}

void vcpu_offset(uint64_t ticks)
{
	WRITE_SYSREG(cntvoff_el2, ticks);
	isb();
}

#define TIMER_BITS UINT64_C(3) /* ENABLE, IMASK */

void vcpu_hold_timer(struct vcpu *v)
{
	v->timer = (uint32_t)(READ_SYSREG(cntv_ctl_el0) & TIMER_BITS);
	WRITE_SYSREG(cntv_ctl_el0, 0);
	isb();
}

void vcpu_unhold_timer(const struct vcpu *v)
{
	WRITE_SYSREG(cntv_ctl_el0, v->timer);
	isb();
}

uint64_t vcpu_mpidr(uint32_t index)
{
	return BIT(31) | vgic_affinity(index);
}

static void pauth_keys_clear(void)
{
	const uint64_t isar1 = READ_SYSREG(id_aa64isar1_el1);
	const uint64_t isar2 = READ_SYSREG(id_aa64isar2_el1);

	if ((isar1 & (GENMASK(11, 4) | GENMASK(31, 24))) == 0U && (isar2 & GENMASK(15, 8)) == 0U) {
		return;
	}
	WRITE_SYSREG(S3_0_C2_C1_0, 0); /* APIAKeyLo_EL1 and on */
	WRITE_SYSREG(S3_0_C2_C1_1, 0);
	WRITE_SYSREG(S3_0_C2_C1_2, 0);
	WRITE_SYSREG(S3_0_C2_C1_3, 0);
	WRITE_SYSREG(S3_0_C2_C2_0, 0);
	WRITE_SYSREG(S3_0_C2_C2_1, 0);
	WRITE_SYSREG(S3_0_C2_C2_2, 0);
	WRITE_SYSREG(S3_0_C2_C2_3, 0);
	WRITE_SYSREG(S3_0_C2_C3_0, 0);
	WRITE_SYSREG(S3_0_C2_C3_1, 0);
}

static void el1_reset(void)
{
	WRITE_SYSREG(sctlr_el1, SCTLR_EL1_RESET);
	WRITE_SYSREG(cpacr_el1, 0);
	WRITE_SYSREG(ttbr0_el1, 0);
	WRITE_SYSREG(ttbr1_el1, 0);
	WRITE_SYSREG(tcr_el1, 0);
	WRITE_SYSREG(mair_el1, 0);
	WRITE_SYSREG(amair_el1, 0);
	WRITE_SYSREG(vbar_el1, 0);
	WRITE_SYSREG(contextidr_el1, 0);
	WRITE_SYSREG(tpidr_el0, 0);
	WRITE_SYSREG(tpidr_el1, 0);
	WRITE_SYSREG(tpidrro_el0, 0);
	WRITE_SYSREG(esr_el1, 0);
	WRITE_SYSREG(far_el1, 0);
	WRITE_SYSREG(afsr0_el1, 0);
	WRITE_SYSREG(afsr1_el1, 0);
	WRITE_SYSREG(par_el1, 0);
	WRITE_SYSREG(csselr_el1, 0);
	WRITE_SYSREG(elr_el1, 0);
	WRITE_SYSREG(spsr_el1, 0);
	WRITE_SYSREG(sp_el0, 0);
	WRITE_SYSREG(sp_el1, 0);
	WRITE_SYSREG(cntkctl_el1, 0);
	if (FIELD_GET(GENMASK(31, 28), READ_SYSREG(id_aa64pfr0_el1)) != 0U) {
		WRITE_SYSREG(S3_4_C12_C1_1, 0); /* VDISR_EL2: what DISR_EL1 is to a guest */
	}
}

/* Counters stopped and zero, no event chosen, nothing for EL0. */
static void pmu_reset(void)
{
	if (!vcpu_has_pmu()) {
		return;
	}
	for (uint64_t n = FIELD_GET(PMCR_N, READ_SYSREG(pmcr_el0)); n-- != 0U;) {
		WRITE_SYSREG(pmselr_el0, n);
		isb();
		WRITE_SYSREG(pmxevtyper_el0, 0);
	}
	WRITE_SYSREG(pmcr_el0, BIT(2) | BIT(1)); /* C, P: counters to zero; E is 0 */
	WRITE_SYSREG(pmcntenclr_el0, UINT32_MAX);
	WRITE_SYSREG(pmintenclr_el1, UINT32_MAX);
	WRITE_SYSREG(pmovsclr_el0, UINT32_MAX);
	WRITE_SYSREG(pmccfiltr_el0, 0);
	WRITE_SYSREG(pmuserenr_el0, 0);
	WRITE_SYSREG(pmselr_el0, 0);
}

static void debug_reset(void)
{
	const uint64_t dfr0 = READ_SYSREG(id_aa64dfr0_el1);

	debug_clear(FIELD_GET(GENMASK(15, 12), dfr0) + 1U, FIELD_GET(GENMASK(23, 20), dfr0) + 1U);
	/*
	 * Locked, as after a cold reset; and first: only so do MDSCR_EL1's HDE, INTdis and TDA, and OSECCR_EL1, reach
	 * the external debug registers behind them, which a guest that held the lock may have set.
	 */
	WRITE_SYSREG(oslar_el1, 1);
	isb();
	WRITE_SYSREG(mdscr_el1, 0);
	WRITE_SYSREG(oseccr_el1, 0);
	WRITE_SYSREG(mdccint_el1, 0);
	WRITE_SYSREG(osdtrrx_el1, 0);
	WRITE_SYSREG(osdtrtx_el1, 0);
	WRITE_SYSREG(dbgclaimclr_el1, 0xff);
}

static void fp_reset(void)
{
	if (has_sve()) {
		WRITE_SYSREG(S3_4_C1_C2_0, 0xf); /* ZCR_EL2: all the length that there is */
		WRITE_SYSREG(S3_0_C1_C2_0, 0);   /* ZCR_EL1 */
		isb();
		fpsimd_clear_sve();
	}
	fpsimd_clear(); /* and the rest of the Z registers: a write to V zeroes what lies above it */
}

static void state_reset(void)
{
	el1_reset();
	pauth_keys_clear();
	pmu_reset();
	debug_reset();
	fp_reset();
	isb();
}

void vcpu_unload(void)
{
	WRITE_SYSREG(cntp_ctl_el0, 0);
	WRITE_SYSREG(cntv_ctl_el0, 0);
	WRITE_SYSREG(cntp_cval_el0, 0);
	WRITE_SYSREG(cntv_cval_el0, 0);
	/* No walk of its tables, not even a speculative one: they may be another's soon. */
	WRITE_SYSREG(vttbr_el2, 0);
	state_reset();
	isb();
}

void vcpu_load(struct vcpu *v, uint64_t vttbr, uint64_t entry, uint64_t context)
{
	memset(&v->regs, 0, sizeof(v->regs));
	v->regs.x[0] = context;
	v->regs.elr = entry;
	v->regs.spsr = SPSR_EL1H_MASKED;
	WRITE_SYSREG(vmpidr_el2, vcpu_mpidr(v->index));
	WRITE_SYSREG(vttbr_el2, vttbr);
	isb();
	__asm__ volatile("tlbi vmalls12e1; ic iallu" : : : "memory");
	dsb(nsh);
	isb();
}

void vcpu_resume(struct vcpu *v, uint64_t entry, uint64_t context)
{
	state_reset();
	vcpu_load(v, READ_SYSREG(vttbr_el2), entry, context);
}

void vcpu_skip_a32(struct vcpu *v, uint64_t esr)
{
	const uint64_t spsr = v->regs.spsr;
	const uint64_t it = FIELD_GET(GENMASK(15, 10), spsr) << 2 | FIELD_GET(GENMASK(26, 25), spsr);
	const uint64_t next = (it & 7U) == 0U ? 0U : (it & 0xe0U) | (it << 1 & 0x1fU);

	v->regs.elr += (esr & BIT(25)) != 0U ? 4U : 2U;
	v->regs.spsr = (spsr & ~(BIT(21) | GENMASK(15, 10) | GENMASK(26, 25))) |
		       FIELD_PREP(GENMASK(15, 10), next >> 2) | FIELD_PREP(GENMASK(26, 25), next);
}

/* Where EL1 takes a synchronous exception from (Arm ARM D1.4.1): table offset by mode and stack. */
static uint64_t vector_offset(uint64_t spsr)
{
	if ((spsr & GENMASK(3, 2)) != 0U && (spsr & BIT(4)) == 0U) {
		return (spsr & BIT(0)) != 0U ? 0x200 : 0x000;
	}
	return (spsr & BIT(4)) != 0U ? 0x600 : 0x400;
}

static void inject_sync(struct vcpu *v, uint64_t esr)
{
	const uint64_t spsr = v->regs.spsr;
	const uint64_t sctlr = READ_SYSREG(sctlr_el1);
	uint64_t pstate = spsr & GENMASK(31, 28); /* NZCV go on */

	WRITE_SYSREG(elr_el1, v->regs.elr);
	WRITE_SYSREG(spsr_el1, spsr);
	WRITE_SYSREG(esr_el1, esr);
	pstate |= SPSR_EL1H_MASKED;
	/* PAN: set unless SPAN; SSBS: by DSSBS; UAO, BTYPE, IL and SS are cleared. */
	if (FIELD_GET(GENMASK(23, 20), READ_SYSREG(id_aa64mmfr1_el1)) != 0U) {
		pstate |= (sctlr & BIT(23)) == 0U ? BIT(22) : spsr & BIT(22);
	}
	pstate |= (sctlr & BIT(44)) != 0U ? BIT(12) : 0U;
	pstate |= spsr & BIT(24); /* DIT goes on */
	v->regs.elr = READ_SYSREG(vbar_el1) + vector_offset(spsr);
	v->regs.spsr = pstate;
}

void vcpu_inject_abort(struct vcpu *v, uint64_t iss, uint64_t far, bool instruction)
{
	const bool from_el0 = (v->regs.spsr & GENMASK(3, 0)) == 0U;
	const uint64_t ec = (instruction ? UINT64_C(0x20) : UINT64_C(0x24)) + (from_el0 ? 0U : 1U);

	WRITE_SYSREG(far_el1, far);
	inject_sync(v, FIELD_PREP(GENMASK(31, 26), ec) | BIT(25) | iss);
}

void vcpu_inject_undefined(struct vcpu *v)
{
	inject_sync(v, BIT(25)); /* EC 0, whose IL is 1 whatever the instruction's length */
}
