/* SPDX-License-Identifier: MIT */
/*
 * EL2's virtual address space (docs/memory-map.md draws it). One level-0 entry of a 48-bit space; the only thing
 * outside it is head's identity map, which is dropped when all CPUs are up. Read by assembly too.
 */
#ifndef ARCH_MM_LAYOUT_H
#define ARCH_MM_LAYOUT_H

#ifdef __ASSEMBLY__
#define LAYOUT_U64(x) x
#else
#define LAYOUT_U64(x) x##UL
#endif

#define EL2_VA_BASE LAYOUT_U64(0xff8000000000)
#define EL2_VA_GIB LAYOUT_U64(0x40000000)

/* The image: linked here, loaded at any 2 MiB boundary; 1 MiB at most with the boot CPU's stack. */
#define EL2_VA_IMAGE (EL2_VA_BASE)
#define EL2_IMAGE_MAX LAYOUT_U64(0x100000)
/* The board's tree, read-only, page-aligned around where firmware put it. */
#define EL2_VA_FDT (EL2_VA_BASE + 0x10000000)
#define EL2_FDT_MAX LAYOUT_U64(0x200000)
/* The CPUs' own stacks and buffers follow at +0x18000000: arch/cpu_room.h. */
/* Slots of 2 MiB, a CPU's behind each other: the windows through which guest RAM is reached. */
#define EL2_VA_WINDOW (EL2_VA_BASE + 0x20000000)
/* Device registers, in the order in which they were mapped. */
#define EL2_VA_DEVICES (EL2_VA_BASE + 0x38000000)
#define EL2_DEVICES_MAX LAYOUT_U64(0x8000000)
/* The `hyp` zone: stage-2 tables and domain structures. */
#define EL2_VA_HYP (EL2_VA_BASE + EL2_VA_GIB)
#define EL2_HYP_MAX EL2_VA_GIB
/* The payload, read-only. */
#define EL2_VA_PAYLOAD (EL2_VA_BASE + 4 * EL2_VA_GIB)
#define EL2_PAYLOAD_MAX (4 * EL2_VA_GIB)
/* Page records: 8 bytes a page of RAM, bank by bank. */
#define EL2_VA_RECORDS (EL2_VA_BASE + 16 * EL2_VA_GIB)
#define EL2_RECORDS_MAX (16 * EL2_VA_GIB)

/* The boot CPU's stack, and the unmapped page below it. */
#define EL2_STACK_GUARDED 0x5000

#endif
