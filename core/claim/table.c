/* SPDX-License-Identifier: MIT */
/* The tables of the ledger: accounts, claims by handle, terms in chains. Slots are taken again oldest first. */
#include "core/claim/claim_internal.h"

_Static_assert(FH_MAX_CLAIMS < LEDGER_NO_SLOT && LEDGER_MAX_TERMS < LEDGER_NO_TERM,
	       "slots and terms have 16-bit numbers");

void queue_put(struct ledger *l, struct ledger_queue *q, uint16_t slot)
{
	l->claims[slot].next = LEDGER_NO_SLOT;
	if (queue_empty(q)) {
		q->first = slot;
	} else {
		l->claims[q->last].next = slot;
	}
	q->last = slot;
}

void queue_remove(struct ledger *l, struct ledger_queue *q, uint16_t slot)
{
	uint16_t before = LEDGER_NO_SLOT;
	uint16_t at = q->first;

	while (at != slot) {
		POOL_ASSERT(at != LEDGER_NO_SLOT);
		before = at;
		at = l->claims[at].next;
	}
	if (before == LEDGER_NO_SLOT) {
		q->first = l->claims[slot].next;
	} else {
		l->claims[before].next = l->claims[slot].next;
	}
	if (q->last == slot) {
		q->last = before;
	}
}

void tables_init(struct ledger *l)
{
	l->unused = (struct ledger_queue){ LEDGER_NO_SLOT, LEDGER_NO_SLOT };
	l->waiters = l->unused;
	for (uint16_t i = 0; i < FH_MAX_CLAIMS; i++) {
		l->claims[i] = (struct ledger_claim){
			.gen = 1, .holder = DOMID_NONE, .first = LEDGER_NO_TERM, .ended = FH_ESTALE
		};
		queue_put(l, &l->unused, i);
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
	for (uint32_t i = 0; i < POOL_MAX_ZONES; i++) {
		l->waits[i] = 0;
	}
	for (uint32_t i = 0; i < LEDGER_MAX_SCRUBBERS; i++) {
		l->scrubs[i].pages = 0;
	}
	l->nr_scrubs = 0;
	l->scrub_more = true;
	l->scrub_at = 0;
	l->term_free = 0;
	l->nr_terms_free = LEDGER_MAX_TERMS;
	l->nr_claims = 0;
	l->serial = 0;
}

struct ledger_claim *claim_of(struct ledger *l, claim_handle_t h)
{
	if (h.slot >= FH_MAX_CLAIMS || l->claims[h.slot].gen != h.gen || l->claims[h.slot].holder == DOMID_NONE) {
		return NULL;
	}
	return &l->claims[h.slot];
}

fh_status claim_gone(const struct ledger *l, claim_handle_t h)
{
	if (h.slot < FH_MAX_CLAIMS && l->claims[h.slot].gen == h.gen + 1U) {
		return (fh_status)l->claims[h.slot].ended;
	}
	return FH_ESTALE;
}

fh_status term_of(struct ledger *l, claim_handle_t h, uint32_t term, struct ledger_claim **c, struct ledger_term **t)
{
	uint16_t at;

	*c = claim_of(l, h);
	if (*c == NULL) {
		return claim_gone(l, h);
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

static inline void fill_term(struct ledger_term *t, const struct claim_term *from)
{
	t->zone = from->zone;
	t->order = from->order;
	t->owner = from->owner;
	t->count = from->count;
	t->left = from->count;
}

void claim_append(struct ledger *l, struct ledger_claim *c, const struct claim_term *term)
{
	const uint16_t new = l->term_free;
	uint16_t *link = &c->first;

	POOL_ASSERT(new != LEDGER_NO_TERM && c->nr < CLAIM_MAX_TERMS);
	while (*link != LEDGER_NO_TERM) {
		link = &l->terms[*link].next;
	}
	*link = new;
	l->term_free = l->terms[new].next;
	l->nr_terms_free--;
	fill_term(&l->terms[new], term);
	l->terms[new].next = LEDGER_NO_TERM;
	c->nr++;
}

claim_handle_t claim_new(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr)
{
	const uint16_t slot = l->unused.first;
	struct ledger_claim *c = &l->claims[slot];
	struct ledger_term *t = NULL;
	uint16_t at = l->term_free;

	POOL_ASSERT(slot != LEDGER_NO_SLOT && nr <= l->nr_terms_free && nr != 0U);
	l->unused.first = c->next;
	c->holder = holder;
	c->deadline = CLAIM_FOREVER;
	c->serial = l->serial++;
	c->first = at;
	c->nr = (uint16_t)nr;
	for (uint32_t i = 0; i < nr; i++) {
		t = &l->terms[at];
		fill_term(t, &terms[i]);
		at = t->next;
	}
	t->next = LEDGER_NO_TERM;
	l->term_free = at;
	l->nr_terms_free = (uint16_t)(l->nr_terms_free - nr);
	l->nr_claims++;
	return (claim_handle_t){ slot, c->gen };
}

claim_handle_t claim_close(struct ledger *l, struct ledger_claim *c, fh_status how)
{
	c->gen++;
	c->ended = (uint8_t)how;
	return (claim_handle_t){ (uint32_t)(c - l->claims), c->gen };
}

void claim_drop_first(struct ledger *l, struct ledger_claim *c)
{
	const uint16_t at = c->first;

	c->first = l->terms[at].next;
	c->nr--;
	l->terms[at].next = l->term_free;
	l->term_free = at;
	l->nr_terms_free++;
}

void claim_drop(struct ledger *l, struct ledger_claim *c)
{
	POOL_ASSERT(c->first == LEDGER_NO_TERM && c->nr == 0U);
	l->nr_claims--;
	*c = (struct ledger_claim){ .gen = c->gen, .holder = DOMID_NONE, .first = LEDGER_NO_TERM, .ended = c->ended };
	queue_put(l, &l->unused, (uint16_t)(c - l->claims));
}
