/* SPDX-License-Identifier: MIT */
/* The hypervisor's side of the virtual CPU interface (IHI 0069H 12.4), the only hardware access of this folder. */
#ifndef ARCH_VGIC_ICH_H
#define ARCH_VGIC_ICH_H

#include "arch/sysreg.h"
#include "core/base/bits.h"

#define ICH_LR_VINTID GENMASK(31, 0)
#define ICH_LR_PINTID GENMASK(44, 32)
#define ICH_LR_EOI BIT(41) /* where HW is 0: a maintenance interrupt at the end */
#define ICH_LR_PRIO GENMASK(55, 48)
#define ICH_LR_GROUP1 BIT(60)
#define ICH_LR_HW BIT(61)
#define ICH_LR_PEND BIT(62)
#define ICH_LR_ACTIVE BIT(63)

#define ICH_HCR_EN BIT(0)
#define ICH_HCR_UIE BIT(1)     /* when at most one list register is in use */
#define ICH_HCR_LRENPIE BIT(2) /* when an interrupt ended that no list register holds */
#define ICH_HCR_NPIE BIT(3)    /* when none is pending */
#define ICH_HCR_TDIR BIT(14)
#define ICH_HCR_EOICOUNT GENMASK(31, 27)

#define ICH_MISR_NP BIT(3)

#define ICH_VTR_LISTREGS GENMASK(4, 0)
#define ICH_VTR_PREBITS GENMASK(28, 26)
#define ICH_VTR_PRIBITS GENMASK(31, 29)

#define ICH_VMCR_RESET BIT(3) /* VFIQEn, RES1 without the memory-mapped interface; all else 0 */

uint64_t ich_lr_read(uint32_t i);
/* ICH_AP0R<n>, ICH_AP1R<n> as far as PREbits says they exist: group 0 or 1. */
void ich_apr_save(uint64_t prebits, uint64_t apr[2][4]);
void ich_apr_load(uint64_t prebits, uint64_t apr[2][4]);

#endif
