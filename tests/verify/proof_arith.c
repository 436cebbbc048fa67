/* SPDX-License-Identifier: MIT */
/*
 * Proofs by CBMC of the arithmetic of admission: core/claim/arith.c, wave.c and fit.c as they are, orders 0 to POOL_MAX_ORDER (4, or
 * 2), up to 2^8 blocks free and 2^8 claimed of each order in each zone, a root (zone 0) with two leaves (1 and 2).
 *
 * Together they say what docs/claims.md argues. About the definitions of t and q: proof_leaf: the largest order of a leaf
 * need not borrow if and only if serving the terms one by one works out; proof_gives: q is the most that can be had
 * besides; proof_share: what the children can give together can be shared out among them whenever the sums allow it.
 * About the code: proof_change, proof_take, proof_wave: from any state in which t and the marks are as defined, they are
 * so after any change, and what is refused leaves no trace; proof_fit, proof_upto: the hint of a refusal and the larger
 * block are exactly the largest that hold.
 */
#include "core/claim/claim_internal.h"
#include "tests/verify/proof.h"

#define ilog2(v) expect(v)
#define ctz64(v) expect_lowest(v)
#include "core/claim/arith.c"
#include "core/claim/wave.c"
#undef ilog2
#undef ctz64
#include "core/claim/fit.c"

#ifndef COUNTS
#define COUNTS 256U /* of each order, at most */
#endif

static struct ledger l;
static struct ledger_zone was[3];
static int64_t own[3][POOL_ORDERS]; /* free in a leaf, less claimed; of the root what is claimed, negative */
static int64_t nr_free[3][POOL_ORDERS];
static int64_t nr_claimed[3][POOL_ORDERS];

static int64_t any_count(void)
{
	const int64_t n = nondet_u16() & (2U * COUNTS - 1U);

	ASSUME(n <= COUNTS);
	return n;
}

/* t and the marks of a zone, by their definitions. */
static void define(struct ledger_zone *z, const int64_t *e)
{
	int64_t b = 0;

	z->left = 0;
	z->lacks = 0;
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		z->t[k] = e[k] - b;
		b = z->t[k] >= 0 ? 0 : (1 - z->t[k]) >> 1;
		z->left |= (uint32_t)(z->t[k] + 2 * b != 0) << k;
		z->lacks |= (uint32_t)(z->t[k] < 0) << k;
	}
}

static int64_t q_of(const struct ledger_zone *z, unsigned int k)
{
	return z->t[k] >= 0 ? z->t[k] : -z->t[k] % 2;
}

/* The root's, of its own claims and what the leaves have left over. */
static void define_root(struct ledger_zone *root, const struct ledger_zone *a, const struct ledger_zone *b)
{
	int64_t e[POOL_ORDERS];

	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		e[k] = own[0][k] + q_of(a, k) + q_of(b, k);
	}
	define(root, e);
}

static bool holds(const struct ledger_zone *z)
{
	return z->t[POOL_MAX_ORDER] >= 0;
}

/* Any state in which admission holds. */
static void any_state(void)
{
	l.pool.nr_zones = 3;
	for (uint32_t i = 0; i < 3U; i++) {
		struct ledger_zone *z = &l.zones[i];

		l.pool.zones[i].parent = i == 0U ? POOL_NO_ZONE : 0U;
		l.pool.zones[i].max_order = POOL_MAX_ORDER;
		z->parent = l.pool.zones[i].parent;
		z->max_order = POOL_MAX_ORDER;
		z->leaves = i == 0U ? 6U : (uint32_t)BIT(i);
		for (unsigned int k = 0; k < POOL_ORDERS; k++) {
			nr_free[i][k] = i == 0U ? 0 : any_count();
			nr_claimed[i][k] = any_count();
			own[i][k] = nr_free[i][k] - nr_claimed[i][k];
			l.pool.zones[i].mask |= (uint32_t)(nr_free[i][k] != 0) << k;
		}
	}
	define(&l.zones[1], own[1]);
	define(&l.zones[2], own[2]);
	define_root(&l.zones[0], &l.zones[1], &l.zones[2]);
	ASSUME(holds(&l.zones[0]) && holds(&l.zones[1]) && holds(&l.zones[2]));
	for (uint32_t i = 0; i < 3U; i++) {
		was[i] = l.zones[i];
	}
}

static void same(const struct ledger_zone *z, const struct ledger_zone *want)
{
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		ASSERT(z->t[k] == want->t[k], "t is as it should be");
	}
	ASSERT(z->left == want->left && z->lacks == want->lacks, "the marks are as they should be");
}

/* Everything is as `own` says now; `held`: what the code says of admission. */
static void as_defined(bool held)
{
	struct ledger_zone want[3];

	define(&want[1], own[1]);
	define(&want[2], own[2]);
	define_root(&want[0], &want[1], &want[2]);
	same(&l.zones[0], &want[0]);
	same(&l.zones[1], &want[1]);
	same(&l.zones[2], &want[2]);
	ASSERT(held == (holds(&want[0]) && holds(&want[1]) && holds(&want[2])), "admission holds where it is said to");
}

#ifdef CASE_HI
/* Any change in orders CASE_LO to CASE_HI of a zone: what pass() does, of which change_run() does one a zone. */
void proof_change(void)
{
	struct ledger_zone *z = &l.zones[0];
	struct ledger_zone want = { .max_order = POOL_MAX_ORDER };
	struct ledger_zone old;
	struct change c;
	bool any;

	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		own[0][k] = any_count() - any_count();
	}
	z->max_order = POOL_MAX_ORDER;
	define(z, own[0]);
	old = *z;
	c.lo = CASE_LO;
	c.hi = CASE_HI;
	for (unsigned int k = CASE_LO; k <= CASE_HI; k++) {
		c.d[k] = any_count() - any_count();
		own[0][k] += c.d[k];
	}
	define(&want, own[0]);
	any = pass(z, &c);
	same(z, &want);
	ASSERT(c.lo == CASE_LO && c.hi >= CASE_HI && c.hi <= POOL_MAX_ORDER, "orders from the lowest that changed");
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		const int64_t more = q_of(&want, k) - q_of(&old, k);

		ASSERT((k >= c.lo && k <= c.hi ? c.d[k] : 0) == more, "what goes to the parent is what q changed by");
		ASSERT(any || more == 0, "it ends here only if nothing does");
	}
	REACHED(z->lacks != 0U && z->lacks != old.lacks && holds(z));
}
#endif

#ifdef CASE_M
/* A block of CASE_ORDER is claimed on leaf 1, whose next block left over is of order CASE_M: the short way, as far as it goes. */
void proof_take(void)
{
	struct ledger_zone want;
	struct change c;
	unsigned int from;
	uint8_t at;

	any_state();
	ASSUME(l.zones[1].left >> CASE_ORDER != 0U);
	ASSUME((l.zones[1].left >> CASE_ORDER & (BIT(CASE_M - CASE_ORDER + 1) - 1U)) == BIT(CASE_M - CASE_ORDER));
	expected[0] = CASE_M - CASE_ORDER;
	own[1][CASE_ORDER]--;
	define(&want, own[1]);
	at = take_left(&l, 1, POOL_NO_ZONE, CASE_ORDER, &from);
	ASSERT(from == CASE_M, "the smallest that is left over");
	change_taken(&c, CASE_ORDER, CASE_M);
	same(&l.zones[1], &want);
	ASSERT(holds(&want), "what is left over can be taken");
	if (at == 0U) {
		ASSERT(c.lo == CASE_ORDER && c.hi == CASE_M, "what is to be made of the root");
		same(&l.zones[0], &was[0]);
		for (unsigned int k = CASE_ORDER; k <= CASE_M; k++) {
			ASSERT(c.d[k] == q_of(&want, k) - q_of(&was[1], k),
			       "what goes to the root is what q changed by");
		}
		REACHED(true);
	} else {
		ASSERT(at == POOL_NO_ZONE, "or it is done");
		define_root(&want, &l.zones[1], &l.zones[2]);
		same(&l.zones[0], &want);
	}
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		ASSERT((k >= CASE_ORDER && k <= CASE_M) || q_of(&l.zones[1], k) == q_of(&was[1], k), "other q stay");
	}
}
#endif

#ifdef CASE_ORDER
/* n more blocks of an order can be met if and only if q is worth n of it. */
void proof_gives(void)
{
	struct ledger_zone more;
	const int64_t n = any_count();
	int64_t worth = 0;

	any_state();
	own[1][CASE_ORDER] -= n;
	define(&more, own[1]);
	for (unsigned int k = POOL_ORDERS; k-- > CASE_ORDER;) {
		worth = q_of(&was[1], k) + 2 * worth;
	}
	ASSERT(holds(&more) == (n <= worth), "q is the most that can be had besides");
	REACHED(n == worth && n > 40);
}
#endif

/*
 * A leaf alone. Its terms are served one by one, the largest orders first, and what is not used of an order is cut in two
 * for the next: by that, not by a formula, they can be met or not.
 */
void proof_leaf(void)
{
	struct ledger_zone z;
	int64_t e[POOL_ORDERS];
	int64_t have = 0;
	bool served = true;

	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		e[k] = any_count() - any_count();
		have = 2 * have + e[k];
		served = served && have >= 0;
	}
	define(&z, e);
	ASSERT(holds(&z) == served, "borrowing says what serving says");
	REACHED(served && e[0] < -200);
}

/*
 * What two children can give, a and b in blocks of each order, and terms c on their parent: if the sums allow it, c can be
 * shared out, x from the one and y from the other. The other way is plain: sums of what holds hold.
 */
void proof_share(void)
{
	int64_t a = 0;
	int64_t b = 0;
	int64_t x = 0;
	int64_t y = 0;

	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		const int64_t c = any_count();
		int64_t part;

		a = any_count() + 2 * a;
		b = any_count() + 2 * b;
		part = MIN(c, a - 2 * x);
		ASSUME(c + 2 * (x + y) <= a + b);
		ASSERT(part >= 0 && part <= c, "a part of the term");
		x = part + 2 * x;
		y = c - part + 2 * y;
		ASSERT(x <= a && y <= b, "each can give its part");
		ASSUME(x <= a && y <= b);
	}
	REACHED(x > 100 && y > 100);
}

#ifdef CASE_WAVE
/* Changes of all three zones at once, one order each: { of the root, of leaf 1, of leaf 2 }. All are made, or none. */
void proof_wave(void)
{
	static const uint8_t order[3] = CASE_WAVE;
	int64_t n[3];
	struct wave w;

	any_state();
	wave_start(&w);
	for (uint8_t i = 0; i < 3U; i++) {
		n[i] = any_count() - any_count();
		wave_add(&l, &w, i, order[i], n[i]);
		own[i][order[i]] += n[i];
	}
	expected[0] = 2; /* children first */
	expected[1] = 1;
	expected[2] = 0;
	if (wave_run(l.zones, &w)) {
		as_defined(true);
		REACHED(n[0] < -10 && n[1] < -10 && n[2] < -10);
	} else {
		struct ledger_zone want[3];

		same(&l.zones[0], &was[0]);
		same(&l.zones[1], &was[1]);
		same(&l.zones[2], &was[2]);
		define(&want[1], own[1]);
		define(&want[2], own[2]);
		define_root(&want[0], &want[1], &want[2]);
		ASSERT(!holds(&want[0]) || !holds(&want[1]) || !holds(&want[2]), "refused with reason");
	}
}
#endif

#if defined(CASE_ZONE) && defined(CASE_ORDER)
/* Whether leaf 1 or the root, with n more claimed of an order, and what is above it still hold. */
static bool would_hold(void)
{
	struct ledger_zone a;
	struct ledger_zone root;

	define(&a, own[1]);
	define_root(&root, &a, &was[2]);
	return holds(&a) && holds(&root);
}

/* n more of a term are admitted if and only if n <= admit_fits(). */
void proof_fit(void)
{
	uint64_t fits[POOL_ORDERS];
	const int64_t n = any_count();

	any_state();
	admit_fits(l.zones, CASE_ZONE, fits);
	own[CASE_ZONE][CASE_ORDER] -= n;
	ASSERT(would_hold() == ((uint64_t)n <= fits[CASE_ORDER]), "what fits is the largest that does");
	REACHED((uint64_t)n == fits[CASE_ORDER] && n > 20);
}

#ifdef CASE_TO
/* One block of order CASE_TO in the place of as many as it is worth: admitted up to admit_upto(), and not beyond. */
void proof_upto(void)
{
	unsigned int k;

	any_state();
	ASSUME(nr_claimed[CASE_ZONE][CASE_ORDER] >= (int64_t)BIT(CASE_TO - CASE_ORDER));
	k = admit_upto(&l, CASE_ZONE, CASE_ORDER, POOL_MAX_ORDER);
	ASSERT(k >= CASE_ORDER && k <= POOL_MAX_ORDER, "within what was asked");
	own[CASE_ZONE][CASE_ORDER] += (int64_t)BIT(CASE_TO - CASE_ORDER);
	own[CASE_ZONE][CASE_TO]--;
	ASSERT(would_hold() == (CASE_TO <= k), "the largest that is admitted");
	REACHED(k == CASE_TO);
}
#endif
#endif
