/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/hex.o common/log.o common/log_render.o common/proc.o
 *	common/base64.o common/secret.o common/u256.o compat/imsg-buffer.o
 *	compat/imsg.o keyd/der.o keyd/eckey.o keyd/keccak.o keyd/keyfile.o
 *	keyd/keymsg.o keyd/keymsg_check.o
 *	keyd/keymsg_request.o keyd/keymsg_rule.o keyd/payload.o
 *	keyd/policy.o keyd/request.o keyd/rlp.o keyd/rule.o keyd/serve.o
 *	keyd/setup.o keyd/sign.o keyd/tx.o keyd/count.o common/metrics.o
 *	common/metrics_table.o common/histogram.o common/list.o common/msgfield.o
 *	keyd/audit.o keyd/auditmsg.o keyd/trail.o keyd/trail_record.o
 * libs: libsecp256k1
 */

#include <poll.h>

#include "common/privdrop.h"
#include "common/sandbox.h"

/* Parts of keyd's loop that depend on who waits. */
#define main(c, v)		keyd_main(c, v)
#define privdrop_child(u)	((void)(u))
#define sandbox_start(s)	((void)(s))

int	keyd_main(int, char *[]);

#include "keyd/keyd.c"

#undef main

#include "regress/unit/imsg_util.h"

/* With so many answers that wait that it is not served. */
static void
a_channel(struct channel *c, size_t answers, int *other)
{
	int	 sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    sv), 0);
	memset(c, 0, sizeof(*c));
	assert_int_equal(imsgbuf_init(&c->ibuf, sv[0]), 0);
	*other = sv[1];
	c->open = c->pending = true;
	while (answers-- > 0)
		assert_int_equal(keymsg_send_empty(&c->ibuf, KEYD_SWITCHED),
		    0);
}

/*
 * Who can be served is served first; but not who has to read answers before,
 * perhaps for ever: poll(2) would not wait meanwhile.
 */
static void
blinds_anew(void **state)
{
	struct keyd	*k = &keyd;
	struct keyd_set	 set;
	struct pollfd	 pfd[PFD_FIRST + 1];
	int		 other;

	(void)state;
	log_set_level(LOG_LVL_ERROR);
	assert_int_equal(sign_init(), 0);
	memset(&set, 0, sizeof(set));
	k->now = &set;
	k->nchannels = 1;
	assert_int_equal(imsgbuf_init(&k->parent, -1), 0);
	a_channel(&k->channels[0], KEYD_MAXANSWERS - 1, &other);
	k->blind.signatures = BLIND_SIGNATURES;
	blind_anew(k);
	assert_int_equal(k->blind.signatures, BLIND_SIGNATURES);
	assert_int_equal(keymsg_send_empty(&k->channels[0].ibuf,
	    KEYD_SWITCHED), 0);
	blind_anew(k);
	assert_int_equal(k->blind.signatures, 0);
	assert_int_equal(prepare_poll(k, pfd), -1);
	channel_close(&k->channels[0], NULL);
	close(other);
	imsgbuf_clear(&k->parent);
	sign_exit();
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(blinds_anew)
	};

	return (cmocka_run_group_tests_name("keydwaits", tests, NULL, NULL));
}
