/* SPDX-License-Identifier: MIT */
/*
 * The ledger of a build without the pool (CONFIG_POOL=n): one set is staked, once, at boot, and what it takes is laid
 * out there and then; nothing is given back. It is all that static partitions want of a ledger: their stage-2 tables.
 *
 * Terms are laid out largest order first, each in one piece of its leaf, so that no block leaves a gap before it:
 *
 *     leaf   |<- order 9 ->|<- order 4 ->|<- order 0 ->|          rest: the hypervisor's         |
 *
 * The same interface as core/claim. One CPU runs while it changes, so it takes no lock.
 */
#include "core/claim/fixed/fixed.h"
#include "core/pool/fixed/carve.h"
#include "core/pool/pool_alloc.h"

struct fixed_term fixed_terms[CLAIM_MAX_INPUT];
uint32_t nr_fixed;
/* The first page of each range of the pool that is not laid out yet; 0: none of it is. */
static uint64_t range_next[POOL_MAX_RANGES];

fh_status ledger_init(struct ledger *l, const struct pool_zone_desc *zones, uint32_t nr_zones,
		      const struct pool_bank *banks, uint32_t nr_banks)
{
	lock_init(&l->lock, RANK_LEDGER);
	return pool_init(&l->pool, zones, nr_zones, banks, nr_banks);
}

fh_status ledger_add_range(struct ledger *l, uint8_t leaf, struct range r)
{
	return pool_enter_range(&l->pool, leaf, r);
}

fh_status ledger_own_range(struct ledger *l, struct range r, enum pool_state state, domid_t owner)
{
	return pool_own_range(&l->pool, r, state, owner);
}

fh_status ledger_disown_range(struct ledger *l, struct range r)
{
	return pool_disown_range(&l->pool, r);
}

fh_status ledger_domain_add(struct ledger *l, domid_t dom, uint64_t quota)
{
	(void)l;
	(void)quota;
	return dom < LEDGER_MAX_DOMAINS ? FH_OK : FH_EINVAL;
}

/* How many blocks of a term fit behind what is laid out of range i, and where the first of them starts. */
static uint64_t room(const struct pool *p, uint32_t i, const struct claim_term *t, uint64_t *start)
{
	const struct pool_range *r = &p->ranges[i];

	if (r->state != POOL_FREE || r->zone != t->zone) {
		return 0;
	}
	*start = align_up(MAX(r->pfn, range_next[i]), BIT(t->order));
	return *start < r->end_pfn ? (r->end_pfn - *start) >> t->order : 0U;
}

/* Lays a term out in the first range that holds all of it; *have is the most that any would hold. */
static bool place(const struct pool *p, struct fixed_term *f, uint64_t *have)
{
	const struct claim_term *t = &f->term;

	*have = 0;
	for (uint32_t i = 0; i < p->nr_ranges; i++) {
		const struct pool_range *r = &p->ranges[i];
		uint64_t pfn = 0;
		const uint64_t fits = room(p, i, t, &pfn);

		*have = MAX(*have, fits);
		if (fits < t->count) {
			continue;
		}
		pool_carve_rest(p, t->zone, MAX(r->pfn, range_next[i]), pfn);
		pool_carve(p, pfn, t->order, t->count, t->owner);
		f->next_pfn = pfn;
		range_next[i] = pfn + (t->count << t->order);
		pool_carve_rest(p, t->zone, range_next[i], r->end_pfn);
		return true;
	}
	return false;
}

static fh_status check(const struct pool *p, const struct claim_term *terms, uint32_t nr, struct claim_refusal *why)
{
	if (nr == 0U || nr_fixed != 0U) {
		return nr == 0U ? FH_EINVAL : FH_ENOTSUP;
	}
	if (nr > CLAIM_MAX_INPUT) {
		return FH_EOVERFLOW;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const struct claim_term *t = &terms[i];

		if (why != NULL) {
			why->term = i;
		}
		/* An inner zone wants the arithmetic that this build leaves out. */
		if (t->count == 0U || t->zone >= p->nr_zones || !p->zones[t->zone].leaf ||
		    t->order > p->zones[t->zone].max_order) {
			return FH_EINVAL;
		}
	}
	return FH_OK;
}

fh_status claim_stake(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
		      claim_handle_t *handle, struct claim_refusal *refusal)
{
	const fh_status st = check(&l->pool, terms, nr, refusal);
	uint64_t have;

	(void)holder;
	if (st != FH_OK) {
		return st;
	}
	for (unsigned int order = POOL_ORDERS; order-- != 0U;) {
		for (uint32_t i = 0; i < nr; i++) {
			const struct claim_term *t = &terms[i];

			if (t->order != order) {
				continue;
			}
			fixed_terms[i] = (struct fixed_term){ .term = *t, .left = t->count };
			/* What was laid out before a refusal stays so: the boot ends there. */
			if (!place(&l->pool, &fixed_terms[i], &have)) {
				if (refusal != NULL) {
					*refusal = (struct claim_refusal){ i,        t->zone, t->order, t->owner,
									   t->count, have,    have };
				}
				return FH_ENOFIT;
			}
		}
	}
	nr_fixed = nr;
	*handle = (claim_handle_t){ 0, 1 };
	return FH_OK;
}

fh_status claim_redeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block *out)
{
	struct fixed_term *f;

	(void)l;
	if (h.slot != 0U || h.gen != 1U) {
		return FH_ESTALE;
	}
	if (term >= nr_fixed) {
		return FH_EINVAL;
	}
	f = &fixed_terms[term];
	if (f->left == 0U) {
		return FH_EBUSY;
	}
	*out = (struct claim_block){ .base = pa(f->next_pfn << PAGE_SHIFT), .order = f->term.order, .dirty = true };
	f->next_pfn += BIT(f->term.order);
	f->left--;
	return FH_OK;
}

/* Blocks of a term lie behind each other: a larger one is taken where one starts on its boundary. */
fh_status claim_redeem_upto(struct ledger *l, claim_handle_t h, uint32_t term, uint8_t max_order,
			    struct claim_block *out)
{
	struct claim_block b;
	const fh_status st = claim_redeem(l, h, term, &b);
	struct fixed_term *f;

	if (st != FH_OK) {
		return st;
	}
	f = &fixed_terms[term];
	while (b.order < max_order && is_aligned(pa_val(b.base), PAGE_SIZE << (b.order + 1U)) &&
	       f->left >= BIT(b.order - f->term.order)) {
		f->left -= BIT(b.order - f->term.order);
		f->next_pfn += BIT(b.order);
		b.order++;
	}
	*out = b;
	return FH_OK;
}

fh_status ledger_dirty_map(struct ledger *l, uint64_t base_pfn, uint64_t *words, bool clean)
{
	return pool_dirty_map(&l->pool, base_pfn, words, clean);
}

bool ledger_range_dirty(struct ledger *l, struct range r)
{
	return pool_range_dirty(&l->pool, r.base >> PAGE_SHIFT, range_end(r) >> PAGE_SHIFT);
}

/* Nothing is given back, so nobody asks again. */
fh_status ledger_cleaned(struct ledger *l, domid_t owner, struct claim_block b)
{
	(void)l;
	(void)owner;
	(void)b;
	return FH_OK;
}
