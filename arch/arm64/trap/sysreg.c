/* SPDX-License-Identifier: MIT */
/*
 * Trapped system registers. The ID registers show what a guest may use: what EL2 does not switch or isolate is both
 * hidden here and trapped (vcpu.c). What is in no table is UNDEFINED in the guest.
 */
#include "arch/sysreg.h"

#include "arch/arm64/mm/stage2.h"
#include "arch/arm64/trap/trap_internal.h"
#include "core/domain/domain.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"

/* The ISS of EC 0x18: op0 21:20, op2 19:17, op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, direction 0. */
#define ISS_KEY (GENMASK(21, 10) | GENMASK(4, 1))
#define ISS_RT GENMASK(9, 5)
#define ISS_READ BIT(0)
#define KEY(op0, op1, crn, crm, op2)                                                                                   \
	((UINT64_C(op0) << 20) | (UINT64_C(op2) << 17) | (UINT64_C(op1) << 14) | (UINT64_C(crn) << 10) |               \
	 (UINT64_C(crm) << 1))

#define KEY_ICC_SGI1R KEY(3, 0, 12, 11, 5)
#define KEY_ICC_ASGI1R KEY(3, 0, 12, 11, 6)
#define KEY_ICC_SGI0R KEY(3, 0, 12, 11, 7)
#define KEY_ICC_SRE KEY(3, 0, 12, 12, 5)
#define KEY_ICC_DIR KEY(3, 0, 12, 11, 1)
#define KEY_ACTLR KEY(3, 0, 1, 0, 1)
#define KEY_OSLAR KEY(2, 0, 1, 0, 4)
#define KEY_OSLSR KEY(2, 0, 1, 1, 4)
#define KEY_REVIDR KEY(3, 0, 0, 0, 6)
#define KEY_AIDR KEY(3, 1, 0, 0, 7)

/* A field of four bits, at most max. */
static uint64_t cap(uint64_t v, uint32_t at, uint64_t max)
{
	return (v & ~(UINT64_C(15) << at)) | MIN(v >> at & 15U, max) << at;
}

static uint64_t pfr0(void)
{
	/* EL0 as it is, EL1 AArch64; FP, AdvSIMD, GICv3, SVE, DIT, CSV2, CSV3. No EL2, EL3, RAS, MPAM, AMU, RME. */
	return cap(READ_SYSREG(id_aa64pfr0_el1) & (GENMASK(3, 0) | GENMASK(23, 16) | (gic_v2() ? 0U : GENMASK(27, 24)) |
						   GENMASK(35, 32) | GENMASK(51, 48) | GENMASK(63, 56)),
		   56U, 1U) |
	       BIT(4);
}

static uint64_t dfr0(void)
{
	/* Debug up to v8.4, PMU up to v3p8, break-, watchpoints, contexts, double lock. No trace, SPE, TRBE, BRBE. */
	const uint64_t v = READ_SYSREG(id_aa64dfr0_el1) &
			   (GENMASK(3, 0) | GENMASK(15, 12) | GENMASK(23, 20) | GENMASK(31, 28) | GENMASK(39, 36) |
			    (vcpu_has_pmu() ? GENMASK(11, 8) : 0U));

	return cap(cap(v, 0U, 9U), 8U, 8U);
}

static uint64_t mmfr0(void)
{
	const uint64_t v = READ_SYSREG(id_aa64mmfr0_el1);
	const uint64_t gran4 = FIELD_GET(GENMASK(31, 28), v) == 1U ? 0U : v & GENMASK(31, 28);

	/* ASID, endianness, granules without 52-bit addresses, stage 2's size. No FGT, ECV, nor stage-2 granules. */
	return cap(v & (GENMASK(19, 4) | GENMASK(27, 20)), 20U, 1U) | gran4 | (s2_ipa_bits() - 32U) / 4U;
}

#define ID(crm, op2, keep)                                                                                             \
	case KEY(3, 0, 0, crm, op2):                                                                                   \
		return READ_SYSREG(S3_0_C0_C##crm##_##op2) & (keep)

/* Space of the ID registers, op0 3, op1 0, CRn 0, CRm 1 to 7: what is not named reads as zero (Arm ARM D19.3.1). */
static uint64_t read_id(uint64_t key)
{
	switch (key) {
	case KEY(3, 0, 0, 4, 0):
		return pfr0();
	case KEY(3, 0, 0, 5, 0):
		return dfr0();
	case KEY(3, 0, 0, 7, 0):
		return mmfr0();
	case KEY(3, 0, 0, 7, 1):
		/* HAFDBS, HPDS, PAN, SpecSEI, ETS, AFP. No VHE, VMIDs, LORegions, HCX and what hangs on it. */
		return cap(READ_SYSREG(id_aa64mmfr1_el1) & (GENMASK(3, 0) | GENMASK(15, 12) | GENMASK(27, 20) |
							    GENMASK(39, 36) | GENMASK(47, 44)),
			   0U, 2U);
		/* BT, SSBS. No MTE, SME, RAS fraction, NMI, GCS. */
		ID(4, 1, GENMASK(7, 0));
		/* What SVE can do. */
		ID(4, 4, UINT64_MAX);
		/* No TME. */
		ID(6, 0, ~GENMASK(27, 24));
		/* No LS64, XS: they want HCRX_EL2. */
		ID(6, 1, ~GENMASK(63, 56));
		/* WFxT, RPRES, PAuth by QARMA3, BC. No MOPS (HCRX_EL2) and nothing younger. */
		ID(6, 2, GENMASK(15, 0) | GENMASK(23, 20));
		/* CnP, UAO, LSM, IESB, CCIDX, ST, AT, IDS, TTL, BBM, E0PD. No 52-bit addresses, NV, FWB, EVT. */
		ID(7, 2, GENMASK(15, 0) | GENMASK(23, 20) | GENMASK(39, 28) | GENMASK(55, 48) | GENMASK(63, 60));
		/* AArch32, for EL0: ID_PFR0, ID_MMFR0 to 3, ID_ISAR0 to 5, MVFR0 to 2. */
		ID(1, 0, GENMASK(15, 0));
		ID(1, 4, UINT64_MAX);
		ID(1, 5, UINT64_MAX);
		ID(1, 6, UINT64_MAX);
		ID(1, 7, UINT64_MAX);
		ID(2, 0, UINT64_MAX);
		ID(2, 1, UINT64_MAX);
		ID(2, 2, UINT64_MAX);
		ID(2, 3, UINT64_MAX);
		ID(2, 4, UINT64_MAX);
		ID(2, 5, UINT64_MAX);
		ID(3, 0, UINT64_MAX);
		ID(3, 1, UINT64_MAX);
		ID(3, 2, UINT64_MAX);
	default:
		return 0;
	}
}

static bool is_id(uint64_t key)
{
	const uint64_t crm = FIELD_GET(GENMASK(4, 1), key);

	return (key & ~(GENMASK(19, 17) | GENMASK(4, 1))) == KEY(3, 0, 0, 0, 0) && crm >= 1U && crm <= 7U;
}

/*
 * What is trapped of op0 2, op1 0 and 3: the OS lock, which is the guest's own; the debug channel, with nobody at its
 * other end, the ROM table, the double lock and the power request are not there: RAZ/WI.
 */
static bool is_debug(uint64_t key)
{
	const uint64_t space = key & (GENMASK(21, 20) | GENMASK(16, 14));

	return space == KEY(2, 0, 0, 0, 0) || space == KEY(2, 3, 0, 0, 0);
}

static bool read_reg(uint64_t key, uint64_t *val)
{
	if (is_id(key)) {
		*val = read_id(key);
	} else if (key == KEY_ICC_SRE && !gic_v2()) {
		*val = VGIC_ICC_SRE_EL1;
	} else if (key == KEY_REVIDR) {
		*val = READ_SYSREG(revidr_el1);
	} else if (key == KEY_AIDR) {
		*val = READ_SYSREG(aidr_el1);
	} else if (key == KEY_OSLSR) {
		*val = READ_SYSREG(oslsr_el1);
	} else {
		*val = 0;
		return key == KEY_ACTLR || is_debug(key);
	}
	return true;
}

/* DC ISW, CSW, CISW: by set and way, which says nothing about a guest's memory; stage 2 keeps it coherent. */
static bool is_set_way(uint64_t key)
{
	return key == KEY(1, 0, 7, 6, 2) || key == KEY(1, 0, 7, 10, 2) || key == KEY(1, 0, 7, 14, 2);
}

static bool write_reg(struct vcpu *v, uint64_t key, uint64_t val)
{
	if (key == KEY_ICC_SGI1R) {
		vgic_sgi(&v->domain->vgic, v->index, val, 1U);
	} else if (key == KEY_ICC_SGI0R) {
		vgic_sgi(&v->domain->vgic, v->index, val, 0U);
	} else if (key == KEY_ICC_DIR) {
		vgic_dir(&v->vgic, val);
	} else if (key == KEY_OSLAR) {
		WRITE_SYSREG(oslar_el1, val);
	} else {
		return ((key == KEY_ICC_ASGI1R || key == KEY_ICC_SRE) && !gic_v2()) || key == KEY_ACTLR ||
		       is_debug(key) || is_set_way(key);
	}
	return true;
}

void trap_sysreg(struct vcpu *v, uint64_t esr)
{
	const uint64_t key = esr & ISS_KEY;
	const uint32_t rt = (uint32_t)FIELD_GET(ISS_RT, esr);
	uint64_t val = rt < 31U ? v->regs.x[rt] : 0U;
	const bool known = (esr & ISS_READ) != 0U ? read_reg(key, &val) : write_reg(v, key, val);

	if (!known) {
		log_guest(v->domain->id, "guest: dom=%s vcpu=%u pc=0x%lx sysreg iss=0x%lx: undefined",
			  v->domain->cfg->name, v->index, v->regs.elr, key);
		vcpu_inject_undefined(v);
		return;
	}
	if ((esr & ISS_READ) != 0U && rt < 31U) {
		v->regs.x[rt] = val;
	}
	vcpu_skip(v, esr);
}
