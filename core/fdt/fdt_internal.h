/* SPDX-License-Identifier: MIT */
#ifndef CORE_FDT_FDT_INTERNAL_H
#define CORE_FDT_FDT_INTERNAL_H

#include "core/fdt/fdt_index.h"

/* A property in the structure block: tag, length, offset of its name, then the data. */
#define PROP_HEADER 12U
/* Linux's bound on #address-cells and #size-cells. */
#define FDT_MAX_CELLS 4U

/* A big-endian word; p is 4-byte aligned. */
static inline uint32_t be32(const void *p)
{
	return __builtin_bswap32(*(const uint32_t *)p);
}

static inline uint64_t be64(const char *p)
{
	return ((uint64_t)be32(p) << 32) | be32(p + 4);
}

/* A bit for the first letter of a property's name; some share one. */
static inline uint32_t fdt_letter(const char *name)
{
	return 1U << ((uint32_t)(unsigned char)name[0] & 31U);
}

#endif
