/* SPDX-License-Identifier: MIT */
/*
 * Ticket spin lock: first come, first served, so that a wait is bounded by the number of CPUs times the longest
 * hold. Locks are taken in the order of enum lock_rank only; taking one out of order, twice, or giving back one
 * that is not held is a bug of ours and stops the machine (BRK).
 */
#ifndef CORE_SYNC_LOCK_H
#define CORE_SYNC_LOCK_H

#include "core/base/types.h"

/* The one total order (docs/architecture.md). A lock may be taken while locks of smaller ranks are held. */
enum lock_rank {
	RANK_DOMAIN = 1,
	RANK_VIRTIO, /* one virtio device; it looks its guest's addresses up */
	RANK_MEMORY, /* what one domain claims at run time */
	RANK_STAGE2,
	RANK_LEDGER,
	RANK_CONSOLE, /* the multiplexer; it draws bytes from virtual UARTs */
	RANK_VUART,   /* one virtual UART; it tells its interrupt's level to the vGIC */
	RANK_VGIC,
	RANK_LOG,
	RANK_COUNT
};

struct lock {
	uint32_t next;   /* the ticket that the next comer draws */
	uint32_t owner;  /* the ticket that is served */
	uint32_t holder; /* CPU + 1, 0: free; for the checks */
	uint32_t bit;    /* of its rank; 0: lock_init() was forgotten */
};

#define LOCK_INIT(r)                                                                                                   \
	{                                                                                                              \
		0U, 0U, 0U, 1U << (r)                                                                                  \
	}

void lock_init(struct lock *l, enum lock_rank rank);
/* Waits for the lock; acquire semantics. Bound: FH_MAX_CPUS holds. */
void lock_acquire(struct lock *l);
/* Takes the lock if no CPU holds it or waits for it; never waits. The same rank rule as lock_acquire(). */
bool lock_try(struct lock *l) FH_MUST_CHECK;
/* Release semantics. */
void lock_release(struct lock *l);
/* Whether this CPU holds it; for assertions. */
bool lock_held(const struct lock *l);

#endif
