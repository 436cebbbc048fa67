// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c
// LIBS: -lpthread
/*
 * Threads that build, grow and die, and threads that scrub, on one ledger. Each page has a plain byte that its owner
 * writes, and that a scrubber writes while it zeroes: a page given out twice, or redeemed while it is being zeroed, shows as
 * a wrong byte here and as a race under ThreadSanitizer (make verify-tsan). The race that claims are for is played too:
 * after admission no build fails; builders that check first and allocate then do fail late, and are counted.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/claim/claim.h"

#define PAGES 8192U
#define BASE_PFN UINT64_C(0x40000)
#define BUILDERS 4U
#define SCRUBBERS 2U

static uint64_t rounds = 1500;
static struct ledger led;
static uint64_t records[PAGES];
static uint64_t map[PAGES];
static uint8_t memory[PAGES]; /* 0: clean, 1 + domain: written by it, 255: being zeroed */
static uint32_t stop;
static uint64_t late; /* builds that failed after they had begun */
static uint64_t built;
static uint64_t refused;
static uint64_t scrubbed;

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c);                                        \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static const struct pool_zone_desc zones[] = {
	{ "root", POOL_NO_ZONE, false, 0, { 0, 0 } },
	{ "low", 0, true, 12, { BASE_PFN << PAGE_SHIFT, (PAGES / 2) << PAGE_SHIFT } },
	{ "high", 0, true, 12, { (BASE_PFN + PAGES / 2) << PAGE_SHIFT, (PAGES / 2) << PAGE_SHIFT } },
};

static uint32_t rnd(uint64_t *s, uint32_t n)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)((*s >> 20) % n);
}

static uint8_t *bytes(struct claim_block b)
{
	return &memory[(pa_val(b.base) >> PAGE_SHIFT) - BASE_PFN];
}

/* The owner of a block finds it as the ledger says, and writes it. */
static void use(struct claim_block b, uint8_t mark)
{
	uint8_t *m = bytes(b);

	for (uint64_t i = 0; i < UINT64_C(1) << b.order; i++) {
		MUST(m[i] != 255 && (b.dirty || m[i] == 0));
		m[i] = mark;
	}
}

static void unuse(struct claim_block b, uint8_t mark)
{
	uint8_t *m = bytes(b);

	for (uint64_t i = 0; i < UINT64_C(1) << b.order; i++) {
		MUST(m[i] == mark);
	}
}

/* One domain: claimed whole, built of blocks, torn down. */
static void build_claimed(domid_t dom, uint64_t *s)
{
	static _Thread_local struct claim_block b[PAGES];
	const struct claim_term t = { (uint8_t)rnd(s, 3), (uint8_t)rnd(s, 9), dom, 1 + rnd(s, 24) };
	claim_handle_t h;
	uint32_t n = 0;

	if (claim_stake(&led, dom, &t, 1, &h, NULL) != FH_OK) {
		__atomic_fetch_add(&refused, 1U, __ATOMIC_RELAXED);
		return;
	}
	for (uint64_t left = t.count; left != 0U;) {
		MUST(claim_redeem_upto(&led, h, 0, (uint8_t)rnd(s, 13), &b[n]) == FH_OK);
		use(b[n], (uint8_t)(dom + 1U));
		left -= UINT64_C(1) << (b[n].order - t.order);
		n++;
	}
	__atomic_fetch_add(&built, 1U, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < n; i++) {
		unuse(b[i], (uint8_t)(dom + 1U));
		MUST(claim_free(&led, dom, b[i]) == FH_OK);
	}
	MUST(claim_release(&led, h) == FH_OK);
}

/* A claim of several terms, given up as it is: the handle is stale at once, while the memory comes back term by term. */
static void stake_and_release(domid_t dom, uint64_t *s)
{
	struct claim_term t[5];
	struct claim_info info;
	claim_handle_t h;

	for (uint32_t i = 0; i < 5U; i++) {
		t[i] = (struct claim_term){ (uint8_t)rnd(s, 3), (uint8_t)i, dom, 1 + rnd(s, 8) };
	}
	if (claim_stake(&led, dom, t, 5, &h, NULL) == FH_OK) {
		MUST(claim_release(&led, h) == FH_OK);
		MUST(claim_info(&led, h, &info) == FH_ESTALE && claim_release(&led, h) == FH_ESTALE);
	}
}

/* All builders of the double stand here together: when they have looked, when they have taken, when all is back. */
static pthread_barrier_t together;

/*
 * The double: looks whether there is enough, then allocates block by block. Between the two, others have looked as well:
 * each sees all the pool free, and together they want more than it has.
 */
static void build_unclaimed(domid_t dom, uint64_t *s)
{
	static _Thread_local struct claim_block b[PAGES];
	const uint32_t want = 1000 + rnd(s, 3000);
	struct ledger_zone_info z;
	uint32_t n = 0;

	MUST(ledger_zone_info(&led, 0, &z) == FH_OK);
	MUST(z.nr_available[0] == PAGES);
	(void)pthread_barrier_wait(&together);
	while (n < want && claim_alloc(&led, dom, 0, 0, &b[n]) == FH_OK) {
		n++;
	}
	if (n < want) {
		__atomic_fetch_add(&late, 1U, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_add(&built, 1U, __ATOMIC_RELAXED);
	}
	(void)pthread_barrier_wait(&together);
	while (n != 0U) {
		n--;
		MUST(claim_free(&led, dom, b[n]) == FH_OK);
	}
	(void)pthread_barrier_wait(&together);
}

static void *claimed(void *arg)
{
	const domid_t dom = (domid_t)(uintptr_t)arg;
	uint64_t s = 0x1234567U + dom;

	for (uint64_t i = 0; i < rounds; i++) {
		build_claimed(dom, &s);
		stake_and_release(dom, &s);
	}
	return NULL;
}

static void *unclaimed(void *arg)
{
	const domid_t dom = (domid_t)(uintptr_t)arg;
	uint64_t s = 0x7654321U + dom;

	for (uint64_t i = 0; i < rounds / 15U; i++) {
		build_unclaimed(dom, &s);
	}
	return NULL;
}

static void *scrub(void *arg)
{
	const uint32_t me = (uint32_t)(uintptr_t)arg;

	while (__atomic_load_n(&stop, __ATOMIC_RELAXED) == 0U) {
		struct claim_block c;

		if (ledger_scrub_begin(&led, me, ORDER_64K, &c) == FH_OK) {
			memset(bytes(c), 255, UINT64_C(1) << c.order);
			memset(bytes(c), 0, UINT64_C(1) << c.order);
			MUST(ledger_scrub_end(&led, me) == FH_OK);
			__atomic_fetch_add(&scrubbed, 1U, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static void start(void)
{
	const struct pool_bank bank = { BASE_PFN, PAGES, records };

	assert_int_equal(ledger_init(&led, zones, 3, &bank, 1), FH_OK);
	assert_int_equal(ledger_dirty_map(&led, BASE_PFN, map, true), FH_OK);
	memset(memory, 0, sizeof(memory));
	for (uint8_t z = 1; z < 3; z++) {
		assert_int_equal(ledger_add_range(&led, z, zones[z].range), FH_OK);
	}
	for (domid_t d = 0; d < BUILDERS; d++) {
		assert_int_equal(ledger_domain_add(&led, d, CLAIM_NO_QUOTA), FH_OK);
	}
	stop = 0;
	late = 0;
	built = 0;
	refused = 0;
	scrubbed = 0;
}

static void run(void *(*builder)(void *))
{
	pthread_t t[BUILDERS + SCRUBBERS];
	const char *bad;

	start();
	for (uintptr_t i = 0; i < BUILDERS + SCRUBBERS; i++) {
		assert_int_equal(pthread_create(&t[i], NULL, i < BUILDERS ? builder : scrub, (void *)i), 0);
	}
	for (uint32_t i = 0; i < BUILDERS; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
	}
	__atomic_store_n(&stop, 1U, __ATOMIC_RELAXED);
	for (uint32_t i = BUILDERS; i < BUILDERS + SCRUBBERS; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
	}
	bad = ledger_audit(&led);
	if (bad != NULL) {
		fail_msg("audit: %s", bad);
	}
	assert_int_equal(led.pool.zones[1].nr_free[12], 1);
	assert_int_equal(led.pool.zones[2].nr_free[12], 1);
}

static void test_no_build_fails_after_admission(void **state)
{
	(void)state;
	run(claimed);
	printf("claimed: %lu built, %lu refused at once, %lu failed late; %lu chunks scrubbed\n", (unsigned long)built,
	       (unsigned long)refused, (unsigned long)late, (unsigned long)scrubbed);
	assert_int_equal(late, 0);
	assert_true(built != 0 && scrubbed != 0);
}

static void test_check_then_allocate_fails_late(void **state)
{
	(void)state;
	assert_int_equal(pthread_barrier_init(&together, NULL, BUILDERS), 0);
	run(unclaimed);
	pthread_barrier_destroy(&together);
	printf("check, then allocate: %lu built, %lu failed late\n", (unsigned long)built, (unsigned long)late);
	assert_true(late != 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_build_fails_after_admission),
		cmocka_unit_test(test_check_then_allocate_fails_late),
	};

	rounds = argc > 1 ? strtoull(argv[1], NULL, 0) : rounds;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
