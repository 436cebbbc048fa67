/* SPDX-License-Identifier: MIT */
/* console: a domain's console on this terminal, until Ctrl-]. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

#define KEY_LEAVE '\x1d' /* Ctrl-] */

static struct termios before;
static bool raw;

static void restore(void)
{
	if (raw) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		raw = false;
	}
}

static void make_raw(void)
{
	struct termios t;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0) {
		return;
	}
	t = before;
	cfmakeraw(&t);
	raw = tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) == 0;
	atexit(restore);
}

static void show(void)
{
	struct frame f;

	while (next_event(0, &f)) {
		if (f.head.op == CTL_OUTPUT) {
			fwrite(f.data, 1, f.head.len, stdout);
		}
	}
	fflush(stdout);
}

/* The domain takes what it has room for; the rest again, while what it says is shown. */
static void type(const char *text, size_t len)
{
	while (len != 0) {
		const uint32_t part = len < 256 ? (uint32_t)len : 256U;
		struct ctl_input taken;
		struct frame reply;

		if (request(CTL_INPUT, text, part, &reply) != CTL_OK || reply.head.len < sizeof(taken)) {
			die(EXIT_BROKEN, "the console is not attached any more");
		}
		memcpy(&taken, reply.data, sizeof(taken));
		if (taken.taken > part) {
			die(EXIT_BROKEN, "the hypervisor took more than there was");
		}
		text += taken.taken;
		len -= taken.taken;
		if (taken.taken == 0) {
			show();
			usleep(10000);
		}
	}
}

/* false: the user, or the end of the input, leaves. */
static bool read_keys(void)
{
	char buf[256];
	const ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	const char *leave;

	if (n < 0) {
		return errno == EINTR || errno == EAGAIN;
	}
	leave = raw ? memchr(buf, KEY_LEAVE, (size_t)n) : NULL;
	type(buf, leave != NULL ? (size_t)(leave - buf) : (size_t)n);
	return n != 0 && leave == NULL;
}

int cmd_console(int argc, char **argv)
{
	static const char *const options[] = { "seconds=", NULL };
	struct ctl_domain_req q = { .action = 1 };
	struct ctl_domain d;
	const char *value;
	int ms = -1;
	uint32_t status;

	while (next_option(&argc, argv, options, &value) == 0) {
		ms = atoi(value) * 1000;
	}
	want_operands(argc, argv, 1, 1);
	d = find_domain(argv[1]);
	q.dom = d.id;
	status = request(CTL_ATTACH, &q, sizeof(q), NULL);
	if (status == CTL_EEXIST) {
		die(EXIT_REFUSED, "console %s: another session has it", d.name);
	}
	if (status != CTL_OK) {
		die_status(status, "console %s", d.name);
	}
	if (isatty(STDIN_FILENO)) {
		fprintf(stderr, "%s: attached; Ctrl-] leaves\n", d.name);
	}
	make_raw();
	for (;;) {
		struct pollfd p[2] = { { .fd = port_fd(), .events = POLLIN },
				       { .fd = STDIN_FILENO, .events = POLLIN } };

		show();
		if (poll(p, 2, ms) == 0 || ((p[1].revents & (POLLIN | POLLHUP)) != 0 && !read_keys())) {
			break;
		}
	}
	/* What the domain answers to the last keys, when they came from a file. */
	if (!raw) {
		struct frame f;

		while (next_event(500, &f)) {
			if (f.head.op == CTL_OUTPUT) {
				fwrite(f.data, 1, f.head.len, stdout);
			}
		}
	}
	restore();
	fprintf(stderr, "\n%s: detached\n", d.name);
	return EXIT_GOOD;
}
