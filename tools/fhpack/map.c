/* SPDX-License-Identifier: MIT */
/* The memory map that a configuration makes, and its print as text. */
#include <stdlib.h>
#include <string.h>

#include "tools/fhpack/fhpack.h"

/* Up to the column of what is told of a range. */
#define MORE_BEFORE "                                                       "

static void add_row(struct map *m, struct range range, enum row_kind kind, uint32_t index, uint32_t memory)
{
	if (m->nr < MAX_ROWS) {
		m->rows[m->nr++] = (struct row){ range, kind, (uint8_t)index, (uint8_t)memory };
	}
}

static int by_base(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;

	return x->range.base < y->range.base ? -1 : x->range.base > y->range.base;
}

/* What nobody was given, between the rows of a bank. */
static void fill_gaps(struct map *m, struct range bank, enum row_kind kind, uint32_t rows)
{
	uint64_t at = bank.base;

	for (uint32_t i = 0; i < rows; i++) {
		const struct range r = m->rows[i].range;

		if (!range_overlaps(r, bank)) {
			continue;
		}
		if (r.base > at) {
			add_row(m, (struct range){ at, r.base - at }, kind, 0, 0);
		}
		at = MAX(at, range_end(r));
	}
	if (at < range_end(bank)) {
		add_row(m, (struct range){ at, range_end(bank) - at }, kind, 0, 0);
	}
}

void map_make(struct map *m, const struct cfg_system *sys, const struct cfg_board *board, const char *title)
{
	uint32_t given;

	m->sys = sys;
	m->board = board;
	m->title = title;
	m->nr = 0;
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		for (uint32_t k = 0; k < sys->domains[i].nr_mem; k++) {
			const struct cfg_mem *mem = &sys->domains[i].mem[k];

			if (mem->kind == CFG_MEM_STATIC) {
				add_row(m, (struct range){ pa_val(mem->pa), mem->size }, ROW_STATIC, i, k);
			}
		}
	}
	for (uint32_t i = 0; i < sys->nr_zones; i++) {
		if (sys->zones[i].leaf) {
			add_row(m, sys->zones[i].range, sys->zones[i].hyp ? ROW_HYP : ROW_ZONE, i, 0);
		}
	}
	for (uint32_t i = 0; board != NULL && i < board->nr_reserved; i++) {
		add_row(m, board->reserved[i], ROW_RESERVED, 0, 0);
	}
	qsort(m->rows, m->nr, sizeof(m->rows[0]), by_base);
	given = m->nr;
	if (board == NULL && given != 0U) {
		const uint64_t first = m->rows[0].range.base;

		fill_gaps(m, (struct range){ first, range_end(m->rows[given - 1U].range) - first }, ROW_UNKNOWN, given);
	}
	for (uint32_t i = 0; board != NULL && i < board->nr_ram; i++) {
		fill_gaps(m, board->ram[i], ROW_FREE, given);
	}
	qsort(m->rows, m->nr, sizeof(m->rows[0]), by_base);
}

const char *size_text(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	uint32_t unit = 0;

	while (unit + 1U < ARRAY_SIZE(units) && bytes != 0U && bytes % 1024U == 0U) {
		bytes /= 1024U;
		unit++;
	}
	snprintf(buf, size, "%llu %s", (unsigned long long)bytes, units[unit]);
	return buf;
}

uint64_t claimed_bytes(const struct cfg_system *sys, uint8_t zone, uint32_t d)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		for (uint32_t k = 0; (d == i) && k < sys->domains[i].nr_mem; k++) {
			const struct cfg_mem *mem = &sys->domains[i].mem[k];

			sum += mem->kind == CFG_MEM_CLAIMED && mem->zone == zone ? mem->size : 0U;
		}
	}
	return sum;
}

void row_label(const struct map *m, const struct row *r, char *buf, size_t size)
{
	switch (r->kind) {
	case ROW_STATIC:
		snprintf(buf, size, "%s", m->sys->domains[r->index].name);
		break;
	case ROW_HYP:
		snprintf(buf, size, "hyp zone");
		break;
	case ROW_ZONE:
		snprintf(buf, size, "pool: %s", m->sys->zones[r->index].name);
		break;
	case ROW_RESERVED:
		snprintf(buf, size, "firmware");
		break;
	case ROW_FREE:
		snprintf(buf, size, "not given");
		break;
	default:
		snprintf(buf, size, "not given, or no RAM");
		break;
	}
}

/* "rear claims 512 MiB", a line each: of what names this very leaf, not a zone above it. */
static void print_claims(const struct map *m, uint8_t zone, FILE *out)
{
	const char *before = "  ";
	char s[32];

	for (uint32_t d = 0; d < m->sys->nr_domains; d++) {
		const uint64_t bytes = claimed_bytes(m->sys, zone, d);

		if (bytes != 0U) {
			fprintf(out, "%s%s %s %s", before, m->sys->domains[d].name,
				m->sys->domains[d].on_demand ? "would claim" : "claims",
				size_text(bytes, s, sizeof(s)));
			before = "\n" MORE_BEFORE;
		}
	}
}

/* A range and what it is; within 80 columns, but for long names. */
static void print_row(const struct map *m, const struct row *r, FILE *out)
{
	char label[64];
	char s[32];

	row_label(m, r, label, sizeof(label));
	fprintf(out, "  %012llx  %012llx  %9s  ", (unsigned long long)r->range.base,
		(unsigned long long)range_end(r->range) - 1U, size_text(r->range.size, s, sizeof(s)));
	fprintf(out, r->kind == ROW_STATIC || r->kind == ROW_ZONE || r->kind == ROW_HYP ? "%-12s" : "%s", label);
	if (r->kind == ROW_STATIC) {
		const struct cfg_mem *mem = &m->sys->domains[r->index].mem[r->memory];

		fprintf(out, "  static, %sIPA %llx", mem->direct_map ? "direct, " : "",
			(unsigned long long)ipa_val(mem->ipa));
	} else if (r->kind == ROW_ZONE) {
		print_claims(m, r->index, out);
	} else if (r->kind == ROW_HYP) {
		fputs("  tables, guests' trees", out);
	} else {
		/* nothing to add */
	}
	fputc('\n', out);
}

static void print_domain(const struct map *m, const struct cfg_domain *d, FILE *out)
{
	char s[32];

	fprintf(out, "\n  %-12s %s", d->name, d->nr_vcpus == 1U ? "CPU" : "CPUs");
	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		fprintf(out, "%s%u", i == 0U ? " " : ", ", d->pcpu[i]);
	}
	fprintf(out, "; kernel %s%s%s%s\n", d->kernel, d->ramdisk[0] != '\0' ? ", ramdisk " : "", d->ramdisk,
		d->autostart ? "" :
		d->on_demand ? "; created on demand" :
			       "; started by hand");
	for (uint32_t i = 0; i < d->nr_mem; i++) {
		const struct cfg_mem *mem = &d->mem[i];

		fprintf(out, "    %012llx  %012llx  %9s  ", (unsigned long long)ipa_val(mem->ipa),
			(unsigned long long)(ipa_val(mem->ipa) + mem->size - 1U), size_text(mem->size, s, sizeof(s)));
		if (mem->kind == CFG_MEM_STATIC) {
			fprintf(out, "static at %llx\n", (unsigned long long)pa_val(mem->pa));
		} else {
			fprintf(out, "claimed from %s, in blocks of %s\n", m->sys->zones[mem->zone].name,
				size_text(PAGE_SIZE << mem->order, s, sizeof(s)));
		}
	}
	print_files(d->id, out);
	for (uint32_t i = 0; i < d->nr_devices; i++) {
		fprintf(out, "    device %s%s\n", d->devices[i].path,
			d->devices[i].allow_unprotected_dma ? " (unprotected DMA allowed)" : "");
	}
}

void map_text(const struct map *m, FILE *out)
{
	fprintf(out, "RAM%s:\n  first         last               size  what\n",
		m->board == NULL ? " (as far as the configuration tells; --board knows all)" : "");
	for (uint32_t i = 0; i < m->nr; i++) {
		print_row(m, &m->rows[i], out);
	}
	fputs("\nDomains, by IPA:\n", out);
	for (uint32_t i = 0; i < m->sys->nr_domains; i++) {
		print_domain(m, &m->sys->domains[i], out);
	}
}
