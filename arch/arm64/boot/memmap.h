/* SPDX-License-Identifier: MIT */
/*
 * Who owns which part of RAM, made once at boot: firmware, image, tree, payload and page records first, then static
 * partitions, the hyp zone, and what is left of the zones goes to the pool.
 */
#ifndef ARCH_BOOT_MEMMAP_H
#define ARCH_BOOT_MEMMAP_H

#include "arch/arm64/boot/machine.h"
#include "core/claim/claim.h"

/* A table of the caller's, of `size` bytes, behind the page records: zero, at `at`. */
struct memmap_table {
	uint64_t size;
	void *at;
};

/*
 * Fills the ledger; logs the map. FH_ENOMEM: no room for the page records; FH_EEXIST: the hyp zone overlaps something
 * else. Maps records, the CPUs' rooms and the hyp zone at EL2, before the other CPUs run. payload: its range,
 * page-aligned; size 0: none. table: its size is given.
 */
fh_status memmap_init(const struct machine *m, const struct cfg_system *sys, struct range payload,
		      struct ledger *ledger, struct memmap_table *table) FH_MUST_CHECK;

#endif
