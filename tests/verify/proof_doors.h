/* SPDX-License-Identifier: MIT */
/*
 * For proofs of what core/claim checks before it changes anything: any well-formed ledger of three zones, two slots, two
 * terms and three accounts, and what stands below the doors. Below is cut: what changes zones and blocks (arith.c, wave.c,
 * fit.c, core/pool, block_take()) is a stub that demands the range of its arguments, and answers anything that it may.
 */
#ifndef TESTS_VERIFY_PROOF_DOORS_H
#define TESTS_VERIFY_PROOF_DOORS_H

#include "core/claim/claim_internal.h"
#include "tests/verify/proof.h"

#define ZONES 3U
#ifndef CASE_TERMS
#define CASE_TERMS 2 /* of slot 0, of domain 0's; the other one, if it is one, of slot 1, of the hypervisor's */
#endif
#ifndef CASE_SLOT
#define CASE_SLOT 0 /* of a handle; 2: any that is beyond */
#endif
#ifndef CASE_TERM
#define CASE_TERM 0 /* of a claim; 2: any that is beyond */
#endif
#define PAGES_MOST BIT(40)
#define COUNT_MOST BIT(62) /* pages of a term, redeemed or not: it grows by what is replaced, never so far */

static struct ledger l;
static struct ledger was;
static bool held;

/* --- any well-formed ledger ---------------------------------------------------------------------------------------- */

static domid_t any_domain(void)
{
	const uint8_t n = nondet_u8();

	return n < LEDGER_MAX_DOMAINS ? n : DOMID_HYP;
}

static void any_term(struct ledger_term *t, bool waiting)
{
	t->zone = nondet_u8();
	ASSUME(t->zone < ZONES);
	t->order = nondet_u8();
	ASSUME(t->order <= l.zones[t->zone].max_order);
	t->owner = any_domain();
	t->count = nondet_u64();
	t->left = nondet_u64();
	ASSUME(t->left <= t->count && t->count <= COUNT_MOST >> t->order && t->left <= PAGES_MOST >> t->order);
	ASSUME(!waiting || t->left == t->count);
}

/* The slot's chain: nr terms from `first` on. */
static void any_claim(uint16_t slot, domid_t holder, uint16_t first, uint16_t nr)
{
	struct ledger_claim *c = &l.claims[slot];

	c->gen = nondet_u32();
	c->ended = nondet_u8();
	ASSUME(c->ended == FH_ESTALE || c->ended == FH_EEXPIRED || c->ended == FH_EREVOKED);
	c->holder = DOMID_NONE;
	c->first = LEDGER_NO_TERM;
	c->next = LEDGER_NO_SLOT;
	if (nr == 0U) {
		return;
	}
	c->holder = holder;
	c->first = first;
	c->nr = nr;
	c->uses = nondet_u16();
	c->waiting = nondet_bool();
	c->version = nondet_u32();
	c->deadline = nondet_u64();
	c->serial = nondet_u64();
	for (uint16_t i = first; i < first + nr; i++) {
		any_term(&l.terms[i], c->waiting);
		l.terms[i].next = (uint16_t)(i + 1U < first + nr ? i + 1U : LEDGER_NO_TERM);
		c->leaves |= c->waiting ? l.zones[l.terms[i].zone].leaves : 0U;
		account_of(&l, c->holder)->outstanding += l.terms[i].left << l.terms[i].order;
	}
	l.nr_claims++;
}

static void any_queues(void)
{
	l.unused = (struct ledger_queue){ LEDGER_NO_SLOT, LEDGER_NO_SLOT };
	l.waiters = l.unused;
	for (uint16_t i = 0; i < FH_MAX_CLAIMS; i++) {
		struct ledger_queue *q = l.claims[i].holder == DOMID_NONE ? &l.unused : &l.waiters;

		if (l.claims[i].holder != DOMID_NONE && !l.claims[i].waiting) {
			continue;
		}
		if (q->first == LEDGER_NO_SLOT) {
			q->first = i;
		} else {
			l.claims[0].next = i;
		}
		q->last = i;
		for (uint32_t z = 0; z < ZONES; z++) {
			l.waits[z] = (uint16_t)(l.waits[z] + (l.claims[i].waiting ? l.claims[i].leaves >> z & 1U : 0U));
		}
	}
}

static void any_zones(void)
{
	l.pool.nr_zones = ZONES;
	for (uint32_t z = 0; z < ZONES; z++) {
		const uint8_t max = nondet_u8();

		ASSUME(max <= POOL_MAX_ORDER);
		l.pool.zones[z].max_order = max;
		l.zones[z].max_order = max;
		l.zones[z].parent = z == 0U ? POOL_NO_ZONE : 0U;
		l.pool.zones[z].parent = (uint8_t)l.zones[z].parent;
		l.pool.zones[z].leaf = z != 0U;
		l.zones[z].leaves = z == 0U ? 6U : (uint32_t)BIT(z);
		l.zones[z].children = z == 0U ? 6U : 0U;
		l.zones[z].left = nondet_u32();
		ASSUME(l.zones[z].left >> max <= 1U);
		l.pool.zones[z].pages = nondet_u64();
		ASSUME(l.pool.zones[z].pages <= PAGES_MOST);
		l.reserve[z] = nondet_u64();
		ASSUME(l.reserve[z] <= (z == 0U ? 0U : l.pool.zones[z].pages));
	}
}

static void any_ledger(void)
{
	l.live = 1U | (nondet_u8() & 2U);
	any_zones();
	for (uint32_t i = 0; i <= LEDGER_MAX_DOMAINS; i++) {
		l.accounts[i].quota = nondet_u64();
		l.accounts[i].paid = nondet_u64();
		l.accounts[i].owned = nondet_u64();
		ASSUME(l.accounts[i].paid <= PAGES_MOST && l.accounts[i].owned <= PAGES_MOST);
	}
	any_claim(0, 0, 0, CASE_TERMS);
	any_claim(1, DOMID_HYP, CASE_TERMS, CASE_TERMS == 1 ? 1 : 0);
	any_queues();
	l.nr_terms_free = CASE_TERMS == 0 ? 2 : 0;
	l.term_free = CASE_TERMS == 0 ? 0 : LEDGER_NO_TERM;
	if (CASE_TERMS == 0) {
		l.terms[0].next = 1;
		l.terms[1].next = LEDGER_NO_TERM;
	}
	was = l;
}

/* --- nothing has changed: all that is not the content of a free term ------------------------------------------------ */

static bool same_claims(void)
{
	bool same = true;

	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		const struct ledger_claim *a = &l.claims[i];
		const struct ledger_claim *b = &was.claims[i];

		same = same && a->gen == b->gen && a->holder == b->holder && a->first == b->first && a->nr == b->nr &&
		       a->next == b->next && a->uses == b->uses && a->waiting == b->waiting && a->ended == b->ended &&
		       a->version == b->version && a->leaves == b->leaves && a->deadline == b->deadline &&
		       a->serial == b->serial;
	}
	return same;
}

static bool same_terms(void)
{
	bool same = true;

	for (uint32_t i = 0; i < LEDGER_MAX_TERMS; i++) {
		const struct ledger_term *a = &l.terms[i];
		const struct ledger_term *b = &was.terms[i];

		same = same && a->next == b->next &&
		       (i >= LEDGER_MAX_TERMS - was.nr_terms_free ||
			(a->zone == b->zone && a->order == b->order && a->owner == b->owner && a->count == b->count &&
			 a->left == b->left));
	}
	return same;
}

static bool same_rest(void)
{
	bool same = l.live == was.live && l.nr_claims == was.nr_claims && l.serial == was.serial &&
		    l.unused.first == was.unused.first && l.unused.last == was.unused.last &&
		    l.waiters.first == was.waiters.first && l.waiters.last == was.waiters.last &&
		    l.term_free == was.term_free && l.nr_terms_free == was.nr_terms_free && l.nr_terms_out == 0U;

	for (uint32_t i = 0; i <= LEDGER_MAX_DOMAINS; i++) {
		const struct ledger_account *a = &l.accounts[i];
		const struct ledger_account *b = &was.accounts[i];

		same = same && a->quota == b->quota && a->outstanding == b->outstanding && a->paid == b->paid &&
		       a->owned == b->owned;
	}
	for (uint32_t z = 0; z < ZONES; z++) {
		same = same && l.reserve[z] == was.reserve[z] && l.waits[z] == was.waits[z];
	}
	return same;
}

static void unchanged(void)
{
	REACHED(CASE_SLOT == 2 || CASE_TERM == 2);
	ASSERT(!held, "the lock is given back");
	ASSERT(same_claims() && same_terms() && same_rest(), "what is refused changes nothing");
}

/* The lock is free, and terms are as any_term() has them: no more left than was claimed. */
static void well_formed(void)
{
	uint32_t n = 0;

	ASSERT(!held, "the lock is given back");
	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		const struct ledger_claim *c = &l.claims[i];

		n += c->holder != DOMID_NONE ? c->nr : 0U;
		for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l.terms[at].next) {
			ASSERT(at < LEDGER_MAX_TERMS && l.terms[at].zone < ZONES &&
				       l.terms[at].order <= l.zones[l.terms[at].zone].max_order &&
				       l.terms[at].left <= l.terms[at].count,
			       "a term of a zone, an order that it has, no more left than claimed");
		}
	}
	ASSERT(n + l.nr_terms_free == LEDGER_MAX_TERMS && l.nr_terms_out == 0U, "no term is lost");
}

/* --- below the doors ------------------------------------------------------------------------------------------------ */

void lock_acquire(struct lock *lock)
{
	ASSERT(lock == &l.lock && !held, "the ledger's lock, once");
	held = true;
}

void lock_release(struct lock *lock)
{
	ASSERT(lock == &l.lock && held, "it is held");
	held = false;
}

static void in_range(uint8_t zone, uint8_t order, uint64_t n)
{
	ASSERT(held, "under the lock");
	ASSERT(zone < ZONES && order <= l.zones[zone].max_order, "a zone, an order that it has");
	ASSERT(n <= BIT(41), "no sum of as many overflows");
}

bool claim_many(struct ledger *ledger, uint8_t zone, uint8_t order, int64_t n)
{
	in_range(zone, order, (uint64_t)(n < 0 ? -n : n));
	if (n <= 0) {
		return true;
	}
	return ((uint64_t)n << order) + ledger->reserve[zone] <= ledger->pool.zones[zone].pages && nondet_bool();
}

uint8_t take_left(struct ledger *ledger, uint8_t zone, uint8_t end, uint8_t order, unsigned int *from)
{
	in_range(zone, order, 1);
	ASSERT(ledger->zones[zone].left >> order != 0U, "something is left over");
	ASSUME(BIT(order) + ledger->reserve[zone] <= ledger->pool.zones[zone].pages);
	*from = order;
	return end;
}

bool claim_on(struct ledger *ledger, uint8_t zone, uint8_t order, unsigned int from)
{
	in_range(zone, order, 1);
	(void)ledger;
	return from >= order;
}

#endif
