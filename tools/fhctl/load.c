/* SPDX-License-Identifier: MIT */
/* A domain from files: its tree is sent and checked, and, once it is claimed, its files are sent piece by piece. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"
#include "tools/unpack/unpack.h"

#define PART (CTL_REQUEST_MAX - sizeof(struct ctl_head) - sizeof(struct ctl_tree))
/* The first piece asks whether the domain is ready for more; the others fill a frame. */
#define FIRST_PIECE 4096U
#define HEADS (sizeof(struct ctl_head) + sizeof(struct ctl_load))
#define PIECE (CTL_LOAD_MAX - HEADS)
#define BUSY_US 2000
#define BUSY_MAX 30000 /* a minute of them */

void step(const char *name)
{
	static const struct {
		const char *variable;
		int signal;
	} hooks[] = { { "FHCTL_DIE_AT", SIGKILL }, { "FHCTL_STOP_AT", SIGSTOP } };

	for (size_t i = 0; i < COUNT(hooks); i++) {
		const char *at = getenv(hooks[i].variable);

		if (at != NULL && strcmp(at, name) == 0) {
			kill(getpid(), hooks[i].signal);
		}
	}
}

static int open_file(const char *path, uint64_t *size)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		die(EXIT_USAGE, "%s: %s", path, fd < 0 ? strerror(errno) : "not a file with something in it");
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

static bool put(void *ctx, const unsigned char *data, size_t size)
{
	const int *fd = ctx;

	while (size != 0) {
		const ssize_t n = write(*fd, data, size);

		if (n < 0) {
			return false;
		}
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* What is to be read in place of a kernel's file: that, or what it holds, in memory. */
static int unpack(int fd, const char *path, uint64_t *size)
{
	unsigned char *data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	int memory = memfd_create("kernel", MFD_CLOEXEC); /* a path may be too long for a name */
	const char *how;
	const char *why;

	if (data == MAP_FAILED || memory < 0) {
		die(EXIT_USAGE, "%s: %s", path, strerror(errno));
	}
	why = unpack_kernel(data, *size, put, &memory, &how);
	if (why != NULL) {
		die(EXIT_USAGE, "%s: %s", path, why[0] != '\0' ? why : strerror(errno));
	}
	munmap(data, *size);
	close(how != NULL ? fd : memory);
	if (how == NULL) {
		return fd;
	}
	*size = (uint64_t)lseek(memory, 0, SEEK_CUR);
	if (*size == 0) {
		die(EXIT_USAGE, "%s: there is nothing in it when it is unpacked", path);
	}
	if (!opt_json) {
		printf("%s: %s, %s\n", path, how, size_text(*size));
	}
	return memory;
}

uint64_t file_open(struct files *f, size_t i)
{
	uint64_t size;
	struct stat st;

	if (f->fd[i] == 0) {
		f->fd[i] = open_file(f->path[i], &size);
		if (i == CTL_KERNEL) {
			f->fd[i] = unpack(f->fd[i], f->path[i], &size);
		}
	}
	if (fstat(f->fd[i], &st) != 0) {
		die(EXIT_USAGE, "%s: %s", f->path[i], strerror(errno));
	}
	return (uint64_t)st.st_size;
}

static size_t read_some(int fd, const char *path, void *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		const ssize_t n = read(fd, (char *)buf + done, size - done);

		if (n < 0) {
			die(EXIT_USAGE, "%s: %s", path, strerror(errno));
		}
		if (n == 0) {
			break;
		}
		done += (size_t)n;
	}
	return done;
}

static uint32_t send_tree(const char *path)
{
	static char tree[CTL_TREE_MAX + 1];
	static char part[sizeof(struct ctl_tree) + PART];
	uint64_t size;
	const int fd = open_file(path, &size);
	const size_t n = read_some(fd, path, tree, sizeof(tree));

	close(fd);
	if (n > CTL_TREE_MAX) {
		die(EXIT_USAGE, "%s: more than %u bytes: not a domain's tree", path, CTL_TREE_MAX);
	}
	if (strncmp(tree, "/dts-v1/", 8) == 0) {
		die(EXIT_USAGE, "%s: is source: dtc -O dtb -o FILE.dtb %s makes a tree of it", path, path);
	}
	for (size_t at = 0; at < n; at += PART) {
		const struct ctl_tree head = { .offset = (uint32_t)at };
		const size_t len = n - at < PART ? n - at : PART;
		uint32_t status;

		memcpy(part, &head, sizeof(head));
		memcpy(part + sizeof(head), tree + at, len);
		/* One session at a time has the room for a tree. */
		for (int tries = 0;
		     (status = request(CTL_TREE, part, (uint32_t)(sizeof(head) + len), NULL)) == CTL_EBUSY; tries++) {
			if (tries == BUSY_MAX) {
				break;
			}
			usleep(BUSY_US);
		}
		if (status != CTL_OK) {
			die_status(status, "%s", path);
		}
		step("tree");
	}
	return (uint32_t)n;
}

struct ctl_defined define_domain(struct files *f)
{
	struct ctl_define q = { 0 };
	struct ctl_defined got;
	struct frame reply;
	uint32_t status;

	port_open();
	for (size_t i = 0; i < CTL_FILES; i++) {
		if (f->path[i] != NULL) {
			q.size[i] = file_open(f, i);
			if (i == CTL_KERNEL && pread(f->fd[i], q.head, sizeof(q.head), 0) < 0) {
				die(EXIT_USAGE, "%s: %s", f->path[i], strerror(errno));
			}
		}
		f->size[i] = q.size[i];
	}
	q.tree_size = send_tree(f->tree);
	status = request(CTL_DEFINE, &q, sizeof(q), &reply);
	if (status != CTL_OK && reply.head.len >= sizeof(got)) {
		memcpy(&got, reply.data, sizeof(got));
		got.why[sizeof(got.why) - 1] = '\0';
		if (got.why[0] != '\0') {
			die(EXIT_REFUSED, "%s: refused: %s", f->tree, got.why);
		}
	}
	if (status != CTL_OK || reply.head.len < sizeof(got)) {
		die_status(status, "%s", f->tree);
	}
	memcpy(&got, reply.data, sizeof(got));
	return got;
}

/* One piece, its bytes behind the HEADS of a frame; returns where the hypervisor wants to go on. */
static uint64_t send_piece(const char *path, const struct ctl_load *q, size_t len, char *frame)
{
	struct ctl_load next;
	struct frame reply;

	memcpy(frame + sizeof(struct ctl_head), q, sizeof(*q));
	for (int tries = 0; tries < BUSY_MAX; tries++) {
		const uint32_t status = request_frame(CTL_LOAD, frame, (uint32_t)(sizeof(*q) + len), &reply);

		if (status != CTL_OK && status != CTL_EBUSY) {
			die_status(status, "%s", path);
		}
		if (reply.head.len < sizeof(next)) {
			die(EXIT_BROKEN, "the hypervisor does not tell where it is in %s", path);
		}
		memcpy(&next, reply.data, sizeof(next));
		if (status == CTL_OK || next.offset != q->offset) {
			return next.offset;
		}
		/* It is being placed and cleaned yet. */
		usleep(BUSY_US);
	}
	die(EXIT_BROKEN, "%s: the hypervisor takes no more of it", path);
}

void load_files(struct files *f, uint16_t dom, void (*told)(uint64_t bytes))
{
	static char frame[CTL_LOAD_MAX];

	for (size_t i = 0; i < CTL_FILES; i++) {
		struct ctl_load q = { .dom = dom, .file = (uint16_t)i, .flags = CTL_LOAD_QUIET };

		if (f->path[i] == NULL) {
			continue;
		}
		(void)file_open(f, i);
		while (q.offset < f->size[i]) {
			const uint64_t before = q.offset;
			size_t n;

			if (lseek(f->fd[i], (off_t)q.offset, SEEK_SET) < 0) {
				die(EXIT_USAGE, "%s: %s", f->path[i], strerror(errno));
			}
			n = q.offset == 0 ? FIRST_PIECE : PIECE;
			n = read_some(f->fd[i], f->path[i], frame + HEADS,
				      f->size[i] - q.offset < n ? f->size[i] - q.offset : n);
			if (n == 0) {
				die(EXIT_USAGE, "%s: has become shorter", f->path[i]);
			}
			q.offset = send_piece(f->path[i], &q, n, frame);
			told(q.offset - before);
			step("loading");
		}
		close(f->fd[i]);
		f->fd[i] = 0;
	}
}
