/* SPDX-License-Identifier: MIT */
/*
 * The ticket lock and its checks.
 *
 * Each CPU keeps the ranks that it holds, a bit each, in a word that only it writes:
 *
 *	held = ... | LEDGER | STAGE2 | ... | DOMAIN | 0
 *
 * so a lock may be taken when held is less than its bit: one compare, which a lock without a rank fails too. The checks
 * are in every build: a wrong order is a deadlock that a test run may never meet.
 */
#include "core/sync/lock.h"

#include "arch/cpu.h"
#include "arch/spin.h"

_Static_assert(RANK_COUNT <= 32U, "the ranks fit in a word");

/* One cache line a CPU. */
struct held {
	uint32_t ranks;
} FH_ALIGNED(64);

static struct held held[FH_MAX_CPUS];

void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock)LOCK_INIT(rank);
}

/* The CPU's ranks with the lock's. */
static inline uint32_t check_order(uint32_t cpu, const struct lock *l)
{
	const uint32_t bit = l->bit;
	const uint32_t ranks = held[cpu].ranks;

	if (ranks >= bit) {
		arch_brk(FH_BRK_LOCK);
	}
	return ranks | bit;
}

static inline void note(struct lock *l, uint32_t cpu, uint32_t ranks)
{
	l->holder = cpu + 1U;
	held[cpu].ranks = ranks;
}

void lock_acquire(struct lock *l)
{
	const uint32_t cpu = arch_cpu_id();
	const uint32_t ranks = check_order(cpu, l);
	const uint32_t ticket = arch_fetch_inc(&l->next);

	if (arch_load_acquire(&l->owner) != ticket) {
		arch_wait_equal(&l->owner, ticket);
	}
	note(l, cpu, ranks);
}

bool lock_try(struct lock *l)
{
	const uint32_t cpu = arch_cpu_id();
	const uint32_t ticket = arch_load_acquire(&l->owner);
	const uint32_t ranks = check_order(cpu, l);

	/* The ticket being served is not drawn yet: nobody holds the lock or waits, and who draws it has the lock. */
	if (!arch_cas_weak(&l->next, ticket, ticket + 1U)) {
		return false;
	}
	note(l, cpu, ranks);
	return true;
}

void lock_release(struct lock *l)
{
	const uint32_t cpu = arch_cpu_id();

	if (l->holder != cpu + 1U) {
		arch_brk(FH_BRK_LOCK);
	}
	held[cpu].ranks &= ~l->bit;
	l->holder = 0;
	arch_store_release(&l->owner, l->owner + 1U);
}

bool lock_held(const struct lock *l)
{
	return l->holder == arch_cpu_id() + 1U;
}
