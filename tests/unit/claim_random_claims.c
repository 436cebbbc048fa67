/* SPDX-License-Identifier: MIT */
/* Random operations on claims: staked, waited with, put in the place of others, handed over, run out, given up; domains that die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "claim_random.h"

/* What the refusal must say, by the oracle. */
static void check_refusal(const struct claim_term *t, uint32_t nr, const struct claim_refusal *why)
{
	struct oracle o = judge();
	uint32_t i = 0;
	uint64_t fit = 0;

	judge_outstanding(&o);
	for (; i < nr; i++) {
		judge_term(&o, &t[i], t[i].count);
		if (!oracle_packs(&o)) {
			break;
		}
	}
	CHECK(i < nr && why->term == i && why->want == t[i].count);
	o.nr_terms--;
	judge_term(&o, &t[i], 0);
	for (;; fit++) {
		o.terms[o.nr_terms - 1U].count = (uint32_t)fit + 1U;
		if (!oracle_packs(&o)) {
			break;
		}
	}
	CHECK(why->fit == fit);
	CHECK(why->fit < why->want && why->have >= why->fit);
}

static bool distinct(const struct claim_term *t, uint32_t nr)
{
	for (uint32_t i = 1; i < nr; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (t[i].zone == t[j].zone && t[i].order == t[j].order && t[i].owner == t[j].owner) {
				return false;
			}
		}
	}
	return true;
}

static void op_wait(uint32_t slot, domid_t holder, const struct claim_term *t, uint32_t nr)
{
	const fh_status expect = feasible(t, nr) ? FH_EQUEUED : FH_ENOFIT;
	const uint64_t deadline = m.now + 1U + rnd(40);
	struct claim_refusal why;
	claim_handle_t h;

	CHECK(claim_stake_wait(&led, holder, t, nr, deadline, &h, &why) == expect);
	if (expect == FH_ENOFIT) {
		return;
	}
	m.claims[slot] = (struct mclaim){
		.used = true, .waiting = true, .h = h, .holder = holder, .nr = nr, .deadline = deadline
	};
	for (uint32_t i = 0; i < nr; i++) {
		m.claims[slot].terms[i] = (struct mterm){ t[i], 0 };
	}
	m.queue[m.nr_waiting++] = slot;
	model_serve();
}

void op_stake(void)
{
	struct claim_term t[TERMS];
	const uint32_t nr = 1U + rnd(TERMS);
	const domid_t holder = rnd(4) == 0 ? DOMID_HYP : (domid_t)rnd(DOMS);
	struct claim_refusal why;
	struct oracle o = judge();
	fh_status expect = alive(holder) ? FH_OK : FH_ENOENT;
	uint64_t pages = 0;
	uint32_t slot = 0;
	claim_handle_t h;
	fh_status st;

	while (slot < CLAIMS && m.claims[slot].used) {
		slot++;
	}
	if (slot == CLAIMS || outstanding_blocks() + TERMS > OUTSTANDING) {
		return;
	}
	judge_outstanding(&o);
	for (uint32_t i = 0; i < nr; i++) {
		t[i] = random_term();
		pages += t[i].count << t[i].order;
		judge_term(&o, &t[i], t[i].count);
		expect = alive(t[i].owner) ? expect : FH_ENOENT;
	}
	if (!distinct(t, nr)) {
		return;
	}
	if (expect == FH_OK && holder == 2 && used_by(2) + pages > QUOTA) {
		expect = FH_EQUOTA;
	}
	for (uint32_t i = 0; i < nr && expect == FH_OK; i++) {
		expect = model_waits(t[i].zone) ? FH_EQUEUED : FH_OK;
	}
	if (expect == FH_OK && !oracle_packs(&o)) {
		expect = FH_ENOFIT;
	}
	if ((expect == FH_ENOFIT || expect == FH_EQUEUED) && rnd(3) == 0) {
		op_wait(slot, holder, t, nr);
		return;
	}
	st = claim_stake(&led, holder, t, nr, &h, &why);
	CHECK(st == expect);
	if (st == FH_ENOFIT) {
		check_refusal(t, nr, &why);
	}
	if (st != FH_OK) {
		return;
	}
	m.claims[slot] = (struct mclaim){
		.used = true, .h = h, .holder = holder, .nr = nr, .serial = m.serial++, .deadline = CLAIM_FOREVER
	};
	for (uint32_t i = 0; i < nr; i++) {
		m.claims[slot].terms[i] = (struct mterm){ t[i], t[i].count };
	}
}

void op_release(void)
{
	struct mclaim *c = random_claim();
	struct mterm *t;
	uint32_t i;
	uint64_t n;

	if (c == NULL) {
		return;
	}
	if (rnd(2) == 0) {
		CHECK(claim_release(&led, c->h) == FH_OK);
		CHECK(claim_release(&led, c->h) == FH_ESTALE);
		model_end(c);
		model_serve();
		return;
	}
	i = rnd(c->nr);
	t = &c->terms[i];
	n = rnd((uint32_t)t->left + 2U);
	CHECK(claim_release_part(&led, c->h, i, n) == (n <= t->left ? FH_OK : FH_EOVERFLOW));
	if (n <= t->left) {
		t->left -= n;
		t->t.count -= n;
		model_serve();
	}
}

void op_death(void)
{
	const domid_t d = (domid_t)rnd(DOMS);

	if (!m.alive[d]) {
		CHECK(ledger_domain_add(&led, d, d == 2 ? QUOTA : CLAIM_NO_QUOTA) == FH_OK);
		m.alive[d] = true;
		return;
	}
	if (rnd(4) != 0) {
		return;
	}
	CHECK(claim_domain_died(&led, d) == FH_OK);
	m.alive[d] = false;
	for (uint32_t i = 0; i < CLAIMS; i++) {
		struct mclaim *c = &m.claims[i];

		for (uint32_t j = 0; c->used && j < c->nr; j++) {
			if (c->terms[j].t.owner == d) {
				c->terms[j].t.count -= c->waiting ? c->terms[j].t.count : c->terms[j].left;
				c->terms[j].left = 0;
			}
		}
		if (c->used && c->holder == d) {
			model_end(c);
		}
	}
	model_serve();
}

void op_replace(void)
{
	struct mclaim *c = random_claim();
	const domid_t owner = (domid_t)rnd(DOMS);
	struct claim_term t = random_term();
	struct mclaim before;
	struct claim_info info;
	fh_status expect = FH_OK;
	fh_status st;
	uint32_t place = TERMS;
	struct oracle o;

	if (c == NULL || outstanding_blocks() + t.count > OUTSTANDING) {
		return;
	}
	before = *c;
	t.owner = owner;
	for (uint32_t j = 0; j < c->nr && !c->waiting; j++) {
		if (c->terms[j].t.owner == owner) {
			c->terms[j].t.count -= c->terms[j].left;
			c->terms[j].left = 0;
		}
	}
	for (uint32_t j = c->nr; j-- != 0U;) {
		place = c->terms[j].t.count == 0U ? j : place;
	}
	for (uint32_t j = 0; j < c->nr; j++) {
		const struct claim_term *q = &c->terms[j].t;

		place = q->zone == t.zone && q->order == t.order && q->owner == owner ? j : place;
	}
	if (place == TERMS && c->nr == TERMS) {
		*c = before; /* the model has no room */
		return;
	}
	place = place == TERMS ? c->nr : place;
	o = judge();
	judge_outstanding(&o);
	judge_term(&o, &t, t.count);
	if (before.waiting) {
		expect = FH_EBUSY;
	} else if (!alive(owner)) {
		expect = FH_ENOENT;
	} else if (c->holder == 2 && used_by(2) + (t.count << t.order) > QUOTA) {
		expect = FH_EQUOTA;
	} else if (model_waits(t.zone)) {
		expect = FH_EQUEUED;
	} else if (!oracle_packs(&o)) {
		expect = FH_ENOFIT;
	}
	CHECK(claim_info(&led, c->h, &info) == FH_OK);
	if (!before.waiting) {
		CHECK(claim_replace(&led, c->h, owner, info.version + 1U, &t, 1, NULL) == FH_ESTALE);
	}
	st = claim_replace(&led, c->h, owner, info.version, &t, 1, NULL);
	CHECK(st == expect);
	if (st != FH_OK) {
		*c = before;
		return;
	}
	if (place == c->nr) {
		c->terms[c->nr++] = (struct mterm){ t, t.count };
	} else {
		const uint64_t count = c->terms[place].t.count;

		c->terms[place].t = t;
		c->terms[place].t.count = count + t.count;
		c->terms[place].left += t.count;
	}
	model_serve();
}

void op_transfer(void)
{
	struct mclaim *c = random_claim();
	const domid_t to = (domid_t)rnd(DOMS);
	fh_status expect = alive(to) ? FH_OK : FH_ENOENT;
	uint64_t pages = 0;

	for (uint32_t j = 0; c != NULL && j < c->nr; j++) {
		pages += (c->waiting ? c->terms[j].t.count : c->terms[j].left) << c->terms[j].t.order;
	}
	if (c == NULL) {
		return;
	}
	if (expect == FH_OK && c->holder != to && to == 2 && used_by(2) + pages > QUOTA) {
		expect = FH_EQUOTA;
	}
	CHECK(claim_transfer(&led, c->h, to) == expect);
	c->holder = expect == FH_OK ? to : c->holder;
}

void op_lease(void)
{
	struct mclaim *c = random_claim();
	const uint64_t lease = rnd(5) == 0 ? CLAIM_FOREVER : 1U + rnd(60);

	if (c == NULL) {
		return;
	}
	if (rnd(3) == 0) {
		CHECK(claim_use(&led, c->h) == FH_OK);
		c->uses++;
	} else if (rnd(2) == 0) {
		CHECK(claim_unuse(&led, c->h) == (c->uses != 0U ? FH_OK : FH_EBUSY));
		c->uses -= c->uses != 0U;
	} else {
		CHECK(claim_renew(&led, c->h, m.now, 0) == FH_EINVAL);
		CHECK(claim_renew(&led, c->h, m.now + 1U, CLAIM_FOREVER - 1U) == FH_EOVERFLOW);
		CHECK(claim_renew(&led, c->h, m.now, lease) == FH_OK);
		c->deadline = lease == CLAIM_FOREVER ? CLAIM_FOREVER : m.now + lease;
	}
}

void op_reap(void)
{
	claim_handle_t gone;

	m.now += rnd(30);
	while (claim_reap(&led, m.now, &gone) == FH_OK) {
		struct mclaim *c = m.claims;

		while (!c->used || c->h.slot != gone.slot || c->h.gen != gone.gen) {
			c++;
			CHECK(c < m.claims + CLAIMS);
		}
		CHECK(c->uses == 0U && c->deadline <= m.now);
		CHECK(claim_release(&led, gone) == FH_EEXPIRED);
		model_end(c);
		model_serve();
	}
	for (uint32_t i = 0; i < CLAIMS; i++) {
		CHECK(!m.claims[i].used || m.claims[i].uses != 0U || m.claims[i].deadline > m.now);
	}
}

void op_reserve(void)
{
	const uint8_t z = (uint8_t)rnd(m.sh->nr);
	const uint64_t n = rnd(3);
	const uint64_t old = m.reserve[z];
	struct oracle o;

	if (!m.sh->zones[z].leaf) {
		CHECK(ledger_set_reserve(&led, z, n) == FH_EINVAL);
		return;
	}
	m.reserve[z] = n;
	o = judge();
	judge_outstanding(&o);
	if (!oracle_packs(&o)) {
		CHECK(ledger_set_reserve(&led, z, n) == FH_ENOFIT);
		m.reserve[z] = old;
		return;
	}
	CHECK(ledger_set_reserve(&led, z, n) == FH_OK);
	model_serve();
}
