/* SPDX-License-Identifier: MIT */
/*
 * What the parts of test_claim_random share: the model and the ledger that it is compared with, what is drawn, and the
 * operations. Include after cmocka.h.
 */
#ifndef TESTS_UNIT_CLAIM_RANDOM_H
#define TESTS_UNIT_CLAIM_RANDOM_H

#include "core/claim/claim.h"
#include "oracle.h"

#define PAGES 256U /* of the one bank, at most; a shape says how many */
#define BASE_PFN UINT64_C(0x40000)
#define DOMS 3U /* 0 to 2; 2 has a quota */
#define QUOTA 12U
#define CLAIMS 12U
#define TERMS 3U
#define BLOCKS PAGES
#define OUTSTANDING 14U /* blocks; more makes the oracle slow */

/* Zones, and the pages that are taken out of the leaves (from, to; in pages of the bank). */
struct shape {
	uint32_t pages; /* a multiple of 64 */
	uint32_t nr;
	struct pool_zone_desc zones[7];
	uint32_t holes[3][2];
};

struct mblock {
	uint32_t page;
	uint32_t bad; /* 1 + page of the block */
	uint8_t order;
	domid_t owner;
	domid_t payer;
};

struct mterm {
	struct claim_term t;
	uint64_t left;
};

struct mclaim {
	bool used;
	bool waiting;
	uint32_t uses;
	uint64_t serial;
	uint64_t deadline;
	claim_handle_t h;
	domid_t holder;
	uint32_t nr;
	struct mterm terms[TERMS];
};

struct model {
	const struct shape *sh;
	uint8_t leaf[PAGES]; /* of a page, 255: not the pool's */
	bool dirty[PAGES];
	int16_t block[PAGES]; /* index of the owned block, -1: free, -2: quarantined */
	struct mblock blocks[BLOCKS];
	bool live[BLOCKS];
	bool alive[DOMS];
	struct mclaim claims[CLAIMS];
	uint64_t reserve[7];
	uint64_t serial;
	uint64_t now;
	uint32_t nr_waiting;
	uint32_t queue[CLAIMS];
};

extern struct model m;
extern struct ledger led;
extern uint64_t seed;
extern uint64_t rng;
extern bool touched; /* whether blocks that come free were written to */

#define CHECK(c)                                                                                                       \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fail_msg("seed %llu: %s", (unsigned long long)seed, #c);                                       \
		}                                                                                                      \
	} while (0)

/* --- the model (claim_random_model.c) --- */
bool under(uint8_t zone, uint8_t leaf);
uint8_t max_order(uint8_t zone);
bool all_free(uint8_t leaf, uint32_t page, uint32_t n);
void model_free(uint8_t leaf, uint32_t f[POOL_ORDERS]);
struct oracle judge(void);
void judge_term(struct oracle *o, const struct claim_term *t, uint64_t count);
void judge_outstanding(struct oracle *o);
uint64_t outstanding_blocks(void);
uint64_t used_by(domid_t dom);
bool alive(domid_t dom);
uint32_t page_of(paddr_t a);
struct claim_block block_of(uint32_t i);
bool model_dirty(uint32_t page, uint32_t n);
void model_take(struct claim_block b, uint8_t zone, domid_t owner, domid_t payer);
void model_free_block(uint32_t i);
bool model_waits(uint8_t zone);
void model_end(struct mclaim *c);
bool feasible(const struct claim_term *t, uint32_t nr);
void model_serve(void);

/* --- what is drawn (claim_random_draw.c); random_claim(): NULL, random_block(): -1 if there is none --- */
uint32_t rnd(uint32_t n);
struct claim_term random_term(void);
struct mclaim *random_claim(void);
int32_t random_block(void);

/* The ledger is as the model says, and all claims can be redeemed (claim_random_compare.c). */
void compare(void);

/* --- operations: of claims (claim_random_claims.c), of blocks (claim_random_blocks.c) --- */
void op_stake(void);
void op_release(void);
void op_death(void);
void op_replace(void);
void op_transfer(void);
void op_lease(void);
void op_reap(void);
void op_reserve(void);
void op_redeem(void);
void op_free(void);
void op_free_any(void);
void op_unredeem(void);
void op_split(void);
void op_alloc(void);
void op_scrub(void);
void op_quarantine(void);

#endif
