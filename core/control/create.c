/* SPDX-License-Identifier: MIT */
/*
 * Creating a domain from a client's files: its tree comes in parts, is copied whole and then checked; what it needs is
 * claimed (CREATE); its files come in pieces, each copied on as it comes.
 *
 * What a session defines is taken apart when the session ends, or says nothing more of it, before the domain runs.
 */
#include "arch/cpu.h"
#include "arch/cpu_room.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/control/control_internal.h"
#include "core/sync/lock.h"

#define TREE_S 60U

/* The tree of one session: its owner's until DEFINE, its end, or TREE_S without a part. */
static struct lock tree_lock = LOCK_INIT(RANK_DOMAIN); /* guards the two below */
static const struct session *tree_owner;
static uint64_t tree_due; /* counter */
static FH_NOINIT FH_ALIGNED(8) char tree[CTL_TREE_MAX];

/* Who takes it finds nothing of another's in it. */
static bool own_tree(const struct session *s)
{
	const uint64_t now = arch_counter();
	bool ours;
	bool taken;

	lock_acquire(&tree_lock);
	ours = tree_owner == s;
	taken = !ours && (tree_owner == NULL || now >= tree_due);
	if (ours || taken) {
		tree_owner = s;
		tree_due = now + TREE_S * arch_counter_hz();
	}
	lock_release(&tree_lock);
	if (taken) {
		memset(tree, 0, sizeof(tree));
	}
	return ours || taken;
}

static void leave_tree(const struct session *s)
{
	lock_acquire(&tree_lock);
	tree_owner = tree_owner == s ? NULL : tree_owner;
	lock_release(&tree_lock);
}

uint32_t control_tree(struct request *r)
{
	const struct ctl_tree *q = r->in;
	const uint32_t bytes = r->len - (uint32_t)sizeof(*q);

	if (!control_sees_all(r->self)) {
		return CTL_EDENIED; /* DEFINE would be, and there is one room */
	}
	if (q->offset > CTL_TREE_MAX - bytes) {
		return CTL_EOVERFLOW;
	}
	if (!own_tree(r->session)) {
		return CTL_EBUSY;
	}
	memcpy(tree + q->offset, q + 1, bytes);
	return CTL_OK;
}

/* Only who may manage any slot, as it gets any. */
uint32_t control_define(struct request *r)
{
	const struct ctl_define *q = r->in;
	struct ctl_defined *out = r->out;
	struct domain_files files;
	struct cfg_error err = { "" };
	struct domain *d;
	fh_status status;

	if (!control_sees_all(r->self)) {
		return CTL_EDENIED;
	}
	if (!own_tree(r->session) || q->tree_size > CTL_TREE_MAX) {
		return CTL_EINVAL;
	}
	memcpy(files.size, q->size, sizeof(files.size));
	memcpy(files.head, q->head, sizeof(files.head));
	status = domain_define(tree, q->tree_size, &files, r->session, &d, &err);
	leave_tree(r->session);
	*out = (struct ctl_defined){ 0 };
	memcpy(out->why, err.text, sizeof(err.text));
	r->out_len = sizeof(*out);
	if (status == FH_OK) {
		out->dom = d->id;
		out->gen = d->gen;
		control_wake_by(d->due);
	}
	return (uint32_t)status;
}
_Static_assert(sizeof(((struct ctl_defined *)0)->why) == sizeof(((struct cfg_error *)0)->text), "the whole message");

/* The head of a LOAD frame is there: its bytes follow. */
void control_load_begin(const struct domain *self, struct session *s, const struct ctl_load *q, uint32_t bytes)
{
	struct domain *d = domain_get(q->dom);

	s->load = *q;
	s->left = bytes;
	s->load_status = d == NULL ? CTL_ENOENT : !control_may(self, q->dom) ? CTL_EDENIED : CTL_OK;
}

/*
 * Takes the next bytes of the file, from the sender's memory to the new domain's: nothing reads them in between. As
 * many as *budget, which is less by them then; false: no more are there. What comes behind an error is dropped.
 */
bool control_load_step(struct domain *self, uint32_t port, struct session *s, uint32_t *budget)
{
	struct domain *d = domain_get(s->load.dom);
	uint64_t most = MIN(s->left, *budget);
	void *to = NULL;

	if (s->load_status == CTL_OK) {
		s->load_status = d == NULL ?
					 CTL_ENOENT :
					 (uint32_t)domain_load_begin(d, s, s->load.file, s->load.offset, &most, &to);
	}
	if (to == NULL) {
		most = MIN(most, CTL_REPLY_MAX);
	}
	const uint32_t n = vcon_read(&self->vcon, port, to != NULL ? to : cpu_room(arch_cpu_id(), CPU_ROOM_REPLY),
				     (uint32_t)most, (s->load.flags & CTL_LOAD_QUIET) != 0U);

	if (to != NULL) {
		domain_load_end(d, s->load.file, to, n);
		s->load.offset += n;
	}
	s->left -= n;
	*budget -= n;
	return n == most;
}

/* The session ends: what it began to create and nobody can finish goes. */
void control_forget(struct session *s)
{
	leave_tree(s);
	control_forget_waits(s);
	control_wake_by(domain_give_up(s));
}
