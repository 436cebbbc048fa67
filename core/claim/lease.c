/* SPDX-License-Identifier: MIT */
/*
 * Leases and holders. A claim with a deadline ends after it, unless a build is using it; until it is reaped it redeems
 * as any other, so that no redemption depends on the clock.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

#define REAP_STEP 16U /* slots looked at in one lock hold */

fh_status claim_renew(struct ledger *l, claim_handle_t h, uint64_t now, uint64_t lease)
{
	struct ledger_claim *c;
	fh_status st = FH_OK;

	if (lease == 0U) {
		return FH_EINVAL;
	}
	if (lease != CLAIM_FOREVER && now >= CLAIM_FOREVER - lease) {
		return FH_EOVERFLOW;
	}
	lock_acquire(&l->lock);
	c = claim_of(l, h);
	if (c == NULL) {
		st = claim_gone(l, h);
	} else {
		c->deadline = lease == CLAIM_FOREVER ? CLAIM_FOREVER : now + lease;
	}
	lock_release(&l->lock);
	return st;
}

static fh_status change_uses(struct ledger *l, claim_handle_t h, bool more)
{
	struct ledger_claim *c;
	fh_status st = FH_OK;

	lock_acquire(&l->lock);
	c = claim_of(l, h);
	if (c == NULL) {
		st = claim_gone(l, h);
	} else if (more && c->uses == UINT16_MAX) {
		st = FH_EOVERFLOW;
	} else if (!more && c->uses == 0U) {
		st = FH_EBUSY;
	} else {
		c->uses = (uint16_t)(more ? c->uses + 1U : c->uses - 1U);
	}
	lock_release(&l->lock);
	return st;
}

fh_status claim_use(struct ledger *l, claim_handle_t h)
{
	return change_uses(l, h, true);
}

fh_status claim_unuse(struct ledger *l, claim_handle_t h)
{
	return change_uses(l, h, false);
}

/* Closes the first expired claim from slot i on, of REAP_STEP. *more: it has something left. */
static bool reap_some(struct ledger *l, uint32_t i, uint64_t now, claim_handle_t *gone, bool *more)
{
	const uint32_t end = MIN(i + REAP_STEP, FH_MAX_CLAIMS);

	for (; i < end; i++) {
		struct ledger_claim *c = &l->claims[i];

		if (c->holder != DOMID_NONE && c->uses == 0U && c->deadline <= now && c->deadline != CLAIM_FOREVER) {
			*gone = (claim_handle_t){ i, c->gen };
			(void)claim_close(l, c, FH_EEXPIRED);
			*more = !claim_end_step(l, c);
			return true;
		}
	}
	return false;
}

fh_status claim_reap(struct ledger *l, uint64_t now, claim_handle_t *gone)
{
	bool found = false;
	bool more = false;

	for (uint32_t i = 0; i < FH_MAX_CLAIMS && !found; i += REAP_STEP) {
		lock_acquire(&l->lock);
		found = reap_some(l, i, now, gone, &more);
		lock_release(&l->lock);
	}
	if (more) {
		claim_end(l, (claim_handle_t){ gone->slot, gone->gen + 1U });
	}
	if (found) {
		wait_serve(l);
	}
	return found ? FH_OK : FH_ENOENT;
}

/* Pages of a claim that count as outstanding. */
static uint64_t pages_of(const struct ledger *l, const struct ledger_claim *c)
{
	uint64_t pages = 0;

	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		pages += l->terms[at].left << l->terms[at].order;
	}
	return pages;
}

fh_status claim_transfer(struct ledger *l, claim_handle_t h, domid_t to)
{
	struct ledger_claim *c;
	struct ledger_account *a;
	fh_status st = FH_OK;

	lock_acquire(&l->lock);
	c = claim_of(l, h);
	a = account_live(l, to);
	if (c == NULL) {
		st = claim_gone(l, h);
	} else if (a == NULL) {
		st = FH_ENOENT;
	} else if (c->holder != to) {
		const uint64_t pages = pages_of(l, c);

		if (account_room(a, 0) < pages) {
			st = FH_EQUOTA;
		} else {
			account_of(l, c->holder)->outstanding -= pages;
			a->outstanding += pages;
			c->holder = to;
			c->version++;
		}
	}
	lock_release(&l->lock);
	return st;
}
