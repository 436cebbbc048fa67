/* SPDX-License-Identifier: MIT */
#ifndef ARCH_MM_EL2_MAP_INTERNAL_H
#define ARCH_MM_EL2_MAP_INTERNAL_H

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/layout.h"
#include "arch/arm64/mm/pte.h"

/* From the linker script. */
extern const char image_start[];
extern const char image_end[];
extern const char text_end[];
extern const char rodata_end[];
extern const char boot_stack[]; /* the unmapped page below it */

/* The root is read by head.S for TTBR0_EL2. */
extern uint64_t s1_root[PTES_PER_TABLE];

/* A zeroed static table page, or NULL. Never given back. */
uint64_t *s1_table_alloc(void);
uint64_t *el2_pte(uint64_t va, unsigned int level);
uint64_t el2_pte_attrs(enum el2_prot prot);

#endif
