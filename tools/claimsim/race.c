/* SPDX-License-Identifier: MIT */
/*
 * The race: builders build a domain block by block, which takes time, and let it run; growing domains take and give
 * back a few blocks now and then; a scrubber cleans what is free. All share one pool. Time is simulated: the actor that
 * is due next does one step, the first in the list among equals, so that a seed gives one run.
 *
 * The builder with claims stakes all that it needs and then redeems, which can't fail. The test double looks whether
 * there is enough and then allocates, as toolstacks do that have no claims: what it saw may be gone half-way.
 */
#include <string.h>

#include "tools/claimsim/sim.h"

#define ACTORS 32U
#define HELD 1024U  /* blocks of an actor at most: 2 GiB */
#define BUILD_MS 1U /* to zero and copy a block: 2 GiB/s */
#define SAMPLE_MS 100U
#define SCRUB_MS 4U
#define SCRUB_CHUNKS 64U /* of 64 KiB: 1 GiB/s */

enum doing { IDLE, BUILDING, RUNNING };

struct actor {
	bool grower;
	domid_t dom;
	uint64_t due; /* ms */
	enum doing doing;
	uint32_t want;
	uint32_t has;
	claim_handle_t claim;
	struct claim_block held[HELD];
};

struct race {
	const struct options *o;
	bool claimed;
	uint64_t seed;
	uint32_t nr;
	struct outcome out;
	struct actor actors[ACTORS];
};

static struct race r;

static uint32_t between(uint32_t low, uint32_t high)
{
	return low + sim_random(&r.seed, high - low + 1U);
}

static bool fits_now(uint32_t blocks)
{
	struct ledger_zone_info z;

	MUST(ledger_zone_info(&led, 0, &z) == FH_OK);
	return z.nr_available[BLOCK] >= blocks;
}

static bool stake(struct actor *a, uint32_t blocks)
{
	const struct claim_term t = { 0, BLOCK, a->dom, blocks };

	return claim_stake(&led, a->dom, &t, 1, &a->claim, NULL) == FH_OK;
}

static void give_back(struct actor *a, uint32_t blocks)
{
	while (blocks-- != 0U) {
		MUST(claim_free(&led, a->dom, a->held[--a->has]) == FH_OK);
	}
}

static void begin(struct actor *a)
{
	a->want = between(128, 768); /* 256 MiB to 1.5 GiB */
	a->has = 0;
	if (r.claimed ? stake(a, a->want) : fits_now(a->want)) {
		r.out.begun++;
		a->doing = BUILDING;
		a->due += BUILD_MS;
	} else {
		r.out.refused++;
		a->due += between(50, 150);
	}
}

static void build(struct actor *a)
{
	struct claim_block *b = &a->held[a->has];
	const fh_status st = r.claimed ? claim_redeem(&led, a->claim, 0, b) : claim_alloc(&led, a->dom, 0, BLOCK, b);

	if (st != FH_OK) { /* with a claim it never happens: main() ends with an error if it did */
		r.out.late++;
		r.out.lost_mib += (uint64_t)a->has * BLOCK_MIB;
		r.out.lost_ms += (uint64_t)a->has * BUILD_MS;
		give_back(a, a->has);
		a->doing = IDLE;
		a->due += between(50, 150);
		return;
	}
	a->has++;
	a->due += BUILD_MS;
	if (a->has == a->want) {
		r.out.built++;
		MUST(!r.claimed || claim_release(&led, a->claim) == FH_OK);
		a->doing = RUNNING;
		a->due += between(1000, 5000);
	}
}

/* A running domain wants some more, or gives some back. */
static void grow(struct actor *a)
{
	const uint32_t n = between(1, 48);
	const uint32_t before = a->has;

	a->due += between(20, 120);
	if (a->has + n > 384U || sim_random(&r.seed, 3) == 0U) {
		give_back(a, n < a->has ? n : a->has);
		return;
	}
	if (r.claimed && !stake(a, n)) {
		r.out.grow_refused++;
		return;
	}
	while (a->has < before + n) {
		struct claim_block *b = &a->held[a->has];

		if (r.claimed) {
			MUST(claim_redeem(&led, a->claim, 0, b) == FH_OK);
		} else if (claim_alloc(&led, a->dom, 0, BLOCK, b) != FH_OK) {
			give_back(a, a->has - before);
			r.out.grow_refused++;
			return;
		}
		a->has++;
	}
	MUST(!r.claimed || claim_release(&led, a->claim) == FH_OK);
	r.out.grown++;
}

static void step(struct actor *a)
{
	if (a->grower) {
		grow(a);
	} else if (a->doing == IDLE) {
		begin(a);
	} else if (a->doing == BUILDING) {
		build(a);
	} else {
		give_back(a, a->has);
		a->doing = IDLE;
		a->due += between(10, 100);
	}
}

static void scrub(void)
{
	struct claim_block c;

	for (uint32_t i = 0; i < SCRUB_CHUNKS; i++) {
		const fh_status st = ledger_scrub_begin(&led, 0, ORDER_64K, &c);

		if (st == FH_OK) {
			MUST(ledger_scrub_end(&led, 0) == FH_OK);
		} else if (st == FH_ENOENT) {
			return;
		}
	}
}

static struct actor *next_due(void)
{
	struct actor *first = &r.actors[0];

	for (uint32_t i = 1; i < r.nr; i++) {
		if (r.actors[i].due < first->due) {
			first = &r.actors[i];
		}
	}
	return first;
}

static void set_up(const struct options *o, bool claimed)
{
	memset(&r, 0, sizeof(r));
	r.o = o;
	r.claimed = claimed;
	r.seed = o->seed;
	r.nr = o->builders + o->growers;
	MUST(r.nr <= ACTORS);
	sim_pool(o->pool_mib, r.nr);
	for (uint32_t i = 0; i < r.nr; i++) {
		r.actors[i].dom = (domid_t)i;
		r.actors[i].grower = i >= o->builders;
		r.actors[i].due = i;
	}
}

struct outcome race_run(const struct options *o, bool claimed, FILE *trace)
{
	uint64_t sample = 0;
	uint64_t cleaned = 0;

	set_up(o, claimed);
	for (struct actor *a = next_due(); a->due < (uint64_t)o->seconds * 1000U; a = next_due()) {
		for (; cleaned <= a->due; cleaned += SCRUB_MS) {
			scrub();
		}
		for (; trace != NULL && sample <= a->due; sample += SAMPLE_MS) {
			trace_line(trace, sample);
		}
		step(a);
	}
	sim_audit();
	return r.out;
}
