# SPDX-License-Identifier: MIT
files-y := $(if $(CONFIG_POOL),hypercall.c,hypercall_off.c)
