/* SPDX-License-Identifier: MIT */
/* The pool's audit: everything that is kept is counted again, from the records and from the lists. */
#include "core/pool/pool_internal.h"

struct count {
	uint64_t nr_free[POOL_ORDERS];
	uint64_t pages;
	uint64_t free_pages;
};

static const char *audit_table(const struct pool *p)
{
	for (uint32_t i = 0; i < p->nr_ranges; i++) {
		const struct pool_range *r = &p->ranges[i];
		const struct pool_ram *b = &p->banks[r->bank];

		if (r->pfn >= r->end_pfn || (i != 0U && p->ranges[i - 1U].end_pfn > r->pfn)) {
			return "ranges overlap or are not sorted";
		}
		if (r->pfn < b->base_pfn || r->end_pfn > b->base_pfn + b->nr_pages) {
			return "a range is not in its bank";
		}
		if ((r->state == POOL_FREE) != (r->zone != POOL_NO_ZONE)) {
			return "a range of the pool without a zone";
		}
	}
	return NULL;
}

/* Walks the blocks of a range in address order. */
static const char *audit_range(const struct pool *p, const struct pool_range *r, struct count *c)
{
	uint64_t prev = UINT64_MAX; /* the block before, if it was free */
	uint8_t prev_order = 0;
	uint64_t next;

	for (uint64_t pfn = r->pfn; pfn < r->end_pfn; pfn = next) {
		const uint64_t rec = *pool_record(p, pfn);
		const uint8_t k = rec_order(rec);
		const enum pool_state state = rec_state(rec);

		if (state != POOL_FREE && state != POOL_OWNED && state != POOL_QUARANTINED) {
			return "a block of no state";
		}
		if (k > p->zones[r->zone].max_order || !is_aligned(pfn, BIT(k)) || r->end_pfn - pfn < BIT(k)) {
			return "a block that does not fit its place";
		}
		next = pfn + BIT(k);
		if (state != POOL_FREE) {
			prev = UINT64_MAX;
			continue;
		}
		if (prev == (pfn ^ BIT(k)) && prev_order == k && k < p->zones[r->zone].max_order) {
			return "free buddies are not merged";
		}
		c->nr_free[k]++;
		c->free_pages += BIT(k);
		prev = pfn;
		prev_order = k;
	}
	c->pages += r->end_pfn - r->pfn;
	return NULL;
}

static const char *audit_list(const struct pool *p, uint8_t leaf, uint8_t order)
{
	const struct pool_zone *z = &p->zones[leaf];
	uint32_t at = z->head[order];
	uint32_t last;
	uint32_t prev;

	if (((z->mask & BIT(order)) != 0U) != (z->nr_free[order] != 0U)) {
		return "the mask does not tell which lists are empty";
	}
	if (z->nr_free[order] == 0U) {
		return NULL;
	}
	last = (uint32_t)FIELD_GET(REC_PREV, *pool_record(p, z->base_pfn + at));
	prev = last;
	for (uint64_t n = 0; n < z->nr_free[order]; n++) {
		const uint64_t pfn = z->base_pfn + at;
		const uint32_t i = pool_range_after(p, pfn);
		uint64_t rec;
		uint8_t k;

		if (n != 0U && at == z->head[order]) {
			return "a free list is shorter than its count";
		}
		if (i == p->nr_ranges || p->ranges[i].pfn > pfn || p->ranges[i].zone != leaf) {
			return "a free block outside its leaf";
		}
		if (pool_block_at(p, &p->ranges[i], pfn, &k, &rec) != pfn || k != order ||
		    rec_state(rec) != POOL_FREE) {
			return "a block on a free list is not free";
		}
		if (FIELD_GET(REC_PREV, rec) != prev) {
			return "a free list is broken";
		}
		prev = at;
		at = (uint32_t)FIELD_GET(REC_NEXT, rec);
	}
	if (at != z->head[order]) {
		return "a free list is longer than its count";
	}
	return prev == last ? NULL : "a free list is broken";
}

static const char *audit_leaf(const struct pool *p, uint8_t leaf)
{
	const struct pool_zone *z = &p->zones[leaf];
	struct count c = { 0 };
	const char *bad = NULL;

	for (uint32_t i = 0; i < p->nr_ranges && bad == NULL; i++) {
		if (p->ranges[i].zone == leaf) {
			bad = audit_range(p, &p->ranges[i], &c);
		}
	}
	if (bad == NULL && (c.free_pages != z->free_pages || c.pages != z->pages)) {
		bad = "pages are lost or made";
	}
	for (uint8_t k = 0; k < POOL_ORDERS && bad == NULL; k++) {
		bad = c.nr_free[k] != z->nr_free[k] ? "the histogram is wrong" : audit_list(p, leaf, k);
	}
	return bad;
}

const char *pool_audit(const struct pool *p)
{
	uint64_t pages[POOL_MAX_ZONES] = { 0 };
	const char *bad = audit_table(p);

	for (uint32_t i = p->nr_zones; i-- != 0U && bad == NULL;) { /* children first */
		const struct pool_zone *z = &p->zones[i];

		if (z->leaf) {
			bad = audit_leaf(p, (uint8_t)i);
			pages[i] = z->pages;
		}
		if (bad == NULL && pages[i] != z->pages) {
			bad = "an inner zone is not the sum of its leaves";
		}
		if (z->parent != POOL_NO_ZONE) {
			pages[z->parent] += pages[i];
		}
	}
	return bad;
}
