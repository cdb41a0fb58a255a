/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "keyd/keyfile.h"
#include "keyd/keymsg.h"
#include "keyd/keymsg_field.h"

_Static_assert(sizeof(struct u256) == U256_SIZE, "u256 has padding");

/* A name, or none. */
static bool
name_valid(const char *client, size_t len)
{
	unsigned char	c;
	size_t		i;

	if (len > CLIENT_MAX)
		return (false);
	for (i = 0; i < len; i++) {
		c = (unsigned char)client[i];
		if (c < 0x20 || c == 0x7f)
			return (false);
	}
	return (true);
}

static int
add_name(struct ibuf *b, const char client[CLIENT_MAX + 1])
{
	size_t	len;

	len = strnlen(client, CLIENT_MAX + 1);
	if (!name_valid(client, len)) {
		errno = EINVAL;
		return (-1);
	}
	if (ibuf_add_n8(b, len) == -1)
		return (-1);
	return (ibuf_add(b, client, len));
}

static int
get_name(struct ibuf *b, char client[CLIENT_MAX + 1])
{
	uint8_t	len;

	if (ibuf_get_n8(b, &len) == -1 || len > CLIENT_MAX ||
	    ibuf_get(b, client, len) == -1)
		return (-1);
	client[len] = '\0';
	return (name_valid(client, len) ? 0 : -1);
}

int
keymsg_add_asker(struct ibuf *b, uint32_t via,
    const char client[CLIENT_MAX + 1])
{
	if (via > KEYD_MAXVIAS || (via == 0 && client[0] == '\0')) {
		errno = EINVAL;
		return (-1);
	}
	if (ibuf_add_n32(b, via) == -1)
		return (-1);
	return (add_name(b, client));
}

int
keymsg_get_asker(struct ibuf *b, uint32_t *via, char client[CLIENT_MAX + 1])
{
	if (ibuf_get_n32(b, via) == -1 || *via > KEYD_MAXVIAS ||
	    get_name(b, client) == -1)
		return (-1);
	return (*via == 0 && client[0] == '\0' ? -1 : 0);
}

int
keymsg_add_u256(struct ibuf *b, const struct u256 *n)
{
	return (ibuf_add(b, n->b, sizeof(n->b)));
}

int
keymsg_get_u256(struct ibuf *b, struct u256 *n)
{
	return (ibuf_get(b, n->b, sizeof(n->b)));
}

int
keymsg_get_ref(struct ibuf *b, const uint8_t **p, size_t size)
{
	const uint8_t	*start = ibuf_data(b);

	if (ibuf_skip(b, size) == -1)
		return (-1);
	*p = start;
	return (0);
}

int
keymsg_get_count(struct ibuf *b, size_t itemsize, size_t *count)
{
	uint32_t	n;

	if (ibuf_get_n32(b, &n) == -1 || n > ibuf_size(b) / itemsize)
		return (-1);
	*count = n;
	return (0);
}

/* Ends a message that is being written, or not if a field failed. */
static int
finish(struct imsgbuf *ibuf, struct ibuf *msg, int failed)
{
	if (failed) {
		ibuf_free(msg);
		return (-1);
	}
	imsg_close(ibuf, msg);
	return (0);
}

/* Opens a message of that type for reading. */
static int
start(struct imsg *imsg, enum keyd_msg type, struct ibuf *b)
{
	if (imsg_get_type(imsg) != (uint32_t)type)
		return (-1);
	return (imsg_get_ibuf(imsg, b));
}

int
keymsg_send_config(struct imsgbuf *ibuf, const struct keyd_config *config)
{
	struct ibuf	*b;
	int		 failed;

	if ((b = imsg_create(ibuf, KEYD_CONFIG, 0, 0, 12)) == NULL)
		return (-1);
	failed = ibuf_add_n32(b, config->nkeys) == -1 ||
	    ibuf_add_n32(b, config->nrules) == -1 ||
	    ibuf_add_n32(b, config->max_message) == -1;
	return (finish(ibuf, b, failed));
}

int
keymsg_get_config(struct imsg *imsg, struct keyd_config *config)
{
	struct ibuf	b;

	memset(config, 0, sizeof(*config));
	if (start(imsg, KEYD_CONFIG, &b) == -1 ||
	    ibuf_get_n32(&b, &config->nkeys) == -1 ||
	    ibuf_get_n32(&b, &config->nrules) == -1 ||
	    ibuf_get_n32(&b, &config->max_message) == -1 ||
	    ibuf_size(&b) != 0)
		return (-1);
	if (config->nkeys > KEYD_MAXKEYS || config->nrules > KEYD_MAXRULES ||
	    config->max_message <= IMSG_HEADER_SIZE)
		return (-1);
	return (0);
}

int
keymsg_send_key(struct imsgbuf *ibuf, uint32_t key, int fd)
{
	struct ibuf	*b;

	if (fd == -1) {
		errno = EBADF;
		return (-1);
	}
	if ((b = imsg_create(ibuf, KEYD_KEY, 0, 0, 4)) == NULL)
		return (-1);
	if (ibuf_add_n32(b, key) == -1)
		return (finish(ibuf, b, 1));
	ibuf_fd_set(b, fd);
	return (finish(ibuf, b, 0));
}

int
keymsg_get_key(struct imsg *imsg, uint32_t *key, int *fd)
{
	struct ibuf	b;

	*fd = -1;
	*key = 0;
	if (start(imsg, KEYD_KEY, &b) == -1 ||
	    ibuf_get_n32(&b, key) == -1 || ibuf_size(&b) != 0 ||
	    *key >= KEYD_MAXKEYS)
		return (-1);
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
keymsg_send_address(struct imsgbuf *ibuf, const struct keyd_address *address)
{
	struct ibuf	*b;
	int		 failed;

	b = imsg_create(ibuf, KEYD_ADDRESS, 0, 0, 4 + ADDRESS_SIZE);
	if (b == NULL)
		return (-1);
	failed = ibuf_add_n32(b, address->key) == -1 ||
	    ibuf_add(b, address->address, ADDRESS_SIZE) == -1;
	return (finish(ibuf, b, failed));
}

int
keymsg_get_address(struct imsg *imsg, struct keyd_address *address)
{
	struct ibuf	b;

	memset(address, 0, sizeof(*address));
	if (start(imsg, KEYD_ADDRESS, &b) == -1 ||
	    ibuf_get_n32(&b, &address->key) == -1 ||
	    ibuf_get(&b, address->address, ADDRESS_SIZE) == -1 ||
	    ibuf_size(&b) != 0 || address->key >= KEYD_MAXKEYS)
		return (-1);
	return (0);
}

int
keymsg_send_badkey(struct imsgbuf *ibuf, const struct keyd_badkey *bad)
{
	struct ibuf	*b;
	int		 failed;

	if ((b = imsg_create(ibuf, KEYD_BADKEY, 0, 0, 12)) == NULL)
		return (-1);
	failed = ibuf_add_n32(b, bad->key) == -1 ||
	    ibuf_add_n32(b, bad->error) == -1 ||
	    ibuf_add_n32(b, bad->line) == -1;
	return (finish(ibuf, b, failed));
}

int
keymsg_get_badkey(struct imsg *imsg, struct keyd_badkey *bad)
{
	struct ibuf	b;

	memset(bad, 0, sizeof(*bad));
	if (start(imsg, KEYD_BADKEY, &b) == -1 ||
	    ibuf_get_n32(&b, &bad->key) == -1 ||
	    ibuf_get_n32(&b, &bad->error) == -1 ||
	    ibuf_get_n32(&b, &bad->line) == -1 ||
	    ibuf_size(&b) != 0 || bad->key >= KEYD_MAXKEYS ||
	    bad->error == KEYFILE_OK || bad->error >= KEYFILE_MAXERROR)
		return (-1);
	return (0);
}

int
keymsg_send_channel(struct imsgbuf *ibuf, enum keyd_role role, int fd)
{
	struct ibuf	*b;

	if (role != KEYD_DIRECT && role != KEYD_LINK) {
		errno = EINVAL;
		return (-1);
	}
	if (fd == -1) {
		errno = EBADF;
		return (-1);
	}
	if ((b = imsg_create(ibuf, KEYD_CHANNEL, 0, 0, 4)) == NULL)
		return (-1);
	if (ibuf_add_n32(b, (uint64_t)role) == -1)
		return (finish(ibuf, b, 1));
	ibuf_fd_set(b, fd);
	return (finish(ibuf, b, 0));
}

int
keymsg_get_channel(struct imsg *imsg, enum keyd_role *role, int *fd)
{
	struct ibuf	b;
	uint32_t	n;

	*fd = -1;
	*role = KEYD_DIRECT;
	if (start(imsg, KEYD_CHANNEL, &b) == -1 ||
	    ibuf_get_n32(&b, &n) == -1 || ibuf_size(&b) != 0 ||
	    (n != KEYD_DIRECT && n != KEYD_LINK))
		return (-1);
	*role = (enum keyd_role)n;
	return ((*fd = imsg_get_fd(imsg)) == -1 ? -1 : 0);
}

int
keymsg_send_empty(struct imsgbuf *ibuf, enum keyd_msg type)
{
	return (imsg_compose(ibuf, type, 0, 0, -1, NULL, 0) == -1 ? -1 : 0);
}

int
keymsg_send_end(struct imsgbuf *ibuf)
{
	return (keymsg_send_empty(ibuf, KEYD_END));
}

int
keymsg_send_spin(struct imsgbuf *ibuf, uint32_t us)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, KEYD_SPIN, 0, 0, sizeof(us))) == NULL)
		return (-1);
	return (finish(ibuf, b, ibuf_add_n32(b, us) == -1));
}

int
keymsg_get_spin(struct imsg *imsg, uint32_t *us)
{
	struct ibuf	 b;

	if (start(imsg, KEYD_SPIN, &b) == -1 ||
	    ibuf_get_n32(&b, us) == -1 || ibuf_size(&b) != 0 ||
	    *us > KEYD_MAXSPIN)
		return (-1);
	return (0);
}

int
keymsg_send_ready(struct imsgbuf *ibuf)
{
	return (keymsg_send_empty(ibuf, KEYD_READY));
}

int
keymsg_send_badconfig(struct imsgbuf *ibuf, const char *text)
{
	struct ibuf	*b;
	size_t		 len;

	len = strnlen(text, KEYD_MAXTEXT);
	if (len == 0) {
		errno = EINVAL;
		return (-1);
	}
	if ((b = imsg_create(ibuf, KEYD_BADCONFIG, 0, 0, 4 + len)) == NULL)
		return (-1);
	return (finish(ibuf, b, ibuf_add_n32(b, len) == -1 ||
	    ibuf_add(b, text, len) == -1));
}

int
keymsg_get_badconfig(struct imsg *imsg, char *text, size_t size)
{
	const uint8_t	*p;
	struct ibuf	 b;
	size_t		 len;

	if (size == 0)
		return (-1);
	text[0] = '\0';
	if (start(imsg, KEYD_BADCONFIG, &b) == -1 ||
	    keymsg_get_count(&b, 1, &len) == -1 ||
	    keymsg_get_ref(&b, &p, len) == -1 || ibuf_size(&b) != 0 ||
	    len == 0 || len > KEYD_MAXTEXT || memchr(p, '\0', len) != NULL)
		return (-1);
	if (len >= size)
		len = size - 1;
	memcpy(text, p, len);
	text[len] = '\0';
	return (0);
}

static int
add_signed(struct ibuf *b, const struct keyd_reply *reply)
{
	if (ibuf_add_n32(b, reply->key) == -1 ||
	    ibuf_add(b, reply->digest, HASH_SIZE) == -1 ||
	    ibuf_add_n32(b, reply->resultlen) == -1 ||
	    ibuf_add(b, reply->result, reply->resultlen) == -1)
		return (-1);
	return (0);
}

int
keymsg_send_reply(struct imsgbuf *ibuf, const struct keyd_reply *reply)
{
	enum keyd_msg	 type;
	struct ibuf	*b;
	size_t		 size = 8 + 4 + 4;
	int		 failed;

	if ((unsigned int)reply->refusal >= REFUSAL_MAX ||
	    (reply->refusal == REFUSAL_NONE && reply->resultlen == 0)) {
		errno = EINVAL;
		return (-1);
	}
	if (reply->refusal == REFUSAL_NONE) {
		type = KEYD_SIGNED;
		if (reply->resultlen > UINT32_MAX / 2) {
			errno = ERANGE;
			return (-1);
		}
		size += 4 + HASH_SIZE + 4 + reply->resultlen;
	} else {
		type = KEYD_REFUSED;
		size += 4;
	}
	if ((b = imsg_create(ibuf, type, 0, 0, size)) == NULL)
		return (-1);
	failed = ibuf_add_n64(b, reply->id) == -1 ||
	    ibuf_add_n32(b, reply->rule) == -1 ||
	    ibuf_add_n32(b, reply->us) == -1;
	if (!failed && type == KEYD_SIGNED)
		failed = add_signed(b, reply) == -1;
	else if (!failed)
		failed = ibuf_add_n32(b, reply->refusal) == -1;
	return (finish(ibuf, b, failed));
}

static int
get_signed(struct ibuf *b, struct keyd_reply *reply)
{
	if (ibuf_get_n32(b, &reply->key) == -1 ||
	    reply->key >= KEYD_MAXKEYS || reply->rule >= KEYD_MAXRULES ||
	    ibuf_get(b, reply->digest, HASH_SIZE) == -1 ||
	    keymsg_get_count(b, 1, &reply->resultlen) == -1 ||
	    reply->resultlen == 0)
		return (-1);
	reply->refusal = REFUSAL_NONE;
	return (keymsg_get_ref(b, &reply->result, reply->resultlen));
}

static int
get_refused(struct ibuf *b, struct keyd_reply *reply)
{
	uint32_t	refusal;

	if ((reply->rule >= KEYD_MAXRULES && reply->rule != POLICY_NORULE) ||
	    ibuf_get_n32(b, &refusal) == -1 ||
	    refusal == REFUSAL_NONE || refusal >= REFUSAL_MAX)
		return (-1);
	reply->refusal = (enum refusal)refusal;
	return (0);
}

int
keymsg_get_reply(struct imsg *imsg, struct keyd_reply *reply)
{
	uint32_t	type = imsg_get_type(imsg);
	struct ibuf	b;

	memset(reply, 0, sizeof(*reply));
	/* A caller that forgets to check must not take it for signed. */
	reply->refusal = REFUSAL_INTERNAL;
	if (type != KEYD_SIGNED && type != KEYD_REFUSED)
		return (-1);
	if (imsg_get_ibuf(imsg, &b) == -1 ||
	    ibuf_get_n64(&b, &reply->id) == -1 ||
	    ibuf_get_n32(&b, &reply->rule) == -1 ||
	    ibuf_get_n32(&b, &reply->us) == -1)
		return (-1);
	if ((type == KEYD_SIGNED ? get_signed(&b, reply) :
	    get_refused(&b, reply)) == -1 || ibuf_size(&b) != 0) {
		reply->refusal = REFUSAL_INTERNAL;
		return (-1);
	}
	return (0);
}

int
keymsg_send_badrequest(struct imsgbuf *ibuf, uint64_t id)
{
	struct ibuf	*b;

	if ((b = imsg_create(ibuf, KEYD_BADREQUEST, 0, 0, 8)) == NULL)
		return (-1);
	return (finish(ibuf, b, ibuf_add_n64(b, id) == -1));
}

int
keymsg_get_badrequest(struct imsg *imsg, uint64_t *id)
{
	struct ibuf	b;

	*id = 0;
	if (start(imsg, KEYD_BADREQUEST, &b) == -1 ||
	    ibuf_get_n64(&b, id) == -1 || ibuf_size(&b) != 0)
		return (-1);
	return (0);
}

int
keymsg_get_empty(struct imsg *imsg)
{
	return (imsg_get_len(imsg) == 0 ? 0 : -1);
}
