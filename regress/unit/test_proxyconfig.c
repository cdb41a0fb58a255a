/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/parse.o proxyd/config.o proxyd/config_listen.o
 * proxyd/config_print.o proxyd/config_rule.o proxyd/config_setting.o
 * proxyd/config_signer.o proxyd/config_use.o common/conf.o common/report.o
 * common/conf_amount.o common/conf_file.o common/conf_print.o
 * common/conf_rule.o common/conf_setting.o common/conf_words.o
 * common/lexer.o common/lexer_file.o common/lexer_macro.o common/hex.o
 * common/u256.o keyd/payload.o keyd/rule.o
 */

#include "proxyd/config.h"
#include "regress/unit/conf_util.h"

/*
 * What proxyd's struct and the descriptors hold; the texts are tested by
 * regress/config.
 */

#define A	"0x0102030405060708090a0b0c0d0e0f1011121314"
#define B	"0x2122232425262728292a2b2c2d2e2f3031323334"

static struct config *
parse(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "listen on 127.0.0.1 port 0\n"
	    "signers on 127.0.0.1 port 0 { tls ca %s/own }\n"
	    "tls ca %s/ca\ntls certificate %s/crt key %s/key\n"
	    "signer one name one.example address " A " chain { 1 2 }\n"
	    "signer two name two.example address { " A " " B " }\n"
	    "%s", dir, dir, dir, dir, more);
	return (config_parse(write_file("conf", text)));
}

static void
test_struct(void **state)
{
	const struct config_signer *signer;
	const struct config_rule *rule;
	struct config *conf;

	(void)state;
	conf = parse("hedge after 0.1 s\n"
	    "allow client a chain 1\n"
	    "allow client b method transaction signer { two one } address "
	    B "\n");
	assert_non_null(conf);
	assert_int_equal(conf->hedge, 100);
	assert_int_equal(conf->limits.max_links, 1024);
	assert_int_equal(conf->limits.timeout_request, 3000);
	assert_int_equal(conf->nsigners, 2);
	signer = STAILQ_FIRST(&conf->signers);
	assert_string_equal(signer->name, "one");
	assert_string_equal(signer->certname, "one.example");
	assert_int_equal(signer->naddresses, 1);
	assert_int_equal(signer->addresses[0][19], 0x14);
	assert_int_equal(signer->nchains, 2);
	assert_int_equal(signer->methods, 0);
	signer = STAILQ_NEXT(signer, entry);
	assert_int_equal(signer->index, 1);
	assert_int_equal(signer->naddresses, 2);
	assert_int_equal(signer->nchains, 0);

	assert_int_equal(conf->nrules, 2);
	rule = STAILQ_FIRST(&conf->rules);
	assert_string_equal(rule->rule.client, "a");
	assert_int_equal(rule->rule.methods, RULE_METHODS);
	assert_int_equal(rule->nsigners, 0);
	assert_int_equal(rule->naddresses, 0);
	rule = STAILQ_NEXT(rule, entry);
	assert_int_equal(rule->rule.methods, RULE_TRANSACTION);
	assert_int_equal(rule->nsigners, 2);
	assert_int_equal(rule->signers[0], 1);
	assert_int_equal(rule->signers[1], 0);
	assert_int_equal(rule->naddresses, 1);
	assert_int_equal(rule->addresses[0][0], 0x21);
	config_free(conf);
	config_free(NULL);
}

static void
test_open(void **state)
{
	const struct config_listen *clients, *signers;
	struct config *conf;
	int fd;

	(void)state;
	conf = parse("");
	assert_non_null(conf);
	clients = STAILQ_FIRST(&conf->listens);
	signers = STAILQ_NEXT(clients, entry);
	assert_int_equal(clients->whom, WHOM_CLIENTS);
	assert_int_equal(signers->whom, WHOM_SIGNERS);
	assert_int_equal(clients->ca.fd, -1);
	assert_int_equal(config_open(conf), 0);
	check_file(&clients->ca, "ca");
	check_file(&clients->cert, "crt");
	check_file(&clients->key, "key");
	assert_int_equal(clients->crl.fd, -1);
	check_file(&signers->ca, "own");
	check_file(&signers->cert, "crt");
	check_file(&signers->key, "key");
	assert_int_equal(conf->ca.fd, -1);
	assert_int_equal(config_bind(conf), 0);
	assert_int_not_equal(clients->port, 0);
	assert_int_not_equal(signers->port, 0);
	fd = signers->fd;
	config_close(conf);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(signers->fd, -1);
	assert_int_equal(signers->ca.fd, -1);
	config_free(conf);
}

static const char *const files[] = {
	"ca", "crt", "key", "own", "conf", NULL
};

static int
setup(void **state)
{
	(void)state;
	return (make_dir(files));
}

static int
teardown(void **state)
{
	(void)state;
	return (remove_dir(files));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_struct),
		cmocka_unit_test(test_open)
	};

	return (cmocka_run_group_tests_name("proxyconfig", tests, setup,
	    teardown));
}
