/* SPDX-License-Identifier: MIT */
/* Staking, and what changes an admitted claim as a whole: replacing, handing over, running out. */
#include "core/claim/claim_internal.h"

/* Puts a prepared set into the ledger, whose wave was made; FH_ENOFIT is not explained yet. */
static fh_status admit(struct ledger *l, domid_t holder, const struct claim_set *set, struct wave *w,
		       const struct term_chain *ch, claim_handle_t *handle, struct claim_refusal *why)
{
	fh_status st = set_check_parties(l, holder, 0, set, why);

	if (st == FH_OK && l->nr_claims == FH_MAX_CLAIMS) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		st = set_check_queue(l, set, why);
	}
	if (st == FH_OK && !wave_run(l->zones, w)) {
		st = FH_ENOFIT;
	}
	if (st == FH_OK) {
		account_of(l, holder)->outstanding += set->pages;
		*handle = claim_new(l, holder, ch);
	} else {
		chain_give(l, ch);
	}
	return st;
}

/* Not inlined: the wave and the set are in frames of their own. */
static FH_NOINLINE fh_status stake(struct ledger *l, domid_t holder, const struct claim_set *set,
				   claim_handle_t *handle, struct claim_refusal *why)
{
	struct term_chain ch;
	struct wave w;
	fh_status st = set_prepare(l, holder, set, &ch, why);

	if (st == FH_OK) {
		set_wave(l, set, set->nr, &w);
		lock_acquire(&l->lock);
		st = admit(l, holder, set, &w, &ch, handle, why);
		lock_release(&l->lock);
	}
	return st;
}

/* What is asked for most, the short way: one term that fits. False: anything else, nothing is changed. */
static bool stake_one(struct ledger *l, domid_t holder, const struct claim_term t, claim_handle_t *handle)
{
	struct ledger_account *a;
	uint64_t pages;
	bool done = false;

	if (t.count - 1U >= BIT(40) || t.zone >= l->pool.nr_zones || t.order > l->zones[t.zone].max_order) {
		return false;
	}
	pages = t.count << t.order;
	lock_acquire(&l->lock);
	a = account_live(l, holder);
	if (a != NULL && domain_lives(l, t.owner) && account_room(a, 0) >= pages && !queue_empty(&l->unused) &&
	    l->nr_terms_free != 0U && queue_empty(&l->waiters) && claim_try(l, t.zone, t.order, (int64_t)t.count)) {
		a->outstanding += pages;
		*handle = claim_new_one(l, holder, &t);
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
	if (terms != NULL && nr == 1U && stake_one(l, holder, *terms, handle)) {
		return FH_OK;
	}
	return stake_set(l, holder, terms, nr, handle, refusal);
}

/* What takes the place of a claim's terms: made up without the lock, and put in if the claim is what it was then. */
struct exchange {
	claim_handle_t h;
	uint32_t version;
	domid_t owner;
	uint16_t last;  /* of the claim's terms */
	uint64_t pages; /* that are given up */
	uint32_t nr;
	struct ledger_term terms[CLAIM_MAX_TERMS];
};

static fh_status find_unchanged(struct ledger *l, const struct exchange *x, struct ledger_claim **c)
{
	*c = claim_of(l, x->h);
	if (*c == NULL) {
		return claim_gone(l, x->h);
	}
	if ((*c)->waiting) {
		return FH_EBUSY;
	}
	return (*c)->version == x->version ? FH_OK : FH_ESTALE;
}

static fh_status copy_old(struct ledger *l, struct exchange *x)
{
	struct ledger_claim *c;
	fh_status st;

	lock_acquire(&l->lock);
	st = find_unchanged(l, x, &c);
	if (st == FH_OK) {
		x->nr = terms_copy(l, c, x->terms, &x->last);
	}
	lock_release(&l->lock);
	return st;
}

/* The place for a new term: one that it joins, an empty one, or behind the others. */
static struct ledger_term *place_for(struct exchange *x, const struct claim_term *new)
{
	struct ledger_term *empty = NULL;

	for (struct ledger_term *t = x->terms; t < x->terms + x->nr; t++) {
		if (t->zone == new->zone && t->order == new->order && t->owner == new->owner) {
			return t;
		}
		if (t->count == 0U && empty == NULL) {
			empty = t;
		}
	}
	if (empty == NULL) {
		empty = &x->terms[x->nr++];
		empty->count = 0;
		empty->left = 0;
	}
	return empty;
}

static void make_new(struct exchange *x, const struct claim_set *new)
{
	for (uint32_t i = 0; i < x->nr; i++) {
		struct ledger_term *t = &x->terms[i];

		if (t->owner == x->owner) {
			t->count -= t->left;
			t->left = 0;
		}
	}
	for (const struct claim_term *from = new->terms; from < new->terms + new->nr; from++) {
		struct ledger_term *t = place_for(x, from);

		t->zone = from->zone;
		t->order = from->order;
		t->owner = from->owner;
		t->count += from->count;
		t->left += from->count;
	}
}

/* Takes terms for what was made up, and fills them. many: the new terms and the old ones are too many in any case. */
static fh_status take_new(struct ledger *l, const struct exchange *x, const struct claim_set *new, bool many,
			  struct term_chain *ch, struct claim_refusal *why)
{
	struct ledger_claim *c;
	fh_status st;

	lock_acquire(&l->lock);
	st = find_unchanged(l, x, &c);
	if (st == FH_OK) {
		st = set_check_parties(l, c->holder, x->pages, new, why);
	}
	if (st == FH_OK && (many || l->nr_terms_free < x->nr)) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		chain_take(l, ch, x->nr);
	}
	lock_release(&l->lock);
	if (st != FH_OK) {
		return st;
	}
	for (uint32_t i = 0, at = ch->first; i < x->nr; i++, at = l->terms[at].next) {
		const uint16_t next = l->terms[at].next;

		l->terms[at] = x->terms[i];
		l->terms[at].next = next;
	}
	return FH_OK;
}

static fh_status put_in(struct ledger *l, const struct exchange *x, const struct claim_set *new, struct wave *w,
			const struct term_chain *ch, struct claim_refusal *why)
{
	struct ledger_claim *c;
	fh_status st;

	lock_acquire(&l->lock);
	st = find_unchanged(l, x, &c);
	if (st == FH_OK) {
		st = set_check_parties(l, c->holder, x->pages, new, why);
	}
	if (st == FH_OK) {
		st = set_check_queue(l, new, why);
	}
	if (st == FH_OK && !wave_run(l->zones, w)) {
		st = FH_ENOFIT;
	}
	if (st == FH_OK) {
		chain_swap(l, c, ch, x->last);
		account_of(l, c->holder)->outstanding += new->pages - x->pages;
		c->version++;
	} else {
		chain_give(l, ch);
	}
	lock_release(&l->lock);
	return st;
}

/* Not inlined, nor the next: the wave, the terms and the set are in frames of their own. */
static FH_NOINLINE fh_status exchange(struct ledger *l, struct exchange *x, const struct claim_set *set,
				      struct claim_refusal *why)
{
	const bool many = x->nr + set->nr > CLAIM_MAX_TERMS;
	struct term_chain ch;
	struct wave w;
	fh_status st;

	set_wave(l, set, set->nr, &w);
	x->pages = terms_wave(l, &w, x->terms, x->nr, x->owner, 1);
	if (!many) {
		make_new(x, set);
	}
	st = take_new(l, x, set, many, &ch, why);
	return st == FH_OK ? put_in(l, x, set, &w, &ch, why) : st;
}

static FH_NOINLINE fh_status replace(struct ledger *l, claim_handle_t h, domid_t owner, uint32_t version,
				     const struct claim_set *set, struct claim_refusal *why)
{
	struct exchange x;
	fh_status st;

	x.h = h;
	x.owner = owner;
	x.version = version;
	st = copy_old(l, &x);
	return st == FH_OK ? exchange(l, &x, set, why) : st;
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
		st = replace(l, h, owner, version, &set, &why);
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
