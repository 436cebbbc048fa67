/* SPDX-License-Identifier: MIT */
/*
 * The run loop: enters a vCPU, and answers what made it exit.
 *
 *	run_loop ---- vgic_flush, vcpu_enter, vgic_sync ----> exit
 *	   ^                                                   |
 *	   +---- sync: by exception class; irq: physical GIC --+
 */
#ifndef ARCH_TRAP_TRAP_H
#define ARCH_TRAP_TRAP_H

#include "core/config/config.h"

/* Set once by the boot CPU, before the other CPUs run. uart_irq: the board's console, 0: none. */
struct trap_machine {
	const struct cfg_system *sys;
	uint32_t uart_irq;
	uint32_t maint_irq;
};
void trap_init(const struct trap_machine *m);

/* Runs this CPU's vCPU, or waits for interrupts, for ever. */
FH_NORETURN void run_loop(void);

/* The last domain has gone off: as on-last-domain-off says. */
void machine_last_off(void);

#endif
