// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/claim_box.c
/*
 * Claims, redeemed and allocated from, one operation at a time: what each gives out, what it leaves alone, and how handles begin
 * and end. What a set is admitted by is test_claim_admission's, what comes back test_claim_return's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "claim_box.h"

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

	box_must_stake(b, ROOT, ORDER_2M, 0, 12, &h);
	assert_int_equal(box_free_pages(b, ROOT), 24 * MIB / PAGE_SIZE);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
		assert_int_equal(blk[i].order, ORDER_2M);
		assert_int_equal(ledger_owner(&b->l, pa(pa_val(blk[i].base) + 0x1fffff), &info), FH_OK);
		assert_int_equal(info.state, POOL_OWNED);
		assert_int_equal(info.owner, 0);
		assert_int_equal(info.order, ORDER_2M);
		box_good(b);
	}
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk[0]), FH_EBUSY);
	assert_int_equal(box_free_pages(b, ROOT), 0);
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk[3]), FH_OK);
	assert_int_equal(claim_query(&b->l, h, 0, &holder, &q), FH_OK);
	assert_int_equal(q.left, 1);
	assert_int_equal(q.term.count, 12);
	assert_int_equal(holder, DOMID_HYP);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk[3]), FH_OK);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(claim_free(&b->l, 0, blk[i]), FH_OK);
		box_good(b);
	}
	/* An ordinary free never regrows a claim. */
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk[0]), FH_EBUSY);
	assert_int_equal(claim_release(&b->l, h), FH_OK);
	assert_int_equal(claim_release(&b->l, h), FH_ESTALE);
	assert_int_equal(box_free_pages(b, ROOT), 24 * MIB / PAGE_SIZE);
}

static void test_handles(void **state)
{
	struct box *b = *state;
	claim_handle_t h[FH_MAX_CLAIMS];
	claim_handle_t more;
	struct claim_block blk;
	uint32_t n = 0;

	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		box_must_stake(b, LOW, 0, 0, 1, &h[i]);
	}
	box_remember(b);
	assert_int_equal(box_stake(b, DOMID_HYP, LOW, 0, 0, 1, &more, NULL), FH_EOVERFLOW);
	box_unchanged(b);
	for (claim_handle_t at = { 0, 0 }; claim_next(&b->l, at.slot, &at) == FH_OK; at.slot++) {
		n++;
	}
	assert_int_equal(n, FH_MAX_CLAIMS);
	assert_int_equal(claim_release(&b->l, h[5]), FH_OK);
	assert_int_equal(claim_release(&b->l, h[2]), FH_OK);
	box_must_stake(b, LOW, 0, 0, 1, &more);
	assert_int_equal(more.slot, 5); /* oldest first */
	assert_int_not_equal(more.gen, h[5].gen);
	box_remember(b);
	assert_int_equal(claim_redeem(&b->l, h[5], 0, &blk), FH_ESTALE);
	assert_int_equal(claim_release(&b->l, h[5]), FH_ESTALE);
	assert_int_equal(claim_release_part(&b->l, h[5], 0, 1), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, (claim_handle_t){ FH_MAX_CLAIMS, 1 }, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, (claim_handle_t){ 2, h[2].gen + 1 }, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, h[3], 1, &blk), FH_EINVAL);
	assert_int_equal(claim_release_part(&b->l, h[3], 0, 2), FH_EOVERFLOW);
	box_unchanged(b);
}

static void test_opportunistic(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	claim_handle_t g;
	struct claim_block blk;

	/* 4 KiB pages are claimed; 16 MiB at once is there. */
	box_must_stake(b, LOW, 0, 0, 4096, &h);
	assert_int_equal(claim_redeem_upto(&b->l, h, 0, 18, &blk), FH_OK);
	assert_int_equal(blk.order, 12);
	box_good(b);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_EBUSY);
	blk = (struct claim_block){ pa(LOW_BASE), 12, false };
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk), FH_OK);
	box_good(b);
	assert_int_equal(claim_release_part(&b->l, h, 0, 4096 - 3584), FH_OK);
	/* Another claims the last 2 MiB whole: it keeps them, the pages come in blocks of at most 8 MiB. */
	box_must_stake(b, LOW, ORDER_2M, 1, 1, &g);
	for (uint64_t left = 3584; left != 0; left -= UINT64_C(1) << blk.order) {
		assert_int_equal(claim_redeem_upto(&b->l, h, 0, 18, &blk), FH_OK);
		assert_true(blk.order >= 9);
		box_good(b);
	}
	assert_int_equal(claim_redeem(&b->l, g, 0, &blk), FH_OK);
	assert_int_equal(box_free_pages(b, LOW), 0);
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
	box_must_stake(b, HIGH, 0, 0, 2, &h);
	box_must_stake(b, ROOT, 1, 1, 1, &g);
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

	box_must_stake(b, HIGH, 10, 0, 1, &h);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 9, &blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 9, &blk), FH_OK);
	box_remember(b);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 0, &blk), FH_ENOMEM);
	assert_int_equal(claim_alloc(&b->l, 9, LOW, 0, &blk), FH_ENOENT);
	assert_int_equal(claim_alloc(&b->l, 1, HIGH, 11, &blk), FH_EINVAL);
	assert_int_equal(claim_alloc(&b->l, 1, 9, 0, &blk), FH_EINVAL);
	assert_int_equal(claim_alloc(&b->l, 2, LOW, 11, &blk), FH_EQUOTA);
	box_unchanged(b);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
}

static void test_ended_handles_say_how(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	claim_handle_t released;
	claim_handle_t expired;
	claim_handle_t revoked;
	claim_handle_t gone;

	box_must_stake(b, LOW, 0, 0, 1, &released);
	box_must_stake(b, LOW, 0, 0, 1, &expired);
	box_must_stake(b, HIGH, 10, 0, 2, &revoked); /* all of it */
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
	box_remember(b);
	assert_int_equal(claim_redeem(&b->l, released, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, expired, 0, &blk), FH_EEXPIRED);
	assert_int_equal(claim_redeem(&b->l, revoked, 0, &blk), FH_EREVOKED);
	assert_int_equal(claim_release(&b->l, expired), FH_EEXPIRED);
	assert_int_equal(claim_release_part(&b->l, revoked, 0, 1), FH_EREVOKED);
	assert_int_equal(claim_transfer(&b->l, revoked, 1), FH_EREVOKED);
	assert_int_equal(claim_renew(&b->l, revoked, 1, 1), FH_EREVOKED);
	assert_int_equal(claim_use(&b->l, expired), FH_EEXPIRED);
	box_unchanged(b);
}

static void test_reserve(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	claim_handle_t h;

	assert_int_equal(ledger_set_reserve(&b->l, HYP, 513), FH_ENOFIT);
	assert_int_equal(ledger_set_reserve(&b->l, ROOT, 1), FH_EINVAL);
	assert_int_equal(ledger_set_reserve(&b->l, HYP, 2), FH_OK);
	assert_int_equal(box_stake(b, DOMID_HYP, HYP, 0, 0, 511, &h, NULL), FH_ENOFIT);
	box_must_stake(b, HYP, 0, 0, 510, &h);
	assert_int_equal(claim_alloc(&b->l, 0, HYP, 0, &blk), FH_ENOMEM);
	assert_int_equal(claim_alloc(&b->l, DOMID_HYP, HYP, 0, &blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, DOMID_HYP, HYP, 0, &blk), FH_OK);
	assert_int_equal(claim_alloc(&b->l, DOMID_HYP, HYP, 0, &blk), FH_ENOMEM);
	box_good(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_boot),
		BOX_TEST(test_life_of_a_claim),
		BOX_TEST(test_handles),
		BOX_TEST(test_opportunistic),
		BOX_TEST(test_opportunistic_leaves_zones_above_alone),
		BOX_TEST(test_alloc_leaves_claims_alone),
		BOX_TEST(test_ended_handles_say_how),
		BOX_TEST(test_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
