/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs, and what differs between CPUs. */
#ifndef ARCH_BOOT_SMP_H
#define ARCH_BOOT_SMP_H

#include "arch/arm64/boot/machine.h"

/* The least that all started CPUs have. */
struct cpu_features {
	uint32_t pa_bits;
	bool fwb;
};

/* Records this CPU's features; the boot CPU before the others, each other one as it starts. */
void smp_record_features(void);
/*
 * Starts CPUs 1 and on by PSCI, one after the other. A CPU that does not start within 2 s is logged and left out;
 * returns how many run, this one included. mask: bit per CPU that runs.
 */
uint32_t smp_start(const struct machine *m, uint64_t *mask);
struct cpu_features smp_features(void);
/* Lets the started CPUs go on into their run loops. */
void smp_go(void);
/* On a started CPU: says that it runs, and waits for smp_go(). */
void smp_arrive(uint32_t cpu);

#endif
