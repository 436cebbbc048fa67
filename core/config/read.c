/* SPDX-License-Identifier: MIT */
/* Reading single properties, and telling what is wrong with them. */
#include <stdarg.h>

#include "core/base/string.h"
#include "core/config/config_internal.h"
#include "core/log/log.h"

#define WORD_MAX 32U
#define PATH_SHOWN 96U

fh_status cfg_say(struct cfg_error *err, fh_status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fmt_vline(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return status;
}

fh_status cfg_refuse(struct reader *r, fh_status status, uint16_t node, const char *prop, const char *fmt, ...)
{
	char path[PATH_SHOWN];
	va_list ap;
	size_t at;

	fdt_node_path(r->t, node, path, sizeof(path));
	at = fmt_line(r->err->text, sizeof(r->err->text), "%s%s%.40s: ", node == 0U && prop != NULL ? "" : path,
		      prop != NULL ? "/" : "", prop != NULL ? prop : "");
	va_start(ap, fmt);
	fmt_vline(r->err->text + at, sizeof(r->err->text) - at, fmt, ap);
	va_end(ap);
	return status;
}

/* Edit distance (insert, remove, replace) of two words shorter than WORD_MAX. */
static uint32_t distance(const char *a, const char *b)
{
	const uint32_t nb = (uint32_t)strlen(b);
	uint32_t row[WORD_MAX];

	for (uint32_t j = 0; j <= nb; j++) {
		row[j] = j;
	}
	for (uint32_t i = 0; a[i] != '\0'; i++) {
		uint32_t diagonal = row[0];

		row[0] = i + 1U;
		for (uint32_t j = 0; j < nb; j++) {
			const uint32_t change = diagonal + (a[i] == b[j] ? 0U : 1U);

			diagonal = row[j + 1U];
			row[j + 1U] = MIN(change, MIN(row[j], diagonal) + 1U);
		}
	}
	return row[nb];
}

/* The nearest known word, or NULL where none is near. */
static const char *nearest(struct words known, const char *word)
{
	const size_t len = strnlen(word, WORD_MAX);
	const char *best = NULL;
	uint32_t least = 3;

	for (uint32_t i = 0; len < WORD_MAX && i < known.nr; i++) {
		const size_t n = strlen(known.list[i]);
		/* It is at least what their lengths differ by. */
		const bool far = n >= WORD_MAX || n >= len + least || len >= n + least;
		const uint32_t d = far ? least : distance(word, known.list[i]);

		if (d < least && d < len) {
			least = d;
			best = known.list[i];
		}
	}
	return best;
}

fh_status cfg_unknown(struct reader *r, uint16_t node, const char *prop, struct words known, const char *name)
{
	const char *hint = nearest(known, name);

	return cfg_refuse(r, FH_EINVAL, node, prop, "unknown %s%s%s%s", prop != NULL ? "property" : "node",
			  hint != NULL ? ", did you mean " : "", hint != NULL ? hint : "", hint != NULL ? "?" : "");
}

fh_status cfg_unknown_node(struct reader *r, uint16_t node, struct words known)
{
	return cfg_unknown(r, node, NULL, known, fdt_node_name(r->t, node));
}

/* What a node's name has behind its @, where it is a number at all. */
static bool unit_address(const char *name, uint64_t *out)
{
	const char *c = strchr(name, '@');
	uint64_t v = 0;

	if (c == NULL || c[1] == '\0') {
		return false;
	}
	while (*++c != '\0') {
		const bool digit = *c >= '0' && *c <= '9';

		if ((!digit && (*c < 'a' || *c > 'f')) || v >> 60U != 0U) {
			return false;
		}
		v = v << 4U | (uint64_t)(digit ? *c - '0' : *c - 'a' + 10);
	}
	*out = v;
	return true;
}

fh_status cfg_one_reg(struct reader *r, uint16_t node, uint64_t align, struct range *out)
{
	struct range other;
	uint64_t named;

	switch (fdt_reg_local(r->t, node, 0, align, out)) {
	case FH_OK:
		break;
	case FH_ENOENT:
		return cfg_refuse(r, FH_ENOENT, node, "reg", "is missing");
	case FH_EALIGN:
		return cfg_refuse(r, FH_EALIGN, node, "reg", "address and size must be multiples of %s",
				  align == SIZE_2M ? "2 MiB" : "4 KiB");
	case FH_EOVERFLOW:
		return cfg_refuse(r, FH_EOVERFLOW, node, "reg", "runs past the end of the address space");
	case FH_EINVAL:
		return cfg_refuse(r, FH_EINVAL, node, "reg", "its size is 0, or a number has more than 64 bits");
	default:
		return cfg_refuse(r, FH_EINVAL, node, "reg",
				  "is no <address size>, by #address-cells and #size-cells of the node above");
	}
	if (fdt_reg_local(r->t, node, 1, 1U, &other) != FH_ENOENT) {
		return cfg_refuse(r, FH_EINVAL, node, "reg", "has more than one range: make a node for each");
	}
	if (unit_address(fdt_node_name(r->t, node), &named) && named != out->base) {
		return cfg_refuse(r, FH_EINVAL, node, "reg", "is at 0x%lx, but the node's name says 0x%lx", out->base,
				  named);
	}
	return FH_OK;
}

/* Devicetree Specification 2.2.1. A name of another kind could pass for something else where it is shown, or used. */
static bool is_name_char(char c, size_t at)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (at != 0U && ((c >= '0' && c <= '9') || c == ',' || c == '.' || c == '_' || c == '+' || c == '-'));
}

fh_status cfg_node_name(struct reader *r, uint16_t node, char *buf)
{
	const char *name = fdt_node_name(r->t, node);
	size_t len = 0;

	while (name[len] != '\0' && name[len] != '@') {
		if (!is_name_char(name[len], len)) {
			return cfg_say(r->err, FH_EINVAL,
				       "a node of the configuration: its name has a character that is "
				       "not a letter or, behind the first, a digit or one of ,._+-");
		}
		len++;
	}
	if (len == 0U || len >= CFG_NAME_MAX) {
		return cfg_refuse(r, FH_EOVERFLOW, node, NULL, "its name is empty or longer than %u characters",
				  CFG_NAME_MAX - 1U);
	}
	memcpy(buf, name, len);
	buf[len] = '\0';
	return FH_OK;
}

bool cfg_named(const struct fdt_index *t, uint16_t node, const char *name)
{
	const char *have = fdt_node_name(t, node);
	const size_t len = strlen(name);

	return strncmp(have, name, len) == 0 && (have[len] == '\0' || have[len] == '@');
}
