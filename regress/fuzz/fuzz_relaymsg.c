/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/relaymsg.o proxyd/relaymsg_rule.o common/msgfield.o
 * common/u256.o compat/imsg.o compat/imsg-buffer.o
 */

#include <arpa/inet.h>

#include "proxyd/relaymsg.h"
#include "regress/fuzz/codec.h"

/* Between proxyd's parent and the relay. */

static int
relay_config(struct imsg *imsg)
{
	struct relay_config	 c;

	if (relaymsg_get_config(imsg, &c) == -1)
		return (-1);
	must(TERMINATED(c.protocols));
	must(relaymsg_send_config(&p.out, &c) == 0);
	return (0);
}

static int
relay_listen(struct imsg *imsg)
{
	struct relay_listen	 l;
	int			 fd = -1;

	if (relaymsg_get_listen(imsg, &l, &fd) == -1) {
		must(fd == -1);
		return (-1);
	}
	must(l.index < RELAY_MAXLISTENS);
	must(relaymsg_send_listen(&p.out, &l, fd) == 0);
	return (0);
}

static int
relay_file(struct imsg *imsg)
{
	enum tlsfile	 file;
	int		 fd = -1;

	if (relaymsg_get_file(imsg, &file, &fd) == -1) {
		must(fd == -1);
		return (-1);
	}
	must(fd != -1 && file < TLSFILE_COUNT);
	must(relaymsg_send_file(&p.out, file, fd) == 0);
	return (0);
}

static int
relay_signer(struct imsg *imsg)
{
	struct config_signer	 s;
	struct relay_signer	 msg;

	if (relaymsg_get_signer(imsg, &msg) == -1)
		return (-1);
	must(msg.index < CONFIG_SIGNERS);
	must(TERMINATED(msg.name) && msg.name[0] != '\0');
	must(TERMINATED(msg.certname) && msg.certname[0] != '\0');
	memset(&s, 0, sizeof(s));
	s.index = msg.index;
	s.methods = msg.methods;
	s.name = msg.name;
	s.certname = msg.certname;
	must(relaymsg_send_signer(&p.out, &s) == 0);
	return (0);
}

static int
relay_rule(struct imsg *imsg)
{
	struct config_rule	 r;
	struct relay_rule	 msg;

	if (relaymsg_get_rule(imsg, &msg) == -1)
		return (-1);
	must(msg.index < CONFIG_RULES);
	must(TERMINATED(msg.rule.client) && msg.rule.client[0] != '\0');
	must(msg.rule.via == 0 && msg.rule.key == 0);
	must(msg.rule.chains == NULL && msg.rule.domains == NULL &&
	    msg.rule.to == NULL);
	memset(&r, 0, sizeof(r));
	r.rule = msg.rule;
	must(relaymsg_send_rule(&p.out, msg.index, &r) == 0);
	return (0);
}

/* A piece is sent after its rule, whose message is dropped here. */
static int
relay_list(struct imsg *imsg)
{
	uint32_t		 indices[RELAY_MAXPIECE], i;
	struct relay_piece	 piece;
	struct config_rule	 r;
	struct imsg		 first;
	size_t			 len;
	void			*items;

	if (relaymsg_get_list(imsg, &piece) == -1)
		return (-1);
	must(piece.count > 0 && piece.count <= RELAY_MAXPIECE);
	len = imsg_get_len(imsg) - 8;
	must((items = malloc(len)) != NULL);
	memcpy(items, piece.items, len);
	memset(&r, 0, sizeof(r));
	r.rule.methods = RULE_METHODS;
	switch (piece.list) {
	case RELAY_LIST_ADDRESS:
		r.addresses = items;
		r.naddresses = piece.count;
		break;
	case RELAY_LIST_CHAIN:
		r.rule.chains = items;
		r.rule.nchains = piece.count;
		break;
	case RELAY_LIST_DOMAIN:
		r.rule.domains = items;
		r.rule.ndomains = piece.count;
		break;
	case RELAY_LIST_TO:
		r.rule.to = items;
		r.rule.nto = piece.count;
		break;
	case RELAY_LIST_SIGNER:
		memcpy(indices, items, len);
		for (i = 0; i < piece.count; i++)
			indices[i] = ntohl(indices[i]);
		r.signers = indices;
		r.nsigners = piece.count;
		break;
	}
	must(relaymsg_send_rule(&p.out, 0, &r) == 0);
	must(imsgbuf_queuelen(&p.out) == 2);
	must(msgpipe_next(&p, &first) > 0);
	must(imsg_get_type(&first) == RELAY_RULE);
	imsg_free(&first);
	free(items);
	return (0);
}

static int
relay_error(struct imsg *imsg)
{
	struct relay_error	 e;

	if (relaymsg_get_error(imsg, &e) == -1)
		return (-1);
	must(TERMINATED(e.text) && e.index < RELAY_MAXLISTENS &&
	    e.file < TLSFILE_COUNT && e.severity < TLSFILE_NSEVERITIES);
	must(relaymsg_send_error(&p.out, &e) == 0);
	return (0);
}

static int
relay_start(struct imsg *imsg)
{
	if (relaymsg_get_empty(imsg) == -1)
		return (-1);
	must(relaymsg_send(&p.out, RELAY_START) == 0);
	return (0);
}

static const struct codec	 messages[] = {
	{ RELAY_CONFIG, false, relay_config },
	{ RELAY_LISTEN, true, relay_listen }, { RELAY_FILE, true, relay_file },
	{ RELAY_SIGNER, false, relay_signer },
	{ RELAY_RULE, false, relay_rule }, { RELAY_LIST, false, relay_list },
	{ RELAY_ERROR, false, relay_error }, { RELAY_START, false, relay_start }
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	codec_run(messages, sizeof(messages) / sizeof(messages[0]),
	    RELAY_MSGSIZE, data, size);
	return (0);
}
