/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: regress/unit/alloc.o regress/faults/memory.o keyd/setup.o
 * keyd/count.o common/metrics.o common/metrics_table.o common/histogram.o common/list.o
 * common/msgfield.o keyd/audit.o keyd/auditmsg.o keyd/trail.o
 * keyd/trail_record.o
 * keyd/serve.o keyd/policy.o keyd/rule.o keyd/payload.o keyd/tx.o keyd/rlp.o
 * keyd/keccak.o keyd/sign.o keyd/keyfile.o keyd/keyfile_error.o keyd/eckey.o
 * keyd/der.o keyd/keymsg.o keyd/keymsg_check.o
 * keyd/keymsg_request.o keyd/keymsg_rule.o
 * keyd/request.o common/secret.o common/base64.o common/hex.o common/u256.o
 * common/log.o common/log_render.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libsecp256k1 */

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "keyd/keyd.h"
#include "keyd/keyfile.h"
#include "keyd/tx.h"
#include "regress/unit/alloc.h"

/* What keyd does while memory runs out, allocation by allocation. */

#define CLIENT	"a.example"
#define KEYS	2		/* in the access list */

static const char	 key[] =
    "0000000000000000000000000000000000000000000000000000000000000001\n";
static uint8_t		 list[KEYS * HASH_SIZE];
static uint8_t		 input[2000];

static int
key_file(void)
{
	int	 fd;

	assert_int_not_equal(fd = memfd_create("key", MFD_CLOEXEC), -1);
	assert_int_equal(write(fd, key, sizeof(key) - 1), sizeof(key) - 1);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return (fd);
}

/* ---- Keys and signatures ---------------------------------------------- */

static bool
read_key(void *arg)
{
	enum keyfile_error	 error;
	struct keyfile		 kf;
	int			 fd = key_file();

	(void)arg;
	error = keyfile_read(&kf, fd);
	close(fd);
	if (error != KEYFILE_OK)
		return (false);
	assert_int_equal(kf.secret[SECRET_SIZE - 1], 1);
	secret_free(kf.secret, SECRET_SIZE);
	return (true);
}

/* All of it is in memory that was set aside before. */
static void
key_files(void **state)
{
	(void)state;
	assert_int_equal(sign_init(), 0);
	assert_int_equal(secret_init(KEYD_SECRETS), 0);
	assert_int_equal(alloc_each(read_key, NULL, 0), 0);
	secret_exit();
	sign_exit();
}

static bool
secrets(void *arg)
{
	void	*p;

	(void)arg;
	if (secret_init(KEYD_SECRETS) == -1) {
		assert_int_equal(errno, ENOMEM);
		return (false);
	}
	assert_non_null(p = secret_alloc(SECRET_SIZE));
	secret_free(p, SECRET_SIZE);
	secret_exit();
	return (true);
}

static void
secret_memory(void **state)
{
	(void)state;
	assert_true(alloc_each(secrets, NULL, 0) >= 1);
}

static bool
signs(void *arg)
{
	static const uint8_t	 secret[SECRET_SIZE] = { [31] = 1 };
	uint8_t			 digest[HASH_SIZE] = { 1 }, address[20];
	struct signature	 sig;
	struct sign_key		 k;

	(void)arg;
	if (sign_init() == -1) {
		assert_int_equal(errno, ENOMEM);
		return (false);
	}
	assert_int_equal(sign_key(&k, secret), 0);
	assert_int_equal(sign_digest(&k, digest, &sig), 0);
	assert_int_equal(sign_recover(digest, &sig, address), 0);
	assert_memory_equal(address, k.address, sizeof(address));
	sign_exit();
	return (true);
}

/* The library would abort, if it were left to it. */
static void
signatures(void **state)
{
	(void)state;
	assert_true(alloc_each(signs, NULL, 0) >= 1);
}

/* ---- Transactions ----------------------------------------------------- */

static void
make_request(struct request *r, struct tx_access *access)
{
	memset(r, 0, sizeof(*r));
	memset(access, 0, sizeof(*access));
	access->nkeys = KEYS;
	access->keys = list;
	r->id = 7;
	r->deadline = UINT64_MAX;
	snprintf(r->client, sizeof(r->client), "%s", CLIENT);
	r->method = METHOD_TRANSACTION;
	r->tx.has = TX_TO | TX_GAS | TX_MAXFEE | TX_MAXPRIORITYFEE |
	    TX_NONCE | TX_INPUT | TX_ACCESSLIST | TX_CHAINID;
	r->tx.gas = 21000;
	r->tx.chain_id.b[U256_SIZE - 1] = 10;
	r->tx.input = input;
	r->tx.inputlen = sizeof(input);
	r->tx.access = access;
	r->tx.naccess = 1;
}

static bool
encodes(void *arg)
{
	struct tx_access	 access;
	struct request		 r;
	uint8_t			*out;
	size_t			 len;

	(void)arg;
	make_request(&r, &access);
	if (tx_encode(&r.tx, NULL, &out, &len) == -1) {
		assert_int_equal(errno, ENOMEM);
		return (false);
	}
	assert_int_equal(out[0], 2);
	assert_true(len > sizeof(input) + sizeof(list));
	free(out);
	return (true);
}

static void
transactions(void **state)
{
	(void)state;
	assert_int_equal(alloc_each(encodes, NULL, 0), 1);
}

/* ---- Messages --------------------------------------------------------- */

struct channels {
	struct imsgbuf	 asker;
	struct channel	 keyd;
	int		 fd[2];
};

/* Made and unmade while nothing fails. */
static void
open_channels(struct channels *c)
{
	alloc_pause();
	memset(c, 0, sizeof(*c));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    c->fd), 0);
	assert_int_equal(imsgbuf_init(&c->asker, c->fd[0]), 0);
	assert_int_equal(imsgbuf_init(&c->keyd.ibuf, c->fd[1]), 0);
	imsgbuf_allow_fdpass(&c->asker);
	imsgbuf_allow_fdpass(&c->keyd.ibuf);
	imsgbuf_set_maxsize(&c->asker, KEYD_REPLYSIZE(65536));
	imsgbuf_set_maxsize(&c->keyd.ibuf, 65536);
	alloc_resume();
}

static void
close_channels(struct channels *c)
{
	alloc_pause();
	imsgbuf_clear(&c->asker);
	imsgbuf_clear(&c->keyd.ibuf);
	close(c->fd[0]);
	close(c->fd[1]);
	alloc_resume();
}

/* There and back; what does not fit is told on the spot. */
static bool
passes(struct channels *c)
{
	struct tx_access	 access;
	struct request		 r, got;
	struct imsg		 imsg;
	uint64_t		 id;
	bool			 well;

	make_request(&r, &access);
	if (keymsg_send_request(&c->asker, &r) == -1)
		return (false);
	if (imsgbuf_write(&c->asker) == -1 ||
	    imsgbuf_read(&c->keyd.ibuf) != 1)
		return (false);
	if (imsg_get(&c->keyd.ibuf, &imsg) <= 0)
		return (false);
	well = keymsg_get_request(&imsg, &got, &id) == 0;
	if (well) {
		assert_int_equal(got.tx.naccess, 1);
		assert_int_equal(got.tx.access[0].nkeys, KEYS);
		assert_int_equal(got.tx.inputlen, sizeof(input));
		request_clear(&got);
	} else
		assert_int_equal(id, r.id);
	imsg_free(&imsg);
	return (well);
}

static bool
message(void *arg)
{
	struct channels	 c;
	bool		 well;

	(void)arg;
	open_channels(&c);
	well = passes(&c);
	close_channels(&c);
	return (well);
}

static void
messages(void **state)
{
	(void)state;
	assert_true(alloc_each(message, NULL, 0) >= 3);
}

/* ---- Answers ---------------------------------------------------------- */

static struct keyd	 keyd;

/* The answer that the asker gets; -1: there is none. */
static int
take_reply(struct channels *c, struct keyd_reply *reply)
{
	struct imsg	 imsg;
	int		 r = -1;

	alloc_pause();
	if (imsgbuf_write(&c->keyd.ibuf) == 0 &&
	    imsgbuf_read(&c->asker) == 1 && imsg_get(&c->asker, &imsg) > 0) {
		r = keymsg_get_reply(&imsg, reply);
		imsg_free(&imsg);
	}
	alloc_resume();
	return (r);
}

/*
 * One failure is never the end of the channel: either the signature, or a
 * refusal that is answered with 503.
 */
static bool
answers(void *arg)
{
	struct tx_access	 access;
	struct keyd_reply	 reply;
	struct channels		 c;
	struct request		 r;
	struct imsg		 imsg;

	(void)arg;
	open_channels(&c);
	alloc_pause();
	make_request(&r, &access);
	assert_int_equal(keymsg_send_request(&c.asker, &r), 0);
	assert_int_equal(imsgbuf_write(&c.asker), 0);
	assert_int_equal(imsgbuf_read(&c.keyd.ibuf), 1);
	assert_true(imsg_get(&c.keyd.ibuf, &imsg) > 0);
	alloc_resume();
	assert_int_equal(serve_message(&keyd, &c.keyd, &imsg), 0);
	imsg_free(&imsg);
	assert_int_equal(take_reply(&c, &reply), 0);
	assert_int_equal(reply.id, r.id);
	close_channels(&c);
	if (reply.refusal == REFUSAL_NONE) {
		assert_true(reply.resultlen > sizeof(input));
		return (true);
	}
	assert_int_equal(reply.refusal, REFUSAL_INTERNAL);
	return (false);
}

static void
replies(void **state)
{
	static const uint8_t	 secret[SECRET_SIZE] = { [31] = 1 };
	static struct rule	 rule;
	static struct sign_key	 keys[1];
	static uint8_t		 addresses[1][ADDRESS_SIZE];

	(void)state;
	log_init("keyd");
	/* What libc keeps of the time zone it takes with the first record. */
	log_info("answers while memory is short");
	assert_int_equal(sign_init(), 0);
	assert_int_equal(sign_key(&keys[0], secret), 0);
	memcpy(addresses[0], keys[0].address, ADDRESS_SIZE);
	snprintf(rule.client, sizeof(rule.client), "%s", CLIENT);
	rule.methods = RULE_TRANSACTION;
	keyd.max_data = 65536;
	keyd.now = &keyd.sets[0];
	keyd.now->keys = keys;
	keyd.now->policy.rules = &rule;
	keyd.now->policy.nrules = 1;
	keyd.now->policy.addresses = addresses;
	keyd.now->policy.nkeys = 1;
	keyd.now->nrules = keyd.now->config.nkeys = 1;
	assert_int_equal(count_prepare(keyd.now), 0);
	assert_true(alloc_each(answers, NULL, 0) >= 4);
	sign_exit();
	count_clear(keyd.now);
	memset(&keyd, 0, sizeof(keyd));
}

/* ---- The start -------------------------------------------------------- */

static void
configure(struct channels *c, struct u256 *chains)
{
	struct keyd_config	 config = { 1, 1, 65536 };
	struct rule		 rule;

	memset(&rule, 0, sizeof(rule));
	memset(chains, 0, 2 * sizeof(*chains));
	chains[0].b[U256_SIZE - 1] = 10;
	chains[1].b[U256_SIZE - 1] = 11;
	snprintf(rule.client, sizeof(rule.client), "%s", CLIENT);
	rule.methods = RULE_METHODS;
	rule.chains = chains;
	rule.nchains = 2;
	assert_int_equal(keymsg_send_config(&c->asker, &config), 0);
	assert_int_equal(keymsg_send_key(&c->asker, 0, key_file()), 0);
	assert_int_equal(keymsg_send_rule(&c->asker, 0, &rule), 0);
	assert_int_equal(keymsg_send_end(&c->asker), 0);
	assert_int_equal(imsgbuf_write(&c->asker), 0);
}

/* With a channel in the place of that to the parent. */
static bool
begins(void *arg)
{
	struct channels	 c;
	struct u256	 chains[2];
	struct imsg	 imsg;
	ssize_t		 n;

	(void)arg;
	open_channels(&c);
	alloc_pause();
	/* In the child: it is not inherited. */
	assert_int_equal(sign_init(), 0);
	assert_int_equal(secret_init(KEYD_SECRETS), 0);
	configure(&c, chains);
	memset(&keyd, 0, sizeof(keyd));
	alloc_resume();
	keyd.parent = c.keyd.ibuf;
	while (keyd.now == NULL) {
		if (imsgbuf_read(&keyd.parent) != 1)
			fatal("messages of the parent");
		while ((n = imsg_get(&keyd.parent, &imsg)) > 0) {
			setup_message(&keyd, &imsg);
			imsg_free(&imsg);
		}
		if (n == -1)
			fatal("messages of the parent");
		/* The parent has been told so. */
		if (keyd.next != NULL && keyd.next->ended)
			fatal("%s", keyd.next->fault);
	}
	assert_int_equal(keyd.now->policy.rules[0].nchains, 2);
	c.keyd.ibuf = keyd.parent;
	setup_clear(&keyd);
	close_channels(&c);
	return (true);
}

static void
setup(void **state)
{
	(void)state;
	log_init("keyd");
	assert_true(alloc_each_fatal(begins, NULL,
	    "Cannot allocate memory") >= 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_files),
		cmocka_unit_test(secret_memory),
		cmocka_unit_test(signatures),
		cmocka_unit_test(transactions),
		cmocka_unit_test(messages),
		cmocka_unit_test(replies),
		cmocka_unit_test(setup),
	};

	return (cmocka_run_group_tests_name("allockeyd", tests, NULL, NULL));
}
