/* SPDX-License-Identifier: MIT */
#ifndef ARCH_BARRIER_H
#define ARCH_BARRIER_H

#define dsb(scope) __asm__ volatile("dsb " #scope : : : "memory")
#define dmb(scope) __asm__ volatile("dmb " #scope : : : "memory")
#define isb() __asm__ volatile("isb" : : : "memory")
#define barrier() __asm__ volatile("" : : : "memory")

static inline void cpu_wfi(void)
{
	__asm__ volatile("wfi" : : : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}

#endif
