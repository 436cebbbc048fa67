/* SPDX-License-Identifier: MIT */
// SOURCES: core/payload/payload.c
/* The archive reader on any bytes: what it accepts lies within them. */
#include <stdlib.h>
#include <string.h>

#include "core/payload/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A block of exactly this size, so that the sanitizer sees a byte behind it. */
	unsigned char *copy = malloc(size + (size == 0U ? 1U : 0U));
	struct payload p;
	struct payload_error err;

	if (copy == NULL) {
		return 0;
	}
	memcpy(copy, data, size);
	if (payload_open(copy, size, &p, &err) == FH_OK) {
		if (p.used > size || p.nr_files > PAYLOAD_MAX_FILES) {
			abort();
		}
		for (uint32_t i = 0; i < p.nr_files; i++) {
			const struct payload_file *f = &p.files[i];

			if ((const unsigned char *)f->data < copy || f->size > size ||
			    (const unsigned char *)f->data + f->size > copy + size || payload_find(&p, f->name) != f) {
				abort();
			}
		}
	} else if (err.offset > size || err.reason == NULL) {
		abort();
	}
	free(copy);
	return 0;
}
