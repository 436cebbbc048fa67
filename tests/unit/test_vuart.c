/* SPDX-License-Identifier: MIT */
// SOURCES: core/vuart/*.c core/sync/*.c
/* The virtual PL011's registers, rings and interrupt line, as its drivers use them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/vuart/vuart.h"

#define DR 0x00U
#define RSR 0x04U
#define FR 0x18U
#define LCR_H 0x2cU
#define CR 0x30U
#define IFLS 0x34U
#define IMSC 0x38U
#define RIS 0x3cU
#define MIS 0x40U
#define ICR 0x44U

#define TXFE 0x80U
#define RXFF 0x40U
#define TXFF 0x20U
#define RXFE 0x10U
#define INT_RX 0x10U
#define INT_TX 0x20U
#define INT_RT 0x40U

uint32_t output_pending;

static struct vgic vgic;
static struct vuart uart;
static bool line;
static uint32_t told;

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	assert_ptr_equal(g, &vgic);
	assert_int_equal(vcpu, 0);
	assert_int_equal(intid, 33);
	assert_true(lock_held(&uart.lock));
	line = level;
	told++;
}

static int setup(void **state)
{
	(void)state;
	line = false;
	told = 0;
	output_pending = 0;
	vuart_init(&uart, &vgic, 33);
	return 0;
}

static uint32_t get_sized(uint64_t off, uint32_t size)
{
	uint64_t val = UINT64_MAX;

	assert_int_equal(vuart_ops.read(&uart, 0, off, size, &val), VDEV_OK);
	return (uint32_t)val;
}

static uint32_t get(uint64_t off)
{
	return get_sized(off, 4);
}

static void set(uint64_t off, uint32_t val)
{
	assert_int_equal(vuart_ops.write(&uart, 0, off, 4, val), VDEV_OK);
}

/* What Linux's amba-pl011 asks: the PrimeCell identity of an r1p5. */
static void identity(void **state)
{
	uint32_t pid = 0;
	uint32_t cid = 0;

	(void)state;
	for (uint32_t i = 0; i < 4U; i++) {
		pid |= get(0xfe0U + 4U * i) << (8U * i);
		cid |= get(0xff0U + 4U * i) << (8U * i);
	}
	assert_int_equal(pid & 0xfffffU, 0x41011);
	assert_int_equal(pid >> 20, 3);
	assert_int_equal(cid, 0xb105f00d);
}

static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(get(FR), TXFE | RXFE | 7U);
	assert_int_equal(get(CR), 0x300);
	assert_int_equal(get(IFLS), 0x12);
	assert_int_equal(get(IMSC), 0);
	assert_int_equal(get(RIS), 0);
	assert_int_equal(get(DR), 0);
	assert_int_equal(told, 0);
}

static void registers_keep_their_bits(void **state)
{
	static const struct {
		uint32_t off, bits;
	} regs[] = {
		{ 0x20, 0xff }, { 0x24, 0xffff }, { 0x28, 0x3f }, { LCR_H, 0xff }, { CR, 0xff87 },
		{ IFLS, 0x3f }, { IMSC, 0x7ff },  { 0x48, 0x7 },  { RIS, 0 },      { MIS, 0 },
		{ 0x80, 0 },    { 0x8c, 0 },      { 0xfdc, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		set(regs[i].off, UINT32_MAX);
		assert_int_equal(get(regs[i].off), regs[i].bits);
		set(regs[i].off, 0);
		assert_int_equal(get(regs[i].off), 0);
	}
}

static void sizes(void **state)
{
	uint64_t val;

	(void)state;
	set(CR, 0x301);
	assert_int_equal(get_sized(CR, 2), 0x301);
	assert_int_equal(get_sized(CR, 1), 0x01);
	assert_int_equal(get_sized(CR + 1U, 1), 0x03);
	assert_int_equal(vuart_ops.write(&uart, 0, DR, 1, 0xffffff41), VDEV_OK);
	assert_int_equal(vuart_ops.write(&uart, 0, DR, 2, 0xffff0042), VDEV_OK);
	assert_int_equal(vuart_ops.write(&uart, 0, DR + 1U, 1, 0x43), VDEV_OK);
	assert_int_equal(vuart_tx_level(&uart), 2);
	assert_int_equal(vuart_ops.read(&uart, 0, DR, 8, &val), VDEV_FAULT);
	assert_int_equal(vuart_ops.write(&uart, 0, DR, 8, 0), VDEV_FAULT);
	assert_int_equal(vuart_ops.read(&uart, 0, 0x1000, 4, &val), VDEV_FAULT);
}

static void sent_bytes_come_out_in_order(void **state)
{
	char buf[16];

	(void)state;
	for (const char *p = "one\ntwo\n!"; *p != '\0'; p++) {
		set(DR, (uint8_t)*p);
	}
	assert_int_equal(output_pending & 1U, 1);
	assert_int_equal(vuart_tx_level(&uart), 9);
	assert_int_equal(vuart_tx_lines(&uart), 2);
	assert_int_equal(vuart_tx_get(&uart, buf, 2), 2);
	assert_memory_equal(buf, "on", 2);
	assert_int_equal(vuart_tx_get(&uart, buf, sizeof(buf)), 2);
	assert_memory_equal(buf, "e\n", 2);
	assert_int_equal(vuart_tx_get(&uart, buf, sizeof(buf)), 4);
	assert_int_equal(vuart_tx_get(&uart, buf, sizeof(buf)), 1);
	assert_int_equal(vuart_tx_get(&uart, buf, sizeof(buf)), 0);
	assert_int_equal(vuart_tx_lines(&uart), 0);
	set(DR, 'a');
	set(DR, '\n');
	vuart_tx_drop(&uart);
	assert_int_equal(vuart_tx_level(&uart), 0);
	assert_int_equal(vuart_tx_lines(&uart), 0);
}

static void a_full_ring_is_txff(void **state)
{
	char buf[64];
	uint32_t sent = 0;

	(void)state;
	while ((get(FR) & TXFF) == 0U) {
		set(DR, sent & 0x7fU);
		sent++;
		assert_true(sent <= VUART_TX_SIZE);
	}
	assert_int_equal(sent, VUART_TX_SIZE);
	assert_int_equal(get(FR) & TXFE, 0);
	set(DR, 'x'); /* lost, as on a chip */
	assert_int_equal(vuart_tx_level(&uart), VUART_TX_SIZE);
	for (uint32_t i = 0; i < VUART_TX_SIZE; i++) {
		assert_int_equal(vuart_tx_get(&uart, buf, 1), 1);
		assert_int_equal(buf[0], i & 0x7fU);
		assert_int_equal((get(FR) & TXFE) != 0U, i >= 31U);
	}
	assert_int_equal(get(FR) & TXFF, 0);
}

/* Linux: fill by polling, then unmask TXIM, then 16 bytes an interrupt without asking for TXFF. */
static void the_transmit_interrupt_asks_for_more(void **state)
{
	char buf[64];

	(void)state;
	set(IMSC, INT_TX);
	assert_false(line);
	set(DR, 'a');
	assert_true(line);
	assert_int_equal(get(MIS), INT_TX);
	set(ICR, INT_TX);
	assert_false(line);
	set(DR, 'b');
	assert_true(line);
	while (vuart_tx_level(&uart) <= VUART_TX_SIZE / 2U) {
		assert_true(line);
		set(DR, 'c');
	}
	assert_false(line);
	set(DR, 'd');
	assert_false(line);
	while (!line) {
		assert_int_equal(vuart_tx_get(&uart, buf, 1), 1);
	}
	assert_int_equal(vuart_tx_level(&uart), VUART_TX_SIZE / 2U);
	set(ICR, INT_TX);
	assert_int_equal(vuart_tx_get(&uart, buf, 64), 64);
	assert_false(line); /* cleared, and nothing was crossed */
	set(IMSC, 0);
	set(DR, 'e');
	assert_int_equal(get(RIS), INT_TX);
	assert_int_equal(get(MIS), 0);
	assert_false(line);
}

static void received_bytes_interrupt_until_read(void **state)
{
	(void)state;
	assert_true(vuart_rx_put(&uart, 'a'));
	assert_false(line);
	assert_int_equal(get(FR) & RXFE, 0);
	set(IMSC, INT_RX | INT_RT);
	assert_true(line);
	assert_true(vuart_rx_put(&uart, '\xff'));
	set(ICR, 0x7ff);
	assert_true(line);
	assert_int_equal(get(DR), 'a');
	assert_true(line);
	assert_int_equal(get(DR), 0xff);
	assert_false(line);
	assert_int_equal(get(FR) & RXFE, RXFE);
	assert_int_equal(told, 2);
}

static void too_much_input_is_an_overrun(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < VUART_RX_SIZE; i++) {
		assert_true(vuart_rx_put(&uart, (char)(i & 0x7fU)));
	}
	assert_int_equal(get(FR) & RXFF, RXFF);
	assert_false(vuart_rx_put(&uart, 'x'));
	assert_int_equal(get(DR), 0x800U | 0U);
	assert_int_equal(get(RSR), 8);
	set(RSR, 0);
	assert_int_equal(get(RSR), 0);
	for (uint32_t i = 1; i < VUART_RX_SIZE; i++) {
		assert_int_equal(get(DR), i & 0x7fU);
	}
	assert_int_equal(get(DR), 0);
}

static void loopback(void **state)
{
	(void)state;
	set(CR, 0x381);
	set(DR, 'l');
	assert_int_equal(vuart_tx_level(&uart), 0);
	assert_int_equal(get(DR), 'l');
}

static void reset_keeps_what_was_sent(void **state)
{
	char buf[8];

	(void)state;
	set(IMSC, 0x7ff);
	set(CR, 0x301);
	set(DR, 'z');
	assert_true(vuart_rx_put(&uart, 'a'));
	assert_true(line);
	vuart_reset(&uart);
	assert_false(line);
	told = 0;
	reset_values(state);
	assert_int_equal(vuart_tx_get(&uart, buf, sizeof(buf)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity, setup),
		cmocka_unit_test_setup(reset_values, setup),
		cmocka_unit_test_setup(registers_keep_their_bits, setup),
		cmocka_unit_test_setup(sizes, setup),
		cmocka_unit_test_setup(sent_bytes_come_out_in_order, setup),
		cmocka_unit_test_setup(a_full_ring_is_txff, setup),
		cmocka_unit_test_setup(the_transmit_interrupt_asks_for_more, setup),
		cmocka_unit_test_setup(received_bytes_interrupt_until_read, setup),
		cmocka_unit_test_setup(too_much_input_is_an_overrun, setup),
		cmocka_unit_test_setup(loopback, setup),
		cmocka_unit_test_setup(reset_keeps_what_was_sent, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
