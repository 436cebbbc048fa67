/* SPDX-License-Identifier: MIT */
/* Host: the test sees each invalidation, and so whether it came between break and make. */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

#include "core/base/types.h"

void tlb_inval_vmid(uint64_t vttbr);

#endif
