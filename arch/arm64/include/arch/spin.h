/* SPDX-License-Identifier: MIT */
/*
 * What a ticket lock needs of the machine: an atomic increment and a wait that sleeps. Exclusive loads and stores
 * only, so that it runs on every Armv8 CPU. A waiter's exclusive load arms the monitor, and the releasing store
 * clears it, which is the event that ends WFE (Arm ARM B2.9, "Synchronization and semaphores"; D1.6 on WFE).
 */
#ifndef ARCH_SPIN_H
#define ARCH_SPIN_H

#include "core/base/types.h"

/* Adds 1 to *p and returns the value before it. Relaxed. */
static inline uint32_t arch_fetch_inc(uint32_t *p)
{
	uint32_t old;
	uint32_t sum;
	uint32_t fail;

	__asm__ volatile("1:	ldxr	%w0, %3\n"
			 "	add	%w1, %w0, #1\n"
			 "	stxr	%w2, %w1, %3\n"
			 "	cbnz	%w2, 1b\n"
			 : "=&r"(old), "=&r"(sum), "=&r"(fail), "+Q"(*p));
	return old;
}

/* Sets *p to to if it is from; whether it did. Relaxed; a spurious refusal is possible. */
static inline bool arch_cas_weak(uint32_t *p, uint32_t from, uint32_t to)
{
	uint32_t old;
	uint32_t fail;

	__asm__ volatile("	mov	%w1, #1\n"
			 "	ldxr	%w0, %2\n"
			 "	cmp	%w0, %w3\n"
			 "	b.ne	1f\n"
			 "	stxr	%w1, %w4, %2\n"
			 "1:\n"
			 : "=&r"(old), "=&r"(fail), "+Q"(*p)
			 : "r"(from), "r"(to)
			 : "cc");
	return fail == 0U;
}

static inline uint32_t arch_load_acquire(const uint32_t *p)
{
	uint32_t v;

	__asm__ volatile("ldar %w0, %1" : "=r"(v) : "Q"(*p) : "memory");
	return v;
}

static inline void arch_store_release(uint32_t *p, uint32_t v)
{
	__asm__ volatile("stlr %w1, %0" : "=Q"(*p) : "rZ"(v) : "memory");
}

/* Waits until *p is v, asleep between stores to it; acquire semantics. */
static inline void arch_wait_equal(const uint32_t *p, uint32_t v)
{
	uint32_t seen;

	__asm__ volatile("	sevl\n"
			 "1:	wfe\n"
			 "	ldaxr	%w0, %1\n"
			 "	cmp	%w0, %w2\n"
			 "	b.ne	1b\n"
			 : "=&r"(seen)
			 : "Q"(*p), "r"(v)
			 : "cc", "memory");
}

#endif
