/* SPDX-License-Identifier: MIT */
/* Host: plain memory, unless the test has its own functions: it then sees each access. */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include "core/base/types.h"

#define FAKE_MMIO(bits)                                                                                                \
	uint##bits##_t mmio_read##bits(const volatile void *a);                                                        \
	void mmio_write##bits(volatile void *a, uint##bits##_t v);                                                     \
	__attribute__((weak)) uint##bits##_t mmio_read##bits(const volatile void *a)                                   \
	{                                                                                                              \
		return *(const volatile uint##bits##_t *)a;                                                            \
	}                                                                                                              \
	__attribute__((weak)) void mmio_write##bits(volatile void *a, uint##bits##_t v)                                \
	{                                                                                                              \
		*(volatile uint##bits##_t *)a = v;                                                                     \
	}

FAKE_MMIO(8)
FAKE_MMIO(32)
FAKE_MMIO(64)

#endif
