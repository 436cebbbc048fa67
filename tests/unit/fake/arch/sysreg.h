/* SPDX-License-Identifier: MIT */
/* Host: system registers by name; they read as zero and forget, unless the test has its own functions. */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include "core/base/bits.h"

uint64_t fake_sysreg_read(const char *name);
void fake_sysreg_write(const char *name, uint64_t v);

__attribute__((weak)) uint64_t fake_sysreg_read(const char *name)
{
	(void)name;
	return 0;
}

__attribute__((weak)) void fake_sysreg_write(const char *name, uint64_t v)
{
	(void)name;
	(void)v;
}

#define READ_SYSREG(name) fake_sysreg_read(#name)
#define WRITE_SYSREG(name, val) fake_sysreg_write(#name, (uint64_t)(val))

#endif
