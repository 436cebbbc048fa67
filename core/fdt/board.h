/* SPDX-License-Identifier: MIT */
/*
 * What the board's tree says about its RAM, CPUs and devices, in the core's terms. Nothing here trusts the tree beyond
 * what fdt_index_build() has checked; what is not understood is refused with a reason, not guessed.
 */
#ifndef CORE_FDT_BOARD_H
#define CORE_FDT_BOARD_H

#include "core/fdt/fdt_index.h"

#define BOARD_DEV_REGS 4U
#define BOARD_DEV_IRQS 8U

/* An interrupt at the GIC: INTID (SPI 32 to 1019, PPI 16 to 31) and its trigger. */
struct board_irq {
	uint32_t intid;
	bool edge;
};

struct board_device {
	uint16_t node;
	uint8_t nr_regs;
	uint8_t nr_irqs;
	bool dma;                          /* may read or write memory by itself, as far as one can't rule it out */
	struct range regs[BOARD_DEV_REGS]; /* CPU physical addresses */
	struct board_irq irqs[BOARD_DEV_IRQS];
};

/*
 * The device at a path or alias. Registers are translated; interrupts are those that go straight to the GIC, by
 * interrupts or interrupts-extended. A device counts as able to do DMA unless its compatible is on a list of those
 * that can't, and it has no iommus, dma-coherent or dma-ranges of its own.
 * FH_ENOENT: no such node; FH_ENOTSUP: disabled, no registers, or interrupts by way of another controller;
 * FH_EOVERFLOW: more registers or interrupts than there is room; FH_EFORMAT: unsound properties. *why (may be NULL)
 * gets a constant reason on a refusal. Bound: O(nodes).
 */
fh_status board_device(const struct fdt_index *t, const char *path, struct board_device *out, const char **why)
	FH_MUST_CHECK;
/* The same for a node that is known already (the GIC, the console). */
fh_status board_device_at(const struct fdt_index *t, uint16_t node, struct board_device *out, const char **why)
	FH_MUST_CHECK;
/* Interrupt i of any node (the timer's, the GIC's own), with or without registers. FH_ENOENT: past the last. */
fh_status board_irq(const struct fdt_index *t, uint16_t node, uint32_t i, struct board_irq *out) FH_MUST_CHECK;

/* The i-th CPU that is enabled, in the order of /cpus: this is what a configuration's cpus = <...> counts. */
uint16_t board_cpu(const struct fdt_index *t, uint32_t i);
/* Its MPIDR affinity fields (reg), or FH_EFORMAT. */
fh_status board_cpu_mpidr(const struct fdt_index *t, uint16_t cpu, uint64_t *mpidr) FH_MUST_CHECK;

/*
 * RAM of the board: the reg entries of its memory nodes, in rising order, those that touch joined. FH_EOVERFLOW: more
 * than max; FH_EEXIST: two overlap; FH_ENOENT: there is none.
 */
fh_status board_ram(const struct fdt_index *t, struct range *out, uint32_t max, uint32_t *nr) FH_MUST_CHECK;

/*
 * What the firmware keeps: /memreserve/ and the children of /reserved-memory that have a reg, as they stand. An
 * entry of /memreserve/ that begins where a range of `own` begins is left out: loaders list there what they loaded
 * for us, the tree and the initrd. FH_EOVERFLOW: more than max.
 */
fh_status board_reserved(const struct fdt_index *t, const struct range *own, uint32_t nr_own, struct range *out,
			 uint32_t max, uint32_t *nr) FH_MUST_CHECK;

/* The GIC's node: arm,gic-v3 (*version 3) or arm,gic-400 and its kin (2). FDT_NO_NODE: none. */
uint16_t board_gic(const struct fdt_index *t, uint32_t *version);
/* The console's node: by path where it is not empty, else /chosen/stdout-path. FDT_NO_NODE: none. */
uint16_t board_console(const struct fdt_index *t, const char *path);

#endif
