/* SPDX-License-Identifier: MIT */
/* The fake machine (fake/arch/cpu.h) as a test sees it that has a fake_brk() of its own. */
#ifndef TESTS_UNIT_FAKE_MACHINE_H
#define TESTS_UNIT_FAKE_MACHINE_H

#include <stdint.h>

#define FH_BRK_PANIC 0xf00
#define FH_BRK_LOCK 0xf02

extern _Thread_local uint32_t fake_cpu;
extern uint64_t fake_counter; /* of 1 GHz */
void fake_brk(unsigned int imm);

#endif
