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

void wave_all(const struct ledger *l, struct wave *w)
{
	for (uint8_t z = 0; z < l->pool.nr_zones; z++) {
		mark(w, z, 0, l->pool.zones[z].max_order);
	}
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
 * Computes r of a zone that has a parent, from order lo on; above hi, s did not change. Passes the differences to the
 * parent's s. *last: the highest order of which r changed. Ends where nothing changes further up. Returns whether no s
 * that it saw is negative. This is the hot loop of all claims: about 18 instructions an order.
 */
static bool settle(struct ledger_zone *z, struct ledger_zone *parent, unsigned int max, unsigned int lo,
		   unsigned int hi, unsigned int *last)
{
	int64_t below = lo == 0U ? INT64_MAX : z->r[lo - 1U];
	uint64_t mask = 0;
	int64_t signs = 0;
	unsigned int k;

	for (k = lo; k <= max; k++) {
		const int64_t v = MIN(z->s[k], below >> 1);
		const int64_t d = v - z->r[k];

		signs |= z->s[k];
		mask |= (uint64_t)(below > 2 * v) << k; /* of the order below; one place too high */
		below = v;
		if (d != 0) {
			z->r[k] = v;
			parent->s[k] += d;
			*last = k;
		} else if (k > hi) {
			k++;
			break;
		}
	}
	mask |= (uint64_t)(k > max && below > 0) << k;
	mask >>= 1;
	z->rmask = (uint32_t)((z->rmask & ~(GENMASK(k, lo) >> 1)) | mask | (k > max ? 0U : z->rmask & (BIT(k) >> 1)));
	return signs >= 0;
}

/* A root gives nothing upward: its r is not kept. */
static bool settle_root(const struct ledger_zone *z, unsigned int lo, unsigned int hi)
{
	int64_t signs = 0;

	for (unsigned int k = lo; k <= hi; k++) {
		signs |= z->s[k];
	}
	return signs >= 0;
}

bool wave_run(struct ledger *l, struct wave *w)
{
	bool holds = true;

	while (w->zones != 0U && holds) {
		const uint8_t i = (uint8_t)ilog2(w->zones);
		const uint8_t up = l->pool.zones[i].parent;
		const uint8_t lo = w->lo[i];
		unsigned int last = POOL_ORDERS;

		w->zones &= ~(uint32_t)BIT(i);
		if (up == POOL_NO_ZONE) {
			holds = settle_root(&l->zones[i], lo, w->hi[i]);
			continue;
		}
		holds = settle(&l->zones[i], &l->zones[up], l->pool.zones[i].max_order, lo, w->hi[i], &last);
		if (last != POOL_ORDERS) {
			mark(w, up, lo, last);
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
 * m holds what the parent's s must keep, order by order, and gets what the zone's own s must keep for that. The parent
 * needs r[k] >= need[k]; and r[k] >= n holds if and only if s[i] >= n * 2^(k-i) for all i <= k.
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
