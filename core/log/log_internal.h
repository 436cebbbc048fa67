/* SPDX-License-Identifier: MIT */
#ifndef CORE_LOG_LOG_INTERNAL_H
#define CORE_LOG_LOG_INTERNAL_H

#include "core/log/log.h"

/* A line that is formatted already: into the ring, and to the UART while the log is synchronous. */
void log_text(enum log_level level, const char *text, size_t len);
void log_vline(enum log_level level, const char *fmt, va_list ap);
/* Whether lines go to the UART at once: the boot. */
bool log_is_sync(void);

#endif
