/* SPDX-License-Identifier: MIT */
/*
 * Entry of the ledger's bench on bare QEMU virt: EL2 with the MMU off, as -kernel starts an ELF file there. An
 * exception ends the run with a line: there is nothing to go back to.
 */
	.section .head, "ax"
	.global _start
_start:
	msr	daifset, #0xf
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el2, x0
	msr	tpidr_el2, xzr		/* CPU 0 */
	adrp	x0, _stack_top
	mov	sp, x0
	adrp	x0, _bss_start
	add	x0, x0, :lo12:_bss_start
	adrp	x1, _bss_end
	add	x1, x1, :lo12:_bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	isb
	bl	bench_main
	.global machine_off
machine_off:
	movz	w0, #0x8400, lsl #16
	movk	w0, #8			/* PSCI SYSTEM_OFF */
	smc	#0
	b	machine_off

	.balign	2048
vectors:
	.rept	16
	.balign	128
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	bl	bench_trap
	.endr
