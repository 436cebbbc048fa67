/* SPDX-License-Identifier: MIT */
/* Bits, fields and alignment. All constants are 64-bit unsigned. */
#ifndef CORE_BASE_BITS_H
#define CORE_BASE_BITS_H

#include "core/base/types.h"

#define BIT(n) (UINT64_C(1) << (n))
/* Bits h down to l, both included, 0 <= l <= h <= 63. */
#define GENMASK(h, l) ((~UINT64_C(0) >> (63U - (h))) & (~UINT64_C(0) << (l)))

/* A register's field by its mask: the lowest set bit of the mask is the field's place. The mask is a constant. */
#define FIELD_GET(mask, reg) (((uint64_t)(reg) & (mask)) / ((mask) & (~(mask) + 1U)))
#define FIELD_PREP(mask, val) (((uint64_t)(val) * ((mask) & (~(mask) + 1U))) & (mask))

static inline bool is_pow2(uint64_t v)
{
	return v != 0U && (v & (v - 1U)) == 0U;
}

/* a must be a power of two. */
static inline bool is_aligned(uint64_t v, uint64_t a)
{
	return (v & (a - 1U)) == 0U;
}

static inline uint64_t align_down(uint64_t v, uint64_t a)
{
	return v & ~(a - 1U);
}

/* The caller guarantees that v + a - 1 does not overflow. */
static inline uint64_t align_up(uint64_t v, uint64_t a)
{
	return (v + (a - 1U)) & ~(a - 1U);
}

/* Index of the highest set bit; v is not 0. */
static inline unsigned int ilog2(uint64_t v)
{
	return 63U - (unsigned int)__builtin_clzll(v);
}

/* Index of the lowest set bit; v is not 0. */
static inline unsigned int ctz64(uint64_t v)
{
	return (unsigned int)__builtin_ctzll(v);
}

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
