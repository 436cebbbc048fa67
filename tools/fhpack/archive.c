/* SPDX-License-Identifier: MIT */
/*
 * Writes the newc archive itself, for two things that cpio(1) doesn't do: nothing of the build machine goes in (owner,
 * time, inode), and data begins on pages, by more terminators behind the name than one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fhpack/fhpack.h"

#define HEADER_SIZE 110U
#define MODE_FILE 0100644U

struct archive {
	FILE *f;
	const char *path;
	size_t at;
};

static void put(struct archive *a, const void *data, size_t size)
{
	if (size != 0U && fwrite(data, 1, size, a->f) != size) {
		const int error = errno;

		remove(a->path);
		trouble("%s: can't be written: %s", a->path, strerror(error));
	}
	a->at += size;
}

static void pad_to(struct archive *a, size_t end)
{
	static const unsigned char zeros[PAGE_SIZE];

	while (a->at < end) {
		put(a, zeros, MIN(end - a->at, sizeof(zeros)));
	}
}

static void put_entry(struct archive *a, uint32_t number, const char *name, const struct blob *b)
{
	const size_t start = a->at;
	const bool page = b->size != 0U;
	const size_t data = align_up(start + HEADER_SIZE + strlen(name) + 1U, page ? PAGE_SIZE : 4U);
	/* The name field is counted with all its terminators. */
	const size_t namesize = page ? data - start - HEADER_SIZE : strlen(name) + 1U;
	char header[HEADER_SIZE + 1U];

	snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", number,
		 b->data != NULL ? MODE_FILE : 0U, 0U, 0U, 1U, 0U, (uint32_t)b->size, 0U, 0U, 0U, 0U,
		 (uint32_t)namesize, 0U);
	put(a, header, HEADER_SIZE);
	put(a, name, strlen(name));
	pad_to(a, data);
	put(a, b->data, b->size);
	pad_to(a, align_up(a->at, 4U));
}

size_t write_archive(const char *path, const struct file *files, uint32_t nr)
{
	const struct blob none = { NULL, 0 };
	struct archive a = { .at = 0 };
	char *temporary;

	if (asprintf(&temporary, "%s.part", path) < 0) {
		trouble("%s: out of memory", path);
	}
	a.path = temporary;
	a.f = fopen(temporary, "wb");
	if (a.f == NULL) {
		trouble("%s: %s", temporary, strerror(errno));
	}
	for (uint32_t i = 0; i < nr; i++) {
		put_entry(&a, i + 1U, files[i].name, &files[i].blob);
	}
	put_entry(&a, 0, "TRAILER!!!", &none);
	pad_to(&a, align_up(a.at, 512U));
	if (fclose(a.f) != 0 || rename(temporary, path) != 0) {
		const int error = errno;

		remove(temporary);
		trouble("%s: can't be written: %s", path, strerror(error));
	}
	free(temporary);
	return a.at;
}
