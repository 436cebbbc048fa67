/* SPDX-License-Identifier: MIT */
/* A claim's life after it was admitted: blocks are redeemed, given back into it, or given up. */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

fh_status claim_redeem_upto(struct ledger *l, claim_handle_t h, uint32_t term, uint8_t max_order,
			    struct claim_block *out)
{
	struct wave w = { 0 };
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = term_of(l, h, term, &c, &t);
	if (st == FH_OK && t->left == 0U) {
		st = FH_EBUSY;
	}
	if (st == FH_OK) {
		const unsigned int most = MIN(l->pool.zones[t->zone].max_order, t->order + ilog2(t->left));
		const uint8_t k = admit_upto(l, t->zone, t->order, (uint8_t)MIN(most, max_order));
		const uint64_t n = BIT(k - t->order);

		if (k != t->order) {
			wave_claim(l, &w, t->zone, t->order, -(int64_t)n);
			wave_claim(l, &w, t->zone, k, 1);
		}
		*out = block_take(l, &w, t->zone, k, t->owner, c->holder);
		t->left -= n;
		POOL_ASSERT(account_of(l, c->holder)->outstanding >= BIT(k));
		account_of(l, c->holder)->outstanding -= BIT(k);
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
	if (b->order < t->order || b->payer != c->holder || !zone_holds(l, t->zone, b->zone)) {
		return FH_EINVAL;
	}
	return t->count - t->left < BIT(b->order - t->order) ? FH_EOVERFLOW : FH_OK;
}

fh_status claim_unredeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b)
{
	struct wave w = { 0 };
	struct pool_owned found;
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = term_of(l, h, term, &c, &t);
	if (st == FH_OK) {
		st = pool_find_owned(&l->pool, t->owner, b.base, b.order, &found);
	}
	if (st == FH_OK) {
		st = check_return(l, c, t, &found);
	}
	if (st == FH_OK) {
		const uint64_t n = BIT(b.order - t->order);

		block_put(l, &w, &found);
		wave_claim(l, &w, t->zone, t->order, (int64_t)n);
		wave_check(l, &w);
		t->left += n;
		account_of(l, c->holder)->outstanding += BIT(b.order);
	}
	lock_release(&l->lock);
	return st;
}

/* Gives up n of what is left of a term. */
static void give_up(struct ledger *l, struct wave *w, const struct ledger_claim *c, struct ledger_term *t, uint64_t n)
{
	struct ledger_account *a = account_of(l, c->holder);

	if (n == 0U) {
		return;
	}
	POOL_ASSERT(n <= t->left && a->outstanding >= n << t->order);
	wave_claim(l, w, t->zone, t->order, -(int64_t)n);
	t->left -= n;
	t->count -= n;
	a->outstanding -= n << t->order;
}

/* Gives up what is left of a claim's terms: of all owners (DOMID_NONE), or of one. */
static void give_up_all(struct ledger *l, const struct ledger_claim *c, domid_t owner)
{
	struct wave w = { 0 };

	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		if (owner == DOMID_NONE || l->terms[at].owner == owner) {
			give_up(l, &w, c, &l->terms[at], l->terms[at].left);
		}
	}
	wave_check(l, &w);
}

fh_status claim_release(struct ledger *l, claim_handle_t h)
{
	struct ledger_claim *c;

	lock_acquire(&l->lock);
	c = claim_of(l, h);
	if (c != NULL) {
		give_up_all(l, c, DOMID_NONE);
		claim_drop(l, c);
	}
	lock_release(&l->lock);
	return c != NULL ? FH_OK : FH_ESTALE;
}

fh_status claim_release_part(struct ledger *l, claim_handle_t h, uint32_t term, uint64_t count)
{
	struct wave w = { 0 };
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = term_of(l, h, term, &c, &t);
	if (st == FH_OK && count > t->left) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		give_up(l, &w, c, t, count);
		wave_check(l, &w);
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_domain_died(struct ledger *l, domid_t dom)
{
	struct ledger_account *a;

	lock_acquire(&l->lock);
	a = dom == DOMID_HYP ? NULL : account_live(l, dom);
	if (a != NULL) {
		a->live = false; /* nothing more is admitted for it, so that one pass finds all */
	}
	lock_release(&l->lock);
	if (a == NULL) {
		return FH_ENOENT;
	}
	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		struct ledger_claim *c = &l->claims[i];

		lock_acquire(&l->lock);
		if (c->holder != DOMID_NONE) {
			give_up_all(l, c, c->holder == dom ? DOMID_NONE : dom);
			if (c->holder == dom) {
				claim_drop(l, c);
			}
		}
		lock_release(&l->lock);
	}
	return FH_OK;
}
