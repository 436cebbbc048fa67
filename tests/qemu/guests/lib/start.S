/* SPDX-License-Identifier: MIT */
/*
 * Entry of a test guest: arm64 Image header (docs: Linux Documentation/arm64/booting), then a start at EL1 with the
 * MMU off. The image is linked at 0 and relocates itself, so that it is a flat binary for any address as well.
 */
	.section .head, "ax"
	.global _start
_start:
	b	start
	.long	0
	.quad	0		/* text_offset */
	.quad	_image_size
	.quad	0xa		/* little endian, 4 KiB pages, anywhere in memory */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	0

start:
	mrs	x21, cntpct_el0
	mov	x20, x0
	msr	daifset, #0xf
	adr	x1, _start		/* x1: where we are, which is the offset to add, as we are linked at 0 */
	adrp	x2, _rela_start
	add	x2, x2, :lo12:_rela_start
	adrp	x3, _rela_end
	add	x3, x3, :lo12:_rela_end
1:	cmp	x2, x3
	b.hs	2f
	ldp	x4, x5, [x2], #16	/* offset, info (R_AARCH64_RELATIVE alone) */
	ldr	x6, [x2], #8
	add	x6, x6, x1
	str	x6, [x4, x1]
	b	1b
2:	adrp	x2, _bss_start
	add	x2, x2, :lo12:_bss_start
	adrp	x3, _bss_end
	add	x3, x3, :lo12:_bss_end
3:	cmp	x2, x3
	b.hs	4f
	stp	xzr, xzr, [x2], #16
	b	3b
4:	adrp	x2, _stack_top
	add	x2, x2, :lo12:_stack_top
	mov	sp, x2
	bl	cpu_setup
	adrp	x1, guest_dtb
	str	x20, [x1, :lo12:guest_dtb]
	adrp	x1, start_stamp
	str	x21, [x1, :lo12:start_stamp]
	bl	guest_main
	bl	system_off

/* x0: top of the stack, with the function to call just below it (cpu_start) */
	.global secondary_start
secondary_start:
	mrs	x1, cntvct_el0
	adrp	x2, secondary_stamp
	str	x1, [x2, :lo12:secondary_stamp]
	msr	daifset, #0xf
	mov	sp, x0
	ldr	x19, [x0, #-16]
	bl	cpu_setup
	blr	x19
	bl	cpu_stop

cpu_setup:
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	mov	x1, #3 << 20		/* FP is not trapped */
	msr	cpacr_el1, x1
	isb
	ret

	.macro	entry handler
	.balign	128
	sub	sp, sp, #192
	stp	x0, x1, [sp]
	mrs	x0, cntvct_el0
	str	x0, [sp, #176]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [sp, #160]
	mov	x0, sp
	bl	\handler
	b	leave
	.endm

	.balign	2048
vectors:
	.rept	4			/* SP_EL0: not used */
	entry	trap_other
	.endr
	entry	trap_sync
	entry	trap_irq
	entry	trap_other
	entry	trap_other
	.rept	8			/* EL0: not used */
	entry	trap_other
	.endr

leave:
	ldp	x0, x1, [sp, #160]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	ldp	x0, x1, [sp]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	add	sp, sp, #192
	eret

	.global hvc, smc
hvc:
	hvc	#0
	ret
smc:
	smc	#0
	ret
