/* SPDX-License-Identifier: MIT */
/*
 * Device register access with one load or store each, of forms that need no more than a base register, so that an
 * outer hypervisor could emulate them too. Ordering among devices is by device memory; against memory by dmb/dsb.
 */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include "core/base/types.h"

static inline uint8_t mmio_read8(const volatile void *a)
{
	uint8_t v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}

static inline uint32_t mmio_read32(const volatile void *a)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}

static inline uint64_t mmio_read64(const volatile void *a)
{
	uint64_t v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
	return v;
}

static inline void mmio_write8(volatile void *a, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" : : "rZ"(v), "r"(a) : "memory");
}

static inline void mmio_write32(volatile void *a, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" : : "rZ"(v), "r"(a) : "memory");
}

static inline void mmio_write64(volatile void *a, uint64_t v)
{
	__asm__ volatile("str %x0, [%1]" : : "rZ"(v), "r"(a) : "memory");
}

#endif
