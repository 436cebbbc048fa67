/* SPDX-License-Identifier: MIT */
/*
 * Blocks out of zones and back.
 *
 * Where a zone has children, a block of order j comes from the child with the smallest k >= j of which it has a block
 * to give (r[k] > 2 r[k+1]), the first in configuration order among equals; in the leaf the smallest free block that
 * holds one is split. Then all other claims can still be met (docs/claims.md has the argument), so that taking what
 * was claimed never fails.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

static uint8_t choose_child(const struct ledger *l, uint8_t zone, uint8_t order)
{
	uint32_t left = l->zones[zone].children;
	uint8_t best = POOL_NO_ZONE;
	unsigned int best_order = POOL_ORDERS;

	for (; left != 0U; left &= left - 1U) {
		const uint8_t child = (uint8_t)ctz64(left);
		const uint32_t mask = l->zones[child].rmask >> order;

		if (mask != 0U && ctz64(mask) < best_order) {
			best_order = ctz64(mask);
			best = child;
		}
	}
	POOL_ASSERT(best != POOL_NO_ZONE);
	return best;
}

struct claim_block block_take(struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, domid_t owner,
			      domid_t payer)
{
	uint8_t leaf = zone;
	uint64_t pfn;
	uint8_t split;

	while (l->zones[leaf].children != 0U) {
		leaf = choose_child(l, leaf, order);
	}
	pfn = pool_take(&l->pool, leaf, order, owner, payer, &split);
	if (leaf == zone) {
		l->zones[zone].claimed[order]--; /* claim and block cancel out up to the order itself */
	} else {
		wave_blocks(l, w, leaf, order, -1);
		wave_claim(l, w, zone, order, -1);
	}
	wave_step(l, w, leaf, order + 1U, split, -1);
	wave_check(l, w);
	account_of(l, owner)->owned += BIT(order);
	account_of(l, payer)->paid += BIT(order);
	return (struct claim_block){ .base = pa(pfn << PAGE_SHIFT), .order = order, .dirty = true };
}

void block_put(struct ledger *l, struct wave *w, const struct pool_owned *b, bool touched)
{
	struct ledger_account *owner = account_of(l, b->owner);
	struct ledger_account *payer = account_of(l, b->payer);
	const uint8_t merged = pool_put(&l->pool, b);

	POOL_ASSERT(owner->owned >= BIT(b->order) && payer->paid >= BIT(b->order));
	if (touched) {
		pool_set_dirty(&l->pool, b->pfn, b->order, true);
	}
	l->scrub_more = true; /* untouched, it may still be dirty from before it was taken: the search passed it by */
	owner->owned -= BIT(b->order);
	payer->paid -= BIT(b->order);
	wave_freed(l, w, b->zone, b->order, merged);
	if (b->bad != 0U) {
		quarantine_page(l, w, b->pfn + b->bad - 1U);
	}
}

fh_status claim_free(struct ledger *l, domid_t owner, struct claim_block b)
{
	struct wave w = { 0 };
	struct pool_owned found;
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_find_owned(&l->pool, owner, b.base, b.order, &found);
	if (st == FH_OK) {
		block_put(l, &w, &found, true);
		wave_check(l, &w);
	}
	wait_unlock(l);
	return st;
}

fh_status claim_split_owned(struct ledger *l, domid_t owner, struct claim_block b, uint8_t to)
{
	struct pool_owned found;
	fh_status st;

	if (to > b.order || b.order > POOL_MAX_ORDER) {
		return FH_EINVAL;
	}
	if (b.order - to > 9) {
		return FH_EOVERFLOW;
	}
	lock_acquire(&l->lock);
	st = pool_find_owned(&l->pool, owner, b.base, b.order, &found);
	if (st == FH_OK) {
		pool_split(&l->pool, &found, to);
	}
	lock_release(&l->lock);
	return st;
}

/* Whether nothing else is left and a page of the leaf's reserve becomes the claim that is drawn on. */
static bool draw_reserve(struct ledger *l, uint8_t leaf)
{
	if (l->zones[leaf].reserve == 0U || admit_fit(l, leaf, 0) != 0U) {
		return false;
	}
	l->zones[leaf].reserve--;
	return true;
}

fh_status claim_alloc(struct ledger *l, domid_t owner, uint8_t zone, uint8_t order, struct claim_block *out)
{
	struct wave w = { 0 };
	struct ledger_account *a;
	fh_status st = FH_OK;

	if (zone >= l->pool.nr_zones || order > l->pool.zones[zone].max_order) {
		return FH_EINVAL;
	}
	lock_acquire(&l->lock);
	a = account_live(l, owner);
	if (a == NULL) {
		st = FH_ENOENT;
	} else if (account_room(a, 0) < BIT(order)) {
		st = FH_EQUOTA;
	} else if (order == 0U && owner == DOMID_HYP && draw_reserve(l, zone)) {
		*out = block_take(l, &w, zone, order, owner, owner);
	} else if (wait_covers(l, zone)) {
		st = FH_EQUEUED;
	} else if (admit_fit(l, zone, order) == 0U) {
		st = FH_ENOMEM;
	} else {
		wave_claim(l, &w, zone, order, 1);
		*out = block_take(l, &w, zone, order, owner, owner);
	}
	if (st == FH_OK) {
		scrub_unlock(l, out);
	} else {
		lock_release(&l->lock);
	}
	return st;
}
