/* SPDX-License-Identifier: MIT */
/* The ledger's audit: zones, claims and accounts computed again from the pool and the terms, and compared. */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

struct sums {
	uint64_t claimed[POOL_MAX_ZONES][POOL_ORDERS];
	uint64_t outstanding[LEDGER_MAX_DOMAINS + 1U];
	uint64_t paid[LEDGER_MAX_DOMAINS + 1U];
	uint64_t owned[LEDGER_MAX_DOMAINS + 1U];
};

/* Too large for a stack; guarded by the ledger's lock. One ledger is audited at a time. */
static struct sums sums;

static uint32_t slot_of(domid_t dom)
{
	return dom == DOMID_HYP ? LEDGER_MAX_DOMAINS : dom;
}

static const char *sum_claim(const struct ledger *l, const struct ledger_claim *c, uint32_t *terms)
{
	uint32_t n = 0;

	for (uint16_t at = c->first; at != LEDGER_NO_TERM && n <= c->nr; at = l->terms[at].next, n++) {
		const struct ledger_term *t = &l->terms[at];

		if (t->left > t->count) {
			return "more is left of a term than was claimed";
		}
		if (c->waiting && t->left != t->count) {
			return "something was redeemed of a claim that waits";
		}
		sums.claimed[t->zone][t->order] += c->waiting ? 0U : t->left;
		sums.outstanding[slot_of(c->holder)] += t->left << t->order;
	}
	*terms += n;
	return n == c->nr ? NULL : "a claim's chain of terms is not as long as it says";
}

static const char *sum_claims(const struct ledger *l)
{
	const char *bad = NULL;
	uint32_t claims = 0;
	uint32_t terms = 0;
	uint32_t unused = 0;
	uint32_t slots = 0;
	uint32_t waiters = 0;
	uint32_t waiting = 0;

	for (uint32_t i = 0; i < FH_MAX_CLAIMS && bad == NULL; i++) {
		if (l->claims[i].holder != DOMID_NONE) {
			claims++;
			waiting += l->claims[i].waiting ? 1U : 0U;
			bad = sum_claim(l, &l->claims[i], &terms);
		}
	}
	for (uint16_t at = l->term_free; at != LEDGER_NO_TERM && unused <= LEDGER_MAX_TERMS; at = l->terms[at].next) {
		unused++;
	}
	for (uint32_t at = l->unused.first; at < FH_MAX_CLAIMS && slots <= FH_MAX_CLAIMS; at = l->claims[at].next) {
		slots++;
	}
	for (uint32_t at = l->waiters.first; at < FH_MAX_CLAIMS && waiters <= FH_MAX_CLAIMS; at = l->claims[at].next) {
		waiters += l->claims[at].waiting ? 1U : FH_MAX_CLAIMS;
	}
	if (bad == NULL && (claims != l->nr_claims || slots + claims != FH_MAX_CLAIMS)) {
		bad = "slots are lost";
	}
	if (bad == NULL && waiters != waiting) {
		bad = "the queue is not those that wait";
	}
	if (bad == NULL && (unused != l->nr_terms_free || unused + terms + l->nr_terms_out != LEDGER_MAX_TERMS)) {
		bad = "terms are lost";
	}
	return bad;
}

static const char *sum_blocks(const struct ledger *l)
{
	struct pool_info b;

	for (paddr_t at = pa(0); pool_next_block(&l->pool, at, &b) == FH_OK; at = pa(range_end(b.range))) {
		if (b.state != POOL_OWNED) {
			continue;
		}
		if (slot_of(b.owner) > LEDGER_MAX_DOMAINS || slot_of(b.payer) > LEDGER_MAX_DOMAINS) {
			return "a block of nobody";
		}
		sums.owned[slot_of(b.owner)] += b.range.size >> PAGE_SHIFT;
		sums.paid[slot_of(b.payer)] += b.range.size >> PAGE_SHIFT;
	}
	return NULL;
}

static const char *audit_accounts(const struct ledger *l)
{
	for (uint32_t i = 0; i <= LEDGER_MAX_DOMAINS; i++) {
		const struct ledger_account *a = &l->accounts[i];

		if (a->outstanding != sums.outstanding[i] || a->paid != sums.paid[i] || a->owned != sums.owned[i]) {
			return "an account does not agree with blocks and terms";
		}
		if (!domain_lives(l, i < LEDGER_MAX_DOMAINS ? (domid_t)i : DOMID_HYP) && a->outstanding != 0U) {
			return "a dead domain holds a claim";
		}
	}
	return NULL;
}

/* Computed another way than arith.c does: by what is worth what in blocks of one order (docs/claims.md). */
static const char *audit_zone(const struct ledger *l, uint32_t zone)
{
	const struct ledger_zone *z = &l->zones[zone];
	int64_t s[POOL_ORDERS + 1U] = { 0 };
	int64_t r[POOL_ORDERS + 1U] = { 0 };
	uint32_t left = 0;
	uint32_t lacks = 0;

	for (unsigned int k = POOL_ORDERS; k-- != 0U;) {
		s[k] = (int64_t)l->pool.zones[zone].nr_free[k] + zone_free(l->zones, zone, k) -
		       (int64_t)sums.claimed[zone][k] + 2 * s[k + 1U];
		if (s[k] < 0) {
			return "admission does not hold";
		}
	}
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		r[k] = k == 0U ? s[0] : MIN(s[k], r[k - 1U] / 2);
	}
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		if (zone_left(z, k) != r[k] - 2 * r[k + 1U]) {
			return "what a zone has left over is wrong";
		}
		left |= (uint32_t)(zone_left(z, k) != 0) << k;
		lacks |= (uint32_t)(z->t[k] < 0) << k;
		if (z->t[k] + (k == 0U ? 0 : s[k] - r[k]) != s[k] - 2 * s[k + 1U]) {
			return "what an order borrows is wrong";
		}
	}
	/* Whole words: gcc 12.2 compiles "(bits >> k & 1) != (t < 0)" to something else. */
	return z->left == left && z->lacks == lacks ? NULL : "a zone's marks are wrong";
}

const char *ledger_audit(struct ledger *l)
{
	const char *bad;

	lock_acquire(&l->lock);
	sums = (struct sums){ 0 };
	for (uint32_t i = 0; i < l->pool.nr_zones; i++) {
		sums.claimed[i][0] = l->reserve[i];
	}
	bad = pool_audit(&l->pool);
	if (bad == NULL) {
		bad = sum_claims(l);
	}
	if (bad == NULL) {
		bad = sum_blocks(l);
	}
	if (bad == NULL) {
		bad = audit_accounts(l);
	}
	for (uint32_t i = 0; i < l->pool.nr_zones && bad == NULL; i++) {
		bad = audit_zone(l, i);
	}
	lock_release(&l->lock);
	return bad;
}
