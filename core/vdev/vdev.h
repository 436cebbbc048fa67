/* SPDX-License-Identifier: MIT */
/*
 * Emulated devices as the trap floor sees them: a range of IPAs and const ops. Devices export their ops; core/domain
 * assembles a domain's table; look-up is by binary search.
 */
#ifndef CORE_VDEV_VDEV_H
#define CORE_VDEV_VDEV_H

#include "core/base/types.h"

/* What an emulated access asks of its caller, besides the value. */
enum vdev_result {
	VDEV_OK,
	VDEV_FAULT, /* an external abort in the guest: no such register, size or alignment */
};

/*
 * vcpu: index in its domain of the vCPU that accesses. off: bytes from the device's base, naturally aligned to size.
 * size: 1, 2, 4 or 8 bytes. A value read is zero-extended by the device; the caller sign-extends where asked.
 * The ops take what locks they need; none is held by the caller.
 */
struct vdev_ops {
	enum vdev_result (*read)(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val);
	enum vdev_result (*write)(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val);
};

struct vdev {
	ipaddr_t base;
	uint64_t size; /* bytes */
	const struct vdev_ops *ops;
	void *dev;
};

#define VDEV_MAX 8U

/* Sorted by base, disjoint. */
struct vdev_table {
	uint32_t nr;
	struct vdev devs[VDEV_MAX];
};

/* Puts a device in its place; false: full, or it overlaps another. */
bool vdev_add(struct vdev_table *t, const struct vdev *d);
/* The device that holds [addr, addr + size), or NULL. O(log VDEV_MAX). */
const struct vdev *vdev_find(const struct vdev_table *t, ipaddr_t addr, uint32_t size);

#endif
