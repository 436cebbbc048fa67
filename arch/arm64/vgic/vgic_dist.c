/* SPDX-License-Identifier: MIT */
/* The distributor's registers (IHI 0069H 12.9): one security state, affinity routing always on, SPIs only. */
#include "arch/arm64/vgic/vgic_internal.h"

#define GICD_ISENABLER1 0x104U
#define GICD_IROUTER 0x6000U
#define GICD_IROUTER_END 0x8000U
#define GICD_ID 0xffd0U

#define CTLR_GRPS 0x3U
#define CTLR_FIXED ((uint32_t)(BIT(4) | BIT(6))) /* ARE, DS */
#define CTLR_RWP ((uint32_t)BIT(31))
#define TYPER_A3V BIT(24)
#define TYPER_NO1N BIT(25)
#define TYPER_IDBITS (UINT64_C(9) << 19) /* 10 bits of INTID: no LPIs */

/*
 * GICD_CTLR.RWP: a guest that waits for it after a disable, of an SPI or of a group, will not see that interrupt any
 * more, on any vCPU.
 */
static bool rwp(const struct vgic *g, uint32_t self)
{
	for (uint32_t i = 0; i < g->nr_vcpus; i++) {
		if (i != self && write_pending(g, &g->cpu[i]->priv) != 0U) {
			return true;
		}
	}
	for (uint32_t w = 0; w < g->nr_words - 1U; w++) {
		for (uint32_t bits = write_pending(g, &g->spi[w]); bits != 0U;) {
			if (g->holder[w * 32U + take_bit(&bits)] != self) {
				return true;
			}
		}
	}
	return false;
}

static inline uint32_t typer(const struct vgic *g)
{
	return (uint32_t)(TYPER_NO1N | TYPER_A3V | TYPER_IDBITS | (g->nr_words - 1U));
}

static uint32_t read_misc(const struct vgic *g, uint32_t vcpu, uint64_t off)
{
	switch (off) {
	case GICD_CTLR:
		return g->ctlr | CTLR_FIXED | (rwp(g, vcpu) ? CTLR_RWP : 0U);
	case GICD_TYPER:
		return typer(g);
	case GICD_IIDR:
		return VGIC_IIDR;
	default:
		return 0U;
	}
}

/* Whether a change of the groups' enables is news for it: where nothing is there is none. */
static bool is_busy(const struct vgic_word *word)
{
	return (word->pend | word->line | word->active | word->in_lr) != 0U;
}

void vgic_ctlr_write(struct vgic *g, uint32_t val)
{
	uint32_t spis = 0;

	lock_acquire(&g->lock);
	if (g->ctlr != (val & CTLR_GRPS)) {
		g->ctlr = val & CTLR_GRPS;
		g->grp_on[0] = (val & 1U) != 0U ? UINT32_MAX : 0U;
		g->grp_on[1] = (val & 2U) != 0U ? UINT32_MAX : 0U;
		for (uint32_t w = 1; w < g->nr_words; w++) {
			spis |= is_busy(&g->spi[w - 1U]) ? TODO_WORD(w) : 0U;
		}
		for (uint32_t i = 0; i < g->nr_vcpus; i++) {
			const uint32_t todo = spis | (is_busy(&g->cpu[i]->priv) ? TODO_WORD(0U) : 0U);

			if (todo != 0U) {
				vgic_notify(g->cpu[i], todo);
			}
		}
	}
	lock_release(&g->lock);
}

void vgic_route(struct vgic *g, uint32_t n, uint64_t to)
{
	const uint32_t w = n / 32U;
	const uint32_t bit = 1U << (n % 32U);
	struct vgic_word *word = &g->spi[w];

	for (uint32_t i = 0; i < g->nr_vcpus; i++) {
		g->cpu[i]->mine[w] = (to >> i & 1U) != 0U ? g->cpu[i]->mine[w] | bit : g->cpu[i]->mine[w] & ~bit;
	}
	if ((word->hw & bit) != 0U && to != 0U) {
		gic_irq_route(n + GIC_FIRST_SPI, g->cpu[ctz64(to)]->pcpu);
	}
	/* Not yet taken by the old one, it comes back and goes to the new one. */
	vgic_poke_holders(g, 0U, w + 1U, word->in_lr & bit);
	vgic_poke(g, 0U, w + 1U, ready_of(g, word) & bit);
}

/* IROUTER<intid>: Aff3 in bits 39 to 32; bit 31 (1-of-N) reads 0. The INTID is in range. */
static enum vdev_result access_irouter(struct vgic *g, uint64_t off, uint32_t size, uint64_t *val, bool write)
{
	const uint32_t intid = (uint32_t)(off - GICD_IROUTER) / 8U;
	const uint32_t n = intid - GIC_FIRST_SPI;
	const bool high = size == 4U && (off & 4U) != 0U;
	uint32_t aff;
	uint64_t to;

	if (intid < GIC_FIRST_SPI || intid >= g->nr_words * 32U) {
		*val = write ? *val : 0U;
		return VDEV_OK;
	}
	aff = g->route[n];
	if (!write) {
		*val = high ? aff >> 24 : (aff & 0xffffffU) | (size == 8U ? (uint64_t)(aff >> 24) << 32 : 0U);
		return VDEV_OK;
	}
	lock_acquire(&g->lock);
	aff = g->route[n];
	if (!high) {
		aff = (aff & 0xff000000U) | (uint32_t)(*val & 0xffffffU);
	}
	if (high || size == 8U) {
		aff = (aff & 0xffffffU) | (uint32_t)((high ? *val : *val >> 32) & 0xffU) << 24;
	}
	g->route[n] = aff;
	to = vgic_vcpu_of(aff);
	vgic_route(g, n, to < g->nr_vcpus ? BIT(to) : 0U);
	lock_release(&g->lock);
	return VDEV_OK;
}

static bool is_irouter(uint64_t off)
{
	return off >= GICD_IROUTER && off < GICD_IROUTER_END;
}

/* Word 0 is the redistributors'. */
static struct vgic_frame frame_of(struct vgic *g, uint32_t vcpu)
{
	return (struct vgic_frame){ g, vcpu, vcpu, 1U, g->nr_words };
}

/* Not inlined: the quick ways before it need no frame. */
__attribute__((noinline)) static enum vdev_result read_any(struct vgic *g, uint32_t vcpu, uint64_t off, uint32_t size,
							   uint64_t *val)
{
	const struct vgic_frame f = frame_of(g, vcpu);

	if (off >= VGIC_DIST_SIZE || !(vgic_size_fits(off, size) || (size == 8U && is_irouter(off)))) {
		return VDEV_FAULT;
	}
	if (off / 128U == REG_MISC) {
		*val = read_misc(g, vcpu, off);
	} else if (is_irouter(off)) {
		return access_irouter(g, off, size, val, false);
	} else {
		*val = off >= GICD_ID ? vgic_id_read(off) : vgic_regs_read(&f, off, size);
	}
	return VDEV_OK;
}

static enum vdev_result dist_read(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val)
{
	struct vgic *g = dev;
	const uint64_t word = (off - GICD_ISENABLER1) / 4U;

	/* What costs nothing but the way here comes first. */
	if (size == 4U) {
		if (off == GICD_TYPER) {
			*val = typer(g);
			return VDEV_OK;
		}
		if (word < g->nr_words - 1U) {
			*val = g->spi[word].enable;
			return VDEV_OK;
		}
	}
	return read_any(g, vcpu, off, size, val);
}

static enum vdev_result dist_write(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val)
{
	struct vgic *g = dev;
	const struct vgic_frame f = frame_of(g, vcpu);

	if (off >= VGIC_DIST_SIZE || !(vgic_size_fits(off, size) || (size == 8U && is_irouter(off)))) {
		return VDEV_FAULT;
	}
	if (off == GICD_CTLR) {
		vgic_ctlr_write(g, (uint32_t)val);
	} else if (is_irouter(off)) {
		return access_irouter(g, off, size, &val, true);
	} else {
		vgic_regs_write(&f, off, size, (uint32_t)val);
	}
	return VDEV_OK;
}

const struct vdev_ops vgic_dist_ops = { .read = dist_read, .write = dist_write };
