/* SPDX-License-Identifier: MIT */
/* The configuration's devices against the board's tree. */
#include "core/base/string.h"
#include "core/config/config_internal.h"
#include "core/fdt/board.h"

#define MAX_PAIRS (CFG_MAX_DOMAINS * CFG_MAX_DEVICES)

static fh_status say(struct cfg_error *err, fh_status status, const struct cfg_domain *d, const struct cfg_device *dev,
		     const char *reason, const char *who)
{
	return cfg_say(err, status, "/domains/%s/devices: %.64s: %s%s", d->name, dev->path, reason, who);
}

/* Registers are mapped by pages: what shares a page is given too. */
static bool share_page(const struct board_device *a, const struct board_device *b)
{
	for (uint32_t i = 0; i < a->nr_regs; i++) {
		for (uint32_t k = 0; k < b->nr_regs; k++) {
			if ((a->regs[i].base >> PAGE_SHIFT) <= ((range_end(b->regs[k]) - 1U) >> PAGE_SHIFT) &&
			    (b->regs[k].base >> PAGE_SHIFT) <= ((range_end(a->regs[i]) - 1U) >> PAGE_SHIFT)) {
				return true;
			}
		}
	}
	return false;
}

static bool share_irq(const struct board_device *a, const struct board_device *b)
{
	for (uint32_t i = 0; i < a->nr_irqs; i++) {
		for (uint32_t k = 0; k < b->nr_irqs; k++) {
			if (a->irqs[i].intid == b->irqs[k].intid) {
				return true;
			}
		}
	}
	return false;
}

/* The hypervisor's own: GIC, console, watchdog. */
static fh_status check_own(const struct cfg_system *sys, const struct fdt_index *tree, const struct cfg_domain *d,
			   const struct cfg_device *dev, const struct board_device *have, struct cfg_error *err)
{
	uint32_t version = 0;
	const struct {
		const char *what;
		uint16_t node;
	} own[] = {
		{ "interrupt controller", board_gic(tree, &version) },
		{ "console", board_console(tree, sys->console) },
		{ "watchdog", sys->watchdog[0] != '\0' ? fdt_find(tree, sys->watchdog) : FDT_NO_NODE },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(own); i++) {
		struct board_device o;

		if (own[i].node == FDT_NO_NODE) {
			continue;
		}
		if (own[i].node == have->node) {
			return say(err, FH_EEXIST, d, dev, "is the hypervisor's own ", own[i].what);
		}
		if (board_device_at(tree, own[i].node, &o, NULL) == FH_OK &&
		    (share_page(have, &o) || share_irq(have, &o))) {
			return say(err, FH_EEXIST, d, dev, "shares registers or an interrupt with the hypervisor's ",
				   own[i].what);
		}
	}
	return FH_OK;
}

/* What only looks like a device: its node has a reg, too. */
static fh_status check_no_memory(const struct fdt_index *tree, const struct cfg_domain *d, const struct cfg_device *dev,
				 const struct board_device *have, struct cfg_error *err)
{
	const uint16_t parent = tree->nodes[have->node].parent;
	struct range ram[CFG_MAX_BANKS];
	uint32_t version = 0;
	uint32_t nr = 0;

	if (parent != FDT_NO_NODE && parent == fdt_find(tree, "/reserved-memory")) {
		return say(err, FH_EINVAL, d, dev, "is memory that the firmware reserved, no device: leave it out", "");
	}
	if (parent != FDT_NO_NODE && parent == board_gic(tree, &version)) {
		return say(err, FH_EEXIST, d, dev, "is a part of the hypervisor's interrupt controller: leave it out",
			   "");
	}
	/* A board whose RAM can't be read config_read_board() refuses. */
	const fh_status status = board_ram(tree, ram, CFG_MAX_BANKS, &nr);

	for (uint32_t i = 0; status == FH_OK && i < have->nr_regs * nr; i++) {
		if (range_overlaps(have->regs[i / nr], ram[i % nr])) {
			return say(err, FH_EINVAL, d, dev,
				   "its reg lies in the board's RAM, so it is no device: RAM is given by memory@IPA",
				   "");
		}
	}
	return FH_OK;
}

static fh_status check_kind(const struct cfg_domain *d, const struct cfg_device *dev, const struct board_device *have,
			    struct cfg_error *err)
{
	if (have->dma && !dev->allow_unprotected_dma) {
		return say(err, FH_EDENIED, d, dev, "may do DMA past stage 2: allow-unprotected-dma accepts that", "");
	}
	for (uint32_t i = 0; i < have->nr_irqs; i++) {
		if (have->irqs[i].intid < 32U) {
			return say(err, FH_ENOTSUP, d, dev, "its interrupt is private to each CPU (a PPI)", "");
		}
	}
	for (uint32_t i = 0; i < have->nr_regs; i++) {
		if (d->claims.window.size != 0U && range_overlaps(have->regs[i], d->claims.window)) {
			return say(err, FH_EEXIST, d, dev, "its registers lie in the domain's claims@IPA", "");
		}
		for (uint32_t k = 0; k < d->nr_mem; k++) {
			const struct range ram = { ipa_val(d->mem[k].ipa), d->mem[k].size };

			if (range_overlaps(have->regs[i], ram)) {
				return say(err, FH_EEXIST, d, dev, "its registers lie in the domain's own memory", "");
			}
		}
	}
	return FH_OK;
}

/* What the hypervisor is to keep must be there, and what it may give later. */
static fh_status check_hypervisor(const struct cfg_system *sys, const struct fdt_index *tree, struct cfg_error *err)
{
	const struct {
		const char *prop;
		const char *path;
	} own[] = { { "console", sys->console }, { "watchdog", sys->watchdog } };

	for (uint32_t i = 0; i < ARRAY_SIZE(own); i++) {
		struct board_device dev;
		const char *why = "";

		if (own[i].path[0] != '\0' && board_device(tree, own[i].path, &dev, &why) != FH_OK) {
			return cfg_say(err, FH_ENOENT, "/hypervisor/%s: %.64s: %s", own[i].prop, own[i].path, why);
		}
	}
	for (uint32_t i = 0; i < sys->nr_devices; i++) {
		if (fdt_find(tree, sys->devices[i].path) == FDT_NO_NODE) {
			return cfg_say(err, FH_ENOENT, "/hypervisor/devices: %.64s: the board has no such device",
				       sys->devices[i].path);
		}
	}
	return FH_OK;
}

fh_status config_check_devices(const struct cfg_system *sys, const struct fdt_index *tree, struct cfg_error *err)
{
	static struct board_device seen[MAX_PAIRS];
	static const struct cfg_domain *owner[MAX_PAIRS];
	uint32_t nr = 0;

	if (check_hypervisor(sys, tree, err) != FH_OK) {
		return FH_ENOENT;
	}
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		const struct cfg_domain *d = &sys->domains[i];

		for (uint32_t k = 0; cfg_used(d) && k < d->nr_devices; k++) {
			const struct cfg_device *dev = &d->devices[k];
			const char *why = "";
			fh_status status = board_device(tree, dev->path, &seen[nr], &why);

			if (status != FH_OK) {
				return say(err, status, d, dev, why, "");
			}
			status = check_own(sys, tree, d, dev, &seen[nr], err);
			if (status == FH_OK) {
				status = check_no_memory(tree, d, dev, &seen[nr], err);
			}
			if (status == FH_OK) {
				status = check_kind(d, dev, &seen[nr], err);
			}
			for (uint32_t n = 0; n < nr && status == FH_OK; n++) {
				if (share_page(&seen[n], &seen[nr]) || share_irq(&seen[n], &seen[nr])) {
					status = say(err, FH_EEXIST, d, dev,
						     seen[n].node == seen[nr].node ?
							     "is given already, to " :
							     "shares a page or an interrupt with a device of ",
						     owner[n]->name);
				}
			}
			if (status != FH_OK) {
				return status;
			}
			owner[nr++] = d;
		}
	}
	return FH_OK;
}
