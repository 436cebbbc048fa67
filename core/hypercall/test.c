/* SPDX-License-Identifier: MIT */
/* Calls for tests, CONFIG_TEST_CALLS: what no guest can otherwise make EL2 do. */
#include "core/domain/domain.h"
#include "core/hypercall/hypercall.h"

fh_status hypercall_test(struct vcpu *v, uint32_t n)
{
	const ipaddr_t at = ipa(v->regs.x[1]);
	fh_status status = FH_ENOTSUP;

	if (n == HYPERCALL_TEST_SPLIT) {
		status = s2_split(&v->domain->s2, at);
		if (status == FH_OK) {
			status = s2_merge(&v->domain->s2, at);
		}
	}
	return status;
}
