/* SPDX-License-Identifier: MIT */
#include "core/virtio/guest_mem.h"

#include "arch/arm64/mm/el2_map.h"
#include "core/base/string.h"

#define WINDOW_SIZE UINT64_C(0x200000)

/*
 * Opens the window on the guest's `at`, which stays mapped until close_at(); *len: of what was asked, the part that it
 * shows. NULL: no RAM there.
 */
static void *open_at(struct s2 *s, uint64_t at, uint64_t *len)
{
	struct s2_leaf leaf;

	if (s2_hold(s, ipa(at), &leaf) != FH_OK) {
		return NULL;
	}
	if (!leaf.valid || leaf.kind != S2_RAM) {
		s2_let(s);
		return NULL;
	}
	const uint64_t in_leaf = at - ipa_val(leaf.ipa);
	const uint64_t where = pa_val(leaf.pa) + in_leaf;
	const uint64_t left = MIN((PAGE_SIZE << leaf.order) - in_leaf, WINDOW_SIZE - (where & (WINDOW_SIZE - 1U)));

	*len = MIN(*len, left);
	return window_open(pa(where), *len);
}

static void close_at(struct s2 *s)
{
	window_close();
	s2_let(s);
}

/* Indices have 16 bits, and a driver on another CPU writes and reads them whole: so do we. */
static void copy(void *to, const void *from, uint64_t len)
{
	if (len == sizeof(uint16_t) && is_aligned((uintptr_t)to | (uintptr_t)from, sizeof(uint16_t))) {
		__atomic_store_n((uint16_t *)to, __atomic_load_n((const uint16_t *)from, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
	} else {
		memcpy(to, from, len);
	}
}

fh_status guest_read(struct s2 *s, uint64_t at, void *buf, uint64_t len)
{
	for (uint64_t done = 0, part; done < len; done += part) {
		part = len - done;
		const void *va = open_at(s, at + done, &part);

		if (va == NULL) {
			return FH_ENOENT;
		}
		copy((char *)buf + done, va, part);
		close_at(s);
	}
	return FH_OK;
}

fh_status guest_write(struct s2 *s, uint64_t at, const void *buf, uint64_t len)
{
	for (uint64_t done = 0, part; done < len; done += part) {
		part = len - done;
		void *va = open_at(s, at + done, &part);

		if (va == NULL) {
			return FH_ENOENT;
		}
		copy(va, (const char *)buf + done, part);
		close_at(s);
	}
	return FH_OK;
}
