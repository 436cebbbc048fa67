/* SPDX-License-Identifier: MIT */
/* EL2's own exceptions: a readable report, then the machine stops as the configuration says. */
#ifndef ARCH_TRAP_CRASH_H
#define ARCH_TRAP_CRASH_H

#include "core/base/types.h"

struct crash_regs {
	uint64_t x[31];
	uint64_t sp;
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
};

/* From the vectors: prints registers and back-trace, stops the other CPUs, ends by trap_stop_machine(). */
FH_NORETURN void crash_report(struct crash_regs *regs, uint64_t vector);
/* The boot is refused, the reason is logged: as on-panic says. */
FH_NORETURN void crash_refused(void);
/* Before there is a console: the line goes to the early UART, with the MMU on, if the build has one. */
FH_NORETURN void crash_early(const char *line);
/* For the other CPUs: waits for ever. */
FH_NORETURN void crash_stop_here(void);
/* What becomes of the machine after a panic: set from the configuration (cfg_panic); until then it halts. */
void crash_set_policy(uint32_t policy);

#endif
