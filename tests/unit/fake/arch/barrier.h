/* SPDX-License-Identifier: MIT */
/* Host: the compiler's barrier, and a full fence where threads may run. */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

#define dsb(scope) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define dmb(scope) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define isb() __asm__ volatile("" : : : "memory")
#define barrier() __asm__ volatile("" : : : "memory")

static inline void cpu_wfi(void)
{
}

static inline void cpu_relax(void)
{
}

#endif
