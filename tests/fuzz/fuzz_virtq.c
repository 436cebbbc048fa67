/* SPDX-License-Identifier: MIT */
// SOURCES: core/virtio/virtq.c core/virtio/virtio.c core/virtio/vcon.c core/sync/*.c core/log/fmt.c
/*
 * A virtio console under an adversary that writes registers and its own memory, also between two reads of ours. What is
 * checked: no access outside the guest's RAM (the copy functions), no more reads in a call than its bound says.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/log/log.h"
#include "core/virtio/vcon.h"
#include "tests/unit/guest_ram.h"

uint32_t output_pending;
static const uint8_t *input;
static size_t left;
static uint32_t reads;

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	(void)g;
	(void)vcpu;
	(void)intid;
	(void)level;
}

static uint32_t take(uint32_t bytes)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < bytes && left != 0U; i++, left--) {
		v = v << 8 | *input++;
	}
	return v;
}

/* Mostly small numbers, so that rings and descriptors are met. */
static void scribble(void)
{
	const uint32_t at = take(2) % (RAM_SIZE - 16U);
	const uint32_t val = take(1);

	ram[at & ~1U] = (unsigned char)val;
	if ((val & 1U) != 0U) {
		ram[(at & ~1U) + 1U] = (unsigned char)take(1);
	}
}

static void between_reads(void)
{
	reads++;
	if (left != 0U && (*input & 0x80U) != 0U) {
		take(1);
		scribble();
	}
}

static void bound(uint32_t most)
{
	if (reads > most) {
		abort();
	}
	reads = 0;
}

static void start(struct vcon *c)
{
	static const struct {
		uint32_t reg;
		uint32_t val;
	} steps[] = { { 0x70, 3 }, { 0x24, 0 }, { 0x20, 2 }, { 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 } };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		virtio_ops.write(&c->dev, 0, steps[i].reg, 4, steps[i].val);
	}
	for (uint32_t q = 0; q < VIRTIO_MAX_QUEUES; q++) {
		virtio_ops.write(&c->dev, 0, 0x30, 4, q);
		virtio_ops.write(&c->dev, 0, 0x38, 4, 8);
		virtio_ops.write(&c->dev, 0, 0x80, 4, RAM_BASE + q * 0x400U);
		virtio_ops.write(&c->dev, 0, 0x90, 4, RAM_BASE + q * 0x400U + 0x100U);
		virtio_ops.write(&c->dev, 0, 0xa0, 4, RAM_BASE + q * 0x400U + 0x200U);
		virtio_ops.write(&c->dev, 0, 0x44, 4, 1);
	}
	virtio_ops.write(&c->dev, 0, 0x70, 4, 15);
}

static void step(struct vcon *c)
{
	static char buf[4096];
	const uint32_t what = take(1);
	const uint32_t port = take(1) % VCON_PORTS;
	uint64_t v;

	reads = 0;
	switch (what % 8U) {
	case 0:
		v = take(1) * 4U;
		virtio_ops.write(&c->dev, 0, v, 4, take(4));
		break;
	case 1:
		virtio_ops.read(&c->dev, 0, take(2) % 0xff8U & ~7U, 1U << take(1) % 4U, &v);
		break;
	case 2:
		(void)vcon_read(c, port, buf, take(2) % sizeof(buf), take(1) % 2U != 0U);
		bound(8U * VIRTQ_MAX);
		break;
	case 3:
		(void)vcon_write(c, port, buf, take(2) % sizeof(buf));
		bound(8U * VIRTQ_MAX);
		break;
	case 4:
		(void)vcon_room(c, port);
		break;
	case 5:
		virtio_ops.write(&c->dev, 0, 0x50, 4, take(1) % 24U);
		break;
	case 6:
		start(c);
		break;
	default:
		/* A descriptor that is nearly right. */
		for (uint32_t i = 0; i < 8U; i++) {
			const uint32_t q = port * 2U + take(1) % 2U;
			uint64_t *d = (void *)(ram + q * 0x400U + 16U * (take(1) % 8U));

			d[0] = RAM_BASE + take(2) * 2U;
			d[1] = take(1) | (uint64_t)(take(1) & 3U) << 32 | (uint64_t)(take(1) % 9U) << 48;
			ram[q * 0x400U + 0x104U + 2U * (take(1) % 8U)] = (unsigned char)(take(1) % 9U);
			ram[q * 0x400U + 0x102U] = (unsigned char)(ram[q * 0x400U + 0x102U] + take(1) % 3U);
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vgic vgic;
	struct vcon c;

	input = data;
	left = size;
	memset(&c, 0, sizeof(c));
	memset(ram, 0, sizeof(ram));
	ram_touched = between_reads;
	vcon_init(&c, 0x1ff, &vgic, NULL, 287);
	start(&c);
	while (left != 0U) {
		step(&c);
	}
	return 0;
}
