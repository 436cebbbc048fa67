/* SPDX-License-Identifier: MIT */
/* Registers and state that the GICv3 driver's files share. Offsets: IHI 0069H 12.8 (GICD), 12.10 and 12.11 (GICR). */
#ifndef DRIVERS_GIC_GICV3_INTERNAL_H
#define DRIVERS_GIC_GICV3_INTERNAL_H

#include "arch/cpu.h"
#include "arch/mmio.h"
#include "drivers/gic/gic.h"

#define GICD_CTLR 0x0000U
#define GICD_CTLR_GRP1A BIT(1)
#define GICD_CTLR_ARE BIT(4) /* ARE_NS from the non-secure side, ARE with one security state: the same bit */
#define GICD_CTLR_RWP BIT(31)
#define GICD_TYPER 0x0004U
#define GICD_TYPER_LINES GENMASK(4, 0)
#define GICD_IROUTER 0x6000U /* 8 bytes each */
#define GICD_PIDR2 0xffe8U
#define GIC_PIDR2_REV GENMASK(7, 4)

/* The same offsets in the distributor and in a redistributor's SGI frame; bits of one word of 32 interrupts. */
#define GIC_IGROUPR 0x0080U
#define GIC_ISENABLER 0x0100U
#define GIC_ICENABLER 0x0180U
#define GIC_ISPENDR 0x0200U
#define GIC_ICPENDR 0x0280U
#define GIC_ISACTIVER 0x0300U
#define GIC_ICACTIVER 0x0380U
#define GIC_IPRIORITYR 0x0400U /* a byte each */
#define GIC_ICFGR 0x0c00U      /* 2 bits each */

#define GICR_CTLR 0x0000U
#define GICR_CTLR_RWP BIT(3)
#define GICR_TYPER 0x0008U
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)
#define GICR_TYPER_AFF GENMASK(63, 32)
#define GICR_WAKER 0x0014U
#define GICR_WAKER_SLEEP BIT(1)
#define GICR_WAKER_ASLEEP BIT(2)
#define GICR_SGI_FRAME 0x10000U
#define GICR_FRAMES UINT64_C(0x20000) /* without virtual LPIs */

#define GICV3_RWP_MS 100U /* longer than any sound controller takes */

struct gicv3_cpu {
	uint8_t *redist;  /* NULL: not initialised */
	uint64_t sgi1r;   /* ICC_SGI1R_EL1 that names this CPU, INTID 0 */
	uint64_t irouter; /* GICD_IROUTER that names this CPU */
	uint32_t edge;    /* PPIs set to edge */
};

struct gicv3 {
	struct gic_desc desc;
	uint8_t *dist;
	uint32_t nr_intids;
	uint32_t edge[GIC_MAX_INTID / 32U + 1U]; /* SPIs set to edge; atomic, see set_edge() */
	struct gicv3_cpu cpu[FH_MAX_CPUS];
};

extern struct gicv3 gicv3;

/* Waits until `bit` of the 32-bit register at `reg` is clear. FH_ETIMEOUT: it stays for GICV3_RWP_MS. */
fh_status gicv3_wait_clear(const uint8_t *reg, uint64_t bit) FH_MUST_CHECK;
/* Sets four bytes of priority registers in one write each: n interrupts from the register at `reg`. */
void gicv3_fill_prio(uint8_t *reg, uint32_t n, uint32_t prio);

#endif
