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

static const struct claim_set none;

static fh_status admit(struct ledger *l, domid_t holder, const struct claim_set *set, struct claim_refusal *why)
{
	fh_status st = set_check_parties(l, holder, 0, set, why);

	if (st == FH_OK && (l->nr_claims == FH_MAX_CLAIMS || l->nr_terms_free < set->nr)) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		st = check_queue(l, set, why);
	}
	return st == FH_OK ? set_admit(l, &none, set) : st;
}

fh_status claim_stake(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
		      claim_handle_t *handle, struct claim_refusal *refusal)
{
	struct claim_refusal why = { 0 };
	struct claim_set set;
	fh_status st = set_make(l, terms, nr, &set, &why);

	if (st == FH_OK) {
		lock_acquire(&l->lock);
		st = admit(l, holder, &set, &why);
		if (st == FH_OK) {
			account_of(l, holder)->outstanding += set.pages;
			*handle = claim_new(l, holder, set.terms, set.nr);
		}
		lock_release(&l->lock);
	}
	if (st != FH_OK && refusal != NULL) {
		if (st == FH_ENOFIT) {
			set_explain(l, &(struct asked){ .set = &set, .owner = DOMID_NONE }, &why);
		}
		*refusal = why;
	}
	return st;
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

void set_replaced(struct ledger *l, const struct asked *a, struct claim_set *old)
{
	const struct ledger_claim *c = a->owner == DOMID_NONE ? NULL : claim_of(l, a->h);

	old->nr = 0;
	old->pages = 0;
	for (uint16_t at = c == NULL ? LEDGER_NO_TERM : c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		const struct ledger_term *t = &l->terms[at];

		if (t->owner == a->owner && t->left != 0U) {
			old->terms[old->nr++] = (struct claim_term){ t->zone, t->order, t->owner, t->left };
			old->pages += t->left << t->order;
		}
	}
}

static void drop_left(struct ledger *l, const struct ledger_claim *c, domid_t owner)
{
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		struct ledger_term *t = &l->terms[at];

		if (t->owner == owner) {
			t->count -= t->left;
			t->left = 0;
		}
	}
}

static fh_status replace(struct ledger *l, struct ledger_claim *c, const struct asked *a, struct claim_refusal *why)
{
	const struct claim_set *new = a->set;
	struct claim_set old;
	fh_status st;

	set_replaced(l, a, &old);
	st = set_check_parties(l, c->holder, old.pages, new, why);
	if (st == FH_OK && (c->nr + new->nr > CLAIM_MAX_TERMS || l->nr_terms_free < new->nr)) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		st = check_queue(l, new, why);
	}
	if (st == FH_OK) {
		st = set_admit(l, &old, new);
	}
	if (st != FH_OK) {
		return st;
	}
	drop_left(l, c, a->owner);
	for (uint32_t i = 0; i < new->nr; i++) {
		add_term(l, c, &new->terms[i]);
	}
	account_of(l, c->holder)->outstanding += new->pages - old.pages;
	c->version++;
	return FH_OK;
}

fh_status claim_replace(struct ledger *l, claim_handle_t h, domid_t owner, uint32_t version,
			const struct claim_term *terms, uint32_t nr, struct claim_refusal *refusal)
{
	struct claim_refusal why = { 0 };
	struct claim_set set;
	const struct asked a = { &set, h, owner };
	struct ledger_claim *c;
	fh_status st = set_make(l, terms, nr, &set, &why);

	for (uint32_t i = 0; i < set.nr && st == FH_OK; i++) {
		if (set.terms[i].owner != owner) {
			why.term = set.place[i];
			st = FH_EINVAL;
		}
	}
	if (st == FH_OK) {
		lock_acquire(&l->lock);
		c = claim_of(l, h);
		if (c == NULL) {
			st = claim_gone(l, h);
		} else if (c->waiting) {
			st = FH_EBUSY;
		} else {
			st = c->version != version ? FH_ESTALE : replace(l, c, &a, &why);
		}
		lock_release(&l->lock);
	}
	if (st == FH_OK) {
		wait_serve(l);
	} else if (refusal != NULL) {
		if (st == FH_ENOFIT) {
			set_explain(l, &a, &why);
		}
		*refusal = why;
	}
	return st;
}
