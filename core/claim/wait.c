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
	for (uint32_t left = l->zones[zone].leaves; left != 0U; left &= left - 1U) {
		if (l->waits[ctz64(left)] != 0U) {
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
		leaves |= l->zones[l->terms[at].zone].leaves;
	}
	return leaves;
}

static void count_leaves(struct ledger *l, const struct ledger_claim *c, bool more)
{
	for (uint32_t left = leaves_of(l, c); left != 0U; left &= left - 1U) {
		uint16_t *waits = &l->waits[ctz64(left)];

		POOL_ASSERT(more || *waits != 0U);
		*waits = (uint16_t)(more ? *waits + 1U : *waits - 1U);
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

/* Puts into a wave what a claim waits for. */
static void make_wave(const struct ledger *l, const struct ledger_claim *c, struct wave *w)
{
	w->zones = 0;
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		wave_add(w, l->terms[at].zone, l->terms[at].order, -(int64_t)l->terms[at].count);
	}
}

/* What a zone is worth in blocks of each order with all good memory free and only a change and its reserve claimed. */
static void worth_empty(const struct ledger *l, uint32_t zone, const struct change *c, int64_t s[POOL_ORDERS])
{
	int64_t n = 0;

	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		n = 2 * n + (c != NULL && k >= c->lo && k <= c->hi ? c->d[k] : 0);
		s[k] = n + (int64_t)l->pool.zones[zone].whole[k];
	}
	s[0] -= (int64_t)l->zones[zone].reserve;
}

/*
 * Whether a wave fits into all good memory, nothing owned and nothing else claimed but the reserves. The arithmetic is
 * that of docs/claims.md, by what is worth what, in the scratch of the ledger.
 */
static bool fits_empty(struct ledger *l, const struct wave *w)
{
	int64_t(*s)[POOL_ORDERS + 1U] = l->scratch;

	for (uint32_t z = 0; z < l->pool.nr_zones; z++) {
		worth_empty(l, z, (w->zones & BIT(z)) != 0U ? &w->of[z] : NULL, s[z]);
	}
	for (uint32_t z = l->pool.nr_zones; z-- != 0U;) { /* children first */
		const uint32_t up = l->zones[z].parent;
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

/* Admits the first that waits, if it fits now. */
static bool serve_one(struct ledger *l)
{
	struct ledger_claim *c;
	struct wave w;

	if (queue_empty(&l->waiters)) {
		return false;
	}
	c = &l->claims[l->waiters.first];
	make_wave(l, c, &w);
	if (!wave_run(l, &w)) {
		return false;
	}
	leave_queue(l, c);
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		struct ledger_term *t = &l->terms[at];

		t->left = t->count;
		l->zones[t->zone].claimed[t->order] += t->count;
	}
	c->serial = l->serial++;
	c->version++;
	return true;
}

/* Ends the first that waits, if it no longer fits even an empty pool: memory went bad, or a reserve grew. */
static bool end_one(struct ledger *l)
{
	struct ledger_claim *c;
	struct wave w;

	if (queue_empty(&l->waiters)) {
		return false;
	}
	c = &l->claims[l->waiters.first];
	make_wave(l, c, &w);
	if (fits_empty(l, &w)) {
		return false;
	}
	(void)claim_close(l, c, FH_EREVOKED);
	return claim_end_step(l, c); /* nothing of it was given, so one step ends it */
}

void wait_serve(struct ledger *l)
{
	bool more = true;

	while (more) {
		lock_acquire(&l->lock);
		more = serve_one(l);
		lock_release(&l->lock);
		if (!more) {
			lock_acquire(&l->lock);
			more = end_one(l);
			lock_release(&l->lock);
		}
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

/* Not inlined: the wave has a frame of its own. */
static FH_NOINLINE bool set_feasible(struct ledger *l, const struct claim_set *set)
{
	struct wave w;
	bool fits;

	set_wave(l, set, set->nr, &w);
	lock_acquire(&l->lock);
	fits = fits_empty(l, &w);
	lock_release(&l->lock);
	return fits;
}

/* Not inlined: a set takes 2 KiB of a stack. */
FH_NOINLINE fh_status claim_stake_wait(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
				       uint64_t deadline, claim_handle_t *handle, struct claim_refusal *refusal)
{
	struct claim_refusal why = { 0 };
	struct claim_set set;
	fh_status st = claim_stake(l, holder, terms, nr, handle, &why);

	if (st == FH_ENOFIT || st == FH_EQUEUED) {
		st = set_make(l, terms, nr, &set, &why);
		if (st == FH_OK && !set_feasible(l, &set)) {
			st = FH_ENOFIT;
		}
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
