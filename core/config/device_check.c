/* SPDX-License-Identifier: MIT */
/* The configuration's devices against the board's tree. */
#include "core/base/string.h"
#include "core/config/config_internal.h"
#include "core/fdt/board.h"

enum { OWN_GIC, OWN_CONSOLE, OWN_WATCHDOG, OWN_COUNT };

/*
 * What the boot's check found: a domain that is defined later is checked against it, and the board's tree is not read
 * again. Written at boot, and given[] by who defines a domain, one at a time.
 */
static struct found {
	struct board_device own[OWN_COUNT]; /* the hypervisor's; node FDT_NO_NODE: the board has none */
	struct board_device spare[CFG_MAX_DEVICES];
	struct board_device given[CFG_MAX_DOMAINS][CFG_MAX_DEVICES];
} found;

/* d NULL: of the hypervisor's own list. */
static fh_status say(struct cfg_error *err, fh_status status, const struct cfg_domain *d, const struct cfg_device *dev,
		     const char *reason, const char *who)
{
	return cfg_say(err, status, "%s%s/devices: %.64s: %s%s", d != NULL ? "/domains/" : "/hypervisor",
		       d != NULL ? d->name : "", dev->path, reason, who);
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

/* The hypervisor's own: GIC, console, watchdog. One without sound registers and interrupts shares none. */
static void find_own(const struct cfg_system *sys, const struct fdt_index *tree)
{
	uint32_t version = 0;
	const uint16_t nodes[OWN_COUNT] = {
		[OWN_GIC] = board_gic(tree, &version),
		[OWN_CONSOLE] = board_console(tree, sys->console),
		[OWN_WATCHDOG] = sys->watchdog[0] != '\0' ? fdt_find(tree, sys->watchdog) : FDT_NO_NODE,
	};

	for (uint32_t i = 0; i < OWN_COUNT; i++) {
		struct board_device *o = &found.own[i];

		if (board_device_at(tree, nodes[i], o, NULL) != FH_OK) {
			*o = (struct board_device){ .node = nodes[i] };
		}
	}
}

static fh_status check_own(const struct cfg_domain *d, const struct cfg_device *dev, const struct board_device *have,
			   struct cfg_error *err)
{
	static const char *const what[OWN_COUNT] = { "interrupt controller", "console", "watchdog" };

	for (uint32_t i = 0; i < OWN_COUNT; i++) {
		const struct board_device *o = &found.own[i];

		if (o->node == have->node) {
			return say(err, FH_EEXIST, d, dev, "is the hypervisor's own ", what[i]);
		}
		if (share_page(have, o) || share_irq(have, o)) {
			return say(err, FH_EEXIST, d, dev, "shares registers or an interrupt with the hypervisor's ",
				   what[i]);
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
	uint32_t nr = 0;

	if (parent != FDT_NO_NODE && parent == fdt_find(tree, "/reserved-memory")) {
		return say(err, FH_EINVAL, d, dev, "is memory that the firmware reserved, no device: leave it out", "");
	}
	if (parent != FDT_NO_NODE && parent == found.own[OWN_GIC].node) {
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

/* A device of the board that may be given away at all. d NULL: not yet to anybody. */
static fh_status find_device(const struct fdt_index *tree, const struct cfg_domain *d, const struct cfg_device *dev,
			     struct board_device *out, struct cfg_error *err)
{
	const char *why = "";
	const fh_status status = board_device(tree, dev->path, out, &why);

	if (status != FH_OK) {
		return say(err, status, d, dev, why, "");
	}
	FH_TRY(check_own(d, dev, out, err));
	return check_no_memory(tree, d, dev, out, err);
}

/* A board's watchdog or GPIO may end the machine: what was not foreseen at boot is not given. */
static fh_status find_spare(const struct cfg_system *sys, const struct cfg_domain *d, const struct cfg_device *dev,
			    struct board_device *out, struct cfg_error *err)
{
	for (uint32_t i = 0; i < sys->nr_devices; i++) {
		if (strcmp(sys->devices[i].path, dev->path) == 0) {
			*out = found.spare[i];
			return FH_OK;
		}
	}
	return say(err, FH_EDENIED, d, dev, "is none that the boot's configuration lists in /hypervisor/devices", "");
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
		FH_TRY(find_device(tree, NULL, &sys->devices[i], &found.spare[i], err));
	}
	return FH_OK;
}

/* Against a domain's devices, or the first nr of them. */
static fh_status check_shares(const struct cfg_domain *d, const struct cfg_device *dev, const struct board_device *have,
			      const struct cfg_domain *other, uint32_t nr, struct cfg_error *err)
{
	for (uint32_t i = 0; i < nr; i++) {
		const struct board_device *o = &found.given[other->id][i];

		if (share_page(o, have) || share_irq(o, have)) {
			return say(err, FH_EEXIST, d, dev,
				   o->node == have->node ? "is given already, to " :
							   "shares a page or an interrupt with a device of ",
				   other->name);
		}
	}
	return FH_OK;
}

/* Each device against those before it; later (at run time): against all others. */
static fh_status check_domain(const struct cfg_system *sys, const struct fdt_index *tree, const struct cfg_domain *d,
			      bool later, struct cfg_error *err)
{
	const uint32_t before = later ? sys->nr_domains : d->id;

	for (uint32_t k = 0; k < d->nr_devices; k++) {
		const struct cfg_device *dev = &d->devices[k];
		struct board_device *have = &found.given[d->id][k];

		FH_TRY(later ? find_spare(sys, d, dev, have, err) : find_device(tree, d, dev, have, err));
		FH_TRY(check_kind(d, dev, have, err));
		for (uint32_t i = 0; i < before; i++) {
			const struct cfg_domain *other = &sys->domains[i];

			if (other != d && cfg_used(other)) {
				FH_TRY(check_shares(d, dev, have, other, other->nr_devices, err));
			}
		}
		FH_TRY(check_shares(d, dev, have, d, k, err));
	}
	return FH_OK;
}

fh_status config_check_devices(const struct cfg_system *sys, uint8_t added, const struct fdt_index *tree,
			       struct cfg_error *err)
{
	if (added != CFG_NO_DOMAIN) {
		return check_domain(sys, tree, &sys->domains[added], true, err);
	}
	uint32_t given = sys->nr_devices;

	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		given += sys->domains[i].nr_devices;
	}
	/* Where nothing is given, nothing is looked for: it is a part of the boot. */
	if (given != 0U) {
		find_own(sys, tree);
	}
	FH_TRY(check_hypervisor(sys, tree, err));
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		FH_TRY(check_domain(sys, tree, &sys->domains[i], false, err));
	}
	return FH_OK;
}
