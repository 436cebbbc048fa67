/* SPDX-License-Identifier: MIT */
/* Questions to the ledger: for the monitor, the memory map and the control domain. Nothing changes. */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

fh_status claim_info(struct ledger *l, claim_handle_t h, struct claim_info *out)
{
	const struct ledger_claim *c;
	fh_status st = FH_OK;

	lock_acquire(&l->lock);
	c = claim_of(l, h);
	if (c == NULL) {
		st = claim_gone(l, h);
	} else {
		*out = (struct claim_info){ .holder = c->holder,
					    .nr_terms = c->nr,
					    .uses = c->uses,
					    .waiting = c->waiting,
					    .version = c->version,
					    .deadline = c->deadline };
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_query(struct ledger *l, claim_handle_t h, uint32_t term, domid_t *holder, struct claim_term_info *out)
{
	struct ledger_claim *c;
	struct ledger_term *t;
	fh_status st;

	lock_acquire(&l->lock);
	st = term_of(l, h, term, &c, &t);
	if (st == FH_OK) {
		*holder = c->holder;
		*out = (struct claim_term_info){ .term = { t->zone, t->order, t->owner, t->count },
						 .left = c->waiting ? 0U : t->left };
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_next(struct ledger *l, uint32_t slot, claim_handle_t *out)
{
	fh_status st = FH_ENOENT;

	lock_acquire(&l->lock);
	for (uint32_t i = slot; i < FH_MAX_CLAIMS && st != FH_OK; i++) {
		if (l->claims[i].holder != DOMID_NONE) {
			*out = (claim_handle_t){ i, l->claims[i].gen };
			st = FH_OK;
		}
	}
	lock_release(&l->lock);
	return st;
}

static void sum_leaves(const struct ledger *l, uint8_t zone, struct ledger_zone_info *out)
{
	for (uint32_t left = l->zones[zone].leaves; left != 0U; left &= left - 1U) {
		const struct pool_zone *z = &l->pool.zones[ctz64(left)];

		out->free_pages += z->free_pages;
		for (uint32_t k = 0; k < POOL_ORDERS; k++) {
			out->nr_free[k] += z->nr_free[k];
		}
	}
}

fh_status ledger_zone_info(struct ledger *l, uint8_t zone, struct ledger_zone_info *out)
{
	const struct pool_zone *z = &l->pool.zones[zone < POOL_MAX_ZONES ? zone : 0U];
	struct ledger_zone zones[POOL_MAX_ZONES];

	if (zone >= l->pool.nr_zones) {
		return FH_EINVAL;
	}
	lock_acquire(&l->lock);
	*out = (struct ledger_zone_info){
		.name = z->name, .parent = z->parent, .leaf = z->leaf, .max_order = z->max_order, .pages = z->pages
	};
	sum_leaves(l, zone, out);
	zones_copy(l, zones);
	lock_release(&l->lock);
	admit_fits(zones, zone, out->nr_available);
	for (uint8_t k = 0; k < POOL_ORDERS; k++) {
		const int64_t n = zones[zone].children != 0U ? zone_free(zones, zone, k) : (int64_t)out->nr_free[k];

		/* arith.c: what is claimed is what is free less t and what the order below borrows */
		out->nr_claimed[k] = (uint64_t)(n - zones[zone].t[k] - (k == 0U ? 0 : borrows(zones[zone].t[k - 1U])));
		out->claimed_pages += out->nr_claimed[k] << k;
	}
	return FH_OK;
}

fh_status ledger_owner(struct ledger *l, paddr_t addr, struct pool_info *out)
{
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_owner(&l->pool, addr, out);
	lock_release(&l->lock);
	return st;
}

fh_status ledger_next_block(struct ledger *l, paddr_t addr, struct pool_info *out)
{
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_next_block(&l->pool, addr, out);
	lock_release(&l->lock);
	return st;
}

fh_status ledger_account(struct ledger *l, domid_t dom, struct ledger_account *out)
{
	const struct ledger_account *a = account_of(l, dom);
	fh_status st = FH_ENOENT;

	if (a == NULL) {
		return st;
	}
	lock_acquire(&l->lock);
	if (domain_lives(l, dom) || a->owned != 0U || a->paid != 0U) {
		*out = *a;
		st = FH_OK;
	}
	lock_release(&l->lock);
	return st;
}
