/* SPDX-License-Identifier: MIT */
/*
 * A guest's RAM, through this CPU's window. The caller sees to it that the pages stay the guest's meanwhile; for a
 * device that is its lock and its reset: virtio_reset() comes before anything of the guest's memory is taken back.
 */
#ifndef CORE_VIRTIO_GUEST_MEM_H
#define CORE_VIRTIO_GUEST_MEM_H

#include "arch/arm64/mm/stage2.h"

/*
 * Copies len bytes from the guest's [at, at + len) into buf, or to there. FH_ENOENT: not all of it is committed RAM,
 * the part before that has been copied. Takes the stage-2 lock for look-ups. Bound: O(len + leaves).
 */
fh_status guest_read(struct s2 *s, uint64_t at, void *buf, uint64_t len) FH_MUST_CHECK;
fh_status guest_write(struct s2 *s, uint64_t at, const void *buf, uint64_t len) FH_MUST_CHECK;

#endif
