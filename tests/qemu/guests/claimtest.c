// SPDX-License-Identifier: MIT
/*
 * A guest that claims memory by itself, as TAP: what lib/claim.h promises, and that wrong calls change nothing. The
 * configuration gives it 64 MiB of two zones, in a window (test_claims.py).
 */
#include "claim.h"
#include "guest.h"

#define PAGES(order) (1UL << (order))
#define BYTES(order) (4096UL << (order))

static uint64_t window, window_size, zones;

/* What is staked and redeemed, in pages: both must come back to nothing. */
static void expect_account(uint64_t outstanding, uint64_t redeemed, const char *name)
{
	uint64_t limit = 0, o = 0, r = 0;

	fhc_info(&limit, &o, &r);
	if (o != outstanding || r != redeemed) {
		print("# outstanding %lu redeemed %lu, want %lu and %lu\n", o, r, outstanding, redeemed);
	}
	tap(o == outstanding && r == redeemed, name);
}

static bool all_zero(uint64_t at, uint64_t size)
{
	for (const uint64_t *p = (const uint64_t *)at; p < (const uint64_t *)(at + size); p += 8) {
		if ((p[0] | p[1] | p[2] | p[3] | p[4] | p[5] | p[6] | p[7]) != 0) {
			return false;
		}
	}
	return true;
}

static void fill(uint64_t at, uint64_t size)
{
	for (volatile uint64_t *p = (volatile uint64_t *)at; p < (volatile uint64_t *)(at + size); p++) {
		*p = (uint64_t)(uintptr_t)p | 0x5aUL << 56;
	}
}

static bool faults(uint64_t at)
{
	trap_expect();
	(void)mmio_read32(at);
	return trap_taken().taken;
}

static void test_info(void)
{
	uint64_t limit = 0, o = 1, r = 1;

	tap(fhc_present(), "the UID is Freehold's");
	tap_eq((uint64_t)fhc_info(&limit, &o, &r), FHC_OK, "MEM_INFO answers");
	tap(limit == 64UL << 8 && o == 0 && r == 0, "64 MiB at most, nothing staked, nothing redeemed");
	tap_eq((uint64_t)fhc_window(&window, &window_size, &zones), FHC_OK, "MEM_WINDOW answers");
	tap(window == 0xc0000000 && window_size == 128UL << 20 && zones == 2, "the window and two zones");
	tap(faults(window), "nothing is mapped there");
}

/* One block there and back. */
static void test_round(uint64_t zone, uint64_t order, const char *name)
{
	uint64_t claim = 0, fit = 0, got = 99, at = window + 4 * BYTES(order);

	print("# %s\n", name);
	tap_eq((uint64_t)fhc_stake(zone, order, 2, &claim, &fit), FHC_OK, "a stake of two blocks is admitted");
	expect_account(2 * PAGES(order), 0, "they are outstanding");
	tap_eq((uint64_t)fhc_redeem(claim, at, order, &got), FHC_OK, "one is redeemed");
	tap_eq(got, order, "and has the order that was asked for");
	expect_account(PAGES(order), PAGES(order), "one outstanding, one redeemed");
	tap(all_zero(at, BYTES(order)), "it is zero");
	fill(at, BYTES(order));
	tap_eq((uint64_t)fhc_unredeem(claim, at), FHC_OK, "it goes back into the claim");
	tap(faults(at) && faults(at + BYTES(order) - 4), "and is no longer there");
	tap_eq((uint64_t)fhc_redeem(claim, at, order, &got), FHC_OK, "it is redeemed again");
	tap(all_zero(at, BYTES(order)), "and is zero again");
	tap_eq((uint64_t)fhc_free(at), FHC_OK, "it goes back to the pool");
	tap(faults(at), "and is no longer there");
	expect_account(PAGES(order), 0, "one is outstanding");
	tap_eq((uint64_t)fhc_release(claim), FHC_OK, "the claim is released");
	expect_account(0, 0, "nothing is staked or redeemed");
	tap_eq((uint64_t)fhc_release(claim), (uint64_t)FHC_STALE, "released again: STALE");
}

void guest_main(void)
{
	print("\n# freehold claimtest\n");
	test_info();
	test_round(0, 0, "4 KiB of the first zone");
	test_round(1, 9, "2 MiB of the second zone");
	tap_end();
	system_off();
}
