// SPDX-License-Identifier: MIT
/* The smallest guest: one line, then power off. For boot paths, and for refusals that must not start it. */
#include "guest.h"

void guest_main(void)
{
	print("\noff: the guest ran\n");
	system_off();
}
