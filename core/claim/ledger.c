/* SPDX-License-Identifier: MIT */
/* The ledger at boot and its domains; what RAM is the pool's. */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

fh_status ledger_init(struct ledger *l, const struct pool_zone_desc *zones, uint32_t nr_zones,
		      const struct pool_bank *banks, uint32_t nr_banks)
{
	const fh_status st = pool_init(&l->pool, zones, nr_zones, banks, nr_banks);

	if (st != FH_OK) {
		return st;
	}
	lock_init(&l->lock, RANK_LEDGER);
	for (uint32_t i = 0; i < POOL_MAX_ZONES; i++) {
		l->zones[i] = (struct ledger_zone){ .parent = POOL_NO_ZONE };
		l->reserve[i] = 0;
	}
	for (uint32_t i = 0; i < nr_zones; i++) {
		l->zones[i].max_order = l->pool.zones[i].max_order;
		l->zones[i].parent = zones[i].parent;
		if (zones[i].parent != POOL_NO_ZONE) {
			l->zones[zones[i].parent].children |= (uint32_t)BIT(i);
		}
		for (uint8_t z = (uint8_t)i; zones[i].leaf && z != POOL_NO_ZONE; z = zones[z].parent) {
			l->zones[z].leaves |= (uint32_t)BIT(i);
		}
	}
	tables_init(l);
	return FH_OK;
}

/* Frees the piece of a new range that starts at pfn; returns where the next one starts. */
static uint64_t add_piece(struct ledger *l, uint8_t leaf, uint64_t pfn, uint64_t end)
{
	struct ledger_account *hyp = account_of(l, DOMID_HYP);
	const uint8_t order = pool_fit_order(&l->pool, leaf, pfn, end);
	struct change c;

	change_freed(&c, order, pool_put_new(&l->pool, pfn, order));
	change_check(l, leaf, &c);
	hyp->owned -= BIT(order);
	hyp->paid -= BIT(order);
	return pfn + BIT(order);
}

fh_status ledger_add_range(struct ledger *l, uint8_t leaf, struct range r)
{
	struct ledger_account *hyp = account_of(l, DOMID_HYP);
	uint64_t pfn = r.base >> PAGE_SHIFT;
	uint64_t end;
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_enter_range(&l->pool, leaf, r);
	if (st == FH_OK) {
		pool_count_whole(&l->pool, leaf);
		hyp->owned += r.size >> PAGE_SHIFT; /* its pieces are the hypervisor's until they are freed */
		hyp->paid += r.size >> PAGE_SHIFT;
	}
	lock_release(&l->lock);
	if (st != FH_OK) {
		return st;
	}
	end = range_end(r) >> PAGE_SHIFT;
	while (pfn < end) {
		lock_acquire(&l->lock);
		pfn = add_piece(l, leaf, pfn, end);
		lock_release(&l->lock);
	}
	wait_serve(l);
	return FH_OK;
}

fh_status ledger_own_range(struct ledger *l, struct range r, enum pool_state state, domid_t owner)
{
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_own_range(&l->pool, r, state, owner);
	lock_release(&l->lock);
	return st;
}

fh_status ledger_disown_range(struct ledger *l, struct range r)
{
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_disown_range(&l->pool, r);
	lock_release(&l->lock);
	return st;
}

fh_status ledger_set_reserve(struct ledger *l, uint8_t leaf, uint64_t pages)
{
	fh_status st = FH_OK;
	int64_t more;

	if (leaf >= l->pool.nr_zones || !l->pool.zones[leaf].leaf) {
		return FH_EINVAL;
	}
	lock_acquire(&l->lock);
	more = (int64_t)MIN(pages, l->pool.zones[leaf].pages + 1U) - (int64_t)l->reserve[leaf];
	if (claim_try(l, leaf, 0, more)) {
		l->reserve[leaf] = pages;
	} else {
		st = FH_ENOFIT;
	}
	lock_release(&l->lock);
	if (st == FH_OK) {
		wait_serve(l);
	}
	return st;
}

fh_status ledger_domain_add(struct ledger *l, domid_t dom, uint64_t quota)
{
	fh_status st = FH_OK;

	if (dom >= LEDGER_MAX_DOMAINS) {
		return FH_EINVAL;
	}
	lock_acquire(&l->lock);
	if (domain_lives(l, dom)) {
		st = FH_EEXIST;
	} else {
		l->live |= BIT(dom);
		account_of(l, dom)->quota = quota;
	}
	lock_release(&l->lock);
	return st;
}
