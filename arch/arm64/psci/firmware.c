/* SPDX-License-Identifier: MIT */
#include "arch/arm64/psci/firmware.h"

#include "arch/arm64/psci/psci.h"
#include "core/base/bits.h"

static int64_t smc(uint64_t fid, uint64_t a1, uint64_t a2, uint64_t a3)
{
	register uint64_t x0 __asm__("x0") = fid;
	register uint64_t x1 __asm__("x1") = a1;
	register uint64_t x2 __asm__("x2") = a2;
	register uint64_t x3 __asm__("x3") = a3;

	/* SMCCC 1.0 lets the callee change x4 to x17. */
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			   "memory");
	return (int64_t)x0;
}

static bool present;
static const uint32_t workarounds[] = { SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2, SMCCC_ARCH_WORKAROUND_3 };
static int64_t answers[ARRAY_SIZE(workarounds)];

/* SMCCC_ARCH_FEATURES came with 1.1, which PSCI_FEATURES tells (DEN0028, 7.2.1). */
void firmware_init(bool psci_smc)
{
	const bool asks = psci_smc && smc(PSCI_VERSION, 0, 0, 0) >= 0x10000 &&
			  smc(PSCI_FEATURES, SMCCC_VERSION, 0, 0) == 0 && smc(SMCCC_VERSION, 0, 0, 0) >= 0x10001;

	present = psci_smc;
	for (uint32_t i = 0; i < ARRAY_SIZE(workarounds); i++) {
		answers[i] = asks ? (int32_t)smc(SMCCC_ARCH_FEATURES, workarounds[i], 0, 0) : -1;
	}
	answers[1] = answers[1] == 0 ? -2 : answers[1];
}

bool firmware_present(void)
{
	return present;
}

int64_t firmware_workaround(uint32_t fid)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(workarounds); i++) {
		if (workarounds[i] == fid) {
			return answers[i];
		}
	}
	return -1;
}

void firmware_work_around(uint32_t fid)
{
	(void)smc(fid, 0, 0, 0);
}

int64_t firmware_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
	return smc(PSCI_CPU_ON64, mpidr, entry, context);
}

void firmware_system_off(void)
{
	(void)smc(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void firmware_system_reset(void)
{
	(void)smc(PSCI_SYSTEM_RESET, 0, 0, 0);
}
