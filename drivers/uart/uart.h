/* SPDX-License-Identifier: MIT */
/*
 * The board's one physical UART, raw: bytes out and in, chosen at run time by `compatible`. Its line settings are the
 * firmware's; only FIFOs and interrupts are ours.
 *
 * Before uart_init() every call is harmless: output is dropped, input is empty. Nothing here takes a lock: the
 * callers (core/log while it writes synchronously, then core/console) do.
 */
#ifndef DRIVERS_UART_UART_H
#define DRIVERS_UART_UART_H

#include "core/base/types.h"

/* How one kind of UART is driven. base is the mapped address of its registers. */
struct uart_ops {
	const char *compatible;
	void (*init)(volatile void *base);
	/* One byte into the transmit FIFO; false: it is full. Never waits. */
	bool (*try_putc)(volatile void *base, char c);
	/* Whether everything has left the wire. */
	bool (*idle)(volatile void *base);
	/* A byte received, or -1: none (bytes with line errors are dropped). */
	int (*getc)(volatile void *base);
	void (*irq_ack)(volatile void *base);
	void (*tx_irq)(volatile void *base, bool on);
	void (*rx_irq)(volatile void *base, bool on);
};

struct uart_desc {
	volatile void *base;        /* EL2 virtual address of the registers, mapped as a device */
	const struct uart_ops *ops; /* from uart_find() */
};

/* The driver for a compatible string of the board's tree, or NULL. Bound: number of drivers. */
const struct uart_ops *uart_find(const char *compatible);

/* Makes desc the UART: FIFOs on, transmitter and receiver on, all interrupts masked. May be called again. */
void uart_init(const struct uart_desc *desc);

/* Puts a byte into the transmit FIFO; false: full (or no UART). Never waits. */
bool uart_try_putc(char c);
/* Waits for room, at most 10 ms of the counter, then drops the byte. For panic and the early log only. */
void uart_putc_sync(char c);
/* Waits until all has left the wire, at most 50 ms: before the machine is reset or switched off. */
void uart_flush_sync(void);
/* The next byte received (0 to 255), or -1. */
int uart_getc(void);

/* Takes back the UART's interrupt causes; call before reading what they announce, so that none is lost. */
void uart_irq_ack(void);
/*
 * The transmit interrupt comes when the FIFO falls through its mark, not because it is empty: who switches it on
 * pushes the first bytes by itself.
 */
void uart_tx_irq(bool on);
void uart_rx_irq(bool on);

#endif
