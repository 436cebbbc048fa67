/* SPDX-License-Identifier: MIT */
#include "core/base/status.h"

const char *fh_status_str(fh_status s)
{
	static const char *const names[FH_STATUS_COUNT] = {
		[FH_OK] = "ok",
		[FH_EINVAL] = "invalid",
		[FH_EALIGN] = "misaligned",
		[FH_EOVERFLOW] = "overflow",
		[FH_ENOENT] = "noent",
		[FH_EEXIST] = "exists",
		[FH_ENOMEM] = "nomem",
		[FH_ENOFIT] = "nofit",
		[FH_EQUEUED] = "queued",
		[FH_EQUOTA] = "quota",
		[FH_EREVOKED] = "revoked",
		[FH_EEXPIRED] = "expired",
		[FH_ESTALE] = "stale",
		[FH_EDENIED] = "denied",
		[FH_EFORMAT] = "format",
		[FH_ENOTSUP] = "notsup",
		[FH_EBUSY] = "busy",
		[FH_ETIMEOUT] = "timeout",
	};

	return (unsigned int)s < FH_STATUS_COUNT ? names[s] : "unknown";
}
