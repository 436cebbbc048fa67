/* SPDX-License-Identifier: MIT */
/* memory: zones with their histograms, and who owns what, drawn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fhctl/fhctl.h"

#define PAGE 4096ull
#define NO_ZONE 255u

static struct ctl_zone *zones;
static size_t nr_zones;
static struct ctl_memory *runs; /* neighbours of one use and owner, merged */
static size_t nr_runs;

static void fetch(void)
{
	zones = fetch_list(CTL_ZONES, sizeof(*zones), &nr_zones);
	for (size_t i = 0; i < nr_zones; i++) {
		zones[i].name[sizeof(zones[i].name) - 1] = '\0';
	}
	runs = fetch_list(CTL_MEMORY, sizeof(*runs), &nr_runs);
	size_t n = 0;

	for (size_t i = 1; i < nr_runs; i++) {
		struct ctl_memory *a = &runs[n];
		const struct ctl_memory *b = &runs[i];

		if (a->use == b->use && a->owner == b->owner && a->zone == b->zone && a->base + a->size == b->base) {
			a->size += b->size;
		} else {
			runs[++n] = *b;
		}
	}
	nr_runs = nr_runs == 0 ? 0 : n + 1;
}

const char *zone_name(uint32_t zone)
{
	if (zones == NULL) {
		fetch();
	}
	return zone < nr_zones ? zones[zone].name : "-";
}

int find_zone(const char *name)
{
	if (zones == NULL) {
		fetch();
	}
	for (size_t i = 0; i < nr_zones; i++) {
		if (strcmp(zones[i].name, name) == 0) {
			return (int)i;
		}
	}
	die(EXIT_NO_ENTRY, "no zone is named '%s'; try fhctl memory", name);
}

static const char *use_name(uint32_t use)
{
	static const char *const names[] = { "unused", "free",     "owned",   "quarantined",
					     "static", "freehold", "payload", "reserved" };

	return use < COUNT(names) ? names[use] : "?";
}

static int use_color(const struct ctl_memory *m)
{
	static const int domains[] = { 36, 33, 32, 35, 34, 31 };

	switch (m->use) {
	case CTL_OWNED:
	case CTL_STATIC:
		return m->owner == CTL_DOM_HYP  ? 37 :
		       m->owner == CTL_DOM_NONE ? 90 :
						  domains[m->owner % COUNT(domains)];
	case CTL_QUARANTINED:
		return 41;
	case CTL_FREE:
		return 0;
	default:
		return 90;
	}
}

static char use_glyph(const struct ctl_memory *m)
{
	switch (m->use) {
	case CTL_OWNED:
	case CTL_STATIC:
		if (m->owner == CTL_DOM_HYP || m->owner == CTL_DOM_NONE) {
			return m->owner == CTL_DOM_HYP ? 'h' : 'x';
		}
		return (char)(m->owner < 10 ? '0' + m->owner : 'A' + (m->owner - 10) % 26);
	case CTL_FREE:
		return '.';
	case CTL_UNUSED:
		return '-';
	case CTL_QUARANTINED:
		return '!';
	default:
		return '#';
	}
}

/* One line a bank: RAM that hangs together. Each column shows what most of its part is. */
static void draw_bank(const struct ctl_memory *first, size_t nr)
{
	const uint64_t base = first->base;
	const uint64_t size = first[nr - 1].base + first[nr - 1].size - base;
	const int width = screen_width() - 28;
	size_t i = 0;

	printf("  0x%010llx ", (unsigned long long)base);
	for (int c = 0; c < width; c++) {
		const uint64_t from = base + size / (uint64_t)width * (uint64_t)c;
		const uint64_t to = c + 1 == width ? base + size : from + size / (uint64_t)width;
		const struct ctl_memory *best = &first[i];
		uint64_t most = 0;

		for (size_t k = i; k < nr && first[k].base < to; k++) {
			const uint64_t a = first[k].base > from ? first[k].base : from;
			const uint64_t end = first[k].base + first[k].size;
			const uint64_t b = end < to ? end : to;

			if (b > a && b - a > most) {
				most = b - a;
				best = &first[k];
			}
			i = end <= to ? k + 1 : i;
		}
		printf("%s%c%s", color_on(use_color(best)), use_glyph(best), opt_color ? color_off() : "");
	}
	printf(" %s\n", size_text(size));
}

/* "  0 front": in lines that the screen has room for. */
static void legend(char glyph, int color, const char *what)
{
	static int column;
	const int len = (int)strlen(what) + 4;

	if (column + len > screen_width()) {
		printf("\n");
		column = 0;
	}
	printf("  %s%c%s %s", color_on(color), glyph, color_off(), what);
	column += len;
}

static void draw(void)
{
	static const char *const others[] = { ". free",
					      "- unused",
					      "h freehold's for domains",
					      "x not yours to see",
					      "! bad",
					      "# freehold, payload, reserved" };
	size_t nr;
	const struct ctl_domain *d = fetch_domains(&nr);

	printf("RAM, by owner:\n");
	for (size_t i = 0, from = 0; i < nr_runs; i++) {
		if (i + 1 == nr_runs || runs[i].base + runs[i].size != runs[i + 1].base) {
			draw_bank(&runs[from], i + 1 - from);
			from = i + 1;
		}
	}
	for (size_t i = 0; i < nr; i++) {
		const struct ctl_memory m = { .use = CTL_OWNED, .owner = d[i].id };

		legend(use_glyph(&m), use_color(&m), d[i].name);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		legend(others[i][0], 0, others[i] + 2);
	}
	printf("\n");
}

static const char *order_text(unsigned int order)
{
	return size_text(PAGE << order);
}

static void print_histogram(const struct ctl_zone *z)
{
	uint64_t most = 1;

	for (unsigned int k = 0; k <= z->max_order && k < CTL_ORDERS; k++) {
		const uint64_t pages = z->nr_free[k] << k;

		most = pages > most ? pages : most;
	}
	for (unsigned int k = 0; k <= z->max_order && k < CTL_ORDERS; k++) {
		const uint64_t pages = z->nr_free[k] << k;
		const int color = 32;

		if (pages == 0) {
			continue;
		}
		printf("    %8s x %-6llu ", order_text(k), (unsigned long long)z->nr_free[k]);
		bar_print(&pages, &color, "=", 1, most, 30);
		printf(" %s\n", size_text(pages * PAGE));
	}
}

static void print_zones(void)
{
	static const int colors[] = { 33, 35 };

	printf("\nZones (# used, + claimed):\n");
	for (size_t i = 0; i < nr_zones; i++) {
		const struct ctl_zone *z = &zones[i];
		const uint64_t parts[] = { z->pages - z->free_pages, z->claimed_pages };
		int depth = 0;

		for (unsigned int up = z->parent; up != NO_ZONE && up < nr_zones; up = zones[up].parent) {
			depth++;
		}
		printf("  %*s%-*s [", depth * 2, "", 14 - depth * 2, z->name);
		bar_print(parts, colors, "#+", 2, z->pages, 30);
		printf("] %s used, %s free\n", size_text((z->pages - z->free_pages) * PAGE),
		       size_text(z->free_pages * PAGE));
		printf("    of %s; ", size_text(z->pages * PAGE));
		if (z->claimed_pages != 0) {
			printf("%s of the free claimed; ", size_text(z->claimed_pages * PAGE));
		}
		printf("2 MiB blocks to be had: %llu\n", (unsigned long long)z->nr_available[9]);
		if (z->leaf) {
			print_histogram(z);
		}
	}
}

static void print_owners(void)
{
	struct table *t = table_new();

	printf("\n");
	table_column(t, "FROM", RIGHT);
	table_column(t, "TO", RIGHT);
	table_column(t, "SIZE", RIGHT);
	table_column(t, "USE", LEFT);
	table_column(t, "ZONE", LEFT);
	table_column(t, "OWNER", LEFT);
	for (size_t i = 0; i < nr_runs; i++) {
		const struct ctl_memory *m = &runs[i];

		table_cell(t, 0, "0x%010llx", (unsigned long long)m->base);
		table_cell(t, 0, "0x%010llx", (unsigned long long)(m->base + m->size - 1));
		table_cell(t, 0, "%s", size_text(m->size));
		table_cell(t, 0, "%s", use_name(m->use));
		table_cell(t, 0, "%s", m->zone == NO_ZONE ? "" : zone_name(m->zone));
		table_cell(t, use_color(m), "%s", m->owner == CTL_DOM_NONE ? "" : domain_name(m->owner));
	}
	table_print(t);
}

static void json_orders(const char *key, const uint64_t *n, unsigned int max)
{
	json_key(key);
	json_open('[');
	for (unsigned int k = 0; k <= max && k < CTL_ORDERS; k++) {
		json_num(NULL, n[k]);
	}
	json_close();
}

static void json_memory(void)
{
	json_open('{');
	json_key("zones");
	json_open('[');
	for (size_t i = 0; i < nr_zones; i++) {
		const struct ctl_zone *z = &zones[i];

		json_open('{');
		json_str("name", z->name);
		if (z->parent == NO_ZONE) {
			json_null("parent");
		} else {
			json_str("parent", zone_name(z->parent));
		}
		json_bool("leaf", z->leaf != 0);
		json_num("size", z->pages * PAGE);
		json_num("free", z->free_pages * PAGE);
		json_num("claimed", z->claimed_pages * PAGE);
		json_orders("free_by_order", z->nr_free, z->max_order);
		json_orders("available_by_order", z->nr_available, z->max_order);
		json_close();
	}
	json_close();
	json_key("ranges");
	json_open('[');
	for (size_t i = 0; i < nr_runs; i++) {
		json_open('{');
		json_num("base", runs[i].base);
		json_num("size", runs[i].size);
		json_str("use", use_name(runs[i].use));
		json_str("zone", runs[i].zone == NO_ZONE ? "" : zone_name(runs[i].zone));
		json_str("owner", runs[i].owner == CTL_DOM_NONE ? "" : domain_name(runs[i].owner));
		json_close();
	}
	json_close();
	json_close();
	json_end();
}

int cmd_memory(int argc, char **argv)
{
	static const char *const options[] = { "owners", NULL };
	bool owners = false;
	const char *value;

	while (next_option(&argc, argv, options, &value) == 0) {
		owners = true;
	}
	want_operands(argc, argv, 0, 0);
	fetch();
	if (opt_json) {
		json_memory();
		return EXIT_GOOD;
	}
	draw();
	print_zones();
	if (owners) {
		print_owners();
	}
	return EXIT_GOOD;
}
