/* SPDX-License-Identifier: MIT */
/*
 * The linker hands all calls of the lock's functions to those here (--wrap), so that a build without CONFIG_LOCK_STATS
 * pays nothing. Each CPU writes only its own figures; of two locks of one rank that are held together, the later one is
 * measured.
 */
#include "core/sync/stats/lock_stats.h"

#include "arch/cpu.h"

struct hold {
	uint64_t since[RANK_COUNT];
	uint64_t longest[RANK_COUNT];
} FH_ALIGNED(64);

static struct hold holds[FH_MAX_CPUS];

void __real_lock_acquire(struct lock *l);
void __real_lock_acquire_nested(struct lock *l, const struct lock *outer);
bool __real_lock_try(struct lock *l);
void __real_lock_release(struct lock *l);
void __wrap_lock_acquire(struct lock *l);
void __wrap_lock_acquire_nested(struct lock *l, const struct lock *outer);
bool __wrap_lock_try(struct lock *l);
void __wrap_lock_release(struct lock *l);

static void begin(const struct lock *l)
{
	holds[arch_cpu_id()].since[l->rank] = arch_counter();
}

void __wrap_lock_acquire(struct lock *l)
{
	__real_lock_acquire(l);
	begin(l);
}

void __wrap_lock_acquire_nested(struct lock *l, const struct lock *outer)
{
	__real_lock_acquire_nested(l, outer);
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
	const uint64_t held = arch_counter() - h->since[l->rank];

	if (held > h->longest[l->rank]) {
		h->longest[l->rank] = held;
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
