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

#define UNTIL_MAX 256
#define UNTIL_MS 10000
#define KEY_LEAVE '\x1d' /* Ctrl-] */

static struct termios before;
static bool raw;
static const char *until; /* leaves when the domain has said it; NULL: not */
static bool found;

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

/* Prints what it says; found: --until's text was among it, perhaps with its beginning in an earlier frame. */
static void put(const struct frame *f)
{
	static char said[UNTIL_MAX + CTL_REPLY_MAX];
	static size_t kept;

	if (f->head.op != CTL_OUTPUT) {
		return;
	}
	fwrite(f->data, 1, f->head.len, stdout);
	if (until != NULL) {
		const size_t len = strlen(until);
		const size_t all = kept + f->head.len;

		memcpy(said + kept, f->data, f->head.len);
		found = found || memmem(said, all, until, len) != NULL;
		kept = all < len ? all : len;
		memmove(said, said + all - kept, kept);
	}
}

static void show(void)
{
	struct frame f;

	while (next_event(0, &f)) {
		put(&f);
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
	static const char *const options[] = { "seconds=", "until=", NULL };
	struct ctl_domain_req q = { .action = 1 };
	struct ctl_domain d;
	const char *value;
	bool keys = true;
	int ms = -1;
	uint32_t status;
	int o;

	while ((o = next_option(&argc, argv, options, &value)) >= 0) {
		ms = o == 0 ? (int)(parse_number("seconds", value, 0, 86400) * 1000) : ms;
		until = o == 1 ? value : until;
	}
	if (until != NULL && strlen(until) > UNTIL_MAX) {
		die(EXIT_USAGE, "console: --until takes %d characters at most", UNTIL_MAX);
	}
	ms = until != NULL && ms < 0 ? UNTIL_MS : ms;
	want_operands(argc, argv, 1, 1);
	d = find_domain(argv[1]);
	q.dom = d.id;
	q.gen = d.gen;
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
		if (found || poll(p, keys ? 2 : 1, ms) == 0) {
			break;
		}
		keys = keys && ((p[1].revents & (POLLIN | POLLHUP)) == 0 || read_keys());
		if (!keys && (raw || until == NULL)) {
			break;
		}
	}
	/* What the domain answers to the last keys, when they came from a file. */
	if (!raw && until == NULL) {
		struct frame f;

		while (next_event(500, &f)) {
			put(&f);
		}
	}
	restore();
	if (until != NULL && !found) {
		die(EXIT_REFUSED, "console %s: it did not say '%s'", d.name, until);
	}
	fprintf(stderr, "\n%s: detached\n", d.name);
	return EXIT_GOOD;
}
