/* SPDX-License-Identifier: MIT */
#include "core/control/control.h"

void control_poll(void)
{
}

uint64_t control_wake_at(void)
{
	return UINT64_MAX;
}
