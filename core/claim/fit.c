/* SPDX-License-Identifier: MIT */
/* What would fit: questions to the arithmetic of zones, in blocks of one order (S and R of docs/claims.md). */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

int64_t zone_free(const struct ledger_zone *zones, uint32_t zone, unsigned int k)
{
	int64_t n = 0;

	for (uint32_t left = zones[zone].children; left != 0U; left &= left - 1U) {
		n += zone_left(&zones[ctz64(left)], k);
	}
	return n;
}

/* What blocks of order k are worth that an order below borrows: S is R and that. */
static int64_t lent(const struct ledger_zone *z, unsigned int k)
{
	return k == 0U ? 0 : borrows(z->t[k - 1U]);
}

/*
 * m holds by how much the parent's S may fall, order by order, and gets by how much the zone's own S may. The parent
 * needs R[k] >= need[k] of it; and R[k] >= n holds if and only if S[i] >= n * 2^(k-i) for all i <= k.
 */
static void spare_below(const struct ledger_zone *z, int64_t *m)
{
	int64_t keep = 0;
	int64_t r = 0;

	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		r = zone_left(z, k) + 2 * r;
		keep = MAX(MAX(r - m[k], 2 * keep), 0);
		m[k] = r + lent(z, k) - keep;
	}
}

void admit_spare(const struct ledger_zone *zones, uint8_t zone, int64_t spare[POOL_ORDERS])
{
	uint8_t path[POOL_MAX_ZONES];
	const struct ledger_zone *root;
	uint32_t n = 0;
	int64_t r = 0;

	for (uint32_t z = zone; z != POOL_NO_ZONE; z = zones[z].parent) {
		path[n++] = (uint8_t)z;
	}
	root = &zones[path[--n]];
	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		r = zone_left(root, k) + 2 * r;
		spare[k] = r + lent(root, k);
	}
	while (n-- != 0U) {
		spare_below(&zones[path[n]], spare);
	}
}

void admit_fits(const struct ledger_zone *zones, uint8_t zone, uint64_t fits[POOL_ORDERS])
{
	int64_t spare[POOL_ORDERS];
	int64_t fit = INT64_MAX;

	admit_spare(zones, zone, spare);
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		fit = MIN(spare[k], fit >> 1);
		fit = MAX(fit, 0);
		fits[k] = (uint64_t)fit;
	}
}

void zones_copy(const struct ledger *l, struct ledger_zone zones[POOL_MAX_ZONES])
{
	for (uint32_t i = 0; i < l->pool.nr_zones; i++) {
		zones[i] = l->zones[i];
	}
}

/* Whether a block larger than `order` is free in a zone, claimed or not. */
static bool has_larger(const struct ledger *l, uint8_t zone, uint8_t order)
{
	uint32_t mask = 0;

	for (uint32_t left = l->zones[zone].leaves; left != 0U && mask >> order <= 1U; left &= left - 1U) {
		mask = l->pool.zones[ctz64(left)].mask;
	}
	return mask >> order > 1U;
}

uint8_t admit_upto(const struct ledger *l, uint8_t zone, uint8_t order, uint8_t max)
{
	int64_t spare[POOL_ORDERS];
	int64_t fit = INT64_MAX;
	uint64_t k = order;

	if (max <= order || !has_larger(l, zone, order)) {
		return order;
	}
	admit_spare(l->zones, zone, spare);
	while (k < max) {
		/* Up to order both are worth the same; above it, one block of k + 1 costs 2^(k + 1 - i) of each i. */
		fit = MIN(spare[k + 1U], fit >> 1);
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
