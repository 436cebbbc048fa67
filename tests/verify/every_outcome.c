/* SPDX-License-Identifier: MIT */
/* What came of a step of every.c: the invariant, the judge, and that nothing changed but what should. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "every.h"

uint64_t nr_steps;

struct view view_of(const struct ledger *l, const uint64_t *rec)
{
	struct view v = { 0 };

	for (uint32_t p = 0; p < PAGES; p += 1U << rec_order(rec[p])) {
		v.rec[p] = rec_state(rec[p]) == POOL_FREE ? 0U : rec[p];
		v.rec[p] = rec_state(rec[p]) == POOL_QUARANTINED ? POOL_QUARANTINED : v.rec[p];
	}
	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		for (uint16_t at = l->claims[i].first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
			v.left[3U * l->terms[at].zone + l->terms[at].order] += l->terms[at].left;
		}
	}
	return v;
}

struct view before;

/* The list of quarantined pages has each of them once, and what a leaf is worth whole is without them. */
static void bad_listed(void)
{
	for (uint32_t leaf = 0; leaf < 2U; leaf++) {
		const struct pool_zone *z = &led.pool.zones[1U + leaf];
		const uint64_t *rec = &records[leaf * LEAF];
		struct cut c = { .order = { NONE, NONE, NONE, NONE } };
		uint64_t whole[3];
		uint32_t n = 0;

		for (uint32_t p = 0; p < LEAF; p += 1U << rec_order(rec[p])) {
			c.order[p] = rec_order(rec[p]);
			c.state[p] = (uint8_t)rec_state(rec[p]);
			n += rec_state(rec[p]) == POOL_QUARANTINED ? 1U : 0U;
		}
		for (uint32_t at = z->bad; at != POOL_NO_PAGE;) {
			const uint32_t next = (uint32_t)FIELD_GET(REC_NEXT, rec[at]);

			MUST(n-- != 0U && c.order[at] == 0U && c.state[at] == POOL_QUARANTINED);
			at = next == at ? POOL_NO_PAGE : next;
		}
		MUST(n == 0U);
		whole_of(&c, whole);
		MUST(memcmp(whole, z->whole, sizeof(whole)) == 0);
	}
}

/* The invariant holds, the judge finds room for all that is outstanding, and nothing changed but what should. */
void good(const struct view *want)
{
	const char *bad = ledger_audit(&led);
	struct view v;
	uint8_t f[2][3] = { { 0 } };
	uint8_t c[TERMS];

	if (bad != NULL) {
		fprintf(stderr, "audit: %s\n", bad);
	}
	MUST(bad == NULL);
	v = view_of(&led, records);
	bad_listed();
	MUST(want == NULL || memcmp(&v, want, sizeof(v)) == 0);
	for (uint32_t k = 0; k < 3U; k++) {
		f[0][k] = (uint8_t)led.pool.zones[1].nr_free[k];
		f[1][k] = (uint8_t)led.pool.zones[2].nr_free[k];
	}
	for (uint32_t t = 0; t < TERMS; t++) {
		c[t] = (uint8_t)v.left[t];
	}
	c[3] += (uint8_t)led.reserve[1];
	c[6] += (uint8_t)led.reserve[2];
	MUST(judge(f[0], f[1], c));
	nr_steps++;
	back();
}

/* Refused: all is as before, to the last byte; but what stands in a free term is no state. */
void untouched(void)
{
	const size_t from = offsetof(struct ledger, unused);

	for (uint16_t at = led.term_free; at != LEDGER_NO_TERM; at = led.terms[at].next) {
		const uint16_t next = was.terms[at].next;

		was.terms[at] = led.terms[at];
		was.terms[at].next = next;
	}
	MUST(memcmp((const char *)&led + from, (const char *)&was + from, sizeof(led) - from) == 0);
	MUST(memcmp(records, records_was, sizeof(records)) == 0);
	nr_steps++;
}
