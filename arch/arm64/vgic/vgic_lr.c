/* SPDX-License-Identifier: MIT */
/*
 * List registers: what the guest is about to see, and what became of it.
 *
 * The quick ways touch only what belongs to this CPU: an arriving SGI or hardware PPI goes straight into a free list
 * register (vgic_place_now), and one that ended gives its bit back (vgic_retire). Everything else is the slow way,
 * under the lock: all list registers are folded back into the words, and filled anew (vgic_fill.c).
 *
 *	word:  pend ----+                          +-- pend, if it came from the latch
 *	       line ----+--> ready --> [LR] fold --+-- active
 *	       active --+
 */
#include "arch/arm64/vgic/vgic_internal.h"

/* Into a list register that no interrupt has. */
static bool place_new(struct vgic_cpu *vc, uint32_t intid, uint64_t hw_bits)
{
	struct vgic_word *p = &vc->priv;
	const uint32_t bit = 1U << intid;
	const uint32_t usable = p->enable & group_on(vc->vgic, p) & ~(p->active | p->pend);
	uint32_t i;

	if ((vgic_hw.lr_mask & ~vc->lr_used) == 0U) {
		/* One that was written since the exit must not look empty. */
		isb();
		vgic_retire(vc);
	}
	if ((usable & bit) == 0U || (vgic_hw.lr_mask & ~vc->lr_used) == 0U) {
		return false;
	}
	i = (uint32_t)__builtin_ctz(vgic_hw.lr_mask & ~vc->lr_used);
	vc->lr_used |= 1U << i;
	vc->lr_intid[i] = (uint16_t)intid;
	vc->lr_of[intid] = (uint8_t)i;
	vc->lr_val[i] = intid | FIELD_PREP(ICH_LR_PRIO, p->prio[intid]) | ICH_LR_PEND | hw_bits |
			((p->group & bit) != 0U ? ICH_LR_GROUP1 : 0U);
	p->in_lr |= bit;
	vc->injected++;
	ich_lr_write(i, vc->lr_val[i]);
	return true;
}

/* vgic_rearm(), of either version. */
static bool rearm(struct vgic_cpu *vc, uint32_t intid)
{
	const uint32_t i = vc->lr_of[intid];

	if (!gic_v2()) {
		return vgic_rearm(vc, intid);
	}
	if (vc->lr_val[i] == 0U || (ich_elrsr_read() >> i & 1U) == 0U) {
		return false;
	}
	vc->injected++;
	ich_lr_write(i, vc->lr_val[i]);
	return true;
}

bool vgic_place_now(struct vgic_cpu *vc, uint32_t intid, uint64_t hw_bits)
{
	if ((vc->priv.in_lr & (1U << intid)) != 0U) {
		return rearm(vc, intid);
	}
	return vc->overflow == 0U && place_new(vc, intid, hw_bits);
}

/* The physical interrupt behind a dropped one is ended here: the guest will not do it. */
static void drop_hw(struct vgic_cpu *vc, const struct vgic_word *w, uint32_t intid)
{
	if ((w->hw & BIT(intid % 32U)) != 0U) {
		gic_irq_set_active(vc->pcpu, intid, false);
	}
}

/*
 * Takes list register i back. If it is routed to another vCPU by now, and free to go, that one is told; an active one
 * is not, or two that hold each other's would tell each other for ever. Lock held.
 */
static void fold_one(struct vgic_cpu *vc, uint32_t i)
{
	const uint32_t intid = vc->lr_intid[i];
	const uint32_t bit = 1U << (intid % 32U);
	struct vgic_word *w = word_of(vc->vgic, vc->index, intid / 32U);
	const uint64_t lr = ich_lr_read(i);
	bool dropped = false;

	if ((lr & ICH_LR_PEND) != 0U && (vc->lr_line & BIT(i)) == 0U) {
		dropped = (w->drop_pend & bit) != 0U;
		w->again |= intid >= GIC_FIRST_SPI ? w->pend & ~w->hw & bit : 0U;
		w->pend |= dropped ? 0U : bit;
		if (gic_v2() && intid < 16U) {
			vgic_sgi_untake(vc, intid);
		}
	}
	if ((lr & ICH_LR_PEND) == 0U) {
		soft_ends(w, bit);
		w->again &= ~bit;
	}
	if ((lr & ICH_LR_ACTIVE) != 0U) {
		const bool drop = (w->drop_active & bit) != 0U;

		w->active |= drop ? 0U : bit;
		dropped |= drop;
	}
	if (dropped) {
		drop_hw(vc, w, intid);
	}
	w->in_lr &= ~bit;
	w->lr_active &= ~bit;
	w->lr_both &= ~bit;
	w->drop_pend &= ~bit;
	w->drop_active &= ~bit;
	ich_lr_write(i, 0U);
	if (intid >= GIC_FIRST_SPI && (vc->mine[intid / 32U - 1U] & bit) == 0U) {
		vgic_poke(vc->vgic, vc->index, intid / 32U, ready_of(vc->vgic, w) & ~w->active & bit);
	}
}

uint32_t vgic_fold_all(struct vgic_cpu *vc)
{
	uint32_t used = vc->lr_used;
	uint32_t words = 0;

	while (used != 0U) {
		const uint32_t i = take_bit(&used);

		fold_one(vc, i);
		words |= 1U << (vc->lr_intid[i] / 32U);
	}
	vc->lr_used = 0U;
	vc->lr_owed = 0U;
	vc->lr_line = 0U;
	vc->lr_eoi = 0U;
	vc->lr_again = 0U;
	return words;
}

void vgic_fold(struct vgic_cpu *vc)
{
	const uint32_t words = vgic_fold_all(vc);

	if (words != 0U) {
		vgic_notify(vc, words << 16);
	}
}

/* An SPI or a level ended. Lock held. */
static void retire_owed(struct vgic_cpu *vc, uint32_t i)
{
	const uint32_t intid = vc->lr_intid[i];
	const uint32_t bit = 1U << (intid % 32U);
	struct vgic_word *w = word_of(vc->vgic, vc->index, intid / 32U);

	if ((vc->lr_eoi & (1U << i)) != 0U) {
		ich_lr_write(i, 0U);
	}
	w->in_lr &= ~bit;
	w->lr_active &= ~bit;
	w->lr_both &= ~bit;
	w->drop_pend &= ~bit;
	w->drop_active &= ~bit;
	w->again &= ~bit;
	soft_ends(w, bit);
	if ((ready_of(vc->vgic, w) & bit) != 0U) {
		vgic_poke(vc->vgic, vc->index, intid / 32U, bit);
	}
}

static void retire_all_owed(struct vgic_cpu *vc, uint32_t owed)
{
	lock_acquire(&vc->vgic->lock);
	while (owed != 0U) {
		retire_owed(vc, take_bit(&owed));
	}
	lock_release(&vc->vgic->lock);
}

/* Ends an active interrupt that no list register holds. Lock held. */
static void end_active(struct vgic_cpu *vc, uint32_t intid)
{
	struct vgic_word *w = word_of(vc->vgic, vc->index, intid / 32U);
	const uint32_t bit = 1U << (intid % 32U);

	w->active &= ~bit;
	drop_hw(vc, w, intid);
	vgic_poke(vc->vgic, vc->index, intid / 32U, ready_of(vc->vgic, w) & bit);
}

/* The hardware counted ends of evicted ones: nested as they are, the most urgent ended first. */
static void take_evicted_ends(struct vgic_cpu *vc)
{
	const uint32_t count = (uint32_t)FIELD_GET(ICH_HCR_EOICOUNT, ich_hcr_read());
	struct vgic_picks p = { .next = PICKS_ALL };

	if (count == 0U) {
		return;
	}
	lock_acquire(&vc->vgic->lock);
	for (uint32_t w = 0; w < vc->vgic->nr_words; w++) {
		vgic_pick(vc, w, vgic_active_here(vc, w), &p);
	}
	for (uint32_t i = 0; i < MIN(count, p.nr); i++) {
		end_active(vc, p.key[i] & 0xffffU);
	}
	lock_release(&vc->vgic->lock);
	ich_hcr_write(vc->hcr);
	vgic_notify(vc, TODO_ALL_WORDS);
}

void vgic_dir(struct vgic_cpu *vc, uint64_t value)
{
	const uint32_t intid = (uint32_t)value & 0xffffffU;
	struct vgic *g = vc->vgic;

	if (intid >= g->nr_words * 32U) {
		return;
	}
	lock_acquire(&g->lock);
	vgic_fold(vc);
	if ((vgic_active_here(vc, intid / 32U) & (1U << (intid % 32U))) != 0U) {
		end_active(vc, intid);
	}
	lock_release(&g->lock);
}

/*
 * What came again and again, and still waits in its list register, is pending once. Who sends it without end does not
 * make this CPU look each time: what comes later waits for the interrupt's end, or for any exit before it is taken.
 */
static void merge_again(struct vgic_cpu *vc)
{
	lock_acquire(&vc->vgic->lock);
	for (uint32_t bits = vc->lr_again & ~vc->lr_line; bits != 0U;) {
		const uint32_t i = take_bit(&bits);
		struct vgic_word *w = word_of(vc->vgic, vc->index, vc->lr_intid[i] / 32U);

		if ((ich_lr_read(i) & (ICH_LR_PEND | ICH_LR_ACTIVE)) == ICH_LR_PEND) {
			w->pend &= ~(uint32_t)BIT(vc->lr_intid[i] % 32U);
		}
	}
	lock_release(&vc->vgic->lock);
}

void vgic_retire(struct vgic_cpu *vc)
{
	uint32_t done = (uint32_t)ich_elrsr_read() & vc->lr_used;
	uint32_t simple;

	if (vc->lr_again != 0U) {
		merge_again(vc);
	}
	if (vc->evicted) {
		take_evicted_ends(vc);
	}
	if (vc->lr_eoi != 0U) {
		/* One that ends with a maintenance interrupt does not count as empty until it is overwritten. */
		done |= (uint32_t)ich_eisr_read() & vc->lr_eoi;
	}
	if ((vc->hcr & ICH_HCR_NPIE) != 0U && (ich_misr_read() & ICH_MISR_NP) != 0U) {
		/* The last pending one was taken: a waiting one gets a place, if need be that of an active one. */
		vgic_notify(vc, vc->overflow << 16);
	}
	if (done == 0U) {
		return;
	}
	simple = done & ~vc->lr_owed;
	if (simple != done) {
		retire_all_owed(vc, done & vc->lr_owed);
	}
	while (simple != 0U) {
		const uint32_t bit = 1U << vc->lr_intid[take_bit(&simple)];

		vc->priv.in_lr &= ~bit;
		vc->priv.lr_active &= ~bit;
		vc->priv.lr_both &= ~bit;
		soft_ends(&vc->priv, bit);
	}
	vc->lr_used &= ~done;
	vc->watch = vc->lr_owed & ~done;
	vc->lr_owed &= ~done;
	vc->lr_line &= ~done;
	vc->lr_eoi &= ~done;
	vc->lr_again &= ~done;
	if (vc->overflow != 0U) {
		vc->watch |= vc->overflow;
		__atomic_fetch_or(&vc->todo, vc->overflow << 16, __ATOMIC_RELAXED);
	}
}

bool vgic_cpu_pending(const struct vgic_cpu *vc)
{
	uint32_t used = vc->lr_used;
	bool pending = __atomic_load_n(&vc->todo, __ATOMIC_RELAXED) != 0U;

	while (used != 0U && !pending) {
		pending = (ich_lr_read(take_bit(&used)) & ICH_LR_PEND) != 0U;
	}
	return pending;
}
