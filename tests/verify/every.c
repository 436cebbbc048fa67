/* SPDX-License-Identifier: MIT */
/*
 * A proof by enumeration: from every state that the invariant (ledger_audit) accepts, one operation of each kind, with
 * each argument, leads to a state that it accepts, does exactly what it should, and redemption does not fail. Two leaves
 * of 4 pages under a root, orders 0 to 2, up to 4 claimed of each order in each zone.
 *
 * States are not reached but built (every_states.c): every way to cut a leaf into free and owned blocks and quarantined
 * pages, every order of its free lists (two blocks of one order are the most), every vector of claims that the judge packs.
 * t and the marks are computed there from their definitions. That this is all of them: proof_pool.c shows that the audit
 * accepts just these leaves, and every other number that it looks at has one value then.
 *
 * The judge (every_judge.c) tries all ways to share the root's terms among the leaves, and all ways to cut each leaf
 * (oracle.c). The operations are every_steps.c's, what came of each is every_outcome.c's to say.
 *
 *     every states [PART PARTS]      operations from every state; every admission of one more term
 *     every sets                     every set of terms, up to 4 of each order in each zone, against the judge
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "every.h"

/* All vectors of claims that fit, by rising counts: what does not fit does not with more. */
static void all_claims(uint32_t t)
{
	if (t == TERMS) {
		visit();
		return;
	}
	for (left[t] = 0; left[t] <= MOST && more_fits(t, 0); left[t]++) {
		all_claims(t + 1U);
	}
	left[t] = 0;
}

static void states(uint32_t part, uint32_t parts)
{
	for (uint32_t i = 0; i < nr_cuts * nr_cuts; i++) {
		if (i % parts == part) {
			now[0] = &cuts[i / nr_cuts];
			now[1] = &cuts[i % nr_cuts];
			all_claims(0);
		}
	}
	printf("every state: %u ways to cut two leaves of 4, %lu states, %lu steps (part %u of %u)\n",
	       nr_cuts * nr_cuts, (unsigned long)nr_states, (unsigned long)nr_steps, part + 1U, parts);
}

/* --- every set ------------------------------------------------------------------------------------------------------ */

static void sets_of(void)
{
	uint8_t c[TERMS] = { 0 };
	uint32_t at = 0;

	memset(left, 0, sizeof(left));
	build(1, false);
	while (at < TERMS) {
		struct claim_set set = { 0 };
		struct ledger_zone zones[POOL_MAX_ZONES];
		struct wave w;
		bool fits;

		for (uint32_t t = 0; t < TERMS; t++) {
			if (c[t] != 0U) {
				set.terms[set.nr++] =
					(struct claim_term){ (uint8_t)(t / 3U), (uint8_t)(t % 3U), 0, c[t] };
			}
		}
		set_wave(&led, &set, set.nr, &w);
		memcpy(zones, led.zones, sizeof(zones));
		fits = wave_run(zones, &w);
		if (fits != judge(now[0]->free, now[1]->free, c)) {
			memcpy(left, c, sizeof(c));
			MUST(!"admission is what the judge says");
		}
		MUST(fits || memcmp(zones, led.zones, sizeof(zones)) == 0);
		nr_steps++;
		for (at = 0; at < TERMS && ++c[at] > MOST; at++) {
			c[at] = 0;
		}
	}
}

static void sets(void)
{
	bool done[3][2][2][3][2][2] = { 0 };

	for (uint32_t i = 0; i < nr_cuts * nr_cuts; i++) {
		const uint8_t *a = cuts[i / nr_cuts].free;
		const uint8_t *b = cuts[i % nr_cuts].free;
		bool *d = &done[a[0]][a[1]][a[2]][b[0]][b[1]][b[2]];

		if (!*d) {
			*d = true;
			now[0] = &cuts[i / nr_cuts];
			now[1] = &cuts[i % nr_cuts];
			nr_states++;
			sets_of();
		}
	}
	printf("every set: %lu histograms of two leaves of 4, %lu sets\n", (unsigned long)nr_states,
	       (unsigned long)nr_steps);
}

int main(int argc, char **argv)
{
	make_states();
	if (argc == 2 && strcmp(argv[1], "sets") == 0) {
		sets();
	} else if (argc >= 2 && strcmp(argv[1], "states") == 0) {
		states(argc == 4 ? (uint32_t)atoi(argv[2]) : 0U, argc == 4 ? (uint32_t)atoi(argv[3]) : 1U);
	} else {
		return 2;
	}
	return 0;
}
