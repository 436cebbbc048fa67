/* SPDX-License-Identifier: MIT */
/*
 * Cleaning memory: zero, and clean and invalidated to the point of coherency unless stage 2 forces write-back, since a
 * guest starts with its caches off. The protocol with those who take memory meanwhile is core/claim/scrub.c's.
 *
 * Free memory is cleaned by CPUs that have nothing else to do, a chunk at a time, between which they take interrupts:
 *
 *     idle       while (!scrub_step(l, SCRUB_IDLE)) wfi; scrub_awake()      a CPU without a running vCPU
 *     a guest's  WFI is trapped; scrub_step(l, SCRUB_GUEST); ...            where the configuration allows it
 *
 * One that finds nothing is noted; scrub_wake(), after memory was freed, finds it there.
 */
#ifndef CORE_SCRUB_SCRUB_H
#define CORE_SCRUB_SCRUB_H

#include "core/claim/claim.h"

/* What a CPU does when it does not clean. A guest's interrupts wait for a chunk at most, so its chunks are smaller. */
enum scrub_kind { SCRUB_IDLE, SCRUB_GUEST, SCRUB_KINDS };

/*
 * Cleans [at, at + size): multiples of 4 KiB within one 2 MiB-aligned block of RAM that nobody else uses, through this
 * CPU's window, which must be closed. whole: all of that block is
 * nobody else's, so that one entry maps it. Bound: O(size).
 */
void scrub_clean(paddr_t at, uint64_t size, bool whole);

/*
 * One step of cleaning free memory, on any CPU whose window is closed: 64 KiB, or 16 KiB (SCRUB_GUEST). False: none is
 * dirty, and this CPU is noted. Bound: O(size) and two holds of the ledger's lock.
 */
bool scrub_step(struct ledger *l, enum scrub_kind kind);
/* An idle CPU goes on to something else. */
void scrub_awake(void);
/* Memory came free: kicks one idle CPU; if there is none, those that run guests and have been noted. No lock needed. */
void scrub_wake(void);
/* After a kick: whether this CPU was noted with a guest, and is to trap its WFI again. */
bool scrub_asked(void);

#endif
