/* SPDX-License-Identifier: MIT */
/* What the bench has of a machine: a PL011 to print on, and the wrapped lock. */
#include <stdarg.h>

#include "bench.h"

#define UART ((volatile uint32_t *)0x09000000UL)
#define UART_FR 6 /* words */
#define FR_TXFF 0x20U

struct probe probe;
static uint64_t pair_cost;
static uint64_t nothing;
static uint64_t empty_hold;

void __real_lock_acquire(struct lock *l);
void __real_lock_release(struct lock *l);
void __wrap_lock_acquire(struct lock *l);
void __wrap_lock_release(struct lock *l);
void bench_trap(uint64_t esr, uint64_t elr);

static void put(char c)
{
	while ((UART[UART_FR] & FR_TXFF) != 0U) {
	}
	UART[0] = (uint8_t)c;
}

static void put_number(uint64_t v, uint32_t base)
{
	char buf[24];
	uint32_t n = 0;

	do {
		buf[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0U);
	while (n != 0U) {
		put(buf[--n]);
	}
}

/* %s, %u, %lu, %lx. */
void print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		fmt++;
		if (*fmt == 's') {
			for (const char *s = va_arg(ap, const char *); *s != '\0'; s++) {
				put(*s);
			}
		} else if (*fmt == 'l') {
			fmt++;
			put_number(va_arg(ap, uint64_t), *fmt == 'x' ? 16 : 10);
		} else {
			put_number(va_arg(ap, uint32_t), 10);
		}
	}
	va_end(ap);
}

void bench_trap(uint64_t esr, uint64_t elr)
{
	print("ledger: trap esr=%lx elr=%lx: failed\n", esr, elr);
	machine_off();
}

void __wrap_lock_acquire(struct lock *l)
{
	__real_lock_acquire(l);
	probe.start = ticks();
}

void __wrap_lock_release(struct lock *l)
{
	const uint64_t held = ticks() - probe.start;

	probe.hold = held > probe.hold ? held : probe.hold;
	probe.pairs++;
	__real_lock_release(l);
}

void probe_calibrate(void)
{
	static struct lock l = LOCK_INIT(RANK_LEDGER);
	uint64_t t0 = ticks();
	uint64_t t1 = ticks();
	uint64_t plain;

	nothing = t1 - t0;
	t0 = ticks();
	__real_lock_acquire(&l);
	__real_lock_release(&l);
	t1 = ticks();
	plain = t1 - t0;
	probe.hold = 0;
	t0 = ticks();
	lock_acquire(&l);
	lock_release(&l);
	t1 = ticks();
	pair_cost = t1 - t0 - plain;
	empty_hold = probe.hold;
	print("ledger: reading the counter %lu, a lock's pair %lu, its probe %lu\n", nothing, plain - nothing,
	      pair_cost);
}

void row_add(struct row *r, uint64_t n, uint32_t zone, uint32_t order)
{
	const uint64_t hold = probe.hold > empty_hold ? probe.hold - empty_hold : 0U;

	n -= nothing + probe.pairs * pair_cost;
	if (r->least == 0U || n < r->least) {
		r->least = n;
	}
	if (n > r->most) {
		r->most = n;
		r->zone = zone;
		r->order = order;
	}
	r->hold = hold > r->hold ? hold : r->hold;
}

void row_print(const struct row *r)
{
	print("ledger: %s least=%lu most=%lu hold=%lu zone=%u order=%u\n", r->name, r->least, r->most, r->hold, r->zone,
	      r->order);
}
