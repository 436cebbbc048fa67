/* SPDX-License-Identifier: MIT */
#include "core/control/control.h"

void control_poll(void)
{
}
