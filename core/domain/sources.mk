# SPDX-License-Identifier: MIT
# The invariants are recomputed at run time in debug builds only; without the pool nothing is claimed or given back then.
files-y := $(filter-out audit_%.c bell%.c define.c feed.c guest_fdt%.c measure%.c memory%.c places.c tree%.c unbuild%.c virtio%.c watchdog%.c, \
	$(notdir $(wildcard core/domain/*.c)))
files-y += $(if $(CONFIG_DEBUG_BUILD),audit_on.c,audit_off.c) $(if $(CONFIG_CONTROL),virtio.c,virtio_off.c)
files-y += $(if $(CONFIG_CONTROL)$(CONFIG_WATCHDOG)$(CONFIG_DOORBELLS),places.c)
files-y += $(if $(CONFIG_GUEST_TREE),guest_fdt.c guest_fdt_device.c tree.c,tree_off.c)
files-y += $(if $(CONFIG_CONTROL)$(CONFIG_MULTIPLEXER),measure.c,measure_off.c)
files-y += $(if $(CONFIG_DOORBELLS),bell.c,bell_off.c)
files-y += $(if $(CONFIG_WATCHDOG),watchdog.c,watchdog_off.c)
files-y += $(if $(CONFIG_POOL),define.c feed.c memory.c unbuild.c,memory_off.c unbuild_off.c)
