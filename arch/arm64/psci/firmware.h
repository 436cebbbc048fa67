/* SPDX-License-Identifier: MIT */
/* PSCI towards the firmware (DEN0022F), by SMC: what EL2 itself asks of the machine. */
#ifndef ARCH_PSCI_FIRMWARE_H
#define ARCH_PSCI_FIRMWARE_H

#include "core/base/types.h"

/* Whether the board's tree names PSCI by SMC; asks the firmware for its work-arounds. Once, before all others. */
void firmware_init(bool psci_smc);
bool firmware_present(void);
/*
 * SMCCC_ARCH_FEATURES of SMCCC_ARCH_WORKAROUND_1, 2 or 3 (DEN0028, 7.5): as the firmware answers, NOT_SUPPORTED where
 * it has none. Number 2 is left on where it can be turned off, which is NOT_REQUIRED for a guest.
 */
int64_t firmware_workaround(uint32_t fid);
/* Calls it: only where firmware_workaround() is 0. */
void firmware_work_around(uint32_t fid);

/* Starts a CPU at a physical address with x0 = context. Returns PSCI's code. */
int64_t firmware_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);
/* Do not return where the firmware has them. */
void firmware_system_off(void);
void firmware_system_reset(void);

#endif
