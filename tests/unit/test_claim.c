// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c
/*
 * Claims one operation at a time: what each does, each bad input with its status code and nothing changed, and the
 * faults that other hypervisors' memory management had, by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/claim/claim.h"

/* A root over two leaves of 16 MiB and 8 MiB with a hole, and `hyp`, a root of its own. */
enum { ROOT, LOW, HIGH, HYP, NR_ZONES };
#define LOW_BASE UINT64_C(0x40000000)
#define HIGH_BASE UINT64_C(0x80000000)
#define HYP_BASE UINT64_C(0x42000000)
#define MIB UINT64_C(0x100000)

static const struct pool_zone_desc zones[NR_ZONES] = {
	[ROOT] = { "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
	[LOW] = { "low", ROOT, true, 18, { LOW_BASE, 16 * MIB } },
	[HIGH] = { "high", ROOT, true, 10, { HIGH_BASE, 8 * MIB } },
	[HYP] = { "hyp", POOL_NO_ZONE, true, 9, { HYP_BASE, 2 * MIB } },
};

struct box {
	struct ledger l;
	struct ledger before; /* for "nothing changed" */
	uint64_t *records[2];
	uint64_t *records_before[2];
};

static const uint64_t bank_pages[2] = { 64 * MIB / PAGE_SIZE, 32 * MIB / PAGE_SIZE };

static void good(struct box *b)
{
	const char *bad = ledger_audit(&b->l);

	if (bad != NULL) {
		fail_msg("audit: %s", bad);
	}
}

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	struct pool_bank banks[2];

	for (int i = 0; i < 2; i++) {
		b->records[i] = malloc(bank_pages[i] * 8);
		b->records_before[i] = malloc(bank_pages[i] * 8);
		memset(b->records[i], 0xa5 + i, bank_pages[i] * 8); /* records need no initialisation */
	}
	banks[0] = (struct pool_bank){ HIGH_BASE >> PAGE_SHIFT, bank_pages[1], b->records[1] };
	banks[1] = (struct pool_bank){ LOW_BASE >> PAGE_SHIFT, bank_pages[0], b->records[0] };
	assert_int_equal(ledger_init(&b->l, zones, NR_ZONES, banks, 2), FH_OK);
	assert_int_equal(ledger_add_range(&b->l, LOW, (struct range){ LOW_BASE, 16 * MIB }), FH_OK);
	assert_int_equal(ledger_add_range(&b->l, HIGH, (struct range){ HIGH_BASE, 8 * MIB }), FH_OK);
	assert_int_equal(ledger_add_range(&b->l, HYP, (struct range){ HYP_BASE, 2 * MIB }), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 0, CLAIM_NO_QUOTA), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 1, CLAIM_NO_QUOTA), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 2, 1024), FH_OK);
	*state = b;
	good(b);
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	good(b);
	for (int i = 0; i < 2; i++) {
		free(b->records[i]);
		free(b->records_before[i]);
	}
	free(b);
	return 0;
}

static void remember(struct box *b)
{
	b->before = b->l;
	for (int i = 0; i < 2; i++) {
		memcpy(b->records_before[i], b->records[i], bank_pages[i] * 8);
	}
}

static void unchanged(struct box *b)
{
	for (uint16_t at = b->l.term_free; at != LEDGER_NO_TERM; at = b->l.terms[at].next) {
		const uint16_t next = b->before.terms[at].next;

		b->before.terms[at] = b->l.terms[at]; /* what stands in a free one is no state */
		b->before.terms[at].next = next;
	}
	assert_memory_equal(&b->before, &b->l, sizeof(b->l));
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(b->records_before[i], b->records[i], bank_pages[i] * 8);
	}
	good(b);
}

static fh_status stake1(struct box *b, domid_t holder, uint8_t zone, uint8_t order, domid_t owner, uint64_t count,
			claim_handle_t *h, struct claim_refusal *why)
{
	const struct claim_term t = { zone, order, owner, count };

	return claim_stake(&b->l, holder, &t, 1, h, why);
}

static void must_stake(struct box *b, uint8_t zone, uint8_t order, domid_t owner, uint64_t count, claim_handle_t *h)
{
	assert_int_equal(stake1(b, DOMID_HYP, zone, order, owner, count, h, NULL), FH_OK);
	good(b);
}

static uint64_t free_pages(struct box *b, uint8_t zone)
{
	struct ledger_zone_info i;

	assert_int_equal(ledger_zone_info(&b->l, zone, &i), FH_OK);
	return i.free_pages;
}

static void test_boot(void **state)
{
	struct box *b = *state;
	struct ledger_zone_info i;

	assert_int_equal(ledger_zone_info(&b->l, LOW, &i), FH_OK);
	assert_int_equal(i.nr_free[12], 1); /* 16 MiB, one block */
	assert_int_equal(i.nr_available[9], 8);
	assert_int_equal(ledger_zone_info(&b->l, HIGH, &i), FH_OK);
	assert_int_equal(i.nr_free[10], 2); /* the leaf's largest order is 10 */
	assert_int_equal(ledger_zone_info(&b->l, ROOT, &i), FH_OK);
	assert_int_equal(i.pages, 24 * MIB / PAGE_SIZE);
	assert_int_equal(i.nr_available[9], 12);
	assert_int_equal(i.nr_available[10], 6);
	assert_int_equal(i.nr_available[11], 2);
	assert_int_equal(ledger_zone_info(&b->l, NR_ZONES, &i), FH_EINVAL);
}

static void test_life_of_a_claim(void **state)
{
	struct box *b = *state;
	struct claim_block blk[12];
	struct pool_info info;
	struct claim_term_info q;
	claim_handle_t h;
	domid_t holder;

	must_stake(b, ROOT, ORDER_2M, 0, 12, &h);
	assert_int_equal(free_pages(b, ROOT), 24 * MIB / PAGE_SIZE);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
		assert_int_equal(blk[i].order, ORDER_2M);
		assert_int_equal(ledger_owner(&b->l, pa(pa_val(blk[i].base) + 0x1fffff), &info), FH_OK);
		assert_int_equal(info.state, POOL_OWNED);
		assert_int_equal(info.owner, 0);
		assert_int_equal(info.order, ORDER_2M);
		good(b);
	}
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk[0]), FH_EBUSY);
	assert_int_equal(free_pages(b, ROOT), 0);
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk[3]), FH_OK);
	assert_int_equal(claim_query(&b->l, h, 0, &holder, &q), FH_OK);
	assert_int_equal(q.left, 1);
	assert_int_equal(q.term.count, 12);
	assert_int_equal(holder, DOMID_HYP);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk[3]), FH_OK);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(claim_free(&b->l, 0, blk[i]), FH_OK);
		good(b);
	}
	/* An ordinary free never regrows a claim. */
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk[0]), FH_EBUSY);
	assert_int_equal(claim_release(&b->l, h), FH_OK);
	assert_int_equal(claim_release(&b->l, h), FH_ESTALE);
	assert_int_equal(free_pages(b, ROOT), 24 * MIB / PAGE_SIZE);
}

static void test_refusal_helps(void **state)
{
	struct box *b = *state;
	const struct claim_term t[] = { { LOW, ORDER_2M, 0, 6 }, { HYP, 0, 0, 4 }, { LOW, ORDER_2M, 1, 5 } };
	struct claim_refusal why;
	claim_handle_t h;

	remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 3, &h, &why), FH_ENOFIT);
	assert_int_equal(why.term, 2);
	assert_int_equal(why.zone, LOW);
	assert_int_equal(why.owner, 1);
	assert_int_equal(why.want, 5);
	assert_int_equal(why.have, 8);
	assert_int_equal(why.fit, 2);
	unchanged(b);
	/* More than memory, up to the largest number that is not an overflow. */
	assert_int_equal(stake1(b, DOMID_HYP, ROOT, 9, 0, UINT64_MAX >> 9, &h, &why), FH_ENOFIT);
	assert_int_equal(why.fit, 12);
	unchanged(b);
}

static void test_set_is_admitted_whole(void **state)
{
	struct box *b = *state;
	/* Each fits alone; low and root together ask for more than there is. */
	const struct claim_term t[] = { { LOW, ORDER_2M, 0, 8 }, { ROOT, ORDER_2M, 1, 5 } };
	struct claim_refusal why;
	claim_handle_t h;

	remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 2, &h, &why), FH_ENOFIT);
	assert_int_equal(why.term, 1);
	assert_int_equal(why.fit, 4);
	assert_int_equal(why.have, 12);
	unchanged(b);
}

static void test_terms_merge(void **state)
{
	struct box *b = *state;
	struct claim_term t[CLAIM_MAX_INPUT + 1];
	struct claim_term_info q;
	claim_handle_t h;
	domid_t holder;

	for (uint32_t i = 0; i <= CLAIM_MAX_INPUT; i++) {
		t[i] = (struct claim_term){ LOW, 0, (domid_t)(i & 1), 2 };
	}
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, CLAIM_MAX_INPUT, &h, NULL), FH_OK);
	assert_int_equal(claim_query(&b->l, h, 1, &holder, &q), FH_OK);
	assert_int_equal(q.term.owner, 1);
	assert_int_equal(q.term.count, 256);
	assert_int_equal(claim_query(&b->l, h, 2, &holder, &q), FH_EINVAL);
	remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, CLAIM_MAX_INPUT + 1, &h, NULL), FH_EOVERFLOW);
	unchanged(b);
}

static void test_bad_terms(void **state)
{
	struct box *b = *state;
	const struct claim_term sum[] = { { LOW, 0, 0, UINT64_MAX / 2 + 1 }, { LOW, 0, 0, UINT64_MAX / 2 + 1 } };
	struct claim_refusal why;
	claim_handle_t h = { 7, 7 };

	remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, NULL, 1, &h, &why), FH_EINVAL);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, sum, 0, &h, &why), FH_EINVAL);
	assert_int_equal(stake1(b, DOMID_HYP, LOW, 0, 0, 0, &h, &why), FH_EINVAL);
	assert_int_equal(stake1(b, DOMID_HYP, NR_ZONES, 0, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(stake1(b, DOMID_HYP, 255, 0, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(stake1(b, DOMID_HYP, HIGH, 11, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(stake1(b, DOMID_HYP, LOW, 19, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(stake1(b, DOMID_HYP, LOW, 255, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(stake1(b, DOMID_HYP, LOW, 9, 0, UINT64_MAX, &h, &why), FH_EOVERFLOW);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, sum, 2, &h, &why), FH_EOVERFLOW);
	assert_int_equal(why.term, 1);
	assert_int_equal(stake1(b, 3, LOW, 0, 0, 1, &h, &why), FH_ENOENT);  /* a holder that is not there */
	assert_int_equal(stake1(b, 0, LOW, 0, 3, 1, &h, &why), FH_ENOENT);  /* an owner that is not there */
	assert_int_equal(stake1(b, 0, LOW, 0, 64, 1, &h, &why), FH_ENOENT); /* no such number */
	assert_int_equal(stake1(b, DOMID_NONE, LOW, 0, 0, 1, &h, &why), FH_ENOENT);
	assert_int_equal(h.slot, 7);
	unchanged(b);
}

static void test_too_many_terms(void **state)
{
	struct box *b = *state;
	struct claim_term many[CLAIM_MAX_TERMS + 1];
	struct claim_refusal why;
	claim_handle_t h;

	for (domid_t d = 3; d < 64; d++) {
		assert_int_equal(ledger_domain_add(&b->l, d, CLAIM_NO_QUOTA), FH_OK);
	}
	for (uint32_t i = 0; i <= CLAIM_MAX_TERMS; i++) {
		many[i] = (struct claim_term){ i / 64U % 2U == 0U ? LOW : HIGH, (uint8_t)(i / 128U), (domid_t)(i & 63),
					       1 };
	}
	remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, many, CLAIM_MAX_TERMS + 1, &h, &why), FH_EOVERFLOW);
	assert_int_equal(why.term, CLAIM_MAX_TERMS);
	unchanged(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, many, CLAIM_MAX_TERMS, &h, &why), FH_OK);
	assert_int_equal(claim_release(&b->l, h), FH_OK);
}

static void test_handles(void **state)
{
	struct box *b = *state;
	claim_handle_t h[FH_MAX_CLAIMS];
	claim_handle_t more;
	struct claim_block blk;
	uint32_t n = 0;

	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		must_stake(b, LOW, 0, 0, 1, &h[i]);
	}
	remember(b);
	assert_int_equal(stake1(b, DOMID_HYP, LOW, 0, 0, 1, &more, NULL), FH_EOVERFLOW);
	unchanged(b);
	for (claim_handle_t at = { 0, 0 }; claim_next(&b->l, at.slot, &at) == FH_OK; at.slot++) {
		n++;
	}
	assert_int_equal(n, FH_MAX_CLAIMS);
	assert_int_equal(claim_release(&b->l, h[5]), FH_OK);
	assert_int_equal(claim_release(&b->l, h[2]), FH_OK);
	must_stake(b, LOW, 0, 0, 1, &more);
	assert_int_equal(more.slot, 5); /* oldest first */
	assert_int_not_equal(more.gen, h[5].gen);
	remember(b);
	assert_int_equal(claim_redeem(&b->l, h[5], 0, &blk), FH_ESTALE);
	assert_int_equal(claim_release(&b->l, h[5]), FH_ESTALE);
	assert_int_equal(claim_release_part(&b->l, h[5], 0, 1), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, (claim_handle_t){ FH_MAX_CLAIMS, 1 }, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, (claim_handle_t){ 2, h[2].gen + 1 }, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, h[3], 1, &blk), FH_EINVAL);
	assert_int_equal(claim_release_part(&b->l, h[3], 0, 2), FH_EOVERFLOW);
	unchanged(b);
}

static void test_bad_frees(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	struct claim_block blk;
	struct claim_block x;

	must_stake(b, LOW, ORDER_2M, 0, 2, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	remember(b);
	assert_int_equal(claim_free(&b->l, 1, blk), FH_EDENIED); /* foreign */
	x = blk;
	x.order = 8;
	assert_int_equal(claim_free(&b->l, 0, x), FH_EINVAL); /* a part */
	x = (struct claim_block){ pa(pa_val(blk.base) + PAGE_SIZE), 0, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_EINVAL); /* a page in the middle, its record never written */
	x = (struct claim_block){ pa(pa_val(blk.base) + PAGE_SIZE), 9, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_EALIGN);
	x = (struct claim_block){ pa(pa_val(blk.base) + 1), 0, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_EALIGN);
	x = (struct claim_block){ blk.base, 19, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_EINVAL);
	x = (struct claim_block){ blk.base, 10, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_EINVAL); /* more than the block */
	x = (struct claim_block){ pa(0x1000), 0, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_ENOENT);
	x = (struct claim_block){ pa(UINT64_MAX & ~PAGE_MASK), 0, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_ENOENT);
	x = (struct claim_block){ pa(LOW_BASE + 15 * MIB), 8, false };
	assert_int_equal(claim_free(&b->l, 0, x), FH_ESTALE); /* free */
	unchanged(b);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_OK);
	remember(b);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_ESTALE); /* twice */
	unchanged(b);
}

static void test_stale_records_do_not_count(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	claim_handle_t g;
	struct claim_block page[512];
	struct claim_block big;

	must_stake(b, HYP, 0, 0, 512, &h);
	for (int i = 0; i < 512; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &page[i]), FH_OK);
	}
	for (int i = 0; i < 512; i++) {
		assert_int_equal(claim_free(&b->l, 0, page[i]), FH_OK);
	}
	must_stake(b, HYP, ORDER_2M, 0, 1, &g);
	assert_int_equal(claim_redeem(&b->l, g, 0, &big), FH_OK);
	remember(b);
	/* Records in the middle still say "page of domain 0". */
	for (int i = 0; i < 512; i++) {
		assert_int_equal(claim_free(&b->l, 0, page[i]), FH_EINVAL);
	}
	unchanged(b);
}

static void test_split_owned(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	struct claim_block blk;
	struct claim_block part;

	must_stake(b, LOW, ORDER_2M, 0, 1, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	remember(b);
	assert_int_equal(claim_split_owned(&b->l, 1, blk, 0), FH_EDENIED);
	assert_int_equal(claim_split_owned(&b->l, 0, blk, 10), FH_EINVAL);
	unchanged(b);
	assert_int_equal(claim_split_owned(&b->l, 0, blk, 3), FH_OK);
	good(b);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_EINVAL);
	assert_int_equal(claim_unredeem(&b->l, h, 0, (struct claim_block){ blk.base, 3, false }), FH_EINVAL);
	for (uint64_t i = 0; i < 64; i++) {
		part = (struct claim_block){ pa(pa_val(blk.base) + i * 0x8000), 3, false };
		assert_int_equal(claim_free(&b->l, 0, part), FH_OK);
		good(b);
	}
	assert_int_equal(free_pages(b, LOW), 16 * MIB / PAGE_SIZE);
	assert_int_equal(b->l.pool.zones[LOW].nr_free[12], 1);
}

static void test_opportunistic(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	claim_handle_t g;
	struct claim_block blk;

	/* 4 KiB pages are claimed; 16 MiB at once is there. */
	must_stake(b, LOW, 0, 0, 4096, &h);
	assert_int_equal(claim_redeem_upto(&b->l, h, 0, 18, &blk), FH_OK);
	assert_int_equal(blk.order, 12);
	good(b);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_EBUSY);
	blk = (struct claim_block){ pa(LOW_BASE), 12, false };
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk), FH_OK);
	good(b);
	assert_int_equal(claim_release_part(&b->l, h, 0, 4096 - 3584), FH_OK);
	/* Another claims the last 2 MiB whole: it keeps them, the pages come in blocks of at most 8 MiB. */
	must_stake(b, LOW, ORDER_2M, 1, 1, &g);
	for (uint64_t left = 3584; left != 0; left -= UINT64_C(1) << blk.order) {
		assert_int_equal(claim_redeem_upto(&b->l, h, 0, 18, &blk), FH_OK);
		assert_true(blk.order >= 9);
		good(b);
	}
	assert_int_equal(claim_redeem(&b->l, g, 0, &blk), FH_OK);
	assert_int_equal(free_pages(b, LOW), 0);
}

/* The only pair of pages that is left belongs to a claim on the zone above: two claimed pages come one by one. */
static void test_opportunistic_leaves_zones_above_alone(void **state)
{
	struct box *b = *state;
	static const uint64_t pages[] = { 0, 1, 4, 8 };
	struct claim_block blk;
	claim_handle_t h;
	claim_handle_t g;

	assert_int_equal(claim_alloc(&b->l, 0, LOW, 12, &blk), FH_OK);
	for (int i = 0; i < 2048; i++) {
		assert_int_equal(claim_alloc(&b->l, 0, HIGH, 0, &blk), FH_OK);
	}
	for (int i = 0; i < 4; i++) {
		blk = (struct claim_block){ pa(HIGH_BASE + pages[i] * PAGE_SIZE), 0, false };
		assert_int_equal(claim_free(&b->l, 0, blk), FH_OK);
	}
	must_stake(b, HIGH, 0, 0, 2, &h);
	must_stake(b, ROOT, 1, 1, 1, &g);
	assert_int_equal(claim_redeem_upto(&b->l, h, 0, 1, &blk), FH_OK);
	assert_int_equal(blk.order, 0);
	assert_int_equal(claim_redeem(&b->l, g, 0, &blk), FH_OK);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
}

static void test_alloc_leaves_claims_alone(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	struct claim_block blk;

	must_stake(b, HIGH, 10, 0, 1, &h);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 9, &blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 9, &blk), FH_OK);
	remember(b);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 0, &blk), FH_ENOMEM);
	assert_int_equal(claim_alloc(&b->l, 9, LOW, 0, &blk), FH_ENOENT);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 11, &blk), FH_EINVAL);
	assert_int_equal(claim_alloc(&b->l, 1, 9, 0, &blk), FH_EINVAL);
	assert_int_equal(claim_alloc(&b->l, 2, LOW, 11, &blk), FH_EQUOTA);
	unchanged(b);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
}

static void test_quota(void **state)
{
	struct box *b = *state;
	struct claim_refusal why;
	struct claim_block blk[2];
	claim_handle_t h;
	claim_handle_t g;

	assert_int_equal(stake1(b, 2, LOW, 9, 0, 3, &h, &why), FH_EQUOTA);
	assert_int_equal(why.fit, 2);
	assert_int_equal(stake1(b, 2, LOW, 9, 0, 2, &h, &why), FH_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
	}
	/* Claim, redeem, claim does not get around it: domain 0 owns the blocks, domain 2 paid. */
	assert_int_equal(claim_release(&b->l, h), FH_OK);
	assert_int_equal(stake1(b, 2, LOW, 0, 0, 1, &g, &why), FH_EQUOTA);
	assert_int_equal(claim_free(&b->l, 0, blk[0]), FH_OK);
	assert_int_equal(stake1(b, 2, LOW, 0, 0, 512, &g, &why), FH_OK);
}

static void test_unredeem_takes_its_own_only(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	claim_handle_t g;
	claim_handle_t other;
	struct claim_block low;
	struct claim_block high;
	struct claim_block page;

	must_stake(b, LOW, 9, 0, 2, &h);
	must_stake(b, HIGH, 9, 0, 1, &g);
	assert_int_equal(stake1(b, 0, LOW, 9, 0, 1, &other, NULL), FH_OK);
	assert_int_equal(claim_redeem(&b->l, h, 0, &low), FH_OK);
	assert_int_equal(claim_redeem(&b->l, g, 0, &high), FH_OK);
	assert_int_equal(claim_alloc(&b->l, 0, LOW, 0, &page), FH_OK);
	remember(b);
	assert_int_equal(claim_unredeem(&b->l, h, 0, high), FH_EINVAL);    /* another zone's */
	assert_int_equal(claim_unredeem(&b->l, other, 0, low), FH_EINVAL); /* another holder's */
	assert_int_equal(claim_unredeem(&b->l, h, 0, page), FH_EINVAL);    /* smaller */
	assert_int_equal(claim_unredeem(&b->l, h, 1, low), FH_EINVAL);
	unchanged(b);
	assert_int_equal(claim_unredeem(&b->l, h, 0, low), FH_OK);
	assert_int_equal(claim_unredeem(&b->l, h, 0, low), FH_ESTALE); /* twice */
	assert_int_equal(claim_redeem(&b->l, h, 0, &low), FH_OK);
	assert_int_equal(claim_release_part(&b->l, h, 0, 1), FH_OK);
	assert_int_equal(claim_unredeem(&b->l, h, 0, low), FH_OK);
}

static void test_ended_handles_say_how(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	claim_handle_t released;
	claim_handle_t expired;
	claim_handle_t revoked;
	claim_handle_t gone;

	must_stake(b, LOW, 0, 0, 1, &released);
	must_stake(b, LOW, 0, 0, 1, &expired);
	must_stake(b, HIGH, 10, 0, 2, &revoked); /* all of it */
	assert_int_equal(claim_release(&b->l, released), FH_OK);
	assert_int_equal(claim_renew(&b->l, expired, 100, 50), FH_OK);
	assert_int_equal(claim_use(&b->l, expired), FH_OK);
	assert_int_equal(claim_reap(&b->l, 150, &gone), FH_ENOENT);     /* a build uses it */
	assert_int_equal(claim_redeem(&b->l, expired, 0, &blk), FH_OK); /* not reaped yet: it redeems */
	assert_int_equal(claim_unredeem(&b->l, expired, 0, blk), FH_OK);
	assert_int_equal(claim_unuse(&b->l, expired), FH_OK);
	assert_int_equal(claim_unuse(&b->l, expired), FH_EBUSY);
	assert_int_equal(claim_reap(&b->l, 149, &gone), FH_ENOENT);
	assert_int_equal(claim_reap(&b->l, 150, &gone), FH_OK);
	assert_int_equal(gone.slot, expired.slot);
	assert_int_equal(ledger_quarantine(&b->l, pa(HIGH_BASE + MIB)), FH_OK);
	remember(b);
	assert_int_equal(claim_redeem(&b->l, released, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, expired, 0, &blk), FH_EEXPIRED);
	assert_int_equal(claim_redeem(&b->l, revoked, 0, &blk), FH_EREVOKED);
	assert_int_equal(claim_release(&b->l, expired), FH_EEXPIRED);
	assert_int_equal(claim_release_part(&b->l, revoked, 0, 1), FH_EREVOKED);
	assert_int_equal(claim_transfer(&b->l, revoked, 1), FH_EREVOKED);
	assert_int_equal(claim_renew(&b->l, revoked, 1, 1), FH_EREVOKED);
	assert_int_equal(claim_use(&b->l, expired), FH_EEXPIRED);
	unchanged(b);
}

static void test_waiting(void **state)
{
	struct box *b = *state;
	const struct claim_term big = { HIGH, 10, 1, 2 };
	const struct claim_term never = { HIGH, 10, 1, 3 };
	const struct claim_term other = { LOW, 9, 1, 1 };
	struct claim_refusal why;
	struct claim_info info;
	struct claim_block blk;
	claim_handle_t h;
	claim_handle_t w;
	claim_handle_t x;

	must_stake(b, HIGH, 9, 0, 1, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	remember(b);
	assert_int_equal(claim_stake_wait(&b->l, 1, &never, 1, 1000, &w, &why), FH_ENOFIT);
	unchanged(b);
	assert_int_equal(claim_stake_wait(&b->l, 1, &big, 1, 1000, &w, &why), FH_EQUEUED);
	assert_int_equal(claim_info(&b->l, w, &info), FH_OK);
	assert_true(info.waiting);
	/* Nobody overtakes it on its leaf; elsewhere nothing is held up. */
	assert_int_equal(stake1(b, DOMID_HYP, HIGH, 0, 0, 1, &x, &why), FH_EQUEUED);
	assert_int_equal(stake1(b, DOMID_HYP, ROOT, 0, 0, 1, &x, &why), FH_EQUEUED);
	assert_int_equal(claim_alloc(&b->l, 0, HIGH, 0, &blk), FH_EQUEUED);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, &other, 1, &x, &why), FH_OK);
	assert_int_equal(claim_redeem(&b->l, w, 0, &blk), FH_EBUSY);
	good(b);
	assert_int_equal(claim_free(&b->l, 0, (struct claim_block){ pa(HIGH_BASE), 9, false }), FH_OK);
	assert_int_equal(claim_info(&b->l, w, &info), FH_OK);
	assert_false(info.waiting);
	assert_int_equal(claim_redeem(&b->l, w, 0, &blk), FH_OK);
}

static void test_replace(void **state)
{
	struct box *b = *state;
	const struct claim_term more = { LOW, 9, 0, 8 };
	const struct claim_term too_many = { LOW, 9, 0, 9 };
	const struct claim_term foreign = { LOW, 9, 1, 1 };
	struct claim_refusal why;
	struct claim_info info;
	claim_handle_t h;

	must_stake(b, LOW, 0, 0, 2048, &h);
	assert_int_equal(claim_info(&b->l, h, &info), FH_OK);
	remember(b);
	assert_int_equal(claim_replace(&b->l, h, 0, info.version, &too_many, 1, &why), FH_ENOFIT);
	assert_int_equal(why.fit, 8); /* its own old terms are not in the way */
	assert_int_equal(claim_replace(&b->l, h, 0, info.version + 1, &more, 1, &why), FH_ESTALE);
	assert_int_equal(claim_replace(&b->l, h, 0, info.version, &foreign, 1, &why), FH_EINVAL);
	unchanged(b);
	assert_int_equal(claim_replace(&b->l, h, 0, info.version, &more, 1, &why), FH_OK);
	good(b);
}

static void test_reserve(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	claim_handle_t h;

	assert_int_equal(ledger_set_reserve(&b->l, HYP, 513), FH_ENOFIT);
	assert_int_equal(ledger_set_reserve(&b->l, ROOT, 1), FH_EINVAL);
	assert_int_equal(ledger_set_reserve(&b->l, HYP, 2), FH_OK);
	assert_int_equal(stake1(b, DOMID_HYP, HYP, 0, 0, 511, &h, NULL), FH_ENOFIT);
	must_stake(b, HYP, 0, 0, 510, &h);
	assert_int_equal(claim_alloc(&b->l, 0, HYP, 0, &blk), FH_ENOMEM);
	assert_int_equal(claim_alloc(&b->l, DOMID_HYP, HYP, 0, &blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, DOMID_HYP, HYP, 0, &blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, DOMID_HYP, HYP, 0, &blk), FH_ENOMEM);
	good(b);
}

static void test_bad_memory(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	struct pool_info i;
	claim_handle_t h;

	must_stake(b, LOW, 9, 0, 2, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_int_equal(ledger_quarantine(&b->l, pa(0)), FH_ENOENT);
	assert_int_equal(ledger_quarantine(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE)), FH_OK);
	assert_int_equal(ledger_owner(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE), &i), FH_OK);
	assert_int_equal(i.state, POOL_OWNED); /* it stays with its owner */
	good(b);
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk), FH_EREVOKED);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_OK);
	assert_int_equal(ledger_owner(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE), &i), FH_OK);
	assert_int_equal(i.state, POOL_QUARANTINED);
	assert_int_equal(ledger_quarantine(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE)), FH_EREVOKED);
	assert_int_equal(free_pages(b, LOW), 16 * MIB / PAGE_SIZE - 1);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK); /* the claim is whole */
}

/* What went bad is not memory that could come: a set that only it would satisfy does not wait for it. */
static void test_bad_memory_is_not_waited_for(void **state)
{
	struct box *b = *state;
	const struct claim_term one = { HIGH, 10, 1, 1 };
	const struct claim_term some = { HIGH, 9, 1, 2 };
	const struct claim_term more = { HIGH, 9, 1, 3 };
	const struct claim_term pages = { HIGH, 0, 1, 2045 };
	struct claim_refusal why;
	struct claim_block blk;
	claim_handle_t h;
	claim_handle_t w;
	claim_handle_t v;

	must_stake(b, HIGH, 10, 0, 1, &h); /* the lower 4 MiB */
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_int_equal(claim_stake_wait(&b->l, 1, &pages, 1, 1000, &v, &why), FH_EQUEUED);
	assert_int_equal(claim_stake_wait(&b->l, 1, &one, 1, 1000, &w, &why), FH_EQUEUED);
	/* Two bad pages in one block of 4 MiB, in one of 2 MiB, in one of 8 KiB: each is struck out once. */
	assert_int_equal(ledger_quarantine(&b->l, pa(HIGH_BASE + 5 * MIB)), FH_OK);
	assert_int_equal(ledger_quarantine(&b->l, pa(HIGH_BASE + 5 * MIB + PAGE_SIZE)), FH_OK);
	assert_int_equal(ledger_quarantine(&b->l, pa(HIGH_BASE + 5 * MIB + 8 * PAGE_SIZE)), FH_OK);
	assert_int_equal(claim_release(&b->l, v), FH_OK);
	assert_int_equal(b->l.pool.zones[HIGH].whole[0], 2045);
	assert_int_equal(b->l.pool.zones[HIGH].whole[1], 1022);
	assert_int_equal(b->l.pool.zones[HIGH].whole[9], 3);
	assert_int_equal(b->l.pool.zones[HIGH].whole[10], 1);
	/* The other 4 MiB may come; the page that is bad there goes when its block is freed, and the wait ends. */
	assert_int_equal(ledger_quarantine(&b->l, pa(HIGH_BASE)), FH_OK);
	good(b);
	assert_int_equal(claim_redeem(&b->l, w, 0, &blk), FH_EBUSY);
	assert_int_equal(claim_free(&b->l, 0, (struct claim_block){ pa(HIGH_BASE), 10, false }), FH_OK);
	assert_int_equal(claim_redeem(&b->l, w, 0, &blk), FH_EREVOKED);
	assert_int_equal(claim_stake_wait(&b->l, 1, &one, 1, 1000, &w, &why), FH_ENOFIT);
	assert_int_equal(claim_stake_wait(&b->l, 1, &more, 1, 1000, &w, &why), FH_ENOFIT);
	assert_int_equal(claim_stake_wait(&b->l, 1, &some, 1, 1000, &w, &why), FH_OK);
	assert_int_equal(claim_release(&b->l, h), FH_OK);
}

/* A refusal of many terms tells the one that is too many, whichever it is. */
static void test_refusal_finds_the_term(void **state)
{
	struct box *b = *state;
	struct claim_term t[64];
	struct claim_refusal why;
	claim_handle_t h;

	for (domid_t d = 3; d < 64; d++) {
		assert_int_equal(ledger_domain_add(&b->l, d, CLAIM_NO_QUOTA), FH_OK);
	}
	remember(b);
	for (uint32_t bad = 0; bad < ARRAY_SIZE(t); bad++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(t); i++) {
			t[i] = (struct claim_term){ LOW, 0, (domid_t)i, i == bad ? 4097U - i : 1U };
		}
		assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, ARRAY_SIZE(t), &h, &why), FH_ENOFIT);
		assert_int_equal(why.term, bad);
		assert_int_equal(why.want, 4097 - bad);
		assert_int_equal(why.have, 4096);
		assert_int_equal(why.fit, 4096 - bad);
	}
	unchanged(b);
}

/* Cleans until nothing is left to clean; returns how many chunks that were. */
static int scrub_all(struct box *b)
{
	struct claim_block chunk;
	fh_status st;
	int chunks = 0;

	while ((st = ledger_scrub_begin(&b->l, 0, ORDER_64K, &chunk)) != FH_ENOENT) {
		if (st == FH_OK) {
			assert_int_equal(chunk.order, ORDER_64K);
			assert_int_equal(ledger_scrub_end(&b->l, 0), FH_OK);
			chunks++;
		} else {
			assert_int_equal(st, FH_EBUSY); /* the search goes on in bounded steps */
		}
	}
	return chunks;
}

/* What was dirty when it was taken, and was passed by while it was owned, is dirty when it comes back untouched. */
static void test_untouched_but_dirty_is_scrubbed(void **state)
{
	struct box *b = *state;
	uint64_t *map = malloc(pool_dirty_words(LOW_BASE >> PAGE_SHIFT, bank_pages[0]) * 8);
	struct claim_block blk;
	claim_handle_t h;

	assert_int_equal(ledger_dirty_map(&b->l, LOW_BASE >> PAGE_SHIFT, map, true), FH_OK);
	must_stake(b, LOW, 9, 0, 1, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk), FH_OK);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_int_equal(scrub_all(b), 0);
	assert_int_equal(claim_unredeem_untouched(&b->l, h, 0, blk), FH_OK);
	assert_int_equal(scrub_all(b), 32);
	b->l.pool.banks[0].dirty = NULL;
	free(map);
}

static void test_dirtiness(void **state)
{
	struct box *b = *state;
	uint64_t *map = malloc(pool_dirty_words(LOW_BASE >> PAGE_SHIFT, bank_pages[0]) * 8);
	struct claim_block blk;
	struct claim_block chunk;
	claim_handle_t h;

	assert_int_equal(ledger_dirty_map(&b->l, LOW_BASE >> PAGE_SHIFT, map, true), FH_OK);
	must_stake(b, LOW, 9, 0, 1, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_false(blk.dirty);
	assert_int_equal(claim_unredeem_untouched(&b->l, h, 0, blk), FH_OK);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_false(blk.dirty);
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk), FH_OK); /* a guest may have written it */
	assert_int_equal(ledger_scrub_begin(&b->l, LEDGER_MAX_SCRUBBERS, ORDER_64K, &chunk), FH_EINVAL);
	assert_int_equal(ledger_scrub_end(&b->l, 0), FH_EBUSY);
	assert_int_equal(scrub_all(b), 32); /* 2 MiB, 64 KiB each */
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_false(blk.dirty);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, 0, LOW, 9, &blk), FH_OK);
	assert_true(blk.dirty);
	assert_int_equal(ledger_cleaned(&b->l, 1, blk), FH_EDENIED);
	assert_int_equal(ledger_cleaned(&b->l, 0, blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, 0, HIGH, 9, &chunk), FH_OK);
	assert_true(chunk.dirty); /* a bank without a map */
	b->l.pool.banks[0].dirty = NULL;
	free(map);
}

/* --- faults that others had (docs/claims.md) -------------------------------------------------------------------- */

static void test_fault_xen_claims_of_a_dying_domain_leak(void **state)
{
	struct box *b = *state;
	const struct claim_term t[] = { { LOW, 9, 0, 4 }, { LOW, 9, 1, 2 } };
	struct ledger_zone_info i;
	struct claim_block blk;
	claim_handle_t h;
	claim_handle_t own;

	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 2, &h, NULL), FH_OK);
	assert_int_equal(stake1(b, 0, HIGH, 10, 1, 2, &own, NULL), FH_OK);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_int_equal(claim_domain_died(&b->l, 0), FH_OK); /* owner of a term, holder of a claim */
	good(b);
	assert_int_equal(claim_redeem(&b->l, own, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_EBUSY);
	assert_int_equal(ledger_zone_info(&b->l, LOW, &i), FH_OK);
	assert_int_equal(i.nr_claimed[9], 2); /* domain 1 keeps its term */
	assert_int_equal(i.nr_available[9], 5);
	assert_int_equal(stake1(b, DOMID_HYP, LOW, 0, 0, 1, &own, NULL), FH_ENOENT);
	assert_int_equal(claim_domain_died(&b->l, 0), FH_ENOENT);
	assert_int_equal(claim_domain_died(&b->l, DOMID_HYP), FH_ENOENT);
	/* What it owned stays its own until teardown frees it. */
	assert_int_equal(claim_free(&b->l, 0, blk), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 0, 10), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 0, 10), FH_EEXIST);
	assert_int_equal(ledger_domain_add(&b->l, 64, 10), FH_EINVAL);
}

static void test_fault_xen_claim_lost_when_assignment_fails(void **state)
{
	struct box *b = *state;
	struct claim_block blk[8];
	claim_handle_t h;
	claim_handle_t g;

	must_stake(b, LOW, 9, 0, 8, &h);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
	}
	/* The build fails: all goes back into the claim, and nobody can take it in between. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(claim_unredeem(&b->l, h, 0, blk[i]), FH_OK);
		assert_int_equal(stake1(b, DOMID_HYP, LOW, 0, 1, 1, &g, NULL), FH_ENOFIT);
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
	}
}

static void test_fault_xen_second_claim_is_refused(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	claim_handle_t g;

	must_stake(b, LOW, 9, 0, 2, &h);
	must_stake(b, LOW, 9, 0, 2, &g); /* of the same domain */
}

static void test_fault_xen_bigger_request_must_fit_unclaimed(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	claim_handle_t h;
	claim_handle_t g;

	/* All is claimed. A 2 MiB request against 512 claimed pages draws on its own claim. */
	must_stake(b, LOW, 9, 1, 7, &g);
	must_stake(b, LOW, 0, 0, 512, &h);
	assert_int_equal(claim_redeem_upto(&b->l, h, 0, 9, &blk), FH_OK);
	assert_int_equal(blk.order, 9);
}

static void test_fault_bao_pool_drained_once_stays_full(void **state)
{
	struct box *b = *state;
	struct claim_block blk[12];
	claim_handle_t h;

	for (int round = 0; round < 3; round++) {
		must_stake(b, ROOT, 9, 0, 12, &h);
		for (int i = 0; i < 12; i++) {
			assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
		}
		assert_int_equal(claim_release(&b->l, h), FH_OK);
		for (int i = 0; i < 12; i++) {
			assert_int_equal(claim_free(&b->l, 0, blk[i]), FH_OK);
		}
	}
}

static void test_fault_bao_failed_request_stays_reserved(void **state)
{
	struct box *b = *state;
	const struct claim_term t[] = { { HYP, 0, 0, 100 }, { LOW, 9, 0, 8 }, { HIGH, 0, 0, 2049 } };
	claim_handle_t h;

	remember(b);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 3, &h, NULL), FH_ENOFIT);
	}
	unchanged(b);
}

static void test_fault_bao_page_given_out_twice(void **state)
{
	struct box *b = *state;
	static uint8_t seen[6144];
	struct claim_block blk;
	claim_handle_t h;

	memset(seen, 0, sizeof(seen));
	must_stake(b, ROOT, 0, 0, 6144, &h);
	for (int i = 0; i < 6144; i++) {
		uint64_t at;

		assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
		at = pa_val(blk.base) < HIGH_BASE ? pa_val(blk.base) - LOW_BASE :
						    pa_val(blk.base) - HIGH_BASE + 16 * MIB;
		assert_int_equal(seen[at / PAGE_SIZE]++, 0);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_boot),
		T(test_life_of_a_claim),
		T(test_refusal_helps),
		T(test_set_is_admitted_whole),
		T(test_terms_merge),
		T(test_bad_terms),
		T(test_too_many_terms),
		T(test_handles),
		T(test_bad_frees),
		T(test_stale_records_do_not_count),
		T(test_split_owned),
		T(test_opportunistic),
		T(test_opportunistic_leaves_zones_above_alone),
		T(test_alloc_leaves_claims_alone),
		T(test_quota),
		T(test_unredeem_takes_its_own_only),
		T(test_ended_handles_say_how),
		T(test_waiting),
		T(test_replace),
		T(test_reserve),
		T(test_bad_memory),
		T(test_bad_memory_is_not_waited_for),
		T(test_refusal_finds_the_term),
		T(test_dirtiness),
		T(test_untouched_but_dirty_is_scrubbed),
		T(test_fault_xen_claims_of_a_dying_domain_leak),
		T(test_fault_xen_claim_lost_when_assignment_fails),
		T(test_fault_xen_second_claim_is_refused),
		T(test_fault_xen_bigger_request_must_fit_unclaimed),
		T(test_fault_bao_pool_drained_once_stays_full),
		T(test_fault_bao_failed_request_stays_reserved),
		T(test_fault_bao_page_given_out_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
