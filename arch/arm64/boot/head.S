/* SPDX-License-Identifier: MIT */
/*
 * Entry by the arm64 boot protocol (Linux Documentation/arch/arm64/booting): MMU off, x0 is the board tree's
 * physical address. Also where PSCI CPU_ON starts the other CPUs, x0 being the CPU's index.
 */
#include "arch/arm64/mm/layout.h"
#include "arch/cpu_room.h"

/* SCTLR_EL2: RES1 bits, I, C, SA, M, WXN. HCR_EL2 before any guest: RW and nothing else, so E2H = 0, TGE = 0. */
#define SCTLR_OFF 0x30c50830
#define SCTLR_ON 0x30cd183d
#define HCR_HOST 0x80000000
/* TCR_EL2 without PS: RES1 bits 31 and 23; T0SZ 16; inner and outer write-back; inner shareable; 4 KiB. */
#define TCR_FIXED 0x80803510
#define TCR_PS_48 5
#define HCR_E2H_BIT 34

	.section .head.text, "ax"
	.globl head
head:
	b	primary_entry
	.long	0
	.quad	0			/* text_offset */
	.quad	image_memory_size	/* image_size */
	.quad	0xa			/* little-endian, 4 KiB, anywhere */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	0

/* in: x0 = board tree; clobbers all; does not return */
primary_entry:
	mov	x19, x0
	adr	x20, head
	bl	el2_check
	/*
	 * With the MMU off we write past the caches. So only what the first tables want is zeroed here: whatever the
	 * firmware left in the caches for it goes before, what was read early goes after. The rest of .bss is zeroed,
	 * and .data filled, with the MMU on; .noinit and the stacks are not read before they were written.
	 */
	adrp	x0, early_bss_start
	add	x0, x0, :lo12:early_bss_start
	adrp	x1, early_bss_end
	add	x1, x1, :lo12:early_bss_end
	bl	dcache_civac
	mov	x2, x0
1:	stp	xzr, xzr, [x2]
	stp	xzr, xzr, [x2, #16]
	stp	xzr, xzr, [x2, #32]
	stp	xzr, xzr, [x2, #48]
	add	x2, x2, #64
	cmp	x2, x1
	b.lo	1b
	msr	spsel, #1
	adrp	x0, boot_stack_top
	add	x0, x0, :lo12:boot_stack_top
	mov	sp, x0
	mov	x29, xzr
	mov	x0, x20
	bl	el2_early_map
	adrp	x0, early_bss_start
	add	x0, x0, :lo12:early_bss_start
	adrp	x1, early_bss_end
	add	x1, x1, :lo12:early_bss_end
	bl	dcache_civac
	bl	mmu_on
	ldr	x8, =primary_virt
	br	x8
primary_virt:
	mov	x0, #0
	ldr	x1, =boot_stack_top
	bl	own_stack
	ldr	x0, =bss_start
	ldr	x1, =bss_end
	sub	x1, x1, x0
	bl	cache_zero
	ldr	x0, =data_start
	ldr	x1, =data_load
	ldr	x2, =data_size
	bl	memcpy
	mov	x0, x19
	mov	x1, x20
	bl	init_primary
	b	.

/* in: x0 = CPU index; clobbers all; does not return */
	.globl	secondary_entry
secondary_entry:
	mov	x19, x0
	bl	el2_check
	bl	mmu_on			/* no stack until then */
	ldr	x8, =secondary_virt
	br	x8
secondary_virt:
	mov	x0, x19
	ldr	x1, =CPU_ROOM_BASE + CPU_ROOM_STACK_TOP
	add	x1, x1, x0, lsl #CPU_ROOM_SHIFT
	bl	own_stack
	mov	x0, x19
	bl	init_secondary
	b	.

/* Stops with a line unless at EL2 with E2H = 0; writes HCR_EL2 and SCTLR_EL2 whole. clobbers x0-x3 */
el2_check:
	mrs	x0, CurrentEL
	cmp	x0, #8
	adr	x1, msg_el
	b.ne	refuse
	ldr	x0, =HCR_HOST
	msr	hcr_el2, x0
	isb
	mrs	x0, hcr_el2
	adr	x1, msg_e2h
	tbnz	x0, #HCR_E2H_BIT, refuse
	ldr	x0, =SCTLR_OFF
	msr	sctlr_el2, x0
	isb
	ret

/* in: x1 = message. Prints it on the early UART (a PL011), if there is one, and stops this CPU. */
refuse:
	ldr	x2, =CONFIG_EARLY_UART_BASE
	cbz	x2, 3f
1:	ldrb	w0, [x1], #1
	cbz	w0, 3f
2:	ldr	w3, [x2, #0x18]
	tbnz	w3, #5, 2b
	str	w0, [x2]
	b	1b
3:	wfe
	b	3b
msg_el:
	.asciz	"freehold: boot: started below EL2; start at EL2 (QEMU: -machine virtualization=on): stopped\r\n"
msg_e2h:
	.asciz	"freehold: boot: HCR_EL2.E2H is fixed to 1 on this CPU, which is not supported: stopped\r\n"
	.balign	4

/* Cleans and invalidates [x0, x1) to the point of coherency. clobbers x2-x4 */
dcache_civac:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2
	sub	x4, x3, #1
	bic	x4, x0, x4
1:	dc	civac, x4
	add	x4, x4, x3
	cmp	x4, x1
	b.lo	1b
	dsb	sy
	ret

/* in: x0 = CPU index, x1 = top of its stack. Sets sp, TPIDR_EL2 and the vectors. clobbers x2 */
own_stack:
	msr	tpidr_el2, x0
	ldr	x2, =trap_vectors
	msr	vbar_el2, x2
	msr	spsel, #1
	mov	sp, x1
	mov	x29, xzr
	isb
	ret

/* Turns the MMU on with the tables of s1_root; runs on in the identity map. clobbers x0-x2 */
mmu_on:
	mrs	x0, id_aa64mmfr0_el1
	and	x0, x0, #0xf
	mov	x1, #TCR_PS_48
	cmp	x0, x1
	csel	x0, x0, x1, lo
	ldr	x1, =TCR_FIXED
	orr	x0, x1, x0, lsl #16
	msr	tcr_el2, x0
	ldr	x0, =0xff04		/* MAIR_VALUE of mm/pte.h */
	msr	mair_el2, x0
	adrp	x0, s1_root
	msr	ttbr0_el2, x0
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	ldr	x0, =SCTLR_ON
	msr	sctlr_el2, x0
	isb
	ret

	.pool
