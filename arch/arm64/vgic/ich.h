/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's side of the virtual CPU interface, the only hardware access of this folder: GICv3's system registers
 * (IHI 0069H 12.4), or GICv2's GICH registers (IHI 0048B 5.3). The latter's list registers hold the same in 32 bits.
 */
#ifndef ARCH_VGIC_ICH_H
#define ARCH_VGIC_ICH_H

#include "arch/sysreg.h"
#include "core/base/bits.h"
#include "drivers/gic/gic.h"

#define ICH_LR_VINTID GENMASK(31, 0)
#define ICH_LR_PINTID GENMASK(44, 32)
#define ICH_LR_SOURCE GENMASK(34, 32) /* GICv2, of an SGI: who sent it */
#define ICH_LR_EOI BIT(41)            /* where HW is 0: a maintenance interrupt at the end */
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

#define ICH_VMCR_RESET BIT(3)   /* VFIQEn, RES1 without the memory-mapped interface; all else 0 */
#define ICH_VMCR_EOIMODE BIT(9) /* the same in both */

#define GICH_HCR 0x00U
#define GICH_VTR 0x04U
#define GICH_VMCR 0x08U
#define GICH_MISR 0x10U
#define GICH_EISR0 0x20U
#define GICH_ELRSR0 0x30U
#define GICH_APR 0xf0U
#define GICH_LR0 0x100U

#define ICH_READER(name, sysreg, gich)                                                                                 \
	static inline uint64_t ich_##name##_read(void)                                                                 \
	{                                                                                                              \
		return gic_v2() ? mmio_read32(gicv2_hyp + (gich)) : READ_SYSREG(sysreg);                               \
	}
#define ICH_WRITER(name, sysreg, gich)                                                                                 \
	static inline void ich_##name##_write(uint64_t v)                                                              \
	{                                                                                                              \
		if (gic_v2()) {                                                                                        \
			mmio_write32(gicv2_hyp + (gich), (uint32_t)v);                                                 \
		} else {                                                                                               \
			WRITE_SYSREG(sysreg, v);                                                                       \
		}                                                                                                      \
	}
ICH_READER(hcr, ich_hcr_el2, GICH_HCR)
ICH_WRITER(hcr, ich_hcr_el2, GICH_HCR)
ICH_READER(vmcr, ich_vmcr_el2, GICH_VMCR)
ICH_READER(vtr, ich_vtr_el2, GICH_VTR)
ICH_READER(misr, ich_misr_el2, GICH_MISR)
ICH_READER(eisr, ich_eisr_el2, GICH_EISR0)
ICH_READER(elrsr, ich_elrsr_el2, GICH_ELRSR0)

uint64_t ich_lr_read(uint32_t i); /* GICv2: its state alone */
/*
 * Switches the interface on, in its reset state: no group enabled, priority mask 0, no active priorities (ICH_AP0R<n>
 * and ICH_AP1R<n> as far as PREbits says they exist). ich_hcr_write(0) switches it off.
 */
void ich_start(uint64_t prebits);

#endif
