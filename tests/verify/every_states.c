/* SPDX-License-Identifier: MIT */
/* The states of every.c: all ways to cut two leaves, and a ledger built for one of them and its claims. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "every.h"

static const struct pool_zone_desc zones[] = {
	{ "root", POOL_NO_ZONE, false, 0, { 0, 0 } },
	{ "a", 0, true, 2, { BASE_PFN << PAGE_SHIFT, LEAF *PAGE_SIZE } },
	{ "b", 0, true, 2, { (BASE_PFN + LEAF) << PAGE_SHIFT, LEAF *PAGE_SIZE } },
};

struct cut cuts[256];
uint32_t nr_cuts;
static struct ledger empty; /* all pages entered, nothing built */
struct ledger led;
struct ledger was;
uint64_t records[PAGES];
uint64_t records_was[PAGES];
const struct cut *now[2];
uint8_t left[TERMS];
claim_handle_t handle[TERMS];

void tell(void)
{
	for (uint32_t p = 0; p < PAGES; p++) {
		fprintf(stderr, "%d/%d ", now[p / LEAF]->order[p % LEAF], now[p / LEAF]->state[p % LEAF]);
	}
	fprintf(stderr, "flip %d %d, left", now[0]->flip, now[1]->flip);
	for (uint32_t t = 0; t < TERMS; t++) {
		fprintf(stderr, " %u", left[t]);
	}
	fprintf(stderr, "\n");
}

static void add_cut(const struct cut *pair_lo, const struct cut *pair_hi)
{
	struct cut *c = &cuts[nr_cuts];

	memset(c, 0, sizeof(*c));
	for (uint32_t i = 0; i < 2U; i++) {
		c->order[i] = pair_lo->order[i];
		c->state[i] = pair_lo->state[i];
		c->order[2U + i] = pair_hi->order[i];
		c->state[2U + i] = pair_hi->state[i];
	}
	for (uint32_t i = 0; i < LEAF; i++) {
		if (c->order[i] != NONE && c->state[i] == POOL_FREE) {
			c->free[c->order[i]]++;
		}
	}
	if (c->free[1] == 2U) {
		return; /* free buddies: the audit refuses them */
	}
	nr_cuts++;
	if (c->free[0] == 2U) {
		cuts[nr_cuts] = *c;
		cuts[nr_cuts++].flip = true;
	}
}

static void make_cuts(void)
{
	static const uint8_t states[3] = { POOL_FREE, POOL_OWNED, POOL_QUARANTINED };
	struct cut pair[12];
	uint32_t n = 0;

	for (uint32_t i = 0; i < 3U; i++) {
		if (i != 2U) { /* only pages are quarantined */
			cuts[nr_cuts++] =
				(struct cut){ { 2, NONE, NONE, NONE }, { states[i] }, false, { 0, 0, i == 0U } };
			pair[n++] = (struct cut){ .order = { 1, NONE }, .state = { states[i] } };
		}
		for (uint32_t j = 0; j < 3U; j++) {
			if (i != 0U || j != 0U) {
				pair[n++] = (struct cut){ .order = { 0, 0 }, .state = { states[i], states[j] } };
			}
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < n; j++) {
			add_cut(&pair[i], &pair[j]);
		}
	}
}

const domid_t owners[3] = { 0, 1, DOMID_HYP };

/* What stands in a page that starts no block: left over from any block that did, or never written. */
static uint64_t stale(uint32_t seed)
{
	static const uint64_t kinds[] = { 0, ~UINT64_C(0) };
	const uint8_t k = (uint8_t)(seed / 4U % 3U);

	switch (seed % 4U) {
	case 0:
		return rec_free(k, seed / 12U % LEAF, seed / 48U % LEAF);
	case 1:
		return rec_owned(k, 0, 0);
	case 2:
		return FIELD_PREP(REC_STATE, POOL_QUARANTINED) | FIELD_PREP(REC_ORDER, k);
	default:
		return kinds[k % 2U];
	}
}

/* Of each order alone, the blocks that hold no quarantined page. */
void whole_of(const struct cut *c, uint64_t whole[3])
{
	for (uint32_t k = 0; k < 3U; k++) {
		whole[k] = 0;
		for (uint32_t i = 0; i < LEAF; i += 1U << k) {
			bool good = true;

			for (uint32_t j = i; j < i + (1U << k); j++) {
				good = good && (c->order[j] == NONE || c->state[j] != POOL_QUARANTINED);
			}
			whole[k] += good ? 1U : 0U;
		}
	}
}

static void build_leaf(uint32_t leaf, uint32_t seed)
{
	const struct cut *c = now[leaf];
	struct pool_zone *z = &led.pool.zones[1U + leaf];
	uint64_t *rec = &records[leaf * LEAF];
	uint32_t at[2];
	uint32_t n = 0;

	whole_of(c, z->whole);
	for (uint32_t i = 0; i < LEAF; i++) {
		const domid_t owner = owners[(seed + i) % 3U];
		const domid_t payer = owners[(seed / 3U + i) % 3U];

		seed = seed * 1103515245U + 12345U;
		rec[i] = stale(seed >> 8);
		if (c->order[i] == NONE) {
			continue;
		}
		if (c->state[i] == POOL_OWNED) {
			rec[i] = rec_owned(c->order[i], owner, payer);
			account_of(&led, owner)->owned += BIT(c->order[i]);
			account_of(&led, payer)->paid += BIT(c->order[i]);
		} else if (c->state[i] == POOL_QUARANTINED) {
			rec[i] = FIELD_PREP(REC_STATE, POOL_QUARANTINED) |
				 FIELD_PREP(REC_NEXT, z->bad == POOL_NO_PAGE ? i : z->bad);
			z->bad = i;
		} else {
			rec[i] = rec_free(c->order[i], i, i);
			z->head[c->order[i]] = i;
			z->mask |= (uint32_t)BIT(c->order[i]);
			z->nr_free[c->order[i]]++;
			z->free_pages += BIT(c->order[i]);
			if (c->order[i] == 0U) {
				at[n++] = i;
			}
		}
	}
	if (n == 2U) {
		rec[at[0]] = rec_free(0, at[1], at[1]);
		rec[at[1]] = rec_free(0, at[0], at[0]);
		z->head[0] = at[c->flip ? 1 : 0];
	}
}

/* By the definitions (arith.c): what is free less what is claimed, less what the order below borrows. */
static void build_zone(uint32_t zone)
{
	struct ledger_zone *z = &led.zones[zone];
	int64_t lent = 0;

	for (unsigned int k = 0; k < 3U; k++) {
		const int64_t free = zone != 0U ? now[zone - 1U]->free[k] :
						  zone_left(&led.zones[1], k) + zone_left(&led.zones[2], k);

		z->t[k] = free - left[3U * zone + k] - lent;
		lent = z->t[k] >= 0 ? 0 : (1 - z->t[k]) / 2;
		z->left |= (uint32_t)(z->t[k] + 2 * lent != 0) << k;
		z->lacks |= (uint32_t)(z->t[k] < 0) << k;
	}
}

static claim_handle_t claim_for(const struct claim_term *terms, uint32_t nr)
{
	struct term_chain ch;

	chain_take(&led, &ch, nr);
	for (uint32_t i = 0, at = ch.first; i < nr; i++, at = led.terms[at].next) {
		term_fill(&led.terms[at], &terms[i]);
	}
	return claim_new(&led, DOMID_HYP, &ch);
}

/* together: all terms in one claim, else a claim for each. */
void build(uint32_t seed, bool together)
{
	struct claim_term all[TERMS];
	uint32_t n = 0;

	led = empty;
	build_leaf(0, seed);
	build_leaf(1, seed * 31U + 7U);
	build_zone(1);
	build_zone(2);
	build_zone(0);
	for (uint32_t t = 0; t < TERMS; t++) {
		handle[t] = (claim_handle_t){ 0, 0 };
		if (left[t] == 0U) {
			continue;
		}
		all[n] = (struct claim_term){ (uint8_t)(t / 3U), (uint8_t)(t % 3U), 0, left[t] };
		account_of(&led, DOMID_HYP)->outstanding += (uint64_t)left[t] << (t % 3U);
		if (!together) {
			handle[t] = claim_for(&all[n], 1);
		}
		n++;
	}
	if (together && n != 0U) {
		handle[0] = claim_for(all, n);
	}
	for (uint32_t i = 0; i < LEDGER_MAX_TERMS; i++) {
		led.terms[i].count += led.terms[i].left != 0U ? REDEEMED : 0U;
	}
	was = led;
	memcpy(records_was, records, sizeof(records));
}

void back(void)
{
	led = was;
	memcpy(records, records_was, sizeof(records));
}

void make_states(void)
{
	const struct pool_bank bank = { BASE_PFN, PAGES, records };

	make_cuts();
	now[0] = &cuts[0];
	now[1] = &cuts[0];
	MUST(ledger_init(&empty, zones, 3, &bank, 1) == FH_OK);
	MUST(pool_enter_range(&empty.pool, 1, zones[1].range) == FH_OK);
	MUST(pool_enter_range(&empty.pool, 2, zones[2].range) == FH_OK);
	pool_count_whole(&empty.pool, 1);
	pool_count_whole(&empty.pool, 2);
	MUST(ledger_domain_add(&empty, 0, CLAIM_NO_QUOTA) == FH_OK);
	MUST(ledger_domain_add(&empty, 1, CLAIM_NO_QUOTA) == FH_OK);
}
