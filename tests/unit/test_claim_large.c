// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c
/*
 * Random operations on pools of realistic size: 8 GiB in two banks, blocks up to 1 GiB, some ten thousand of them. After
 * each step the answer is judged and what is outstanding must fit, by the arithmetic of docs/claims.md computed from
 * scratch; each 4,096 steps all state is compared with the model: every page's owner and dirtiness, every block, every term.
 * Small pools, where every step is compared and a packing is searched, are test_claim_random's.
 *
 *     build/unit/test_claim_large [STEPS [SEED]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/claim/claim.h"
#include "core/pool/pool_alloc.h"

#define COMPARE_EVERY 4096U
#define RUN 200000U /* steps, then all is given back */
#define BLOCKS 20000U
#define CLAIMS 100U
#define DOMS 4U
#define FREE 0U
#define NOT_OURS 255U /* a page that is not the pool's */

enum { ROOT, LOW, IN, A, B, HYP, NR_ZONES };
#define GIB_PAGES UINT64_C(0x40000)
#define BANK0 UINT64_C(0x40000) /* first page: 1 GiB */
#define PAGES0 (3U * GIB_PAGES)
#define BANK1 UINT64_C(0x200000) /* 8 GiB */
#define PAGES1 (5U * GIB_PAGES)
#define PAGES (PAGES0 + PAGES1)
#define LEAF(name, parent, order, from, n)                                                                             \
	{                                                                                                              \
		name, parent, true, order,                                                                             \
		{                                                                                                      \
			(from) * PAGE_SIZE, (n)*PAGE_SIZE                                                              \
		}                                                                                                      \
	}

static const struct pool_zone_desc zones[NR_ZONES] = {
	[ROOT] = { "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
	[LOW] = LEAF("low", ROOT, 18, BANK0, PAGES0 - 0x4000),
	[IN] = { "in", ROOT, false, 0, { 0, 0 } },
	[A] = LEAF("a", IN, 18, BANK1 + 0x123, 3 * GIB_PAGES),
	[B] = LEAF("b", IN, 9, BANK1 + 0x123 + 3 * GIB_PAGES, GIB_PAGES + 0x7ff),
	[HYP] = LEAF("hyp", POOL_NO_ZONE, 9, BANK0 + PAGES0 - 0x4000, 0x4000),
};

struct mblock {
	uint64_t pfn;
	uint8_t order;
	domid_t owner;
	domid_t payer;
};

struct mclaim {
	bool used;
	claim_handle_t h;
	domid_t holder;
	struct claim_term t;
	uint64_t left;
};

static uint64_t steps = 60000;
static uint64_t seed;
static uint64_t rng;
static struct ledger led;
static uint64_t records[PAGES];
static uint64_t *map[2];
static uint8_t owner[PAGES]; /* of a page: FREE, 1 + domain, NOT_OURS */
static uint8_t dirty[PAGES];
static struct mblock blocks[BLOCKS];
static uint32_t nr_blocks;
static struct mclaim claims[CLAIMS];
static uint64_t claimed[NR_ZONES][POOL_ORDERS];
static struct {
	uint64_t taken, refused, most, compared;
} seen; /* to see that the test tests */

#define CHECK(c)                                                                                                       \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fail_msg("seed %llu: %s", (unsigned long long)seed, #c);                                       \
		}                                                                                                      \
	} while (0)

static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 20) % n);
}

static uint64_t place(uint64_t pfn)
{
	return pfn < BANK1 ? pfn - BANK0 : pfn - BANK1 + PAGES0;
}

static bool under(uint8_t zone, uint64_t pfn)
{
	for (uint8_t z = 0; z < NR_ZONES; z++) {
		if (zones[z].leaf && pfn << PAGE_SHIFT >= zones[z].range.base &&
		    pfn << PAGE_SHIFT < range_end(zones[z].range)) {
			return z == zone || zones[z].parent == zone || (z >= A && z <= B && zone == ROOT);
		}
	}
	return false;
}

/* --- admission from scratch --------------------------------------------------------------------------------------- */

/* Whether all that is outstanding fits, and n more of an order on a zone. S and R of docs/claims.md. */
static bool fits(uint8_t zone, uint32_t order, int64_t n)
{
	int64_t f[NR_ZONES][POOL_ORDERS + 1U] = { 0 };

	for (uint32_t z = NR_ZONES; z-- != 0U;) { /* children first */
		int64_t r = INT64_MAX;
		int64_t s[POOL_ORDERS + 1U] = { 0 };

		for (uint32_t k = POOL_ORDERS; k-- != 0U;) {
			s[k] = 2 * s[k + 1U] + (int64_t)led.pool.zones[z].nr_free[k] - (int64_t)claimed[z][k] -
			       (z == zone && k == order ? n : 0);
		}
		for (uint32_t k = 0; k < POOL_ORDERS; k++) {
			if (s[k] + f[z][k] < 0) {
				return false;
			}
			r = MIN(s[k] + f[z][k], r / 2);
			if (zones[z].parent != POOL_NO_ZONE) {
				f[zones[z].parent][k] += r;
			}
		}
	}
	return true;
}

/* --- the model ---------------------------------------------------------------------------------------------------- */

static bool any_dirty(uint64_t at, uint64_t n)
{
	return memchr(&dirty[at], 1, n) != NULL;
}

static struct claim_block block_of(const struct mblock *b)
{
	return (struct claim_block){ pa(b->pfn << PAGE_SHIFT), b->order, false };
}

static void model_take(struct claim_block b, uint8_t zone, domid_t dom, domid_t payer)
{
	const uint64_t pfn = pa_val(b.base) >> PAGE_SHIFT;
	const uint64_t n = UINT64_C(1) << b.order;
	uint8_t *o = &owner[place(pfn)];

	CHECK(nr_blocks < BLOCKS && (pfn & (n - 1U)) == 0U && under(zone, pfn) && under(zone, pfn + n - 1U));
	for (uint64_t i = 0; i < n; i++) {
		CHECK(o[i] == FREE);
	}
	CHECK(b.dirty == any_dirty(place(pfn), n));
	memset(o, 1 + (dom == DOMID_HYP ? (int)DOMS : dom), n);
	blocks[nr_blocks++] = (struct mblock){ pfn, b.order, dom, payer };
	seen.taken++;
	seen.most = MAX(seen.most, nr_blocks);
}

static void model_free(uint32_t i, bool touched)
{
	const uint64_t n = UINT64_C(1) << blocks[i].order;

	memset(&owner[place(blocks[i].pfn)], FREE, n);
	if (touched) {
		memset(&dirty[place(blocks[i].pfn)], 1, n);
	}
	blocks[i] = blocks[--nr_blocks];
}

static int by_pfn(const void *a, const void *b)
{
	const struct mblock *x = a;
	const struct mblock *y = b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

/* Free blocks of a leaf, the largest aligned ones, from the model's pages. */
static void compare_free(uint8_t z)
{
	const uint64_t from = zones[z].range.base >> PAGE_SHIFT;
	const uint64_t end = range_end(zones[z].range) >> PAGE_SHIFT;
	uint64_t nr[POOL_ORDERS] = { 0 };

	for (uint64_t pfn = from; pfn < end;) {
		const uint8_t *o = &owner[place(pfn)];
		const uint64_t most = end - pfn;
		uint64_t run = 0;

		while (run < most && o[run] == FREE) {
			run++;
		}
		for (uint64_t at = pfn; at < pfn + run;) {
			uint32_t k = 0;

			while (k < zones[z].max_order && (at & ((UINT64_C(2) << k) - 1U)) == 0U &&
			       at + (UINT64_C(2) << k) <= pfn + run) {
				k++;
			}
			nr[k]++;
			at += UINT64_C(1) << k;
		}
		pfn += run + 1U;
	}
	for (uint32_t k = 0; k < POOL_ORDERS; k++) {
		CHECK(led.pool.zones[z].nr_free[k] == nr[k]);
	}
}

static void compare_claims(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < CLAIMS; i++) {
		const struct mclaim *c = &claims[i];
		struct claim_term_info q;
		domid_t holder;

		n += c->used;
		if (c->used) {
			CHECK(claim_query(&led, c->h, 0, &holder, &q) == FH_OK && holder == c->holder);
			CHECK(q.left == c->left && q.term.count == c->t.count && q.term.owner == c->t.owner);
			CHECK(q.term.zone == c->t.zone && q.term.order == c->t.order);
		}
	}
	CHECK(led.nr_claims == n);
}

static void compare(void)
{
	const char *bad = ledger_audit(&led);
	uint32_t owned = 0;
	struct pool_info b;

	if (bad != NULL) {
		fail_msg("seed %llu: audit: %s", (unsigned long long)seed, bad);
	}
	seen.compared++;
	qsort(blocks, nr_blocks, sizeof(blocks[0]), by_pfn);
	for (paddr_t at = pa(0); pool_next_block(&led.pool, at, &b) == FH_OK; at = pa(range_end(b.range))) {
		if (b.state == POOL_OWNED) {
			const struct mblock *m = &blocks[owned++];

			CHECK(owned <= nr_blocks && m->pfn == b.range.base >> PAGE_SHIFT && m->order == b.order);
			CHECK(m->owner == b.owner && m->payer == b.payer);
		}
	}
	CHECK(owned == nr_blocks);
	for (uint8_t z = 0; z < NR_ZONES; z++) {
		if (zones[z].leaf) {
			compare_free(z);
		}
	}
	for (uint64_t i = 0; i < PAGES; i++) {
		const uint64_t pfn = i < PAGES0 ? i + BANK0 : i - PAGES0 + BANK1;

		CHECK(owner[i] == NOT_OURS || pool_is_dirty(&led.pool, pfn, 0) == (dirty[i] != 0U));
	}
	compare_claims();
}

/* --- operations --------------------------------------------------------------------------------------------------- */

static uint8_t max_order(uint8_t zone)
{
	return zone == ROOT || zone == IN ? 18 : zones[zone].max_order;
}

static struct claim_term random_term(void)
{
	static const uint16_t counts[] = { 1, 4, 60, 900, 20000 };
	struct claim_term t = { .zone = (uint8_t)rnd(NR_ZONES), .owner = (domid_t)rnd(DOMS) };

	t.order = (uint8_t)rnd(rnd(3) == 0U ? max_order(t.zone) + 1U : 6U);
	t.count = 1U + rnd(counts[rnd(t.order > 9U ? 3U : 5U)]);
	return t;
}

static void op_stake(void)
{
	struct mclaim *c = &claims[rnd(CLAIMS)];
	const struct claim_term t = random_term();
	struct claim_refusal why;
	bool ok;

	if (c->used) {
		return;
	}
	ok = fits(t.zone, t.order, (int64_t)t.count);
	CHECK(claim_stake(&led, (domid_t)(t.owner % 2U), &t, 1, &c->h, &why) == (ok ? FH_OK : FH_ENOFIT));
	if (ok) {
		c->used = true;
		c->holder = (domid_t)(t.owner % 2U);
		c->t = t;
		c->left = t.count;
		claimed[t.zone][t.order] += t.count;
	} else {
		seen.refused++;
		CHECK(why.fit < t.count && fits(t.zone, t.order, (int64_t)why.fit));
		CHECK(!fits(t.zone, t.order, (int64_t)why.fit + 1));
	}
}

/* The largest order that may take the place of what is left, by trying each. */
static uint8_t best_order(const struct mclaim *c, uint8_t max)
{
	uint8_t best = c->t.order;

	for (uint8_t k = (uint8_t)(c->t.order + 1U); k <= MIN(max, max_order(c->t.zone)); k++) {
		const uint64_t n = UINT64_C(1) << (k - c->t.order);

		if (n > c->left) {
			break;
		}
		claimed[c->t.zone][c->t.order] -= n;
		best = fits(c->t.zone, k, 1) ? k : best;
		claimed[c->t.zone][c->t.order] += n;
	}
	return best;
}

static void op_redeem(void)
{
	struct mclaim *c = &claims[rnd(CLAIMS)];
	const uint8_t max = (uint8_t)(rnd(4) == 0U ? rnd(19) : 0U);
	struct claim_block b;
	uint8_t order;

	if (!c->used || nr_blocks == BLOCKS) {
		return;
	}
	order = best_order(c, max);
	CHECK(claim_redeem_upto(&led, c->h, 0, max, &b) == (c->left != 0U ? FH_OK : FH_EBUSY));
	if (c->left != 0U) {
		const uint64_t n = UINT64_C(1) << (order - c->t.order);

		CHECK(b.order == order);
		c->left -= n;
		claimed[c->t.zone][c->t.order] -= n;
		model_take(b, c->t.zone, c->t.owner, c->holder);
	}
}

static void op_alloc(void)
{
	const uint8_t zone = (uint8_t)rnd(NR_ZONES);
	const uint8_t order = (uint8_t)rnd(rnd(4) == 0U ? max_order(zone) + 1U : 4U);
	const domid_t dom = (domid_t)rnd(DOMS);
	const bool ok = fits(zone, order, 1);
	struct claim_block b;

	if (nr_blocks == BLOCKS) {
		return;
	}
	CHECK(claim_alloc(&led, dom, zone, order, &b) == (ok ? FH_OK : FH_ENOMEM));
	if (ok) {
		CHECK(b.order == order);
		model_take(b, zone, dom, dom);
	}
}

static void op_free(void)
{
	if (nr_blocks != 0U) {
		const uint32_t i = rnd(nr_blocks);
		const struct claim_block b = block_of(&blocks[i]);

		CHECK(claim_free(&led, (domid_t)(blocks[i].owner + 1U), b) == FH_EDENIED);
		CHECK(claim_free(&led, blocks[i].owner, b) == FH_OK);
		CHECK(claim_free(&led, blocks[i].owner, b) != FH_OK);
		model_free(i, true);
	}
}

static void op_unredeem(void)
{
	struct mclaim *c = &claims[rnd(CLAIMS)];
	const uint32_t i = nr_blocks == 0U ? 0U : rnd(nr_blocks);
	const struct mblock *m = &blocks[i];
	const bool touched = rnd(2) == 0U;
	uint64_t n;
	bool ok;

	if (!c->used || nr_blocks == 0U || m->owner != c->t.owner) {
		return;
	}
	n = m->order >= c->t.order ? UINT64_C(1) << (m->order - c->t.order) : 0U;
	ok = n != 0U && m->payer == c->holder && under(c->t.zone, m->pfn) && c->t.count - c->left >= n;
	CHECK(((touched ? claim_unredeem : claim_unredeem_untouched)(&led, c->h, 0, block_of(m)) == FH_OK) == ok);
	if (ok) {
		c->left += n;
		claimed[c->t.zone][c->t.order] += n;
		model_free(i, touched);
	}
}

static void op_split(void)
{
	const uint32_t i = nr_blocks == 0U ? 0U : rnd(nr_blocks);
	struct mblock b = blocks[i];
	uint8_t to;

	if (nr_blocks == 0U || b.order == 0U || nr_blocks + 512U > BLOCKS || rnd(4) != 0U) {
		return;
	}
	to = (uint8_t)(b.order - 1U - rnd(MIN(b.order, 5U)));
	CHECK(claim_split_owned(&led, b.owner, block_of(&b), to) == FH_OK);
	blocks[i] = blocks[--nr_blocks];
	for (uint64_t pfn = b.pfn; pfn < b.pfn + (UINT64_C(1) << b.order); pfn += UINT64_C(1) << to) {
		blocks[nr_blocks++] = (struct mblock){ pfn, to, b.owner, b.payer };
	}
}

static void op_release(void)
{
	struct mclaim *c = &claims[rnd(CLAIMS)];

	if (!c->used) {
		return;
	}
	if (rnd(3) == 0U) {
		CHECK(claim_release(&led, c->h) == FH_OK && claim_release(&led, c->h) == FH_ESTALE);
		claimed[c->t.zone][c->t.order] -= c->left;
		c->used = false;
	} else {
		const uint64_t n = rnd((uint32_t)c->left + 2U);

		CHECK(claim_release_part(&led, c->h, 0, n) == (n <= c->left ? FH_OK : FH_EOVERFLOW));
		if (n <= c->left) {
			c->left -= n;
			c->t.count -= n;
			claimed[c->t.zone][c->t.order] -= n;
		}
	}
}

static void op_scrub(void)
{
	const uint32_t i = nr_blocks == 0U ? 0U : rnd(nr_blocks);
	struct claim_block b;

	if (ledger_scrub_begin(&led, 1, POOL_SCRUB_ORDER, &b) == FH_OK) {
		const uint64_t at = place(pa_val(b.base) >> PAGE_SHIFT);

		CHECK(owner[at] == FREE && any_dirty(at, UINT64_C(1) << b.order));
		CHECK(ledger_scrub_end(&led, 1) == FH_OK);
		memset(&dirty[at], 0, UINT64_C(1) << b.order);
	}
	if (nr_blocks != 0U && rnd(2) == 0U) {
		CHECK(ledger_cleaned(&led, blocks[i].owner, block_of(&blocks[i])) == FH_OK);
		memset(&dirty[place(blocks[i].pfn)], 0, UINT64_C(1) << blocks[i].order);
	}
}

/* --- runs --------------------------------------------------------------------------------------------------------- */

static void start(void)
{
	const struct pool_bank banks[] = { { BANK0, PAGES0, records }, { BANK1, PAGES1, &records[PAGES0] } };

	memset(claims, 0, sizeof(claims));
	memset(claimed, 0, sizeof(claimed));
	memset(owner, (int)NOT_OURS, sizeof(owner));
	memset(dirty, 0, sizeof(dirty));
	nr_blocks = 0;
	CHECK(ledger_init(&led, zones, NR_ZONES, banks, 2) == FH_OK);
	CHECK(ledger_dirty_map(&led, BANK0, map[0], true) == FH_OK);
	CHECK(ledger_dirty_map(&led, BANK1, map[1], true) == FH_OK);
	for (uint8_t z = 0; z < NR_ZONES; z++) {
		if (zones[z].leaf) {
			CHECK(ledger_add_range(&led, z, zones[z].range) == FH_OK);
			memset(&owner[place(zones[z].range.base >> PAGE_SHIFT)], FREE,
			       zones[z].range.size >> PAGE_SHIFT);
		}
	}
	for (domid_t d = 0; d < DOMS; d++) {
		CHECK(ledger_domain_add(&led, d, CLAIM_NO_QUOTA) == FH_OK);
	}
	compare();
}

/* All is given back: the pool is as it was. */
static void finish(void)
{
	compare();
	for (uint32_t i = 0; i < CLAIMS; i++) {
		CHECK(!claims[i].used || claim_release(&led, claims[i].h) == FH_OK);
		claims[i].used = false;
	}
	while (nr_blocks != 0U) {
		CHECK(claim_free(&led, blocks[0].owner, block_of(&blocks[0])) == FH_OK);
		model_free(0, true);
	}
	memset(claimed, 0, sizeof(claimed));
	compare();
}

#define NR_OPS 14U
#define PHASE 50000U /* steps */

static void test_large(void **state)
{
	/* The pool fills, and empties again. */
	static void (*const ops[2][NR_OPS])(void) = {
		{ op_stake, op_stake, op_redeem, op_redeem, op_redeem, op_redeem, op_redeem, op_redeem, op_alloc,
		  op_free, op_unredeem, op_split, op_release, op_scrub },
		{ op_stake, op_redeem, op_redeem, op_alloc, op_free, op_free, op_free, op_free, op_free, op_free,
		  op_unredeem, op_split, op_release, op_scrub },
	};

	(void)state;
	map[0] = malloc(pool_dirty_words(BANK0, PAGES0) * 8U);
	map[1] = malloc(pool_dirty_words(BANK1, PAGES1) * 8U);
	for (uint64_t s = 0; s < steps; s++) {
		if (s % RUN == 0U) {
			rng = (seed + s) * 0x9e3779b97f4a7c15U | 1U;
			start();
		}
		ops[s / PHASE % 2U][rnd(NR_OPS)]();
		CHECK(fits(ROOT, 0, 0));
		if (s % COMPARE_EVERY == 0U) {
			compare();
		}
		if (s % RUN == RUN - 1U || s == steps - 1U) {
			finish();
		}
		if (s % 10000000U == 0U && s != 0U) {
			printf("%llu steps done\n", (unsigned long long)s);
			(void)fflush(stdout);
		}
	}
	printf("%llu blocks taken, %llu at once, %llu sets refused, %llu full comparisons\n",
	       (unsigned long long)seen.taken, (unsigned long long)seen.most, (unsigned long long)seen.refused,
	       (unsigned long long)seen.compared);
	CHECK(seen.taken > steps / 10U && (steps < 1000U || seen.refused != 0U));
	free(map[0]);
	free(map[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_large) };

	steps = argc > 1 ? strtoull(argv[1], NULL, 0) : steps;
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("%llu steps, seed %llu\n", (unsigned long long)steps, (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
