/* SPDX-License-Identifier: MIT */
/* Synchronous exits: by exception class (Arm ARM D19.2.37). */
#include "arch/arm64/psci/psci.h"
#include "arch/arm64/trap/trap_internal.h"
#include "arch/cpu.h"
#include "arch/sysreg.h"
#include "core/console/console.h"
#include "core/domain/domain.h"
#include "core/hypercall/hypercall.h"
#include "core/log/log.h"
#include "core/scrub/scrub.h"

#define EC_WFX UINT64_C(0x01)
#define ESR_WFX_TI UINT64_C(3) /* 0: WFI */
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
	vcpu_inject_undefined(v);
}

static inline void call(struct vcpu *v)
{
	if ((v->regs.x[0] & HYPERCALL_OWNERS) != 0U) {
		hypercall(v);
	} else {
		psci_call(v);
	}
}

/*
 * The guest waits, and free memory is cleaned meanwhile: a chunk of 16 KiB at most stands between an interrupt and the
 * guest. Its WFI may end without one, and does when nothing is left to clean: the next is its own again. WFIT is over
 * after a chunk, since its time is not looked at.
 */
static __attribute__((noinline)) void wait_cleaning(uint64_t esr)
{
	bool more;

	do {
		more = scrub_step(domain_ledger(), SCRUB_GUEST);
	} while (more && (esr & ESR_WFX_TI) == 0U && !cpu_irq_pending() && !console_pending());
	vcpu_trap_wfi(more);
}

void trap_sync(struct vcpu *v)
{
	const uint64_t esr = READ_SYSREG(esr_el2);

	switch (FIELD_GET(ESR_EC, esr)) {
	case EC_HVC64:
		v->exits[CAUSE_HVC]++;
		call(v);
		break;
	case EC_DABT_LOW:
		v->exits[CAUSE_DATA_ABORT]++;
		trap_data_abort(v, esr);
		break;
	case EC_SYSREG:
		v->exits[CAUSE_SYSREG]++;
		trap_sysreg(v, esr);
		break;
	case EC_SMC64:
		v->exits[CAUSE_SMC]++;
		vcpu_skip_a64(v); /* an SMC that is trapped has not been done (Arm ARM D1.13.4) */
		call(v);
		break;
	case EC_IABT_LOW:
		v->exits[CAUSE_INSTR_ABORT]++;
		trap_instr_abort(v, esr);
		break;
	case EC_WFX:
		v->exits[CAUSE_WFX]++;
		vcpu_skip(v, esr);
		wait_cleaning(esr);
		break;
	default:
		v->exits[CAUSE_OTHER]++;
		withheld(v, esr);
		break;
	}
}
