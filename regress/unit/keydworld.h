/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_KEYDWORLD_H
#define REGRESS_UNIT_KEYDWORLD_H

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/secret.h"
#include "keyd/keyd.h"

/*
 * keyd without its loop, in this process: a parent that configures it, and an
 * asker.
 */
static struct keyd	 keyd;
static struct imsgbuf	 parent, asker;

static inline void
make_pair(struct imsgbuf *ours, int *theirs)
{
	int	 fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	assert_int_equal(imsgbuf_init(ours, fds[0]), 0);
	imsgbuf_allow_fdpass(ours);
	*theirs = fds[1];
}

static inline bool
has_more(int fd)
{
	char	 byte;

	return (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1);
}

/* What the parent has queued goes to keyd, message by message. */
static inline void
deliver(void)
{
	struct imsg	 imsg;

	do {
		assert_true(imsgbuf_write(&parent) == 0 || errno == EAGAIN);
		assert_int_equal(imsgbuf_read(&keyd.parent), 1);
		while (imsg_get(&keyd.parent, &imsg) > 0) {
			setup_message(&keyd, &imsg);
			imsg_free(&imsg);
		}
		assert_int_equal(imsgbuf_write(&keyd.parent), 0);
	} while (imsgbuf_queuelen(&parent) > 0 || has_more(keyd.parent.fd));
}

/* The type of the next message, 0 where there is none. */
static inline uint32_t
hear(struct imsgbuf *ibuf)
{
	struct imsg	 imsg;
	uint32_t	 type;

	if (imsg_get(ibuf, &imsg) <= 0 && (!has_more(ibuf->fd) ||
	    imsgbuf_read(ibuf) != 1 || imsg_get(ibuf, &imsg) <= 0))
		return (0);
	type = imsg_get_type(&imsg);
	imsg_free(&imsg);
	return (type);
}

static inline int
file_of(unsigned int n)
{
	char	 text[80];
	FILE	*f = tmpfile();
	int	 fd;

	assert_non_null(f);
	snprintf(text, sizeof(text), "%064x\n", n + 0x1000);
	assert_true(fputs(text, f) >= 0 && fflush(f) == 0);
	assert_true((fd = dup(fileno(f))) != -1);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	fclose(f);
	return (fd);
}

static inline struct rule
rule_of(const char *client)
{
	struct rule	 rule;

	memset(&rule, 0, sizeof(rule));
	snprintf(rule.client, sizeof(rule.client), "%s", client);
	rule.methods = RULE_TRANSACTION;
	return (rule);
}

/* n keys from the first on, and a rule for that client. */
static inline void
tell(uint32_t n, unsigned int first, const char *client)
{
	struct keyd_config	 config = { n, 1, 65536 };
	const struct rule	 rule = rule_of(client);
	uint32_t		 i;

	assert_int_equal(keymsg_send_config(&parent, &config), 0);
	for (i = 0; i < n; i++) {
		assert_int_equal(keymsg_send_key(&parent, i,
		    file_of(first + i)), 0);
		deliver();
		assert_int_equal(hear(&parent), KEYD_ADDRESS);
	}
	assert_int_equal(keymsg_send_rule(&parent, 0, &rule), 0);
}

static inline void
end(uint32_t answer)
{
	assert_int_equal(keymsg_send_end(&parent), 0);
	deliver();
	assert_int_equal(hear(&parent), answer);
}

static inline void
say(enum keyd_msg type)
{
	assert_int_equal(keymsg_send_empty(&parent, type), 0);
	deliver();
}

/* keyd, and a parent that has said nothing yet. */
static inline void
begin_keyd(void)
{
	int	 fd;

	memset(&keyd, 0, sizeof(keyd));
	trail_init(&keyd.trail);
	assert_int_equal(secret_init(KEYD_SECRETS), 0);
	assert_int_equal(sign_init(), 0);
	make_pair(&parent, &fd);
	assert_int_equal(imsgbuf_init(&keyd.parent, fd), 0);
	imsgbuf_allow_fdpass(&keyd.parent);
}

/* What the parent says of the asker, among the rest. */
static inline void
tell_channel(void)
{
	int	 fd;

	make_pair(&asker, &fd);
	assert_int_equal(keymsg_send_channel(&parent, KEYD_DIRECT, fd), 0);
}

static inline void
drop(struct imsgbuf *ibuf)
{
	imsgbuf_clear(ibuf);
	close(ibuf->fd);
}

static inline void
end_keyd(void)
{
	setup_clear(&keyd);
	drop(&parent);
	drop(&asker);
	drop(&keyd.parent);
	drop(&keyd.channels[0].ibuf);
	sign_exit();
	secret_exit();
}

/* What keyd has still to say to its asker. */
static inline uint32_t
asker_hears(void)
{
	assert_int_equal(imsgbuf_write(&keyd.channels[0].ibuf), 0);
	return (hear(&asker));
}

#endif /* REGRESS_UNIT_KEYDWORLD_H */
