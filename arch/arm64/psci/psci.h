/* SPDX-License-Identifier: MIT */
/* PSCI as guests see it (DEN0022F) and the SMCCC queries around it (DEN0028). */
#ifndef ARCH_PSCI_PSCI_H
#define ARCH_PSCI_PSCI_H

#include "arch/arm64/vcpu/vcpu.h"

#define SMCCC_VERSION UINT32_C(0x80000000)
#define SMCCC_ARCH_FEATURES UINT32_C(0x80000001)
#define SMCCC_ARCH_WORKAROUND_1 UINT32_C(0x80008000)
#define SMCCC_ARCH_WORKAROUND_2 UINT32_C(0x80007fff)
#define SMCCC_ARCH_WORKAROUND_3 UINT32_C(0x80003fff)
#define PSCI_VERSION UINT32_C(0x84000000)
#define PSCI_CPU_SUSPEND32 UINT32_C(0x84000001)
#define PSCI_CPU_OFF UINT32_C(0x84000002)
#define PSCI_CPU_ON32 UINT32_C(0x84000003)
#define PSCI_AFFINITY_INFO32 UINT32_C(0x84000004)
#define PSCI_MIGRATE_INFO_TYPE UINT32_C(0x84000006)
#define PSCI_SYSTEM_OFF UINT32_C(0x84000008)
#define PSCI_SYSTEM_RESET UINT32_C(0x84000009)
#define PSCI_FEATURES UINT32_C(0x8400000a)
#define PSCI_SYSTEM_RESET2_32 UINT32_C(0x84000012)
#define PSCI_CPU_SUSPEND64 UINT32_C(0xc4000001)
#define PSCI_CPU_ON64 UINT32_C(0xc4000003)
#define PSCI_AFFINITY_INFO64 UINT32_C(0xc4000004)
#define PSCI_SYSTEM_RESET2_64 UINT32_C(0xc4000012)

#define SMCCC_NOT_SUPPORTED UINT64_MAX /* -1 in 64 bits */

/*
 * Answers a guest's HVC or SMC: function in w0, arguments in x1 to x3, result in x0; x1 to x17 are kept. Unknown
 * functions answer NOT_SUPPORTED; nothing reaches the firmware but work-arounds that it offers, without arguments.
 * Bound: a CPU_ON or SYSTEM_* asks each vCPU once.
 */
FH_NOINLINE void psci_call(struct vcpu *v);

#endif
