/* SPDX-License-Identifier: MIT */
#include "arch/arm64/psci/psci.h"

#include "arch/arm64/psci/firmware.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "core/domain/domain.h"

#define PSCI_1_1 UINT64_C(0x10001)
#define SMCCC_1_2 UINT64_C(0x10002)
#define PSCI_TOS_NOT_NEEDED 2 /* no Trusted OS, so no migration */
#define SMCCC64 UINT32_C(0x40000000)
/* CPU_SUSPEND's power_state, original format (DEN0022F 5.4.2). */
#define SUSPEND_LEVEL GENMASK(25, 24)
#define SUSPEND_POWERDOWN BIT(16)
#define SUSPEND_ID GENMASK(15, 0)

/* Whether a function is there: 0 and its features, or NOT_SUPPORTED. */
static uint64_t features(uint32_t fid)
{
	switch (fid) {
	case SMCCC_VERSION:
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND32:
	case PSCI_CPU_SUSPEND64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON32:
	case PSCI_CPU_ON64:
	case PSCI_AFFINITY_INFO32:
	case PSCI_AFFINITY_INFO64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2_32:
	case PSCI_SYSTEM_RESET2_64:
	case PSCI_FEATURES:
		return 0;
	default:
		return SMCCC_NOT_SUPPORTED;
	}
}

static uint64_t arch_features(uint32_t fid)
{
	return fid == SMCCC_VERSION || fid == SMCCC_ARCH_FEATURES ? 0U : (uint64_t)firmware_workaround(fid);
}

/*
 * The physical CPU waits, as in a WFI of the guest's own: for any interrupt, EL2's too, which a guest sees as a wake-up
 * without a cause. One that waits for the guest already, and it alone can see, is none of the physical ones.
 */
static void stand_by(const struct vcpu *v)
{
	if (!vgic_cpu_pending(&v->vgic) && __atomic_load_n(&v->stop, __ATOMIC_ACQUIRE) == 0U) {
		dsb(sy);
		cpu_wfi();
	}
}

/* DEN0022F 5.4: goes on behind the call; from a power-down at the entry point, with what that loses lost. */
static __attribute__((noinline)) void suspend(struct vcpu *v, uint64_t state, uint64_t entry, uint64_t context)
{
	if ((state & ~(SUSPEND_LEVEL | SUSPEND_POWERDOWN | SUSPEND_ID)) != 0U) {
		v->regs.x[0] = (uint64_t)PSCI_INVALID_PARAMETERS;
	} else if ((state & SUSPEND_POWERDOWN) == 0U) {
		stand_by(v);
		v->regs.x[0] = PSCI_SUCCESS;
	} else if (!domain_is_entry(v->domain, entry)) {
		v->regs.x[0] = (uint64_t)PSCI_INVALID_ADDRESS;
	} else {
		stand_by(v);
		vcpu_resume(v, entry, context);
	}
}

/* The work-arounds that the firmware offers; any other function is not there. */
static __attribute__((noinline)) uint64_t work_around(uint32_t fid)
{
	if (firmware_workaround(fid) != 0) {
		return SMCCC_NOT_SUPPORTED;
	}
	firmware_work_around(fid);
	return 0;
}

static __attribute__((noinline)) void other_call(struct vcpu *v)
{
	uint64_t *x = v->regs.x;
	const uint32_t fid = (uint32_t)x[0];
	/* A 32-bit call reads the low halves of its arguments. */
	const uint64_t mask = (fid & SMCCC64) != 0U ? UINT64_MAX : UINT32_MAX;

	switch (fid) {
	case SMCCC_VERSION:
		x[0] = SMCCC_1_2;
		break;
	case SMCCC_ARCH_FEATURES:
		x[0] = arch_features((uint32_t)x[1]);
		break;
	case PSCI_FEATURES:
		x[0] = features((uint32_t)x[1]);
		break;
	case PSCI_CPU_ON32:
	case PSCI_CPU_ON64:
		x[0] = (uint64_t)domain_cpu_on(v->domain, x[1] & mask, x[2] & mask, x[3] & mask);
		break;
	case PSCI_CPU_OFF:
		domain_cpu_off(v);
		break;
	case PSCI_CPU_SUSPEND32:
	case PSCI_CPU_SUSPEND64:
		suspend(v, x[1] & mask, x[2] & mask, x[3] & mask);
		break;
	case PSCI_AFFINITY_INFO32:
	case PSCI_AFFINITY_INFO64:
		x[0] = (uint64_t)domain_affinity_info(v->domain, x[1] & mask, x[2] & mask);
		break;
	case PSCI_MIGRATE_INFO_TYPE:
		x[0] = PSCI_TOS_NOT_NEEDED;
		break;
	case PSCI_SYSTEM_OFF:
		domain_ask(v->domain, DOM_REQ_OFF);
		break;
	case PSCI_SYSTEM_RESET:
		domain_ask(v->domain, DOM_REQ_RESET);
		break;
	case PSCI_SYSTEM_RESET2_32:
	case PSCI_SYSTEM_RESET2_64:
		/* SYSTEM_WARM_RESET alone; no vendor has types of its own here. */
		if ((uint32_t)x[1] != 0U) {
			x[0] = (uint64_t)PSCI_INVALID_PARAMETERS;
		} else {
			domain_ask(v->domain, DOM_REQ_RESET);
		}
		break;
	default:
		x[0] = work_around(fid);
		break;
	}
}

void psci_call(struct vcpu *v)
{
	if ((uint32_t)v->regs.x[0] == PSCI_VERSION) {
		v->regs.x[0] = PSCI_1_1;
	} else {
		other_call(v);
	}
}
