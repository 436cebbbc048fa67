/* SPDX-License-Identifier: MIT */
/* The payload: the initrd that the loader left in RAM, mapped read-only at EL2 for as long as a reset may need it. */
#ifndef ARCH_BOOT_PAYLOAD_MAP_H
#define ARCH_BOOT_PAYLOAD_MAP_H

#include "arch/arm64/boot/machine.h"
#include "core/payload/payload.h"

/* Maps and indexes it; *where: the pages it takes. What is wrong is logged. */
fh_status payload_map(const struct machine *m, struct payload *out, struct range *where) FH_MUST_CHECK;

/* For config_check_files(). ctx: struct payload. */
bool payload_has(const void *ctx, const char *name);

#endif
