/* SPDX-License-Identifier: MIT */
/*
 * What the board's device tree says of the machine. Everything here is checked: a tree that lacks something EL2
 * can't do without is refused with one line.
 */
#ifndef ARCH_BOOT_MACHINE_H
#define ARCH_BOOT_MACHINE_H

#include "arch/cpu.h"
#include "core/config/config.h"
#include "core/fdt/fdt_index.h"
#include "drivers/gic/gic.h"

struct machine {
	struct fdt_index tree;
	uint64_t tree_at;        /* where the tree lies, physical */
	struct range tree_range; /* the pages around it */
	uint32_t nr_cpus;
	uint64_t mpidr[FH_MAX_CPUS];
	uint32_t nr_ram;
	struct range ram[CFG_MAX_BANKS];
	uint32_t nr_reserved;
	struct range reserved[CFG_MAX_BANKS];
	struct range initrd; /* size 0: none */
	uint32_t gic_version;
	struct range gicd;
	uint32_t nr_gicr;
	struct range gicr[GIC_MAX_REDIST]; /* redistributors; GICv2: GICC, GICH, GICV */
	uint64_t gicr_stride;
	uint32_t maint_irq;
	uint32_t pmu_irq; /* a PPI; 0: none */
	uint16_t uart_node;
	struct range uart;
	uint32_t uart_irq; /* 0: none */
	bool psci_smc;
};

/* Maps and indexes the tree at dtb (physical, from x0). Nothing is logged: there is no console yet. */
fh_status machine_map_tree(struct machine *m, uint64_t dtb) FH_MUST_CHECK;
/*
 * The console: at path, or where that is empty /chosen/stdout-path, or where that is missing the first PL011.
 * FH_ENOENT: there is none. Changes nothing on an error.
 */
fh_status machine_uart(struct machine *m, const char *path) FH_MUST_CHECK;
/* All the rest; what is missing or wrong is logged. */
fh_status machine_read(struct machine *m) FH_MUST_CHECK;

#endif
