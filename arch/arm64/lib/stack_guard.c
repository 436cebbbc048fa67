/* SPDX-License-Identifier: MIT */
/*
 * What objects with a stack protector want; of this image's parts only Debian's libfdt was compiled with one. Its
 * guard is a constant: it finds an accident, not an attack.
 */
#include "arch/cpu.h"

extern uintptr_t __stack_chk_guard;
FH_NORETURN void __stack_chk_fail(void);

uintptr_t __stack_chk_guard = UINT64_C(0x5fd2c0a7004e11d8);

void __stack_chk_fail(void)
{
	for (;;) {
		arch_brk(FH_BRK_STACK);
	}
}
