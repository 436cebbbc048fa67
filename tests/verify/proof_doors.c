/* SPDX-License-Identifier: MIT */
/*
 * Proofs by CBMC of core/claim's doors: operations with any arguments at all on any well-formed ledger (proof_doors.h has
 * what that is, and what is cut below). Nothing is read or written out of bounds, nothing overflows, no assertion of the
 * engine's fires; what is below the door is called with values in range only; what is refused changes nothing.
 */
#include "tests/verify/proof_doors.h"

/* --- below the doors, of this file's operations --------------------------------------------------------------------- */

/* wait.c is cut off: who waits is served later, which the enumeration and the races have. */
void wait_serve(struct ledger *ledger)
{
	ASSERT(!held && ledger == &l, "without the lock");
}

void wait_unlock(struct ledger *ledger)
{
	lock_release(&ledger->lock);
}

bool wait_covers(const struct ledger *ledger, uint32_t leaves)
{
	ASSERT(held && ledger == &l && leaves >> ZONES == 0U, "under the lock, some leaves");
	return nondet_bool();
}

void wait_cancel(struct ledger *ledger, struct ledger_claim *c, domid_t owner)
{
	(void)ledger;
	(void)c;
	(void)owner;
	ASSUME(false); /* no door leads there */
}

uint8_t admit_upto(const struct ledger *ledger, uint8_t zone, uint8_t order, uint8_t max)
{
	const uint8_t k = nondet_u8();

	in_range(zone, order, 1);
	ASSERT(max <= ledger->zones[zone].max_order, "an order that the zone has");
	ASSUME(k >= order && k <= max);
	return k;
}

struct claim_block block_take(struct ledger *ledger, uint8_t zone, uint8_t order, uint8_t from, domid_t owner,
			      domid_t payer)
{
	in_range(zone, order, 1);
	ASSERT(from <= order && account_of(ledger, owner) != NULL && domain_lives(ledger, payer),
	       "somebody's, for as much");
	return (struct claim_block){ pa(nondet_u64()), order, true };
}

void scrub_unlock(struct ledger *ledger, struct claim_block *taken)
{
	taken->dirty = nondet_bool();
	lock_release(&ledger->lock);
}

/* proof_pool.c has it for any arguments: a block of a leaf, of just that order. */
fh_status pool_find_owned(const struct pool *p, domid_t owner, paddr_t addr, uint8_t order, struct pool_owned *out)
{
	const uint8_t leaf = nondet_u8();

	ASSERT(held && p == &l.pool, "under the lock");
	if (nondet_bool() || order > POOL_MAX_ORDER) {
		return FH_ENOENT;
	}
	ASSUME(leaf < ZONES && p->zones[leaf].leaf && order <= p->zones[leaf].max_order);
	*out = (struct pool_owned){ .pfn = pa_val(addr) >> PAGE_SHIFT,
				    .owner = owner,
				    .payer = any_domain(),
				    .zone = leaf,
				    .order = order,
				    .bad = nondet_u32() };
	return FH_OK;
}

void block_put(struct ledger *ledger, struct change *c, const struct pool_owned *b, bool touched)
{
	ASSERT(held && ledger == &l && b->zone < ZONES && b->order <= POOL_MAX_ORDER && b->bad == 0U, "a good block");
	(void)touched;
	change_start(c, b->order, 1);
}

bool change_run(struct ledger *ledger, uint8_t zone, uint8_t end, struct change *c)
{
	in_range(zone, (uint8_t)c->lo, 1);
	ASSERT(zone_holds(ledger, end, zone), "up to a zone that holds the leaf");
	return true;
}

bool unpay(struct ledger_zone *z, const struct change *c)
{
	ASSERT(z >= l.zones && z < l.zones + ZONES && c->lo <= z->max_order, "a zone's");
	return nondet_bool();
}

void change_add(struct change *c, unsigned int k, int64_t n)
{
	ASSERT(k <= POOL_MAX_ORDER && n >= -(int64_t)BIT(POOL_MAX_ORDER) && n <= 0, "an order, as much as a block");
	(void)c;
}

void change_check(struct ledger *ledger, uint8_t zone, struct change *c)
{
	(void)ledger;
	(void)c;
	ASSERT(zone < ZONES, "a zone");
}

/* --- any arguments --------------------------------------------------------------------------------------------------- */

static claim_handle_t any_handle(void)
{
	const uint32_t beyond = nondet_u32();

	ASSUME(beyond >= FH_MAX_CLAIMS);
	return (claim_handle_t){ CASE_SLOT < 2 ? CASE_SLOT : beyond, nondet_u32() };
}

static uint32_t any_place(void)
{
	const uint32_t beyond = nondet_u32();

	ASSUME(beyond >= 2U);
	return CASE_TERM < 2 ? CASE_TERM : beyond;
}

static void any_terms(struct claim_term t[CLAIM_MAX_INPUT])
{
	for (uint32_t i = 0; i < CLAIM_MAX_INPUT; i++) {
		t[i] = (struct claim_term){ nondet_u8(), nondet_u8(), nondet_u16(), nondet_u64() };
	}
}

/* A set of any terms: made only of what is in range, merged, and its sum does not wrap. */
void proof_set(void)
{
	struct claim_term t[CLAIM_MAX_INPUT];
	const uint32_t nr = nondet_u32();
	struct claim_refusal why = { 0 };
	struct claim_set set;
	uint64_t pages = 0;

	any_ledger();
	any_terms(t);
	if (set_make(&l, nondet_bool() ? t : NULL, nr, &set, &why) != FH_OK) {
		ASSERT(why.term == 0U || why.term < nr, "a term of the caller's");
		unchanged();
		return;
	}
	ASSERT(set.nr != 0U && set.nr <= nr && nr <= CLAIM_MAX_INPUT, "as many terms as there is room for");
	for (uint32_t i = 0; i < set.nr; i++) {
		const struct claim_term *m = &set.terms[i];

		ASSERT(m->zone < ZONES && m->order <= l.zones[m->zone].max_order && m->count != 0U, "a term in range");
		ASSERT(m->count <= UINT64_MAX >> m->order && pages <= UINT64_MAX - (m->count << m->order), "its pages");
		ASSERT(set.place[i] < nr, "a place of the caller's");
		pages += m->count << m->order;
	}
	ASSERT(pages == set.pages, "the sum is the sum");
	unchanged();
	REACHED(set.nr == 1U && nr == CLAIM_MAX_INPUT && set.pages > BIT(63));
}

/* Any handle, any term, any order: at most as much is taken as is left. */
void proof_redeem(void)
{
	const claim_handle_t h = any_handle();
	const uint32_t term = any_place();
	struct claim_block b;
	fh_status st;

	any_ledger();
	st = nondet_bool() ? claim_redeem_upto(&l, h, term, nondet_u8(), &b) :
			     claim_redeem_own(&l, nondet_u16(), h, nondet_u8(), &b);
	if (st != FH_OK) {
		unchanged();
		return;
	}
	well_formed();
	ASSERT(claim_of(&was, h) != NULL && !claim_of(&was, h)->waiting, "an admitted claim's");
	REACHED(b.order == 9U);
}

/* Any block into any term: no more than was redeemed, to who lives. */
void proof_unredeem(void)
{
	const claim_handle_t h = any_handle();
	const uint32_t term = any_place();
	const struct claim_block b = { pa(nondet_u64()), nondet_u8(), nondet_bool() };
	struct ledger_claim *c;
	struct ledger_term *t;

	any_ledger();
	if (nondet_bool()) {
		(void)claim_may_unredeem(&l, h, term, b);
		unchanged();
		return;
	}
	if (claim_unredeem(&l, h, term, b) != FH_OK) {
		unchanged();
		return;
	}
	well_formed();
	ASSERT(term_of(&l, h, term, &c, &t) == FH_OK && domain_lives(&l, t->owner), "a term of who lives");
	REACHED(b.order > t->order);
}

/* Any count of any term. (claim_release() has no other door than the handle, which is the same for all.) */
void proof_release(void)
{
	const claim_handle_t h = any_handle();
	const uint32_t term = any_place();
	const uint64_t count = nondet_u64();

	any_ledger();
	if (claim_release_part(&l, h, term, count) != FH_OK) {
		unchanged();
		return;
	}
	well_formed();
	REACHED(count > 5U);
}

/* Leases, uses, holders: any times, any domain. */
void proof_lease(void)
{
	const claim_handle_t h = any_handle();
	const uint64_t now = nondet_u64();
	const uint64_t lease = nondet_u64();
	const uint8_t which = nondet_u8();
	fh_status st;

	any_ledger();
	st = which == 0U ? claim_renew(&l, h, now, lease) :
	     which == 1U ? claim_use(&l, h) :
	     which == 2U ? claim_unuse(&l, h) :
			   claim_transfer(&l, h, nondet_u16());
	if (st != FH_OK) {
		unchanged();
		return;
	}
	well_formed();
	ASSERT(which != 0U || claim_of(&l, h)->deadline > now || now == UINT64_MAX, "a deadline to come");
	REACHED(which == 0U && lease != CLAIM_FOREVER);
}

/* Questions. */
void proof_query(void)
{
	const claim_handle_t h = any_handle();
	struct ledger_account account;
	struct claim_term_info term;
	struct claim_info info;
	claim_handle_t next;
	domid_t holder;

	any_ledger();
	if (claim_query(&l, h, any_place(), &holder, &term) == FH_OK) {
		ASSERT(term.left <= term.term.count && claim_of(&l, h) != NULL, "of that claim");
	}
	if (claim_info(&l, h, &info) == FH_OK) {
		ASSERT(info.nr_terms <= LEDGER_MAX_TERMS, "of that claim");
	}
	if (claim_next(&l, nondet_u32(), &next) == FH_OK) {
		ASSERT(claim_of(&l, next) != NULL, "a claim");
	}
	(void)ledger_account(&l, nondet_u16(), &account);
	unchanged();
	REACHED(true);
}

/* A reserve of any zone, any pages; a domain of any number. */
void proof_domain(void)
{
	const uint8_t leaf = nondet_u8();
	const uint64_t pages = nondet_u64();
	fh_status st;

	any_ledger();
	st = nondet_bool() ? ledger_set_reserve(&l, leaf, pages) : ledger_domain_add(&l, nondet_u16(), nondet_u64());
	if (st != FH_OK) {
		unchanged();
		return;
	}
	well_formed();
	ASSERT(l.reserve[1] <= l.pool.zones[1].pages && l.reserve[0] == 0U, "a leaf's, no more than it has");
	REACHED(l.reserve[1] > was.reserve[1]);
}
