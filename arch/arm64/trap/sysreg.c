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

static uint64_t pfr0(void)
{
	const uint64_t v = READ_SYSREG(id_aa64pfr0_el1);
	const uint64_t csv2 = MIN(FIELD_GET(GENMASK(59, 56), v), UINT64_C(1));

	/* EL0 as it is, EL1 AArch64 only; FP, AdvSIMD, GIC, DIT, CSV3. No EL2, EL3, RAS, SVE, MPAM, AMU, RME. */
	return (v & (GENMASK(3, 0) | GENMASK(27, 16) | GENMASK(51, 48) | GENMASK(63, 60))) | BIT(4) |
	       FIELD_PREP(GENMASK(59, 56), csv2);
}

static uint64_t pfr1(void)
{
	/* BT, SSBS. No MTE, SME, RAS fraction, NMI, GCS. */
	return READ_SYSREG(id_aa64pfr1_el1) & GENMASK(7, 0);
}

static uint64_t dfr0(void)
{
	/* The least debug architecture (v8.0), its two break- and watchpoints are RAZ/WI; no PMU, no trace. */
	return UINT64_C(6) | FIELD_PREP(GENMASK(15, 12), 1) | FIELD_PREP(GENMASK(23, 20), 1);
}

static uint64_t isar1(void)
{
	/* All but LS64 and XS, which want HCRX_EL2. */
	return READ_SYSREG(id_aa64isar1_el1) & ~(GENMASK(63, 60) | GENMASK(59, 56));
}

static uint64_t isar2(void)
{
	/* WFxT, RPRES, PAuth by QARMA3, BC. No MOPS (HCRX_EL2) and nothing younger. */
	return READ_SYSREG(id_aa64isar2_el1) & (GENMASK(15, 0) | GENMASK(23, 20));
}

static uint64_t mmfr0(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };
	const uint64_t v = READ_SYSREG(id_aa64mmfr0_el1);
	uint64_t parange = 0;

	while (parange + 1U < ARRAY_SIZE(bits) && bits[parange + 1U] <= s2_ipa_bits()) {
		parange++;
	}
	/* ASID, endianness, granules without 52-bit addresses. No FGT, ECV, nor stage-2 granules. */
	uint64_t out = (v & (GENMASK(19, 4) | GENMASK(31, 20))) | parange;

	if (FIELD_GET(GENMASK(31, 28), v) == 1U) {
		out &= ~GENMASK(31, 28);
	}
	if (FIELD_GET(GENMASK(23, 20), v) == 2U) {
		out = (out & ~GENMASK(23, 20)) | FIELD_PREP(GENMASK(23, 20), 1);
	}
	return out;
}

static uint64_t mmfr1(void)
{
	/* HAFDBS, VMIDBits, HPDS, PAN, SpecSEI, ETS, AFP. No VHE, LORegions, HCX and what hangs on it. */
	return READ_SYSREG(id_aa64mmfr1_el1) &
	       (GENMASK(3, 0) | GENMASK(15, 12) | GENMASK(27, 20) | GENMASK(39, 36) | GENMASK(47, 44));
}

static uint64_t mmfr2(void)
{
	/* CnP, UAO, IESB, VARange without 52 bits, CCIDX, ST, AT, IDS, TTL, BBM, E0PD. No NV, FWB, EVT. */
	return READ_SYSREG(id_aa64mmfr2_el1) &
	       (GENMASK(15, 0) | GENMASK(23, 20) | GENMASK(39, 28) | GENMASK(55, 48) | GENMASK(63, 60)) &
	       ~GENMASK(19, 16);
}

/* Space of the ID registers, op0 3, op1 0, CRn 0, CRm 1 to 7: what is not named reads as zero (Arm ARM D19.3.1). */
static uint64_t read_id(uint64_t key)
{
	switch (key) {
	case KEY(3, 0, 0, 4, 0):
		return pfr0();
	case KEY(3, 0, 0, 4, 1):
		return pfr1();
	case KEY(3, 0, 0, 5, 0):
		return dfr0();
	case KEY(3, 0, 0, 6, 0):
		return READ_SYSREG(id_aa64isar0_el1) & ~GENMASK(27, 24); /* no TME */
	case KEY(3, 0, 0, 6, 1):
		return isar1();
	case KEY(3, 0, 0, 6, 2):
		return isar2();
	case KEY(3, 0, 0, 7, 0):
		return mmfr0();
	case KEY(3, 0, 0, 7, 1):
		return mmfr1();
	case KEY(3, 0, 0, 7, 2):
		return mmfr2();
	case KEY(3, 0, 0, 1, 0):
		return READ_SYSREG(id_pfr0_el1) & GENMASK(15, 0);
	case KEY(3, 0, 0, 1, 4):
		return READ_SYSREG(id_mmfr0_el1);
	case KEY(3, 0, 0, 1, 5):
		return READ_SYSREG(id_mmfr1_el1);
	case KEY(3, 0, 0, 1, 6):
		return READ_SYSREG(id_mmfr2_el1);
	case KEY(3, 0, 0, 1, 7):
		return READ_SYSREG(id_mmfr3_el1);
	case KEY(3, 0, 0, 2, 0):
		return READ_SYSREG(id_isar0_el1);
	case KEY(3, 0, 0, 2, 1):
		return READ_SYSREG(id_isar1_el1);
	case KEY(3, 0, 0, 2, 2):
		return READ_SYSREG(id_isar2_el1);
	case KEY(3, 0, 0, 2, 3):
		return READ_SYSREG(id_isar3_el1);
	case KEY(3, 0, 0, 2, 4):
		return READ_SYSREG(id_isar4_el1);
	case KEY(3, 0, 0, 2, 5):
		return READ_SYSREG(id_isar5_el1);
	case KEY(3, 0, 0, 3, 0):
		return READ_SYSREG(mvfr0_el1);
	case KEY(3, 0, 0, 3, 1):
		return READ_SYSREG(mvfr1_el1);
	case KEY(3, 0, 0, 3, 2):
		return READ_SYSREG(mvfr2_el1);
	default:
		return 0;
	}
}

static bool is_id(uint64_t key)
{
	const uint64_t crm = FIELD_GET(GENMASK(4, 1), key);

	return (key & ~(GENMASK(19, 17) | GENMASK(4, 1))) == KEY(3, 0, 0, 0, 0) && crm >= 1U && crm <= 7U;
}

/* Debug registers (op0 2, op1 0): no debugging in a guest yet; the OS lock reads as off and all writes are ignored. */
static bool is_debug(uint64_t key)
{
	return (key & (GENMASK(21, 20) | GENMASK(16, 14))) == KEY(2, 0, 0, 0, 0);
}

static uint64_t read_debug(uint64_t key)
{
	return key == KEY(2, 0, 1, 1, 4) ? BIT(3) : 0U; /* OSLSR_EL1: an OS lock, not locked */
}

static bool read_reg(uint64_t key, uint64_t *val)
{
	if (is_id(key)) {
		*val = read_id(key);
	} else if (is_debug(key)) {
		*val = read_debug(key);
	} else if (key == KEY_ICC_SRE) {
		*val = VGIC_ICC_SRE_EL1;
	} else if (key == KEY_ACTLR) {
		*val = 0;
	} else {
		return false;
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
	} else {
		return key == KEY_ICC_ASGI1R || key == KEY_ICC_SRE || key == KEY_ACTLR || is_debug(key) ||
		       is_set_way(key);
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
		vcpu_inject_undefined(v, true);
		return;
	}
	if ((esr & ISS_READ) != 0U && rt < 31U) {
		v->regs.x[rt] = val;
	}
	v->regs.elr += 4U;
}
