/* SPDX-License-Identifier: MIT */
#include "core/virtio/virtq.h"

#include "arch/barrier.h"
#include "core/base/string.h"

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

/* An entry of a ring, naturally aligned, so that it is in one page; NULL: it is not RAM. */
static inline void *entry(struct guest_view *g, uint64_t at)
{
	uint64_t len = DESC_SIZE;

	return guest_at(g, WINDOW_RINGS, at, &len);
}

/* Indices have 16 bits, and a driver on another CPU writes and reads them whole: so do we. */
static inline fh_status get16(struct guest_view *g, uint64_t at, uint16_t *val)
{
	const uint16_t *from = entry(g, at);

	if (from == NULL) {
		return FH_EFORMAT;
	}
	*val = __atomic_load_n(from, __ATOMIC_RELAXED);
	return FH_OK;
}

/* An element of the used ring, two words: aligned as one, so that the second may be on another page. */
static inline fh_status put_used(struct guest_view *g, uint64_t at, uint32_t head, uint32_t written)
{
	uint32_t *to = entry(g, at);

	if (to == NULL) {
		return FH_EFORMAT;
	}
	*to++ = head;
	if (is_aligned(at + 4U, PAGE_SIZE)) {
		to = entry(g, at + 4U);
		if (to == NULL) {
			return FH_EFORMAT;
		}
	}
	*to = written;
	return FH_OK;
}

fh_status virtq_waiting(struct virtq *q, struct guest_view *g, uint32_t *nr)
{
	uint16_t idx;

	FH_TRY(get16(g, q->avail + 2U, &idx));
	q->avail_idx = idx;
	*nr = (uint16_t)(idx - q->next_avail);
	return *nr <= q->num ? FH_OK : FH_EFORMAT;
}

static fh_status read_desc(struct virtq *q, struct guest_view *g, uint16_t i)
{
	const uint64_t *from = i < q->num && q->seen != q->num ? entry(g, q->desc + (uint64_t)i * DESC_SIZE) : NULL;

	if (from == NULL) {
		return FH_EFORMAT;
	}
	const uint64_t addr = __atomic_load_n(from, __ATOMIC_RELAXED);
	const uint64_t rest = __atomic_load_n(from + 1, __ATOMIC_RELAXED);

	q->cur = (struct virtq_desc){ addr, (uint32_t)rest, (uint16_t)(rest >> 32), (uint16_t)(rest >> 48) };
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
	FH_TRY(get16(g, q->avail + 4U + 2U * (q->next_avail & (q->num - 1U)), &q->head));
	q->next_avail++;
	q->seen = 0;
	q->written = 0;
	q->open = true;
	return FH_OK;
}

fh_status virtq_end(struct virtq *q, struct guest_view *g)
{
	const uint64_t elem = q->used + 4U + 8U * (q->used_idx & (q->num - 1U));
	uint16_t *idx;

	if (!q->open) {
		return FH_OK;
	}
	q->open = false;
	FH_TRY(put_used(g, elem, q->head, q->written));
	idx = entry(g, q->used + 2U);
	if (idx == NULL) {
		return FH_EFORMAT;
	}
	q->used_idx++;
	/* The element is seen before the index that counts it. */
	dmb(ish);
	__atomic_store_n(idx, q->used_idx, __ATOMIC_RELAXED);
	return FH_OK;
}

static fh_status move_part(const struct virtq *q, struct guest_view *g, char *buf, uint32_t len)
{
	for (uint64_t done = 0, part; done < len; done += part) {
		part = len - done;
		void *there = guest_at(g, WINDOW_DATA, q->cur.addr + q->off + done, &part);

		if (there == NULL) {
			return FH_EFORMAT;
		}
		memcpy(q->to_guest ? there : buf + done, q->to_guest ? buf + done : there, part);
	}
	return FH_OK;
}

fh_status virtq_move(struct virtq *q, struct guest_view *g, void *buf, uint32_t max, uint32_t *moved)
{
	fh_status status = FH_OK;
	uint32_t n = 0;

	for (uint32_t steps = 0; status == FH_OK && n < max && steps < STEPS_MAX; steps++) {
		if (!q->open) {
			/* What the driver has added since it kicks for. */
			if (n != 0U && q->next_avail == q->avail_idx) {
				break;
			}
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
