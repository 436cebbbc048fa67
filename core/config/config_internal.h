/* SPDX-License-Identifier: MIT */
#ifndef CORE_CONFIG_CONFIG_INTERNAL_H
#define CORE_CONFIG_CONFIG_INTERNAL_H

#include "core/config/config.h"
#include "core/fdt/fdt_index.h"

#define SIZE_2M UINT64_C(0x200000)

/* What the parts of the parser share. */
struct reader {
	const struct fdt_index *t;
	struct cfg_system *sys;
	struct cfg_error *err;
	uint16_t zone_node[CFG_MAX_ZONES]; /* where zones[i] stands in the tree */
};

/* Words of the binding: names of properties, or values. */
struct words {
	const char *const *list;
	uint32_t nr;
};
#define WORDS(array)                                                                                                   \
	(struct words)                                                                                                 \
	{                                                                                                              \
		(array), (uint32_t)ARRAY_SIZE(array)                                                                   \
	}

/* Each writes the message "/path/prop: reason" (prop may be NULL) and returns the status it is given. */
fh_status cfg_refuse(struct reader *r, fh_status status, uint16_t node, const char *prop, const char *fmt, ...)
	FH_PRINTF(5, 6);
fh_status cfg_say(struct cfg_error *err, fh_status status, const char *fmt, ...) FH_PRINTF(3, 4);

/* What a property's value is, and where it goes in the struct that is read. Without it the struct keeps its value. */
enum prop_kind {
	PROP_OTHER,   /* known, and read elsewhere */
	PROP_TEXT,    /* one string that is not empty */
	PROP_WORD,    /* one of words: its place among them */
	PROP_NUMBER,  /* min to max */
	PROP_ADDRESS, /* one or two cells */
	PROP_FLAG,
};
struct prop {
	const char *name;
	const char *const *words;
	uint32_t min;
	uint32_t max; /* or the number of words */
	uint16_t at;
	uint16_t size;
	uint8_t kind;
};
#define PROP_AT(type, member) .at = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define TEXT(type, member) .kind = PROP_TEXT, PROP_AT(type, member)
#define WORD(type, member, array) .kind = PROP_WORD, PROP_AT(type, member), .words = (array), .max = ARRAY_SIZE(array)
#define NUMBER(type, member, least, most) .kind = PROP_NUMBER, PROP_AT(type, member), .min = (least), .max = (most)
#define ADDRESS(type, member) .kind = PROP_ADDRESS, PROP_AT(type, member)
#define FLAG(type, member) .kind = PROP_FLAG, PROP_AT(type, member)

/* Reads a node's properties into *base, by a table of at most 48; refuses one that is not in it, or stands twice. */
fh_status cfg_props(struct reader *r, uint16_t node, const struct prop *list, uint32_t nr, void *base) FH_MUST_CHECK;
/* A property (prop) or a child (NULL) that is not known: says what it may have meant. */
fh_status cfg_unknown(struct reader *r, uint16_t node, const char *prop, struct words known, const char *name)
	FH_MUST_CHECK;
fh_status cfg_unknown_node(struct reader *r, uint16_t node, struct words known) FH_MUST_CHECK;
fh_status cfg_no_children(struct reader *r, uint16_t node) FH_MUST_CHECK;
/* An optional address: *out keeps its value where there is none. */
fh_status cfg_address(struct reader *r, uint16_t node, const char *prop, uint64_t *out) FH_MUST_CHECK;
/* The node's reg: exactly one entry, aligned. */
fh_status cfg_one_reg(struct reader *r, uint16_t node, uint64_t align, struct range *out) FH_MUST_CHECK;

/* A node's name without its unit address; refused where it is longer than CFG_NAME_MAX - 1. */
fh_status cfg_node_name(struct reader *r, uint16_t node, char *buf) FH_MUST_CHECK;
/* Whether a node's name is `name` or `name@...`. */
bool cfg_named(const struct fdt_index *t, uint16_t node, const char *name);

fh_status cfg_read_zones(struct reader *r, uint16_t node) FH_MUST_CHECK;
/* The zone of the pool that a property refers to. */
fh_status cfg_pool_zone(struct reader *r, uint16_t node, const char *prop, uint32_t phandle, uint8_t *out)
	FH_MUST_CHECK;
fh_status cfg_read_domains(struct reader *r, uint16_t node) FH_MUST_CHECK;
/* One domain into an empty slot, without its control. */
fh_status cfg_read_domain(struct reader *r, uint16_t node, uint8_t slot) FH_MUST_CHECK;
/* A node of devices, into a list of CFG_MAX_DEVICES; dma: they may be allowed it. */
fh_status cfg_read_devices(struct reader *r, uint16_t node, bool dma, struct cfg_device *list, uint8_t *nr)
	FH_MUST_CHECK;
fh_status cfg_read_memory(struct reader *r, uint16_t node, struct cfg_domain *d) FH_MUST_CHECK;
/* claims@IPA: what the domain may claim at run time. */
fh_status cfg_read_claims(struct reader *r, uint16_t node, struct cfg_claims *c) FH_MUST_CHECK;
/*
 * What only the whole shows: RAM or CPUs given twice, addresses outside a domain's memory. added: the domain that came
 * to what was checked before, CFG_NO_DOMAIN: all is new.
 */
fh_status cfg_check_whole(const struct cfg_system *sys, uint8_t added, struct cfg_error *err) FH_MUST_CHECK;

/* RAM that the configuration gives away: static memory and leaf zones. */
struct given {
	struct range range;
	uint8_t domain; /* CFG_NO_DOMAIN: a zone */
	uint8_t index;  /* of the domain's memory, or of the zone */
};
#define CFG_MAX_GIVEN (CFG_MAX_DOMAINS * CFG_MAX_MEM + CFG_MAX_ZONES)

/* All of it, or what that domain alone is given, in a list that the next call makes anew; how many. */
uint32_t cfg_given(const struct cfg_system *sys, uint8_t only, const struct given **out);
/* "/domains/front/memory@40000000" or "/zones/low", cut where it is longer. */
void cfg_given_path(const struct cfg_system *sys, const struct given *g, char *buf, size_t size);

#endif
