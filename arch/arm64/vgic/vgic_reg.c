/* SPDX-License-Identifier: MIT */
/*
 * The registers of 32 interrupts (IHI 0069H 12.9 and 12.11), which distributor and redistributors have alike. A
 * write works on the whole word; only bits that are backed by hardware are walked one by one.
 *
 * What sits in another vCPU's list register is known as of its last look. Reads answer by that and ask for a fresh
 * look; ISACTIVER counts what may have been taken since as active, until the look was taken, so that a guest that
 * waits for an interrupt's end never goes on too early.
 */
#include "arch/arm64/vgic/vgic_internal.h"

typedef void (*hw_op)(uint32_t cpu, uint32_t intid);

static void hw_each(struct vgic *g, uint32_t owner, uint32_t w, uint32_t bits, hw_op op)
{
	while (bits != 0U) {
		op(g->cpu[owner]->pcpu, w * 32U + take_bit(&bits));
	}
}

static void hw_pend(uint32_t cpu, uint32_t intid)
{
	gic_irq_set_pending(cpu, intid, true);
}

static void hw_unpend(uint32_t cpu, uint32_t intid)
{
	gic_irq_set_pending(cpu, intid, false);
}

static void hw_activate(uint32_t cpu, uint32_t intid)
{
	gic_irq_set_active(cpu, intid, true);
}

static void hw_deactivate(uint32_t cpu, uint32_t intid)
{
	gic_irq_set_active(cpu, intid, false);
}

/* Makes the word tell the truth: own list registers are folded, others are asked to look. Lock held. */
static void look(struct vgic *g, uint32_t self, uint32_t owner, uint32_t w, struct vgic_word *word)
{
	uint32_t others = word->in_lr;

	if (others == 0U) {
		return;
	}
	vgic_fold(g->cpu[self]);
	others = word->in_lr;
	word->asked = others;
	vgic_poke_holders(g, owner, w, others);
}

uint32_t vgic_lines(struct vgic *g, uint32_t owner, uint32_t w)
{
	struct vgic_word *word = word_of(g, owner, w);
	const uint32_t lines = gic_irqs_pending(g->cpu[owner]->pcpu, w) & word->hw;
	const uint32_t busy = word->edge | word->active | word->in_lr | word->soft;
	const uint32_t fell = word->pend & word->hw & ~(busy | lines);

	word->pend &= ~fell;
	hw_each(g, owner, w, fell, hw_deactivate);
	return lines;
}

static uint32_t read_pend(struct vgic *g, uint32_t self, uint32_t owner, uint32_t w)
{
	struct vgic_word *word = word_of(g, owner, w);
	uint32_t v;

	lock_acquire(&g->lock);
	look(g, self, owner, w, word);
	v = word->hw != 0U ? vgic_lines(g, owner, w) : 0U;
	v |= word->pend | (word->line & ~word->edge) | (word->in_lr & (~word->lr_active | word->lr_both));
	if (w == 0U) {
		v |= __atomic_load_n(&g->cpu[owner]->todo, __ATOMIC_RELAXED) & TODO_SGIS;
	}
	lock_release(&g->lock);
	return v;
}

static uint32_t read_active(struct vgic *g, uint32_t self, uint32_t owner, uint32_t w)
{
	struct vgic_word *word = word_of(g, owner, w);
	uint32_t maybe;
	uint32_t v;

	lock_acquire(&g->lock);
	look(g, self, owner, w, word);
	maybe = word->in_lr & ~word->fresh;
	word->fresh = 0U;
	v = word->active | (word->in_lr & word->lr_active) | maybe;
	lock_release(&g->lock);
	return v;
}

static uint32_t word_read(struct vgic *g, uint32_t self, uint32_t owner, uint32_t reg, uint32_t w)
{
	switch (reg) {
	case REG_IGROUPR:
		return word_of(g, owner, w)->group;
	case REG_ISENABLER:
	case REG_ICENABLER:
		return word_of(g, owner, w)->enable;
	case REG_ISPENDR:
	case REG_ICPENDR:
		return read_pend(g, self, owner, w);
	case REG_ISACTIVER:
	case REG_ICACTIVER:
		return read_active(g, self, owner, w);
	default:
		return 0U;
	}
}

static void set_group(struct vgic *g, uint32_t owner, uint32_t w, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);
	const uint32_t changed = word->group ^ val;

	word->group = val;
	vgic_poke_holders(g, owner, w, changed & word->in_lr);
	vgic_poke(g, owner, w, changed & ready_of(g, word));
}

static void set_enable(struct vgic *g, uint32_t owner, uint32_t w, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);
	const uint32_t changed = val & ~word->enable;

	word->enable |= val;
	if (w != 0U || g->cpu[owner]->loaded != 0U) {
		hw_each(g, owner, w, changed & word->hw, gic_irq_enable);
	}
	vgic_poke(g, owner, w, changed & ready_of(g, word));
}

static void clear_enable(struct vgic *g, uint32_t owner, uint32_t w, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);
	const uint32_t changed = val & word->enable;

	word->enable &= ~val;
	hw_each(g, owner, w, changed & word->hw, gic_irq_disable);
	vgic_poke_holders(g, owner, w, changed & word->in_lr);
}

static void set_pend(struct vgic *g, uint32_t owner, uint32_t w, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);

	word->soft |= val & word->hw;
	word->came &= ~val;
	hw_each(g, owner, w, val & word->hw, hw_pend);
	val &= ~word->hw;
	word->pend |= val;
	vgic_poke(g, owner, w, val & ready_of(g, word));
	vgic_poke_holders(g, owner, w, val & word->in_lr);
}

static void clear_pend(struct vgic *g, uint32_t owner, uint32_t w, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);

	/*
	 * Taken here and not yet seen by the guest, the physical one is ended (its line, if still high, pends anew);
	 * of what is in a list register its holder does so.
	 */
	hw_each(g, owner, w, val & word->hw, hw_unpend);
	hw_each(g, owner, w, val & word->hw & word->pend & ~word->active, hw_deactivate);
	word->pend &= ~val;
	word->soft &= ~val;
	if (w == 0U) {
		__atomic_fetch_and(&g->cpu[owner]->todo, ~(val & TODO_SGIS), __ATOMIC_RELAXED);
	}
	word->drop_pend |= val & word->in_lr;
	vgic_poke_holders(g, owner, w, val & word->in_lr);
}

static void set_active(struct vgic *g, uint32_t owner, uint32_t w, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);
	uint32_t fresh = val & ~word->active & ~word->in_lr;

	hw_each(g, owner, w, fresh & word->hw, hw_activate);
	word->active |= val;
	/* It is where its next one would go. */
	for (uint32_t i = 0; w != 0U && fresh != 0U; i++) {
		uint32_t here = i == g->nr_vcpus ? fresh : fresh & g->cpu[i]->mine[w - 1U];

		fresh &= ~here;
		while (here != 0U) {
			g->holder[(w - 1U) * 32U + take_bit(&here)] = (uint8_t)(i == g->nr_vcpus ? owner : i);
		}
	}
	vgic_poke_holders(g, owner, w, val);
}

static void clear_active(struct vgic *g, uint32_t owner, uint32_t w, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);

	hw_each(g, owner, w, val & word->hw & word->active & ~word->in_lr, hw_deactivate);
	word->active &= ~val;
	word->drop_active |= val & word->in_lr;
	vgic_poke_holders(g, owner, w, val & word->in_lr);
	vgic_poke(g, owner, w, val & ready_of(g, word));
}

static void word_write(struct vgic *g, uint32_t owner, uint32_t reg, uint32_t w, uint32_t val)
{
	static void (*const ops[])(struct vgic * g, uint32_t owner, uint32_t w, uint32_t val) = {
		[REG_IGROUPR] = set_group,      [REG_ISENABLER] = set_enable, [REG_ICENABLER] = clear_enable,
		[REG_ISPENDR] = set_pend,       [REG_ICPENDR] = clear_pend,   [REG_ISACTIVER] = set_active,
		[REG_ICACTIVER] = clear_active,
	};

	if (reg >= ARRAY_SIZE(ops) || ops[reg] == NULL) {
		return;
	}
	/* Guests enable what is enabled, and disable what is not, more often than not. */
	if ((reg == REG_ISENABLER && (val & ~word_of(g, owner, w)->enable) == 0U) ||
	    (reg == REG_ICENABLER && (val & word_of(g, owner, w)->enable) == 0U)) {
		return;
	}
	lock_acquire(&g->lock);
	ops[reg](g, owner, w, val);
	lock_release(&g->lock);
}

static uint32_t prio_read(const struct vgic_word *w, uint32_t first, uint32_t n)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < n; i++) {
		v |= (uint32_t)w->prio[first + i] << (8U * i);
	}
	return v;
}

static void prio_write(struct vgic *g, uint32_t owner, uint32_t w, uint32_t first, uint32_t n, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);

	lock_acquire(&g->lock);
	for (uint32_t i = 0; i < n; i++) {
		word->prio[first + i] = (uint8_t)(val >> (8U * i) & vgic_hw.prio_mask);
	}
	vgic_poke_holders(g, owner, w, word->in_lr & (((1U << n) - 1U) << first));
	vgic_poke(g, owner, w, ready_of(g, word) & (((1U << n) - 1U) << first));
	lock_release(&g->lock);
}

/* ICFGR: bit 2i + 1 says that interrupt i is edge-triggered; bit 2i is reserved. */
static uint32_t cfg_read(const struct vgic_word *w, uint32_t half)
{
	uint32_t v = w->edge >> (16U * half) & 0xffffU;

	v = (v | v << 8) & 0x00ff00ffU;
	v = (v | v << 4) & 0x0f0f0f0fU;
	v = (v | v << 2) & 0x33333333U;
	v = (v | v << 1) & 0x55555555U;
	return v << 1;
}

static void cfg_write(struct vgic *g, uint32_t owner, uint32_t w, uint32_t half, uint32_t val)
{
	struct vgic_word *word = word_of(g, owner, w);
	/* SGIs are edges for good; the trigger of what is backed by hardware is the board's. */
	const uint32_t fixed = word->hw | (w == 0U ? SGI_MASK : 0U) | (half == 0U ? 0xffff0000U : 0xffffU);
	uint32_t v = val >> 1 & 0x55555555U;

	v = (v | v >> 1) & 0x33333333U;
	v = (v | v >> 2) & 0x0f0f0f0fU;
	v = (v | v >> 4) & 0x00ff00ffU;
	v = (v | v >> 8) & 0x0000ffffU;
	lock_acquire(&g->lock);
	word->edge = (word->edge & fixed) | (v << (16U * half) & ~fixed);
	vgic_poke_holders(g, owner, w, word->in_lr & ~fixed);
	vgic_poke(g, owner, w, ready_of(g, word) & ~fixed);
	lock_release(&g->lock);
}

/* The last of each kind, by offset / 128. */
#define REG_PRIO_LAST 15U
#define REG_TARGETS_LAST 23U
#define REG_CFG_LAST 25U

bool vgic_size_fits(uint64_t off, uint32_t size)
{
	return size == 4U || (size == 1U && off / 128U >= REG_IPRIORITYR && off / 128U <= REG_TARGETS_LAST);
}

/* The word that a register belongs to, by how many bits an interrupt has in it: 1, 8 or 2. */
static inline uint32_t word_at(uint64_t off, uint32_t reg)
{
	if (reg <= REG_ICACTIVER) {
		return (uint32_t)off % 128U / 4U;
	}
	return reg <= REG_PRIO_LAST ? (uint32_t)off % 1024U / 32U : (uint32_t)off % 256U / 8U;
}

uint32_t vgic_regs_read(const struct vgic_frame *f, uint64_t off, uint32_t size)
{
	const uint32_t reg = (uint32_t)(off / 128U);
	const uint32_t w = word_at(off, reg);

	if (w < f->first || w >= f->end) {
		return 0U;
	}
	if (reg <= REG_ICACTIVER) {
		return word_read(f->g, f->self, f->owner, reg, w);
	}
	if (reg <= REG_PRIO_LAST) {
		return prio_read(word_of(f->g, f->owner, w), (uint32_t)off % 32U, size);
	}
	return reg >= REG_ICFGR && reg <= REG_CFG_LAST ? cfg_read(word_of(f->g, f->owner, w), (uint32_t)off / 4U % 2U) :
							 0U;
}

void vgic_regs_write(const struct vgic_frame *f, uint64_t off, uint32_t size, uint32_t val)
{
	const uint32_t reg = (uint32_t)(off / 128U);
	const uint32_t w = word_at(off, reg);

	if (w < f->first || w >= f->end) {
		return;
	}
	if (reg <= REG_ICACTIVER) {
		word_write(f->g, f->owner, reg, w, val);
	} else if (reg <= REG_PRIO_LAST) {
		prio_write(f->g, f->owner, w, (uint32_t)off % 32U, size, val);
	} else if (reg >= REG_ICFGR && reg <= REG_CFG_LAST) {
		cfg_write(f->g, f->owner, w, (uint32_t)off / 4U % 2U, val);
	}
}

uint32_t vgic_id_read(uint64_t off)
{
	switch (off % 4096U) {
	case 0xfe0: /* PIDR0 and 1: part number 0x492 or 0x490, as Arm's have it */
		return gic_v2() ? 0x90U : 0x92U;
	case 0xfe4:
		return 0xb4U;
	case 0xfe8: /* PIDR2: ArchRev */
		return gic_v2() ? 0x2bU : 0x3bU;
	case 0xff0: /* CIDR0 to 3: a component of class 15 */
		return 0x0dU;
	case 0xff4:
		return 0xf0U;
	case 0xff8:
		return 0x05U;
	case 0xffc:
		return 0xb1U;
	default:
		return 0U;
	}
}
