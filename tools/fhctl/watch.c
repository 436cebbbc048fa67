/* SPDX-License-Identifier: MIT */
/* events, log, top: what happened, and what happens. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

#define PAGE 4096ull

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

bool was_ended(void)
{
	return ended != 0;
}

void end_by_signals(void)
{
	const struct sigaction a = { .sa_handler = on_signal };

	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
}

static const char *event_name(uint32_t type)
{
	static const char *const names[] = { "state", "admitted", "expired", "refused", "revoked", "fault", "lost" };

	return type < COUNT(names) ? names[type] : "unknown";
}

static double seconds(uint64_t counter)
{
	return (double)counter / (double)port_open()->counter_hz;
}

static void print_event(const struct ctl_event *e)
{
	size_t nr;

	/* It may be new, and its number have been another's. */
	if (e->type == CTL_EV_LOST ||
	    (e->type == CTL_EV_STATE && (e->value == CTL_DEFINED || e->value == CTL_CLAIMED))) {
		(void)fetch_domains(&nr);
	}
	if (opt_json) {
		json_open('{');
		json_num("counter", e->time);
		json_str("event", event_name(e->type));
		json_str("domain", domain_name(e->dom));
		if (e->type == CTL_EV_STATE) {
			json_str("state", state_name(e->value));
		} else {
			json_num("value", e->value);
		}
		json_num("slot", e->arg[0]);
		json_num("generation", e->arg[1]);
		json_close();
		json_end();
		return;
	}
	printf("%12.6f  %-8s  ", seconds(e->time), event_name(e->type));
	if (e->type == CTL_EV_STATE) {
		printf("%s is %s\n", domain_name(e->dom), state_name(e->value));
	} else if (e->type == CTL_EV_REFUSED) {
		printf("%s: %s", domain_name(e->dom), reason(e->value));
		printf(e->arg[0] != 0 ? ": wants %llu blocks, %llu would fit\n" : "\n", (unsigned long long)e->arg[0],
		       (unsigned long long)e->arg[1]);
	} else if (e->type == CTL_EV_FAULT) {
		printf("%s: %s\n", domain_name(e->dom),
		       e->value == CTL_FAULT_WATCHDOG ? "its watchdog ran out" : "it crashed");
	} else if (e->type == CTL_EV_LOST) {
		printf("%u events were too many\n", e->value);
	} else {
		printf("claim %llu.%llu of %s\n", (unsigned long long)e->arg[0], (unsigned long long)e->arg[1],
		       domain_name(e->dom));
	}
	fflush(stdout);
}

int cmd_events(int argc, char **argv)
{
	static const char *const options[] = { "seconds=", "count=", "follow", NULL };
	const struct ctl_events_req q = { .on = 1 };
	const char *value;
	bool follow = false;
	long count = -1;
	int ms = -1;
	int o;

	while ((o = next_option(&argc, argv, options, &value)) >= 0) {
		ms = o == 0 ? (int)(parse_number("seconds", value, 0, 86400) * 1000) : ms;
		count = o == 1 ? (long)parse_number("count", value, 0, 1e9) : count;
		follow = follow || o == 2;
	}
	if (follow && (ms >= 0 || count >= 0)) {
		die(EXIT_USAGE, "events: --follow has no end; leave it out, or --seconds and --count");
	}
	want_operands(argc, argv, 0, 0);
	/* Their names before they end. */
	(void)domain_name(0);
	if (request(CTL_EVENTS, &q, sizeof(q), NULL) != CTL_OK) {
		die(EXIT_BROKEN, "the hypervisor tells no events");
	}
	end_by_signals();
	fprintf(stderr, "watching\n");
	while (ended == 0 && count != 0) {
		struct frame f;
		struct ctl_event e;

		if (!next_event(ms, &f)) {
			break;
		}
		if (f.head.op == CTL_EVENT && f.head.len >= sizeof(e)) {
			memcpy(&e, f.data, sizeof(e));
			print_event(&e);
			count--;
		}
	}
	return EXIT_GOOD;
}

static void print_line(const struct ctl_log *l)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	static const int colors[] = { 31, 33, 0, 90 };
	const uint32_t level = l->level < COUNT(levels) ? l->level : 3U;

	if (opt_json) {
		char text[sizeof(l->text) + 1];

		memcpy(text, l->text, sizeof(l->text));
		text[l->len < sizeof(l->text) ? l->len : sizeof(l->text)] = '\0';
		json_open('{');
		json_num("counter", l->time);
		json_num("cpu", l->cpu);
		json_str("level", levels[level]);
		json_str("text", text);
		json_close();
		json_end();
		return;
	}
	if (l->lost != 0) {
		printf("(%u lines are gone)\n", l->lost);
	}
	printf("%s%12.6f%s cpu%-2u %s%.*s%s\n", gray_on(), seconds(l->time), color_off(), l->cpu,
	       color_on(colors[level]), (int)l->len, l->text, colors[level] != 0 ? color_off() : "");
}

int cmd_log(int argc, char **argv)
{
	static const char *const options[] = { "lines=", NULL };
	const char *value;
	size_t last = SIZE_MAX;
	size_t nr;
	struct ctl_log *l;

	while (next_option(&argc, argv, options, &value) >= 0) {
		last = (size_t)parse_number("lines", value, 0, 1e9);
	}
	want_operands(argc, argv, 0, 0);
	l = fetch_list(CTL_LOG, sizeof(*l), &nr);
	for (size_t i = nr > last ? nr - last : 0; i < nr; i++) {
		print_line(&l[i]);
	}
	free(l);
	return EXIT_GOOD;
}

/* --- top --- */

#define TOP_FIRST 0.5 /* seconds, until there are rates to be shown */

static struct termios top_before;
static bool top_tty;
static bool top_shown; /* on a terminal's alternate screen */

struct rates {
	struct ctl_counts before[64]; /* by the domain's number */
	uint64_t at;                  /* by the counter */
};

static void take_counts(struct rates *r, const struct ctl_domain *d, size_t nr, uint64_t now)
{
	for (size_t i = 0; i < nr; i++) {
		r->before[d[i].id % COUNT(r->before)] = d[i].counts;
	}
	r->at = now;
}

static void top_head(double interval)
{
	size_t nr;
	struct ctl_zone *z = fetch_list(CTL_ZONES, sizeof(*z), &nr);
	static const int colors[] = { 33, 35 };

	printf("fhctl top, every %.1f s; q leaves\n\n", interval);
	for (size_t i = 0; i < nr; i++) {
		const uint64_t parts[] = { z[i].pages - z[i].free_pages, z[i].claimed_pages };

		if (z[i].leaf == 0) {
			continue;
		}
		printf("  %-14.14s [", z[i].name);
		bar_print(parts, colors, "#+", 2, z[i].pages, 32);
		printf("] %s of %s used\n", size_text(parts[0] * PAGE), size_text(z[i].pages * PAGE));
	}
	free(z);
	printf("\n");
}

static void rate(struct table *t, uint64_t now, uint64_t before, double interval)
{
	if (now < before) {
		before = 0; /* another domain has its number */
	}
	table_cell(t, 0, "%.0f", (double)(now - before) / interval);
}

/* Of a CPU's time; 100 for each vCPU that is never out of its guest. */
static void share(struct table *t, uint64_t now, uint64_t before, double interval)
{
	const double ticks = interval * (double)port_open()->counter_hz;

	if (now < before) {
		before = 0; /* measured anew */
	}
	table_cell(t, 0, "%.2f", 100 * (double)(now - before) / ticks);
}

/* Exits a second by cause, and interrupts that were injected. */
static void top_rates(const struct rates *r, const struct ctl_domain *d, size_t nr, double interval)
{
	static const char *const heads[CTL_CAUSES] = { "HVC", "SMC",   "SYSREG", "DABT",  "IABT",
						       "WFX", "OTHER", "IRQ",    "SERROR" };
	struct table *t = table_new();

	table_column(t, "EXITS/S", LEFT);
	for (size_t k = 0; k < CTL_CAUSES; k++) {
		table_column(t, heads[k], RIGHT);
	}
	table_column(t, "INJECTED", RIGHT);
	for (size_t i = 0; i < nr; i++) {
		const struct ctl_counts *b = &r->before[d[i].id % COUNT(r->before)];

		table_cell(t, 0, "%s", d[i].name);
		for (size_t k = 0; k < CTL_CAUSES; k++) {
			rate(t, d[i].counts.exits[k], b->exits[k], interval);
		}
		rate(t, d[i].counts.injected, b->injected, interval);
	}
	table_print(t);
}

static void top_screen(struct rates *r, double interval)
{
	const uint64_t now = counter_now();
	const double since = seconds(now - r->at);
	size_t nr;
	const struct ctl_domain *d;
	struct table *t = table_new();
	static const char *const heads[] = { "NAME", "STATE", "VCPUS", "MEMORY", "CPU %", "STOLEN %", "LONGEST" };

	fputs(top_shown ? "\033[H\033[J" : "", stdout);
	top_head(interval);
	d = fetch_domains(&nr);
	for (size_t i = 0; i < COUNT(heads); i++) {
		table_column(t, heads[i], i < 2 ? LEFT : RIGHT);
	}
	for (size_t i = 0; i < nr; i++) {
		const struct ctl_counts *c = &d[i].counts;
		const struct ctl_counts *b = &r->before[d[i].id % COUNT(r->before)];

		table_cell(t, 0, "%s", d[i].name);
		table_cell(t, d[i].state == CTL_RUNNING ? 32 : 31, "%s", state_name(d[i].state));
		table_cell(t, 0, "%u/%u", d[i].nr_on, d[i].nr_vcpus);
		table_cell(t, 0, "%s", size_text(d[i].memory));
		share(t, c->guest, b->guest, since);
		share(t, c->stolen, b->stolen, since);
		table_cell(t, 0, "%.1f us", 1e6 * (double)c->longest / (double)port_open()->counter_hz);
	}
	table_print(t);
	printf("\n");
	top_rates(r, d, nr, since);
	take_counts(r, d, nr, now);
	fflush(stdout);
}

/* Waits for the interval or a key; true: leave. */
static bool top_wait(double interval)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char c = 0;

	if (poll(&p, top_tty ? 1 : 0, (int)(interval * 1000)) <= 0) {
		return ended != 0;
	}
	return read(STDIN_FILENO, &c, 1) <= 0 || c == 'q' || c == '\x03';
}

void top_restore(void)
{
	if (top_shown) {
		printf("\033[?25h\033[?1049l");
		fflush(stdout);
	}
	top_shown = false;
	if (top_tty) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &top_before);
	}
	top_tty = false;
}

int cmd_top(int argc, char **argv)
{
	static const char *const options[] = { "interval=", "count=", NULL };
	static const struct ctl_events_req on = { .on = 1 };
	static const struct ctl_events_req off = { .on = 0 };
	static struct rates r;
	const struct ctl_domain *d;
	struct termios now;
	const char *value;
	size_t nr;
	uint64_t at;
	double interval = 2;
	double wait;
	long count = -1;
	int o;

	while ((o = next_option(&argc, argv, options, &value)) >= 0) {
		interval = o == 0 ? parse_number("interval", value, 0.1, 3600) : interval;
		count = o == 1 ? (long)parse_number("count", value, 1, 1e9) : count;
	}
	want_operands(argc, argv, 0, 0);
	end_by_signals();
	port_open();
	top_tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &top_before) == 0;
	if (top_tty) {
		now = top_before;
		now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
	}
	top_shown = isatty(STDOUT_FILENO);
	/* Refused to who may not see all: then nothing is known of times. */
	(void)request(CTL_TIMES, &on, sizeof(on), NULL);
	/* The alternate screen, without a cursor. */
	fputs(top_shown ? "\033[?1049h\033[?25l" : "", stdout);
	fflush(stdout);
	at = counter_now(); /* before the counts, as each screen does */
	d = fetch_domains(&nr);
	take_counts(&r, d, nr, at);
	wait = interval < TOP_FIRST ? interval : TOP_FIRST;
	while (ended == 0 && count-- != 0 && !top_wait(wait)) {
		top_screen(&r, interval);
		wait = interval;
	}
	(void)request(CTL_TIMES, &off, sizeof(off), NULL);
	top_restore();
	return EXIT_GOOD;
}
