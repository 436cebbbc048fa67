/* SPDX-License-Identifier: MIT */
/* Reading what goes into a payload: files, trees compiled by dtc, kernels unpacked by zlib. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "tools/fhpack/fhpack.h"

#define BLOB_MAX (UINT64_C(0xffffffff)) /* what newc's size field holds */
#define FDT_MAGIC_BYTES "\xd0\x0d\xfe\xed"

/* Makes room for at least one byte more; returns how many. */
static size_t grow(struct blob *b, size_t *room, const char *path)
{
	if (b->size == *room) {
		*room = *room == 0U ? 1U << 16 : *room * 2U;
		b->data = realloc(b->data, *room);
		if (b->data == NULL) {
			trouble("%s: out of memory", path);
		}
	}
	return *room - b->size;
}

static struct blob read_stream(int fd, const char *path)
{
	struct blob b = { NULL, 0 };
	size_t room = 0;

	for (;;) {
		const size_t left = grow(&b, &room, path);
		const ssize_t n = read(fd, b.data + b.size, left);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			trouble("%s: %s", path, strerror(errno));
		}
		if (n == 0) {
			return b;
		}
		b.size += (size_t)n;
		if (b.size > BLOB_MAX) {
			refuse("%s: 4 GiB or more", path);
		}
	}
}

struct blob read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct blob b;

	if (f == NULL) {
		trouble("%s: %s", path, strerror(errno));
	}
	b = read_stream(fileno(f), path);
	fclose(f);
	return b;
}

static struct blob compile(const char *path)
{
	int ends[2];
	struct blob b;
	pid_t pid;
	int status;

	if (pipe(ends) != 0) {
		trouble("pipe: %s", strerror(errno));
	}
	pid = fork();
	if (pid < 0) {
		trouble("fork: %s", strerror(errno));
	}
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execlp("dtc", "dtc", "-I", "dts", "-O", "dtb", "--", path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	b = read_stream(ends[0], path);
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		trouble("dtc: did not end as it should");
	}
	if (WEXITSTATUS(status) == 127) {
		trouble("dtc: not found; it is in the package device-tree-compiler");
	}
	if (WEXITSTATUS(status) != 0 || b.size == 0U) {
		refuse("%s: dtc refuses it", path);
	}
	return b;
}

struct blob read_tree(const char *path)
{
	const size_t len = strlen(path);
	struct blob b;

	if (len > 4U && strcmp(path + len - 4U, ".dtb") == 0) {
		return read_file(path);
	}
	b = read_file(path);
	if (b.size >= 4U && memcmp(b.data, FDT_MAGIC_BYTES, 4) == 0) {
		return b;
	}
	free(b.data);
	return compile(path);
}

static struct blob gunzip(const char *path, const unsigned char *data, size_t size)
{
	struct blob b = { NULL, 0 };
	size_t room = 0;
	z_stream z;
	int rc = Z_OK;

	memset(&z, 0, sizeof(z));
	if (inflateInit2(&z, 15 + 16) != Z_OK) {
		trouble("%s: zlib does not start", path);
	}
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)size;
	while (rc == Z_OK) {
		const size_t left = grow(&b, &room, path);

		z.next_out = b.data + b.size;
		z.avail_out = (uInt)MIN(left, (size_t)1 << 30);
		rc = inflate(&z, Z_NO_FLUSH);
		b.size = (size_t)(z.next_out - b.data);
		if (b.size > BLOB_MAX) {
			refuse("%s: 4 GiB or more when unpacked", path);
		}
	}
	inflateEnd(&z);
	if (rc != Z_STREAM_END) {
		refuse("%s: a damaged gzip file", path);
	}
	return b;
}

static uint64_t le(const unsigned char *p, uint32_t bytes)
{
	uint64_t v = 0;

	for (uint32_t i = bytes; i != 0U; i--) {
		v = (v << 8) | p[i - 1U];
	}
	return v;
}

struct blob unpack_kernel(const char *path, struct blob b, const char **how)
{
	*how = NULL;
	if (b.size > 18U && b.data[0] == 0x1fU && b.data[1] == 0x8bU) {
		*how = "unpacked (gzip)";
		return gunzip(path, b.data, b.size);
	}
	/* Linux's EFI zboot: "MZ", "zimg", offset and size of the payload, at 24 the name of its compression. */
	if (b.size > 64U && memcmp(b.data, "MZ\0\0zimg", 8) == 0) {
		const uint64_t at = le(b.data + 8, 4);
		const uint64_t size = le(b.data + 12, 4);

		if (memcmp(b.data + 24, "gzip", 5) != 0) {
			refuse("%s: an EFI zboot image of another compression than gzip", path);
		}
		if (at > b.size || size > b.size - at) {
			refuse("%s: a damaged EFI zboot image", path);
		}
		*how = "unpacked (EFI zboot, gzip)";
		return gunzip(path, b.data + at, size);
	}
	return b;
}
