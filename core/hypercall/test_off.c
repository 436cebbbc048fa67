/* SPDX-License-Identifier: MIT */
#include "core/hypercall/hypercall.h"

fh_status hypercall_test(struct vcpu *v, uint32_t n)
{
	(void)v;
	(void)n;
	return FH_ENOTSUP;
}
