/* SPDX-License-Identifier: MIT */
// SOURCES: core/log/*.c core/sync/*.c
/* Formats against the C library's, the ring and its cursors, the synchronous path, panic. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/log/log.h"
#include "drivers/uart/uart.h"
#include "fake_machine.h"

static char wire[1 << 20];
static size_t wire_len;

void uart_putc_sync(char c)
{
	assert_true(wire_len + 1U < sizeof(wire));
	wire[wire_len++] = c;
	wire[wire_len] = '\0';
}

static jmp_buf stopped;
static unsigned int reason;

void fake_brk(unsigned int imm)
{
	reason = imm;
	longjmp(stopped, 1);
}

static void wire_clear(void)
{
	wire_len = 0;
	wire[0] = '\0';
}

#define SAME(...)                                                                                                      \
	do {                                                                                                           \
		char ours[128], theirs[128];                                                                           \
		const size_t n = fmt_line(ours, sizeof(ours), __VA_ARGS__);                                            \
		(void)snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                                   \
		assert_string_equal(ours, theirs);                                                                     \
		assert_int_equal(n, strlen(theirs));                                                                   \
	} while (0)

static void formats_are_the_c_librarys(void **state)
{
	(void)state;
	SAME("plain");
	SAME("%d %d %d", 0, INT_MAX, INT_MIN);
	SAME("%i %u %x", -1, UINT_MAX, UINT_MAX);
	SAME("%ld %ld %lu %lx", LONG_MAX, LONG_MIN, ULONG_MAX, ULONG_MAX);
	SAME("%lld %llu %zu %jx", LLONG_MIN, ULLONG_MAX, SIZE_MAX, UINTMAX_MAX);
	SAME("[%5d] [%-5d] [%05d] [%05d]", 42, 42, 42, -42);
	SAME("[%2d] [%08x] [%-8x] [%1x]", 12345, 0xabcU, 0xabcU, 0xabcU);
	SAME("[%s] [%8s] [%-8s] [%.2s] [%6.2s] [%.0s]", "abc", "abc", "abc", "abc", "abc", "abc");
	SAME("%c%c [%3c] [%-3c]", 'a', 'b', 'c', 'd');
	SAME("100%%");
	SAME("%p", (void *)0x1234abcd);
	SAME("%10lu|%-10lu|%010lu", 7UL, 7UL, 7UL);
}

/* A format that is only known at run time, so that the compiler lets it through. */
static size_t any_format(char *buf, size_t size, const char *format, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, format);
	n = fmt_vline(buf, size, format, ap);
	va_end(ap);
	return n;
}

static void strings_need_no_end_within_the_precision(void **state)
{
	const char two[2] = { 'a', 'b' };
	char buf[8];

	(void)state;
	assert_int_equal(fmt_line(buf, sizeof(buf), "%.2s", two), 2);
	assert_string_equal(buf, "ab");
	assert_int_equal(any_format(buf, sizeof(buf), "%s", (char *)NULL), 6);
	assert_string_equal(buf, "(null)");
}

static void unknown_formats_are_shown_as_they_stand(void **state)
{
	char buf[32];

	(void)state;
	assert_int_equal(any_format(buf, sizeof(buf), "a %d b %f %d", 1, 2, 3), 11);
	assert_string_equal(buf, "a 1 b %f %d");
	assert_int_equal(any_format(buf, sizeof(buf), "end %"), 5);
	assert_string_equal(buf, "end %");
	assert_int_equal(any_format(buf, sizeof(buf), "end %-08l"), 9);
	assert_string_equal(buf, "end %-08l");
}

static void what_does_not_fit_is_cut(void **state)
{
	char whole[64];
	char part[64];

	(void)state;
	(void)fmt_line(whole, sizeof(whole), "%8s|%08x|%-6d|%lu", "abc", 0x12U, -5, 123456789012UL);
	for (size_t size = 1; size < sizeof(part); size++) {
		memset(part, '#', sizeof(part));
		const size_t n = fmt_line(part, size, "%8s|%08x|%-6d|%lu", "abc", 0x12U, -5, 123456789012UL);

		assert_int_equal(n, size - 1U < strlen(whole) ? size - 1U : strlen(whole));
		assert_memory_equal(part, whole, n);
		assert_int_equal(part[n], '\0');
		for (size_t i = n + 1U; i < sizeof(part); i++) {
			assert_int_equal(part[i], '#');
		}
	}
	assert_int_equal(fmt_line(part, 0, "abc"), 0);
	assert_int_equal(any_format(part, sizeof(part), "%99999999999999999999d", 1), sizeof(part) - 1U);
}

static void early_lines_go_to_the_wire_at_once(void **state)
{
	(void)state;
	wire_clear();
	log_info("boot: cpus=%u", 4U);
	assert_string_equal(wire, "[freehold] boot: cpus=4\r\n");
	log_sync(false);
	wire_clear();
	log_info("boot: later");
	assert_string_equal(wire, "");
	log_sync(true);
}

static void levels_are_dropped(void **state)
{
	struct log_cursor c;

	(void)state;
	log_cursor_tail(&c, 0);
	log_print((enum log_level)(CONFIG_LOG_LEVEL + 1), "x");
	assert_false(log_readable(&c));
	log_print((enum log_level)CONFIG_LOG_LEVEL, "y");
	assert_true(log_readable(&c));
}

static void a_cursor_reads_what_came(void **state)
{
	struct log_cursor c;
	struct log_line line;

	(void)state;
	log_sync(false);
	log_cursor_tail(&c, 0);
	assert_false(log_read(&c, &line));
	fake_cpu = 3;
	fake_counter = 77;
	log_err("one");
	fake_cpu = 0;
	output_pending = 0;
	log_warn("two %d", 2);
	assert_int_equal(output_pending, OUTPUT_NEW);
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text, "one");
	assert_int_equal(line.level, LOG_ERROR);
	assert_int_equal(line.cpu, 3);
	assert_int_equal(line.time, 77);
	assert_int_equal(line.lost, 0);
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text, "two 2");
	assert_int_equal(line.len, 5);
	assert_false(log_read(&c, &line));
	log_cursor_tail(&c, 1);
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text, "two 2");
}

/* Lines of all lengths, many times the ring: a reader that keeps up sees all, a lazy one the last, in order. */
static void the_ring_wraps(void **state)
{
	static char text[LOG_LINE_MAX + 40U];
	struct log_cursor quick, lazy;
	struct log_line line;
	uint32_t seen = 0;
	uint64_t next;

	(void)state;
	log_sync(false);
	log_cursor_tail(&quick, 0);
	log_cursor_tail(&lazy, 0);
	for (uint32_t i = 0; i < 5000U; i++) {
		const size_t len = i % (sizeof(text) - 1U);

		memset(text, 'a' + (int)(i % 26U), len);
		text[len] = '\0';
		log_info("%u:%s", i, text);
		assert_true(log_read(&quick, &line));
		assert_int_equal(line.lost, 0);
		char want[2U * LOG_LINE_MAX];
		(void)snprintf(want, sizeof(want), "%u:%s", i, text);
		want[LOG_LINE_MAX - 1U] = '\0';
		assert_string_equal(line.text, want);
		assert_false(log_readable(&quick));
	}
	assert_true(log_read(&lazy, &line));
	assert_true(line.lost > 4000U && line.lost < 5000U);
	next = line.lost;
	do {
		assert_int_equal(strtoul(line.text, NULL, 10), next);
		next++;
		seen++;
	} while (log_read(&lazy, &line));
	assert_int_equal(next, 5000);
	log_cursor_tail(&lazy, UINT32_MAX);
	for (next = 0; log_read(&lazy, &line); next++) {
	}
	assert_int_equal(next, seen);
	/* Each is found by its number alone; the shortest lines are among them. */
	log_cursor_tail(&quick, 0);
	for (uint32_t i = 0; i < 5000U; i++) {
		log_info("%s", "ab" + i % 3U);
	}
	for (uint64_t i = 0; i < 5000U; i++) {
		struct log_cursor c = { quick.next + i, 0 };

		assert_true(log_read(&c, &line));
		if (line.lost == 0U) {
			assert_int_equal(c.next, quick.next + i + 1U);
			assert_int_equal(line.len, 2U - i % 3U);
		}
		assert_true(line.lost < 2000U);
	}
}

static void guests_are_limited(void **state)
{
	struct log_cursor c;
	struct log_line line;
	uint32_t lines = 0;

	(void)state;
	log_sync(false);
	fake_counter = UINT64_C(100) * 1000000000U;
	log_cursor_tail(&c, 0);
	for (uint32_t i = 0; i < 50U; i++) {
		log_guest(2, "guest: dom=2 n=%u", i);
	}
	log_guest(3, "guest: dom=3");
	log_guest(DOMID_NONE, "guest: none");
	while (log_read(&c, &line)) {
		lines++;
	}
	assert_int_equal(lines, 12);
	fake_counter += 1000000000U;
	log_guest(2, "guest: again");
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text,
			    "log: dom=2 lines=40: dropped in a second (a guest's above 10, its life's above 50)");
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text, "guest: again");
}

/* Lines of a domain's life: more of them, and at boot all. */
static void lives_are_limited(void **state)
{
	struct log_cursor c;
	struct log_line line;
	uint32_t lines = 0;

	(void)state;
	fake_counter = UINT64_C(200) * 1000000000U;
	log_sync(true);
	log_cursor_tail(&c, 0);
	log_life(LOG_ERROR, 5, "config: dom=5: refused");
	assert_true(log_read(&c, &line));
	assert_int_equal(line.level, LOG_ERROR);
	for (uint32_t i = 0; i < 60U; i++) {
		log_life(LOG_INFO, 4, "domain: dom=4 n=%u", i);
	}
	log_sync(false);
	log_cursor_tail(&c, 60);
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text, "domain: dom=4 n=0");
	log_cursor_tail(&c, 0);
	log_life(LOG_ERROR, 5, "config: dom=5: refused");
	assert_true(log_read(&c, &line));
	assert_int_equal(line.level, LOG_WARN);
	for (uint32_t i = 0; i < 60U; i++) {
		log_life(LOG_INFO, 4, "domain: dom=4 n=%u", i);
		log_guest(4, "guest: dom=4 n=%u", i);
	}
	while (log_read(&c, &line)) {
		lines++;
	}
	assert_int_equal(lines, 60);
	fake_counter += 1000000000U;
	log_life(LOG_WARN, 4, "domain: dom=4");
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text,
			    "log: dom=4 lines=60: dropped in a second (a guest's above 10, its life's above 50)");
	assert_true(log_read(&c, &line));
	assert_int_equal(line.level, LOG_WARN);
}

/* The last test: a crash is for good. */
static void panic_has_the_wire_alone(void **state)
{
	(void)state;
	log_sync(false);
	wire_clear();
	fake_cpu = 2;
	if (setjmp(stopped) == 0) {
		panic("ledger: %s", "broken");
	}
	assert_int_equal(reason, FH_BRK_PANIC);
	assert_string_equal(wire, "\r\n[freehold] panic: cpu=2: ledger: broken\r\n");
	wire_clear();
	log_err("crash: x0");
	assert_string_equal(wire, "[freehold] crash: x0\r\n");
	wire_clear();
	fake_cpu = 1;
	log_err("others are silent");
	reason = 0;
	if (setjmp(stopped) == 0) {
		panic("second");
	}
	assert_int_equal(reason, FH_BRK_PANIC);
	assert_string_equal(wire, "");
	fake_cpu = 2;
	assert_true(log_crash_begin());
}

/* A client of the control ports says where it wants to read on. */
static void a_cursor_ahead_of_all_finds_nothing(void **state)
{
	struct log_cursor c = { 0 };
	struct log_line line;

	(void)state;
	log_info("one");
	log_cursor_tail(&c, 0);
	const uint64_t next = c.next;

	c.next = next + 3U;
	assert_false(log_read(&c, &line));
	c.next = UINT64_MAX;
	assert_false(log_read(&c, &line));
	c.next = next - 1U;
	assert_true(log_read(&c, &line));
	assert_string_equal(line.text, "one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_the_c_librarys),
		cmocka_unit_test(strings_need_no_end_within_the_precision),
		cmocka_unit_test(unknown_formats_are_shown_as_they_stand),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(early_lines_go_to_the_wire_at_once),
		cmocka_unit_test(levels_are_dropped),
		cmocka_unit_test(a_cursor_reads_what_came),
		cmocka_unit_test(a_cursor_ahead_of_all_finds_nothing),
		cmocka_unit_test(the_ring_wraps),
		cmocka_unit_test(guests_are_limited),
		cmocka_unit_test(lives_are_limited),
		cmocka_unit_test(panic_has_the_wire_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
