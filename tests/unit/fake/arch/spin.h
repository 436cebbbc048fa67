/* SPDX-License-Identifier: MIT */
/* Host: the compiler's atomics, a yield instead of a sleep. */
#ifndef ARCH_SPIN_H
#define ARCH_SPIN_H

#include <sched.h>

#include "core/base/types.h"

static inline uint32_t arch_fetch_inc(uint32_t *p)
{
	return __atomic_fetch_add(p, 1U, __ATOMIC_RELAXED);
}

static inline bool arch_cas_weak(uint32_t *p, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(p, &from, to, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static inline uint32_t arch_load_acquire(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void arch_store_release(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline void arch_wait_equal(const uint32_t *p, uint32_t v)
{
	while (__atomic_load_n(p, __ATOMIC_ACQUIRE) != v) {
		(void)sched_yield();
	}
}

#endif
