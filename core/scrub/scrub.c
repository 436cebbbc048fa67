/* SPDX-License-Identifier: MIT */
#include "core/scrub/scrub.h"

#include "arch/cpu.h"

bool scrub_step(struct ledger *l, uint8_t max_order)
{
	const uint32_t cpu = arch_cpu_id();
	struct claim_block chunk;
	fh_status status = ledger_scrub_begin(l, cpu, max_order, &chunk);

	if (status == FH_OK) {
		scrub_clean(chunk.base, PAGE_SIZE << chunk.order);
		status = ledger_scrub_end(l, cpu);
	}
	return status != FH_ENOENT;
}
