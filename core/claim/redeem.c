/* SPDX-License-Identifier: MIT */
/* A claim's life after it was admitted: blocks are redeemed, given back into it, or given up. */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

/* The order that a block of a term may have: its own while a set waits for that memory. */
static uint8_t larger_allowed(const struct ledger *l, const struct ledger_term *t, uint8_t max)
{
	if (max <= t->order || wait_covers(l, l->zones[t->zone].leaves)) {
		return t->order;
	}
	return admit_upto(l, t->zone, t->order, max);
}

/* One block of a term's; the lock is held, and released. */
static fh_status redeem(struct ledger *l, struct ledger_claim *c, struct ledger_term *t, uint8_t max_order,
			struct claim_block *out)
{
	fh_status st = FH_EBUSY;
	struct ledger_account *a;

	if (t->left != 0U && !c->waiting) {
		const unsigned int most = MIN(l->zones[t->zone].max_order, t->order + ilog2(t->left));
		const uint8_t k = larger_allowed(l, t, (uint8_t)MIN(most, max_order));
		const uint64_t n = BIT(k - t->order);

		*out = block_take(l, t->zone, k, t->order, t->owner, c->holder);
		t->left -= n;
		c->version++;
		a = account_of(l, c->holder);
		POOL_ASSERT(a->outstanding >= BIT(k));
		a->outstanding -= BIT(k);
		scrub_unlock(l, out);
		return FH_OK;
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_redeem_upto(struct ledger *l, claim_handle_t h, uint32_t term, uint8_t max_order,
			    struct claim_block *out)
{
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = term_of(l, h, term, &c, &t);
	if (st == FH_OK) {
		return redeem(l, c, t, max_order, out);
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_redeem_own(struct ledger *l, domid_t holder, claim_handle_t h, uint8_t max_order,
			   struct claim_block *out)
{
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	c = claim_of(l, h);
	if (c == NULL || c->holder != holder) {
		st = c == NULL ? claim_gone(l, h) : FH_ESTALE;
	} else {
		t = &l->terms[c->first];
		if (t->owner == holder && t->order <= max_order) {
			return redeem(l, c, t, max_order, out);
		}
		st = t->owner == holder ? FH_EINVAL : FH_ESTALE;
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_redeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block *out)
{
	return claim_redeem_upto(l, h, term, 0, out);
}

/* Whether a block may go back into a term of a claim. */
static fh_status check_return(const struct ledger *l, const struct ledger_claim *c, const struct ledger_term *t,
			      const struct pool_owned *b)
{
	if (c->waiting) {
		return FH_EBUSY; /* nothing of it was ever redeemed */
	}
	if (!domain_lives(l, t->owner)) {
		return FH_ENOENT; /* a pass gave up all that was outstanding for it: nothing may be again */
	}
	if (b->bad != 0U) {
		return FH_EREVOKED;
	}
	if (b->order < t->order || b->payer != c->holder || !zone_holds(l, t->zone, b->zone)) {
		return FH_EINVAL;
	}
	return t->count - t->left < BIT(b->order - t->order) ? FH_EOVERFLOW : FH_OK;
}

/* The term that a block may go back into; the lock is held. */
static fh_status find_return(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b,
			     struct pool_owned *found, struct ledger_claim **c, struct ledger_term **t)
{
	fh_status st = term_of(l, h, term, c, t);

	if (st == FH_OK) {
		st = pool_find_owned(&l->pool, (*t)->owner, b.base, b.order, found);
	}
	return st == FH_OK ? check_return(l, *c, *t, found) : st;
}

fh_status claim_may_unredeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b)
{
	struct pool_owned found;
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = find_return(l, h, term, b, &found, &c, &t);
	lock_release(&l->lock);
	return st;
}

static fh_status unredeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b, bool touched)
{
	struct pool_owned found;
	struct change x;
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = find_return(l, h, term, b, &found, &c, &t);
	if (st == FH_OK) {
		const uint64_t n = BIT(b.order - t->order);

		block_put(l, &x, &found, touched);
		(void)change_run(l, found.zone, t->zone, &x);
		if (x.lo != t->order || n != 1U || !unpay(&l->zones[t->zone], &x)) {
			change_add(&x, t->order, -(int64_t)n);
			change_check(l, t->zone, &x);
		}
		t->left += n;
		c->version++;
		account_of(l, c->holder)->outstanding += BIT(b.order);
	}
	wait_unlock(l);
	return st;
}

fh_status claim_unredeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b)
{
	return unredeem(l, h, term, b, true);
}

fh_status claim_unredeem_untouched(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b)
{
	return unredeem(l, h, term, b, false);
}

/* Gives up n blocks of what is left of a term. */
static void give_up(struct ledger *l, const struct ledger_claim *c, struct ledger_term *t, uint64_t n)
{
	struct ledger_account *a = account_of(l, c->holder);

	POOL_ASSERT(n <= t->left && a->outstanding >= n << t->order);
	t->left -= n;
	t->count -= n;
	a->outstanding -= n << t->order;
	(void)claim_many(l, t->zone, t->order, -(int64_t)n); /* where admission held, it does still */
}

bool claim_end_step(struct ledger *l, struct ledger_claim *c)
{
	uint64_t given = 0;

	if (c->waiting) {
		wait_cancel(l, c, DOMID_NONE);
	}
	while (c->first != LEDGER_NO_TERM && given == 0U) {
		struct ledger_term *t = &l->terms[c->first];

		given = t->left;
		if (given != 0U) {
			give_up(l, c, t, given);
		}
		claim_drop_first(l, c);
	}
	if (c->first != LEDGER_NO_TERM) {
		return false;
	}
	claim_drop(l, c);
	return true;
}

void claim_end(struct ledger *l, claim_handle_t closed)
{
	struct ledger_claim *c;
	bool more = true;

	while (more) {
		lock_acquire(&l->lock);
		c = claim_of(l, closed); /* NULL: quarantine or the holder's death was quicker */
		more = c != NULL && !claim_end_step(l, c);
		lock_release(&l->lock);
	}
}

fh_status claim_release(struct ledger *l, claim_handle_t h)
{
	struct ledger_claim *c;
	bool more = false;
	fh_status st = FH_OK;

	lock_acquire(&l->lock);
	c = claim_of(l, h);
	if (c != NULL) {
		h = claim_close(l, c, FH_ESTALE);
		more = !claim_end_step(l, c);
	} else {
		st = claim_gone(l, h);
	}
	if (more) {
		lock_release(&l->lock);
		claim_end(l, h);
		wait_serve(l);
	} else {
		wait_unlock(l);
	}
	return st;
}

fh_status claim_release_part(struct ledger *l, claim_handle_t h, uint32_t term, uint64_t count)
{
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = term_of(l, h, term, &c, &t);
	if (st == FH_OK && (count > t->left || (c->waiting && count != 0U))) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		give_up(l, c, t, count);
		c->version++;
	}
	wait_unlock(l);
	return st;
}

/* Gives up what a dead domain would have owned of a claim, one term a call. True: there is no more. */
static bool bury_terms(struct ledger *l, struct ledger_claim *c, domid_t dom)
{
	if (c->waiting) {
		wait_cancel(l, c, dom);
		return true;
	}
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		struct ledger_term *t = &l->terms[at];

		if (t->owner == dom && t->left != 0U) {
			give_up(l, c, t, t->left);
			c->version++;
			return false;
		}
	}
	return true;
}

/* What a dead domain held or would have owned of one claim, in steps. */
static void bury(struct ledger *l, struct ledger_claim *c, domid_t dom)
{
	claim_handle_t closed = { 0, 0 };
	bool held = false;
	bool more = true;

	while (more && !held) {
		lock_acquire(&l->lock);
		held = c->holder == dom;
		if (held) {
			closed = claim_close(l, c, FH_ESTALE);
			more = !claim_end_step(l, c);
		} else {
			more = c->holder != DOMID_NONE && !bury_terms(l, c, dom);
		}
		lock_release(&l->lock);
	}
	if (more) {
		claim_end(l, closed);
	}
}

fh_status claim_domain_died(struct ledger *l, domid_t dom)
{
	bool lived;

	lock_acquire(&l->lock);
	lived = dom != DOMID_HYP && domain_lives(l, dom);
	if (lived) {
		l->live &= ~BIT(dom); /* nothing more is admitted for it, so that one pass finds all */
	}
	lock_release(&l->lock);
	if (!lived) {
		return FH_ENOENT;
	}
	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		bury(l, &l->claims[i], dom);
	}
	wait_serve(l);
	return FH_OK;
}
