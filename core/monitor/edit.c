/* SPDX-License-Identifier: MIT */
/* The line editor: backspace, Ctrl-U, Ctrl-L, and the arrow up for the line before. */
#include "core/base/string.h"
#include "core/console/console.h"
#include "core/monitor/monitor_internal.h"

#define PROMPT "freehold> "
#define CTRL_C '\x03'
#define CTRL_L '\f'
#define CTRL_U '\x15'
#define DEL '\x7f'
#define ESC '\x1b'

static char line[MON_LINE_MAX];
static size_t len;
static char before[MON_LINE_MAX]; /* the last line that was entered */
static enum { PLAIN, GOT_ESC, GOT_CSI } keys;

static void say(const char *text)
{
	console_monitor_write(text, strlen(text));
}

void mon_prompt(void)
{
	say(PROMPT);
	console_monitor_write(line, len);
}

char *mon_typed(void)
{
	return line;
}

static void clear(void)
{
	len = 0;
	/* To the line's start, and erase it (ECMA-48 EL). */
	say("\r\x1b[K" PROMPT);
}

static void recall(void)
{
	clear();
	len = strlen(before);
	memcpy(line, before, len);
	console_monitor_write(line, len);
}

/* Arrow keys: ESC [ A is up, the others mean nothing here. true: the key was a part of one. */
static bool escape_key(char c)
{
	if (keys == GOT_CSI) {
		if (c >= '@' && c <= '~') {
			keys = PLAIN;
			if (c == 'A') {
				recall();
			}
		}
		return true;
	}
	if (keys == GOT_ESC) {
		keys = c == '[' ? GOT_CSI : PLAIN;
		return true;
	}
	if (c == ESC) {
		keys = GOT_ESC;
		return true;
	}
	return false;
}

static void enter(void)
{
	line[len] = '\0';
	if (len != 0U) {
		memcpy(before, line, len + 1U);
	}
	len = 0;
	say("\r\n");
}

bool mon_key(char c)
{
	if (escape_key(c)) {
		return false;
	}
	switch (c) {
	case '\r':
	case '\n':
		enter();
		return true;
	case '\b':
	case DEL:
		if (len != 0U) {
			len--;
			say("\b \b");
		}
		break;
	case CTRL_U:
		clear();
		break;
	case CTRL_L:
		say("\r\x1b[K");
		mon_prompt();
		break;
	case CTRL_C:
		len = 0;
		say("^C\r\n");
		mon_prompt();
		break;
	default:
		if (c >= ' ' && c < DEL && len + 1U < MON_LINE_MAX) {
			line[len++] = c;
			console_monitor_write(&c, 1);
		}
		break;
	}
	return false;
}
