/* SPDX-License-Identifier: MIT */
/* Windows, three a CPU: a level-3 table each for pages, and the level-2 entry above it, which may be a block. */
#include "arch/arm64/mm/el2_map_internal.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "arch/cpu_room.h"
#include "arch/tlb.h"
#include "core/base/string.h"
#include "core/log/log.h"

_Static_assert(CPU_ROOM_BASE >= EL2_VA_FDT + EL2_FDT_MAX &&
		       CPU_ROOM_BASE + ((uint64_t)FH_MAX_CPUS << CPU_ROOM_SHIFT) <= EL2_VA_WINDOW &&
		       EL2_VA_WINDOW + FH_MAX_CPUS * WINDOWS * LEVEL_SIZE(2U) <= EL2_VA_DEVICES &&
		       CPU_ROOM_TABLES + WINDOWS * PAGE_SIZE <= CPU_ROOM_END,
	       "rooms and windows lie where layout.h has them");

static struct window {
	uint64_t *entry;
	uint64_t *table;
	uint64_t table_pte; /* what the entry says where it leads to the table */
	uint32_t first;     /* pages that are open: from this one of the block */
	uint32_t nr;        /* as many; one, where the entry is the block's */
} windows[FH_MAX_CPUS * WINDOWS];

static uint64_t window_va(uint32_t i)
{
	return EL2_VA_WINDOW + (uint64_t)i * LEVEL_SIZE(2U);
}

fh_status window_init(uint32_t cpu, paddr_t room)
{
	memset(cpu_room(cpu, CPU_ROOM_TABLES), 0, WINDOWS * PAGE_SIZE);
	for (uint32_t use = 0; use < WINDOWS; use++) {
		struct window *w = &windows[cpu * WINDOWS + use];
		const uint64_t table = CPU_ROOM_TABLES + use * PAGE_SIZE;

		w->entry = el2_pte(window_va(cpu * WINDOWS + use), 2U);
		w->table = cpu_room(cpu, table);
		w->table_pte = (pa_val(room) + table - CPU_ROOM_STACK) | PTE_VALID | PTE_TABLE;
		if (w->entry == NULL) {
			return FH_ENOMEM;
		}
	}
	return FH_OK;
}

void *window_open(enum window_use use, paddr_t where, uint64_t size, bool whole)
{
	const uint32_t i = arch_cpu_id() * WINDOWS + use;
	struct window *w = &windows[i];
	const uint64_t offset = pa_val(where) & (LEVEL_SIZE(2U) - 1U);
	const uint64_t block = (pa_val(where) - offset) | el2_pte_attrs(EL2_RW);

	FH_ASSERT(w->nr == 0U && size != 0U && size <= LEVEL_SIZE(2U) - offset);
	if (whole) {
		w->first = 0;
		w->nr = 1;
		*w->entry = block;
	} else {
		w->first = (uint32_t)(offset >> PAGE_SHIFT);
		w->nr = (uint32_t)((offset + size - 1U) >> PAGE_SHIFT) - w->first + 1U;
		for (uint64_t page = w->first; page < w->first + w->nr; page++) {
			w->table[page] = (block + page * PAGE_SIZE) | PTE_TABLE;
		}
		*w->entry = w->table_pte;
	}
	dsb(ishst);
	isb();
	return (void *)(uintptr_t)(window_va(i) + offset);
}

void window_close(enum window_use use)
{
	const uint32_t i = arch_cpu_id() * WINDOWS + use;
	struct window *w = &windows[i];
	uint64_t *pte = w->table + w->first;
	uint64_t at = window_va(i) + w->first * PAGE_SIZE;

	FH_ASSERT(w->nr != 0U);
	*w->entry = 0;
	for (uint32_t left = w->nr; left != 0U; left--) {
		*pte++ = 0;
	}
	dsb(ishst);
	for (uint32_t left = w->nr; left != 0U; left--, at += PAGE_SIZE) {
		tlb_inval_el2_va(at);
	}
	tlb_sync();
	w->nr = 0;
}
