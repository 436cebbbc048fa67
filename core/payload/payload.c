/* SPDX-License-Identifier: MIT */
/*
 * The archive is untrusted: each header is read once, each length is compared with what is left of the archive
 * before it is used. An entry is a header of 110 characters, its name, padding to 4, the data, padding to 4; a name
 * may carry more than one terminator behind it (that is how fhpack aligns the data to pages).
 */
#include "core/payload/payload.h"

#include "core/base/bits.h"
#include "core/base/string.h"

#define HEADER_SIZE 110U
#define MODE_FORMAT 0170000U
#define MODE_REGULAR 0100000U
#define MODE_DIRECTORY 0040000U

/* Places of the header's eight-digit fields. */
enum field { F_MODE = 14, F_NLINK = 38, F_FILESIZE = 54, F_NAMESIZE = 94 };

struct entry {
	const char *name;
	const unsigned char *data;
	uint32_t mode;
	uint32_t nlink;
	size_t size;
	size_t end; /* offset behind the data and its padding, at most the archive's size */
};

static fh_status refuse(struct payload_error *err, fh_status status, size_t offset, const char *reason)
{
	err->reason = reason;
	err->offset = offset;
	return status;
}

static bool hex_field(const unsigned char *p, uint32_t *out)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < 8U; i++) {
		const uint32_t c = p[i];

		if (c >= '0' && c <= '9') {
			v = (v << 4) | (c - '0');
		} else if (c >= 'a' && c <= 'f') {
			v = (v << 4) | (c - 'a' + 10U);
		} else if (c >= 'A' && c <= 'F') {
			v = (v << 4) | (c - 'A' + 10U);
		} else {
			return false;
		}
	}
	*out = v;
	return true;
}

/* What else it may be, so that the integrator sees at once what went wrong. */
static const char *wrong_magic(const unsigned char *p, size_t offset)
{
	if (offset == 0U && p[0] == 0x1fU && p[1] == 0x8bU) {
		return "a gzip file, not a plain cpio archive";
	}
	if (memcmp(p, "070702", 6) == 0 || memcmp(p, "070707", 6) == 0) {
		return "a cpio archive of another format than newc";
	}
	return offset == 0U ? "not a cpio archive" : "no header where the next file should begin";
}

static fh_status read_entry(const unsigned char *archive, size_t size, size_t at, struct entry *e,
			    struct payload_error *err)
{
	const unsigned char *p = archive + at;
	const size_t left = size - at;
	uint32_t namesize;
	uint32_t filesize;
	size_t data;

	if (left < 6U) {
		return refuse(err, FH_EFORMAT, at, "truncated: ends before its trailer");
	}
	if (memcmp(p, "070701", 6) != 0) {
		return refuse(err, FH_EFORMAT, at, wrong_magic(p, at));
	}
	if (left < HEADER_SIZE) {
		return refuse(err, FH_EFORMAT, at, "truncated in a header");
	}
	if (!hex_field(p + F_MODE, &e->mode) || !hex_field(p + F_NLINK, &e->nlink) ||
	    !hex_field(p + F_FILESIZE, &filesize) || !hex_field(p + F_NAMESIZE, &namesize)) {
		return refuse(err, FH_EFORMAT, at, "a header field is not hexadecimal");
	}
	data = align_up((size_t)HEADER_SIZE + namesize, 4U);
	if (namesize < 2U || data > left || p[HEADER_SIZE + namesize - 1U] != 0U) {
		return refuse(err, FH_EFORMAT, at, "a name is empty, truncated or not terminated");
	}
	if (filesize > left - data) {
		return refuse(err, FH_EFORMAT, at, "truncated in a file's data");
	}
	e->name = (const char *)p + HEADER_SIZE;
	e->data = p + data;
	e->size = filesize;
	/* The padding behind the last byte may be cut off; the next header is then missed at the archive's end. */
	e->end = at + MIN(align_up(data + filesize, 4U), left);
	return FH_OK;
}

static fh_status add_file(struct payload *p, const struct entry *e, size_t at, struct payload_error *err)
{
	const char *name = e->name;

	while (name[0] == '.' && name[1] == '/') {
		name += 2;
	}
	if ((e->mode & MODE_FORMAT) == MODE_DIRECTORY) {
		return FH_OK;
	}
	if ((e->mode & MODE_FORMAT) != MODE_REGULAR) {
		return refuse(err, FH_EFORMAT, at, "a symbolic link or device, only files are allowed");
	}
	if (e->nlink > 1U) {
		return refuse(err, FH_EFORMAT, at, "a hard link, only files are allowed");
	}
	if (name[0] == '\0') {
		return refuse(err, FH_EFORMAT, at, "a file without a name");
	}
	if (payload_find(p, name) != NULL) {
		return refuse(err, FH_EEXIST, at, "two files of one name");
	}
	if (p->nr_files == PAYLOAD_MAX_FILES) {
		return refuse(err, FH_EOVERFLOW, at, "more than 64 files");
	}
	p->files[p->nr_files++] = (struct payload_file){ .name = name, .data = e->data, .size = e->size };
	return FH_OK;
}

fh_status payload_open(const void *archive, size_t size, struct payload *out, struct payload_error *err)
{
	size_t at = 0;

	if (!is_aligned((uintptr_t)archive, 4U)) {
		return refuse(err, FH_EFORMAT, 0, "not aligned to 4 bytes in memory");
	}
	out->nr_files = 0;
	out->used = 0;
	for (;;) {
		struct entry e;
		fh_status status = read_entry(archive, size, at, &e, err);

		if (status == FH_OK && strcmp(e.name, "TRAILER!!!") == 0) {
			out->used = e.end;
			return FH_OK;
		}
		if (status == FH_OK) {
			status = add_file(out, &e, at, err);
		}
		if (status != FH_OK) {
			out->nr_files = 0;
			return status;
		}
		at = e.end;
	}
}

const struct payload_file *payload_find(const struct payload *p, const char *name)
{
	for (uint32_t i = 0; i < p->nr_files; i++) {
		if (strcmp(p->files[i].name, name) == 0) {
			return &p->files[i];
		}
	}
	return NULL;
}
