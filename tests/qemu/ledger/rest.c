/* SPDX-License-Identifier: MIT */
/* Larger blocks than claimed, unclaimed blocks, parts, cleaning, bad memory, questions, boot. */
#include "bench.h"

#include "core/base/bits.h"

static void larger(struct row *redeem, struct row *back)
{
	const struct claim_term t = { 0, 0, 1, UINT64_C(1) << 18 };
	struct claim_block b;
	claim_handle_t h;
	fh_status st;

	for (uint8_t max = 1; max <= 18U; max++) {
		for (uint8_t zone = 0; zone < 7U; zone++) {
			struct claim_term u = t;

			u.zone = zone;
			if (claim_stake(&led, 2, &u, 1, &h, NULL) != FH_OK) {
				continue;
			}
			MEASURE(redeem, zone, max, st = claim_redeem_upto(&led, h, 0, max, &b));
			MUST(st == FH_OK);
			MEASURE(back, zone, b.order, st = claim_unredeem(&led, h, 0, b));
			MUST(st == FH_OK);
			MUST(claim_release(&led, h) == FH_OK);
		}
	}
}

static void unclaimed(struct row *alloc, struct row *split, struct row *free)
{
	struct claim_block b;
	fh_status st;

	for (uint8_t zone = 0; zone < 7U; zone++) {
		for (uint8_t k = 0; k <= 18U; k++) {
			MEASURE(alloc, zone, k, st = claim_alloc(&led, 1, zone, k, &b));
			if (st != FH_OK) {
				continue;
			}
			if (k >= 9U) {
				MEASURE(split, zone, k, st = claim_split_owned(&led, 1, b, (uint8_t)(k - 9U)));
				MUST(st == FH_OK);
				for (uint32_t i = 0; i < 512U; i++) {
					const uint64_t at = pa_val(b.base) + i * (PAGE_SIZE << (k - 9U));
					const struct claim_block part = { pa(at), (uint8_t)(k - 9U), true };

					MEASURE(free, zone, k, st = claim_free(&led, 1, part));
					MUST(st == FH_OK);
				}
			} else {
				MUST(claim_free(&led, 1, b) == FH_OK);
			}
		}
	}
}

static void cleaning(struct row *begin, struct row *end)
{
	struct claim_block c;
	fh_status st;

	for (uint32_t i = 0; i < 4000U; i++) {
		MEASURE(begin, 0, 0, st = ledger_scrub_begin(&led, 3, ORDER_64K, &c));
		if (st == FH_ENOENT) {
			break;
		}
		if (st == FH_OK) {
			MEASURE(end, 0, c.order, st = ledger_scrub_end(&led, 3));
			MUST(st == FH_OK);
		}
	}
}

static void questions(struct row *info, struct row *owner, struct row *list)
{
	struct ledger_zone_info z;
	struct pool_info p;
	claim_handle_t h = { 0, 0 };
	fh_status st;

	for (uint8_t zone = 0; zone < NR_ZONES; zone++) {
		MEASURE(info, zone, 0, st = ledger_zone_info(&led, zone, &z));
		MUST(st == FH_OK);
	}
	for (uint64_t at = 0x100000; at < 0x500000; at += 0x3fff) {
		MEASURE(owner, 0, 0, st = ledger_owner(&led, pa(at << PAGE_SHIFT), &p));
		MUST(st == FH_OK);
	}
	MEASURE(list, 0, 0, st = claim_next(&led, FH_MAX_CLAIMS - 90U, &h));
	(void)st;
	(void)h;
}

/* Pages that are free and claimed to the last one; each loss revokes a claim: the section that is O(claims). */
static void bad_memory(struct row *r)
{
	const struct claim_term all = { 0, 0, 1, UINT64_C(4) << 20 };
	claim_handle_t h;
	fh_status st;

	state_fresh();
	MUST(claim_stake(&led, 2, &all, 1, &h, NULL) == FH_OK);
	MEASURE(r, 0, 0, st = ledger_quarantine(&led, pa(UINT64_C(0x123457) << PAGE_SHIFT)));
	MUST(st == FH_OK);
	check_ledger();
}

static void boot(struct row *r)
{
	probe.hold = 0;
	MEASURE(r, 0, 0, state_fresh());
}

void bench_rest(void)
{
	struct row rows[] = { ROW("redeem_upto"), ROW("unredeem_upto"), ROW("alloc"),      ROW("split"),
			      ROW("free_parts"),  ROW("scrub_begin"),   ROW("scrub_end"),  ROW("zone_info"),
			      ROW("owner"),       ROW("list"),          ROW("quarantine"), ROW("boot") };

	state_fresh();
	larger(&rows[0], &rows[1]);
	unclaimed(&rows[2], &rows[3], &rows[4]);
	state_worked();
	larger(&rows[0], &rows[1]);
	unclaimed(&rows[2], &rows[3], &rows[4]);
	cleaning(&rows[5], &rows[6]);
	questions(&rows[7], &rows[8], &rows[9]);
	check_ledger();
	bad_memory(&rows[10]);
	boot(&rows[11]);
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		row_print(&rows[i]);
	}
}
