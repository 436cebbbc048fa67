/* SPDX-License-Identifier: MIT */
/*
 * Why a set was refused: which of its terms is the first that does not fit with those before it, and what would. Found
 * by halving, one admission a lock hold, so that a refusal holds the lock no longer than an admission does; memory may
 * come and go between two holds, and the answer is a hint.
 */
#include "core/claim/claim_internal.h"

/* Frames of their own: a wave, a copy of all zones, and what fits are large. */
static FH_NOINLINE uint64_t fit_of(const struct ledger_zone *zones, const struct claim_term *t)
{
	uint64_t fits[POOL_ORDERS];

	admit_fits(zones, t->zone, fits);
	return fits[t->order];
}

/* Whether a wave fits now. If asked, what there is for a term then. The lock is held to copy only. */
static FH_NOINLINE bool try_wave(struct ledger *l, struct wave *w, const struct claim_term *t,
				 struct claim_refusal *why)
{
	struct ledger_zone zones[POOL_MAX_ZONES];
	bool holds;

	lock_acquire(&l->lock);
	zones_copy(l, zones);
	if (why != NULL) {
		why->have = admit_have(l, t->zone, t->order);
	}
	lock_release(&l->lock);
	holds = wave_run(zones, w);
	if (holds && why != NULL) {
		why->fit = fit_of(zones, t);
	}
	return holds;
}

/* What is left of owner's terms of a claim is added to a wave. */
static FH_NOINLINE void add_old(struct ledger *l, struct wave *w, claim_handle_t h, domid_t owner)
{
	struct ledger_term terms[CLAIM_MAX_TERMS];
	uint32_t nr = 0;
	uint16_t last;

	lock_acquire(&l->lock);
	if (claim_of(l, h) != NULL) {
		nr = terms_copy(l, claim_of(l, h), terms, &last);
	}
	lock_release(&l->lock);
	(void)terms_wave(l, w, terms, nr, owner, 1);
}

/* Whether the first n terms of a set fit now, in the place of owner's in a claim if h is one. */
static bool look(struct ledger *l, const struct claim_set *set, uint32_t n, const claim_handle_t *h, domid_t owner,
		 struct claim_refusal *why)
{
	struct wave w;

	set_wave(l, set, n, &w);
	if (h != NULL) {
		add_old(l, &w, *h, owner);
	}
	return try_wave(l, &w, &set->terms[n], why);
}

FH_NOINLINE void set_explain(struct ledger *l, const struct claim_set *set, const claim_handle_t *h, domid_t owner,
			     struct claim_refusal *why)
{
	uint32_t fits = 0; /* terms that fit together */
	uint32_t refused = set->nr;
	const struct claim_term *t;

	while (refused - fits > 1U) {
		const uint32_t mid = (fits + refused) / 2U;

		if (look(l, set, mid, h, owner, NULL)) {
			fits = mid;
		} else {
			refused = mid;
		}
	}
	t = &set->terms[fits];
	*why = (struct claim_refusal){
		.term = set->place[fits], .zone = t->zone, .order = t->order, .owner = t->owner, .want = t->count
	};
	(void)look(l, set, fits, h, owner, why);
}
