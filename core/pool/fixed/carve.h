/* SPDX-License-Identifier: MIT */
/* The allocating side of a pool without an allocator (CONFIG_POOL=n): blocks are written down once, at boot. */
#ifndef CORE_POOL_FIXED_CARVE_H
#define CORE_POOL_FIXED_CARVE_H

#include "core/pool/pool_alloc.h"

/* Writes count blocks of 2^order pages at pfn as owner's; all in one range of a leaf, pfn aligned. O(count). */
void pool_carve(const struct pool *p, uint64_t pfn, uint8_t order, uint64_t count, domid_t owner);

/* Writes [pfn, end), of a range of that leaf, as the hypervisor's, in blocks as large as they fit. O(blocks). */
void pool_carve_rest(const struct pool *p, uint8_t leaf, uint64_t pfn, uint64_t end);

#endif
