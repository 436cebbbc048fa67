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

uint64_t ich_lr_read(uint32_t i)
{
	switch (i) {
		LR_CASES(LR_READ)
	default:
		return 0U;
	}
}

void ich_lr_write(uint32_t i, uint64_t v)
{
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

void ich_apr_save(uint64_t prebits, uint64_t apr[2][4])
{
	apr[0][0] = READ_SYSREG(ich_ap0r0_el2);
	apr[1][0] = READ_SYSREG(ich_ap1r0_el2);
	if (prebits >= 6U) {
		apr[0][1] = READ_SYSREG(ich_ap0r1_el2);
		apr[1][1] = READ_SYSREG(ich_ap1r1_el2);
	}
	if (prebits >= 7U) {
		apr[0][2] = READ_SYSREG(ich_ap0r2_el2);
		apr[0][3] = READ_SYSREG(ich_ap0r3_el2);
		apr[1][2] = READ_SYSREG(ich_ap1r2_el2);
		apr[1][3] = READ_SYSREG(ich_ap1r3_el2);
	}
}

void ich_apr_load(uint64_t prebits, uint64_t apr[2][4])
{
	WRITE_SYSREG(ich_ap0r0_el2, apr[0][0]);
	WRITE_SYSREG(ich_ap1r0_el2, apr[1][0]);
	if (prebits >= 6U) {
		WRITE_SYSREG(ich_ap0r1_el2, apr[0][1]);
		WRITE_SYSREG(ich_ap1r1_el2, apr[1][1]);
	}
	if (prebits >= 7U) {
		WRITE_SYSREG(ich_ap0r2_el2, apr[0][2]);
		WRITE_SYSREG(ich_ap0r3_el2, apr[0][3]);
		WRITE_SYSREG(ich_ap1r2_el2, apr[1][2]);
		WRITE_SYSREG(ich_ap1r3_el2, apr[1][3]);
	}
}
