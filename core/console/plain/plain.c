/* SPDX-License-Identifier: MIT */
/*
 * The console of builds without the multiplexer, behind the same calls: whole lines of the log and of each domain,
 * "[name] " before those of domains without the focus, and raw bytes of the one with it. Ctrl-A 1 to 9 moves the
 * focus. No monitor, no colours. While a line stands unfinished on the terminal, others wait for its next byte, but no
 * longer than HOLD_MS, nor than LINE_BYTES.
 */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/console/console.h"
#include "core/sync/lock.h"
#include "drivers/uart/uart.h"

#define PREFIX_KEY '\x01' /* Ctrl-A */
#define PIECE 64U
#define BUDGET 64U /* bytes to the UART, or from it, in a call */
#define FLUSH_MAX 16384U
#define HOLD_MS 20U
#define LINE_BYTES 1024U
#define NOBODY UINT32_MAX

static struct {
	struct lock lock; /* RANK_CONSOLE; guards all below */
	bool ready;
	bool prefix;
	uint32_t focus;
	uint32_t last;
	uint32_t owner; /* whose unfinished line stands on the terminal */
	uint32_t line;  /* bytes of it */
	uint64_t until; /* counter: so long others wait for it */
	uint64_t wake;  /* counter: one does wait; atomic */
	uint32_t len;   /* of what is composed in `text`, and how much of it is out */
	uint32_t out;
	struct log_cursor log;
	struct console_source sources[CONSOLE_MAX_DOMAINS];
	char text[LOG_LINE_MAX + 48U];
} con;

static bool has_console(uint32_t s)
{
	return s < CONSOLE_MAX_DOMAINS && con.sources[s].vuart != NULL;
}

static bool is_ready(uint32_t s)
{
	const struct vuart *v = con.sources[s].vuart;

	return v != NULL &&
	       (s == con.focus || s == con.owner || vuart_tx_level(v) > VUART_TX_SIZE / 2U ? vuart_tx_level(v) != 0U :
											     vuart_tx_lines(v) != 0U);
}

static void take_log(void)
{
	struct log_line line;

	if (log_read(&con.log, &line)) {
		con.len = (uint32_t)fmt_line(con.text, sizeof(con.text), "%s" LOG_PREFIX "%s\r\n",
					     con.owner != NOBODY ? "\r\n" : "", line.text);
		con.owner = NOBODY;
	}
}

/* A piece of a domain's line. What a domain without the focus sends must not move the cursor in another's text. */
static void take_piece(uint32_t s)
{
	char piece[PIECE];
	const uint32_t n = vuart_tx_get(con.sources[s].vuart, piece, PIECE);

	con.line = s == con.owner ? con.line + n : n;
	if (s != con.owner) {
		con.len = (uint32_t)fmt_line(con.text, sizeof(con.text), con.owner != NOBODY ? "\r\n" : "");
		if (s != con.focus) {
			con.len += (uint32_t)fmt_line(con.text + con.len, sizeof(con.text) - con.len, "[%s] ",
						      con.sources[s].name);
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		if (s == con.focus || piece[i] >= ' ' || piece[i] == '\n' || piece[i] == '\r') {
			con.text[con.len++] = piece[i];
		}
	}
	con.last = s;
	con.until = arch_counter() + HOLD_MS * (arch_counter_hz() / 1000U);
	con.owner = n != 0U && piece[n - 1U] == '\n' ? NOBODY : s;
}

/* Who is next beside the owner of the line; CONSOLE_MAX_DOMAINS: the log; NOBODY: nobody is. */
static uint32_t find_next(void)
{
	if (log_readable(&con.log)) {
		return CONSOLE_MAX_DOMAINS;
	}
	for (uint32_t i = 1; i <= CONSOLE_MAX_DOMAINS; i++) {
		const uint32_t s = (con.last + i) % CONSOLE_MAX_DOMAINS;

		if (is_ready(s)) {
			return s;
		}
	}
	return NOBODY;
}

/* Composes what comes next; false: nothing, or (unless it must be now) it waits for the end of a line. */
static bool compose(bool now)
{
	const bool goes_on = con.owner != NOBODY && con.line < LINE_BYTES;
	uint32_t s = con.owner;

	con.len = 0;
	con.out = 0;
	if (!goes_on || !is_ready(s)) {
		s = find_next();
		if (s != NOBODY && goes_on && !now && arch_counter() < con.until) {
			__atomic_store_n(&con.wake, con.until, __ATOMIC_RELAXED);
			output_flag(OUTPUT_TIMED);
			return false;
		}
	}
	if (s == CONSOLE_MAX_DOMAINS) {
		take_log();
	} else if (s != NOBODY) {
		take_piece(s);
	} else {
		/* Nothing is there. */
	}
	return s != NOBODY;
}

static void transmit(void)
{
	bool full = false;

	for (uint32_t bytes = 0; !full && bytes < BUDGET && !log_crashed(); bytes++) {
		if (con.out == con.len && !compose(false)) {
			break;
		}
		full = con.out < con.len && !uart_try_putc(con.text[con.out]);
		con.out += full || con.out == con.len ? 0U : 1U;
	}
	uart_tx_irq(con.out != con.len);
	if (con.out == con.len && compose(false)) {
		output_flag(OUTPUT_NEW);
	}
}

static void key(char c)
{
	if (con.prefix) {
		con.prefix = false;
		con.focus = c >= '1' && (uint32_t)(c - '1') < CONSOLE_KEYS && has_console((uint32_t)(c - '1')) ?
				    (uint32_t)(c - '1') :
				    con.focus;
	} else if (c == PREFIX_KEY) {
		con.prefix = true;
	} else if (has_console(con.focus)) {
		(void)vuart_rx_put(con.sources[con.focus].vuart, c);
	} else {
		/* Nobody listens. */
	}
}

static void serve(void)
{
	int c = 0;

	output_unflag(OUTPUT_NEW | OUTPUT_INPUT | OUTPUT_TIMED);
	__atomic_store_n(&con.wake, UINT64_MAX, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < BUDGET && c >= 0; i++) {
		c = uart_getc();
		if (c >= 0) {
			key((char)c);
		}
	}
	if (c >= 0) {
		output_flag(OUTPUT_INPUT);
	}
	transmit();
}

void console_init(const struct console_source *sources, uint32_t nr)
{
	lock_init(&con.lock, RANK_CONSOLE);
	lock_acquire(&con.lock);
	con.owner = NOBODY;
	con.wake = UINT64_MAX;
	con.focus = 0;
	for (uint32_t i = MIN(nr, CONSOLE_MAX_DOMAINS); i-- != 0U;) {
		con.sources[i] = sources[i];
		con.focus = has_console(i) ? i : con.focus;
	}
	log_sync(false);
	log_cursor_tail(&con.log, 0);
	con.ready = true;
	uart_rx_irq(true);
	lock_release(&con.lock);
	log_info("console: Ctrl-A 1 to 9 for a domain");
	output_flag(OUTPUT_NEW | OUTPUT_INPUT);
}

bool console_due(void)
{
	return (__atomic_load_n(&output_pending, __ATOMIC_RELAXED) & (OUTPUT_NEW | OUTPUT_INPUT)) != 0U;
}

void console_poll(void)
{
	if (con.ready && !log_crashed() && lock_try(&con.lock)) {
		serve();
		lock_release(&con.lock);
	}
}

void console_irq(void)
{
	uart_irq_ack();
	if (con.ready && !log_crashed()) {
		lock_acquire(&con.lock);
		serve();
		lock_release(&con.lock);
	}
}

uint64_t console_wake_at(void)
{
	return __atomic_load_n(&con.wake, __ATOMIC_RELAXED);
}

void console_flush(void)
{
	if (con.ready && !log_crashed()) {
		lock_acquire(&con.lock);
		for (uint32_t i = 0; i < FLUSH_MAX && (con.out != con.len || compose(true)); i++) {
			if (con.out != con.len) {
				uart_putc_sync(con.text[con.out++]);
			}
		}
		lock_release(&con.lock);
	}
	uart_flush_sync();
}
