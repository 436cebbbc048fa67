/* SPDX-License-Identifier: MIT */
/*
 * The pool that is measured.
 *
 *     all --- left --- l0, l1         four leaves of 4 GiB
 *         \-- right -- r0, r1
 *     hyp                             64 MiB
 */
#include "bench.h"

#include "core/base/bits.h"

#define LEAF_PAGES (UINT64_C(4) << 18)
#define BASE_PFN UINT64_C(0x100000)
#define HYP_PFN UINT64_C(0x80000)
#define HYP_PAGES UINT64_C(0x4000)
#define LEAF(i)                                                                                                        \
	{                                                                                                              \
		(BASE_PFN + (i)*LEAF_PAGES) << PAGE_SHIFT, LEAF_PAGES << PAGE_SHIFT                                    \
	}
#define WORKED 160U

struct ledger led;
static uint64_t seed;

/* Behind the program; needs no initialisation. */
#define RECORDS ((uint64_t *)0x60000000UL)
#define HYP_RECORDS ((uint64_t *)0x58000000UL)
#define MAP ((uint64_t *)0x50000000UL)

static const struct pool_zone_desc zones[NR_ZONES] = {
	{ "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
	{ "left", 0, false, 0, { 0, 0 } },
	{ "right", 0, false, 0, { 0, 0 } },
	{ "l0", 1, true, 18, LEAF(0) },
	{ "l1", 1, true, 18, LEAF(1) },
	{ "r0", 2, true, 18, LEAF(2) },
	{ "r1", 2, true, 18, LEAF(3) },
	{ "hyp", POOL_NO_ZONE, true, 14, { HYP_PFN << PAGE_SHIFT, HYP_PAGES << PAGE_SHIFT } },
};

uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 20) % n);
}

void check_ledger(void)
{
	const char *bad = ledger_audit(&led);

	if (bad != NULL) {
		print("ledger: audit: %s: failed\n", bad);
		machine_off();
	}
}

void state_fresh(void)
{
	const struct pool_bank banks[] = { { HYP_PFN, HYP_PAGES, HYP_RECORDS },
					   { BASE_PFN, 4U * LEAF_PAGES, RECORDS } };

	seed = 0x1234567;
	MUST(ledger_init(&led, zones, NR_ZONES, banks, 2) == FH_OK);
	MUST(ledger_dirty_map(&led, BASE_PFN, MAP, true) == FH_OK);
	for (uint8_t z = 3; z < NR_ZONES; z++) {
		MUST(ledger_add_range(&led, z, zones[z].range) == FH_OK);
	}
	for (domid_t d = 0; d < NR_DOMS; d++) {
		MUST(ledger_domain_add(&led, d, CLAIM_NO_QUOTA) == FH_OK);
	}
}

void state_worked(void)
{
	struct claim_block b;

	state_fresh();
	for (uint32_t i = 0; i < WORKED; i++) {
		const uint8_t z = (uint8_t)rnd(NR_ZONES - 1U);
		const struct claim_term t = { z, (uint8_t)rnd(i < 12U ? 18U : 10U), (domid_t)rnd(NR_DOMS),
					      1U + rnd(6) };
		claim_handle_t h;

		MUST(claim_stake(&led, t.owner, &t, 1, &h, NULL) == FH_OK);
		for (uint64_t n = rnd((uint32_t)t.count + 1U); n != 0U; n--) {
			MUST(claim_redeem(&led, h, 0, &b) == FH_OK);
			if (rnd(4) == 0U) {
				MUST(claim_free(&led, t.owner, b) == FH_OK);
			}
		}
	}
	check_ledger();
}
