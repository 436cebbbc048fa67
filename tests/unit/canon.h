/* SPDX-License-Identifier: MIT */
/*
 * The state of a ledger and its pool as text, so that "all is as before" is one comparison: what a failed step must
 * leave equal, and nothing that may differ. A line a fact:
 *
 *     block 0x40000 order=9 zone=1 owned owner=0 payer=hyp
 *     dirty 0x40000-0x4000f
 *     claim holder=hyp uses=1 deadline=never
 *       term zone=1 order=9 owner=0 count=4 left=3
 *     account 0 quota=none outstanding=1536 paid=512 owned=512
 *     zone low reserve=0 s=7,14,28
 *     waiting 1: holder=0 ...              (in the order of the queue)
 *
 * Not in it, since they may differ: the order of free lists, slots and generations of handles, versions, serials, places
 * in tables, and where the search for dirty memory is.
 */
#ifndef TESTS_UNIT_CANON_H
#define TESTS_UNIT_CANON_H

#include <stdbool.h>

#include "core/claim/claim.h"

#define CANON_BLOCKS 1U   /* what each part of RAM is for, block by block */
#define CANON_DIRTY 2U    /* runs of dirty pages */
#define CANON_CLAIMS 4U   /* claims with their terms, those that wait, uses and deadlines */
#define CANON_ACCOUNTS 8U /* domains: alive, quota, outstanding, paid, owned */
#define CANON_ZONES 16U   /* reserves, what each zone still has for claims; scrubbers' chunks */
#define CANON_ALL 31U

/* The text of the parts asked for; the caller frees it. The lock must not be held. */
char *canon_text(struct ledger *l, unsigned int parts);

/*
 * Whether two texts are equal; if not, the first lines that differ go to stderr, under `what`. Frees neither.
 */
bool canon_equal(const char *before, const char *after, const char *what);

#endif
