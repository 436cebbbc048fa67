/* SPDX-License-Identifier: MIT */
/*
 * The pool: who owns each page of RAM, and what is free.
 *
 * All RAM lies in banks. A sorted table of ranges says what each part of a bank is for: a leaf zone's memory, or a
 * static partition, the hypervisor, the payload, or what the firmware reserved. What stands in no entry is unused.
 *
 *     bank   |-------------------------------------------------------------|
 *     ranges | hypervisor | pool (leaf 1)     | payload | pool (leaf 1) |  |   <- the rest is unused
 *     blocks              [ 4 ][ 4 ][2][1][1]           [   8   ][2]
 *
 * A leaf zone is a binary buddy allocator. A page has one 8-byte record, valid at a block's first page only; what
 * stands in the others is stale, or never written, so that nothing costs more for a bigger block or for more RAM.
 * The block of a page is found by asking the aligned heads from the largest order down: within a pool range all
 * pages are covered by blocks, so a head that is asked before the right one is always a valid, smaller block.
 *
 * Blocks merge only within one entry of the table; entries of one leaf and one bank that touch are joined.
 *
 * Only core/claim allocates and frees (pool_alloc.h). All functions here want the ledger's lock held, but those that
 * are called while one CPU runs. A pool knows no arch and no log: a broken record is a trap (POOL_ASSERT).
 */
#ifndef CORE_POOL_POOL_H
#define CORE_POOL_POOL_H

#include "core/base/range.h"

#ifndef POOL_MAX_ORDER     /* make verify sets all four: a proof takes small tables, and the code as it is */
#define POOL_MAX_ORDER 18U /* 1 GiB */
#define POOL_MAX_ZONES 16U
#define POOL_MAX_BANKS 16U
#define POOL_MAX_RANGES 192U
#endif
#define POOL_ORDERS (POOL_MAX_ORDER + 1U)
#define POOL_NO_ZONE UINT8_MAX
#define POOL_NO_PAGE UINT32_MAX
#define POOL_LEAF_PAGES (UINT64_C(1) << 28) /* of a leaf, first to last page: 1 TiB */

/* What a page is for. The state of a free or owned block stands in its record, of the others in the range table. */
enum pool_state {
	POOL_UNUSED, /* RAM that nobody was given */
	POOL_FREE,
	POOL_OWNED,       /* by a domain, or by the hypervisor for one: taken from the pool */
	POOL_QUARANTINED, /* bad memory that was taken out */
	POOL_STATIC,      /* a domain's own for good */
	POOL_HYPERVISOR,  /* image, page records, stacks */
	POOL_PAYLOAD,
	POOL_RESERVED, /* by the firmware */
	POOL_STATE_COUNT
};

/* A zone as the configuration gives it; a zone's number is its place in the array. Parents come before children. */
struct pool_zone_desc {
	const char *name;   /* lives as long as the pool */
	uint8_t parent;     /* POOL_NO_ZONE: a root; there may be several */
	bool leaf;          /* a leaf holds memory and no zones */
	uint8_t max_order;  /* of a leaf: 0 to POOL_MAX_ORDER */
	struct range range; /* of a leaf: page-aligned, at most 1 TiB, disjoint from other leaves */
};

/* A bank of RAM and the memory for its records: nr_pages words, which need no initialisation. */
struct pool_bank {
	uint64_t base_pfn;
	uint64_t nr_pages;
	uint64_t *records;
};

/* A bank at run time. */
struct pool_ram {
	uint64_t base_pfn;
	uint64_t nr_pages;
	uint64_t *records;
	uint64_t *dirty; /* NULL: no map, all of it is dirty for ever */
};

/* An entry of the range table. */
struct pool_range {
	uint64_t pfn;
	uint64_t end_pfn;      /* one past the last page */
	enum pool_state state; /* POOL_FREE: memory of leaf `zone`, blocks have records */
	domid_t owner;         /* of a static range; else DOMID_NONE */
	uint8_t zone;          /* POOL_NO_ZONE unless POOL_FREE */
	uint8_t bank;
};

/* A zone at run time. Free lists are circular, by page number in the leaf; heads are valid where mask says so. */
struct pool_zone {
	const char *name;
	uint8_t parent;
	bool leaf;
	uint8_t max_order; /* of an inner zone: the largest of its leaves */
	uint8_t bank;      /* of a leaf: where most of its memory is, the first place to look */
	uint32_t mask;     /* bit k: there is a free block of order k */
	uint64_t base_pfn; /* of a leaf's range */
	uint64_t end_pfn;
	uint64_t pages;                /* added to it, or to the leaves under it: free, owned and quarantined */
	uint64_t free_pages;           /* of a leaf */
	uint64_t nr_free[POOL_ORDERS]; /* of a leaf: free blocks by order */
	uint64_t whole[POOL_ORDERS];   /* of a leaf: aligned blocks of each order alone in all its good memory */
	uint32_t bad;                  /* of a leaf: a quarantined page, first of their list; POOL_NO_PAGE: none */
	uint32_t head[POOL_ORDERS];
};

struct pool {
	uint32_t nr_zones;
	uint32_t nr_banks;
	uint32_t nr_ranges;
	struct pool_zone zones[POOL_MAX_ZONES];
	struct pool_ram banks[POOL_MAX_BANKS];     /* by rising pfn */
	struct pool_range ranges[POOL_MAX_RANGES]; /* by rising pfn, disjoint */
};

/* What pool_owner() and pool_next_block() answer: a block, or a whole range where there are no blocks. */
struct pool_info {
	struct range range;
	enum pool_state state;
	domid_t owner; /* of owned blocks and static ranges; else DOMID_NONE */
	domid_t payer; /* of owned blocks: whose quota they count against; else DOMID_NONE */
	uint8_t zone;  /* the leaf, POOL_NO_ZONE outside the pool */
	uint8_t order; /* of a block; 0 for a range */
};

/*
 * Makes an empty pool over banks (which may come in any order). No page record is touched.
 * FH_EINVAL: no or too many zones or banks, a parent that is not an earlier inner zone, an order beyond the largest,
 * an inner zone without children, a name or records that are NULL; FH_EALIGN: a leaf's range is not page-aligned;
 * FH_EOVERFLOW: a leaf of more than 1 TiB, or a bank beyond 2^52 pages; FH_EEXIST: leaves or banks that overlap.
 * Bound: O(zones^2 + banks^2).
 */
fh_status pool_init(struct pool *p, const struct pool_zone_desc *zones, uint32_t nr_zones,
		    const struct pool_bank *banks, uint32_t nr_banks) FH_MUST_CHECK;

/* Words of the dirty map of a bank. About 1/32,000 of its memory. */
uint64_t pool_dirty_words(uint64_t base_pfn, uint64_t nr_pages);

/*
 * Writes down that a range of RAM is static, the hypervisor's, payload or reserved. owner: of a static range, else
 * DOMID_NONE. FH_EINVAL: another state; FH_EALIGN: not whole pages; FH_ENOENT: not all in one bank; FH_EEXIST: it
 * overlaps a range that has an owner, or the pool; FH_EOVERFLOW: the table is full. Bound: O(ranges).
 */
fh_status pool_own_range(struct pool *p, struct range r, enum pool_state state, domid_t owner) FH_MUST_CHECK;

/*
 * Strikes out a range that pool_own_range() wrote down, whole: it is unused then, dirty, and may be added to a leaf.
 * FH_ENOENT: there is no such entry, or it is the pool's. Bound: O(ranges), and 17 words of the dirty map a GiB.
 */
fh_status pool_disown_range(struct pool *p, struct range r) FH_MUST_CHECK;

/*
 * What the page at addr is for, and the block or range that it lies in. FH_ENOENT: not RAM.
 * Bound: O(banks + log ranges + orders), an unused page O(ranges).
 */
fh_status pool_owner(const struct pool *p, paddr_t addr, struct pool_info *out) FH_MUST_CHECK;

/*
 * The first block or range that ends after addr, in address order: start with pa(0), go on with range_end() of what
 * came. FH_ENOENT: no RAM from there on. Bound: as pool_owner().
 */
fh_status pool_next_block(const struct pool *p, paddr_t addr, struct pool_info *out) FH_MUST_CHECK;

#endif
