/* SPDX-License-Identifier: MIT */
/*
 * A machine for core/domain on the host: four CPUs that take steps when told, 64 MiB of RAM, and the hyp zone. What
 * of the arch it calls is counted or does nothing; what can fail is failed by name and number (DM_FALLIBLE).
 */
#ifndef TESTS_UNIT_DOMAIN_MACHINE_H
#define TESTS_UNIT_DOMAIN_MACHINE_H

#include "core/domain/domain.h"

#define DM_RAM UINT64_C(0x80000000)
#define DM_RAM_SIZE UINT64_C(0x4000000)
#define DM_HYP UINT64_C(0x70000000)
#define DM_HYP_SIZE UINT64_C(0x800000)
#define DM_STATIC UINT64_C(0x60000000)
#define DM_STATIC_SIZE UINT64_C(0x400000)
#define DM_CPUS 4U

extern struct ledger dm_ledger;
extern struct cfg_system dm_sys;
/* What each CPU's virtual counter is behind. */
extern uint64_t dm_offset[DM_CPUS];
/* The interrupt that was pended last. */
extern uint32_t dm_pended;

/* Where the next failure is: the n-th call of any fallible function from now on, 0: none. */
void dm_fail(uint32_t n);
/* The name of the function that was failed, or NULL: n was beyond the last. */
const char *dm_failed(void);

/* A new machine, whose memory is clean, with the boot's configuration front (running) and rear (on demand). */
void dm_boot(void);
/* The RAM behind a physical address. */
unsigned char *dm_ram(uint64_t where);

/* All CPUs take steps until none has anything to do but to run its guest or to wait. */
void dm_settle(void);
/* One step of the CPU of a domain's first vCPU; the name of what it is at, NULL: it waits or runs the guest. */
const char *dm_step(struct domain *d);

#endif
