/* SPDX-License-Identifier: MIT */
/* Reading a node's properties by a table of them: what is not in it is refused, what is there is checked and stored. */
#include "core/base/string.h"
#include "core/config/config_internal.h"
#include "core/log/log.h"

#define PROPS_MAX 48U /* of a table */

/* Always allowed: references, and cell counts. */
static const char *const always[] = { "phandle", "linux,phandle", "#address-cells", "#size-cells" };

/* Where a name stands in the table, behind it that of what is always allowed; nr + ARRAY_SIZE(always): nowhere. */
static uint32_t place(const struct prop *list, uint32_t nr, const char *name)
{
	uint32_t i = 0;

	while (i < nr && (list[i].name[0] != name[0] || strcmp(list[i].name, name) != 0)) {
		i++;
	}
	while (i >= nr && i < nr + ARRAY_SIZE(always) && strcmp(always[i - nr], name) != 0) {
		i++;
	}
	return i;
}

static fh_status unknown(struct reader *r, uint16_t node, const struct prop *list, uint32_t nr, const char *name)
{
	const char *names[PROPS_MAX];
	const struct words known = { names, MIN(nr, PROPS_MAX) };

	for (uint32_t i = 0; i < known.nr; i++) {
		names[i] = list[i].name;
	}
	return cfg_unknown(r, node, name, known, name);
}

static void store(void *at, uint32_t size, uint64_t value)
{
	if (size == 1U) {
		*(uint8_t *)at = (uint8_t)value;
	} else if (size == 4U) {
		*(uint32_t *)at = (uint32_t)value;
	} else {
		*(uint64_t *)at = value;
	}
}

static fh_status text(struct reader *r, uint16_t node, const struct prop *p, const struct fdt_prop *have, char *buf)
{
	const char *s;

	if (fdt_prop_str(have, &s) != FH_OK || s[0] == '\0') {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "must be one string that is not empty");
	}
	if (have->len > p->size) {
		return cfg_refuse(r, FH_EOVERFLOW, node, p->name, "is longer than %u characters", p->size - 1U);
	}
	/* What is shown of it stays what it is: no escape sequence, no line of its own. */
	for (const char *c = s; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			return cfg_refuse(r, FH_EINVAL, node, p->name,
					  "has a character that is not one of ASCII's printable ones");
		}
	}
	memcpy(buf, s, have->len);
	return FH_OK;
}

static fh_status word(struct reader *r, uint16_t node, const struct prop *p, const struct fdt_prop *have, void *out)
{
	char all[64];
	const char *s;
	size_t at = 0;
	const bool sound = fdt_prop_str(have, &s) == FH_OK;

	for (uint32_t i = 0; sound && i < p->max; i++) {
		if (strcmp(s, p->words[i]) == 0) {
			store(out, p->size, i);
			return FH_OK;
		}
	}
	for (uint32_t i = 0; i < p->max; i++) {
		at += fmt_line(all + at, sizeof(all) - at, "%s%s", i == 0U ? "" : ", ", p->words[i]);
	}
	return cfg_refuse(r, FH_EINVAL, node, p->name, "\"%.32s\" is none of %s", sound ? s : "?", all);
}

static fh_status number(struct reader *r, uint16_t node, const struct prop *p, const struct fdt_prop *have, void *out)
{
	uint32_t v;

	if (fdt_prop_u32(have, &v) != FH_OK) {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "must be one number");
	}
	if (v < p->min || v > p->max) {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "%u is not within %u to %u", v, p->min, p->max);
	}
	store(out, p->size, v);
	return FH_OK;
}

static fh_status address(struct reader *r, uint16_t node, const char *prop, const struct fdt_prop *have, uint64_t *out)
{
	return fdt_prop_u64(have, out) == FH_OK ?
		       FH_OK :
		       cfg_refuse(r, FH_EINVAL, node, prop, "must be one address, of one or two cells");
}

fh_status cfg_address(struct reader *r, uint16_t node, const char *prop, uint64_t *out)
{
	struct fdt_prop have;

	return fdt_prop(r->t, node, prop, &have) == FH_OK ? address(r, node, prop, &have, out) : FH_OK;
}

static fh_status flag(struct reader *r, uint16_t node, const struct prop *p, const struct fdt_prop *have, void *out)
{
	if (have->len != 0U) {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "is a flag and takes no value");
	}
	store(out, p->size, 1);
	return FH_OK;
}

static fh_status read_one(struct reader *r, uint16_t node, const struct prop *p, const struct fdt_prop *have, void *out)
{
	switch (p->kind) {
	case PROP_TEXT:
		return text(r, node, p, have, out);
	case PROP_WORD:
		return word(r, node, p, have, out);
	case PROP_NUMBER:
		return number(r, node, p, have, out);
	case PROP_ADDRESS:
		return address(r, node, p->name, have, out);
	case PROP_FLAG:
		return flag(r, node, p, have, out);
	case PROP_OTHER:
	default:
		return FH_OK;
	}
}

fh_status cfg_props(struct reader *r, uint16_t node, const struct prop *list, uint32_t nr, void *base)
{
	struct fdt_prop have;
	const char *name;
	uint64_t seen = 0;

	for (uint32_t at = 0; fdt_next_prop(r->t, node, &at, &name, &have);) {
		const uint32_t i = place(list, nr, name);

		if (i == nr + ARRAY_SIZE(always)) {
			return unknown(r, node, list, nr, name);
		}
		if ((seen >> i & 1U) != 0U) {
			return cfg_refuse(r, FH_EEXIST, node, name, "stands twice");
		}
		seen |= UINT64_C(1) << i;
		if (i < nr && list[i].kind != PROP_OTHER) {
			FH_TRY(read_one(r, node, &list[i], &have, (char *)base + list[i].at));
		}
	}
	return FH_OK;
}

fh_status cfg_no_children(struct reader *r, uint16_t node)
{
	const uint16_t child = r->t->nodes[node].first_child;

	return child == FDT_NO_NODE ? FH_OK : cfg_unknown_node(r, child, (struct words){ NULL, 0 });
}
