/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU and the world switch.
 *
 * A vCPU owns the physical CPU that the configuration gave it, so EL1's system registers and the FP registers stay
 * in the hardware while it runs: an exit saves the general registers and nothing else. They are reset when a vCPU
 * leaves (vcpu_unload), all of them, so that nothing of an earlier life or of another domain is left.
 */
#ifndef ARCH_VCPU_VCPU_H
#define ARCH_VCPU_VCPU_H

#include "arch/arm64/vgic/vgic.h"
#include "core/base/types.h"
#include "core/vdev/vdev.h"

struct domain;

/* Ticks of the counter since it is measured (domain_measure()); written by its own CPU. */
struct vcpu_times {
	uint64_t guest;   /* in the guest, also where that waits for an interrupt */
	uint64_t el2;     /* from an exit to the next entry: what EL2 took */
	uint64_t longest; /* of those */
	uint64_t since;   /* counter, at the last entry; 0: it is out */
};

/* Offsets are used by switch.S (asm-offsets.c). */
struct vcpu_regs {
	uint64_t x[31];
	uint64_t elr; /* where the guest goes on */
	uint64_t spsr;
};

/* Why vcpu_enter() came back. */
enum vcpu_exit { VCPU_EXIT_SYNC, VCPU_EXIT_IRQ, VCPU_EXIT_SERROR };

/* What an exit was for: by exception class (Arm ARM D19.2.37), an interrupt or an SError. */
enum vcpu_cause {
	CAUSE_HVC,
	CAUSE_SMC,
	CAUSE_SYSREG,
	CAUSE_DATA_ABORT, /* an emulated device, or no memory */
	CAUSE_INSTR_ABORT,
	CAUSE_WFX,
	CAUSE_OTHER, /* UNDEFINED */
	CAUSE_IRQ,
	CAUSE_SERROR,
	CAUSE_COUNT
};

struct vcpu {
	struct vcpu_regs regs; /* only its own CPU, while the guest is out */
	struct vgic_cpu vgic;
	struct domain *domain;
	uint32_t index; /* in its domain */
	uint32_t pcpu;
	uint32_t stop; /* atomic: leave the guest for good: the domain resets or stops */
	bool on;   /* PSCI's view (DEN0022F 5.7): from an accepted CPU_ON to its end; guarded by the domain's lock */
	bool held; /* its virtual timer is off, and CNTV_CTL_EL0 in `timer`: the domain's time stands */
	uint32_t timer;
	uint64_t entry; /* of CPU_ON: IPA, and the context for x0 */
	uint64_t context;
	const struct vdev *last_dev; /* the emulated device that it accessed last */
	uint64_t exits[CAUSE_COUNT]; /* only its CPU counts */
	struct vcpu_times times;
};

/* Runs the guest until its next exit. Interrupts are masked before and after. */
enum vcpu_exit vcpu_enter(struct vcpu_regs *regs);

/* What is the same for all guests of this CPU: HCR_EL2, traps, VTCR_EL2. Once on each CPU. */
void vcpu_cpu_init(void);
/* HCR_EL2 while a guest runs; for the trap floor's SError and WFI choices. */
uint64_t vcpu_hcr(void);
/* Whether the WFI of this CPU's guest exits. */
void vcpu_trap_wfi(bool trap);
/* Whether the CPU has a PMU that a guest can use (PMUv3). */
bool vcpu_has_pmu(void);
/*
 * This CPU's guest has gone for good: its timers are off, and EL1's system registers, debug, PMU, FP and SVE state are
 * zero or their reset value (Arm ARM D1.10, PSCI 6.4). vcpu_cpu_init() does it too, so that a CPU without a guest is
 * always clean, and a start need not be slow.
 */
void vcpu_unload(void);
/* Starts a vCPU on a clean CPU: EL1h, MMU off, interrupts masked, x0 = context. vttbr: of its domain. */
void vcpu_load(struct vcpu *v, uint64_t vttbr, uint64_t entry, uint64_t context);
/* The same for one that wakes from a power-down: the timers go on. */
void vcpu_resume(struct vcpu *v, uint64_t entry, uint64_t context);
/* What this CPU's virtual counter is behind the physical one. */
void vcpu_offset(uint64_t ticks);
/* The virtual timer of this CPU's vCPU is off for as long as its time stands; and as it was again. */
void vcpu_hold_timer(struct vcpu *v);
void vcpu_unhold_timer(const struct vcpu *v);
/* MPIDR_EL1 of vCPU `index`: Aff0 is the index, up to 16. */
uint64_t vcpu_mpidr(uint32_t index);

/*
 * Injects a synchronous exception into EL1 (Arm ARM D1.13): ESR, FAR, ELR, SPSR and vector as taken from `regs`.
 * iss: an abort's, without a valid syndrome.
 */
void vcpu_inject_abort(struct vcpu *v, uint64_t iss, uint64_t far, bool instruction);
void vcpu_inject_undefined(struct vcpu *v);

/* The instruction is done: on to the next. It was one of AArch64. */
static inline void vcpu_skip_a64(struct vcpu *v)
{
	v->regs.elr += 4U;
	v->regs.spsr &= ~(BIT(21) | GENMASK(11, 10)); /* SS: a step is over; BTYPE */
}
/* The same in AArch32: esr tells its length; an IT block goes on too. */
void vcpu_skip_a32(struct vcpu *v, uint64_t esr);
static inline void vcpu_skip(struct vcpu *v, uint64_t esr)
{
	if ((v->regs.spsr & BIT(4)) != 0U) {
		vcpu_skip_a32(v, esr);
	} else {
		vcpu_skip_a64(v);
	}
}

#endif
