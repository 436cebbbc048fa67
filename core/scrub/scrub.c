/* SPDX-License-Identifier: MIT */
#include "core/scrub/scrub.h"

#include "arch/cpu.h"
#include "core/base/bits.h"
#include "drivers/gic/gic.h"

/* Masks of CPUs; atomic. */
static uint64_t waiting[SCRUB_KINDS];
static uint64_t asked;

static bool clean_one(struct ledger *l, uint32_t cpu, enum scrub_kind kind)
{
	static const uint8_t orders[SCRUB_KINDS] = { [SCRUB_IDLE] = ORDER_64K, [SCRUB_GUEST] = 2 };
	struct claim_block chunk;
	fh_status status = ledger_scrub_begin(l, cpu, orders[kind], &chunk);

	if (status == FH_OK) {
		scrub_clean(chunk.base, PAGE_SIZE << chunk.order, false);
		status = ledger_scrub_end(l, cpu);
	}
	return status != FH_ENOENT;
}

bool scrub_step(struct ledger *l, enum scrub_kind kind)
{
	const uint32_t cpu = arch_cpu_id();

	if (clean_one(l, cpu, kind)) {
		return true;
	}
	/* Noted first, then looked at again: what comes free in between is not missed. */
	__atomic_fetch_or(&waiting[kind], BIT(cpu), __ATOMIC_SEQ_CST);
	return clean_one(l, cpu, kind);
}

void scrub_awake(void)
{
	__atomic_fetch_and(&waiting[SCRUB_IDLE], ~BIT(arch_cpu_id()), __ATOMIC_RELAXED);
}

void scrub_wake(void)
{
	const uint64_t idle = __atomic_load_n(&waiting[SCRUB_IDLE], __ATOMIC_SEQ_CST);
	uint64_t left;

	if (idle != 0U) {
		gic_send_sgi(ctz64(idle), GIC_SGI_KICK);
		return;
	}
	left = __atomic_exchange_n(&waiting[SCRUB_GUEST], 0U, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&asked, left, __ATOMIC_RELEASE);
	for (; left != 0U; left &= left - 1U) {
		gic_send_sgi(ctz64(left), GIC_SGI_KICK);
	}
}

bool scrub_asked(void)
{
	const uint64_t me = BIT(arch_cpu_id());

	return (__atomic_load_n(&asked, __ATOMIC_ACQUIRE) & me) != 0U &&
	       (__atomic_fetch_and(&asked, ~me, __ATOMIC_RELAXED) & me) != 0U;
}
