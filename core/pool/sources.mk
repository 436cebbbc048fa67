# SPDX-License-Identifier: MIT
# Who owns a page is asked in every build; the allocator is the pool's; the audit is run by debug builds, and by tests.
files-y := $(filter-out $(if $(CONFIG_POOL),,buddy.c audit.c whole.c),$(notdir $(wildcard core/pool/*.c)))
files-y := $(filter-out $(if $(CONFIG_DEBUG_BUILD),,audit.c),$(files-y))
