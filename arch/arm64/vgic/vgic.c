/* SPDX-License-Identifier: MIT */
/* The virtual GIC of a domain: life, and what arrives from devices, from hardware and from other vCPUs. */
#include "arch/arm64/vgic/vgic_internal.h"
#include "core/base/string.h"

#define RESET_CPUS 16U /* that one step resets, 1,500 instructions each */

struct vgic_hw vgic_hw;

/* ICC_SGI1R_EL1, ICC_SGI0R_EL1 (IHI 0069H 12.2.20). */
#define SGIR_LIST GENMASK(15, 0)
#define SGIR_INTID GENMASK(27, 24)
#define SGIR_IRM BIT(40)
#define SGIR_AFF1 GENMASK(17, 16)
#define SGIR_NOT_OURS (GENMASK(55, 44) | GENMASK(39, 32) | GENMASK(23, 18)) /* Aff3, RS, Aff2, Aff1 above 3 */

void vgic_hw_init(void)
{
	const uint64_t vtr = ich_vtr_read();
	const uint32_t nr_lrs = (uint32_t)MIN(FIELD_GET(ICH_VTR_LISTREGS, vtr) + 1U, VGIC_MAX_LRS);
	const uint32_t prio_bits = (uint32_t)FIELD_GET(ICH_VTR_PRIBITS, vtr) + 1U;
	const uint64_t prebits = FIELD_GET(ICH_VTR_PREBITS, vtr) + 1U;
	const bool first = vgic_hw.nr_lrs == 0U;

	vgic_hw.nr_lrs = first ? nr_lrs : MIN(nr_lrs, vgic_hw.nr_lrs);
	vgic_hw.lr_mask = (uint32_t)(BIT(vgic_hw.nr_lrs) - 1U);
	vgic_hw.prio_mask = (first ? 0xffU : vgic_hw.prio_mask) & (0xffU << (8U - prio_bits)) & 0xffU;
	vgic_hw.prebits = first ? prebits : MIN(prebits, vgic_hw.prebits);
	for (uint32_t i = 0; i < nr_lrs; i++) {
		ich_lr_write(i, 0U);
	}
}

fh_status vgic_init(struct vgic *g, uint32_t nr_vcpus, uint32_t nr_spis)
{
	if (nr_vcpus == 0U || nr_vcpus > (gic_v2() ? VGIC_V2_MAX_VCPUS : VGIC_MAX_VCPUS) || nr_spis == 0U ||
	    nr_spis > VGIC_MAX_SPIS || nr_spis % 32U != 0U) {
		return FH_EINVAL;
	}
	memset(g, 0, sizeof(*g));
	lock_init(&g->lock, RANK_VGIC);
	g->nr_vcpus = nr_vcpus;
	g->nr_words = 1U + nr_spis / 32U;
	return FH_OK;
}

void vgic_cpu_init(struct vgic *g, struct vgic_cpu *vc, uint32_t index, uint32_t pcpu)
{
	memset(vc, 0, sizeof(*vc));
	vc->vgic = g;
	vc->index = index;
	vc->pcpu = pcpu;
	vc->priv.edge = SGI_MASK;
	vc->priv.enable = vgic_sgis_by_source(); /* a GICv2's can't be disabled */
	g->cpu[index] = vc;
	if (index == 0U && (!gic_v2() || g->nr_vcpus == 1U)) {
		/* All SPIs reset to affinity 0.0.0.0; on a GICv2 to nobody, where there is a choice. */
		memset(vc->mine, 0xff, sizeof(vc->mine));
	}
}

static void map_one(struct vgic *g, uint32_t vcpu, uint32_t intid, bool edge)
{
	struct vgic_word *word = word_of(g, vcpu, intid / 32U);
	const uint32_t bit = 1U << (intid % 32U);

	word->hw |= bit;
	word->edge = edge ? word->edge | bit : word->edge & ~bit;
	gic_irq_disable(g->cpu[vcpu]->pcpu, intid);
	gic_irq_config(g->cpu[vcpu]->pcpu, intid, edge);
}

fh_status vgic_map_ppi(struct vgic *g, uint32_t vcpu, uint32_t intid, bool edge)
{
	if (intid < 16U || intid >= 32U) {
		return FH_EINVAL;
	}
	map_one(g, vcpu, intid, edge);
	return FH_OK;
}

fh_status vgic_map_hw(struct vgic *g, uint32_t intid, bool edge)
{
	const uint32_t w = intid / 32U;

	if (intid < 16U || w >= g->nr_words || intid >= gic_nr_intids()) {
		return FH_EINVAL;
	}
	for (uint32_t i = 0; i < (w == 0U ? g->nr_vcpus : 1U); i++) {
		map_one(g, i, intid, edge);
	}
	g->hw_words |= w == 0U ? 0U : 1U << w;
	gic_irq_route(intid, g->cpu[0]->pcpu);
	return FH_OK;
}

/* Registers of 32 interrupts to their reset values. Those of hardware keep their trigger. */
static void reset_word(struct vgic_word *w, uint32_t fixed_edge, uint32_t base, uint32_t pcpu)
{
	const uint32_t hw = w->hw;
	const uint32_t edge = (w->edge & hw) | fixed_edge;

	for (uint32_t bits = hw; bits != 0U;) {
		const uint32_t intid = base + take_bit(&bits);

		gic_irq_disable(pcpu, intid);
		gic_irq_set_active(pcpu, intid, false);
		gic_irq_set_pending(pcpu, intid, false);
	}
	memset(w, 0, sizeof(*w));
	w->hw = hw;
	w->edge = edge;
}

static void reset_cpu(struct vgic_cpu *vc)
{
	struct vgic_word priv = vc->priv;
	struct vgic *g = vc->vgic;
	const uint32_t index = vc->index;
	const uint32_t pcpu = vc->pcpu;

	reset_word(&priv, SGI_MASK, 0U, pcpu);
	vgic_cpu_init(g, vc, index, pcpu);
	vc->priv.hw = priv.hw;
	vc->priv.edge = priv.edge;
}

/* SPIs, and what is the distributor's. Lock held. */
static void reset_rest(struct vgic *g)
{
	for (uint32_t w = 1; w < g->nr_words; w++) {
		reset_word(&g->spi[w - 1U], 0U, w * 32U, 0U);
		for (uint32_t bits = g->spi[w - 1U].hw; bits != 0U;) {
			gic_irq_route(w * 32U + take_bit(&bits), g->cpu[0]->pcpu);
		}
	}
	memset(g->route, 0, sizeof(g->route));
	g->ctlr = 0U;
	g->grp_on[0] = 0U;
	g->grp_on[1] = 0U;
}

bool vgic_reset_step(struct vgic *g, uint32_t *at)
{
	const uint32_t end = MIN(*at + RESET_CPUS, g->nr_vcpus);

	lock_acquire(&g->lock);
	for (; *at < end; ++*at) {
		reset_cpu(g->cpu[*at]);
	}
	if (end == g->nr_vcpus) {
		reset_rest(g);
		*at = 0;
	}
	lock_release(&g->lock);
	return end == g->nr_vcpus;
}

/*
 * The physical enables and routes of what is backed by hardware: the CPU may not have been up when they were set. What
 * a reset, on another CPU, could not end of a GICv2's is ended here.
 */
static void load_hw(struct vgic_cpu *vc)
{
	const struct vgic_word *priv = &vc->priv;

	for (uint32_t bits = priv->hw; bits != 0U;) {
		const uint32_t n = take_bit(&bits);
		const uint32_t bit = 1U << n;

		if (gic_v2() && ((priv->active | priv->pend) & bit) == 0U) {
			gic_irq_set_active(vc->pcpu, n, false);
		}
		if (gic_v2() && (priv->soft & bit) == 0U) {
			gic_irq_set_pending(vc->pcpu, n, false);
		}
		if ((priv->enable & bit) != 0U) {
			gic_irq_enable(vc->pcpu, n);
		}
	}
	for (uint32_t words = vc->vgic->hw_words; words != 0U;) {
		const uint32_t w = take_bit(&words);

		for (uint32_t bits = vc->vgic->spi[w - 1U].hw & vc->mine[w - 1U]; bits != 0U;) {
			gic_irq_route(w * 32U + take_bit(&bits), vc->pcpu);
		}
	}
}

void vgic_cpu_load(struct vgic_cpu *vc)
{
	lock_acquire(&vc->vgic->lock);
	load_hw(vc);
	/* Under the lock, for who enables a PPI; before todo is read, for who finds it not loaded and does not kick. */
	__atomic_store_n(&vc->loaded, 1U, __ATOMIC_SEQ_CST);
	lock_release(&vc->vgic->lock);
	vc->hcr = ICH_HCR_EN;
	ich_start(vgic_hw.prebits);
}

void vgic_cpu_put(struct vgic_cpu *vc)
{
	__atomic_store_n(&vc->loaded, 0U, __ATOMIC_SEQ_CST);
	lock_acquire(&vc->vgic->lock);
	vgic_fold(vc);
	vgic_notify(vc, vc->overflow << 16);
	vc->overflow = 0U;
	vc->evicted = false;
	for (uint32_t bits = vc->priv.hw & vc->priv.enable; bits != 0U;) {
		gic_irq_disable(vc->pcpu, take_bit(&bits));
	}
	/* Its timers are off by now. */
	(void)vgic_lines(vc->vgic, vc->index, 0U);
	/* A GICv2's with another target goes there. */
	for (uint32_t w = 1; w < vc->vgic->nr_words; w++) {
		vgic_poke(vc->vgic, vc->index, w, ready_of(vc->vgic, &vc->vgic->spi[w - 1U]) & vc->mine[w - 1U]);
	}
	lock_release(&vc->vgic->lock);
	vc->hcr = 0U;
	ich_hcr_write(vc->hcr);
}

void vgic_notify(struct vgic_cpu *vc, uint32_t bits)
{
	const uint32_t old = __atomic_fetch_or(&vc->todo, bits, __ATOMIC_SEQ_CST);

	/* Where something was to be done already, a kick is under way, or the CPU is on its way to look. */
	if (old == 0U && __atomic_load_n(&vc->loaded, __ATOMIC_SEQ_CST) != 0U && vc->pcpu != arch_cpu_id()) {
		gic_send_sgi(vc->pcpu, GIC_SGI_KICK);
	}
}

void vgic_poke(struct vgic *g, uint32_t vcpu, uint32_t w, uint32_t bits)
{
	if (w == 0U) {
		if (bits != 0U) {
			vgic_notify(g->cpu[vcpu], TODO_WORD(0U));
		}
		return;
	}
	for (uint32_t i = 0; i < g->nr_vcpus; i++) {
		if ((g->cpu[i]->mine[w - 1U] & bits) != 0U) {
			vgic_notify(g->cpu[i], TODO_WORD(w));
		}
	}
}

void vgic_poke_holders(struct vgic *g, uint32_t vcpu, uint32_t w, uint32_t bits)
{
	if (w == 0U) {
		if (bits != 0U) {
			vgic_notify(g->cpu[vcpu], TODO_WORD(0U));
		}
		return;
	}
	while (bits != 0U) {
		vgic_notify(g->cpu[g->holder[(w - 1U) * 32U + take_bit(&bits)]], TODO_WORD(w));
	}
}

bool vgic_inject_new(struct vgic_cpu *vc, uint32_t intid)
{
	if (intid >= 32U || (vc->priv.hw & (1U << intid)) == 0U) {
		return false;
	}
	if (vc->todo > TODO_SGIS || (vc->priv.soft >> intid & 1U) != 0U ||
	    !vgic_place_now(vc, intid, ICH_LR_HW | FIELD_PREP(ICH_LR_PINTID, intid))) {
		lock_acquire(&vc->vgic->lock);
		soft_begins(&vc->priv, 1U << intid);
		vc->priv.pend |= 1U << intid;
		lock_release(&vc->vgic->lock);
		vgic_notify(vc, TODO_WORD(0U));
	}
	return true;
}

bool vgic_inject_hw_spi(struct vgic *g, uint32_t intid)
{
	const uint32_t w = intid / 32U;
	const uint32_t bit = 1U << (intid % 32U);

	if (w == 0U || w >= g->nr_words || (g->spi[w - 1U].hw & bit) == 0U) {
		return false;
	}
	vgic_pend(g, 0U, intid);
	return true;
}

/* The word of a PPI or SPI that an emulated device may drive, or NULL. */
static struct vgic_word *device_word(struct vgic *g, uint32_t vcpu, uint32_t intid)
{
	if (intid / 32U >= g->nr_words || vcpu >= g->nr_vcpus || intid < 16U) {
		return NULL;
	}
	return word_of(g, vcpu, intid / 32U);
}

void vgic_pend(struct vgic *g, uint32_t vcpu, uint32_t intid)
{
	struct vgic_word *w = device_word(g, vcpu, intid);
	const uint32_t bit = 1U << (intid % 32U);

	if (w == NULL) {
		return;
	}
	lock_acquire(&g->lock);
	soft_begins(w, bit);
	w->pend |= bit;
	if ((ready_of(g, w) & bit) != 0U && (w->in_lr & w->again & bit) == 0U) {
		vgic_poke(g, vcpu, intid / 32U, bit);
		vgic_poke_holders(g, vcpu, intid / 32U, w->in_lr & bit);
	}
	lock_release(&g->lock);
}

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	struct vgic_word *w = device_word(g, vcpu, intid);
	const uint32_t bit = 1U << (intid % 32U);

	/* A device tells its line at each access; most change nothing. */
	if (w == NULL || ((__atomic_load_n(&w->line, __ATOMIC_RELAXED) & bit) != 0U) == level) {
		return;
	}
	lock_acquire(&g->lock);
	w->line = level ? w->line | bit : w->line & ~bit;
	/* An edge-triggered input pends by its rise. */
	w->pend |= level ? w->edge & bit : 0U;
	if (level && (ready_of(g, w) & bit) != 0U) {
		vgic_poke(g, vcpu, intid / 32U, bit);
	}
	vgic_poke_holders(g, vcpu, intid / 32U, w->in_lr & bit);
	lock_release(&g->lock);
}

void vgic_sgi(struct vgic *g, uint32_t vcpu, uint64_t value, uint32_t group)
{
	const uint32_t sgi = (uint32_t)FIELD_GET(SGIR_INTID, value);
	const uint64_t all = GENMASK(g->nr_vcpus - 1U, 0U);
	uint64_t to = all & ~BIT(vcpu);

	if ((value & SGIR_IRM) == 0U) {
		to = (value & SGIR_NOT_OURS) == 0U ?
			     FIELD_GET(SGIR_LIST, value) << (16U * FIELD_GET(SGIR_AFF1, value)) & all :
			     0U;
	}
	for (; to != 0U; to &= to - 1U) {
		struct vgic_cpu *vc = g->cpu[ctz64(to)];

		if ((vc->priv.group >> sgi & 1U) == group) {
			vgic_notify(vc, 1U << sgi);
		}
	}
}
