// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/claim_box.c
/*
 * The faults that the memory management of Xen and Bao had and this one does not: a test a fault, by name
 * (docs/claims.md lists them). More of them are in test_claim_peers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "claim_box.h"

static void test_fault_xen_claims_of_a_dying_domain_leak(void **state)
{
	struct box *b = *state;
	const struct claim_term t[] = { { LOW, 9, 0, 4 }, { LOW, 9, 1, 2 } };
	struct ledger_zone_info i;
	struct claim_block blk;
	claim_handle_t h;
	claim_handle_t own;

	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 2, &h, NULL), FH_OK);
	assert_int_equal(box_stake(b, 0, HIGH, 10, 1, 2, &own, NULL), FH_OK);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	assert_int_equal(claim_domain_died(&b->l, 0), FH_OK); /* owner of a term, holder of a claim */
	box_good(b);
	assert_int_equal(claim_redeem(&b->l, own, 0, &blk), FH_ESTALE);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_EBUSY);
	assert_int_equal(ledger_zone_info(&b->l, LOW, &i), FH_OK);
	assert_int_equal(i.nr_claimed[9], 2); /* domain 1 keeps its term */
	assert_int_equal(i.nr_available[9], 5);
	assert_int_equal(box_stake(b, DOMID_HYP, LOW, 0, 0, 1, &own, NULL), FH_ENOENT);
	assert_int_equal(claim_domain_died(&b->l, 0), FH_ENOENT);
	assert_int_equal(claim_domain_died(&b->l, DOMID_HYP), FH_ENOENT);
	/* What it owned stays its own until teardown frees it, and can't be outstanding for it again. */
	box_remember(b);
	assert_int_equal(claim_may_unredeem(&b->l, h, 0, blk), FH_ENOENT);
	assert_int_equal(claim_unredeem(&b->l, h, 0, blk), FH_ENOENT);
	box_unchanged(b);
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

	box_must_stake(b, LOW, 9, 0, 8, &h);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
	}
	/* The build fails: all goes back into the claim, and nobody can take it in between. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(claim_unredeem(&b->l, h, 0, blk[i]), FH_OK);
		assert_int_equal(box_stake(b, DOMID_HYP, LOW, 0, 1, 1, &g, NULL), FH_ENOFIT);
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

	box_must_stake(b, LOW, 9, 0, 2, &h);
	box_must_stake(b, LOW, 9, 0, 2, &g); /* of the same domain */
}

static void test_fault_xen_bigger_request_must_fit_unclaimed(void **state)
{
	struct box *b = *state;
	struct claim_block blk;
	claim_handle_t h;
	claim_handle_t g;

	/* All is claimed. A 2 MiB request against 512 claimed pages draws on its own claim. */
	box_must_stake(b, LOW, 9, 1, 7, &g);
	box_must_stake(b, LOW, 0, 0, 512, &h);
	assert_int_equal(claim_redeem_upto(&b->l, h, 0, 9, &blk), FH_OK);
	assert_int_equal(blk.order, 9);
}

static void test_fault_bao_pool_drained_once_stays_full(void **state)
{
	struct box *b = *state;
	struct claim_block blk[12];
	claim_handle_t h;

	for (int round = 0; round < 3; round++) {
		box_must_stake(b, ROOT, 9, 0, 12, &h);
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

	box_remember(b);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 3, &h, NULL), FH_ENOFIT);
	}
	box_unchanged(b);
}

static void test_fault_bao_page_given_out_twice(void **state)
{
	struct box *b = *state;
	static uint8_t seen[6144];
	struct claim_block blk;
	claim_handle_t h;

	memset(seen, 0, sizeof(seen));
	box_must_stake(b, ROOT, 0, 0, 6144, &h);
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
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_fault_xen_claims_of_a_dying_domain_leak),
		BOX_TEST(test_fault_xen_claim_lost_when_assignment_fails),
		BOX_TEST(test_fault_xen_second_claim_is_refused),
		BOX_TEST(test_fault_xen_bigger_request_must_fit_unclaimed),
		BOX_TEST(test_fault_bao_pool_drained_once_stays_full),
		BOX_TEST(test_fault_bao_failed_request_stays_reserved),
		BOX_TEST(test_fault_bao_page_given_out_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
