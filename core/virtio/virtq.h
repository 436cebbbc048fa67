/* SPDX-License-Identifier: MIT */
/*
 * A split virtqueue (virtio 1.2, 2.7) in the memory of an adversary.
 *
 *	driver's, we read:  descriptor table [addr len flags next] * num     available ring: flags idx [head] * num
 *	ours, we write:     used ring: flags idx [id len] * num
 *
 * Each index and descriptor is read once, into struct virtq, and checked there. An index that jumps by more than the
 * queue has, a head or next beyond it, a chain of more descriptors than there are (a loop), a descriptor of the wrong
 * direction or indirect, an address that is not the guest's RAM: FH_EFORMAT, and the device asks for its reset.
 *
 * Bytes are moved as of a stream: a chain may be consumed in parts, so no call is longer than its caller wants.
 * The device's lock guards all.
 */
#ifndef CORE_VIRTIO_VIRTQ_H
#define CORE_VIRTIO_VIRTQ_H

#include "core/virtio/guest_mem.h"

#define VIRTQ_MAX 16U /* descriptors of a queue, a power of two */

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq {
	uint64_t desc; /* IPAs, as the driver set them */
	uint64_t avail;
	uint64_t used;
	uint32_t num;
	bool ready;
	bool to_guest; /* the device writes into its buffers */
	/* The chain at work. */
	bool open;
	uint16_t head;
	uint16_t seen; /* descriptors of it */
	uint16_t next_avail;
	uint16_t avail_idx; /* the driver's, as it was read last */
	uint16_t used_idx;
	uint16_t told_idx; /* used_idx at its last interrupt */
	uint32_t off;      /* bytes done of cur */
	uint32_t written;  /* bytes put into the chain */
	struct virtq_desc cur;
};

/* Whether what the driver set can be a queue: sizes and alignments (2.7). */
bool virtq_sound(const struct virtq *q);
/* How many chains wait beyond the one at work. FH_EFORMAT. */
fh_status virtq_waiting(struct virtq *q, struct guest_view *g, uint32_t *nr) FH_MUST_CHECK;
/*
 * Moves at most max bytes between buf and the queue's chains, in the queue's direction, *moved of them; fewer when no
 * more chains wait, or after 2 * VIRTQ_MAX descriptors. FH_EFORMAT, with what was moved until then not counted.
 */
fh_status virtq_move(struct virtq *q, struct guest_view *g, void *buf, uint32_t max, uint32_t *moved) FH_MUST_CHECK;
/* Ends the chain at work, if there is one, and gives it back. FH_EFORMAT. */
fh_status virtq_end(struct virtq *q, struct guest_view *g) FH_MUST_CHECK;
/* Gives all chains that wait back unread. FH_EFORMAT. Bound: VIRTQ_MAX chains. */
fh_status virtq_discard(struct virtq *q, struct guest_view *g) FH_MUST_CHECK;

#endif
