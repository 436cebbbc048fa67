/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/control_machine.c tests/unit/control_cases.c
/* Domains that are created over the control ports: their trees, their files, and whose end it is. */
#include "tests/unit/control_cases.h"

static uint32_t tree_and_define(const char *tree)
{
	struct {
		struct ctl_tree t;
		char text[8];
	} q = { { 0, 0 }, "" };
	const struct ctl_define d = { .tree_size = 8, .size = { 100000, 0, 0 } };

	strcpy(q.text, tree);
	assert_int_equal(ask(CTL_TREE, &q, sizeof(q)), CTL_OK);
	return ask(CTL_DEFINE, &d, sizeof(d));
}

#define PIECE (CTL_LOAD_MAX - (uint32_t)(sizeof(struct ctl_head) + sizeof(struct ctl_load)))

static void load(uint32_t bytes)
{
	static char piece[CTL_LOAD_MAX];
	const struct ctl_load q = { .dom = 3, .file = CTL_KERNEL, .offset = cm_loaded };

	memcpy(piece, &q, sizeof(q));
	send_head(PORT, CTL_LOAD, piece, (uint32_t)sizeof(q) + bytes);
}

static void creation(void **state)
{
	struct ctl_load at;

	(void)state;
	assert_int_equal(tree_and_define("bad"), CTL_EFORMAT);
	assert_string_equal(((struct ctl_defined *)(void *)data)->why, "/domains/new: no");
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	assert_int_equal(((struct ctl_defined *)(void *)data)->dom, 3);
	assert_int_equal(cm_domain[3].state, DOM_DEFINED);
	assert_int_equal(ask(CTL_CREATE, &(struct ctl_create){ .nr = 1, .dom = { 3 } }, sizeof(struct ctl_create)),
			 CTL_OK);
	assert_int_equal(cm_domain[3].state, DOM_BUILDING);
	/* A piece goes on as it comes, 64 KiB a call at most. */
	load(PIECE);
	control_poll();
	assert_true(cm_loaded != 0U && cm_loaded <= 0x10000U);
	settle();
	assert_int_equal(take(PORT).status, CTL_OK);
	memcpy(&at, data, sizeof(at));
	assert_int_equal(at.offset, PIECE);
	assert_int_equal(cm_loaded, PIECE);
	/* Busy: what came is dropped, and the answer tells where to go on. */
	cm_load_says = FH_EBUSY;
	load(1000);
	settle();
	assert_int_equal(take(PORT).status, CTL_EBUSY);
	memcpy(&at, data, sizeof(at));
	assert_int_equal(at.offset, PIECE);
	assert_int_equal(ask(CTL_HELLO, "", 0), CTL_OK);
	/* Another session's file it is not. */
	cm_open(2, true);
	send_head(2, CTL_LOAD, &(struct {
			  struct ctl_load q;
			  char byte;
		  }){ { .dom = 3, .offset = PIECE }, 'x' },
		  sizeof(struct ctl_load) + 1U);
	settle();
	assert_int_equal(take(2).status, CTL_ESTALE);
	assert_int_equal(cm_loaded, PIECE);
	cm_load_says = FH_OK;
	cm_open(2, false);
	/* The port closes in mid-transfer: it goes. */
	load(50000);
	cm_ports[PORT].in_len = cm_ports[PORT].in_at + 1000U;
	settle();
	cm_open(PORT, false);
	assert_int_equal(cm_domain[3].state, DOM_UNUSED);
	/* One that runs stays. */
	cm_open(PORT, true);
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	cm_state(&cm_domain[3], DOM_RUNNING);
	cm_open(PORT, false);
	assert_int_equal(cm_domain[3].state, DOM_RUNNING);
}

static void a_set_that_does_not_fit(void **state)
{
	struct ctl_refusal why;

	(void)state;
	cm_domain[1].state = DOM_DEFINED;
	cm_claim_says = (struct claim_refusal){ .term = 2, .zone = 0, .order = 9, .owner = 1, .want = 7, .fit = 3 };
	assert_int_equal(ask(CTL_CREATE, &(struct ctl_create){ .nr = 1, .dom = { 1 } }, sizeof(struct ctl_create)),
			 CTL_ENOFIT);
	memcpy(&why, data, sizeof(why));
	assert_int_equal(why.owner, 1);
	assert_int_equal(why.want, 7);
	assert_int_equal(why.fit, 3);
	assert_int_equal(cm_domain[1].state, DOM_DEFINED);
}

/* A session's end is the end of what it began, and not of what is in the same place by then. */
static void whose_end_it_is(void **state)
{
	const struct ctl_domain_req q = { .dom = 3, .action = CTL_DESTROY };

	(void)state;
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	cm_domain[3].feeder = NULL; /* it runs */
	cm_state(&cm_domain[3], DOM_RUNNING);
	assert_int_equal(ask(CTL_DOMAIN, &q, sizeof(q)), CTL_OK);
	assert_int_equal(cm_domain[3].state, DOM_UNUSED);
	cm_open(2, true);
	const struct ctl_tree t = { 0, 0 };
	char part[sizeof(t) + 4] = { 0 };

	memcpy(part + sizeof(t), "dom", 4);
	send_head(2, CTL_TREE, part, sizeof(part));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	send_head(2, CTL_DEFINE, &(struct ctl_define){ .tree_size = 8 }, sizeof(struct ctl_define));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	cm_open(PORT, false);
	assert_int_equal(cm_domain[3].state, DOM_DEFINED);
	/* Nothing comes of it for too long. */
	assert_true(control_wake_at(domain_cpu_vcpu(fake_cpu)) <= fake_counter + CM_PATIENCE);
	fake_counter += CM_PATIENCE;
	control_poll();
	assert_int_equal(cm_domain[3].state, DOM_UNUSED);
	cm_open(2, false);
}

/* The room for a tree is taken empty, and from who leaves it lying. */
static void trees_of_others(void **state)
{
	const struct ctl_define d = { .tree_size = 8, .size = { 100000, 0, 0 } };
	const struct ctl_tree t = { 0, 0 };

	(void)state;
	assert_int_equal(tree_and_define("dom"), CTL_OK);
	assert_int_equal(ask(CTL_DOMAIN, &(struct ctl_domain_req){ .dom = 3, .action = CTL_DESTROY }, 8), CTL_OK);
	assert_int_equal(ask(CTL_DEFINE, &d, sizeof(d)), CTL_EFORMAT);
	assert_int_equal(ask(CTL_TREE, &t, sizeof(t)), CTL_OK);
	cm_open(2, true);
	fake_counter += UINT64_C(59000000000);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_EBUSY);
	fake_counter += UINT64_C(2000000000);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	assert_int_equal(ask(CTL_TREE, &t, sizeof(t)), CTL_EBUSY);
	cm_open(2, false);
}

static void one_tree_at_a_time(void **state)
{
	const struct ctl_tree t = { 0, 0 };

	(void)state;
	cm_open(2, true);
	assert_int_equal(ask(CTL_TREE, &t, sizeof(t)), CTL_OK);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_EBUSY);
	assert_int_equal(ask(CTL_TREE, &(struct ctl_tree){ CTL_TREE_MAX + 1U, 0 }, sizeof(t)), CTL_EOVERFLOW);
	assert_int_equal(ask(CTL_TREE, &(struct ctl_tree){ UINT32_MAX, 0 }, sizeof(t)), CTL_EOVERFLOW);
	cm_open(PORT, false);
	send_head(2, CTL_TREE, &t, sizeof(t));
	settle();
	assert_int_equal(take(2).status, CTL_OK);
	cm_open(2, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(creation, setup),
		cmocka_unit_test_setup(a_set_that_does_not_fit, setup),
		cmocka_unit_test_setup(whose_end_it_is, setup),
		cmocka_unit_test_setup(trees_of_others, setup),
		cmocka_unit_test_setup(one_tree_at_a_time, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
