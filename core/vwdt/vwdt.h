/* SPDX-License-Identifier: MIT */
/*
 * A domain's watchdog: the generic watchdog of Arm's base system architecture (BSA, DEN0094C, appendix A; revision 1,
 * whose offset has 48 bits), as `arm,sbsa-gwdt` drivers use it.
 *
 *	enabled, refreshed ---- offset ----> WS0: the guest's interrupt ---- offset ----> WS1: what on-watchdog says
 *
 * It counts the guest's virtual counter, so it stands where the domain's time stands. Nothing ticks: what passing time
 * has changed is worked out at each access, and by vwdt_poll(), for which a CPU of the domain is woken by its EL2
 * timer. A write to the offset, to the control register or to the refresh frame refreshes it.
 */
#ifndef CORE_VWDT_VWDT_H
#define CORE_VWDT_VWDT_H

#include "arch/arm64/vgic/vgic.h"
#include "core/sync/lock.h"
#include "core/vdev/vdev.h"

#define VWDT_FRAME UINT64_C(0x1000)
#define VWDT_SIZE (2U * VWDT_FRAME) /* bytes of IPA: the control frame, then the refresh frame */

struct vwdt {
	struct lock lock; /* RANK_VUART; guards all below */
	struct vgic *vgic;
	uint32_t intid; /* WS0, an SPI */
	bool enabled;
	bool ws0;
	bool ws1;
	bool ran_out;     /* and nobody was told */
	uint64_t offset;  /* ticks */
	uint64_t compare; /* virtual counter */
};

extern const struct vdev_ops vwdt_ops; /* dev is a struct vwdt */

/* One in its reset state: off. References are kept. */
void vwdt_init(struct vwdt *w, struct vgic *vgic, uint32_t intid);
void vwdt_reset(struct vwdt *w);
/*
 * What has happened by `now`, the domain's virtual counter; *ran_out: WS1 was reached since this was last told. Returns
 * the counter at which to call it again; UINT64_MAX: not before it was written to. Takes the lock. O(1).
 */
uint64_t vwdt_poll(struct vwdt *w, uint64_t now, bool *ran_out);

#endif
