// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/claim_box.c
/*
 * Sets of terms: admitted whole, refused with what would fit, merged, waited with, put in the place of others, held to a
 * quota; bad ones, with nothing changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "claim_box.h"

static void test_refusal_helps(void **state)
{
	struct box *b = *state;
	const struct claim_term t[] = { { LOW, ORDER_2M, 0, 6 }, { HYP, 0, 0, 4 }, { LOW, ORDER_2M, 1, 5 } };
	struct claim_refusal why;
	claim_handle_t h;

	box_remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 3, &h, &why), FH_ENOFIT);
	assert_int_equal(why.term, 2);
	assert_int_equal(why.zone, LOW);
	assert_int_equal(why.owner, 1);
	assert_int_equal(why.want, 5);
	assert_int_equal(why.have, 8);
	assert_int_equal(why.fit, 2);
	box_unchanged(b);
	/* More than memory, up to the largest number that is not an overflow. */
	assert_int_equal(box_stake(b, DOMID_HYP, ROOT, 9, 0, UINT64_MAX >> 9, &h, &why), FH_ENOFIT);
	assert_int_equal(why.fit, 12);
	box_unchanged(b);
}

static void test_set_is_admitted_whole(void **state)
{
	struct box *b = *state;
	/* Each fits alone; low and root together ask for more than there is. */
	const struct claim_term t[] = { { LOW, ORDER_2M, 0, 8 }, { ROOT, ORDER_2M, 1, 5 } };
	struct claim_refusal why;
	claim_handle_t h;

	box_remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, 2, &h, &why), FH_ENOFIT);
	assert_int_equal(why.term, 1);
	assert_int_equal(why.fit, 4);
	assert_int_equal(why.have, 12);
	box_unchanged(b);
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
	box_remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, t, CLAIM_MAX_INPUT + 1, &h, NULL), FH_EOVERFLOW);
	box_unchanged(b);
}

static void test_bad_terms(void **state)
{
	struct box *b = *state;
	const struct claim_term sum[] = { { LOW, 0, 0, UINT64_MAX / 2 + 1 }, { LOW, 0, 0, UINT64_MAX / 2 + 1 } };
	struct claim_refusal why;
	claim_handle_t h = { 7, 7 };

	box_remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, NULL, 1, &h, &why), FH_EINVAL);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, sum, 0, &h, &why), FH_EINVAL);
	assert_int_equal(box_stake(b, DOMID_HYP, LOW, 0, 0, 0, &h, &why), FH_EINVAL);
	assert_int_equal(box_stake(b, DOMID_HYP, NR_ZONES, 0, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(box_stake(b, DOMID_HYP, 255, 0, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(box_stake(b, DOMID_HYP, HIGH, 11, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(box_stake(b, DOMID_HYP, LOW, 19, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(box_stake(b, DOMID_HYP, LOW, 255, 0, 1, &h, &why), FH_EINVAL);
	assert_int_equal(box_stake(b, DOMID_HYP, LOW, 9, 0, UINT64_MAX, &h, &why), FH_EOVERFLOW);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, sum, 2, &h, &why), FH_EOVERFLOW);
	assert_int_equal(why.term, 1);
	assert_int_equal(box_stake(b, 3, LOW, 0, 0, 1, &h, &why), FH_ENOENT);  /* a holder that is not there */
	assert_int_equal(box_stake(b, 0, LOW, 0, 3, 1, &h, &why), FH_ENOENT);  /* an owner that is not there */
	assert_int_equal(box_stake(b, 0, LOW, 0, 64, 1, &h, &why), FH_ENOENT); /* no such number */
	assert_int_equal(box_stake(b, DOMID_NONE, LOW, 0, 0, 1, &h, &why), FH_ENOENT);
	assert_int_equal(h.slot, 7);
	box_unchanged(b);
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
	box_remember(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, many, CLAIM_MAX_TERMS + 1, &h, &why), FH_EOVERFLOW);
	assert_int_equal(why.term, CLAIM_MAX_TERMS);
	box_unchanged(b);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, many, CLAIM_MAX_TERMS, &h, &why), FH_OK);
	assert_int_equal(claim_release(&b->l, h), FH_OK);
}

static void test_quota(void **state)
{
	struct box *b = *state;
	struct claim_refusal why;
	struct claim_block blk[2];
	claim_handle_t h;
	claim_handle_t g;

	assert_int_equal(box_stake(b, 2, LOW, 9, 0, 3, &h, &why), FH_EQUOTA);
	assert_int_equal(why.fit, 2);
	assert_int_equal(box_stake(b, 2, LOW, 9, 0, 2, &h, &why), FH_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(claim_redeem(&b->l, h, 0, &blk[i]), FH_OK);
	}
	/* Claim, redeem, claim does not get around it: domain 0 owns the blocks, domain 2 paid. */
	assert_int_equal(claim_release(&b->l, h), FH_OK);
	assert_int_equal(box_stake(b, 2, LOW, 0, 0, 1, &g, &why), FH_EQUOTA);
	assert_int_equal(claim_free(&b->l, 0, blk[0]), FH_OK);
	assert_int_equal(box_stake(b, 2, LOW, 0, 0, 512, &g, &why), FH_OK);
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

	box_must_stake(b, HIGH, 9, 0, 1, &h);
	assert_int_equal(claim_redeem(&b->l, h, 0, &blk), FH_OK);
	box_remember(b);
	assert_int_equal(claim_stake_wait(&b->l, 1, &never, 1, 1000, &w, &why), FH_ENOFIT);
	box_unchanged(b);
	assert_int_equal(claim_stake_wait(&b->l, 1, &big, 1, 1000, &w, &why), FH_EQUEUED);
	assert_int_equal(claim_info(&b->l, w, &info), FH_OK);
	assert_true(info.waiting);
	/* Nobody overtakes it on its leaf; elsewhere nothing is held up. */
	assert_int_equal(box_stake(b, DOMID_HYP, HIGH, 0, 0, 1, &x, &why), FH_EQUEUED);
	assert_int_equal(box_stake(b, DOMID_HYP, ROOT, 0, 0, 1, &x, &why), FH_EQUEUED);
	assert_int_equal(claim_alloc(&b->l, 0, HIGH, 0, &blk), FH_EQUEUED);
	assert_int_equal(claim_stake(&b->l, DOMID_HYP, &other, 1, &x, &why), FH_OK);
	assert_int_equal(claim_redeem(&b->l, w, 0, &blk), FH_EBUSY);
	box_good(b);
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

	box_must_stake(b, LOW, 0, 0, 2048, &h);
	assert_int_equal(claim_info(&b->l, h, &info), FH_OK);
	box_remember(b);
	assert_int_equal(claim_replace(&b->l, h, 0, info.version, &too_many, 1, &why), FH_ENOFIT);
	assert_int_equal(why.fit, 8); /* its own old terms are not in the way */
	assert_int_equal(claim_replace(&b->l, h, 0, info.version + 1, &more, 1, &why), FH_ESTALE);
	assert_int_equal(claim_replace(&b->l, h, 0, info.version, &foreign, 1, &why), FH_EINVAL);
	box_unchanged(b);
	assert_int_equal(claim_replace(&b->l, h, 0, info.version, &more, 1, &why), FH_OK);
	box_good(b);
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
	box_remember(b);
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
	box_unchanged(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(test_refusal_helps),
		BOX_TEST(test_set_is_admitted_whole),
		BOX_TEST(test_terms_merge),
		BOX_TEST(test_bad_terms),
		BOX_TEST(test_too_many_terms),
		BOX_TEST(test_quota),
		BOX_TEST(test_waiting),
		BOX_TEST(test_replace),
		BOX_TEST(test_refusal_finds_the_term),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
