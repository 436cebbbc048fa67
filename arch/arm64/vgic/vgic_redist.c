/* SPDX-License-Identifier: MIT */
/* The redistributors' registers (IHI 0069H 12.10 and 12.11): RD frame and SGI frame of 64 KiB each, no LPIs. */
#include "arch/arm64/vgic/vgic_internal.h"

#define GICR_FRAME UINT64_C(0x10000)
#define GICR_CTLR 0x0U
#define GICR_IIDR 0x4U
#define GICR_TYPER 0x8U
#define GICR_WAKER 0x14U
#define GICR_ID 0xffd0U

#define CTLR_RWP BIT(3)
#define TYPER_AFF GENMASK(63, 32)
#define TYPER_NUMBER GENMASK(23, 8)
#define TYPER_LAST BIT(4)
#define WAKER_SLEEP 0x2U
#define WAKER_ASLEEP 0x4U

static uint64_t typer_of(const struct vgic *g, uint32_t owner)
{
	return FIELD_PREP(TYPER_AFF, vgic_affinity(owner)) | FIELD_PREP(TYPER_NUMBER, owner) |
	       (owner + 1U == g->nr_vcpus ? TYPER_LAST : 0U);
}

/* Registers of 64 bits in the RD frame: TYPER, and those of LPIs, which are reserved here. */
static bool is_wide(uint64_t off)
{
	switch (off) {
	case GICR_TYPER:
	case 0x40: /* SETLPIR */
	case 0x48: /* CLRLPIR */
	case 0x70: /* PROPBASER */
	case 0x78: /* PENDBASER */
	case 0xa0: /* INVLPIR */
	case 0xb0: /* INVALLR */
		return true;
	default:
		return false;
	}
}

static enum vdev_result rd_read(const struct vgic *g, uint32_t vcpu, uint32_t owner, uint64_t off, uint32_t size,
				uint64_t *val)
{
	const struct vgic_cpu *vc = g->cpu[owner];

	if (size != 4U && !(size == 8U && is_wide(off))) {
		return VDEV_FAULT;
	}
	switch (off) {
	case GICR_CTLR:
		*val = owner != vcpu && write_pending(g, &vc->priv) != 0U ? CTLR_RWP : 0U;
		break;
	case GICR_IIDR:
		*val = VGIC_IIDR;
		break;
	case GICR_TYPER:
		*val = size == 8U ? typer_of(g, owner) : typer_of(g, owner) & UINT32_MAX;
		break;
	case GICR_TYPER + 4U:
		*val = typer_of(g, owner) >> 32;
		break;
	case GICR_WAKER:
		/* Asleep follows at once, and holds nothing back. */
		*val = vc->waker != 0U ? WAKER_SLEEP | WAKER_ASLEEP : 0U;
		break;
	default:
		*val = off >= GICR_ID ? vgic_id_read(off) : 0U;
		break;
	}
	return VDEV_OK;
}

/* The SGI frame shows the private word alone. */
static struct vgic_frame frame_of(struct vgic *g, uint32_t vcpu, uint32_t owner)
{
	return (struct vgic_frame){ g, vcpu, owner, 0U, 1U };
}

static enum vdev_result sgi_read(struct vgic *g, uint32_t vcpu, uint32_t owner, uint64_t off, uint32_t size,
				 uint64_t *val)
{
	const struct vgic_frame f = frame_of(g, vcpu, owner);

	if (!vgic_size_fits(off, size)) {
		return VDEV_FAULT;
	}
	*val = off >= GICR_ID ? vgic_id_read(off) : vgic_regs_read(&f, off, size);
	return VDEV_OK;
}

/* Not inlined: the quick way before it needs no frame. */
__attribute__((noinline)) static enum vdev_result read_any(struct vgic *g, uint32_t vcpu, uint64_t off, uint32_t size,
							   uint64_t *val)
{
	const uint64_t owner = off / VGIC_REDIST_STRIDE;
	const uint64_t in_frame = off % GICR_FRAME;

	if (owner >= g->nr_vcpus) {
		return VDEV_FAULT;
	}
	if ((off & GICR_FRAME) != 0U) {
		return sgi_read(g, vcpu, (uint32_t)owner, in_frame, size, val);
	}
	return rd_read(g, vcpu, (uint32_t)owner, in_frame, size, val);
}

static enum vdev_result redist_read(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val)
{
	struct vgic *g = dev;
	const uint64_t owner = off / VGIC_REDIST_STRIDE;

	/* GICR_ISENABLER0 and GICR_ICENABLER0 cost nothing but the way here. */
	if ((off & (VGIC_REDIST_STRIDE - 1U) & ~UINT64_C(0x80)) == GICR_FRAME + 0x100U && size == 4U &&
	    owner < g->nr_vcpus) {
		*val = g->cpu[owner]->priv.enable;
		return VDEV_OK;
	}
	return read_any(g, vcpu, off, size, val);
}

static enum vdev_result redist_write(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val)
{
	struct vgic *g = dev;
	const uint64_t owner = off / VGIC_REDIST_STRIDE;
	const uint64_t in_frame = off % GICR_FRAME;

	if (owner >= g->nr_vcpus) {
		return VDEV_FAULT;
	}
	if ((off & GICR_FRAME) != 0U) {
		const struct vgic_frame f = frame_of(g, vcpu, (uint32_t)owner);

		if (!vgic_size_fits(in_frame, size)) {
			return VDEV_FAULT;
		}
		vgic_regs_write(&f, in_frame, size, (uint32_t)val);
		return VDEV_OK;
	}
	if (size != 4U && !(size == 8U && is_wide(in_frame))) {
		return VDEV_FAULT;
	}
	if (in_frame == GICR_WAKER) {
		g->cpu[owner]->waker = (uint32_t)val & WAKER_SLEEP;
	}
	return VDEV_OK;
}

const struct vdev_ops vgic_redist_ops = { .read = redist_read, .write = redist_write };
