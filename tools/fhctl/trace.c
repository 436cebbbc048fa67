/* SPDX-License-Identifier: MIT */
/* trace: what guests exited for, as a table of times, or in the trace event format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

/* Exception classes (Arm ARM D19.2.37). */
static const char *trap_name(uint64_t esr)
{
	switch (esr >> 26 & 63U) {
	case 0x01:
		return "WFI";
	case 0x16:
		return "HVC";
	case 0x17:
		return "SMC";
	case 0x18:
		return "system register";
	case 0x20:
		return "instruction abort";
	case 0x24:
		return (esr >> 6 & 1U) != 0 ? "write" : "read";
	default:
		return "trap";
	}
}

static const char *name_of(const struct ctl_trace *t)
{
	return t->type == 0 ? trap_name(t->arg) : t->type == 1 ? "interrupt" : "SError";
}

static int by_time(const void *a, const void *b)
{
	const uint64_t x = ((const struct ctl_trace *)a)->time;
	const uint64_t y = ((const struct ctl_trace *)b)->time;

	return x < y ? -1 : x > y ? 1 : 0;
}

static void set(bool on)
{
	const struct ctl_events_req q = { .on = on ? 1 : 0 };
	uint32_t status;

	port_open();
	status = request(CTL_TRACING, &q, sizeof(q), NULL);
	if (status != CTL_OK) {
		die_status(status, "trace");
	}
}

static double us(uint64_t counter)
{
	return (double)counter * 1e6 / (double)port_open()->counter_hz;
}

/* A process a domain, a thread a vCPU; exits are instants. */
static void print_events(const struct ctl_trace *t, size_t nr)
{
	size_t domains;
	const struct ctl_domain *d = fetch_domains(&domains);

	printf("{\"traceEvents\":[");
	for (size_t i = 0; i < domains; i++) {
		printf("%s\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%u,\"args\":{\"name\":\"%s\"}}",
		       i == 0 ? "" : ",", d[i].id, d[i].name);
	}
	for (size_t i = 0; i < nr; i++) {
		printf(",\n{\"name\":\"%s\",\"ph\":\"i\",\"s\":\"t\",\"ts\":%.3f,\"pid\":%u,\"tid\":%u,"
		       "\"args\":{\"cpu\":%u,\"esr\":\"0x%llx\"}}",
		       name_of(&t[i]), us(t[i].time), t[i].dom, t[i].vcpu, t[i].cpu, (unsigned long long)t[i].arg);
	}
	printf("\n]}\n");
}

static void print_lines(const struct ctl_trace *t, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (opt_json) {
			json_open('{');
			json_num("counter", t[i].time);
			json_num("cpu", t[i].cpu);
			json_str("domain", domain_name(t[i].dom));
			json_num("vcpu", t[i].vcpu);
			json_str("exit", name_of(&t[i]));
			json_num("esr", t[i].arg);
			json_close();
			json_end();
		} else {
			printf("%16.3f us  cpu%-2u %s.%u  %s", us(t[i].time), t[i].cpu, domain_name(t[i].dom),
			       t[i].vcpu, name_of(&t[i]));
			printf(t[i].type == 0 ? "  esr 0x%llx\n" : "\n", (unsigned long long)t[i].arg);
		}
	}
}

int cmd_trace(int argc, char **argv)
{
	static const char *const options[] = { "seconds=", "perfetto", NULL };
	bool perfetto = false;
	double seconds = 1;
	struct ctl_trace *t;
	const char *value;
	size_t nr;
	int o;

	while ((o = next_option(&argc, argv, options, &value)) >= 0) {
		seconds = o == 0 ? parse_number("seconds", value, 0, 3600) : seconds;
		perfetto = perfetto || o == 1;
	}
	want_operands(argc, argv, 0, 0);
	end_by_signals();
	set(true);
	for (double left = seconds * 1e6; left > 0 && !was_ended(); left -= 1e5) {
		usleep((useconds_t)(left < 1e5 ? left : 1e5));
	}
	set(false);
	t = fetch_list(CTL_TRACE, sizeof(*t), &nr);
	qsort(t, nr, sizeof(*t), by_time);
	if (perfetto) {
		print_events(t, nr);
	} else {
		print_lines(t, nr);
	}
	free(t);
	return EXIT_GOOD;
}
