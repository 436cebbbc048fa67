/* SPDX-License-Identifier: MIT */
/* The console's calls: who moves bytes, when, and how the transmit interrupt is kept going. */
#include "core/console/console.h"

#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/console/console_internal.h"
#include "drivers/uart/uart.h"

#define TX_BUDGET 64U  /* bytes to the UART in a call; more than any FIFO holds, so that it fills */
#define FILLS_MAX 16U  /* pieces that are composed in a call, whether they show anything or not */
#define RX_BUDGET 128U /* bytes from the UART in a call */
#define FLUSH_MS 300U
#define CONSOLE_BITS (OUTPUT_NEW | OUTPUT_TIMED | OUTPUT_INPUT)

struct console con;

static char mon_out[MONITOR_OUT_SIZE];
static char mon_in[MONITOR_IN_SIZE];

static void attach(const struct console_source *sources, uint32_t nr)
{
	con.focus = CONSOLE_MONITOR;
	for (uint32_t i = 0; i < nr && i < CONSOLE_MAX_DOMAINS; i++) {
		if (sources[i].vuart == NULL) {
			continue;
		}
		con.sources[i] = (struct source){
			.name = sources[i].name,
			.color = sources[i].color,
			.vuart = sources[i].vuart,
		};
		con.focus = input_has_console(i) ? MIN(con.focus, i) : con.focus;
	}
}

void console_init(const struct console_source *sources, uint32_t nr)
{
	lock_init(&con.lock, RANK_CONSOLE);
	lock_acquire(&con.lock);
	con.owner = NO_SOURCE;
	con.wake_at = UINT64_MAX;
	con.mon_out = (struct byte_ring){ .buf = mon_out, .size = sizeof(mon_out) };
	con.mon_in = (struct byte_ring){ .buf = mon_in, .size = sizeof(mon_in) };
	con.sources[CONSOLE_MONITOR].name = "monitor";
	con.sources[SOURCE_LOG].name = "log";
	attach(sources, nr);
	con.ms = arch_counter_hz() / 1000U;
	log_sync(false);
	log_cursor_tail(&con.log, 0);
	con.ready = true;
	uart_rx_irq(true);
	lock_release(&con.lock);
	log_info("console: Ctrl-A 1 to 9 for a domain, Ctrl-A 0 for the monitor, Ctrl-A ? for help");
	/* Bytes that came before raise no interrupt. */
	output_flag(OUTPUT_NEW | OUTPUT_INPUT);
}

/* How a call of transmit() ended. */
enum tx_end {
	TX_DONE,  /* all that was ready is out */
	TX_BUSY,  /* the FIFO is full, or the budget spent on it: its interrupt will come */
	TX_YIELD, /* pieces that left nothing to show: the FIFO may be empty, so no interrupt will come */
};

static enum tx_end transmit(void)
{
	const uint64_t now = arch_counter();
	uint32_t bytes = 0;

	for (uint32_t fills = 0; fills < FILLS_MAX; fills++) {
		while (con.stage_out != con.stage_len) {
			if (bytes == TX_BUDGET || log_crashed() || !uart_try_putc(con.stage[con.stage_out])) {
				return TX_BUSY;
			}
			con.stage_out++;
			bytes++;
		}
		if (!mux_fill(now, false)) {
			return TX_DONE;
		}
	}
	con.wake_at = now;
	return TX_YIELD;
}

static void receive(void)
{
	uint32_t i;

	for (i = 0; i < RX_BUDGET; i++) {
		const int c = uart_getc();

		if (c < 0) {
			break;
		}
		input_byte((char)c);
	}
	if (i == RX_BUDGET) {
		output_flag(OUTPUT_INPUT);
	}
}

/* Under the lock: input where it may wait, then output, then what is owed later. */
static void serve(uint32_t bits)
{
	enum tx_end end;

	/* Cleared first: what comes from now on sets it again. */
	output_unflag(bits);
	if ((bits & OUTPUT_INPUT) != 0U) {
		receive();
	}
	end = transmit();
	if (con.tx_on != (end == TX_BUSY)) {
		uart_tx_irq(end == TX_BUSY);
		__atomic_store_n(&con.tx_on, end == TX_BUSY, __ATOMIC_RELEASE);
	}
	if (end != TX_BUSY && con.wake_at != UINT64_MAX) {
		output_flag(end == TX_YIELD ? OUTPUT_NEW : OUTPUT_TIMED);
	}
}

bool console_due(void)
{
	return (__atomic_load_n(&output_pending, __ATOMIC_RELAXED) & (OUTPUT_NEW | OUTPUT_INPUT)) != 0U &&
	       !__atomic_load_n(&con.tx_on, __ATOMIC_RELAXED);
}

void console_poll(void)
{
	/* A second round serves who found the lock taken while the first one was ending. */
	for (uint32_t i = 0; i < 2U; i++) {
		const uint32_t bits = __atomic_load_n(&output_pending, __ATOMIC_ACQUIRE) & CONSOLE_BITS;

		if (bits == 0U || !con.ready ||
		    (__atomic_load_n(&con.tx_on, __ATOMIC_ACQUIRE) && bits != OUTPUT_INPUT)) {
			return;
		}
		if (bits == OUTPUT_TIMED && arch_counter() < __atomic_load_n(&con.wake_at, __ATOMIC_RELAXED)) {
			return;
		}
		if (log_crashed() || !lock_try(&con.lock)) {
			return;
		}
		serve(bits);
		lock_release(&con.lock);
	}
}

void console_irq(void)
{
	uart_irq_ack();
	if (!con.ready || log_crashed()) {
		return;
	}
	lock_acquire(&con.lock);
	serve(CONSOLE_BITS);
	lock_release(&con.lock);
}

uint64_t console_wake_at(void)
{
	return __atomic_load_n(&con.wake_at, __ATOMIC_RELAXED);
}

void console_flush(void)
{
	const uint64_t end = arch_counter() + FLUSH_MS * (arch_counter_hz() / 1000U);

	if (con.ready && !log_crashed()) {
		lock_acquire(&con.lock);
		while ((con.stage_out != con.stage_len || mux_fill(arch_counter(), true)) && arch_counter() < end) {
			while (con.stage_out != con.stage_len && arch_counter() < end && !log_crashed()) {
				uart_putc_sync(con.stage[con.stage_out++]);
			}
		}
		lock_release(&con.lock);
	}
	uart_flush_sync();
}

bool console_focus(uint32_t source)
{
	bool ok;

	lock_acquire(&con.lock);
	ok = input_has_console(source);
	if (ok) {
		input_set_focus(source);
	}
	lock_release(&con.lock);
	output_flag(OUTPUT_NEW);
	return ok;
}

uint32_t console_focused(void)
{
	return __atomic_load_n(&con.focus, __ATOMIC_RELAXED);
}

size_t console_monitor_room(void)
{
	size_t room;

	lock_acquire(&con.lock);
	room = con.mon_out.size - byte_ring_level(&con.mon_out);
	lock_release(&con.lock);
	return room;
}

void console_monitor_write(const char *text, size_t len)
{
	lock_acquire(&con.lock);
	for (size_t i = 0; i < len && byte_ring_level(&con.mon_out) < con.mon_out.size; i++) {
		byte_ring_put(&con.mon_out, text[i]);
		con.mon_lines += text[i] == '\n' ? 1U : 0U;
	}
	lock_release(&con.lock);
	output_flag(OUTPUT_NEW);
}

bool console_monitor_has_input(void)
{
	return __atomic_load_n(&con.mon_in.in, __ATOMIC_ACQUIRE) != __atomic_load_n(&con.mon_in.out, __ATOMIC_ACQUIRE);
}

int console_monitor_getc(void)
{
	int c = -1;

	if (!console_monitor_has_input()) {
		return -1;
	}
	lock_acquire(&con.lock);
	if (byte_ring_level(&con.mon_in) != 0U) {
		c = (unsigned char)byte_ring_get(&con.mon_in);
	}
	lock_release(&con.lock);
	return c;
}

bool console_monitor_typed(char key)
{
	bool found = false;

	if (!console_monitor_has_input()) {
		return false;
	}
	lock_acquire(&con.lock);
	for (uint32_t at = con.mon_in.out; at != con.mon_in.in && !found; at++) {
		found = con.mon_in.buf[at & (con.mon_in.size - 1U)] == key;
		con.mon_in.out = found ? at + 1U : con.mon_in.out;
	}
	lock_release(&con.lock);
	return found;
}
