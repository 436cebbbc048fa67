// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/oracle.c tests/unit/claim_random_*.c
// CFLAGS: -DFH_MAX_CLAIMS=16U
/*
 * Random operations against a simple model, on small pools with trees of several shapes. After each step all state is
 * compared: each page, each term, the histograms, the accounts; the audit runs, and the packing oracle must find all
 * outstanding claims redeemable. Each admission, refusal hint and opportunistic order is judged by the oracle too.
 * Here are the pools and the runs; the model, what is drawn, the operations and the comparison are claim_random_*.c's.
 *
 *     build/unit/test_claim_random [STEPS [SEED]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "claim_random.h"

static uint64_t steps = 120000;

#define LEAF(name, parent, order, from, n)                                                                             \
	{                                                                                                              \
		name, parent, true, order,                                                                             \
		{                                                                                                      \
			(BASE_PFN + (from)) * PAGE_SIZE, (n)*PAGE_SIZE                                                 \
		}                                                                                                      \
	}
#define INNER(name, parent)                                                                                            \
	{                                                                                                              \
		name, parent, false, 0,                                                                                \
		{                                                                                                      \
			0, 0                                                                                           \
		}                                                                                                      \
	}

static const struct shape shapes[] = {
	{ 64, 3, { INNER("root", 255), LEAF("a", 0, 4, 0, 16), LEAF("b", 0, 4, 16, 16) }, { { 0 } } },
	{ 64, 1, { LEAF("one", 255, 3, 3, 30) }, { { 10, 12 } } },
	{ 64,
	  6,
	  { INNER("root", 255), INNER("in", 0), LEAF("a", 1, 4, 0, 16), LEAF("b", 1, 3, 16, 8), LEAF("c", 0, 2, 25, 12),
	    LEAF("hyp", 255, 3, 40, 8) },
	  { { 5, 6 }, { 30, 32 } } },
	{ 64,
	  7,
	  { INNER("root", 255), INNER("in", 0), LEAF("a", 1, 4, 0, 16), INNER("in2", 1), LEAF("b", 3, 3, 16, 8),
	    LEAF("c", 3, 2, 24, 8), LEAF("d", 0, 1, 33, 9) },
	  { { 20, 21 } } },
	{ 256,
	  5,
	  { INNER("root", 255), LEAF("a", 0, 6, 0, 128), INNER("in", 0), LEAF("b", 2, 5, 130, 90),
	    LEAF("c", 2, 3, 224, 32) },
	  { { 17, 18 }, { 200, 203 } } },
};

static uint64_t records[PAGES];
static uint64_t map[PAGES]; /* the dirty map: a few words */

static void start(const struct shape *sh)
{
	const struct pool_bank bank = { BASE_PFN, sh->pages, records };

	memset(&m, 0, sizeof(m));
	m.sh = sh;
	memset(m.leaf, 255, sizeof(m.leaf));
	memset(m.block, 255, sizeof(m.block));
	for (uint32_t p = 0; p < sh->pages; p++) {
		records[p] = ((uint64_t)rnd(UINT32_MAX) << 32) | rnd(UINT32_MAX);
	}
	CHECK(ledger_init(&led, sh->zones, sh->nr, &bank, 1) == FH_OK);
	memset(map, 0x5a, sizeof(map));
	memset(m.dirty, 1, sizeof(m.dirty));
	touched = true;
	CHECK(pool_dirty_words(BASE_PFN, PAGES) <= PAGES);
	if (rnd(2) == 0) {
		CHECK(ledger_dirty_map(&led, BASE_PFN, map, true) == FH_OK);
		memset(m.dirty, 0, sizeof(m.dirty));
	} else {
		CHECK(ledger_dirty_map(&led, BASE_PFN, map, false) == FH_OK);
	}
	CHECK(ledger_dirty_map(&led, BASE_PFN + 1U, map, false) == FH_EINVAL);
	for (uint32_t i = 0; i < 3 && sh->holes[i][1] != 0; i++) {
		const struct range r = { (BASE_PFN + sh->holes[i][0]) * PAGE_SIZE,
					 (sh->holes[i][1] - sh->holes[i][0]) * PAGE_SIZE };

		CHECK(ledger_own_range(&led, r, POOL_STATIC, 1) == FH_OK);
	}
	for (uint8_t z = 0; z < sh->nr; z++) {
		const uint64_t first = (sh->zones[z].range.base >> PAGE_SHIFT) - BASE_PFN;

		for (uint64_t p = first; sh->zones[z].leaf && p < first + (sh->zones[z].range.size >> PAGE_SHIFT);
		     p++) {
			const struct range r = { (BASE_PFN + p) << PAGE_SHIFT, PAGE_SIZE };
			const fh_status st = ledger_add_range(&led, z, r); /* page by page: ranges join */

			CHECK(st == FH_OK || st == FH_EEXIST);
			m.leaf[p] = st == FH_OK ? z : 255;
		}
	}
	for (domid_t d = 0; d < DOMS; d++) {
		m.alive[d] = true;
		CHECK(ledger_domain_add(&led, d, d == 2 ? QUOTA : CLAIM_NO_QUOTA) == FH_OK);
	}
	compare();
}

static void drain(void)
{
	for (uint32_t i = 0; i < CLAIMS; i++) {
		struct mclaim *c = &m.claims[i];

		for (uint32_t j = 0; c->used && j < c->nr; j++) {
			for (; c->terms[j].left != 0U; c->terms[j].left--) {
				struct claim_block b;

				CHECK(claim_redeem(&led, c->h, j, &b) == FH_OK);
				model_take(b, c->terms[j].t.zone, c->terms[j].t.owner, c->holder);
			}
		}
	}
	compare();
	for (uint32_t i = 0; i < m.sh->pages; i++) {
		if (m.live[i]) {
			CHECK(claim_free(&led, m.blocks[i].owner, block_of(i)) == FH_OK);
			model_free_block(i);
			model_serve();
		}
	}
	compare();
}

static void step(void)
{
	static void (*const ops[])(void) = { op_scrub,   op_scrub, op_scrub,    op_replace,    op_transfer,
					     op_lease,   op_reap,  op_reserve,  op_quarantine, op_stake,
					     op_stake,   op_stake, op_redeem,   op_redeem,     op_redeem,
					     op_free,    op_free,  op_free_any, op_unredeem,   op_split,
					     op_release, op_alloc, op_death };

	ops[rnd(sizeof(ops) / sizeof(ops[0]))]();
	compare();
}

#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))
#define LARGEST 10U /* one round in so many is on the last shape, which takes longest */

static void test_random(void **state)
{
	const uint64_t run = 500;

	(void)state;
	for (uint64_t s = 0; s < steps; s += run) {
		const uint64_t round = s / run;

		if (s != 0U && s % 10000000U == 0U) {
			printf("%llu steps done\n", (unsigned long long)s);
			(void)fflush(stdout);
		}
		rng = (seed + s) * 0x9e3779b97f4a7c15U | 1U;
		for (int i = 0; i < 8; i++) {
			(void)rnd(2);
		}
		start(&shapes[round % LARGEST == LARGEST - 1U ? NR_SHAPES - 1U : round % (NR_SHAPES - 1U)]);
		for (uint64_t i = 0; i < run; i++) {
			step();
		}
		drain();
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	steps = argc > 1 ? strtoull(argv[1], NULL, 0) : steps;
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("%llu steps, seed %llu\n", (unsigned long long)steps, (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
