/* SPDX-License-Identifier: MIT */
/*
 * Admission: the arithmetic of zones, kept up to date by differences.
 *
 * For a vector x of blocks by order, X[k] = x[k] + 2 X[k+1] is what x is worth in blocks of order k. A zone has
 *
 *     s[k] = F[k] - C[k]                what is free in it, less what is claimed on it; the claims on it can be met
 *                                       if and only if no s[k] is negative
 *     r[0] = s[0]
 *     r[k] = min(s[k], r[k-1] / 2)      what it can give upward after its own claims are met
 *
 * where F is, for a leaf, the free blocks of its buddy, and for an inner zone the sum of its children's r:
 *
 *     root   s = r(low) + r(high) - C(root)         a set is admitted if and only if
 *            /            \                          the roots are reached and no s is negative
 *     low  s,r          high  s,r
 *     [buddy]            [buddy]
 *
 * A term of n blocks of order j takes n * 2^(j-k) from s[k] for k <= j, and nothing above. A split of a block of order
 * m for one of order j takes 1 from each s[k] with j < k <= m; a merge gives it back.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

static void mark(struct wave *w, uint8_t zone, unsigned int lo, unsigned int hi)
{
	if ((w->zones & BIT(zone)) == 0U) {
		w->zones |= (uint32_t)BIT(zone);
		w->lo[zone] = (uint8_t)lo;
		w->hi[zone] = (uint8_t)hi;
		return;
	}
	w->lo[zone] = (uint8_t)MIN(w->lo[zone], lo);
	w->hi[zone] = (uint8_t)MAX(w->hi[zone], hi);
}

void wave_step(struct ledger *l, struct wave *w, uint8_t zone, unsigned int lo, unsigned int hi, int64_t d)
{
	if (lo > hi) {
		return;
	}
	for (unsigned int k = lo; k <= hi; k++) {
		l->zones[zone].s[k] += d;
	}
	mark(w, zone, lo, hi);
}

void wave_blocks(struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, int64_t n)
{
	int64_t *s = l->zones[zone].s;

	for (unsigned int k = order + 1U; k-- != 0U;) {
		s[k] += n;
		n *= 2;
	}
	mark(w, zone, 0, order);
}

void wave_claim(struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, int64_t n)
{
	uint64_t *claimed = &l->zones[zone].claimed[order];

	*claimed += (uint64_t)n;
	POOL_ASSERT(*claimed <= INT64_MAX);
	wave_blocks(l, w, zone, order, -n);
}

void wave_freed(struct ledger *l, struct wave *w, uint8_t leaf, uint8_t order, uint8_t merged)
{
	wave_blocks(l, w, leaf, order, 1);
	wave_step(l, w, leaf, order + 1U, merged, 1);
}

/*
 * Computes r of one zone from order lo on; above hi, s did not change. Passes the differences to the parent's s, and
 * narrows *lo, *hi to the orders whose r changed (*lo > *hi: none). Returns whether all of s that it saw is >= 0.
 */
static bool settle(struct ledger_zone *z, struct ledger_zone *parent, unsigned int max, unsigned int *lo,
		   unsigned int *hi)
{
	unsigned int first = POOL_ORDERS;
	unsigned int last = 0;
	int64_t signs = 0;

	for (unsigned int k = *lo; k <= max; k++) {
		int64_t v = z->s[k];
		int64_t d;

		signs |= v;
		if (k != 0U) {
			v = MIN(v, z->r[k - 1U] / 2);
		}
		d = v - z->r[k];
		if (d == 0) {
			if (k > *hi) {
				break;
			}
			continue;
		}
		z->r[k] = v;
		if (parent != NULL) {
			parent->s[k] += d;
		}
		first = MIN(first, k);
		last = k;
	}
	*lo = first;
	*hi = last;
	return signs >= 0;
}

/* Bits lo - 1 to hi of the mask depend on r[lo] to r[hi]. */
static void settle_mask(struct ledger_zone *z, unsigned int lo, unsigned int hi)
{
	for (unsigned int k = lo == 0U ? 0U : lo - 1U; k <= hi; k++) {
		const int64_t above = k < POOL_MAX_ORDER ? 2 * z->r[k + 1U] : 0;

		z->rmask &= ~(uint32_t)BIT(k);
		z->rmask |= (uint32_t)(z->r[k] > above) << k;
	}
}

bool wave_run(struct ledger *l, struct wave *w)
{
	bool holds = true;

	while (w->zones != 0U && holds) {
		const uint8_t i = (uint8_t)ilog2(w->zones);
		const uint8_t up = l->pool.zones[i].parent;
		unsigned int lo = w->lo[i];
		unsigned int hi = w->hi[i];

		w->zones &= ~(uint32_t)BIT(i);
		holds = settle(&l->zones[i], up == POOL_NO_ZONE ? NULL : &l->zones[up], l->pool.zones[i].max_order, &lo,
			       &hi);
		if (lo > hi) {
			continue;
		}
		settle_mask(&l->zones[i], lo, hi);
		if (up != POOL_NO_ZONE) {
			mark(w, up, lo, hi);
		}
	}
	return holds;
}

void wave_check(struct ledger *l, struct wave *w)
{
	if (!wave_run(l, w)) {
		POOL_ASSERT(false);
	}
}

/*
 * m holds what the parent's s must keep, order by order, and gets what the zone's own s must keep for that. The parent needs r[k] >= need[k]; and r[k] >= n holds if and
 * only if s[i] >= n * 2^(k-i) for all i <= k.
 */
static void keep_below(const struct ledger_zone *z, const struct ledger_zone *parent, int64_t *m)
{
	int64_t above = 0;

	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		const int64_t need = z->r[k] - (parent->s[k] - m[k]);

		above = MAX(need, 2 * above);
		above = MAX(above, 0);
		m[k] = above;
	}
}

void admit_keep(const struct ledger *l, uint8_t zone, int64_t keep[POOL_ORDERS])
{
	uint8_t path[POOL_MAX_ZONES];
	uint32_t n = 0;

	for (uint8_t z = zone; z != POOL_NO_ZONE; z = l->pool.zones[z].parent) {
		path[n++] = z;
	}
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		keep[k] = 0;
	}
	for (n--; n != 0U; n--) {
		keep_below(&l->zones[path[n - 1U]], &l->zones[path[n]], keep);
	}
}

uint64_t admit_fit(const struct ledger *l, uint8_t zone, uint8_t order)
{
	const int64_t *s = l->zones[zone].s;
	int64_t keep[POOL_ORDERS];
	int64_t fit = INT64_MAX;

	admit_keep(l, zone, keep);
	for (unsigned int k = 0; k <= order; k++) {
		fit = MIN(s[k] - keep[k], fit / 2);
	}
	return fit < 0 ? 0U : (uint64_t)fit;
}

uint8_t admit_upto(const struct ledger *l, uint8_t zone, uint8_t order, uint8_t max)
{
	const int64_t *s = l->zones[zone].s;
	int64_t keep[POOL_ORDERS];
	int64_t fit = INT64_MAX;
	unsigned int k = order;

	if (max <= order || s[order + 1U] < 1) {
		return order;
	}
	admit_keep(l, zone, keep);
	while (k < max) {
		/* Up to order both are worth the same; above it, one block of k + 1 costs 2^(k + 1 - i) of each i. */
		fit = MIN(s[k + 1U] - keep[k + 1U], fit / 2);
		if (fit < 1) {
			break;
		}
		k++;
	}
	return (uint8_t)k;
}

bool zone_holds(const struct ledger *l, uint8_t zone, uint8_t leaf)
{
	uint8_t z = leaf;

	while (z != POOL_NO_ZONE && z != zone) {
		z = l->pool.zones[z].parent;
	}
	return z == zone;
}

uint64_t admit_have(const struct ledger *l, uint8_t zone, uint8_t order)
{
	uint64_t have = 0;

	for (uint32_t i = zone; i < l->pool.nr_zones; i++) {
		const struct pool_zone *z = &l->pool.zones[i];

		if (!z->leaf || !zone_holds(l, zone, (uint8_t)i)) {
			continue;
		}
		for (unsigned int k = order; k <= z->max_order; k++) {
			have += z->nr_free[k] << (k - order);
		}
	}
	return have;
}
