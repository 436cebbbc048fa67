/* SPDX-License-Identifier: MIT */
/*
 * Sets of changes: made in all zones together, children first, or in none. A set of many terms changes most orders of
 * most zones, and this is what holds the ledger's lock longest: so it is done without a branch, with all that can be
 * prepared laid out before the lock is taken.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

static void enter(const struct ledger *l, struct wave *w, uint32_t zone)
{
	for (; zone != POOL_NO_ZONE && (w->zones & BIT(zone)) == 0U; zone = l->zones[zone].parent) {
		w->zones |= (uint32_t)BIT(zone);
		for (unsigned int k = 0; k < POOL_ORDERS; k++) {
			w->row[zone].n[k] = 0;
		}
	}
}

void wave_start(struct wave *w)
{
	w->zones = 0;
	w->row[POOL_MAX_ZONES] = (struct wave_row){ 0 };
}

void wave_add(const struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, int64_t n)
{
	enter(l, w, zone);
	w->row[zone].n[order] += n;
}

static struct wave_row *row_above(struct wave *w, const struct ledger_zone *z)
{
	return &w->row[z->parent != POOL_NO_ZONE ? z->parent : POOL_MAX_ZONES];
}

/* Where pass_all() is in a zone. */
struct sweep {
	uint64_t left; /* marks, the last order's in bit 0 */
	uint64_t lacks;
	int64_t more; /* what the order below borrows more than it did */
};

/* Two orders, as loads and stores go. n: what comes, and then what t was. */
static inline void two_orders(struct sweep *s, int64_t *t, int64_t *n, int64_t *up)
{
	const int64_t t0 = t[0];
	const int64_t t1 = t[1];
	const int64_t n0 = n[0];
	const int64_t n1 = n[1];
	const int64_t u0 = up[0];
	const int64_t u1 = up[1];
	const int64_t d0 = n0 - s->more;
	const int64_t v0 = t0 + d0;
	const int64_t more = owes(t0) - owes(v0);
	const int64_t d1 = n1 - more;
	const int64_t v1 = t1 + d1;

	s->more = owes(t1) - owes(v1);
	n[0] = t0;
	n[1] = t1;
	t[0] = v0;
	t[1] = v1;
	up[0] = u0 + d0 + 2 * more;
	up[1] = u1 + d1 + 2 * s->more;
	s->lacks = s->lacks << 1 | (uint64_t)v0 >> 63;
	s->left = s->left << 1 | (uint64_t)(2 * owes(v0) - v0) >> 63;
	s->lacks = s->lacks << 1 | (uint64_t)v1 >> 63;
	s->left = s->left << 1 | (uint64_t)(2 * owes(v1) - v1) >> 63;
}

/* The last order, where there is no pair for it. */
static inline void last_order(struct sweep *s, int64_t *t, int64_t *n, int64_t *up)
{
	const int64_t was = *t;
	const int64_t d = *n - s->more;
	const int64_t v = was + d;

	*n = was;
	*t = v;
	*up += d + 2 * (owes(was) - owes(v));
	s->lacks = s->lacks << 1 | (uint64_t)v >> 63;
	s->left = s->left << 1 | (uint64_t)(2 * owes(v) - v) >> 63;
}

static uint64_t swap_bits(uint64_t v, unsigned int n, uint64_t mask)
{
	return (v >> n & mask) | (v & mask) << n;
}

/* Marks in their places. */
static void set_marks(struct ledger_zone *z, const struct sweep *s)
{
	uint64_t v = __builtin_bswap64(s->left | s->lacks << 32);

	v = swap_bits(v, 4, UINT64_C(0x0f0f0f0f0f0f0f0f));
	v = swap_bits(v, 2, UINT64_C(0x3333333333333333));
	v = swap_bits(v, 1, UINT64_C(0x5555555555555555));
	z->left = (uint32_t)(v >> (64U - POOL_ORDERS));
	z->lacks = (uint32_t)v >> (32U - POOL_ORDERS);
}

/*
 * What pass() does, in all orders of a zone and without a branch. The row becomes what t and the marks were; what q
 * changes by goes up.
 */
static FH_NOINLINE void pass_all(struct ledger_zone *z, struct wave_row *row, struct wave_row *above)
{
	struct sweep s = { 0, 0, 0 };
	int64_t *t = z->t;
	int64_t *n = row->n;
	int64_t *up = above->n;

	FH_UNROLL
	for (unsigned int k = 0; k + 1U < POOL_ORDERS; k += 2U) {
		two_orders(&s, t + k, n + k, up + k);
	}
	if (POOL_ORDERS % 2U != 0U) {
		last_order(&s, t + POOL_MAX_ORDER, n + POOL_MAX_ORDER, up + POOL_MAX_ORDER);
	}
	row->left = z->left;
	row->lacks = z->lacks;
	set_marks(z, &s);
}

static void undo(struct ledger_zone *zones, const struct wave *w, uint32_t done)
{
	for (; done != 0U; done &= done - 1U) {
		struct ledger_zone *z = &zones[ctz64(done)];
		const struct wave_row *row = &w->row[ctz64(done)];

		FH_UNROLL
		for (unsigned int k = 0; k + 1U < POOL_ORDERS; k += 2U) {
			const int64_t a = row->n[k];
			const int64_t b = row->n[k + 1U];

			z->t[k] = a;
			z->t[k + 1U] = b;
		}
		z->t[POOL_MAX_ORDER] = row->n[POOL_MAX_ORDER];
		z->left = row->left;
		z->lacks = row->lacks;
	}
}

bool wave_run(struct ledger_zone *zones, struct wave *w)
{
	uint32_t left = w->zones;
	bool holds = true;

	while (left != 0U && holds) {
		const uint32_t i = ilog2(left); /* children first */
		struct ledger_zone *z = &zones[i];

		left ^= (uint32_t)BIT(i);
		pass_all(z, &w->row[i], row_above(w, z));
		holds = z->t[z->max_order] >= 0;
	}
	if (!holds) {
		undo(zones, w, w->zones & ~left);
	}
	return holds;
}

void wave_add_whole(const struct ledger *l, struct wave *w)
{
	for (uint32_t z = 0; z < l->pool.nr_zones; z++) {
		enter(l, w, z);
		if (l->zones[z].children == 0U) {
			const uint64_t *whole = l->pool.zones[z].whole;

			for (unsigned int k = 0; k + 1U < POOL_ORDERS; k++) {
				w->row[z].n[k] += (int64_t)(whole[k] - 2U * whole[k + 1U]);
			}
			w->row[z].n[POOL_MAX_ORDER] += (int64_t)whole[POOL_MAX_ORDER];
			w->row[z].n[0] -= (int64_t)l->reserve[z];
		}
	}
}

bool wave_fits_alone(const struct ledger *l, struct wave *w)
{
	for (uint32_t z = l->pool.nr_zones; z-- != 0U;) { /* children first */
		int64_t *up = row_above(w, &l->zones[z])->n;
		int64_t owed = 0;

		for (unsigned int k = 0; k < POOL_ORDERS; k++) {
			const int64_t t = w->row[z].n[k] + owed;

			owed = owes(t);
			up[k] += t - 2 * owed;
		}
		if (owed != 0) {
			return false;
		}
	}
	return true;
}
