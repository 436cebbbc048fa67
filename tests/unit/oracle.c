/* SPDX-License-Identifier: MIT */
/*
 * Depth-first search over (how far in the terms, what is free), each state visited once. Blocks of one order in one
 * leaf are alike, so a state is the counts. Larger orders first; of each term, blocks come from leaves in rising
 * order, since their order among themselves doesn't matter. A block may be cut from any larger one: no rule is
 * assumed about which is best.
 */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

#define TABLE (1U << 18)

struct state {
	uint16_t used; /* which search this entry belongs to */
	uint8_t term;
	uint8_t leaf;
	uint32_t left;
	uint8_t free[ORACLE_LEAVES][ORACLE_ORDERS];
};

static struct state table[TABLE];
static uint16_t search;
static uint32_t filled;

static uint32_t hash(const struct state *s)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < sizeof(*s); i++) {
		h = (h ^ p[i]) * 16777619U;
	}
	return h;
}

/* Whether the state was seen; it is now. */
static bool seen(const struct state *s)
{
	uint32_t i = hash(s) % TABLE;

	for (; table[i].used == search; i = (i + 1U) % TABLE) {
		if (memcmp(&table[i], s, sizeof(*s)) == 0) {
			return true;
		}
	}
	if (++filled > TABLE / 2U) {
		abort(); /* the instance is too large for this judge */
	}
	table[i] = *s;
	return false;
}

/* More pages are asked of these leaves than they have: no need to search. */
static bool too_many(const struct oracle_term *t, const struct state *s)
{
	uint32_t have = 0;

	for (uint32_t l = 0; l < ORACLE_LEAVES; l++) {
		for (uint32_t k = 0; k < ORACLE_ORDERS && (t->leaves & (1U << l)) != 0U; k++) {
			have += (uint32_t)s->free[l][k] << k;
		}
	}
	return have < s->left << t->order;
}

static bool pack(const struct oracle *o, const struct oracle_term *t, struct state s)
{
	if (s.left == 0U) {
		s.term++;
		if (s.term == o->nr_terms) {
			return true;
		}
		s.left = t[s.term].count;
		s.leaf = 0;
		return pack(o, t, s);
	}
	if (too_many(&t[s.term], &s) || seen(&s)) {
		return false;
	}
	for (uint32_t l = s.leaf; l < o->nr_leaves; l++) {
		for (uint32_t k = t[s.term].order; k < ORACLE_ORDERS; k++) {
			struct state next = s;

			if ((t[s.term].leaves & (1U << l)) == 0U || s.free[l][k] == 0U) {
				continue;
			}
			next.leaf = (uint8_t)l;
			next.left--;
			next.free[l][k]--;
			for (uint32_t i = t[s.term].order; i < k; i++) {
				next.free[l][i]++;
			}
			if (pack(o, t, next)) {
				return true;
			}
		}
	}
	return false;
}

static int larger_first(const void *a, const void *b)
{
	const struct oracle_term *x = a;
	const struct oracle_term *y = b;

	return x->order < y->order ? 1 : x->order > y->order ? -1 : 0;
}

bool oracle_packs(const struct oracle *o)
{
	struct oracle_term t[ORACLE_TERMS];
	struct state s;
	struct oracle q = *o;

	memcpy(t, o->terms, sizeof(t));
	q.nr_terms = 0;
	for (uint32_t i = 0; i < o->nr_terms; i++) {
		if (t[i].count != 0U) {
			t[q.nr_terms++] = t[i];
		}
	}
	if (q.nr_terms == 0U) {
		return true;
	}
	qsort(t, q.nr_terms, sizeof(t[0]), larger_first);
	if (++search == 0U) {
		memset(table, 0, sizeof(table));
		search = 1;
	}
	filled = 0;
	memset(&s, 0, sizeof(s));
	s.used = search;
	s.left = t[0].count;
	for (uint32_t l = 0; l < o->nr_leaves; l++) {
		for (uint32_t k = 0; k < ORACLE_ORDERS; k++) {
			s.free[l][k] = (uint8_t)o->free[l][k];
		}
	}
	return pack(&q, t, s);
}
