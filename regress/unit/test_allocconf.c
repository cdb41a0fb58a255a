/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: regress/unit/alloc.o regress/faults/memory.o signerd/parse.o
 * signerd/audit_file.o signerd/config_audit.o
 * signerd/config.o signerd/config_print.o signerd/config_proxy.o
 * signerd/config_started.o common/report.o
 * signerd/config_rule.o signerd/config_setting.o signerd/files.o
 * common/url.o common/conf.o common/conf_amount.o common/conf_file.o
 * common/conf_print.o common/conf_rule.o common/conf_setting.o
 * common/conf_words.o common/lexer.o common/lexer_file.o
 * common/lexer_macro.o common/hex.o common/u256.o keyd/payload.o keyd/rule.o
 * common/log.o common/log_render.o compat/imsg.o compat/imsg-buffer.o */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signerd/config.h"
#include "regress/unit/alloc_conf.h"

/* signerd.conf(5), while memory runs out: all of it is the start's. */

static const char	 text[] =
    "name = \"a.example\"\n"
    "listen on 127.0.0.1 port 0\n"
    "tls ca \"/ca.crt\"\n"
    "tls certificate \"/tls.crt\" key \"/tls.key\"\n"
    "key \"k\" file \"/k.pem\"\n"
    "proxy \"edge\" {\n"
    "	url \"wss://proxy.example:9989/ws\"\n"
    "	tls certificate \"/l.crt\" key \"/l.key\"\n"
    "}\n"
    "timeout { request 1 s keyd 500 ms }\n"
    "allow client $name key \"k\" chain { 10 8453 } to {\n"
    "	0x1111111111111111111111111111111111111111 } max-value 1 ether\n"
    "allow via \"edge\" client b key \"k\" chain 10 domain any\n";

static void
configurations(void **state)
{
	struct alloc_conf	 ac = { text, sizeof(text) - 1, 2, "" };

	(void)state;
	assert_true(alloc_conf_each(&ac) >= 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations),
	};

	return (cmocka_run_group_tests_name("allocconf", tests, NULL, NULL));
}
