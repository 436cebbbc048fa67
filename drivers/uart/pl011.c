/* SPDX-License-Identifier: MIT */
/* Arm PrimeCell UART PL011, r1p5 (DDI 0183, chapter 3). 32-bit accesses, which every integration allows. */
#include "arch/mmio.h"
#include "core/base/bits.h"
#include "drivers/uart/uart_internal.h"

#define PL011_DR 0x000U
#define PL011_FR 0x018U
#define PL011_LCR_H 0x02cU
#define PL011_CR 0x030U
#define PL011_IFLS 0x034U
#define PL011_IMSC 0x038U
#define PL011_ICR 0x044U

#define DR_DATA GENMASK(7, 0)
#define DR_ERRORS GENMASK(10, 8) /* framing, parity, break; an overrun (11) leaves a good byte */
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define LCR_FEN BIT(4)
#define LCR_WLEN8 GENMASK(6, 5)
#define CR_UARTEN BIT(0)
#define CR_TXE BIT(8)
#define CR_RXE BIT(9)
#define IFLS_TX_EIGHTH FIELD_PREP(GENMASK(2, 0), 0)
#define IFLS_RX_EIGHTH FIELD_PREP(GENMASK(5, 3), 0)
#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_ALL GENMASK(10, 0)

#define DRAIN_LOOPS 100000U

static uint32_t reg_read(volatile void *base, uint32_t off)
{
	return mmio_read32((volatile char *)base + off);
}

static void reg_write(volatile void *base, uint32_t off, uint64_t val)
{
	mmio_write32((volatile char *)base + off, (uint32_t)val);
}

/*
 * LCR_H may be written only while the UART is off, and off only when it has sent what it has (3.3.8). Word length and
 * parity are the firmware's, unless it never set the UART up: then 8 bits, no parity. The divisors stay.
 */
static void pl011_init(volatile void *base)
{
	const bool was_on = (reg_read(base, PL011_CR) & CR_UARTEN) != 0U;
	uint64_t lcr = reg_read(base, PL011_LCR_H);

	reg_write(base, PL011_IMSC, 0);
	for (uint32_t i = 0; was_on && i < DRAIN_LOOPS && (reg_read(base, PL011_FR) & FR_BUSY) != 0U; i++) {
	}
	reg_write(base, PL011_CR, 0);
	if (!was_on) {
		lcr |= LCR_WLEN8;
	}
	reg_write(base, PL011_LCR_H, lcr | LCR_FEN);
	reg_write(base, PL011_IFLS, IFLS_TX_EIGHTH | IFLS_RX_EIGHTH);
	reg_write(base, PL011_ICR, INT_ALL);
	reg_write(base, PL011_CR, CR_UARTEN | CR_TXE | CR_RXE);
}

static bool pl011_try_putc(volatile void *base, char c)
{
	if ((reg_read(base, PL011_FR) & FR_TXFF) != 0U) {
		return false;
	}
	reg_write(base, PL011_DR, (uint8_t)c);
	return true;
}

static bool pl011_idle(volatile void *base)
{
	return (reg_read(base, PL011_FR) & FR_BUSY) == 0U;
}

static int pl011_getc(volatile void *base)
{
	uint32_t dr;

	/* A FIFO's worth of bad bytes at most, so that a noisy line can't hold the CPU. */
	for (uint32_t i = 0; i < 32U && (reg_read(base, PL011_FR) & FR_RXFE) == 0U; i++) {
		dr = reg_read(base, PL011_DR);
		if ((dr & DR_ERRORS) == 0U) {
			return (int)(dr & DR_DATA);
		}
	}
	return -1;
}

static void pl011_irq_ack(volatile void *base)
{
	reg_write(base, PL011_ICR, INT_ALL);
}

static void irq_mask(volatile void *base, uint64_t bits, bool on)
{
	const uint64_t now = reg_read(base, PL011_IMSC);

	reg_write(base, PL011_IMSC, on ? now | bits : now & ~bits);
}

static void pl011_tx_irq(volatile void *base, bool on)
{
	irq_mask(base, INT_TX, on);
}

static void pl011_rx_irq(volatile void *base, bool on)
{
	irq_mask(base, INT_RX | INT_RT, on);
}

#define PL011_FUNCTIONS                                                                                                \
	.init = pl011_init, .try_putc = pl011_try_putc, .idle = pl011_idle, .getc = pl011_getc,                        \
	.irq_ack = pl011_irq_ack, .tx_irq = pl011_tx_irq, .rx_irq = pl011_rx_irq

const struct uart_ops pl011_ops = { .compatible = "arm,pl011", PL011_FUNCTIONS };
/* The same registers behind an AXI bridge (BCM2711, BCM2712). */
const struct uart_ops pl011_axi_ops = { .compatible = "arm,pl011-axi", PL011_FUNCTIONS };
