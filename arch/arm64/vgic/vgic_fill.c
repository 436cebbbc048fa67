/* SPDX-License-Identifier: MIT */
/*
 * Filling list registers: the best of all that is active or ready, in the order
 *
 *	active first (the guest must be able to end them), then by priority, then by number.
 *
 * What does not fit is remembered by word in `overflow`, and looked at again when a list register became free; a
 * maintenance interrupt sees to it that this happens. Where the active ones alone would fill all, one list register
 * is kept for a pending one, and the least urgent active are evicted: their ends are counted by the hardware
 * (EOIcount, the most urgent ends first) or trapped (ICC_DIR_EL1).
 */
#include "arch/arm64/vgic/vgic_internal.h"

static void write_hcr(struct vgic_cpu *vc, uint64_t hcr)
{
	if (hcr != vc->hcr) {
		vc->hcr = hcr;
		ich_hcr_write(hcr);
	}
}

/* Into its place; the last one goes where they are too many. */
static void pick_insert(struct vgic_picks *p, uint32_t max, uint32_t key)
{
	uint32_t i;

	if (p->nr == max) {
		p->nr--;
		p->next = MIN(p->next, p->key[p->nr]);
	}
	for (i = p->nr; i != 0U && p->key[i - 1U] > key; i--) {
		p->key[i] = p->key[i - 1U];
	}
	p->key[i] = key;
	p->nr++;
}

/* Active SPIs of a word that this vCPU took: they end where they began, wherever they are routed by now. */
static uint32_t held_here(const struct vgic_cpu *vc, uint32_t w, uint32_t active)
{
	uint32_t here = 0;

	while (active != 0U) {
		const uint32_t n = take_bit(&active);

		if (vc->vgic->holder[(w - 1U) * 32U + n] == vc->index) {
			here |= 1U << n;
		}
	}
	return here;
}

uint32_t vgic_active_here(const struct vgic_cpu *vc, uint32_t w)
{
	const struct vgic_word *word = word_of(vc->vgic, vc->index, w);
	const uint32_t active = word->active & ~word->in_lr;

	return w == 0U ? active : held_here(vc, w, active);
}

static uint32_t ready_here(const struct vgic_cpu *vc, uint32_t w)
{
	const struct vgic_word *word = word_of(vc->vgic, vc->index, w);
	const uint32_t ready = ready_of(vc->vgic, word) & ~word->in_lr & ~word->active;

	return w == 0U ? ready : ready & vc->mine[w - 1U];
}

void vgic_pick(const struct vgic_cpu *vc, uint32_t w, uint32_t bits, struct vgic_picks *p)
{
	const uint8_t *prio = word_of(vc->vgic, vc->index, w)->prio;
	const uint32_t max = vgic_hw.nr_lrs;

	while (bits != 0U) {
		const uint32_t n = take_bit(&bits);
		const uint32_t key = (uint32_t)prio[n] << 16 | (w * 32U + n);

		/* With many pending, most are less urgent than what is there. */
		if (p->nr == max && key > p->key[max - 1U]) {
			p->next = MIN(p->next, key);
		} else {
			pick_insert(p, max, key);
		}
	}
}

/* The least urgent go; `keep` stay. */
static void pick_cut(struct vgic_picks *p, uint32_t keep)
{
	if (p->nr > keep) {
		p->next = MIN(p->next, p->key[keep]);
		p->nr = keep;
	}
}

/*
 * Whether its pending state may go with it. Not if it is active and its next one is another vCPU's, or must wait for
 * one that is more urgent and did not fit, or for the end of this: hardware has no active and pending state, and a
 * GICv2's SGI may come from another sender.
 */
static bool may_pend(const struct vgic_cpu *vc, const struct vgic_word *w, uint32_t key, uint32_t next)
{
	const uint32_t intid = key & 0xffffU;
	const uint32_t bit = 1U << (intid % 32U);

	if ((ready_of(vc->vgic, w) & bit) == 0U || key > next) {
		return false;
	}
	if ((w->active & (w->hw | (intid < 16U ? vgic_sgis_by_source() : 0U)) & bit) != 0U) {
		return false;
	}
	return intid < GIC_FIRST_SPI || (vc->mine[intid / 32U - 1U] & bit) != 0U;
}

/* The value of a list register, and what must be remembered of it. Moves pend and active out of the word. */
static uint64_t load_lr(struct vgic_cpu *vc, uint32_t i, struct vgic_word *w, uint32_t key, uint32_t next)
{
	const uint32_t intid = key & 0xffffU;
	const uint32_t bit = 1U << (intid % 32U);
	const bool level = (w->line & ~w->edge & bit) != 0U;
	const bool active = (w->active & bit) != 0U;
	const bool hw = (w->hw & bit) != 0U;
	const bool pend = may_pend(vc, w, key, next);
	uint64_t lr = intid | FIELD_PREP(ICH_LR_PRIO, w->prio[intid % 32U]);

	lr |= (w->group & bit) != 0U ? ICH_LR_GROUP1 : 0U;
	lr |= pend ? ICH_LR_PEND : 0U;
	lr |= active ? ICH_LR_ACTIVE : 0U;
	if (hw) {
		lr |= ICH_LR_HW | FIELD_PREP(ICH_LR_PINTID, intid);
	} else if (level || (w->again & bit) != 0U || (!pend && (w->pend & bit) != 0U)) {
		/* What pends beside an active one goes on when that ends, perhaps to another vCPU: the end is told. */
		lr |= ICH_LR_EOI;
		vc->lr_eoi |= 1U << i;
	}
	if (pend && (w->pend & bit) == 0U) {
		vc->lr_line |= 1U << i;
	}
	if (pend) {
		w->pend &= ~bit;
	}
	w->active &= ~bit;
	w->lr_active |= active ? bit : 0U;
	w->lr_both |= active && pend ? bit : 0U;
	vc->lr_again |= (w->again & bit) != 0U ? 1U << i : 0U;
	if (gic_v2() && intid < 16U) {
		lr |= vgic_sgi_take(vc, i, intid, pend);
	}
	return lr;
}

/* Fills list register i with the interrupt. Lock held. */
static void place(struct vgic_cpu *vc, uint32_t i, uint32_t key, uint32_t next)
{
	const uint32_t intid = key & 0xffffU;
	const uint32_t bit = 1U << (intid % 32U);
	struct vgic_word *w = word_of(vc->vgic, vc->index, intid / 32U);
	const uint64_t lr = load_lr(vc, i, w, key, next);

	vc->lr_used |= 1U << i;
	vc->lr_intid[i] = (uint16_t)intid;
	if (intid >= GIC_FIRST_SPI) {
		vc->vgic->holder[intid - GIC_FIRST_SPI] = (uint8_t)vc->index;
		vc->lr_owed |= 1U << i;
	}
	vc->lr_owed |= vc->lr_eoi & (1U << i);
	vc->lr_of[intid % 32U] = intid < GIC_FIRST_SPI ? (uint8_t)i : vc->lr_of[intid % 32U];
	vc->lr_val[i] = (vc->lr_owed & (1U << i)) != 0U || vc->overflow != 0U || (lr & ICH_LR_ACTIVE) != 0U ? 0U : lr;
	w->in_lr |= bit;
	w->fresh |= w->asked & bit;
	w->asked &= ~bit;
	if ((w->pend & bit) != 0U) {
		vc->overflow |= 1U << (intid / 32U);
	}
	vc->injected += (lr & ICH_LR_PEND) != 0U ? 1U : 0U;
	ich_lr_write(i, lr);
}

static bool nothing_in(const struct vgic_word *w)
{
	return (w->pend | w->line | w->active) == 0U;
}

/* Picks from those words and fills the list registers, all of which are empty. Lock held. */
static void fill(struct vgic_cpu *vc, uint32_t words)
{
	struct vgic_picks act = { .next = PICKS_ALL };
	struct vgic_picks pend = { .next = PICKS_ALL };
	uint64_t hcr = ICH_HCR_EN;

	for (uint32_t bits = words; bits != 0U;) {
		const uint32_t w = take_bit(&bits);

		if (nothing_in(word_of(vc->vgic, vc->index, w))) {
			continue;
		}
		vgic_pick(vc, w, vgic_active_here(vc, w), &act);
		vgic_pick(vc, w, ready_here(vc, w), &pend);
	}
	pick_cut(&act, vgic_hw.nr_lrs - (pend.nr != 0U ? 1U : 0U));
	pick_cut(&pend, vgic_hw.nr_lrs - act.nr);
	vc->evicted = act.next != PICKS_ALL;
	vc->overflow = vc->evicted || pend.next != PICKS_ALL ? words : 0U;
	for (uint32_t i = 0; i < act.nr; i++) {
		place(vc, i, act.key[i], pend.next);
	}
	for (uint32_t i = 0; i < pend.nr; i++) {
		place(vc, act.nr + i, pend.key[i], PICKS_ALL);
	}
	/* A GICv2's GICV_DIR is never the guest's own. */
	hcr |= vc->evicted ? ICH_HCR_LRENPIE | (gic_v2() ? 0U : ICH_HCR_TDIR) : 0U;
	if (pend.next != PICKS_ALL) {
		/* One is pending, else NPIE would interrupt without end; UIE would with a single list register. */
		hcr |= ICH_HCR_NPIE | (vgic_hw.nr_lrs > 1U ? ICH_HCR_UIE : 0U);
	}
	write_hcr(vc, hcr);
	vc->watch = vc->lr_owed | vc->overflow;
}

void vgic_refill(struct vgic_cpu *vc)
{
	uint32_t todo = __atomic_exchange_n(&vc->todo, 0U, __ATOMIC_SEQ_CST);
	uint32_t words;

	if (todo <= TODO_SGIS) {
		uint32_t sgis = todo;

		while (sgis != 0U) {
			const uint32_t sgi = take_bit(&sgis);
			const bool placed = gic_v2() ? vgic_sgi_place(vc, sgi) : vgic_place_now(vc, sgi, 0U);

			todo &= placed ? ~(1U << sgi) : UINT32_MAX;
		}
	}
	if (todo == 0U) {
		return;
	}
	todo = gic_v2() ? vgic_sgis_that_wait(vc, todo) : todo;
	lock_acquire(&vc->vgic->lock);
	vc->priv.pend |= todo & TODO_SGIS;
	words = todo >> 16 | vc->overflow | ((todo & TODO_SGIS) != 0U ? 1U : 0U);
	words |= vgic_fold_all(vc);
	vc->priv.drop_pend = 0U;
	vc->priv.drop_active = 0U;
	fill(vc, words & ((1U << vc->vgic->nr_words) - 1U));
	lock_release(&vc->vgic->lock);
}
