/* SPDX-License-Identifier: MIT */
/*
 * The control protocol, version 1: what goes over a port org.freehold.control.N, in frames. docs/control.md describes
 * it. Shared by EL2 and its clients, so it includes nothing of Freehold; all is little-endian and naturally aligned.
 *
 *	frame = struct ctl_head, then `len` bytes
 *
 * A client sends requests and gets, for each, one reply with the same op and id, in order. Events come between replies,
 * with id 0, once they were asked for. What is not said to be something else is 0.
 */
#ifndef CORE_CONTROL_PROTOCOL_H
#define CORE_CONTROL_PROTOCOL_H

#include <stdint.h>

#define CTL_MAGIC 0x31434846u /* "FHC1": the version is in it */
#define CTL_REQUEST_MAX 2048u /* bytes of a request, with its head */
#define CTL_REPLY_MAX 4096u   /* of a reply or an event */
#define CTL_PORT_NAME "org.freehold.control."

struct ctl_head {
	uint32_t magic;
	uint32_t len; /* bytes that follow the head */
	uint32_t id;  /* of the request; not 0 */
	uint16_t op;
	uint16_t status; /* of a reply: enum ctl_status */
};

enum ctl_op {
	CTL_HELLO = 1,    /* - -> ctl_hello */
	CTL_LIST = 2,     /* ctl_list -> ctl_list, entries */
	CTL_DOMAIN = 3,   /* ctl_domain_req -> - */
	CTL_EVENTS = 4,   /* ctl_events_req -> - */
	CTL_ATTACH = 5,   /* ctl_domain_req: action 1 attaches, 0 detaches -> - */
	CTL_INPUT = 6,    /* bytes for the attached console -> ctl_input: those that were taken */
	CTL_STAKE = 7,    /* ctl_stake, terms -> ctl_claim, or with CTL_ENOFIT, CTL_EQUOTA ctl_refusal */
	CTL_RELEASE = 8,  /* ctl_claim -> - */
	CTL_RENEW = 9,    /* ctl_claim -> - */
	CTL_CREATE = 10,  /* ctl_create: claims all as one set, builds and starts each -> -, or ctl_refusal as STAKE */
	CTL_TREE = 11,    /* ctl_tree, bytes: a part of a configuration -> - */
	CTL_DEFINE = 12,  /* ctl_define -> ctl_defined: a domain by that configuration, or why not */
	CTL_LOAD = 13,    /* ctl_load, bytes: a piece of a file -> ctl_load: where to go on */
	CTL_TRACING = 14, /* ctl_events_req -> -: exits are traced, in the list CTL_TRACE */
	CTL_TIMES = 15,   /* ctl_events_req -> -: times are counted (ctl_counts), from 0 */
	/* events */
	CTL_EVENT = 32,  /* ctl_event */
	CTL_OUTPUT = 33, /* bytes of the attached console */
};

/* The order of EL2's fh_status; CTL_EPROTO ends the session: close and open the port. */
enum ctl_status {
	CTL_OK = 0,
	CTL_EINVAL = 1,
	CTL_EALIGN = 2,
	CTL_EOVERFLOW = 3,
	CTL_ENOENT = 4,
	CTL_EEXIST = 5,
	CTL_ENOMEM = 6,
	CTL_ENOFIT = 7,
	CTL_EQUEUED = 8,
	CTL_EQUOTA = 9,
	CTL_EREVOKED = 10,
	CTL_EEXPIRED = 11,
	CTL_ESTALE = 12,
	CTL_EDENIED = 13,
	CTL_EFORMAT = 14,
	CTL_ENOTSUP = 15,
	CTL_EBUSY = 16,
	CTL_ETIMEOUT = 17,
	CTL_EPROTO = 64,
};

#define CTL_DOM_HYP 0x3ffeu
#define CTL_DOM_NONE 0x3fffu

struct ctl_hello {
	uint32_t version; /* 1 */
	uint16_t self;    /* the caller's domain */
	uint16_t nr_domains;
	uint64_t manages; /* domains that it may change, by bits */
	uint64_t counter_hz;
	uint64_t counter; /* now */
	char build[32];
	uint64_t wait_max_ms; /* of STAKE */
};

/* Lists go on at `cursor`, from 0, until an answer has CTL_LIST_END. One before may have no entries. */
#define CTL_LIST_END 0x80000000u /* in the answer's kind: that was all, now */
enum ctl_kind { CTL_DOMAINS, CTL_VCPUS, CTL_ZONES, CTL_MEMORY, CTL_CLAIMS, CTL_LOG, CTL_TRACE, CTL_KINDS };
struct ctl_list {
	uint32_t kind;
	uint32_t nr;     /* in the answer: entries */
	uint64_t cursor; /* in the answer: where to go on */
};

/* The order of EL2's domain_state. */
enum ctl_state {
	CTL_UNKNOWN,
	CTL_DEFINED,
	CTL_CLAIMED,
	CTL_BUILDING,
	CTL_READY,
	CTL_RUNNING,
	CTL_PAUSED,
	CTL_STOPPING,
	CTL_STOPPED,
	CTL_CRASHED,
	CTL_DESTROYED,
};

/* Why vCPUs leave their guests: exceptions by class, interrupts, SErrors. */
enum ctl_cause {
	CTL_HVC,
	CTL_SMC,
	CTL_SYSREG,
	CTL_DATA_ABORT, /* of an emulated device, or where nothing is */
	CTL_INSTR_ABORT,
	CTL_WFX,
	CTL_OTHER, /* UNDEFINED */
	CTL_IRQ,
	CTL_SERROR,
	CTL_CAUSES
};

/* Of a vCPU, or of all of a domain's. */
struct ctl_counts {
	uint64_t exits[CTL_CAUSES];
	uint64_t injected; /* interrupts */
	/* Ticks since CTL_TIMES; 0 where it is not measured */
	uint64_t guest;   /* in the guest, also where that waits */
	uint64_t stolen;  /* from an exit to the next entry */
	uint64_t longest; /* of those */
};

#define CTL_DOMAIN_SELF 1u
#define CTL_DOMAIN_MANAGED 2u /* by the caller */
#define CTL_DOMAIN_CONTROL 4u
#define CTL_DOMAIN_CONSOLE 8u
#define CTL_DOMAIN_FILE 16u /* << enum ctl_file: that file came by LOAD, and has to again when it is started anew */
struct ctl_domain {
	char name[32];
	uint16_t id;
	uint8_t state; /* enum ctl_state */
	uint8_t flags;
	uint16_t nr_vcpus;
	uint16_t nr_on;
	uint32_t resets;
	uint32_t gen;    /* a number is reused, not with this one; a request that names a domain may tell both */
	uint64_t memory; /* bytes */
	struct ctl_counts counts;
};

#define CTL_POWER_ON 2U /* 1 was about to start */
struct ctl_vcpu {
	uint16_t dom;
	uint16_t index;
	uint16_t cpu;
	uint16_t power; /* 0 off, or CTL_POWER_ON */
	struct ctl_counts counts;
};

#define CTL_ORDERS 19u
struct ctl_zone {
	char name[32];
	uint8_t index;
	uint8_t parent; /* 255: none */
	uint8_t leaf;
	uint8_t max_order;
	uint32_t reserved;
	uint64_t pages;
	uint64_t free_pages;
	uint64_t claimed_pages;
	uint64_t nr_free[CTL_ORDERS];
	uint64_t nr_available[CTL_ORDERS];
};

enum ctl_use {
	CTL_UNUSED,
	CTL_FREE,
	CTL_OWNED,
	CTL_QUARANTINED,
	CTL_STATIC,
	CTL_HYPERVISOR,
	CTL_PAYLOAD,
	CTL_RESERVED,
};
struct ctl_memory {
	uint64_t base;
	uint64_t size;
	uint16_t owner; /* domain, CTL_DOM_HYP, CTL_DOM_NONE */
	uint8_t use;    /* enum ctl_use */
	uint8_t zone;   /* 255: none */
	uint32_t reserved;
};

#define CTL_CLAIM_WAITS 1u
struct ctl_term {
	uint32_t slot;
	uint32_t gen;
	uint16_t holder;
	uint16_t owner;
	uint8_t zone;
	uint8_t order;
	uint8_t flags;
	uint8_t term;
	uint64_t count;
	uint64_t left;
	uint64_t deadline; /* counter; all ones: none */
};

struct ctl_log {
	uint64_t time; /* counter */
	uint32_t lost; /* lines before this one that the ring had dropped */
	uint16_t cpu;
	uint8_t level;
	uint8_t len;
	char text[240];
};

/* The order of CPUs, each one's in order of time. */
struct ctl_trace {
	uint64_t time; /* counter */
	uint64_t arg;  /* of a trap: ESR_EL2 */
	uint16_t type; /* 0 trap, 1 interrupt, 2 SError */
	uint16_t dom;
	uint16_t vcpu;
	uint16_t cpu;
};

enum ctl_action { CTL_STOP, CTL_START, CTL_KILL, CTL_RESTART, CTL_PAUSE, CTL_RESUME, CTL_DESTROY };
struct ctl_domain_req {
	uint16_t dom;
	uint16_t action;
	uint32_t gen; /* 0: whichever has the number; so in the others */
};

#define CTL_TREE_MAX 8192u     /* bytes of a configuration */
#define CTL_LOAD_MAX 0x200000u /* of a LOAD, with its heads: a kick takes 64 KiB of it at most */
enum ctl_file { CTL_KERNEL, CTL_RAMDISK, CTL_DTB, CTL_FILES };
struct ctl_tree {
	uint32_t offset;
	uint32_t reserved;
};
struct ctl_define {
	uint32_t tree_size;
	uint32_t reserved;
	uint64_t size[CTL_FILES]; /* of the files that will come; 0: none, or the payload's */
	unsigned char head[64];   /* the kernel's first bytes */
};
struct ctl_defined {
	uint16_t dom;
	uint16_t reserved;
	uint32_t gen;
	char why[192]; /* with a refusal: node, value and reason */
};
#define CTL_LOAD_QUIET 1u /* the guest does not wait for an interrupt when it has given bytes: one for many will do */
struct ctl_load {
	uint16_t dom;
	uint16_t file; /* enum ctl_file */
	uint32_t flags;
	uint64_t offset;
};

#define CTL_CREATE_MAX 8u
struct ctl_create {
	uint32_t nr;
	uint16_t dom[CTL_CREATE_MAX];
	uint32_t gen[CTL_CREATE_MAX];
};

struct ctl_events_req {
	uint32_t on;
	uint32_t reserved;
};

struct ctl_input {
	uint32_t taken;
	uint32_t reserved;
};

enum ctl_event_type {
	CTL_EV_STATE,    /* value: enum ctl_state */
	CTL_EV_ADMITTED, /* arg: the claim, slot and generation; so in EXPIRED and REVOKED */
	CTL_EV_EXPIRED,
	CTL_EV_REFUSED, /* dom: for whom; value: enum ctl_status; arg: blocks that were wanted, and how many fit */
	CTL_EV_REVOKED,
	CTL_EV_FAULT, /* value: enum ctl_fault */
	CTL_EV_LOST,  /* value: events that were too many */
};
enum ctl_fault { CTL_FAULT_CRASH, CTL_FAULT_WATCHDOG };
struct ctl_event {
	uint64_t time;
	uint16_t type;
	uint16_t dom;
	uint32_t value;
	uint64_t arg[2];
};

struct ctl_want {
	uint8_t zone;
	uint8_t order;
	uint16_t owner;
	uint32_t gen; /* of the owner */
	uint64_t count;
};
#define CTL_STAKE_MAX 64u
struct ctl_stake {
	uint64_t lease_ms; /* 0: for ever */
	uint64_t wait_ms;  /* 0: not at all; more than HELLO tells: CTL_EDENIED */
	uint32_t nr;       /* of struct ctl_want that follow, CTL_STAKE_MAX at most */
	uint32_t reserved;
};
struct ctl_claim {
	uint32_t slot;
	uint32_t gen;
	uint64_t lease_ms; /* of RENEW; in the answer to STAKE 1: it waits */
};
struct ctl_refusal {
	uint32_t term;
	uint8_t zone;
	uint8_t order;
	uint16_t owner;
	uint64_t want;
	uint64_t have;
	uint64_t fit;
};

#endif
