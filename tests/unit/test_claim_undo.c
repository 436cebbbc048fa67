// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/canon.c
/*
 * Fail the n-th: a domain's build as a sequence of calls to the ledger, broken off after n of them for every n, and
 * undone. Ledger, pool and dirty map must be as before, by canon.h's text: from a whole pool and from one that others
 * have cut up, hold claims on and made dirty. A build is broken off in three ways: it gives all back into its claim, its
 * domain dies, or its lease runs out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canon.h"
#include "core/pool/pool_alloc.h"

enum { ROOT, LOW, HIGH, HYP, NR_ZONES };
#define BASE UINT64_C(0x40000000)
#define MIB UINT64_C(0x100000)
#define BANK_PAGES (32U * MIB / PAGE_SIZE)
#define ME 5U /* the domain that is built */

static const struct pool_zone_desc zones[NR_ZONES] = {
	[ROOT] = { "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
	[LOW] = { "low", ROOT, true, 11, { BASE, 16 * MIB } },
	[HIGH] = { "high", ROOT, true, 10, { BASE + 16 * MIB, 14 * MIB } },
	[HYP] = { "hyp", POOL_NO_ZONE, true, 9, { BASE + 30 * MIB, 2 * MIB } },
};

/* What is claimed for a domain: memory that must be low, any memory, a root table, tables, a tree. */
static const struct claim_term terms[] = {
	{ LOW, ORDER_2M, ME, 1 }, { ROOT, ORDER_4K, ME, 700 }, { HYP, 1, ME, 1 },
	{ HYP, ORDER_4K, ME, 9 }, { HYP, 2, ME, 1 },
};
#define NR_TERMS (sizeof(terms) / sizeof(terms[0]))
#define MAX_BLOCKS 1024U

enum way { GIVE_BACK, DIE, RUN_OUT };

/* What a build does to memory that it redeemed. */
enum use { LEAVE, CLEAN, WRITE };

static struct ledger led;
static uint64_t records[BANK_PAGES];
static uint64_t map[BANK_PAGES];
static uint64_t rng;

static struct {
	claim_handle_t h;
	bool staked;
	bool in_use;
	uint32_t term;    /* being redeemed */
	uint32_t nr;      /* blocks */
	uint32_t cleaned; /* of them, so many were cleaned or written */
	struct claim_block blocks[MAX_BLOCKS];
	uint32_t from[MAX_BLOCKS]; /* term */
} b;

static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 20) % n);
}

static void start(bool clean)
{
	const struct pool_bank bank = { BASE >> PAGE_SHIFT, BANK_PAGES, records };

	assert_int_equal(ledger_init(&led, zones, NR_ZONES, &bank, 1), FH_OK);
	assert_true(pool_dirty_words(BASE >> PAGE_SHIFT, BANK_PAGES) <= BANK_PAGES);
	assert_int_equal(ledger_dirty_map(&led, BASE >> PAGE_SHIFT, map, clean), FH_OK);
	for (uint8_t z = LOW; z < NR_ZONES; z++) {
		assert_int_equal(ledger_add_range(&led, z, zones[z].range), FH_OK);
	}
	for (domid_t d = 0; d <= ME; d++) {
		assert_int_equal(ledger_domain_add(&led, d, CLAIM_NO_QUOTA), FH_OK);
	}
	memset(&b, 0, sizeof(b));
}

/* Others' blocks and claims, and dirty memory here and there. */
static void cut_up(void)
{
	struct claim_block x;
	claim_handle_t h;

	for (uint32_t i = 0; i < 400; i++) {
		const uint8_t zone = rnd(8) == 0U ? HYP : (uint8_t)(LOW + rnd(2));
		const domid_t dom = (domid_t)rnd(ME);
		const struct claim_term t = { zone, (uint8_t)rnd(3), dom, 1 + rnd(3) };
		const fh_status st = claim_alloc(&led, dom, zone, (uint8_t)rnd(zone == HYP ? 2 : 6), &x);

		if (st == FH_OK && rnd(3) != 0U) {
			assert_int_equal(claim_free(&led, dom, x), FH_OK);
		}
		if (i % 50U == 0U) {
			assert_int_equal(claim_stake(&led, DOMID_HYP, &t, 1, &h, NULL), FH_OK);
			assert_int_equal(claim_redeem(&led, h, 0, &x), FH_OK);
		}
	}
}

/* --- the build ---------------------------------------------------------------------------------------------------- */

static uint64_t left_of(uint32_t term)
{
	struct claim_term_info q;
	domid_t holder;

	assert_int_equal(claim_query(&led, b.h, term, &holder, &q), FH_OK);
	return q.left;
}

static void handle_block(enum use use)
{
	const struct claim_block *x = &b.blocks[b.cleaned++];

	if (use == CLEAN && x->dirty) {
		assert_int_equal(ledger_cleaned(&led, ME, *x), FH_OK);
	}
}

/* The next call of a build. False: it is built. */
static bool step(enum use use)
{
	if (!b.staked) {
		assert_int_equal(claim_stake(&led, DOMID_HYP, terms, NR_TERMS, &b.h, NULL), FH_OK);
		b.staked = true;
		return true;
	}
	if (!b.in_use) {
		assert_int_equal(claim_use(&led, b.h), FH_OK);
		b.in_use = true;
		return true;
	}
	while (b.term < NR_TERMS && left_of(b.term) == 0U) {
		b.term++;
	}
	if (b.term < NR_TERMS) {
		const uint8_t upto = b.term < 2U ? 18U : terms[b.term].order;

		assert_true(b.nr < MAX_BLOCKS);
		assert_int_equal(claim_redeem_upto(&led, b.h, b.term, upto, &b.blocks[b.nr]), FH_OK);
		b.from[b.nr++] = b.term;
		return true;
	}
	if (b.cleaned < b.nr) {
		handle_block(use);
		return true;
	}
	return false;
}

/* --- and how it is broken off ------------------------------------------------------------------------------------- */

static void give_back(enum use use, bool keep)
{
	while (b.nr != 0U) {
		const uint32_t i = --b.nr;
		const bool written = use == WRITE && i < b.cleaned;

		assert_int_equal(
			(written ? claim_unredeem : claim_unredeem_untouched)(&led, b.h, b.from[i], b.blocks[i]),
			FH_OK);
	}
	if (b.in_use) {
		assert_int_equal(claim_unuse(&led, b.h), FH_OK);
	}
	if (b.staked && !keep) {
		assert_int_equal(claim_release(&led, b.h), FH_OK);
	}
}

static void free_blocks(void)
{
	while (b.nr != 0U) {
		assert_int_equal(claim_free(&led, ME, b.blocks[--b.nr]), FH_OK);
	}
}

static void break_off(enum way way, enum use use, bool keep)
{
	claim_handle_t gone;

	if (way == GIVE_BACK) {
		give_back(use, keep);
	} else if (way == DIE) {
		if (b.in_use) {
			assert_int_equal(claim_unuse(&led, b.h), FH_OK);
		}
		assert_int_equal(claim_domain_died(&led, ME), FH_OK);
		free_blocks();
		if (b.staked) { /* its holder drops the empty claim */
			assert_int_equal(claim_release(&led, b.h), FH_OK);
		}
		assert_int_equal(ledger_domain_add(&led, ME, CLAIM_NO_QUOTA), FH_OK);
	} else {
		if (b.staked) {
			assert_int_equal(claim_renew(&led, b.h, 0, 10), FH_OK);
			assert_int_equal(claim_reap(&led, 10, &gone), b.in_use ? FH_ENOENT : FH_OK);
		}
		if (b.in_use) {
			assert_int_equal(claim_unuse(&led, b.h), FH_OK);
			assert_int_equal(claim_reap(&led, 10, &gone), FH_OK);
		}
		free_blocks();
	}
}

/* Which pages are dirty. */
static void dirty_pages(uint8_t *out)
{
	for (uint64_t p = 0; p < BANK_PAGES; p++) {
		out[p] = pool_is_dirty(&led.pool, (BASE >> PAGE_SHIFT) + p, 0);
	}
}

/* After blocks were cleaned: the rest of the map is as it was, and what was cleaned is clean. */
static void check_cleaned(uint8_t *before)
{
	static uint8_t now[BANK_PAGES];

	for (uint32_t i = 0; i < b.cleaned; i++) {
		memset(before + (pa_val(b.blocks[i].base) - BASE) / PAGE_SIZE, 0, UINT64_C(1) << b.blocks[i].order);
	}
	dirty_pages(now);
	assert_memory_equal(before, now, BANK_PAGES);
}

/*
 * All n from 0 to the whole build, one after the other on the same ledger: what the n-th leaves behind the next one would
 * find.
 */
static void fail_every_n(enum way way, enum use use, bool keep, unsigned int parts)
{
	static uint8_t dirty[BANK_PAGES];
	bool whole = false;

	for (uint32_t n = 0; !whole; n++) {
		const claim_handle_t h = b.h;
		char *before;
		char *after;

		memset(&b, 0, sizeof(b));
		b.h = h;
		b.staked = keep;
		before = canon_text(&led, parts);
		dirty_pages(dirty);
		for (uint32_t i = 0; i < n && !whole; i++) {
			whole = !step(use);
		}
		break_off(way, use, keep);
		assert_null(ledger_audit(&led));
		after = canon_text(&led, parts);
		assert_true(canon_equal(before, after, "build broken off"));
		if (use == CLEAN) {
			check_cleaned(dirty);
		}
		free(before);
		free(after);
	}
}

static void every_way(enum use use, unsigned int parts)
{
	fail_every_n(GIVE_BACK, use, false, parts);
	assert_int_equal(claim_stake(&led, DOMID_HYP, terms, NR_TERMS, &b.h, NULL), FH_OK);
	fail_every_n(GIVE_BACK, use, true, parts); /* as a restart does, which keeps its claim */
	assert_int_equal(claim_release(&led, b.h), FH_OK);
}

static void test_whole_pool_dirty(void **state)
{
	(void)state;
	start(false);
	every_way(WRITE, CANON_ALL);
	fail_every_n(DIE, WRITE, false, CANON_ALL);
	fail_every_n(RUN_OUT, WRITE, false, CANON_ALL);
}

static void test_whole_pool_clean(void **state)
{
	(void)state;
	start(true);
	every_way(LEAVE, CANON_ALL);
}

static void test_cut_up_pool(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		rng = seed * UINT64_C(0x9e3779b97f4a7c15);
		start(true);
		cut_up();
		every_way(LEAVE, CANON_ALL);
		every_way(CLEAN, CANON_ALL & ~CANON_DIRTY);
		fail_every_n(DIE, LEAVE, false, CANON_ALL & ~CANON_DIRTY); /* a free makes dirty */
		fail_every_n(RUN_OUT, LEAVE, false, CANON_ALL);
		every_way(WRITE, CANON_ALL); /* what it is built of is dirty by now */
	}
}

/* --- the comparison itself ---------------------------------------------------------------------------------------- */

static void must_tell(const char *what, unsigned int part, char **before)
{
	char *after = canon_text(&led, part);

	if (strcmp(*before, after) == 0) {
		fail_msg("%s makes no difference", what);
	}
	free(*before);
	*before = canon_text(&led, CANON_ALL);
	free(after);
}

/* Each part of the state shows in its part of the text. */
static void test_canon_tells_differences(void **state)
{
	const struct claim_term t = { LOW, 3, 1, 4 };
	struct claim_block x;
	claim_handle_t h;
	char *s;

	(void)state;
	start(true);
	s = canon_text(&led, CANON_CLAIMS);
	assert_int_equal(claim_stake(&led, 2, &t, 1, &h, NULL), FH_OK);
	must_tell("a claim", CANON_CLAIMS, &s);
	free(s);
#define DIFFER(part, op)                                                                                               \
	do {                                                                                                           \
		s = canon_text(&led, part);                                                                            \
		assert_int_equal(op, FH_OK);                                                                           \
		must_tell(#op, part, &s);                                                                              \
		free(s);                                                                                               \
	} while (0)
	DIFFER(CANON_CLAIMS, claim_use(&led, h));
	DIFFER(CANON_CLAIMS, claim_renew(&led, h, 1, 5));
	DIFFER(CANON_BLOCKS, claim_redeem(&led, h, 0, &x));
	DIFFER(CANON_ACCOUNTS, claim_unredeem_untouched(&led, h, 0, x));
	DIFFER(CANON_CLAIMS, claim_redeem(&led, h, 0, &x));
	DIFFER(CANON_DIRTY, claim_unredeem(&led, h, 0, x));
	DIFFER(CANON_ZONES, claim_release_part(&led, h, 0, 1));
	DIFFER(CANON_ZONES, ledger_set_reserve(&led, HIGH, 3));
	DIFFER(CANON_ZONES, ledger_scrub_begin(&led, 7, ORDER_64K, &x));
	DIFFER(CANON_DIRTY, ledger_scrub_end(&led, 7));
	DIFFER(CANON_ACCOUNTS, ledger_domain_add(&led, 9, 77));
	DIFFER(CANON_ACCOUNTS, claim_transfer(&led, h, 9));
	DIFFER(CANON_BLOCKS, ledger_quarantine(&led, pa(BASE + 5 * PAGE_SIZE)));
#undef DIFFER
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canon_tells_differences),
		cmocka_unit_test(test_whole_pool_dirty),
		cmocka_unit_test(test_whole_pool_clean),
		cmocka_unit_test(test_cut_up_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
