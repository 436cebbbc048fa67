/* SPDX-License-Identifier: MIT */
/*
 * A guest's RAM, through two of this CPU's windows, which stay where they are as long as what is accessed lies there. The
 * stage-2 lock is held from guest_open() to guest_close(), so that the pages stay the guest's meanwhile.
 */
#ifndef CORE_VIRTIO_GUEST_MEM_H
#define CORE_VIRTIO_GUEST_MEM_H

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2.h"

struct guest_view {
	struct s2 *s;
	struct guest_part {
		uint64_t at; /* IPA of what is shown */
		uint64_t size;
		char *va;
	} part[WINDOWS];
};

void guest_open(struct guest_view *g, struct s2 *s);
void guest_close(struct guest_view *g);
/*
 * Copies len bytes from the guest's [at, at + len) into buf, or to there, through WINDOW_RINGS or WINDOW_DATA.
 * FH_ENOENT: not all of it is committed RAM, the part before that has been copied. Bound: O(len + leaves).
 */
fh_status guest_read(struct guest_view *g, enum window_use use, uint64_t at, void *buf, uint64_t len) FH_MUST_CHECK;
fh_status guest_write(struct guest_view *g, enum window_use use, uint64_t at, const void *buf,
		      uint64_t len) FH_MUST_CHECK;

#endif
