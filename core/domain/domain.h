/* SPDX-License-Identifier: MIT */
/*
 * The domain: what the configuration says, what it owns, and where it is in its life.
 *
 *   DEFINED --admit--> CLAIMED --build--> RUNNING --off, crash--> OFF, CRASHED
 *                         ^                  |
 *                         +----- reset ------+
 *
 * Admission and placement are done by the boot CPU for all domains, in configuration order; building (cleaning,
 * loading, mapping) by each domain's first CPU, in bounded steps, between which interrupts are taken.
 *
 * Requests (reset, off) are noted under the domain's lock; each vCPU leaves by itself, on its own CPU, and the last
 * one that leaves moves the state on. No CPU waits for another.
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

enum domain_state { DOM_DEFINED, DOM_CLAIMED, DOM_RUNNING, DOM_OFF, DOM_CRASHED, DOM_STATE_COUNT };

/* What was asked of a running domain. */
enum domain_request { DOM_REQ_NONE, DOM_REQ_RESET, DOM_REQ_OFF, DOM_REQ_CRASH };

/* A file for a domain: where it comes from and where it goes. */
struct domain_image {
	const void *data;
	uint64_t size; /* bytes; 0: none */
	uint64_t ipa;
	const char *name;
};
enum { DOM_IMG_KERNEL, DOM_IMG_RAMDISK, DOM_IMG_DTB, DOM_IMG_COUNT };

/* Where the building of a domain stands; only its first CPU. */
struct domain_build {
	uint64_t ipa;    /* next to be cleaned */
	uint64_t offset; /* within the leaf, or within the image */
	uint32_t image;  /* next to be loaded */
	bool cleaned;    /* all RAM is */
	uint64_t zeroed; /* bytes, for the report */
	uint64_t loaded;
	uint64_t flushed; /* bytes cleaned and invalidated to the point of coherency */
	uint64_t started; /* counter */
};

struct domain {
	struct lock lock;   /* guards state, request, nr_on and the vCPUs' power */
	struct lock memory; /* guards what it claims at run time */
	enum domain_state state;
	enum domain_request request;
	uint32_t nr_on; /* vCPUs that are on or about to be */
	uint32_t resets;
	bool giving;                  /* what it claimed while it ran goes back, by its first CPU, in steps */
	bool dirty;                   /* some of its memory is not known to be clean before its first start */
	const struct cfg_domain *cfg; /* set once, as all below but for build */
	domid_t id;
	uint32_t nr_vcpus;
	struct s2 s2;
	struct vgic vgic;
	struct vuart vuart;
	struct vcon vcon;
	struct range virtio; /* IPA of its registers; size 0: it has none */
	struct vdev_table devs;
	struct domain_image images[DOM_IMG_COUNT];
	uint64_t entry;
	struct domain_build build;
	struct vcpu vcpus[CFG_MAX_VCPUS];
};

/* What the domains must know of the board; kept by reference. */
struct domain_board {
	const struct fdt_index *tree;
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
 * Defines all domains of the configuration, admits them as one claim set, redeems and places. Boot CPU, once.
 * Any refusal is logged with its reason, and nothing is left claimed. All arguments are kept by reference.
 */
fh_status domains_admit(const struct cfg_system *sys, const struct domain_board *board, const struct payload *files,
			struct ledger *ledger) FH_MUST_CHECK;

uint32_t domain_count(void);
struct domain *domain_get(uint32_t i); /* NULL: none */
/* The vCPU that a CPU runs, or NULL. Set once. O(1). */
struct vcpu *domain_cpu_vcpu(uint32_t cpu);
/* The domain that owns a physical SPI, or NULL. O(1). */
struct domain *domain_of_irq(uint32_t intid);
/* Name of a state, for people. */
const char *domain_state_str(enum domain_state s);
/* The ledger, for the monitor. */
struct ledger *domain_ledger(void);

/* What a vCPU's CPU should do next. */
enum domain_step { DOM_STEP_RUN, DOM_STEP_START, DOM_STEP_BUILD, DOM_STEP_IDLE };
/*
 * Decides it, on the vCPU's own CPU, outside the guest: takes part in a request (leaving), and moves the domain on
 * where this was the last vCPU. *last_off is set where by this the last domain of the system went off.
 */
enum domain_step domain_next_step(struct vcpu *v, bool *last_off);
/* One bounded step of giving back or building (2 MiB at most); true: built, the first vCPU is about to start. */
bool domain_build_step(struct domain *d);
/* Loads a starting vCPU's state into this CPU. */
void domain_vcpu_start(struct vcpu *v);

/* Asks a running domain for something; a second request does not replace the first. May be called on any CPU. */
void domain_ask(struct domain *d, enum domain_request r);

/* DEN0022F 5.2.2 */
#define PSCI_SUCCESS 0
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
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
