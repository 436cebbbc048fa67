/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_UART_UART_INTERNAL_H
#define DRIVERS_UART_UART_INTERNAL_H

#include "drivers/uart/uart.h"

extern const struct uart_ops pl011_ops;
extern const struct uart_ops pl011_axi_ops;

#endif
