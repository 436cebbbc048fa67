/* SPDX-License-Identifier: MIT */
/* A domain that is created while the system runs: its configuration, and its partitions. */
#include "core/base/string.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

/* One at a time: the parser has one index, and the whole configuration is checked. It changes under this lock only. */
static struct lock define_lock = LOCK_INIT(RANK_DOMAIN);

/* The first; of all that are free, what they held is cleared. */
static fh_status free_slot(uint8_t *slot, struct cfg_error *err)
{
	uint8_t first = CFG_MAX_DOMAINS;

	for (uint8_t i = CFG_MAX_DOMAINS; i-- != 0U;) {
		if (__atomic_load_n(&domains.domain[i].state, __ATOMIC_ACQUIRE) == DOM_UNUSED) {
			struct cfg_domain *c = &domains.sys->domains[i];

			memset(c, 0, c->nr_vcpus != 0U ? sizeof(*c) : 0U);
			first = i;
		}
	}
	if (first != CFG_MAX_DOMAINS) {
		*slot = first;
		return FH_OK;
	}
	(void)fmt_line(err->text, sizeof(err->text),
		       "there are %u domains already, which is the most (CONFIG_MAX_DOMAINS)", CFG_MAX_DOMAINS);
	return FH_EOVERFLOW;
}

static fh_status check_cpus(const struct cfg_domain *c, struct cfg_error *err)
{
	for (uint32_t i = 0; i < c->nr_vcpus; i++) {
		if ((domains.board->cpus >> c->pcpu[i] & 1U) == 0U) {
			(void)fmt_line(err->text, sizeof(err->text), "/domains/%s/cpus: CPU %u does not run", c->name,
				       c->pcpu[i]);
			return FH_ENOENT;
		}
	}
	return FH_OK;
}

/* Files that come are named by the tree, and are not kept: nobody could load them after a crash. */
static fh_status check_files(const struct cfg_domain *c, const struct domain_files *files, struct cfg_error *err)
{
	static const char *const names[DOM_IMG_COUNT] = { "kernel", "ramdisk", "dtb" };
	const char *const named[DOM_IMG_COUNT] = { c->kernel, c->ramdisk, c->dtb };

	for (uint32_t i = 0; i < DOM_IMG_COUNT; i++) {
		if (files->size[i] != 0U && named[i][0] == '\0') {
			(void)fmt_line(err->text, sizeof(err->text),
				       "/domains/%s/%s: a file comes for it, but it is not there", c->name, names[i]);
			return FH_EINVAL;
		}
		if (files->size[i] != 0U && (c->on_crash == CFG_CRASH_RESTART || c->on_watchdog == CFG_CRASH_RESTART)) {
			(void)fmt_line(err->text, sizeof(err->text),
				       "/domains/%s: \"restart\" is for domains whose files are the payload's",
				       c->name);
			return FH_ENOTSUP;
		}
	}
	return FH_OK;
}

static fh_status define(struct domain *d, uint8_t slot, const void *tree, size_t size, const struct domain_files *files,
			const void *feeder, struct cfg_error *err)
{
	struct cfg_domain *c = &domains.sys->domains[slot];
	fh_status status = config_add_domain(tree, size, domains.sys, slot, err);

	if (status != FH_OK) {
		return status;
	}
	status = check_cpus(c, err);
	if (status == FH_OK) {
		status = check_files(c, files, err);
	}
	if (status == FH_OK) {
		status = config_check_board(domains.sys, slot, domains.board->limits, err);
	}
	if (status == FH_OK) {
		status = config_check_devices(domains.sys, slot, domains.board->tree, err);
	}
	if (status != FH_OK) {
		memset(c, 0, sizeof(*c));
		return status;
	}
	d->created = true;
	d->files = *files;
	d->feeder = feeder;
	domain_expect(d);
	/* What the slot's last domain said and nobody read is not this one's. */
	vuart_tx_drop(&d->vuart);
	domains.nr = MAX(domains.nr, slot + 1U);
	domain_adopt(d, c, slot);
	log_life(LOG_INFO, d->id, "domain: dom=%s: defined", c->name);
	return FH_OK;
}

fh_status domain_define(const void *tree, size_t size, const struct domain_files *files, const void *feeder,
			struct domain **out, struct cfg_error *err)
{
	uint8_t slot = 0;
	fh_status status;

	lock_acquire(&define_lock);
	status = free_slot(&slot, err);
	if (status == FH_OK) {
		status = define(&domains.domain[slot], slot, tree, size, files, feeder, err);
	}
	if (status == FH_OK) {
		*out = &domains.domain[slot];
	}
	lock_release(&define_lock);
	return status;
}

fh_status domain_own_partitions(struct domain *d)
{
	fh_status status = FH_OK;

	for (uint32_t i = 0; d->created && status == FH_OK && i < d->cfg->nr_mem; i++) {
		const struct cfg_mem *m = &d->cfg->mem[i];

		if (m->kind == CFG_MEM_STATIC) {
			status = ledger_own_range(domains.ledger, (struct range){ pa_val(m->pa), m->size }, POOL_STATIC,
						  d->id);
		}
		if (status != FH_OK) {
			log_life(LOG_ERROR, d->id, "memory: dom=%s 0x%lx+0x%lx: %s: refused", d->cfg->name,
				 pa_val(m->pa), m->size, fh_status_str(status));
		}
	}
	return status;
}

/* What the boot's configuration gives stays, but what the domain left in it is dirty, as all that is owned anew. */
void domain_disown_partitions(struct domain *d)
{
	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		const struct cfg_mem *m = &d->cfg->mem[i];
		const struct range r = { pa_val(m->pa), m->size };
		struct pool_info info;
		fh_status status;

		if (m->kind != CFG_MEM_STATIC || ledger_owner(domains.ledger, m->pa, &info) != FH_OK ||
		    info.owner != d->id) {
			continue;
		}
		status = ledger_disown_range(domains.ledger, r);
		if (status == FH_OK && !d->created) {
			status = ledger_own_range(domains.ledger, r, POOL_STATIC, d->id);
		}
		FH_ASSERT(status == FH_OK);
	}
}
