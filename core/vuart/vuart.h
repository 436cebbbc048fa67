/* SPDX-License-Identifier: MIT */
/*
 * A virtual PL011 (Arm DDI 0183, r1p5): what Linux's amba-pl011, U-Boot, earlycon and RTOS drivers use of it.
 *
 * What a guest sends goes into a ring of the domain's own, from which the console takes it; "sent" for the guest is
 * "in the ring". EL2 never waits for the wire: a full ring is FR.TXFF. What differs from the chip, all in the
 * guest's favour: FR.BUSY stays 0, TXFE says that a whole FIFO of 32 fits, FIFO levels of IFLS don't matter (the
 * transmit interrupt comes when the ring is at most half full, the receive interrupts with the first byte, and stay
 * until the last is read), divisors and modem outputs are kept but mean nothing, CTS, DSR and DCD are on, no DMA.
 */
#ifndef CORE_VUART_VUART_H
#define CORE_VUART_VUART_H

#include "arch/arm64/vgic/vgic.h"
#include "core/sync/lock.h"
#include "core/vdev/vdev.h"

#define VUART_SIZE UINT64_C(0x1000) /* bytes of IPA */
#define VUART_TX_SIZE 4096U
#define VUART_RX_SIZE 256U

struct vuart {
	struct lock lock; /* RANK_VUART; guards all below */
	struct vgic *vgic;
	uint32_t intid;    /* an SPI */
	bool told;         /* the level that the vGIC knows */
	bool tx_int;       /* the transmit interrupt's latch */
	bool beside;       /* hvc0 is on the same rings: OUTPUT_CONTROL tells of what comes and goes */
	bool away;         /* hvc0 is open: what is typed is read there, and not here */
	bool owed;         /* since who serves hvc0 looked, something was typed, or the ring sank to its mark; atomic */
	const void *taken; /* the control session that shows it, in place of the console; NULL: none */
	bool overrun;      /* a received byte was lost: until told with the next one read */
	uint32_t rsr;
	uint32_t ilpr;
	uint32_t ibrd;
	uint32_t fbrd;
	uint32_t lcr_h;
	uint32_t cr;
	uint32_t ifls;
	uint32_t imsc;
	uint32_t dmacr;
	/* Counts of bytes ever put in and taken out; they may wrap. */
	uint32_t tx_in;
	uint32_t tx_out;
	uint32_t tx_lines; /* newlines in the ring */
	uint32_t rx_in;
	uint32_t rx_out;
	char tx[VUART_TX_SIZE];
	char rx[VUART_RX_SIZE];
};

extern const struct vdev_ops vuart_ops; /* dev is a struct vuart */

/* An empty one in its reset state, whose interrupt is the SPI intid of that vGIC (kept by reference). */
void vuart_init(struct vuart *v, struct vgic *vgic, uint32_t intid);
/* From now on its interrupt is that; vgic NULL: it has none, what is typed is dropped at the next reset. */
void vuart_attach(struct vuart *v, struct vgic *vgic, uint32_t intid);
/* The chip's reset. What was received is dropped; what was sent stays until the console has shown it. */
void vuart_reset(struct vuart *v);

/* For the console; each takes v->lock. Bytes that wait to be shown, and whole lines among them; no lock. */
uint32_t vuart_tx_level(const struct vuart *v);
uint32_t vuart_tx_lines(const struct vuart *v);
/* Takes at most max bytes, and none beyond the first newline; returns how many. O(max). */
uint32_t vuart_tx_get(struct vuart *v, char *buf, uint32_t max);
/* What waits to be shown is dropped. O(1). */
void vuart_tx_drop(struct vuart *v);
/* As the guest's sending of len bytes; returns how many found room. O(len). */
uint32_t vuart_tx_send(struct vuart *v, const char *buf, uint32_t len);
/* What the guest would read: bytes that were typed, no lock; and takes at most max of them. */
uint32_t vuart_rx_level(const struct vuart *v);
uint32_t vuart_rx_get(struct vuart *v, char *buf, uint32_t max);
/* A byte for the guest; false: its ring is full, the byte is lost and the guest will read an overrun. O(1). */
bool vuart_rx_put(struct vuart *v, char c);

#endif
