/* SPDX-License-Identifier: MIT */
/*
 * The rings and the interrupt line of a virtual PL011; its registers are in regs.c.
 *
 * The line's level is computed and told to the vGIC under the vuart's lock (RANK_VUART ranks below RANK_VGIC), so
 * that the vGIC always knows the last one.
 */
#include "core/vuart/vuart.h"

#include "core/base/bits.h"
#include "core/log/log.h"
#include "core/vuart/vuart_internal.h"

_Static_assert((VUART_TX_SIZE & (VUART_TX_SIZE - 1U)) == 0U, "places are taken by masking");
_Static_assert((VUART_RX_SIZE & (VUART_RX_SIZE - 1U)) == 0U, "places are taken by masking");

/* The transmit interrupt comes at or below this. */
#define TX_MARK (VUART_TX_SIZE / 2U)

void vuart_init(struct vuart *v, struct vgic *vgic, uint32_t intid)
{
	*v = (struct vuart){ .lock = LOCK_INIT(RANK_VUART), .vgic = vgic, .intid = intid };
	vuart_reset(v);
}

void vuart_reset(struct vuart *v)
{
	lock_acquire(&v->lock);
	vuart_reset_regs(v);
	v->tx_int = false;
	v->overrun = false;
	v->rx_out = v->rx_in;
	vuart_tell_line(v);
	lock_release(&v->lock);
}

void vuart_attach(struct vuart *v, struct vgic *vgic, uint32_t intid)
{
	lock_acquire(&v->lock);
	v->vgic = vgic;
	v->intid = intid;
	v->told = false;
	lock_release(&v->lock);
}

uint32_t vuart_tx_level(const struct vuart *v)
{
	return __atomic_load_n(&v->tx_in, __ATOMIC_ACQUIRE) - __atomic_load_n(&v->tx_out, __ATOMIC_RELAXED);
}

uint32_t vuart_tx_lines(const struct vuart *v)
{
	return __atomic_load_n(&v->tx_lines, __ATOMIC_ACQUIRE);
}

uint32_t vuart_tx_room(const struct vuart *v)
{
	return VUART_TX_SIZE - (v->tx_in - v->tx_out);
}

uint32_t vuart_rx_level(const struct vuart *v)
{
	return v->rx_in - v->rx_out;
}

/* DDI 0183, 3.4: writing above the mark takes the interrupt back, sinking to it raises it. */
void vuart_tx_put(struct vuart *v, char c)
{
	if (vuart_tx_room(v) == 0U) {
		return;
	}
	v->tx[v->tx_in & (VUART_TX_SIZE - 1U)] = c;
	if (c == '\n') {
		__atomic_store_n(&v->tx_lines, v->tx_lines + 1U, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&v->tx_in, v->tx_in + 1U, __ATOMIC_RELEASE);
	v->tx_int = v->tx_in - v->tx_out <= TX_MARK;
	output_flag(v->taken ? OUTPUT_CONTROL : OUTPUT_NEW);
}

uint32_t vuart_tx_send(struct vuart *v, const char *buf, uint32_t len)
{
	uint32_t n;

	lock_acquire(&v->lock);
	n = MIN(len, vuart_tx_room(v));
	for (uint32_t i = 0; i < n; i++) {
		vuart_tx_put(v, buf[i]);
	}
	vuart_tell_line(v);
	lock_release(&v->lock);
	return n;
}

uint32_t vuart_rx_get(struct vuart *v, char *buf, uint32_t max)
{
	uint32_t n = 0;

	lock_acquire(&v->lock);
	for (; n < max && v->rx_out != v->rx_in; n++) {
		buf[n] = v->rx[v->rx_out & (VUART_RX_SIZE - 1U)];
		v->rx_out++;
	}
	vuart_tell_line(v);
	lock_release(&v->lock);
	return n;
}

static void tell_beside(struct vuart *v)
{
	if (v->beside) {
		__atomic_store_n(&v->owed, true, __ATOMIC_RELEASE);
		output_flag(OUTPUT_CONTROL);
	}
}

uint32_t vuart_tx_get(struct vuart *v, char *buf, uint32_t max)
{
	uint32_t before;
	uint32_t n = 0;

	if (vuart_tx_level(v) == 0U) {
		return 0;
	}
	lock_acquire(&v->lock);
	before = v->tx_in - v->tx_out;
	while (n < max && v->tx_out != v->tx_in) {
		const char c = v->tx[v->tx_out & (VUART_TX_SIZE - 1U)];

		__atomic_store_n(&v->tx_out, v->tx_out + 1U, __ATOMIC_RELAXED);
		buf[n++] = c;
		if (c == '\n') {
			__atomic_store_n(&v->tx_lines, v->tx_lines - 1U, __ATOMIC_RELAXED);
			break;
		}
	}
	if (before > TX_MARK && v->tx_in - v->tx_out <= TX_MARK) {
		v->tx_int = true;
		tell_beside(v);
	}
	vuart_tell_line(v);
	lock_release(&v->lock);
	return n;
}

void vuart_tx_drop(struct vuart *v)
{
	lock_acquire(&v->lock);
	__atomic_store_n(&v->tx_out, v->tx_in, __ATOMIC_RELAXED);
	__atomic_store_n(&v->tx_lines, 0U, __ATOMIC_RELAXED);
	lock_release(&v->lock);
}

bool vuart_rx_push(struct vuart *v, char c)
{
	if (vuart_rx_level(v) == VUART_RX_SIZE) {
		v->overrun = true;
		return false;
	}
	v->rx[v->rx_in & (VUART_RX_SIZE - 1U)] = c;
	v->rx_in++;
	return true;
}

bool vuart_rx_put(struct vuart *v, char c)
{
	bool ok;

	lock_acquire(&v->lock);
	ok = vuart_rx_push(v, c);
	tell_beside(v);
	vuart_tell_line(v);
	lock_release(&v->lock);
	return ok;
}

void vuart_tell_line(struct vuart *v)
{
	const bool level = (vuart_raw_ints(v) & v->imsc) != 0U;

	if (level != v->told && v->vgic != NULL) {
		v->told = level;
		vgic_set_level(v->vgic, 0, v->intid, level);
	}
}
