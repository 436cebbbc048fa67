// SPDX-License-Identifier: MIT
/* Console, TAP, PSCI, SMP start and time of the test guests. */
#include <stdarg.h>

#include "guest.h"

#define UART_DR (UART_BASE + 0x00)
#define UART_FR (UART_BASE + 0x18)
#define UART_CR (UART_BASE + 0x30)
#define FR_RXFE (1U << 4)
#define FR_TXFF (1U << 5)

extern char secondary_start[], _stack_top[];

const void *guest_dtb;
uint64_t start_stamp, secondary_stamp;
static uint32_t tap_nr, tap_bad;
static _Alignas(16) char stacks[GUEST_MAX_CPUS][4096] __attribute__((section(".noinit")));

void *memcpy(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
__attribute__((noreturn)) void cpu_stop(void);

void *memcpy(void *dst, const void *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((volatile char *)dst)[i] = ((const char *)src)[i];
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((volatile char *)dst)[i] = (char)c;
	}
	return dst;
}

void pause_cpu(void)
{
	__asm__ volatile("yield" ::: "memory");
}

void put(char c)
{
	while (mmio_read32(UART_FR) & FR_TXFF) {
		pause_cpu();
	}
	mmio_write32(UART_DR, (uint8_t)c);
}

int get(void)
{
	return mmio_read32(UART_FR) & FR_RXFE ? -1 : (int)(mmio_read32(UART_DR) & 0xff);
}

int get_wait(void)
{
	int c;

	while ((c = get()) < 0) {
		pause_cpu();
	}
	return c;
}

static void put_number(uint64_t v, uint32_t base)
{
	char buf[24];
	uint32_t n = 0;

	do {
		buf[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v != 0);
	while (n != 0) {
		put(buf[--n]);
	}
}

static void put_string(const char *s)
{
	while (*s != '\0') {
		put(*s++);
	}
}

static void put_signed(int64_t v)
{
	if (v < 0) {
		put('-');
	}
	put_number(v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

void print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt != '\0'; fmt++) {
		bool wide = false;

		if (*fmt != '%') {
			if (*fmt == '\n') {
				put('\r');
			}
			put(*fmt);
			continue;
		}
		fmt++;
		if (*fmt == 'l') {
			wide = true;
			fmt++;
		}
		switch (*fmt) {
		case 's':
			put_string(va_arg(ap, const char *));
			break;
		case 'c':
			put((char)va_arg(ap, int));
			break;
		case 'd':
			put_signed(wide ? va_arg(ap, int64_t) : va_arg(ap, int));
			break;
		case 'x':
		case 'u':
			put_number(wide ? va_arg(ap, uint64_t) : va_arg(ap, uint32_t), *fmt == 'x' ? 16 : 10);
			break;
		default:
			put(*fmt);
			break;
		}
	}
	va_end(ap);
}

void tap(bool good, const char *name)
{
	tap_nr++;
	tap_bad += good ? 0 : 1;
	print("%sok %u - %s\n", good ? "" : "not ", tap_nr, name);
}

void tap_eq(uint64_t got, uint64_t want, const char *name)
{
	if (got != want) {
		print("# %s: got 0x%lx, want 0x%lx\n", name, got, want);
	}
	tap(got == want, name);
}

void tap_skip(const char *name, const char *why)
{
	tap_nr++;
	print("ok %u - %s # SKIP %s\n", tap_nr, name, why);
}

void tap_end(void)
{
	print("1..%u\n", tap_nr);
	print("# tap: %u cases, %u failed\n", tap_nr, tap_bad);
}

bool on_freehold(void)
{
	static const char word[] = "freehold,domain";
	const uint8_t *p = guest_dtb;
	uint32_t size;

	if (p == NULL || p[0] != 0xd0 || p[1] != 0x0d || p[2] != 0xfe || p[3] != 0xed) {
		return false;
	}
	size = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
	for (uint32_t i = 0; i + sizeof(word) <= size; i++) {
		uint32_t j = 0;

		while (word[j] != '\0' && p[i + j] == (uint8_t)word[j]) {
			j++;
		}
		if (word[j] == '\0') {
			return true;
		}
	}
	return false;
}

const char *guest_image_end(void)
{
	return _stack_top;
}

const char *guest_arg(const char *word)
{
	const uint8_t *p = guest_dtb;
	uint32_t size;

	if (p == NULL || p[0] != 0xd0 || p[1] != 0x0d) {
		return NULL;
	}
	size = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
	for (uint32_t i = 0; i + 16 < size; i++) {
		uint32_t j = 0;

		while (word[j] != '\0' && p[i + j] == (uint8_t)word[j]) {
			j++;
		}
		if (word[j] == '\0') {
			return (const char *)p + i + j;
		}
	}
	return NULL;
}

static uint32_t cpu_of(uint64_t mpidr)
{
	return (uint32_t)((mpidr >> 8 & 0xff) * 16 + (mpidr & 0xff));
}

uint64_t cpu_mpidr(uint32_t cpu)
{
	return (uint64_t)(cpu / 16) << 8 | cpu % 16;
}

uint32_t cpu_id(void)
{
	return cpu_of(read_sysreg(mpidr_el1));
}

void system_off(void)
{
	for (;;) {
		hvc(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
}

void system_reset(void)
{
	for (;;) {
		hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
}

void cpu_stop(void)
{
	for (;;) {
		hvc(PSCI_CPU_OFF, 0, 0, 0);
	}
}

long cpu_start(uint64_t mpidr, void (*fn)(void))
{
	char *top = stacks[cpu_of(mpidr) % GUEST_MAX_CPUS] + sizeof(stacks[0]);

	*(uint64_t *)(void *)(top - 16) = (uint64_t)(uintptr_t)fn;
	__asm__ volatile("dsb sy" ::: "memory");
	/* the function's slot is overwritten by that CPU's first frame only after it was read */
	return hvc(PSCI_CPU_ON, mpidr, (uint64_t)(uintptr_t)secondary_start, (uint64_t)(uintptr_t)top);
}

struct probe probe(const void *fn, uint64_t arg, uint64_t spsr)
{
	static _Alignas(16) char stack[4096];
	struct probe p;

	probe_run(fn, arg, spsr, &p, (uint64_t)(uintptr_t)(stack + sizeof(stack)));
	__asm__ volatile("" ::: "memory");
	return p;
}

uint64_t ms_to_ticks(uint64_t ms)
{
	return read_sysreg(cntfrq_el0) / 1000 * ms;
}

bool wait_count(volatile uint32_t *v, uint32_t want, uint64_t ms)
{
	uint64_t end = now() + ms_to_ticks(ms);

	while (*v < want) {
		if (now() > end) {
			return false;
		}
		pause_cpu();
	}
	return true;
}
