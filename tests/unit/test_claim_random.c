// SPDX-License-Identifier: MIT
// SOURCES: core/claim/*.c core/pool/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/oracle.c
// CFLAGS: -DFH_MAX_CLAIMS=16U
/*
 * Random operations against a simple model, on small pools with trees of several shapes. After each step all state is
 * compared: each page, each term, the histograms, the accounts; the audit runs, and the packing oracle must find all
 * outstanding claims redeemable. Each admission, refusal hint and opportunistic order is judged by the oracle too.
 *
 *     build/unit/test_claim_random [STEPS [SEED]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/claim/claim.h"
#include "core/pool/pool_alloc.h"
#include "oracle.h"

#define PAGES 256U /* of the one bank, at most; a shape says how many */
#define BASE_PFN UINT64_C(0x40000)
#define DOMS 3U /* 0 to 2; 2 has a quota */
#define QUOTA 12U
#define CLAIMS 12U
#define TERMS 3U
#define BLOCKS PAGES
#define OUTSTANDING 14U /* blocks; more makes the oracle slow */

static uint64_t steps = 120000;
static uint64_t seed;
static uint64_t rng;

static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 20) % n);
}

#define LEAF(name, parent, order, from, n)                                                                             \
	{                                                                                                              \
		name, parent, true, order,                                                                             \
		{                                                                                                      \
			(BASE_PFN + (from)) * PAGE_SIZE, (n)*PAGE_SIZE                                                 \
		}                                                                                                      \
	}
#define INNER(name, parent)                                                                                            \
	{                                                                                                              \
		name, parent, false, 0,                                                                                \
		{                                                                                                      \
			0, 0                                                                                           \
		}                                                                                                      \
	}

/* Zones, and the pages that are taken out of the leaves (from, to; in pages of the bank). */
struct shape {
	uint32_t pages; /* a multiple of 64 */
	uint32_t nr;
	struct pool_zone_desc zones[7];
	uint32_t holes[3][2];
};

static const struct shape shapes[] = {
	{ 64, 3, { INNER("root", 255), LEAF("a", 0, 4, 0, 16), LEAF("b", 0, 4, 16, 16) }, { { 0 } } },
	{ 64, 1, { LEAF("one", 255, 3, 3, 30) }, { { 10, 12 } } },
	{ 64,
	  6,
	  { INNER("root", 255), INNER("in", 0), LEAF("a", 1, 4, 0, 16), LEAF("b", 1, 3, 16, 8), LEAF("c", 0, 2, 25, 12),
	    LEAF("hyp", 255, 3, 40, 8) },
	  { { 5, 6 }, { 30, 32 } } },
	{ 64,
	  7,
	  { INNER("root", 255), INNER("in", 0), LEAF("a", 1, 4, 0, 16), INNER("in2", 1), LEAF("b", 3, 3, 16, 8),
	    LEAF("c", 3, 2, 24, 8), LEAF("d", 0, 1, 33, 9) },
	  { { 20, 21 } } },
	{ 256,
	  5,
	  { INNER("root", 255), LEAF("a", 0, 6, 0, 128), INNER("in", 0), LEAF("b", 2, 5, 130, 90),
	    LEAF("c", 2, 3, 224, 32) },
	  { { 17, 18 }, { 200, 203 } } },
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

static struct {
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
} m;

static struct ledger led;
static uint64_t records[PAGES];
static uint64_t map[PAGES]; /* the dirty map: a few words */

#define CHECK(c)                                                                                                       \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fail_msg("seed %llu: %s", (unsigned long long)seed, #c);                                       \
		}                                                                                                      \
	} while (0)

/* --- the model --------------------------------------------------------------------------------------------------- */

static bool under(uint8_t zone, uint8_t leaf)
{
	for (uint8_t z = leaf; z != POOL_NO_ZONE; z = m.sh->zones[z].parent) {
		if (z == zone) {
			return true;
		}
	}
	return false;
}

static uint8_t max_order(uint8_t zone)
{
	uint8_t max = 0;

	for (uint8_t i = 0; i < m.sh->nr; i++) {
		if (m.sh->zones[i].leaf && under(zone, i) && m.sh->zones[i].max_order > max) {
			max = m.sh->zones[i].max_order;
		}
	}
	return max;
}

static bool all_free(uint8_t leaf, uint32_t page, uint32_t n)
{
	for (uint32_t i = page; i < page + n; i++) {
		if (i >= m.sh->pages || m.leaf[i] != leaf || m.block[i] != -1) {
			return false;
		}
	}
	return true;
}

/* Free pages of a leaf among 64, as bits. */
static uint64_t free_bits(uint8_t leaf, uint32_t page)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < 64U; i++) {
		bits |= (uint64_t)(m.leaf[page + i] == leaf && m.block[page + i] == -1) << i;
	}
	return bits;
}

/* Free blocks of a leaf: the largest aligned ones. A block is a bit, at its first page. */
static void model_free(uint8_t leaf, uint32_t f[POOL_ORDERS])
{
	static const uint64_t aligned[] = { ~UINT64_C(0),
					    UINT64_C(0x5555555555555555),
					    UINT64_C(0x1111111111111111),
					    UINT64_C(0x0101010101010101),
					    UINT64_C(0x0001000100010001),
					    UINT64_C(0x0000000100000001),
					    UINT64_C(1) };

	memset(f, 0, POOL_ORDERS * sizeof(f[0]));
	for (uint32_t page = 0; page < m.sh->pages; page += 64U) {
		uint64_t bits = free_bits(leaf, page);

		for (uint32_t k = 0; bits != 0U; k++) {
			const uint64_t pairs =
				k < m.sh->zones[leaf].max_order ? bits & (bits >> (1U << k)) & aligned[k + 1U] : 0U;

			f[k] += (uint32_t)__builtin_popcountll(bits) - 2U * (uint32_t)__builtin_popcountll(pairs);
			bits = pairs;
		}
	}
}

/* The oracle over what is free and outstanding now. Leaves are numbered in the order of zones. */
static struct oracle judge(void)
{
	struct oracle o = { 0 };
	uint32_t f[POOL_ORDERS];

	for (uint8_t z = 0; z < m.sh->nr; z++) {
		if (m.sh->zones[z].leaf) {
			model_free(z, f);
			for (uint32_t k = 0; k < ORACLE_ORDERS; k++) {
				o.free[o.nr_leaves][k] = f[k];
			}
			o.nr_leaves++;
		}
	}
	return o;
}

static void judge_term(struct oracle *o, const struct claim_term *t, uint64_t count)
{
	struct oracle_term *q = &o->terms[o->nr_terms++];
	uint32_t leaf = 0;

	*q = (struct oracle_term){ 0, t->order, (uint32_t)count };
	for (uint8_t z = 0; z < m.sh->nr; z++) {
		if (m.sh->zones[z].leaf) {
			q->leaves |= under(t->zone, z) ? 1U << leaf : 0U;
			leaf++;
		}
	}
}

static void judge_outstanding(struct oracle *o)
{
	for (uint8_t z = 0; z < m.sh->nr; z++) {
		const struct claim_term t = { z, 0, 0, m.reserve[z] };

		judge_term(o, &t, m.reserve[z]);
	}
	for (uint32_t i = 0; i < CLAIMS; i++) {
		for (uint32_t j = 0; m.claims[i].used && j < m.claims[i].nr; j++) {
			judge_term(o, &m.claims[i].terms[j].t, m.claims[i].terms[j].left);
		}
	}
}

static uint64_t outstanding_blocks(void)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < CLAIMS; i++) {
		for (uint32_t j = 0; m.claims[i].used && j < m.claims[i].nr; j++) {
			n += m.claims[i].terms[j].left;
		}
	}
	return n;
}

/* Pages that count against a holder's quota. */
static uint64_t used_by(domid_t dom)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < CLAIMS; i++) {
		for (uint32_t j = 0; m.claims[i].used && m.claims[i].holder == dom && j < m.claims[i].nr; j++) {
			const struct mterm *t = &m.claims[i].terms[j];

			n += (m.claims[i].waiting ? t->t.count : t->left) << t->t.order;
		}
	}
	for (uint32_t i = 0; i < m.sh->pages; i++) {
		n += m.live[i] && m.blocks[i].payer == dom ? UINT64_C(1) << m.blocks[i].order : 0U;
	}
	return n;
}

static bool alive(domid_t dom)
{
	return dom == DOMID_HYP || (dom < DOMS && m.alive[dom]);
}

static uint32_t page_of(paddr_t a)
{
	return (uint32_t)((pa_val(a) >> PAGE_SHIFT) - BASE_PFN);
}

static struct claim_block block_of(uint32_t i)
{
	return (struct claim_block){ pa((BASE_PFN + m.blocks[i].page) << PAGE_SHIFT), m.blocks[i].order, false };
}

static bool model_dirty(uint32_t page, uint32_t n)
{
	for (uint32_t p = page; p < page + n; p++) {
		if (m.dirty[p]) {
			return true;
		}
	}
	return false;
}

static void model_take(struct claim_block b, uint8_t zone, domid_t owner, domid_t payer)
{
	const uint32_t page = page_of(b.base);
	const uint32_t n = 1U << b.order;
	uint32_t i = 0;

	CHECK(page < m.sh->pages && (pa_val(b.base) & (PAGE_SIZE * n - 1U)) == 0U);
	CHECK(m.leaf[page] != 255 && under(zone, m.leaf[page]));
	CHECK(all_free(m.leaf[page], page, n));
	CHECK(b.dirty == model_dirty(page, n));
	while (m.live[i]) {
		i++;
	}
	m.live[i] = true;
	m.blocks[i] = (struct mblock){ page, 0, b.order, owner, payer };
	for (uint32_t p = page; p < page + n; p++) {
		m.block[p] = (int16_t)i;
	}
}

static bool touched; /* whether blocks that come free were written to */

static void model_free_block(uint32_t i)
{
	m.live[i] = false;
	for (uint32_t p = m.blocks[i].page; p < m.blocks[i].page + (1U << m.blocks[i].order); p++) {
		m.dirty[p] |= touched;
	}
	for (uint32_t p = m.blocks[i].page; p < m.blocks[i].page + (1U << m.blocks[i].order); p++) {
		m.block[p] = m.blocks[i].bad == p - m.blocks[i].page + 1U ? -2 : -1; /* the bad page goes */
	}
}

/* Leaves that a set may draw on, as bits. */
static uint32_t leaves_of(uint8_t zone)
{
	uint32_t bits = 0;

	for (uint8_t z = 0; z < m.sh->nr; z++) {
		bits |= m.sh->zones[z].leaf && under(zone, z) ? 1U << z : 0U;
	}
	return bits;
}

static bool model_waits(uint8_t zone)
{
	for (uint32_t i = 0; i < m.nr_waiting; i++) {
		const struct mclaim *c = &m.claims[m.queue[i]];

		for (uint32_t j = 0; j < c->nr; j++) {
			if ((leaves_of(zone) & leaves_of(c->terms[j].t.zone)) != 0U) {
				return true;
			}
		}
	}
	return false;
}

static void model_dequeue(struct mclaim *c)
{
	uint32_t i = 0;

	while (m.queue[i] != (uint32_t)(c - m.claims)) {
		i++;
	}
	m.nr_waiting--;
	memmove(&m.queue[i], &m.queue[i + 1U], (m.nr_waiting - i) * sizeof(m.queue[0]));
	c->waiting = false;
}

static void model_end(struct mclaim *c)
{
	if (c->waiting) {
		model_dequeue(c);
	}
	c->used = false;
}

/* The oracle of all good memory, nothing owned. */
static bool feasible(const struct claim_term *t, uint32_t nr)
{
	int16_t keep[PAGES];
	struct oracle o;

	memcpy(keep, m.block, sizeof(keep));
	for (uint32_t p = 0; p < m.sh->pages; p++) {
		m.block[p] = m.block[p] == -2 ? -2 : -1;
	}
	o = judge();
	memcpy(m.block, keep, sizeof(keep));
	for (uint8_t z = 0; z < m.sh->nr; z++) {
		const struct claim_term r = { z, 0, 0, m.reserve[z] };

		judge_term(&o, &r, m.reserve[z]);
	}
	for (uint32_t i = 0; i < nr; i++) {
		judge_term(&o, &t[i], t[i].count);
	}
	return oracle_packs(&o);
}

/*
 * After memory came free: those that wait are admitted in their order, up to the first that does not fit; what can no
 * longer come true ends.
 */
static void model_serve(void)
{
	while (m.nr_waiting != 0U) {
		struct mclaim *c = &m.claims[m.queue[0]];
		struct oracle o = judge();

		judge_outstanding(&o);
		for (uint32_t j = 0; j < c->nr; j++) {
			judge_term(&o, &c->terms[j].t, c->terms[j].t.count);
		}
		if (!oracle_packs(&o)) {
			struct claim_term t[TERMS];

			for (uint32_t j = 0; j < c->nr; j++) {
				t[j] = c->terms[j].t;
			}
			if (feasible(t, c->nr)) {
				return;
			}
			CHECK(claim_release(&led, c->h) == FH_EREVOKED);
			model_end(c);
			continue;
		}
		model_dequeue(c);
		c->serial = m.serial++;
		for (uint32_t j = 0; j < c->nr; j++) {
			c->terms[j].left = c->terms[j].t.count;
		}
	}
}

/* --- comparison --------------------------------------------------------------------------------------------------- */

static void compare_pages(void)
{
	for (uint32_t p = 0; p < m.sh->pages; p++) {
		struct pool_info info;

		CHECK(pool_owner(&led.pool, pa((BASE_PFN + p) << PAGE_SHIFT), &info) ==
		      FH_OK); /* one thread: no lock */
		if (m.leaf[p] == 255) {
			CHECK(info.state == POOL_UNUSED || info.state == POOL_STATIC);
			continue;
		}
		CHECK(pool_is_dirty(&led.pool, BASE_PFN + p, 0) == m.dirty[p]);
		if (m.block[p] == -1) {
			CHECK(info.state == POOL_FREE);
		} else if (m.block[p] < 0) {
			CHECK(info.state == (m.block[p] == -1 ? POOL_FREE : POOL_QUARANTINED));
			CHECK(info.zone == m.leaf[p]);
		} else {
			const struct mblock *b = &m.blocks[m.block[p]];

			CHECK(info.state == POOL_OWNED && info.owner == b->owner && info.payer == b->payer);
			CHECK(info.order == b->order && page_of(pa(info.range.base)) == b->page);
		}
	}
}

static void compare_zones(void)
{
	uint32_t f[POOL_ORDERS];

	for (uint8_t z = 0; z < m.sh->nr; z++) {
		if (m.sh->zones[z].leaf) {
			model_free(z, f);
			for (uint32_t k = 0; k < POOL_ORDERS; k++) {
				CHECK(led.pool.zones[z].nr_free[k] == f[k]);
			}
		}
	}
}

static void compare_claims(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < CLAIMS; i++) {
		const struct mclaim *c = &m.claims[i];

		n += c->used;
		if (c->used) {
			struct claim_info info;

			CHECK(claim_info(&led, c->h, &info) == FH_OK && info.holder == c->holder);
			CHECK(info.waiting == c->waiting && info.uses == c->uses && info.deadline == c->deadline);
		}
		for (uint32_t j = 0; c->used && j < c->nr; j++) {
			struct claim_term_info q;
			domid_t holder;

			CHECK(claim_query(&led, c->h, j, &holder, &q) == FH_OK && holder == c->holder);
			CHECK(q.left == c->terms[j].left && q.term.count == c->terms[j].t.count);
			CHECK(q.term.zone == c->terms[j].t.zone && q.term.order == c->terms[j].t.order);
		}
	}
	CHECK(led.nr_claims == n);
}

static void compare(void)
{
	struct oracle o = judge();
	const char *bad = ledger_audit(&led);

	if (bad != NULL) {
		fail_msg("seed %llu: audit: %s", (unsigned long long)seed, bad);
	}
	compare_pages();
	compare_zones();
	compare_claims();
	judge_outstanding(&o);
	CHECK(oracle_packs(&o));
}

/* --- operations --------------------------------------------------------------------------------------------------- */

static struct claim_term random_term(void)
{
	struct claim_term t = { .zone = (uint8_t)rnd(m.sh->nr), .owner = (domid_t)rnd(DOMS) };
	const uint64_t room = OUTSTANDING - outstanding_blocks();

	t.order = (uint8_t)rnd(max_order(t.zone) + 1U);
	t.count = 1U + rnd(rnd(4) == 0 ? 8 : 3);
	if (t.count > room / TERMS) {
		t.count = 1;
	}
	return t;
}

/* What the refusal must say, by the oracle. */
static void check_refusal(const struct claim_term *t, uint32_t nr, const struct claim_refusal *why)
{
	struct oracle o = judge();
	uint32_t i = 0;
	uint64_t fit = 0;

	judge_outstanding(&o);
	for (; i < nr; i++) {
		judge_term(&o, &t[i], t[i].count);
		if (!oracle_packs(&o)) {
			break;
		}
	}
	CHECK(i < nr && why->term == i && why->want == t[i].count);
	o.nr_terms--;
	judge_term(&o, &t[i], 0);
	for (;; fit++) {
		o.terms[o.nr_terms - 1U].count = (uint32_t)fit + 1U;
		if (!oracle_packs(&o)) {
			break;
		}
	}
	CHECK(why->fit == fit);
	CHECK(why->fit < why->want && why->have >= why->fit);
}

static bool distinct(const struct claim_term *t, uint32_t nr)
{
	for (uint32_t i = 1; i < nr; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (t[i].zone == t[j].zone && t[i].order == t[j].order && t[i].owner == t[j].owner) {
				return false;
			}
		}
	}
	return true;
}

static void op_wait(uint32_t slot, domid_t holder, const struct claim_term *t, uint32_t nr)
{
	const fh_status expect = feasible(t, nr) ? FH_EQUEUED : FH_ENOFIT;
	const uint64_t deadline = m.now + 1U + rnd(40);
	struct claim_refusal why;
	claim_handle_t h;

	CHECK(claim_stake_wait(&led, holder, t, nr, deadline, &h, &why) == expect);
	if (expect == FH_ENOFIT) {
		return;
	}
	m.claims[slot] = (struct mclaim){
		.used = true, .waiting = true, .h = h, .holder = holder, .nr = nr, .deadline = deadline
	};
	for (uint32_t i = 0; i < nr; i++) {
		m.claims[slot].terms[i] = (struct mterm){ t[i], 0 };
	}
	m.queue[m.nr_waiting++] = slot;
	model_serve();
}

static void op_stake(void)
{
	struct claim_term t[TERMS];
	const uint32_t nr = 1U + rnd(TERMS);
	const domid_t holder = rnd(4) == 0 ? DOMID_HYP : (domid_t)rnd(DOMS);
	struct claim_refusal why;
	struct oracle o = judge();
	fh_status expect = alive(holder) ? FH_OK : FH_ENOENT;
	uint64_t pages = 0;
	uint32_t slot = 0;
	claim_handle_t h;
	fh_status st;

	while (slot < CLAIMS && m.claims[slot].used) {
		slot++;
	}
	if (slot == CLAIMS || outstanding_blocks() + TERMS > OUTSTANDING) {
		return;
	}
	judge_outstanding(&o);
	for (uint32_t i = 0; i < nr; i++) {
		t[i] = random_term();
		pages += t[i].count << t[i].order;
		judge_term(&o, &t[i], t[i].count);
		expect = alive(t[i].owner) ? expect : FH_ENOENT;
	}
	if (!distinct(t, nr)) {
		return;
	}
	if (expect == FH_OK && holder == 2 && used_by(2) + pages > QUOTA) {
		expect = FH_EQUOTA;
	}
	for (uint32_t i = 0; i < nr && expect == FH_OK; i++) {
		expect = model_waits(t[i].zone) ? FH_EQUEUED : FH_OK;
	}
	if (expect == FH_OK && !oracle_packs(&o)) {
		expect = FH_ENOFIT;
	}
	if ((expect == FH_ENOFIT || expect == FH_EQUEUED) && rnd(3) == 0) {
		op_wait(slot, holder, t, nr);
		return;
	}
	st = claim_stake(&led, holder, t, nr, &h, &why);
	CHECK(st == expect);
	if (st == FH_ENOFIT) {
		check_refusal(t, nr, &why);
	}
	if (st != FH_OK) {
		return;
	}
	m.claims[slot] = (struct mclaim){
		.used = true, .h = h, .holder = holder, .nr = nr, .serial = m.serial++, .deadline = CLAIM_FOREVER
	};
	for (uint32_t i = 0; i < nr; i++) {
		m.claims[slot].terms[i] = (struct mterm){ t[i], t[i].count };
	}
}

static struct mclaim *random_claim(void)
{
	struct mclaim *c = &m.claims[rnd(CLAIMS)];

	return c->used ? c : NULL;
}

/* The largest order that may replace smaller ones, by the oracle. */
static uint8_t best_order(struct mterm *t, uint8_t max)
{
	uint8_t best = t->t.order;
	const uint64_t left = t->left;

	if (model_waits(t->t.zone)) {
		return best;
	}
	for (uint8_t k = (uint8_t)(t->t.order + 1U); k <= max && k <= max_order(t->t.zone); k++) {
		const uint64_t n = UINT64_C(1) << (k - t->t.order);
		struct claim_term big = t->t;
		struct oracle o = judge();

		if (n > left) {
			break;
		}
		big.order = k;
		t->left = left - n;
		judge_outstanding(&o);
		t->left = left;
		judge_term(&o, &big, 1);
		if (oracle_packs(&o)) {
			best = k;
		}
	}
	return best;
}

static void op_redeem(void)
{
	struct mclaim *c = random_claim();
	struct mterm *t;
	struct claim_block b;
	uint8_t order;
	fh_status st;
	uint32_t i;

	if (c == NULL) {
		return;
	}
	i = rnd(c->nr);
	t = &c->terms[i];
	order = t->t.order;
	if (rnd(3) == 0 && t->left != 0U) {
		const uint8_t max = (uint8_t)rnd(6);

		order = best_order(t, max);
		st = claim_redeem_upto(&led, c->h, i, max, &b);
	} else {
		st = claim_redeem(&led, c->h, i, &b);
	}
	CHECK(st == (t->left != 0U ? FH_OK : FH_EBUSY));
	if (st == FH_OK) {
		CHECK(b.order == order);
		t->left -= UINT64_C(1) << (order - t->t.order);
		model_take(b, t->t.zone, t->t.owner, c->holder);
	}
}

static int32_t random_block(void)
{
	const uint32_t i = rnd(m.sh->pages);

	for (uint32_t j = 0; j < m.sh->pages; j++) {
		if (m.live[(i + j) % m.sh->pages]) {
			return (int32_t)((i + j) % m.sh->pages);
		}
	}
	return -1;
}

/* What a free of any block by anybody must answer. */
static fh_status expect_free(domid_t owner, uint64_t page, uint8_t order)
{
	if (((BASE_PFN + page) & ((UINT64_C(1) << order) - 1U)) != 0U) {
		return FH_EALIGN;
	}
	if (page >= m.sh->pages || m.leaf[page] == 255) {
		return FH_ENOENT;
	}
	if (m.block[page] < 0) {
		return m.block[page] == -1 ? FH_ESTALE : FH_EREVOKED;
	}
	if (m.blocks[m.block[page]].owner != owner) {
		return FH_EDENIED;
	}
	return m.blocks[m.block[page]].page == page && m.blocks[m.block[page]].order == order ? FH_OK : FH_EINVAL;
}

static void op_free(void)
{
	const int32_t i = random_block();

	if (i >= 0) {
		CHECK(claim_free(&led, m.blocks[i].owner, block_of((uint32_t)i)) == FH_OK);
		model_free_block((uint32_t)i);
		model_serve();
	}
}

static void op_free_any(void)
{
	const uint32_t page = rnd(m.sh->pages + 2U);
	const uint8_t order = (uint8_t)rnd(5);
	const domid_t owner = (domid_t)rnd(DOMS);
	const fh_status expect = expect_free(owner, page, order);
	const struct claim_block b = { pa((BASE_PFN + page) << PAGE_SHIFT), order, false };

	CHECK(claim_free(&led, owner, b) == expect);
	if (expect == FH_OK) {
		model_free_block((uint32_t)m.block[page]);
		model_serve();
	}
}

static void op_unredeem(void)
{
	struct mclaim *c = random_claim();
	const int32_t i = random_block();
	fh_status expect = FH_OK;
	struct mterm *t;
	uint32_t j;

	if (c == NULL || i < 0) {
		return;
	}
	j = rnd(c->nr);
	t = &c->terms[j];
	if (m.blocks[i].owner != t->t.owner) {
		expect = FH_EDENIED;
	} else if (c->waiting) {
		expect = FH_EBUSY;
	} else if (m.blocks[i].bad != 0U) {
		expect = FH_EREVOKED;
	} else if (m.blocks[i].payer != c->holder || m.blocks[i].order < t->t.order ||
		   !under(t->t.zone, m.leaf[m.blocks[i].page])) {
		expect = FH_EINVAL;
	} else if (t->t.count - t->left < UINT64_C(1) << (m.blocks[i].order - t->t.order)) {
		expect = FH_EOVERFLOW;
	}
	if (expect == FH_OK && outstanding_blocks() + 8U > OUTSTANDING) {
		return;
	}
	touched = rnd(2) == 0;
	CHECK((touched ? claim_unredeem : claim_unredeem_untouched)(&led, c->h, j, block_of((uint32_t)i)) == expect);
	if (expect == FH_OK) {
		t->left += UINT64_C(1) << (m.blocks[i].order - t->t.order);
		model_free_block((uint32_t)i);
		model_serve();
	}
	touched = true;
}

static void op_split(void)
{
	const int32_t i = random_block();
	const uint8_t to = (uint8_t)rnd(4);
	struct mblock b;

	if (i < 0) {
		return;
	}
	b = m.blocks[i];
	if (to > b.order) {
		CHECK(claim_split_owned(&led, b.owner, block_of((uint32_t)i), to) == FH_EINVAL);
		return;
	}
	CHECK(claim_split_owned(&led, b.owner, block_of((uint32_t)i), to) == FH_OK);
	m.blocks[i].bad = 0;
	touched = false;
	model_free_block((uint32_t)i);
	touched = true;
	for (uint32_t p = b.page; p < b.page + (1U << b.order); p += 1U << to) {
		model_take((struct claim_block){ pa((BASE_PFN + p) << PAGE_SHIFT), to, model_dirty(p, 1U << to) },
			   m.leaf[p], b.owner, b.payer);
	}
	if (b.bad != 0U) {
		struct mblock *part = &m.blocks[m.block[b.page + b.bad - 1U]];

		part->bad = b.page + b.bad - part->page;
	}
}

static void op_release(void)
{
	struct mclaim *c = random_claim();
	struct mterm *t;
	uint32_t i;
	uint64_t n;

	if (c == NULL) {
		return;
	}
	if (rnd(2) == 0) {
		CHECK(claim_release(&led, c->h) == FH_OK);
		CHECK(claim_release(&led, c->h) == FH_ESTALE);
		model_end(c);
		model_serve();
		return;
	}
	i = rnd(c->nr);
	t = &c->terms[i];
	n = rnd((uint32_t)t->left + 2U);
	CHECK(claim_release_part(&led, c->h, i, n) == (n <= t->left ? FH_OK : FH_EOVERFLOW));
	if (n <= t->left) {
		t->left -= n;
		t->t.count -= n;
		model_serve();
	}
}

static bool packs_with(const struct claim_term *t)
{
	struct oracle o = judge();

	judge_outstanding(&o);
	judge_term(&o, t, t->count);
	return oracle_packs(&o);
}

static void op_alloc(void)
{
	const domid_t owner = rnd(3) == 0 ? DOMID_HYP : (domid_t)rnd(DOMS);
	struct claim_term t = { .zone = (uint8_t)rnd(m.sh->nr), .owner = owner, .count = 1 };
	fh_status expect = FH_OK;
	struct claim_block b;

	t.order = (uint8_t)rnd(rnd(2) == 0 ? 1 : max_order(t.zone) + 1U);
	if (!alive(owner)) {
		expect = FH_ENOENT;
	} else if (owner == 2 && used_by(2) + (UINT64_C(1) << t.order) > QUOTA) {
		expect = FH_EQUOTA;
	} else if (owner == DOMID_HYP && t.order == 0 && m.reserve[t.zone] != 0U && !packs_with(&t)) {
		m.reserve[t.zone]--;
	} else if (model_waits(t.zone)) {
		expect = FH_EQUEUED;
	} else if (!packs_with(&t)) {
		expect = FH_ENOMEM;
	}
	CHECK(claim_alloc(&led, owner, t.zone, t.order, &b) == expect);
	if (expect == FH_OK) {
		CHECK(b.order == t.order);
		model_take(b, t.zone, owner, owner);
	}
}

static void op_death(void)
{
	const domid_t d = (domid_t)rnd(DOMS);

	if (!m.alive[d]) {
		CHECK(ledger_domain_add(&led, d, d == 2 ? QUOTA : CLAIM_NO_QUOTA) == FH_OK);
		m.alive[d] = true;
		return;
	}
	if (rnd(4) != 0) {
		return;
	}
	CHECK(claim_domain_died(&led, d) == FH_OK);
	m.alive[d] = false;
	for (uint32_t i = 0; i < CLAIMS; i++) {
		struct mclaim *c = &m.claims[i];

		for (uint32_t j = 0; c->used && j < c->nr; j++) {
			if (c->terms[j].t.owner == d) {
				c->terms[j].t.count -= c->waiting ? c->terms[j].t.count : c->terms[j].left;
				c->terms[j].left = 0;
			}
		}
		if (c->used && c->holder == d) {
			model_end(c);
		}
	}
	model_serve();
}

static void op_replace(void)
{
	struct mclaim *c = random_claim();
	const domid_t owner = (domid_t)rnd(DOMS);
	struct claim_term t = random_term();
	struct mclaim before;
	struct claim_info info;
	fh_status expect = FH_OK;
	fh_status st;
	uint32_t place = TERMS;
	struct oracle o;

	if (c == NULL || outstanding_blocks() + t.count > OUTSTANDING) {
		return;
	}
	before = *c;
	t.owner = owner;
	for (uint32_t j = 0; j < c->nr && !c->waiting; j++) {
		if (c->terms[j].t.owner == owner) {
			c->terms[j].t.count -= c->terms[j].left;
			c->terms[j].left = 0;
		}
	}
	for (uint32_t j = c->nr; j-- != 0U;) {
		place = c->terms[j].t.count == 0U ? j : place;
	}
	for (uint32_t j = 0; j < c->nr; j++) {
		const struct claim_term *q = &c->terms[j].t;

		place = q->zone == t.zone && q->order == t.order && q->owner == owner ? j : place;
	}
	if (place == TERMS && c->nr == TERMS) {
		*c = before; /* the model has no room */
		return;
	}
	place = place == TERMS ? c->nr : place;
	o = judge();
	judge_outstanding(&o);
	judge_term(&o, &t, t.count);
	if (before.waiting) {
		expect = FH_EBUSY;
	} else if (!alive(owner)) {
		expect = FH_ENOENT;
	} else if (c->holder == 2 && used_by(2) + (t.count << t.order) > QUOTA) {
		expect = FH_EQUOTA;
	} else if (model_waits(t.zone)) {
		expect = FH_EQUEUED;
	} else if (!oracle_packs(&o)) {
		expect = FH_ENOFIT;
	}
	CHECK(claim_info(&led, c->h, &info) == FH_OK);
	if (!before.waiting) {
		CHECK(claim_replace(&led, c->h, owner, info.version + 1U, &t, 1, NULL) == FH_ESTALE);
	}
	st = claim_replace(&led, c->h, owner, info.version, &t, 1, NULL);
	CHECK(st == expect);
	if (st != FH_OK) {
		*c = before;
		return;
	}
	if (place == c->nr) {
		c->terms[c->nr++] = (struct mterm){ t, t.count };
	} else {
		const uint64_t count = c->terms[place].t.count;

		c->terms[place].t = t;
		c->terms[place].t.count = count + t.count;
		c->terms[place].left += t.count;
	}
	model_serve();
}

static void op_transfer(void)
{
	struct mclaim *c = random_claim();
	const domid_t to = (domid_t)rnd(DOMS);
	fh_status expect = alive(to) ? FH_OK : FH_ENOENT;
	uint64_t pages = 0;

	for (uint32_t j = 0; c != NULL && j < c->nr; j++) {
		pages += (c->waiting ? c->terms[j].t.count : c->terms[j].left) << c->terms[j].t.order;
	}
	if (c == NULL) {
		return;
	}
	if (expect == FH_OK && c->holder != to && to == 2 && used_by(2) + pages > QUOTA) {
		expect = FH_EQUOTA;
	}
	CHECK(claim_transfer(&led, c->h, to) == expect);
	c->holder = expect == FH_OK ? to : c->holder;
}

static void op_lease(void)
{
	struct mclaim *c = random_claim();
	const uint64_t lease = rnd(5) == 0 ? CLAIM_FOREVER : 1U + rnd(60);

	if (c == NULL) {
		return;
	}
	if (rnd(3) == 0) {
		CHECK(claim_use(&led, c->h) == FH_OK);
		c->uses++;
	} else if (rnd(2) == 0) {
		CHECK(claim_unuse(&led, c->h) == (c->uses != 0U ? FH_OK : FH_EBUSY));
		c->uses -= c->uses != 0U;
	} else {
		CHECK(claim_renew(&led, c->h, m.now, 0) == FH_EINVAL);
		CHECK(claim_renew(&led, c->h, m.now + 1U, CLAIM_FOREVER - 1U) == FH_EOVERFLOW);
		CHECK(claim_renew(&led, c->h, m.now, lease) == FH_OK);
		c->deadline = lease == CLAIM_FOREVER ? CLAIM_FOREVER : m.now + lease;
	}
}

static void op_reap(void)
{
	claim_handle_t gone;

	m.now += rnd(30);
	while (claim_reap(&led, m.now, &gone) == FH_OK) {
		struct mclaim *c = m.claims;

		while (!c->used || c->h.slot != gone.slot || c->h.gen != gone.gen) {
			c++;
			CHECK(c < m.claims + CLAIMS);
		}
		CHECK(c->uses == 0U && c->deadline <= m.now);
		CHECK(claim_release(&led, gone) == FH_EEXPIRED);
		model_end(c);
		model_serve();
	}
	for (uint32_t i = 0; i < CLAIMS; i++) {
		CHECK(!m.claims[i].used || m.claims[i].uses != 0U || m.claims[i].deadline > m.now);
	}
}

static void op_reserve(void)
{
	const uint8_t z = (uint8_t)rnd(m.sh->nr);
	const uint64_t n = rnd(3);
	const uint64_t old = m.reserve[z];
	struct oracle o;

	if (!m.sh->zones[z].leaf) {
		CHECK(ledger_set_reserve(&led, z, n) == FH_EINVAL);
		return;
	}
	m.reserve[z] = n;
	o = judge();
	judge_outstanding(&o);
	if (!oracle_packs(&o)) {
		CHECK(ledger_set_reserve(&led, z, n) == FH_ENOFIT);
		m.reserve[z] = old;
		return;
	}
	CHECK(ledger_set_reserve(&led, z, n) == FH_OK);
	model_serve();
}

/* Cleans one chunk, or a block that is owned. */
static void op_scrub(void)
{
	struct claim_block chunk;
	const int32_t i = random_block();
	fh_status st = ledger_scrub_begin(&led, 3, ORDER_64K, &chunk);

	if (st == FH_OK) {
		const uint32_t page = page_of(chunk.base);

		CHECK(ledger_scrub_begin(&led, 3, ORDER_64K, &chunk) == FH_EEXIST);
		CHECK(all_free(m.leaf[page], page, 1U << chunk.order) && model_dirty(page, 1U << chunk.order));
		CHECK(ledger_scrub_end(&led, 3) == FH_OK);
		memset(&m.dirty[page], 0, 1U << chunk.order);
	} else if (st == FH_ENOENT) {
		for (uint32_t p = 0; p < m.sh->pages; p++) {
			CHECK(m.leaf[p] == 255 || m.block[p] != -1 || !m.dirty[p]);
		}
	} else {
		CHECK(st == FH_EBUSY);
	}
	CHECK(ledger_scrub_end(&led, 3) == FH_EBUSY);
	if (i >= 0 && rnd(3) == 0) {
		CHECK(ledger_cleaned(&led, m.blocks[i].owner, block_of((uint32_t)i)) == FH_OK);
		memset(&m.dirty[m.blocks[i].page], 0, 1U << m.blocks[i].order);
	}
}

/* Which claim must go for a leaf: idle before in use, youngest first. */
static struct mclaim *victim(uint8_t leaf)
{
	struct mclaim *best = NULL;

	for (uint32_t i = 0; i < CLAIMS; i++) {
		struct mclaim *c = &m.claims[i];
		bool draws = false;

		for (uint32_t j = 0; c->used && j < c->nr; j++) {
			draws |= c->terms[j].left != 0U && under(c->terms[j].t.zone, leaf);
		}
		if (draws && (best == NULL || (best->uses != 0U && c->uses == 0U) ||
			      ((best->uses == 0U) == (c->uses == 0U) && c->serial > best->serial))) {
			best = c;
		}
	}
	return best;
}

static void op_quarantine(void)
{
	const uint32_t p = rnd(m.sh->pages);
	const paddr_t a = pa((BASE_PFN + p) << PAGE_SHIFT);
	bool drawn = false;

	if (rnd(12) != 0) {
		return; /* memory is gone for good */
	}
	if (m.leaf[p] == 255) {
		CHECK(ledger_quarantine(&led, a) == FH_ENOENT);
		return;
	}
	if (m.block[p] == -2) {
		CHECK(ledger_quarantine(&led, a) == FH_EREVOKED);
		return;
	}
	CHECK(ledger_quarantine(&led, a) == FH_OK);
	if (m.block[p] >= 0) {
		struct mblock *b = &m.blocks[m.block[p]];

		b->bad = b->bad != 0U ? b->bad : p - b->page + 1U;
		return;
	}
	m.block[p] = -2;
	for (;;) {
		struct oracle o = judge();
		struct mclaim *c;

		judge_outstanding(&o);
		if (oracle_packs(&o)) {
			break;
		}
		if (!drawn && m.reserve[m.leaf[p]] != 0U) {
			drawn = true;
			m.reserve[m.leaf[p]]--;
			continue;
		}
		c = victim(m.leaf[p]);
		CHECK(c != NULL);
		CHECK(claim_release(&led, c->h) == FH_EREVOKED);
		model_end(c);
	}
	model_serve();
}

/* --- runs -------------------------------------------------------------------------------------------------------- */

static void start(const struct shape *sh)
{
	const struct pool_bank bank = { BASE_PFN, sh->pages, records };

	memset(&m, 0, sizeof(m));
	m.sh = sh;
	memset(m.leaf, 255, sizeof(m.leaf));
	memset(m.block, 255, sizeof(m.block));
	for (uint32_t p = 0; p < sh->pages; p++) {
		records[p] = ((uint64_t)rnd(UINT32_MAX) << 32) | rnd(UINT32_MAX);
	}
	CHECK(ledger_init(&led, sh->zones, sh->nr, &bank, 1) == FH_OK);
	memset(map, 0x5a, sizeof(map));
	memset(m.dirty, 1, sizeof(m.dirty));
	touched = true;
	CHECK(pool_dirty_words(BASE_PFN, PAGES) <= PAGES);
	if (rnd(2) == 0) {
		CHECK(ledger_dirty_map(&led, BASE_PFN, map, true) == FH_OK);
		memset(m.dirty, 0, sizeof(m.dirty));
	} else {
		CHECK(ledger_dirty_map(&led, BASE_PFN, map, false) == FH_OK);
	}
	CHECK(ledger_dirty_map(&led, BASE_PFN + 1U, map, false) == FH_EINVAL);
	for (uint32_t i = 0; i < 3 && sh->holes[i][1] != 0; i++) {
		const struct range r = { (BASE_PFN + sh->holes[i][0]) * PAGE_SIZE,
					 (sh->holes[i][1] - sh->holes[i][0]) * PAGE_SIZE };

		CHECK(ledger_own_range(&led, r, POOL_STATIC, 1) == FH_OK);
	}
	for (uint8_t z = 0; z < sh->nr; z++) {
		const uint64_t first = (sh->zones[z].range.base >> PAGE_SHIFT) - BASE_PFN;

		for (uint64_t p = first; sh->zones[z].leaf && p < first + (sh->zones[z].range.size >> PAGE_SHIFT);
		     p++) {
			const struct range r = { (BASE_PFN + p) << PAGE_SHIFT, PAGE_SIZE };
			const fh_status st = ledger_add_range(&led, z, r); /* page by page: ranges join */

			CHECK(st == FH_OK || st == FH_EEXIST);
			m.leaf[p] = st == FH_OK ? z : 255;
		}
	}
	for (domid_t d = 0; d < DOMS; d++) {
		m.alive[d] = true;
		CHECK(ledger_domain_add(&led, d, d == 2 ? QUOTA : CLAIM_NO_QUOTA) == FH_OK);
	}
	compare();
}

static void drain(void)
{
	for (uint32_t i = 0; i < CLAIMS; i++) {
		struct mclaim *c = &m.claims[i];

		for (uint32_t j = 0; c->used && j < c->nr; j++) {
			for (; c->terms[j].left != 0U; c->terms[j].left--) {
				struct claim_block b;

				CHECK(claim_redeem(&led, c->h, j, &b) == FH_OK);
				model_take(b, c->terms[j].t.zone, c->terms[j].t.owner, c->holder);
			}
		}
	}
	compare();
	for (uint32_t i = 0; i < m.sh->pages; i++) {
		if (m.live[i]) {
			CHECK(claim_free(&led, m.blocks[i].owner, block_of(i)) == FH_OK);
			model_free_block(i);
			model_serve();
		}
	}
	compare();
}

static void step(void)
{
	static void (*const ops[])(void) = { op_scrub,   op_scrub, op_scrub,    op_replace,    op_transfer,
					     op_lease,   op_reap,  op_reserve,  op_quarantine, op_stake,
					     op_stake,   op_stake, op_redeem,   op_redeem,     op_redeem,
					     op_free,    op_free,  op_free_any, op_unredeem,   op_split,
					     op_release, op_alloc, op_death };

	ops[rnd(sizeof(ops) / sizeof(ops[0]))]();
	compare();
}

#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))
#define LARGEST 10U /* one round in so many is on the last shape, which takes longest */

static void test_random(void **state)
{
	const uint64_t run = 500;

	(void)state;
	for (uint64_t s = 0; s < steps; s += run) {
		const uint64_t round = s / run;

		if (s != 0U && s % 10000000U == 0U) {
			printf("%llu steps done\n", (unsigned long long)s);
			(void)fflush(stdout);
		}
		rng = (seed + s) * 0x9e3779b97f4a7c15U | 1U;
		for (int i = 0; i < 8; i++) {
			(void)rnd(2);
		}
		start(&shapes[round % LARGEST == LARGEST - 1U ? NR_SHAPES - 1U : round % (NR_SHAPES - 1U)]);
		for (uint64_t i = 0; i < run; i++) {
			step();
		}
		drain();
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	steps = argc > 1 ? strtoull(argv[1], NULL, 0) : steps;
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("%llu steps, seed %llu\n", (unsigned long long)steps, (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
