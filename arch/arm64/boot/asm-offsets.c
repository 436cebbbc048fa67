/* SPDX-License-Identifier: MIT */
/* Compiled to assembly only; the build turns the "->NAME value" lines into generated/asm-offsets.h. */
#include "arch/arm64/trap/crash.h"
#include "arch/arm64/vcpu/vcpu.h"

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"->" #name " %0\"" : : "i"(value))

void asm_offsets(void);
void asm_offsets(void)
{
	DEFINE(VCPU_REGS_X, offsetof(struct vcpu_regs, x));
	DEFINE(VCPU_REGS_ELR, offsetof(struct vcpu_regs, elr));
	DEFINE(CRASH_X, offsetof(struct crash_regs, x));
	DEFINE(CRASH_SP, offsetof(struct crash_regs, sp));
	DEFINE(CRASH_ELR, offsetof(struct crash_regs, elr));
	DEFINE(CRASH_SIZE, sizeof(struct crash_regs));
}
