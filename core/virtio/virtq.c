/* SPDX-License-Identifier: MIT */
#include "core/virtio/virtq.h"

#include "arch/barrier.h"

#define DESC_NEXT 1U
#define DESC_WRITE 2U
#define DESC_INDIRECT 4U
#define DESC_SIZE 16U
#define STEPS_MAX (2U * VIRTQ_MAX)

_Static_assert(sizeof(struct virtq_desc) == DESC_SIZE, "as in the guest's memory");

bool virtq_sound(const struct virtq *q)
{
	return q->num != 0U && q->num <= VIRTQ_MAX && (q->num & (q->num - 1U)) == 0U && is_aligned(q->desc, 16U) &&
	       is_aligned(q->avail, 2U) && is_aligned(q->used, 4U) &&
	       (q->desc | q->avail | q->used) < BIT(S2_IPA_BITS_MAX);
}

fh_status virtq_waiting(struct virtq *q, struct guest_view *g, uint32_t *nr)
{
	uint16_t idx;

	if (guest_read(g, WINDOW_RINGS, q->avail + 2U, &idx, sizeof(idx)) != FH_OK) {
		return FH_EFORMAT;
	}
	*nr = (uint16_t)(idx - q->next_avail);
	return *nr <= q->num ? FH_OK : FH_EFORMAT;
}

static fh_status read_desc(struct virtq *q, struct guest_view *g, uint16_t i)
{
	if (i >= q->num || q->seen == q->num ||
	    guest_read(g, WINDOW_RINGS, q->desc + (uint64_t)i * DESC_SIZE, &q->cur, DESC_SIZE) != FH_OK) {
		return FH_EFORMAT;
	}
	if ((q->cur.flags & DESC_INDIRECT) != 0U || ((q->cur.flags & DESC_WRITE) != 0U) != q->to_guest ||
	    q->cur.addr > UINT64_MAX - q->cur.len) {
		return FH_EFORMAT;
	}
	q->seen++;
	q->off = 0;
	return FH_OK;
}

/* Takes the next head; q->open tells whether there was one. */
static fh_status take_head(struct virtq *q, struct guest_view *g)
{
	uint32_t nr;
	fh_status status = virtq_waiting(q, g, &nr);

	if (status != FH_OK || nr == 0U) {
		return status;
	}
	/* What idx promised is read after it. */
	dmb(ish);
	if (guest_read(g, WINDOW_RINGS, q->avail + 4U + 2U * (q->next_avail & (q->num - 1U)), &q->head, sizeof(q->head)) != FH_OK) {
		return FH_EFORMAT;
	}
	q->next_avail++;
	q->seen = 0;
	q->written = 0;
	q->open = true;
	return FH_OK;
}

fh_status virtq_end(struct virtq *q, struct guest_view *g)
{
	const uint32_t elem[2] = { q->head, q->written };

	if (!q->open) {
		return FH_OK;
	}
	q->open = false;
	if (guest_write(g, WINDOW_RINGS, q->used + 4U + 8U * (q->used_idx & (q->num - 1U)), elem, sizeof(elem)) != FH_OK) {
		return FH_EFORMAT;
	}
	q->used_idx++;
	/* The element is seen before the index that counts it. */
	dmb(ish);
	return guest_write(g, WINDOW_RINGS, q->used + 2U, &q->used_idx, sizeof(q->used_idx)) == FH_OK ? FH_OK : FH_EFORMAT;
}

static fh_status move_part(const struct virtq *q, struct guest_view *g, char *buf, uint32_t len)
{
	const uint64_t at = q->cur.addr + q->off;
	const fh_status status = q->to_guest ? guest_write(g, WINDOW_DATA, at, buf, len) : guest_read(g, WINDOW_DATA, at, buf, len);

	return status == FH_OK ? FH_OK : FH_EFORMAT;
}

fh_status virtq_move(struct virtq *q, struct guest_view *g, void *buf, uint32_t max, uint32_t *moved)
{
	fh_status status = FH_OK;
	uint32_t n = 0;

	for (uint32_t steps = 0; status == FH_OK && n < max && steps < STEPS_MAX; steps++) {
		if (!q->open) {
			status = take_head(q, g);
			if (status != FH_OK || !q->open) {
				break;
			}
			status = read_desc(q, g, q->head);
			continue;
		}
		const uint32_t part = MIN(max - n, q->cur.len - q->off);

		status = move_part(q, g, (char *)buf + n, part);
		n += part;
		q->off += part;
		q->written += q->to_guest ? part : 0U;
		if (status == FH_OK && q->off == q->cur.len) {
			status = (q->cur.flags & DESC_NEXT) != 0U ? read_desc(q, g, q->cur.next) : virtq_end(q, g);
		}
	}
	if (status == FH_OK) {
		*moved = n;
	}
	return status;
}

fh_status virtq_discard(struct virtq *q, struct guest_view *g)
{
	fh_status status = virtq_end(q, g);

	for (uint32_t i = 0; status == FH_OK && i < VIRTQ_MAX; i++) {
		status = take_head(q, g);
		if (status != FH_OK || !q->open) {
			break;
		}
		status = virtq_end(q, g);
	}
	return status;
}
