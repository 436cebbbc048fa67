/* SPDX-License-Identifier: MIT */
/*
 * A virtio console with several ports (virtio 1.2, 5.3): port 0 is the domain's console, ports 1 to 8 are named
 * org.freehold.control.0 to .7 and lead to the control server (core/control).
 *
 * There are no rings in between: bytes stay in the guest's buffers until who serves the port takes them (vcon_read),
 * and go into its buffers when it has some (vcon_write). The device itself answers the control queues, at the kick.
 */
#ifndef CORE_VIRTIO_VCON_H
#define CORE_VIRTIO_VCON_H

#include "core/virtio/virtio.h"

#define VCON_PORTS 9U
#define VCON_CONSOLE 0U

struct vcon {
	struct virtio dev;            /* its lock guards all below */
	uint32_t ports;               /* offered, by bits; set once */
	uint32_t kicked;              /* ports whose buffers changed, by bits; read without the lock */
	uint32_t say[4];              /* messages owed to the guest: ports by bits, in the order that they are said */
	uint32_t session[VCON_PORTS]; /* moves on each time the guest opens or closes the port; odd: open */
};

/* ports: those that the guest gets. Reference to vgic and s2 are kept. intid: an SPI that the guest has not. */
void vcon_init(struct vcon *c, uint32_t ports, struct vgic *vgic, struct s2 *s2, uint32_t intid);

/* Each takes the device's lock. */

/* The port's session: odd while the guest has it open, another number each time. O(1). */
uint32_t vcon_session(struct vcon *c, uint32_t port);
/*
 * Takes at most max bytes that the guest sent; returns how many. quiet: the buffers are given back, but the interrupt
 * for them comes when they are as many as the queue has, or with the next call that is not. Bound: O(max + VIRTQ_MAX).
 */
uint32_t vcon_read(struct vcon *c, uint32_t port, void *buf, uint32_t max, bool quiet);
/* Whether the guest has given a buffer that vcon_write() would fill. */
bool vcon_room(struct vcon *c, uint32_t port);
/* Gives bytes to the guest, as far as its buffers reach; returns how many. Bound: O(len + VIRTQ_MAX). */
uint32_t vcon_write(struct vcon *c, uint32_t port, const void *buf, uint32_t len);

#endif
