/* SPDX-License-Identifier: MIT */
/* What would fit: questions to the arithmetic of zones, in blocks of one order (S and R of docs/claims.md). */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

/*
 * m holds what the parent's S must keep, order by order, and gets what the zone's own S must keep for that. The parent
 * needs R[k] >= need[k]; and R[k] >= n holds if and only if S[i] >= n * 2^(k-i) for all i <= k.
 */
static void keep_below(const struct ledger_zone *z, const struct ledger_zone *parent, int64_t *m)
{
	int64_t above = 0;
	int64_t r = 0;
	int64_t up = 0; /* R of the parent */

	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		r = zone_left(z, k) + 2 * r;
		up = zone_left(parent, k) + 2 * up;
		above = MAX(r - (up + (k == 0U ? 0 : borrows(parent->t[k - 1U])) - m[k]), 2 * above);
		above = MAX(above, 0);
		m[k] = above;
	}
}

void admit_spare(const struct ledger *l, uint8_t zone, int64_t spare[POOL_ORDERS])
{
	uint8_t path[POOL_MAX_ZONES];
	uint32_t n = 0;
	int64_t r = 0;

	for (uint8_t z = zone; z != POOL_NO_ZONE; z = l->pool.zones[z].parent) {
		path[n++] = z;
	}
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		spare[k] = 0;
	}
	for (n--; n != 0U; n--) {
		keep_below(&l->zones[path[n - 1U]], &l->zones[path[n]], spare);
	}
	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		r = zone_left(&l->zones[zone], k) + 2 * r;
		spare[k] = r + (k == 0U ? 0 : borrows(l->zones[zone].t[k - 1U])) - spare[k];
	}
}

void admit_fits(const struct ledger *l, uint8_t zone, uint64_t fits[POOL_ORDERS])
{
	int64_t spare[POOL_ORDERS];
	int64_t fit = INT64_MAX;

	admit_spare(l, zone, spare);
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		fit = MIN(spare[k], fit / 2);
		fits[k] = fit < 0 ? 0U : (uint64_t)fit;
	}
}

/* Whether a block larger than `order` is free in a zone, claimed or not. */
static bool has_larger(const struct ledger *l, uint8_t zone, uint8_t order)
{
	uint32_t mask = 0;

	for (uint32_t left = l->zones[zone].leaves; left != 0U; left &= left - 1U) {
		mask |= l->pool.zones[ctz64(left)].mask;
	}
	return mask >> order > 1U;
}

uint8_t admit_upto(const struct ledger *l, uint8_t zone, uint8_t order, uint8_t max)
{
	int64_t spare[POOL_ORDERS];
	int64_t fit = INT64_MAX;
	unsigned int k = order;

	if (max <= order || !has_larger(l, zone, order)) {
		return order;
	}
	admit_spare(l, zone, spare);
	while (k < max) {
		/* Up to order both are worth the same; above it, one block of k + 1 costs 2^(k + 1 - i) of each i. */
		fit = MIN(spare[k + 1U], fit / 2);
		if (fit < 1) {
			break;
		}
		k++;
	}
	return (uint8_t)k;
}

uint64_t admit_have(const struct ledger *l, uint8_t zone, uint8_t order)
{
	uint64_t have = 0;

	for (uint32_t left = l->zones[zone].leaves; left != 0U; left &= left - 1U) {
		const struct pool_zone *z = &l->pool.zones[ctz64(left)];

		for (unsigned int k = order; k <= z->max_order; k++) {
			have += z->nr_free[k] << (k - order);
		}
	}
	return have;
}
