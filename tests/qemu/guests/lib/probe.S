/* SPDX-License-Identifier: MIT */
/* probe(): runs a function in any mode until it takes an exception. */

/* in: x0 = fn, x1 = arg, x2 = spsr, x3 = struct probe *, x4 = top of a stack for SP_EL0 */
	.text
	.global	probe_run
probe_run:
	sub	sp, sp, #112
	stp	x19, x20, [sp]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mrs	x5, vbar_el1
	stp	x3, x5, [sp, #96]
	adrp	x6, probe_sp
	mov	x5, sp
	str	x5, [x6, :lo12:probe_sp]
	adrp	x5, probe_vectors
	add	x5, x5, :lo12:probe_vectors
	msr	vbar_el1, x5
	msr	sp_el0, x4
	msr	elr_el1, x0
	msr	spsr_el1, x2
	adrp	x30, probe_svc
	add	x30, x30, :lo12:probe_svc
	mov	x0, x1
	mov	x14, x30		/* lr of AArch32 */
	isb
	eret
probe_svc:
	svc	#0xfff
	b	.

	.macro	vector n
	.balign	128
	msr	tpidr_el1, x0
	mov	x0, #\n
	b	probe_end
	.endm

	.balign	2048
probe_vectors:
	.irp	n, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
	vector	\n
	.endr

probe_end:
	adrp	x1, probe_sp
	ldr	x1, [x1, :lo12:probe_sp]
	mov	sp, x1
	ldp	x3, x5, [sp, #96]
	msr	vbar_el1, x5
	mrs	x4, esr_el1
	stp	x0, x4, [x3]
	mrs	x4, far_el1
	mrs	x5, elr_el1
	stp	x4, x5, [x3, #16]
	mrs	x4, spsr_el1
	mrs	x5, tpidr_el1
	stp	x4, x5, [x3, #32]
	ldp	x19, x20, [sp]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #112
	isb
	ret

	.bss
	.balign	8
probe_sp:
	.quad	0
