/* SPDX-License-Identifier: MIT */
#include "core/hypercall/hypercall.h"

#include "core/domain/domain.h"

#define NOT_SUPPORTED (-1)
#define REVISION_MAJOR 1U
#define REVISION_MINOR 1U /* 1: RING */
#define CALL_UID UINT32_C(0x8600ff01)
#define CALL_REVISION UINT32_C(0x8600ff03)
#define CALL_FIRST UINT32_C(0xc6000000)
#define CALL_RING UINT32_C(0xc6000010)
#define CALL_TEST UINT32_C(0xc600ff80)

/* A guest's codes, by status: docs/guest-abi.md. What is 0 here can't happen, and is told as INVALID. */
static const int8_t codes[FH_STATUS_COUNT] = {
	[FH_EINVAL] = -3,     [FH_EALIGN] = -16,
	[FH_EOVERFLOW] = -17, [FH_ENOENT] = -18,
	[FH_EEXIST] = -19,    [FH_ENOFIT] = -20,
	[FH_EQUEUED] = -21,   [FH_EQUOTA] = -22,
	[FH_EREVOKED] = -23,  [FH_EEXPIRED] = -24,
	[FH_ESTALE] = -25,    [FH_EBUSY] = -26,
	[FH_EDENIED] = -27,   [FH_ENOTSUP] = NOT_SUPPORTED,
};

static claim_handle_t handle(uint64_t x)
{
	return (claim_handle_t){ (uint32_t)x, (uint32_t)(x >> 32) };
}

static fh_status mem_info(struct vcpu *v, uint64_t *x)
{
	struct ledger_account a;
	const fh_status status = ledger_account(domain_ledger(), v->domain->id, &a);

	if (status == FH_OK) {
		x[1] = a.quota;
		x[2] = a.outstanding;
		x[3] = a.paid;
	}
	return status;
}

static fh_status mem_window(struct vcpu *v, uint64_t *x)
{
	const struct cfg_claims *c = &v->domain->cfg->claims;

	x[1] = c->window.base;
	x[2] = c->window.size;
	x[3] = c->nr_zones;
	return FH_OK;
}

/* zone, order, count -> claim; refused for lack of memory: the largest count */
static fh_status mem_stake(struct vcpu *v, uint64_t *x)
{
	const struct claim_term t = { (uint8_t)x[1], (uint8_t)x[2], 0, x[3] };
	claim_handle_t h = { 0, 0 };
	uint64_t fit = 0;
	fh_status status;

	if (x[1] > UINT8_MAX || x[2] > UINT8_MAX) {
		return FH_EINVAL;
	}
	status = domain_mem_stake(v->domain, &t, &h, &fit);
	x[1] = status == FH_OK ? ((uint64_t)h.gen << 32) | h.slot : fit;
	return status;
}

/* claim -> zone, order, count, what is left of it */
static fh_status mem_claim(struct vcpu *v, uint64_t *x)
{
	struct claim_term_info t;
	const fh_status status = domain_mem_query(v->domain, handle(x[1]), &t);

	if (status == FH_OK) {
		x[1] = t.term.zone | (uint64_t)t.term.order << 8;
		x[2] = t.term.count;
		x[3] = t.left;
	}
	return status;
}

/* claim, IPA, largest order -> order */
static fh_status mem_redeem(struct vcpu *v, uint64_t *x)
{
	uint8_t order = (uint8_t)x[3];
	bool more = false;
	fh_status status;

	if (x[3] > UINT8_MAX) {
		return FH_EINVAL;
	}
	status = domain_mem_redeem(v->domain, handle(x[1]), ipa(x[2]), &order, &more);
	if (more) {
		v->regs.elr -= 4U;
		return FH_STATUS_COUNT;
	}
	x[1] = status == FH_OK ? order : x[1];
	return status;
}

/* claim, IPA */
static fh_status mem_unredeem(struct vcpu *v, uint64_t *x)
{
	return domain_mem_unredeem(v->domain, handle(x[1]), ipa(x[2]));
}

/* IPA */
static fh_status mem_free(struct vcpu *v, uint64_t *x)
{
	return domain_mem_free(v->domain, ipa(x[1]));
}

/* claim */
static fh_status mem_release(struct vcpu *v, uint64_t *x)
{
	return domain_mem_release(v->domain, handle(x[1]));
}

static fh_status (*const calls[])(struct vcpu *v, uint64_t *x) = {
	mem_info, mem_window, mem_stake, mem_claim, mem_redeem, mem_unredeem, mem_free, mem_release,
};

/* 833428f8-5629-479a-afb8-f9207ebf0767, its bytes from the lowest of w0 on */
static void uid(uint64_t *x)
{
	x[0] = UINT32_C(0xf8283483);
	x[1] = UINT32_C(0x9a472956);
	x[2] = UINT32_C(0x20f9b8af);
	x[3] = UINT32_C(0x6707bf7e);
}

static uint64_t code(fh_status status)
{
	const int64_t c = codes[status] != 0 ? codes[status] : codes[FH_EINVAL];

	return status == FH_OK ? 0U : (uint64_t)c;
}

static FH_NOINLINE void other(struct vcpu *v, uint64_t *x)
{
	const uint32_t fid = (uint32_t)x[0];

	if (fid == CALL_UID) {
		uid(x);
	} else if (fid == CALL_REVISION) {
		x[0] = REVISION_MAJOR;
		x[1] = REVISION_MINOR;
	} else if (fid == CALL_RING) {
		x[0] = code(domain_ring(v->domain, x[1]));
	} else {
		x[0] = code(fid >= CALL_TEST ? hypercall_test(v, fid - CALL_TEST) : FH_ENOTSUP);
	}
}

void hypercall(struct vcpu *v)
{
	uint64_t *x = v->regs.x;
	const uint32_t n = (uint32_t)x[0] - CALL_FIRST;

	if (n >= ARRAY_SIZE(calls) || v->domain->cfg->claims.window.size == 0U) {
		other(v, x);
		return;
	}
	const fh_status status = calls[n](v, x);

	if (status != FH_STATUS_COUNT) {
		x[0] = code(status);
	}
}
