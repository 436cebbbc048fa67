# SPDX-License-Identifier: MIT
# Who owns a page is asked in every build; the allocator is the pool's.
files-y := $(filter-out $(if $(CONFIG_POOL),,buddy.c audit.c),$(notdir $(wildcard core/pool/*.c)))
