# SPDX-License-Identifier: MIT
# Who owns a page is asked by the pool's users, the monitor and the audit; the allocator is the pool's; the audit is run by debug builds, and by tests.
files-y := $(filter-out $(if $(CONFIG_POOL),,buddy.c audit.c whole.c),$(notdir $(wildcard core/pool/*.c)))
files-y := $(filter-out $(if $(CONFIG_DEBUG_BUILD),,audit.c) $(if $(CONFIG_POOL)$(CONFIG_MULTIPLEXER)$(CONFIG_DEBUG_BUILD),,query.c), \
	$(files-y))
