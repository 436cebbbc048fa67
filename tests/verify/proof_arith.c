/* SPDX-License-Identifier: MIT */
/*
 * Proofs by CBMC of the arithmetic of admission (core/claim/arith.c as it is), against what enumeration says.
 * Unfinished: the solver does not end on it yet (docs/claims.md); no target runs it.
 */
#include "core/claim/claim.h"
#include "core/claim/claim_internal.h"

#define ORDERS 5U

uint8_t nondet_u8(void);
void __CPROVER_assume(_Bool);
void __CPROVER_assert(_Bool, const char *);

static struct ledger l;

/* Blocks come, and blocks are claimed. */
static void wave_blocks(struct wave *w, uint8_t zone, uint8_t order, int64_t n)
{
	wave_add(w, zone, order, n);
}

static void wave_claim(struct wave *w, uint8_t zone, uint8_t order, int64_t n)
{
	wave_add(w, zone, order, -n);
}

/* A root with leaves, or a leaf alone. */
static void tree(uint32_t nr, uint8_t max_order)
{
	l.pool.nr_zones = nr;
	for (uint32_t i = 0; i < nr; i++) {
		l.pool.zones[i].parent = i == 0U ? POOL_NO_ZONE : 0U;
		l.pool.zones[i].leaf = nr == 1U || i != 0U;
		l.pool.zones[i].max_order = max_order;
		l.zones[i].parent = l.pool.zones[i].parent;
		l.zones[i].max_order = max_order;
	}
}

/* Whether a leaf's own blocks hold c and `more` of one order, from the largest order down, what is left over being cut in two. */
static bool leaf_holds(const uint8_t *f, const uint8_t *c, uint32_t orders, uint32_t order, uint32_t more)
{
	uint32_t have = 0;

	for (uint32_t k = orders; k-- != 0U;) {
		const uint32_t want = c[k] + (k == order ? more : 0U);

		have = 2U * have + f[k];
		if (have < want) {
			return false;
		}
		have -= want;
	}
	return true;
}

/* Whether some way to share the root's terms among two leaves leaves both with enough: all are tried. */
static bool shares(const uint8_t fa[3], const uint8_t fb[3], const uint8_t ca[3], const uint8_t cb[3],
		   const uint8_t cr[3])
{
	for (uint8_t x0 = 0; x0 <= 4U; x0++) {
		for (uint8_t x1 = 0; x1 <= 4U; x1++) {
			for (uint8_t x2 = 0; x2 <= 4U; x2++) {
				if (x0 <= cr[0] && x1 <= cr[1] && x2 <= cr[2]) {
					const uint8_t a[3] = { (uint8_t)(ca[0] + x0), (uint8_t)(ca[1] + x1),
							       (uint8_t)(ca[2] + x2) };
					const uint8_t b[3] = { (uint8_t)(cb[0] + cr[0] - x0),
							       (uint8_t)(cb[1] + cr[1] - x1),
							       (uint8_t)(cb[2] + cr[2] - x2) };

					if (leaf_holds(fa, a, 3, 0, 0) && leaf_holds(fb, b, 3, 0, 0)) {
						return true;
					}
				}
			}
		}
	}
	return false;
}

static void any_counts(uint8_t *v, uint32_t n, uint8_t most)
{
	for (uint32_t k = 0; k < n; k++) {
		v[k] = nondet_u8();
		__CPROVER_assume(v[k] <= most);
	}
}

/* Two leaves under a root, orders 0 to 2, up to 4 free blocks and 4 claimed of each order in each zone. */
void proof_two_leaves(void)
{
	uint8_t fa[3];
	uint8_t fb[3];
	uint8_t ca[3];
	uint8_t cb[3];
	uint8_t cr[3];
	struct wave w = { 0 };

	tree(3, 2);
	any_counts(fa, 3, 4);
	any_counts(fb, 3, 4);
	any_counts(ca, 3, 4);
	any_counts(cb, 3, 4);
	any_counts(cr, 3, 4);
	for (uint8_t k = 0; k < 3U; k++) {
		wave_blocks(&w, 1, k, fa[k]);
		wave_blocks(&w, 2, k, fb[k]);
		wave_claim(&w, 1, k, ca[k]);
		wave_claim(&w, 2, k, cb[k]);
		wave_claim(&w, 0, k, cr[k]);
	}
	__CPROVER_assert(wave_run(&l, &w) == shares(fa, fb, ca, cb, cr), "admission is what enumeration says");
}

/* One leaf, orders 0 to 4, up to 2^8 - 1 of each: admission is what cutting from the largest order down gives. */
void proof_one_leaf(void)
{
	uint8_t f[ORDERS];
	uint8_t c[ORDERS];
	struct wave w = { 0 };

	tree(1, ORDERS - 1U);
	any_counts(f, ORDERS, 255);
	any_counts(c, ORDERS, 255);
	for (uint8_t k = 0; k < ORDERS; k++) {
		wave_blocks(&w, 0, k, f[k]);
		wave_claim(&w, 0, k, c[k]);
	}
	__CPROVER_assert(wave_run(&l, &w) == leaf_holds(f, c, ORDERS, 0, 0), "admission of a leaf");
}

/* The hint of a refusal: n more of a term on a leaf below a root are admitted if and only if n <= admit_fits(). */
void proof_fit(void)
{
	uint8_t f[3];
	uint8_t c[3];
	uint8_t cr[3];
	struct wave w = { 0 };
	const uint8_t order = nondet_u8();
	const uint8_t n = nondet_u8();
	uint64_t fits[POOL_ORDERS];

	tree(3, 2);
	any_counts(f, 3, 4);
	any_counts(c, 3, 4);
	any_counts(cr, 3, 4);
	__CPROVER_assume(order < 3U && n <= 32U);
	for (uint8_t k = 0; k < 3U; k++) {
		wave_blocks(&w, 1, k, f[k]);
		wave_blocks(&w, 2, k, c[k]);
		wave_claim(&w, 0, k, cr[k]);
	}
	__CPROVER_assume(wave_run(&l, &w));
	admit_fits(&l, 1, fits);
	w = (struct wave){ 0 };
	wave_claim(&w, 1, order, n);
	__CPROVER_assert(wave_run(&l, &w) == (n <= fits[order]), "what would fit is the largest that does");
}

/* A change that is refused leaves all as it was: t and the marks, two leaves, any state that holds. */
void proof_undo(void)
{
	uint8_t f[3];
	uint8_t c[3];
	struct ledger before;
	struct wave w = { 0 };
	const uint8_t zone = nondet_u8();
	const uint8_t order = nondet_u8();
	const uint8_t n = nondet_u8();

	tree(3, 2);
	any_counts(f, 3, 4);
	any_counts(c, 3, 4);
	for (uint8_t k = 0; k < 3U; k++) {
		wave_blocks(&w, 1, k, f[k]);
		wave_blocks(&w, 2, k, c[k]);
	}
	__CPROVER_assume(wave_run(&l, &w));
	__CPROVER_assume(zone < 3U && order < 3U && n <= 16U);
	before = l;
	w = (struct wave){ 0 };
	wave_claim(&w, zone, order, n);
	if (!wave_run(&l, &w)) {
		for (uint32_t z = 0; z < 3U; z++) {
			for (uint32_t k = 0; k < 3U; k++) {
				__CPROVER_assert(l.zones[z].t[k] == before.zones[z].t[k], "t as before");
			}
			__CPROVER_assert(l.zones[z].left == before.zones[z].left, "marks as before");
			__CPROVER_assert(l.zones[z].lacks == before.zones[z].lacks, "marks as before");
		}
	}
}
