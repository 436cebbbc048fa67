/* SPDX-License-Identifier: MIT */
#include "core/control/control.h"

#include "core/log/log.h"

/* Nobody watches: the flag that an event leaves must not bring each exit here. */
void control_poll(void)
{
	output_unflag(OUTPUT_CONTROL);
}

uint64_t control_wake_at(const struct vcpu *v)
{
	(void)v;
	return UINT64_MAX;
}
