/* SPDX-License-Identifier: MIT */
// SOURCES: core/console/plain/*.c core/vuart/*.c core/log/*.c core/sync/*.c
/* The console without the multiplexer: lines, the focus, keys, a slow UART, a full ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/console/console.h"
#include "fake_uart.h"

static struct vuart front, rear;

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
	for (uint32_t i = 0; i < 10000U && (fake_tx_irq || output_pending != 0U) && fake_room != 0U; i++) {
		if (fake_tx_irq) {
			console_irq();
		} else {
			console_poll();
		}
	}
}

static void type(const char *text)
{
	typed = text;
	console_irq();
	assert_string_equal(typed, "");
	settle();
}

static void shows(const char *text)
{
	settle();
	assert_string_equal(wire, text);
	wire_clear();
}

static uint32_t received(struct vuart *v)
{
	const uint32_t n = v->rx_in - v->rx_out;

	v->rx_out = v->rx_in;
	return n;
}

static int setup(void **state)
{
	const struct console_source sources[] = { { "none", 0, NULL }, { "front", 32, &front }, { "rear", 33, &rear } };

	(void)state;
	vuart_init(&front, NULL, 33);
	vuart_init(&rear, NULL, 33);
	fake_room = SIZE_MAX;
	fake_tx_irq = false;
	output_pending = 0;
	typed = "";
	console_init(sources, 3);
	settle();
	wire_clear();
	return 0;
}

static void lines_and_the_focus(void **state)
{
	(void)state;
	say(&front, "login: ");
	shows("login: ");
	say(&rear, "half");
	shows("");
	fake_counter += 20000000U;
	say(&rear, " and\x1b[2J half\r\n");
	shows("\r\n[rear] half and[2J half\r\n");
	say(&front, "\x1b[2J\n");
	shows("\x1b[2J\n");
	log_info("a line");
	shows("[freehold] a line\r\n");
}

static void an_unfinished_line_is_waited_for(void **state)
{
	(void)state;
	say(&front, "fr");
	shows("fr");
	say(&rear, "a line\n");
	log_info("another");
	shows("");
	assert_true(console_wake_at() > fake_counter && console_wake_at() - fake_counter <= 20000000U);
	fake_counter += 19999999U;
	say(&front, "ont\n");
	shows("ont\n[freehold] another\r\n[rear] a line\n");
	assert_int_equal(console_wake_at(), UINT64_MAX);
	say(&front, "no end");
	shows("no end");
	say(&rear, "a line\n");
	shows("");
	fake_counter = console_wake_at();
	shows("\r\n[rear] a line\n");
}

/* Who never ends a line does not have the terminal for ever. */
static void an_endless_line_is_broken(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 64U; i++) {
		for (uint32_t k = 0; k < 64U; k++) {
			say(&front, "x");
		}
		console_poll();
		if (strstr(wire, "at last") != NULL) {
			return;
		}
		if (i == 0U) {
			log_info("at last");
		}
	}
	fail();
}

static void keys(void **state)
{
	(void)state;
	type("ab");
	assert_int_equal(received(&front), 2);
	type("\x01"
	     "3x");
	assert_int_equal(received(&rear), 1);
	type("\x01"
	     "1y\x01"
	     "9z");
	assert_int_equal(received(&rear), 2); /* who has no console gets no focus */
	assert_int_equal(received(&front), 0);
	say(&front, "now by lines\n");
	shows("[front] now by lines\n");
}

static void a_slow_uart_loses_nothing(void **state)
{
	char all[4096] = "";

	(void)state;
	for (uint32_t i = 0; i < 100U; i++) {
		say(i % 2U == 0U ? &front : &rear, "0123456789\n");
	}
	for (uint32_t i = 0; i < 10000U && (fake_tx_irq || output_pending != 0U); i++) {
		fake_room = 3;
		console_irq();
		strcat(all, wire);
		wire_clear();
	}
	fake_room = SIZE_MAX;
	assert_int_equal(strlen(all), 50U * 11U + 50U * (11U + strlen("[rear] ")));
}

static void a_line_without_an_end_is_shown_before_its_ring_is_full(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VUART_TX_SIZE - 1U; i++) {
		say(&rear, "x");
	}
	settle();
	assert_true(wire_len >= VUART_TX_SIZE / 2U);
	wire_clear();
	say(&rear, "\n");
	settle();
	assert_int_equal(vuart_tx_level(&rear), 0);
}

static void the_last_words_are_flushed(void **state)
{
	(void)state;
	say(&front, "bye\n");
	log_info("off");
	console_flush();
	assert_non_null(strstr(wire, "bye\n"));
	assert_non_null(strstr(wire, "[freehold] off\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_and_the_focus, setup),
		cmocka_unit_test_setup(an_unfinished_line_is_waited_for, setup),
		cmocka_unit_test_setup(an_endless_line_is_broken, setup),
		cmocka_unit_test_setup(keys, setup),
		cmocka_unit_test_setup(a_slow_uart_loses_nothing, setup),
		cmocka_unit_test_setup(a_line_without_an_end_is_shown_before_its_ring_is_full, setup),
		cmocka_unit_test_setup(the_last_words_are_flushed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
