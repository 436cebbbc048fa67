/* SPDX-License-Identifier: MIT */
/* Reading a node's properties by a table of them: what is not in it is refused, what is there is checked and stored. */
#include "core/base/string.h"
#include "core/config/config_internal.h"
#include "core/log/log.h"

#define PROPS_MAX 32U
#define NODE_PROPS_MAX 32U /* a name twice is no more of a node; each is searched for from the first */

/* Always allowed: references, and cell counts. */
static const char *const always[] = { "phandle", "linux,phandle", "#address-cells", "#size-cells" };

static bool is_known(struct words known, const char *word)
{
	for (uint32_t i = 0; i < known.nr; i++) {
		if (strcmp(known.list[i], word) == 0) {
			return true;
		}
	}
	return false;
}

static fh_status only(struct reader *r, uint16_t node, const struct prop *list, uint32_t nr)
{
	const char *names[PROPS_MAX];
	const struct words known = { names, MIN(nr, PROPS_MAX) }; /* those beyond would be refused */
	struct fdt_prop p;
	const char *name;

	for (uint32_t i = 0; i < known.nr; i++) {
		names[i] = list[i].name;
	}
	for (uint32_t i = 0; fdt_prop_at(r->t, node, i, &name, &p) == FH_OK; i++) {
		if (!is_known(known, name) && !is_known(WORDS(always), name)) {
			return cfg_unknown(r, node, name, known, name);
		}
		if (i == NODE_PROPS_MAX) {
			return cfg_refuse(r, FH_EOVERFLOW, node, NULL, "more than %u properties", NODE_PROPS_MAX);
		}
	}
	return FH_OK;
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

static fh_status text(struct reader *r, uint16_t node, const struct prop *p, char *buf)
{
	const char *s;

	if (fdt_str(r->t, node, p->name, &s) != FH_OK || s[0] == '\0') {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "must be one string that is not empty");
	}
	if (strlen(s) >= p->size) {
		return cfg_refuse(r, FH_EOVERFLOW, node, p->name, "is longer than %u characters", p->size - 1U);
	}
	/* What is shown of it stays what it is: no escape sequence, no line of its own. */
	for (const char *c = s; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			return cfg_refuse(r, FH_EINVAL, node, p->name,
					  "has a character that is not one of ASCII's printable ones");
		}
	}
	memcpy(buf, s, strlen(s) + 1U);
	return FH_OK;
}

static fh_status word(struct reader *r, uint16_t node, const struct prop *p, void *out)
{
	char all[64];
	const char *s;
	size_t at = 0;
	const bool sound = fdt_str(r->t, node, p->name, &s) == FH_OK;

	for (uint32_t i = 0; i < p->max; i++) {
		if (sound && strcmp(s, p->words[i]) == 0) {
			store(out, p->size, i);
			return FH_OK;
		}
		at += fmt_line(all + at, sizeof(all) - at, "%s%s", i == 0U ? "" : ", ", p->words[i]);
	}
	return cfg_refuse(r, FH_EINVAL, node, p->name, "\"%.32s\" is none of %s", sound ? s : "?", all);
}

static fh_status number(struct reader *r, uint16_t node, const struct prop *p, void *out)
{
	uint32_t v;

	if (fdt_u32(r->t, node, p->name, &v) != FH_OK) {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "must be one number");
	}
	if (v < p->min || v > p->max) {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "%u is not within %u to %u", v, p->min, p->max);
	}
	store(out, p->size, v);
	return FH_OK;
}

fh_status cfg_address(struct reader *r, uint16_t node, const char *prop, uint64_t *out)
{
	const fh_status status = fdt_u64(r->t, node, prop, out);

	if (status == FH_OK || status == FH_ENOENT) {
		return FH_OK;
	}
	return cfg_refuse(r, FH_EINVAL, node, prop, "must be one address, of one or two cells");
}

static fh_status flag(struct reader *r, uint16_t node, const struct prop *p, void *out)
{
	struct fdt_prop value;

	if (fdt_prop(r->t, node, p->name, &value) == FH_OK && value.len != 0U) {
		return cfg_refuse(r, FH_EINVAL, node, p->name, "is a flag and takes no value");
	}
	store(out, p->size, 1);
	return FH_OK;
}

static fh_status read_one(struct reader *r, uint16_t node, const struct prop *p, void *out)
{
	switch (p->kind) {
	case PROP_TEXT:
		return text(r, node, p, out);
	case PROP_WORD:
		return word(r, node, p, out);
	case PROP_NUMBER:
		return number(r, node, p, out);
	case PROP_ADDRESS:
		return cfg_address(r, node, p->name, out);
	case PROP_FLAG:
		return flag(r, node, p, out);
	case PROP_OTHER:
	default:
		return FH_OK;
	}
}

fh_status cfg_props(struct reader *r, uint16_t node, const struct prop *list, uint32_t nr, void *base)
{
	FH_TRY(only(r, node, list, nr));
	for (uint32_t i = 0; i < nr; i++) {
		if (list[i].kind != PROP_OTHER && fdt_has(r->t, node, list[i].name)) {
			FH_TRY(read_one(r, node, &list[i], (char *)base + list[i].at));
		}
	}
	return FH_OK;
}

fh_status cfg_no_children(struct reader *r, uint16_t node)
{
	const uint16_t child = r->t->nodes[node].first_child;

	return child == FDT_NO_NODE ? FH_OK : cfg_unknown_node(r, child, (struct words){ NULL, 0 });
}
