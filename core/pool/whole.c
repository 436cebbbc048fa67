/* SPDX-License-Identifier: MIT */
/*
 * What a leaf would be worth with all its blocks free: aligned blocks of each order alone in its ranges, less those
 * that hold a quarantined page. A set that waits must fit into that.
 *
 * Quarantined pages of a leaf are a list through their records, newest first; the last names itself.
 */
#include "core/pool/pool_internal.h"

static uint32_t next_bad(const struct pool *p, const struct pool_zone *z, uint32_t at)
{
	const uint32_t next = (uint32_t)FIELD_GET(REC_NEXT, *pool_record(p, z->base_pfn + at));

	return next == at ? POOL_NO_PAGE : next;
}

/* Strikes out the blocks of a range that hold a bad page, and none of the others from `other` on. */
static void strike(struct pool *p, struct pool_zone *z, const struct pool_range *r, uint64_t pfn, uint32_t other)
{
	unsigned int end = z->max_order + 1U;

	for (; other != POOL_NO_PAGE; other = next_bad(p, z, other)) {
		end = MIN(end, ilog2((z->base_pfn + other) ^ pfn) + 1U); /* from there on one block holds both */
	}
	for (unsigned int k = 0; k < end; k++) {
		const uint64_t head = align_down(pfn, BIT(k));

		if (head < r->pfn || head + BIT(k) > r->end_pfn) {
			break;
		}
		z->whole[k]--;
	}
}

void pool_strike(struct pool *p, const struct pool_range *r, uint64_t pfn)
{
	struct pool_zone *z = &p->zones[r->zone];
	const uint32_t at = (uint32_t)(pfn - z->base_pfn);
	const uint32_t next = z->bad == POOL_NO_PAGE ? at : z->bad;

	strike(p, z, r, pfn, z->bad);
	*pool_record(p, pfn) = FIELD_PREP(REC_STATE, POOL_QUARANTINED) | FIELD_PREP(REC_NEXT, next);
	z->bad = at;
}

void pool_count_whole(struct pool *p, uint8_t leaf)
{
	struct pool_zone *z = &p->zones[leaf];

	for (unsigned int k = 0; k <= z->max_order; k++) {
		z->whole[k] = 0;
		for (uint32_t i = 0; i < p->nr_ranges; i++) {
			const struct pool_range *r = &p->ranges[i];
			const uint64_t first = (r->pfn + BIT(k) - 1U) >> k;

			if (r->zone == leaf && r->end_pfn >> k > first) {
				z->whole[k] += (r->end_pfn >> k) - first;
			}
		}
	}
	for (uint32_t at = z->bad; at != POOL_NO_PAGE; at = next_bad(p, z, at)) {
		const uint64_t pfn = z->base_pfn + at;

		strike(p, z, &p->ranges[pool_range_after(p, pfn)], pfn, next_bad(p, z, at));
	}
}
