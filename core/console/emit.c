/* SPDX-License-Identifier: MIT */
/* Sources' bytes as they go to the terminal: raw for the focus, prefixed and cleaned lines for the others. */
#include "core/base/string.h"
#include "core/console/console_internal.h"

#define ESC '\x1b'

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == '\x7f';
}

static void put(char c)
{
	if (con.stage_len < STAGE_SIZE) {
		con.stage[con.stage_len++] = c;
	}
}

static void put_text(const char *text)
{
	for (; *text != '\0'; text++) {
		put(*text);
	}
}

static void end_line(void)
{
	put('\r');
	put('\n');
}

/* Gives the terminal's line to s: ends another's unfinished one. true: s starts a new line. */
static bool take_line(uint32_t s)
{
	if (con.owner == s) {
		return false;
	}
	if (con.owner != NO_SOURCE) {
		end_line();
	}
	con.owner = s;
	con.owner_bytes = 0;
	con.blocked = 0;
	return true;
}

static void leave_line(void)
{
	con.owner = NO_SOURCE;
	con.blocked = 0;
}

/* Follows escape sequences (ECMA-48: CSI, and the strings that BEL or ST ends). true: c is a part of one. */
static bool in_escape(struct source *src, char c)
{
	switch (src->esc) {
	case ESC_START:
		src->esc = c == '[' ? ESC_CSI : (c == ']' || c == 'P' || c == '^' || c == '_') ? ESC_STRING : ESC_NONE;
		return true;
	case ESC_CSI:
		src->esc = c >= '@' && c <= '~' ? ESC_NONE : ESC_CSI;
		/* A control character is no part of a sequence: it would swallow the line's end. */
		if (is_control(c)) {
			src->esc = ESC_NONE;
			return false;
		}
		return true;
	case ESC_STRING:
		if (c == '\a' || c == '\n') {
			src->esc = ESC_NONE;
		} else if (c == ESC) {
			src->esc = ESC_START;
		}
		return c != '\n';
	case ESC_NONE:
	default:
		if (c == ESC) {
			src->esc = ESC_START;
			return true;
		}
		return false;
	}
}

static uint32_t take_piece(uint32_t s, char *buf)
{
	uint32_t n = 0;

	if (s != CONSOLE_MONITOR) {
		return vuart_tx_get(con.sources[s].vuart, buf, PIECE_MAX);
	}
	while (n < PIECE_MAX && byte_ring_level(&con.mon_out) != 0U) {
		buf[n] = byte_ring_get(&con.mon_out);
		if (buf[n++] == '\n') {
			con.mon_lines--;
			break;
		}
	}
	return n;
}

static void put_name(const struct source *src)
{
	if (src->color != 0U) {
		put(ESC);
		put('[');
		put('3');
		put((char)('0' + src->color % 10U));
		put('m');
	}
	put('[');
	put_text(src->name);
	put(']');
	if (src->color != 0U) {
		put_text("\x1b[0m");
	}
	put(' ');
}

/* The terminal's mode stays the focus's own while nothing else is shown in between. */
static void emit_raw(uint32_t s, const char *piece, uint32_t n)
{
	(void)take_line(s);
	for (uint32_t i = 0; i < n; i++) {
		put(piece[i]);
	}
	con.sources[s].esc = ESC_NONE;
	con.owner_bytes += n;
	if (piece[n - 1U] == '\n') {
		leave_line();
	}
}

static void emit_lines(uint32_t s, const char *piece, uint32_t n)
{
	struct source *src = &con.sources[s];

	for (uint32_t i = 0; i < n; i++) {
		const char c = piece[i];

		if (in_escape(src, c)) {
			continue;
		}
		if (c == '\n') {
			if (take_line(s)) {
				put_name(src);
			}
			end_line();
			leave_line();
		} else if (!is_control(c) || c == '\t') {
			if (take_line(s)) {
				put_name(src);
			}
			put(c);
			con.owner_bytes++;
		} else {
			/* A control character: it would move the cursor in another's text. */
		}
	}
}

static void emit_log(void)
{
	struct log_line line;

	if (!log_read(&con.log, &line)) {
		return;
	}
	(void)take_line(SOURCE_LOG);
	if (line.lost != 0U) {
		put_text(LOG_PREFIX "log: lines were dropped here: the console could not keep up");
		end_line();
	}
	put_text(LOG_PREFIX);
	for (uint32_t i = 0; i < line.len; i++) {
		if (line.text[i] == '\n') {
			put('\r');
		}
		put(line.text[i]);
	}
	end_line();
	leave_line();
}

void emit_source(uint32_t s, uint64_t now)
{
	char piece[PIECE_MAX];
	uint32_t n;

	if (s == SOURCE_LOG) {
		emit_log();
		return;
	}
	n = take_piece(s, piece);
	if (n == 0U) {
		return;
	}
	con.owner_time = now;
	con.sources[s].since = 0;
	if (s == con.focus) {
		emit_raw(s, piece, n);
	} else {
		emit_lines(s, piece, n);
	}
}

/* The console's own message, on lines of its own. */
void emit_notice(void)
{
	if (con.owner != NO_SOURCE) {
		end_line();
	}
	leave_line();
	for (uint32_t i = 0; i < con.notice_len; i++) {
		put(con.notice[i]);
	}
	con.notice_len = 0;
}
