/* SPDX-License-Identifier: MIT */
/*
 * The memory map as a drawing: RAM as one column, low addresses at the top, and each domain's own view (IPAs) beside
 * it, joined by bands to the RAM that it has or claims. Heights grow with the logarithm of the size.
 */
#include <string.h>

#include "tools/fhpack/fhpack.h"

#define RAM_X 150.0
#define RAM_W 270.0
#define DOM_X 600.0
#define DOM_W 270.0
#define TOP 92.0
#define WIDTH 1040.0

struct box {
	double y;
	double h;
};

/* By the color property, 31 to 36: fill and edge. */
static const char *const fills[] = { "#f6c6c2", "#c9e8c5", "#f7e2a8", "#c3d6f5", "#e7cbf0", "#bfe7ea" };
static const char *const edges[] = { "#b3382c", "#2f7d32", "#a87800", "#2b5fb0", "#83409c", "#0e7c86" };

static const char *fill_of(const struct cfg_domain *d)
{
	return fills[d->color - 31U];
}

static const char *edge_of(const struct cfg_domain *d)
{
	return edges[d->color - 31U];
}

static double height_of(uint64_t size)
{
	uint32_t log = 0;

	for (uint64_t s = size >> 20; s != 0U; s >>= 1) {
		log++;
	}
	return 26.0 + 4.5 * log;
}

/* Text from the configuration: names may hold anything that a tree's names may. */
static void put_text(FILE *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			if ((unsigned char)*s >= 0x20U && (unsigned char)*s < 0x7fU) {
				fputc(*s, out);
			}
			break;
		}
	}
}

static void text(FILE *out, double x, double y, const char *class, const char *s)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	put_text(out, s);
	fputs("</text>\n", out);
}

static void rect(FILE *out, double x, struct box b, double w, const char *fill, const char *edge, const char *more)
{
	fprintf(out,
		"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"3\" fill=\"%s\" stroke=\"%s\"%s/>\n",
		x, b.y, w, b.h, fill, edge, more);
}

static void address(FILE *out, double x, double y, uint64_t a)
{
	char s[32];

	snprintf(s, sizeof(s), "%#llx", (unsigned long long)a);
	text(out, x, y, "a", s);
}

static void ram_row(FILE *out, const struct map *m, const struct row *r, struct box b)
{
	static const struct {
		const char *fill;
		const char *edge;
		const char *more;
	} looks[] = {
		[ROW_FREE] = { "#ffffff", "#b8bec6", " stroke-dasharray=\"4 3\"" },
		[ROW_UNKNOWN] = { "#ffffff", "#b8bec6", " stroke-dasharray=\"2 4\"" },
		[ROW_RESERVED] = { "#d9d9d9", "#7a7a7a", "" },
		[ROW_HYP] = { "#d5d9e6", "#46507a", "" },
		[ROW_ZONE] = { "url(#pool)", "#5f6b7a", "" },
	};
	char label[64];
	char size[32];

	row_label(m, r, label, sizeof(label));
	if (r->kind == ROW_STATIC) {
		rect(out, RAM_X, b, RAM_W, fill_of(&m->sys->domains[r->index]), edge_of(&m->sys->domains[r->index]),
		     "");
	} else {
		rect(out, RAM_X, b, RAM_W, looks[r->kind].fill, looks[r->kind].edge, looks[r->kind].more);
	}
	text(out, RAM_X + 12.0, b.y + b.h / 2.0 + 4.5, r->kind <= ROW_UNKNOWN ? "n" : "l", label);
	text(out, RAM_X + RAM_W - 12.0, b.y + b.h / 2.0 + 4.5, "s", size_text(r->range.size, size, sizeof(size)));
	address(out, RAM_X - 10.0, b.y + 11.0, r->range.base);
}

static void ram_column(FILE *out, const struct map *m, struct box *boxes)
{
	double y = TOP;

	text(out, RAM_X, TOP - 18.0, "h", "RAM (physical addresses)");
	for (uint32_t i = 0; i < m->nr; i++) {
		const bool apart = i != 0U && range_end(m->rows[i - 1U].range) != m->rows[i].range.base;

		y += apart ? 26.0 : 0.0;
		boxes[i] = (struct box){ y, height_of(m->rows[i].range.size) };
		ram_row(out, m, &m->rows[i], boxes[i]);
		y += boxes[i].h;
		if (i + 1U == m->nr || range_end(m->rows[i].range) != m->rows[i + 1U].range.base) {
			address(out, RAM_X - 10.0, y + 11.0, range_end(m->rows[i].range));
		}
	}
}

static void band(FILE *out, struct box from, struct box to, const char *fill)
{
	const double x0 = RAM_X + RAM_W;
	const double mid = (x0 + DOM_X) / 2.0;

	fprintf(out,
		"<path d=\"M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f V%.1f C%.1f %.1f %.1f %.1f %.1f %.1f Z\" "
		"fill=\"%s\" opacity=\"0.55\"/>\n",
		x0, from.y, mid, from.y, mid, to.y, DOM_X, to.y, to.y + to.h, mid, to.y + to.h, mid, from.y + from.h,
		x0, from.y + from.h, fill);
}

/* Whether a leaf lies in a zone: is it, or below it. */
static bool leaf_in(const struct cfg_system *sys, uint8_t leaf, uint8_t zone)
{
	while (leaf != zone && leaf != CFG_NO_ZONE) {
		leaf = sys->zones[leaf].parent;
	}
	return leaf == zone;
}

static void bands(FILE *out, const struct map *m, const struct box *boxes, uint32_t d, uint32_t k, struct box to)
{
	const struct cfg_mem *mem = &m->sys->domains[d].mem[k];

	for (uint32_t i = 0; i < m->nr; i++) {
		const struct row *r = &m->rows[i];

		if ((r->kind == ROW_STATIC && r->index == d && r->memory == k) ||
		    (r->kind == ROW_ZONE && mem->kind == CFG_MEM_CLAIMED && leaf_in(m->sys, r->index, mem->zone))) {
			band(out, boxes[i], to, fill_of(&m->sys->domains[d]));
		}
	}
}

static void domain_head(FILE *out, const struct cfg_domain *d, double y)
{
	fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"6\" fill=\"%s\"/>\n", DOM_X + 6.0, y - 5.0, edge_of(d));
	text(out, DOM_X + 20.0, y, "h", d->name);
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"s\">", DOM_X + DOM_W, y);
	fprintf(out, "CPU%s", d->nr_vcpus == 1U ? "" : "s");
	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		fprintf(out, "%s%u", i == 0U ? " " : ", ", d->pcpu[i]);
	}
	fputs("</text>\n", out);
}

static double domain_panel(FILE *out, const struct map *m, const struct box *boxes, uint32_t n, double y)
{
	const struct cfg_domain *d = &m->sys->domains[n];

	domain_head(out, d, y);
	y += 14.0;
	for (uint32_t k = 0; k < d->nr_mem; k++) {
		const struct cfg_mem *mem = &d->mem[k];
		const struct box b = { y, height_of(mem->size) };
		char label[96];
		char size[32];

		bands(out, m, boxes, n, k, b);
		rect(out, DOM_X, b, DOM_W, fill_of(d), edge_of(d), "");
		if (mem->kind == CFG_MEM_STATIC) {
			snprintf(label, sizeof(label), mem->direct_map ? "static, direct map" : "static");
		} else {
			snprintf(label, sizeof(label), "claimed from %s", m->sys->zones[mem->zone].name);
		}
		text(out, DOM_X + 12.0, b.y + b.h / 2.0 + 4.5, "l", label);
		text(out, DOM_X + DOM_W - 12.0, b.y + b.h / 2.0 + 4.5, "s", size_text(mem->size, size, sizeof(size)));
		fputs("<g class=\"r\">", out);
		address(out, DOM_X + DOM_W + 10.0, b.y + 11.0, ipa_val(mem->ipa));
		fputs("</g>\n", out);
		y += b.h + 4.0;
	}
	for (uint32_t k = 0; k < d->nr_devices; k++) {
		y += 16.0;
		text(out, DOM_X + 12.0, y, "n", d->devices[k].path);
	}
	return y + 40.0;
}

static double panels_height(const struct cfg_system *sys)
{
	double h = 0.0;

	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		h += 54.0 + 16.0 * sys->domains[i].nr_devices;
		for (uint32_t k = 0; k < sys->domains[i].nr_mem; k++) {
			h += height_of(sys->domains[i].mem[k].size) + 4.0;
		}
	}
	return h;
}

static double rows_height(const struct map *m)
{
	double h = 0.0;

	for (uint32_t i = 0; i < m->nr; i++) {
		const bool apart = i != 0U && range_end(m->rows[i - 1U].range) != m->rows[i].range.base;

		h += height_of(m->rows[i].range.size) + (apart ? 26.0 : 0.0);
	}
	return h;
}

void map_svg(const struct map *m, FILE *out)
{
	static struct box boxes[MAX_ROWS];
	const char *slash = strrchr(m->title, '/');
	const double left = rows_height(m);
	const double right = panels_height(m->sys);
	const double height = TOP + MAX(left, right) + 40.0;
	double y = TOP - 4.0;

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\">\n"
		"<style>text{font:13px system-ui,sans-serif;fill:#1d2733}.h{font-weight:600;font-size:15px}"
		".t{font-weight:600;font-size:19px}.l{font-weight:500}.n{fill:#7b8794}.s{text-anchor:end;fill:#3d4a58}"
		".a{font:11px ui-monospace,monospace;text-anchor:end;fill:#5d6b7a}.r .a{text-anchor:start}</style>\n"
		"<defs><pattern id=\"pool\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" "
		"patternTransform=\"rotate(45)\"><rect width=\"8\" height=\"8\" fill=\"#eef1f5\"/>"
		"<rect width=\"3\" height=\"8\" fill=\"#dfe4ea\"/></pattern></defs>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
		WIDTH, height, WIDTH, height);
	text(out, 24.0, 34.0, "t", slash != NULL ? slash + 1 : m->title);
	ram_column(out, m, boxes);
	for (uint32_t i = 0; i < m->sys->nr_domains; i++) {
		y = domain_panel(out, m, boxes, i, y + (i == 0U ? -14.0 : 0.0));
	}
	fputs("</svg>\n", out);
}
