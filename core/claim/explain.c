/* SPDX-License-Identifier: MIT */
/*
 * Why a set was refused: which of its terms is the first that does not fit with those before it, and what would. Found
 * by halving, one admission a lock hold, so that a refusal holds the lock no longer than an admission does; memory may
 * come and go between two holds, and the answer is a hint.
 */
#include "core/claim/claim_internal.h"

/* What a set is to be put in the place of: what is left of owner's terms in a claim; NULL: of nothing. */
struct place {
	const claim_handle_t *h;
	domid_t owner;
};

/* Whether the first n terms fit now. If asked, what there is for the next one then. */
static bool look(struct ledger *l, const struct claim_set *set, uint32_t n, const struct place *old,
		 struct claim_refusal *why)
{
	const struct claim_term *t = &set->terms[n];
	uint64_t fits[POOL_ORDERS];
	struct wave w;
	bool holds;

	set_wave(l, set, n, &w);
	lock_acquire(&l->lock);
	if (old->h != NULL && claim_of(l, *old->h) != NULL) {
		(void)set_old_terms(l, claim_of(l, *old->h), old->owner, &w);
	}
	holds = wave_run(l, &w);
	if (holds && why != NULL) {
		admit_fits(l, t->zone, fits);
		why->have = admit_have(l, t->zone, t->order);
		why->fit = fits[t->order];
	}
	if (holds) {
		wave_undo(l, &w);
	}
	lock_release(&l->lock);
	return holds;
}

void set_explain(struct ledger *l, const struct claim_set *set, const claim_handle_t *h, domid_t owner,
		 struct claim_refusal *why)
{
	const struct place old = { h, owner };
	uint32_t fits = 0; /* terms that fit together */
	uint32_t refused = set->nr;
	const struct claim_term *t;

	while (refused - fits > 1U) {
		const uint32_t mid = (fits + refused) / 2U;

		if (look(l, set, mid, &old, NULL)) {
			fits = mid;
		} else {
			refused = mid;
		}
	}
	t = &set->terms[fits];
	*why = (struct claim_refusal){
		.term = set->place[fits], .zone = t->zone, .order = t->order, .owner = t->owner, .want = t->count
	};
	(void)look(l, set, fits, &old, why); /* if others were quicker meanwhile, nothing is there and nothing fits */
}
