/* SPDX-License-Identifier: MIT */
/* What touches many zones, terms or claims at once: sets of 64 terms, leases, deaths, waiting. */
#include "bench.h"

#include "core/base/bits.h"

#define SET 64U

static struct claim_term set[SET];

/* 64 terms over all zones: one block each of orders that make every order of every zone change. `more`: pages too many. */
static void make_set(uint32_t variant, uint64_t more)
{
	for (uint32_t i = 0; i < SET; i++) {
		const uint8_t zone = (uint8_t)(variant == 0U ? 3U + i % 4U : i % 7U);
		const uint8_t order = (uint8_t)(variant == 2U ? 9U : i / (variant == 0U ? 4U : 7U));

		set[i] = (struct claim_term){ zone, order, (domid_t)(variant == 2U ? i % NR_DOMS : 1U), 1U };
	}
	set[SET - 1U].zone = more != 0U ? 0U : set[SET - 1U].zone;
	set[SET - 1U].count += more;
}

static void set_of_64(struct row *stake, struct row *refused, struct row *release)
{
	claim_handle_t h;
	struct claim_refusal why;
	fh_status st;

	for (uint32_t v = 0; v < 3U; v++) {
		make_set(v, 0);
		MEASURE(stake, v, 0, st = claim_stake(&led, 2, set, SET, &h, NULL));
		MUST(st == FH_OK);
		MEASURE(release, v, 0, st = claim_release(&led, h));
		MUST(st == FH_OK);
		make_set(v, UINT64_C(1) << 40);
		MEASURE(refused, v, 0, st = claim_stake(&led, 2, set, SET, &h, &why));
		MUST(st == FH_ENOFIT && why.term == SET - 1U);
	}
}

static void replacing(struct row *r, struct row *move)
{
	struct claim_info info;
	claim_handle_t h;
	fh_status st;

	make_set(1, 0);
	MUST(claim_stake(&led, 2, set, SET / 2U, &h, NULL) == FH_OK);
	MUST(claim_info(&led, h, &info) == FH_OK);
	MEASURE(r, 0, 0, st = claim_replace(&led, h, 1, info.version, &set[SET / 2U], SET / 2U, NULL));
	MUST(st == FH_OK);
	MEASURE(move, 0, 0, st = claim_transfer(&led, h, 3));
	MUST(st == FH_OK);
	MUST(claim_release(&led, h) == FH_OK);
}

/* The claim that has run out lies in the last slot of 16 that are looked at. */
static void reaping(struct row *r)
{
	claim_handle_t h;
	claim_handle_t gone;
	fh_status st;

	make_set(0, 0);
	do {
		MUST(claim_stake(&led, 2, set, 1, &h, NULL) == FH_OK);
	} while (h.slot % 16U != 14U);
	MUST(claim_stake(&led, 2, set, SET, &h, NULL) == FH_OK);
	MUST(claim_renew(&led, h, 0, 5) == FH_OK);
	MEASURE(r, 0, 0, st = claim_reap(&led, 9, &gone));
	MUST(st == FH_OK && gone.slot == h.slot);
}

static void dying(struct row *r)
{
	claim_handle_t h;
	fh_status st;

	for (uint32_t v = 0; v < 3U; v++) {
		make_set(v, 0);
		MUST(claim_stake(&led, 1, set, SET, &h, NULL) == FH_OK);
		MEASURE(r, v, 0, st = claim_domain_died(&led, 1));
		MUST(st == FH_OK);
		MUST(ledger_domain_add(&led, 1, CLAIM_NO_QUOTA) == FH_OK);
		MUST(v != 2U || claim_release(&led, h) != FH_OK);
	}
}

/* A set of 64 terms waits for one block, which is freed. */
static void waiting(struct row *wait, struct row *serve)
{
	const struct claim_term all = { 0, 18, 4, 16 };
	struct claim_block b[16];
	claim_handle_t h;
	claim_handle_t late;
	struct claim_info info;
	fh_status st;

	state_fresh();
	MUST(claim_stake(&led, 4, &all, 1, &h, NULL) == FH_OK);
	for (uint32_t i = 0; i < 16U; i++) {
		MUST(claim_redeem(&led, h, 0, &b[i]) == FH_OK);
	}
	make_set(1, 0);
	MEASURE(wait, 0, 0, st = claim_stake_wait(&led, 2, set, SET, 100, &late, NULL));
	MUST(st == FH_EQUEUED);
	for (uint32_t i = 0; i < 16U; i++) {
		MEASURE(serve, 0, 0, st = claim_free(&led, 4, b[i]));
		MUST(st == FH_OK);
	}
	MUST(claim_info(&led, late, &info) == FH_OK && !info.waiting);
	check_ledger();
}

void bench_sets(void)
{
	struct row rows[] = { ROW("set_stake"),   ROW("set_refused"),  ROW("set_release"),
			      ROW("set_replace"), ROW("set_transfer"), ROW("set_reap"),
			      ROW("set_died"),    ROW("set_wait"),     ROW("set_served") };

	state_fresh();
	set_of_64(&rows[0], &rows[1], &rows[2]);
	replacing(&rows[3], &rows[4]);
	reaping(&rows[5]);
	check_ledger();
	state_worked();
	set_of_64(&rows[0], &rows[1], &rows[2]);
	dying(&rows[6]);
	check_ledger();
	waiting(&rows[7], &rows[8]);
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		row_print(&rows[i]);
	}
}
