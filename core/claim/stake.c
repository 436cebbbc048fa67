/* SPDX-License-Identifier: MIT */
/*
 * Staking: a set of terms is checked and merged before the lock is taken, admitted whole or refused whole under it.
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

/* A set without doubles: terms by first occurrence, and where each stood in the caller's array. */
struct set {
	uint32_t nr;
	uint64_t pages;
	uint16_t place[CLAIM_MAX_TERMS];
	struct claim_term terms[CLAIM_MAX_TERMS];
};

static fh_status check_term(const struct ledger *l, const struct claim_term *t)
{
	if (t->count == 0U || t->zone >= l->pool.nr_zones || t->order > l->pool.zones[t->zone].max_order) {
		return FH_EINVAL;
	}
	return t->count > UINT64_MAX >> t->order ? FH_EOVERFLOW : FH_OK;
}

static fh_status merge_term(struct set *set, const struct claim_term *t, uint32_t place)
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

static fh_status merge(const struct ledger *l, const struct claim_term *terms, uint32_t nr, struct set *set,
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
		st = check_term(l, &terms[i]);
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

/* Puts the first n terms into the zones (sign 1), or takes them out again (-1). */
static bool apply(struct ledger *l, const struct set *set, uint32_t n, int64_t sign)
{
	struct wave w = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		wave_claim(l, &w, set->terms[i].zone, set->terms[i].order, sign * amount(l, &set->terms[i]));
	}
	return wave_run(l, &w);
}

static void undo(struct ledger *l, const struct set *set, uint32_t n)
{
	if (!apply(l, set, n, -1)) {
		POOL_ASSERT(false);
	}
}

/* Finds the first term that does not fit with those before it, and what would. At most 6 admissions. */
static void explain(struct ledger *l, const struct set *set, struct claim_refusal *why)
{
	uint32_t fits = 0; /* terms that fit together */
	uint32_t refused = set->nr;
	const struct claim_term *t;

	while (refused - fits > 1U) {
		const uint32_t mid = (fits + refused) / 2U;

		if (apply(l, set, mid, 1)) {
			fits = mid;
		} else {
			refused = mid;
		}
		undo(l, set, mid);
	}
	t = &set->terms[fits];
	if (!apply(l, set, fits, 1)) {
		POOL_ASSERT(false);
	}
	*why = (struct claim_refusal){
		.term = set->place[fits],
		.zone = t->zone,
		.order = t->order,
		.owner = t->owner,
		.want = t->count,
		.have = admit_have(l, t->zone, t->order),
		.fit = admit_fit(l, t->zone, t->order),
	};
	undo(l, set, fits);
}

/* Whether holder and owners live, and the holder's quota allows it. */
static fh_status check_parties(struct ledger *l, domid_t holder, const struct set *set, struct claim_refusal *why)
{
	const struct ledger_account *h = account_live(l, holder);
	uint64_t room;

	if (h == NULL) {
		return FH_ENOENT;
	}
	for (uint32_t i = 0; i < set->nr; i++) {
		if (account_live(l, set->terms[i].owner) == NULL) {
			why->term = set->place[i];
			return FH_ENOENT;
		}
	}
	room = account_room(h);
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

static fh_status admit(struct ledger *l, domid_t holder, const struct set *set, struct claim_refusal *why)
{
	const fh_status st = check_parties(l, holder, set, why);

	if (st != FH_OK) {
		return st;
	}
	if (l->nr_claims == FH_MAX_CLAIMS || l->nr_terms_free < set->nr) {
		return FH_EOVERFLOW;
	}
	if (!apply(l, set, set->nr, 1)) {
		undo(l, set, set->nr);
		explain(l, set, why);
		return FH_ENOFIT;
	}
	return FH_OK;
}

fh_status claim_stake(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
		      claim_handle_t *handle, struct claim_refusal *refusal)
{
	struct claim_refusal why = { 0 };
	struct set set;
	fh_status st = merge(l, terms, nr, &set, &why);

	if (st == FH_OK) {
		lock_acquire(&l->lock);
		st = admit(l, holder, &set, &why);
		if (st == FH_OK) {
			account_of(l, holder)->outstanding += set.pages;
			*handle = claim_new(l, holder, set.terms, set.nr);
		}
		lock_release(&l->lock);
	}
	if (st != FH_OK && refusal != NULL) {
		*refusal = why;
	}
	return st;
}
