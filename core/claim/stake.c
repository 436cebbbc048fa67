/* SPDX-License-Identifier: MIT */
/* Staking, and what changes an admitted claim as a whole: replacing, handing over, running out. */
#include "core/claim/claim_internal.h"

/* Whether a set waits for what this one asks of: the first term that does, in why. */
static fh_status check_queue(const struct ledger *l, const struct claim_set *set, struct claim_refusal *why)
{
	if (queue_empty(&l->waiters)) {
		return FH_OK;
	}
	for (uint32_t i = 0; i < set->nr; i++) {
		if (wait_covers(l, set->terms[i].zone)) {
			why->term = set->place[i];
			return FH_EQUEUED;
		}
	}
	return FH_OK;
}

/* Puts a set into the ledger, whose wave was made; FH_ENOFIT is not explained yet. */
static fh_status admit(struct ledger *l, domid_t holder, const struct claim_set *set, struct wave *w,
		       claim_handle_t *handle, struct claim_refusal *why)
{
	fh_status st = set_check_parties(l, holder, 0, set, why);

	if (st == FH_OK && (l->nr_claims == FH_MAX_CLAIMS || l->nr_terms_free < set->nr)) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		st = check_queue(l, set, why);
	}
	if (st == FH_OK && !set_admit(l, set, w)) {
		st = FH_ENOFIT;
	}
	if (st == FH_OK) {
		account_of(l, holder)->outstanding += set->pages;
		*handle = claim_new(l, holder, set->terms, set->nr);
	}
	return st;
}

/* Not inlined: the wave and the set are in frames of their own. */
static FH_NOINLINE fh_status stake(struct ledger *l, domid_t holder, const struct claim_set *set,
				   claim_handle_t *handle, struct claim_refusal *why)
{
	struct wave w;
	fh_status st;

	set_wave(l, set, set->nr, &w);
	lock_acquire(&l->lock);
	st = admit(l, holder, set, &w, handle, why);
	lock_release(&l->lock);
	return st;
}

/* What is asked for most, the short way: one term that fits. False: anything else, nothing is changed. */
static bool stake_one(struct ledger *l, domid_t holder, const struct claim_term *t, claim_handle_t *handle)
{
	struct ledger_account *a;
	uint64_t pages;
	bool done = false;

	if (set_check_term(l, t) != FH_OK || t->count >> 40 != 0U) {
		return false;
	}
	pages = t->count << t->order;
	lock_acquire(&l->lock);
	a = account_live(l, holder);
	if (a != NULL && account_live(l, t->owner) != NULL && account_room(a, 0) >= pages &&
	    l->nr_claims != FH_MAX_CLAIMS && l->nr_terms_free != 0U && queue_empty(&l->waiters) &&
	    claim_try(l, t->zone, t->order, (int64_t)t->count)) {
		a->outstanding += pages;
		*handle = claim_new(l, holder, t, 1);
		done = true;
	}
	lock_release(&l->lock);
	return done;
}

static FH_NOINLINE fh_status stake_set(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
				       claim_handle_t *handle, struct claim_refusal *refusal)
{
	struct claim_refusal why = { 0 };
	struct claim_set set;
	fh_status st = set_make(l, terms, nr, &set, &why);

	if (st == FH_OK) {
		st = stake(l, holder, &set, handle, &why);
	}
	if (st == FH_OK || refusal == NULL) {
		return st;
	}
	if (st == FH_ENOFIT) {
		set_explain(l, &set, NULL, DOMID_NONE, &why);
	}
	*refusal = why;
	return st;
}

fh_status claim_stake(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
		      claim_handle_t *handle, struct claim_refusal *refusal)
{
	if (terms != NULL && nr == 1U && stake_one(l, holder, terms, handle)) {
		return FH_OK;
	}
	return stake_set(l, holder, terms, nr, handle, refusal);
}

/* The place for a new term of a claim: one that it joins, an empty one, or NULL: behind the others. */
static struct ledger_term *place_for(struct ledger *l, const struct ledger_claim *c, const struct claim_term *new)
{
	struct ledger_term *empty = NULL;

	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		struct ledger_term *t = &l->terms[at];

		if (t->zone == new->zone && t->order == new->order && t->owner == new->owner) {
			return t;
		}
		if (t->count == 0U && empty == NULL) {
			empty = t;
		}
	}
	return empty;
}

static void add_term(struct ledger *l, struct ledger_claim *c, const struct claim_term *new)
{
	struct ledger_term *t = place_for(l, c, new);

	if (t == NULL) {
		claim_append(l, c, new);
		return;
	}
	t->zone = new->zone;
	t->order = new->order;
	t->owner = new->owner;
	t->count += new->count;
	t->left += new->count;
}

static void drop_left(struct ledger *l, const struct ledger_claim *c, domid_t owner)
{
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		struct ledger_term *t = &l->terms[at];

		if (t->owner == owner) {
			l->zones[t->zone].claimed[t->order] -= t->left;
			t->count -= t->left;
			t->left = 0;
		}
	}
}

static fh_status replace(struct ledger *l, struct ledger_claim *c, domid_t owner, const struct claim_set *new,
			 struct wave *w, struct claim_refusal *why)
{
	const uint64_t pages = set_old_terms(l, c, owner, w);
	fh_status st = set_check_parties(l, c->holder, pages, new, why);

	if (st == FH_OK && (c->nr + new->nr > CLAIM_MAX_TERMS || l->nr_terms_free < new->nr)) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		st = check_queue(l, new, why);
	}
	if (st == FH_OK && !wave_run(l, w)) {
		st = FH_ENOFIT;
	}
	if (st != FH_OK) {
		return st;
	}
	drop_left(l, c, owner);
	for (uint32_t i = 0; i < new->nr; i++) {
		add_term(l, c, &new->terms[i]);
		l->zones[new->terms[i].zone].claimed[new->terms[i].order] += new->terms[i].count;
	}
	account_of(l, c->holder)->outstanding += new->pages - pages;
	c->version++;
	return FH_OK;
}

static FH_NOINLINE fh_status replace_locked(struct ledger *l, claim_handle_t h, domid_t owner, uint32_t version,
					    const struct claim_set *set, struct claim_refusal *why)
{
	struct ledger_claim *c;
	struct wave w;
	fh_status st;

	set_wave(l, set, set->nr, &w);
	lock_acquire(&l->lock);
	c = claim_of(l, h);
	if (c == NULL) {
		st = claim_gone(l, h);
	} else if (c->waiting) {
		st = FH_EBUSY;
	} else {
		st = c->version != version ? FH_ESTALE : replace(l, c, owner, set, &w, why);
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_replace(struct ledger *l, claim_handle_t h, domid_t owner, uint32_t version,
			const struct claim_term *terms, uint32_t nr, struct claim_refusal *refusal)
{
	struct claim_refusal why = { 0 };
	struct claim_set set;
	fh_status st = set_make(l, terms, nr, &set, &why);

	for (uint32_t i = 0; i < set.nr && st == FH_OK; i++) {
		if (set.terms[i].owner != owner) {
			why.term = set.place[i];
			st = FH_EINVAL;
		}
	}
	if (st == FH_OK) {
		st = replace_locked(l, h, owner, version, &set, &why);
	}
	if (st == FH_OK) {
		wait_serve(l);
		return FH_OK;
	}
	if (refusal != NULL) {
		if (st == FH_ENOFIT) {
			set_explain(l, &set, &h, owner, &why);
		}
		*refusal = why;
	}
	return st;
}
