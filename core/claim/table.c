/* SPDX-License-Identifier: MIT */
/* The tables of the ledger: accounts, claims by handle, terms in chains. Slots are taken again oldest first. */
#include "core/claim/claim_internal.h"
#include "core/claim/ended.h"

_Static_assert(FH_MAX_CLAIMS < LEDGER_NO_SLOT && LEDGER_MAX_TERMS < LEDGER_NO_TERM,
	       "slots and terms have 16-bit numbers");
_Static_assert(LEDGER_MAX_DOMAINS <= 64U, "those that live are bits of a word");

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
	l->live = 0;
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
	l->nr_terms_out = 0;
	l->nr_claims = 0;
	l->nr_untold = 0;
	l->serial = 0;
}

fh_status claim_gone(const struct ledger *l, claim_handle_t h)
{
	if (h.slot < FH_MAX_CLAIMS && l->claims[h.slot].gen == h.gen + 1U) {
		return (fh_status)(l->claims[h.slot].ended & ~LEDGER_UNTOLD);
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

void chain_take(struct ledger *l, struct term_chain *ch, uint32_t nr)
{
	uint16_t at = l->term_free;

	POOL_ASSERT(nr != 0U && nr <= l->nr_terms_free);
	ch->first = at;
	ch->nr = (uint16_t)nr;
	while (--nr != 0U) {
		at = l->terms[at].next;
	}
	ch->last = at;
	l->term_free = l->terms[at].next;
	l->terms[at].next = LEDGER_NO_TERM;
	l->nr_terms_free = (uint16_t)(l->nr_terms_free - ch->nr);
	l->nr_terms_out = (uint16_t)(l->nr_terms_out + ch->nr);
}

void chain_give(struct ledger *l, const struct term_chain *ch)
{
	l->terms[ch->last].next = l->term_free;
	l->term_free = ch->first;
	l->nr_terms_free = (uint16_t)(l->nr_terms_free + ch->nr);
	l->nr_terms_out = (uint16_t)(l->nr_terms_out - ch->nr);
}

void chain_in(struct ledger *l, struct ledger_claim *c, const struct term_chain *ch)
{
	c->first = ch->first;
	c->nr = ch->nr;
	l->nr_terms_out = (uint16_t)(l->nr_terms_out - ch->nr);
}

void chain_swap(struct ledger *l, struct ledger_claim *c, const struct term_chain *ch, uint16_t last)
{
	const struct term_chain old = { c->first, last, c->nr };

	chain_in(l, c, ch);
	l->nr_terms_out = (uint16_t)(l->nr_terms_out + old.nr);
	chain_give(l, &old);
}

static inline claim_handle_t open_slot(struct ledger *l, domid_t holder, struct ledger_claim **out)
{
	const uint16_t slot = l->unused.first;
	struct ledger_claim *c = &l->claims[slot];

	POOL_ASSERT(slot != LEDGER_NO_SLOT);
	l->unused.first = c->next;
	c->holder = holder;
	c->deadline = CLAIM_FOREVER;
	c->serial = l->serial++;
	l->nr_claims++;
	*out = c;
	return (claim_handle_t){ slot, c->gen };
}

claim_handle_t claim_new(struct ledger *l, domid_t holder, const struct term_chain *ch)
{
	struct ledger_claim *c;
	const claim_handle_t h = open_slot(l, holder, &c);

	chain_in(l, c, ch);
	return h;
}

claim_handle_t claim_new_one(struct ledger *l, domid_t holder, const struct claim_term *term)
{
	const uint16_t at = l->term_free;
	struct ledger_term *t = &l->terms[at];
	struct ledger_claim *c;
	const claim_handle_t h = open_slot(l, holder, &c);

	l->term_free = t->next;
	l->nr_terms_free--;
	term_fill(t, term);
	t->next = LEDGER_NO_TERM;
	c->first = at;
	c->nr = 1;
	return h;
}

/* It is told, or too late for that; false: there is nothing to tell of it. */
static bool tell(struct ledger *l, struct ledger_claim *c)
{
	if ((c->ended & LEDGER_UNTOLD) == 0U) {
		return false;
	}
	c->ended = (uint8_t)(c->ended & ~LEDGER_UNTOLD);
	__atomic_store_n(&l->nr_untold, (uint16_t)(l->nr_untold - 1U), __ATOMIC_RELAXED);
	return true;
}

claim_handle_t claim_close(struct ledger *l, struct ledger_claim *c, fh_status how)
{
	(void)tell(l, c);
	c->gen++;
	c->last = c->holder;
	c->ended = (uint8_t)(how == FH_EREVOKED ? (uint32_t)how | LEDGER_UNTOLD : (uint32_t)how);
	l->nr_untold = (uint16_t)(l->nr_untold + (how == FH_EREVOKED ? 1U : 0U));
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
	*c = (struct ledger_claim){
		.gen = c->gen, .holder = DOMID_NONE, .first = LEDGER_NO_TERM, .ended = c->ended, .last = c->last
	};
	queue_put(l, &l->unused, (uint16_t)(c - l->claims));
}

fh_status claim_next_revoked(struct ledger *l, claim_handle_t *h, domid_t *holder)
{
	fh_status st = FH_ENOENT;

	lock_acquire(&l->lock);
	for (uint32_t i = 0; i < FH_MAX_CLAIMS && l->nr_untold != 0U && st != FH_OK; i++) {
		struct ledger_claim *c = &l->claims[i];

		/* Another's slot by now: its handle would name that one's generation. */
		if (tell(l, c) && c->holder == DOMID_NONE) {
			*h = (claim_handle_t){ i, c->gen - 1U };
			*holder = c->last;
			st = FH_OK;
		}
	}
	lock_release(&l->lock);
	return st;
}

domid_t claim_was_of(struct ledger *l, claim_handle_t h)
{
	domid_t holder = DOMID_NONE;

	lock_acquire(&l->lock);
	if (h.slot < FH_MAX_CLAIMS && l->claims[h.slot].gen == h.gen + 1U) {
		holder = l->claims[h.slot].last;
	}
	lock_release(&l->lock);
	return holder;
}
