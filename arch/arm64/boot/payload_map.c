/* SPDX-License-Identifier: MIT */
#include "arch/arm64/boot/payload_map.h"

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/layout.h"
#include "core/log/log.h"

bool payload_has(const void *ctx, const char *name)
{
	return payload_find(ctx, name) != NULL;
}

static fh_status index_archive(const struct range *initrd, uint64_t offset, struct payload *out)
{
	struct payload_error err = { "", 0 };
	const fh_status status =
		payload_open((const void *)(uintptr_t)(EL2_VA_PAYLOAD + offset), initrd->size, out, &err);

	if (status != FH_OK) {
		log_err("payload: at byte %zu of %lu: %s: refused", err.offset, initrd->size, err.reason);
	} else {
		log_info("payload: 0x%lx+0x%lx files=%u", initrd->base, initrd->size, out->nr_files);
	}
	return status;
}

fh_status payload_map(const struct machine *m, struct payload *out, struct range *where)
{
	const struct range *r = &m->initrd;
	const uint64_t base = align_down(r->base, PAGE_SIZE);
	fh_status status;

	if (r->size == 0U) {
		log_err("payload: no initrd: /chosen has no linux,initrd-start and -end "
			"(QEMU: -initrd payload.cpio): refused");
		return FH_ENOENT;
	}
	if (r->size > EL2_PAYLOAD_MAX || r->base > BIT(48) || range_overlaps(*r, el2_image_range())) {
		log_err("payload: 0x%lx+0x%lx: too large, or over the image: refused", r->base, r->size);
		return FH_EINVAL;
	}
	*where = (struct range){ base, align_up(range_end(*r), PAGE_SIZE) - base };
	status = el2_map(EL2_VA_PAYLOAD, pa(base), where->size, EL2_RO);
	if (status != FH_OK) {
		log_err("payload: can't be mapped: %s", fh_status_str(status));
		return status;
	}
	return index_archive(r, r->base - base, out);
}
