/* SPDX-License-Identifier: MIT */
/*
 * Status codes of EL2's own functions. Guests' codes are another enum, mapped in one table at the hypercall's
 * edge. A function that returns fh_status writes its out-parameters only on FH_OK.
 */
#ifndef CORE_BASE_STATUS_H
#define CORE_BASE_STATUS_H

#include "core/base/types.h"

typedef enum fh_status_code {
	FH_OK = 0,
	FH_EINVAL,    /* a value is out of its stated range */
	FH_EALIGN,    /* an address or a size is not aligned as stated */
	FH_EOVERFLOW, /* a sum or a product leaves 64 bits, or a table is full */
	FH_ENOENT,    /* the thing that was named does not exist */
	FH_EEXIST,    /* the thing is there already, or overlaps another */
	FH_ENOMEM,    /* no memory (outside a claim) */
	FH_ENOFIT,    /* the claim does not fit, now */
	FH_EQUEUED,   /* refused because an older set waits for the same memory */
	FH_EQUOTA,    /* the holder's quota does not allow it */
	FH_EREVOKED,  /* the claim's memory was lost to quarantine */
	FH_EEXPIRED,  /* the claim's lease ran out */
	FH_ESTALE,    /* the handle was released, or the generation moved on */
	FH_EDENIED,   /* the caller is neither owner nor holder */
	FH_EFORMAT,   /* a file or a tree does not have the form it claims */
	FH_ENOTSUP,   /* the machine or the build does not have it */
	FH_EBUSY,     /* not in this state */
	FH_ETIMEOUT,  /* the machine did not answer in the stated time */
	FH_STATUS_COUNT
} fh_status_code;

typedef fh_status_code fh_status;

/* A step of a function that has nothing to undo: any answer but FH_OK is the function's own. */
#define FH_TRY(step)                                                                                                   \
	do {                                                                                                           \
		const fh_status fh_tried = (step);                                                                     \
		if (fh_tried != FH_OK) {                                                                               \
			return fh_tried;                                                                               \
		}                                                                                                      \
	} while (false)

/* A short lower-case word for a status, for log lines ("nofit"). Never NULL. */
const char *fh_status_str(fh_status s);

#endif
