/* SPDX-License-Identifier: MIT */
/* What the monitor and the audit ask of a ledger that was laid out once. */
#include "core/claim/fixed/fixed.h"
#include "core/pool/pool_alloc.h"

fh_status claim_query(struct ledger *l, claim_handle_t h, uint32_t term, domid_t *holder, struct claim_term_info *out)
{
	(void)l;
	if (h.slot != 0U || h.gen != 1U) {
		return FH_ESTALE;
	}
	if (term >= nr_fixed) {
		return FH_EINVAL;
	}
	*holder = DOMID_HYP;
	*out = (struct claim_term_info){ .term = fixed_terms[term].term, .left = fixed_terms[term].left };
	return FH_OK;
}

fh_status claim_next(struct ledger *l, uint32_t slot, claim_handle_t *out)
{
	(void)l;
	if (slot != 0U || nr_fixed == 0U) {
		return FH_ENOENT;
	}
	*out = (claim_handle_t){ 0, 1 };
	return FH_OK;
}

fh_status ledger_zone_info(struct ledger *l, uint8_t zone, struct ledger_zone_info *out)
{
	const struct pool_zone *z;

	if (zone >= l->pool.nr_zones) {
		return FH_EINVAL;
	}
	z = &l->pool.zones[zone];
	*out = (struct ledger_zone_info){
		.name = z->name, .parent = z->parent, .leaf = z->leaf, .max_order = z->max_order, .pages = z->pages
	};
	return FH_OK;
}

fh_status ledger_owner(struct ledger *l, paddr_t addr, struct pool_info *out)
{
	return pool_owner(&l->pool, addr, out);
}

fh_status ledger_next_block(struct ledger *l, paddr_t addr, struct pool_info *out)
{
	return pool_next_block(&l->pool, addr, out);
}
