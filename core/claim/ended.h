/* SPDX-License-Identifier: MIT */
/* Claims that have ended, for who tells their holders. */
#ifndef CORE_CLAIM_ENDED_H
#define CORE_CLAIM_ENDED_H

#include "core/claim/claim.h"

/* The next claim that was revoked and not named here yet, and who held it. FH_ENOENT: none, or its slot was used again
 * since. O(claims), where any was. */
fh_status claim_next_revoked(struct ledger *l, claim_handle_t *h, domid_t *holder) FH_MUST_CHECK;
/* Whether it may have one to name; no lock. */
static inline bool claim_any_revoked(const struct ledger *l)
{
	return __atomic_load_n(&l->nr_untold, __ATOMIC_RELAXED) != 0U;
}
/* Who held a claim that has ended; DOMID_NONE: its slot was used again since, or it has not. Takes the lock. O(1). */
domid_t claim_was_of(struct ledger *l, claim_handle_t h);

#endif
