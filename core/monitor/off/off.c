/* SPDX-License-Identifier: MIT */
/* Builds without the monitor. */
#include "core/monitor/monitor.h"

void monitor_poll(void)
{
}
