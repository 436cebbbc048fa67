/* SPDX-License-Identifier: MIT */
/*
 * EL2's vectors (Arm ARM D1.9). A guest's exceptions go to the world switch and return from vcpu_enter(); our own
 * end in a crash report, on a stack of the crash's own, since a guard page may be what was hit.
 */
#include "generated/asm-offsets.h"

	.section .text.vectors, "ax"
.macro vector target
	.balign	128
	b	\target
.endm
.macro crash_vector n
	.balign	128
	msr	tpidr_el1, x1		/* a guest's register: the machine stops, nobody reads it again */
	mov	x1, #\n
	b	crash_entry
.endm

	.balign	2048
	.globl	trap_vectors
trap_vectors:
	crash_vector 0
	crash_vector 1
	crash_vector 2
	crash_vector 3
	crash_vector 4
	crash_vector 5
	crash_vector 6
	crash_vector 7
	vector	vcpu_exit_sync
	vector	vcpu_exit_irq
	vector	vcpu_exit_irq
	vector	vcpu_exit_serror
	crash_vector 12
	crash_vector 13
	crash_vector 14
	crash_vector 15

/*
 * in: x1 = vector, tpidr_el1 = x1 as it was. Does not return. x0 and x2 are kept in guest registers too. One CPU
 * reports; a second one waits for ever.
 */
crash_entry:
	msr	tpidrro_el0, x0
	msr	tpidr_el0, x2
	adrp	x0, crash_busy
	add	x0, x0, :lo12:crash_busy
1:	ldaxr	w2, [x0]
	cbnz	w2, 3f
	msr	par_el1, x1
	mov	w2, #1
	stxr	w1, w2, [x0]
	mov	w2, w1
	mrs	x1, par_el1
	cbnz	w2, 1b
	mrs	x2, tpidr_el0
	adrp	x0, crash_stack_top
	add	x0, x0, :lo12:crash_stack_top
	sub	x0, x0, #CRASH_SIZE
	stp	x2, x3, [x0, #CRASH_X + 8 * 2]
	stp	x4, x5, [x0, #CRASH_X + 8 * 4]
	stp	x6, x7, [x0, #CRASH_X + 8 * 6]
	stp	x8, x9, [x0, #CRASH_X + 8 * 8]
	stp	x10, x11, [x0, #CRASH_X + 8 * 10]
	stp	x12, x13, [x0, #CRASH_X + 8 * 12]
	stp	x14, x15, [x0, #CRASH_X + 8 * 14]
	stp	x16, x17, [x0, #CRASH_X + 8 * 16]
	stp	x18, x19, [x0, #CRASH_X + 8 * 18]
	stp	x20, x21, [x0, #CRASH_X + 8 * 20]
	stp	x22, x23, [x0, #CRASH_X + 8 * 22]
	stp	x24, x25, [x0, #CRASH_X + 8 * 24]
	stp	x26, x27, [x0, #CRASH_X + 8 * 26]
	stp	x28, x29, [x0, #CRASH_X + 8 * 28]
	mov	x2, sp
	stp	x30, x2, [x0, #CRASH_X + 8 * 30]
	mrs	x2, tpidrro_el0
	mrs	x3, tpidr_el1
	stp	x2, x3, [x0, #CRASH_X]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x0, #CRASH_ELR]
	mrs	x2, esr_el2
	mrs	x3, far_el2
	stp	x2, x3, [x0, #CRASH_ELR + 16]
	mov	sp, x0
	bl	crash_report
3:	wfe
	b	3b

	.bss
	.balign	16
crash_busy:
	.quad	0

	.section .noinit, "aw", @nobits
	.balign	16
	.skip	8192
crash_stack_top:
