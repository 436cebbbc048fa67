/* SPDX-License-Identifier: MIT */
/* Tables, sizes, bars and colours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

#define COLUMNS_MAX 16
#define CELL_MAX 80

struct cell {
	char text[CELL_MAX];
	int color;
};

struct table {
	size_t columns;
	size_t cells;
	const char *heads[COLUMNS_MAX];
	enum align align[COLUMNS_MAX];
	struct cell *cell;
};

const char *color_on(int color)
{
	static char text[4][12];
	static unsigned int turn;
	char *t = text[turn++ % 4];

	if (!opt_color || color == 0) {
		return "";
	}
	snprintf(t, sizeof(text[0]), "\033[%dm", color);
	return t;
}

const char *color_off(void)
{
	return opt_color ? "\033[0m" : "";
}

const char *gray_on(void)
{
	return opt_color ? "\033[90m" : "";
}

struct table *table_new(void)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		die(EXIT_BROKEN, "out of memory");
	}
	return t;
}

void table_column(struct table *t, const char *head, enum align align)
{
	if (t->columns < COLUMNS_MAX) {
		t->heads[t->columns] = head;
		t->align[t->columns++] = align;
	}
}

void table_cell(struct table *t, int color, const char *fmt, ...)
{
	struct cell *c;
	va_list ap;

	t->cell = realloc(t->cell, (t->cells + 1) * sizeof(*t->cell));
	if (t->cell == NULL) {
		die(EXIT_BROKEN, "out of memory");
	}
	c = &t->cell[t->cells++];
	c->color = color;
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
}

static void print_cell(const struct table *t, size_t column, const char *text, const char *color, size_t width)
{
	const int gap = (int)(width - strlen(text));
	const bool last = column + 1 == t->columns;

	printf("%*s%s%s%s%*s%s", t->align[column] == RIGHT ? gap : 0, "", color, text,
	       *color != '\0' ? color_off() : "", t->align[column] == LEFT && !last ? gap : 0, "", last ? "\n" : "  ");
}

void table_print(struct table *t)
{
	size_t width[COLUMNS_MAX];

	for (size_t c = 0; c < t->columns; c++) {
		width[c] = strlen(t->heads[c]);
		for (size_t i = c; i < t->cells; i += t->columns) {
			const size_t len = strlen(t->cell[i].text);

			width[c] = len > width[c] ? len : width[c];
		}
	}
	for (size_t c = 0; c < t->columns; c++) {
		print_cell(t, c, t->heads[c], opt_color ? "\033[1m" : "", width[c]);
	}
	for (size_t i = 0; i < t->cells; i++) {
		const size_t c = i % t->columns;

		print_cell(t, c, t->cell[i].text, color_on(t->cell[i].color), width[c]);
	}
	free(t->cell);
	free(t);
}

const char *size_text(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	static char text[8][24];
	static unsigned int turn;
	char *t = text[turn++ % 8];
	size_t unit = 0;
	uint64_t rest = 0;

	while (bytes >= 1024 && unit + 1 < COUNT(units)) {
		rest = bytes % 1024;
		bytes /= 1024;
		unit++;
	}
	if (rest != 0 && bytes < 100) {
		snprintf(t, sizeof(text[0]), "%llu.%llu %s", (unsigned long long)bytes,
			 (unsigned long long)(rest * 10 / 1024), units[unit]);
	} else {
		snprintf(t, sizeof(text[0]), "%llu %s", (unsigned long long)bytes, units[unit]);
	}
	return t;
}

int screen_width(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 40 ? w.ws_col : 80;
}

void bar_print(const uint64_t *parts, const int *colors, const char *glyphs, size_t nr, uint64_t whole, int width)
{
	uint64_t sum = 0;
	int at = 0;

	for (size_t i = 0; i < nr; i++) {
		int end;

		sum += parts[i];
		end = whole == 0 ? 0 : (int)(sum * (uint64_t)width / whole);
		/* What is there at all is shown. */
		end = parts[i] != 0 && end == at && at < width ? at + 1 : end;
		fputs(color_on(colors[i]), stdout);
		for (; at < end && at < width; at++) {
			putchar(glyphs[i]);
		}
		fputs(color_off(), stdout);
	}
	for (; at < width; at++) {
		putchar(' ');
	}
}
