/* SPDX-License-Identifier: MIT */
/* The longest hold of each rank's locks, measured (CONFIG_LOCK_STATS). */
#ifndef CORE_SYNC_STATS_LOCK_STATS_H
#define CORE_SYNC_STATS_LOCK_STATS_H

#include "core/sync/lock.h"

/* In ticks of the counter, of any CPU since boot; 0: never held. rank: 1 to RANK_COUNT - 1. */
uint64_t lock_longest(uint32_t rank);

#endif
