/* SPDX-License-Identifier: MIT */
// SOURCES: core/monitor/monitor.c core/monitor/edit.c core/console/*.c core/vuart/*.c core/log/*.c core/sync/*.c
/* The monitor's editor and its loop, with commands of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/console/console.h"
#include "core/console/console_internal.h"
#include "core/monitor/monitor_internal.h"
#include "fake_uart.h"

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	(void)g;
	(void)vcpu;
	(void)intid;
	(void)level;
}

static bool echo(struct mon_job *job)
{
	mon_line("<%s>", job->arg);
	return false;
}

static bool many(struct mon_job *job)
{
	mon_line("line %u", job->i);
	job->i++;
	return job->i < 1000U;
}

static bool forever(struct mon_job *job)
{
	mon_line("again");
	(void)job;
	return true;
}

const struct mon_command mon_commands[] = {
	{ "echo", "ARG", "", echo, 0 },
	{ "many", "", "", many, 0 },
	{ "forever", "", "", forever, 0 },
};
const size_t mon_nr_commands = ARRAY_SIZE(mon_commands);

/* One pass of the run loop after an interrupt or an exit. */
static bool pass(void)
{
	if (fake_tx_irq) {
		console_irq();
	}
	if (!console_pending()) {
		return fake_tx_irq;
	}
	console_poll();
	monitor_poll();
	return true;
}

static void type(const char *text)
{
	typed = text;
	console_irq();
	for (uint32_t i = 0; i < 10000U && pass(); i++) {
	}
}

static int setup(void **state)
{
	(void)state;
	if (!con.ready) {
		console_init(NULL, 0);
	}
	type("\x15");
	wire_clear();
	return 0;
}

static void a_line_runs_a_command(void **state)
{
	(void)state;
	type("  echo   one two  \r");
	assert_string_equal(wire, "  echo   one two  \r\n<one two>\r\nfreehold> ");
	wire_clear();
	type("echo\r");
	assert_string_equal(wire, "echo\r\n<>\r\nfreehold> ");
	assert_false(console_pending());
}

static void an_unknown_one_is_told(void **state)
{
	(void)state;
	type("ech\r   \r\r");
	assert_string_equal(wire, "ech\r\nech: unknown command; try help\r\nfreehold>    \r\nfreehold> \r\nfreehold> ");
}

static void keys_edit(void **state)
{
	(void)state;
	type("\x7f"
	     "echx\x7fo a\b\b b\r");
	assert_non_null(strstr(wire, "<b>\r\n"));
	wire_clear();
	type("rubbish\x15"
	     "echo c\r");
	assert_non_null(strstr(wire, "<c>\r\n"));
	wire_clear();
	type("rubbish\x1b[A\x1b[B\x1b[1;5C2\r");
	assert_non_null(strstr(wire, "<c2>\r\n"));
	wire_clear();
	type("rubbish\x03");
	type("echo d\x02\x04\r");
	assert_non_null(strstr(wire, "^C\r\nfreehold> echo d\r\n<d>"));
}

static void long_lines_are_cut(void **state)
{
	char text[200];

	(void)state;
	memset(text, 'y', sizeof(text));
	memcpy(text, "echo ", 5);
	strcpy(text + 120, "\r");
	type(text);
	memset(text, 'y', sizeof(text));
	text[0] = '<';
	strcpy(text + 1 + MON_LINE_MAX - 1U - 5U, ">\r\n");
	assert_non_null(strstr(wire, text));
}

static void long_output_comes_by_steps(void **state)
{
	const char *p;

	(void)state;
	type("many\r");
	p = strchr(wire, '\n') + 1;
	for (unsigned long i = 0; i < 1000U; i++) {
		assert_memory_equal(p, "line ", 5);
		assert_int_equal(strtoul(p + 5, NULL, 10), i);
		p = strchr(p, '\n') + 1;
	}
	assert_string_equal(p, "freehold> ");
}

static void keys_wait_for_the_end_of_a_command(void **state)
{
	(void)state;
	type("many\recho after\r");
	assert_non_null(strstr(wire, "line 999\r\nfreehold> echo after\r\n<after>\r\n"));
	wire_clear();
	type("forever\recho dropped\r\x03"
	     "echo kept\r");
	assert_non_null(strstr(wire, "^C\r\nfreehold> echo kept\r\n<kept>\r\n"));
	assert_null(strstr(wire, "dropped"));
}

static void a_call_has_a_bound(void **state)
{
	(void)state;
	typed = "forever\r";
	console_irq();
	for (uint32_t i = 0; i < 10U; i++) {
		const uint32_t before = con.mon_out.in;

		(void)pass();
		assert_true(con.mon_out.in - before <= 16U * 7U + 16U);
	}
	/* A UART that takes nothing: the output stays in its ring and nobody waits. */
	fake_room = 0;
	for (uint32_t i = 0; i < 200U; i++) {
		(void)pass();
	}
	assert_true(console_monitor_room() < MON_STEP_ROOM);
	fake_room = SIZE_MAX;
	typed = "\x03";
	for (uint32_t i = 0; i < 10000U && pass(); i++) {
	}
	assert_non_null(strstr(wire, "again\r\n^C\r\nfreehold> "));
	assert_false(console_pending());
}

static void the_focus_shows_the_prompt(void **state)
{
	(void)state;
	type("ech");
	wire_clear();
	type("\x01"
	     "0");
	assert_non_null(strstr(wire, "console: monitor (Ctrl-A ? for help)\r\n\r\x1b[Kfreehold> ech"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_runs_a_command, setup),
		cmocka_unit_test_setup(an_unknown_one_is_told, setup),
		cmocka_unit_test_setup(keys_edit, setup),
		cmocka_unit_test_setup(long_lines_are_cut, setup),
		cmocka_unit_test_setup(long_output_comes_by_steps, setup),
		cmocka_unit_test_setup(keys_wait_for_the_end_of_a_command, setup),
		cmocka_unit_test_setup(a_call_has_a_bound, setup),
		cmocka_unit_test_setup(the_focus_shows_the_prompt, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
