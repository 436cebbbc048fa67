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

/* In pairs, as loads and stores go; no run is longer than all orders below the last. */
static inline void add_run(int64_t *t, unsigned int nr, int64_t n)
{
	_Static_assert(POOL_MAX_ORDER < 20U, "a case for each pair");
	if (nr % 2U != 0U) {
		*t++ += n;
	}
	switch (nr / 2U) {
	case 9:
		t[16] += n;
		t[17] += n;
		FH_FALLTHROUGH;
	case 8:
		t[14] += n;
		t[15] += n;
		FH_FALLTHROUGH;
	case 7:
		t[12] += n;
		t[13] += n;
		FH_FALLTHROUGH;
	case 6:
		t[10] += n;
		t[11] += n;
		FH_FALLTHROUGH;
	case 5:
		t[8] += n;
		t[9] += n;
		FH_FALLTHROUGH;
	case 4:
		t[6] += n;
		t[7] += n;
		FH_FALLTHROUGH;
	case 3:
		t[4] += n;
		t[5] += n;
		FH_FALLTHROUGH;
	case 2:
		t[2] += n;
		t[3] += n;
		FH_FALLTHROUGH;
	case 1:
		t[0] += n;
		t[1] += n;
		FH_FALLTHROUGH;
	default:
		break;
	}
}

/* The block is taken from one of order m that is left over: all orders below it borrow one, and have one over. */
uint8_t take_left(struct ledger *l, uint8_t zone, uint8_t end, uint8_t order, unsigned int *from)
{
	struct ledger_zone *z = &l->zones[zone];
	const uint32_t left = z->left;
	const unsigned int below = ctz64(left >> order);
	const uint32_t one = (uint32_t)BIT(order + below);
	const uint32_t run = one - (uint32_t)BIT(order);
	int64_t over = z->t[order + below] - 1;

	*from = order + below;
	z->t[order + below] = over;
	z->lacks |= run;
	z->left = (left | run) ^ (over > 0 ? 0U : one); /* it had one, or lacked an odd number */
	add_run(&z->t[order], below, -1);
	for (zone = (uint8_t)z->parent; zone != end; zone = (uint8_t)z->parent) {
		uint32_t marks;

		z = &l->zones[zone];
		marks = z->left;
		if ((z->lacks & (run | one)) != 0U || (marks & one) == 0U) {
			break;
		}
		over = z->t[order + below] - 1;
		z->t[order + below] = over;
		z->left = (marks | run) ^ (over != 0 ? 0U : one);
		add_run(&z->t[order], below, 1);
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
	add_run(&z->t[c->lo], c->hi - c->lo, -2);
	z->lacks |= (uint32_t)(BIT(c->hi) - BIT(c->lo));
	return true;
}

void repay(struct ledger_zone *z, unsigned int order, unsigned int to)
{
	const uint64_t sign = BIT(63);
	uint64_t lacks = 0; /* from its top: what still lacks, the last order first */
	int64_t all = -1;
	int64_t *t = &z->t[order];
	unsigned int n = to - order;

	if (n == 0U) {
		return;
	}
	for (; n >= 2U; n -= 2U, t += 2) {
		const int64_t v = t[0];
		const int64_t w = t[1];

		all &= v & w;
		t[0] = v + 2;
		t[1] = w + 2;
		lacks = lacks >> 1 | ((uint64_t)(v + 2) & sign);
		lacks = lacks >> 1 | ((uint64_t)(w + 2) & sign);
	}
	if (n != 0U) {
		all &= *t;
		*t += 2;
		lacks = lacks >> 1 | ((uint64_t)*t & sign);
	}
	POOL_ASSERT(all < 0);
	z->lacks = (z->lacks & ~(uint32_t)(BIT(to) - BIT(order))) | (uint32_t)(lacks >> (64U - (to - order)) << order);
}

bool claim_many(struct ledger *l, uint8_t zone, uint8_t order, int64_t n)
{
	struct change c;

	change_start(&c, order, -n);
	return change_run(l, zone, POOL_NO_ZONE, &c);
}

bool claim_on(struct ledger *l, uint8_t zone, uint8_t order, unsigned int from)
{
	struct change c;

	change_taken(&c, order, from);
	return change_run(l, zone, POOL_NO_ZONE, &c);
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
