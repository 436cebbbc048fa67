/* SPDX-License-Identifier: MIT */
// SOURCES: core/payload/payload.c
/* Archives are put together here entry by entry, so that each field can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/payload/payload.h"

#define ROOM 65536U

static unsigned char archive[ROOM] __attribute__((aligned(8)));
static size_t length;
static struct payload files;
static struct payload_error error;

static void pad(void)
{
	while (length % 4U != 0U) {
		archive[length++] = 0;
	}
}

/* namesize 0: as it is. */
static void entry_as(const char *name, size_t namesize, const char *data, size_t size, unsigned int mode,
		     unsigned int nlink)
{
	char header[111];

	namesize = namesize != 0U ? namesize : strlen(name) + 1U;
	snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08x%08X%08X%08X%08X%08X%08X", 1U, mode, 0U, 0U,
		 nlink, 0U, (unsigned int)size, 0U, 0U, 0U, 0U, (unsigned int)namesize, 0U);
	memcpy(archive + length, header, 110);
	length += 110;
	memcpy(archive + length, name, strlen(name));
	memset(archive + length + strlen(name), 0, namesize - strlen(name));
	length += namesize;
	pad();
	memcpy(archive + length, data, size);
	length += size;
	pad();
}

static void entry(const char *name, const char *data)
{
	entry_as(name, 0, data, strlen(data), 0100644, 1);
}

static void trailer(void)
{
	entry_as("TRAILER!!!", 0, "", 0, 0, 1);
}

static int fresh(void **state)
{
	(void)state;
	memset(archive, 0, sizeof(archive));
	length = 0;
	return 0;
}

/* Opens a copy on the heap of exactly that size, so that a byte read behind the end is found. */
static fh_status open_copy(size_t size)
{
	unsigned char *copy = malloc(size + (size == 0U ? 1U : 0U));
	fh_status status;

	memcpy(copy, archive, size);
	status = payload_open(copy, size, &files, &error);
	free(copy);
	return status;
}

static void files_are_found(void **state)
{
	const struct payload_file *f;

	(void)state;
	entry_as(".", 0, "", 0, 0040755, 2);
	entry("freehold.dtb", "tree");
	entry("./Image", "kernel");
	entry("empty", "");
	entry_as("dir/padded", 500, "on a page", 9, 0100600, 1);
	trailer();
	assert_int_equal(payload_open(archive, sizeof(archive), &files, &error), FH_OK);
	assert_int_equal(files.nr_files, 4);
	assert_int_equal(files.used, length);
	f = payload_find(&files, "Image");
	assert_non_null(f);
	assert_int_equal(f->size, 6);
	assert_memory_equal(f->data, "kernel", 6);
	assert_int_equal(payload_find(&files, "empty")->size, 0);
	assert_memory_equal(payload_find(&files, "dir/padded")->data, "on a page", 9);
	assert_null(payload_find(&files, "./Image"));
	assert_null(payload_find(&files, ""));
	assert_null(payload_find(&files, "Imag"));
}

static void only_a_trailer_is_empty(void **state)
{
	(void)state;
	trailer();
	assert_int_equal(open_copy(length), FH_OK);
	assert_int_equal(files.nr_files, 0);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	entry("freehold.dtb", "a tree of odd length.");
	entry_as("padded", 300, "data", 4, 0100644, 1);
	trailer();
	for (size_t size = 0; size < length; size++) {
		/* Only what lies behind the trailer's name may be missing. */
		const fh_status want = size >= length - 3U && open_copy(size) == FH_OK ? FH_OK : FH_EFORMAT;

		assert_int_equal(open_copy(size), want);
		if (want != FH_OK) {
			assert_int_equal(files.nr_files, 0);
			assert_true(error.offset <= size);
			assert_non_null(error.reason);
		}
	}
	assert_int_equal(open_copy(length), FH_OK);
}

static void refused(fh_status want, const char *reason, size_t offset)
{
	assert_int_equal(open_copy(length), want);
	if (strstr(error.reason, reason) == NULL) {
		fail_msg("reason is '%s', not '%s'", error.reason, reason);
	}
	assert_int_equal(error.offset, offset);
	assert_int_equal(files.nr_files, 0);
}

static void other_formats_are_named(void **state)
{
	(void)state;
	entry("a", "a");
	trailer();
	memcpy(archive, "070702", 6);
	refused(FH_EFORMAT, "another format", 0);
	memcpy(archive, "070707", 6);
	refused(FH_EFORMAT, "another format", 0);
	memcpy(archive, "\x1f\x8b\x08", 3);
	refused(FH_EFORMAT, "gzip", 0);
	memcpy(archive, "QQ", 2);
	refused(FH_EFORMAT, "not a cpio archive", 0);
}

static void kinds_that_are_no_files(void **state)
{
	static const unsigned int modes[] = { 0120777, 0020644, 0060644, 0010644, 0140644, 0 };
	size_t second;

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fresh(state);
		entry("first", "x");
		second = length;
		entry_as("odd", 0, "target", 6, modes[i], 1);
		trailer();
		refused(FH_EFORMAT, "only files", second);
	}
	fresh(state);
	entry_as("linked", 0, "x", 1, 0100644, 2);
	trailer();
	refused(FH_EFORMAT, "hard link", 0);
}

static void names(void **state)
{
	size_t second;

	(void)state;
	entry("same", "1");
	second = length;
	entry("./same", "2");
	trailer();
	refused(FH_EEXIST, "two files", second);

	fresh(state);
	entry("./", "x");
	trailer();
	refused(FH_EFORMAT, "without a name", 0);

	fresh(state);
	entry_as("abc", 3, "x", 1, 0100644, 1); /* no room for its terminator */
	trailer();
	refused(FH_EFORMAT, "not terminated", 0);
}

static void bad_fields(void **state)
{
	static const size_t fields[] = { 14, 38, 54, 94 };

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		fresh(state);
		entry("a", "data");
		trailer();
		archive[fields[i] + 3U] = 'g';
		refused(FH_EFORMAT, "not hexadecimal", 0);
	}
	fresh(state);
	entry("a", "data");
	trailer();
	memset(archive + 54, 'F', 8); /* a file of 4 GiB less one */
	refused(FH_EFORMAT, "truncated in a file's data", 0);
	fresh(state);
	entry("a", "data");
	trailer();
	memset(archive + 94, 'F', 8);
	refused(FH_EFORMAT, "name", 0);
	memset(archive + 94, '0', 8);
	refused(FH_EFORMAT, "name", 0);
}

static void at_most_64_files(void **state)
{
	(void)state;
	for (int i = 0; i < 65; i++) {
		char name[8];

		snprintf(name, sizeof(name), "f%d", i);
		entry(name, "x");
		if (i == 63) {
			const size_t before = length;

			trailer();
			assert_int_equal(open_copy(length), FH_OK);
			assert_int_equal(files.nr_files, 64);
			length = before;
		}
	}
	trailer();
	assert_int_equal(open_copy(length), FH_EOVERFLOW);
}

static void misaligned_in_memory(void **state)
{
	(void)state;
	trailer();
	memmove(archive + 2, archive, length);
	assert_int_equal(payload_open(archive + 2, length, &files, &error), FH_EFORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(files_are_found, fresh),
		cmocka_unit_test_setup(only_a_trailer_is_empty, fresh),
		cmocka_unit_test_setup(every_truncation_is_refused, fresh),
		cmocka_unit_test_setup(other_formats_are_named, fresh),
		cmocka_unit_test_setup(kinds_that_are_no_files, fresh),
		cmocka_unit_test_setup(names, fresh),
		cmocka_unit_test_setup(bad_fields, fresh),
		cmocka_unit_test_setup(at_most_64_files, fresh),
		cmocka_unit_test_setup(misaligned_in_memory, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
