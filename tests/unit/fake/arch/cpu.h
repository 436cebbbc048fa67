/* SPDX-License-Identifier: MIT */
/*
 * Host: a thread says which CPU it is (fake_cpu); time is what the test sets (fake_counter). A breakpoint calls
 * fake_brk(), which aborts unless the test has its own.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdlib.h>

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "core/base/types.h"

#define FH_MAX_CPUS 64U

#define FH_BRK_PANIC 0xf00
#define FH_BRK_ASSERT 0xf01
#define FH_BRK_LOCK 0xf02
#define FH_BRK_STACK 0xf03
#define arch_brk(imm) fake_brk(imm)

__attribute__((weak)) _Thread_local uint32_t fake_cpu;
__attribute__((weak)) uint64_t fake_counter;
void fake_brk(unsigned int imm);

__attribute__((weak)) void fake_brk(unsigned int imm)
{
	(void)imm;
	abort();
}

static inline uint32_t arch_cpu_id(void)
{
	return fake_cpu;
}

static inline uint64_t arch_counter(void)
{
	return fake_counter;
}

/* The guest's counter is fake_offset behind; fake_wake: when the CPU is woken at the latest, UINT64_MAX: never. */
__attribute__((weak)) uint64_t fake_offset;
__attribute__((weak)) uint64_t fake_wake = UINT64_MAX;

static inline uint64_t arch_guest_counter(void)
{
	return fake_counter - fake_offset;
}

static inline void arch_wake_by(uint64_t counter)
{
	fake_wake = counter < fake_wake ? counter : fake_wake;
}

static inline uint64_t arch_counter_hz(void)
{
	return UINT64_C(1000000000);
}

#endif
