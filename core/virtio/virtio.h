/* SPDX-License-Identifier: MIT */
/*
 * A virtio device behind registers (virtio 1.2, 4.2.2: MMIO, version 2), with split virtqueues.
 *
 * What its driver does wrong is DEVICE_NEEDS_RESET: nothing moves until the driver resets the device. The interrupt is
 * a level: InterruptStatus is not 0. Used buffers interrupt, one for many where the guest asked for that (vcon_read());
 * the driver's wish for none is a hint (2.7.7).
 */
#ifndef CORE_VIRTIO_VIRTIO_H
#define CORE_VIRTIO_VIRTIO_H

#include "arch/arm64/vgic/vgic.h"
#include "core/sync/lock.h"
#include "core/vdev/vdev.h"
#include "core/virtio/virtq.h"

#define VIRTIO_MMIO_SIZE UINT64_C(0x1000) /* bytes of IPA */
#define VIRTIO_MAX_QUEUES 20U

struct virtio;

/* What differs by device type; const. Queues 0, 2, 4, ... go to the guest, the others come from it. */
struct virtio_kind {
	uint32_t id; /* 5 */
	uint32_t nr_queues;
	uint64_t features; /* offered */
	const void *config;
	uint32_t config_size;                       /* bytes, a multiple of 4 */
	void (*reset)(struct virtio *v);            /* the driver has gone; lock held */
	void (*kick)(struct virtio *v, uint32_t i); /* queue i may have new buffers; no lock held */
};

struct virtio {
	struct lock lock; /* RANK_VIRTIO; guards all below but what is set once */
	const struct virtio_kind *kind;
	struct vgic *vgic;
	struct s2 *s2;
	uint32_t intid; /* an SPI */
	uint32_t status;
	uint32_t isr;
	uint32_t features_sel;
	uint32_t driver_sel;
	uint32_t queue_sel;
	uint64_t accepted; /* features */
	struct virtq queues[VIRTIO_MAX_QUEUES];
};

extern const struct vdev_ops virtio_ops; /* dev is a struct virtio */

void virtio_init(struct virtio *v, const struct virtio_kind *kind, struct vgic *vgic, struct s2 *s2, uint32_t intid);
/* Of the domain: after this nothing reaches the guest's memory until a driver sets the queues up again. */
void virtio_reset(struct virtio *v);

/* For the kind; lock held. Queue i, if buffers may be moved through it now; else NULL. */
struct virtq *virtio_queue(struct virtio *v, uint32_t i);
/* After work on a queue: FH_OK interrupts where it gave buffers back, an error asks for the device's reset. */
void virtio_done(struct virtio *v, struct virtq *q, fh_status status);

#endif
