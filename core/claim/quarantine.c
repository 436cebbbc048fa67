/* SPDX-License-Identifier: MIT */
/*
 * Bad memory. What is free of it goes at once, so claims may lose what they were promised: the one case in which a
 * redemption can be refused, and then by a handle that says REVOKED.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

/* The youngest admitted claim with something left on a zone that holds the leaf; not in use, if there is such a one. */
static struct ledger_claim *choose_victim(struct ledger *l, uint8_t leaf)
{
	struct ledger_claim *best = NULL;

	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		struct ledger_claim *c = &l->claims[i];
		bool draws = false;

		for (uint16_t at = c->first; at != LEDGER_NO_TERM && !draws; at = l->terms[at].next) {
			draws = l->terms[at].left != 0U && zone_holds(l, l->terms[at].zone, leaf);
		}
		if (c->holder == DOMID_NONE || c->waiting || !draws) {
			continue;
		}
		if (best == NULL || (c->uses == 0U) > (best->uses == 0U) ||
		    ((c->uses == 0U) == (best->uses == 0U) && c->serial > best->serial)) {
			best = c;
		}
	}
	return best;
}

/* Makes admission hold again after a page of the leaf went: by the reserve, else by revoking. */
static void make_good(struct ledger *l, uint8_t leaf)
{
	bool drawn = false; /* one page of the reserve makes up for one page; more of it would not give contiguity */

	while (!all_hold(l)) {
		if (!drawn && l->reserve[leaf] != 0U) {
			drawn = true;
			l->reserve[leaf]--;
			(void)claim_many(l, leaf, 0, -1);
		} else {
			struct ledger_claim *c = choose_victim(l, leaf);

			POOL_ASSERT(c != NULL);
			(void)claim_close(l, c, FH_EREVOKED);
			while (!claim_end_step(l, c)) {
			}
		}
	}
}

/* A page went out of a free block: one less of its order, one more of each below it. */
static void page_went(struct change *c, uint8_t order)
{
	change_add(c, order, -1);
	while (order-- != 0U) {
		change_add(c, order, 1);
	}
}

void quarantine_page(struct ledger *l, struct change *c, uint64_t pfn)
{
	uint8_t leaf;
	uint8_t order;

	if (pool_quarantine(&l->pool, pfn, &leaf, &order) != FH_OK) {
		POOL_ASSERT(false); /* the caller knows that it is free */
	}
	page_went(c, order);
}

fh_status ledger_quarantine(struct ledger *l, paddr_t page)
{
	struct change c;
	uint8_t leaf;
	uint8_t order;
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_quarantine(&l->pool, pa_val(page) >> PAGE_SHIFT, &leaf, &order);
	if (st == FH_OK) {
		change_start(&c, order, 0);
		page_went(&c, order);
		(void)change_run(l, leaf, POOL_NO_ZONE, &c);
		make_good(l, leaf);
	} else if (st == FH_EBUSY) {
		st = FH_OK; /* it goes when its owner frees it */
	}
	wait_unlock(l);
	return st;
}
