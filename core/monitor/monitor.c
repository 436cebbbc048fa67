/* SPDX-License-Identifier: MIT */
/* The monitor's loop: keys to lines, lines to commands, commands by steps. */
#include "core/monitor/monitor.h"

#include "core/base/string.h"
#include "core/console/console.h"
#include "core/monitor/monitor_internal.h"

#define STEPS_MAX 16U /* of a command in one call */
#define KEYS_MAX 32U
#define KEYS_ROOM 256U

#define CTRL_C '\x03'

/* Guarded by busy: who sets it from 0 has the monitor. Not a lock: nobody waits. */
static uint32_t busy;
static const struct mon_command *running;
static struct mon_job job;

void mon_line(const char *fmt, ...)
{
	char text[LOG_LINE_MAX + 2U];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = fmt_vline(text, LOG_LINE_MAX, fmt, ap);
	va_end(ap);
	text[n] = '\r';
	text[n + 1U] = '\n';
	console_monitor_write(text, n + 2U);
}

static char *skip_blanks(char *p)
{
	while (*p == ' ') {
		p++;
	}
	return p;
}

static void cut_blanks(char *p)
{
	size_t n = strlen(p);

	while (n != 0U && p[n - 1U] == ' ') {
		p[--n] = '\0';
	}
}

/* Splits "name arg" in place and looks the name up. */
static void start(char *text)
{
	char *name = skip_blanks(text);
	char *arg;

	cut_blanks(name);
	arg = strchr(name, ' ');
	if (arg != NULL) {
		*arg = '\0';
		arg = skip_blanks(arg + 1);
	}
	for (size_t i = 0; i < mon_nr_commands; i++) {
		if (strcmp(mon_commands[i].name, name) == 0) {
			running = &mon_commands[i];
			job = (struct mon_job){ .arg = arg != NULL ? arg : "", .op = running->op };
			return;
		}
	}
	if (*name != '\0') {
		mon_line("%s: unknown command; try help", name);
	}
	mon_prompt();
}

/* Ctrl-C ends a command; other keys wait for its end. */
static void run_steps(void)
{
	for (uint32_t i = 0; i < STEPS_MAX && running != NULL && console_monitor_room() >= MON_STEP_ROOM; i++) {
		if (console_monitor_typed(CTRL_C)) {
			mon_line("^C");
			running = NULL;
		} else if (!running->step(&job)) {
			running = NULL;
		} else {
			/* More to come. */
		}
	}
	if (running == NULL) {
		mon_prompt();
	}
}

static void read_keys(void)
{
	for (uint32_t i = 0; i < KEYS_MAX && running == NULL && console_monitor_room() >= KEYS_ROOM; i++) {
		const int c = console_monitor_getc();

		if (c < 0) {
			/* The flag goes down before the last look, so that a key in between puts it up again. */
			output_unflag(OUTPUT_MONITOR);
			if (!console_monitor_has_input()) {
				return;
			}
			output_flag(OUTPUT_MONITOR);
		} else if (mon_key((char)c)) {
			start(mon_typed());
		} else {
			/* The line goes on. */
		}
	}
}

void monitor_poll(void)
{
	if ((__atomic_load_n(&output_pending, __ATOMIC_ACQUIRE) & OUTPUT_MONITOR) == 0U ||
	    __atomic_exchange_n(&busy, 1U, __ATOMIC_ACQUIRE) != 0U) {
		return;
	}
	if (running == NULL) {
		read_keys();
	}
	if (running != NULL) {
		run_steps();
	}
	__atomic_store_n(&busy, 0U, __ATOMIC_RELEASE);
	console_poll();
}
