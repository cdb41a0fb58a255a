/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: keyd/keymsg.o keyd/keymsg_request.o keyd/keymsg_rule.o
 * keyd/request.o common/u256.o compat/imsg.o compat/imsg-buffer.o
 */

#include "keyd/keyfile.h"
#include "keyd/keymsg.h"
#include "regress/fuzz/msgpipe.h"

/*
 * The messages of keyd, all of them and both ways: the first byte chooses
 * one, the rest is its body.  What decodes has the meaning that the header
 * promises, and is encoded to the same bytes again.
 */
#define BODY_MAX	65536

static struct msgpipe	 p;

/* Of a request: what the body must have been, by the fields alone. */
static void
check_request(struct imsg *imsg, const void *body, size_t len)
{
	struct request	 r;
	uint64_t	 id;
	size_t		 i;

	if (keymsg_get_request(imsg, &r, &id) == -1) {
		/* The id is all that an answer needs. */
		must(len >= 8 || id == 0);
		must(len < 8 || r.id == id);
		if (r.method == METHOD_TRANSACTION)
			must(r.tx.access == NULL && r.tx.auths == NULL);
		return;
	}
	must(id == r.id && r.via <= KEYD_MAXVIAS);
	must(strlen(r.client) <= CLIENT_MAX);
	must(r.via != 0 || r.client[0] != '\0');
	for (i = 0; r.client[i] != '\0'; i++)
		must((unsigned char)r.client[i] >= 0x20 &&
		    r.client[i] != 0x7f);
	must(keymsg_request_size(&r) == len);
	must(keymsg_send_request(&p.out, &r) == 0);
	msgpipe_same(&p, KEYD_SIGN, body, len);
	request_clear(&r);
}

static void
check_reply(struct imsg *imsg, uint32_t type, const void *body, size_t len)
{
	struct keyd_reply	 reply;

	if (keymsg_get_reply(imsg, &reply) == -1) {
		must(reply.refusal == REFUSAL_INTERNAL);
		return;
	}
	must((type == KEYD_SIGNED) == (reply.refusal == REFUSAL_NONE));
	must((unsigned int)reply.refusal < REFUSAL_MAX);
	must(reply.rule < KEYD_MAXRULES || reply.rule == POLICY_NORULE);
	must(type != KEYD_SIGNED || (reply.key < KEYD_MAXKEYS &&
	    reply.rule != POLICY_NORULE && reply.resultlen > 0));
	must(keymsg_send_reply(&p.out, &reply) == 0);
	msgpipe_same(&p, type, body, len);
}

static void
check_rule(struct imsg *imsg, const void *body, size_t len)
{
	struct keyd_rule	 msg;

	if (keymsg_get_rule(imsg, &msg) == -1)
		return;
	must(msg.index < KEYD_MAXRULES && msg.rule.key < KEYD_MAXKEYS);
	must(msg.rule.via <= KEYD_MAXVIAS);
	must(msg.rule.via != 0 || msg.rule.client[0] != '\0');
	must(msg.rule.chains == NULL && msg.rule.domains == NULL &&
	    msg.rule.to == NULL);
	must(keymsg_send_rule(&p.out, msg.index, &msg.rule) == 0);
	msgpipe_same(&p, KEYD_RULE, body, len);
}

/* A piece is sent after its rule: a rule of nothing but this list. */
static void
check_rulelist(struct imsg *imsg, const void *body, size_t len)
{
	struct keyd_rulelist	 msg;
	struct rule		 rule;
	struct imsg		 first;
	void			*items;

	if (keymsg_get_rulelist(imsg, &msg) == -1)
		return;
	must(msg.index < KEYD_MAXRULES);
	must(msg.count > 0 && msg.count <= KEYD_MAXPIECE);
	must((items = malloc(len - 12)) != NULL);
	memcpy(items, msg.items, len - 12);
	memset(&rule, 0, sizeof(rule));
	rule.methods = RULE_METHODS;
	rule.client[0] = 'a';
	switch (msg.list) {
	case KEYD_LIST_CHAIN:
		rule.chains = items;
		rule.nchains = msg.count;
		break;
	case KEYD_LIST_DOMAIN:
		rule.domains = items;
		rule.ndomains = msg.count;
		break;
	case KEYD_LIST_TO:
		rule.to = items;
		rule.nto = msg.count;
		break;
	}
	must(keymsg_send_rule(&p.out, msg.index, &rule) == 0);
	must(imsgbuf_queuelen(&p.out) == 2);
	must(msgpipe_next(&p, &first) > 0);
	must(imsg_get_type(&first) == KEYD_RULE);
	imsg_free(&first);
	msgpipe_expect(&p, KEYD_RULELIST, body, len);
	free(items);
}

static void
check_config(struct imsg *imsg, const void *body, size_t len)
{
	struct keyd_config	 config;

	if (keymsg_get_config(imsg, &config) == -1)
		return;
	must(config.nkeys <= KEYD_MAXKEYS && config.nrules <= KEYD_MAXRULES);
	must(config.max_message > IMSG_HEADER_SIZE);
	must(keymsg_send_config(&p.out, &config) == 0);
	msgpipe_same(&p, KEYD_CONFIG, body, len);
}

static void
check_with_fd(struct imsg *imsg, uint32_t type, const void *body, size_t len)
{
	enum keyd_role	 role;
	uint32_t	 key;
	int		 fd = -1, r;

	if (type == KEYD_KEY)
		r = keymsg_get_key(imsg, &key, &fd);
	else
		r = keymsg_get_channel(imsg, &role, &fd);
	if (r == -1) {
		must(fd == -1);
		return;
	}
	must(fd != -1);
	if (type == KEYD_KEY) {
		must(key < KEYD_MAXKEYS);
		must(keymsg_send_key(&p.out, key, fd) == 0);
	} else {
		must(role == KEYD_DIRECT || role == KEYD_LINK);
		must(keymsg_send_channel(&p.out, role, fd) == 0);
	}
	msgpipe_same(&p, type, body, len);
}

/* What keyd tells its parent. */
static void
check_answer(struct imsg *imsg, uint32_t type, const void *body, size_t len)
{
	struct keyd_address	 address;
	struct keyd_badkey	 bad;
	char			 text[KEYD_MAXTEXT + 1], brief[5];
	uint64_t		 id;

	switch (type) {
	case KEYD_ADDRESS:
		if (keymsg_get_address(imsg, &address) == -1)
			return;
		must(address.key < KEYD_MAXKEYS);
		must(keymsg_send_address(&p.out, &address) == 0);
		break;
	case KEYD_BADKEY:
		if (keymsg_get_badkey(imsg, &bad) == -1)
			return;
		must(bad.key < KEYD_MAXKEYS && bad.error != KEYFILE_OK &&
		    bad.error < KEYFILE_MAXERROR);
		must(keymsg_send_badkey(&p.out, &bad) == 0);
		break;
	case KEYD_BADCONFIG:
		if (keymsg_get_badconfig(imsg, text, sizeof(text)) == -1)
			return;
		must(text[0] != '\0');
		must(keymsg_get_badconfig(imsg, brief, sizeof(brief)) == 0);
		must(strncmp(brief, text, 4) == 0 && strlen(brief) <= 4);
		must(keymsg_send_badconfig(&p.out, text) == 0);
		break;
	case KEYD_BADREQUEST:
		if (keymsg_get_badrequest(imsg, &id) == -1)
			return;
		must(keymsg_send_badrequest(&p.out, id) == 0);
		break;
	default:
		must((keymsg_get_empty(imsg) == 0) == (len == 0));
		return;
	}
	msgpipe_same(&p, type, body, len);
}

static void
check(struct imsg *imsg, uint32_t type, const void *body, size_t len)
{
	switch (type) {
	case KEYD_SIGN:
		check_request(imsg, body, len);
		break;
	case KEYD_SIGNED:
	case KEYD_REFUSED:
		check_reply(imsg, type, body, len);
		break;
	case KEYD_CONFIG:
		check_config(imsg, body, len);
		break;
	case KEYD_KEY:
	case KEYD_CHANNEL:
		check_with_fd(imsg, type, body, len);
		break;
	case KEYD_RULE:
		check_rule(imsg, body, len);
		break;
	case KEYD_RULELIST:
		check_rulelist(imsg, body, len);
		break;
	default:
		check_answer(imsg, type, body, len);
		break;
	}
}

/* The same body in a message of another type is not taken for this one. */
static void
check_other_type(const uint8_t *body, size_t len, uint32_t type)
{
	struct keyd_address	 address;
	struct keyd_config	 config;
	struct keyd_reply	 reply;
	struct keyd_rule	 rule;
	struct request		 r;
	struct imsg		 imsg;
	uint64_t		 id;

	msgpipe_make(&p, &imsg, type + 1, 0, body, len);
	switch (type) {
	case KEYD_SIGN:
		must(keymsg_get_request(&imsg, &r, &id) == -1 && id == 0);
		break;
	case KEYD_REFUSED:
		must(keymsg_get_reply(&imsg, &reply) == -1);
		break;
	case KEYD_CONFIG:
		must(keymsg_get_config(&imsg, &config) == -1);
		break;
	case KEYD_RULE:
		must(keymsg_get_rule(&imsg, &rule) == -1);
		break;
	case KEYD_ADDRESS:
		must(keymsg_get_address(&imsg, &address) == -1);
		break;
	}
	imsg_free(&imsg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t	 types[] = {
		KEYD_SIGN, KEYD_SIGNED, KEYD_REFUSED, KEYD_BADREQUEST,
		KEYD_CONFIG, KEYD_KEY, KEYD_RULE, KEYD_RULELIST, KEYD_CHANNEL,
		KEYD_END, KEYD_ADDRESS, KEYD_BADKEY, KEYD_READY,
		KEYD_BADCONFIG
	};
	struct imsg		 imsg;
	uint32_t		 type;
	int			 with;

	if (size == 0 || size - 1 > BODY_MAX)
		return (0);
	msgpipe_begin(&p, BODY_MAX);
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	/* Descriptors come where none is wanted, and not where one is. */
	with = (data[0] & 0x80) == 0 ? type == KEYD_KEY ||
	    type == KEYD_CHANNEL : type != KEYD_KEY && type != KEYD_CHANNEL;
	msgpipe_make(&p, &imsg, type, with, data + 1, size - 1);
	check(&imsg, type, data + 1, size - 1);
	imsg_free(&imsg);
	check_other_type(data + 1, size - 1, type);
	msgpipe_clean(&p);
	return (0);
}
