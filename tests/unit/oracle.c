/* SPDX-License-Identifier: MIT */
/*
 * Depth-first search over (how far in the terms, what is free), each state that leads nowhere visited once. Blocks of
 * one order in one leaf are alike, so a state is the counts. Larger orders first; of each term, blocks come from leaves
 * in rising order, since their order among themselves doesn't matter. A block may be cut from any larger one: no rule
 * is assumed about which is best.
 */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

#define TABLE (1U << 18)

/* The counts of a leaf are the bytes of a word, the smallest order lowest. */
#define ONE(order) (UINT64_C(1) << (8U * (order)))
#define COUNT(word, order) (((word) >> (8U * (order))) & 255U)

struct state {
	uint64_t place; /* left << 32 | leaf << 16 | term: how far in the terms */
	uint64_t free[ORACLE_LEAVES];
};

struct entry {
	struct state s;
	uint64_t search; /* which one it belongs to */
};

static struct entry table[TABLE];
static uint64_t search;
static uint32_t filled;

static uint32_t hash(const struct state *s)
{
	uint64_t h = s->place;

	for (uint32_t i = 0; i < ORACLE_LEAVES; i++) {
		h = (h ^ s->free[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return (uint32_t)(h >> 20) % TABLE;
}

/* The entry of a state, or the empty one that it would take. */
static struct entry *find(const struct state *s)
{
	uint32_t i = hash(s);

	while (table[i].search == search && memcmp(&table[i].s, s, sizeof(*s)) != 0) {
		i = (i + 1U) % TABLE;
	}
	return &table[i];
}

static void remember(const struct state *s)
{
	struct entry *e = find(s);

	if (++filled > TABLE / 2U) {
		abort(); /* the instance is too large for this judge */
	}
	e->s = *s;
	e->search = search;
}

/* The blocks of its order or above that a term may draw on are worth less than it asks for: no need to search. */
static bool too_many(const struct oracle_term *t, const struct state *s)
{
	uint64_t have = 0;

	for (uint32_t l = 0; l < ORACLE_LEAVES; l++) {
		for (uint32_t k = t->order; k < ORACLE_ORDERS && (t->leaves & (1U << l)) != 0U; k++) {
			have += COUNT(s->free[l], k) << k;
		}
	}
	return have < (uint64_t)t->count << t->order;
}

static bool pack(const struct oracle *o, uint32_t term, uint32_t leaf, uint32_t left, struct state *s);

/* One block of the term from a leaf, cut from one of order k; then the rest. */
static bool pack_from(const struct oracle *o, uint32_t term, uint32_t leaf, uint32_t left, uint32_t k, struct state *s)
{
	const uint64_t before = s->free[leaf];
	bool ok;

	s->free[leaf] -= ONE(k);
	for (uint32_t i = o->terms[term].order; i < k; i++) {
		s->free[leaf] += ONE(i);
	}
	ok = pack(o, term, leaf, left - 1U, s);
	s->free[leaf] = before;
	return ok;
}

static bool pack(const struct oracle *o, uint32_t term, uint32_t leaf, uint32_t left, struct state *s)
{
	if (left == 0U) {
		term++;
		leaf = 0;
		if (term == o->nr_terms) {
			return true;
		}
		left = o->terms[term].count;
		if (too_many(&o->terms[term], s)) {
			return false;
		}
	}
	s->place = (uint64_t)left << 32 | leaf << 16 | term;
	if (filled != 0U && find(s)->search == search) {
		return false;
	}
	for (uint32_t l = leaf; l < o->nr_leaves; l++) {
		for (uint32_t k = o->terms[term].order; k < ORACLE_ORDERS; k++) {
			if ((o->terms[term].leaves & (1U << l)) != 0U && COUNT(s->free[l], k) != 0U &&
			    pack_from(o, term, l, left, k, s)) {
				return true;
			}
		}
	}
	s->place = (uint64_t)left << 32 | leaf << 16 | term;
	remember(s);
	return false;
}

/*
 * Whether the terms that may draw on some leaves only ask for more than the blocks there hold, from some order up. Counting
 * can only say no; yes is said by a packing.
 */
static bool overfull(const struct oracle *q, uint32_t leaves)
{
	uint64_t have = 0;
	uint64_t want = 0;
	uint32_t i = 0; /* terms come with larger orders first */

	for (uint32_t k = ORACLE_ORDERS; k-- != 0U;) {
		for (uint32_t l = 0; l < q->nr_leaves; l++) {
			have += (leaves & (1U << l)) != 0U ? (uint64_t)q->free[l][k] << k : 0U;
		}
		for (; i < q->nr_terms && q->terms[i].order == k; i++) {
			want += (q->terms[i].leaves & ~leaves) == 0U ? (uint64_t)q->terms[i].count << k : 0U;
		}
		if (want > have) {
			return true;
		}
	}
	return false;
}

static bool any_overfull(const struct oracle *q)
{
	for (uint32_t i = 0; i < q->nr_terms; i++) {
		uint32_t j = 0;

		while (j < i && q->terms[j].leaves != q->terms[i].leaves) {
			j++;
		}
		if (j == i && overfull(q, q->terms[i].leaves)) {
			return true;
		}
	}
	return false;
}

/* Terms with a count, larger orders first. */
static void sort_terms(struct oracle *out, const struct oracle *o)
{
	out->nr_leaves = o->nr_leaves;
	out->nr_terms = 0;
	memcpy(out->free, o->free, sizeof(out->free));
	for (uint32_t k = ORACLE_ORDERS; k-- != 0U;) {
		for (uint32_t i = 0; i < o->nr_terms; i++) {
			if (o->terms[i].order == k && o->terms[i].count != 0U) {
				out->terms[out->nr_terms++] = o->terms[i];
			}
		}
	}
}

bool oracle_packs(const struct oracle *o)
{
	struct oracle q;
	struct state s = { 0 };

	sort_terms(&q, o);
	if (q.nr_terms == 0U) {
		return true;
	}
	if (any_overfull(&q)) {
		return false;
	}
	search++;
	filled = 0;
	for (uint32_t l = 0; l < o->nr_leaves; l++) {
		uint32_t pages = 0;

		for (uint32_t k = 0; k < ORACLE_ORDERS; k++) {
			s.free[l] += o->free[l][k] * ONE(k);
			pages += o->free[l][k] << k;
		}
		if (pages > 255U) {
			abort(); /* no count may leave its byte, however it is cut */
		}
	}
	return pack(&q, 0, 0, q.terms[0].count, &s);
}
