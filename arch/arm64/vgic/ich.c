/* SPDX-License-Identifier: MIT */
#include "arch/arm64/vgic/ich.h"
#include "arch/arm64/vgic/vgic.h"

/* A register's number is part of its instruction: list registers by index are a jump. */
#define LR_CASES(op)                                                                                                   \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define LR_READ(n)                                                                                                     \
	case n:                                                                                                        \
		return READ_SYSREG(ich_lr##n##_el2);
#define LR_WRITE(n)                                                                                                    \
	case n:                                                                                                        \
		WRITE_SYSREG(ich_lr##n##_el2, v);                                                                      \
		break;

#define V2_STATE GENMASK(29, 28)

/* The same fields at other places; what is beside the interrupt's number (physical one, sender, EOI) moves as one. */
static uint32_t lr_to_v2(uint64_t v)
{
	return (uint32_t)((v & GENMASK(9, 0)) | (v >> 32 & GENMASK(9, 0)) << 10 |
			  (FIELD_GET(ICH_LR_PRIO, v) >> 3) << 23 | (v >> 62) << 28 | FIELD_GET(ICH_LR_GROUP1, v) << 30 |
			  FIELD_GET(ICH_LR_HW, v) << 31);
}

uint64_t ich_lr_read(uint32_t i)
{
	if (gic_v2()) {
		return FIELD_GET(V2_STATE, mmio_read32(gicv2_hyp + GICH_LR0 + 4U * i)) << 62;
	}
	switch (i) {
		LR_CASES(LR_READ)
	default:
		return 0U;
	}
}

void ich_lr_write(uint32_t i, uint64_t v)
{
	if (gic_v2()) {
		mmio_write32(gicv2_hyp + GICH_LR0 + 4U * i, lr_to_v2(v));
		return;
	}
	if (i == 0U) {
		/* Most often it is one interrupt alone: without the jump. */
		WRITE_SYSREG(ich_lr0_el2, v);
		return;
	}
	switch (i) {
		LR_CASES(LR_WRITE)
	default:
		break;
	}
}

void ich_start(uint64_t prebits)
{
	if (gic_v2()) {
		mmio_write32(gicv2_hyp + GICH_VMCR, 0U);
		mmio_write32(gicv2_hyp + GICH_APR, 0U);
		mmio_write32(gicv2_hyp + GICH_HCR, (uint32_t)ICH_HCR_EN);
		return;
	}
	WRITE_SYSREG(ich_vmcr_el2, ICH_VMCR_RESET);
	WRITE_SYSREG(ich_hcr_el2, ICH_HCR_EN);
	WRITE_SYSREG(ich_ap0r0_el2, 0);
	WRITE_SYSREG(ich_ap1r0_el2, 0);
	if (prebits >= 6U) {
		WRITE_SYSREG(ich_ap0r1_el2, 0);
		WRITE_SYSREG(ich_ap1r1_el2, 0);
	}
	if (prebits >= 7U) {
		WRITE_SYSREG(ich_ap0r2_el2, 0);
		WRITE_SYSREG(ich_ap0r3_el2, 0);
		WRITE_SYSREG(ich_ap1r2_el2, 0);
		WRITE_SYSREG(ich_ap1r3_el2, 0);
	}
}
