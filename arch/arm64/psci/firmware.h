/* SPDX-License-Identifier: MIT */
/* PSCI towards the firmware (DEN0022F), by SMC: what EL2 itself asks of the machine. */
#ifndef ARCH_PSCI_FIRMWARE_H
#define ARCH_PSCI_FIRMWARE_H

#include "core/base/types.h"

/* Starts a CPU at a physical address with x0 = context. Returns PSCI's code. */
int64_t firmware_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);
/* Do not return where the firmware has them. */
void firmware_system_off(void);
void firmware_system_reset(void);

#endif
