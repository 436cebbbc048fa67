/* SPDX-License-Identifier: MIT */
/*
 * The virtual GIC of a domain, of the board's version: a distributor (and redistributors) emulated by words of 32
 * interrupts, and a CPU interface that is the hardware's own, fed by list registers. GICv3 (IHI 0069H): by ICV_
 * registers. GICv2 (IHI 0048B): by GICV, mapped where the guest has its GICC, but for GICC_DIR; see vgic_v2.c.
 *
 * What a guest sees of a GICv3: one security state (DS = 1), affinity routing always on, no LPIs, ITS, 1-of-N; SGIs and
 * PPIs a vCPU, up to VGIC_MAX_SPIS SPIs. Sixteen vCPUs share an Aff1, as many as an SGI's target list names.
 *
 * Who touches what:
 *   - words of interrupts, routes, CTLR: under vgic.lock (read without it where one load is enough);
 *   - list registers and what is known of them (lr_*, in_lr of the private word): the vCPU's own CPU alone. A private
 *     interrupt that ended keeps its list register, for its next time, until that is needed;
 *   - vgic_cpu.todo: atomic. It is how others, and the vCPU's own traps, ask its CPU to look again: bits 0 to 15 are
 *     SGIs that arrive, bit 16 + w says that word w changed. An entry with todo == 0 costs one load and a branch.
 *
 * Another vCPU's interrupt in a list register is never waited for: what should happen to it is written down in the
 * word (drop_pend, drop_active), its CPU is kicked, and its next entry obeys.
 *
 *	run loop:   for (;;) {
 *			vgic_flush(&v->vgic);
 *			cause = vcpu_enter(&v->regs);
 *			vgic_sync(&v->vgic);
 *			... gic_ack(), traps: both may add work for the next flush ...
 *		    }
 */
#ifndef ARCH_VGIC_VGIC_H
#define ARCH_VGIC_VGIC_H

#include "arch/sysreg.h"
#include "core/base/status.h"
#include "core/base/types.h"
#include "core/sync/lock.h"
#include "core/vdev/vdev.h"

#define VGIC_MAX_VCPUS ((uint32_t)CONFIG_MAX_CPUS)
#define VGIC_V2_MAX_VCPUS 8U
#define VGIC_MAX_SPIS 256U
#define VGIC_WORDS (1U + VGIC_MAX_SPIS / 32U) /* word 0 is private to a vCPU */
#define VGIC_MAX_LRS 16U

/* What the guest's tree and the domain's MMIO table say. */
#define VGIC_DIST_SIZE UINT64_C(0x10000)
#define VGIC_REDIST_STRIDE UINT64_C(0x20000) /* a vCPU */
#define VGIC_V2_DIST_SIZE UINT64_C(0x1000)
#define VGIC_V2_CPU_SIZE UINT64_C(0x2000) /* GICV's first page, and the one with GICC_DIR alone */

/* ICC_SRE_EL1 as a guest reads it (SRE, DFB, DIB); its writes are ignored. ICC_SRE_EL2.Enable is 0: both trap. */
#define VGIC_ICC_SRE_EL1 UINT64_C(7)

/* 32 interrupts, one bit each. "pend" is the latch: an edge, an SGI, a guest's ISPENDR, or a hardware interrupt. */
struct vgic_word {
	uint32_t enable;
	uint32_t group; /* 1: Group 1 */
	uint32_t edge;
	uint32_t hw; /* backed by the physical interrupt of the same number */
	uint32_t pend;
	uint32_t line; /* level input of an emulated device */
	uint32_t active;
	uint32_t in_lr;     /* in a list register: pend and active moved there */
	uint32_t lr_active; /* as far as known of those: at their last look */
	uint32_t lr_both;   /* active and pending */
	uint32_t drop_pend; /* asked of the CPU whose list register it is in */
	uint32_t drop_active;
	uint32_t asked; /* a reader wants lr_active afresh */
	uint32_t fresh; /* and got it */
	uint32_t soft;  /* of hardware, and pending by the guest's ISPENDR, whatever the line says, until its end */
	uint32_t came;  /* of those: the physical one that this made pending has come, its turn is on */
	uint32_t again; /* SPIs of devices that came again, untaken in their list register: more of it must not kick */
	uint8_t prio[32];
};

struct vgic_cpu;

struct vgic {
	struct lock lock; /* RANK_VGIC */
	uint32_t nr_vcpus;
	uint32_t nr_words;  /* with the private one */
	uint32_t hw_words;  /* words of SPIs that hardware backs, as bits */
	uint32_t ctlr;      /* GICD_CTLR: bits 0 and 1 */
	uint32_t grp_on[2]; /* all ones where that group is enabled */
	struct vgic_cpu *cpu[VGIC_MAX_VCPUS];
	struct vgic_word spi[VGIC_WORDS - 1U];
	uint32_t route[VGIC_MAX_SPIS]; /* as IROUTER was written: Aff3.Aff2.Aff1.Aff0; GICv2: vCPUs as bits */
	uint8_t holder[VGIC_MAX_SPIS]; /* vCPU whose list register it is in; where in_lr */
};

struct vgic_cpu {
	uint32_t todo;     /* atomic */
	uint32_t watch;    /* not 0: list registers must be looked at after each exit */
	uint32_t lr_used;  /* list registers that were filled and not found empty since */
	uint32_t lr_owed;  /* of those: an SPI or a level, which must be looked at under the lock when it ends */
	uint32_t lr_line;  /* of those: pending by its line alone, not by the latch */
	uint32_t lr_eoi;   /* of those: with a maintenance interrupt at its end */
	uint32_t lr_again; /* of those: `again` */
	uint32_t overflow; /* words with more than what fitted */
	uint32_t pcpu;     /* where it runs */
	uint32_t loaded;   /* atomic: it may be running there */
	uint32_t index;    /* in its domain */
	bool evicted;      /* some active are in no list register */
	struct vgic *vgic;
	struct vgic_word priv;         /* SGIs and PPIs */
	uint8_t lr_of[32];             /* list register of a private interrupt; where in_lr */
	uint64_t lr_val[VGIC_MAX_LRS]; /* what makes it pending again once it ended; 0: not so simple */
	uint16_t lr_intid[VGIC_MAX_LRS];
	uint32_t mine[VGIC_WORDS - 1U]; /* SPIs that are routed here */
	uint32_t waker;                 /* GICR_WAKER.ProcessorSleep */
	uint64_t hcr;                   /* ICH_HCR_EL2 as last written */
	uint64_t injected;              /* pending interrupts that were put into its list registers */
	/* GICv2: an SGI pends by sender. One of them is in a list register, the others wait here for its end. */
	uint8_t sgi_from[16]; /* atomic: senders as bits */
	uint8_t sgi_now[16];  /* sender of the one that is in a list register or active */
};

/* vCPU i's affinity, Aff3.Aff2.Aff1.Aff0; and the vCPU of an affinity, which may be none that there is. */
static inline uint32_t vgic_affinity(uint32_t i)
{
	return i / 16U << 8 | i % 16U;
}

static inline uint64_t vgic_vcpu_of(uint64_t aff)
{
	return (aff & 0xf0U) != 0U ? UINT64_MAX : aff >> 8 << 4 | (aff & 0xfU);
}

/* Registers of the distributor (dev: struct vgic *), VGIC_DIST_SIZE bytes. */
extern const struct vdev_ops vgic_dist_ops;
/* All redistributors in one region (dev: struct vgic *), VGIC_REDIST_STRIDE a vCPU, in order of index. */
extern const struct vdev_ops vgic_redist_ops;
/* GICv2: the distributor, VGIC_V2_DIST_SIZE bytes, and the page of the CPU interface that has GICC_DIR. */
extern const struct vdev_ops vgic_v2_dist_ops;
extern const struct vdev_ops vgic_v2_dir_ops;

/*
 * Learns what this CPU has (number of list registers, priority bits); the minimum of all CPUs is used. On each CPU
 * after gic_cpu_init(), before the first vgic_cpu_load().
 */
void vgic_hw_init(void);

/*
 * Makes the GIC of a domain in its reset state. nr_vcpus: 1 to VGIC_MAX_VCPUS, of a GICv2 8; nr_spis: multiple of 32,
 * 32 to VGIC_MAX_SPIS. FH_EINVAL: out of range. Then vgic_cpu_init() for each vCPU; pcpu: where it will run.
 */
fh_status vgic_init(struct vgic *g, uint32_t nr_vcpus, uint32_t nr_spis) FH_MUST_CHECK;
void vgic_cpu_init(struct vgic *g, struct vgic_cpu *vc, uint32_t index, uint32_t pcpu);

/*
 * Backs a PPI (16 to 31, of all vCPUs) or an SPI by the physical interrupt of the same number: the guest's end
 * deactivates the physical one, its enable is the guest's. edge: its trigger in the board's tree; a guest's ICFGR
 * does not change the physical one. After all vgic_cpu_init(), while no vCPU is loaded. FH_EINVAL: an SGI, or beyond
 * nr_spis.
 */
fh_status vgic_map_hw(struct vgic *g, uint32_t intid, bool edge) FH_MUST_CHECK;
/* The same of a PPI of one vCPU, for who does not want to wait for all. FH_EINVAL: not a PPI. */
fh_status vgic_map_ppi(struct vgic *g, uint32_t vcpu, uint32_t intid, bool edge) FH_MUST_CHECK;

/*
 * The state after a domain's reset: nothing enabled, pending or active; hardware-backed interrupts are disabled and
 * deactivated; device lines are low (devices are reset too). In steps from *at on, 0 at first and again after the last:
 * true. No vCPU may be loaded from the first to the last. Bound: 16 vCPUs; of the last one also O(SPIs).
 */
bool vgic_reset_step(struct vgic *g, uint32_t *at) FH_MUST_CHECK;

/*
 * The CPU interface (ICH_ registers). On the vCPU's own CPU: _load after CPU_ON, before its first entry: the interface
 * is in its reset state (priority mask 0, groups off), the redistributor's registers hold what they held; _put when it
 * stops running here (CPU_OFF, reset, stop): list registers are folded back.
 */
void vgic_cpu_load(struct vgic_cpu *vc);
void vgic_cpu_put(struct vgic_cpu *vc);

/* How vgic_inject_hw_ppi() goes on where an interrupt has no list register yet, or things changed. */
bool vgic_inject_new(struct vgic_cpu *vc, uint32_t intid) FH_MUST_CHECK;
/* List register i, of those that the CPU has. */
void ich_lr_write(uint32_t i, uint64_t v);

/*
 * The next time of a private interrupt that ended in the list register it still has: one write. Whoever changes its
 * enable, group or priority has it folded first, so that the value is right. Any other case: false.
 */
static inline bool vgic_rearm(struct vgic_cpu *vc, uint32_t intid)
{
	const uint32_t i = vc->lr_of[intid];
	const uint64_t val = vc->lr_val[i];

	if (val == 0U || (READ_SYSREG(ich_elrsr_el2) >> i & 1U) == 0U) {
		return false;
	}
	vc->injected++;
	if (i == 0U) {
		WRITE_SYSREG(ich_lr0_el2, val);
	} else {
		ich_lr_write(i, val);
	}
	return true;
}

/* The slow sides of the two below; no lock held. Bound: O(words + pending * list registers). */
void vgic_refill(struct vgic_cpu *vc);
void vgic_retire(struct vgic_cpu *vc);

/* Before each entry. */
static inline void vgic_flush(struct vgic_cpu *vc)
{
	if (__atomic_load_n(&vc->todo, __ATOMIC_RELAXED) != 0U) {
		vgic_refill(vc);
	}
}

/* After each exit, before interrupts are acknowledged. */
static inline void vgic_sync(struct vgic_cpu *vc)
{
	if (vc->watch != 0U) {
		vgic_retire(vc);
	}
}

/* Whether something waits for the guest's attention: a trapped WFI returns at once. On the vCPU's own CPU. */
bool vgic_cpu_pending(const struct vgic_cpu *vc);

/*
 * The physical PPI arrived on the vCPU's own CPU, which calls this after gic_eoi(): it becomes pending in the guest.
 * An intid that was not mapped, or no PPI: false, and the caller deactivates it. No lock held.
 */
static inline FH_MUST_CHECK bool vgic_inject_hw_ppi(struct vgic_cpu *vc, uint32_t intid)
{
	if (intid < 32U && (vc->priv.in_lr & vc->priv.hw & ~vc->priv.soft & (1U << intid)) != 0U &&
	    vc->todo < 0x10000U && vgic_rearm(vc, intid)) {
		return true;
	}
	return vgic_inject_new(vc, intid);
}

/* The same for an SPI, on any CPU; the vCPU that it is routed to is kicked where it runs elsewhere. */
bool vgic_inject_hw_spi(struct vgic *g, uint32_t intid) FH_MUST_CHECK;

/*
 * An emulated device's input: intid a PPI of that vCPU, or an SPI (vcpu is ignored). set_level: the line, as a level
 * that the device drives (the caller orders the calls of one line); pend: one edge. Locks of ranks below RANK_VGIC
 * may be held. Out of range: nothing.
 */
void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level);
void vgic_pend(struct vgic *g, uint32_t vcpu, uint32_t intid);

/* A trapped write of ICC_SGI1R_EL1 (group 1) or ICC_SGI0R_EL1 (group 0) by vcpu. ICC_ASGI1R_EL1: ignore it. */
void vgic_sgi(struct vgic *g, uint32_t vcpu, uint64_t value, uint32_t group);
/* A trapped write of ICC_DIR_EL1, while more is active than list registers hold; of GICC_DIR: always. Its own CPU. */
void vgic_dir(struct vgic_cpu *vc, uint64_t value);

#endif
