/* SPDX-License-Identifier: MIT */
/* The control port: found by its name in sysfs, since only udev makes links, and opened by one program at a time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

#define SYSFS_PORTS "/sys/class/virtio-ports"
#define ANSWER_MS 10000
#define EVENTS_MAX 256

static int fd = -1;
static uint32_t last_id;
static struct ctl_hello hello;
static char buffer[CTL_REPLY_MAX];

/* Events that came while a reply was waited for. */
static struct kept {
	struct ctl_head head;
	char data[CTL_REPLY_MAX];
} * kept[EVENTS_MAX];
static size_t nr_kept;
static uint32_t nr_dropped; /* for which there was no room behind them */

static bool is_control(const char *port)
{
	char path[512];
	char name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), SYSFS_PORTS "/%s/name", port);
	f = fopen(path, "re");
	if (f == NULL) {
		return false;
	}
	if (fgets(name, sizeof(name), f) == NULL) {
		name[0] = '\0';
	}
	fclose(f);
	return strncmp(name, CTL_PORT_NAME, strlen(CTL_PORT_NAME)) == 0;
}

/* The first one that is free; *busy: there were ports, but none was. */
static int open_any(bool *busy)
{
	DIR *dir = opendir(SYSFS_PORTS);
	const struct dirent *e;
	int found = -1;

	while (dir != NULL && found < 0 && (e = readdir(dir)) != NULL) {
		char path[512];

		if (e->d_name[0] == '.' || !is_control(e->d_name)) {
			continue;
		}
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		found = open(path, O_RDWR | O_CLOEXEC);
		*busy = *busy || (found < 0 && errno == EBUSY);
		if (found < 0 && errno == EACCES) {
			die(EXIT_NO_PORT, "%s: %s; run as root", path, strerror(errno));
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return found;
}

static void wait_for(short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, timeout_ms) == 0) {
		die(EXIT_BROKEN, "the hypervisor does not answer");
	}
}

static void read_all(void *to, size_t len, int timeout_ms)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n;

		wait_for(POLLIN, timeout_ms);
		n = read(fd, (char *)to + done, len - done);
		if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
			continue;
		}
		if (n <= 0) {
			die(EXIT_BROKEN, "the control port was closed: %s", n < 0 ? strerror(errno) : "end of file");
		}
		done += (size_t)n;
	}
}

static void write_all(const void *from, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = write(fd, (const char *)from + done, len - done);

		if (n < 0 && errno != EINTR && errno != EAGAIN) {
			die(EXIT_BROKEN, "writing to the control port: %s", strerror(errno));
		}
		done += n > 0 ? (size_t)n : 0U;
	}
}

static void read_frame(struct frame *f, int timeout_ms)
{
	read_all(&f->head, sizeof(f->head), timeout_ms);
	if (f->head.magic != CTL_MAGIC || f->head.len > sizeof(buffer)) {
		die(EXIT_BROKEN, "the hypervisor speaks another protocol (0x%08x); this is version 1", f->head.magic);
	}
	read_all(buffer, f->head.len, ANSWER_MS);
	f->data = buffer;
}

static bool is_event(const struct frame *f)
{
	return f->head.id == 0 && f->head.op >= CTL_EVENT;
}

static void keep(const struct frame *f)
{
	struct kept *k = nr_kept < EVENTS_MAX && nr_dropped == 0 ? malloc(sizeof(*k)) : NULL;

	if (k == NULL) {
		nr_dropped++;
	} else {
		k->head = f->head;
		memcpy(k->data, f->data, f->head.len);
		kept[nr_kept++] = k;
	}
}

uint32_t request_frame(uint16_t op, void *frame, uint32_t len, struct frame *reply)
{
	const struct ctl_head head = { .magic = CTL_MAGIC, .len = len, .id = ++last_id, .op = op };
	struct frame mine;

	memcpy(frame, &head, sizeof(head));
	write_all(frame, sizeof(head) + len);
	for (;;) {
		read_frame(&mine, ANSWER_MS);
		if (!is_event(&mine)) {
			break;
		}
		keep(&mine);
	}
	if (mine.head.status == CTL_EPROTO || mine.head.id != head.id || mine.head.op != op) {
		die(EXIT_BROKEN, "the hypervisor refused a frame");
	}
	if (reply != NULL) {
		*reply = mine;
	}
	return mine.head.status;
}

uint32_t request(uint16_t op, const void *data, uint32_t len, struct frame *reply)
{
	char out[CTL_REQUEST_MAX];

	if (len > sizeof(out) - sizeof(struct ctl_head)) {
		die(EXIT_USAGE, "the request is too long");
	}
	memcpy(out + sizeof(struct ctl_head), data, len);
	return request_frame(op, out, len, reply);
}

bool next_event(int timeout_ms, struct frame *event)
{
	static struct kept now;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (nr_kept != 0) {
		now = *kept[0];
		free(kept[0]);
		memmove(kept, kept + 1, --nr_kept * sizeof(kept[0]));
		*event = (struct frame){ now.head, now.data };
		return true;
	}
	if (nr_dropped != 0) {
		const struct ctl_event lost = { .type = CTL_EV_LOST, .dom = CTL_DOM_NONE, .value = nr_dropped };

		nr_dropped = 0;
		memcpy(now.data, &lost, sizeof(lost));
		*event = (struct frame){ { .op = CTL_EVENT, .len = sizeof(lost) }, now.data };
		return true;
	}
	if (poll(&p, 1, timeout_ms) <= 0) {
		return false;
	}
	read_frame(event, ANSWER_MS);
	return is_event(event);
}

int port_fd(void)
{
	return fd;
}

const struct ctl_hello *port_open(void)
{
	bool busy = false;
	struct frame reply;

	if (fd >= 0) {
		return &hello;
	}
	fd = open_any(&busy);
	if (fd < 0) {
		die(EXIT_NO_PORT, busy ? "all control ports are in use by other programs" :
					 "no control port: is this a control domain, and is virtio_console loaded?");
	}
	if (request(CTL_HELLO, "", 0, &reply) != CTL_OK || reply.head.len < sizeof(hello)) {
		die(EXIT_BROKEN, "the hypervisor does not say hello");
	}
	memcpy(&hello, reply.data, sizeof(hello));
	return &hello;
}

uint64_t counter_now(void)
{
	struct ctl_hello h;
	struct frame reply;

	if (request(CTL_HELLO, "", 0, &reply) != CTL_OK || reply.head.len < sizeof(h)) {
		die(EXIT_BROKEN, "the hypervisor does not say hello");
	}
	memcpy(&h, reply.data, sizeof(h));
	return h.counter;
}

bool sees_all(void)
{
	const struct ctl_hello *h = port_open();

	return (h->manages | 1ull << h->self) == UINT64_MAX;
}

void *fetch_list(uint32_t kind, size_t size, size_t *nr)
{
	struct ctl_list at = { .kind = kind };
	char *all = NULL;
	size_t total = 0;

	port_open();
	for (;;) {
		struct frame reply;
		const uint32_t status = request(CTL_LIST, &at, sizeof(at), &reply);

		if (status != CTL_OK) {
			die_status(status, "%s", command_name());
		}
		memcpy(&at, reply.data, sizeof(at));
		if (reply.head.len != sizeof(at) + at.nr * size) {
			die(EXIT_BROKEN, "the hypervisor's entries have another size: fhctl is older or newer");
		}
		all = realloc(all, (total + at.nr) * size + 1);
		if (all == NULL) {
			die(EXIT_BROKEN, "out of memory");
		}
		memcpy(all + total * size, (const char *)reply.data + sizeof(at), at.nr * size);
		total += at.nr;
		if ((at.kind & CTL_LIST_END) != 0) {
			break;
		}
	}
	*nr = total;
	return all;
}
