/* SPDX-License-Identifier: MIT */
#include "drivers/watchdog/watchdog.h"

#include "arch/mmio.h"

/* Control frame: WCS, WOR (compare value, ticks; 48 bits in revision 1); refresh frame: WRR, any write. */
#define GWDT_WCS 0x000U
#define GWDT_WOR 0x008U
#define GWDT_WOR_HIGH 0x00cU /* revision 0: reserved, ignores writes */
#define GWDT_WRR 0x000U
#define GWDT_WCS_EN 1U

static struct watchdog_desc dev;
static uint64_t period; /* counter ticks between refreshes, 0: there is no watchdog */
static uint64_t next;

static volatile void *reg(volatile void *frame, uint32_t offset)
{
	return (volatile char *)frame + offset;
}

uint64_t watchdog_max_ms(uint64_t hz)
{
	return UINT64_C(2000) * UINT32_MAX / hz;
}

/* Two stages of WOR ticks each: the first raises an interrupt that nobody takes, the second resets the board. */
fh_status watchdog_start(const struct watchdog_desc *desc, uint32_t timeout_ms, uint64_t hz)
{
	const uint64_t stage = hz * timeout_ms / 2000U;

	if (stage == 0U || timeout_ms > watchdog_max_ms(hz)) {
		return FH_EINVAL;
	}
	dev = *desc;
	period = stage / 2U;
	next = 0;
	mmio_write32(reg(dev.control, GWDT_WOR_HIGH), 0); /* whatever the firmware left there */
	mmio_write32(reg(dev.control, GWDT_WOR), (uint32_t)stage);
	mmio_write32(reg(dev.control, GWDT_WCS), GWDT_WCS_EN);
	return FH_OK;
}

void watchdog_poll(uint64_t now)
{
	if (period != 0U && now >= next) {
		mmio_write32(reg(dev.refresh, GWDT_WRR), 1U);
		next = now + period;
	}
}

uint64_t watchdog_next(void)
{
	return period != 0U ? next : UINT64_MAX;
}
