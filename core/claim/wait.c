/* SPDX-License-Identifier: MIT */
/*
 * Sets that wait for memory, first come first served. One that waits has a slot, its terms and its holder's quota, but
 * is in no zone: count tells what it wants, left is 0. A free or a release looks at the first in the queue only.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

bool wait_covers(const struct ledger *l, uint8_t zone)
{
	if (queue_empty(&l->waiters)) {
		return false;
	}
	for (uint32_t i = zone; i < l->pool.nr_zones; i++) {
		if (l->waits[i] != 0U && zone_holds(l, zone, (uint8_t)i)) {
			return true;
		}
	}
	return false;
}

/* Bit: a leaf under the zones of a claim's terms. */
static uint32_t leaves_of(const struct ledger *l, const struct ledger_claim *c)
{
	uint32_t leaves = 0;

	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		for (uint32_t i = l->terms[at].zone; i < l->pool.nr_zones; i++) {
			if (l->pool.zones[i].leaf && zone_holds(l, l->terms[at].zone, (uint8_t)i)) {
				leaves |= (uint32_t)BIT(i);
			}
		}
	}
	return leaves;
}

static void count_leaves(struct ledger *l, const struct ledger_claim *c, bool more)
{
	const uint32_t leaves = leaves_of(l, c);

	for (uint32_t i = 0; i < l->pool.nr_zones; i++) {
		if ((leaves & BIT(i)) != 0U) {
			POOL_ASSERT(more || l->waits[i] != 0U);
			l->waits[i] = (uint16_t)(more ? l->waits[i] + 1U : l->waits[i] - 1U);
		}
	}
}

static void leave_queue(struct ledger *l, struct ledger_claim *c)
{
	count_leaves(l, c, false);
	queue_remove(l, &l->waiters, (uint16_t)(c - l->claims));
	c->waiting = false;
}

void wait_cancel(struct ledger *l, struct ledger_claim *c, domid_t owner)
{
	struct ledger_account *a = account_of(l, c->holder);

	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		struct ledger_term *t = &l->terms[at];

		if (owner == DOMID_NONE || t->owner == owner) {
			POOL_ASSERT(a->outstanding >= t->count << t->order);
			a->outstanding -= t->count << t->order;
			t->count = 0;
		}
	}
	if (owner == DOMID_NONE) {
		leave_queue(l, c);
	}
}

/* The terms of a claim that waits, as a set. */
static void make_set(const struct ledger *l, const struct ledger_claim *c, struct claim_set *set)
{
	set->nr = 0;
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		const struct ledger_term *t = &l->terms[at];

		set->terms[set->nr++] = (struct claim_term){ t->zone, t->order, t->owner, t->count };
	}
}

/*
 * Whether a set fits into all good memory, nothing owned and nothing else claimed but the reserves. The arithmetic is
 * arith.c's, in the scratch of the ledger.
 */
static bool fits_empty(struct ledger *l, const struct claim_set *set)
{
	int64_t(*s)[POOL_ORDERS] = l->scratch;

	for (uint32_t z = 0; z < l->pool.nr_zones; z++) {
		for (unsigned int k = 0; k < POOL_ORDERS; k++) {
			s[z][k] = (int64_t)l->pool.zones[z].whole[k] - (k == 0U ? (int64_t)l->zones[z].reserve : 0);
		}
	}
	for (uint32_t i = 0; i < set->nr; i++) {
		const struct claim_term *t = &set->terms[i];
		int64_t n = (int64_t)MIN(t->count, (l->pool.zones[t->zone].pages >> t->order) + 1U);

		for (unsigned int k = t->order + 1U; k-- != 0U; n *= 2) {
			s[t->zone][k] -= n;
		}
	}
	for (uint32_t z = l->pool.nr_zones; z-- != 0U;) { /* children first */
		const uint8_t up = l->pool.zones[z].parent;
		int64_t r = INT64_MAX;

		for (unsigned int k = 0; k < POOL_ORDERS; k++) {
			if (s[z][k] < 0) {
				return false;
			}
			r = MIN(s[z][k], r / 2);
			if (up != POOL_NO_ZONE) {
				s[up][k] += r;
			}
		}
	}
	return true;
}

/* Admits the first that waits, if it fits now, or ends it if it no longer fits even an empty pool. False: it waits on. */
static bool serve_one(struct ledger *l)
{
	struct ledger_claim *c;
	struct claim_set set;
	struct wave w = { 0 };

	if (queue_empty(&l->waiters)) {
		return false;
	}
	c = &l->claims[l->waiters.first];
	make_set(l, c, &set);
	set_apply(l, &w, &set, set.nr, 1);
	if (!wave_run(l, &w)) {
		w = (struct wave){ 0 };
		set_apply(l, &w, &set, set.nr, -1);
		wave_check(l, &w);
		if (fits_empty(l, &set)) {
			return false;
		}
		claim_end(l, c, FH_EREVOKED); /* memory went bad */
		return true;
	}
	leave_queue(l, c);
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		l->terms[at].left = l->terms[at].count;
	}
	c->serial = l->serial++;
	c->version++;
	return true;
}

void wait_serve(struct ledger *l)
{
	bool more = true;

	while (more) {
		lock_acquire(&l->lock);
		more = serve_one(l);
		lock_release(&l->lock);
	}
}

void wait_unlock(struct ledger *l)
{
	const bool some = !queue_empty(&l->waiters);

	lock_release(&l->lock);
	if (some) {
		wait_serve(l);
	}
}

static fh_status enqueue(struct ledger *l, domid_t holder, const struct claim_set *set, uint64_t deadline,
			 claim_handle_t *handle, struct claim_refusal *why)
{
	struct ledger_claim *c;
	fh_status st = set_check_parties(l, holder, 0, set, why);

	if (st == FH_OK && (l->nr_claims == FH_MAX_CLAIMS || l->nr_terms_free < set->nr)) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK && !fits_empty(l, set)) {
		st = FH_ENOFIT;
	}
	if (st != FH_OK) {
		return st;
	}
	*handle = claim_new(l, holder, set->terms, set->nr);
	account_of(l, holder)->outstanding += set->pages;
	c = &l->claims[handle->slot];
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		l->terms[at].left = 0;
	}
	c->waiting = true;
	c->deadline = deadline;
	queue_put(l, &l->waiters, (uint16_t)handle->slot);
	count_leaves(l, c, true);
	return FH_EQUEUED;
}

fh_status claim_stake_wait(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
			   uint64_t deadline, claim_handle_t *handle, struct claim_refusal *refusal)
{
	struct claim_refusal why = { 0 };
	struct claim_set set;
	fh_status st = claim_stake(l, holder, terms, nr, handle, &why);

	if (st == FH_ENOFIT || st == FH_EQUEUED) {
		st = set_make(l, terms, nr, &set, &why);
		if (st == FH_OK) {
			lock_acquire(&l->lock);
			st = enqueue(l, holder, &set, deadline, handle, &why);
			lock_release(&l->lock);
		}
		if (st == FH_EQUEUED) {
			wait_serve(l); /* memory may have come free between the two */
		}
	}
	if (st != FH_OK && refusal != NULL) {
		*refusal = why;
	}
	return st;
}
