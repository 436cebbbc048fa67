/* SPDX-License-Identifier: MIT */
/* The ledger of claim_box.h: made, audited, remembered and compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "claim_box.h"

static const struct pool_zone_desc zones[NR_ZONES] = {
	[ROOT] = { "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
	[LOW] = { "low", ROOT, true, 18, { LOW_BASE, 16 * MIB } },
	[HIGH] = { "high", ROOT, true, 10, { HIGH_BASE, 8 * MIB } },
	[HYP] = { "hyp", POOL_NO_ZONE, true, 9, { HYP_BASE, 2 * MIB } },
};

const uint64_t box_bank_pages[2] = { 64 * MIB / PAGE_SIZE, 32 * MIB / PAGE_SIZE };

void box_good(struct box *b)
{
	const char *bad = ledger_audit(&b->l);

	if (bad != NULL) {
		fail_msg("audit: %s", bad);
	}
}

int box_setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	struct pool_bank banks[2];

	for (int i = 0; i < 2; i++) {
		b->records[i] = malloc(box_bank_pages[i] * 8);
		b->records_before[i] = malloc(box_bank_pages[i] * 8);
		memset(b->records[i], 0xa5 + i, box_bank_pages[i] * 8); /* records need no initialisation */
	}
	banks[0] = (struct pool_bank){ HIGH_BASE >> PAGE_SHIFT, box_bank_pages[1], b->records[1] };
	banks[1] = (struct pool_bank){ LOW_BASE >> PAGE_SHIFT, box_bank_pages[0], b->records[0] };
	assert_int_equal(ledger_init(&b->l, zones, NR_ZONES, banks, 2), FH_OK);
	assert_int_equal(ledger_add_range(&b->l, LOW, (struct range){ LOW_BASE, 16 * MIB }), FH_OK);
	assert_int_equal(ledger_add_range(&b->l, HIGH, (struct range){ HIGH_BASE, 8 * MIB }), FH_OK);
	assert_int_equal(ledger_add_range(&b->l, HYP, (struct range){ HYP_BASE, 2 * MIB }), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 0, CLAIM_NO_QUOTA), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 1, CLAIM_NO_QUOTA), FH_OK);
	assert_int_equal(ledger_domain_add(&b->l, 2, 1024), FH_OK);
	*state = b;
	box_good(b);
	return 0;
}

int box_teardown(void **state)
{
	struct box *b = *state;

	box_good(b);
	for (int i = 0; i < 2; i++) {
		free(b->records[i]);
		free(b->records_before[i]);
	}
	free(b);
	return 0;
}

void box_remember(struct box *b)
{
	b->before = b->l;
	for (int i = 0; i < 2; i++) {
		memcpy(b->records_before[i], b->records[i], box_bank_pages[i] * 8);
	}
}

void box_unchanged(struct box *b)
{
	for (uint16_t at = b->l.term_free; at != LEDGER_NO_TERM; at = b->l.terms[at].next) {
		const uint16_t next = b->before.terms[at].next;

		b->before.terms[at] = b->l.terms[at]; /* what stands in a free one is no state */
		b->before.terms[at].next = next;
	}
	assert_memory_equal(&b->before, &b->l, sizeof(b->l));
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(b->records_before[i], b->records[i], box_bank_pages[i] * 8);
	}
	box_good(b);
}

fh_status box_stake(struct box *b, domid_t holder, uint8_t zone, uint8_t order, domid_t owner, uint64_t count,
		    claim_handle_t *h, struct claim_refusal *why)
{
	const struct claim_term t = { zone, order, owner, count };

	return claim_stake(&b->l, holder, &t, 1, h, why);
}

void box_must_stake(struct box *b, uint8_t zone, uint8_t order, domid_t owner, uint64_t count, claim_handle_t *h)
{
	assert_int_equal(box_stake(b, DOMID_HYP, zone, order, owner, count, h, NULL), FH_OK);
	box_good(b);
}

uint64_t box_free_pages(struct box *b, uint8_t zone)
{
	struct ledger_zone_info i;

	assert_int_equal(ledger_zone_info(&b->l, zone, &i), FH_OK);
	return i.free_pages;
}
