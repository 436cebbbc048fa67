/* SPDX-License-Identifier: MIT */
/* JSON, as it is written: no tree, commas by depth. */
#include <stdio.h>

#include "tools/fhctl/fhctl.h"

#define DEPTH_MAX 16

static char closing[DEPTH_MAX];
static bool started[DEPTH_MAX];
static int depth;

static void text(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			printf("\\%c", c);
		} else if (c < ' ' || c == 0x7f) {
			printf("\\u%04x", c);
		} else {
			putchar(c);
		}
	}
	putchar('"');
}

/* Before a value: the comma, and its name in an object. */
static void before(const char *key)
{
	if (depth > 0 && started[depth - 1]) {
		putchar(',');
	}
	if (depth > 0) {
		started[depth - 1] = true;
	}
	if (key != NULL) {
		text(key);
		putchar(':');
	}
}

void json_key(const char *key)
{
	before(key);
	/* The value that follows brings no comma of its own. */
	started[depth - 1] = false;
}

void json_open(char bracket)
{
	before(NULL);
	if (depth > 0) {
		started[depth - 1] = true;
	}
	putchar(bracket);
	if (depth < DEPTH_MAX) {
		closing[depth] = bracket == '{' ? '}' : ']';
		started[depth++] = false;
	}
}

void json_close(void)
{
	putchar(closing[--depth]);
}

void json_str(const char *key, const char *value)
{
	before(key);
	text(value);
}

void json_num(const char *key, uint64_t value)
{
	before(key);
	printf("%llu", (unsigned long long)value);
}

void json_bool(const char *key, bool value)
{
	before(key);
	fputs(value ? "true" : "false", stdout);
}

void json_null(const char *key)
{
	before(key);
	fputs("null", stdout);
}

void json_end(void)
{
	putchar('\n');
	fflush(stdout);
}
