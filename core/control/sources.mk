# SPDX-License-Identifier: MIT
files-y := $(if $(CONFIG_CONTROL),$(filter-out off.c,$(notdir $(wildcard core/control/*.c))),off.c)
