/* SPDX-License-Identifier: MIT */
/*
 * The log's ring, and its two ways to the UART.
 *
 * A record is a header and the text, laid end to end in a ring of bytes; head and tail are counts that never wrap
 * back, their places are taken modulo the size. Each line has a number: a reader's cursor is one, so that it notices
 * by itself how many lines it missed.
 */
#include "core/log/log.h"

#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/log/log_internal.h"
#include "core/sync/lock.h"
#include "drivers/uart/uart.h"

#define RING_SIZE 65536U

struct record {
	uint64_t time;
	uint16_t len; /* of the text */
	uint8_t level;
	uint8_t cpu;
	uint32_t pad;
};

_Static_assert((RING_SIZE & (RING_SIZE - 1U)) == 0U, "places are taken by masking");
_Static_assert(FH_MAX_CPUS <= 256U, "a record's CPU is a byte");

static struct lock log_lock = LOCK_INIT(RANK_LOG);
/* Guarded by log_lock. */
static FH_NOINIT char ring[RING_SIZE];
static uint64_t head;       /* where the next record goes */
static uint64_t tail;       /* the oldest record */
static uint64_t first_line; /* the number of the oldest record */
static uint64_t next_line;  /* the number of the next one; read without the lock by log_readable() */
/* Where each MARK_EVERY-th line is, so that none is far from a place that is known. */
#define MARK_EVERY 32U
#define MARKS (RING_SIZE / sizeof(struct record) / MARK_EVERY + 1U)
static uint64_t marks[MARKS];

static bool synchronous = true;
static uint32_t crash_owner; /* CPU + 1 that has the UART for good, 0: none */

uint32_t output_pending;

bool log_crashed(void)
{
	return __atomic_load_n(&crash_owner, __ATOMIC_RELAXED) != 0U;
}

static void ring_put(uint64_t at, const void *src, size_t n)
{
	const size_t place = at & (RING_SIZE - 1U);
	const size_t part = MIN(n, RING_SIZE - place);

	memcpy(ring + place, src, part);
	memcpy(ring, (const char *)src + part, n - part);
}

static void ring_get(uint64_t at, void *dst, size_t n)
{
	const size_t place = at & (RING_SIZE - 1U);
	const size_t part = MIN(n, RING_SIZE - place);

	memcpy(dst, ring + place, part);
	memcpy((char *)dst + part, ring, n - part);
}

/* The place behind the record at. */
static uint64_t record_end(uint64_t at)
{
	struct record r;

	ring_get(at, &r, sizeof(r));
	return at + sizeof(r) + r.len;
}

/* Under log_lock. Drops the oldest lines until there is room; at most RING_SIZE / sizeof(struct record) of them. */
static void append(enum log_level level, const char *text, size_t len)
{
	const struct record r = {
		.time = arch_counter(),
		.len = (uint16_t)len,
		.level = (uint8_t)level,
		.cpu = (uint8_t)arch_cpu_id(),
	};

	while (head + sizeof(r) + len - tail > RING_SIZE) {
		tail = record_end(tail);
		first_line++;
	}
	if (next_line % MARK_EVERY == 0U) {
		marks[next_line / MARK_EVERY % MARKS] = head;
	}
	ring_put(head, &r, sizeof(r));
	ring_put(head + sizeof(r), text, len);
	head += sizeof(r) + len;
	__atomic_store_n(&next_line, next_line + 1U, __ATOMIC_RELEASE);
}

#define SETTLE 1000U /* reads of the counter: longer than a write to a device */

static void write_now(const char *text)
{
	for (const char *p = LOG_PREFIX; *p != '\0'; p++) {
		uart_putc_sync(*p);
	}
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			uart_putc_sync('\r');
		}
		uart_putc_sync(*text);
	}
	uart_putc_sync('\r');
	uart_putc_sync('\n');
}

void log_text(enum log_level level, const char *text, size_t len)
{
	const uint32_t crashed = __atomic_load_n(&crash_owner, __ATOMIC_ACQUIRE);

	if (crashed != 0U) {
		/* The lock may be held by a CPU that is stopped, or by ourselves: the ring is left as it is. */
		if (crashed == arch_cpu_id() + 1U) {
			write_now(text);
		}
		return;
	}
	lock_acquire(&log_lock);
	append(level, text, len);
	if (synchronous) {
		write_now(text);
	}
	lock_release(&log_lock);
	output_flag(OUTPUT_NEW);
}

void log_vline(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];

	if (level <= (enum log_level)CONFIG_LOG_LEVEL) {
		log_text(level, text, fmt_vline(text, sizeof(text), fmt, ap));
	}
}

void log_print(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(level, fmt, ap);
	va_end(ap);
}

bool log_is_sync(void)
{
	return synchronous;
}

void log_sync(bool on)
{
	if (log_crashed()) {
		return; /* all is written at once by now, and the lock may never be free again */
	}
	lock_acquire(&log_lock);
	synchronous = on;
	lock_release(&log_lock);
}

void log_cursor_tail(struct log_cursor *c, uint32_t n)
{
	lock_acquire(&log_lock);
	c->next = next_line - MIN((uint64_t)n, next_line - first_line);
	lock_release(&log_lock);
	c->at = 0;
}

bool log_readable(const struct log_cursor *c)
{
	return __atomic_load_n(&next_line, __ATOMIC_ACQUIRE) != c->next;
}

/* Under log_lock. Where line c->next is: known since the last read, or counted from a mark. O(MARK_EVERY). */
static uint64_t find_record(const struct log_cursor *c)
{
	const uint64_t marked = c->next - c->next % MARK_EVERY;
	uint64_t line = MAX(marked, first_line);
	uint64_t at = marked >= first_line ? marks[marked / MARK_EVERY % MARKS] : tail;

	if (c->at != 0U) {
		return c->at;
	}
	for (; line < c->next; line++) {
		at = record_end(at);
	}
	return at;
}

bool log_read(struct log_cursor *c, struct log_line *out)
{
	struct record r;
	uint64_t at;

	lock_acquire(&log_lock);
	if (c->next >= next_line) {
		lock_release(&log_lock);
		return false;
	}
	out->lost = 0;
	if (c->next < first_line) {
		out->lost = (uint32_t)(first_line - c->next);
		c->next = first_line;
		c->at = 0;
	}
	at = find_record(c);
	ring_get(at, &r, sizeof(r));
	ring_get(at + sizeof(r), out->text, r.len);
	c->at = at + sizeof(r) + r.len;
	c->next++;
	lock_release(&log_lock);
	out->text[r.len] = '\0';
	out->time = r.time;
	out->level = (enum log_level)r.level;
	out->cpu = r.cpu;
	out->len = r.len;
	return true;
}

bool log_crash_begin(void)
{
	const uint32_t me = arch_cpu_id() + 1U;
	uint32_t none = 0;

	if (__atomic_compare_exchange_n(&crash_owner, &none, me, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		/* Another CPU may be writing a byte, and the console have left the terminal in the middle of a line. */
		if (!synchronous) {
			for (uint32_t i = 0; i < SETTLE; i++) {
				(void)arch_counter();
			}
			uart_putc_sync('\r');
			uart_putc_sync('\n');
		}
		return true;
	}
	return none == me;
}
