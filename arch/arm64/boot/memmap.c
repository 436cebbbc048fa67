/* SPDX-License-Identifier: MIT */
#include "arch/arm64/boot/memmap.h"

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/layout.h"
#include "arch/cache.h"
#include "arch/cpu_room.h"
#include "core/base/string.h"
#include "core/log/log.h"

#define MAX_TAKEN (32U + 3U * CFG_MAX_DOMAINS)
#define ROOM_SIZE ((uint64_t)CPU_ROOM_END - CPU_ROOM_STACK)

struct taken {
	struct range r;
	enum pool_state state;
	domid_t owner;
	const char *name;
	uint64_t va;       /* not 0: may move, is mapped there */
	bool moves;        /* and must */
	struct range left; /* moved: where its bytes still are */
};

static struct taken taken[MAX_TAKEN];
static uint32_t nr_taken;

static fh_status take(struct range r, enum pool_state state, domid_t owner, const char *name)
{
	for (uint32_t i = 0; i < nr_taken; i++) {
		if (!range_overlaps(taken[i].r, r)) {
			continue;
		}
		if (taken[i].va != 0U) {
			taken[i].moves = true;
		} else if (state != POOL_RESERVED || taken[i].state == POOL_HYPERVISOR) {
			log_err("memory: %s 0x%lx+0x%lx overlaps %s 0x%lx+0x%lx: refused", name, r.base, r.size,
				taken[i].name, taken[i].r.base, taken[i].r.size);
			return FH_EEXIST;
		} else {
			/* Firmware may name a range twice. */
		}
	}
	if (nr_taken == MAX_TAKEN) {
		log_err("memory: more than %u ranges: refused", MAX_TAKEN);
		return FH_EOVERFLOW;
	}
	taken[nr_taken++] = (struct taken){ .r = r, .state = state, .owner = owner, .name = name };
	return FH_OK;
}

/* The taken range that overlaps r and begins first, or NULL. */
static const struct taken *first_over(struct range r)
{
	const struct taken *first = NULL;

	for (uint32_t i = 0; i < nr_taken; i++) {
		if (range_overlaps(taken[i].r, r) && (first == NULL || taken[i].r.base < first->r.base)) {
			first = &taken[i];
		}
	}
	return first;
}

static const struct cfg_zone *zone_over(const struct cfg_system *sys, struct range r)
{
	for (uint32_t i = 0; i < sys->nr_zones; i++) {
		if (sys->zones[i].leaf && range_overlaps(sys->zones[i].range, r)) {
			return &sys->zones[i];
		}
	}
	return NULL;
}

/* The lowest free range of that size and alignment; outside all zones unless in_zones. */
static bool find_free(const struct machine *m, const struct cfg_system *sys, uint64_t size, uint64_t align,
		      bool in_zones, struct range *out)
{
	for (uint32_t bank = 0; bank < m->nr_ram; bank++) {
		uint64_t at = align_up(m->ram[bank].base, align);

		while (at < range_end(m->ram[bank]) && size <= range_end(m->ram[bank]) - at) {
			const struct range r = { at, size };
			const struct taken *t = first_over(r);
			const struct cfg_zone *z = zone_over(sys, r);

			if (t == NULL && (z == NULL || (in_zones && !z->hyp))) {
				*out = r;
				return true;
			}
			at = align_up(t != NULL ? range_end(t->r) : range_end(z->range), align);
		}
	}
	return false;
}

/* Something of ours that is mapped at va and moves out of the way of partitions. */
static fh_status take_movable(struct range r, enum pool_state state, const char *name, uint64_t va)
{
	const fh_status status = take(r, state, DOMID_NONE, name);

	if (status == FH_OK) {
		taken[nr_taken - 1U].va = va;
	}
	return status;
}

static fh_status take_static(const struct cfg_system *sys)
{
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		for (uint32_t m = 0; m < sys->domains[i].nr_mem; m++) {
			const struct cfg_mem *mem = &sys->domains[i].mem[m];

			if (mem->kind == CFG_MEM_STATIC) {
				FH_TRY(take((struct range){ pa_val(mem->pa), mem->size }, POOL_STATIC, (domid_t)i,
					    sys->domains[i].name));
			}
		}
	}
	return FH_OK;
}

static bool over_hyp(const struct cfg_system *sys, struct range r)
{
	for (uint32_t i = 0; i < sys->nr_zones; i++) {
		if (sys->zones[i].hyp && range_overlaps(sys->zones[i].range, r)) {
			return true;
		}
	}
	return false;
}

/* Copies to a free range, and maps that in place of the old one: pointers stay as they are. */
static fh_status move(const struct machine *m, const struct cfg_system *sys, struct taken *t)
{
	const struct range from = t->r;
	struct range to;

	if (!find_free(m, sys, from.size, PAGE_SIZE, false, &to) &&
	    !find_free(m, sys, from.size, PAGE_SIZE, true, &to)) {
		log_err("memory: %s 0x%lx+0x%lx lies under a partition, and no other place is free: refused", t->name,
			from.base, from.size);
		return FH_ENOMEM;
	}
	FH_TRY(el2_map(EL2_VA_RECORDS, pa(to.base), to.size, EL2_RW));
	memcpy((void *)(uintptr_t)EL2_VA_RECORDS, (const void *)(uintptr_t)t->va, from.size);
	el2_unmap(EL2_VA_RECORDS, to.size);
	el2_unmap(t->va, from.size);
	log_info("memory: %s moved from 0x%lx to 0x%lx", t->name, from.base, to.base);
	t->r = to;
	t->left = from;
	return el2_map(t->va, pa(to.base), to.size, EL2_RO);
}

static fh_status take_all(const struct machine *m, const struct cfg_system *sys, struct range payload)
{
	FH_TRY(take(el2_image_range(), POOL_HYPERVISOR, DOMID_NONE, "image"));
	/* First: where both lie on one page, the smaller moves. */
	FH_TRY(take_movable(m->tree_range, POOL_HYPERVISOR, "board tree", EL2_VA_FDT));
	FH_TRY(take_movable(payload, POOL_PAYLOAD, "payload", EL2_VA_PAYLOAD));
	for (uint32_t i = 0; i < m->nr_reserved; i++) {
		FH_TRY(take(m->reserved[i], POOL_RESERVED, DOMID_NONE, "reserved by firmware"));
	}
	FH_TRY(take_static(sys));
	for (uint32_t i = 0; i < nr_taken; i++) {
		if (taken[i].va != 0U && (taken[i].moves || over_hyp(sys, taken[i].r))) {
			FH_TRY(move(m, sys, &taken[i]));
		}
	}
	return FH_OK;
}

/* The CPUs' own rooms, each behind an unmapped page. */
static fh_status map_rooms(uint32_t nr_cpus, uint64_t at)
{
	for (uint32_t cpu = 0; cpu < nr_cpus; cpu++, at += ROOM_SIZE) {
		FH_TRY(el2_map((uint64_t)(uintptr_t)cpu_room(cpu, CPU_ROOM_STACK), pa(at), ROOM_SIZE, EL2_RW));
		FH_TRY(window_init(cpu, pa(at)));
	}
	return FH_OK;
}

/*
 * Page records, 8 bytes a page, mapped one bank behind the other, behind them the dirty maps and the table. The CPUs'
 * rooms follow in RAM.
 */
static fh_status make_records(const struct machine *m, const struct cfg_system *sys, struct pool_bank *banks,
			      uint64_t *maps[], struct memmap_table *table)
{
	uint64_t *at = (uint64_t *)(uintptr_t)EL2_VA_RECORDS;
	uint64_t words = 0;
	struct range r;
	fh_status status;

	for (uint32_t i = 0; i < m->nr_ram; i++) {
		const uint64_t pages = m->ram[i].size >> PAGE_SHIFT;

		words += pages + pool_dirty_words(m->ram[i].base >> PAGE_SHIFT, pages);
	}
	const uint64_t records = align_up(words * 8U, PAGE_SIZE);
	const uint64_t mapped = records + align_up(table->size, PAGE_SIZE);
	const uint64_t size = mapped + m->nr_cpus * ROOM_SIZE;

	if (size > EL2_RECORDS_MAX || (!find_free(m, sys, size, PAGE_SIZE << ORDER_2M, false, &r) &&
				       !find_free(m, sys, size, PAGE_SIZE << ORDER_2M, true, &r))) {
		log_err("memory: no free 0x%lx bytes for page records, domains and CPUs: refused", size);
		return FH_ENOMEM;
	}
	status = take(r, POOL_HYPERVISOR, DOMID_NONE, "page records, domains, CPUs");
	if (status == FH_OK) {
		status = el2_map(EL2_VA_RECORDS, pa(r.base), mapped, EL2_RW);
	}
	if (status == FH_OK) {
		status = map_rooms(m->nr_cpus, r.base + mapped);
	}
	if (status == FH_OK) {
		table->at = (char *)at + records;
		cache_zero(table->at, mapped - records);
	}
	for (uint32_t i = 0; i < m->nr_ram; i++) {
		const uint64_t pages = m->ram[i].size >> PAGE_SHIFT;

		banks[i] = (struct pool_bank){ m->ram[i].base >> PAGE_SHIFT, pages, at };
		at += pages;
	}
	for (uint32_t i = 0; i < m->nr_ram; i++) {
		maps[i] = at;
		at += pool_dirty_words(banks[i].base_pfn, banks[i].nr_pages);
	}
	return status;
}

/* What of a leaf's range nobody else has, piece by piece. */
static fh_status add_leaf(struct ledger *l, uint8_t leaf, const struct cfg_zone *z)
{
	uint64_t at = z->range.base;
	const uint64_t end = range_end(z->range);
	fh_status status = FH_OK;

	while (status == FH_OK && at < end) {
		const struct taken *t = first_over((struct range){ at, end - at });
		const uint64_t stop = t == NULL ? end : MAX(at, t->r.base);

		if (t != NULL && z->hyp) {
			log_err("memory: zone %s 0x%lx+0x%lx overlaps %s 0x%lx+0x%lx: refused", z->name, z->range.base,
				z->range.size, t->name, t->r.base, t->r.size);
			return FH_EEXIST;
		}
		if (stop > at) {
			status = ledger_add_range(l, leaf, (struct range){ at, stop - at });
		}
		at = t == NULL ? end : range_end(t->r);
	}
	return status;
}

static fh_status map_hyp(const struct cfg_zone *z)
{
	el2_hyp_init(z->range);
	return z->range.size > EL2_HYP_MAX ? FH_EOVERFLOW :
					     el2_map(EL2_VA_HYP, pa(z->range.base), z->range.size, EL2_RW);
}

/* What is known of the memory's contents: the firmware's promise, but for what our own things left behind. */
static fh_status make_dirty_maps(struct ledger *l, const struct pool_bank *banks, uint64_t *maps[], uint32_t nr,
				 bool clean)
{
	fh_status status = FH_OK;

	for (uint32_t i = 0; status == FH_OK && i < nr; i++) {
		status = ledger_dirty_map(l, banks[i].base_pfn, maps[i], clean);
	}
	for (uint32_t i = 0; status == FH_OK && i < nr_taken; i++) {
		if (taken[i].left.size != 0U) {
			status = ledger_own_range(l, taken[i].left, taken[i].state, DOMID_NONE);
			status = status == FH_OK ? ledger_disown_range(l, taken[i].left) : status;
		}
	}
	return status;
}

static fh_status fill(struct ledger *l, const struct cfg_system *sys)
{
	fh_status status = FH_OK;

	for (uint32_t i = 0; status == FH_OK && i < nr_taken; i++) {
		status = ledger_own_range(l, taken[i].r, taken[i].state, taken[i].owner);
		if (status == FH_ENOENT && taken[i].state == POOL_RESERVED) {
			status = FH_OK; /* firmware may reserve what is no RAM of ours */
		}
		log_info("memory: 0x%lx-0x%lx %s", taken[i].r.base, range_end(taken[i].r) - 1U, taken[i].name);
	}
	for (uint8_t i = 0; status == FH_OK && i < sys->nr_zones; i++) {
		const struct cfg_zone *z = &sys->zones[i];

		if (z->leaf) {
			status = add_leaf(l, i, z);
			log_info("memory: 0x%lx-0x%lx zone %s", z->range.base, range_end(z->range) - 1U, z->name);
		}
		if (status == FH_OK && z->hyp) {
			status = map_hyp(z);
		}
	}
	return status;
}

fh_status memmap_init(const struct machine *m, const struct cfg_system *sys, struct range payload,
		      struct ledger *ledger, struct memmap_table *table)
{
	struct pool_bank banks[CFG_MAX_BANKS];
	struct pool_zone_desc zones[CFG_MAX_ZONES];
	uint64_t *maps[CFG_MAX_BANKS];
	fh_status status = take_all(m, sys, payload);

	if (status == FH_OK) {
		status = make_records(m, sys, banks, maps, table);
	}
	for (uint32_t i = 0; i < sys->nr_zones; i++) {
		const struct cfg_zone *z = &sys->zones[i];

		zones[i] = (struct pool_zone_desc){ z->name, z->parent, z->leaf, z->max_order, z->range };
	}
	if (status == FH_OK) {
		status = ledger_init(ledger, zones, sys->nr_zones, banks, m->nr_ram);
	}
	if (status == FH_OK) {
		status = make_dirty_maps(ledger, banks, maps, m->nr_ram, sys->boot_memory_clean);
	}
	if (status == FH_OK) {
		status = fill(ledger, sys);
	}
	if (status != FH_OK) {
		log_err("memory: the map can't be made: %s", fh_status_str(status));
	}
	return status;
}
