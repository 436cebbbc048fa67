/* SPDX-License-Identifier: MIT */
/* Where a domain's files go, decided and checked before anything is claimed. */
#include "core/base/string.h"
#include "core/domain/body.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

/* The arm64 Image header (Linux Documentation/arch/arm64/booting.rst). */
#define IMAGE_MAGIC_OFFSET 56U
#define IMAGE_MAGIC UINT32_C(0x644d5241)
#define IMAGE_ALIGN UINT64_C(0x200000)

/* What the kernel wants of the place it is loaded at. */
struct image_header {
	bool arm64;
	uint64_t text_offset;
	uint64_t image_size; /* with its .bss */
};

static uint64_t read_le64(const unsigned char *p)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < 8U; i++) {
		v |= (uint64_t)p[i] << (8U * i);
	}
	return v;
}

/* Files that are often taken for kernels, and what they are. */
static const struct {
	uint32_t at;
	uint32_t mask;
	uint32_t magic;
	const char *what;
} unfit[] = {
	{ 0, UINT32_MAX, 0x464c457f, "an ELF file, not an Image or a flat binary" },
	{ 0, 0xffffff, 0x088b1f, "compressed" },
	{ 4, UINT32_MAX, 0x676d697a, "compressed" }, /* Linux's EFI zboot: "zimg" */
	{ 36, UINT32_MAX, 0x016f2818, "a 32-bit kernel: EL1 is AArch64" },
};

static fh_status read_header(const struct domain *d, struct image_header *h)
{
	const struct domain_image *img = &d->images[DOM_IMG_KERNEL];
	const unsigned char *p = img->data != NULL ? img->data : d->files.head;

	*h = (struct image_header){ false, 0, img->size };
	if (img->size < sizeof(d->files.head)) {
		return FH_OK;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(unfit); i++) {
		if (((uint32_t)read_le64(p + unfit[i].at) & unfit[i].mask) == unfit[i].magic) {
			log_life(LOG_ERROR, d->id, "config: dom=%s file=%s: %s: refused", d->cfg->name, img->name,
				 unfit[i].what);
			return FH_EFORMAT;
		}
	}
	if ((uint32_t)read_le64(p + IMAGE_MAGIC_OFFSET) == IMAGE_MAGIC) {
		h->arm64 = true;
		h->text_offset = read_le64(p + 8);
		h->image_size = MAX(read_le64(p + 16), img->size);
	}
	return FH_OK;
}

static bool in_ram(const struct cfg_domain *c, uint64_t ipa_at, uint64_t size)
{
	struct range r;

	if (range_make(ipa_at, size, 1U, &r) != FH_OK) {
		return false;
	}
	for (uint32_t i = 0; i < c->nr_mem; i++) {
		const struct range m = { ipa_val(c->mem[i].ipa), c->mem[i].size };

		if (range_contains(m, r)) {
			return true;
		}
	}
	return false;
}

static fh_status place(struct domain *d, uint32_t which, uint64_t at, uint64_t span)
{
	struct domain_image *img = &d->images[which];

	if (!in_ram(d->cfg, at, span)) {
		log_life(LOG_ERROR, d->id,
			 "config: dom=%s file=%s at=0x%lx size=0x%lx: not within the domain's memory: refused",
			 d->cfg->name, img->name, at, span);
		return FH_ENOFIT;
	}
	img->ipa = at;
	return FH_OK;
}

static fh_status find_file(struct domain *d, uint32_t which, const char *name)
{
	const struct payload_file *f = payload_find(domains.files, name);

	if (d->files.size[which] != 0U) {
		d->images[which] = (struct domain_image){ NULL, d->files.size[which], 0, name };
		return FH_OK;
	}
	if (f == NULL) {
		log_life(LOG_ERROR, d->id, "config: dom=%s file=%s: not in the payload: refused", d->cfg->name, name);
		return FH_ENOENT;
	}
	if (f->size == 0U) {
		log_life(LOG_ERROR, d->id, "config: dom=%s file=%s: is empty: refused", d->cfg->name, name);
		return FH_EFORMAT;
	}
	d->images[which] = (struct domain_image){ f->data, f->size, 0, f->name };
	return FH_OK;
}

static fh_status plan_kernel(struct domain *d, uint64_t *span)
{
	const struct cfg_domain *c = d->cfg;
	const uint64_t base = ipa_val(c->mem[0].ipa);

	struct image_header h;
	uint64_t at = c->load_address;

	FH_TRY(find_file(d, DOM_IMG_KERNEL, c->kernel));
	FH_TRY(read_header(d, &h));
	if (at == CFG_ADDR_AUTO) {
		at = h.arm64 ? align_up(base, IMAGE_ALIGN) + (h.text_offset & (IMAGE_ALIGN - 1U)) : base;
	}
	*span = h.image_size;
	d->entry = c->entry == CFG_ADDR_AUTO ? at : c->entry;
	return place(d, DOM_IMG_KERNEL, at, h.image_size);
}

static fh_status overlap(const struct domain *d, uint64_t kernel_span)
{
	for (uint32_t i = 0; i < DOM_IMG_COUNT; i++) {
		for (uint32_t j = i + 1U; j < DOM_IMG_COUNT; j++) {
			const struct domain_image *a = &d->images[i];
			const struct domain_image *b = &d->images[j];
			const struct range ra = { a->ipa, i == DOM_IMG_KERNEL ? kernel_span : a->size };
			const struct range rb = { b->ipa, b->size };

			if (a->size != 0U && b->size != 0U && range_overlaps(ra, rb)) {
				log_life(LOG_ERROR, d->id, "config: dom=%s: %s and %s overlap at 0x%lx: refused",
					 d->cfg->name, a->name, b->name, MAX(ra.base, rb.base));
				return FH_EEXIST;
			}
		}
	}
	return FH_OK;
}

/*
 * From the top of the first range down: the tree, 64 KiB aligned, below it the ramdisk. Both far from the kernel,
 * which grows up from the bottom.
 */
fh_status domain_plan(struct domain *d)
{
	const struct cfg_domain *c = d->cfg;
	const uint64_t end = ipa_val(c->mem[0].ipa) + c->mem[0].size;
	struct domain_image *dtb = &d->images[DOM_IMG_DTB];
	struct domain_image *rd = &d->images[DOM_IMG_RAMDISK];
	uint64_t kernel_span = 0;
	fh_status status;

	/* What the slot's last domain had is not this one's. */
	memset(d->images, 0, sizeof(d->images));
	status = plan_kernel(d, &kernel_span);
	dtb->name = "(generated tree)";
	dtb->size = PAGE_SIZE << BODY_TREE_ORDER;
	if (status == FH_OK && c->dtb[0] != '\0') {
		status = find_file(d, DOM_IMG_DTB, c->dtb);
	}
	if (status == FH_OK && c->ramdisk[0] != '\0') {
		status = find_file(d, DOM_IMG_RAMDISK, c->ramdisk);
	}
	if (status != FH_OK) {
		return status;
	}
	uint64_t top = end - MIN(end, align_up(dtb->size, DOM_DTB_ALIGN));

	top = align_down(top, DOM_DTB_ALIGN);
	status = place(d, DOM_IMG_DTB, c->dtb_address == CFG_ADDR_AUTO ? top : c->dtb_address, dtb->size);
	if (status == FH_OK && rd->size != 0U) {
		const uint64_t low = align_down(top - MIN(top, rd->size), DOM_DTB_ALIGN);

		status = place(d, DOM_IMG_RAMDISK, c->ramdisk_address == CFG_ADDR_AUTO ? low : c->ramdisk_address,
			       rd->size);
	}
	return status == FH_OK ? overlap(d, kernel_span) : status;
}
