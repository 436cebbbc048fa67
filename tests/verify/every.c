/* SPDX-License-Identifier: MIT */
/*
 * A proof by enumeration: from every state that the invariant (ledger_audit) accepts, one operation of each kind, with
 * each argument, leads to a state that it accepts, does exactly what it should, and redemption does not fail. Two leaves
 * of 4 pages under a root, orders 0 to 2, up to 4 claimed of each order in each zone.
 *
 * States are not reached but built: every way to cut a leaf into free and owned blocks and quarantined pages, every order
 * of its free lists (two blocks of one order are the most), every vector of claims that the judge below packs. t and the
 * marks are computed here from their definitions. That this is all of them: proof_pool.c shows that the audit accepts just
 * these leaves, and every other number that it looks at has one value then.
 *
 * The judge tries all ways to share the root's terms among the leaves, and all ways to cut each leaf (oracle.c).
 *
 *     every states [PART PARTS]      operations from every state; every admission of one more term
 *     every sets                     every set of terms, up to 4 of each order in each zone, against the judge
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/claim/claim_internal.h"
#include "core/pool/pool_internal.h"
#include "oracle.h"

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

static const struct pool_zone_desc zones[] = {
	{ "root", POOL_NO_ZONE, false, 0, { 0, 0 } },
	{ "a", 0, true, 2, { BASE_PFN << PAGE_SHIFT, LEAF *PAGE_SIZE } },
	{ "b", 0, true, 2, { (BASE_PFN + LEAF) << PAGE_SHIFT, LEAF *PAGE_SIZE } },
};

/* How a leaf is cut: at the first page of each block its order and state, elsewhere NONE. */
#define NONE 0xffU
struct cut {
	uint8_t order[LEAF];
	uint8_t state[LEAF];
	bool flip;       /* of the two free pages the upper is the head of the list */
	uint8_t free[3]; /* blocks by order */
};

static struct cut cuts[256];
static uint32_t nr_cuts;
static struct ledger empty; /* all pages entered, nothing built */
static struct ledger led;
static struct ledger was;
static uint64_t records[PAGES];
static uint64_t records_was[PAGES];
static const struct cut *now[2];
static uint8_t left[TERMS];
static claim_handle_t handle[TERMS];
static uint64_t nr_states;
static uint64_t nr_steps;

static void tell(void)
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

/* --- the judge ----------------------------------------------------------------------------------------------------- */

/* Whether a leaf with such free blocks holds x of each order: asked of the oracle once. */
static int8_t packs[3][2][2][LEAF + 1U][LEAF + 1U][LEAF + 1U]; /* 0: not asked yet */

static bool leaf_packs(const uint8_t f[3], const uint32_t x[3])
{
	struct oracle o = { .nr_leaves = 1, .nr_terms = 3 };
	int8_t *known;

	if (x[0] > LEAF || x[1] > LEAF || x[2] > LEAF) {
		return false;
	}
	known = &packs[f[0]][f[1]][f[2]][x[0]][x[1]][x[2]];
	if (*known == 0) {
		for (uint32_t k = 0; k < 3U; k++) {
			o.free[0][k] = f[k];
			o.terms[k] = (struct oracle_term){ 1, k, x[k] };
		}
		*known = oracle_packs(&o) ? 1 : -1;
	}
	return *known > 0;
}

/* Whether the terms c fit into leaves with free blocks a and b: all ways to share out the root's. */
static bool judge(const uint8_t a[3], const uint8_t b[3], const uint8_t c[TERMS])
{
	for (uint32_t x0 = 0; x0 <= c[0]; x0++) {
		for (uint32_t x1 = 0; x1 <= c[1]; x1++) {
			for (uint32_t x2 = 0; x2 <= c[2]; x2++) {
				const uint32_t x[3] = { c[3] + x0, c[4] + x1, c[5] + x2 };
				const uint32_t y[3] = { c[6] + c[0] - x0, c[7] + c[1] - x1, c[8] + c[2] - x2 };

				if (leaf_packs(a, x) && leaf_packs(b, y)) {
					return true;
				}
			}
		}
	}
	return false;
}

/* Whether n more of term t (fewer: n < 0) would fit now. */
static bool more_fits(uint32_t t, int n)
{
	uint8_t c[TERMS];

	memcpy(c, left, sizeof(c));
	c[t] = (uint8_t)(c[t] + n);
	return judge(now[0]->free, now[1]->free, c);
}

/* --- states -------------------------------------------------------------------------------------------------------- */

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

static const domid_t owners[] = { 0, 1, DOMID_HYP };

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
static void whole_of(const struct cut *c, uint64_t whole[3])
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
static void build(uint32_t seed, bool together)
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

static void back(void)
{
	led = was;
	memcpy(records, records_was, sizeof(records));
}

/* --- what came of it ------------------------------------------------------------------------------------------------ */

/* What an operation changes: the records of blocks that aren't free, by first page, and what is left of terms. */
struct view {
	uint64_t rec[PAGES];
	uint64_t left[TERMS];
};

static struct view view_of(const struct ledger *l, const uint64_t *rec)
{
	struct view v = { 0 };

	for (uint32_t p = 0; p < PAGES; p += 1U << rec_order(rec[p])) {
		v.rec[p] = rec_state(rec[p]) == POOL_FREE ? 0U : rec[p];
		v.rec[p] = rec_state(rec[p]) == POOL_QUARANTINED ? POOL_QUARANTINED : v.rec[p];
	}
	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		for (uint16_t at = l->claims[i].first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
			v.left[3U * l->terms[at].zone + l->terms[at].order] += l->terms[at].left;
		}
	}
	return v;
}

static struct view before;

/* The list of quarantined pages has each of them once, and what a leaf is worth whole is without them. */
static void bad_listed(void)
{
	for (uint32_t leaf = 0; leaf < 2U; leaf++) {
		const struct pool_zone *z = &led.pool.zones[1U + leaf];
		const uint64_t *rec = &records[leaf * LEAF];
		struct cut c = { .order = { NONE, NONE, NONE, NONE } };
		uint64_t whole[3];
		uint32_t n = 0;

		for (uint32_t p = 0; p < LEAF; p += 1U << rec_order(rec[p])) {
			c.order[p] = rec_order(rec[p]);
			c.state[p] = (uint8_t)rec_state(rec[p]);
			n += rec_state(rec[p]) == POOL_QUARANTINED ? 1U : 0U;
		}
		for (uint32_t at = z->bad; at != POOL_NO_PAGE;) {
			const uint32_t next = (uint32_t)FIELD_GET(REC_NEXT, rec[at]);

			MUST(n-- != 0U && c.order[at] == 0U && c.state[at] == POOL_QUARANTINED);
			at = next == at ? POOL_NO_PAGE : next;
		}
		MUST(n == 0U);
		whole_of(&c, whole);
		MUST(memcmp(whole, z->whole, sizeof(whole)) == 0);
	}
}

/* The invariant holds, the judge finds room for all that is outstanding, and nothing changed but what should. */
static void good(const struct view *want)
{
	const char *bad = ledger_audit(&led);
	struct view v;
	uint8_t f[2][3] = { { 0 } };
	uint8_t c[TERMS];

	if (bad != NULL) {
		fprintf(stderr, "audit: %s\n", bad);
	}
	MUST(bad == NULL);
	v = view_of(&led, records);
	bad_listed();
	MUST(want == NULL || memcmp(&v, want, sizeof(v)) == 0);
	for (uint32_t k = 0; k < 3U; k++) {
		f[0][k] = (uint8_t)led.pool.zones[1].nr_free[k];
		f[1][k] = (uint8_t)led.pool.zones[2].nr_free[k];
	}
	for (uint32_t t = 0; t < TERMS; t++) {
		c[t] = (uint8_t)v.left[t];
	}
	c[3] += (uint8_t)led.reserve[1];
	c[6] += (uint8_t)led.reserve[2];
	MUST(judge(f[0], f[1], c));
	nr_steps++;
	back();
}

/* Refused: all is as before, to the last byte; but what stands in a free term is no state. */
static void untouched(void)
{
	const size_t from = offsetof(struct ledger, unused);

	for (uint16_t at = led.term_free; at != LEDGER_NO_TERM; at = led.terms[at].next) {
		const uint16_t next = was.terms[at].next;

		was.terms[at] = led.terms[at];
		was.terms[at].next = next;
	}
	MUST(memcmp((const char *)&led + from, (const char *)&was + from, sizeof(led) - from) == 0);
	MUST(memcmp(records, records_was, sizeof(records)) == 0);
	nr_steps++;
}

/* --- operations ------------------------------------------------------------------------------------------------------ */

static struct claim_block block(uint32_t page, uint8_t order)
{
	return (struct claim_block){ pa((BASE_PFN + page) << PAGE_SHIFT), order, false };
}

static uint32_t page_of(const struct claim_block *b)
{
	return (uint32_t)((pa_val(b->base) >> PAGE_SHIFT) - BASE_PFN);
}

static void try_stake(uint32_t t)
{
	struct claim_term ask = { (uint8_t)(t / 3U), (uint8_t)(t % 3U), 1, 0 };
	struct claim_refusal why;
	claim_handle_t h;
	uint32_t fit = 0;

	while (more_fits(t, (int)fit + 1)) {
		fit++;
	}
	for (uint32_t n = 1; n <= MOST + 1U; n++) {
		struct view want = before;
		fh_status st;

		ask.count = n;
		st = claim_stake(&led, DOMID_HYP, &ask, 1, &h, &why);
		MUST(st == (n <= fit ? FH_OK : FH_ENOFIT));
		if (st == FH_OK) {
			want.left[t] += n;
			good(&want);
		} else {
			MUST(why.want == n && why.fit == fit && why.zone == ask.zone && why.order == ask.order);
			untouched();
		}
	}
}

static void try_alloc(uint32_t t, domid_t owner)
{
	struct view want = before;
	struct claim_block b;
	const fh_status st = claim_alloc(&led, owner, (uint8_t)(t / 3U), (uint8_t)(t % 3U), &b);

	MUST(st == (more_fits(t, 1) ? FH_OK : FH_ENOMEM));
	if (st == FH_OK) {
		MUST(b.order == t % 3U && (t < 3U || page_of(&b) / LEAF == t / 3U - 1U));
		want.rec[page_of(&b)] = rec_owned(b.order, owner, owner);
		good(&want);
	} else {
		untouched();
	}
}

/* The largest order up to `up` of which one block may take the place of as many as it is worth. */
static uint8_t largest(uint32_t t, uint8_t up)
{
	uint8_t best = (uint8_t)(t % 3U);

	for (uint8_t k = (uint8_t)(best + 1U); k <= up && left[t] >= 1U << (k - t % 3U); k++) {
		uint8_t c[TERMS];

		memcpy(c, left, sizeof(c));
		c[t] = (uint8_t)(c[t] - (1U << (k - t % 3U)));
		c[t - t % 3U + k]++;
		best = judge(now[0]->free, now[1]->free, c) ? k : best;
	}
	return best;
}

static void try_redeem(uint32_t t)
{
	struct claim_block b;

	for (uint8_t up = 0; up < 4U; up++) {
		struct view want = before;

		MUST(claim_redeem_upto(&led, handle[t], 0, up, &b) == FH_OK);
		MUST(b.order == largest(t, MIN(up, 2U)) && (t < 3U || page_of(&b) / LEAF == t / 3U - 1U));
		want.rec[page_of(&b)] = rec_owned(b.order, 0, DOMID_HYP);
		want.left[t] -= UINT64_C(1) << (b.order - t % 3U);
		good(&want);
	}
}

static void try_release(uint32_t t)
{
	for (uint32_t n = 0; n <= left[t]; n++) {
		struct view want = before;

		MUST(claim_release_part(&led, handle[t], 0, n) == FH_OK);
		want.left[t] -= n;
		good(&want);
	}
	MUST(claim_release_part(&led, handle[t], 0, left[t] + 1U) == FH_EOVERFLOW);
	untouched();
}

/* What is left of term t for n of term u. */
static void try_replace(uint32_t t, uint32_t u)
{
	for (uint32_t n = 1; n <= MOST; n++) {
		const struct claim_term ask = { (uint8_t)(u / 3U), (uint8_t)(u % 3U), 0, n };
		struct view want = before;
		uint8_t c[TERMS];
		fh_status st;

		memcpy(c, left, sizeof(c));
		c[t] = 0;
		c[u] = (uint8_t)(c[u] + n);
		st = claim_replace(&led, handle[t], 0, 0, &ask, 1, NULL);
		MUST(st == (judge(now[0]->free, now[1]->free, c) ? FH_OK : FH_ENOFIT));
		if (st == FH_OK) {
			want.left[t] = 0;
			want.left[u] += n;
			good(&want);
		} else {
			untouched();
		}
	}
}

static void own(uint32_t p, uint8_t order, domid_t owner, domid_t payer, uint32_t bad)
{
	account_of(&led, (domid_t)FIELD_GET(REC_OWNER, records[p]))->owned -= BIT(order);
	account_of(&led, (domid_t)FIELD_GET(REC_PAYER, records[p]))->paid -= BIT(order);
	account_of(&led, owner)->owned += BIT(order);
	account_of(&led, payer)->paid += BIT(order);
	records[p] = rec_owned(order, owner, payer) | FIELD_PREP(REC_BAD, bad);
}

static void try_free(uint32_t p, uint8_t order, domid_t owner, domid_t payer, uint32_t bad)
{
	struct view want = before;

	own(p, order, owner, payer, bad);
	MUST((bad == 0U ? claim_free(&led, owner, block(p, order)) :
			  claim_free_untouched(&led, owner, block(p, order))) == FH_OK);
	want.rec[p] = 0;
	if (bad != 0U) {
		want.rec[p + bad - 1U] = POOL_QUARANTINED;
	}
	good(&want);
	for (uint8_t to = 0; to <= order; to++) {
		want = before;
		own(p, order, owner, payer, bad);
		MUST(claim_split_owned(&led, owner, block(p, order), to) == FH_OK);
		for (uint32_t i = 0; i < BIT(order); i += 1U << to) {
			const bool in = bad > i && bad <= i + BIT(to);

			want.rec[p + i] = rec_owned(to, owner, payer) | FIELD_PREP(REC_BAD, in ? bad - i : 0U);
		}
		good(&want);
	}
}

static void try_unredeem(uint32_t t, uint32_t p, uint8_t order, domid_t owner, domid_t payer)
{
	struct view want = before;
	const bool fits = order >= t % 3U && payer == DOMID_HYP && (t < 3U || p / LEAF == t / 3U - 1U);
	fh_status st;

	own(p, order, owner, payer, 0);
	st = claim_unredeem(&led, handle[t], 0, block(p, order));
	MUST(st == (owner != 0U ? FH_EDENIED : fits ? FH_OK : FH_EINVAL));
	if (st == FH_OK) {
		want.rec[p] = 0;
		want.left[t] += UINT64_C(1) << (order - t % 3U);
	} else {
		want.rec[p] = rec_owned(order, owner, payer);
	}
	good(&want);
}

/* Blocks that aren't there: of another size, free, quarantined, of another owner, out of the pool. */
static void try_wrong(uint32_t p, uint8_t order)
{
	const struct cut *c = now[p / LEAF];
	const bool block_here = c->order[p % LEAF] == order && c->state[p % LEAF] == POOL_OWNED;
	const domid_t owner = block_here ? (domid_t)FIELD_GET(REC_OWNER, records[p]) : DOMID_NONE;

	for (uint32_t i = 0; i < 3U; i++) {
		if (owners[i] != owner) {
			MUST(claim_free(&led, owners[i], block(p, order)) != FH_OK);
			MUST(claim_split_owned(&led, owners[i], block(p, order), 0) != FH_OK);
		}
	}
	MUST(claim_free(&led, 0, block(PAGES + p, order)) == (p % BIT(order) != 0U ? FH_EALIGN : FH_ENOENT));
	MUST(claim_free(&led, 0, block(p, 3)) != FH_OK);
	untouched();
}

/* A page goes bad: claims stand where the judge finds room for them without it. */
static void try_quarantine(uint32_t p)
{
	struct view want = before;
	uint32_t head = p % LEAF;
	const struct cut *c = now[p / LEAF];
	const fh_status st = ledger_quarantine(&led, pa((BASE_PFN + p) << PAGE_SHIFT));
	uint8_t f[2][3];

	while (c->order[head] == NONE || head + BIT(c->order[head]) <= p % LEAF) {
		head--;
	}
	MUST(st == (c->state[head] == POOL_QUARANTINED ? FH_EREVOKED : FH_OK));
	if (c->state[head] == POOL_QUARANTINED) {
		untouched();
		return;
	}
	if (c->state[head] == POOL_OWNED) {
		want.rec[p - p % LEAF + head] |= FIELD_PREP(REC_BAD, p % LEAF - head + 1U);
		good(&want);
		return;
	}
	memcpy(f[0], now[0]->free, 3);
	memcpy(f[1], now[1]->free, 3);
	f[p / LEAF][c->order[head]]--;
	for (uint32_t k = 0; k < c->order[head]; k++) {
		f[p / LEAF][k]++;
	}
	want.rec[p] = POOL_QUARANTINED;
	good(judge(f[0], f[1], left) ? &want : NULL);
}

/* The reserve of a leaf: of the pages that are claimed of order 0, so many are no term's. */
static void try_reserve(uint32_t leaf)
{
	const uint32_t t = 3U * (leaf + 1U);

	for (uint32_t n = 0; n <= MOST; n++) {
		const bool fits = n == 0U || more_fits(t, (int)n);

		MUST(ledger_set_reserve(&led, (uint8_t)(leaf + 1U), n) == (fits ? FH_OK : FH_ENOFIT));
		if (!fits) {
			untouched();
			continue;
		}
		MUST(ledger_audit(&led) == NULL);
		if (n != 0U) { /* the hypervisor may draw on it when nothing else is left; no claim is hurt */
			struct claim_block b;

			MUST(claim_alloc(&led, DOMID_HYP, (uint8_t)(leaf + 1U), 0, &b) == FH_OK);
			MUST(led.reserve[leaf + 1U] == n - (more_fits(t, (int)n + 1) ? 0U : 1U));
			MUST(ledger_audit(&led) == NULL);
			MUST(ledger_set_reserve(&led, (uint8_t)(leaf + 1U), 0) == FH_OK);
		}
		good(NULL);
	}
}

static void try_pages(void)
{
	for (uint32_t p = 0; p < PAGES; p++) {
		const struct cut *c = now[p / LEAF];
		const uint8_t order = c->order[p % LEAF];

		try_quarantine(p);
		for (uint8_t k = 0; k < 3U; k++) {
			try_wrong(p, k);
		}
		if (order == NONE || c->state[p % LEAF] != POOL_OWNED) {
			continue;
		}
		for (uint32_t i = 0; i < 9U; i++) {
			for (uint32_t bad = 0; bad <= BIT(order); bad++) {
				try_free(p, order, owners[i % 3U], owners[i / 3U], bad);
			}
			for (uint32_t t = 0; t < TERMS; t++) {
				if (left[t] != 0U) {
					try_unredeem(t, p, order, owners[i % 3U], owners[i / 3U]);
				}
			}
		}
	}
}

static void visit(void)
{
	struct view none;

	build((uint32_t)nr_states, false);
	before = view_of(&led, records);
	good(&before);
	nr_states++;
	try_reserve(0);
	try_reserve(1);
	for (uint32_t t = 0; t < TERMS; t++) {
		try_stake(t);
		try_alloc(t, 0);
		try_alloc(t, DOMID_HYP);
		if (left[t] != 0U) {
			try_redeem(t);
			try_release(t);
			for (uint32_t u = 0; u < TERMS; u++) {
				try_replace(t, u);
			}
		}
	}
	try_pages();
	MUST(claim_domain_died(&led, 0) == FH_OK);
	none = before;
	memset(none.left, 0, sizeof(none.left));
	good(&none);
	build((uint32_t)nr_states, true);
	before = view_of(&led, records);
	memcpy(none.rec, before.rec, sizeof(none.rec));
	MUST(claim_release(&led, handle[0]) == (led.nr_claims == was.nr_claims ? FH_ESTALE : FH_OK));
	good(&none);
}

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
	if (argc == 2 && strcmp(argv[1], "sets") == 0) {
		sets();
	} else if (argc >= 2 && strcmp(argv[1], "states") == 0) {
		states(argc == 4 ? (uint32_t)atoi(argv[2]) : 0U, argc == 4 ? (uint32_t)atoi(argv[3]) : 1U);
	} else {
		return 2;
	}
	return 0;
}
