/* SPDX-License-Identifier: MIT */
/*
 * A proof by enumeration of what core/claim/arith.c does in one zone, orders 0 to 4: every zone in which up to MOST blocks
 * of each order are left or lacking before borrowing, and every change by up to STEP blocks of each order. t, the marks
 * and what goes to the zone above are as their definitions say. What the definitions are worth, up to 2^8 blocks, is
 * proof_arith.c's; that zones work together, every.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/claim/claim_internal.h"

#define MOST 4
#define STEP 2

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c);                                        \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static struct ledger l;

static int64_t q_of(const struct ledger_zone *z, unsigned int k)
{
	return z->t[k] >= 0 ? z->t[k] : -z->t[k] % 2;
}

static void define(struct ledger_zone *z, const int64_t *e)
{
	int64_t b = 0;

	z->left = 0;
	z->lacks = 0;
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		z->t[k] = e[k] - b;
		b = z->t[k] >= 0 ? 0 : (1 - z->t[k]) / 2;
		z->left |= (uint32_t)(q_of(z, k) != 0) << k;
		z->lacks |= (uint32_t)(z->t[k] < 0) << k;
	}
}

static void same(const struct ledger_zone *z, const struct ledger_zone *want)
{
	MUST(memcmp(z->t, want->t, sizeof(z->t)) == 0 && z->left == want->left && z->lacks == want->lacks);
}

static void gone_up(const struct change *c, const struct ledger_zone *old, const struct ledger_zone *want)
{
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		MUST((k >= c->lo && k <= c->hi ? c->d[k] : 0) == q_of(want, k) - q_of(old, k));
	}
}

static void try_change(const struct ledger_zone *old, const struct ledger_zone *want, const int64_t *d, uint32_t lo,
		       uint32_t hi)
{
	struct change c = { .lo = lo, .hi = hi };

	memcpy(c.d, d, sizeof(c.d));
	l.zones[0] = *old;
	MUST(change_run(&l, 0, POOL_NO_ZONE, &c) == (want->t[POOL_MAX_ORDER] >= 0));
	same(&l.zones[0], want);
	gone_up(&c, old, want);
}

/* A block of each order that can be had is claimed the short way. */
static void try_take(const struct ledger_zone *old, const int64_t *e)
{
	for (uint8_t k = 0; k < POOL_ORDERS && old->left >> k != 0U; k++) {
		struct ledger_zone want = *old;
		int64_t less[POOL_ORDERS];
		unsigned int from;

		memcpy(less, e, sizeof(less));
		less[k]--;
		define(&want, less);
		l.zones[0] = *old;
		MUST(take_left(&l, 0, POOL_NO_ZONE, k, &from) == POOL_NO_ZONE && from >= k);
		same(&l.zones[0], &want);
	}
}

/* The next vector of -most..most each; false: that was the last. */
static bool next(int64_t *v, int64_t most)
{
	for (unsigned int k = 0; k < POOL_ORDERS; k++) {
		if (++v[k] <= most) {
			return true;
		}
		v[k] = -most;
	}
	return false;
}

int main(void)
{
	int64_t e[POOL_ORDERS] = { -MOST, -MOST, -MOST, -MOST, -MOST };
	struct ledger_zone old = { .max_order = POOL_MAX_ORDER, .parent = POOL_NO_ZONE };
	struct ledger_zone want = old;
	unsigned long zones = 0;
	unsigned long changes = 0;

	l.pool.nr_zones = 1;
	do {
		int64_t d[POOL_ORDERS] = { -STEP, -STEP, -STEP, -STEP, -STEP };

		define(&old, e);
		zones++;
		if (old.t[POOL_MAX_ORDER] >= 0) {
			try_take(&old, e);
		}
		do {
			int64_t sum[POOL_ORDERS];
			uint32_t lo = 0;
			uint32_t hi = POOL_MAX_ORDER;

			for (unsigned int k = 0; k < POOL_ORDERS; k++) {
				sum[k] = e[k] + d[k];
			}
			define(&want, sum);
			try_change(&old, &want, d, 0, POOL_MAX_ORDER);
			while (lo < POOL_MAX_ORDER && d[lo] == 0) {
				lo++;
			}
			while (hi > lo && d[hi] == 0) {
				hi--;
			}
			try_change(&old, &want, d, lo, hi);
			changes += 2U;
		} while (next(d, STEP));
	} while (next(e, MOST));
	printf("every change: %lu zones of orders 0 to %u, %lu changes\n", zones, POOL_MAX_ORDER, changes);
	return 0;
}
