/* SPDX-License-Identifier: MIT */
/*
 * Admission: what each order of a zone has left over, kept up to date by borrowing, as in a subtraction by hand.
 *
 * A zone has blocks that are free in it and blocks that are claimed on it. What an order lacks it borrows from the next
 * one, where a block is worth two:
 *
 *     t[k] = free[k] - claimed[k] - b[k-1]
 *     b[k] = 0 if t[k] >= 0, else half of -t[k], rounded up       borrowed by order k from order k+1
 *     q[k] = t[k] + 2 b[k]                                        left over: never negative
 *
 * free is a leaf's histogram, or the sum of the children's q. The claims can be met if and only if the largest order
 * need not borrow, t[max] >= 0, in all zones. q is then what the zone can give upward, as real blocks; in blocks of one
 * order, R[k] = q[k] + 2 R[k+1], and its own claims have S[k] = R[k] + b[k-1] (docs/claims.md says why that is exact).
 *
 *     root   free = q(low) + q(high)        one block of order 2, and one of order 0 claimed:
 *            /            \
 *     low   t, q       high   t, q              t   -1  -1   0
 *     [buddy]            [buddy]                q    1   1   0
 *
 * t is kept, and marks of which q are not 0 and which t are negative. A change goes from the order that it touches
 * upward, until nothing more is borrowed, and what it does to q goes to the parent: a claim where the order has enough
 * touches one number a zone.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

void change_add(struct change *c, unsigned int k, int64_t n)
{
	while (k < c->lo) {
		c->d[--c->lo] = 0;
	}
	while (k > c->hi) {
		c->d[++c->hi] = 0;
	}
	c->d[k] += n;
}

void change_taken(struct change *c, unsigned int order, unsigned int split)
{
	change_start(c, split, -1);
	for (c->lo = order; order < split; order++) {
		c->d[order] = 1;
	}
}

void change_freed(struct change *c, unsigned int order, unsigned int merged)
{
	c->lo = order;
	c->hi = merged;
	while (order < merged) {
		c->d[order++] = -1; /* the buddy that was there */
	}
	c->d[merged] = 1;
}

/* Sets the marks of an order by its t. */
static void marks(struct ledger_zone *z, unsigned int k)
{
	const uint32_t others = ~(uint32_t)BIT(k);

	z->left = (z->left & others) | (uint32_t)(zone_left(z, k) != 0) << k;
	z->lacks = (z->lacks & others) | (uint32_t)(z->t[k] < 0) << k;
}

/*
 * The orders from lo on where nothing is borrowed: q changes as t does. Two at a time, as loads and stores go. Returns
 * the first order that it did not change.
 */
static unsigned int plain(struct ledger_zone *z, const struct change *c, unsigned int lo, unsigned int hi)
{
	const int64_t *d = &c->d[lo];
	int64_t *t = &z->t[lo];
	uint32_t none = 0; /* two bits a step: nothing is left of that order */

	for (; d < &c->d[hi]; d += 2, t += 2) {
		const int64_t v = t[0] + d[0];
		const int64_t w = t[1] + d[1];

		if ((t[0] | t[1] | v | w) < 0) {
			break;
		}
		t[0] = v;
		t[1] = w;
		none = none >> 2 | (uint32_t)(v == 0) << 30 | (uint32_t)(w == 0) << 31;
	}
	hi = (unsigned int)(d - c->d);
	z->left |= (uint32_t)(BIT(hi) - BIT(lo));
	if (none != 0U) {
		z->left &= ~(uint32_t)(((uint64_t)none << hi) >> 32);
	}
	return hi;
}

/* Makes the change c in a zone; c becomes what it does to q. Whether that is anything. The hot loop of all claims. */
static bool pass(struct ledger_zone *z, struct change *c)
{
	const uint64_t max = z->max_order;
	const uint64_t hi = c->hi;
	uint64_t k = plain(z, c, c->lo, c->hi);
	uint32_t left = z->left;
	uint32_t lacks = z->lacks;
	uint64_t any = k - c->lo;
	int64_t borrowed = 0;

	for (uint32_t bit = (uint32_t)BIT(k); k <= hi || (borrowed != 0 && k <= max); k++, bit <<= 1) {
		const int64_t t = z->t[k];
		int64_t d = (k <= hi ? c->d[k] : 0) - borrowed;
		const int64_t v = t + d;

		z->t[k] = v;
		borrowed = 0;
		if ((t | v) < 0) {
			borrowed = borrows(v) - borrows(t);
			d += 2 * borrowed;
			lacks = v < 0 ? lacks | bit : lacks & ~bit;
		}
		left = v <= 0 && (v & 1) == 0 ? left & ~bit : left | bit; /* q is 0 */
		c->d[k] = d;
		any |= (uint64_t)d;
	}
	z->left = left;
	z->lacks = lacks;
	c->hi = (uint32_t)k - 1U;
	return any != 0;
}

bool change_run(struct ledger *l, uint8_t zone, uint8_t end, struct change *c)
{
	bool holds = true;

	for (uint32_t i = zone; i != end; i = l->zones[i].parent) {
		struct ledger_zone *z = &l->zones[i];
		const bool more = pass(z, c);

		holds = holds && z->t[z->max_order] >= 0;
		if (!more) {
			break;
		}
	}
	return holds;
}

void change_check(struct ledger *l, uint8_t zone, struct change *c)
{
	if (!change_run(l, zone, POOL_NO_ZONE, c)) {
		POOL_ASSERT(false);
	}
}

/* Four at a time, in pairs, as loads and stores go. */
static void add_run(int64_t *t, const int64_t *end, int64_t n)
{
	for (; t + 3 < end; t += 4) {
		t[0] += n;
		t[1] += n;
		t[2] += n;
		t[3] += n;
	}
	for (; t < end; t++) {
		*t += n;
	}
}

/* The block is taken from one of order m that is left over: all orders below it borrow one, and have one over. */
uint8_t take_left(struct ledger *l, uint8_t zone, uint8_t end, uint8_t order, struct change *c)
{
	struct ledger_zone *z = &l->zones[zone];
	const unsigned int m = order + ctz64(z->left >> order);
	const uint32_t run = (uint32_t)(BIT(m) - BIT(order));

	add_run(&z->t[order], &z->t[m + 1U], -1);
	z->left |= run;
	z->lacks |= run;
	marks(z, m);
	for (zone = (uint8_t)z->parent; zone != end; zone = (uint8_t)z->parent) {
		z = &l->zones[zone];
		if ((z->lacks & (run | BIT(m))) != 0U || (z->left & BIT(m)) == 0U) {
			break;
		}
		add_run(&z->t[order], &z->t[m], 1);
		z->left |= run;
		if (--z->t[m] == 0) {
			z->left &= ~(uint32_t)BIT(m);
		}
	}
	change_start(c, m, -1);
	if (zone != end) {
		change_taken(c, order, m);
	}
	return zone;
}

bool unpay(struct ledger_zone *z, const struct change *c)
{
	for (unsigned int k = c->lo; k < c->hi; k++) {
		if (z->t[k] > 1 || c->d[k] != -1) {
			return false;
		}
	}
	if (c->d[c->hi] != 1) {
		return false;
	}
	add_run(&z->t[c->lo], &z->t[c->hi], -2);
	z->lacks |= (uint32_t)(BIT(c->hi) - BIT(c->lo));
	return true;
}

void repay(struct ledger_zone *z, unsigned int order, unsigned int to)
{
	uint32_t paid = 0;
	int64_t all = -1;

	for (unsigned int k = order; k < to; k++) {
		const int64_t t = z->t[k];

		all &= t;
		z->t[k] = t + 2;
		paid |= (uint32_t)(t >= -2) << k;
	}
	POOL_ASSERT(all < 0);
	z->lacks &= ~paid;
}

static inline bool claim_blocks(struct ledger *l, uint8_t zone, uint8_t order, int64_t n)
{
	struct change c;

	l->zones[zone].claimed[order] += (uint64_t)n;
	if (n == 1 && l->zones[zone].left >> order != 0U) {
		zone = take_left(l, zone, POOL_NO_ZONE, order, &c);
		return zone == POOL_NO_ZONE || change_run(l, zone, POOL_NO_ZONE, &c);
	}
	change_start(&c, order, -n);
	return change_run(l, zone, POOL_NO_ZONE, &c);
}

bool claim_change(struct ledger *l, uint8_t zone, uint8_t order, int64_t n)
{
	return claim_blocks(l, zone, order, n);
}

bool claim_try(struct ledger *l, uint8_t zone, uint8_t order, int64_t n)
{
	if (claim_blocks(l, zone, order, n)) {
		return true;
	}
	if (!claim_change(l, zone, order, -n)) {
		POOL_ASSERT(false);
	}
	return false;
}

void wave_add(struct wave *w, uint8_t zone, uint8_t order, int64_t n)
{
	if ((w->zones & BIT(zone)) == 0U) {
		w->zones |= (uint32_t)BIT(zone);
		change_start(&w->of[zone], order, n);
	} else {
		change_add(&w->of[zone], order, n);
	}
}

static void join(struct wave *w, uint8_t zone, const struct change *c)
{
	struct change *to = &w->of[zone];

	if ((w->zones & BIT(zone)) == 0U) {
		w->zones |= (uint32_t)BIT(zone);
		change_start(to, c->lo, 0);
	}
	change_add(to, c->lo, 0);
	change_add(to, c->hi, 0);
	for (unsigned int k = c->lo; k <= c->hi; k++) {
		to->d[k] += c->d[k];
	}
}

/* A zone's numbers and marks to the scratch, and back. */
static void copy(int64_t *to, const int64_t *from)
{
	for (unsigned int k = 0; k + 1U < POOL_ORDERS; k += 2U) {
		const int64_t a = from[k];
		const int64_t b = from[k + 1U];

		to[k] = a;
		to[k + 1U] = b;
	}
	to[POOL_MAX_ORDER] = from[POOL_MAX_ORDER];
}

void wave_undo(struct ledger *l, const struct wave *w)
{
	for (uint32_t left = w->done; left != 0U; left &= left - 1U) {
		const unsigned int z = ctz64(left);

		copy(l->zones[z].t, l->scratch[z]);
		l->zones[z].left = (uint32_t)l->scratch[z][POOL_ORDERS];
		l->zones[z].lacks = (uint32_t)(l->scratch[z][POOL_ORDERS] >> 32);
	}
}

bool wave_run(struct ledger *l, struct wave *w)
{
	bool holds = true;

	w->done = 0;
	while (w->zones != 0U && holds) {
		const uint8_t i = (uint8_t)ilog2(w->zones); /* children first */
		struct ledger_zone *z = &l->zones[i];
		bool more;

		w->zones &= ~(uint32_t)BIT(i);
		w->done |= (uint32_t)BIT(i);
		copy(l->scratch[i], z->t);
		l->scratch[i][POOL_ORDERS] = (int64_t)z->left | (int64_t)z->lacks << 32;
		more = pass(z, &w->of[i]);
		holds = z->t[z->max_order] >= 0;
		if (more && z->parent != POOL_NO_ZONE) {
			join(w, (uint8_t)z->parent, &w->of[i]);
		}
	}
	if (!holds) {
		wave_undo(l, w);
	}
	return holds;
}

bool all_hold(const struct ledger *l)
{
	for (uint32_t z = 0; z < l->pool.nr_zones; z++) {
		if (l->zones[z].t[l->zones[z].max_order] < 0) {
			return false;
		}
	}
	return true;
}
