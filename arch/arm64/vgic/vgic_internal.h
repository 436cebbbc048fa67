/* SPDX-License-Identifier: MIT */
#ifndef ARCH_VGIC_INTERNAL_H
#define ARCH_VGIC_INTERNAL_H

#include "arch/arm64/vgic/ich.h"
#include "arch/arm64/vgic/vgic.h"
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "drivers/gic/gic.h"

#define TODO_SGIS 0xffffU
#define TODO_WORD(w) ((uint32_t)BIT(16U + (w)))
#define TODO_ALL_WORDS ((uint32_t)GENMASK(16U + VGIC_WORDS - 1U, 16U))

_Static_assert(16U + VGIC_WORDS <= 32U, "SGIs and words fit in todo");

#define SGI_MASK 0xffffU

/* What all CPUs have. */
struct vgic_hw {
	uint32_t lr_mask; /* the list registers that are used */
	uint32_t nr_lrs;
	uint32_t prio_mask; /* implemented bits of a priority byte */
	uint64_t prebits;
};
extern struct vgic_hw vgic_hw;

static inline struct vgic_word *word_of(struct vgic *g, uint32_t vcpu, uint32_t w)
{
	return w == 0U ? &g->cpu[vcpu]->priv : &g->spi[w - 1U];
}

/* Lowest set bit's index, and the bit taken out: for (; bits != 0U;) { i = take_bit(&bits); } */
static inline uint32_t take_bit(uint32_t *bits)
{
	const uint32_t i = (uint32_t)__builtin_ctz(*bits);

	*bits &= *bits - 1U;
	return i;
}

static inline uint32_t group_on(const struct vgic *g, const struct vgic_word *w)
{
	return (w->group & g->grp_on[1]) | (~w->group & g->grp_on[0]);
}

/* Pending, enabled, and of an enabled group; in a list register or not. */
static inline uint32_t ready_of(const struct vgic *g, const struct vgic_word *w)
{
	return (w->pend | (w->line & ~w->edge)) & w->enable & group_on(g, w);
}

/* A turn of an interrupt of hardware begins: what the guest made pending has it, if it had none yet. Lock held. */
static inline void soft_begins(struct vgic_word *w, uint32_t bit)
{
	w->soft &= ~(w->came & bit);
	w->came = (w->came & ~bit) | (w->soft & bit);
}

/*
 * It has ended, in a list register that is looked at now; the next one may have begun by then. What the guest made
 * pending meanwhile is still to come.
 */
static inline void soft_ends(struct vgic_word *w, uint32_t bit)
{
	const uint32_t over = w->came & ~w->pend & bit;

	w->soft &= ~over;
	w->came &= ~over;
}

/* SGIs that pend by sender and can't be disabled: a GICv2's. */
static inline uint32_t vgic_sgis_by_source(void)
{
	return gic_v2() ? SGI_MASK : 0U;
}

/* Asks a vCPU's CPU to look again, and kicks it where it may be in its guest. Any CPU, lock held or not. */
void vgic_notify(struct vgic_cpu *vc, uint32_t bits);
/* Interrupts of a word may be deliverable now: tells whom they are routed to. Lock held. */
void vgic_poke(struct vgic *g, uint32_t vcpu, uint32_t w, uint32_t bits);
/* Something about interrupts in list registers changed: tells who holds them. Lock held. */
void vgic_poke_holders(struct vgic *g, uint32_t vcpu, uint32_t w, uint32_t bits);

/* The best candidates so far, in rising order of priority << 16 | intid. */
struct vgic_picks {
	uint32_t nr;
	uint32_t next; /* the best that did not fit, PICKS_ALL: all did */
	uint32_t key[VGIC_MAX_LRS];
};
#define PICKS_ALL UINT32_MAX

/* Inserts interrupts of a word, keeping as many as there are list registers. */
void vgic_pick(const struct vgic_cpu *vc, uint32_t w, uint32_t bits, struct vgic_picks *p);
/* Active interrupts of a word that this vCPU took and that no list register holds. Lock held. */
uint32_t vgic_active_here(const struct vgic_cpu *vc, uint32_t w);
/* Empties the list registers into the words; which words those are, as bits. On its own CPU, lock held. */
uint32_t vgic_fold_all(struct vgic_cpu *vc);
/* Takes all list registers of the vCPU back into the words, on its own CPU; its next entry fills them. Lock held. */
void vgic_fold(struct vgic_cpu *vc);
/* Puts one private interrupt straight into a free list register, without lock; false: the slow way is needed. */
bool vgic_place_now(struct vgic_cpu *vc, uint32_t intid, uint64_t hw_bits);

/* A frame with registers of interrupts: whose they are, and which words it shows. */
struct vgic_frame {
	struct vgic *g;
	uint32_t self;  /* the vCPU that accesses */
	uint32_t owner; /* whose private word it is */
	uint32_t first; /* words */
	uint32_t end;
};
/*
 * IGROUPR to ICFGR, which distributors and redistributors have at the same offsets; words that the frame does not
 * show, and other offsets, read 0 and ignore writes. size: as vgic_size_fits() allows. No lock held.
 */
uint32_t vgic_regs_read(const struct vgic_frame *f, uint64_t off, uint32_t size);
void vgic_regs_write(const struct vgic_frame *f, uint64_t off, uint32_t size, uint32_t val);
/*
 * The lines of hardware of a word. A level that fell after it was taken here, and before the guest took it, is not
 * pending any more: its physical interrupt is ended. GICv2: of one's own word 0 alone. Lock held.
 */
uint32_t vgic_lines(struct vgic *g, uint32_t owner, uint32_t w);
/* 4 bytes everywhere, 1 in registers of bytes. */
bool vgic_size_fits(uint64_t off, uint32_t size);
/* GICD_CTLR's group enables. No lock held. */
void vgic_ctlr_write(struct vgic *g, uint32_t val);
/* Routes SPI n (0: INTID 32) to vCPUs, as bits; to none it stays pending here. Lock held. */
void vgic_route(struct vgic *g, uint32_t n, uint64_t to);

#ifdef CONFIG_GICV2
/*
 * GICv2, an SGI of this vCPU, on its own CPU (vgic_v2.c). _take: bits of list register i, whose interrupt it becomes:
 * the sender, and a maintenance interrupt at its end where others wait; pend: it is pending there. Lock held.
 * _untake: it goes back pending. _place: straight into a free list register, as vgic_place_now(), where it has one
 * sender alone; also true where it has none. vgic_sgis_that_wait: todo without SGIs that nobody sends any more.
 */
bool vgic_sgi_place(struct vgic_cpu *vc, uint32_t sgi);
uint64_t vgic_sgi_take(struct vgic_cpu *vc, uint32_t i, uint32_t sgi, bool pend);
void vgic_sgi_untake(struct vgic_cpu *vc, uint32_t sgi);
uint32_t vgic_sgis_that_wait(const struct vgic_cpu *vc, uint32_t todo);
#else
#define vgic_sgi_take(vc, i, sgi, pend) UINT64_C(0)
#define vgic_sgi_untake(vc, sgi) ((void)0)
#define vgic_sgi_place(vc, sgi) false
#define vgic_sgis_that_wait(vc, todo) (todo)
#endif

/*
 * What RWP says: an interrupt that is disabled, or of a disabled group, is still pending in another vCPU's list
 * register, which was told and has not looked yet. One word.
 */
static inline uint32_t write_pending(const struct vgic *g, const struct vgic_word *w)
{
	return w->in_lr & ~(w->enable & group_on(g, w)) & ~w->lr_active;
}

/* Identification registers by offset % 4096: 0xfd0 and on, the same in each frame; all else there reads 0. */
uint32_t vgic_id_read(uint64_t off);

#define VGIC_IIDR 0x46000000U /* product 'F', no JEP106 implementer */

/* reg = offset / 128: one register of each kind for 1024 interrupts. */
enum vgic_reg {
	REG_MISC = 0x000 / 128,
	REG_IGROUPR = 0x080 / 128,
	REG_ISENABLER = 0x100 / 128,
	REG_ICENABLER = 0x180 / 128,
	REG_ISPENDR = 0x200 / 128,
	REG_ICPENDR = 0x280 / 128,
	REG_ISACTIVER = 0x300 / 128,
	REG_ICACTIVER = 0x380 / 128,
	REG_IPRIORITYR = 0x400 / 128,
	REG_ITARGETSR = 0x800 / 128,
	REG_ICFGR = 0xc00 / 128,
	REG_IGRPMODR = 0xd00 / 128,
};

#define GICD_CTLR 0x0U
#define GICD_TYPER 0x4U
#define GICD_IIDR 0x8U

#endif
