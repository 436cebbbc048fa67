/* SPDX-License-Identifier: MIT */
/*
 * Log lines, assertions and panic.
 *
 * A line is formatted into a buffer on the stack and handed to the ring and the UART whole, under the log lock.
 * Formats: %s %c %d %i %u %x %p %%, with l, ll, z and j, width, 0 and - flags, .precision for %s. Nothing else.
 * Lines carry a stable tag first: "claim: dom=2 zone=low ...: refused". Error level is for our own faults; what a
 * guest causes is at most a warning, and limited per domain (log_guest).
 */
#ifndef CORE_LOG_LOG_H
#define CORE_LOG_LOG_H

#include <stdarg.h>

#include "core/base/types.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_print(enum log_level level, const char *fmt, ...) FH_PRINTF(2, 3);
#define log_err(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_dbg(...) log_print(LOG_DEBUG, __VA_ARGS__)

/* A line that a guest caused: dropped (and counted) beyond 10 a second of its domain. */
void log_guest(domid_t dom, const char *fmt, ...) FH_PRINTF(2, 3);

/* Bounded formatting: always terminated when size > 0; returns the length written, without the terminator. */
size_t fmt_line(char *buf, size_t size, const char *fmt, ...) FH_PRINTF(3, 4);
size_t fmt_vline(char *buf, size_t size, const char *fmt, va_list ap);

/* Prints the reason, then stops the machine (BRK: the trap floor stops the other CPUs). */
FH_NORETURN void panic(const char *fmt, ...) FH_PRINTF(1, 2);

/* For our own bugs only, never for input; no side effects inside. */
#define FH_ASSERT(cond)                                                                                            \
	do {                                                                                                       \
		if (!(cond)) {                                                                                     \
			panic("assert: %s:%d: %s", __FILE__, __LINE__, #cond);                                     \
		}                                                                                                  \
	} while (0)

#endif
