/* SPDX-License-Identifier: MIT */
/* Host: caches need no care; zeroing is real. What was cleaned is counted, for tests that ask. */
#ifndef ARCH_CACHE_H
#define ARCH_CACHE_H

#include <string.h>

#include "core/base/types.h"

__attribute__((weak)) uint64_t fake_cleaned_bytes;
__attribute__((weak)) uint64_t fake_icache_invals;

static inline void cache_clean_inval(const void *va, size_t size)
{
	(void)va;
	fake_cleaned_bytes += size;
}

static inline void cache_zero(void *va, size_t size)
{
	memset(va, 0, size);
}

static inline void cache_copy(void *restrict to, const void *restrict from, size_t size)
{
	memcpy(to, from, size);
}

static inline void icache_inval_all(void)
{
	fake_icache_invals++;
}

#endif
