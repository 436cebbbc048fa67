/* SPDX-License-Identifier: MIT */
/*
 * The payload: a newc cpio archive (cpio(5), "New ASCII Format") with freehold.dtb and the files it names.
 * Reads an archive where it lies; nothing is copied. Every length is checked against the archive's end.
 */
#ifndef CORE_PAYLOAD_PAYLOAD_H
#define CORE_PAYLOAD_PAYLOAD_H

#include "core/base/status.h"

#define PAYLOAD_MAX_FILES 64U

struct payload_file {
	const char *name; /* terminated, within the archive; a leading "./" is skipped */
	const void *data; /* 4-byte aligned */
	size_t size;
};

struct payload {
	uint32_t nr_files;
	size_t used;                                  /* bytes of the archive up to and with its trailer */
	struct payload_file files[PAYLOAD_MAX_FILES]; /* regular files, in the archive's order */
};

/* Why an archive was refused: what, and at which byte of it. */
struct payload_error {
	const char *reason;
	size_t offset;
};

/*
 * Indexes size bytes at archive. FH_EFORMAT: not newc, or truncated; FH_EOVERFLOW: too many files; FH_EEXIST: a name
 * twice. Symbolic links, devices and hard links are refused, directories skipped. On a refusal *out holds no files.
 * Bound: O(files^2 + headers).
 */
fh_status payload_open(const void *archive, size_t size, struct payload *out, struct payload_error *err) FH_MUST_CHECK;

/* The file of that name, or NULL. */
const struct payload_file *payload_find(const struct payload *p, const char *name);

#endif
