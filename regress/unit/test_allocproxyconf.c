/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: regress/unit/alloc.o regress/faults/memory.o proxyd/parse.o
 * proxyd/config.o proxyd/config_listen.o proxyd/config_print.o
 * common/report.o
 * proxyd/config_rule.o proxyd/config_setting.o proxyd/config_signer.o
 * proxyd/config_use.o proxyd/advert.o common/list.o common/json.o
 * common/jsonscan.o common/conf.o common/conf_amount.o common/conf_file.o
 * common/conf_print.o common/conf_rule.o common/conf_setting.o
 * common/conf_words.o common/lexer.o common/lexer_file.o
 * common/lexer_macro.o common/hex.o common/u256.o keyd/payload.o keyd/rule.o
 * common/log.o common/log_render.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libcjson */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "proxyd/advert.h"
#include "proxyd/config.h"
#include "regress/unit/alloc_conf.h"

/*
 * What proxyd reads while memory runs out: what a signer says of itself, and
 * proxyd.conf(5), which is the start's.
 */

#define ADDRESS	"0x2222222222222222222222222222222222222222"

static const char	 text[] =
    "listen on 127.0.0.1 port 0\n"
    "signers on 127.0.0.1 port 0\n"
    "tls ca \"/ca.crt\"\n"
    "tls certificate \"/tls.crt\" key \"/tls.key\"\n"
    "signer \"hq\" name \"hq.example\" address { " ADDRESS " } \\\n"
    "	chain { 10 8453 }\n"
    "hedge after 100 ms\n"
    "allow client \"a.example\" chain 10 address { " ADDRESS " } \\\n"
    "	signer hq max-fee 1 gwei\n";

static struct json_doc *
parsed(const char *json)
{
	static const struct json_limits	 limits = { 64, 10000 };
	struct json_doc			*doc;

	alloc_pause();
	assert_int_equal(json_parse(&doc, json, strlen(json), &limits, NULL),
	    JSON_OK);
	alloc_resume();
	return (doc);
}

static bool
advert(void *arg)
{
	struct json_doc	*doc;
	struct advert	 a;
	char		 why[160];
	int		 r;

	doc = parsed(arg);
	r = advert_parse(&a, doc, json_root(doc), why, sizeof(why));
	if (r == -1)
		assert_int_equal(errno, ENOMEM);
	else
		assert_int_equal(a.nkeys, 1);
	advert_clear(&a);
	json_free(doc);
	return (r == 0);
}

static void
adverts(void **state)
{
	static char	 json[] = "{\"version\":1,\"software\":\"s\","
			    "\"keys\":[{\"address\":\"" ADDRESS "\","
			    "\"chains\":[\"0xa\"]}],\"features\":[],"
			    "\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,"
			    "\"f\":1,\"g\":1,\"h\":1,\"i\":1,"
			    "\"j\":1,\"k\":1,\"l\":1,\"m\":1}";

	(void)state;
	assert_int_equal(alloc_each(advert, json, 0), 2);
}

static void
configurations(void **state)
{
	struct alloc_conf	 ac = { text, sizeof(text) - 1, 1, "" };

	(void)state;
	assert_true(alloc_conf_each(&ac) >= 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adverts),
		cmocka_unit_test(configurations),
	};

	return (cmocka_run_group_tests_name("allocproxyconf", tests, NULL, NULL));
}
