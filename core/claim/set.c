/* SPDX-License-Identifier: MIT */
/*
 * Sets of terms: checked and merged before the lock is taken, admitted whole or refused whole under it.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

static fh_status merge_term(const struct ledger *l, struct claim_set *set, const struct claim_term *t, uint32_t place)
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
	set->leaves |= l->zones[t->zone].leaves;
	set->owners |= t->owner < LEDGER_MAX_DOMAINS ? BIT(t->owner) : 0U;
	set->strangers = set->strangers || (t->owner >= LEDGER_MAX_DOMAINS && t->owner != DOMID_HYP);
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
	set->leaves = 0;
	set->owners = 0;
	set->strangers = false;
	if (terms == NULL || nr == 0U) {
		return FH_EINVAL;
	}
	if (nr > CLAIM_MAX_INPUT) {
		return FH_EOVERFLOW;
	}
	for (uint32_t i = 0; i < nr && st == FH_OK; i++) {
		st = set_check_term(l, &terms[i]);
		if (st == FH_OK) {
			st = merge_term(l, set, &terms[i], i);
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
	wave_start(w);
	for (uint32_t i = 0; i < n; i++) {
		wave_add(l, w, set->terms[i].zone, set->terms[i].order, -amount(l, &set->terms[i]));
	}
}

uint32_t terms_copy(const struct ledger *l, const struct ledger_claim *c, struct ledger_term terms[CLAIM_MAX_TERMS],
		    uint16_t *last)
{
	uint32_t n = 0;

	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		terms[n++] = l->terms[at];
		*last = at;
	}
	return n;
}

uint64_t terms_wave(const struct ledger *l, struct wave *w, const struct ledger_term *terms, uint32_t nr, domid_t owner,
		    int64_t n)
{
	uint64_t pages = 0;

	for (const struct ledger_term *t = terms; t < terms + nr; t++) {
		if ((owner == DOMID_NONE || t->owner == owner) && t->left != 0U) {
			wave_add(l, w, t->zone, t->order, n * (int64_t)t->left);
			pages += t->left << t->order;
		}
	}
	return pages;
}

/* The first term whose owner is not there. */
static fh_status find_stranger(struct ledger *l, const struct claim_set *set, struct claim_refusal *why)
{
	uint32_t i = 0;

	while (account_live(l, set->terms[i].owner) != NULL) {
		i++;
	}
	why->term = set->place[i];
	return FH_ENOENT;
}

fh_status set_check_parties(struct ledger *l, domid_t holder, uint64_t back, const struct claim_set *set,
			    struct claim_refusal *why)
{
	const struct ledger_account *h = account_live(l, holder);
	uint64_t room;

	if (h == NULL) {
		return FH_ENOENT;
	}
	if ((set->owners & ~l->live) != 0U || set->strangers) {
		return find_stranger(l, set, why);
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

fh_status set_check_queue(const struct ledger *l, const struct claim_set *set, struct claim_refusal *why)
{
	if (!wait_covers(l, set->leaves)) {
		return FH_OK;
	}
	for (uint32_t i = 0; i < set->nr; i++) {
		if (wait_covers(l, l->zones[set->terms[i].zone].leaves)) {
			why->term = set->place[i];
			break;
		}
	}
	return FH_EQUEUED;
}

fh_status set_prepare(struct ledger *l, domid_t holder, const struct claim_set *set, struct term_chain *ch,
		      struct claim_refusal *why)
{
	fh_status st;

	lock_acquire(&l->lock);
	st = set_check_parties(l, holder, 0, set, why);
	if (st == FH_OK && (l->nr_claims == FH_MAX_CLAIMS || l->nr_terms_free < set->nr)) {
		st = FH_EOVERFLOW;
	}
	if (st == FH_OK) {
		chain_take(l, ch, set->nr);
	}
	lock_release(&l->lock);
	if (st != FH_OK) {
		return st;
	}
	for (uint32_t i = 0, at = ch->first; i < set->nr; i++, at = l->terms[at].next) {
		term_fill(&l->terms[at], &set->terms[i]);
	}
	return FH_OK;
}
