/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: proxyd/relaymsg.o proxyd/relaymsg_rule.o common/msgfield.o
 * compat/imsg.o compat/imsg-buffer.o */

#include <stdbool.h>

#include "proxyd/relaymsg.h"
#include "regress/unit/msg_util.h"

#define NLIMITS	(sizeof(struct config_limits) / sizeof(uint32_t))

static union {
	struct relay_config	 config;
	struct relay_listen	 listen;
	struct relay_signer	 signer;
	struct relay_rule	 rule;
	struct relay_error	 error;
	enum tlsfile		 file;
} got;
/* A list's items are in the message, which decode() does not keep. */
static struct relay_piece	 piece;
static uint8_t			 items[RELAY_MAXPIECE * U256_SIZE];
static size_t			 itemslen;

static int
decode_list(struct imsg *imsg)
{
	if (relaymsg_get_list(imsg, &piece) == -1)
		return (-1);
	itemslen = imsg_get_len(imsg) - 8;
	memcpy(items, piece.items, itemslen);
	return (0);
}

static int
decode(struct imsg *imsg, int *fd)
{
	memset(&got, 0xa5, sizeof(got));
	switch (imsg_get_type(imsg)) {
	case RELAY_CONFIG:
		return (relaymsg_get_config(imsg, &got.config));
	case RELAY_LISTEN:
		return (relaymsg_get_listen(imsg, &got.listen, fd));
	case RELAY_FILE:
		return (relaymsg_get_file(imsg, &got.file, fd));
	case RELAY_SIGNER:
		return (relaymsg_get_signer(imsg, &got.signer));
	case RELAY_RULE:
		return (relaymsg_get_rule(imsg, &got.rule));
	case RELAY_LIST:
		return (decode_list(imsg));
	case RELAY_ERROR:
		return (relaymsg_get_error(imsg, &got.error));
	default:
		return (relaymsg_get_empty(imsg));
	}
}

/* ---- Round trips ----------------------------------------------------- */

static void
config(void **state)
{
	unsigned char		 body[512];
	struct relay_config	 c;
	uint32_t		*field = (uint32_t *)(void *)&c.limits;
	size_t			 i, len;

	(void)state;
	memset(&c, 0, sizeof(c));
	for (i = 0; i < NLIMITS; i++)
		field[i] = 0xf0000000U + (uint32_t)i;
	c.hedge = 100;
	c.level = LOG_LVL_DEBUG;
	fill_text(c.protocols, sizeof(c.protocols) - 1);
	assert_int_equal(relaymsg_send_config(&p.a, &c), 0);
	len = encoded(RELAY_CONFIG, body, sizeof(body));
	assert_int_equal(len, 4 * NLIMITS + 4 + 1 + 2 + RELAY_PROTOCOLS_MAX - 1);
	exact(decode, RELAY_CONFIG, body, len, false);
	assert_int_equal(decode_raw(decode, RELAY_CONFIG, body, len, false),
	    0);
	assert_memory_equal(&got.config.limits, &c.limits, sizeof(c.limits));
	assert_int_equal(got.config.hedge, 100);
	assert_int_equal(got.config.level, LOG_LVL_DEBUG);
	assert_string_equal(got.config.protocols, c.protocols);
	noise(decode, RELAY_CONFIG, body, len, false);
	body[4 * NLIMITS + 4] = LOG_LVL_DEBUG + 1;
	assert_int_equal(decode_raw(decode, RELAY_CONFIG, body, len, false),
	    -1);
}

static void
listeners(void **state)
{
	struct relay_listen	 l = {
		RELAY_MAXLISTENS - 1, 7, WHOM_SIGNERS, "[::1]:9989"
	};
	unsigned char		 body[256];
	enum config_whom	 whom;
	int			 fd, other;

	(void)state;
	/* With a descriptor, and (-n) without. */
	fd = a_pipe(&other);
	assert_int_equal(relaymsg_send_listen(&p.a, &l, fd), 0);
	assert_int_equal(encoded(RELAY_LISTEN, body, sizeof(body)), 21);
	close(other);
	exact(decode, RELAY_LISTEN, body, 21, true);
	assert_int_equal(decode_raw(decode, RELAY_LISTEN, body, 21, true), 0);
	assert_int_equal(got.listen.index, RELAY_MAXLISTENS - 1);
	assert_int_equal(got.listen.id, 7);
	assert_int_equal(got.listen.whom, WHOM_SIGNERS);
	assert_string_equal(got.listen.address, "[::1]:9989");
	l.index = 0;
	for (whom = WHOM_CLIENTS; whom < WHOM_COUNT; whom++) {
		l.whom = whom;
		assert_int_equal(relaymsg_send_listen(&p.a, &l, -1), 0);
		assert_int_equal(encoded(RELAY_LISTEN, body, sizeof(body)),
		    21);
		exact(decode, RELAY_LISTEN, body, 21, false);
		assert_int_equal(decode_raw(decode, RELAY_LISTEN, body, 21,
		    false), 0);
		assert_int_equal(got.listen.index, 0);
		assert_int_equal(got.listen.whom, whom);
	}
	body[8] = WHOM_COUNT;
	assert_int_equal(decode_raw(decode, RELAY_LISTEN, body, 21, true),
	    -1);
	memcpy(body, "\0\0\1\0\0\0\0\0\0", 9);
	assert_int_equal(decode_raw(decode, RELAY_LISTEN, body, 21, true),
	    -1);
	/* An address as long as there is room for, and longer. */
	l.whom = WHOM_CLIENTS;
	memset(l.address, 'x', RELAY_ADDRESS_MAX - 1);
	assert_int_equal(relaymsg_send_listen(&p.a, &l, -1), 0);
	assert_int_equal(encoded(RELAY_LISTEN, body, sizeof(body)),
	    11 + RELAY_ADDRESS_MAX - 1);
	assert_int_equal(decode_raw(decode, RELAY_LISTEN, body,
	    11 + RELAY_ADDRESS_MAX - 1, false), 0);
	assert_string_equal(got.listen.address, l.address);
	body[10]++;
	body[11 + RELAY_ADDRESS_MAX - 1] = 'x';
	assert_int_equal(decode_raw(decode, RELAY_LISTEN, body,
	    11 + RELAY_ADDRESS_MAX, false), -1);
	memcpy(body, "\377\377\377\377\0\0\0\0\0", 9);
	assert_int_equal(decode_raw(decode, RELAY_LISTEN, body, 9, true), -1);
}

static void
files(void **state)
{
	unsigned char	 body[4];
	int		 c, fd, other;

	(void)state;
	assert_int_equal(relaymsg_send_file(&p.a, TLSFILE_CA, -1), -1);
	fd = a_pipe(&other);
	assert_int_equal(relaymsg_send_file(&p.a, TLSFILE_KEY, fd), 0);
	assert_int_equal(encoded(RELAY_FILE, body, sizeof(body)), 1);
	close(other);
	exact(decode, RELAY_FILE, body, 1, true);
	assert_int_equal(decode_raw(decode, RELAY_FILE, body, 1, false), -1);
	for (c = 0; c < 256; c++) {
		body[0] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, RELAY_FILE, body, 1, true),
		    c < TLSFILE_COUNT ? 0 : -1);
		if (c < TLSFILE_COUNT)
			assert_int_equal(got.file, c);
	}
}

static void
errors(void **state)
{
	unsigned char		 body[1024];
	struct relay_error	 e;
	size_t			 len;
	int			 c;

	(void)state;
	memset(&e, 0, sizeof(e));
	e.index = RELAY_MAXLISTENS - 1;
	e.file = TLSFILE_CRL;
	e.severity = TLSFILE_WARNING;
	fill_text(e.text, sizeof(e.text) - 1);
	assert_int_equal(relaymsg_send_error(&p.a, &e), 0);
	len = encoded(RELAY_ERROR, body, sizeof(body));
	exact(decode, RELAY_ERROR, body, len, false);
	assert_int_equal(decode_raw(decode, RELAY_ERROR, body, len, false), 0);
	assert_int_equal(got.error.index, e.index);
	assert_int_equal(got.error.file, TLSFILE_CRL);
	assert_int_equal(got.error.severity, TLSFILE_WARNING);
	assert_string_equal(got.error.text, e.text);
	noise(decode, RELAY_ERROR, body, len, false);
	for (c = 0; c < 256; c++) {
		body[4] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, RELAY_ERROR, body, len,
		    false), c < TLSFILE_COUNT ? 0 : -1);
	}
	body[4] = 0;
	for (c = 0; c < 256; c++) {
		body[5] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, RELAY_ERROR, body, len,
		    false), c < TLSFILE_NSEVERITIES ? 0 : -1);
	}
	body[5] = 0;
	body[2] = 1;
	assert_int_equal(decode_raw(decode, RELAY_ERROR, body, len, false),
	    -1);
}

static void
empties(void **state)
{
	static const enum relay_msg	 types[] = {
		RELAY_START, RELAY_STOP, RELAY_READY, RELAY_FAILED
	};
	unsigned char			 body[1];
	size_t				 i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(relaymsg_send(&p.a, types[i]), 0);
		assert_int_equal(encoded(types[i], body, sizeof(body)), 0);
		exact(decode, types[i], NULL, 0, false);
	}
}

/* ---- Lists ----------------------------------------------------------- */

/* The next message is a piece of that list: its number of items. */
static size_t
expect_list(enum relay_list list, const void *want, size_t size)
{
	struct imsg	 imsg;

	receive(&imsg, RELAY_LIST);
	assert_int_equal(decode_list(&imsg), 0);
	imsg_free(&imsg);
	assert_int_equal(piece.list, list);
	assert_int_equal(itemslen, piece.count * size);
	assert_memory_equal(items, want, itemslen);
	return (piece.count);
}

static void
expect_all(enum relay_list list, const void *want, size_t count, size_t size)
{
	const uint8_t	*w = want;
	size_t		 n;

	while (count > 0) {
		n = expect_list(list, w, size);
		assert_int_equal(n, count < RELAY_MAXPIECE ? count :
		    RELAY_MAXPIECE);
		w += n * size;
		count -= n;
	}
}

static void
no_more(void)
{
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	expect_none(&p.b);
}

static void
signers(void **state)
{
	static uint8_t		 addresses[300][ADDRESS_SIZE];
	static struct u256	 chains[2];
	char			 name[CONFIG_NAME_MAX + 2];
	char			 certname[CLIENT_MAX + 2];
	struct config_signer	 s;
	unsigned char		 body[512];
	size_t			 len;

	(void)state;
	fill(addresses[0], sizeof(addresses), 1);
	fill(chains[0].b, sizeof(chains), 2);
	fill_text(name, CONFIG_NAME_MAX);
	fill_text(certname, CLIENT_MAX);
	memset(&s, 0, sizeof(s));
	s.name = name;
	s.certname = certname;
	s.index = CONFIG_SIGNERS - 1;
	s.addresses = addresses;
	s.naddresses = 300;
	s.chains = chains;
	s.nchains = 2;
	s.methods = RULE_PAYLOAD;
	assert_int_equal(relaymsg_send_signer(&p.a, &s), 0);
	len = encoded(RELAY_SIGNER, body, sizeof(body));
	expect_all(RELAY_LIST_ADDRESS, addresses, 300, ADDRESS_SIZE);
	expect_all(RELAY_LIST_CHAIN, chains, 2, U256_SIZE);
	no_more();
	exact(decode, RELAY_SIGNER, body, len, false);
	assert_int_equal(decode_raw(decode, RELAY_SIGNER, body, len, false),
	    0);
	assert_int_equal(got.signer.index, CONFIG_SIGNERS - 1);
	assert_int_equal(got.signer.methods, RULE_PAYLOAD);
	assert_string_equal(got.signer.name, name);
	assert_string_equal(got.signer.certname, certname);
	noise(decode, RELAY_SIGNER, body, len, false);
	/* What it cannot be. */
	s.methods = RULE_METHODS + 1;
	assert_int_equal(relaymsg_send_signer(&p.a, &s), -1);
	s.methods = RULE_METHODS;
	s.index++;
	assert_int_equal(relaymsg_send_signer(&p.a, &s), -1);
	s.index = 0;
	fill_text(name, CONFIG_NAME_MAX + 1);
	assert_int_equal(relaymsg_send_signer(&p.a, &s), -1);
	no_more();
}

static void
bad_signers(void **state)
{
	/* Index, methods, name "a", name "b". */
	unsigned char	 good[] = {
		0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 'a', 0, 1, 'b'
	};
	unsigned char	 no_name[] = {
		0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 'b'
	};
	unsigned char	 no_certname[] = {
		0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 'a', 0, 0
	};
	int		 c;

	(void)state;
	assert_int_equal(decode_raw(decode, RELAY_SIGNER, good, sizeof(good),
	    false), 0);
	assert_int_equal(decode_raw(decode, RELAY_SIGNER, no_name,
	    sizeof(no_name), false), -1);
	assert_int_equal(decode_raw(decode, RELAY_SIGNER, no_certname,
	    sizeof(no_certname), false), -1);
	for (c = 0; c < 256; c++) {
		good[7] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, RELAY_SIGNER, good,
		    sizeof(good), false), c <= 3 ? 0 : -1);
	}
	good[7] = 3;
	good[2] = CONFIG_SIGNERS >> 8;
	assert_int_equal(decode_raw(decode, RELAY_SIGNER, good, sizeof(good),
	    false), -1);
	good[2] = 0;
	good[10] = '\0';
	assert_int_equal(decode_raw(decode, RELAY_SIGNER, good, sizeof(good),
	    false), -1);
}

/* A rule with everything that there is. */
static void
make_rule(struct config_rule *cr)
{
	static uint8_t		 addresses[257][ADDRESS_SIZE];
	static uint8_t		 domains[256][HASH_SIZE], to[3][ADDRESS_SIZE];
	static struct u256	 chains[513];
	static uint32_t		 indices[258];
	uint32_t		 i;

	memset(cr, 0, sizeof(*cr));
	fill(addresses[0], sizeof(addresses), 3);
	fill(domains[0], sizeof(domains), 4);
	fill(to[0], sizeof(to), 5);
	fill(chains[0].b, sizeof(chains), 6);
	for (i = 0; i < 258; i++)
		indices[i] = i * 3;
	fill_text(cr->rule.client, CLIENT_MAX);
	cr->rule.methods = RULE_METHODS;
	cr->rule.has = RULE_HASBITS;
	fill(cr->rule.max_value.b, U256_SIZE, 7);
	fill(cr->rule.max_fee.b, U256_SIZE, 8);
	cr->addresses = addresses;
	cr->naddresses = 257;
	cr->rule.chains = chains;
	cr->rule.nchains = 513;
	cr->rule.domains = domains;
	cr->rule.ndomains = 256;
	cr->rule.to = to;
	cr->rule.nto = 3;
	cr->signers = indices;
	cr->nsigners = 258;
}

/* In network order. */
static void
expect_indices(const uint32_t *want, size_t count)
{
	static uint8_t	 bytes[1024][4];
	size_t		 i;

	for (i = 0; i < count; i++) {
		bytes[i][0] = (uint8_t)(want[i] >> 24);
		bytes[i][1] = (uint8_t)(want[i] >> 16);
		bytes[i][2] = (uint8_t)(want[i] >> 8);
		bytes[i][3] = (uint8_t)want[i];
	}
	expect_all(RELAY_LIST_SIGNER, bytes, count, 4);
}

static void
rules(void **state)
{
	struct config_rule	 cr;
	unsigned char		 body[512];
	size_t			 len;

	(void)state;
	make_rule(&cr);
	assert_int_equal(relaymsg_send_rule(&p.a, CONFIG_RULES - 1, &cr), 0);
	len = encoded(RELAY_RULE, body, sizeof(body));
	expect_all(RELAY_LIST_ADDRESS, cr.addresses, 257, ADDRESS_SIZE);
	expect_all(RELAY_LIST_CHAIN, cr.rule.chains, 513, U256_SIZE);
	expect_all(RELAY_LIST_DOMAIN, cr.rule.domains, 256, HASH_SIZE);
	expect_all(RELAY_LIST_TO, cr.rule.to, 3, ADDRESS_SIZE);
	expect_indices(cr.signers, 258);
	no_more();
	exact(decode, RELAY_RULE, body, len, false);
	assert_int_equal(decode_raw(decode, RELAY_RULE, body, len, false), 0);
	assert_int_equal(got.rule.index, CONFIG_RULES - 1);
	assert_string_equal(got.rule.rule.client, cr.rule.client);
	assert_int_equal(got.rule.rule.methods, RULE_METHODS);
	assert_int_equal(got.rule.rule.has, RULE_HASBITS);
	assert_memory_equal(got.rule.rule.max_value.b, cr.rule.max_value.b,
	    U256_SIZE);
	assert_memory_equal(got.rule.rule.max_fee.b, cr.rule.max_fee.b,
	    U256_SIZE);
	/* Pointers and counts are never taken from a message. */
	assert_null(got.rule.rule.chains);
	assert_int_equal(got.rule.rule.nchains, 0);
	assert_null(got.rule.rule.to);
	assert_null(got.rule.rule.domains);
	noise(decode, RELAY_RULE, body, len, false);
}

static void
small_rules(void **state)
{
	struct config_rule	 cr;
	unsigned char		 body[512];
	size_t			 len;
	uint32_t		 has;

	(void)state;
	memset(&cr, 0, sizeof(cr));
	fill_text(cr.rule.client, 1);
	cr.rule.methods = RULE_TRANSACTION;
	for (has = 0; has <= RULE_HASBITS; has++) {
		cr.rule.has = has;
		assert_int_equal(relaymsg_send_rule(&p.a, 0, &cr), 0);
		len = encoded(RELAY_RULE, body, sizeof(body));
		assert_int_equal(len, 15 + (has & RULE_MAXVALUE ? 32U : 0U) +
		    (has & RULE_MAXFEE ? 32U : 0U));
		exact(decode, RELAY_RULE, body, len, false);
	}
	no_more();
	cr.rule.has = RULE_HASBITS + 1;
	assert_int_equal(relaymsg_send_rule(&p.a, 0, &cr), -1);
	cr.rule.has = 0;
	assert_int_equal(relaymsg_send_rule(&p.a, CONFIG_RULES, &cr), -1);
	cr.rule.methods = 0;
	assert_int_equal(relaymsg_send_rule(&p.a, 0, &cr), -1);
	no_more();
}

static void
bad_rules(void **state)
{
	/* Index, methods, has, client "a". */
	unsigned char	 good[] = {
		0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 'a'
	};
	unsigned char	 body[sizeof(good)];
	size_t		 at[] = { 0, 1, 4, 5, 6, 8, 9, 10 };
	uint32_t	 short_of;
	size_t		 i;
	int		 c;

	(void)state;
	assert_int_equal(decode_raw(decode, RELAY_RULE, good, sizeof(good),
	    false), 0);
	/* Index, methods and bits that there are not. */
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		memcpy(body, good, sizeof(good));
		body[at[i]] = 1;
		assert_int_equal(decode_raw(decode, RELAY_RULE, body,
		    sizeof(body), false), -1);
	}
	for (c = 0; c < 256; c++) {
		memcpy(body, good, sizeof(good));
		body[7] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, RELAY_RULE, body,
		    sizeof(body), false), c > 0 && c <= 3 ? 0 : -1);
		memcpy(body, good, sizeof(good));
		body[11] = (unsigned char)c;
		/* Those with a value lack it. */
		short_of = (uint32_t)c & (RULE_MAXVALUE | RULE_MAXFEE);
		assert_int_equal(decode_raw(decode, RELAY_RULE, body,
		    sizeof(body), false), c <= (int)RULE_HASBITS &&
		    short_of == 0 ? 0 : -1);
	}
	memcpy(body, good, sizeof(good));
	body[13] = 0;
	assert_int_equal(decode_raw(decode, RELAY_RULE, body, 14, false), -1);
	body[13] = 1;
	body[14] = '\0';
	assert_int_equal(decode_raw(decode, RELAY_RULE, body, 15, false), -1);
}

static void
lists(void **state)
{
	static const size_t	 sizes[] = { 20, 32, 32, 20, 4 };
	static unsigned char	 body[8 + 257 * 32];
	uint32_t		 list;
	size_t			 n;

	(void)state;
	for (list = 0; list < 5; list++) {
		memset(body, 0, sizeof(body));
		body[3] = (unsigned char)list;
		body[7] = 1;
		exact(decode, RELAY_LIST, body, 8 + sizes[list], false);
		/* None, and one too many. */
		body[7] = 0;
		assert_int_equal(decode_raw(decode, RELAY_LIST, body, 8,
		    false), -1);
		body[6] = 1;
		n = 8 + 256 * sizes[list];
		assert_int_equal(decode_raw(decode, RELAY_LIST, body, n,
		    false), 0);
		body[7] = 1;
		n += sizes[list];
		assert_int_equal(decode_raw(decode, RELAY_LIST, body, n,
		    false), -1);
		/* A count that would overflow. */
		memset(body + 4, 0xff, 4);
		assert_int_equal(decode_raw(decode, RELAY_LIST, body, n,
		    false), -1);
	}
	memset(body, 0, 8);
	body[7] = 1;
	for (list = 5; list < 256; list++) {
		body[3] = (unsigned char)list;
		for (n = 0; n <= 40; n += 4)
			assert_int_equal(decode_raw(decode, RELAY_LIST, body,
			    8 + n, false), -1);
	}
	body[3] = 1;
	noise(decode, RELAY_LIST, body, 40, false);
}

static void
other_types(void **state)
{
	struct relay_rule	 rule;
	struct imsg		 imsg;
	int			 fd;

	(void)state;
	assert_int_equal(relaymsg_send(&p.a, RELAY_START), 0);
	receive(&imsg, RELAY_START);
	assert_int_equal(relaymsg_get_config(&imsg, &got.config), -1);
	assert_int_equal(relaymsg_get_listen(&imsg, &got.listen, &fd), -1);
	assert_int_equal(relaymsg_get_file(&imsg, &got.file, &fd), -1);
	assert_int_equal(relaymsg_get_signer(&imsg, &got.signer), -1);
	assert_int_equal(relaymsg_get_rule(&imsg, &rule), -1);
	assert_int_equal(relaymsg_get_list(&imsg, &piece), -1);
	assert_int_equal(relaymsg_get_error(&imsg, &got.error), -1);
	imsg_free(&imsg);
}

#define TEST(f)	\
	cmocka_unit_test_setup_teardown(f, channel_open, channel_close)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(config),
		TEST(listeners),
		TEST(files),
		TEST(errors),
		TEST(empties),
		TEST(signers),
		TEST(bad_signers),
		TEST(rules),
		TEST(small_rules),
		TEST(bad_rules),
		TEST(lists),
		TEST(other_types),
	};

	return (cmocka_run_group_tests_name("relaymsg", tests, NULL, NULL));
}
