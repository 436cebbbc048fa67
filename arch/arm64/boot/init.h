/* SPDX-License-Identifier: MIT */
#ifndef ARCH_BOOT_INIT_H
#define ARCH_BOOT_INIT_H

#include "core/base/types.h"

/* From head.S, with the MMU on and on this CPU's stack. dtb, image: physical addresses. */
FH_NORETURN void init_primary(uint64_t dtb, uint64_t image);
FH_NORETURN void init_secondary(uint32_t cpu);

#endif
