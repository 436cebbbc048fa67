/* SPDX-License-Identifier: MIT */
/* The last line. The BRK enters the trap floor, which prints the registers and stops the other CPUs. */
#include "arch/cpu.h"
#include "core/log/log_internal.h"

void panic(const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;
	size_t n;

	if (log_crash_begin()) {
		n = fmt_line(text, sizeof(text), "panic: cpu=%u: ", arch_cpu_id());
		va_start(ap, fmt);
		n += fmt_vline(text + n, sizeof(text) - n, fmt, ap);
		va_end(ap);
		log_text(LOG_ERROR, text, n);
	}
	for (;;) {
		arch_brk(FH_BRK_PANIC);
	}
}
