/* SPDX-License-Identifier: MIT */
/* The table of UART drivers, and the one that is in use. */
#include "drivers/uart/uart.h"

#include "arch/cpu.h"
#include "core/base/string.h"
#include "drivers/uart/uart_internal.h"

#define PUTC_WAIT_MS 10U
#define FLUSH_WAIT_MS 50U

static const struct uart_ops *const drivers[] = { &pl011_ops, &pl011_axi_ops };

static struct uart_desc uart;

const struct uart_ops *uart_find(const char *compatible)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (strcmp(drivers[i]->compatible, compatible) == 0) {
			return drivers[i];
		}
	}
	return NULL;
}

void uart_init(const struct uart_desc *desc)
{
	desc->ops->init(desc->base);
	uart = *desc;
}

bool uart_try_putc(char c)
{
	return uart.ops != NULL && uart.ops->try_putc(uart.base, c);
}

static uint64_t deadline_in(uint32_t ms)
{
	return arch_counter() + (arch_counter_hz() / 1000U) * ms;
}

void uart_putc_sync(char c)
{
	uint64_t end;

	if (uart.ops == NULL || uart.ops->try_putc(uart.base, c)) {
		return;
	}
	end = deadline_in(PUTC_WAIT_MS);
	while (!uart.ops->try_putc(uart.base, c) && arch_counter() < end) {
		cpu_relax();
	}
}

void uart_flush_sync(void)
{
	uint64_t end;

	if (uart.ops == NULL) {
		return;
	}
	end = deadline_in(FLUSH_WAIT_MS);
	while (!uart.ops->idle(uart.base) && arch_counter() < end) {
		cpu_relax();
	}
}

int uart_getc(void)
{
	return uart.ops == NULL ? -1 : uart.ops->getc(uart.base);
}

void uart_irq_ack(void)
{
	if (uart.ops != NULL) {
		uart.ops->irq_ack(uart.base);
	}
}

void uart_tx_irq(bool on)
{
	if (uart.ops != NULL) {
		uart.ops->tx_irq(uart.base, on);
	}
}

void uart_rx_irq(bool on)
{
	if (uart.ops != NULL) {
		uart.ops->rx_irq(uart.base, on);
	}
}
