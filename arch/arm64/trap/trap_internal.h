/* SPDX-License-Identifier: MIT */
#ifndef ARCH_TRAP_TRAP_INTERNAL_H
#define ARCH_TRAP_TRAP_INTERNAL_H

#include "arch/arm64/trap/trap.h"
#include "arch/arm64/vcpu/vcpu.h"

/*
 * A synchronous exit, by exception class. Functions of their own in the image, by which tests tell exits apart
 * (tests/qemu/exits.py).
 */
void trap_sync(struct vcpu *v);
/* MRS, MSR of a trapped register; esr: its syndrome (Arm ARM D19.2.37, EC 0x18). */
FH_NOINLINE void trap_sysreg(struct vcpu *v, uint64_t esr);
/* Data and instruction aborts from stage 2. */
FH_NOINLINE void trap_data_abort(struct vcpu *v, uint64_t esr);
FH_NOINLINE void trap_instr_abort(struct vcpu *v, uint64_t esr);

/*
 * The level of the descriptor, of this CPU's guest's stage-1 walk for va, that lies in the page of `met`. false: none
 * does, since the tables changed, or lie in a device. Takes the domain's stage-2 lock. Bound: 3 reads of its memory.
 */
bool trap_walk_level(struct vcpu *v, uint64_t va, ipaddr_t met, uint32_t *level);

#define ESR_EC GENMASK(31, 26)
#define ISS_WNR BIT(6) /* of an abort: by a write */

#endif
