/* SPDX-License-Identifier: MIT */
/*
 * A guest's RAM, through two of this CPU's windows, which stay where they are as long as what is accessed lies there.
 * The stage-2 lock is held from guest_open() to guest_close(), so that the pages stay the guest's meanwhile.
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
 * Where EL2 has the guest's [at, at + *len), in WINDOW_RINGS or WINDOW_DATA, until the next call for that window; *len
 * becomes the part that is shown. NULL: no committed RAM there. O(1).
 */
void *guest_at(struct guest_view *g, enum window_use use, uint64_t at, uint64_t *len) FH_MUST_CHECK;

#endif
