// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/claim_box.c
/*
 * Pages that went bad and leave, and that are dirty and must be zeroed: what the ledger does with either under claims.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "claim_box.h"

static void test_bad_memory(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	struct pool_info i;
	claim_handle_t h;

	box_must_stake(b, LOW, 9, 0, 2, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_int_equal(ledger_quarantine(&b->l, pa(0)), FH_ENOENT);
	assert_int_equal(ledger_quarantine(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE)), FH_OK);
	assert_int_equal(ledger_owner(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE), &i), FH_OK);
	assert_int_equal(i.state, POOL_OWNED); /* it stays with its owner */
	box_good(b);
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk), FH_EREVOKED);
	assert_int_equal(claim_free(&b->l, 0, blk), FH_OK);
	assert_int_equal(ledger_owner(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE), &i), FH_OK);
	assert_int_equal(i.state, POOL_QUARANTINED);
	assert_int_equal(ledger_quarantine(&b->l, pa(pa_val(blk.base) + 5 * PAGE_SIZE)), FH_EREVOKED);
	assert_int_equal(box_free_pages(b, LOW), 16 * MIB / PAGE_SIZE - 1);
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

	box_must_stake(b, HIGH, 10, 0, 1, &h); /* the lower 4 MiB */
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
	box_good(b);
	assert_int_equal(claim_redeem(&b->l, w, 0, &blk), FH_EBUSY);
	assert_int_equal(claim_free(&b->l, 0, (struct claim_block){ pa(HIGH_BASE), 10, false }), FH_OK);
	assert_int_equal(claim_redeem(&b->l, w, 0, &blk), FH_EREVOKED);
	assert_int_equal(claim_stake_wait(&b->l, 1, &one, 1, 1000, &w, &why), FH_ENOFIT);
	assert_int_equal(claim_stake_wait(&b->l, 1, &more, 1, 1000, &w, &why), FH_ENOFIT);
	assert_int_equal(claim_stake_wait(&b->l, 1, &some, 1, 1000, &w, &why), FH_OK);
	assert_int_equal(claim_release(&b->l, h), FH_OK);
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
	uint64_t *map = malloc(pool_dirty_words(LOW_BASE >> PAGE_SHIFT, box_bank_pages[0]) * 8);
	struct claim_block blk;
	claim_handle_t h;

	assert_int_equal(ledger_dirty_map(&b->l, LOW_BASE >> PAGE_SHIFT, map, true), FH_OK);
	box_must_stake(b, LOW, 9, 0, 1, &h);
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
	uint64_t *map = malloc(pool_dirty_words(LOW_BASE >> PAGE_SHIFT, box_bank_pages[0]) * 8);
	struct claim_block blk;
	struct claim_block chunk;
	claim_handle_t h;

	assert_int_equal(ledger_dirty_map(&b->l, LOW_BASE >> PAGE_SHIFT, map, true), FH_OK);
	box_must_stake(b, LOW, 9, 0, 1, &h);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_bad_memory),
		BOX_TEST(test_bad_memory_is_not_waited_for),
		BOX_TEST(test_dirtiness),
		BOX_TEST(test_untouched_but_dirty_is_scrubbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
