/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/rlp.o */
/* max_len: 70000 */

#include "keyd/rlp.h"
#include "regress/fuzz/maketx.h"
#include "regress/fuzz/rlpread.h"

/*
 * The encoder alone: a tree of lists, strings and numbers that the input
 * describes is measured, written and read back.
 */
#define MAXITEMS	64
#define MAXDEPTH	8

enum kind { STRING, NUMBER, NUMBER64, LIST };

struct item {
	enum kind	 kind;
	const uint8_t	*p;
	size_t		 len;		/* a list's: items, nested ones too */
	size_t		 payload;	/* of a list */
	struct u256	 n;
	uint64_t	 n64;
};

static struct item	 items[MAXITEMS];
static size_t		 nitems;

/* Adds an item and what is below it; returns its size. */
static size_t
describe(struct take *t, int depth)
{
	struct item	*item = &items[nitems++];
	uint8_t		 c = take_u8(t);
	size_t		 n, first = nitems;

	memset(item, 0, sizeof(*item));
	item->kind = (enum kind)(c % 4);
	if (depth == MAXDEPTH && item->kind == LIST)
		item->kind = STRING;
	switch (item->kind) {
	case STRING:
		item->p = take_ref(t, c & 0x80 ? take_u32(t) % 70000 :
		    take_u8(t), &item->len);
		return (rlp_bytes_size(item->p, item->len));
	case NUMBER:
		item->n = make_u256(t);
		return (rlp_u256_size(&item->n));
	case NUMBER64:
		item->n64 = make_u64(t);
		return (rlp_u64_size(item->n64));
	case LIST:
		break;
	}
	for (n = c / 4 % 8; n > 0 && nitems < MAXITEMS; n--)
		item->payload += describe(t, depth + 1);
	item->len = nitems - first;
	return (rlp_list_size(item->payload));
}

static uint8_t *
put(uint8_t *p)
{
	size_t	 i;

	for (i = 0; i < nitems; i++) {
		switch (items[i].kind) {
		case STRING:
			p = rlp_bytes(p, items[i].p, items[i].len);
			break;
		case NUMBER:
			p = rlp_u256(p, &items[i].n);
			break;
		case NUMBER64:
			p = rlp_u64(p, items[i].n64);
			break;
		case LIST:
			p = rlp_list(p, items[i].payload);
			break;
		}
	}
	return (p);
}

/* The items from the ith to before the end. */
static void
compare(struct rlp_in in, size_t i, size_t end)
{
	struct rlp_in	 list;

	while (i < end) {
		switch (items[i].kind) {
		case STRING:
			rlpread_equal(&in, items[i].p, items[i].len);
			break;
		case NUMBER:
			rlpread_is(&in, &items[i].n);
			break;
		case NUMBER64:
			rlpread_is_u64(&in, items[i].n64);
			break;
		case LIST:
			list = rlpread_list(&in);
			must(list.len == items[i].payload);
			compare(list, i + 1, i + 1 + items[i].len);
			i += items[i].len;
			break;
		}
		i++;
	}
	must(in.len == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct take	 t = { data, size };
	struct rlp_in	 in;
	uint8_t		*buf;
	size_t		 len;

	nitems = 0;
	len = describe(&t, 0);
	must((buf = malloc(len)) != NULL);
	must(put(buf) == buf + len);
	in.p = buf;
	in.len = len;
	compare(in, 0, nitems);
	free(buf);
	return (0);
}
