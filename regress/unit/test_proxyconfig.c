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

#include <sys/stat.h>
#include <err.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxyd/config.h"

/*
 * What proxyd's struct and the descriptors hold; the texts are tested by
 * regress/config.
 */
static char dir[] = "/tmp/test_proxyconfig.XXXXXX";

#define A	"0x0102030405060708090a0b0c0d0e0f1011121314"
#define B	"0x2122232425262728292a2b2c2d2e2f3031323334"

void
fatal(const char *fmt, ...)
{
	err(1, "%s", fmt);
}

static const char *
write_file(const char *name, const char *text)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_not_equal(fputs(text, f), EOF);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
	return (path);
}

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
check_file(const struct conf_file *file, const char *text)
{
	char buf[16];
	ssize_t n;

	assert_int_not_equal(file->fd, -1);
	assert_int_equal(fcntl(file->fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	n = read(file->fd, buf, sizeof(buf) - 1);
	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, text);
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

static const char *const files[] = { "ca", "crt", "key", "own" };
#define NFILES	(sizeof(files) / sizeof(files[0]))

static int
setup(void **state)
{
	size_t i;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return (-1);
	for (i = 0; i < NFILES; i++)
		write_file(files[i], files[i]);
	return (0);
}

static int
teardown(void **state)
{
	char path[128];
	size_t i;

	(void)state;
	for (i = 0; i <= NFILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir,
		    i == NFILES ? "conf" : files[i]);
		unlink(path);
	}
	return (rmdir(dir));
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
