/* SPDX-License-Identifier: MIT */
/*
 * The physical interrupt controller, as EL2 drives it: GICv3 (IHI 0069H) with affinity routing, all interrupts in
 * Group 1; or GICv2 (IHI 0048B), all interrupts in the group that EL2 has without asking, by memory-mapped registers.
 * Ends are split (EOImode = 1): gic_eoi() drops the running priority, and gic_deactivate() or, for an interrupt that
 * was handed to a guest by a list register, the guest's own end deactivates it. A run loop that takes an interrupt
 * does:
 *
 *	uint32_t ack = gic_ack(v2), id = gic_ack_intid(ack, v2);
 *	if (id < GIC_SPURIOUS) {
 *		gic_eoi(ack, v2);
 *		ours: handle it, gic_deactivate(ack, v2);
 *		the guest's: vgic_inject_hw_ppi() or vgic_inject_hw_spi(), no gic_deactivate()
 *	}
 *
 * v2 is a constant there: the version is asked for once, not at each interrupt.
 *
 * "cpu" is always a physical CPU's index (arch_cpu_id()); it is ignored for SPIs (intid >= 32), except where routed.
 */
#ifndef DRIVERS_GIC_GIC_H
#define DRIVERS_GIC_GIC_H

#include "arch/barrier.h"
#include "arch/mmio.h"
#include "arch/sysreg.h"
#include "core/base/status.h"
#include "core/base/types.h"

#define GIC_MAX_INTID 1020U /* SGIs 0 to 15, PPIs to 31, SPIs to 1019 */
#define GIC_SPURIOUS 1020U  /* this and above: nothing to handle */
#define GIC_FIRST_SPI 32U
#define GIC_MAX_REDIST 8U

/* EL2's own SGIs. Their senders are EL2 alone: a guest's SGIs are emulated. */
#define GIC_SGI_KICK 0U /* look at your work: requests, stop flags, vgic todo */
#define GIC_SGI_STOP 1U /* panic elsewhere: stop for good */

/* Where the controller is; filled by boot from the board's tree. Device memory, mapped for good. */
struct gic_region {
	void *va;
	uint64_t size; /* bytes */
};

struct gic_desc {
	uint32_t version;       /* 3 or 2 */
	struct gic_region dist; /* at least 64 KiB; GICv2: 4 KiB */
	uint32_t nr_redist;     /* 1 to GIC_MAX_REDIST; GICv2: 2 */
	/* GICv2: the CPU interface (GICC, at least 8 KiB), and the virtual one's control (GICH). */
	struct gic_region redist[GIC_MAX_REDIST];
	uint64_t stride; /* redistributor-stride: bytes a CPU, 0: 128 KiB, or 256 KiB where GICR_TYPER.VLPIS is set */
};

#ifdef CONFIG_GICV2
/* GICv2's registers: GICC, its deactivation register, GICH. NULL on a GICv3. */
extern uint8_t *gicv2_cpu;
extern uint8_t *gicv2_dir;
extern uint8_t *gicv2_hyp;
#else
static uint8_t *const gicv2_cpu = NULL;
static uint8_t *const gicv2_dir = NULL;
static uint8_t *const gicv2_hyp = NULL;
#endif

/* Whether the board has a GICv2. After gic_init(). */
static inline bool gic_v2(void)
{
	return gicv2_hyp != NULL;
}

/*
 * Sets up the distributor: affinity routing, Group 1, all SPIs disabled, not pending, level, priority
 * GIC_PRIO_GUEST; where one goes is open until gic_irq_route(). Once, by the boot CPU, with the MMU on, before any
 * gic_cpu_init(). FH_ENOTSUP: the version, or GICD_PIDR2, is no GICv3 (or v4, used as one), nor v2 where that is
 * configured (CONFIG_GICV2). FH_EINVAL: a region is missing or too small. FH_ETIMEOUT: GICD_CTLR.RWP stays. Bound:
 * O(number of SPIs).
 */
fh_status gic_init(const struct gic_desc *desc) FH_MUST_CHECK;

/*
 * Sets up this CPU: finds its redistributor by MPIDR_EL1, wakes it, disables and clears all PPIs and SGIs but EL2's
 * own two, which are enabled; opens the CPU interface (EOImode = 1); the virtual one (ICH_HCR_EL2) is off.
 * FH_ENOENT: no redistributor has this affinity; GICv2: the CPU is beyond its 8. FH_ENOTSUP: no system register
 * interface (ICC_SRE_EL2.SRE stays 0). FH_ETIMEOUT: it does not wake, or RWP stays. Bound: O(number of CPUs).
 */
fh_status gic_cpu_init(void) FH_MUST_CHECK;

/* One past the last SPI that the distributor has: 32 * (ITLinesNumber + 1), at most GIC_MAX_INTID. After gic_init(). */
uint32_t gic_nr_intids(void);

/* Sends an SGI (0 to 15) to a CPU that has done gic_cpu_init(); to another one it does nothing. Orders memory first. */
void gic_send_sgi(uint32_t cpu, uint32_t sgi);
/* The same to all others, for panic: needs no state of the receivers. */
void gic_send_sgi_others(uint32_t sgi);

/* Priorities, lower is more urgent. EL2's own come first. */
#define GIC_PRIO_EL2 0x80U
#define GIC_PRIO_GUEST 0xa0U

/*
 * One interrupt. PPIs and SGIs are reached through cpu's redistributor, from any CPU; on a GICv2 by that CPU alone.
 * Out of range intid, a CPU without redistributor, GICv2: another CPU's: nothing happens. Bound: O(1);
 * gic_irq_disable: until RWP clears, or 100 ms.
 */
void gic_irq_enable(uint32_t cpu, uint32_t intid);
void gic_irq_disable(uint32_t cpu, uint32_t intid);
void gic_irq_set_pending(uint32_t cpu, uint32_t intid, bool pending);
void gic_irq_set_active(uint32_t cpu, uint32_t intid, bool active);
void gic_irq_priority(uint32_t cpu, uint32_t intid, uint8_t prio);
/* Trigger, PPIs and SPIs: while disabled. */
void gic_irq_config(uint32_t cpu, uint32_t intid, bool edge);
/* To which CPU an SPI goes. */
void gic_irq_route(uint32_t intid, uint32_t cpu);
/* The pending bits of 32 interrupts, word = intid / 32; of what the lines say, too. */
uint32_t gic_irqs_pending(uint32_t cpu, uint32_t word);

#define GICC_IAR 0x0cU
#define GICC_EOIR 0x10U

/*
 * Takes the most urgent pending interrupt (IHI 0069H 12.2.16, ICC_IAR1_EL1; IHI 0048B 4.4.4). What it returns is for
 * gic_eoi() and gic_deactivate(): on a GICv2 an SGI's has its sender in it.
 */
static inline uint32_t gic_ack(bool v2)
{
	const uint32_t ack = v2 ? mmio_read32(gicv2_cpu + GICC_IAR) : (uint32_t)READ_SYSREG(icc_iar1_el1);

	dsb(sy);
	return ack & 0xffffffU;
}

/* The interrupt that gic_ack() took; GIC_SPURIOUS or more: none. */
static inline uint32_t gic_ack_intid(uint32_t ack, bool v2)
{
	return v2 ? ack & 0x3ffU : ack;
}

/* Drops the running priority: the next interrupt can come. */
static inline void gic_eoi(uint32_t ack, bool v2)
{
	if (v2) {
		mmio_write32(gicv2_cpu + GICC_EOIR, ack);
	} else {
		WRITE_SYSREG(icc_eoir1_el1, ack);
	}
}

/* Ends it: it may become pending again. */
static inline void gic_deactivate(uint32_t ack, bool v2)
{
	if (v2) {
		mmio_write32(gicv2_dir, ack);
	} else {
		WRITE_SYSREG(icc_dir_el1, ack);
	}
}

#endif
