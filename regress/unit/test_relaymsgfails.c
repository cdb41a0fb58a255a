/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/rule.o compat/imsg.o compat/imsg-buffer.o */

#include "regress/unit/fieldfails.h"
#include "common/msgfield.c"
#include "proxyd/relaymsg.c"
#include "proxyd/relaymsg_rule.c"

#include "regress/unit/msg_util.h"

static int	 listener;

static int
send_config(struct imsgbuf *ibuf, const void *arg)
{
	return (relaymsg_send_config(ibuf, arg));
}

static int
send_listen(struct imsgbuf *ibuf, const void *arg)
{
	return (relaymsg_send_listen(ibuf, arg, listener));
}

static int
send_error(struct imsgbuf *ibuf, const void *arg)
{
	return (relaymsg_send_error(ibuf, arg));
}

static int
send_start(struct imsgbuf *ibuf, const void *arg)
{
	(void)arg;
	return (relaymsg_send(ibuf, RELAY_START));
}

static int
send_signer(struct imsgbuf *ibuf, const void *arg)
{
	return (relaymsg_send_signer(ibuf, arg));
}

static int
send_rule(struct imsgbuf *ibuf, const void *arg)
{
	return (relaymsg_send_rule(ibuf, 0, arg));
}

static void
set_up(void **state)
{
	static struct relay_config	 config;
	static struct relay_listen	 listen = { 1, 2, WHOM_SIGNERS, "a" };
	static struct relay_error	 error;
	int				 calls;

	(void)state;
	calls = each_failure(send_config, &p.a, &config, -1, 0);
	assert_int_equal(calls, 1 + sizeof(config.limits) / 4 + 2 + 2);
	assert_int_equal(each_failure(send_start, &p.a, NULL, -1, 0), 1);
	fill_text(error.text, sizeof(error.text) - 1);
	assert_int_equal(each_failure(send_error, &p.a, &error, -1, 0), 6);
	assert_int_not_equal(listener = open("/dev/null", O_RDONLY), -1);
	assert_int_equal(each_failure(send_listen, &p.a, &listen, listener,
	    0), 6);
}

/* The message and each piece of the lists; before it, others are queued. */
static void
lists(void **state)
{
	static uint8_t		 addresses[RELAY_MAXPIECE + 1][ADDRESS_SIZE];
	static uint8_t		 domains[1][HASH_SIZE], to[1][ADDRESS_SIZE];
	static struct u256	 chains[2];
	static uint32_t		 signers[3];
	static char		 label[] = "hq", name[] = "signer.example";
	struct config_signer	 signer;
	struct config_rule	 rule;

	(void)state;
	memset(&signer, 0, sizeof(signer));
	signer.name = label;
	signer.certname = name;
	signer.addresses = addresses;
	signer.naddresses = RELAY_MAXPIECE + 1;
	signer.chains = chains;
	signer.nchains = 2;
	assert_int_equal(each_failure(send_signer, &p.a, &signer, -1, 1),
	    7 + 3 * 4);
	memset(&rule, 0, sizeof(rule));
	strcat(rule.rule.client, "client.example");
	rule.rule.methods = RULE_METHODS;
	rule.rule.has = RULE_MAXVALUE | RULE_MAXFEE | RULE_TO;
	rule.rule.chains = chains;
	rule.rule.nchains = 2;
	rule.rule.domains = domains;
	rule.rule.ndomains = 1;
	rule.rule.to = to;
	rule.rule.nto = 1;
	rule.addresses = addresses;
	rule.naddresses = 1;
	rule.signers = signers;
	rule.nsigners = 3;
	assert_int_equal(each_failure(send_rule, &p.a, &rule, -1, 1),
	    8 + 5 * 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(set_up, channel_open,
		    channel_close),
		cmocka_unit_test_setup_teardown(lists, channel_open,
		    channel_close),
	};

	return (cmocka_run_group_tests_name("relaymsgfails", tests, NULL,
	    NULL));
}
