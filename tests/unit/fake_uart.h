/* SPDX-License-Identifier: MIT */
/*
 * A physical UART for tests (one program includes this once): a transmit FIFO of fake_room bytes, what left it in
 * wire[], input in typed[], and a clock that the test moves.
 */
#ifndef TESTS_UNIT_FAKE_UART_H
#define TESTS_UNIT_FAKE_UART_H

#include <stdint.h>
#include <string.h>

#include "drivers/uart/uart.h"
#include "fake_machine.h"

#define MS UINT64_C(1000000)

static char wire[1 << 20];
static size_t wire_len;
static size_t fake_room = SIZE_MAX;
static bool fake_tx_irq;
static const char *typed = "";

bool uart_try_putc(char c)
{
	if (fake_room == 0U) {
		return false;
	}
	fake_room--;
	wire[wire_len++] = c;
	wire[wire_len] = '\0';
	return true;
}

void uart_putc_sync(char c)
{
	(void)uart_try_putc(c);
}

void uart_flush_sync(void)
{
}

int uart_getc(void)
{
	return *typed == '\0' ? -1 : (unsigned char)*typed++;
}

void uart_irq_ack(void)
{
}

void uart_tx_irq(bool on)
{
	fake_tx_irq = on;
}

void uart_rx_irq(bool on)
{
	(void)on;
}

static inline void wire_clear(void)
{
	wire_len = 0;
	wire[0] = '\0';
}

#endif
