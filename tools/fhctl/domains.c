/* SPDX-License-Identifier: MIT */
/* list, info, and what changes a domain's state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fhctl/fhctl.h"

static struct ctl_domain *domains;
static size_t nr_domains;

struct ctl_domain *fetch_domains(size_t *nr)
{
	free(domains);
	domains = fetch_list(CTL_DOMAINS, sizeof(*domains), &nr_domains);
	for (size_t i = 0; i < nr_domains; i++) {
		domains[i].name[sizeof(domains[i].name) - 1] = '\0';
	}
	*nr = nr_domains;
	return domains;
}

static void need_domains(void)
{
	size_t nr;

	if (domains == NULL) {
		fetch_domains(&nr);
	}
}

struct ctl_domain find_domain(const char *name)
{
	char *end;
	const unsigned long number = strtoul(name, &end, 10);

	need_domains();
	for (size_t i = 0; i < nr_domains; i++) {
		if (strcmp(domains[i].name, name) == 0 || (*name != '\0' && *end == '\0' && domains[i].id == number)) {
			return domains[i];
		}
	}
	die(EXIT_NO_ENTRY, "no domain is named '%s'; try fhctl list", name);
}

const char *domain_name(uint32_t dom)
{
	need_domains();
	for (size_t i = 0; i < nr_domains; i++) {
		if (domains[i].id == dom) {
			return domains[i].name;
		}
	}
	return dom == CTL_DOM_HYP ? "freehold" : "-";
}

const char *state_name(uint32_t state)
{
	static const char *const names[] = { "unknown", "defined",  "claimed", "building", "ready",    "running",
					     "paused",  "stopping", "stopped", "crashed",  "destroyed" };

	return state < COUNT(names) ? names[state] : "unknown";
}

static int state_color(uint32_t state)
{
	switch (state) {
	case CTL_RUNNING:
		return 32;
	case CTL_CRASHED:
		return 31;
	case CTL_BUILDING:
	case CTL_STOPPING:
	case CTL_PAUSED:
		return 33;
	default:
		return 0;
	}
}

const char *cause_name(uint32_t cause)
{
	static const char *const names[CTL_CAUSES] = { "hvc", "smc",   "sysreg", "data_abort", "instr_abort",
						       "wfx", "other", "irq",    "serror" };

	return names[cause];
}

static uint64_t sum(const uint64_t *n)
{
	uint64_t all = 0;

	for (size_t i = 0; i < CTL_CAUSES; i++) {
		all += n[i];
	}
	return all;
}

static void json_counts(const struct ctl_counts *c)
{
	json_key("exits");
	json_open('{');
	for (uint32_t i = 0; i < CTL_CAUSES; i++) {
		json_num(cause_name(i), c->exits[i]);
	}
	json_close();
	json_num("injected", c->injected);
	json_num("guest_ticks", c->guest);
	json_num("stolen_ticks", c->stolen);
	json_num("longest_ticks", c->longest);
}

static void json_domain(const struct ctl_domain *d)
{
	json_open('{');
	json_num("id", d->id);
	json_str("name", d->name);
	json_str("state", state_name(d->state));
	json_num("vcpus", d->nr_vcpus);
	json_num("vcpus_on", d->nr_on);
	json_num("memory", d->memory);
	json_num("resets", d->resets);
	json_counts(&d->counts);
	json_bool("self", (d->flags & CTL_DOMAIN_SELF) != 0);
	json_bool("managed", (d->flags & CTL_DOMAIN_MANAGED) != 0);
	json_bool("control", (d->flags & CTL_DOMAIN_CONTROL) != 0);
	json_bool("console", (d->flags & CTL_DOMAIN_CONSOLE) != 0);
	json_close();
}

static const char *notes(const struct ctl_domain *d)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%s%s", (d->flags & CTL_DOMAIN_SELF) != 0 ? "this one " : "",
		 (d->flags & CTL_DOMAIN_CONTROL) != 0 ? "control " : "",
		 (d->flags & (CTL_DOMAIN_MANAGED | CTL_DOMAIN_SELF)) == 0 ? "not yours " : "");
	return text;
}

int cmd_list(int argc, char **argv)
{
	size_t nr;
	const struct ctl_domain *d;
	struct table *t;

	want_operands(argc, argv, 0, 0);
	d = fetch_domains(&nr);
	if (opt_json) {
		json_open('[');
		for (size_t i = 0; i < nr; i++) {
			json_domain(&d[i]);
		}
		json_close();
		json_end();
		return EXIT_GOOD;
	}
	t = table_new();
	table_column(t, "ID", RIGHT);
	table_column(t, "NAME", LEFT);
	table_column(t, "STATE", LEFT);
	table_column(t, "VCPUS", RIGHT);
	table_column(t, "MEMORY", RIGHT);
	table_column(t, "RESETS", RIGHT);
	table_column(t, "EXITS", RIGHT);
	table_column(t, "NOTES", LEFT);
	for (size_t i = 0; i < nr; i++) {
		table_cell(t, 0, "%u", d[i].id);
		table_cell(t, 0, "%s", d[i].name);
		table_cell(t, state_color(d[i].state), "%s", state_name(d[i].state));
		table_cell(t, 0, "%u/%u", d[i].nr_on, d[i].nr_vcpus);
		table_cell(t, 0, "%s", size_text(d[i].memory));
		table_cell(t, 0, "%u", d[i].resets);
		table_cell(t, 0, "%llu", (unsigned long long)sum(d[i].counts.exits));
		table_cell(t, 0, "%s", notes(&d[i]));
	}
	table_print(t);
	return EXIT_GOOD;
}

static const char *power_name(uint32_t power)
{
	return power == CTL_POWER_ON ? "on" : power == 0U ? "off" : "?";
}

static void print_vcpus(uint32_t dom)
{
	size_t nr;
	struct ctl_vcpu *v = fetch_list(CTL_VCPUS, sizeof(*v), &nr);
	struct table *t = table_new();

	table_column(t, "VCPU", RIGHT);
	table_column(t, "CPU", RIGHT);
	table_column(t, "POWER", LEFT);
	table_column(t, "EXITS", RIGHT);
	table_column(t, "INJECTED", RIGHT);
	for (size_t i = 0; i < nr; i++) {
		if (v[i].dom != dom) {
			continue;
		}
		table_cell(t, 0, "%u", v[i].index);
		table_cell(t, 0, "%u", v[i].cpu);
		table_cell(t, 0, "%s", power_name(v[i].power));
		table_cell(t, 0, "%llu", (unsigned long long)sum(v[i].counts.exits));
		table_cell(t, 0, "%llu", (unsigned long long)v[i].counts.injected);
	}
	table_print(t);
	free(v);
}

/* What the domain's vCPUs left their guest for. */
static void print_causes(const struct ctl_counts *c)
{
	const uint64_t all = sum(c->exits);
	struct table *t = table_new();

	table_column(t, "CAUSE", LEFT);
	table_column(t, "EXITS", RIGHT);
	table_column(t, "%", RIGHT);
	for (uint32_t i = 0; i < CTL_CAUSES; i++) {
		table_cell(t, 0, "%s", cause_name(i));
		table_cell(t, 0, "%llu", (unsigned long long)c->exits[i]);
		table_cell(t, 0, "%.1f", all != 0 ? 100 * (double)c->exits[i] / (double)all : 0);
	}
	table_print(t);
}

static void json_info(const struct ctl_domain *d)
{
	size_t nr;
	struct ctl_vcpu *v = fetch_list(CTL_VCPUS, sizeof(*v), &nr);

	json_open('{');
	json_key("domain");
	json_domain(d);
	json_key("vcpus");
	json_open('[');
	for (size_t i = 0; i < nr; i++) {
		if (v[i].dom == d->id) {
			json_open('{');
			json_num("index", v[i].index);
			json_num("cpu", v[i].cpu);
			json_str("power", power_name(v[i].power));
			json_counts(&v[i].counts);
			json_close();
		}
	}
	json_close();
	json_close();
	json_end();
	free(v);
}

int cmd_info(int argc, char **argv)
{
	struct ctl_domain d;

	want_operands(argc, argv, 1, 1);
	d = find_domain(argv[1]);
	if (opt_json) {
		json_info(&d);
		return EXIT_GOOD;
	}
	printf("%s (%u): %s%s%s", d.name, d.id, color_on(state_color(d.state)), state_name(d.state), color_off());
	printf(", %u of %u vCPUs on, %s, %u resets  %s\n\n", d.nr_on, d.nr_vcpus, size_text(d.memory), d.resets,
	       notes(&d));
	print_vcpus(d.id);
	printf("\n");
	print_causes(&d.counts);
	return EXIT_GOOD;
}

/* start, stop, restart, pause, resume, destroy: by the command's own name. */
int cmd_act(int argc, char **argv)
{
	static const struct {
		const char *name;
		const char *done;
		uint16_t action;
	} acts[] = {
		{ "start", "is starting", CTL_START },       { "stop", "is asked to stop", CTL_STOP },
		{ "restart", "is restarting", CTL_RESTART }, { "pause", "is paused", CTL_PAUSE },
		{ "resume", "goes on", CTL_RESUME },         { "destroy", "is destroyed", CTL_DESTROY },
	};
	static const char *const options[] = { "force", NULL };
	const struct ctl_events_req events = { .on = 1 };
	struct ctl_domain_req q = { 0 };
	struct files files = { 0 };
	struct ctl_domain d;
	bool again;
	bool force = false;
	const char *done = "";
	uint32_t status;
	const char *value;

	/* Only stop has it. */
	while (next_option(&argc, argv, options + (strcmp(argv[0], "stop") == 0 ? 0 : 1), &value) == 0) {
		force = true;
	}
	want_operands(argc, argv, 1, 1);
	d = find_domain(argv[1]);
	q.dom = d.id;
	q.gen = d.gen;
	for (size_t i = 0; i < COUNT(acts); i++) {
		if (strcmp(acts[i].name, argv[0]) == 0) {
			q.action = acts[i].action;
			done = acts[i].done;
		}
	}
	if (q.action == CTL_STOP && force) {
		q.action = CTL_KILL;
		done = "is stopped";
	}
	again = (q.action == CTL_START || q.action == CTL_RESTART) && recall_files(&d, &files);
	if (again) {
		request(CTL_EVENTS, &events, sizeof(events), NULL);
	}
	status = request(CTL_DOMAIN, &q, sizeof(q), NULL);
	if (status == CTL_ENOTSUP && q.action == CTL_STOP) {
		die(EXIT_REFUSED, "stop %s: it has no power key: end it on its console, or take its power with --force",
		    d.name);
	}
	if (status == CTL_EBUSY) {
		die(EXIT_REFUSED, "%s %s: it is %s", argv[0], d.name, state_name(d.state));
	}
	if (status != CTL_OK) {
		die_status(status, "%s %s", argv[0], d.name);
	}
	if (again) {
		reload_files(&d, &files);
	} else if (q.action == CTL_DESTROY) {
		forget_files(d.name);
	}
	if (opt_json) {
		json_open('{');
		json_str("domain", d.name);
		json_str("action", argv[0]);
		json_close();
		json_end();
	} else {
		printf("%s %s\n", d.name, done);
	}
	return EXIT_GOOD;
}
