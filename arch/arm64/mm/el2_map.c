/* SPDX-License-Identifier: MIT */
#include "arch/arm64/mm/el2_map.h"

#include "arch/arm64/mm/el2_map_internal.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "arch/tlb.h"
#include "core/base/string.h"
#include "core/log/log.h"

static uint64_t image_pa;
static uint64_t device_next = EL2_VA_DEVICES;
static struct range hyp_zone;

void el2_map_init(uint64_t image)
{
	image_pa = image;
}

paddr_t el2_image_pa(const void *va)
{
	return pa((uint64_t)(uintptr_t)va - EL2_VA_IMAGE + image_pa);
}

struct range el2_image_range(void)
{
	return (struct range){ image_pa, (uint64_t)(image_end - image_start) };
}

static uint64_t *table_va(uint64_t pte)
{
	return (uint64_t *)(uintptr_t)((pte & PTE_ADDR) - image_pa + EL2_VA_IMAGE);
}

uint64_t el2_pte_attrs(enum el2_prot prot)
{
	static const uint64_t attrs[] = {
		[EL2_RX] = S1_ATTR(MAIR_NORMAL) | S1_RO,
		[EL2_RO] = S1_ATTR(MAIR_NORMAL) | S1_RO | S1_XN,
		[EL2_RW] = S1_ATTR(MAIR_NORMAL) | S1_XN,
		[EL2_DEVICE] = S1_ATTR(MAIR_DEVICE) | S1_XN,
	};

	return attrs[prot] | PTE_VALID | PTE_AF | PTE_SH_INNER | S1_AP1;
}

/* The entry of `level` for va, with the tables above it made where they lack; NULL: none left, or a block is there. */
uint64_t *el2_pte(uint64_t va, unsigned int level)
{
	uint64_t *table = s1_root;

	for (unsigned int l = 0; l < level; l++) {
		uint64_t *e = &table[LEVEL_INDEX(va, l)];

		if (*e == 0U) {
			uint64_t *fresh = s1_table_alloc();

			if (fresh == NULL) {
				return NULL;
			}
			dsb(ishst);
			*e = pa_val(el2_image_pa(fresh)) | PTE_VALID | PTE_TABLE;
		} else if ((*e & PTE_TABLE) == 0U) {
			return NULL;
		} else {
			/* A table is there. */
		}
		table = table_va(*e);
	}
	return &table[LEVEL_INDEX(va, level)];
}

static unsigned int best_level(uint64_t va, uint64_t where, uint64_t size)
{
	for (unsigned int level = 1; level < 3U; level++) {
		if (is_aligned(va | where, LEVEL_SIZE(level)) && size >= LEVEL_SIZE(level)) {
			return level;
		}
	}
	return 3;
}

fh_status el2_map(uint64_t va, paddr_t where, uint64_t size, enum el2_prot prot)
{
	uint64_t at = pa_val(where);

	if (!is_aligned(va | at | size, PAGE_SIZE) || size == 0U) {
		return FH_EALIGN;
	}
	while (size != 0U) {
		unsigned int level = best_level(va, at, size);
		uint64_t *e = el2_pte(va, level);

		/* A table that an earlier mapping left stays: the new one goes into it. */
		while (e != NULL && level < 3U && (*e & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE)) {
			e = el2_pte(va, ++level);
		}
		if (e == NULL) {
			return FH_ENOMEM;
		}
		if (*e != 0U) {
			return FH_EEXIST;
		}
		*e = at | el2_pte_attrs(prot) | (level == 3U ? PTE_TABLE : 0U);
		va += LEVEL_SIZE(level);
		at += LEVEL_SIZE(level);
		size -= LEVEL_SIZE(level);
	}
	dsb(ishst);
	isb();
	return FH_OK;
}

void el2_unmap(uint64_t va, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		uint64_t *table = s1_root;
		unsigned int level = 0;
		uint64_t *e = &table[LEVEL_INDEX(va + done, 0U)];

		while (level < 3U && (*e & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE)) {
			level++;
			e = &table_va(*e)[LEVEL_INDEX(va + done, level)];
		}
		*e = 0;
		dsb(ishst);
		tlb_inval_el2_va(va + done);
		done += LEVEL_SIZE(level);
	}
	tlb_sync();
}

fh_status el2_map_device(struct range regs, void **va)
{
	const uint64_t base = align_down(regs.base, PAGE_SIZE);
	const uint64_t size = align_up(regs.size + (regs.base - base), PAGE_SIZE);
	const uint64_t at = device_next;
	fh_status s;

	if (size > EL2_VA_DEVICES + EL2_DEVICES_MAX - at) {
		return FH_ENOMEM;
	}
	s = el2_map(at, pa(base), size, EL2_DEVICE);
	if (s != FH_OK) {
		return s;
	}
	device_next = at + size;
	*va = (void *)(uintptr_t)(at + (regs.base - base));
	return FH_OK;
}

void el2_drop_identity(void)
{
	s1_root[LEVEL_INDEX(image_pa, 0U)] = 0;
	dsb(ishst);
	tlb_inval_el2();
	tlb_sync();
}

void el2_hyp_init(struct range hyp)
{
	hyp_zone = hyp;
}

void *el2_hyp_va(paddr_t where)
{
	FH_ASSERT(range_has(hyp_zone, pa_val(where)));
	return (void *)(uintptr_t)(pa_val(where) - hyp_zone.base + EL2_VA_HYP);
}
