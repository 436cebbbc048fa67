/* SPDX-License-Identifier: MIT */
/* The configuration against a board: RAM, CPUs, what the firmware keeps, and guests' address spaces. */
#include "core/base/string.h"
#include "core/config/config_internal.h"
#include "core/fdt/board.h"

#define GICV2_CPUS 8U

static void add_emulated(struct cfg_board *b, const char *name, struct range r)
{
	if (b->nr_emulated < CFG_MAX_EMULATED) {
		b->emulated[b->nr_emulated++] = (struct cfg_emulated){ name, r };
	}
}

/* Returns the GIC's version, 0: there is none. */
static uint32_t read_emulated(const struct fdt_index *tree, const char *console, struct cfg_board *b)
{
	uint32_t version = 0;
	const uint16_t gic = board_gic(tree, &version);
	const uint16_t uart = board_console(tree, console);
	struct range r;

	/* A guest sees its own part of a GICv2: not GICH and GICV. */
	for (uint32_t i = 0; gic != FDT_NO_NODE && i < (version == 2U ? 2U : 4U) && fdt_reg(tree, gic, i, &r) == FH_OK;
	     i++) {
		add_emulated(b, "the interrupt controller", r);
	}
	if (uart != FDT_NO_NODE && fdt_reg(tree, uart, 0, &r) == FH_OK) {
		add_emulated(b, "the console", r);
	}
	return version;
}

fh_status config_read_board(const struct fdt_index *tree, const struct range *own, uint32_t nr_own, const char *console,
			    struct cfg_board *out, struct cfg_error *err)
{
	fh_status status;

	memset(out, 0, sizeof(*out));
	status = board_ram(tree, out->ram, CFG_MAX_BANKS, &out->nr_ram);
	if (status == FH_ENOENT) {
		return cfg_say(err, status, "board: there is no memory node: RAM is not known");
	}
	if (status != FH_OK) {
		return cfg_say(err, status, "board: its memory nodes are unsound, or more than %u ranges (%s)",
			       CFG_MAX_BANKS, fh_status_str(status));
	}
	status = board_reserved(tree, own, nr_own, out->reserved, CFG_MAX_BANKS, &out->nr_reserved);
	if (status != FH_OK) {
		return cfg_say(err, status, "board: its reserved memory is unsound, or more than %u ranges (%s)",
			       CFG_MAX_BANKS, fh_status_str(status));
	}
	while (board_cpu(tree, out->nr_cpus) != FDT_NO_NODE) {
		out->nr_cpus++;
	}
	if (out->nr_cpus == 0U) {
		return cfg_say(err, FH_ENOENT, "board: there is no CPU in /cpus");
	}
	out->gic_version = read_emulated(tree, console, out);
	if (out->gic_version == 2U && out->nr_cpus > GICV2_CPUS) {
		return cfg_say(err, FH_EOVERFLOW, "board: %u CPUs, but its GICv2 serves %u", out->nr_cpus, GICV2_CPUS);
	}
	return FH_OK;
}

static fh_status check_cpus(const struct cfg_domain *d, const struct cfg_board *board, struct cfg_error *err)
{
	if (board->gic_version == 2U && d->nr_vcpus > GICV2_CPUS) {
		return cfg_say(err, FH_EOVERFLOW, "/domains/%s/cpus: %u vCPUs, but the board's GICv2 serves %u",
			       d->name, d->nr_vcpus, GICV2_CPUS);
	}
	for (uint32_t k = 0; k < d->nr_vcpus; k++) {
		if (d->pcpu[k] >= board->nr_cpus) {
			return cfg_say(err, FH_ENOENT, "/domains/%s/cpus: CPU %u, but the board has 0 to %u", d->name,
				       d->pcpu[k], board->nr_cpus - 1U);
		}
	}
	return FH_OK;
}

static fh_status check_given(const struct cfg_system *sys, const struct cfg_board *board, const struct given *g,
			     struct cfg_error *err)
{
	const struct range r = g->range;
	const struct range *with = NULL;
	const char *what = "";
	bool in_ram = false;
	char path[64];

	for (uint32_t i = 0; i < board->nr_ram; i++) {
		in_ram = in_ram || range_contains(board->ram[i], r);
	}
	if (board->image.size != 0U && range_overlaps(board->image, r)) {
		with = &board->image;
		what = "the hypervisor's image";
	}
	for (uint32_t i = 0; i < board->nr_reserved; i++) {
		if (range_overlaps(board->reserved[i], r)) {
			with = &board->reserved[i];
			what = "what the firmware reserved";
		}
	}
	if (in_ram && with == NULL) {
		return FH_OK;
	}
	cfg_given_path(sys, g, path, sizeof(path));
	if (!in_ram) {
		return cfg_say(err, FH_ENOENT, "%s: 0x%lx to 0x%lx is not in one range of the board's RAM", path,
			       r.base, range_end(r) - 1U);
	}
	return cfg_say(err, FH_EEXIST, "%s: 0x%lx to 0x%lx overlaps %s (0x%lx to 0x%lx)", path, r.base,
		       range_end(r) - 1U, what, with->base, range_end(*with) - 1U);
}

/* A domain's memory as the guest sees it. */
static fh_status check_ipa(const struct cfg_board *board, const struct cfg_domain *d, const char *node, struct range r,
			   struct cfg_error *err)
{
	if (board->ipa_limit != 0U && range_end(r) > board->ipa_limit) {
		return cfg_say(err, FH_EINVAL,
			       "/domains/%s/%s@%lx: ends at 0x%lx, beyond what the CPUs can map (0x%lx)", d->name, node,
			       r.base, range_end(r) - 1U, board->ipa_limit - 1U);
	}
	for (uint32_t i = 0; i < board->nr_emulated; i++) {
		const struct cfg_emulated *e = &board->emulated[i];

		if (e->range.size != 0U && range_overlaps(e->range, r)) {
			return cfg_say(err, FH_EEXIST,
				       "/domains/%s/%s@%lx: lies where the guest sees %s (0x%lx to 0x%lx)", d->name,
				       node, r.base, e->name, e->range.base, range_end(e->range) - 1U);
		}
	}
	return FH_OK;
}

static fh_status check_domain(const struct cfg_domain *d, const struct cfg_board *board, struct cfg_error *err)
{
	FH_TRY(check_cpus(d, board, err));
	for (uint32_t k = 0; k < d->nr_mem; k++) {
		FH_TRY(check_ipa(board, d, "memory", (struct range){ ipa_val(d->mem[k].ipa), d->mem[k].size }, err));
	}
	return d->claims.window.size != 0U ? check_ipa(board, d, "claims", d->claims.window, err) : FH_OK;
}

fh_status config_check_board(const struct cfg_system *sys, uint8_t added, const struct cfg_board *board,
			     struct cfg_error *err)
{
	const struct given *all;
	const uint32_t nr = cfg_given(sys, added, &all);

	for (uint32_t i = 0; i < nr; i++) {
		FH_TRY(check_given(sys, board, &all[i], err));
	}
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		if (added == CFG_NO_DOMAIN || i == added) {
			FH_TRY(check_domain(&sys->domains[i], board, err));
		}
	}
	return FH_OK;
}
