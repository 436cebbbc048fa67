/* SPDX-License-Identifier: MIT */
/*
 * The multiplexer: all domains, the log and the monitor on the one physical UART.
 *
 * The source in focus is shown raw, byte by byte, so that prompts and editors work, and gets the input. All others
 * are shown by whole lines behind their [name], without control characters; a line that stays unfinished for 200 ms
 * is shown as far as it is. Sources take turns by lines; one that never ends its line is interrupted when others
 * wait: once it pauses for 50 ms, after 512 bytes, or after a second.
 *
 * Nobody waits for the UART: producers put bytes in rings of their own and set OUTPUT_NEW (core/log); the first CPU
 * that comes by pushes the first bytes, the UART's transmit interrupt on its one CPU the rest. A call moves at most
 * 64 bytes. docs/consoles.md is the user's side.
 */
#ifndef CORE_CONSOLE_CONSOLE_H
#define CORE_CONSOLE_CONSOLE_H

#include "core/log/log.h"
#include "core/vuart/vuart.h"

#define CONSOLE_MAX_DOMAINS ((uint32_t)CONFIG_MAX_DOMAINS)
#define CONSOLE_KEYS MIN(9U, CONSOLE_MAX_DOMAINS) /* the first ones have keys of their own: 1 to 9 */
#define CONSOLE_MONITOR CONSOLE_MAX_DOMAINS       /* the monitor's number among the sources */

/* A domain as the console shows it. */
struct console_source {
	const char *name;    /* kept by reference; empty: as long as there is no domain */
	uint8_t color;       /* ANSI foreground 31 to 36, 0: none */
	struct vuart *vuart; /* NULL: it has no console */
};

/*
 * Takes the UART over from the log, which is not synchronous any more, and says how to use the console. Domain i is
 * sources[i]; those beyond CONSOLE_MAX_DOMAINS are left out. The first one with a console gets the focus. One CPU,
 * once, after uart_init(). Lines that the log has shown already don't come again.
 */
void console_init(const struct console_source *sources, uint32_t nr);

/* Whether console_poll() and monitor_poll() may have something to do: one load, for after each exit. */
static inline bool console_pending(void)
{
	return __atomic_load_n(&output_pending, __ATOMIC_RELAXED) != 0U;
}

/* Whether console_poll() has bytes to move now, which the UART's interrupt will not: no lock. */
bool console_due(void);
/* Moves what it can. Never waits: where another CPU is at it, or the transmit interrupt will be, it returns at once. */
void console_poll(void);
/* The UART's interrupt: input to the focus, then output. On the CPU that the interrupt is routed to. */
void console_irq(void);
/* Counter value at which console_poll() should be called though nobody puts output; UINT64_MAX: none. */
uint64_t console_wake_at(void);
/* Writes out all that there is and waits for the wire, at most 300 ms: before the machine goes off or is reset. */
void console_flush(void);

/* Gives the focus to a domain or CONSOLE_MONITOR; false: it has no console. Takes the console's lock. */
bool console_focus(uint32_t source);
/* The source that has the focus. */
uint32_t console_focused(void);

/* The monitor's side. Room in its output ring, bytes; a write beyond it is cut. */
size_t console_monitor_room(void);
void console_monitor_write(const char *text, size_t len);
/* The next byte typed to the monitor, or -1. */
int console_monitor_getc(void);
/* Whether there is one; no lock. */
bool console_monitor_has_input(void);
/* Whether key was typed; if so, it is taken, and all that was typed before it is dropped. O(128). */
bool console_monitor_typed(char key);

#endif
