/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/dial_files.o signerd/dial_address.o */

#include <arpa/inet.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "regress/unit/rnd.h"
#include "signerd/dial_files.h"

/* ---- Addresses ------------------------------------------------------- */

static void
test_server(void **state)
{
	static const struct {
		const char	*text;
		const char	*means;		/* NULL: nothing */
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1:53" },
		{ "127.0.0.1:5353", "127.0.0.1:5353" },
		{ "127.0.0.1:65535", "127.0.0.1:65535" },
		{ "[127.0.0.1]:5353", "127.0.0.1:5353" },
		{ "::1", "[::1]:53" },
		{ "[::1]", "[::1]:53" },
		{ "[::1]:1", "[::1]:1" },
		{ "2001:db8::1", "[2001:db8::1]:53" },
		{ "::ffff:127.0.0.1", "[::ffff:127.0.0.1]:53" },
		{ "fe80::1%2", "[fe80::1%2]:53" },
		{ "[fe80::1%4294967295]:5353", "[fe80::1%4294967295]:5353" },
		{ "", NULL },
		{ ":", NULL },
		{ ":53", NULL },
		{ "[]", NULL },
		{ "[", NULL },
		{ "[::1", NULL },
		{ "[::1]5", NULL },
		{ "[::1]:", NULL },
		{ "::1]", NULL },
		{ "127.0.0.1:", NULL },
		{ "127.0.0.1:0", NULL },
		{ "127.0.0.1:65536", NULL },
		{ "127.0.0.1:99999999999999999999", NULL },
		{ "127.0.0.1:+5", NULL },
		{ "127.0.0.1:5 ", NULL },
		{ "127.0.0.1:5:6", NULL },
		{ "127.1", NULL },
		{ "127.0.0.01x", NULL },
		{ "0x7f.0.0.1", NULL },
		{ "localhost", NULL },
		{ "fe80::1%eth0", NULL },
		{ "fe80::1%", NULL },
		{ "fe80::1%0", NULL },
		{ "fe80::1%4294967296", NULL },
		{ "127.0.0.1%2", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "0000000000000000000000000000000000000000000000000000000"
		  "0000000000000000000000000000000000000000000000000000000"
		  ":1", NULL },
	};
	struct dial_address	 a;
	char			 text[DIAL_PEER_MAX + 1];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (dial_server_parse(cases[i].text, 53, &a) == -1) {
			if (cases[i].means != NULL)
				fail_msg("%s: refused", cases[i].text);
			continue;
		}
		dial_address_text(&a, text);
		if (cases[i].means == NULL)
			fail_msg("%s: taken for %s", cases[i].text, text);
		assert_string_equal(text, cases[i].means);
	}
	/* A plain address has neither brackets nor a port. */
	assert_int_equal(dial_address_parse("[::1]", 1, &a), -1);
	assert_int_equal(dial_address_parse("127.0.0.1:53", 1, &a), -1);
	assert_int_equal(dial_address_parse("::1", 1, &a), 0);
	assert_int_equal(a.len, sizeof(struct sockaddr_in6));
	assert_int_equal(dial_address_parse("10.0.0.1", 1, &a), 0);
	assert_int_equal(a.len, sizeof(struct sockaddr_in));
}

static void
test_set(void **state)
{
	static const unsigned char	 bytes[16] = {
		0x20, 0x01, 0x0d, 0xb8, [15] = 9
	};
	struct dial_addresses		 all;
	struct dial_address		 a;
	char				 text[DIAL_PEER_MAX + 1];
	int				 i;

	(void)state;
	dial_address_set(&a, AF_INET6, bytes, 443);
	dial_address_text(&a, text);
	assert_string_equal(text, "[2001:db8::9]:443");
	dial_address_set(&a, AF_INET, bytes, 9989);
	dial_address_text(&a, text);
	assert_string_equal(text, "32.1.13.184:9989");
	all.n = 0;
	for (i = 0; i < 40; i++)
		dial_addresses_add(&all, &a);
	assert_int_equal(all.n, DIAL_MAXADDRESSES);
}

/* ---- resolv.conf ----------------------------------------------------- */

static struct dial_resolvconf	 conf;

/* In memory of exactly that size, so that a sanitizer sees more. */
static void
parse_bytes(const char *text, size_t len)
{
	char	*copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, text, len);
	memset(&conf, 0xff, sizeof(conf));
	dial_resolvconf_parse(copy, len, &conf);
	free(copy);
}

static void
parse(const char *text)
{
	parse_bytes(text, strlen(text));
}

static const char *
server(uint32_t i)
{
	static char	 text[DIAL_PEER_MAX + 1];

	assert_true(i < conf.nservers);
	dial_address_text(&conf.servers[i], text);
	return (text);
}

static void
test_defaults(void **state)
{
	static const char	*empty[] = {
		"", "\n", "\n\n\n", "# nameserver 192.0.2.1\n",
		"; nameserver 192.0.2.1", " \t\r\n", "nonsense\n",
		"nameservers 192.0.2.1\n", "NAMESERVER 192.0.2.1\n",
		"options\nsearch\ndomain\n", "sortlist 1.2.3.4\n"
	};
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		parse(empty[i]);
		assert_int_equal(conf.nservers, 1);
		assert_string_equal(server(0), "127.0.0.1:53");
		assert_int_equal(conf.nsearch, 0);
		assert_int_equal(conf.ndots, 1);
		assert_int_equal(conf.timeout, 5);
		assert_int_equal(conf.attempts, 2);
	}
}

static void
test_servers(void **state)
{
	(void)state;
	parse("nameserver 192.0.2.1\r\n"
	    "\tnameserver\t 2001:db8::1   # and a word\n"
	    "nameserver 192.0.2.3");
	assert_int_equal(conf.nservers, 3);
	assert_string_equal(server(0), "192.0.2.1:53");
	assert_string_equal(server(1), "[2001:db8::1]:53");
	assert_string_equal(server(2), "192.0.2.3:53");

	/* Three, as in the libc; those that are none do not count. */
	parse("nameserver x\nnameserver\nnameserver 192.0.2.1\n"
	    "nameserver [192.0.2.2]:5353\nnameserver 192.0.2.3\n"
	    "nameserver 192.0.2.4\n");
	assert_int_equal(conf.nservers, 3);
	assert_string_equal(server(0), "192.0.2.1:53");
	assert_string_equal(server(1), "192.0.2.2:5353");

	/* Named, but of no use: not the default. */
	parse("nameserver fe80::1%eth0\n");
	assert_int_equal(conf.nservers, 0);
	parse("nameserver\n");
	assert_int_equal(conf.nservers, 0);
}

static void
test_search(void **state)
{
	char	 text[4096];
	size_t	 i;

	(void)state;
	parse("search a.example B.example. .c.example .\n");
	assert_int_equal(conf.nsearch, 3);
	assert_string_equal(conf.search[0], "a.example");
	assert_string_equal(conf.search[1], "B.example");
	assert_string_equal(conf.search[2], "c.example");

	/* The last line counts; a domain is one. */
	parse("search a b\ndomain c d\n");
	assert_int_equal(conf.nsearch, 1);
	assert_string_equal(conf.search[0], "c");
	parse("domain c\nsearch a b\n");
	assert_int_equal(conf.nsearch, 2);
	parse("search a b\nsearch\n");
	assert_int_equal(conf.nsearch, 0);

	parse("search 1 2 3 4 5 6 7 8\n");
	assert_int_equal(conf.nsearch, DIAL_MAXSEARCH);
	assert_string_equal(conf.search[5], "6");

	/* One of 253 bytes, and one that is longer. */
	i = (size_t)snprintf(text, sizeof(text), "search ");
	memset(text + i, 'x', 253);
	text[i + 253] = ' ';
	memset(text + i + 254, 'y', 254);
	memcpy(text + i + 254 + 254, " z\n", 4);
	parse(text);
	assert_int_equal(conf.nsearch, 2);
	assert_int_equal(strlen(conf.search[0]), 253);
	assert_string_equal(conf.search[1], "z");
}

static void
test_options(void **state)
{
	(void)state;
	parse("options ndots:5 timeout:1 attempts:3 rotate edns0\n");
	assert_int_equal(conf.ndots, 5);
	assert_int_equal(conf.timeout, 1);
	assert_int_equal(conf.attempts, 3);
	parse("options ndots:0\noptions attempts:1");
	assert_int_equal(conf.ndots, 0);
	assert_int_equal(conf.attempts, 1);
	parse("options ndots:99999999999999 timeout:4294967297 attempts:6");
	assert_int_equal(conf.ndots, 15);
	assert_int_equal(conf.timeout, 30);
	assert_int_equal(conf.attempts, 5);
	parse("options timeout:0 attempts:0");
	assert_int_equal(conf.timeout, 1);
	assert_int_equal(conf.attempts, 1);
	parse("options ndots: ndots:-1 ndots:x ndots:3x timeout: attempts:");
	assert_int_equal(conf.ndots, 1);
	assert_int_equal(conf.timeout, 5);
	assert_int_equal(conf.attempts, 2);
}

static void
test_conf_hostile(void **state)
{
	static const char	 nul[] =
		"nameserver 192.0.2.1\0.2\nnameserver 192.0.2.9\n";
	static const char	 words[] =
		"nameserver search domain options ndots: ::1 1.2.3.4 \n \n\0#";
	char			 text[512];
	size_t			 i, len;
	int			 n;

	(void)state;
	parse_bytes(nul, sizeof(nul) - 1);
	assert_int_equal(conf.nservers, 1);
	assert_string_equal(server(0), "192.0.2.9:53");
	seed = 20261122;
	for (n = 0; n < 20000; n++) {
		len = (size_t)n % sizeof(text);
		for (i = 0; i < len; i++)
			text[i] = words[rnd(sizeof(words))];
		parse_bytes(text, len);
		assert_true(conf.nservers <= DIAL_MAXLISTED);
		assert_true(conf.nsearch <= DIAL_MAXSEARCH);
		assert_true(conf.ndots <= 15 && conf.timeout >= 1 &&
		    conf.attempts >= 1);
	}
}

/* ---- hosts ----------------------------------------------------------- */

static struct dial_addresses	 in6, in;

static bool
find_bytes(const char *text, size_t len, const char *name)
{
	char	*copy = malloc(len > 0 ? len : 1);
	bool	 found;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, text, len);
	in6.n = in.n = 0;
	found = dial_hosts_find(copy, len, name, 9989, &in6, &in);
	free(copy);
	assert_int_equal(found, in6.n + in.n > 0);
	return (found);
}

static bool
find(const char *text, const char *name)
{
	return (find_bytes(text, strlen(text), name));
}

static const char *
first(const struct dial_addresses *a)
{
	static char	 text[DIAL_PEER_MAX + 1];

	assert_true(a->n > 0);
	dial_address_text(&a->address[0], text);
	return (text);
}

static void
test_hosts(void **state)
{
	static const char	 file[] =
		"127.0.0.1\tlocalhost\n"
		"# 192.0.2.9 proxy.example\n"
		"192.0.2.1 Proxy.Example alias # other\n"
		"  2001:db8::1\t\tproxy.example.\r\n"
		"192.0.2.2 xproxy.example proxy.examplex proxy\n"
		"192.0.2.3 a b#c d\n"
		"192.0.2.4 proxy.example";

	(void)state;
	assert_true(find(file, "proxy.example"));
	assert_int_equal(in.n, 2);
	assert_int_equal(in6.n, 1);
	assert_string_equal(first(&in), "192.0.2.1:9989");
	assert_string_equal(first(&in6), "[2001:db8::1]:9989");
	assert_true(find(file, "PROXY.EXAMPLE."));
	assert_int_equal(in.n, 2);
	assert_true(find(file, "alias"));
	assert_true(find(file, "proxy"));
	assert_string_equal(first(&in), "192.0.2.2:9989");
	assert_true(find(file, "b"));
	assert_false(find(file, "other"));
	assert_false(find(file, "#"));
	assert_false(find(file, "c"));
	assert_false(find(file, "d"));
	assert_false(find(file, "prox"));
	assert_false(find(file, "example"));
	assert_false(find(file, "192.0.2.1"));
	assert_false(find(file, ""));
	assert_false(find(file, "."));
	assert_false(find("", "proxy.example"));
}

static void
test_localhost(void **state)
{
	(void)state;
	assert_true(find("", "localhost"));
	assert_string_equal(first(&in), "127.0.0.1:9989");
	assert_string_equal(first(&in6), "[::1]:9989");
	assert_true(find("", "LocalHost."));
	assert_true(find("192.0.2.1 localhost\n", "localhost"));
	assert_string_equal(first(&in), "192.0.2.1:9989");
	assert_int_equal(in6.n, 0);
	assert_false(find("", "localhost.example"));
}

static void
test_hosts_hostile(void **state)
{
	static const char	 nul[] =
		"192.0.2.1 x\0y z\n192.0.2.2\0 z\n192.0.2.3 z\n";
	char			*big;
	size_t			 i;

	(void)state;
	assert_false(find("localhost proxy\n", "proxy"));
	assert_false(find("192.0.2.1:80 proxy\n", "proxy"));
	assert_false(find("[::1] proxy\n", "proxy"));
	assert_false(find("fe80::1%eth0 proxy\n", "proxy"));
	assert_false(find("192.0.2.256 proxy\n192.0.2 proxy\n", "proxy"));
	assert_false(find("192.0.2.1", "proxy"));
	assert_true(find_bytes(nul, sizeof(nul) - 1, "z"));
	assert_int_equal(in.n, 2);
	assert_false(find_bytes(nul, sizeof(nul) - 1, "x"));

	/* One line, one word; then sixteen of many. */
	big = malloc(1 << 20);
	assert_non_null(big);
	memset(big, 'x', 1 << 20);
	assert_false(find_bytes(big, 1 << 20, "x"));
	memset(big, ' ', 1 << 20);
	memcpy(big, "1.2.3.4", 7);
	big[(1 << 20) - 1] = 'y';
	assert_true(find_bytes(big, 1 << 20, "y"));
	for (i = 0; i < 100; i++)
		memcpy(big + i * 10, "1.2.3.4 y\n", 10);
	assert_true(find_bytes(big, 1000, "y"));
	assert_int_equal(in.n, DIAL_MAXADDRESSES);
	free(big);
}

/* ---- Reading --------------------------------------------------------- */

static char *
read_back(const char *text, size_t max, size_t *len, bool *cut)
{
	FILE	*f = tmpfile();
	char	*got;

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	rewind(f);
	got = dial_file_read(fileno(f), max, len, cut);
	fclose(f);
	assert_non_null(got);
	return (got);
}

static void
test_read(void **state)
{
	static const struct {
		const char	*text;
		size_t		 max, len;
		bool		 cut;
	} cases[] = {
		{ "", 10, 0, false },
		{ "0123456789", 10, 10, false },
		{ "01234\n6789", 10, 10, false },
		{ "01234\n67890", 10, 6, true },
		{ "01234\n678\n0", 10, 10, true },
		{ "0123456789x", 10, 10, true },
		{ "\n123456789x", 10, 1, true },
	};
	char	*got;
	size_t	 i, len;
	bool	 cut;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = read_back(cases[i].text, cases[i].max, &len, &cut);
		assert_int_equal(len, cases[i].len);
		assert_int_equal(cut, cases[i].cut);
		assert_memory_equal(got, cases[i].text, len);
		free(got);
	}
	assert_null(dial_file_read(-1, 10, &len, &cut));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_conf_hostile),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_localhost),
		cmocka_unit_test(test_hosts_hostile),
		cmocka_unit_test(test_read),
	};

	return (cmocka_run_group_tests_name("dialfiles", tests, NULL, NULL));
}
