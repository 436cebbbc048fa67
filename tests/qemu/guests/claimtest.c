// SPDX-License-Identifier: MIT
/*
 * A guest that claims memory by itself, as TAP: what lib/claim.h promises, and that wrong calls change nothing. The
 * configuration gives it 64 MiB of two zones, in a window (test_claims.py).
 */
#include "claim.h"
#include "guest.h"

#define PAGES(order) (1UL << (order))
#define BYTES(order) (4096UL << (order))
#define ROUNDS 60U

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

/* All registers but x0 to x3 are the caller's. */
static bool keeps_registers(uint64_t fn)
{
	register uint64_t x0 __asm__("x0") = fn;
	uint64_t bad = 0;

	__asm__ volatile("mov x4, #4\n mov x5, #5\n mov x6, #6\n mov x7, #7\n mov x8, #8\n mov x9, #9\n mov x10, #10\n"
			 "mov x11, #11\n mov x12, #12\n mov x13, #13\n mov x14, #14\n mov x15, #15\n mov x16, #16\n"
			 "mov x17, #17\n hvc #0\n"
			 ".irp n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17\n"
			 "sub x\\n, x\\n, #\\n\n orr %1, %1, x\\n\n .endr"
			 : "+r"(x0), "+r"(bad)::"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return bad == 0;
}

static void test_calls(void)
{
	struct fhc_regs r = { { FHC_REVISION } };

	tap(fhc_call(&r) == 1 && r.x[1] == 1, "REVISION is 1.1");
	tap_eq((uint64_t)hvc(0xc600007f, 0, 0, 0), (uint64_t)FHC_NOT_SUPPORTED, "an unknown function: NOT_SUPPORTED");
	tap_eq((uint64_t)hvc(0x86000000, 0, 0, 0), (uint64_t)FHC_NOT_SUPPORTED, "32-bit calls there are not");
	tap_eq((uint64_t)hvc(0x4600ff01, 0, 0, 0), (uint64_t)FHC_NOT_SUPPORTED, "nor yielding ones");
	tap_eq((uint64_t)smc(FHC_MEM_INFO, 0, 0, 0), FHC_OK, "SMC serves as well as HVC");
	tap(keeps_registers(FHC_MEM_INFO) && keeps_registers(FHC_UID) && keeps_registers(FHC_MEM_STAKE),
	    "x4 to x17 are kept");
}

static void refuses(int64_t got, int64_t want, const char *name)
{
	tap_eq((uint64_t)got, (uint64_t)want, name);
}

static void test_bad_stakes(void)
{
	uint64_t claim = 0, other = 0, fit = 0;

	refuses(fhc_stake(2, 0, 1, &claim, &fit), FHC_INVALID, "a zone that is not listed: INVALID");
	refuses(fhc_stake(256, 0, 1, &claim, &fit), FHC_INVALID, "a zone beyond a byte: INVALID");
	refuses(fhc_stake(0, 19, 1, &claim, &fit), FHC_INVALID, "an order beyond the largest: INVALID");
	refuses(fhc_stake(0, 256, 1, &claim, &fit), FHC_INVALID, "an order beyond a byte: INVALID");
	refuses(fhc_stake(0, 0, 0, &claim, &fit), FHC_INVALID, "a count of 0: INVALID");
	refuses(fhc_stake(0, 9, ~0UL, &claim, &fit), FHC_OVERFLOW, "a product beyond 64 bits: OVERFLOW");
	refuses(fhc_stake(0, 9, 33, &claim, &fit), FHC_QUOTA, "more than the limit: QUOTA");
	tap_eq(fit, 32, "and what would fit");
	refuses(fhc_stake(0, 9, 16, &claim, &fit), FHC_OK, "half of it");
	refuses(fhc_stake(1, 9, 17, &other, &fit), FHC_QUOTA, "more than the other half: QUOTA");
	tap_eq(fit, 16, "and what would fit");
	expect_account(16 * 512, 0, "nothing but the half is staked");
	fhc_release(claim);
}

static void test_bad_redeems(void)
{
	uint64_t claim = 0, small = 0, fit = 0, order = 0, zone = 0, count = 0, left = 0;

	fhc_stake(1, 9, 2, &claim, &fit);
	fhc_stake(1, 0, 8, &small, &fit);
	refuses(fhc_claim(claim, &zone, &order, &count, &left), FHC_OK, "CLAIM tells of a claim");
	tap(zone == 1 && order == 9 && count == 2 && left == 2, "zone, order, count and what is left");
	refuses(fhc_claim(claim + (1UL << 32), &zone, &order, &count, &left), FHC_STALE, "not of another one: STALE");
	refuses(fhc_redeem(claim, 0x40000000, 9, &order), FHC_INVALID, "into its own RAM: INVALID");
	refuses(fhc_redeem(claim, window + window_size, 9, &order), FHC_INVALID, "behind the window: INVALID");
	refuses(fhc_redeem(claim, window - BYTES(9), 9, &order), FHC_INVALID, "before the window: INVALID");
	refuses(fhc_redeem(claim, ~0UL << 21, 9, &order), FHC_INVALID, "at the end of all addresses: INVALID");
	refuses(fhc_redeem(claim, window, 18, &order), FHC_INVALID, "larger than the window: INVALID");
	refuses(fhc_redeem(claim, window, 19, &order), FHC_INVALID, "an order beyond the largest: INVALID");
	refuses(fhc_redeem(claim, window, 256 + 9, &order), FHC_INVALID, "an order beyond a byte: INVALID");
	refuses(fhc_redeem(claim, window + 4096, 9, &order), FHC_ALIGN, "not aligned: ALIGN");
	refuses(fhc_redeem(claim, window, 8, &order), FHC_INVALID, "less than the claim's blocks: INVALID");
	refuses(fhc_redeem(0, window, 9, &order), FHC_STALE, "the hypervisor's claim: STALE");
	refuses(fhc_redeem(~0UL, window, 9, &order), FHC_STALE, "no claim: STALE");
	expect_account(1024 + 8, 0, "nothing was redeemed");
	fhc_redeem(claim, window, 9, &order);
	refuses(fhc_redeem(claim, window, 9, &order), FHC_EXISTS, "where a block is: EXISTS");
	refuses(fhc_redeem(small, window + 4096, 0, &order), FHC_EXISTS, "a page within a block: EXISTS");
	fhc_redeem(small, window + BYTES(9) + 4096, 0, &order);
	refuses(fhc_redeem(claim, window + BYTES(9), 9, &order), FHC_EXISTS, "a block over a page: EXISTS");
	expect_account(512 + 7, 513, "and nothing more was redeemed");
	refuses(fhc_free(window + 4096), FHC_INVALID, "a part of a block is freed: INVALID");
	refuses(fhc_free(window + BYTES(9)), FHC_NOENT, "where nothing is: NOENT");
	refuses(fhc_free(0x40000000), FHC_INVALID, "its own RAM: INVALID");
	fill(window, 4096);
	refuses(fhc_unredeem(small, window), FHC_OVERFLOW, "more than was redeemed goes back: OVERFLOW");
	refuses(fhc_unredeem(claim, window + BYTES(9) + 4096), FHC_INVALID, "another claim's block: INVALID");
	tap(*(volatile uint64_t *)window == (window | 0x5aUL << 56), "and what was in it is still there");
	expect_account(512 + 7, 513, "nothing has changed");
	fhc_release(small);
	refuses(fhc_unredeem(small, window + BYTES(9) + 4096), FHC_STALE, "into a claim that is released: STALE");
	refuses(fhc_free(window + BYTES(9) + 4096), FHC_OK, "but it can be freed");
	refuses(fhc_redeem(claim, window + BYTES(9), 9, &order), FHC_OK, "a block where the page was");
	refuses(fhc_redeem(claim, window + 2 * BYTES(9), 9, &order), FHC_BUSY, "nothing is left: BUSY");
	tap(fhc_free(window) == FHC_OK && fhc_free(window + BYTES(9)) == FHC_OK && fhc_release(claim) == FHC_OK,
	    "all goes back");
	expect_account(0, 0, "nothing is staked or redeemed");
}

/* Pages are claimed, and come as a block; then all of the limit, in both zones, there and back. */
static void test_much(void)
{
	uint64_t claim[2] = { 0 }, fit = 0, order = 0, bad = 0;

	fhc_stake(0, 0, 1024, &claim[0], &fit);
	refuses(fhc_redeem(claim[0], window, 9, &order), FHC_OK, "claimed by pages");
	tap_eq(order, 9, "and redeemed as a block");
	expect_account(512, 512, "of 512 of them");
	fhc_free(window);
	fhc_release(claim[0]);
	for (uint64_t zone = 0; zone < 2; zone++) {
		bad += fhc_stake(zone, 9, 16, &claim[zone], &fit) != FHC_OK;
	}
	for (uint64_t i = 0; i < 32; i++) {
		uint64_t at = window + (31 - i) * 2 * BYTES(9);

		bad += fhc_redeem(claim[i % 2], at, 9, &order) != FHC_OK || order != 9 || !all_zero(at, BYTES(9));
		*(volatile uint64_t *)at = i;
	}
	tap_eq(bad, 0, "all of the limit is redeemed, in two zones, and zero");
	expect_account(0, 32 * 512, "the account says so");
	for (uint64_t i = 0; i < 32; i++) {
		uint64_t at = window + (31 - i) * 2 * BYTES(9);

		bad += *(volatile uint64_t *)at != i ||
		       (i < 16 ? fhc_unredeem(claim[i % 2], at) : fhc_free(at)) != FHC_OK;
	}
	bad += fhc_release(claim[0]) != FHC_OK || fhc_release(claim[1]) != FHC_OK;
	tap_eq(bad, 0, "each is a block of its own, and goes back");
	expect_account(0, 0, "nothing is staked or redeemed");
}

static volatile uint32_t rounds[2], strange;

/* Two CPUs at the same eight places: what one finds taken or gone is the other's doing, and nothing else goes wrong. */
static void race(uint32_t me)
{
	uint64_t seed = 0x9e3779b97f4a7c15UL + me, claim = 0, fit = 0, order = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		uint64_t small = (seed >> 40 & 3) != 0;
		uint64_t at = window + (seed >> 8 & 7) * BYTES(9);

		if (fhc_stake(seed >> 33 & 1, small ? 4 : 9, 1, &claim, &fit) != FHC_OK) {
			strange = strange + 1;
			continue;
		}
		int64_t code = fhc_redeem(claim, at, small ? 4 : 9, &order);

		/* BUSY: the other one has freed it while it was being cleaned */
		strange = strange + (code != FHC_OK && code != FHC_EXISTS && code != FHC_BUSY ? 1 : 0);
		code = seed >> 50 & 1 ? fhc_free(at) : fhc_unredeem(claim, at);
		if (code != FHC_OK && code != FHC_NOENT && code != FHC_INVALID && code != FHC_OVERFLOW) {
			strange = strange + 1;
		}
		fhc_release(claim);
		rounds[me] = i + 1;
	}
}

static void race_second(void)
{
	race(1);
}

static void test_race(void)
{
	uint64_t other = (read_sysreg(mpidr_el1) & 0xff00ffffffUL) + 1;

	if (cpu_start(other, race_second) != PSCI_SUCCESS) {
		tap_skip("two CPUs at once", "one CPU");
		return;
	}
	race(0);
	tap(wait_count(&rounds[1], ROUNDS, 20000), "two CPUs claim, redeem and free at the same places");
	tap_eq(strange, 0, "and get the codes that the other one's doing explains");
	for (uint64_t at = window; at < window + 8 * BYTES(9); at += BYTES(9)) {
		fhc_free(at);
	}
	expect_account(0, 0, "nothing is staked or redeemed");
}

static volatile uint32_t attacks;
static volatile bool attacked;

/* Asks for the block that the other CPU redeems, in a claim that it is not of. */
static void attack(void)
{
	uint64_t claim = 0, fit = 0;

	fhc_stake(0, 0, 1, &claim, &fit);
	while (!attacked) {
		attacks = attacks + (fhc_unredeem(claim, window) == FHC_OVERFLOW ? 1 : 0);
	}
	fhc_release(claim);
	attacks = 1UL << 31;
}

/* A block that is being cleaned is refused to a wrong claim, and stays out of reach until it is clean. */
static void test_half_clean(void)
{
	uint64_t other = (read_sysreg(mpidr_el1) & 0xff00ffffffUL) + 1, claim = 0, fit = 0, order = 0, bad = 0;
	uint32_t before = 0;

	while (hvc(PSCI_AFFINITY_INFO, other, 0, 0) != 1) {
	}
	attacks = 0;
	attacked = false;
	if (cpu_start(other, attack) != PSCI_SUCCESS) {
		tap_skip("a block that is being cleaned", "one CPU");
		return;
	}
	for (uint32_t i = 0; i < ROUNDS || (before < 8 && i < 100 * ROUNDS); i++) {
		fhc_stake(0, 9, 1, &claim, &fit);
		bad += fhc_redeem(claim, window, 9, &order) != FHC_OK || !all_zero(window, BYTES(9));
		before = attacks;
		fill(window, BYTES(9));
		bad += fhc_free(window) != FHC_OK;
		fhc_release(claim);
	}
	attacked = true;
	tap(before >= 8, "blocks that are being cleaned are asked for, by a claim that they are not of");
	tap_eq(bad, 0, "and all are redeemed to their end, and zero");
	tap(wait_count(&attacks, 1UL << 31, 20000), "the other CPU ends");
	expect_account(0, 0, "nothing is staked or redeemed");
}

/* As many claims as the ledger holds, and one more. */
static void test_most(void)
{
	static uint64_t claims[1024];
	uint64_t fit = 0, more = 0;
	uint32_t n = 0, released = 0;
	int64_t code = FHC_OK;

	while (n < 1024 && (code = fhc_stake(0, 0, 1, &claims[n], &fit)) == FHC_OK) {
		n++;
	}
	tap_eq(n, 256, "256 claims are admitted");
	tap_eq((uint64_t)code, (uint64_t)FHC_OVERFLOW, "one more is OVERFLOW");
	expect_account(n, 0, "and changes nothing");
	tap_eq((uint64_t)fhc_release(claims[--n]), FHC_OK, "when one is released");
	tap_eq((uint64_t)fhc_stake(0, 0, 1, &more, &fit), FHC_OK, "another one is admitted");
	released += fhc_release(more) == FHC_OK ? 1 : 0;
	while (n != 0) {
		released += fhc_release(claims[--n]) == FHC_OK ? 1 : 0;
	}
	tap_eq(released, 256, "all are released");
	expect_account(0, 0, "and nothing is staked");
}

void guest_main(void)
{
	print("\n# freehold claimtest\n");
	test_info();
	test_calls();
	test_bad_stakes();
	test_bad_redeems();
	test_much();
	test_race();
	test_half_clean();
	test_round(0, 0, "4 KiB of the first zone");
	test_round(1, 9, "2 MiB of the second zone");
	test_most();
	tap_end();
	system_off();
}
