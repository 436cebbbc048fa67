/* SPDX-License-Identifier: MIT */
/* The console's ports and the messages on its control queues (virtio 1.2, 5.3.6). */
#include "core/virtio/vcon.h"

#include "core/base/string.h"
#include "core/log/log.h"

#define QUEUE_CONTROL_IN 2U  /* to the guest */
#define QUEUE_CONTROL_OUT 3U /* from it */

#define F_MULTIPORT BIT(1)
#define F_VERSION_1 BIT(32)

/* Events, 5.3.6.2. */
enum {
	EV_DEVICE_READY,
	EV_DEVICE_ADD,
	EV_DEVICE_REMOVE,
	EV_PORT_READY,
	EV_CONSOLE_PORT,
	EV_RESIZE,
	EV_PORT_OPEN,
	EV_NAME
};

/* What say[] holds, in order. */
enum { SAY_ADD, SAY_CONSOLE, SAY_NAME, SAY_OPEN };
static const uint16_t says[4] = { EV_DEVICE_ADD, EV_CONSOLE_PORT, EV_NAME, EV_PORT_OPEN };

struct message {
	uint32_t port;
	uint16_t event;
	uint16_t value;
};
#define MESSAGE_SIZE 8U
#define NAME_MAX 32U

/* Columns and rows (not offered), ports, emergency write. */
static const uint32_t config[3] = { 0, VCON_PORTS, 0 };

static struct vcon *vcon_of(struct virtio *v)
{
	return CONTAINER_OF(v, struct vcon, dev);
}

/* 5.3.2: port 0 has queues 0 and 1, the control queues follow, port n has 2n + 2 and 2n + 3. */
static uint32_t port_queue(uint32_t port, bool from_guest)
{
	return (port == 0U ? 0U : 2U * port + 2U) + (from_guest ? 1U : 0U);
}

static uint32_t queue_port(uint32_t queue)
{
	return queue < 2U ? 0U : (queue - 2U) / 2U;
}

/* Moves bytes through a queue; a stream that goes to the guest ends its buffer, so that the guest sees it. */
static uint32_t transfer(struct vcon *c, uint32_t queue, void *buf, uint32_t len, bool quiet)
{
	struct virtq *q = virtio_queue(&c->dev, queue);
	struct guest_view g;
	uint32_t n = 0;

	if (q == NULL) {
		return 0;
	}
	guest_open(&g, c->dev.s2);
	fh_status status = virtq_move(q, &g, buf, len, &n);

	if (status == FH_OK && q->to_guest) {
		status = virtq_end(q, &g);
	}
	guest_close(&g);
	if (!quiet || status != FH_OK || (uint16_t)(q->used_idx - q->told_idx) >= q->num) {
		virtio_done(&c->dev, q, status);
	}
	return status == FH_OK ? n : 0U;
}

static bool room(struct vcon *c, uint32_t queue)
{
	struct virtq *q = virtio_queue(&c->dev, queue);
	struct guest_view g;
	uint32_t nr = 0;

	if (q == NULL) {
		return false;
	}
	guest_open(&g, c->dev.s2);
	const fh_status status = virtq_waiting(q, &g, &nr);

	guest_close(&g);
	if (status != FH_OK) {
		virtio_done(&c->dev, q, status);
	}
	return nr != 0U;
}

static void say(struct vcon *c, uint32_t what, uint32_t port)
{
	char buf[MESSAGE_SIZE + NAME_MAX];
	const struct message m = { port, says[what], 1 };
	uint32_t len = MESSAGE_SIZE;

	memcpy(buf, &m, MESSAGE_SIZE);
	if (what == SAY_NAME) {
		len += (uint32_t)fmt_line(buf + len, NAME_MAX, "org.freehold.control.%u", port - 1U);
	}
	(void)transfer(c, QUEUE_CONTROL_IN, buf, len, false);
	c->say[what] &= ~(1U << port);
}

/* All that is owed, while there are buffers for it. Bound: 4 messages a port. */
static void say_owed(struct vcon *c)
{
	for (uint32_t what = 0; what < ARRAY_SIZE(says); what++) {
		while (c->say[what] != 0U) {
			if (!room(c, QUEUE_CONTROL_IN)) {
				return;
			}
			say(c, what, (uint32_t)__builtin_ctz(c->say[what]));
		}
	}
}

static void kick_port(struct vcon *c, uint32_t port)
{
	__atomic_fetch_or(&c->kicked, 1U << port, __ATOMIC_RELEASE);
	output_flag(OUTPUT_CONTROL);
}

/* What a session sent and nobody read belongs to no other. */
static void drop_input(struct vcon *c, uint32_t port)
{
	struct virtq *q = virtio_queue(&c->dev, port_queue(port, true));

	struct guest_view g;

	if (q != NULL) {
		guest_open(&g, c->dev.s2);
		const fh_status status = virtq_discard(q, &g);

		guest_close(&g);
		virtio_done(&c->dev, q, status);
	}
}

static void set_open(struct vcon *c, uint32_t port, bool open)
{
	if ((c->session[port] % 2U != 0U) != open) {
		c->session[port]++;
		if (!open) {
			drop_input(c, port);
		}
		kick_port(c, port);
	}
}

static void hear(struct vcon *c, const struct message *m)
{
	const uint32_t bit = m->port < VCON_PORTS ? 1U << m->port & c->ports : 0U;

	if (m->event == EV_DEVICE_READY) {
		c->say[SAY_ADD] = m->value == 1U ? c->ports : 0U;
	} else if (bit == 0U) {
		/* No such port: nothing is known of it. */
	} else if (m->event == EV_PORT_READY && m->value == 1U) {
		c->say[m->port == VCON_CONSOLE ? SAY_CONSOLE : SAY_NAME] |= bit;
		c->say[SAY_OPEN] |= bit;
	} else if (m->event == EV_PORT_OPEN) {
		set_open(c, m->port, m->value != 0U);
	} else {
		/* PORT_READY 0: the guest has no room for it. */
	}
}

static void hear_all(struct vcon *c)
{
	struct message m;

	for (uint32_t i = 0; i < VIRTQ_MAX && transfer(c, QUEUE_CONTROL_OUT, &m, MESSAGE_SIZE, false) == MESSAGE_SIZE;
	     i++) {
		hear(c, &m);
	}
}

static void vcon_kick(struct virtio *v, uint32_t i)
{
	struct vcon *c = vcon_of(v);

	if (i == QUEUE_CONTROL_IN || i == QUEUE_CONTROL_OUT) {
		lock_acquire(&v->lock);
		hear_all(c);
		say_owed(c);
		lock_release(&v->lock);
	} else if (i < v->kind->nr_queues) {
		kick_port(c, queue_port(i));
	} else {
		/* No such queue. */
	}
}

static void vcon_reset(struct virtio *v)
{
	struct vcon *c = vcon_of(v);

	memset(c->say, 0, sizeof(c->say));
	for (uint32_t i = 0; i < VCON_PORTS; i++) {
		set_open(c, i, false);
	}
}

static const struct virtio_kind kind = {
	.id = 3,
	.nr_queues = 2U * VCON_PORTS + 2U,
	.features = F_VERSION_1 | F_MULTIPORT,
	.config = config,
	.config_size = sizeof(config),
	.reset = vcon_reset,
	.kick = vcon_kick,
};
_Static_assert(2U * VCON_PORTS + 2U <= VIRTIO_MAX_QUEUES, "two queues a port, two for control");

void vcon_init(struct vcon *c, uint32_t ports, struct vgic *vgic, struct s2 *s2, uint32_t intid)
{
	virtio_init(&c->dev, &kind, vgic, s2, intid);
	c->ports = ports;
	virtio_reset(&c->dev);
}

uint32_t vcon_session(struct vcon *c, uint32_t port)
{
	return __atomic_load_n(&c->session[port], __ATOMIC_ACQUIRE);
}

uint32_t vcon_read(struct vcon *c, uint32_t port, void *buf, uint32_t max, bool quiet)
{
	uint32_t n;

	lock_acquire(&c->dev.lock);
	n = transfer(c, port_queue(port, true), buf, max, quiet);
	lock_release(&c->dev.lock);
	return n;
}

bool vcon_room(struct vcon *c, uint32_t port)
{
	bool there;

	lock_acquire(&c->dev.lock);
	there = room(c, port_queue(port, false));
	lock_release(&c->dev.lock);
	return there;
}

uint32_t vcon_write(struct vcon *c, uint32_t port, const void *buf, uint32_t len)
{
	union {
		const void *from;
		void *to;
	} p = { buf }; /* a queue to the guest only reads it */
	uint32_t n;

	lock_acquire(&c->dev.lock);
	n = transfer(c, port_queue(port, false), p.to, len, false);
	lock_release(&c->dev.lock);
	return n;
}
