// SPDX-License-Identifier: MIT
/*
 * The race that claims end, as TAP. Each vCPU builds: it wants some blocks of 2 MiB of a zone that has 8, and fills each as it
 * gets it. First all claim what they want before they begin; then they are a test double that looks whether there is as much,
 * and takes it block by block. What fails after it has begun is late, and its work was for nothing.
 */
#include "claim.h"
#include "guest.h"

#define BUILDERS 4U
#define BLOCK (4096UL << 9)
#define MOST 8U /* the zone's blocks; what one builder's part of the window holds */
#define ROUNDS 24U
#define ENOUGH 3U         /* late ones */
#define MORE_ROUNDS 2000U /* of the double, until there are enough */

static struct builder {
	uint64_t seed;
	uint32_t built;
	uint32_t refused;        /* at once */
	uint32_t late;           /* after it had begun */
	uint32_t strange;        /* a code that nothing explains, or memory that is not zero */
	volatile uint32_t phase; /* that it has ended */
} builders[BUILDERS];
static uint64_t window;
static volatile uint32_t phase;

static uint32_t rnd(struct builder *b, uint32_t n)
{
	b->seed ^= b->seed << 13;
	b->seed ^= b->seed >> 7;
	b->seed ^= b->seed << 17;
	return (uint32_t)(b->seed >> 20) % n;
}

/* What a builder does with a block: it must be zero, and is written. */
static void fill(struct builder *b, uint64_t at)
{
	for (volatile uint64_t *p = (volatile uint64_t *)at; p < (volatile uint64_t *)(at + BLOCK); p += 8) {
		b->strange += *p != 0;
		*p = (uint64_t)(uintptr_t)p;
	}
}

/* What a build does before it wants its first block: it reads what it is to load, as long as a block is. */
static void read_image(void)
{
	const uint64_t from = (uint64_t)(uintptr_t)builders & ~0xfffUL;

	for (uint64_t i = 0; i < BLOCK; i += 64) {
		(void)*(volatile uint64_t *)(from + i % 4096);
	}
}

/* One more block: of the claim, or of whatever there is now. */
static int64_t grow(uint64_t claim, uint64_t at)
{
	uint64_t one = claim, fit = 0, order = 0;
	int64_t code = FHC_OK;

	if (claim == 0) {
		code = fhc_stake(0, 9, 1, &one, &fit);
	}
	if (code == FHC_OK) {
		code = fhc_redeem(one, at, 9, &order);
	}
	if (claim == 0 && code == FHC_OK) {
		(void)fhc_release(one);
	}
	return code;
}

static void build(struct builder *b, uint64_t at, bool claims)
{
	const uint32_t want = 3 + rnd(b, MOST - 3U);
	uint64_t claim = 0, fit = 0;
	uint32_t n = 0;
	int64_t code = fhc_stake(0, 9, want, &claim, &fit);

	if (code != FHC_OK) {
		b->refused++;
		b->strange += code != FHC_NOFIT;
		return;
	}
	if (!claims) { /* it was only a look */
		b->strange += fhc_release(claim) != FHC_OK;
		claim = 0;
	}
	read_image();
	while (n < want && (code = grow(claim, at + n * BLOCK)) == FHC_OK) {
		fill(b, at + n++ * BLOCK);
	}
	b->built += n == want;
	b->late += n != want;
	b->strange += code != FHC_OK && (claims || code != FHC_NOFIT);
	while (n-- != 0) {
		b->strange += fhc_free(at + n * BLOCK) != FHC_OK;
	}
	if (claims) {
		b->strange += fhc_release(claim) != FHC_OK;
	}
}

static uint32_t late(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < BUILDERS; i++) {
		n += *(volatile uint32_t *)&builders[i].late;
	}
	return n;
}

/* A phase of one builder. The double goes on until it was late, so that no run is without. */
static void run(uint32_t me, bool claims)
{
	for (uint32_t i = 0; i < ROUNDS || (!claims && late() < ENOUGH && i < MORE_ROUNDS); i++) {
		build(&builders[me], window + me * MOST * BLOCK, claims);
	}
	builders[me].phase = claims ? 1 : 2;
}

static void other(void)
{
	const uint32_t me = cpu_id();

	for (uint32_t p = 1; p <= 2; p++) {
		while (phase != p) {
			__asm__ volatile("yield");
		}
		run(me, p == 1);
	}
}

static void together(uint32_t p, const char *name)
{
	struct builder sum = { 0 };

	phase = p;
	run(0, p == 1);
	for (uint32_t i = 0; i < BUILDERS; i++) {
		tap(wait_count(&builders[i].phase, p, 60000), "a builder comes to its end");
	}
	for (uint32_t i = 0; i < BUILDERS; i++) {
		sum.built += builders[i].built;
		sum.refused += builders[i].refused;
		sum.late += builders[i].late;
		sum.strange += builders[i].strange;
	}
	print("race: %s: built=%u refused=%u late=%u\n", name, sum.built, sum.refused, sum.late);
	tap(sum.built != 0 && sum.refused != 0, "some are built, some are refused at once");
	tap_eq(sum.strange, 0, "no other code, and all memory is zero");
	if (p == 1) {
		tap_eq(sum.late, 0, "who claims does not fail late");
	} else {
		tap(sum.late != 0, "who looks, and takes then, does");
	}
	for (uint32_t i = 0; i < BUILDERS; i++) {
		builders[i].built = builders[i].refused = builders[i].late = builders[i].strange = 0;
	}
}

void guest_main(void)
{
	const uint64_t me = read_sysreg(mpidr_el1) & 0xff00ffffffUL;
	uint64_t limit = 1, o = 1, r = 1, size = 0, zones = 0;

	print("\n# freehold claimrace\n");
	tap_eq((uint64_t)fhc_window(&window, &size, &zones), FHC_OK, "there is a window");
	tap(size >= BUILDERS * MOST * BLOCK, "in which each has a place");
	for (uint32_t i = 0; i < BUILDERS; i++) {
		builders[i].seed = 0x9e3779b97f4a7c15UL * (i + 1);
		if (i != 0) {
			tap_eq((uint64_t)cpu_start(me + i, other), PSCI_SUCCESS, "a builder starts");
		}
	}
	together(1, "claims");
	together(2, "checks");
	fhc_info(&limit, &o, &r);
	tap(o == 0 && r == 0, "nothing is staked or redeemed");
	tap_end();
	system_off();
}
