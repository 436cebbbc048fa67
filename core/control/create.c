/* SPDX-License-Identifier: MIT */
/*
 * Creating a domain from a client's files: its tree comes in parts, is copied whole and then checked; what it needs is
 * claimed (CREATE); its files come in pieces, each copied on as it comes.
 *
 * What a session defines is taken apart when the session ends before the domain runs.
 */
#include "arch/cpu.h"
#include "arch/cpu_room.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/control/control_internal.h"

#define PIECE_MAX (CPU_ROOM_TABLE - CPU_ROOM_PIECE) /* bytes of a file; in the CPU's own room */

/* The tree of one session: who sets the owner from NULL has it until DEFINE, or its end. */
static const struct session *tree_owner;
static FH_NOINIT FH_ALIGNED(8) char tree[CTL_TREE_MAX];

static bool own_tree(const struct session *s)
{
	const struct session *nobody = NULL;

	return tree_owner == s ||
	       __atomic_compare_exchange_n(&tree_owner, &nobody, s, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void leave_tree(const struct session *s)
{
	if (tree_owner == s) {
		__atomic_store_n(&tree_owner, NULL, __ATOMIC_RELEASE);
	}
}

uint32_t control_tree(struct request *r)
{
	const struct ctl_tree *q = r->in;
	const uint32_t bytes = r->len - (uint32_t)sizeof(*q);

	if (q->offset > CTL_TREE_MAX - bytes) {
		return CTL_EOVERFLOW;
	}
	if (!own_tree(r->session)) {
		return CTL_EBUSY;
	}
	memcpy(tree + q->offset, q + 1, bytes);
	return CTL_OK;
}

/* Only who may manage the slot that it gets, which with `control;` is any. */
uint32_t control_define(struct request *r)
{
	const struct ctl_define *q = r->in;
	struct ctl_defined *out = r->out;
	struct domain_files files;
	struct cfg_error err = { "" };
	struct domain *d;
	fh_status status;

	if (!own_tree(r->session) || q->tree_size > CTL_TREE_MAX) {
		return CTL_EINVAL;
	}
	memcpy(files.size, q->size, sizeof(files.size));
	memcpy(files.head, q->head, sizeof(files.head));
	status = domain_define(tree, q->tree_size, &files, &d, &err);
	leave_tree(r->session);
	if (status == FH_OK && !control_may(r->self, d->id)) {
		status = domain_do(d, DOM_OP_DESTROY) == FH_OK ? FH_EDENIED : FH_EBUSY;
	}
	*out = (struct ctl_defined){ 0 };
	memcpy(out->why, err.text, sizeof(err.text));
	r->out_len = sizeof(*out);
	if (status == FH_OK) {
		out->dom = d->id;
		r->session->created |= UINT64_C(1) << d->id;
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

/* Takes the next bytes of the file; false: none are there. What comes behind an error is dropped. */
bool control_load_step(struct domain *self, uint32_t port, struct session *s)
{
	char *piece = cpu_room(arch_cpu_id(), CPU_ROOM_PIECE);
	const uint32_t n = vcon_read(&self->vcon, port, piece, MIN(s->left, PIECE_MAX));
	struct domain *d = domain_get(s->load.dom);

	s->left -= n;
	if (n != 0U && s->load_status == CTL_OK) {
		s->load_status = d == NULL ? CTL_ENOENT :
					     (uint32_t)domain_load(d, s->load.file, s->load.offset, piece, n);
		s->load.offset += s->load_status == CTL_OK ? n : 0U;
	}
	return n != 0U;
}

/* The session ends: what it began to create and nobody can finish goes. */
void control_forget(struct session *s)
{
	leave_tree(s);
	for (uint32_t i = 0; s->created >> i != 0U; i++) {
		struct domain *d = (s->created >> i & 1U) != 0U ? domain_get(i) : NULL;

		/* An operation that is refused by then: it runs, or is being taken apart. */
		if (d != NULL && d->created && d->state < DOM_RUNNING && domain_do(d, DOM_OP_DESTROY) != FH_OK) {
			continue;
		}
	}
	s->created = 0;
}
