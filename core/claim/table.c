/* SPDX-License-Identifier: MIT */
/* The tables of the ledger: accounts, claims by handle, terms in chains. Slots are taken again oldest first. */
#include "core/claim/claim_internal.h"

#define NO_SLOT UINT16_MAX

_Static_assert(FH_MAX_CLAIMS < NO_SLOT && LEDGER_MAX_TERMS < LEDGER_NO_TERM, "slots and terms have 16-bit numbers");

void tables_init(struct ledger *l)
{
	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		l->claims[i] = (struct ledger_claim){
			.gen = 1,
			.holder = DOMID_NONE,
			.first = LEDGER_NO_TERM,
			.next_free = (uint16_t)(i + 1U < FH_MAX_CLAIMS ? i + 1U : NO_SLOT),
		};
	}
	for (uint32_t i = 0; i < LEDGER_MAX_TERMS; i++) {
		l->terms[i] = (struct ledger_term){
			.next = (uint16_t)(i + 1U < LEDGER_MAX_TERMS ? i + 1U : LEDGER_NO_TERM),
		};
	}
	for (uint32_t i = 0; i <= LEDGER_MAX_DOMAINS; i++) {
		l->accounts[i] = (struct ledger_account){ .quota = CLAIM_NO_QUOTA };
	}
	l->accounts[LEDGER_MAX_DOMAINS].live = true;
	l->free_first = 0;
	l->free_last = FH_MAX_CLAIMS - 1U;
	l->term_free = 0;
	l->nr_terms_free = LEDGER_MAX_TERMS;
	l->nr_claims = 0;
}

struct ledger_account *account_of(struct ledger *l, domid_t dom)
{
	if (dom == DOMID_HYP) {
		return &l->accounts[LEDGER_MAX_DOMAINS];
	}
	return dom < LEDGER_MAX_DOMAINS ? &l->accounts[dom] : NULL;
}

struct ledger_account *account_live(struct ledger *l, domid_t dom)
{
	struct ledger_account *a = account_of(l, dom);

	return a != NULL && a->live ? a : NULL;
}

uint64_t account_room(const struct ledger_account *a)
{
	const uint64_t used = a->outstanding + a->paid;

	return a->quota > used ? a->quota - used : 0U;
}

struct ledger_claim *claim_of(struct ledger *l, claim_handle_t h)
{
	if (h.slot >= FH_MAX_CLAIMS || l->claims[h.slot].gen != h.gen || l->claims[h.slot].holder == DOMID_NONE) {
		return NULL;
	}
	return &l->claims[h.slot];
}

fh_status term_of(struct ledger *l, claim_handle_t h, uint32_t term, struct ledger_claim **c, struct ledger_term **t)
{
	uint16_t at;

	*c = claim_of(l, h);
	if (*c == NULL) {
		return FH_ESTALE;
	}
	if (term >= (*c)->nr) {
		return FH_EINVAL;
	}
	at = (*c)->first;
	for (uint32_t i = 0; i < term; i++) {
		at = l->terms[at].next;
	}
	*t = &l->terms[at];
	return FH_OK;
}

claim_handle_t claim_new(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr)
{
	const uint16_t slot = l->free_first;
	struct ledger_claim *c = &l->claims[slot];
	uint16_t *link = &c->first;

	POOL_ASSERT(slot != NO_SLOT && nr <= l->nr_terms_free);
	l->free_first = c->next_free;
	c->holder = holder;
	c->nr = (uint16_t)nr;
	for (uint32_t i = 0; i < nr; i++) {
		struct ledger_term *t = &l->terms[l->term_free];

		*link = l->term_free;
		link = &t->next;
		l->term_free = t->next;
		t->zone = terms[i].zone;
		t->order = terms[i].order;
		t->owner = terms[i].owner;
		t->count = terms[i].count;
		t->left = terms[i].count;
	}
	*link = LEDGER_NO_TERM;
	l->nr_terms_free = (uint16_t)(l->nr_terms_free - nr);
	l->nr_claims++;
	return (claim_handle_t){ slot, c->gen };
}

void claim_drop(struct ledger *l, struct ledger_claim *c)
{
	const uint16_t slot = (uint16_t)(c - l->claims);
	uint16_t at = c->first;

	while (at != LEDGER_NO_TERM) {
		const uint16_t next = l->terms[at].next;

		POOL_ASSERT(l->terms[at].left == 0U);
		l->terms[at].next = l->term_free;
		l->term_free = at;
		at = next;
	}
	l->nr_terms_free = (uint16_t)(l->nr_terms_free + c->nr);
	l->nr_claims--;
	*c = (struct ledger_claim){
		.gen = c->gen + 1U, .holder = DOMID_NONE, .first = LEDGER_NO_TERM, .next_free = NO_SLOT
	};
	if (l->free_first == NO_SLOT) {
		l->free_first = slot;
	} else {
		l->claims[l->free_last].next_free = slot;
	}
	l->free_last = slot;
}
