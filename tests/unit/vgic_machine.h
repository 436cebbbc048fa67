/* SPDX-License-Identifier: MIT */
/* The hardware under the virtual GIC, as its unit tests need it: list registers that a guest drives, a physical GIC. */
#ifndef TESTS_UNIT_VGIC_MACHINE_H
#define TESTS_UNIT_VGIC_MACHINE_H

#include "core/base/types.h"

#define MACHINE_CPUS 64U
#define NO_INTID 1023U

struct phys_irq {
	bool enabled;
	bool active;
	bool pending;
	bool edge;
};

struct machine {
	uint32_t nr_lrs; /* set before vgic_hw_init() */
	uint64_t lr[MACHINE_CPUS][16];
	uint64_t hcr[MACHINE_CPUS];
	uint64_t vmcr[MACHINE_CPUS];
	uint32_t lr_accesses;
	struct phys_irq ppi[MACHINE_CPUS][32];
	struct phys_irq spi[288];
	uint32_t route[288];
	bool v2; /* set by machine_reset_v2(): list registers are written by GICH; each CPU reaches its own PPIs alone */
	uint64_t apr[MACHINE_CPUS];
	uint64_t kicks; /* CPUs that were sent GIC_SGI_KICK */
	uint32_t nr_kicks;
};

extern struct machine machine;
/* As in the fake arch/cpu.h. */
extern _Thread_local uint32_t fake_cpu;

void machine_reset(uint32_t nr_lrs);
void machine_reset_v2(uint32_t nr_lrs);
struct phys_irq *machine_phys(uint32_t cpu, uint32_t intid);
/* What a guest on that CPU does: takes its most urgent interrupt (NO_INTID: none); ends one, EOImode 0. */
uint32_t guest_ack(uint32_t cpu);
void guest_eoi(uint32_t cpu, uint32_t intid);
/* Whether ICC_DIR_EL1 traps; and what it does otherwise: false if no list register holds it as active. */
bool guest_dir_traps(uint32_t cpu);
bool guest_dir(uint32_t cpu, uint32_t intid);
/* Who sent the SGI that a list register holds (GICv2). */
uint32_t guest_sender(uint32_t cpu, uint32_t intid);
/* Whether the maintenance interrupt is asserted. */
bool machine_maintenance(uint32_t cpu);
/* The list register that holds it, or -1. */
int machine_find_lr(uint32_t cpu, uint32_t intid);

#endif
