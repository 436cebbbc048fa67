/* SPDX-License-Identifier: MIT */
/* The lock for programs on the host: a spin lock without tickets; taking it twice or giving back a free one aborts. */
#include "core/sync/lock.h"

#include <sched.h>
#include <stdlib.h>

static _Thread_local uint32_t held;

void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock)LOCK_INIT(rank);
}

void lock_acquire(struct lock *l)
{
	if (held >= l->bit) {
		abort();
	}
	while (__atomic_exchange_n(&l->holder, 1U, __ATOMIC_ACQUIRE) != 0U) {
		sched_yield();
	}
	held |= l->bit;
}

void lock_release(struct lock *l)
{
	if ((held & l->bit) == 0U) {
		abort();
	}
	held &= ~l->bit;
	__atomic_store_n(&l->holder, 0U, __ATOMIC_RELEASE);
}

bool lock_held(const struct lock *l)
{
	return (held & l->bit) != 0U;
}
