/* SPDX-License-Identifier: MIT */
/*
 * The ticket lock and its checks.
 *
 * Each CPU counts the locks it holds by rank, three bits a rank, in one word that only it writes:
 *
 *	held = ... | STAGE2:3 | VIRTIO:3 | DOMAIN:3 | 0:3
 *
 * so a lock of rank r may be taken when held >> 3r is 0, one compare. The checks are in every build: a wrong order
 * is a deadlock that a test run may never meet.
 */
#include "core/sync/lock.h"

#include "arch/cpu.h"
#include "arch/spin.h"

#define RANK_BITS 4U
#define RANK_ONE(r) (UINT64_C(1) << (RANK_BITS * (r)))

_Static_assert(RANK_BITS *RANK_COUNT <= 64U, "the ranks fit in a word");

/* One cache line a CPU. */
struct held {
	uint64_t ranks;
} FH_ALIGNED(64);

static struct held held[FH_MAX_CPUS];

void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock)LOCK_INIT(rank);
}

/* Whether a lock of this rank (1 to RANK_COUNT - 1) may be taken above what this CPU holds. */
static bool rank_allowed(uint32_t cpu, uint32_t rank)
{
	return rank != 0U && rank < (uint32_t)RANK_COUNT && held[cpu].ranks >> (RANK_BITS * rank) == 0U;
}

static void take_ticket(struct lock *l, uint32_t cpu)
{
	const uint32_t ticket = arch_fetch_inc(&l->next);

	if (arch_load_acquire(&l->owner) != ticket) {
		arch_wait_equal(&l->owner, ticket);
	}
	l->holder = cpu + 1U;
	held[cpu].ranks += RANK_ONE(l->rank);
}

void lock_acquire(struct lock *l)
{
	const uint32_t cpu = arch_cpu_id();

	if (!rank_allowed(cpu, l->rank)) {
		arch_brk(FH_BRK_LOCK);
	}
	take_ticket(l, cpu);
}

void lock_acquire_nested(struct lock *l, const struct lock *outer)
{
	const uint32_t cpu = arch_cpu_id();

	if (l == outer || l->rank != outer->rank || !lock_held(outer) || !rank_allowed(cpu, l->rank + 1U)) {
		arch_brk(FH_BRK_LOCK);
	}
	take_ticket(l, cpu);
}

bool lock_try(struct lock *l)
{
	const uint32_t cpu = arch_cpu_id();
	const uint32_t ticket = arch_load_acquire(&l->owner);

	if (!rank_allowed(cpu, l->rank)) {
		arch_brk(FH_BRK_LOCK);
	}
	/* The ticket being served is not drawn yet: nobody holds the lock or waits, and who draws it has the lock. */
	if (!arch_cas_weak(&l->next, ticket, ticket + 1U)) {
		return false;
	}
	l->holder = cpu + 1U;
	held[cpu].ranks += RANK_ONE(l->rank);
	return true;
}

void lock_release(struct lock *l)
{
	const uint32_t cpu = arch_cpu_id();

	if (!lock_held(l)) {
		arch_brk(FH_BRK_LOCK);
	}
	held[cpu].ranks -= RANK_ONE(l->rank);
	l->holder = 0;
	arch_store_release(&l->owner, l->owner + 1U);
}

bool lock_held(const struct lock *l)
{
	return l->holder == arch_cpu_id() + 1U;
}
