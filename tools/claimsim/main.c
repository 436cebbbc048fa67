// SPDX-License-Identifier: MIT
// SOURCES: core/pool/*.c core/claim/*.c core/base/status.c tests/unit/fake/lock_host.c tools/claimsim/*.c
/*
 * claimsim: builders and growing domains compete for a pool, on the real ledger, in simulated time; once with claims,
 * once with builders that check first and allocate then. And how many domains of a workload fit with claims and
 * without.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/claimsim/sim.h"

#define EXIT_USAGE 2

static void usage(FILE *f)
{
	fputs("Usage: claimsim [--seed N] [--pool MIB] [--builders N] [--growers N] [--seconds N] [--trace FILE]\n"
	      "\n"
	      "Plays builders and growing domains on one pool, with claims and without, and prints what came of it.\n"
	      "  --seed N      of the run, not 0 (20261124); a seed gives one run\n"
	      "  --pool MIB    size of the pool, a multiple of 4096, up to 65536 (8192)\n"
	      "  --builders N  1 to 16 (6)     --growers N  0 to 16 (6)\n"
	      "  --seconds N   simulated, 1 to 3600 (120)\n"
	      "  --trace FILE  writes the pool's state over time, with claims, as CSV (see pooltrace)\n"
	      "Exit code: 0 as it must be; 1 a build failed after its claim was admitted, or nobody raced;\n"
	      "2 bad arguments.\n",
	      f);
}

static uint64_t number(const char *name, const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno != 0 || *text == '\0' || *text == '-' || *end != '\0' || v < least || v > most) {
		fprintf(stderr, "claimsim: --%s %s: a number from %lu to %lu is wanted\n", name, text,
			(unsigned long)least, (unsigned long)most);
		exit(EXIT_USAGE);
	}
	return v;
}

static void read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = { { "seed", 1, NULL, 's' },     { "pool", 1, NULL, 'p' },
					       { "builders", 1, NULL, 'b' }, { "growers", 1, NULL, 'g' },
					       { "seconds", 1, NULL, 't' },  { "trace", 1, NULL, 'f' },
					       { "help", 0, NULL, 'h' },     { NULL, 0, NULL, 0 } };

	for (int c; (c = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
		switch (c) {
		case 's':
			o->seed = number("seed", optarg, 1, UINT64_MAX);
			break;
		case 'p':
			o->pool_mib = (uint32_t)number("pool", optarg, 4096, 65536);
			break;
		case 'b':
			o->builders = (uint32_t)number("builders", optarg, 1, 16);
			break;
		case 'g':
			o->growers = (uint32_t)number("growers", optarg, 0, 16);
			break;
		case 't':
			o->seconds = (uint32_t)number("seconds", optarg, 1, 3600);
			break;
		case 'f':
			o->trace = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind != argc || o->pool_mib % 4096U != 0U) {
		fprintf(stderr,
			optind != argc ? "claimsim: %s: no such argument\n" : "claimsim: --pool: a multiple of 4096\n",
			argv[optind]);
		exit(EXIT_USAGE);
	}
}

static void show(const char *name, const struct outcome *x)
{
	printf("%-22s %6u %8u %6u %6u %9lu MiB %6lu.%lu s %7u %8u\n", name, x->begun, x->refused, x->built, x->late,
	       (unsigned long)x->lost_mib, (unsigned long)(x->lost_ms / 1000U),
	       (unsigned long)(x->lost_ms % 1000U / 100U), x->grown, x->grow_refused);
}

static struct outcome with_claims(const struct options *o)
{
	FILE *f = NULL;
	struct outcome out;

	if (o->trace != NULL) {
		f = fopen(o->trace, "w");
		if (f == NULL) {
			fprintf(stderr, "claimsim: %s: %s\n", o->trace, strerror(errno));
			exit(EXIT_USAGE);
		}
		trace_head(f);
	}
	out = race_run(o, true, f);
	if (f != NULL && fclose(f) != 0) {
		fprintf(stderr, "claimsim: %s: %s\n", o->trace, strerror(errno));
		exit(1);
	}
	return out;
}

int main(int argc, char **argv)
{
	struct options o = { 20261124, 8192, 6, 6, 120, NULL };
	struct outcome claims;
	struct outcome none;
	struct capacity c;

	read_options(argc, argv, &o);
	claims = with_claims(&o);
	none = race_run(&o, false, NULL);
	printf("%u builders (256 to 1,536 MiB a domain) and %u growing domains on %u MiB, %u s, seed %lu\n\n",
	       o.builders, o.growers, o.pool_mib, o.seconds, (unsigned long)o.seed);
	printf("%-22s %6s %8s %6s %6s %13s %8s %9s %8s\n", "builders that", "begun", "refused", "built", "late", "lost",
	       "lost", "grown", "refused");
	show("claim", &claims);
	show("check, then allocate", &none);
	c = capacity_run(&o);
	printf("\nDomains of %u MiB, %u MiB for %u s of each %u, on %u MiB:\n"
	       "%u by the sum of the maxima, %u by the maximum of the sums; the ledger admits all peaks of %u\n",
	       WORK_BASE_MIB, WORK_PEAK_MIB, WORK_PEAK, WORK_PERIOD, o.pool_mib, c.by_maxima, c.by_sums, c.admitted);
	if (claims.late != 0U || claims.begun == 0U || none.late == 0U || c.admitted != c.by_sums) {
		fprintf(stderr, "claimsim: %s\n",
			claims.late != 0U ? "a build failed after its claim was admitted" :
			none.late == 0U   ? "nobody failed late without claims: there was no race" :
					    "the ledger does not admit what fits");
		return 1;
	}
	return 0;
}
