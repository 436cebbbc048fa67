/* SPDX-License-Identifier: MIT */
/*
 * Freehold's own calls to a guest: SMCCC's vendor-specific hypervisor range (DEN0028 1.2, 6.2), by HVC or SMC.
 * docs/guest-abi.md has the table of functions; tests/qemu/guests/lib/claim.h is a guest's side.
 */
#ifndef CORE_HYPERCALL_HYPERCALL_H
#define CORE_HYPERCALL_HYPERCALL_H

#include "arch/arm64/vcpu/vcpu.h"

/* In a function: not PSCI's (owner 4) nor the architecture's (0). One bit tells, on the hot path. */
#define HYPERCALL_OWNERS UINT64_C(0x02000000)

/*
 * Answers one: function in w0, arguments in x1 to x3, results in x0 to x3; all others are kept. A call that cleans more
 * than a chunk is done by parts: the guest goes on at the call itself, so that it takes its interrupts in between.
 * Bound: as core/domain's domain_mem_*().
 */
void hypercall(struct vcpu *v);

/*
 * Calls for tests (CONFIG_TEST_CALLS), from function 0xc600ff80 on; FH_ENOTSUP: not built, or none of that number.
 * SPLIT: x1 an IPA in a leaf of 2 MiB or 1 GiB, which is split and merged again.
 */
#define HYPERCALL_TEST_SPLIT 0U
fh_status hypercall_test(struct vcpu *v, uint32_t n) FH_MUST_CHECK;

#endif
