/* SPDX-License-Identifier: MIT */
/* Translation table descriptors, 4 KiB granule (Arm ARM D8.3). */
#ifndef ARCH_MM_PTE_H
#define ARCH_MM_PTE_H

#include "core/base/bits.h"

#define PTE_VALID BIT(0)
#define PTE_TABLE BIT(1) /* levels 0 to 2: a table; level 3: a page */
#define PTE_ADDR GENMASK(47, 12)
#define PTE_AF BIT(10)
#define PTE_SH_INNER FIELD_PREP(GENMASK(9, 8), 3)
#define PTE_CONT BIT(52)

/* Stage 1 at EL2 (one privilege level: AP[1] is RES1, XN is bit 54). */
#define S1_ATTR(n) FIELD_PREP(GENMASK(4, 2), n)
#define S1_AP1 BIT(6)
#define S1_RO BIT(7)
#define S1_XN BIT(54)
#define MAIR_DEVICE 0U
#define MAIR_NORMAL 1U
#define MAIR_VALUE (UINT64_C(0x04) | (UINT64_C(0xff) << 8))

/* Stage 2. */
#define S2_MEMATTR(n) FIELD_PREP(GENMASK(5, 2), n)
#define S2_READ BIT(6)
#define S2_WRITE BIT(7)
#define S2_XN FIELD_PREP(GENMASK(54, 53), 2)
#define S2_ATTR_NORMAL 0xfU     /* without FEAT_S2FWB: outer and inner write-back */
#define S2_ATTR_NORMAL_FWB 0x6U /* with it: write-back whatever the guest says */
#define S2_ATTR_DEVICE 0x1U     /* nGnRE, in both encodings */

#define PTES_PER_TABLE 512U
#define LEVEL_SHIFT(level) (PAGE_SHIFT + 9U * (3U - (level)))
#define LEVEL_SIZE(level) (UINT64_C(1) << LEVEL_SHIFT(level))
#define LEVEL_INDEX(addr, level) (((addr) >> LEVEL_SHIFT(level)) & (PTES_PER_TABLE - 1U))

#endif
