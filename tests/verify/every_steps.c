/* SPDX-License-Identifier: MIT */
/* The operations of every.c: from the state that was built one of each kind, with each argument, and what each must do. */
#include <string.h>

#include "every.h"

uint64_t nr_states;

static struct claim_block block(uint32_t page, uint8_t order)
{
	return (struct claim_block){ pa((BASE_PFN + page) << PAGE_SHIFT), order, false };
}

static uint32_t page_of(const struct claim_block *b)
{
	return (uint32_t)((pa_val(b->base) >> PAGE_SHIFT) - BASE_PFN);
}

static void try_stake(uint32_t t)
{
	struct claim_term ask = { (uint8_t)(t / 3U), (uint8_t)(t % 3U), 1, 0 };
	struct claim_refusal why;
	claim_handle_t h;
	uint32_t fit = 0;

	while (more_fits(t, (int)fit + 1)) {
		fit++;
	}
	for (uint32_t n = 1; n <= MOST + 1U; n++) {
		struct view want = before;
		fh_status st;

		ask.count = n;
		st = claim_stake(&led, DOMID_HYP, &ask, 1, &h, &why);
		MUST(st == (n <= fit ? FH_OK : FH_ENOFIT));
		if (st == FH_OK) {
			want.left[t] += n;
			good(&want);
		} else {
			MUST(why.want == n && why.fit == fit && why.zone == ask.zone && why.order == ask.order);
			untouched();
		}
	}
}

static void try_alloc(uint32_t t, domid_t owner)
{
	struct view want = before;
	struct claim_block b;
	const fh_status st = claim_alloc(&led, owner, (uint8_t)(t / 3U), (uint8_t)(t % 3U), &b);

	MUST(st == (more_fits(t, 1) ? FH_OK : FH_ENOMEM));
	if (st == FH_OK) {
		MUST(b.order == t % 3U && (t < 3U || page_of(&b) / LEAF == t / 3U - 1U));
		want.rec[page_of(&b)] = rec_owned(b.order, owner, owner);
		good(&want);
	} else {
		untouched();
	}
}

/* The largest order up to `up` of which one block may take the place of as many as it is worth. */
static uint8_t largest(uint32_t t, uint8_t up)
{
	uint8_t best = (uint8_t)(t % 3U);

	for (uint8_t k = (uint8_t)(best + 1U); k <= up && left[t] >= 1U << (k - t % 3U); k++) {
		uint8_t c[TERMS];

		memcpy(c, left, sizeof(c));
		c[t] = (uint8_t)(c[t] - (1U << (k - t % 3U)));
		c[t - t % 3U + k]++;
		best = judge(now[0]->free, now[1]->free, c) ? k : best;
	}
	return best;
}

static void try_redeem(uint32_t t)
{
	struct claim_block b;

	for (uint8_t up = 0; up < 4U; up++) {
		struct view want = before;

		MUST(claim_redeem_upto(&led, handle[t], 0, up, &b) == FH_OK);
		MUST(b.order == largest(t, MIN(up, 2U)) && (t < 3U || page_of(&b) / LEAF == t / 3U - 1U));
		want.rec[page_of(&b)] = rec_owned(b.order, 0, DOMID_HYP);
		want.left[t] -= UINT64_C(1) << (b.order - t % 3U);
		good(&want);
	}
}

static void try_release(uint32_t t)
{
	for (uint32_t n = 0; n <= left[t]; n++) {
		struct view want = before;

		MUST(claim_release_part(&led, handle[t], 0, n) == FH_OK);
		want.left[t] -= n;
		good(&want);
	}
	MUST(claim_release_part(&led, handle[t], 0, left[t] + 1U) == FH_EOVERFLOW);
	untouched();
}

/* What is left of term t for n of term u. */
static void try_replace(uint32_t t, uint32_t u)
{
	for (uint32_t n = 1; n <= MOST; n++) {
		const struct claim_term ask = { (uint8_t)(u / 3U), (uint8_t)(u % 3U), 0, n };
		struct view want = before;
		uint8_t c[TERMS];
		fh_status st;

		memcpy(c, left, sizeof(c));
		c[t] = 0;
		c[u] = (uint8_t)(c[u] + n);
		st = claim_replace(&led, handle[t], 0, 0, &ask, 1, NULL);
		MUST(st == (judge(now[0]->free, now[1]->free, c) ? FH_OK : FH_ENOFIT));
		if (st == FH_OK) {
			want.left[t] = 0;
			want.left[u] += n;
			good(&want);
		} else {
			untouched();
		}
	}
}

static void own(uint32_t p, uint8_t order, domid_t owner, domid_t payer, uint32_t bad)
{
	account_of(&led, (domid_t)FIELD_GET(REC_OWNER, records[p]))->owned -= BIT(order);
	account_of(&led, (domid_t)FIELD_GET(REC_PAYER, records[p]))->paid -= BIT(order);
	account_of(&led, owner)->owned += BIT(order);
	account_of(&led, payer)->paid += BIT(order);
	records[p] = rec_owned(order, owner, payer) | FIELD_PREP(REC_BAD, bad);
}

static void try_free(uint32_t p, uint8_t order, domid_t owner, domid_t payer, uint32_t bad)
{
	struct view want = before;

	own(p, order, owner, payer, bad);
	MUST((bad == 0U ? claim_free(&led, owner, block(p, order)) :
			  claim_free_untouched(&led, owner, block(p, order))) == FH_OK);
	want.rec[p] = 0;
	if (bad != 0U) {
		want.rec[p + bad - 1U] = POOL_QUARANTINED;
	}
	good(&want);
	for (uint8_t to = 0; to <= order; to++) {
		want = before;
		own(p, order, owner, payer, bad);
		MUST(claim_split_owned(&led, owner, block(p, order), to) == FH_OK);
		for (uint32_t i = 0; i < BIT(order); i += 1U << to) {
			const bool in = bad > i && bad <= i + BIT(to);

			want.rec[p + i] = rec_owned(to, owner, payer) | FIELD_PREP(REC_BAD, in ? bad - i : 0U);
		}
		good(&want);
	}
}

static void try_unredeem(uint32_t t, uint32_t p, uint8_t order, domid_t owner, domid_t payer)
{
	struct view want = before;
	const bool fits = order >= t % 3U && payer == DOMID_HYP && (t < 3U || p / LEAF == t / 3U - 1U);
	fh_status st;

	own(p, order, owner, payer, 0);
	st = claim_unredeem(&led, handle[t], 0, block(p, order));
	MUST(st == (owner != 0U ? FH_EDENIED : fits ? FH_OK : FH_EINVAL));
	if (st == FH_OK) {
		want.rec[p] = 0;
		want.left[t] += UINT64_C(1) << (order - t % 3U);
	} else {
		want.rec[p] = rec_owned(order, owner, payer);
	}
	good(&want);
}

/* Blocks that aren't there: of another size, free, quarantined, of another owner, out of the pool. */
static void try_wrong(uint32_t p, uint8_t order)
{
	const struct cut *c = now[p / LEAF];
	const bool block_here = c->order[p % LEAF] == order && c->state[p % LEAF] == POOL_OWNED;
	const domid_t owner = block_here ? (domid_t)FIELD_GET(REC_OWNER, records[p]) : DOMID_NONE;

	for (uint32_t i = 0; i < 3U; i++) {
		if (owners[i] != owner) {
			MUST(claim_free(&led, owners[i], block(p, order)) != FH_OK);
			MUST(claim_split_owned(&led, owners[i], block(p, order), 0) != FH_OK);
		}
	}
	MUST(claim_free(&led, 0, block(PAGES + p, order)) == (p % BIT(order) != 0U ? FH_EALIGN : FH_ENOENT));
	MUST(claim_free(&led, 0, block(p, 3)) != FH_OK);
	untouched();
}

/* A page goes bad: claims stand where the judge finds room for them without it. */
static void try_quarantine(uint32_t p)
{
	struct view want = before;
	uint32_t head = p % LEAF;
	const struct cut *c = now[p / LEAF];
	const fh_status st = ledger_quarantine(&led, pa((BASE_PFN + p) << PAGE_SHIFT));
	uint8_t f[2][3];

	while (c->order[head] == NONE || head + BIT(c->order[head]) <= p % LEAF) {
		head--;
	}
	MUST(st == (c->state[head] == POOL_QUARANTINED ? FH_EREVOKED : FH_OK));
	if (c->state[head] == POOL_QUARANTINED) {
		untouched();
		return;
	}
	if (c->state[head] == POOL_OWNED) {
		want.rec[p - p % LEAF + head] |= FIELD_PREP(REC_BAD, p % LEAF - head + 1U);
		good(&want);
		return;
	}
	memcpy(f[0], now[0]->free, 3);
	memcpy(f[1], now[1]->free, 3);
	f[p / LEAF][c->order[head]]--;
	for (uint32_t k = 0; k < c->order[head]; k++) {
		f[p / LEAF][k]++;
	}
	want.rec[p] = POOL_QUARANTINED;
	good(judge(f[0], f[1], left) ? &want : NULL);
}

/* The reserve of a leaf: of the pages that are claimed of order 0, so many are no term's. */
static void try_reserve(uint32_t leaf)
{
	const uint32_t t = 3U * (leaf + 1U);

	for (uint32_t n = 0; n <= MOST; n++) {
		const bool fits = n == 0U || more_fits(t, (int)n);

		MUST(ledger_set_reserve(&led, (uint8_t)(leaf + 1U), n) == (fits ? FH_OK : FH_ENOFIT));
		if (!fits) {
			untouched();
			continue;
		}
		MUST(ledger_audit(&led) == NULL);
		if (n != 0U) { /* the hypervisor may draw on it when nothing else is left; no claim is hurt */
			struct claim_block b;

			MUST(claim_alloc(&led, DOMID_HYP, (uint8_t)(leaf + 1U), 0, &b) == FH_OK);
			MUST(led.reserve[leaf + 1U] == n - (more_fits(t, (int)n + 1) ? 0U : 1U));
			MUST(ledger_audit(&led) == NULL);
			MUST(ledger_set_reserve(&led, (uint8_t)(leaf + 1U), 0) == FH_OK);
		}
		good(NULL);
	}
}

static void try_pages(void)
{
	for (uint32_t p = 0; p < PAGES; p++) {
		const struct cut *c = now[p / LEAF];
		const uint8_t order = c->order[p % LEAF];

		try_quarantine(p);
		for (uint8_t k = 0; k < 3U; k++) {
			try_wrong(p, k);
		}
		if (order == NONE || c->state[p % LEAF] != POOL_OWNED) {
			continue;
		}
		for (uint32_t i = 0; i < 9U; i++) {
			for (uint32_t bad = 0; bad <= BIT(order); bad++) {
				try_free(p, order, owners[i % 3U], owners[i / 3U], bad);
			}
			for (uint32_t t = 0; t < TERMS; t++) {
				if (left[t] != 0U) {
					try_unredeem(t, p, order, owners[i % 3U], owners[i / 3U]);
				}
			}
		}
	}
}

void visit(void)
{
	struct view none;

	build((uint32_t)nr_states, false);
	before = view_of(&led, records);
	good(&before);
	nr_states++;
	try_reserve(0);
	try_reserve(1);
	for (uint32_t t = 0; t < TERMS; t++) {
		try_stake(t);
		try_alloc(t, 0);
		try_alloc(t, DOMID_HYP);
		if (left[t] != 0U) {
			try_redeem(t);
			try_release(t);
			for (uint32_t u = 0; u < TERMS; u++) {
				try_replace(t, u);
			}
		}
	}
	try_pages();
	MUST(claim_domain_died(&led, 0) == FH_OK);
	none = before;
	memset(none.left, 0, sizeof(none.left));
	good(&none);
	build((uint32_t)nr_states, true);
	before = view_of(&led, records);
	memcpy(none.rec, before.rec, sizeof(none.rec));
	MUST(claim_release(&led, handle[0]) == (led.nr_claims == was.nr_claims ? FH_ESTALE : FH_OK));
	good(&none);
}
