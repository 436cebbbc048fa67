/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/uart/*.c
/* The PL011 driver against a model of its registers, and the calls before there is a UART. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/uart/uart.h"
#include "fake_machine.h"

#define DR 0x00U
#define FR 0x18U
#define LCR_H 0x2cU
#define CR 0x30U
#define IMSC 0x38U
#define ICR 0x44U

#define FR_BUSY 0x08U
#define FR_RXFE 0x10U
#define FR_TXFF 0x20U

static uint32_t regs[0x1000 / 4];
static uint32_t busy_reads; /* of FR that still say BUSY */
static uint32_t full_reads; /* of FR that still say TXFF */
static uint32_t input[64];
static uint32_t input_len, input_at;
static char sent[64];
static uint32_t sent_len;
static bool lcr_while_on;

static uint32_t reg_of(const volatile void *a)
{
	return (uint32_t)((uintptr_t)a - (uintptr_t)regs);
}

uint32_t mmio_read32(const volatile void *a);
void mmio_write32(volatile void *a, uint32_t v);

uint32_t mmio_read32(const volatile void *a)
{
	uint32_t flags = 0;

	switch (reg_of(a)) {
	case DR:
		return input_at < input_len ? input[input_at++] : 0U;
	case FR:
		flags |= busy_reads != 0U ? FR_BUSY : 0U;
		flags |= full_reads != 0U ? FR_TXFF : 0U;
		flags |= input_at == input_len ? FR_RXFE : 0U;
		busy_reads -= busy_reads != 0U ? 1U : 0U;
		full_reads -= full_reads != 0U ? 1U : 0U;
		fake_counter += 1000U;
		return flags;
	default:
		return regs[reg_of(a) / 4U];
	}
}

void mmio_write32(volatile void *a, uint32_t v)
{
	if (reg_of(a) == DR) {
		sent[sent_len++] = (char)v;
	} else if (reg_of(a) == LCR_H && ((regs[CR / 4U] & 1U) != 0U || busy_reads != 0U)) {
		lcr_while_on = true;
	} else {
		/* Kept below. */
	}
	regs[reg_of(a) / 4U] = v;
}

static int setup(void **state)
{
	const struct uart_desc desc = { regs, uart_find("arm,pl011") };

	(void)state;
	memset(regs, 0, sizeof(regs));
	busy_reads = full_reads = input_len = input_at = sent_len = 0;
	lcr_while_on = false;
	uart_init(&desc);
	return 0;
}

static void without_a_uart_all_is_harmless(void **state)
{
	(void)state;
	assert_false(uart_try_putc('x'));
	uart_putc_sync('x');
	uart_flush_sync();
	assert_int_equal(uart_getc(), -1);
	uart_irq_ack();
	uart_tx_irq(true);
	uart_rx_irq(true);
}

static void drivers_are_found_by_compatible(void **state)
{
	(void)state;
	assert_non_null(uart_find("arm,pl011"));
	assert_null(uart_find("arm,pl0110"));
	assert_null(uart_find("arm,pl01"));
	assert_null(uart_find(""));
}

static void init_from_cold(void **state)
{
	(void)state;
	assert_int_equal(regs[LCR_H / 4U], 0x70);
	assert_int_equal(regs[CR / 4U], 0x301);
	assert_int_equal(regs[IMSC / 4U], 0);
	assert_int_equal(regs[ICR / 4U], 0x7ff);
}

static void init_keeps_the_firmwares_line(void **state)
{
	const struct uart_desc desc = { regs, uart_find("arm,pl011") };

	(void)state;
	regs[CR / 4U] = 0x301;
	regs[LCR_H / 4U] = 0x46; /* 7 bits, even parity */
	regs[IMSC / 4U] = 0x7ff;
	busy_reads = 20;
	uart_init(&desc);
	assert_false(lcr_while_on);
	assert_int_equal(regs[LCR_H / 4U], 0x56);
	assert_int_equal(regs[CR / 4U], 0x301);
	assert_int_equal(regs[IMSC / 4U], 0);
	/* A UART that stays busy is not waited for for ever. */
	busy_reads = UINT32_MAX;
	regs[CR / 4U] = 0x301;
	uart_init(&desc);
	assert_int_equal(regs[CR / 4U], 0x301);
}

static void output(void **state)
{
	uint64_t start;

	(void)state;
	assert_true(uart_try_putc('a'));
	full_reads = 1;
	assert_false(uart_try_putc('b'));
	full_reads = 5;
	uart_putc_sync('c');
	assert_int_equal(sent_len, 2);
	assert_memory_equal(sent, "ac", 2);
	full_reads = UINT32_MAX;
	start = fake_counter;
	uart_putc_sync('d');
	assert_int_equal(sent_len, 2);
	assert_true(fake_counter - start >= 10000000U && fake_counter - start < 11000000U);
	full_reads = 0;
	busy_reads = UINT32_MAX;
	start = fake_counter;
	uart_flush_sync();
	assert_true(fake_counter - start >= 50000000U && fake_counter - start < 51000000U);
}

static void input_without_errors(void **state)
{
	static const uint32_t bytes[] = { 'a', 0xffU, 0x100U | 'f', 0x200U | 'p', 0x400U, 0x800U | 'o' };

	(void)state;
	memcpy(input, bytes, sizeof(bytes));
	input_len = 6;
	assert_int_equal(uart_getc(), 'a');
	assert_int_equal(uart_getc(), 0xff);
	assert_int_equal(uart_getc(), 'o');
	assert_int_equal(uart_getc(), -1);
	for (input_len = 0; input_len < 64U; input_len++) {
		input[input_len] = 0x100;
	}
	input_at = 0;
	assert_int_equal(uart_getc(), -1);
	assert_int_equal(input_at, 32); /* the rest another time */
}

static void interrupts(void **state)
{
	(void)state;
	uart_rx_irq(true);
	assert_int_equal(regs[IMSC / 4U], 0x50);
	uart_tx_irq(true);
	assert_int_equal(regs[IMSC / 4U], 0x70);
	uart_rx_irq(false);
	uart_tx_irq(false);
	assert_int_equal(regs[IMSC / 4U], 0);
	regs[ICR / 4U] = 0;
	uart_irq_ack();
	assert_int_equal(regs[ICR / 4U], 0x7ff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_uart_all_is_harmless),
		cmocka_unit_test(drivers_are_found_by_compatible),
		cmocka_unit_test_setup(init_from_cold, setup),
		cmocka_unit_test_setup(init_keeps_the_firmwares_line, setup),
		cmocka_unit_test_setup(output, setup),
		cmocka_unit_test_setup(input_without_errors, setup),
		cmocka_unit_test_setup(interrupts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
