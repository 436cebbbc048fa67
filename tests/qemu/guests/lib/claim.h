/* SPDX-License-Identifier: MIT */
/*
 * Claiming memory at run time, and doorbells, from a guest's side: Freehold's calls (docs/guest-abi.md). Needs nothing but hvc4(), and
 * may be copied into any guest. All answer FHC_OK or one of enum fhc_code; results are written on FHC_OK only.
 *
 *     fhc_stake(0, 9, 16, &claim, &fit);          16 blocks of 2 MiB from the first zone, promised
 *     fhc_redeem(claim, ipa, 9, &order);          one of them, zero, at ipa
 *     fhc_unredeem(claim, ipa);                   back into the claim
 *     fhc_free(ipa);                              back to the pool
 *     fhc_release(claim);                         what is not redeemed
 *
 *     fhc_ring(1);                                an interrupt in domain 1
 */
#ifndef FHC_CLAIM_H
#define FHC_CLAIM_H

#include <stdint.h>

enum fhc_code {
	FHC_OK = 0,
	FHC_NOT_SUPPORTED = -1,
	FHC_INVALID = -3,
	FHC_ALIGN = -16,
	FHC_OVERFLOW = -17,
	FHC_NOENT = -18,
	FHC_EXISTS = -19,
	FHC_NOFIT = -20,
	FHC_QUEUED = -21,
	FHC_QUOTA = -22,
	FHC_REVOKED = -23,
	FHC_EXPIRED = -24,
	FHC_STALE = -25,
	FHC_BUSY = -26,
	FHC_DENIED = -27,
};

enum fhc_function {
	FHC_UID = 0x8600ff01,
	FHC_REVISION = 0x8600ff03,
	FHC_MEM_INFO = 0xc6000000,
	FHC_MEM_WINDOW,
	FHC_MEM_STAKE,
	FHC_MEM_CLAIM,
	FHC_MEM_REDEEM,
	FHC_MEM_UNREDEEM,
	FHC_MEM_FREE,
	FHC_MEM_RELEASE,
	FHC_RING = 0xc6000010,
};

/* x0 to x3, in and out; x4 to x17 are kept by the call. */
struct fhc_regs {
	uint64_t x[4];
};
int64_t fhc_call(struct fhc_regs *r);

/* Whether Freehold answers: its UID. */
int fhc_present(void);
/* Pages: the limit, and of it what is staked and not redeemed, and what is redeemed. */
int64_t fhc_info(uint64_t *limit, uint64_t *outstanding, uint64_t *redeemed);
int64_t fhc_window(uint64_t *ipa, uint64_t *size, uint64_t *zones);
/* *fit: of FHC_NOFIT and FHC_QUOTA, the largest count that would be admitted. */
int64_t fhc_stake(uint64_t zone, uint64_t order, uint64_t count, uint64_t *claim, uint64_t *fit);
int64_t fhc_claim(uint64_t claim, uint64_t *zone, uint64_t *order, uint64_t *count, uint64_t *left);
/* At most 2^max_order pages; ipa is a multiple of that. */
int64_t fhc_redeem(uint64_t claim, uint64_t ipa, uint64_t max_order, uint64_t *order);
int64_t fhc_unredeem(uint64_t claim, uint64_t ipa);
int64_t fhc_free(uint64_t ipa);
int64_t fhc_release(uint64_t claim);
/* Rings the doorbell of a domain by its number (freehold,ring in the tree). FHC_NOENT: not allowed; FHC_BUSY: it is off. */
int64_t fhc_ring(uint64_t domain);

#endif
