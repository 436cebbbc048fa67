/* SPDX-License-Identifier: MIT */
/*
 * The system's configuration: freehold.dtb (binding freehold,config-v1), read into checked structs.
 *
 * config_parse() is pure: it reads the tree, checks all that can be checked without the machine, and fills the
 * struct. config_check_board() and config_check_devices() check it against what the board has, config_check_files()
 * against the payload. All refuse with one message that names the node, the value and the reason; the first fault
 * ends the check. The same .c files run at EL2 and in tools/fhpack. docs/configuration.md describes the tree.
 */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include "core/base/range.h"
#include "core/fdt/fdt_index.h"

#define CFG_MAX_DOMAINS ((uint32_t)CONFIG_MAX_DOMAINS)
#define CFG_MAX_VCPUS ((uint32_t)CONFIG_MAX_CPUS) /* of one domain */
#define CFG_MAX_ZONES 16U
#define CFG_MAX_MEM 8U                            /* memory ranges of one domain */
#define CFG_MAX_DEVICES 8U                        /* passed-through devices of one domain */
#define CFG_MAX_BANKS 16U                         /* memory ranges of a board */
#define CFG_MAX_PCPUS ((uint32_t)CONFIG_MAX_CPUS) /* that can be named */
#define CFG_MAX_EMULATED 8U
#define CFG_MAX_CLAIM_ZONES 8U /* from which one domain may claim at run time */
#define CFG_NAME_MAX 32U       /* with its terminator */
#define CFG_PATH_MAX 128U
#define CFG_ARGS_MAX 512U
#define CFG_NO_ZONE UINT8_MAX
#define CFG_NO_DOMAIN UINT8_MAX
#define CFG_ADDR_AUTO UINT64_MAX

enum cfg_panic { CFG_PANIC_RESET, CFG_PANIC_OFF, CFG_PANIC_HALT };
enum cfg_last_off { CFG_LAST_OFF, CFG_LAST_RESET, CFG_LAST_HALT };
enum cfg_on_crash { CFG_CRASH_STOP, CFG_CRASH_RESTART, CFG_CRASH_PANIC, CFG_CRASH_STOP_ALL };
enum cfg_mem_kind { CFG_MEM_STATIC, CFG_MEM_CLAIMED };
/* PL011: an emulated one; VIRTIO: that, and the virtio console (hvc0) beside it on the same lines. */
enum cfg_console { CFG_CONSOLE_NONE, CFG_CONSOLE_PL011, CFG_CONSOLE_VIRTIO };

/* A zone of the pool's tree: a leaf has a range, an inner zone has children. Parents come before children. */
struct cfg_zone {
	char name[CFG_NAME_MAX];
	uint8_t parent; /* index in zones[], CFG_NO_ZONE: a root */
	bool leaf;
	bool hyp;           /* the zone of stage-2 tables: a root and a leaf of its own, 2 MiB aligned */
	uint8_t max_order;  /* of a leaf: 0 to 18 */
	struct range range; /* of a leaf: page-aligned (hyp: 2 MiB); of an inner zone unused */
};

/* A range of a domain's RAM. */
struct cfg_mem {
	enum cfg_mem_kind kind;
	ipaddr_t ipa;
	uint64_t size;   /* bytes, a multiple of 4 KiB, not 0 */
	paddr_t pa;      /* static: where it is; claimed: unused */
	uint8_t zone;    /* claimed: the zone it draws on */
	uint8_t order;   /* claimed: blocks of this order (0, 4, 9, 18); size is a multiple of it */
	bool direct_map; /* static: ipa equals pa */
};

/* A device of the board given to a domain: registers mapped at IPA = PA, interrupts routed to it. */
struct cfg_device {
	char path[CFG_PATH_MAX]; /* path or alias in the board's tree */
	bool allow_unprotected_dma;
};

/* What a domain may claim by itself while it runs. */
struct cfg_claims {
	struct range window; /* IPAs where it may map it, multiples of 2 MiB; size 0: it may not claim */
	uint64_t limit;      /* bytes at most, staked and redeemed together; a multiple of 4 KiB */
	uint8_t nr_zones;
	uint8_t zones[CFG_MAX_CLAIM_ZONES]; /* its zone i is zones[] of the system here */
};

struct cfg_domain {
	char name[CFG_NAME_MAX];
	domid_t id;     /* its index in domains[] */
	uint8_t color;  /* ANSI foreground 31 to 36 */
	bool autostart; /* starts at boot */
	bool manual;    /* manual-start: starts by hand */
	bool on_demand; /* its memory is not even claimed at boot */
	uint8_t nr_vcpus;
	uint8_t nr_mem;
	uint8_t nr_devices;
	uint8_t pcpu[CFG_MAX_VCPUS];     /* vCPU i runs on this physical CPU (order of /cpus in the board's tree) */
	struct cfg_mem mem[CFG_MAX_MEM]; /* in rising order of IPA, disjoint */
	struct cfg_device devices[CFG_MAX_DEVICES];
	struct cfg_claims claims;
	char kernel[CFG_NAME_MAX * 2]; /* names of files in the payload; empty: none */
	char ramdisk[CFG_NAME_MAX * 2];
	char dtb[CFG_NAME_MAX * 2]; /* empty: a tree is generated */
	char bootargs[CFG_ARGS_MAX];
	uint64_t load_address;    /* IPA, CFG_ADDR_AUTO: by the arm64 Image header in the first memory range */
	uint64_t entry;           /* IPA, CFG_ADDR_AUTO: load address */
	uint64_t dtb_address;     /* IPA, CFG_ADDR_AUTO: chosen by the builder */
	uint64_t ramdisk_address; /* IPA, CFG_ADDR_AUTO: chosen by the builder */
	enum cfg_console console;
	bool control;     /* has control ports */
	bool watchdog;    /* has an emulated watchdog: on_watchdog says what follows */
	bool time_stands; /* paused-time = "stands" */
	bool power_key;   /* sees a power key, which fhctl stop presses */
	uint64_t manages; /* domains that it may change, by bits */
	uint64_t rings;   /* domains whose doorbells it may ring, by bits */
	enum cfg_on_crash on_crash;
	enum cfg_on_crash on_watchdog;
	uint32_t restart_limit;    /* restarts after either without a minute's run in between; 0: any number */
	uint32_t restart_delay_ms; /* before the first of them, doubled for each further one, up to 64 times */
	bool memory_keep;          /* memory-on-reset = "keep" */
};

/* Whether a slot has a domain; what the last one had is cleared later, by who defines the next one. */
static inline bool cfg_used(const struct cfg_domain *d)
{
	return d->name[0] != '\0';
}

struct cfg_system {
	enum cfg_panic on_panic;
	enum cfg_last_off on_last_domain_off;
	bool boot_memory_clean;      /* the firmware's promise that RAM is zero and clean to the point of coherency */
	bool scrub_when_idle;        /* memory is cleaned while a guest waits, too */
	char console[CFG_PATH_MAX];  /* path or alias of the hypervisor's UART; empty: /chosen/stdout-path */
	char watchdog[CFG_PATH_MAX]; /* path or alias of the board's hardware watchdog; empty: none */
	uint32_t watchdog_ms;
	uint32_t wait_max_ms;       /* that a control domain's claim may wait for memory */
	uint32_t create_timeout_ms; /* that a domain being created waits for more from who creates it */
	uint8_t nr_zones;
	uint8_t nr_domains;
	uint8_t nr_devices;
	struct cfg_device devices[CFG_MAX_DEVICES]; /* that a domain which is created at run time may be given */
	struct cfg_zone zones[CFG_MAX_ZONES];
	struct cfg_domain domains[CFG_MAX_DOMAINS];
};

/* Where a guest sees an emulated device: its RAM may not lie there. */
struct cfg_emulated {
	const char *name;
	struct range range; /* IPA; size 0: not there */
};

/* What the checker must know of a board: config_read_board() fills it, the caller adds image and ipa_limit. */
struct cfg_board {
	uint32_t nr_cpus;
	uint32_t gic_version; /* 0: none that is known */
	uint32_t nr_ram;
	struct range ram[CFG_MAX_BANKS];
	uint32_t nr_reserved;
	struct range reserved[CFG_MAX_BANKS]; /* /memreserve/ and /reserved-memory: refused to all */
	uint32_t nr_emulated;
	struct cfg_emulated emulated[CFG_MAX_EMULATED]; /* GIC and console, at the board's own addresses */
	struct range image;                             /* the hypervisor's own; size 0: not known (host) */
	uint64_t ipa_limit; /* one past the highest IPA that stage 2 can map; 0: not known */
};

/* One message, terminated: "/domains/front/cpus: CPU 1 is given to rear already". */
struct cfg_error {
	char text[192];
};

/*
 * Reads and checks a tree of size bytes at blob (untrusted, 8-byte aligned). Writes *out but for domains beyond
 * nr_domains, with nothing to rely on after a refusal; *err on a refusal. Not re-entrant: the tree's index is static.
 * FH_EFORMAT: not a sound tree or not this binding; FH_EINVAL, FH_EEXIST, FH_ENOENT, FH_EOVERFLOW: by the message.
 * Bound: O(size) plus O(ranges^2).
 */
fh_status config_parse(const void *blob, size_t size, struct cfg_system *out, struct cfg_error *err) FH_MUST_CHECK;

/*
 * Reads a tree with one domain for a system that runs, into sys->domains[slot], which must be empty, and checks it with
 * the others. Zones are named: /zones of the tree has nodes of the running zones' names, for references. It has no
 * control and no device that can do DMA unprotected. On an error the slot is empty again. Not re-entrant, and sys does
 * not change meanwhile. Errors and bound as config_parse().
 */
fh_status config_add_domain(const void *blob, size_t size, struct cfg_system *sys, uint8_t slot, struct cfg_error *err)
	FH_MUST_CHECK;

/*
 * Whether the payload holds what the configuration names: has_file answers for a name. FH_ENOENT with the node and
 * the file named.
 */
typedef bool (*config_has_file)(const void *ctx, const char *name);
fh_status config_check_files(const struct cfg_system *sys, config_has_file has, const void *ctx, struct cfg_error *err)
	FH_MUST_CHECK;

/*
 * What the checker must know, from the board's tree. own: see board_reserved(). console: path or alias of the
 * hypervisor's UART, or "" (cfg_system.console). Leaves image and ipa_limit 0. FH_ENOENT, FH_EOVERFLOW, FH_EFORMAT:
 * by the message.
 */
fh_status config_read_board(const struct fdt_index *tree, const struct range *own, uint32_t nr_own, const char *console,
			    struct cfg_board *out, struct cfg_error *err) FH_MUST_CHECK;

/*
 * Checks CPUs, RAM, reserved memory, the image and guests' address spaces against a board: of the domain that was
 * added, or (CFG_NO_DOMAIN) of the whole configuration. FH_ENOENT: the board has no such CPU or RAM; FH_EEXIST: an
 * overlap.
 */
fh_status config_check_board(const struct cfg_system *sys, uint8_t added, const struct cfg_board *board,
			     struct cfg_error *err) FH_MUST_CHECK;

/*
 * Checks the devices against the board's tree: the hypervisor's own are there; each that is given away is there, is
 * not the hypervisor's, is given once, shares no page of registers and no interrupt with another that is given, lies
 * on no guest RAM, and can do DMA only where the configuration allows it. added: of that domain alone, after the whole
 * configuration (CFG_NO_DOMAIN) was found sound; its devices are those of /hypervisor/devices, by the same paths. One
 * caller at a time.
 */
fh_status config_check_devices(const struct cfg_system *sys, uint8_t added, const struct fdt_index *tree,
			       struct cfg_error *err) FH_MUST_CHECK;

#endif
