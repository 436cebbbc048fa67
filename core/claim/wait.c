/* SPDX-License-Identifier: MIT */
/*
 * Sets that wait for memory, first come first served. One that waits has a slot, its terms and its holder's quota, but
 * is in no zone: nothing of it can be redeemed. A free or a release looks at the first in the queue only.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

bool wait_covers(const struct ledger *l, uint32_t leaves)
{
	if (queue_empty(&l->waiters)) {
		return false;
	}
	for (uint32_t left = leaves; left != 0U; left &= left - 1U) {
		if (l->waits[ctz64(left)] != 0U) {
			return true;
		}
	}
	return false;
}

static void count_leaves(struct ledger *l, const struct ledger_claim *c, bool more)
{
	for (uint32_t left = c->leaves; left != 0U; left &= left - 1U) {
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
			t->left = 0;
		}
	}
	c->version++;
	if (owner == DOMID_NONE) {
		leave_queue(l, c);
	}
}

/* The first that waits, as it was when its terms were copied. */
struct first {
	claim_handle_t h;
	uint32_t version;
	uint32_t nr;
	struct ledger_term terms[CLAIM_MAX_TERMS];
};

/* False: none waits. */
static bool copy_first(struct ledger *l, struct first *f)
{
	const struct ledger_claim *c;
	uint16_t last;
	bool some;

	lock_acquire(&l->lock);
	some = !queue_empty(&l->waiters);
	if (some) {
		c = &l->claims[l->waiters.first];
		f->h = (claim_handle_t){ l->waiters.first, c->gen };
		f->version = c->version;
		f->nr = terms_copy(l, c, f->terms, &last);
	}
	lock_release(&l->lock);
	return some;
}

/* The claim, if it still is the first and as it was; NULL: look again. */
static struct ledger_claim *still_first(struct ledger *l, const struct first *f)
{
	struct ledger_claim *c = claim_of(l, f->h);

	return c != NULL && l->waiters.first == f->h.slot && c->version == f->version ? c : NULL;
}

/* Admits it, if it fits now. False: it does not. */
static FH_NOINLINE bool admit_first(struct ledger *l, const struct first *f)
{
	struct ledger_claim *c;
	struct wave w;
	bool done;

	wave_start(&w);
	(void)terms_wave(l, &w, f->terms, f->nr, DOMID_NONE, -1);
	lock_acquire(&l->lock);
	c = still_first(l, f);
	done = c == NULL || wave_run(l->zones, &w);
	if (c != NULL && done) {
		leave_queue(l, c);
		c->serial = l->serial++;
		c->version++;
	}
	lock_release(&l->lock);
	return done;
}

/* Ends it, if it no longer fits even an empty pool: memory went bad, or a reserve grew. False: it does. */
static FH_NOINLINE bool end_first(struct ledger *l, const struct first *f)
{
	struct ledger_claim *c;
	struct wave w;

	wave_start(&w);
	(void)terms_wave(l, &w, f->terms, f->nr, DOMID_NONE, -1);
	lock_acquire(&l->lock);
	wave_add_whole(l, &w);
	lock_release(&l->lock);
	if (wave_fits_alone(l, &w)) {
		return false;
	}
	lock_acquire(&l->lock);
	c = still_first(l, f);
	if (c != NULL) {
		(void)claim_close(l, c, FH_EREVOKED);
		(void)claim_end_step(l, c); /* nothing of it was given, so one step ends it */
	}
	lock_release(&l->lock);
	return true;
}

void wait_serve(struct ledger *l)
{
	struct first f;

	while (copy_first(l, &f) && (admit_first(l, &f) || end_first(l, &f))) {
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
	struct term_chain ch;
	struct ledger_claim *c;
	fh_status st = set_prepare(l, holder, set, &ch, why);

	if (st != FH_OK) {
		return st;
	}
	lock_acquire(&l->lock);
	st = set_check_parties(l, holder, 0, set, why);
	if (st == FH_OK && l->nr_claims == FH_MAX_CLAIMS) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		*handle = claim_new(l, holder, &ch);
		account_of(l, holder)->outstanding += set->pages;
		c = &l->claims[handle->slot];
		c->waiting = true;
		c->deadline = deadline;
		c->leaves = (uint16_t)set->leaves;
		queue_put(l, &l->waiters, (uint16_t)handle->slot);
		count_leaves(l, c, true);
		st = FH_EQUEUED;
	} else {
		chain_give(l, &ch);
	}
	lock_release(&l->lock);
	return st;
}

/* Whether a set fits with all free. Not inlined: the wave has a frame of its own. */
static FH_NOINLINE bool set_feasible(struct ledger *l, const struct claim_set *set)
{
	struct wave w;

	set_wave(l, set, set->nr, &w);
	lock_acquire(&l->lock);
	wave_add_whole(l, &w);
	lock_release(&l->lock);
	return wave_fits_alone(l, &w);
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
			st = enqueue(l, holder, &set, deadline, handle, &why);
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
