/* SPDX-License-Identifier: MIT */
/* Random operations on blocks: redeemed, allocated, split, freed, put back, zeroed, gone bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "claim_random.h"

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

void op_redeem(void)
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

void op_free(void)
{
	const int32_t i = random_block();

	if (i >= 0) {
		CHECK(claim_free(&led, m.blocks[i].owner, block_of((uint32_t)i)) == FH_OK);
		model_free_block((uint32_t)i);
		model_serve();
	}
}

void op_free_any(void)
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

void op_unredeem(void)
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
	} else if (!alive(t->t.owner)) {
		expect = FH_ENOENT;
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

void op_split(void)
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

static bool packs_with(const struct claim_term *t)
{
	struct oracle o = judge();

	judge_outstanding(&o);
	judge_term(&o, t, t->count);
	return oracle_packs(&o);
}

void op_alloc(void)
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

/* Cleans one chunk, or a block that is owned. */
void op_scrub(void)
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

void op_quarantine(void)
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
