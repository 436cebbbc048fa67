/* SPDX-License-Identifier: MIT */
/* The operations of the ledger, each over all zones and orders, in a fresh pool and in one that was worked on. */
#include "bench.h"

#include "core/base/bits.h"

void bench_main(void);

/* One term: staked, redeemed, given back, redeemed, freed, released. */
struct one_rows {
	struct row stake, refused, redeem, unredeem, cleaned, free, release;
};

static void one(struct one_rows *r, uint8_t zone, uint8_t order)
{
	const struct claim_term t = { zone, order, 1, 1 };
	struct claim_block b;
	claim_handle_t h;
	fh_status st;

	struct ledger_zone_info info;

	MUST(ledger_zone_info(&led, zone, &info) == FH_OK);
	if (info.nr_available[order] == 0U) {
		MEASURE(&r->refused, zone, order, st = claim_stake(&led, 2, &t, 1, &h, NULL));
		MUST(st == FH_ENOFIT);
		return;
	}
	MEASURE(&r->stake, zone, order, st = claim_stake(&led, 2, &t, 1, &h, NULL));
	MUST(st == FH_OK);
	MEASURE(&r->redeem, zone, order, st = claim_redeem(&led, h, 0, &b));
	MUST(st == FH_OK);
	MEASURE(&r->cleaned, zone, order, st = ledger_cleaned(&led, 1, b));
	MUST(st == FH_OK);
	MEASURE(&r->unredeem, zone, order, st = claim_unredeem(&led, h, 0, b));
	MUST(st == FH_OK);
	MUST(claim_redeem(&led, h, 0, &b) == FH_OK);
	MEASURE(&r->free, zone, order, st = claim_free(&led, 1, b));
	MUST(st == FH_OK);
	MUST(claim_release(&led, h) == FH_OK);
	MUST(claim_stake(&led, 2, &t, 1, &h, NULL) == FH_OK);
	MEASURE(&r->release, zone, order, st = claim_release(&led, h));
	MUST(st == FH_OK);
}

static void all_ones(struct one_rows *r)
{
	for (uint8_t z = 0; z < NR_ZONES; z++) {
		for (uint8_t k = 0; k <= led.pool.zones[z].max_order; k++) {
			one(r, z, k);
		}
	}
	row_print(&r->stake);
	row_print(&r->refused);
	row_print(&r->redeem);
	row_print(&r->cleaned);
	row_print(&r->unredeem);
	row_print(&r->free);
	row_print(&r->release);
}

static void ones(void)
{
	struct one_rows fresh = { .stake = ROW("fresh_stake"),
				  .refused = ROW("fresh_refused"),
				  .redeem = ROW("fresh_redeem"),
				  .unredeem = ROW("fresh_unredeem"),
				  .cleaned = ROW("fresh_cleaned"),
				  .free = ROW("fresh_free"),
				  .release = ROW("fresh_release") };
	struct one_rows worked = { .stake = ROW("worked_stake"),
				   .refused = ROW("worked_refused"),
				   .redeem = ROW("worked_redeem"),
				   .unredeem = ROW("worked_unredeem"),
				   .cleaned = ROW("worked_cleaned"),
				   .free = ROW("worked_free"),
				   .release = ROW("worked_release") };

	state_fresh();
	all_ones(&fresh);
	check_ledger();
	state_worked();
	all_ones(&worked);
	check_ledger();
}

void bench_main(void)
{
	probe_calibrate();
	ones();
	bench_sets();
	bench_rest();
	print("ledger: end\n");
}
