/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: signerd/parse.o signerd/audit_file.o signerd/config.o
 * signerd/config_audit.o signerd/config_print.o
 * signerd/config_proxy.o signerd/config_rule.o signerd/config_setting.o signerd/config_started.o
 * signerd/files.o common/url.o common/conf.o common/report.o common/conf_amount.o
 * common/conf_file.o common/conf_print.o common/conf_rule.o
 * common/conf_setting.o common/conf_words.o common/lexer.o
 * common/lexer_file.o common/lexer_macro.o common/hex.o common/u256.o
 * keyd/payload.o keyd/rule.o
 */

#include <sys/socket.h>
#include <netinet/in.h>
#include <errno.h>

#include "regress/unit/conf_util.h"
#include "signerd/config.h"

/*
 * What the struct and the descriptors hold; the texts are tested by
 * regress/config.
 */

/* A configuration of two keys, whose files are in our directory. */
static struct config *
parse(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "listen on 127.0.0.1 port 0\n"
	    "tls ca %s/ca\ntls certificate %s/crt key %s/key\n"
	    "key one file %s/one\nkey two file %s/two\n"
	    "allow client a key two chain { 1 2 }\n"
	    "allow client b key one method transaction\n%s",
	    dir, dir, dir, dir, dir, more);
	return (config_parse(write_file("conf", text)));
}

static void
test_struct(void **state)
{
	const struct config_rule *a, *b;
	struct config *conf;
	struct u256 two;
	struct config_key *key;

	(void)state;
	conf = parse("allow client c key one method block-payload chain 1 "
	    "max-fee 1 wei\n");
	assert_null(conf);
	conf = parse("allow client c key one method transaction to "
	    "0x0102030405060708090a0b0c0d0e0f1011121314 max-fee 0x0\n");
	assert_non_null(conf);
	assert_int_equal(conf->nkeys, 2);
	assert_int_equal(conf->nrules, 3);
	key = STAILQ_FIRST(&conf->keys);
	assert_int_equal(key->index, 0);
	assert_string_equal(key->name, "one");
	key = STAILQ_NEXT(key, entry);
	assert_int_equal(key->index, 1);
	assert_string_equal(key->name, "two");
	assert_null(STAILQ_NEXT(key, entry));
	assert_null(conf->crl.path);

	a = STAILQ_FIRST(&conf->rules);
	u256_from_u64(&two, 2);
	assert_string_equal(a->rule.client, "a");
	assert_int_equal(a->rule.key, 1);
	assert_int_equal(a->rule.methods, RULE_METHODS);
	assert_int_equal(a->rule.has, 0);
	assert_int_equal(a->rule.nchains, 2);
	assert_int_equal(u256_cmp(&a->rule.chains[1], &two), 0);
	assert_int_equal(a->rule.ndomains, 0);
	assert_int_equal(a->line, 6);

	b = STAILQ_NEXT(a, entry);
	assert_int_equal(b->rule.key, 0);
	assert_int_equal(b->rule.methods, RULE_TRANSACTION);
	assert_int_equal(b->rule.nchains, 0);
	b = STAILQ_NEXT(b, entry);
	assert_int_equal(b->rule.has, RULE_TO | RULE_MAXFEE);
	assert_int_equal(b->rule.nto, 1);
	assert_int_equal(b->rule.to[0][19], 0x14);
	assert_true(u256_is_zero(&b->rule.max_fee));
	config_free(conf);
	config_free(NULL);
}

static void
test_open(void **state)
{
	const struct config_key *key;
	struct config *conf;
	int fd;

	(void)state;
	conf = parse("");
	assert_non_null(conf);
	assert_int_equal(conf->ca.fd, -1);
	assert_int_equal(config_open(conf), 0);
	check_file(&conf->ca, "ca");
	check_file(&conf->cert, "crt");
	check_file(&conf->key, "key");
	assert_int_equal(conf->crl.fd, -1);
	key = STAILQ_FIRST(&conf->keys);
	check_file(&key->file, "one");
	fd = key->file.fd;
	check_file(&STAILQ_NEXT(key, entry)->file, "two");
	config_close(conf);
	assert_int_equal(key->file.fd, -1);
	assert_int_equal(conf->ca.fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	/* Again, and left to config_free. */
	assert_int_equal(config_open(conf), 0);
	fd = conf->key.fd;
	config_free(conf);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static void
test_proxies(void **state)
{
	const struct config_proxy *same, *own;
	const struct config_rule *rule;
	struct config *conf;
	char text[1024];
	int fd;

	(void)state;
	snprintf(text, sizeof(text),
	    "proxy same { url wss://a.example:9989/ws }\n"
	    "proxy own {\nurl \"wss://[::1]\" tls name b.example\n"
	    "tls ca %s/one\ntls certificate %s/two key %s/one }\n"
	    "nameserver ::1 port 5353\n"
	    "allow via own key one method transaction\n"
	    "allow via same client c key one method transaction\n",
	    dir, dir, dir);
	conf = parse(text);
	assert_non_null(conf);
	assert_int_equal(conf->nproxies, 2);
	assert_int_equal(conf->nnameservers, 1);
	assert_int_equal(STAILQ_FIRST(&conf->nameservers)->port, 5353);
	same = STAILQ_FIRST(&conf->proxies);
	own = STAILQ_NEXT(same, entry);
	assert_string_equal(same->host, "a.example");
	assert_int_equal(same->port, 9989);
	assert_string_equal(same->target, "/ws");
	assert_string_equal(same->tlsname, "a.example");
	assert_int_equal(same->index, 0);
	assert_string_equal(own->host, "::1");
	assert_int_equal(own->port, 443);
	assert_string_equal(own->target, "/");
	assert_string_equal(own->tlsname, "b.example");
	assert_int_equal(own->index, 1);
	rule = STAILQ_FIRST(&conf->rules);
	assert_int_equal(rule->rule.via, 0);
	rule = STAILQ_NEXT(STAILQ_NEXT(rule, entry), entry);
	assert_int_equal(rule->rule.via, 2);
	assert_string_equal(rule->rule.client, "");
	rule = STAILQ_NEXT(rule, entry);
	assert_int_equal(rule->rule.via, 1);
	assert_string_equal(rule->rule.client, "c");

	/* Each has descriptors, and offsets, of its own. */
	assert_int_equal(same->ca.fd, -1);
	assert_int_equal(config_open(conf), 0);
	check_file(&conf->ca, "ca");
	check_file(&same->ca, "ca");
	check_file(&same->cert, "crt");
	check_file(&same->key, "key");
	assert_int_equal(same->crl.fd, -1);
	check_file(&own->ca, "one");
	check_file(&own->cert, "two");
	check_file(&own->key, "one");
	fd = own->key.fd;
	config_close(conf);
	assert_int_equal(own->key.fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	config_free(conf);
}

static void
test_open_fault(void **state)
{
	const struct config_key *key;
	struct config *conf;

	(void)state;
	assert_int_equal(chmod(write_file("one", "one"), 0640), 0);
	conf = parse("");
	assert_non_null(conf);
	assert_int_equal(config_open(conf), -1);
	key = STAILQ_FIRST(&conf->keys);
	/* Nobody gets a descriptor that was found fault with. */
	assert_int_equal(key->file.fd, -1);
	assert_int_not_equal(STAILQ_NEXT(key, entry)->file.fd, -1);
	config_free(conf);
	assert_int_equal(chmod(write_file("one", "one"), 0600), 0);
}

static int
option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return (value);
}

static void
test_bind(void **state)
{
	const struct config_listen *listener;
	struct sockaddr_in sin;
	struct config *conf;
	socklen_t len = sizeof(sin);
	int fd;

	(void)state;
	conf = parse("");
	assert_non_null(conf);
	listener = STAILQ_FIRST(&conf->listens);
	assert_int_equal(listener->fd, -1);
	assert_int_equal(config_bind(conf), 0);
	fd = listener->fd;
	assert_int_not_equal(fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_int_not_equal(option(fd, SOL_SOCKET, SO_REUSEADDR), 0);
	assert_int_not_equal(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(sin.sin_family, AF_INET);
	assert_int_not_equal(listener->port, 0);
	assert_int_equal(ntohs(sin.sin_port), listener->port);
	config_close(conf);
	assert_int_equal(listener->fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	config_free(conf);
}

static void
test_bind_ipv6(void **state)
{
	const struct config_listen *listener;
	struct config *conf;
	int fd;

	(void)state;
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd == -1)
		skip();
	close(fd);
	conf = parse("listen on ::1 port 0\n");
	assert_non_null(conf);
	listener = STAILQ_NEXT(STAILQ_FIRST(&conf->listens), entry);
	if (config_bind(conf) == -1) {
		config_free(conf);
		skip();
	}
	assert_int_not_equal(option(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY),
	    0);
	assert_int_not_equal(listener->port, 0);
	config_free(conf);
}

static const char *const files[] = {
	"ca", "crt", "key", "one", "two",
	"conf", NULL
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
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_proxies),
		cmocka_unit_test(test_open_fault),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_bind_ipv6)
	};

	return (cmocka_run_group_tests_name("config", tests, setup,
	    teardown));
}
