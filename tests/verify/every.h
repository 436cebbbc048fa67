/* SPDX-License-Identifier: MIT */
/* What the parts of every.c share: the state that a step starts from, how it is built, judged, and what came of it. */
#ifndef TESTS_VERIFY_EVERY_H
#define TESTS_VERIFY_EVERY_H

#include <stdio.h>
#include <stdlib.h>

#include "core/claim/claim_internal.h"
#include "core/pool/pool_internal.h"

#define LEAF 4U
#define PAGES (2U * LEAF)
#define BASE_PFN UINT64_C(0x1000)
#define TERMS 9U /* zone * 3 + order */
#define MOST 4U
#define REDEEMED 8U /* of each term, before */

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c);                                        \
			tell();                                                                                        \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* How a leaf is cut: at the first page of each block its order and state, elsewhere NONE. */
#define NONE 0xffU
struct cut {
	uint8_t order[LEAF];
	uint8_t state[LEAF];
	bool flip;       /* of the two free pages the upper is the head of the list */
	uint8_t free[3]; /* blocks by order */
};

/* --- states (every_states.c) --- */
extern struct cut cuts[256];
extern uint32_t nr_cuts;
extern struct ledger led;
extern struct ledger was; /* as built, records_was too */
extern uint64_t records[PAGES];
extern uint64_t records_was[PAGES];
extern const struct cut *now[2];
extern uint8_t left[TERMS];
extern claim_handle_t handle[TERMS];
extern const domid_t owners[3];

/* Fills cuts[], and enters all pages into an empty ledger. */
void make_states(void);

/* The state of now[] and left[]. together: all terms in one claim, else a claim for each. */
void build(uint32_t seed, bool together);

/* As it was built. */
void back(void);

/* Of each order alone, the blocks that hold no quarantined page. */
void whole_of(const struct cut *c, uint64_t whole[3]);

/* Says on stderr which state it is. */
void tell(void);

/* --- the judge (every_judge.c) --- */

/* Whether the terms c fit into leaves with free blocks a and b: all ways to share out the root's. */
bool judge(const uint8_t a[3], const uint8_t b[3], const uint8_t c[TERMS]);

/* Whether n more of term t (fewer: n < 0) would fit now. */
bool more_fits(uint32_t t, int n);

/* --- what came of it (every_outcome.c) --- */
extern uint64_t nr_steps;

/* What an operation changes: the records of blocks that aren't free, by first page, and what is left of terms. */
struct view {
	uint64_t rec[PAGES];
	uint64_t left[TERMS];
};

extern struct view before;

struct view view_of(const struct ledger *l, const uint64_t *rec);

/*
 * The invariant holds, the judge finds room for all that is outstanding, and nothing changed but what should (want;
 * NULL: anything may have). All is as it was built, then.
 */
void good(const struct view *want);

/* Refused: all is as before, to the last byte; but what stands in a free term is no state. */
void untouched(void);

/* --- operations (every_steps.c) --- */
extern uint64_t nr_states;

/* From the state of now[] and left[] each operation with each argument. */
void visit(void);

#endif
