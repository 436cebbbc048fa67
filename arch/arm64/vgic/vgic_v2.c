/* SPDX-License-Identifier: MIT */
/*
 * What a virtual GICv2 has of its own (IHI 0048B 4.3): word 0 in the distributor, each vCPU its own; targets as bits;
 * SGIs that pend by sender; GICC_DIR, which is trapped always, since the hardware could not tell which interrupt ended
 * where more are active than list registers hold.
 *
 * An SPI with several targets goes to the one that looks first, and stays in its list register until it took it.
 */
#include "arch/arm64/vgic/vgic_internal.h"

#define GICD_ITARGETSR 0x800U
#define GICD_ITARGETSR_END 0xc00U
#define GICD_SGIR 0xf00U
#define GICD_CPENDSGIR 0xf10U
#define GICD_SPENDSGIR 0xf20U
#define GICD_SPENDSGIR_END 0xf30U
#define GICD_ID 0xfd0U

/* GICD_SGIR (IHI 0048B 4.3.15). */
#define SGIR_INTID GENMASK(3, 0)
#define SGIR_LIST GENMASK(23, 16)
#define SGIR_FILTER GENMASK(25, 24)
#define FILTER_LIST 0U
#define FILTER_OTHERS 1U
#define FILTER_SELF 2U

static uint32_t all_vcpus(const struct vgic *g)
{
	return (1U << g->nr_vcpus) - 1U;
}

static uint32_t senders(const struct vgic_cpu *vc, uint32_t sgi)
{
	return __atomic_load_n(&vc->sgi_from[sgi], __ATOMIC_RELAXED);
}

/* The senders first: who finds the SGI in todo looks for them. */
static void send(struct vgic_cpu *vc, uint32_t sgi, uint32_t from)
{
	__atomic_fetch_or(&vc->sgi_from[sgi], (uint8_t)from, __ATOMIC_SEQ_CST);
	vgic_notify(vc, 1U << sgi);
}

uint64_t vgic_sgi_take(struct vgic_cpu *vc, uint32_t i, uint32_t sgi, bool pend)
{
	uint32_t others = senders(vc, sgi);

	if (pend) {
		vc->sgi_now[sgi] = (uint8_t)__builtin_ctz(others);
		others = __atomic_and_fetch(&vc->sgi_from[sgi], (uint8_t) ~(1U << vc->sgi_now[sgi]), __ATOMIC_SEQ_CST);
	}
	if (others == 0U) {
		return FIELD_PREP(ICH_LR_SOURCE, vc->sgi_now[sgi]);
	}
	vc->priv.pend |= 1U << sgi;
	vc->lr_eoi |= 1U << i;
	return FIELD_PREP(ICH_LR_SOURCE, vc->sgi_now[sgi]) | ICH_LR_EOI;
}

bool vgic_sgi_place(struct vgic_cpu *vc, uint32_t sgi)
{
	const uint32_t from = senders(vc, sgi);
	const uint32_t sender = (uint32_t)__builtin_ctz(from | 0x100U);

	if (from == 0U) {
		return true;
	}
	/* The list register that it has from its last time says that sender. */
	if ((from & (from - 1U)) != 0U || ((vc->priv.in_lr >> sgi & 1U) != 0U && sender != vc->sgi_now[sgi]) ||
	    !vgic_place_now(vc, sgi, FIELD_PREP(ICH_LR_SOURCE, sender))) {
		return false;
	}
	vc->sgi_now[sgi] = (uint8_t)sender;
	__atomic_fetch_and(&vc->sgi_from[sgi], (uint8_t)~from, __ATOMIC_SEQ_CST);
	return true;
}

void vgic_sgi_untake(struct vgic_cpu *vc, uint32_t sgi)
{
	__atomic_fetch_or(&vc->sgi_from[sgi], (uint8_t)(1U << vc->sgi_now[sgi]), __ATOMIC_SEQ_CST);
}

uint32_t vgic_sgis_that_wait(const struct vgic_cpu *vc, uint32_t todo)
{
	for (uint32_t bits = todo & TODO_SGIS; bits != 0U;) {
		const uint32_t sgi = take_bit(&bits);

		todo &= senders(vc, sgi) != 0U ? UINT32_MAX : ~(1U << sgi);
	}
	return todo;
}

static void write_sgir(struct vgic *g, uint32_t self, uint32_t val)
{
	const uint32_t sgi = (uint32_t)FIELD_GET(SGIR_INTID, val);
	uint32_t to = 0;

	switch (FIELD_GET(SGIR_FILTER, val)) {
	case FILTER_LIST:
		to = (uint32_t)FIELD_GET(SGIR_LIST, val) & all_vcpus(g);
		break;
	case FILTER_OTHERS:
		to = all_vcpus(g) & ~(1U << self);
		break;
	case FILTER_SELF:
		to = 1U << self;
		break;
	default:
		break;
	}
	while (to != 0U) {
		send(g->cpu[take_bit(&to)], sgi, 1U << self);
	}
}

/* n bytes of senders from an SGI on; what is in list registers counts. */
static uint32_t read_senders(struct vgic_cpu *vc, uint32_t sgi, uint32_t n)
{
	uint32_t v = 0;

	lock_acquire(&vc->vgic->lock);
	vgic_fold(vc);
	for (uint32_t i = 0; i < n; i++) {
		v |= senders(vc, sgi + i) << (8U * i);
	}
	lock_release(&vc->vgic->lock);
	return v;
}

static void clear_senders(struct vgic_cpu *vc, uint32_t sgi, uint32_t n, uint32_t val)
{
	lock_acquire(&vc->vgic->lock);
	vgic_fold(vc);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t bit = 1U << (sgi + i);
		uint32_t left;

		/* todo first: one that is sent between the two comes again. */
		__atomic_fetch_and(&vc->todo, ~bit, __ATOMIC_SEQ_CST);
		left = __atomic_and_fetch(&vc->sgi_from[sgi + i], (uint8_t) ~(val >> (8U * i)), __ATOMIC_SEQ_CST);
		vc->priv.pend = left != 0U ? vc->priv.pend | bit : vc->priv.pend & ~bit;
	}
	vgic_poke(vc->vgic, vc->index, 0U, ready_of(vc->vgic, &vc->priv));
	lock_release(&vc->vgic->lock);
}

/* GICD_CPENDSGIR, GICD_SPENDSGIR: a byte an SGI. */
static void write_senders(struct vgic *g, uint32_t self, uint64_t off, uint32_t n, uint32_t val)
{
	const uint32_t sgi = (uint32_t)off % 16U;

	if (off < GICD_SPENDSGIR) {
		clear_senders(g->cpu[self], sgi, n, val);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t from = val >> (8U * i) & all_vcpus(g);

		if (from != 0U) {
			send(g->cpu[self], sgi + i, from);
		}
	}
}

/* One's own interrupts target oneself; with one CPU there are no targets. */
static uint32_t read_targets(const struct vgic *g, uint32_t self, uint32_t intid, uint32_t n)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < n && g->nr_vcpus > 1U && intid + i < g->nr_words * 32U; i++) {
		v |= (intid < GIC_FIRST_SPI ? 1U << self : g->route[intid + i - GIC_FIRST_SPI]) << (8U * i);
	}
	return v;
}

static void write_targets(struct vgic *g, uint32_t intid, uint32_t n, uint32_t val)
{
	if (intid < GIC_FIRST_SPI || intid >= g->nr_words * 32U || g->nr_vcpus == 1U) {
		return;
	}
	lock_acquire(&g->lock);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t spi = intid + i - GIC_FIRST_SPI;

		g->route[spi] = val >> (8U * i) & all_vcpus(g);
		vgic_route(g, spi, g->route[spi]);
	}
	lock_release(&g->lock);
}

static bool is_targets(uint64_t off)
{
	return off >= GICD_ITARGETSR && off < GICD_ITARGETSR_END;
}

static bool is_senders(uint64_t off)
{
	return off >= GICD_CPENDSGIR && off < GICD_SPENDSGIR_END;
}

static bool fits(uint64_t off, uint32_t size)
{
	return off < VGIC_V2_DIST_SIZE && (vgic_size_fits(off, size) || (size == 1U && is_senders(off)));
}

static enum vdev_result dist_read(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val)
{
	struct vgic *g = dev;
	const struct vgic_frame f = { g, vcpu, vcpu, 0U, g->nr_words };

	if (!fits(off, size)) {
		return VDEV_FAULT;
	}
	if (off == GICD_CTLR) {
		*val = g->ctlr;
	} else if (off == GICD_TYPER) {
		*val = (g->nr_words - 1U) | (g->nr_vcpus - 1U) << 5;
	} else if (off == GICD_IIDR) {
		*val = VGIC_IIDR;
	} else if (is_targets(off)) {
		*val = read_targets(g, vcpu, (uint32_t)off - GICD_ITARGETSR, size);
	} else if (is_senders(off)) {
		*val = read_senders(g->cpu[vcpu], (uint32_t)off % 16U, size);
	} else {
		*val = off >= GICD_ID ? vgic_id_read(off) : vgic_regs_read(&f, off, size);
	}
	return VDEV_OK;
}

/* SGIs are enabled for good, and become pending by their senders alone: bits of word 0 that can't be written. */
static uint32_t fixed_bits(uint64_t off)
{
	const uint64_t reg = off / 128U;

	return off % 128U < 4U && reg >= REG_ISENABLER && reg <= REG_ICPENDR ? SGI_MASK : 0U;
}

static enum vdev_result dist_write(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val)
{
	struct vgic *g = dev;
	const struct vgic_frame f = { g, vcpu, vcpu, 0U, g->nr_words };

	if (!fits(off, size)) {
		return VDEV_FAULT;
	}
	if (off == GICD_CTLR) {
		vgic_ctlr_write(g, (uint32_t)val);
	} else if (is_targets(off)) {
		write_targets(g, (uint32_t)off - GICD_ITARGETSR, size, (uint32_t)val);
	} else if (off == GICD_SGIR) {
		write_sgir(g, vcpu, (uint32_t)val);
	} else if (is_senders(off)) {
		write_senders(g, vcpu, off, size, (uint32_t)val);
	} else {
		vgic_regs_write(&f, off, size, (uint32_t)val & ~fixed_bits(off));
	}
	return VDEV_OK;
}

const struct vdev_ops vgic_v2_dist_ops = { .read = dist_read, .write = dist_write };

static enum vdev_result dir_read(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val)
{
	(void)dev;
	(void)vcpu;
	(void)off;
	*val = 0U;
	return size == 4U ? VDEV_OK : VDEV_FAULT;
}

/* Where ends are not split there is nothing left to do. */
static enum vdev_result dir_write(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val)
{
	struct vgic *g = dev;

	if (size != 4U) {
		return VDEV_FAULT;
	}
	if (off == 0U && (ich_vmcr_read() & ICH_VMCR_EOIMODE) != 0U) {
		vgic_dir(g->cpu[vcpu], val & 0x3ffU);
	}
	return VDEV_OK;
}

const struct vdev_ops vgic_v2_dir_ops = { .read = dir_read, .write = dir_write };
