/* SPDX-License-Identifier: MIT */
#include "arch/arm64/trap/crash.h"

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/psci/firmware.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"
#include "drivers/uart/uart.h"

#define MAX_FRAMES 16U

static uint32_t policy = CFG_PANIC_HALT;
static bool have_gic;

void crash_set_policy(uint32_t on_panic)
{
	policy = on_panic;
	have_gic = true;
}

void crash_stop_here(void)
{
	for (;;) {
		cpu_wfi();
	}
}

static const char *reason(uint64_t esr)
{
	const uint64_t ec = FIELD_GET(GENMASK(31, 26), esr);

	switch (ec) {
	case 0x3c:
		return (esr & 0xffffU) == FH_BRK_PANIC  ? "panic" :
		       (esr & 0xffffU) == FH_BRK_LOCK   ? "lock order or holder" :
		       (esr & 0xffffU) == FH_BRK_ASSERT ? "assertion" :
							  "breakpoint";
	case 0x21:
		return "instruction abort";
	case 0x25:
		return "data abort";
	case 0x22:
	case 0x26:
		return "misaligned pc or sp";
	case 0x0e:
		return "illegal state";
	default:
		return "unexpected exception";
	}
}

/* Frame records of this CPU's stack, as far as they rise and stay aligned. */
static void backtrace(const struct crash_regs *r)
{
	uint64_t fp = r->x[29];

	log_print(LOG_ERROR, "crash: pc 0x%lx lr 0x%lx", r->elr, r->x[30]);
	for (uint32_t i = 0; i < MAX_FRAMES && fp >= r->sp && fp - r->sp < 0x4000U && is_aligned(fp, 16U); i++) {
		const uint64_t *frame = (const uint64_t *)(uintptr_t)fp;

		log_print(LOG_ERROR, "crash: #%u 0x%lx", i, frame[1]);
		if (frame[0] <= fp) {
			break;
		}
		fp = frame[0];
	}
}

static FH_NORETURN void stop_machine(void)
{
	uart_flush_sync();
	if (firmware_present() && policy == CFG_PANIC_RESET) {
		firmware_system_reset();
	}
	if (firmware_present() && policy == CFG_PANIC_OFF) {
		firmware_system_off();
	}
	crash_stop_here();
}

void crash_report(struct crash_regs *r, uint64_t vector)
{
	if (!log_crash_begin()) {
		crash_stop_here();
	}
	if (have_gic) {
		gic_send_sgi_others(GIC_SGI_STOP);
	}
	log_print(LOG_ERROR, "crash: cpu=%u vector=%lu esr=0x%lx far=0x%lx spsr=0x%lx: %s", arch_cpu_id(), vector,
		  r->esr, r->far, r->spsr, reason(r->esr));
	for (uint32_t i = 0; i + 3U < 31U; i += 4U) {
		log_print(LOG_ERROR, "crash: x%-2u %016lx %016lx %016lx %016lx", i, r->x[i], r->x[i + 1U], r->x[i + 2U],
			  r->x[i + 3U]);
	}
	log_print(LOG_ERROR, "crash: x28 %016lx %016lx %016lx sp %016lx", r->x[28], r->x[29], r->x[30], r->sp);
	backtrace(r);
	log_print(LOG_ERROR, "crash: stopped; scripts/symbolize build/freehold.elf names the addresses");
	stop_machine();
}

void crash_refused(void)
{
	log_err("boot: stopped");
	stop_machine();
}

void crash_early(const char *line)
{
	const struct range early = { CONFIG_EARLY_UART_BASE, PAGE_SIZE };
	void *regs;

	if (early.base != 0U && el2_map_device(early, &regs) == FH_OK) {
		const struct uart_desc uart = { regs, uart_find("arm,pl011") };

		uart_init(&uart);
		log_print(LOG_ERROR, "%s", line);
		uart_flush_sync();
	}
	crash_stop_here();
}
