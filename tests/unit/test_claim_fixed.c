/* SPDX-License-Identifier: MIT */
// SOURCES: core/claim/fixed/*.c core/pool/fixed/*.c core/pool/init.c core/pool/ranges.c core/pool/dirty.c core/pool/query.c tests/unit/fake/lock_host.c
/* The ledger of a build without the pool: one set, laid out once; every block's owner is found again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/claim/claim.h"

#define BASE UINT64_C(0x40000000)
#define PAGES 2048U

static struct ledger ledger;
static uint64_t records[PAGES];

/* One ledger a program: the set is staked once, so that refusals come first. */
static void boot(void **state)
{
	const struct pool_zone_desc zones[] = {
		{ "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
		{ "hyp", 0, true, 9, { BASE, PAGES * PAGE_SIZE } },
	};
	const struct pool_bank bank = { BASE >> PAGE_SHIFT, PAGES, records };
	const struct range own = { BASE, 16U * PAGE_SIZE };
	/* It starts off the boundary of a large block. */
	const struct range memory = { BASE + 16U * PAGE_SIZE, 1500U * PAGE_SIZE };

	(void)state;
	memset(records, 0xa5, sizeof(records));
	assert_int_equal(ledger_init(&ledger, zones, 2, &bank, 1), FH_OK);
	assert_int_equal(ledger_own_range(&ledger, own, POOL_HYPERVISOR, DOMID_NONE), FH_OK);
	assert_int_equal(ledger_add_range(&ledger, 1, memory), FH_OK);
	assert_int_equal(ledger_add_range(&ledger, 1, memory), FH_EEXIST);
	assert_int_equal(ledger_domain_add(&ledger, 3, CLAIM_NO_QUOTA), FH_OK);
	assert_int_equal(ledger_domain_add(&ledger, LEDGER_MAX_DOMAINS, CLAIM_NO_QUOTA), FH_EINVAL);
}

/* Blocks cover the RAM, each once, and the walk ends. */
static void whole(void)
{
	struct pool_info info;
	uint64_t at = BASE;

	while (ledger_next_block(&ledger, pa(at), &info) == FH_OK) {
		assert_int_equal(info.range.base, at);
		at = range_end(info.range);
	}
	assert_int_equal(at, BASE + PAGES * PAGE_SIZE);
}

static void refusals(void **state)
{
	const struct claim_term inner = { 0, 0, 3, 1 };
	const struct claim_term none = { 1, 0, 3, 0 };
	const struct claim_term big = { 1, 10, 3, 1 };
	const struct claim_term two = { 1, 9, 3, 2 };
	struct claim_refusal why;
	struct claim_block b;
	claim_handle_t h = { 0, 1 };

	(void)state;
	whole();
	/* 1,500 pages from page 16 on hold one aligned block of 512 only. */
	assert_int_equal(claim_stake(&ledger, DOMID_HYP, &two, 1, &h, &why), FH_ENOFIT);
	assert_int_equal(why.have, 1);
	assert_int_equal(why.want, 2);
	assert_int_equal(claim_stake(&ledger, DOMID_HYP, &inner, 1, &h, &why), FH_EINVAL);
	assert_int_equal(claim_stake(&ledger, DOMID_HYP, &none, 1, &h, &why), FH_EINVAL);
	assert_int_equal(claim_stake(&ledger, DOMID_HYP, &big, 1, &h, &why), FH_EINVAL);
	assert_int_equal(claim_stake(&ledger, DOMID_HYP, &none, 0, &h, &why), FH_EINVAL);
	assert_int_equal(claim_redeem(&ledger, h, 0, &b), FH_EINVAL);
	assert_int_equal(claim_next(&ledger, 0, &h), FH_ENOENT);
}

static void one_set(void **state)
{
	/* Page terms before the large one: it is laid out first all the same. */
	const struct claim_term terms[] = { { 1, 0, 3, 100 }, { 1, 9, 4, 1 }, { 1, 4, 5, 8 } };
	bool seen[PAGES] = { false };
	struct claim_block b;
	struct claim_refusal why;
	claim_handle_t h;

	(void)state;
	assert_int_equal(claim_stake(&ledger, DOMID_HYP, terms, 3, &h, &why), FH_OK);
	for (uint32_t t = 0; t < 3U; t++) {
		for (uint64_t n = 0; n < terms[t].count; n++) {
			struct pool_info info;

			assert_int_equal(claim_redeem(&ledger, h, t, &b), FH_OK);
			assert_int_equal(b.order, terms[t].order);
			assert_true(is_aligned(pa_val(b.base), PAGE_SIZE << b.order));
			assert_int_equal(ledger_owner(&ledger, b.base, &info), FH_OK);
			assert_int_equal(info.owner, terms[t].owner);
			assert_int_equal(info.order, terms[t].order);
			for (uint64_t p = 0; p < BIT(b.order); p++) {
				const uint64_t page = ((pa_val(b.base) - BASE) >> PAGE_SHIFT) + p;

				assert_in_range(page, 16, 1515);
				assert_false(seen[page]);
				seen[page] = true;
			}
		}
		assert_int_equal(claim_redeem(&ledger, h, t, &b), FH_EBUSY);
	}
	whole();
	assert_int_equal(claim_redeem(&ledger, h, 3, &b), FH_EINVAL);
	h.gen++;
	assert_int_equal(claim_redeem(&ledger, h, 0, &b), FH_ESTALE);
	assert_int_equal(claim_stake(&ledger, DOMID_HYP, terms, 3, &h, &why), FH_ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boot),
		cmocka_unit_test(refusals),
		cmocka_unit_test(one_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
