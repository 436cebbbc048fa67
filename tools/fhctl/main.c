/* SPDX-License-Identifier: MIT */
/* fhctl: the hypervisor's command line in a control domain. Options, help, and what ends the program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

bool opt_json;
bool opt_color;
const char *program = "fhctl";

static const char *current; /* the command at work, for its messages */

const struct command commands[] = {
	{ "list", "", "the domains and their states", "", cmd_list },
	{ "info", "DOMAIN", "one domain, with its vCPUs", "", cmd_info },
	{ "stop", "DOMAIN [--force]", "presses its power key, or takes its power",
	  "Without --force the guest ends by itself, or does not: Linux wants gpio_keys and somebody who listens,\n"
	  "such as systemd-logind. Refused where the configuration gives it no power-key.\n"
	  "With --force the guest is not asked.\n",
	  cmd_act },
	{ "create", "[-c FILE.dtb ...] [DOMAIN ...]", "claims all they need, builds and starts them",
	  "create [-c FILE.dtb [--kernel FILE] [--ramdisk FILE] [--dtb FILE]] ... [DOMAIN ...]\n"
	  "create --together FILE.dtb [--kernel FILE ...] FILE.dtb ...    (the same without a -c for each)\n"
	  "-c: a domain by a tree of its own (docs/domains.md), with files from here; files that are not given are\n"
	  "the hypervisor's payload's. A packed kernel is unpacked (gzip, EFI zboot with gzip).\n"
	  "Other domains are those that the configuration only defines (on-demand).\n"
	  "What they need is claimed as one set: all of them are admitted, or none, before anything is\n"
	  "copied. Shows what was claimed and how long each step took.\n",
	  cmd_create },
	{ "destroy", "DOMAIN", "takes it apart; all that it had is free", "", cmd_act },
	{ "start", "DOMAIN", "starts one that is not running", "", cmd_act },
	{ "restart", "DOMAIN", "resets it: loaded anew", "", cmd_act },
	{ "pause", "DOMAIN", "holds its vCPUs", "", cmd_act },
	{ "resume", "DOMAIN", "lets them go on", "", cmd_act },
	{ "memory", "[--owners]", "RAM drawn, zones and what is free",
	  "--owners lists the ranges, with zone and owner.\n", cmd_memory },
	{ "claim", "list|stake|renew|release", "claims on the pool",
	  "claim list\n"
	  "claim stake [--lease TIME] [--wait TIME] DOMAIN:ZONE:SIZE[/BLOCK] ...\n"
	  "    all of them are admitted, or none; --lease: what is not used by then is given back;\n"
	  "    --wait: waits for memory that long, within the configuration's claim-wait-max-ms;\n"
	  "    BLOCK: of contiguous memory, 4K to 1G (2M)\n"
	  "claim renew [--lease TIME] CLAIM\n"
	  "    its lease counts from now on; without --lease it has none\n"
	  "claim release CLAIM\n"
	  "A claim belongs to this domain and falls with it.\n",
	  cmd_claim },
	{ "console", "DOMAIN [--seconds N] [--until TEXT]", "its console on this terminal; Ctrl-] leaves",
	  "Meanwhile it is not on the board's UART. --seconds: leaves when nothing came for so long. --until: when it\n"
	  "has said that, or with exit code 1 when nothing came for so long (10); for scripts.\n",
	  cmd_console },
	{ "events", "[--follow] [--count N] [--seconds N]", "tells what happens, until Ctrl-C",
	  "--seconds: ends when nothing came for so long. --count: when so many came. --follow: neither.\n",
	  cmd_events },
	{ "log", "[--lines N]", "what Freehold logged", "--lines: the last so many (all that are kept).\n", cmd_log },
	{ "trace", "[--seconds S] [--perfetto]", "what guests exit for, for a while",
	  "--seconds: how long (1). --perfetto: in the trace event format, which ui.perfetto.dev and Chrome open.\n"
	  "A CPU keeps its last 511 exits.\n",
	  cmd_trace },
	{ "top", "[--interval S] [--count N]", "rates of exits and memory, live",
	  "--interval: between screens (2 s). --count: leaves after so many.\n", cmd_top },
};
const size_t nr_commands = COUNT(commands);

void die(int code, const char *fmt, ...)
{
	va_list ap;

	top_restore(); /* its screen would go with the words */
	fflush(stdout);
	fprintf(stderr, "%s: ", program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

const char *reason(uint32_t status)
{
	static const char *const reasons[] = {
		[CTL_OK] = "no reason",
		[CTL_EINVAL] = "a value is out of its range",
		[CTL_EALIGN] = "not aligned",
		[CTL_EOVERFLOW] = "too large, or a table is full: fhctl log tells which",
		[CTL_ENOENT] = "there is no such thing",
		[CTL_EEXIST] = "it is there already, or in use by another",
		[CTL_ENOMEM] = "no memory",
		[CTL_ENOFIT] = "it does not fit",
		[CTL_EQUEUED] = "an older claim waits for the same memory",
		[CTL_EQUOTA] = "beyond its quota",
		[CTL_EREVOKED] = "revoked: its memory is bad",
		[CTL_EEXPIRED] = "its lease ran out",
		[CTL_ESTALE] = "there is no such claim, or not any more",
		[CTL_EDENIED] = "the configuration does not let this domain do that",
		[CTL_EFORMAT] = "not of the form that is wanted",
		[CTL_ENOTSUP] = "the hypervisor can't do that",
		[CTL_EBUSY] = "not in this state",
		[CTL_ETIMEOUT] = "timed out",
	};

	return status < COUNT(reasons) && reasons[status] != NULL ? reasons[status] : "unknown status";
}

void die_status(uint32_t status, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	die(status == CTL_ENOENT || status == CTL_ESTALE ? EXIT_NO_ENTRY : EXIT_REFUSED, "%s: refused: %s", what,
	    reason(status));
}

static void usage(FILE *to)
{
	fprintf(to, "usage: fhctl [--json] [--color|--no-color] COMMAND ...\n\n");
	for (size_t i = 0; i < nr_commands; i++) {
		fprintf(to, "  %-8s %-36s %s\n", commands[i].name, commands[i].args, commands[i].line);
	}
	fprintf(to, "\nfhctl help COMMAND tells more. Exit codes: 0 done, 1 refused, 2 usage, or a file that can't be\n"
		    "read, 3 no control port, 4 no such domain, zone or claim, 5 the hypervisor does not answer.\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < nr_commands; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

static int help(const char *name)
{
	const struct command *c = find_command(name);

	if (c == NULL) {
		die(EXIT_USAGE, "no command is named '%s'; try fhctl help", name);
	}
	printf("usage: fhctl %s%s%s\n%s.\n%s", c->name, c->args[0] != '\0' ? " " : "", c->args, c->line, c->more);
	return EXIT_GOOD;
}

const char *command_name(void)
{
	return current;
}

void want_operands(int argc, char **argv, int min, int max)
{
	const struct command *c = find_command(current);

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			die(EXIT_USAGE, "%s: unknown option %s; try fhctl help %s", current, argv[i], current);
		}
	}
	if (argc - 1 < min || argc - 1 > max) {
		die(EXIT_USAGE, "usage: fhctl %s%s%s; fhctl help %s tells more", c->name, c->args[0] != '\0' ? " " : "",
		    c->args, c->name);
	}
}

/* Takes argv[i] out. */
static void take(int *argc, char **argv, int i)
{
	memmove(&argv[i], &argv[i + 1], (size_t)(*argc - i) * sizeof(argv[0]));
	*argc -= 1;
}

int next_option(int *argc, char **argv, const char *const *names, const char **value)
{
	for (int i = 1; i < *argc; i++) {
		const char *arg = argv[i];

		for (int n = 0; strncmp(arg, "--", 2) == 0 && names[n] != NULL; n++) {
			const size_t len = strcspn(names[n], "=");
			const bool wants = names[n][len] == '=';

			if (strncmp(arg + 2, names[n], len) != 0 || (arg[2 + len] != '\0' && arg[2 + len] != '=')) {
				continue;
			}
			*value = arg[2 + len] == '=' ? arg + 3 + len : NULL;
			if (!wants && *value != NULL) {
				die(EXIT_USAGE, "--%s takes no value", names[n]);
			}
			take(argc, argv, i);
			if (wants && *value == NULL) {
				if (i >= *argc) {
					die(EXIT_USAGE, "%s: %s wants a value", current, arg);
				}
				*value = argv[i];
				take(argc, argv, i);
			}
			return n;
		}
	}
	return -1;
}

double parse_number(const char *option, const char *text, double min, double max)
{
	char *end;
	const double n = strtod(text, &end);

	if (end == text || *end != '\0' || !(n >= min && n <= max)) {
		die(EXIT_USAGE, "%s: --%s wants a number from %g to %g, not '%s'", current, option, min, max, text);
	}
	return n;
}

/* The options that hold for all commands may stand anywhere. */
static void common_options(int *argc, char **argv)
{
	static const char *const options[] = { "json", "color", "no-color", "help", NULL };
	const char *value;
	int o;

	opt_color = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	while ((o = next_option(argc, argv, options, &value)) >= 0) {
		opt_json = opt_json || o == 0;
		opt_color = o == 1 ? true : o == 2 ? false : opt_color;
		if (o == 3) {
			if (*argc > 1) {
				exit(help(argv[1]));
			}
			usage(stdout);
			exit(EXIT_GOOD);
		}
	}
}

int main(int argc, char **argv)
{
	const struct command *c;

	common_options(&argc, argv);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "help") == 0) {
		if (argc > 2) {
			return help(argv[2]);
		}
		usage(stdout);
		return EXIT_GOOD;
	}
	/* For shell completion. */
	if (strcmp(argv[1], "commands") == 0) {
		for (size_t i = 0; i < nr_commands; i++) {
			puts(commands[i].name);
		}
		return EXIT_GOOD;
	}
	c = find_command(argv[1]);
	if (c == NULL) {
		die(EXIT_USAGE, "no command is named '%s'; try fhctl help", argv[1]);
	}
	if (opt_json && (c->run == cmd_top || c->run == cmd_console)) {
		die(EXIT_USAGE, "%s: there is no JSON of it", c->name);
	}
	current = c->name;
	return c->run(argc - 1, argv + 1);
}
