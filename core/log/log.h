/* SPDX-License-Identifier: MIT */
/*
 * Log lines, assertions and panic.
 *
 * A line is formatted on the stack and put into the ring whole, under the log lock. While the log is synchronous
 * (from reset until the console takes over, and again in a panic) it is also written to the UART at once; otherwise
 * the console pulls lines from the ring with a cursor of its own, and nobody waits for the UART.
 * Formats: %s %c %d %i %u %x %p %%, with l, ll, z and j, width, 0 and - flags, .precision for %s. Nothing else.
 * Lines carry a stable tag first: "claim: dom=2 zone=low ...: refused". Error level is for our own faults; what a
 * guest causes is at most a warning, and limited per domain (log_guest).
 */
#ifndef CORE_LOG_LOG_H
#define CORE_LOG_LOG_H

#include <stdarg.h>

#include "core/base/types.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines above CONFIG_LOG_LEVEL are dropped unformatted. */
void log_print(enum log_level level, const char *fmt, ...) FH_PRINTF(2, 3);
#define log_err(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_print(LOG_INFO, __VA_ARGS__)
#define log_dbg(...) log_print(LOG_DEBUG, __VA_ARGS__)

/* A line that a guest caused: dropped (and counted) beyond 10 a second of its domain. */
void log_guest(domid_t dom, const char *fmt, ...) FH_PRINTF(2, 3);
/*
 * A line of a domain's life, which it or who manages it causes: 50 a second of it, at most a warning;
 * at boot as it is, and without a limit.
 */
void log_life(enum log_level level, domid_t dom, const char *fmt, ...) FH_PRINTF(3, 4);

/* Whether lines go to the UART at once. On at start; the console switches it off when it takes over. */
void log_sync(bool on);

/* Characters of a line, with its terminator; longer ones are cut. */
#define LOG_LINE_MAX 256U

/* What stands before each line on the console. */
#define LOG_PREFIX "[freehold] "

/* A line read back. */
struct log_line {
	uint64_t time; /* arch_counter() ticks */
	enum log_level level;
	uint32_t cpu;
	uint32_t len;
	uint32_t lost; /* lines between the one read before and this one that the ring had dropped */
	char text[LOG_LINE_MAX];
};

/* A reader's place: the number of the line that it reads next. Zero: the oldest one. */
struct log_cursor {
	uint64_t next;
	uint64_t at; /* where that line starts in the ring, 0: not known (the log's own) */
};

/* Places the cursor before the last n lines that the ring holds (0: behind all). Takes the log lock. O(1). */
void log_cursor_tail(struct log_cursor *c, uint32_t n);
/*
 * Reads the line at the cursor and moves on; false: there is none yet. Takes the log lock. O(LOG_LINE_MAX), and at most
 * 32 lines are passed.
 */
bool log_read(struct log_cursor *c, struct log_line *out);
/* Whether log_read() has something; no lock. */
bool log_readable(const struct log_cursor *c);

/*
 * The word that says that the console has work: set by who puts output in a ring (here and core/vuart), read by the
 * run loop after each exit, cleared by the console. It lives here because both are above this floor.
 */
#define OUTPUT_NEW 1U      /* bytes or lines came into a ring */
#define OUTPUT_TIMED 2U    /* the console waits for a time to pass */
#define OUTPUT_INPUT 4U    /* the UART may hold more input */
#define OUTPUT_MONITOR 8U  /* the monitor has more to say, or a key to read */
#define OUTPUT_CONTROL 16U /* a port of a virtio console, or what is told there, has changed */
#define OUTPUT_TRACE 32U   /* exits are traced (core/log/trace.h) */
extern uint32_t output_pending;

static inline void output_flag(uint32_t bits)
{
	__atomic_fetch_or(&output_pending, bits, __ATOMIC_RELEASE);
}

static inline void output_unflag(uint32_t bits)
{
	__atomic_fetch_and(&output_pending, ~bits, __ATOMIC_SEQ_CST);
}

/* What happened to a domain or a claim, for who watches (core/control): the last EVENTS_KEPT of them are kept. */
#define EVENTS_KEPT 64U
struct event {
	uint64_t time; /* arch_counter() */
	uint16_t
		type; /* of whoever posts and reads it: core/control/protocol.h numbers them; core/domain's are these */
	domid_t dom;
	uint32_t value;
	uint64_t arg[2];
};
#define EVENT_STATE 0U
#define EVENT_FAULT 5U
/* Takes the log lock. O(1). */
void event_post(const struct event *e);
/* The number of the next event that will be posted; no lock. */
uint64_t event_next(void);
/* Reads event number *at, or the oldest that is kept, and moves *at behind it; false: there is none yet. */
bool event_read(uint64_t *at, struct event *out);

/* Bounded formatting: always terminated when size > 0; returns the length written, without the terminator. */
size_t fmt_line(char *buf, size_t size, const char *fmt, ...) FH_PRINTF(3, 4);
size_t fmt_vline(char *buf, size_t size, const char *fmt, va_list ap);

/* Prints the reason, then stops the machine (BRK: the trap floor stops the other CPUs). */
FH_NORETURN void panic(const char *fmt, ...) FH_PRINTF(1, 2);

/*
 * Gives the UART to this CPU for good: from here on its lines are written at once and without locks, those of other
 * CPUs are dropped. false: another CPU has it already. For the crash report; panic() calls it itself.
 */
bool log_crash_begin(void);
/* Whether a CPU has done so: the console is silent from then on. */
bool log_crashed(void);

/* For our own bugs only, never for input; no side effects inside. */
#define FH_ASSERT(cond)                                                                                                \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			panic("assert: %s:%d: %s", __FILE__, __LINE__, #cond);                                         \
		}                                                                                                      \
	} while (0)

#endif
