/* SPDX-License-Identifier: MIT */
/* Trees for tests, from source text by dtc. Compiled trees stay for the program's life. */
#ifndef TESTS_UNIT_DTS_H
#define TESTS_UNIT_DTS_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/fdt/fdt_index.h"

#define DTS_MAX 65536U

/* Compiles source; returns the blob (8-byte aligned) and its size. Ends the program where dtc refuses it. */
static inline unsigned char *dts_compile(const char *source, size_t *size)
{
	char path[] = "/tmp/freehold-test-XXXXXX";
	char command[128];
	unsigned char *blob = aligned_alloc(8, DTS_MAX);
	const int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	FILE *dtc;

	if (f == NULL || blob == NULL || fputs(source, f) == EOF || fclose(f) != 0) {
		abort();
	}
	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb %s", path);
	dtc = popen(command, "r");
	*size = dtc == NULL ? 0U : fread(blob, 1, DTS_MAX, dtc);
	if (dtc == NULL || pclose(dtc) != 0 || *size == 0U || *size == DTS_MAX) {
		fprintf(stderr, "dtc refuses:\n%s\n", source);
		abort();
	}
	unlink(path);
	return blob;
}

static inline void dts_index(const char *source, struct fdt_node *nodes, uint16_t max, struct fdt_index *out)
{
	size_t size;
	const unsigned char *blob = dts_compile(source, &size);

	if (fdt_index_build(blob, size, nodes, max, out) != FH_OK) {
		abort();
	}
}

#endif
