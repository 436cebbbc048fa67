/* SPDX-License-Identifier: MIT */
/* Reading what goes into a payload: files, trees compiled by dtc, kernels unpacked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/fhpack/fhpack.h"
#include "tools/unpack/unpack.h"

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

/* A blob that grows. */
struct growing {
	struct blob b;
	size_t room;
	const char *path;
};

static bool put(void *ctx, const unsigned char *data, size_t size)
{
	struct growing *g = ctx;

	if (g->b.size + size > BLOB_MAX) {
		refuse("%s: 4 GiB or more when unpacked", g->path);
	}
	while (size != 0U) {
		const size_t n = MIN(grow(&g->b, &g->room, g->path), size);

		memcpy(g->b.data + g->b.size, data, n);
		g->b.size += n;
		data += n;
		size -= n;
	}
	return true;
}

struct blob read_kernel(const char *path, struct blob b, const char **how)
{
	struct growing g = { .path = path };
	const char *why = unpack_kernel(b.data, b.size, put, &g, how);

	if (why != NULL) {
		refuse("%s: %s", path, why);
	}
	return *how != NULL ? g.b : b;
}
