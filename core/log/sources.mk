# SPDX-License-Identifier: MIT
# Events and traces are read through the control ports.
files-y := fmt.c guest.c log.c panic.c $(if $(CONFIG_CONTROL),event.c trace.c,off/unread.c)
