/* SPDX-License-Identifier: MIT */
/*
 * The first tables, made by the boot CPU with the MMU off, at the address where the image was loaded: every symbol
 * here is reached relative to the program counter, and no pointer is taken from memory.
 */
#include "arch/arm64/mm/el2_map_internal.h"
#include "core/base/string.h"

/* Zeroed and flushed by head.S, with the MMU off. */
#define EARLY __attribute__((section(".bss.early")))
#define S1_EARLY_TABLES 8U
#define S1_STATIC_TABLES 44U /* used with the MMU on, zeroed when taken */

EARLY FH_ALIGNED(4096) uint64_t s1_root[PTES_PER_TABLE];
static EARLY FH_ALIGNED(4096) uint64_t early_tables[S1_EARLY_TABLES][PTES_PER_TABLE];
static FH_NOINIT FH_ALIGNED(4096) uint64_t tables[S1_STATIC_TABLES][PTES_PER_TABLE];
static EARLY uint32_t early_used;
static uint32_t tables_used;

uint64_t *s1_table_alloc(void)
{
	uint64_t *table;

	if (early_used < S1_EARLY_TABLES) {
		return early_tables[early_used++];
	}
	if (tables_used == S1_STATIC_TABLES) {
		return NULL;
	}
	table = tables[tables_used++];
	memset(table, 0, PAGE_SIZE);
	return table;
}

/* With the MMU off a pointer is a physical address; all tables are in the image, so the pool can't run out here. */
static uint64_t *early_pte(uint64_t va, unsigned int level)
{
	uint64_t *table = s1_root;

	for (unsigned int l = 0; l < level; l++) {
		uint64_t *e = &table[LEVEL_INDEX(va, l)];

		if (*e == 0U) {
			*e = (uint64_t)(uintptr_t)s1_table_alloc() | PTE_VALID | PTE_TABLE;
		}
		table = (uint64_t *)(uintptr_t)(*e & PTE_ADDR);
	}
	return &table[LEVEL_INDEX(va, level)];
}

void el2_early_map(uint64_t image)
{
	const uint64_t base = (uint64_t)(uintptr_t)image_start;
	const uint64_t text = (uint64_t)(uintptr_t)text_end - base;
	const uint64_t rodata = (uint64_t)(uintptr_t)rodata_end - base;
	const uint64_t guard = (uint64_t)(uintptr_t)boot_stack - base;
	const uint64_t size = (uint64_t)(uintptr_t)image_end - base;

	/* Attributes are written out: a const table would be read through an absolute address. */
	const uint64_t common = S1_ATTR(MAIR_NORMAL) | PTE_VALID | PTE_TABLE | PTE_AF | PTE_SH_INNER | S1_AP1;

	*early_pte(image, 3U) = image | common | S1_RO;
	for (uint64_t off = 0; off < size; off += PAGE_SIZE) {
		uint64_t page = (image + off) | common | S1_XN;

		if (off == guard) {
			continue;
		}
		if (off < text) {
			page = (image + off) | common | S1_RO;
		} else if (off < rodata) {
			/* Linked a page on from where it is loaded (freehold.lds.S). */
			page = (page - PAGE_SIZE) | S1_RO;
		} else {
			/* Writable, never executable. */
		}
		*early_pte(EL2_VA_IMAGE + off, 3U) = page;
	}
}
