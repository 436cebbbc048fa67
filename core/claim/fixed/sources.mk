# SPDX-License-Identifier: MIT
files-y := fixed.c $(if $(CONFIG_MULTIPLEXER)$(CONFIG_DEBUG_BUILD),query.c)
