/* SPDX-License-Identifier: MIT */
/* Synchronous exits: by exception class (Arm ARM D19.2.37). */
#include "arch/arm64/psci/psci.h"
#include "arch/arm64/trap/trap_internal.h"
#include "arch/sysreg.h"
#include "core/domain/domain.h"
#include "core/hypercall/hypercall.h"
#include "core/log/log.h"

#define EC_WFX UINT64_C(0x01)
#define EC_HVC64 UINT64_C(0x16)
#define EC_SMC64 UINT64_C(0x17)
#define EC_SYSREG UINT64_C(0x18)
#define EC_IABT_LOW UINT64_C(0x20)
#define EC_DABT_LOW UINT64_C(0x24)

/* SME, LS64, AArch32 coprocessors and whatever else is trapped: not there, so UNDEFINED. */
static __attribute__((noinline)) void withheld(struct vcpu *v, uint64_t esr)
{
	log_guest(v->domain->id, "guest: dom=%s vcpu=%u pc=0x%lx esr=0x%lx: undefined", v->domain->cfg->name, v->index,
		  v->regs.elr, esr);
	vcpu_inject_undefined(v, (esr & ESR_IL) != 0U);
}

static inline void call(struct vcpu *v)
{
	if (hypercall_is(v->regs.x[0])) {
		hypercall(v);
	} else {
		psci_call(v);
	}
}

void trap_sync(struct vcpu *v)
{
	const uint64_t esr = READ_SYSREG(esr_el2);

	switch (FIELD_GET(ESR_EC, esr)) {
	case EC_HVC64:
		call(v);
		break;
	case EC_DABT_LOW:
		trap_data_abort(v, esr);
		break;
	case EC_SYSREG:
		trap_sysreg(v, esr);
		break;
	case EC_SMC64:
		vcpu_skip_a64(v); /* an SMC that is trapped has not been done (Arm ARM D1.13.4) */
		call(v);
		break;
	case EC_IABT_LOW:
		trap_instr_abort(v, esr);
		break;
	case EC_WFX:
		vcpu_skip(v, esr);
		break;
	default:
		withheld(v, esr);
		break;
	}
}
