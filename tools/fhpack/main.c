/* SPDX-License-Identifier: MIT */
// SOURCES: tools/fhpack/*.c core/config/*.c core/fdt/*.c core/payload/*.c core/log/fmt.c core/base/status.c
// SOURCES: core/claim/*.c core/pool/*.c arch/arm64/mm/stage2_size.c core/domain/plan.c tools/unpack/*.c
// LIBS: -lfdt -lz
#include "tools/fhpack/fhpack.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log/log.h"
#include "core/payload/payload.h"

#ifndef FH_VERSION
#define FH_VERSION "0.1"
#endif

static const char help[] =
	"Usage: fhpack -c SYSTEM [-o PAYLOAD] [OPTION]... [FILE | NAME=FILE]...\n"
	"Checks a Freehold configuration as the hypervisor will, packs it with the files that it names into a payload\n"
	"(the initrd that the loader passes), and prints the memory map.\n"
	"\n"
	"  -c, --config SYSTEM   the configuration, freehold,config-v1: .dts (compiled by dtc) or .dtb\n"
	"  -o, --output PAYLOAD  the newc archive to write; without it, check only\n"
	"  -b, --board BOARD     the board's device tree (.dtb or .dts): checks RAM, CPUs and devices too\n"
	"  -s, --svg FILE        draw the memory map into FILE\n"
	"  -q, --quiet           no memory map on standard output\n"
	"  -h, --help            this text\n"
	"  -V, --version         the version\n"
	"\n"
	"A FILE goes into the payload under its base name, or under NAME. Compressed kernels are unpacked.\n"
	"The payload depends on the contents of the files alone.\n"
	"\n"
	"Exit status: 0 good; 1 the configuration or a file is refused; 2 wrong usage, or a file can't be used.\n";

struct options {
	const char *config;
	const char *output;
	const char *board;
	const char *svg;
	bool quiet;
};

struct inputs {
	struct file files[1U + MAX_FILES]; /* the first is the configuration */
	uint32_t nr;
};

static void complain(const char *fmt, va_list ap)
{
	fflush(stdout);
	fputs("fhpack: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	exit(EXIT_REFUSED);
}

void trouble(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	exit(EXIT_TROUBLE);
}

/* core/config itself only formats; this is for the linker. */
void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	abort();
}

static void parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "output", required_argument, NULL, 'o' },
		{ "board", required_argument, NULL, 'b' },  { "svg", required_argument, NULL, 's' },
		{ "quiet", no_argument, NULL, 'q' },        { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },      { NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:o:b:s:qhV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'o':
			o->output = optarg;
			break;
		case 'b':
			o->board = optarg;
			break;
		case 's':
			o->svg = optarg;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_GOOD);
		case 'V':
			puts("fhpack " FH_VERSION);
			exit(EXIT_GOOD);
		default:
			trouble("try 'fhpack --help'");
		}
	}
	if (o->config == NULL) {
		trouble("no configuration given (-c); try 'fhpack --help'");
	}
}

static struct file *find_file(struct inputs *in, const char *name)
{
	for (uint32_t i = 0; i < in->nr; i++) {
		if (strcmp(in->files[i].name, name) == 0) {
			return &in->files[i];
		}
	}
	return NULL;
}

static void add_file(struct inputs *in, const char *name, size_t len, const char *path, struct blob b)
{
	struct file *f = &in->files[in->nr];

	if (in->nr == ARRAY_SIZE(in->files)) {
		refuse("%s: more than %u files", path, MAX_FILES);
	}
	if (len == 0U || len >= sizeof(f->name)) {
		refuse("%s: its name in the payload is empty or longer than %zu characters", path,
		       sizeof(f->name) - 1U);
	}
	memcpy(f->name, name, len);
	f->name[len] = '\0';
	f->path = path;
	f->blob = b;
	if (find_file(in, f->name) != NULL) {
		refuse("%s: there is a file %s in the payload already", path, f->name);
	}
	in->nr++;
}

static void add_argument(struct inputs *in, const char *arg)
{
	const char *equals = strchr(arg, '=');
	const char *path = equals != NULL ? equals + 1 : arg;
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;

	if (equals != NULL) {
		add_file(in, arg, (size_t)(equals - arg), path, read_file(path));
	} else {
		add_file(in, base, strlen(base), path, read_file(path));
	}
}

/* An output is a file of its own: not one that is read, and what replaces its name (whole) replaces a file. */
static void check_output(const char *path, bool whole, const struct inputs *in, const char *board)
{
	struct stat to;

	if (path == NULL || stat(path, &to) != 0) {
		return;
	}
	for (uint32_t i = 0; i <= in->nr; i++) {
		const char *name = i < in->nr ? in->files[i].path : board;
		struct stat from;

		if (name != NULL && stat(name, &from) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
			trouble("%s: is read too: the output wants another name", path);
		}
	}
	if (whole && !S_ISREG(to.st_mode)) {
		trouble("%s: is no regular file", path);
	}
}

static bool has_file(const void *ctx, const char *name)
{
	const struct inputs *in = ctx;

	for (uint32_t i = 1; i < in->nr; i++) {
		if (strcmp(in->files[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void unpack_kernels(const struct cfg_system *sys, struct inputs *in)
{
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		struct file *kernel = find_file(in, sys->domains[i].kernel);
		const char *how;

		kernel->blob = read_kernel(kernel->path, kernel->blob, &how);
		if (how != NULL) {
			fprintf(stderr, "fhpack: %s: %s, %zu bytes\n", kernel->path, how, kernel->blob.size);
		}
	}
}

static void warn_unused(const struct cfg_system *sys, const struct inputs *in)
{
	for (uint32_t i = 1; i < in->nr; i++) {
		const char *name = in->files[i].name;
		bool used = false;

		for (uint32_t k = 0; k < sys->nr_domains; k++) {
			const struct cfg_domain *d = &sys->domains[k];

			used = used || strcmp(d->kernel, name) == 0 || strcmp(d->ramdisk, name) == 0 ||
			       strcmp(d->dtb, name) == 0;
		}
		if (!used) {
			fprintf(stderr, "fhpack: warning: no domain names the file %s\n", name);
		}
	}
}

static void check_board(const struct options *o, const struct cfg_system *sys, struct cfg_board *board,
			struct fdt_index *tree)
{
	static struct fdt_node nodes[4096];
	const struct blob b = read_tree(o->board);
	struct cfg_error err;

	if (fdt_index_build(b.data, b.size, nodes, ARRAY_SIZE(nodes), tree) != FH_OK) {
		refuse("%s: not a sound device tree", o->board);
	}
	if (config_read_board(tree, NULL, 0, sys->console, board, &err) != FH_OK) {
		refuse("%s: %s", o->board, err.text);
	}
	if (config_check_board(sys, CFG_NO_DOMAIN, board, &err) != FH_OK ||
	    config_check_devices(sys, CFG_NO_DOMAIN, tree, &err) != FH_OK) {
		refuse("%s: %s (board %s)", o->config, err.text, o->board);
	}
}

static void tell_unchecked(const struct options *o)
{
	if (o->board == NULL) {
		fputs("fhpack: not checked without --board: RAM and reserved memory, CPUs, devices, interrupts,\n"
		      "fhpack:   guests' RAM against the addresses of interrupt controller and console\n",
		      stderr);
	}
	fputs("fhpack: not checked here: where the loader puts hypervisor, payload and board tree; what CPUs can map\n",
	      stderr);
}

static void draw(const struct options *o, const struct map *m)
{
	FILE *f;

	if (!o->quiet) {
		map_text(m, stdout);
	}
	if (o->svg == NULL) {
		return;
	}
	f = fopen(o->svg, "w");
	if (f == NULL) {
		trouble("%s: can't be written: %m", o->svg);
	}
	map_svg(m, f);
	if (fclose(f) != 0) {
		trouble("%s: can't be written: %m", o->svg);
	}
}

int main(int argc, char **argv)
{
	static struct inputs in;
	static struct cfg_system sys;
	static struct cfg_board board;
	static struct map map;
	struct fdt_index index;
	struct options o = { 0 };
	struct cfg_error err;
	struct blob tree;

	parse_options(argc, argv, &o);
	tree = read_tree(o.config);
	if (config_parse(tree.data, tree.size, &sys, &err) != FH_OK) {
		refuse("%s: %s", o.config, err.text);
	}
	add_file(&in, "freehold.dtb", 12, o.config, tree);
	for (int i = optind; i < argc; i++) {
		add_argument(&in, argv[i]);
	}
	check_output(o.output, true, &in, o.board);
	check_output(o.svg, false, &in, o.board);
	if (o.output != NULL || optind < argc) {
		if (config_check_files(&sys, has_file, &in, &err) != FH_OK) {
			refuse("%s: %s", o.config, err.text);
		}
		unpack_kernels(&sys, &in);
		plan_files(o.config, &sys, in.files, in.nr);
		warn_unused(&sys, &in);
	}
	if (o.board != NULL) {
		check_board(&o, &sys, &board, &index);
	}
	check_claims(o.config, &sys, o.board != NULL ? &index : NULL);
	map_make(&map, &sys, o.board != NULL ? &board : NULL, o.config);
	if (o.output != NULL) {
		const size_t size = write_archive(o.output, in.files, in.nr);

		if (!o.quiet) {
			printf("%s: %u files, %zu bytes\n\n", o.output, in.nr, size);
		}
	}
	draw(&o, &map);
	tell_unchecked(&o);
	return EXIT_GOOD;
}
