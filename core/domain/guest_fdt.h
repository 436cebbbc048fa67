/* SPDX-License-Identifier: MIT */
/*
 * Generates the device tree that a guest boots with: what it has, and nothing else. Plain parameters, no struct
 * domain: the same file is built for the host and tested there.
 */
#ifndef CORE_DOMAIN_GUEST_FDT_H
#define CORE_DOMAIN_GUEST_FDT_H

#include "core/config/config.h"
#include "core/fdt/fdt_index.h"

#define GUEST_FDT_MAX_MEM 8U
#define GUEST_FDT_MAX_DEVICES 8U

struct guest_fdt_params {
	const char *name;     /* of the domain: goes into model */
	const char *bootargs; /* "" : none */
	uint32_t nr_cpus;     /* vCPU i has MPIDR affinity i (Aff0) */
	uint32_t nr_mem;
	struct range mem[GUEST_FDT_MAX_MEM]; /* IPAs, in rising order */
	uint64_t initrd_base;                /* IPA */
	uint64_t initrd_size;                /* bytes, 0: none */
	uint32_t gic_version;                /* 2 or 3 */
	struct range gicd;                   /* IPA */
	struct range gicr;                   /* version 3: all redistributors; version 2: the CPU interface */
	bool has_uart;
	struct range uart;       /* IPA of the PL011 */
	uint32_t uart_intid;     /* its SPI, 32 to 1019 */
	struct range virtio;     /* IPA of a virtio-mmio device; size 0: none */
	uint32_t virtio_intid;   /* its SPI */
	struct range watchdog;   /* IPA of an SBSA watchdog's control frame, and the refresh frame; size 0: none */
	uint32_t watchdog_intid; /* its SPI */
	uint32_t power_key;      /* SPI of a power key, 0: none */
	const struct cfg_domain *peers; /* the system's domains, for the names of those it rings, or is rung by */
	uint64_t rings;                 /* peers, by bits */
	uint16_t bell[CFG_MAX_DOMAINS]; /* its SPI that each rings, 0: none */
	uint32_t pmu_intid;             /* PPI, 16 to 31; 0: no PMU */
	const struct fdt_index *board;  /* the board's tree; NULL where there are no devices */
	uint32_t nr_devices;
	uint16_t devices[GUEST_FDT_MAX_DEVICES]; /* nodes of the board's tree, as board_device() gives them */
};

/*
 * Writes a tree into buf (8-byte aligned), in steps: *at is 0 at first and after the last. FH_EBUSY: there is more, by
 * a call with the same parameters. *used: its length in bytes, in the end. FH_ENOMEM: it does not fit in size;
 * FH_EINVAL: a parameter is out of its range. Bound: 8 CPUs; the last also O(devices * nodes of the board's tree).
 */
fh_status guest_fdt_step(const struct guest_fdt_params *p, uint32_t *at, void *buf, size_t size, size_t *used)
	FH_MUST_CHECK;

#endif
