# SPDX-License-Identifier: MIT
# The audit is run by debug builds, and by tests.
files-y := $(filter-out $(if $(CONFIG_DEBUG_BUILD),,audit.c),$(notdir $(wildcard core/claim/*.c)))
