/* SPDX-License-Identifier: MIT */
/*
 * Long random use of a small pool, and the question whether blocks of 2 MiB can still be claimed: the ledger's answer
 * against that of an oracle that tries every way to cut (tests/unit/oracle.c). Blocks are of order 4 to 9, so that the
 * oracle's seven orders hold them.
 */
#include "core/base/bits.h"
#include "tests/unit/oracle.h"
#include "tools/ledgerbench/ledgerbench.h"

#define UNIT 4U /* the smallest order */
#define PAGES 4096U
#define STEPS 60000U
#define EVERY 10U
#define CLAIMS 10U
#define BLOCKS 96U

struct claimed {
	claim_handle_t h;
	struct claim_term t;
	uint64_t left;
	bool used;
};

static struct claimed claims[CLAIMS];
static struct claim_block blocks[BLOCKS];
static uint32_t nr_blocks;
static uint64_t seed = 20261124;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 20) % n);
}

static void stake_or_release(struct claimed *c)
{
	if (c->used) {
		MUST(claim_release(&led, c->h) == FH_OK);
		c->used = false;
		return;
	}
	c->t = (struct claim_term){ (uint8_t)rnd(3), (uint8_t)(UNIT + rnd(6)), 1, 1U + rnd(6) };
	c->used = claim_stake(&led, 1, &c->t, 1, &c->h, NULL) == FH_OK;
	c->left = c->t.count;
}

static void step(void)
{
	struct claimed *c = &claims[rnd(CLAIMS)];
	const uint32_t what = rnd(8);

	if (what == 0U) {
		stake_or_release(c);
	} else if (what < 5U && c->used && c->left != 0U && nr_blocks < BLOCKS) {
		MUST(claim_redeem(&led, c->h, 0, &blocks[nr_blocks]) == FH_OK);
		nr_blocks++;
		c->left--;
	} else if (what >= 5U && nr_blocks != 0U) {
		const uint32_t i = rnd(nr_blocks);

		MUST(claim_free(&led, 1, blocks[i]) == FH_OK);
		blocks[i] = blocks[--nr_blocks];
	}
}

static bool oracle_says(const struct claim_term *asked)
{
	static struct oracle o;

	o.nr_leaves = 2;
	o.nr_terms = 0;
	for (uint32_t l = 0; l < 2U; l++) {
		for (uint32_t k = 0; k < ORACLE_ORDERS; k++) {
			o.free[l][k] = (uint32_t)led.pool.zones[1U + l].nr_free[UNIT + k];
		}
	}
	for (uint32_t i = 0; i <= CLAIMS; i++) {
		const struct claim_term *t = i == CLAIMS ? asked : &claims[i].t;
		const uint64_t left = i == CLAIMS ? asked->count : claims[i].used ? claims[i].left : 0U;

		if (left != 0U) {
			o.terms[o.nr_terms++] = (struct oracle_term){ t->zone == 0U ? 3U : 1U << (t->zone - 1U),
								      t->order - UNIT, (uint32_t)left };
		}
	}
	return oracle_packs(&o);
}

void fragmentation(void)
{
	uint32_t asked = 0;
	uint32_t fits = 0;
	uint32_t admitted = 0;
	uint32_t differ = 0;

	pool_make(PAGES, ORDER_2M);
	for (uint32_t i = 0; i < STEPS; i++) {
		step();
		if (i % EVERY == 0U) {
			const struct claim_term t = { (uint8_t)rnd(3), ORDER_2M, 2, 1U + rnd(6) };
			const bool right = oracle_says(&t);
			claim_handle_t h;
			const bool ok = claim_stake(&led, 2, &t, 1, &h, NULL) == FH_OK;

			asked++;
			fits += right;
			admitted += ok;
			differ += ok != right;
			MUST(!ok || claim_release(&led, h) == FH_OK);
		}
	}
	check_ledger();
	printf("fragmentation %u %u %u %u\n", asked, fits, admitted, differ);
	MUST(differ == 0U && admitted != 0U && admitted != asked);
}
