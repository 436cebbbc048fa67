/* SPDX-License-Identifier: MIT */
/* create: one claim for all, then each is built and started; what each step took is told from events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

#define STEP_MS 60000

/* When each domain came into its states, by EL2's counter; 0: not yet. */
struct steps {
	struct ctl_domain d;
	uint64_t claimed;
	uint64_t building;
	uint64_t running;
	bool failed;
};

static uint64_t log_next(void)
{
	size_t nr;

	free(fetch_list(CTL_LOG, sizeof(struct ctl_log), &nr));
	return nr;
}

/* The hypervisor's own words for a refusal: the last lines of its log that say so. */
static void print_reasons(size_t before)
{
	size_t nr;
	struct ctl_log *l = fetch_list(CTL_LOG, sizeof(*l), &nr);

	for (size_t i = before < nr ? before : 0; i < nr; i++) {
		char text[sizeof(l[i].text) + 1];

		memcpy(text, l[i].text, sizeof(l[i].text));
		text[l[i].len < sizeof(l[i].text) ? l[i].len : sizeof(l[i].text)] = '\0';
		if (strstr(text, "refused") != NULL) {
			fprintf(stderr, "  %s\n", text);
		}
	}
	free(l);
}

static bool all_done(const struct steps *s, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (s[i].running == 0 && !s[i].failed) {
			return false;
		}
	}
	return true;
}

static void note(struct steps *s, size_t nr, const struct ctl_event *e)
{
	for (size_t i = 0; i < nr; i++) {
		if (e->type != CTL_EV_STATE || e->dom != s[i].d.id) {
			continue;
		}
		switch (e->value) {
		case CTL_CLAIMED:
			s[i].claimed = e->time;
			break;
		case CTL_BUILDING:
			s[i].building = e->time;
			break;
		case CTL_RUNNING:
			s[i].running = e->time;
			break;
		default:
			s[i].failed = e->value == CTL_DESTROYED || e->value == CTL_DEFINED || e->value == CTL_CRASHED;
			break;
		}
	}
}

static void progress(const struct steps *s, size_t nr)
{
	static const int colors[] = { 32 };
	uint64_t done = 0;

	if (opt_json || !isatty(STDOUT_FILENO)) {
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		done += (s[i].claimed != 0 ? 1U : 0U) + (s[i].building != 0 ? 1U : 0U) + (s[i].running != 0 ? 1U : 0U);
	}
	printf("\r  [");
	bar_print(&done, colors, "=", 1, nr * 3, 40);
	printf("]\033[K");
	if (all_done(s, nr)) {
		printf("\r\033[K");
	}
	fflush(stdout);
}

static double us(uint64_t from, uint64_t to)
{
	return from == 0 || to < from ? 0 : (double)(to - from) * 1e6 / (double)port_open()->counter_hz;
}

static void report(const struct steps *s, size_t nr, uint64_t asked)
{
	struct table *t;

	if (opt_json) {
		json_open('[');
		for (size_t i = 0; i < nr; i++) {
			json_open('{');
			json_str("domain", s[i].d.name);
			json_num("memory", s[i].d.memory);
			json_num("claim_us", (uint64_t)us(asked, s[i].claimed));
			json_num("build_us", (uint64_t)us(s[i].building, s[i].running));
			json_bool("running", s[i].running != 0 && !s[i].failed);
			json_close();
		}
		json_close();
		json_end();
		return;
	}
	t = table_new();
	table_column(t, "DOMAIN", LEFT);
	table_column(t, "CLAIMED", RIGHT);
	table_column(t, "BUILD", RIGHT);
	table_column(t, "STATE", LEFT);
	for (size_t i = 0; i < nr; i++) {
		table_cell(t, 0, "%s", s[i].d.name);
		table_cell(t, 0, "%s", size_text(s[i].d.memory));
		table_cell(t, 0, "%.0f us", us(s[i].building, s[i].running));
		table_cell(t, s[i].failed ? 31 : 32, "%s", s[i].failed ? "failed" : "running");
	}
	table_print(t);
}

int cmd_create(int argc, char **argv)
{
	static const char *const options[] = { "together", NULL };
	const struct ctl_events_req events = { .on = 1 };
	struct ctl_create q = { 0 };
	struct steps s[CTL_CREATE_MAX] = { 0 };
	size_t before;
	const char *value;
	uint32_t status;
	bool failed = false;

	while (next_option(&argc, argv, options, &value) >= 0) {
		/* They always are. */
	}
	want_operands(argc, argv, 1, CTL_CREATE_MAX);
	for (int i = 1; i < argc; i++) {
		s[q.nr].d = find_domain(argv[i]);
		q.dom[q.nr] = s[q.nr].d.id;
		q.nr++;
	}
	before = log_next();
	request(CTL_EVENTS, &events, sizeof(events), NULL);
	status = request(CTL_CREATE, &q, sizeof(q), NULL);
	if (status == CTL_EBUSY) {
		die(EXIT_REFUSED, "create: refused: only a domain that is defined, and not claimed, is created");
	}
	if (status != CTL_OK) {
		fprintf(stderr, "%s: create: nothing was claimed:\n", program);
		print_reasons(before);
		die_status(status, "create");
	}
	while (!all_done(s, q.nr)) {
		struct frame f;
		struct ctl_event e;

		if (!next_event(STEP_MS, &f)) {
			die(EXIT_BROKEN, "create: no word of the build for a minute; see fhctl list");
		}
		if (f.head.op == CTL_EVENT && f.head.len >= sizeof(e)) {
			memcpy(&e, f.data, sizeof(e));
			note(s, q.nr, &e);
			progress(s, q.nr);
		}
	}
	report(s, q.nr, s[0].claimed);
	for (size_t i = 0; i < q.nr; i++) {
		failed = failed || s[i].failed;
	}
	if (failed) {
		print_reasons(before);
	}
	return failed ? EXIT_REFUSED : EXIT_GOOD;
}
