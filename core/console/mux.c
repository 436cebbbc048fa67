/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is.
 *
 * A source is ready when it may be shown: the log with a line, the focus with a byte, others with a whole line, a
 * long one, or one that has waited. While a line stands unfinished on the terminal its owner goes on; the others
 * come when it ends, or when it has been held too long.
 */
#include "core/base/bits.h"
#include "core/console/console_internal.h"

#define PARTIAL_MS 200U /* an unfinished line waits this long for its end */
#define PAUSE_MS 50U    /* an owner that says nothing for this long can be interrupted */
#define HOLD_MS 1000U   /* and one that goes on and on, after this long, */
#define HOLD_BYTES 512U /* or after as many */
#define LONG_LINE 256U  /* shown without its end */

static uint32_t source_level(uint32_t s)
{
	if (s == CONSOLE_MONITOR) {
		return byte_ring_level(&con.mon_out);
	}
	return con.sources[s].vuart == NULL || con.sources[s].vuart->taken ? 0U : vuart_tx_level(con.sources[s].vuart);
}

static uint32_t source_lines(uint32_t s)
{
	return s == CONSOLE_MONITOR ? con.mon_lines : vuart_tx_lines(con.sources[s].vuart);
}

static void wake_by(uint64_t at)
{
	con.wake_at = MIN(con.wake_at, at);
}

static bool source_ready(uint32_t s, uint64_t now, bool force)
{
	struct source *src = &con.sources[s];
	uint32_t level;

	if (s == SOURCE_LOG) {
		return log_readable(&con.log);
	}
	level = source_level(s);
	if (level == 0U) {
		src->since = 0;
		return false;
	}
	if (force || s == con.focus || s == con.owner || level >= LONG_LINE || source_lines(s) != 0U) {
		src->since = 0;
		return true;
	}
	if (src->since == 0U) {
		src->since = now;
	}
	if (now - src->since >= PARTIAL_MS * con.ms) {
		return true;
	}
	wake_by(src->since + PARTIAL_MS * con.ms);
	return false;
}

/* The next ready source after the one served last, but not `except`; NO_SOURCE: none. */
static uint32_t next_ready(uint64_t now, bool force, uint32_t except)
{
	for (uint32_t i = 1; i <= NR_SOURCES; i++) {
		const uint32_t s = (con.last + i) % NR_SOURCES;

		if (s != except && source_ready(s, now, force)) {
			return s;
		}
	}
	return NO_SOURCE;
}

/* Whether the unfinished line's owner must let others in that wait for it. */
static bool owner_gives_way(bool owner_ready, uint64_t now)
{
	if (con.blocked == 0U) {
		con.blocked = now;
	}
	if (con.owner_bytes >= HOLD_BYTES || now - con.blocked >= HOLD_MS * con.ms) {
		return true;
	}
	if (!owner_ready) {
		if (now - con.owner_time >= PAUSE_MS * con.ms) {
			return true;
		}
		wake_by(con.owner_time + PAUSE_MS * con.ms);
	}
	return false;
}

static uint32_t choose(uint64_t now, bool force)
{
	const uint32_t owner = con.owner;
	bool owner_ready;
	uint32_t other;

	if (owner == NO_SOURCE) {
		return next_ready(now, force, NO_SOURCE);
	}
	owner_ready = source_ready(owner, now, force);
	other = next_ready(now, force, owner);
	if (other == NO_SOURCE) {
		con.blocked = 0;
		return owner_ready ? owner : NO_SOURCE;
	}
	if (owner_gives_way(owner_ready, now) || (force && !owner_ready)) {
		return other;
	}
	return owner_ready ? owner : NO_SOURCE;
}

bool mux_fill(uint64_t now, bool force)
{
	uint32_t s;

	con.stage_len = 0;
	con.stage_out = 0;
	con.wake_at = UINT64_MAX;
	if (con.notice_len != 0U) {
		emit_notice();
		return true;
	}
	s = choose(now, force);
	if (s == NO_SOURCE) {
		return false;
	}
	emit_source(s, now);
	con.last = s;
	return true;
}
