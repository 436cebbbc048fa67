/* SPDX-License-Identifier: MIT */
/* Registers and state that the driver's files share. Offsets: IHI 0069H 12.8 (GICD), 12.10 and 12.11 (GICR). */
#ifndef DRIVERS_GIC_GIC_INTERNAL_H
#define DRIVERS_GIC_GIC_INTERNAL_H

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

/* ICC_SGI1R_EL1; the rest is in gicv3.c. */
#define SGI1R_INTID GENMASK(27, 24)
#define SGI1R_IRM BIT(40)

#define GIC_RWP_MS 100U /* longer than any sound controller takes */

/* GICv2 alone. */
#define GICD_ITARGETSR 0x0800U /* a byte each */
#define GICD_SGIR 0x0f00U
#define GICD_SGIR_OTHERS BIT(24)

struct gic_cpu {
	uint8_t *frame;   /* of its SGIs and PPIs: SGI frame, GICv2: distributor; NULL: not initialised */
	uint64_t sgi;     /* ICC_SGI1R_EL1 or GICD_SGIR that names this CPU, INTID 0 */
	uint64_t irouter; /* GICD_IROUTER that names this CPU, GICv2: GICD_ITARGETSR */
	uint32_t edge;    /* PPIs set to edge */
};

struct gic {
	struct gic_desc desc;
	uint8_t *dist;
	uint32_t nr_intids;
	uint32_t edge[GIC_MAX_INTID / 32U + 1U]; /* SPIs set to edge; atomic, see set_edge() */
	struct gic_cpu cpu[FH_MAX_CPUS];
};

extern struct gic gic;

/* Waits until `bit` of the 32-bit register at `reg` is clear. FH_ETIMEOUT: it stays for GIC_RWP_MS. */
fh_status gic_wait_clear(const uint8_t *reg, uint64_t bit) FH_MUST_CHECK;
/* SGIs and PPIs of this CPU, but EL2's own two, disabled, clear and level, in that group; `frame` holds them. */
void gic_private_init(uint8_t *frame, uint32_t group);

/* What differs: see gic_init(), gic_cpu_init(). _init: checks and switches the distributor off; SPIs are gic.c's. */
fh_status gicv3_init(const struct gic_desc *desc) FH_MUST_CHECK;
fh_status gicv3_cpu_init(struct gic_cpu *c) FH_MUST_CHECK;
fh_status gicv2_init(const struct gic_desc *desc) FH_MUST_CHECK;
fh_status gicv2_cpu_init(struct gic_cpu *c) FH_MUST_CHECK;

#endif
