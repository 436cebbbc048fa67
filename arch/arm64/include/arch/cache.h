/* SPDX-License-Identifier: MIT */
/*
 * Data and instruction cache maintenance by virtual address (Arm ARM D7.5), to the point of coherency: what a guest
 * that starts with its caches off will read. Line sizes come from CTR_EL0. Bound: O(size / line).
 */
#ifndef ARCH_CACHE_H
#define ARCH_CACHE_H

#include "core/base/types.h"

/* Clean and invalidate [va, va + size) to the point of coherency, then DSB. */
void cache_clean_inval(const void *va, size_t size);
/* Zero [va, va + size) (multiples of 4 KiB) by FEAT_MOPS or DC ZVA where the CPU has them; not cleaned. */
void cache_zero(void *va, size_t size);
/* Both: zero, clean and invalidated to the point of coherency. The same sizes as cache_zero(). */
void cache_zero_flush(void *va, size_t size);
/* Copies size bytes that do not overlap, by FEAT_MOPS where the CPU has it; not cleaned. */
void cache_copy(void *restrict to, const void *restrict from, size_t size);
/* All instruction caches of the inner shareable domain: after code was written for a guest. */
void icache_inval_all(void);

#endif
