/* SPDX-License-Identifier: MIT */
/* The registers of a virtual PL011 (DDI 0183, chapter 3). Reserved ones read as zero and ignore writes. */
#include "core/base/bits.h"
#include "core/vuart/vuart_internal.h"

#define UARTDR 0x000U
#define UARTRSR 0x004U
#define UARTFR 0x018U
#define UARTILPR 0x020U
#define UARTIBRD 0x024U
#define UARTFBRD 0x028U
#define UARTLCR_H 0x02cU
#define UARTCR 0x030U
#define UARTIFLS 0x034U
#define UARTIMSC 0x038U
#define UARTRIS 0x03cU
#define UARTMIS 0x040U
#define UARTICR 0x044U
#define UARTDMACR 0x048U
#define PERIPH_ID0 0xfe0U

#define FR_CTS 0x001U
#define FR_DSR 0x002U
#define FR_DCD 0x004U
#define FR_RXFE 0x010U
#define FR_TXFF 0x020U
#define FR_RXFF 0x040U
#define FR_TXFE 0x080U

#define DR_OE 0x800U
#define RSR_OE 0x008U
#define CR_LBE 0x080U
#define CR_RESET 0x300U /* TXE, RXE */
#define IFLS_RESET 0x012U

#define INT_RX 0x010U
#define INT_TX 0x020U
#define INT_RT 0x040U

#define FIFO_DEPTH 32U /* of an r1p5 */

static uint32_t rx_shown(const struct vuart *v)
{
	return v->away ? 0U : vuart_rx_level(v);
}

/* UARTPeriphID0 to 3 and UARTPCellID0 to 3: part 0x011, Arm, revision 3 (r1p5), PrimeCell. */
static const uint8_t ids[8] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

void vuart_reset_regs(struct vuart *v)
{
	v->rsr = 0;
	v->ilpr = 0;
	v->ibrd = 0;
	v->fbrd = 0;
	v->lcr_h = 0;
	v->cr = CR_RESET;
	v->ifls = IFLS_RESET;
	v->imsc = 0;
	v->dmacr = 0;
}

/* The receive interrupts are levels: they stay while there are bytes, whatever UARTICR says, so that none is stuck. */
uint32_t vuart_raw_ints(const struct vuart *v)
{
	return (v->tx_int ? INT_TX : 0U) | (rx_shown(v) != 0U ? INT_RX | INT_RT : 0U);
}

static uint32_t flags(const struct vuart *v)
{
	const uint32_t room = vuart_tx_room(v);
	const uint32_t level = rx_shown(v);

	return FR_CTS | FR_DSR | FR_DCD | (room == 0U ? FR_TXFF : 0U) | (room >= FIFO_DEPTH ? FR_TXFE : 0U) |
	       (level == 0U ? FR_RXFE : 0U) | (level == VUART_RX_SIZE ? FR_RXFF : 0U);
}

static uint32_t read_data(struct vuart *v)
{
	uint32_t val = v->overrun ? DR_OE : 0U;

	if (rx_shown(v) == 0U) {
		return 0;
	}
	val |= (uint8_t)v->rx[v->rx_out & (VUART_RX_SIZE - 1U)];
	v->rx_out++;
	v->rsr = v->overrun ? v->rsr | RSR_OE : v->rsr;
	v->overrun = false;
	return val;
}

static uint32_t read_reg(struct vuart *v, uint32_t reg)
{
	switch (reg) {
	case UARTDR:
		return read_data(v);
	case UARTRSR:
		return v->rsr;
	case UARTFR:
		return flags(v);
	case UARTILPR:
		return v->ilpr;
	case UARTIBRD:
		return v->ibrd;
	case UARTFBRD:
		return v->fbrd;
	case UARTLCR_H:
		return v->lcr_h;
	case UARTCR:
		return v->cr;
	case UARTIFLS:
		return v->ifls;
	case UARTIMSC:
		return v->imsc;
	case UARTRIS:
		return vuart_raw_ints(v);
	case UARTMIS:
		return vuart_raw_ints(v) & v->imsc;
	case UARTDMACR:
		return v->dmacr;
	default:
		return reg >= PERIPH_ID0 ? ids[(reg - PERIPH_ID0) / 4U] : 0U;
	}
}

static void write_data(struct vuart *v, uint32_t val)
{
	if ((v->cr & CR_LBE) != 0U) {
		(void)vuart_rx_push(v, (char)(val & 0xffU));
		v->tx_int = true;
	} else {
		vuart_tx_put(v, (char)(val & 0xffU));
	}
}

static void write_reg(struct vuart *v, uint32_t reg, uint32_t val)
{
	switch (reg) {
	case UARTDR:
		write_data(v, val);
		break;
	case UARTRSR:
		v->rsr = 0;
		break;
	case UARTILPR:
		v->ilpr = val & 0xffU;
		break;
	case UARTIBRD:
		v->ibrd = val & 0xffffU;
		break;
	case UARTFBRD:
		v->fbrd = val & 0x3fU;
		break;
	case UARTLCR_H:
		v->lcr_h = val & 0xffU;
		break;
	case UARTCR:
		v->cr = val & 0xff87U;
		break;
	case UARTIFLS:
		v->ifls = val & 0x3fU;
		break;
	case UARTIMSC:
		v->imsc = val & 0x7ffU;
		break;
	case UARTICR:
		v->tx_int = v->tx_int && (val & INT_TX) == 0U;
		break;
	case UARTDMACR:
		v->dmacr = val & 0x7U;
		break;
	default:
		break;
	}
}

/* A register lies in the low bytes of its word: a narrow read elsewhere in the word gives the bytes that are there. */
static enum vdev_result vuart_read(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val)
{
	struct vuart *v = dev;
	uint32_t word;

	(void)vcpu;
	if (size > 4U || off >= VUART_SIZE) {
		return VDEV_FAULT;
	}
	lock_acquire(&v->lock);
	word = read_reg(v, (uint32_t)off & ~3U);
	vuart_tell_line(v);
	lock_release(&v->lock);
	*val = (word >> (8U * (off & 3U))) & GENMASK(8U * size - 1U, 0);
	return VDEV_OK;
}

/* Drivers write a register by its low byte or half as well; the upper bytes are zero then. */
static enum vdev_result vuart_write(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val)
{
	struct vuart *v = dev;

	(void)vcpu;
	if (size > 4U || off >= VUART_SIZE) {
		return VDEV_FAULT;
	}
	if ((off & 3U) != 0U) {
		return VDEV_OK;
	}
	lock_acquire(&v->lock);
	write_reg(v, (uint32_t)off, (uint32_t)(val & GENMASK(8U * size - 1U, 0)));
	vuart_tell_line(v);
	lock_release(&v->lock);
	return VDEV_OK;
}

const struct vdev_ops vuart_ops = { .read = vuart_read, .write = vuart_write };
