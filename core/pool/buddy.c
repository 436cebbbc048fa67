/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator of a leaf: take splits, put merges; the histogram and the mask are kept, never recounted.
 *
 * A block's buddy differs from it in one bit of the page number. Where both lie in one range of the table, the
 * buddy's record is valid: a block that held it in its middle would hold the first block too.
 */
#include "core/pool/pool_internal.h"

static inline bool is_free(uint64_t rec, uint8_t order)
{
	return (rec & (REC_STATE | REC_ORDER)) == (FIELD_PREP(REC_STATE, POOL_FREE) | FIELD_PREP(REC_ORDER, order));
}

static void list_push(struct pool *p, struct pool_zone *z, uint64_t pfn, uint8_t order, bool tail)
{
	const uint32_t at = (uint32_t)(pfn - z->base_pfn);
	uint32_t next = at;
	uint32_t prev = at;

	if ((z->mask & BIT(order)) != 0U) {
		uint64_t *h = leaf_record(p, z, z->base_pfn + z->head[order]);
		uint64_t *t;

		next = z->head[order];
		prev = (uint32_t)FIELD_GET(REC_PREV, *h);
		t = leaf_record(p, z, z->base_pfn + prev);
		*t = (*t & ~REC_NEXT) | FIELD_PREP(REC_NEXT, at);
		*h = (*h & ~REC_PREV) | FIELD_PREP(REC_PREV, at);
	}
	*leaf_record(p, z, pfn) = rec_free(order, next, prev);
	if (!tail || next == at) {
		z->head[order] = at;
	}
	z->mask |= (uint32_t)BIT(order);
	z->nr_free[order]++;
}

/* Takes a block off its list where others are. */
static void list_leave(struct pool *p, struct pool_zone *z, uint32_t at, uint8_t order, uint32_t next, uint32_t prev)
{
	uint64_t *n = leaf_record(p, z, z->base_pfn + next);
	uint64_t *q;

	*n = (*n & ~REC_PREV) | FIELD_PREP(REC_PREV, prev);
	q = leaf_record(p, z, z->base_pfn + prev);
	*q = (*q & ~REC_NEXT) | FIELD_PREP(REC_NEXT, next);
	if (z->head[order] == at) {
		z->head[order] = next;
	}
}

/* Takes a block off its list; rec: its record. */
static inline void list_unlink(struct pool *p, struct pool_zone *z, uint64_t pfn, uint8_t order, uint64_t rec)
{
	const uint32_t at = (uint32_t)(pfn - z->base_pfn);
	const uint32_t next = (uint32_t)FIELD_GET(REC_NEXT, rec);
	const uint32_t prev = (uint32_t)FIELD_GET(REC_PREV, rec);

	POOL_ASSERT(is_free(rec, order) && z->nr_free[order] != 0U);
	z->nr_free[order]--;
	if (next == at) {
		z->mask &= ~(uint32_t)BIT(order);
	} else {
		list_leave(p, z, at, order, next, prev);
	}
}

/* Cuts a block down to order: its upper halves become the only blocks of their lists. */
static inline void split_down(struct pool_zone *z, uint64_t *rec, uint32_t at, unsigned int from, unsigned int order)
{
	const uint32_t new = (uint32_t)(BIT(from) - BIT(order));
	uint64_t kind = (uint64_t)order << 3 | POOL_FREE;

	POOL_ASSERT((z->mask & new) == 0U);
	z->mask |= new;
	for (uint64_t size = BIT(order); order < from; order++, size *= 2U, kind += UINT64_C(1) << 3) {
		const uint64_t half = at + size;

		rec[size] = half * (BIT(36) | BIT(8)) + kind; /* rec_free(): it is next and prev of itself */
		z->head[order] = (uint32_t)half;
		z->nr_free[order] = 1;
	}
}

/* Not inlined, as the compiler else finds the zone again and again. */
static FH_NOINLINE uint64_t take(struct pool *p, struct pool_zone *z, uint8_t order, uint64_t owned, uint8_t *split)
{
	const uint8_t k = (uint8_t)(order + ctz64(z->mask >> order));
	const uint32_t at = z->head[k];
	const uint64_t pfn = z->base_pfn + at;
	uint64_t *rec = leaf_record(p, z, pfn);

	list_unlink(p, z, pfn, k, *rec);
	split_down(z, rec, at, k, order);
	*rec = owned;
	*split = k;
	POOL_ASSERT(z->free_pages >= BIT(order));
	z->free_pages -= BIT(order);
	return pfn;
}

uint64_t pool_take(struct pool *p, uint8_t leaf, uint8_t order, domid_t owner, domid_t payer, uint8_t *split)
{
	struct pool_zone *z = &p->zones[leaf];

	POOL_ASSERT(z->leaf && order <= z->max_order && pool_has(z, order));
	return take(p, z, order, rec_owned(order, owner, payer), split);
}

static uint8_t put(struct pool *p, const struct pool_range *r, uint64_t pfn, uint8_t order, bool tail)
{
	struct pool_zone *z = &p->zones[r->zone];

	z->free_pages += BIT(order);
	while (order < z->max_order) {
		const uint64_t buddy = pfn ^ BIT(order);
		uint64_t rec;

		if (buddy < r->pfn || buddy + BIT(order) > r->end_pfn) {
			break;
		}
		rec = *leaf_record(p, z, buddy);
		if (!is_free(rec, order)) {
			break;
		}
		list_unlink(p, z, buddy, order, rec);
		pfn = MIN(pfn, buddy);
		order++;
	}
	list_push(p, z, pfn, order, tail);
	return order;
}

uint8_t pool_put(struct pool *p, const struct pool_owned *b)
{
	return put(p, b->range, b->pfn, b->order, false);
}

uint8_t pool_put_new(struct pool *p, uint64_t pfn, uint8_t order)
{
	const uint32_t at = pool_range_after(p, pfn);

	POOL_ASSERT(at < p->nr_ranges && p->ranges[at].state == POOL_FREE && p->ranges[at].pfn <= pfn);
	POOL_ASSERT(*pool_record(p, pfn) == rec_owned(order, DOMID_HYP, DOMID_HYP));
	return put(p, &p->ranges[at], pfn, order, true);
}

static void mark_bad(struct pool *p, uint64_t head, uint64_t page)
{
	*pool_record(p, head) |= FIELD_PREP(REC_BAD, page + 1U);
}

void pool_split(struct pool *p, const struct pool_owned *b, uint8_t to)
{
	const uint64_t rec = rec_owned(to, b->owner, b->payer);
	uint64_t *at = leaf_record(p, &p->zones[b->zone], b->pfn);

	POOL_ASSERT(to <= b->order);
	for (const uint64_t *end = at + BIT(b->order); at < end; at += BIT(to)) {
		*at = rec;
	}
	if (b->bad != 0U) {
		mark_bad(p, b->pfn + align_down(b->bad - 1U, BIT(to)), (b->bad - 1U) & (BIT(to) - 1U));
	}
}

fh_status pool_quarantine(struct pool *p, uint64_t pfn, uint8_t *leaf, uint8_t *order)
{
	const uint32_t at = pool_range_after(p, pfn);
	const struct pool_range *r = &p->ranges[at];
	uint64_t head;
	uint64_t rec;
	uint8_t k;

	if (at == p->nr_ranges || r->pfn > pfn || r->state != POOL_FREE) {
		return FH_ENOENT;
	}
	head = pool_block_at(p, r, pfn, &k, &rec);
	if (rec_state(rec) == POOL_QUARANTINED) {
		return FH_EREVOKED;
	}
	if (rec_state(rec) == POOL_OWNED) {
		if (FIELD_GET(REC_BAD, rec) == 0U) {
			mark_bad(p, head, pfn - head);
		}
		return FH_EBUSY;
	}
	*leaf = r->zone;
	*order = k;
	list_unlink(p, &p->zones[r->zone], head, k, rec);
	while (k-- != 0U) { /* free the half that the page is not in */
		const uint64_t upper = head + BIT(k);

		list_push(p, &p->zones[r->zone], pfn < upper ? upper : head, k, false);
		head = pfn < upper ? head : upper;
	}
	p->zones[r->zone].free_pages--;
	pool_strike(p, r, pfn);
	return FH_OK;
}
