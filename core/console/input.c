/* SPDX-License-Identifier: MIT */
/* Keys: the prefix and its commands; all else goes to the focus. Under the console's lock. */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/console/console_internal.h"

#define PREFIX_KEY '\x01' /* Ctrl-A */
#define REDRAW_KEY '\f'   /* Ctrl-L: the monitor shows its line again */

static void notice(const char *text)
{
	const size_t n = MIN(strlen(text), (size_t)(NOTICE_SIZE - con.notice_len));

	memcpy(con.notice + con.notice_len, text, n);
	con.notice_len += (uint32_t)n;
}

bool input_has_console(uint32_t s)
{
	return s <= CONSOLE_MONITOR && con.sources[s].name != NULL && con.sources[s].name[0] != '\0';
}

static void to_focus(char c)
{
	struct vuart *v = con.sources[con.focus].vuart;

	if (con.focus != CONSOLE_MONITOR) {
		(void)vuart_rx_put(v, c);
	} else if (byte_ring_level(&con.mon_in) < con.mon_in.size) {
		byte_ring_put(&con.mon_in, c);
		output_flag(OUTPUT_MONITOR);
	} else {
		/* Typed faster than the monitor reads: lost, as on a UART. */
	}
}

void input_set_focus(uint32_t s)
{
	char text[96];

	con.focus = s;
	(void)fmt_line(text, sizeof(text), LOG_PREFIX "console: %s (Ctrl-A ? for help)\r\n", con.sources[s].name);
	notice(text);
	if (s == CONSOLE_MONITOR) {
		to_focus(REDRAW_KEY);
	}
}

static void list_domains(void)
{
	char text[96];

	for (uint32_t i = 0; i < CONSOLE_KEYS; i++) {
		if (input_has_console(i)) {
			(void)fmt_line(text, sizeof(text), "  Ctrl-A %u  %s%s\r\n", i + 1U, con.sources[i].name,
				       i == con.focus ? " (here)" : "");
			notice(text);
		}
	}
}

void input_show_help(void)
{
	notice(LOG_PREFIX "console: input goes to one domain; switch it by\r\n");
	list_domains();
	notice("  Ctrl-A 0  the hypervisor's monitor\r\n"
	       "  Ctrl-A n  the next one\r\n"
	       "  Ctrl-A a  sends Ctrl-A\r\n");
}

static void focus_next(void)
{
	uint32_t s = con.focus;

	do {
		s = s == CONSOLE_MONITOR ? 0U : s + 1U;
	} while (!input_has_console(s)); /* the monitor always has */
	input_set_focus(s);
}

static void try_focus(uint32_t s)
{
	if (input_has_console(s)) {
		input_set_focus(s);
	} else {
		notice(LOG_PREFIX "console: no such domain, or it has no console (Ctrl-A ? for help)\r\n");
	}
}

static void command(char c)
{
	if (c >= '1' && (uint32_t)(c - '1') < CONSOLE_KEYS) {
		try_focus((uint32_t)(c - '1'));
	} else if (c == '0' || c == 'm') {
		try_focus(CONSOLE_MONITOR);
	} else if (c == 'n') {
		focus_next();
	} else if (c == 'a' || c == PREFIX_KEY) {
		to_focus(PREFIX_KEY);
	} else {
		input_show_help();
	}
}

void input_byte(char c)
{
	if (con.prefix) {
		con.prefix = false;
		command(c);
	} else if (c == PREFIX_KEY) {
		con.prefix = true;
	} else {
		to_focus(c);
	}
}
