// SPDX-License-Identifier: MIT
#include "claim.h"

int64_t fhc_call(struct fhc_regs *r)
{
	register uint64_t x0 __asm__("x0") = r->x[0];
	register uint64_t x1 __asm__("x1") = r->x[1];
	register uint64_t x2 __asm__("x2") = r->x[2];
	register uint64_t x3 __asm__("x3") = r->x[3];

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
	*r = (struct fhc_regs){ { x0, x1, x2, x3 } };
	return (int64_t)x0;
}

static int64_t call(uint64_t fn, uint64_t a, uint64_t b, uint64_t c, struct fhc_regs *r)
{
	*r = (struct fhc_regs){ { fn, a, b, c } };
	return fhc_call(r);
}

int fhc_present(void)
{
	struct fhc_regs r;

	call(FHC_UID, 0, 0, 0, &r);
	return r.x[0] == 0xf8283483 && r.x[1] == 0x9a472956 && r.x[2] == 0x20f9b8af && r.x[3] == 0x6707bf7e;
}

int64_t fhc_info(uint64_t *limit, uint64_t *outstanding, uint64_t *redeemed)
{
	struct fhc_regs r;
	int64_t code = call(FHC_MEM_INFO, 0, 0, 0, &r);

	if (code == FHC_OK) {
		*limit = r.x[1];
		*outstanding = r.x[2];
		*redeemed = r.x[3];
	}
	return code;
}

int64_t fhc_window(uint64_t *ipa, uint64_t *size, uint64_t *zones)
{
	struct fhc_regs r;
	int64_t code = call(FHC_MEM_WINDOW, 0, 0, 0, &r);

	if (code == FHC_OK) {
		*ipa = r.x[1];
		*size = r.x[2];
		*zones = r.x[3];
	}
	return code;
}

int64_t fhc_stake(uint64_t zone, uint64_t order, uint64_t count, uint64_t *claim, uint64_t *fit)
{
	struct fhc_regs r;
	int64_t code = call(FHC_MEM_STAKE, zone, order, count, &r);

	*(code == FHC_OK ? claim : fit) = r.x[1];
	return code;
}

int64_t fhc_claim(uint64_t claim, uint64_t *zone, uint64_t *order, uint64_t *count, uint64_t *left)
{
	struct fhc_regs r;
	int64_t code = call(FHC_MEM_CLAIM, claim, 0, 0, &r);

	if (code == FHC_OK) {
		*zone = r.x[1] & 0xff;
		*order = r.x[1] >> 8;
		*count = r.x[2];
		*left = r.x[3];
	}
	return code;
}

int64_t fhc_redeem(uint64_t claim, uint64_t ipa, uint64_t max_order, uint64_t *order)
{
	struct fhc_regs r;
	int64_t code = call(FHC_MEM_REDEEM, claim, ipa, max_order, &r);

	if (code == FHC_OK) {
		*order = r.x[1];
	}
	return code;
}

int64_t fhc_unredeem(uint64_t claim, uint64_t ipa)
{
	struct fhc_regs r;

	return call(FHC_MEM_UNREDEEM, claim, ipa, 0, &r);
}

int64_t fhc_free(uint64_t ipa)
{
	struct fhc_regs r;

	return call(FHC_MEM_FREE, ipa, 0, 0, &r);
}

int64_t fhc_release(uint64_t claim)
{
	struct fhc_regs r;

	return call(FHC_MEM_RELEASE, claim, 0, 0, &r);
}

int64_t fhc_ring(uint64_t domain)
{
	struct fhc_regs r;

	return call(FHC_RING, domain, 0, 0, &r);
}
