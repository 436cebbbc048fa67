/* SPDX-License-Identifier: MIT */
/* The registers of a virtio device (virtio 1.2, 4.2.2) and its life: status, features, queues, interrupts. */
#include "core/virtio/virtio.h"

#include "core/base/string.h"

#define MAGIC 0x000U
#define VERSION 0x004U
#define DEVICE_ID 0x008U
#define VENDOR_ID 0x00cU
#define DEVICE_FEATURES 0x010U
#define DEVICE_FEATURES_SEL 0x014U
#define DRIVER_FEATURES 0x020U
#define DRIVER_FEATURES_SEL 0x024U
#define QUEUE_SEL 0x030U
#define QUEUE_NUM_MAX 0x034U
#define QUEUE_NUM 0x038U
#define QUEUE_READY 0x044U
#define QUEUE_NOTIFY 0x050U
#define INTERRUPT_STATUS 0x060U
#define INTERRUPT_ACK 0x064U
#define STATUS 0x070U
#define QUEUE_DESC 0x080U /* low; high behind it */
#define QUEUE_DRIVER 0x090U
#define QUEUE_DEVICE 0x0a0U
#define SHM_LEN_LOW 0x0b0U /* to SHM_BASE_HIGH: there is none */
#define SHM_BASE_HIGH 0x0bcU
#define CONFIG 0x100U

#define MAGIC_VALUE 0x74726976U  /* "virt" */
#define VENDOR_VALUE 0x6c6f4846U /* "FHol" */

#define STATUS_DRIVER_OK 0x04U
#define STATUS_FEATURES_OK 0x08U
#define STATUS_NEEDS_RESET 0x40U
#define STATUS_DRIVERS 0x8fU /* what a driver may set */

#define ISR_USED 1U
#define ISR_CONFIG 2U

static void tell_line(struct virtio *v)
{
	vgic_set_level(v->vgic, 0, v->intid, v->isr != 0U);
}

static void reset(struct virtio *v)
{
	v->status = 0;
	v->isr = 0;
	v->features_sel = 0;
	v->driver_sel = 0;
	v->queue_sel = 0;
	v->accepted = 0;
	memset(v->queues, 0, sizeof(v->queues));
	for (uint32_t i = 0; i < v->kind->nr_queues; i += 2U) {
		v->queues[i].to_guest = true;
	}
	v->kind->reset(v);
	tell_line(v);
}

void virtio_init(struct virtio *v, const struct virtio_kind *kind, struct vgic *vgic, struct s2 *s2, uint32_t intid)
{
	lock_init(&v->lock, RANK_VIRTIO);
	v->kind = kind;
	v->vgic = vgic;
	v->s2 = s2;
	v->intid = intid;
}

void virtio_reset(struct virtio *v)
{
	lock_acquire(&v->lock);
	reset(v);
	lock_release(&v->lock);
}

struct virtq *virtio_queue(struct virtio *v, uint32_t i)
{
	const bool runs = (v->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;

	return runs && i < v->kind->nr_queues && v->queues[i].ready ? &v->queues[i] : NULL;
}

void virtio_done(struct virtio *v, struct virtq *q, fh_status status)
{
	if (status != FH_OK) {
		v->status |= STATUS_NEEDS_RESET;
		v->isr |= ISR_CONFIG;
	} else if (q->used_idx != q->told_idx) {
		q->told_idx = q->used_idx;
		v->isr |= ISR_USED;
	} else {
		return;
	}
	tell_line(v);
}

/* 3.1.1, 2.1: what was not offered is not accepted; features are settled once. */
static void write_status(struct virtio *v, uint32_t val)
{
	if (val == 0U) {
		reset(v);
		return;
	}
	val = v->status | (val & STATUS_DRIVERS);
	if ((v->accepted & ~v->kind->features) != 0U || (v->accepted >> 32 & 1U) == 0U) {
		val &= ~(STATUS_FEATURES_OK | STATUS_DRIVER_OK);
	}
	v->status = val;
}

static void set_ready(struct virtio *v, struct virtq *q, uint32_t val)
{
	if (val == 1U && !q->ready && virtq_sound(q)) {
		q->ready = true;
		q->next_avail = 0;
		q->used_idx = 0;
		q->told_idx = 0;
		q->open = false;
	} else if (val == 0U) {
		q->ready = false;
	} else if (!q->ready) {
		virtio_done(v, q, FH_EFORMAT);
	} else {
		/* It is ready already. */
	}
}

/* The low or the high half of an address, while the queue is not in use. */
static void set_half(uint64_t *addr, uint32_t high, uint32_t val)
{
	*addr = high != 0U ? (*addr & UINT32_MAX) | (uint64_t)val << 32 : (*addr & ~(uint64_t)UINT32_MAX) | val;
}

static void write_queue(struct virtio *v, uint32_t reg, uint32_t val)
{
	struct virtq *q;

	if (v->queue_sel >= v->kind->nr_queues) {
		return;
	}
	q = &v->queues[v->queue_sel];
	if (reg == QUEUE_READY) {
		set_ready(v, q, val);
		return;
	}
	if (q->ready) {
		return;
	}
	switch (reg & ~4U) {
	case QUEUE_DESC:
		set_half(&q->desc, reg & 4U, val);
		break;
	case QUEUE_DRIVER:
		set_half(&q->avail, reg & 4U, val);
		break;
	case QUEUE_DEVICE:
		set_half(&q->used, reg & 4U, val);
		break;
	default:
		q->num = reg == QUEUE_NUM ? val : q->num;
		break;
	}
}

static uint32_t read_reg(const struct virtio *v, uint32_t reg)
{
	const bool there = v->queue_sel < v->kind->nr_queues;

	switch (reg) {
	case MAGIC:
		return MAGIC_VALUE;
	case VERSION:
		return 2;
	case DEVICE_ID:
		return v->kind->id;
	case VENDOR_ID:
		return VENDOR_VALUE;
	case DEVICE_FEATURES:
		return v->features_sel < 2U ? (uint32_t)(v->kind->features >> (32U * v->features_sel)) : 0U;
	case QUEUE_NUM_MAX:
		return there ? VIRTQ_MAX : 0U;
	case QUEUE_READY:
		return there && v->queues[v->queue_sel].ready ? 1U : 0U;
	case INTERRUPT_STATUS:
		return v->isr;
	case STATUS:
		return v->status;
	default:
		return reg >= SHM_LEN_LOW && reg <= SHM_BASE_HIGH ? UINT32_MAX : 0U;
	}
}

static void write_reg(struct virtio *v, uint32_t reg, uint32_t val)
{
	switch (reg) {
	case DEVICE_FEATURES_SEL:
		v->features_sel = val;
		break;
	case DRIVER_FEATURES_SEL:
		v->driver_sel = val;
		break;
	case DRIVER_FEATURES:
		if (v->driver_sel < 2U && (v->status & STATUS_FEATURES_OK) == 0U) {
			set_half(&v->accepted, v->driver_sel, val);
		}
		break;
	case QUEUE_SEL:
		v->queue_sel = val;
		break;
	case INTERRUPT_ACK:
		v->isr &= ~val;
		tell_line(v);
		break;
	case STATUS:
		write_status(v, val);
		break;
	default:
		write_queue(v, reg, val);
		break;
	}
}

static enum vdev_result mmio_read(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val)
{
	struct virtio *v = dev;

	(void)vcpu;
	*val = 0;
	if (off >= CONFIG) {
		if (off - CONFIG + size <= v->kind->config_size) {
			memcpy(val, (const char *)v->kind->config + (off - CONFIG), size);
		}
		return VDEV_OK;
	}
	if (size != 4U) {
		return VDEV_FAULT;
	}
	lock_acquire(&v->lock);
	*val = read_reg(v, (uint32_t)off);
	lock_release(&v->lock);
	return VDEV_OK;
}

/* Nothing of the configuration can be written. */
static enum vdev_result mmio_write(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val)
{
	struct virtio *v = dev;

	(void)vcpu;
	if (off >= CONFIG) {
		return VDEV_OK;
	}
	if (size != 4U) {
		return VDEV_FAULT;
	}
	if (off == QUEUE_NOTIFY) {
		v->kind->kick(v, (uint32_t)val);
		return VDEV_OK;
	}
	lock_acquire(&v->lock);
	write_reg(v, (uint32_t)off, (uint32_t)val);
	lock_release(&v->lock);
	return VDEV_OK;
}

const struct vdev_ops virtio_ops = { .read = mmio_read, .write = mmio_write };
