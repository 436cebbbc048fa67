/* SPDX-License-Identifier: MIT */
/* create: one claim for all, then each is built and started; what each step took is told from events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

#define STEP_MS 60000

/* A domain of the set: where its files are, and when it came into its states, by EL2's counter; 0: not yet. */
struct steps {
	struct files files; /* tree NULL: one of the hypervisor's configuration */
	struct ctl_domain d;
	uint64_t claimed;
	uint64_t building;
	uint64_t running;
	bool failed;
};

static struct steps s[CTL_CREATE_MAX];
static size_t nr;
static uint64_t bytes_done;
static uint64_t bytes_all;

/* "... dom=NAME ..." of one of the set; others' domains have other names as long as ours are there. */
static bool is_of_set(const char *line)
{
	const char *name = strstr(line, "dom=");

	for (size_t i = 0; i < nr && name != NULL; i++) {
		const size_t len = strlen(s[i].d.name);

		if (strncmp(name + 4, s[i].d.name, len) == 0 && strchr(" :", name[4 + len]) != NULL) {
			return true;
		}
	}
	return false;
}

/* The hypervisor's own words for a refusal: lines of its log since that time that say so of the set's domains.
 * false: there are none. */
static bool print_reasons(uint64_t since)
{
	bool any = false;
	size_t lines = 0;
	struct ctl_log *l = sees_all() ? fetch_list(CTL_LOG, sizeof(*l), &lines) : NULL;

	for (size_t i = 0; i < lines; i++) {
		char text[sizeof(l[i].text) + 1];

		memcpy(text, l[i].text, sizeof(l[i].text));
		text[l[i].len < sizeof(l[i].text) ? l[i].len : sizeof(l[i].text)] = '\0';
		if (l[i].time >= since && strstr(text, "refused") != NULL && is_of_set(text)) {
			fprintf(stderr, "  %s\n", text);
			any = true;
		}
	}
	free(l);
	return any;
}

static bool all_done(void)
{
	for (size_t i = 0; i < nr; i++) {
		if (s[i].running == 0 && !s[i].failed) {
			return false;
		}
	}
	return true;
}

static void note(const struct ctl_event *e)
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
			s[i].failed = s[i].failed ||
				      (s[i].claimed != 0 && (e->value == CTL_DESTROYED || e->value == CTL_CRASHED));
			break;
		}
	}
}

static void progress(void)
{
	static const int color = 32;

	if (opt_json || bytes_all == 0 || !isatty(STDOUT_FILENO)) {
		return;
	}
	printf("\r  [");
	bar_print(&bytes_done, &color, "=", 1, bytes_all, 40);
	printf("] %s of %s\033[K", size_text(bytes_done), size_text(bytes_all));
	if (bytes_done == bytes_all) {
		printf("\r\033[K");
	}
	fflush(stdout);
}

/* Drawn fifty times: a console may be slow, and costs who emulates it. */
static void loaded(uint64_t bytes)
{
	const uint64_t before = bytes_done;

	bytes_done += bytes;
	if (bytes_done * 50 / bytes_all != before * 50 / bytes_all) {
		progress();
	}
}

static double us(uint64_t from, uint64_t to)
{
	return from == 0 || to < from ? 0 : (double)(to - from) * 1e6 / (double)port_open()->counter_hz;
}

static void report(uint64_t asked)
{
	struct table *t;

	if (opt_json) {
		json_open('[');
		for (size_t i = 0; i < nr; i++) {
			json_open('{');
			json_str("domain", s[i].d.name);
			json_num("id", s[i].d.id);
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
	table_column(t, "MEMORY", RIGHT);
	table_column(t, "FILES", RIGHT);
	table_column(t, "CLAIM", RIGHT);
	table_column(t, "BUILD", RIGHT);
	table_column(t, "STATE", LEFT);
	for (size_t i = 0; i < nr; i++) {
		const uint64_t *size = s[i].files.size;

		table_cell(t, 0, "%s", s[i].d.name);
		table_cell(t, 0, "%s", size_text(s[i].d.memory));
		table_cell(t, 0, "%s", size_text(size[CTL_KERNEL] + size[CTL_RAMDISK] + size[CTL_DTB]));
		table_cell(t, 0, "%.0f us", us(asked, s[i].claimed));
		table_cell(t, 0, "%.0f us", us(s[i].building, s[i].running));
		table_cell(t, s[i].failed ? 31 : 32, "%s", s[i].failed ? "failed" : "running");
	}
	table_print(t);
}

/* -c, or each word behind --together, begins a domain of files, what follows of the options is its; other words are
 * domains that are defined. */
static void parse(int argc, char **argv)
{
	static const char *const names[] = {
		[CTL_KERNEL] = "--kernel", [CTL_RAMDISK] = "--ramdisk", [CTL_DTB] = "--dtb", [CTL_FILES] = "-c"
	};
	bool trees = false;

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		const size_t len = strcspn(arg, "=");
		const char *path = trees && arg[0] != '-' ? arg : NULL;
		size_t file = path != NULL ? CTL_FILES : 0;

		if (strcmp(arg, "--together") == 0) {
			trees = true;
			continue;
		}
		while (path == NULL && file < COUNT(names) &&
		       (strlen(names[file]) != len || strncmp(arg, names[file], len) != 0)) {
			file++;
		}
		if (file == COUNT(names) && arg[0] == '-') {
			die(EXIT_USAGE, "create: unknown option %s; try fhctl help create", arg);
		}
		if (path == NULL && file < COUNT(names)) {
			path = arg[len] == '=' ? arg + len + 1 : argv[++i];
			if (path == NULL) {
				die(EXIT_USAGE, "create: %s wants a file", arg);
			}
		}
		if (file < CTL_FILES) {
			if (nr == 0 || s[nr - 1].files.tree == NULL) {
				die(EXIT_USAGE, "create: %s belongs behind -c FILE.dtb", arg);
			}
			s[nr - 1].files.path[file] = path;
			continue;
		}
		if (nr == CTL_CREATE_MAX) {
			die(EXIT_USAGE, "create: more than %u domains at once", CTL_CREATE_MAX);
		}
		if (path != NULL) {
			s[nr++].files.tree = path;
		} else {
			s[nr++].d = find_domain(arg);
		}
	}
	if (nr == 0) {
		die(EXIT_USAGE,
		    "usage: fhctl create [-c FILE.dtb [--kernel FILE] [--ramdisk FILE] [--dtb FILE]] ... [DOMAIN ...]\n"
		    "       fhctl create --together FILE.dtb [--kernel FILE ...] FILE.dtb ...");
	}
}

static void define(void)
{
	size_t all;
	const struct ctl_domain *d;

	for (size_t i = 0; i < nr; i++) {
		if (s[i].files.tree != NULL) {
			const struct ctl_defined got = define_domain(&s[i].files);

			s[i].d.id = got.dom;
			s[i].d.gen = got.gen;
			bytes_all +=
				s[i].files.size[CTL_KERNEL] + s[i].files.size[CTL_RAMDISK] + s[i].files.size[CTL_DTB];
		}
	}
	d = fetch_domains(&all);
	for (size_t i = 0; i < nr; i++) {
		for (size_t k = 0; k < all; k++) {
			s[i].d = d[k].id == s[i].d.id && d[k].gen == s[i].d.gen ? d[k] : s[i].d;
		}
	}
}

/* All in one set, or nothing; returns the counter before it. */
static uint64_t claim(void)
{
	uint64_t asked;
	struct ctl_create q = { .nr = (uint32_t)nr };
	struct frame reply;
	uint32_t status;

	for (size_t i = 0; i < nr; i++) {
		q.dom[i] = s[i].d.id;
		q.gen[i] = s[i].d.gen;
		if (!opt_json) {
			printf("claiming %s for %s\n", size_text(s[i].d.memory), s[i].d.name);
		}
	}
	asked = counter_now();
	status = request(CTL_CREATE, &q, sizeof(q), &reply);
	for (size_t i = 0; status == CTL_EBUSY && i < nr; i++) {
		if (s[i].d.state != CTL_DEFINED) {
			die(EXIT_REFUSED,
			    "create: refused: only a domain that is defined, and not claimed, is created: %s is %s",
			    s[i].d.name, state_name(s[i].d.state));
		}
	}
	if (status == CTL_EBUSY) {
		die(EXIT_REFUSED, "create: refused: only a domain that is defined, and not claimed, is created");
	}
	if (status != CTL_OK) {
		fflush(stdout);
		fprintf(stderr, "%s: create: nothing was claimed:\n", program);
		if (reply.head.len != 0) {
			refuse_claim(status, &reply);
		}
		if (!print_reasons(asked)) {
			die(EXIT_REFUSED, "create: refused: %s", reason(status));
		}
		exit(EXIT_REFUSED);
	}
	return asked;
}

/* Where they are, when events were lost, or none comes. */
static void look(void)
{
	size_t all;
	const struct ctl_domain *d = fetch_domains(&all);

	for (size_t i = 0; i < nr; i++) {
		size_t k = 0;

		while (k < all && (d[k].id != s[i].d.id || d[k].gen != s[i].d.gen)) {
			k++;
		}
		if (k == all || d[k].state == CTL_DEFINED || d[k].state == CTL_DESTROYED) {
			s[i].failed = true;
		} else if (s[i].running == 0 && d[k].state >= CTL_RUNNING) {
			s[i].running = counter_now();
		} else {
			/* It is being built, or is known to run. */
		}
	}
}

/* Others' events don't make it longer. */
static void wait_all(int ms)
{
	const time_t end = time(NULL) + ms / 1000;
	struct frame f;

	while (!all_done() && time(NULL) < end && next_event(ms, &f)) {
		struct ctl_event e;

		if (f.head.op != CTL_EVENT || f.head.len < sizeof(e)) {
			continue;
		}
		memcpy(&e, f.data, sizeof(e));
		if (e.type == CTL_EV_LOST) {
			look();
		} else {
			note(&e);
		}
	}
	if (!all_done()) {
		look();
	}
}

int cmd_create(int argc, char **argv)
{
	const struct ctl_events_req events = { .on = 1 };
	uint64_t asked;
	bool failed = false;

	parse(argc, argv);
	port_open();
	request(CTL_EVENTS, &events, sizeof(events), NULL);
	define();
	step("defined");
	asked = claim();
	step("claimed");
	for (size_t i = 0; i < nr; i++) {
		if (s[i].files.tree != NULL) {
			load_files(&s[i].files, s[i].d.id, loaded);
		}
	}
	step("loaded");
	wait_all(STEP_MS);
	if (!all_done()) {
		die(EXIT_BROKEN, "create: no word of the build for a minute; see fhctl list");
	}
	report(asked);
	for (size_t i = 0; i < nr; i++) {
		failed = failed || s[i].failed;
		if (s[i].files.tree != NULL && !s[i].failed) {
			note_files(s[i].d.name, &s[i].files);
		}
	}
	if (failed) {
		(void)print_reasons(asked);
	}
	return failed ? EXIT_REFUSED : EXIT_GOOD;
}
