/* SPDX-License-Identifier: MIT */
/* System register access by name: one line each, no tables. */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include "core/base/bits.h"

#define READ_SYSREG(name)                                                                                              \
	({                                                                                                             \
		uint64_t read_sysreg_v_;                                                                               \
		__asm__ volatile("mrs %0, " #name : "=r"(read_sysreg_v_));                                             \
		read_sysreg_v_;                                                                                        \
	})
#define WRITE_SYSREG(name, val) __asm__ volatile("msr " #name ", %x0" : : "rZ"((uint64_t)(val)) : "memory")

#endif
