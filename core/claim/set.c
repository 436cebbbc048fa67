/* SPDX-License-Identifier: MIT */
/*
 * Sets of terms: checked and merged before the lock is taken, admitted whole or refused whole under it.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

static fh_status merge_term(struct claim_set *set, const struct claim_term *t, uint32_t place)
{
	const uint64_t pages = t->count << t->order;

	if (set->pages > UINT64_MAX - pages) {
		return FH_EOVERFLOW;
	}
	set->pages += pages;
	for (uint32_t i = 0; i < set->nr; i++) {
		struct claim_term *m = &set->terms[i];

		if (m->zone == t->zone && m->order == t->order && m->owner == t->owner) {
			m->count += t->count;
			return FH_OK;
		}
	}
	if (set->nr == CLAIM_MAX_TERMS) {
		return FH_EOVERFLOW;
	}
	set->place[set->nr] = (uint16_t)place;
	set->terms[set->nr++] = *t;
	return FH_OK;
}

fh_status set_make(const struct ledger *l, const struct claim_term *terms, uint32_t nr, struct claim_set *set,
		   struct claim_refusal *why)
{
	fh_status st = FH_OK;

	set->nr = 0;
	set->pages = 0;
	if (terms == NULL || nr == 0U) {
		return FH_EINVAL;
	}
	if (nr > CLAIM_MAX_INPUT) {
		return FH_EOVERFLOW;
	}
	for (uint32_t i = 0; i < nr && st == FH_OK; i++) {
		st = set_check_term(l, &terms[i]);
		if (st == FH_OK) {
			st = merge_term(set, &terms[i], i);
		}
		if (st != FH_OK) {
			why->term = i;
		}
	}
	return st;
}

/* What is asked, or one more than the zone has where more is asked: refused as well, and no sum overflows. */
static int64_t amount(const struct ledger *l, const struct claim_term *t)
{
	const uint64_t most = (l->pool.zones[t->zone].pages >> t->order) + 1U;

	return (int64_t)MIN(t->count, most);
}

void set_wave(const struct ledger *l, const struct claim_set *set, uint32_t n, struct wave *w)
{
	w->zones = 0;
	for (uint32_t i = 0; i < n; i++) {
		wave_add(w, set->terms[i].zone, set->terms[i].order, -amount(l, &set->terms[i]));
	}
}

bool set_admit(struct ledger *l, const struct claim_set *set, struct wave *w)
{
	const struct claim_term *t = set->terms;

	if (!wave_run(l, w)) {
		return false;
	}
	for (uint32_t i = 0; i < set->nr; i++) {
		l->zones[t[i].zone].claimed[t[i].order] += t[i].count;
	}
	return true;
}

uint64_t set_old_terms(const struct ledger *l, const struct ledger_claim *c, domid_t owner, struct wave *w)
{
	uint64_t pages = 0;

	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		const struct ledger_term *t = &l->terms[at];

		if (t->owner == owner && t->left != 0U) {
			wave_add(w, t->zone, t->order, (int64_t)t->left);
			pages += t->left << t->order;
		}
	}
	return pages;
}

fh_status set_check_parties(struct ledger *l, domid_t holder, uint64_t back, const struct claim_set *set,
			    struct claim_refusal *why)
{
	const struct ledger_account *h = account_live(l, holder);
	uint64_t room;

	if (h == NULL) {
		return FH_ENOENT;
	}
	for (uint32_t i = 0; i < set->nr; i++) {
		const domid_t owner = set->terms[i].owner;

		if ((i == 0U || owner != set->terms[i - 1U].owner) && account_live(l, owner) == NULL) {
			why->term = set->place[i];
			return FH_ENOENT;
		}
	}
	room = h->quota == CLAIM_NO_QUOTA ? UINT64_MAX : account_room(h, back);
	if (set->pages <= room) {
		return FH_OK;
	}
	for (uint32_t i = 0; i < set->nr; i++) {
		const struct claim_term *t = &set->terms[i];

		if (t->count << t->order > room) {
			*why = (struct claim_refusal){ set->place[i], t->zone, t->order,        t->owner,
						       t->count,      0,       room >> t->order };
			return FH_EQUOTA;
		}
		room -= t->count << t->order;
	}
	return FH_OK;
}
