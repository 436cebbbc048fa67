/* SPDX-License-Identifier: MIT */
/* TLB maintenance (Arm ARM D8.14), on all CPUs of the inner shareable domain. */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

#include "arch/barrier.h"
#include "arch/sysreg.h"

/* All stage-1 and stage-2 entries of a VMID, whichever domain this CPU has loaded; complete on return. */
static inline void tlb_inval_vmid(uint64_t vttbr)
{
	const uint64_t was = READ_SYSREG(vttbr_el2);

	dsb(ishst);
	WRITE_SYSREG(vttbr_el2, vttbr);
	isb();
	__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	dsb(ish);
	WRITE_SYSREG(vttbr_el2, was);
	isb();
}

/* The EL2 entry of one page or block; complete after tlb_sync(). */
static inline void tlb_inval_el2_va(uint64_t va)
{
	__asm__ volatile("tlbi vae2is, %0" : : "r"(va >> 12) : "memory");
}

/* All EL2 entries; complete after tlb_sync(). */
static inline void tlb_inval_el2(void)
{
	__asm__ volatile("tlbi alle2is" : : : "memory");
}

static inline void tlb_sync(void)
{
	dsb(ish);
	isb();
}

#endif
