/* SPDX-License-Identifier: MIT */
/* The command `locks`: the longest hold of each rank's locks, in ticks of the counter (CONFIG_LOCK_STATS). */
#include "core/monitor/monitor_internal.h"
#include "core/sync/stats/lock_stats.h"

static const char *const ranks[RANK_COUNT] = {
	[RANK_DOMAIN] = "domain", [RANK_VIRTIO] = "virtio", [RANK_MEMORY] = "memory",
	[RANK_STAGE2] = "stage2", [RANK_LEDGER] = "ledger", [RANK_CONSOLE] = "console",
	[RANK_VUART] = "vuart",   [RANK_VGIC] = "vgic",     [RANK_LOG] = "log",
};

bool mon_locks(struct mon_job *job)
{
	const uint32_t rank = ++job->i;

	mon_line("  lock %-8s longest %lu", ranks[rank], lock_longest(rank));
	return rank + 1U < (uint32_t)RANK_COUNT;
}
