/* SPDX-License-Identifier: MIT */
/* Between the rings (vuart.c) and the registers (regs.c); all want v->lock held. */
#ifndef CORE_VUART_VUART_INTERNAL_H
#define CORE_VUART_VUART_INTERNAL_H

#include "core/vuart/vuart.h"

uint32_t vuart_tx_room(const struct vuart *v);
/* Dropped where there is no room: the guest didn't ask FR.TXFF. */
void vuart_tx_put(struct vuart *v, char c);
/* false: full, and the overrun is noted. */
bool vuart_rx_push(struct vuart *v, char c);
/* Tells the vGIC the line's level where it changed. */
void vuart_tell_line(struct vuart *v);

void vuart_reset_regs(struct vuart *v);
/* UARTRIS. */
uint32_t vuart_raw_ints(const struct vuart *v);

#endif
