/* SPDX-License-Identifier: MIT */
/*
 * Which CPU this is, and its interrupt mask.
 *
 * TPIDR_EL2 holds this CPU's index (0 to FH_MAX_CPUS - 1, the boot CPU is 0) from head.S on. EL2 runs with
 * interrupts masked; it takes them by returning to the run loop.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "arch/barrier.h"
#include "arch/sysreg.h"

#define FH_MAX_CPUS ((uint32_t)CONFIG_MAX_CPUS)

static inline uint32_t arch_cpu_id(void)
{
	return (uint32_t)READ_SYSREG(tpidr_el2);
}

/* Whether a physical interrupt waits for this CPU, at EL2. */
static inline bool cpu_irq_pending(void)
{
	return (READ_SYSREG(isr_el1) & (UINT64_C(3) << 6)) != 0U;
}

/* A breakpoint with an immediate that names why: FH_BRK_*; the trap floor turns it into a stop of the machine. */
#define FH_BRK_PANIC 0xf00
#define FH_BRK_ASSERT 0xf01
#define FH_BRK_LOCK 0xf02
#define FH_BRK_STACK 0xf03
#define arch_brk(imm) __asm__ volatile("brk %0" : : "i"(imm) : "memory")

/* The counter that never stops, in ticks of CNTFRQ_EL0. */
static inline uint64_t arch_counter(void)
{
	isb();
	return READ_SYSREG(cntpct_el0);
}

/* The virtual counter of the domain whose vCPU was loaded into this CPU last. */
static inline uint64_t arch_guest_counter(void)
{
	isb();
	return READ_SYSREG(cntvct_el0);
}

/* EL2's own timer (CNTHP) interrupts this CPU at that counter value, and not before; or then at the latest. */
static inline void arch_wake_at(uint64_t counter)
{
	WRITE_SYSREG(cnthp_cval_el2, counter);
	WRITE_SYSREG(cnthp_ctl_el2, 1);
	isb();
}

static inline void arch_wake_by(uint64_t counter)
{
	if ((READ_SYSREG(cnthp_ctl_el2) & 1U) == 0U || counter < READ_SYSREG(cnthp_cval_el2)) {
		arch_wake_at(counter);
	}
}

static inline uint64_t arch_counter_hz(void)
{
	return READ_SYSREG(cntfrq_el0);
}

#endif
