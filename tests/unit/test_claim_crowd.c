// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c
// LIBS: -lpthread
/*
 * All that claims can do, by threads at once, on one ledger: sets that wait until others free, leases that run out while
 * their builders redeem, a domain that dies in the middle and comes back, claims replaced and handed over, scrubbers, and
 * somebody who looks at it all. Each page has a plain byte that its owner, or who zeroes it, writes: what goes wrong shows as
 * a wrong byte, and as a race under ThreadSanitizer (make verify-tsan). Where nobody but builders serves, a lost wake-up is
 * a builder that waits for ever.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/claim/claim.h"

#define PAGES 2048U
#define BASE_PFN UINT64_C(0x40000)
#define MORTAL 4U /* the domain that dies */

static uint64_t rounds = 5000;
static struct ledger led;
static uint64_t records[PAGES];
static uint64_t map[PAGES];
static uint8_t memory[PAGES]; /* 0: clean, 1 + domain: written by it, 255: being zeroed */
static uint32_t stop;
static bool patient; /* sets wait for ever */
static pthread_barrier_t ready;
static uint64_t now; /* the clock of leases */

/* What came about, to see that the test tests. */
static struct {
	uint64_t built, waited, gave_up, expired, died, replaced, handed_over, scrubbed, looked;
} done;

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c);                                        \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static const struct pool_zone_desc zones[] = {
	{ "root", POOL_NO_ZONE, false, 0, { 0, 0 } },
	{ "low", 0, true, 10, { BASE_PFN << PAGE_SHIFT, (PAGES / 2) << PAGE_SHIFT } },
	{ "high", 0, true, 10, { (BASE_PFN + PAGES / 2) << PAGE_SHIFT, (PAGES / 2) << PAGE_SHIFT } },
};

static void count(uint64_t *what)
{
	__atomic_fetch_add(what, 1U, __ATOMIC_RELAXED);
}

static uint64_t time_is(void)
{
	return __atomic_load_n(&now, __ATOMIC_RELAXED);
}

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED) != 0U;
}

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

/* --- builders ----------------------------------------------------------------------------------------------------- */

struct builder {
	domid_t dom;
	uint64_t rng;
	claim_handle_t h;
	struct claim_term t;
	uint32_t nr;
	struct claim_block blocks[PAGES];
};

/*
 * Whether a status says that the claim ran out. Where a thread sleeps so long that the claim's slot ends another claim, or
 * more, the ledger no longer knows how this one ended: FH_ESTALE.
 */
static bool ran_out(const struct builder *b, fh_status st)
{
	uint32_t ended;

	lock_acquire(&led.lock);
	ended = led.claims[b->h.slot].gen - b->h.gen;
	lock_release(&led.lock);
	return st == FH_EEXPIRED ? ended >= 1U : st == FH_ESTALE && ended >= 2U;
}

/* Redeems until nothing is left, or the claim has ended. */
static fh_status redeem_all(struct builder *b)
{
	fh_status st = FH_OK;

	for (b->nr = 0; st == FH_OK;) {
		struct claim_block *x = &b->blocks[b->nr];

		st = claim_redeem_upto(&led, b->h, 0, (uint8_t)rnd(&b->rng, 11), x);
		if (st == FH_OK) {
			uint8_t *m = bytes(*x);

			for (uint64_t i = 0; i < UINT64_C(1) << x->order; i++) {
				MUST(m[i] != 255 && (x->dirty || m[i] == 0));
				m[i] = (uint8_t)(b->dom + 1U);
			}
			b->nr++;
			if (rnd(&b->rng, 2) == 0U) {
				sched_yield(); /* others come in between */
			}
		}
	}
	return st;
}

/* Gives all back: into the claim where it takes it, else to the pool. */
static void give_back(struct builder *b, bool into_claim)
{
	while (b->nr != 0U) {
		const struct claim_block x = b->blocks[--b->nr];
		const uint8_t *m = bytes(x);

		for (uint64_t i = 0; i < UINT64_C(1) << x.order; i++) {
			MUST(m[i] == b->dom + 1U);
		}
		if (!into_claim || claim_unredeem(&led, b->h, 0, x) != FH_OK) {
			MUST(claim_free(&led, b->dom, x) == FH_OK);
		}
	}
}

static void pick_term(struct builder *b)
{
	b->t = (struct claim_term){ (uint8_t)rnd(&b->rng, 3), (uint8_t)rnd(&b->rng, 8), b->dom, 0 };
	b->t.count = 1 + rnd(&b->rng, 1 + (PAGES / 3U >> b->t.order));
}

/* A set that waits: admitted in the end, or its deadline passes. */
static bool stake_waiting(struct builder *b)
{
	const uint64_t deadline = !patient && rnd(&b->rng, 3) == 0U ? time_is() + 1U + rnd(&b->rng, 50) : CLAIM_FOREVER;
	struct claim_info info;
	fh_status st = claim_stake_wait(&led, b->dom, &b->t, 1, deadline, &b->h, NULL);

	if (st != FH_EQUEUED) {
		return st == FH_OK;
	}
	while ((st = claim_info(&led, b->h, &info)) == FH_OK && info.waiting) {
		sched_yield();
	}
	if (st == FH_OK) {
		count(&done.waited);
		return true;
	}
	MUST(ran_out(b, st));
	count(&done.gave_up);
	return false;
}

/* Waits, holds the claim by its use while it redeems: then nothing may fail. */
static void *waiting_builder(void *arg)
{
	struct builder *b = arg;

	(void)pthread_barrier_wait(&ready);
	for (uint64_t i = 0; i < rounds; i++) {
		fh_status st;

		pick_term(b);
		if (!stake_waiting(b)) {
			continue;
		}
		if (claim_use(&led, b->h) != FH_OK) { /* its deadline passed after it was admitted */
			count(&done.expired);
			continue;
		}
		MUST(redeem_all(b) == FH_EBUSY);
		give_back(b, rnd(&b->rng, 2) == 0U);
		MUST(claim_unuse(&led, b->h) == FH_OK);
		st = claim_release(&led, b->h);
		MUST(st == FH_OK || ran_out(b, st)); /* it may be reaped at once */
		count(&done.built);
	}
	return NULL;
}

/* Has a lease and does not hold it: redemption may say that it ran out, and nothing else. */
static void *leasing_builder(void *arg)
{
	struct builder *b = arg;

	(void)pthread_barrier_wait(&ready);
	for (uint64_t i = 0; i < rounds; i++) {
		struct claim_info info;
		fh_status st;

		pick_term(b);
		st = claim_stake(&led, b->dom, &b->t, 1, &b->h, NULL);
		if (st != FH_OK) {
			MUST(st == FH_ENOFIT || st == FH_EQUEUED);
			continue;
		}
		if (claim_renew(&led, b->h, time_is(), 1U + rnd(&b->rng, 20)) == FH_OK && rnd(&b->rng, 2) == 0U &&
		    claim_info(&led, b->h, &info) == FH_OK) {
			const struct claim_term other = { b->t.zone, 0, b->dom, 1 + rnd(&b->rng, 64) };

			st = claim_replace(&led, b->h, b->dom, info.version, &other, 1, NULL);
			MUST(st == FH_OK || st == FH_ENOFIT || st == FH_EQUEUED || ran_out(b, st));
			if (st == FH_OK) {
				count(&done.replaced);
			}
		}
		if (rnd(&b->rng, 4) == 0U && claim_transfer(&led, b->h, 0) == FH_OK) {
			count(&done.handed_over);
		}
		st = redeem_all(b);
		MUST(st == FH_EBUSY || ran_out(b, st));
		if (st != FH_EBUSY) {
			count(&done.expired);
		}
		give_back(b, false);
		st = claim_release(&led, b->h);
		MUST(st == FH_OK || ran_out(b, st));
		count(&done.built);
	}
	return NULL;
}

/* Its domain dies now and then, at any of its calls, by another thread. */
static void *mortal_builder(void *arg)
{
	struct builder *b = arg;

	(void)pthread_barrier_wait(&ready);
	while (!stopped()) {
		fh_status st;

		pick_term(b);
		st = claim_stake(&led, DOMID_HYP, &b->t, 1, &b->h, NULL);
		if (st != FH_OK) {
			MUST(st == FH_ENOFIT || st == FH_EQUEUED || st == FH_ENOENT);
			sched_yield();
			continue;
		}
		MUST(redeem_all(b) ==
		     FH_EBUSY); /* its holder lives: what is outstanding may be gone, the claim is there */
		give_back(b, false);
		MUST(claim_release(&led, b->h) == FH_OK);
	}
	return NULL;
}

/* --- the others --------------------------------------------------------------------------------------------------- */

static void *clock_and_reaper(void *arg)
{
	uint64_t s = 99;

	(void)arg;
	(void)pthread_barrier_wait(&ready);
	while (!stopped()) {
		claim_handle_t gone;

		__atomic_fetch_add(&now, 1U, __ATOMIC_RELAXED);
		while (claim_reap(&led, time_is(), &gone) == FH_OK) {
			MUST(gone.slot < FH_MAX_CLAIMS);
		}
		if (rnd(&s, 8) == 0U) {
			MUST(claim_domain_died(&led, MORTAL) == FH_OK);
			MUST(ledger_domain_add(&led, MORTAL, CLAIM_NO_QUOTA) == FH_OK);
			count(&done.died);
		}
		sched_yield();
	}
	return NULL;
}

static void *scrub(void *arg)
{
	const uint32_t me = (uint32_t)(uintptr_t)arg;

	(void)pthread_barrier_wait(&ready);
	while (!stopped()) {
		struct claim_block c;

		if (ledger_scrub_begin(&led, me, ORDER_64K, &c) == FH_OK) {
			memset(bytes(c), 255, UINT64_C(1) << c.order);
			memset(bytes(c), 0, UINT64_C(1) << c.order);
			MUST(ledger_scrub_end(&led, me) == FH_OK);
			count(&done.scrubbed);
		} else {
			sched_yield();
		}
	}
	return NULL;
}

/* The monitor: whatever it finds agrees with itself. */
static void *onlooker(void *arg)
{
	(void)arg;
	(void)pthread_barrier_wait(&ready);
	while (!stopped()) {
		claim_handle_t h = { 0, 0 };
		struct ledger_zone_info z;
		struct claim_term_info q;
		struct pool_info b;
		domid_t holder;
		const char *bad = ledger_audit(&led);

		if (bad != NULL) {
			fprintf(stderr, "audit: %s\n", bad);
			abort();
		}
		MUST(ledger_zone_info(&led, 0, &z) == FH_OK && z.claimed_pages <= z.free_pages);
		for (; claim_next(&led, h.slot, &h) == FH_OK; h.slot++) {
			MUST(claim_query(&led, h, 0, &holder, &q) != FH_OK || q.left <= q.term.count);
		}
		for (paddr_t at = pa(0); ledger_next_block(&led, at, &b) == FH_OK; at = pa(range_end(b.range))) {
			MUST(b.range.size != 0U);
		}
		count(&done.looked);
		sched_yield();
	}
	return NULL;
}

static void start(void)
{
	const struct pool_bank bank = { BASE_PFN, PAGES, records };

	assert_int_equal(ledger_init(&led, zones, 3, &bank, 1), FH_OK);
	assert_int_equal(ledger_dirty_map(&led, BASE_PFN, map, true), FH_OK);
	for (uint8_t z = 1; z < 3; z++) {
		assert_int_equal(ledger_add_range(&led, z, zones[z].range), FH_OK);
	}
	for (domid_t d = 0; d <= MORTAL; d++) {
		assert_int_equal(ledger_domain_add(&led, d, CLAIM_NO_QUOTA), FH_OK);
	}
}

typedef void *(*thread_fn)(void *);
#define MOST 9U

/* Runs nr threads, until the first `finite` have ended. */
static void run(const thread_fn *what, uint32_t nr, uint32_t finite)
{
	static struct builder b[MOST];
	pthread_t t[MOST];

	start();
	stop = 0;
	memset(&done, 0, sizeof(done));
	memset(memory, 0, sizeof(memory));
	assert_int_equal(pthread_barrier_init(&ready, NULL, nr), 0);
	for (uint32_t i = 0; i < nr; i++) {
		const bool scrubs = what[i] == scrub;

		b[i] = (struct builder){ .dom = (domid_t)MIN(i, MORTAL), .rng = 0x1234567U + i };
		assert_int_equal(pthread_create(&t[i], NULL, what[i], scrubs ? (void *)(uintptr_t)i : (void *)&b[i]),
				 0);
	}
	for (uint32_t i = 0; i < nr; i++) {
		if (i == finite) {
			__atomic_store_n(&stop, 1U, __ATOMIC_RELAXED);
		}
		assert_int_equal(pthread_join(t[i], NULL), 0);
	}
	(void)pthread_barrier_destroy(&ready);
	assert_null(ledger_audit(&led));
	assert_int_equal(led.nr_claims, 0);
	assert_int_equal(led.pool.zones[1].nr_free[10], 1);
	assert_int_equal(led.pool.zones[2].nr_free[10], 1);
	printf("%lu built, %lu admitted after a wait, %lu gave up waiting, %lu leases ran out, %lu deaths, %lu replaced, "
	       "%lu handed over, %lu chunks scrubbed, %lu looks\n",
	       done.built, done.waited, done.gave_up, done.expired, done.died, done.replaced, done.handed_over,
	       done.scrubbed, done.looked);
}

static void test_crowd(void **state)
{
	static const thread_fn what[MOST] = { waiting_builder, waiting_builder, leasing_builder,
					      leasing_builder, mortal_builder,  clock_and_reaper,
					      scrub,           scrub,           onlooker };

	(void)state;
	patient = false;
	run(what, MOST, 4);
	assert_true(done.built != 0U && done.waited != 0U && done.died != 0U && done.scrubbed != 0U &&
		    done.looked != 0U);
}

/* Nobody else serves, and no deadline helps: who waits is admitted by what the others free, or never. */
static void test_nobody_is_forgotten(void **state)
{
	static const thread_fn what[] = { waiting_builder, waiting_builder, waiting_builder, waiting_builder, scrub };

	(void)state;
	patient = true;
	run(what, 5, 4);
	assert_int_equal(done.built, 4U * rounds);
	assert_true(done.waited != 0U);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_crowd), cmocka_unit_test(test_nobody_is_forgotten) };

	rounds = argc > 1 ? strtoull(argv[1], NULL, 0) : rounds;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
