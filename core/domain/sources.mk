# SPDX-License-Identifier: MIT
# The invariants are recomputed at run time in debug builds only; domains claim where there is a pool.
files-y := $(filter-out audit_%.c memory%.c virtio%.c,$(notdir $(wildcard core/domain/*.c)))
files-y += $(if $(CONFIG_DEBUG_BUILD),audit_on.c,audit_off.c) $(if $(CONFIG_CONTROL),virtio.c,virtio_off.c)
files-y += $(if $(CONFIG_POOL),memory.c,memory_off.c)
