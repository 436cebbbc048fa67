/* SPDX-License-Identifier: MIT */
/*
 * What a running domain claims for itself (docs/guest-abi.md): blocks redeemed into its window, and back.
 *
 * A block that is clean is mapped at once. One that is not stands in stage 2 as a prepared leaf, which faults, while it
 * is cleaned: that is all that is to be known to go on. The lock d->memory orders the domain's own vCPUs: blocks are
 * cleaned, or unmapped and freed, under it, so that no CPU cleans what another gives away. It is held for one chunk of
 * cleaning at most.
 */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"
#include "core/scrub/scrub.h"

#define CHUNK_ORDER ORDER_64K

static bool in_window(const struct domain *d, uint64_t at, uint64_t size)
{
	const struct range *w = &d->cfg->claims.window;

	return at >= w->base && at - w->base < w->size && size <= w->size - (at - w->base);
}

/*
 * A claim that the domain holds for itself; *t: its first term. Others' claims are not told from ended ones: a control
 * domain holds those of the domains that it builds, too, whose blocks are not its own.
 */
static fh_status own_claim(const struct domain *d, claim_handle_t h, struct claim_term_info *t)
{
	domid_t holder = DOMID_NONE;
	const fh_status status = claim_query(domains.ledger, h, 0, &holder, t);

	return status == FH_OK && (holder != d->id || t->term.owner != d->id) ? FH_ESTALE : status;
}

fh_status domain_mem_stake(struct domain *d, const struct claim_term *term, claim_handle_t *h, uint64_t *fit)
{
	const struct cfg_claims *c = &d->cfg->claims;
	struct claim_term t = *term;
	struct claim_refusal why;
	fh_status status;

	if (t.zone >= c->nr_zones) {
		return FH_EINVAL;
	}
	t.zone = c->zones[t.zone];
	t.owner = d->id;
	status = claim_stake(domains.ledger, d->id, &t, 1, h, &why);
	if (status == FH_OK) {
		return FH_OK;
	}
	if (status == FH_ENOFIT || status == FH_EQUOTA) {
		*fit = why.fit;
	}
	if (status == FH_EOVERFLOW) {
		domain_claims_full(d);
	}
	return status;
}

fh_status domain_mem_query(struct domain *d, claim_handle_t h, struct claim_term_info *t)
{
	const struct cfg_claims *c = &d->cfg->claims;
	uint8_t zone = 0;

	FH_TRY(own_claim(d, h, t));
	/* A control domain may have staked in any zone, by its port. */
	while (zone < c->nr_zones && c->zones[zone] != t->term.zone) {
		zone++;
	}
	t->term.zone = zone;
	return zone < c->nr_zones ? FH_OK : FH_ESTALE;
}

fh_status domain_mem_release(struct domain *d, claim_handle_t h)
{
	struct claim_term_info t;
	fh_status status;

	lock_acquire(&d->memory);
	status = own_claim(d, h, &t);
	if (status == FH_OK) {
		status = claim_release(domains.ledger, h);
	}
	lock_release(&d->memory);
	return status;
}

/* Valid if the block is clean, else prepared, to be cleaned. */
static inline fh_status map(struct domain *d, ipaddr_t at, const struct claim_block *b)
{
	const fh_status status = s2_map(&d->s2, at, b->base, b->order, !b->dirty);

	if (status == FH_OK && b->dirty) {
		__atomic_fetch_add(&d->cleaning, 1U, __ATOMIC_RELAXED);
	}
	return status;
}

/* A block that is mapped nowhere goes to the pool: its claim ended meanwhile, or it has a bad page. */
static void give_up(struct domain *d, struct claim_block b, bool touched)
{
	domain_give_back(d, b, touched);
	scrub_wake();
}

/* Redeems a block and maps it; another vCPU may release the claim at any time. */
static fh_status place(struct domain *d, claim_handle_t h, ipaddr_t at, uint8_t max_order, struct claim_block *b)
{
	fh_status status = claim_redeem_own(domains.ledger, d->id, h, max_order, b);

	if (status != FH_OK) {
		return status;
	}
	status = map(d, at, b);
	if (status != FH_OK && claim_unredeem_untouched(domains.ledger, h, 0, *b) != FH_OK) {
		give_up(d, *b, false);
	}
	return status;
}

/* Cleans the first part of the block that is dirty, a chunk at most: it is found by halves. */
static void clean_chunk(struct domain *d, const struct claim_block *b)
{
	struct claim_block c = *b;
	fh_status status;

	while (c.order > CHUNK_ORDER) {
		c.order--;
		if (!ledger_range_dirty(domains.ledger, (struct range){ pa_val(c.base), PAGE_SIZE << c.order })) {
			c.base = pa(pa_val(c.base) + (PAGE_SIZE << c.order));
		}
	}
	scrub_clean(c.base, PAGE_SIZE << c.order, false);
	status = ledger_cleaned(domains.ledger, d->id, c);
	FH_ASSERT(status == FH_OK);
}

/* The block that a leaf is the start of. */
static struct claim_block block_of(const struct s2_leaf *leaf)
{
	struct pool_info info;
	const fh_status status = ledger_owner(domains.ledger, leaf->pa, &info);

	FH_ASSERT(status == FH_OK && info.state == POOL_OWNED);
	return (struct claim_block){ pa(info.range.base), info.order, false };
}

/* The next part of the block that is being cleaned at an IPA; places one if there is none. The lock is held. */
static fh_status go_on(struct domain *d, claim_handle_t h, ipaddr_t at, uint8_t max_order, struct claim_block *b)
{
	struct s2_leaf leaf;
	fh_status status;

	if (s2_lookup(&d->s2, at, &leaf) != FH_OK) {
		status = place(d, h, at, max_order, b);
		if (status != FH_OK || !b->dirty) {
			return status;
		}
	} else {
		*b = block_of(&leaf);
		if (leaf.valid || ipa_val(leaf.ipa) != ipa_val(at) || pa_val(leaf.pa) != pa_val(b->base)) {
			return FH_EEXIST;
		}
	}
	clean_chunk(d, b);
	b->dirty = ledger_range_dirty(domains.ledger, (struct range){ pa_val(b->base), PAGE_SIZE << b->order });
	if (!b->dirty) {
		s2_commit(&d->s2, at, PAGE_SIZE << b->order);
		__atomic_fetch_sub(&d->cleaning, 1U, __ATOMIC_RELAXED);
	}
	return FH_OK;
}

fh_status domain_mem_redeem(struct domain *d, claim_handle_t h, ipaddr_t at, uint8_t *order, bool *more)
{
	const uint64_t size = PAGE_SIZE << MIN(*order, POOL_MAX_ORDER);
	struct claim_block b = { .dirty = true };
	fh_status status = FH_OK;

	if (*order > POOL_MAX_ORDER || !in_window(d, ipa_val(at), size)) {
		return FH_EINVAL;
	}
	if (!is_aligned(ipa_val(at), size)) {
		return FH_EALIGN;
	}
	/* The short way: nothing is being cleaned, by which this call goes on; and what comes needs no cleaning. */
	if (__atomic_load_n(&d->cleaning, __ATOMIC_RELAXED) == 0U) {
		status = place(d, h, at, *order, &b);
	}
	if (status == FH_OK && b.dirty) {
		lock_acquire(&d->memory);
		status = go_on(d, h, at, *order, &b);
		lock_release(&d->memory);
	}
	if (status == FH_OK) {
		*order = b.order;
		*more = b.dirty;
	}
	return status;
}

/* The block that starts at an IPA of the window; b->dirty: it is being cleaned. The lock is held. */
static fh_status find_block(struct domain *d, uint64_t at, struct claim_block *b)
{
	struct s2_leaf leaf;

	if (!in_window(d, at, PAGE_SIZE)) {
		return FH_EINVAL;
	}
	if (s2_lookup(&d->s2, ipa(at), &leaf) != FH_OK) {
		return FH_ENOENT;
	}
	*b = block_of(&leaf);
	b->dirty = !leaf.valid;
	return ipa_val(leaf.ipa) == at && pa_val(leaf.pa) == pa_val(b->base) ? FH_OK : FH_EINVAL;
}

static void take_out(struct domain *d, ipaddr_t at, const struct claim_block *b)
{
	s2_unmap(&d->s2, at, PAGE_SIZE << b->order);
	if (b->dirty) {
		__atomic_fetch_sub(&d->cleaning, 1U, __ATOMIC_RELAXED);
	}
}

fh_status domain_mem_free(struct domain *d, ipaddr_t at)
{
	struct claim_block b;
	fh_status status;

	lock_acquire(&d->memory);
	status = find_block(d, ipa_val(at), &b);
	if (status == FH_OK) {
		take_out(d, at, &b);
		status = claim_free(domains.ledger, d->id, b);
		FH_ASSERT(status == FH_OK);
		scrub_wake();
	}
	lock_release(&d->memory);
	return status;
}

fh_status domain_mem_unredeem(struct domain *d, claim_handle_t h, ipaddr_t at)
{
	struct claim_term_info t;
	struct claim_block b;
	fh_status status;

	lock_acquire(&d->memory);
	status = own_claim(d, h, &t);
	if (status == FH_OK) {
		status = find_block(d, ipa_val(at), &b);
	}
	/* Asked first: a block that is not of that claim stays where it is. */
	if (status == FH_OK) {
		status = claim_may_unredeem(domains.ledger, h, 0, b);
	}
	if (status == FH_OK) {
		take_out(d, at, &b);
		status = claim_unredeem(domains.ledger, h, 0, b);
		if (status == FH_OK) {
			scrub_wake();
		} else if (map(d, at, &b) != FH_OK) {
			give_up(d, b, true); /* the claim has just ended, and another vCPU has taken the place */
		} else {
			/* All is as before. */
		}
	}
	lock_release(&d->memory);
	return status;
}

/* The first claim that the domain holds for itself. */
static fh_status next_claim(const struct domain *d, claim_handle_t *h)
{
	struct claim_term_info t;
	uint32_t slot = 0;

	while (claim_next(domains.ledger, slot, h) == FH_OK) {
		if (own_claim(d, *h, &t) == FH_OK) {
			return FH_OK;
		}
		slot = h->slot + 1U;
	}
	return FH_ENOENT;
}

bool domain_mem_give_back_step(struct domain *d)
{
	struct s2_leaf leaf;
	claim_handle_t h;
	fh_status status;

	if (d->cfg->claims.window.size == 0U) {
		return false;
	}
	if (s2_next(&d->s2, ipa(d->cfg->claims.window.base), &leaf) == FH_OK && in_window(d, ipa_val(leaf.ipa), 1U)) {
		status = domain_mem_free(d, leaf.ipa);
		FH_ASSERT(status == FH_OK);
	} else if (next_claim(d, &h) == FH_OK) {
		/* Its lease may end first. */
		status = domain_mem_release(d, h);
		FH_ASSERT(status == FH_OK || domain_claim_ended(status));
	} else {
		return false;
	}
	return true;
}
