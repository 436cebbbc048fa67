/* SPDX-License-Identifier: MIT */
/*
 * Cleaning memory: zero, and clean and invalidated to the point of coherency unless stage 2 forces write-back, since a
 * guest starts with its caches off. The protocol with those who take memory meanwhile is core/claim/scrub.c's.
 */
#ifndef CORE_SCRUB_SCRUB_H
#define CORE_SCRUB_SCRUB_H

#include "core/claim/claim.h"

/*
 * Cleans [at, at + size): multiples of 4 KiB within one 2 MiB-aligned block of RAM that nobody else uses, through this
 * CPU's window, which must be closed. Bound: O(size).
 */
void scrub_clean(paddr_t at, uint64_t size);

/*
 * One step of cleaning free memory, on any CPU whose window is closed: 2^max_order pages, at most 64 KiB. False: none
 * is dirty. Bound: O(size) and two holds of the ledger's lock; builds with the pool only.
 */
bool scrub_step(struct ledger *l, uint8_t max_order);

#endif
