/* SPDX-License-Identifier: MIT */
/*
 * The domain: what the configuration says, what it owns, and where it is in its life. docs/domains.md draws the states.
 *
 *	domain_claim(set, nr, DOMID_HYP, &why)   all that the set will ever need, or nothing: boot and run time alike
 *	domain_do(d, DOM_OP_START)         builds it, then runs it
 *	domain_do(d, DOM_OP_DESTROY)       takes it apart; all is as before the claim
 *
 * Long work (placing, cleaning, loading, taking apart) is done by the CPU of the domain's first vCPU, in bounded steps
 * between which interrupts are taken; the domains that start at boot are placed by the boot CPU, in configuration
 * order. Requests are noted under the domain's lock; each vCPU leaves by itself, on its own CPU, and the last one that
 * leaves moves the state on. No CPU waits for another.
 */
#ifndef CORE_DOMAIN_DOMAIN_H
#define CORE_DOMAIN_DOMAIN_H

#include "arch/arm64/mm/stage2.h"
#include "arch/arm64/vcpu/vcpu.h"
#include "arch/arm64/vgic/vgic.h"
#include "core/claim/claim.h"
#include "core/config/config.h"
#include "core/fdt/fdt_index.h"
#include "core/payload/payload.h"
#include "core/sync/lock.h"
#include "core/vdev/vdev.h"
#include "core/virtio/vcon.h"
#include "core/vuart/vuart.h"
#include "core/vwdt/vwdt.h"

enum domain_state {
	DOM_UNUSED,    /* the slot is free */
	DOM_DEFINED,   /* it has a configuration, and nothing else but static partitions of the boot's configuration */
	DOM_CLAIMED,   /* all it needs is its own, or claimed for it */
	DOM_BUILDING,  /* being placed, cleaned, loaded */
	DOM_READY,     /* built, waits for its start */
	DOM_RUNNING,   /* has vCPUs that are on */
	DOM_PAUSED,    /* has, but none is in the guest */
	DOM_STOPPING,  /* vCPUs are leaving, for a reset or an end */
	DOM_STOPPED,   /* ended by itself or by request; keeps its memory */
	DOM_CRASHED,   /* ended by a fault; keeps its memory */
	DOM_DESTROYED, /* being taken apart; then the slot is DEFINED or UNUSED */
	DOM_STATE_COUNT
};

/* What can be asked of a domain; domain_do() tells in which states. */
enum domain_op {
	DOM_OP_CLAIM, /* by domain_claim() only */
	DOM_OP_BUILD, /* claimed -> building -> ready */
	DOM_OP_LOAD,  /* by domain_load_begin() only */
	DOM_OP_START, /* claimed, building: built, then run; ready: run; stopped, crashed: loaded anew, in its memory */
	DOM_OP_STOP,  /* its power is taken */
	DOM_OP_ASK,   /* its power key is pressed: it ends by itself, or does not; illegal where it has none */
	DOM_OP_RESTART, /* as the guest's own reset */
	DOM_OP_PAUSE,
	DOM_OP_RESUME,
	DOM_OP_DESTROY,
	DOM_OP_COUNT
};

/* What was asked of a running domain. */
enum domain_request { DOM_REQ_NONE, DOM_REQ_RESET, DOM_REQ_OFF, DOM_REQ_CRASH, DOM_REQ_WATCHDOG };

/* A file for a domain: where it comes from and where it goes. */
struct domain_image {
	const void *data;
	uint64_t size; /* bytes; 0: none */
	uint64_t ipa;
	const char *name;
};
enum { DOM_IMG_KERNEL, DOM_IMG_RAMDISK, DOM_IMG_DTB, DOM_IMG_COUNT };

/* Files that come by domain_load_begin(), for a domain that is created. */
struct domain_files {
	uint64_t size[DOM_IMG_COUNT]; /* bytes; 0: none, or the payload's file that the configuration names */
	unsigned char head[64];       /* the kernel's first bytes: an arm64 Image header, if it is one */
};
#define DOM_LOAD_MAX UINT64_C(0x10000) /* bytes of one piece */

/* Where the building, or the taking apart, of a domain stands; only its first CPU. */
enum domain_phase {
	PHASE_TABLES,
	PHASE_MEMORY,
	PHASE_DEVICES,
	PHASE_TREE,
	PHASE_UNCOMMIT, /* of a reset: nothing of its memory is reachable from then on */
	PHASE_CLEAN,
	PHASE_LOAD,
	PHASE_COMMIT,
	PHASE_INTERRUPTS,
	PHASE_FREE_MEMORY,
	PHASE_FREE_DEVICES,
	PHASE_FREE_TABLES,
	PHASE_FREE_BODY,
};
struct domain_build {
	enum domain_phase phase;
	uint32_t mem;     /* range that is placed next; or vCPU: described in the tree, or its interrupts reset */
	uint64_t ipa;     /* next to be placed within it, or to be cleaned, or to be unmapped */
	struct range run; /* physical blocks that follow each other, for one line of the map */
	uint32_t pieces;  /* of memory, for the map: lines of the log, and what is not told */
	uint64_t offset;  /* within the leaf, or within the image */
	uint32_t image;   /* next to be loaded */
	uint64_t zeroed;  /* bytes, for the report */
	uint64_t loaded;
	uint64_t flushed; /* bytes cleaned and invalidated to the point of coherency */
	uint64_t started; /* counter */
	uint64_t longest; /* step, in ticks of the counter: interrupts wait as long */
};

/* What is to be done first, when its vCPUs have left: its interrupts are reset, what it claimed goes back. */
enum domain_giving { GIVE_NOTHING, GIVE_INTERRUPTS, GIVE_MEMORY };

/* What was claimed for a domain: places of its terms in the claim. */
struct domain_terms {
	claim_handle_t claim;     /* of its set; released when all of the set have redeemed */
	bool draws;               /* it still draws on the claim */
	uint8_t body;             /* one block of the hyp zone: stage-2 root, tree, vCPUs, some tables */
	uint8_t tables;           /* further tables, by pages */
	uint8_t mem[CFG_MAX_MEM]; /* a claimed range's */
	uint32_t nr_tables;       /* of the term */
	struct claim_block block; /* the body, redeemed; base is its tree's, vCPUs' and root's too */
};

struct domain {
	struct lock lock;   /* guards state, request, the flags, nr_on, nr_attached and the vCPUs' power */
	uint32_t cleaning;  /* blocks that it redeemed and that are being cleaned; atomic */
	struct lock memory; /* guards what it claims at run time */
	enum domain_state state;
	enum domain_request request;
	bool claiming;        /* domain_claim() is at it */
	bool run;             /* starts when it is built */
	bool doomed;          /* is taken apart when it has ended */
	bool created;         /* defined at run time: the slot is free again after it */
	bool loadable;        /* being built, and ready for its files */
	bool awaiting;        /* its builder has nothing to do until more of a file comes */
	bool loading;         /* a piece is being copied */
	const void *feeder;   /* whose files it waits for, until it runs; NULL: nobody's */
	uint64_t due;         /* counter: it waits for its feeder until then; 0: that one is gone */
	bool placed;          /* its stage 2 is complete: building goes on from there */
	uint32_t nr_on;       /* vCPUs that are on or about to be */
	uint32_t nr_attached; /* CPUs that know its vCPUs */
	uint32_t resets;
	uint32_t crashes;             /* without a minute's run in between */
	enum cfg_on_crash verdict;    /* what the configuration says of the last one */
	uint64_t launched;            /* counter, when it last started */
	uint64_t not_before;          /* counter: its builder waits until then */
	uint64_t voff;                /* what its virtual counter is behind; changes while none of its vCPUs runs */
	uint64_t paused_at;           /* counter: when the last vCPU left; before, when it was paused */
	enum domain_giving giving;    /* by its first CPU, in steps */
	bool dirty;                   /* some of its memory may hold what another one left */
	const struct cfg_domain *cfg; /* from DEFINED on, as id, gen and nr_vcpus */
	domid_t id;
	uint32_t gen; /* of the slot's domains, from 1: with the id it is a name that no later one has */
	uint32_t nr_vcpus;
	struct s2 s2;
	struct vgic vgic;
	struct vuart vuart;
	struct vcon vcon;
	struct range virtio; /* IPA of its registers; size 0: it has none */
	struct vwdt vwdt;
	struct range watchdog; /* the same of its watchdog */
	struct vdev_table devs;
	uint32_t irqs_given;            /* to emulated devices, or passed by: SPIs from the highest down */
	uint16_t power_key;             /* its SPI; 0: it has none */
	uint16_t bell[CFG_MAX_DOMAINS]; /* its SPI that each other one rings, 0: that one may not */
	struct domain_image images[DOM_IMG_COUNT];
	struct domain_files files;
	uint64_t arrived[DOM_IMG_COUNT]; /* bytes of each file that came in pieces */
	uint64_t entry;
	struct domain_build build;
	struct domain_terms terms;
	struct vcpu *vcpus; /* nr_vcpus of them, in the body; NULL: not claimed */
	char *requests;     /* of a control domain: 2 KiB a port, in the body */
};

/* What the domains must know of the board; kept by reference. */
struct domain_board {
	struct domain *table; /* CFG_MAX_DOMAINS of them, all zero */
	const struct fdt_index *tree;
	const struct cfg_board *limits; /* what a domain that is created is checked against */
	uint64_t cpus;                  /* bit: that CPU runs */
	struct range gicd;
	uint64_t gicr_base;   /* IPA where guests see their redistributors; GICv2: their CPU interface */
	uint64_t gicv_base;   /* GICv2: what is mapped there */
	uint64_t gicr_stride; /* bytes for each CPU there */
	struct range uart;    /* IPA of the virtual console: the board's own console */
	uint32_t uart_irq;    /* INTID */
	uint32_t maint_irq;   /* INTID of the vGIC's maintenance interrupt */
	uint32_t pmu_irq;     /* PPI of the CPUs' PMUs, 0: none */
};

/*
 * Defines all domains of the configuration, claims those that start at boot or by hand as one set, and places them.
 * Boot CPU, once. Any refusal is logged with its reason. All arguments are kept by reference.
 */
fh_status domains_admit(struct cfg_system *sys, const struct domain_board *board, const struct payload *files,
			struct ledger *ledger) FH_MUST_CHECK;

/*
 * Claims all that nr DEFINED domains need, as one set, for a holder (DOMID_HYP, or a domain: its death ends the claim):
 * CLAIMED, all of them, or none. Logs why not; why: as of claim_stake(). FH_EBUSY: one is not DEFINED; FH_EOVERFLOW:
 * more than CLAIM_MAX_TERMS; errors of claim_stake(), and of what a configuration can have wrong. No lock held. O(set *
 * (terms + vCPUs)).
 */
fh_status domain_claim(struct domain *const *set, uint32_t nr, domid_t holder, struct claim_refusal *why) FH_MUST_CHECK;

/* The zone of domains' bodies and stage-2 tables, which EL2 keeps mapped: no guest's memory comes from it. */
uint8_t domain_hyp_zone(void);
/*
 * Defines a domain from a tree (freehold,config-v1, one domain, 8-byte aligned, in EL2's memory): its name, CPUs,
 * devices and RAM must be free, and its CPUs run. files: sizes of those that will come. DEFINED; DOM_OP_DESTROY forgets
 * it again. feeder: any pointer that names who sends them (NULL: nobody, it waits for ever); until it runs it goes with
 * that one, or when create-timeout-ms pass in which nothing comes (domain_give_up). err: the reason. FH_EOVERFLOW: no
 * slot is free; else as config_parse(). No lock held. Bound: O(size + ranges of all domains^2).
 */
fh_status domain_define(const void *tree, size_t size, const struct domain_files *files, const void *feeder,
			struct domain **out, struct cfg_error *err) FH_MUST_CHECK;
/*
 * Who feeds it, before DOM_OP_START or DOM_OP_RESTART of a domain whose files have to come again. Nothing where they
 * need not, or another one does, or the generation (0: any) is another's. Takes the domain's lock. O(1).
 */
void domain_feed(struct domain *d, uint32_t gen, enum domain_op op, const void *feeder);
/*
 * Takes apart what waits for that feeder, which is gone, and what has waited for any for too long. Returns when the
 * next one will have (counter), UINT64_MAX: none. No lock held. O(domains).
 */
uint64_t domain_give_up(const void *feeder);
/*
 * A piece of a file for a domain that is being built, on any CPU; pieces of a file come in order. *to: where it goes,
 * in this CPU's WINDOW_BUILD, *bytes: as many of what was asked as are reached there. domain_load_end() follows, with
 * how many were put there, from the first on: 0 is as if nothing were. When all files are complete the domain is READY,
 * or runs. FH_EBUSY: not being built, or not cleaned yet, or another piece is being copied: later; FH_ESTALE: nor will
 * it be, that is not its feeder; FH_EINVAL: not a file that is awaited, not its next piece, or more than DOM_LOAD_MAX
 * bytes. No lock held. O(bytes).
 */
fh_status domain_load_begin(struct domain *d, const void *feeder, uint32_t image, uint64_t offset, uint64_t *bytes,
			    void **to) FH_MUST_CHECK;
void domain_load_end(struct domain *d, uint32_t image, const void *to, uint64_t bytes);
/* A claim of its own was refused as FH_EOVERFLOW: a line of the log tells what the tables hold. */
void domain_claims_full(const struct domain *d);
/* Whether domain_do() would do it now. */
bool domain_may(const struct domain *d, enum domain_op op);
/*
 * Asks the slot's domain of that generation (0: whichever it is) for an operation. FH_ENOENT: that one is gone;
 * FH_EBUSY: not in this state; FH_ENOTSUP: its files would have to come again (domain_feed). What takes long goes on by
 * itself. No lock held. O(vCPUs).
 */
fh_status domain_do_as(struct domain *d, uint32_t gen, enum domain_op op) FH_MUST_CHECK;
static inline fh_status domain_do(struct domain *d, enum domain_op op)
{
	return domain_do_as(d, 0, op);
}

uint32_t domain_count(void);           /* slots that were ever used */
struct domain *domain_get(uint32_t i); /* NULL: none */
/* A slot's console, used or not: who is created there later has it. */
struct vuart *domain_vuart(uint32_t i);
/* By name; NULL: none. O(domains). */
struct domain *domain_find(const char *name);
/* The vCPU that a CPU runs, or NULL. Only the CPU itself may follow it, and asks again after each step. O(1). */
struct vcpu *domain_cpu_vcpu(uint32_t cpu);
/* A vCPU as others may see it. */
struct domain_vcpu {
	uint32_t pcpu;
	bool on;
	uint64_t exits[CAUSE_COUNT];
	uint64_t injected;
	struct vcpu_times times;
};
/* false: there is no such vCPU, or the domain is not claimed. Takes the domain's lock. */
bool domain_vcpu_look(struct domain *d, uint32_t i, struct domain_vcpu *out);
/* Measures, from 0, how long vCPUs are in their guests and out of them, or no more. No lock held. O(vCPUs of all). */
void domain_measure(bool on);
bool domain_measured(void);
/* Makes one CPU of a running domain come out of the guest. Takes the domain's lock. O(vCPUs). */
void domain_kick(struct domain *d);
/* The domain that owns a physical SPI, or NULL. O(1). */
struct domain *domain_of_irq(uint32_t intid);
/* Name of a state, for people. */
const char *domain_state_str(enum domain_state s);
/* The ledger, for the monitor. */
struct ledger *domain_ledger(void);
/* What the configuration lets a control domain's claim wait for memory, ms. */
uint32_t domain_wait_max_ms(void);

/* What a vCPU's CPU should do next. */
enum domain_step { DOM_STEP_RUN, DOM_STEP_START, DOM_STEP_BUILD, DOM_STEP_UNBUILD, DOM_STEP_IDLE };
/*
 * Decides it, on the vCPU's own CPU, outside the guest: takes part in a request (leaving), and moves the domain on
 * where this was the last vCPU. *last_off is set where by this the last domain of the system went off.
 */
enum domain_step domain_next_step(struct vcpu *v, bool *last_off);
/* One bounded step of giving back or building: 64 blocks placed, 512 KiB cleaned, or 256 KiB loaded. */
void domain_build_step(struct domain *d);
/* One bounded step of taking it apart: 16 blocks. The caller's vCPU may be gone after it. true: all domains are off. */
bool domain_unbuild_step(struct domain *d);
/* Loads a starting vCPU's state into this CPU. */
void domain_vcpu_start(struct vcpu *v);

/*
 * Looks at a domain's watchdog, on one of its CPUs. Returns the counter at which to look again; UINT64_MAX: not before
 * the guest has written to it. Takes the watchdog's lock, and the domain's where it ran out. O(vCPUs).
 */
uint64_t domain_watchdog_poll(struct domain *d);

/*
 * A running domain rings another one's doorbell. FH_ENOENT: there is no such domain, or it may not; FH_EBUSY: that one
 * does not run. Takes the other's lock. O(1).
 */
fh_status domain_ring(const struct domain *from, uint64_t to) FH_MUST_CHECK;

/* Asks a running domain for something; a second request does not replace the first. May be called on any CPU. */
void domain_ask(struct domain *d, enum domain_request r);

/* DEN0022F 5.2.2 */
#define PSCI_SUCCESS 0
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_INVALID_ADDRESS (-9)

/* Whether a vCPU may begin at that IPA: RAM that is there, and aligned. */
bool domain_is_entry(struct domain *d, uint64_t entry);
/* PSCI's calls (DEN0022F 5); any CPU of the domain. Return PSCI codes. */
int64_t domain_cpu_on(struct domain *d, uint64_t mpidr, uint64_t entry, uint64_t context);
void domain_cpu_off(struct vcpu *v);
int64_t domain_affinity_info(struct domain *d, uint64_t mpidr, uint64_t level);

/*
 * What a running domain claims for itself, in the window and from the zones that its configuration gives it; any of its
 * CPUs. Zones are numbered as the configuration lists them. Bound: that of the ledger's calls, the leaves of a block
 * (512), and one chunk of 64 KiB that is cleaned.
 */

/* term: zone, order, count. *fit: of FH_ENOFIT and FH_EQUOTA, the largest count. Errors as claim_stake(). */
fh_status domain_mem_stake(struct domain *d, const struct claim_term *term, claim_handle_t *h, uint64_t *fit)
	FH_MUST_CHECK;
/* FH_ESTALE: no such claim of the domain; FH_EEXPIRED, FH_EREVOKED: how it ended. */
fh_status domain_mem_query(struct domain *d, claim_handle_t h, struct claim_term_info *t) FH_MUST_CHECK;
fh_status domain_mem_release(struct domain *d, claim_handle_t h) FH_MUST_CHECK;
/*
 * Redeems a block of the claim, of 2^*order pages at most, clean, at an IPA. *order: what it is. *more: a part was
 * cleaned, call again. FH_EINVAL: not in the window, or the claim's blocks are larger; FH_EALIGN: the IPA is not a
 * multiple of 2^*order pages; FH_EEXIST: something is mapped there; FH_EBUSY: none is left; FH_ESTALE and its like.
 */
fh_status domain_mem_redeem(struct domain *d, claim_handle_t h, ipaddr_t at, uint8_t *order, bool *more) FH_MUST_CHECK;
/* Unmaps the block that starts at an IPA. FH_EINVAL: no block does, or it is not in the window; FH_ENOENT: nothing is
 * mapped there. Back to the pool, or into the claim: errors of claim_unredeem() too, and nothing has changed. */
fh_status domain_mem_free(struct domain *d, ipaddr_t at) FH_MUST_CHECK;
fh_status domain_mem_unredeem(struct domain *d, claim_handle_t h, ipaddr_t at) FH_MUST_CHECK;
/* One block, or claim, of a domain whose vCPUs are all off goes back. False: there is none (more). */
bool domain_mem_give_back_step(struct domain *d);

#endif
