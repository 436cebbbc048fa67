# SPDX-License-Identifier: MIT
# The invariants are recomputed at run time in debug builds only.
files-y := $(filter-out audit_%.c virtio%.c,$(notdir $(wildcard core/domain/*.c)))
files-y += $(if $(CONFIG_DEBUG_BUILD),audit_on.c,audit_off.c) $(if $(CONFIG_CONTROL),virtio.c,virtio_off.c)
