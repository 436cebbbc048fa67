/* SPDX-License-Identifier: MIT */
/* The distributor's registers (IHI 0069H 12.9): one security state, affinity routing always on, SPIs only. */
#include "arch/arm64/vgic/vgic_internal.h"

#define GICD_CTLR 0x0U
#define GICD_TYPER 0x4U
#define GICD_IIDR 0x8U
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

/* The ranges whose registers are 128 bytes of one kind, by offset / 128. */
#define REG_PRIO_LAST 15U
#define REG_TARGETS_LAST 23U
#define REG_CFG_LAST 25U

/* GICD_CTLR.RWP: a guest that waits for it after a disable will not see that interrupt any more. */
static bool rwp(const struct vgic *g, uint32_t self)
{
	for (uint32_t w = 0; w < g->nr_words - 1U; w++) {
		for (uint32_t bits = write_pending(&g->spi[w]); bits != 0U;) {
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

/* What a change of the groups' enables is news for, as todo has it: where nothing is there is none. */
static uint32_t busy_words(struct vgic *g, uint32_t vcpu)
{
	uint32_t todo = 0;

	for (uint32_t w = 0; w < g->nr_words; w++) {
		const struct vgic_word *word = word_of(g, vcpu, w);

		todo |= (word->pend | word->line | word->active | word->in_lr) != 0U ? TODO_WORD(w) : 0U;
	}
	return todo;
}

static void write_ctlr(struct vgic *g, uint32_t val)
{
	lock_acquire(&g->lock);
	if (g->ctlr != (val & CTLR_GRPS)) {
		g->ctlr = val & CTLR_GRPS;
		g->grp_on[0] = (val & 1U) != 0U ? UINT32_MAX : 0U;
		g->grp_on[1] = (val & 2U) != 0U ? UINT32_MAX : 0U;
		for (uint32_t i = 0; i < g->nr_vcpus; i++) {
			const uint32_t todo = busy_words(g, i);

			if (todo != 0U) {
				vgic_notify(g->cpu[i], todo);
			}
		}
	}
	lock_release(&g->lock);
}

/* Routes SPI n (0: INTID 32) to an affinity; one that no vCPU has keeps it pending here. Lock held. */
static void set_route(struct vgic *g, uint32_t n, uint32_t aff)
{
	const uint32_t w = n / 32U;
	const uint32_t bit = 1U << (n % 32U);
	struct vgic_word *word = &g->spi[w];
	const uint32_t to = vcpu_of_aff(g, aff);

	g->route[n] = aff;
	for (uint32_t i = 0; i < g->nr_vcpus; i++) {
		g->cpu[i]->mine[w] = i == to ? g->cpu[i]->mine[w] | bit : g->cpu[i]->mine[w] & ~bit;
	}
	if ((word->hw & bit) != 0U && to != NO_VCPU) {
		gic_irq_route(n + GIC_FIRST_SPI, g->cpu[to]->pcpu);
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
	set_route(g, n, aff);
	lock_release(&g->lock);
	return VDEV_OK;
}

/* Which sizes an offset takes: 8 in IROUTER alone, 1 in the registers of bytes alone, else 4. */
static bool size_fits(uint64_t off, uint32_t size)
{
	switch (size) {
	case 4:
		return true;
	case 8:
		return off >= GICD_IROUTER && off < GICD_IROUTER_END;
	case 1:
		return off / 128U >= REG_IPRIORITYR && off / 128U <= REG_TARGETS_LAST;
	default:
		return false;
	}
}

/* Not inlined: the quick ways before it need no frame. */
__attribute__((noinline)) static enum vdev_result read_any(struct vgic *g, uint32_t vcpu, uint64_t off, uint32_t size,
							   uint64_t *val)
{
	const uint32_t reg = (uint32_t)(off / 128U);
	uint32_t w;

	if (off >= VGIC_DIST_SIZE || !size_fits(off, size)) {
		return VDEV_FAULT;
	}
	*val = 0U;
	if (reg == REG_MISC) {
		*val = read_misc(g, vcpu, off);
	} else if (reg <= REG_ICACTIVER) {
		w = (uint32_t)(off % 128U) / 4U;
		/* Word 0 is the redistributors'. */
		*val = w != 0U && w < g->nr_words ? vgic_word_read(g, vcpu, vcpu, reg, w) : 0U;
	} else if (reg <= REG_PRIO_LAST) {
		w = (uint32_t)(off % 1024U) / 32U;
		*val = w != 0U && w < g->nr_words ? vgic_prio_read(&g->spi[w - 1U], (uint32_t)off % 32U, size) : 0U;
	} else if (reg >= REG_ICFGR && reg <= REG_CFG_LAST) {
		w = (uint32_t)(off % 256U) / 8U;
		*val = w != 0U && w < g->nr_words ? vgic_cfg_read(&g->spi[w - 1U], (uint32_t)off / 4U % 2U) : 0U;
	} else if (off >= GICD_IROUTER && off < GICD_IROUTER_END) {
		return access_irouter(g, off, size, val, false);
	} else if (off >= GICD_ID) {
		*val = vgic_id_read(off);
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
	const uint32_t reg = (uint32_t)(off / 128U);
	const uint32_t v = (uint32_t)val;
	uint32_t w;

	if (off >= VGIC_DIST_SIZE || !size_fits(off, size)) {
		return VDEV_FAULT;
	}
	if (off == GICD_CTLR) {
		write_ctlr(g, v);
	} else if (reg != REG_MISC && reg <= REG_ICACTIVER) {
		w = (uint32_t)(off % 128U) / 4U;
		if (w != 0U && w < g->nr_words) {
			vgic_word_write(g, vcpu, reg, w, v);
		}
	} else if (reg >= REG_IPRIORITYR && reg <= REG_PRIO_LAST) {
		w = (uint32_t)(off % 1024U) / 32U;
		if (w != 0U && w < g->nr_words) {
			vgic_prio_write(g, vcpu, w, (uint32_t)off % 32U, size, v);
		}
	} else if (reg >= REG_ICFGR && reg <= REG_CFG_LAST) {
		w = (uint32_t)(off % 256U) / 8U;
		if (w != 0U && w < g->nr_words) {
			vgic_cfg_write(g, vcpu, w, (uint32_t)off / 4U % 2U, v);
		}
	} else if (off >= GICD_IROUTER && off < GICD_IROUTER_END) {
		return access_irouter(g, off, size, &val, true);
	}
	return VDEV_OK;
}

const struct vdev_ops vgic_dist_ops = { .read = dist_read, .write = dist_write };
