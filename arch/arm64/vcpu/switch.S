/* SPDX-License-Identifier: MIT */
/*
 * The world switch. vcpu_enter() returns when the guest exits: the lower-EL vectors branch to vcpu_exit_*, with
 * SP_EL2 where vcpu_enter() left it:
 *
 *	sp ->	[ regs ][ pad ][ x19 x20 ... x29 x30 ]	(112 bytes)
 */
#include "generated/asm-offsets.h"

	.text
/* in: x0 = struct vcpu_regs *. out: w0 = enum vcpu_exit. clobbers: as a C function. */
	.globl	vcpu_enter
	.balign	64
vcpu_enter:
	stp	x19, x20, [sp, #-112]!
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	x29, x30, [sp, #96]
	str	x0, [sp, #16]
	ldp	x2, x3, [x0, #VCPU_REGS_ELR]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	ldr	x30, [x0, #VCPU_REGS_X + 8 * 30]
	ldp	x28, x29, [x0, #VCPU_REGS_X + 8 * 28]
	ldp	x26, x27, [x0, #VCPU_REGS_X + 8 * 26]
	ldp	x24, x25, [x0, #VCPU_REGS_X + 8 * 24]
	ldp	x22, x23, [x0, #VCPU_REGS_X + 8 * 22]
	ldp	x20, x21, [x0, #VCPU_REGS_X + 8 * 20]
	ldp	x18, x19, [x0, #VCPU_REGS_X + 8 * 18]
	ldp	x16, x17, [x0, #VCPU_REGS_X + 8 * 16]
	ldp	x14, x15, [x0, #VCPU_REGS_X + 8 * 14]
	ldp	x12, x13, [x0, #VCPU_REGS_X + 8 * 12]
	ldp	x10, x11, [x0, #VCPU_REGS_X + 8 * 10]
	ldp	x8, x9, [x0, #VCPU_REGS_X + 8 * 8]
	ldp	x6, x7, [x0, #VCPU_REGS_X + 8 * 6]
	ldp	x4, x5, [x0, #VCPU_REGS_X + 8 * 4]
	ldp	x2, x3, [x0, #VCPU_REGS_X + 8 * 2]
	ldp	x0, x1, [x0, #VCPU_REGS_X]
	eret
	dsb	nsh
	isb

/* From the vectors: all registers are the guest's. */
.macro vcpu_exit name, code
	.globl	\name
\name:
	stp	x0, x1, [sp, #-16]!
	ldr	x0, [sp, #32]
	stp	x2, x3, [x0, #VCPU_REGS_X + 8 * 2]
	ldp	x2, x3, [sp], #16
	stp	x2, x3, [x0, #VCPU_REGS_X]
	mov	w1, #\code
	b	vcpu_exit_common
.endm
	vcpu_exit vcpu_exit_sync, 0
	vcpu_exit vcpu_exit_irq, 1
	vcpu_exit vcpu_exit_serror, 2

vcpu_exit_common:
	stp	x4, x5, [x0, #VCPU_REGS_X + 8 * 4]
	stp	x6, x7, [x0, #VCPU_REGS_X + 8 * 6]
	stp	x8, x9, [x0, #VCPU_REGS_X + 8 * 8]
	stp	x10, x11, [x0, #VCPU_REGS_X + 8 * 10]
	stp	x12, x13, [x0, #VCPU_REGS_X + 8 * 12]
	stp	x14, x15, [x0, #VCPU_REGS_X + 8 * 14]
	stp	x16, x17, [x0, #VCPU_REGS_X + 8 * 16]
	stp	x18, x19, [x0, #VCPU_REGS_X + 8 * 18]
	stp	x20, x21, [x0, #VCPU_REGS_X + 8 * 20]
	stp	x22, x23, [x0, #VCPU_REGS_X + 8 * 22]
	stp	x24, x25, [x0, #VCPU_REGS_X + 8 * 24]
	stp	x26, x27, [x0, #VCPU_REGS_X + 8 * 26]
	stp	x28, x29, [x0, #VCPU_REGS_X + 8 * 28]
	str	x30, [x0, #VCPU_REGS_X + 8 * 30]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x0, #VCPU_REGS_ELR]
	mov	w0, w1
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp, #96]
	ldp	x19, x20, [sp], #112
	ret

/* FP and SIMD registers to zero: nothing of another life is left. clobbers: the FP registers. */
	.globl	fpsimd_clear
fpsimd_clear:
	.arch_extension fp
	.arch_extension simd
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\n\().2d, #0
	.endr
	msr	fpcr, xzr
	msr	fpsr, xzr
	ret

/* SVE's predicates and FFR to zero. clobbers: them. */
	.globl	fpsimd_clear_sve
fpsimd_clear_sve:
	.arch_extension sve
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pfalse	p\n\().b
	.endr
	wrffr	p0.b
	ret

/* in: x0, x1 = how many breakpoints and watchpoints there are. All off. clobbers: none */
	.globl	debug_clear
debug_clear:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	cmp	x0, #\n
	b.ls	1f
	msr	dbgbcr\n\()_el1, xzr
	msr	dbgbvr\n\()_el1, xzr
	.endr
1:	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	cmp	x1, #\n
	b.ls	1f
	msr	dbgwcr\n\()_el1, xzr
	msr	dbgwvr\n\()_el1, xzr
	.endr
1:	ret
