/* SPDX-License-Identifier: MIT */
/*
 * The allocating side of the pool. Included by core/claim only, which keeps the arithmetic of claims in step with
 * each change here: a free or a split changes what the leaf is worth in the orders that the function reports.
 */
#ifndef CORE_POOL_POOL_ALLOC_H
#define CORE_POOL_POOL_ALLOC_H

#include "core/pool/pool.h"

/* What must hold, or the machine stops: the ledger is broken. The trap floor reports the place. */
#define POOL_ASSERT(cond)                                                                                              \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			__builtin_trap();                                                                              \
		}                                                                                                      \
	} while (0)

/* A domain's block, found and checked. */
struct pool_owned {
	uint64_t pfn;
	domid_t owner;
	domid_t payer;
	uint8_t zone;
	uint8_t order;
	uint32_t bad; /* 1 + which page of it is to go when it is freed; 0: none */
	const struct pool_range *range;
};

/*
 * Takes unused RAM into a leaf: enters it in the table (joined with neighbours of the same leaf and bank), without
 * blocks yet; the caller then puts [pfn, end) piece by piece with pool_put_new(). FH_EALIGN, FH_EEXIST, FH_EOVERFLOW
 * as pool_own_range(); FH_EINVAL: not a leaf; FH_ENOENT: not in one bank, or not in the leaf's range.
 */
fh_status pool_enter_range(struct pool *p, uint8_t leaf, struct range r) FH_MUST_CHECK;

/* The largest order of a block that starts at pfn and ends at end at most. pfn < end. */
uint8_t pool_fit_order(const struct pool *p, uint8_t leaf, uint64_t pfn, uint64_t end);

/* Frees a new piece of an entered range, behind others of its order; returns the order it merged up to. O(orders). */
uint8_t pool_put_new(struct pool *p, uint64_t pfn, uint8_t order);

/*
 * Takes a block of 2^order pages from a leaf, splitting the smallest free block that holds one; there must be one.
 * *split is the order that was split (order itself: none). Returns the page number. O(orders).
 */
uint64_t pool_take(struct pool *p, uint8_t leaf, uint8_t order, domid_t owner, domid_t payer, uint8_t *split);

/* Whether a leaf has a free block of order or more. */
static inline bool pool_has(const struct pool_zone *z, uint8_t order)
{
	return (z->mask >> order) != 0U;
}

/*
 * Finds owner's block of exactly that address and order. FH_EINVAL: order beyond the largest, or the address is in
 * a block of another order (a part of one, or more than one); FH_EALIGN: the address is not a multiple of the block's
 * size; FH_ENOENT: not memory of the pool; FH_ESTALE: free already; FH_EDENIED: another owner's;
 * FH_EREVOKED: quarantined. O(log ranges + orders).
 */
fh_status pool_find_owned(const struct pool *p, domid_t owner, paddr_t addr, uint8_t order, struct pool_owned *out)
	FH_MUST_CHECK;

/* Frees a block that pool_find_owned() found; returns the order it merged up to. O(orders). */
uint8_t pool_put(struct pool *p, const struct pool_owned *b);

/*
 * Takes a page out of a free block: it is quarantined, what is left of the block stays free. *order: of that block.
 * FH_ENOENT, FH_EREVOKED as pool_find_owned(); FH_EBUSY: the page is owned, or in a block with a bad page already, and
 * marked to go when it is freed. Of two bad pages in one owned block only the first is remembered.
 * O(orders + quarantined pages of the leaf).
 */
fh_status pool_quarantine(struct pool *p, uint64_t pfn, uint8_t *leaf, uint8_t *order) FH_MUST_CHECK;

/*
 * Counts again what a leaf is worth whole, after memory was entered. O(ranges * orders + quarantined pages^2); at boot.
 */
void pool_count_whole(struct pool *p, uint8_t leaf);

/* --- the dirty map (dirty.c) ------------------------------------------------------------------------------------- */

#define POOL_SCRUB_ORDER ORDER_64K /* what is scrubbed at a time, at most */
#define POOL_FIND_STEPS 8U
#define POOL_FIND_END UINT64_MAX

/* ledger_dirty_map(), under the lock. */
fh_status pool_dirty_map(struct pool *p, uint64_t base_pfn, uint64_t *words, bool clean) FH_MUST_CHECK;
/* Whether any of the block's pages is dirty. The block need not be one of the buddy. Bound: 17 words. */
bool pool_is_dirty(const struct pool *p, uint64_t pfn, unsigned int order);
void pool_set_dirty(struct pool *p, uint64_t pfn, unsigned int order, bool dirty);
void pool_set_range_dirty(struct pool *p, uint64_t pfn, uint64_t end);
/* Whether any page is dirty; all in one bank. Bound: as pool_is_dirty(), 2 * orders times, and each GiB once more. */
bool pool_range_dirty(const struct pool *p, uint64_t pfn, uint64_t end);
/*
 * Looks on from page *at for a dirty page that is free; *pfn, *order (at most what it was): an aligned piece of its
 * block that holds it.
 * False: none in POOL_FIND_STEPS steps, and *at is how far it came, POOL_FIND_END: to the end of RAM.
 */
bool pool_find_dirty(const struct pool *p, uint64_t *at, uint64_t *pfn, unsigned int *order);

/* Cuts a block that pool_find_owned() found into blocks of order `to`, all the same owner's. O(2^(order - to)). */
void pool_split(struct pool *p, const struct pool_owned *b, uint8_t to);

/*
 * Recounts all from records and lists: lists and records agree, blocks cover each pool range exactly, no free
 * buddies unmerged, ranges sorted and disjoint, counts as kept. Returns NULL or what is wrong. Bound: O(blocks).
 */
const char *pool_audit(const struct pool *p);

#endif
