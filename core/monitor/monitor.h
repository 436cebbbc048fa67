/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own prompt on the console: what there is, who owns it, what was logged (docs/consoles.md).
 *
 * A command prints by steps, a line or a few each, only while its output ring has room, so that neither a long list
 * nor a slow UART holds a CPU. The data are read under their own locks, step by step: a list is no snapshot.
 */
#ifndef CORE_MONITOR_MONITOR_H
#define CORE_MONITOR_MONITOR_H

#include "core/base/types.h"

/* Reads keys, or goes on with the command that runs. Any CPU; one that comes while another is at it returns. */
void monitor_poll(void);

#endif
