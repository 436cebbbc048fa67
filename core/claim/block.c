/* SPDX-License-Identifier: MIT */
/*
 * Blocks out of zones and back.
 *
 * Where a zone has children, a block of order j comes from the child with the smallest k >= j of which it has a block
 * left over (q[k] > 0), the first in configuration order among equals; in the leaf the smallest free block that
 * holds one is split. Then all other claims can still be met (docs/claims.md has the argument), so that taking what
 * was claimed never fails.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

static uint8_t choose_child(const struct ledger *l, uint8_t zone, uint8_t order)
{
	unsigned int best_order = POOL_ORDERS;
	uint8_t best = POOL_NO_ZONE;

	for (uint32_t left = l->zones[zone].children; left != 0U; left &= left - 1U) {
		const uint8_t child = (uint8_t)ctz64(left);
		const uint32_t mask = l->zones[child].left >> order;

		if (mask != 0U && ctz64(mask) < best_order) {
			best_order = ctz64(mask);
			best = child;
		}
	}
	POOL_ASSERT(best != POOL_NO_ZONE);
	return best;
}

/*
 * A block of `order` is claimed on the leaf, in place of blocks of `from` on the zone that are worth that; what the
 * zone itself can give stays what it was, if they are of one order.
 */
static void move_claim(struct ledger *l, uint8_t zone, uint8_t leaf, uint8_t order, uint8_t from)
{
	struct change c;

	if (leaf == zone) {
		change_start(&c, order, -1);
	} else {
		unsigned int m;
		const uint8_t at = take_left(l, leaf, zone, order, &m);

		if (at == zone && from == order) {
			repay(&l->zones[zone], order, m);
			return;
		}
		change_taken(&c, order, m);
		if (at != zone && !change_run(l, at, zone, &c)) {
			POOL_ASSERT(false);
		}
	}
	change_add(&c, from, (int64_t)BIT(order - from));
	change_check(l, zone, &c);
}

struct claim_block block_take(struct ledger *l, uint8_t zone, uint8_t order, uint8_t from, domid_t owner, domid_t payer)
{
	uint8_t leaf = zone;
	uint64_t pfn;
	uint8_t split;

	while (l->zones[leaf].children != 0U) {
		leaf = choose_child(l, leaf, order);
	}
	pfn = pool_take(&l->pool, leaf, order, owner, payer, &split);
	if (leaf != zone || from != order) {
		move_claim(l, zone, leaf, order, from);
	}
	repay(&l->zones[leaf], order, split); /* nothing was free from `order` up to it, so the claim borrowed */
	account_of(l, owner)->owned += BIT(order);
	account_of(l, payer)->paid += BIT(order);
	return (struct claim_block){ .base = pa(pfn << PAGE_SHIFT), .order = order, .dirty = true };
}

void block_put(struct ledger *l, struct change *c, const struct pool_owned *b, bool touched)
{
	struct ledger_account *owner = account_of(l, b->owner);
	struct ledger_account *payer = account_of(l, b->payer);

	change_freed(c, b->order, pool_put(&l->pool, b));
	POOL_ASSERT(owner->owned >= BIT(b->order) && payer->paid >= BIT(b->order));
	if (touched) {
		pool_set_dirty(&l->pool, b->pfn, b->order, true);
	}
	l->scrub_more = true; /* untouched, it may still be dirty from before it was taken: the search passed it by */
	owner->owned -= BIT(b->order);
	payer->paid -= BIT(b->order);
	if (b->bad != 0U) {
		quarantine_page(l, c, b->pfn + b->bad - 1U);
	}
}

static fh_status give(struct ledger *l, domid_t owner, struct claim_block b, bool touched)
{
	struct pool_owned found;
	struct change c;
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_find_owned(&l->pool, owner, b.base, b.order, &found);
	if (st == FH_OK) {
		block_put(l, &c, &found, touched);
		change_check(l, found.zone, &c);
	}
	wait_unlock(l);
	return st;
}

fh_status claim_free(struct ledger *l, domid_t owner, struct claim_block b)
{
	return give(l, owner, b, true);
}

fh_status claim_free_untouched(struct ledger *l, domid_t owner, struct claim_block b)
{
	return give(l, owner, b, false);
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
	uint64_t fits[POOL_ORDERS];

	if (l->reserve[leaf] == 0U) {
		return false;
	}
	admit_fits(l->zones, leaf, fits);
	if (fits[0] != 0U) {
		return false;
	}
	l->reserve[leaf]--;
	return true;
}

fh_status claim_alloc(struct ledger *l, domid_t owner, uint8_t zone, uint8_t order, struct claim_block *out)
{
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
		st = FH_OK;
	} else if (wait_covers(l, l->zones[zone].leaves)) {
		st = FH_EQUEUED;
	} else if (!claim_try(l, zone, order, 1)) {
		st = FH_ENOMEM;
	}
	if (st == FH_OK) {
		*out = block_take(l, zone, order, order, owner, owner);
		scrub_unlock(l, out);
	} else {
		lock_release(&l->lock);
	}
	return st;
}
