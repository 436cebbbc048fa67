/* SPDX-License-Identifier: MIT */
/* The payload: the initrd that the loader left in RAM, mapped read-only at EL2 for as long as a reset may need it. */
#ifndef ARCH_BOOT_PAYLOAD_MAP_H
#define ARCH_BOOT_PAYLOAD_MAP_H

#include "arch/arm64/boot/machine.h"
#include "core/payload/payload.h"

/* Maps and indexes it; *where: the pages it takes. What is wrong is logged. */
fh_status payload_map(const struct machine *m, struct payload *out, struct range *where) FH_MUST_CHECK;

/*
 * Where a static partition or the hyp zone lies over payload or board tree, those move to a free range first.
 * FH_ENOMEM: there is none.
 */
fh_status payload_make_room(struct machine *m, const struct cfg_system *sys, struct payload *p,
			    struct range *where) FH_MUST_CHECK;

/* For config_check_files(). ctx: struct payload. */
bool payload_has(const void *ctx, const char *name);

#endif
