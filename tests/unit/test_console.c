/* SPDX-License-Identifier: MIT */
// SOURCES: core/console/*.c core/vuart/*.c core/log/*.c core/sync/*.c
/* The multiplexer: the focus raw, others by lines, turns, pauses, keys, a UART that is slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/console/console.h"
#include "core/console/console_internal.h"
#include "fake_uart.h"

#define FRONT "\x1b[32m[front]\x1b[0m "
#define REAR "\x1b[33m[rear]\x1b[0m "
#define SIDE "[side] "

static struct vuart front, rear, side, later;
static char later_name[8];

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	(void)g;
	(void)vcpu;
	(void)intid;
	(void)level;
}

static void say(struct vuart *v, const char *text)
{
	for (; *text != '\0'; text++) {
		assert_int_equal(vuart_ops.write(v, 0, 0, 1, (uint8_t)*text), VDEV_OK);
	}
}

/* What the machine does: polls after exits, and takes the transmit interrupt while it is on. */
static void settle(void)
{
	for (uint32_t i = 0; i < 10000U && (fake_tx_irq || (output_pending & ~OUTPUT_MONITOR) != 0U); i++) {
		const uint32_t before = output_pending;

		if (fake_tx_irq) {
			console_irq();
		} else {
			console_poll();
		}
		if (!fake_tx_irq && before == output_pending && before == OUTPUT_TIMED) {
			break;
		}
	}
}

static void pass(uint64_t ms)
{
	fake_counter += ms * MS;
	settle();
}

static void type(const char *text)
{
	typed = text;
	console_irq();
	assert_string_equal(typed, "");
	settle();
}

static uint32_t received(struct vuart *v, char *buf)
{
	uint32_t n = 0;
	uint64_t val;

	while (v->rx_in != v->rx_out) {
		assert_int_equal(vuart_ops.read(v, 0, 0, 1, &val), VDEV_OK);
		buf[n++] = (char)val;
	}
	buf[n] = '\0';
	return n;
}

static int setup(void **state)
{
	const struct console_source sources[] = {
		{ "front", 32, &front }, { "none", 31, NULL },      { "rear", 33, &rear },
		{ "side", 0, &side },    { later_name, 0, &later },
	};

	(void)state;
	memset(later_name, 0, sizeof(later_name));
	vuart_init(&later, NULL, 33);
	vuart_init(&front, NULL, 33);
	vuart_init(&rear, NULL, 33);
	vuart_init(&side, NULL, 33);
	memset(&con, 0, sizeof(con));
	lock_init(&con.lock, RANK_CONSOLE);
	con.owner = NO_SOURCE;
	fake_counter = 1000U * MS;
	fake_room = SIZE_MAX;
	fake_tx_irq = false;
	output_pending = 0;
	typed = "";
	console_init(sources, 5);
	settle();
	wire_clear();
	return 0;
}

/* A slot without a domain is as none; once there is one it has its key, and is shown. */
static void a_domain_that_comes_later(void **state)
{
	(void)state;
	assert_false(console_focus(4));
	strcpy(later_name, "later");
	say(&later, "hello\n");
	settle();
	assert_string_equal(wire, "[later] hello\r\n");
	assert_true(console_focus(4));
	type("x");
	assert_int_equal(vuart_rx_level(&later), 1);
	memset(later_name, 0, sizeof(later_name));
	assert_false(console_focus(4));
}

static void the_start_tells_the_keys(void **state)
{
	(void)state;
	log_info("more");
	settle();
	assert_string_equal(wire, "[freehold] more\r\n");
	assert_int_equal(console_focused(), 0);
	assert_false(console_pending());
}

static void the_focus_is_raw(void **state)
{
	(void)state;
	say(&front, "login: ");
	settle();
	assert_string_equal(wire, "login: ");
	say(&front, "\x1b[2J\r\n~ # ");
	settle();
	assert_string_equal(wire, "login: \x1b[2J\r\n~ # ");
}

static void others_come_by_lines(void **state)
{
	(void)state;
	say(&rear, "boo");
	settle();
	assert_string_equal(wire, "");
	say(&rear, "ting\r\nnext");
	settle();
	assert_string_equal(wire, REAR "booting\r\n");
	say(&side, "plain\n");
	settle();
	assert_string_equal(wire, REAR "booting\r\n" SIDE "plain\r\n");
}

static void unfinished_lines_come_after_a_while(void **state)
{
	(void)state;
	say(&rear, "login: ");
	settle();
	assert_true(console_pending());
	assert_int_equal(console_wake_at(), fake_counter + 200U * MS);
	pass(199);
	assert_string_equal(wire, "");
	pass(1);
	assert_string_equal(wire, REAR "login: ");
	assert_false(console_pending());
	/* It goes on where it stands, and who comes after it starts a line. */
	say(&rear, "root");
	settle();
	assert_string_equal(wire, REAR "login: root");
	pass(60);
	say(&side, "x\n");
	settle();
	assert_string_equal(wire, REAR "login: root\r\n" SIDE "x\r\n");
	say(&rear, "\r\n# \n");
	settle();
	assert_string_equal(wire, REAR "login: root\r\n" SIDE "x\r\n" REAR "\r\n" REAR "# \r\n");
}

static void a_prompt_is_interrupted_after_a_pause(void **state)
{
	(void)state;
	say(&front, "~ # ls");
	say(&rear, "line\n");
	settle();
	assert_string_equal(wire, "~ # ls");
	assert_int_equal(console_wake_at(), fake_counter + 50U * MS);
	pass(50);
	assert_string_equal(wire, "~ # ls\r\n" REAR "line\r\n");
	say(&front, "\r\nfile\r\n");
	settle();
	assert_string_equal(wire, "~ # ls\r\n" REAR "line\r\n\r\nfile\r\n");
}

static void an_endless_line_gives_way(void **state)
{
	const char *first;

	(void)state;
	for (uint32_t i = 0; i < 1000U; i++) {
		say(&front, "x");
	}
	say(&rear, "line\n");
	settle();
	first = strstr(wire, "\r\n" REAR "line\r\n");
	assert_non_null(first);
	assert_true(first - wire >= 512 && first - wire < 512 + 64);
	assert_int_equal(wire_len, 1000U + strlen("\r\n" REAR "line\r\n"));
}

static void a_trickle_gives_way(void **state)
{
	(void)state;
	say(&front, "x");
	settle();
	say(&rear, "line\n");
	for (uint32_t i = 0; i < 26U; i++) {
		assert_null(strstr(wire, "line"));
		say(&front, "x");
		pass(40);
	}
	assert_non_null(strstr(wire, "\r\n" REAR "line\r\n"));
}

static void turns_are_by_lines(void **state)
{
	uint32_t balance = 0;
	uint32_t fronts = 0;
	uint32_t rears = 0;

	(void)state;
	for (uint32_t i = 0; i < 100U; i++) {
		say(&front, "front line\r\n");
		say(&rear, "rear line\r\n");
		log_info("log line");
	}
	settle();
	for (const char *p = wire; *p != '\0'; p = strchr(p, '\n') + 1) {
		fronts += strncmp(p, "front line", 10) == 0 ? 1U : 0U;
		rears += strncmp(p, REAR "rear line", strlen(REAR) + 9U) == 0 ? 1U : 0U;
		balance = fronts > rears ? fronts - rears : rears - fronts;
		assert_true(balance <= 1U);
	}
	assert_int_equal(fronts, 100);
	assert_int_equal(rears, 100);
}

static void others_cannot_move_the_cursor(void **state)
{
	(void)state;
	say(&rear, "\x1b[2J\x1b[1;31mred\x1b[0m\a \x1b]0;title\atext\b\b\x1b(B\ttab\x7f\x1b[\nlast\n");
	settle();
	assert_string_equal(wire, REAR "red textB\ttab\r\n" REAR "last\r\n");
}

static void a_slow_uart_is_not_waited_for(void **state)
{
	size_t calls = 0;

	(void)state;
	for (uint32_t i = 0; i < 20U; i++) {
		say(&front, "0123456789abcdef\r\n");
	}
	fake_room = 16;
	console_poll();
	assert_int_equal(wire_len, 16);
	assert_true(fake_tx_irq);
	console_poll(); /* the interrupt will come: nothing to do here */
	assert_int_equal(wire_len, 16);
	while (fake_tx_irq) {
		fake_room = 16;
		console_irq();
		calls++;
		assert_true(calls < 100U);
	}
	assert_int_equal(wire_len, 20U * 18U);
	assert_false(console_pending());
}

static void a_call_moves_a_bounded_number_of_bytes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100U; i++) {
		say(&front, "0123456789abcdef\r\n");
	}
	console_poll();
	assert_int_equal(wire_len, 64);
	console_irq();
	assert_int_equal(wire_len, 128);
}

/* Bytes that are not shown cost time too: a call has a bound for them, and wants to be called again at once. */
static void what_is_not_shown_is_bounded(void **state)
{
	uint32_t taken;

	(void)state;
	for (uint32_t i = 0; i < VUART_TX_SIZE; i++) {
		say(&rear, "\x02");
	}
	console_irq();
	taken = VUART_TX_SIZE - vuart_tx_level(&rear);
	assert_true(taken > 0U && taken <= 16U * 64U);
	assert_false(fake_tx_irq);
	assert_true((output_pending & OUTPUT_NEW) != 0U);
	assert_true(console_wake_at() <= fake_counter);
	settle();
	for (uint32_t i = 0; i < 256U / PIECE_MAX; i++) {
		pass(200); /* what is left is no line, nor a long one */
	}
	assert_int_equal(vuart_tx_level(&rear), 0);
	assert_int_equal(wire_len, 0);
}

static void another_cpu_does_not_wait(void **state)
{
	(void)state;
	fake_cpu = 1;
	lock_acquire(&con.lock);
	fake_cpu = 0;
	say(&front, "x");
	console_poll();
	assert_int_equal(wire_len, 0);
	assert_true(console_pending());
	fake_cpu = 1;
	lock_release(&con.lock);
	fake_cpu = 0;
	console_poll();
	assert_string_equal(wire, "x");
}

static void keys_go_to_the_focus(void **state)
{
	char got[64];

	(void)state;
	type("ls\r");
	assert_int_equal(received(&front, got), 3);
	assert_string_equal(got, "ls\r");
	type("\x01"
	     "3id\r");
	assert_int_equal(received(&front, got), 0);
	assert_int_equal(received(&rear, got), 3);
	assert_int_equal(console_focused(), 2);
	assert_string_equal(wire, "[freehold] console: rear (Ctrl-A ? for help)\r\n");
	type("\x01n");
	assert_int_equal(console_focused(), 3);
	type("\x01n");
	assert_int_equal(console_focused(), CONSOLE_MONITOR);
	type("\x01n");
	assert_int_equal(console_focused(), 0);
	type("\x01"
	     "a\x01\x01");
	assert_int_equal(received(&front, got), 2);
	assert_string_equal(got, "\x01\x01");
}

static void unknown_targets_are_refused(void **state)
{
	(void)state;
	type("\x01"
	     "2");
	assert_int_equal(console_focused(), 0);
	assert_non_null(strstr(wire, "no such domain"));
	type("\x01"
	     "8");
	assert_int_equal(console_focused(), 0);
	assert_false(console_focus(1));
	assert_false(console_focus(99));
	wire_clear();
	type("\x01?");
	assert_non_null(strstr(wire, "Ctrl-A 1  front (here)\r\n"));
	assert_non_null(strstr(wire, "Ctrl-A 3  rear\r\n"));
	assert_null(strstr(wire, "none"));
}

static void the_focus_changes_between_lines(void **state)
{
	(void)state;
	say(&rear, "line\r\nrear:~# ");
	settle();
	pass(200);
	wire_clear();
	type("\x01"
	     "3");
	assert_string_equal(wire, "\r\n[freehold] console: rear (Ctrl-A ? for help)\r\n");
	say(&rear, "l");
	settle();
	assert_string_equal(wire, "\r\n[freehold] console: rear (Ctrl-A ? for help)\r\nl");
}

static void the_monitor_has_rings_of_its_own(void **state)
{
	(void)state;
	console_monitor_write("a\r\nb", 4);
	settle();
	assert_string_equal(wire, "[monitor] a\r\n");
	type("\x01"
	     "0x");
	assert_int_equal(console_monitor_getc(), '\f');
	assert_int_equal(console_monitor_getc(), 'x');
	assert_int_equal(console_monitor_getc(), -1);
	assert_int_equal(console_monitor_room(), MONITOR_OUT_SIZE);
	fake_room = 0;
	for (uint32_t i = 0; i < 2U * MONITOR_OUT_SIZE; i++) {
		console_monitor_write("z", 1);
	}
	assert_int_equal(console_monitor_room(), 0);
}

static void flush_writes_all(void **state)
{
	(void)state;
	say(&front, "prompt");
	say(&rear, "unfinished");
	log_info("off");
	console_flush();
	assert_non_null(strstr(wire, "prompt"));
	assert_non_null(strstr(wire, REAR "unfinished"));
	assert_non_null(strstr(wire, "[freehold] off\r\n"));
	/* A dead UART does not hold the machine. */
	fake_room = 0;
}

/* Random talk: each source's text arrives whole and in order, whatever the UART's pace. */
static void nothing_is_lost(void **state)
{
	struct vuart *const v[] = { &front, &rear, &side };
	static const char *const names[] = { "front:", "rear:", "side:" };
	uint32_t next[3] = { 0 };
	uint32_t seen[3] = { 0 };
	char text[32];

	(void)state;
	srandom(7);
	for (uint32_t i = 0; i < 20000U; i++) {
		const uint32_t who = (uint32_t)random() % 3U;

		if (VUART_TX_SIZE - vuart_tx_level(v[who]) > sizeof(text)) {
			(void)fmt_line(text, sizeof(text), "%s%u;\r\n", names[who], next[who]++);
			say(v[who], text);
		}
		fake_room = (size_t)random() % 40U;
		fake_counter += (uint64_t)random() % (20U * MS);
		if (fake_tx_irq) {
			console_irq();
		} else {
			console_poll();
		}
		if (wire_len > sizeof(wire) / 2U) {
			break;
		}
	}
	fake_room = SIZE_MAX;
	pass(300);
	pass(300);
	for (const char *p = wire; *p != '\0'; p = strchr(p, '\n') + 1) {
		for (uint32_t who = 0; who < 3U; who++) {
			const char *at = strstr(p, names[who]);

			if (at != NULL && at < strchr(p, '\n')) {
				assert_int_equal(strtoul(at + strlen(names[who]), NULL, 10), seen[who]);
				seen[who]++;
			}
		}
	}
	for (uint32_t who = 0; who < 3U; who++) {
		assert_true(next[who] > 500U);
		assert_int_equal(seen[who], next[who]);
	}
}

/* The last test: a crash is for good. */
static void a_crash_silences_all(void **state)
{
	(void)state;
	say(&front, "x\n");
	assert_true(log_crash_begin());
	wire_clear();
	console_poll();
	console_irq();
	console_flush();
	assert_int_equal(wire_len, 0);
	log_err("crash: x0");
	assert_string_equal(wire, "[freehold] crash: x0\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_start_tells_the_keys, setup),
		cmocka_unit_test_setup(the_focus_is_raw, setup),
		cmocka_unit_test_setup(a_domain_that_comes_later, setup),
		cmocka_unit_test_setup(others_come_by_lines, setup),
		cmocka_unit_test_setup(unfinished_lines_come_after_a_while, setup),
		cmocka_unit_test_setup(a_prompt_is_interrupted_after_a_pause, setup),
		cmocka_unit_test_setup(an_endless_line_gives_way, setup),
		cmocka_unit_test_setup(a_trickle_gives_way, setup),
		cmocka_unit_test_setup(turns_are_by_lines, setup),
		cmocka_unit_test_setup(others_cannot_move_the_cursor, setup),
		cmocka_unit_test_setup(a_slow_uart_is_not_waited_for, setup),
		cmocka_unit_test_setup(a_call_moves_a_bounded_number_of_bytes, setup),
		cmocka_unit_test_setup(what_is_not_shown_is_bounded, setup),
		cmocka_unit_test_setup(another_cpu_does_not_wait, setup),
		cmocka_unit_test_setup(keys_go_to_the_focus, setup),
		cmocka_unit_test_setup(unknown_targets_are_refused, setup),
		cmocka_unit_test_setup(the_focus_changes_between_lines, setup),
		cmocka_unit_test_setup(the_monitor_has_rings_of_its_own, setup),
		cmocka_unit_test_setup(flush_writes_all, setup),
		cmocka_unit_test_setup(nothing_is_lost, setup),
		cmocka_unit_test_setup(a_crash_silences_all, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
