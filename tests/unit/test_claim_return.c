// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/claim_box.c
/*
 * Blocks that are split and come back: freed or put back into a claim, and refused with nothing changed where they are
 * not the caller's, not there, or not of this size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "claim_box.h"

static void test_bad_frees(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	struct claim_block blk;
	struct claim_block x;

	box_must_stake(b, LOW, ORDER_2M, 0, 2, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	box_remember(b);
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
	box_unchanged(b);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_OK);
	box_remember(b);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_ESTALE); /* twice */
	box_unchanged(b);
}

static void test_stale_records_do_not_count(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	claim_handle_t g;
	struct claim_block page[512];
	struct claim_block big;

	box_must_stake(b, HYP, 0, 0, 512, &h);
	for (int i = 0; i < 512; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &page[i]), FH_OK);
	}
	for (int i = 0; i < 512; i++) {
		assert_int_equal(claim_free(&b->l, 0, page[i]), FH_OK);
	}
	box_must_stake(b, HYP, ORDER_2M, 0, 1, &g);
	assert_int_equal(claim_redeem(&b->l, g, 0, &big), FH_OK);
	box_remember(b);
	/* Records in the middle still say "page of domain 0". */
	for (int i = 0; i < 512; i++) {
		assert_int_equal(claim_free(&b->l, 0, page[i]), FH_EINVAL);
	}
	box_unchanged(b);
}

static void test_split_owned(void **state)
{
	struct box *b = *state;
	claim_handle_t h;
	struct claim_block blk;
	struct claim_block part;

	box_must_stake(b, LOW, ORDER_2M, 0, 1, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	box_remember(b);
	assert_int_equal(claim_split_owned(&b->l, 1, blk, 0), FH_EDENIED);
	assert_int_equal(claim_split_owned(&b->l, 0, blk, 10), FH_EINVAL);
	box_unchanged(b);
	assert_int_equal(claim_split_owned(&b->l, 0, blk, 3), FH_OK);
	box_good(b);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_EINVAL);
	assert_int_equal(claim_unredeem(&b->l, h, 0, (struct claim_block){ blk.base, 3, false }), FH_EINVAL);
	for (uint64_t i = 0; i < 64; i++) {
		part = (struct claim_block){ pa(pa_val(blk.base) + i * 0x8000), 3, false };
		assert_int_equal(claim_free(&b->l, 0, part), FH_OK);
		box_good(b);
	}
	assert_int_equal(box_free_pages(b, LOW), 16 * MIB / PAGE_SIZE);
	assert_int_equal(b->l.pool.zones[LOW].nr_free[12], 1);
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

	box_must_stake(b, LOW, 9, 0, 2, &h);
	box_must_stake(b, HIGH, 9, 0, 1, &g);
	assert_int_equal(box_stake(b, 0, LOW, 9, 0, 1, &other, NULL), FH_OK);
	assert_int_equal(claim_redeem(&b->l, h, 0, &low), FH_OK);
	assert_int_equal(claim_redeem(&b->l, g, 0, &high), FH_OK);
	assert_int_equal(claim_alloc(&b->l, 0, LOW, 0, &page), FH_OK);
	box_remember(b);
	assert_int_equal(claim_unredeem(&b->l, h, 0, high), FH_EINVAL);    /* another zone's */
	assert_int_equal(claim_unredeem(&b->l, other, 0, low), FH_EINVAL); /* another holder's */
	assert_int_equal(claim_unredeem(&b->l, h, 0, page), FH_EINVAL);    /* smaller */
	assert_int_equal(claim_unredeem(&b->l, h, 1, low), FH_EINVAL);
	box_unchanged(b);
	assert_int_equal(claim_unredeem(&b->l, h, 0, low), FH_OK);
	assert_int_equal(claim_unredeem(&b->l, h, 0, low), FH_ESTALE); /* twice */
	assert_int_equal(claim_redeem(&b->l, h, 0, &low), FH_OK);
	assert_int_equal(claim_release_part(&b->l, h, 0, 1), FH_OK);
	assert_int_equal(claim_unredeem(&b->l, h, 0, low), FH_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_bad_frees),
		BOX_TEST(test_stale_records_do_not_count),
		BOX_TEST(test_split_owned),
		BOX_TEST(test_unredeem_takes_its_own_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
