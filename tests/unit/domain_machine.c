/* SPDX-License-Identifier: MIT */
// SOURCES: tests/unit/canon.c core/domain/admit.c core/domain/audit_on.c core/domain/bell.c core/domain/build.c core/domain/claim.c core/domain/crash.c core/domain/define.c core/domain/feed.c core/domain/devices.c core/domain/domain.c core/domain/guest_fdt*.c core/domain/life.c core/domain/measure.c core/domain/memory.c core/domain/pause.c core/domain/place.c core/domain/places.c core/domain/plan.c core/domain/tree.c core/domain/unbuild.c core/domain/virtio_off.c core/domain/watchdog.c core/vwdt/*.c core/vdev/*.c core/vuart/vuart.c core/vuart/regs.c core/config/*.c core/fdt/*.c core/payload/*.c core/pool/*.c core/claim/*.c core/log/fmt.c core/log/log.c core/log/event.c core/log/guest.c core/sync/*.c core/base/status.c arch/arm64/mm/stage2*.c
// LIBS: -lfdt -Wl,--wrap=claim_stake,--wrap=claim_use,--wrap=claim_redeem,--wrap=claim_redeem_upto,--wrap=ledger_domain_add,--wrap=ledger_own_range,--wrap=s2_prepare,--wrap=board_device,--wrap=guest_fdt_step,--wrap=vgic_init,--wrap=vgic_map_hw,--wrap=vgic_map_ppi,--wrap=vdev_add,--wrap=payload_find
#include "domain_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2.h"
#include "arch/tlb.h"
#include "core/domain/domain_internal.h"
#include "core/domain/guest_fdt.h"
#include "core/fdt/board.h"
#include "core/log/log.h"
#include "core/scrub/scrub.h"
#include "dts.h"
#include "fake_machine.h"

struct ledger dm_ledger;
struct cfg_system dm_sys;
uint64_t dm_offset[DM_CPUS];
uint32_t dm_pended;

static unsigned char *ram;
static unsigned char *partitions;
static FH_ALIGNED(0x200000) unsigned char hyp[DM_HYP_SIZE];
static struct cfg_board limits;
static struct domain table[CFG_MAX_DOMAINS];
static struct domain_board board;
static struct fdt_node nodes[64];
static struct fdt_index tree;
static unsigned char kernel[0x23456];
static struct payload files = { .nr_files = 1, .files = { { "app.bin", kernel, sizeof(kernel) } } };
static bool window;

static const char board_source[] =
	"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
	" gic: intc@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller; #interrupt-cells = <3>;"
	"  reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0xf60000>; };"
	" clk: apb-pclk { compatible = \"fixed-clock\"; #clock-cells = <0>; clock-frequency = <24000000>; };"
	" pl061@9030000 { compatible = \"arm,pl061\", \"arm,primecell\"; reg = <0 0x9030000 0 0x1000>;"
	"  interrupts = <0 7 4>; gpio-controller; #gpio-cells = <2>; clocks = <&clk>; clock-names = \"apb_pclk\"; };"
	" pl031@9010000 { compatible = \"arm,pl031\"; reg = <0 0x9010000 0 0x1000>; interrupts = <0 2 4>; };"
	" pl031@9020000 { compatible = \"arm,pl031\"; reg = <0 0x9020000 0 0x1000>; interrupts = <0 3 4>; };"
	" pl011@9000000 { compatible = \"arm,pl011\", \"arm,primecell\"; reg = <0 0x9000000 0 0x1000>;"
	"  interrupts = <0 1 4>; clocks = <&clk>, <&clk>; clock-names = \"uartclk\", \"apb_pclk\"; }; };";

static const char config_source[] =
	"/dts-v1/; / { compatible = \"freehold,config-v1\"; hypervisor { boot-memory = \"clean\"; devices { a { path = \"/pl061@9030000\"; }; b { path = \"/pl031@9010000\"; }; }; };"
	" zones { #address-cells = <2>; #size-cells = <2>;"
	"  hyp@70000000 { reg = <0 0x70000000 0 0x800000>; };"
	"  low: low@80000000 { reg = <0 0x80000000 0 0x4000000>; }; };"
	" domains { front { #address-cells = <2>; #size-cells = <2>; cpus = <0>; kernel = \"app.bin\"; on-crash = \"stop-all\";"
	"   on-watchdog = \"stop\"; rings;"
	"   console = \"pl011\"; memory@40000000 { reg = <0 0x40000000 0 0x400000>; static = <0 0x60000000>; }; };"
	"  rear { #address-cells = <2>; #size-cells = <2>; cpus = <1 2>; kernel = \"app.bin\"; on-demand;"
	"   on-watchdog = \"restart\"; paused-time = \"stands\"; power-key;"
	"   on-crash = \"restart\"; restart-limit = <2>; restart-delay-ms = <10>;"
	"   console = \"pl011\"; devices { gpio { path = \"/pl061@9030000\"; }; };"
	"   memory@40000000 { reg = <0 0x40000000 0 0x800000>; zone = <&low>; };"
	"   memory@50000000 { reg = <0 0x50000000 0 0x24000>; zone = <&low>; block-size = <0 0x1000>; };"
	" }; }; };";

/* ---- failing on purpose ------------------------------------------------------------------------------------------ */

static uint32_t countdown;
static const char *failed;

void dm_fail(uint32_t n)
{
	countdown = n;
	failed = NULL;
}

const char *dm_failed(void)
{
	return failed;
}

static bool now(const char *name)
{
	if (countdown == 0U || --countdown != 0U) {
		return false;
	}
	failed = name;
	return true;
}

/* The linker puts __wrap_x in the place of x (LIBS of the test). */
#define DM_FALLIBLE(name, how, types, args)                                                                            \
	fh_status __real_##name types;                                                                                 \
	fh_status __wrap_##name types;                                                                                 \
	fh_status __wrap_##name types                                                                                  \
	{                                                                                                              \
		return now(#name) ? (how) : __real_##name args;                                                        \
	}

DM_FALLIBLE(claim_stake, FH_ENOFIT,
	    (struct ledger * l, domid_t h, const struct claim_term *t, uint32_t nr, claim_handle_t *out,
	     struct claim_refusal *why),
	    (l, h, t, nr, out, why))
DM_FALLIBLE(claim_use, FH_ESTALE, (struct ledger * l, claim_handle_t h), (l, h))
DM_FALLIBLE(claim_redeem, FH_ESTALE, (struct ledger * l, claim_handle_t h, uint32_t term, struct claim_block *out),
	    (l, h, term, out))
DM_FALLIBLE(claim_redeem_upto, FH_ESTALE,
	    (struct ledger * l, claim_handle_t h, uint32_t term, uint8_t max, struct claim_block *out),
	    (l, h, term, max, out))
DM_FALLIBLE(ledger_domain_add, FH_EINVAL, (struct ledger * l, domid_t dom, uint64_t quota), (l, dom, quota))
DM_FALLIBLE(ledger_own_range, FH_EEXIST, (struct ledger * l, struct range r, enum pool_state state, domid_t owner),
	    (l, r, state, owner))
DM_FALLIBLE(s2_prepare, FH_ENOMEM, (struct s2 * s, ipaddr_t at, paddr_t to, uint64_t size, enum s2_kind kind),
	    (s, at, to, size, kind))
DM_FALLIBLE(board_device, FH_ENOENT,
	    (const struct fdt_index *t, const char *path, struct board_device *out, const char **why),
	    (t, path, out, why))
DM_FALLIBLE(guest_fdt_step, FH_ENOMEM,
	    (const struct guest_fdt_params *p, uint32_t *at, void *buf, size_t size, size_t *used),
	    (p, at, buf, size, used))
DM_FALLIBLE(vgic_init, FH_EINVAL, (struct vgic * g, uint32_t nr_vcpus, uint32_t nr_spis), (g, nr_vcpus, nr_spis))
DM_FALLIBLE(vgic_map_hw, FH_EINVAL, (struct vgic * g, uint32_t intid, bool edge), (g, intid, edge))
DM_FALLIBLE(vgic_map_ppi, FH_EINVAL, (struct vgic * g, uint32_t vcpu, uint32_t intid, bool edge),
	    (g, vcpu, intid, edge))

bool __real_vdev_add(struct vdev_table *t, const struct vdev *d);
bool __wrap_vdev_add(struct vdev_table *t, const struct vdev *d);
bool __wrap_vdev_add(struct vdev_table *t, const struct vdev *d)
{
	return now("vdev_add") ? false : __real_vdev_add(t, d);
}

const struct payload_file *__real_payload_find(const struct payload *p, const char *name);
const struct payload_file *__wrap_payload_find(const struct payload *p, const char *name);
const struct payload_file *__wrap_payload_find(const struct payload *p, const char *name)
{
	return now("payload_find") ? NULL : __real_payload_find(p, name);
}

/* ---- the arch ---------------------------------------------------------------------------------------------------- */

fh_status __real_vgic_init(struct vgic *g, uint32_t nr_vcpus, uint32_t nr_spis)
{
	(void)nr_spis;
	g->nr_vcpus = nr_vcpus;
	return FH_OK;
}

fh_status __real_vgic_map_hw(struct vgic *g, uint32_t intid, bool edge)
{
	(void)g;
	(void)intid;
	(void)edge;
	return FH_OK;
}

/* One vCPU a step. */
bool vgic_reset_step(struct vgic *g, uint32_t *at)
{
	*at = *at + 1U < g->nr_vcpus ? *at + 1U : 0U;
	return *at == 0U;
}

fh_status __real_vgic_map_ppi(struct vgic *g, uint32_t vcpu, uint32_t intid, bool edge)
{
	(void)vcpu;
	return __real_vgic_map_hw(g, intid, edge);
}

void vgic_cpu_init(struct vgic *g, struct vgic_cpu *vc, uint32_t index, uint32_t pcpu)
{
	(void)pcpu;
	g->cpu[index] = vc;
}

const struct vdev_ops vgic_dist_ops, vgic_redist_ops, vgic_v2_dist_ops, vgic_v2_dir_ops;
uint8_t *gicv2_hyp;

#define NOTHING(decl, ...)                                                                                             \
	void decl;                                                                                                     \
	void decl                                                                                                      \
	{                                                                                                              \
		__VA_ARGS__;                                                                                           \
	}

NOTHING(scrub_wake(void))
NOTHING(uart_putc_sync(char c), (void)c)
NOTHING(vgic_cpu_load(struct vgic_cpu *vc), vc->loaded = 1U)
NOTHING(vgic_cpu_put(struct vgic_cpu *vc), vc->loaded = 0U)
NOTHING(vgic_pend(struct vgic *g, uint32_t v, uint32_t intid), (void)g, (void)v, dm_pended = intid)
NOTHING(vgic_set_level(struct vgic *g, uint32_t v, uint32_t intid, bool level), (void)g, (void)v, (void)intid,
	(void)level)
NOTHING(vcpu_unload(void))
NOTHING(vcpu_offset(uint64_t ticks), dm_offset[fake_cpu] = ticks)
NOTHING(vcpu_hold_timer(struct vcpu *v), (void)v)
NOTHING(vcpu_unhold_timer(const struct vcpu *v), (void)v)
NOTHING(vcpu_load(struct vcpu *v, uint64_t vttbr, uint64_t entry, uint64_t ctx), (void)v, (void)vttbr, (void)entry,
	(void)ctx)
NOTHING(gic_send_sgi(uint32_t cpu, uint32_t sgi), (void)cpu, (void)sgi)
NOTHING(tlb_inval_vmid(uint64_t vttbr), (void)vttbr)

uint32_t gic_nr_intids(void);
uint32_t gic_nr_intids(void)
{
	return 288;
}

void *el2_hyp_va(paddr_t where)
{
	if (pa_val(where) - DM_HYP >= DM_HYP_SIZE) {
		abort();
	}
	return hyp + (pa_val(where) - DM_HYP);
}

unsigned char *dm_ram(uint64_t where)
{
	if (where - DM_STATIC < DM_STATIC_SIZE) {
		return partitions + (where - DM_STATIC);
	}
	if (where - DM_RAM >= DM_RAM_SIZE) {
		abort();
	}
	return ram + (where - DM_RAM);
}

void *window_open(enum window_use use, paddr_t where, uint64_t size, bool whole)
{
	(void)use;
	(void)whole;
	if (window || size == 0U || (pa_val(where) ^ (pa_val(where) + size - 1U)) >> 21 != 0U) {
		abort();
	}
	window = true;
	return dm_ram(pa_val(where));
}

void window_close(enum window_use use)
{
	(void)use;
	window = false;
}

void scrub_clean(paddr_t at, uint64_t size, bool whole)
{
	memset(window_open(WINDOW_BUILD, at, size, whole), 0, size);
	window_close(WINDOW_BUILD);
}

void panic(const char *fmt, ...)
{
	fprintf(stderr, "panic: %s\n", fmt);
	abort();
}

/* ---- the machine ------------------------------------------------------------------------------------------------- */

static void memory_map(void)
{
	struct pool_zone_desc zones[CFG_MAX_ZONES];
	static uint64_t records[(DM_RAM_SIZE + DM_HYP_SIZE + DM_STATIC_SIZE) / 4096U];
	static uint64_t dirty[3][4096];
	const struct range ranges[] = { { DM_HYP, DM_HYP_SIZE },
					{ DM_RAM, DM_RAM_SIZE },
					{ DM_STATIC, DM_STATIC_SIZE } };
	struct pool_bank banks[3];
	uint64_t *at = records;

	for (uint32_t i = 0; i < dm_sys.nr_zones; i++) {
		const struct cfg_zone *z = &dm_sys.zones[i];

		zones[i] = (struct pool_zone_desc){ z->name, z->parent, z->leaf, z->max_order, z->range };
	}
	for (uint32_t i = 0; i < 3U; i++) {
		banks[i] = (struct pool_bank){ ranges[i].base >> 12, ranges[i].size >> 12, at };
		at += ranges[i].size >> 12;
	}
	if (ledger_init(&dm_ledger, zones, dm_sys.nr_zones, banks, 3) != FH_OK) {
		abort();
	}
	/* What the hyp zone holds is zeroed by who takes it: its dirtiness means nothing, so it is dirty from the start. */
	for (uint32_t i = 1; i < 3U; i++) {
		if (pool_dirty_words(ranges[i].base >> 12, ranges[i].size >> 12) > 4096U ||
		    ledger_dirty_map(&dm_ledger, ranges[i].base >> 12, dirty[i], true) != FH_OK) {
			abort();
		}
	}
	for (uint8_t i = 0; i < dm_sys.nr_zones; i++) {
		if (ledger_add_range(&dm_ledger, i, dm_sys.zones[i].range) != FH_OK) {
			abort();
		}
	}
	if (__real_ledger_own_range(&dm_ledger, ranges[2], POOL_STATIC, 0) != FH_OK) {
		abort();
	}
}

void dm_boot(void)
{
	struct cfg_error err;
	size_t size;
	unsigned char *blob = dts_compile(config_source, &size);

	if (ram == NULL) {
		ram = calloc(1, DM_RAM_SIZE);
		partitions = calloc(1, DM_STATIC_SIZE);
		dts_index(board_source, nodes, 64, &tree);
		for (uint32_t i = 0; i < sizeof(kernel); i++) {
			kernel[i] = (unsigned char)(i * 7U + 1U);
		}
	}
	dm_fail(0);
	memset(&domains, 0, sizeof(domains));
	memset(ram, 0, DM_RAM_SIZE);
	limits = (struct cfg_board){
		.nr_cpus = DM_CPUS,
		.nr_ram = 3,
		.ram = { { DM_STATIC, DM_STATIC_SIZE }, { DM_HYP, DM_HYP_SIZE }, { DM_RAM, DM_RAM_SIZE } }
	};
	memset(table, 0, sizeof(table));
	board = (struct domain_board){ .table = table,
				       .tree = &tree,
				       .limits = &limits,
				       .cpus = 0xf,
				       .gicd = { 0x8000000, 0x10000 },
				       .gicr_base = 0x80a0000,
				       .gicr_stride = 0x20000,
				       .uart = { 0x9000000, 0x1000 },
				       .uart_irq = 33,
				       .maint_irq = 25 };
	s2_machine_init(40, false);
	if (config_parse(blob, size, &dm_sys, &err) != FH_OK ||
	    config_check_devices(&dm_sys, CFG_NO_DOMAIN, &tree, &err) != FH_OK) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	free(blob);
	memory_map();
	if (domains_admit(&dm_sys, &board, &files, &dm_ledger) != FH_OK) {
		abort();
	}
	dm_settle();
}

static const char *phase_name(const struct domain *d)
{
	static const char *const names[] = {
		[PHASE_TABLES] = "tables",
		[PHASE_MEMORY] = "memory",
		[PHASE_DEVICES] = "devices",
		[PHASE_TREE] = "tree",
		[PHASE_UNCOMMIT] = "uncommit",
		[PHASE_COMMIT] = "commit",
		[PHASE_INTERRUPTS] = "interrupts",
		[PHASE_FREE_DEVICES] = "free-devices",
		[PHASE_CLEAN] = "clean",
		[PHASE_LOAD] = "load",
		[PHASE_FREE_MEMORY] = "free-memory",
		[PHASE_FREE_TABLES] = "free-tables",
		[PHASE_FREE_BODY] = "free-body",
	};

	return names[d->build.phase];
}

/* One turn of a CPU's run loop. */
static const char *turn(uint32_t cpu)
{
	struct vcpu *v = domain_cpu_vcpu(cpu);
	bool last = false;
	const char *name = NULL;

	fake_cpu = cpu;
	if (v == NULL) {
		return NULL;
	}
	fake_counter++;
	switch (domain_next_step(v, &last)) {
	case DOM_STEP_BUILD:
		name = phase_name(v->domain);
		domain_build_step(v->domain);
		return name;
	case DOM_STEP_UNBUILD:
		name = phase_name(v->domain);
		(void)domain_unbuild_step(v->domain);
		return name;
	case DOM_STEP_START:
		domain_vcpu_start(v);
		return "start";
	default:
		return NULL;
	}
}

const char *dm_step(struct domain *d)
{
	return turn(d->cfg->pcpu[0]);
}

void dm_settle(void)
{
	for (uint32_t quiet = 0; quiet < 2U;) {
		quiet++;
		for (uint32_t cpu = 0; cpu < DM_CPUS; cpu++) {
			quiet = turn(cpu) != NULL ? 0U : quiet;
		}
	}
	fake_cpu = 3;
}
