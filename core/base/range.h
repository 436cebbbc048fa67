/* SPDX-License-Identifier: MIT */
/*
 * A range of addresses, made only by a checked constructor: never empty, never wrapping, never misaligned.
 * Nothing that comes from outside is clamped or rounded.
 */
#ifndef CORE_BASE_RANGE_H
#define CORE_BASE_RANGE_H

#include "core/base/bits.h"
#include "core/base/status.h"

struct range {
	uint64_t base; /* first byte */
	uint64_t size; /* bytes, not 0; base + size <= 2^64 - 1 */
};

/*
 * Makes [base, base + size). align is a power of two that base and size must be multiples of (1: none).
 * FH_EINVAL: size is 0. FH_EOVERFLOW: the end passes 2^64 - 1. FH_EALIGN: not aligned. Bound: O(1).
 */
static inline FH_MUST_CHECK fh_status range_make(uint64_t base, uint64_t size, uint64_t align, struct range *out)
{
	if (size == 0U) {
		return FH_EINVAL;
	}
	if (base > UINT64_MAX - size) {
		return FH_EOVERFLOW;
	}
	if (!is_aligned(base, align) || !is_aligned(size, align)) {
		return FH_EALIGN;
	}
	out->base = base;
	out->size = size;
	return FH_OK;
}

/* One past the last byte. */
static inline uint64_t range_end(struct range r)
{
	return r.base + r.size;
}

static inline bool range_overlaps(struct range a, struct range b)
{
	return a.base < range_end(b) && b.base < range_end(a);
}

/* Whether all of b lies in a. */
static inline bool range_contains(struct range a, struct range b)
{
	return a.base <= b.base && range_end(b) <= range_end(a);
}

static inline bool range_has(struct range r, uint64_t addr)
{
	return addr >= r.base && addr - r.base < r.size;
}

#endif
