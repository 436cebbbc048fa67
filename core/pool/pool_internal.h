/* SPDX-License-Identifier: MIT */
/* What the files of core/pool share: the record of a page and the way to it. */
#ifndef CORE_POOL_POOL_INTERNAL_H
#define CORE_POOL_POOL_INTERNAL_H

#include "core/pool/pool_alloc.h"

/*
 * A record, valid at a block's first page:
 *
 *      63        36 35         8 7     3 2     0
 *     | prev       | next       | order | state |   free: page numbers in the leaf, the list is circular
 *     | bad at | payer | owner 21:8   | "     |   owned; bad at: 1 + which page of it is bad, 0: none
 *     |            | next       | 0     | "     |   quarantined; the last names itself
 */
#define REC_STATE GENMASK(2, 0)
#define REC_ORDER GENMASK(7, 3)
#define REC_NEXT GENMASK(35, 8)
#define REC_PREV GENMASK(63, 36)
#define REC_OWNER GENMASK(21, 8)
#define REC_PAYER GENMASK(35, 22)
#define REC_BAD GENMASK(55, 36)

_Static_assert(POOL_STATE_COUNT <= 8, "a state has three bits");

static inline enum pool_state rec_state(uint64_t rec)
{
	return (enum pool_state)FIELD_GET(REC_STATE, rec);
}

static inline uint8_t rec_order(uint64_t rec)
{
	return (uint8_t)FIELD_GET(REC_ORDER, rec);
}

static inline uint64_t rec_owned(uint8_t order, domid_t owner, domid_t payer)
{
	return FIELD_PREP(REC_STATE, POOL_OWNED) | FIELD_PREP(REC_ORDER, order) | FIELD_PREP(REC_OWNER, owner) |
	       FIELD_PREP(REC_PAYER, payer);
}

static inline uint64_t rec_free(uint8_t order, uint32_t next, uint32_t prev)
{
	return FIELD_PREP(REC_STATE, POOL_FREE) | FIELD_PREP(REC_ORDER, order) | FIELD_PREP(REC_NEXT, next) |
	       FIELD_PREP(REC_PREV, prev);
}

/* The bank of a page, or nr_banks. Almost always the first one asked. */
static inline uint32_t pool_bank_of(const struct pool *p, uint64_t pfn)
{
	uint32_t b = 0;

	while (b < p->nr_banks && (pfn < p->banks[b].base_pfn || pfn - p->banks[b].base_pfn >= p->banks[b].nr_pages)) {
		b++;
	}
	return b;
}

/* The record of a page that is RAM. */
uint64_t *pool_record(const struct pool *p, uint64_t pfn);

/* The record of a leaf's page. */
static inline uint64_t *leaf_record(const struct pool *p, const struct pool_zone *z, uint64_t pfn)
{
	const struct pool_ram *b = &p->banks[z->bank];

	return pfn - b->base_pfn < b->nr_pages ? &b->records[pfn - b->base_pfn] : pool_record(p, pfn);
}

/* Writes a page of range r down as quarantined. O(quarantined pages of the leaf). */
void pool_strike(struct pool *p, const struct pool_range *r, uint64_t pfn);

/* The place of the first range that ends after pfn; nr_ranges: none. */
uint32_t pool_range_after(const struct pool *p, uint64_t pfn);

/* The block of a page in a pool range: its first page, *order and *rec. */
uint64_t pool_block_at(const struct pool *p, const struct pool_range *r, uint64_t pfn, uint8_t *order, uint64_t *rec);

#endif
