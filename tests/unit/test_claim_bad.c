// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/canon.c
/*
 * Bad input to the ledger: each kind to each operation that takes it, the status that docs/claims.md gives, and after
 * each nothing has changed, by the canonical text (canon.h). Out-parameters are not written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canon.h"

enum { ROOT, LOW, HIGH, NR_ZONES };
#define BASE UINT64_C(0x40000000)
#define MIB UINT64_C(0x100000)
#define BANK_PAGES (24U * MIB / PAGE_SIZE)
#define DEAD 5U
#define NEVER 6U /* a number that was never added */
#define POOR 3U  /* has a quota of 4 pages */

static const struct pool_zone_desc zones[NR_ZONES] = {
	[ROOT] = { "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
	[LOW] = { "low", ROOT, true, 11, { BASE, 8 * MIB } },
	[HIGH] = { "high", ROOT, true, 9, { BASE + 8 * MIB, 8 * MIB } },
};

static struct ledger led;
static uint64_t records[BANK_PAGES];
static uint64_t map[BANK_PAGES];
static char *before;

static claim_handle_t good;    /* 2 blocks of 2 MiB and 8 pages for domain 0, of which 1 and 1 are redeemed */
static claim_handle_t waiting; /* for all of HIGH */
static struct claim_block big; /* redeemed from it */
static struct claim_block page;
static struct claim_block other; /* domain 1's, without a claim */
static struct claim_block bad;   /* domain 0's, with a bad page */

/* Handles of claims that are no more, and how they answer. */
static struct {
	const char *what;
	claim_handle_t h;
	fh_status st;
} ended[] = {
	{ "released", { 0 }, FH_ESTALE },  { "expired", { 0 }, FH_EEXPIRED },
	{ "revoked", { 0 }, FH_EREVOKED }, { "its holder died", { 0 }, FH_ESTALE },
	{ "forged", { 0 }, FH_ESTALE },    { "no such slot", { 0 }, FH_ESTALE },
};
#define NR_ENDED (sizeof(ended) / sizeof(ended[0]))

static claim_handle_t stake1(domid_t holder, uint8_t zone, uint8_t order, domid_t owner, uint64_t count)
{
	const struct claim_term t = { zone, order, owner, count };
	claim_handle_t h;

	assert_int_equal(claim_stake(&led, holder, &t, 1, &h, NULL), FH_OK);
	return h;
}

static void end_claims(void)
{
	claim_handle_t gone;

	assert_int_equal(ledger_domain_add(&led, DEAD, CLAIM_NO_QUOTA), FH_OK);
	ended[0].h = stake1(0, LOW, 0, 0, 1);
	ended[1].h = stake1(0, LOW, 0, 0, 1);
	ended[2].h = stake1(0, HIGH, 9, 0, 4);
	ended[3].h = stake1(DEAD, LOW, 0, 0, 1);
	assert_int_equal(claim_release(&led, ended[0].h), FH_OK);
	assert_int_equal(claim_renew(&led, ended[1].h, 0, 5), FH_OK);
	assert_int_equal(claim_reap(&led, 5, &gone), FH_OK);
	assert_int_equal(ledger_quarantine(&led, pa(BASE + 8 * MIB)), FH_OK);
	assert_int_equal(claim_domain_died(&led, DEAD), FH_OK);
}

static void make_claims(void)
{
	const struct claim_term t[] = { { LOW, ORDER_2M, 0, 2 }, { LOW, 0, 0, 8 } };
	const struct claim_term all = { HIGH, 0, 1, 2047 };
	struct claim_refusal why;

	assert_int_equal(claim_stake(&led, DOMID_HYP, t, 2, &good, NULL), FH_OK);
	assert_int_equal(claim_redeem(&led, good, 0, &big), FH_OK);
	assert_int_equal(claim_redeem(&led, good, 1, &page), FH_OK);
	assert_int_equal(claim_alloc(&led, 1, HIGH, 2, &other), FH_OK);
	assert_int_equal(claim_alloc(&led, 0, LOW, 2, &bad), FH_OK);
	assert_int_equal(ledger_quarantine(&led, bad.base), FH_OK);
	assert_int_equal(claim_stake_wait(&led, 1, &all, 1, 1000, &waiting, &why), FH_EQUEUED);
	ended[4].h = (claim_handle_t){ good.slot, good.gen + 1U };
	ended[5].h = (claim_handle_t){ FH_MAX_CLAIMS, 1 };
}

static int setup(void **state)
{
	const struct pool_bank bank = { BASE >> PAGE_SHIFT, BANK_PAGES, records };

	(void)state;
	assert_int_equal(ledger_init(&led, zones, NR_ZONES, &bank, 1), FH_OK);
	assert_int_equal(ledger_dirty_map(&led, BASE >> PAGE_SHIFT, map, true), FH_OK);
	assert_int_equal(ledger_own_range(&led, (struct range){ BASE + 20 * MIB, 4 * MIB }, POOL_STATIC, 1), FH_OK);
	assert_int_equal(ledger_add_range(&led, LOW, zones[LOW].range), FH_OK);
	assert_int_equal(ledger_add_range(&led, HIGH, zones[HIGH].range), FH_OK);
	for (domid_t d = 0; d < 4U; d++) {
		assert_int_equal(ledger_domain_add(&led, d, d == POOR ? 4U : CLAIM_NO_QUOTA), FH_OK);
	}
	end_claims();
	make_claims();
	before = canon_text(&led, CANON_ALL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(before);
	return 0;
}

/* The call answers so, and nothing has changed. */
#define REFUSED(call, status)                                                                                          \
	do {                                                                                                           \
		const fh_status st_ = (call);                                                                          \
		char *after_ = canon_text(&led, CANON_ALL);                                                            \
		if (st_ != (status) || !canon_equal(before, after_, #call)) {                                          \
			fail_msg("%s: %s, not %s", #call, fh_status_str(st_), fh_status_str(status));                  \
		}                                                                                                      \
		free(after_);                                                                                          \
		assert_null(ledger_audit(&led));                                                                       \
	} while (0)

/* --- handles ------------------------------------------------------------------------------------------------------ */

static void test_ended_handles(void **state)
{
	const struct claim_term t = { LOW, 0, 0, 1 };
	struct claim_block b = big;
	struct claim_term_info q;
	struct claim_info info;
	domid_t holder = 99;

	(void)state;
	for (uint32_t i = 0; i < NR_ENDED; i++) {
		const claim_handle_t h = ended[i].h;
		const fh_status st = ended[i].st;

		REFUSED(claim_redeem(&led, h, 0, &b), st);
		REFUSED(claim_redeem_upto(&led, h, 0, 18, &b), st);
		REFUSED(claim_redeem_own(&led, 0, h, 18, &b), st);
		REFUSED(claim_may_unredeem(&led, h, 0, big), st);
		REFUSED(claim_unredeem(&led, h, 0, big), st);
		REFUSED(claim_unredeem_untouched(&led, h, 0, big), st);
		REFUSED(claim_release(&led, h), st);
		REFUSED(claim_release_part(&led, h, 0, 1), st);
		REFUSED(claim_replace(&led, h, 0, 0, &t, 1, NULL), st);
		REFUSED(claim_transfer(&led, h, 1), st);
		REFUSED(claim_renew(&led, h, 1, 1), st);
		REFUSED(claim_use(&led, h), st);
		REFUSED(claim_unuse(&led, h), st);
		REFUSED(claim_info(&led, h, &info), st);
		REFUSED(claim_query(&led, h, 0, &holder, &q), st);
	}
	assert_memory_equal(&b, &big, sizeof(b));
	assert_int_equal(holder, 99);
}

static void test_claim_that_waits(void **state)
{
	const struct claim_term t = { HIGH, 0, 1, 1 };
	struct claim_block b;
	struct claim_info info;

	(void)state;
	assert_int_equal(claim_info(&led, waiting, &info), FH_OK);
	REFUSED(claim_redeem(&led, waiting, 0, &b), FH_EBUSY);
	REFUSED(claim_redeem_upto(&led, waiting, 0, 9, &b), FH_EBUSY);
	REFUSED(claim_release_part(&led, waiting, 0, 1), FH_EOVERFLOW);
	REFUSED(claim_replace(&led, waiting, 1, info.version, &t, 1, NULL), FH_EBUSY);
	REFUSED(claim_unredeem(&led, waiting, 0, other), FH_EBUSY);
	REFUSED(claim_unuse(&led, waiting), FH_EBUSY);
}

/* A guest's own call: for claims that it holds, and whose blocks are its own. */
static void test_anothers_claim(void **state)
{
	struct claim_block b;

	(void)state;
	REFUSED(claim_redeem_own(&led, 0, good, 18, &b), FH_ESTALE);         /* its blocks, another's claim */
	REFUSED(claim_redeem_own(&led, DOMID_HYP, good, 18, &b), FH_ESTALE); /* its claim, another's blocks */
	REFUSED(claim_redeem_own(&led, 1, waiting, 18, &b), FH_EBUSY);
	REFUSED(claim_may_unredeem(&led, waiting, 0, other), FH_EBUSY);
}

/* --- sets --------------------------------------------------------------------------------------------------------- */

static const struct bad_set {
	const char *what;
	domid_t holder;
	struct claim_term t;
	fh_status st;
} bad_sets[] = {
	{ "a count of 0", DOMID_HYP, { LOW, 0, 0, 0 }, FH_EINVAL },
	{ "an unknown zone", DOMID_HYP, { NR_ZONES, 0, 0, 1 }, FH_EINVAL },
	{ "no zone", DOMID_HYP, { 255, 0, 0, 1 }, FH_EINVAL },
	{ "an order beyond the leaf's", DOMID_HYP, { HIGH, 10, 0, 1 }, FH_EINVAL },
	{ "an order beyond the zone's", DOMID_HYP, { ROOT, 12, 0, 1 }, FH_EINVAL },
	{ "an order beyond all", DOMID_HYP, { LOW, 255, 0, 1 }, FH_EINVAL },
	{ "pages beyond 64 bits", DOMID_HYP, { LOW, 9, 0, UINT64_MAX >> 8 }, FH_EOVERFLOW },
	{ "an owner that is dead", DOMID_HYP, { LOW, 0, DEAD, 1 }, FH_ENOENT },
	{ "an owner that never was", DOMID_HYP, { LOW, 0, NEVER, 1 }, FH_ENOENT },
	{ "an owner of no number", DOMID_HYP, { LOW, 0, DOMID_NONE, 1 }, FH_ENOENT },
	{ "a holder that is dead", DEAD, { LOW, 0, 0, 1 }, FH_ENOENT },
	{ "a holder that never was", NEVER, { LOW, 0, 0, 1 }, FH_ENOENT },
	{ "more than the quota", POOR, { LOW, 0, 0, 5 }, FH_EQUOTA },
	{ "another waits for it", DOMID_HYP, { HIGH, 0, 0, 1 }, FH_EQUEUED },
	{ "above it, too", DOMID_HYP, { ROOT, 0, 0, 1 }, FH_EQUEUED },
	{ "more than there is", DOMID_HYP, { LOW, 9, 0, 4 }, FH_ENOFIT },
	{ "much more than there is", DOMID_HYP, { LOW, 0, 0, UINT64_MAX }, FH_ENOFIT },
};
#define NR_BAD_SETS (sizeof(bad_sets) / sizeof(bad_sets[0]))

static void test_bad_sets(void **state)
{
	claim_handle_t h = { 7, 7 };
	struct claim_refusal why;

	(void)state;
	for (uint32_t i = 0; i < NR_BAD_SETS; i++) {
		const struct bad_set *s = &bad_sets[i];
		const struct claim_term two[] = { { LOW, 1, 2, 1 }, s->t };

		REFUSED(claim_stake(&led, s->holder, &s->t, 1, &h, &why), s->st);
		REFUSED(claim_stake(&led, s->holder, &s->t, 1, &h, NULL), s->st);
		REFUSED(claim_stake(&led, s->holder, two, 2, &h, &why),
			s->t.count == UINT64_MAX ? FH_EOVERFLOW : s->st);
		if (s->holder != POOR) {
			assert_int_equal(why.term, s->holder == DOMID_HYP ? 1 : 0); /* which of the two */
		}
	}
	assert_int_equal(h.slot, 7);
}

/* To wait changes none of it, but for what waiting is for. */
static void test_bad_sets_do_not_wait(void **state)
{
	const struct claim_term never = { LOW, 11, 0, 2 };
	claim_handle_t h = { 7, 7 };
	struct claim_refusal why;

	(void)state;
	for (uint32_t i = 0; i < NR_BAD_SETS; i++) {
		const struct bad_set *s = &bad_sets[i];

		if (s->st != FH_EQUEUED && s->st != FH_ENOFIT) {
			REFUSED(claim_stake_wait(&led, s->holder, &s->t, 1, 10, &h, &why), s->st);
		}
	}
	REFUSED(claim_stake_wait(&led, 0, &never, 1, 10, &h, &why), FH_ENOFIT);
	assert_int_equal(h.slot, 7);
}

static void test_bad_replacements(void **state)
{
	struct claim_refusal why;
	struct claim_info info;

	(void)state;
	assert_int_equal(claim_info(&led, good, &info), FH_OK);
	for (uint32_t i = 0; i < NR_BAD_SETS; i++) {
		const struct bad_set *s = &bad_sets[i];

		if (s->holder == DOMID_HYP && s->t.count != 4U) { /* four of 2 MiB fit in the place of what it has */
			REFUSED(claim_replace(&led, good, s->t.owner, info.version, &s->t, 1, &why), s->st);
		}
	}
	REFUSED(claim_replace(&led, good, 0, info.version + 1U, &(struct claim_term){ LOW, 0, 0, 1 }, 1, NULL),
		FH_ESTALE);
	REFUSED(claim_replace(&led, good, 0, info.version, &(struct claim_term){ LOW, 0, 1, 1 }, 1, NULL), FH_EINVAL);
	REFUSED(claim_replace(&led, good, 0, info.version, NULL, 0, NULL), FH_EINVAL);
}

static void test_too_many(void **state)
{
	struct claim_term t[CLAIM_MAX_INPUT + 1U];
	struct claim_refusal why;
	claim_handle_t h;

	(void)state;
	/* 136 different terms: 12 orders of LOW for 4 domains, 10 of HIGH, 12 of ROOT */
	for (uint32_t i = 0; i <= CLAIM_MAX_INPUT; i++) {
		const uint32_t n = i % 136U;
		const uint8_t zone = n < 48U ? LOW : n < 88U ? HIGH : ROOT;

		t[i] = (struct claim_term){ zone,
					    (uint8_t)((n - (zone == LOW  ? 0U :
							    zone == HIGH ? 48U :
									   88U)) /
						      4U),
					    (domid_t)(n % 4U), 1 };
	}
	REFUSED(claim_stake(&led, DOMID_HYP, t, CLAIM_MAX_TERMS + 1U, &h, &why), FH_EOVERFLOW);
	assert_int_equal(why.term, CLAIM_MAX_TERMS);
	REFUSED(claim_stake(&led, DOMID_HYP, t, CLAIM_MAX_INPUT + 1U, &h, &why), FH_EOVERFLOW);
	REFUSED(claim_stake(&led, DOMID_HYP, t, 0, &h, &why), FH_EINVAL);
	REFUSED(claim_stake(&led, DOMID_HYP, NULL, 1, &h, &why), FH_EINVAL);
	for (uint32_t i = 0; i < 3U; i++) {
		t[i] = (struct claim_term){ LOW, 0, (domid_t)i, UINT64_MAX / 2U };
	}
	REFUSED(claim_stake(&led, DOMID_HYP, t, 3, &h, &why), FH_EOVERFLOW);
	assert_int_equal(why.term, 2);
}

/* --- blocks and terms --------------------------------------------------------------------------------------------- */

static struct claim_block block(uint64_t at, uint8_t order)
{
	return (struct claim_block){ pa(at), order, false };
}

static void test_bad_blocks(void **state)
{
	const uint64_t b = pa_val(big.base);
	const struct {
		struct claim_block b;
		fh_status st;
		fh_status cleaned; /* by ledger_cleaned(): parts may be */
	} blocks[] = {
		{ block(b, 19), FH_EINVAL, FH_EINVAL },
		{ block(b, 255), FH_EINVAL, FH_EINVAL },
		{ block(b + PAGE_SIZE, 9), FH_EALIGN, FH_EALIGN },
		{ block(b + 1, 0), FH_EALIGN, FH_EALIGN },
		{ block(b, 8), FH_EINVAL, FH_OK },
		{ block(b + PAGE_SIZE, 0), FH_EINVAL, FH_OK },
		{ block(0, 0), FH_ENOENT, FH_ENOENT },
		{ block(UINT64_MAX & ~UINT64_C(0xfff), 0), FH_ENOENT, FH_ENOENT },
		{ block(BASE + 20 * MIB, 0), FH_ENOENT, FH_ENOENT },   /* static */
		{ block(BASE + 17 * MIB, 0), FH_ENOENT, FH_ENOENT },   /* RAM that nobody was given */
		{ block(BASE + 12 * MIB, 0), FH_ESTALE, FH_EDENIED },  /* free */
		{ block(BASE + 8 * MIB, 0), FH_EREVOKED, FH_EDENIED }, /* quarantined */
		{ other, FH_EDENIED, FH_EDENIED },
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		REFUSED(claim_free(&led, 0, blocks[i].b), blocks[i].st);
		REFUSED(claim_may_unredeem(&led, good, 0, blocks[i].b), blocks[i].st);
		REFUSED(claim_unredeem(&led, good, 0, blocks[i].b), blocks[i].st);
		REFUSED(claim_unredeem_untouched(&led, good, 0, blocks[i].b), blocks[i].st);
		REFUSED(claim_split_owned(&led, 0, blocks[i].b, 0), blocks[i].st);
		if (blocks[i].cleaned != FH_OK) {
			REFUSED(ledger_cleaned(&led, 0, blocks[i].b), blocks[i].cleaned);
		}
	}
	REFUSED(claim_split_owned(&led, 0, big, 10), FH_EINVAL);
	REFUSED(claim_unredeem(&led, good, 0, page), FH_EINVAL);   /* smaller than the term's */
	REFUSED(claim_unredeem(&led, good, 1, big), FH_EOVERFLOW); /* more than was redeemed */
	REFUSED(claim_unredeem(&led, good, 1, bad), FH_EREVOKED);
	REFUSED(claim_free(&led, DEAD, big), FH_EDENIED);
}

static void test_bad_terms_of_a_claim(void **state)
{
	struct claim_term_info q;
	struct claim_block b;
	domid_t holder;

	(void)state;
	for (uint32_t i = 0; i < 2U; i++) {
		const uint32_t term = i == 0U ? 2U : UINT32_MAX;

		REFUSED(claim_redeem(&led, good, term, &b), FH_EINVAL);
		REFUSED(claim_redeem_upto(&led, good, term, 9, &b), FH_EINVAL);
		REFUSED(claim_unredeem(&led, good, term, big), FH_EINVAL);
		REFUSED(claim_release_part(&led, good, term, 1), FH_EINVAL);
		REFUSED(claim_query(&led, good, term, &holder, &q), FH_EINVAL);
	}
	REFUSED(claim_release_part(&led, good, 0, 2), FH_EOVERFLOW);
	REFUSED(claim_release_part(&led, good, 0, UINT64_MAX), FH_EOVERFLOW);
}

/* Redeeming more than was claimed. */
static void test_more_than_claimed(void **state)
{
	struct claim_block b;

	(void)state;
	assert_int_equal(claim_redeem(&led, good, 0, &b), FH_OK);
	free(before);
	before = canon_text(&led, CANON_ALL);
	REFUSED(claim_redeem(&led, good, 0, &b), FH_EBUSY);
	REFUSED(claim_redeem_upto(&led, good, 0, 18, &b), FH_EBUSY);
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

static void test_bad_allocations(void **state)
{
	struct claim_block b;

	(void)state;
	REFUSED(claim_alloc(&led, 0, NR_ZONES, 0, &b), FH_EINVAL);
	REFUSED(claim_alloc(&led, 0, LOW, 12, &b), FH_EINVAL);
	REFUSED(claim_alloc(&led, DEAD, LOW, 0, &b), FH_ENOENT);
	REFUSED(claim_alloc(&led, NEVER, LOW, 0, &b), FH_ENOENT);
	REFUSED(claim_alloc(&led, POOR, LOW, 3, &b), FH_EQUOTA);
	REFUSED(claim_alloc(&led, 0, HIGH, 0, &b), FH_EQUEUED);
	REFUSED(claim_alloc(&led, 0, LOW, 11, &b), FH_ENOMEM);
}

static void test_bad_leases_and_parties(void **state)
{
	claim_handle_t gone;

	(void)state;
	REFUSED(claim_renew(&led, good, 0, 0), FH_EINVAL);
	REFUSED(claim_renew(&led, good, UINT64_MAX - 5U, 6), FH_EOVERFLOW);
	REFUSED(claim_unuse(&led, good), FH_EBUSY);
	REFUSED(claim_reap(&led, 10, &gone), FH_ENOENT);
	REFUSED(claim_transfer(&led, good, DEAD), FH_ENOENT);
	REFUSED(claim_transfer(&led, good, DOMID_NONE), FH_ENOENT);
	REFUSED(claim_transfer(&led, good, POOR), FH_EQUOTA);
	REFUSED(claim_domain_died(&led, DEAD), FH_ENOENT);
	REFUSED(claim_domain_died(&led, NEVER), FH_ENOENT);
	REFUSED(claim_domain_died(&led, DOMID_HYP), FH_ENOENT);
	REFUSED(ledger_domain_add(&led, 0, 1), FH_EEXIST);
	REFUSED(ledger_domain_add(&led, LEDGER_MAX_DOMAINS, 1), FH_EINVAL);
	REFUSED(ledger_domain_add(&led, DOMID_NONE, 1), FH_EINVAL);
}

static void test_bad_memory_of_the_pool(void **state)
{
	struct claim_block b;
	struct pool_info info;

	(void)state;
	REFUSED(ledger_set_reserve(&led, ROOT, 1), FH_EINVAL);
	REFUSED(ledger_set_reserve(&led, NR_ZONES, 1), FH_EINVAL);
	REFUSED(ledger_set_reserve(&led, LOW, 4096), FH_ENOFIT);
	REFUSED(ledger_set_reserve(&led, LOW, UINT64_MAX), FH_ENOFIT);
	REFUSED(ledger_quarantine(&led, pa(0)), FH_ENOENT);
	REFUSED(ledger_quarantine(&led, pa(BASE + 20 * MIB)), FH_ENOENT);
	REFUSED(ledger_quarantine(&led, pa(BASE + 8 * MIB)), FH_EREVOKED);
	REFUSED(ledger_add_range(&led, ROOT, zones[LOW].range), FH_EINVAL);
	REFUSED(ledger_add_range(&led, LOW, zones[LOW].range), FH_EEXIST);
	REFUSED(ledger_add_range(&led, LOW, (struct range){ BASE + 16 * MIB, MIB }), FH_ENOENT);
	REFUSED(ledger_add_range(&led, LOW, (struct range){ BASE + 1U, MIB }), FH_EALIGN);
	REFUSED(ledger_own_range(&led, zones[LOW].range, POOL_STATIC, 1), FH_EEXIST);
	REFUSED(ledger_own_range(&led, (struct range){ BASE + 17 * MIB, MIB }, POOL_OWNED, 1), FH_EINVAL);
	REFUSED(ledger_disown_range(&led, zones[LOW].range), FH_ENOENT);
	REFUSED(ledger_dirty_map(&led, 1, map, true), FH_EINVAL);
	REFUSED(ledger_scrub_begin(&led, LEDGER_MAX_SCRUBBERS, 4, &b), FH_EINVAL);
	REFUSED(ledger_scrub_end(&led, 0), FH_EBUSY);
	REFUSED(ledger_scrub_end(&led, LEDGER_MAX_SCRUBBERS), FH_EINVAL);
	REFUSED(ledger_owner(&led, pa(0), &info), FH_ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_ended_handles),        T(test_claim_that_waits),       T(test_bad_sets),
		T(test_bad_sets_do_not_wait), T(test_bad_replacements),       T(test_too_many),
		T(test_bad_blocks),           T(test_bad_terms_of_a_claim),   T(test_more_than_claimed),
		T(test_bad_allocations),      T(test_bad_leases_and_parties), T(test_bad_memory_of_the_pool),
		T(test_anothers_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
