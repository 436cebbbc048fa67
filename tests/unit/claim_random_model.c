/* SPDX-License-Identifier: MIT */
/* The model of test_claim_random: page by page what is whose, claims, who waits, and what the oracle is asked about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "claim_random.h"

struct model m;
struct ledger led;

bool under(uint8_t zone, uint8_t leaf)
{
	for (uint8_t z = leaf; z != POOL_NO_ZONE; z = m.sh->zones[z].parent) {
		if (z == zone) {
			return true;
		}
	}
	return false;
}

uint8_t max_order(uint8_t zone)
{
	uint8_t max = 0;

	for (uint8_t i = 0; i < m.sh->nr; i++) {
		if (m.sh->zones[i].leaf && under(zone, i) && m.sh->zones[i].max_order > max) {
			max = m.sh->zones[i].max_order;
		}
	}
	return max;
}

bool all_free(uint8_t leaf, uint32_t page, uint32_t n)
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
void model_free(uint8_t leaf, uint32_t f[POOL_ORDERS])
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
struct oracle judge(void)
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

void judge_term(struct oracle *o, const struct claim_term *t, uint64_t count)
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

void judge_outstanding(struct oracle *o)
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

uint64_t outstanding_blocks(void)
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
uint64_t used_by(domid_t dom)
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

bool alive(domid_t dom)
{
	return dom == DOMID_HYP || (dom < DOMS && m.alive[dom]);
}

uint32_t page_of(paddr_t a)
{
	return (uint32_t)((pa_val(a) >> PAGE_SHIFT) - BASE_PFN);
}

struct claim_block block_of(uint32_t i)
{
	return (struct claim_block){ pa((BASE_PFN + m.blocks[i].page) << PAGE_SHIFT), m.blocks[i].order, false };
}

bool model_dirty(uint32_t page, uint32_t n)
{
	for (uint32_t p = page; p < page + n; p++) {
		if (m.dirty[p]) {
			return true;
		}
	}
	return false;
}

void model_take(struct claim_block b, uint8_t zone, domid_t owner, domid_t payer)
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

bool touched; /* whether blocks that come free were written to */

void model_free_block(uint32_t i)
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

bool model_waits(uint8_t zone)
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

void model_end(struct mclaim *c)
{
	if (c->waiting) {
		model_dequeue(c);
	}
	c->used = false;
}

/* The oracle of all good memory, nothing owned. */
bool feasible(const struct claim_term *t, uint32_t nr)
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
void model_serve(void)
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
