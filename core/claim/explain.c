/* SPDX-License-Identifier: MIT */
/*
 * Why a set was refused: which of its terms is the first that does not fit with those before it, and what would. Found by
 * halving, one admission a lock hold, so that a refusal holds the lock no longer than an admission does; memory may come
 * and go between two holds, and the answer is a hint.
 */
#include "core/claim/claim_internal.h"

/* Tries the first n terms, with nothing changed by it. If they fit, and there is one more: what of that would fit too. */
static bool fits(struct ledger *l, const struct asked *a, uint32_t n, struct claim_refusal *why)
{
	struct claim_set old = { 0 };
	struct wave w = { 0 };
	bool ok;

	lock_acquire(&l->lock);
	set_replaced(l, a, &old);
	set_apply(l, &w, &old, old.nr, -1);
	set_apply(l, &w, a->set, n, 1);
	ok = wave_run(l, &w);
	if (ok) {
		const struct claim_term *t = &a->set->terms[n];

		*why = (struct claim_refusal){ a->set->place[n], t->zone, t->order, t->owner, t->count, 0, 0 };
		why->have = admit_have(l, t->zone, t->order);
		why->fit = admit_fit(l, t->zone, t->order);
	}
	set_undo(l, &old, a->set, n);
	lock_release(&l->lock);
	return ok;
}

void set_explain(struct ledger *l, const struct asked *a, struct claim_refusal *why)
{
	uint32_t refused = a->set->nr;
	uint32_t good = 0; /* terms that fit together */

	if (!fits(l, a, 0, why)) {
		return;
	}
	while (refused - good > 1U) {
		const uint32_t mid = (good + refused) / 2U;

		if (fits(l, a, mid, why)) {
			good = mid;
		} else {
			refused = mid;
		}
	}
}
