/* SPDX-License-Identifier: MIT */
/*
 * A ledger for tests of one operation at a time: a root over two leaves of 16 MiB and 8 MiB with a hole, and `hyp`, a
 * root of its own; domains 0 and 1, and 2 with a quota of 1024 pages. Made anew for each test, audited after it. Include
 * after cmocka.h.
 */
#ifndef TESTS_UNIT_CLAIM_BOX_H
#define TESTS_UNIT_CLAIM_BOX_H

#include "core/claim/claim.h"

enum { ROOT, LOW, HIGH, HYP, NR_ZONES };
#define LOW_BASE UINT64_C(0x40000000)
#define HIGH_BASE UINT64_C(0x80000000)
#define HYP_BASE UINT64_C(0x42000000)
#define MIB UINT64_C(0x100000)

struct box {
	struct ledger l;
	struct ledger before; /* for "nothing changed" */
	uint64_t *records[2];
	uint64_t *records_before[2];
};

/* Pages of the banks: of LOW and HYP, of HIGH. */
extern const uint64_t box_bank_pages[2];

int box_setup(void **state);
int box_teardown(void **state);
#define BOX_TEST(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

/* The audit finds nothing. */
void box_good(struct box *b);

/* All state, to the last byte; box_unchanged() demands that it is so still, and audits. */
void box_remember(struct box *b);
void box_unchanged(struct box *b);

/* Stakes one term; box_must_stake() for the hypervisor, admitted. */
fh_status box_stake(struct box *b, domid_t holder, uint8_t zone, uint8_t order, domid_t owner, uint64_t count,
		    claim_handle_t *h, struct claim_refusal *why);
void box_must_stake(struct box *b, uint8_t zone, uint8_t order, domid_t owner, uint64_t count, claim_handle_t *h);

uint64_t box_free_pages(struct box *b, uint8_t zone);

#endif
