/* SPDX-License-Identifier: MIT */
/*
 * The linker hands all calls of the lock's functions to those here (--wrap), so that a build without CONFIG_LOCK_STATS
 * pays nothing. Each CPU writes only its own figures; of two locks of one rank that are held together, the later one is
 * measured.
 */
#include "core/sync/stats/lock_stats.h"

#include "arch/cpu.h"
#include "core/base/bits.h"

struct hold {
	uint64_t since[RANK_COUNT];
	uint64_t longest[RANK_COUNT];
} FH_ALIGNED(64);

static struct hold holds[FH_MAX_CPUS];

void __real_lock_acquire(struct lock *l);
bool __real_lock_try(struct lock *l);
void __real_lock_release(struct lock *l);
void __wrap_lock_acquire(struct lock *l);
bool __wrap_lock_try(struct lock *l);
void __wrap_lock_release(struct lock *l);

static void begin(const struct lock *l)
{
	holds[arch_cpu_id()].since[ctz64(l->bit)] = arch_counter();
}

void __wrap_lock_acquire(struct lock *l)
{
	__real_lock_acquire(l);
	begin(l);
}

bool __wrap_lock_try(struct lock *l)
{
	const bool taken = __real_lock_try(l);

	if (taken) {
		begin(l);
	}
	return taken;
}

void __wrap_lock_release(struct lock *l)
{
	struct hold *h = &holds[arch_cpu_id()];
	const uint32_t rank = ctz64(l->bit);
	const uint64_t held = arch_counter() - h->since[rank];

	if (held > h->longest[rank]) {
		h->longest[rank] = held;
	}
	__real_lock_release(l);
}

uint64_t lock_longest(uint32_t rank)
{
	uint64_t longest = 0;

	for (uint32_t cpu = 0; cpu < FH_MAX_CPUS; cpu++) {
		if (holds[cpu].longest[rank] > longest) {
			longest = holds[cpu].longest[rank];
		}
	}
	return longest;
}
