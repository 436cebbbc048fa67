// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/canon.c
/*
 * What went wrong in the memory management of Xen, Bao, Gunyah and hvisor, and does not here: a test a fault, by name
 * (docs/claims.md lists them). More of them are in test_claim_faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "canon.h"

enum { ROOT, LOW, HIGH, HYP, NR_ZONES };
#define BASE UINT64_C(0x40000000)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define BANK_PAGES (32U * MIB / PAGE_SIZE)

static const struct pool_zone_desc zones[NR_ZONES] = {
	[ROOT] = { "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
	[LOW] = { "low", ROOT, true, 11, { BASE, 8 * MIB } },
	[HIGH] = { "high", ROOT, true, 11, { BASE + 8 * MIB, 8 * MIB } },
	[HYP] = { "hyp", POOL_NO_ZONE, true, 9, { BASE + 16 * MIB, 2 * MIB } },
};

static struct ledger led;
static uint64_t records[BANK_PAGES];
static uint64_t map[BANK_PAGES];

static int setup(void **state)
{
	const struct pool_bank bank = { BASE >> PAGE_SHIFT, BANK_PAGES, records };

	(void)state;
	assert_int_equal(ledger_init(&led, zones, NR_ZONES, &bank, 1), FH_OK);
	assert_int_equal(ledger_dirty_map(&led, BASE >> PAGE_SHIFT, map, true), FH_OK);
	for (uint8_t z = LOW; z < NR_ZONES; z++) {
		assert_int_equal(ledger_add_range(&led, z, zones[z].range), FH_OK);
	}
	for (domid_t d = 0; d < 3U; d++) {
		assert_int_equal(ledger_domain_add(&led, d, CLAIM_NO_QUOTA), FH_OK);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_null(ledger_audit(&led));
	return 0;
}

static claim_handle_t stake1(domid_t holder, uint8_t zone, uint8_t order, domid_t owner, uint64_t count)
{
	const struct claim_term t = { zone, order, owner, count };
	claim_handle_t h;

	assert_int_equal(claim_stake(&led, holder, &t, 1, &h, NULL), FH_OK);
	return h;
}

/* Domain 2 takes all that a zone has and nobody claimed. */
static uint64_t take_the_rest(uint8_t zone)
{
	struct claim_block b;
	uint64_t n = 0;

	while (claim_alloc(&led, 2, zone, 0, &b) == FH_OK) {
		n++;
	}
	return n;
}

/* Bao; Jailhouse; Xen without bootscrub: memory changes hands with what was in it. */
static void test_fault_bao_memory_is_not_scrubbed_between_owners(void **state)
{
	struct claim_block b;
	struct claim_block chunk;
	claim_handle_t h = stake1(DOMID_HYP, LOW, 4, 0, 1);
	claim_handle_t g;

	(void)state;
	assert_int_equal(claim_redeem(&led, h, 0, &b), FH_OK);
	assert_false(b.dirty);
	assert_int_equal(claim_free(&led, 0, b), FH_OK);
	g = stake1(DOMID_HYP, LOW, 4, 1, 1);
	assert_int_equal(claim_redeem(&led, g, 0, &b), FH_OK);
	assert_true(b.dirty); /* domain 0 had it: the new owner's build must clean it */
	assert_int_equal(claim_unredeem_untouched(&led, g, 0, b), FH_OK);
	assert_int_equal(ledger_scrub_begin(&led, 0, 4, &chunk), FH_OK);
	assert_int_equal(ledger_scrub_end(&led, 0), FH_OK);
	assert_int_equal(claim_redeem(&led, g, 0, &b), FH_OK);
	assert_false(b.dirty);
}

/* Xen: a pass over all RAM at boot. Here a record is touched a block: 64 GiB have 128 MiB of records, of which few are. */
static void test_fault_xen_boot_goes_through_all_ram(void **state)
{
	static unsigned char in[(64U * GIB / PAGE_SIZE * 8U) / 4096U];
	const uint64_t pages = 64U * GIB / PAGE_SIZE;
	uint64_t *rec =
		mmap(NULL, pages * 8U, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const struct pool_zone_desc z = { "big", POOL_NO_ZONE, true, 18, { GIB, 64 * GIB } };
	const struct pool_bank bank = { GIB >> PAGE_SHIFT, pages, rec };
	uint64_t touched = 0;

	(void)state;
	assert_true(rec != MAP_FAILED);
	(void)madvise(rec, pages * 8U, MADV_NOHUGEPAGE); /* a page is what counts as touched */
	assert_int_equal(ledger_init(&led, &z, 1, &bank, 1), FH_OK);
	assert_int_equal(ledger_add_range(&led, 0, z.range), FH_OK);
	assert_int_equal(mincore(rec, pages * 8U, in), 0);
	for (uint64_t i = 0; i < sizeof(in); i++) {
		touched += in[i] & 1U;
	}
	assert_true(touched <= 64); /* one a GiB */
	assert_null(ledger_audit(&led));
	(void)munmap(rec, pages * 8U);
}

/* Xen until 2026-01: outstanding claims and free pages could cross. All that was admitted is there, whatever comes. */
static void test_fault_xen_counters_cross(void **state)
{
	struct ledger_zone_info z;
	struct claim_block b;
	claim_handle_t h[8];

	(void)state;
	for (uint32_t i = 0; i < 8U; i++) {
		h[i] = stake1(DOMID_HYP, i % 2U == 0U ? ROOT : LOW, 9, (domid_t)(i % 2U), 1);
	}
	take_the_rest(ROOT);
	for (uint32_t i = 0; i < 8U; i++) {
		uint64_t claimed = 0;

		for (uint8_t zone = ROOT; zone < HYP; zone++) {
			assert_int_equal(ledger_zone_info(&led, zone, &z), FH_OK);
			claimed += z.claimed_pages;
		}
		assert_int_equal(ledger_zone_info(&led, ROOT, &z), FH_OK);
		assert_int_equal(claimed, (8U - i) * 512U);
		assert_int_equal(z.free_pages, claimed); /* to the page, and not below */
		assert_int_equal(claim_alloc(&led, 0, LOW, 0, &b), FH_ENOMEM);
		assert_int_equal(claim_redeem(&led, h[i], 0, &b), FH_OK);
	}
}

/* Xen: to change a claim is to cancel it and to claim again, and another comes in between. */
static void test_fault_xen_cancel_and_claim_is_not_atomic(void **state)
{
	const struct claim_term pages = { LOW, 0, 0, 2048 };
	const struct claim_term too_many = { LOW, 0, 0, 2049 };
	claim_handle_t h = stake1(DOMID_HYP, LOW, 9, 0, 4); /* all of it */
	struct claim_refusal why;
	struct claim_info info;
	char *before;
	char *after;

	(void)state;
	assert_int_equal(take_the_rest(LOW), 0);
	before = canon_text(&led, CANON_ALL);
	assert_int_equal(claim_info(&led, h, &info), FH_OK);
	assert_int_equal(claim_replace(&led, h, 0, info.version, &too_many, 1, &why), FH_ENOFIT);
	after = canon_text(&led, CANON_ALL);
	assert_true(canon_equal(before, after, "a claim that could not be changed"));
	free(before);
	free(after);
	assert_int_equal(claim_replace(&led, h, 0, info.version, &pages, 1, &why), FH_OK);
	assert_int_equal(take_the_rest(LOW), 0);
}

/* Xen: stage-2 tables are outside the claim, so a build fails after it was admitted. Here they are terms of the set. */
static void test_fault_xen_tables_are_outside_the_claim(void **state)
{
	const struct claim_term set[] = { { ROOT, 9, 0, 4 }, { HYP, 1, 0, 1 }, { HYP, 0, 0, 12 } };
	struct claim_block b;
	claim_handle_t h;

	(void)state;
	assert_int_equal(claim_stake(&led, DOMID_HYP, set, 3, &h, NULL), FH_OK);
	assert_true(take_the_rest(HYP) != 0);
	take_the_rest(ROOT);
	for (uint32_t t = 0; t < 3U; t++) {
		for (uint64_t i = 0; i < set[t].count; i++) {
			assert_int_equal(claim_redeem(&led, h, t, &b), FH_OK);
		}
	}
	/* And a set whose tables do not fit is refused before any memory is touched. */
	assert_int_equal(claim_stake(&led, DOMID_HYP, &set[1], 2, &h, NULL), FH_ENOFIT);
}

/* Xen: -EINVAL for everything. Here each cause has a status of its own, and a refusal its numbers. */
static void test_fault_xen_einval_for_everything(void **state)
{
	static const struct {
		domid_t holder;
		struct claim_term t;
	} asked[] = {
		{ DOMID_HYP, { LOW, 0, 0, 0 } },          /* bad input */
		{ DOMID_HYP, { LOW, 9, 0, UINT64_MAX } }, /* more than can be counted */
		{ DOMID_HYP, { LOW, 0, 9, 1 } },          /* no such domain */
		{ DOMID_HYP, { LOW, 9, 0, 5 } },          /* not there */
		{ 5, { LOW, 0, 5, 2 } },                  /* the quota */
		{ DOMID_HYP, { HIGH, 0, 0, 1 } },         /* another waits */
	};
	const struct claim_term all = { HIGH, 11, 1, 1 };
	struct claim_refusal why;
	struct claim_block b;
	claim_handle_t h;
	uint32_t seen = 0;

	(void)state;
	assert_int_equal(ledger_domain_add(&led, 5, 1), FH_OK);
	assert_int_equal(claim_alloc(&led, 0, HIGH, 0, &b), FH_OK);
	assert_int_equal(claim_stake_wait(&led, 1, &all, 1, 100, &h, &why), FH_EQUEUED);
	for (uint32_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const fh_status st = claim_stake(&led, asked[i].holder, &asked[i].t, 1, &h, &why);

		assert_int_not_equal(st, FH_OK);
		assert_int_equal(seen & (1U << (uint32_t)st), 0); /* told by nothing before */
		seen |= 1U << (uint32_t)st;
	}
	assert_int_equal(claim_stake(&led, DOMID_HYP, &asked[3].t, 1, &h, &why), FH_ENOFIT);
	assert_int_equal(why.want, 5);
	assert_int_equal(why.fit, 4);
}

/* Xen: static and pool memory do not mix in a domain. Here one domain has both, and each says whose it is. */
static void test_fault_xen_static_and_pool_memory_do_not_mix(void **state)
{
	const struct range own = { BASE + 20 * MIB, 4 * MIB };
	claim_handle_t h = stake1(DOMID_HYP, LOW, 9, 1, 1);
	struct pool_info info;
	struct claim_block b;

	(void)state;
	assert_int_equal(ledger_own_range(&led, own, POOL_STATIC, 1), FH_OK);
	assert_int_equal(claim_redeem(&led, h, 0, &b), FH_OK);
	assert_int_equal(ledger_owner(&led, pa(own.base), &info), FH_OK);
	assert_true(info.state == POOL_STATIC && info.owner == 1);
	assert_int_equal(ledger_owner(&led, b.base, &info), FH_OK);
	assert_true(info.state == POOL_OWNED && info.owner == 1);
	assert_int_equal(claim_free(&led, 1, (struct claim_block){ pa(own.base), 9, false }), FH_ENOENT);
	assert_int_equal(claim_free(&led, 1, b), FH_OK);
}

/* Xen, Bao: no reboot of a domain that was started at boot. Its claim keeps its memory, though others want it. */
static void test_fault_xen_no_reboot(void **state)
{
	struct claim_block b[8];
	claim_handle_t h = stake1(DOMID_HYP, ROOT, 9, 0, 8);

	(void)state;
	for (uint32_t turn = 0; turn < 1000U; turn++) {
		for (uint32_t i = 0; i < 8U; i++) {
			assert_int_equal(claim_redeem(&led, h, 0, &b[i]), FH_OK);
		}
		for (uint32_t i = 0; i < 8U; i++) {
			assert_int_equal(claim_unredeem(&led, h, 0, b[i]), FH_OK);
			assert_int_equal(take_the_rest(ROOT), 0);
		}
	}
}

/* Gunyah #44, hvisor #155: memory of a start that failed stays away until the board reboots. */
static void test_fault_gunyah_memory_stays_after_a_failed_start(void **state)
{
	const struct claim_term set[] = { { ROOT, 0, 0, 1500 }, { HYP, 0, 0, 9 } };
	char *before = canon_text(&led, CANON_ALL & ~CANON_DIRTY);
	char *after;

	(void)state;
	for (uint32_t fails_at = 0; fails_at < 40U; fails_at++) {
		struct claim_block b[40];
		claim_handle_t h;

		assert_int_equal(claim_stake(&led, DOMID_HYP, set, 2, &h, NULL), FH_OK);
		for (uint32_t i = 0; i < fails_at; i++) {
			assert_int_equal(claim_redeem_upto(&led, h, i < 31U ? 0 : 1, i < 31U ? 5 : 0, &b[i]), FH_OK);
		}
		for (uint32_t i = 0; i < fails_at; i++) {
			assert_int_equal(claim_free(&led, 0, b[fails_at - 1U - i]), FH_OK);
		}
		assert_int_equal(claim_release(&led, h), FH_OK);
		after = canon_text(&led, CANON_ALL & ~CANON_DIRTY);
		assert_true(canon_equal(before, after, "a start that failed"));
		free(after);
	}
	free(before);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_fault_bao_memory_is_not_scrubbed_between_owners),
		cmocka_unit_test_setup(test_fault_xen_boot_goes_through_all_ram, setup),
		T(test_fault_xen_counters_cross),
		T(test_fault_xen_cancel_and_claim_is_not_atomic),
		T(test_fault_xen_tables_are_outside_the_claim),
		T(test_fault_xen_einval_for_everything),
		T(test_fault_xen_static_and_pool_memory_do_not_mix),
		T(test_fault_xen_no_reboot),
		T(test_fault_gunyah_memory_stays_after_a_failed_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
