/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/gather.o common/metrics_set.o common/list.o common/metrics.o common/metrics_table.o
 * common/histogram.o common/resident.o proxyd/parent.o proxyd/parent_metrics.o proxyd/setup.o proxyd/relaymsg.o
 * proxyd/relaymsg_rule.o common/children.o common/loop.o common/faults.o
 * common/notify.o common/reload.o common/report.o common/watchdog.o
 * common/msgfield.o common/imsgev.o common/proc.o common/log.o
 * common/log_render.o common/hex.o common/u256.o compat/imsg.o
 * compat/imsg-buffer.o */
/* libs: libevent */

#include <signal.h>

#include "common/daemon.h"
#include "proxyd/parent.h"
#include "proxyd/relaymsg.h"
#include "regress/unit/parent_alone.h"
#include "regress/unit/roles.h"

static const char *const	 names[] = { "relay", NULL };

/* There is no reload here. */
const struct reload_cb		 parent_reload_cb;

enum log_level
daemon_level(const struct daemon_options *o, enum log_level level)
{
	(void)o;
	return (level);
}

/* ---- relay ------------------------------------------------------------ */

static char	 signer_name[CONFIG_NAME_MAX + 1];

static void
file_told(struct imsg *imsg)
{
	enum tlsfile	 kind;
	char		 text[16] = "";
	int		 fd;

	if (relaymsg_get_file(imsg, &kind, &fd) == -1 ||
	    read(fd, text, sizeof(text) - 1) <= 0)
		_exit(6);
	log_info("file %d %s", (int)kind, text);
	close(fd);
}

static void
send_error(uint32_t index, enum tlsfile file, enum tlsfile_severity severity)
{
	struct relay_error	 e;

	memset(&e, 0, sizeof(e));
	e.index = index;
	e.file = file;
	e.severity = severity;
	snprintf(e.text, sizeof(e.text), "no \033good");
	relaymsg_send_error(&role_ibuf, &e);
}

/* What it does hangs on the signer's name. */
static void
relay_start(void)
{
	enum relay_msg	 answer = RELAY_READY;

	log_info("starts");
	if (strcmp(signer_name, "faulty") == 0) {
		send_error(0, TLSFILE_CERT, TLSFILE_FAULT);
		send_error(1, TLSFILE_CERT, TLSFILE_FAULT);
		answer = RELAY_FAILED;
	} else if (strcmp(signer_name, "warned") == 0)
		send_error(1, TLSFILE_CA, TLSFILE_WARNING);
	else if (strcmp(signer_name, "nowhere") == 0)
		send_error(2, TLSFILE_CA, TLSFILE_WARNING);
	else if (strcmp(signer_name, "nofile") == 0)
		send_error(1, TLSFILE_CRL, TLSFILE_WARNING);
	else if (strcmp(signer_name, "silent") == 0)
		role_leave();
	else if (strcmp(signer_name, "twice") == 0)
		relaymsg_send(&role_ibuf, RELAY_READY);
	relaymsg_send(&role_ibuf, answer);
}

static void
lists_told(struct imsg *imsg)
{
	struct relay_piece	 rp;

	if (relaymsg_get_list(imsg, &rp) == -1)
		_exit(6);
	log_info("list %d of %u", (int)rp.list, rp.count);
}

static void
relay_role(struct imsg *imsg)
{
	static struct relay_config	 rc;
	static struct relay_signer	 rs;
	static struct relay_rule	 rr;
	struct relay_listen		 rl;
	int				 fd, r = 0;

	switch (imsg_get_type(imsg)) {
	case RELAY_CONFIG:
		r = relaymsg_get_config(imsg, &rc);
		log_info("config %u %u %s", rc.limits.timeout_stable,
		    rc.hedge, rc.protocols);
		break;
	case RELAY_LISTEN:
		r = relaymsg_get_listen(imsg, &rl, &fd);
		log_info("listen %u %s %s", rl.index, config_whom_name(rl.whom),
		    fd == -1 ? "without" : "with");
		break;
	case RELAY_FILE:
		file_told(imsg);
		break;
	case RELAY_SIGNER:
		r = relaymsg_get_signer(imsg, &rs);
		log_info("signer %u %s %s", rs.index, rs.name, rs.certname);
		memcpy(signer_name, rs.name, sizeof(signer_name));
		break;
	case RELAY_RULE:
		r = relaymsg_get_rule(imsg, &rr);
		log_info("rule %u %s", rr.index, rr.rule.client);
		break;
	case RELAY_LIST:
		lists_told(imsg);
		break;
	case RELAY_START:
		relay_start();
		break;
	case RELAY_STOP:
		log_info("stops");
		role_leave();
	}
	if (r == -1)
		_exit(6);
}

/* ---- A configuration -------------------------------------------------- */

struct want {
	bool		 check;
	const char	*signer;
};

static struct config		 config;
static struct config_listen	 listens[2];
static struct config_signer	 signer;
static struct config_rule	 rules[2];
static uint8_t			 addresses[2][ADDRESS_SIZE];
static uint32_t			 indices[1];

static void
add_listen(struct config_listen *l, bool signers, bool check)
{
	static char	 host[] = "::1";

	memset(l, 0, sizeof(*l));
	l->host = host;
	l->whom = signers ? WHOM_SIGNERS : WHOM_CLIENTS;
	l->fd = check ? -1 : open_with("");
	give_file(&l->ca, "ca.crt", "CA");
	give_file(&l->cert, "tls.crt", "CERT");
	give_file(&l->key, "tls.key", "KEY");
	l->crl.fd = -1;
	STAILQ_INSERT_TAIL(&config.listens, l, entry);
}

static void
fill_config(const struct want *w)
{
	size_t	 i;

	memset(&config, 0, sizeof(config));
	STAILQ_INIT(&config.listens);
	STAILQ_INIT(&config.signers);
	STAILQ_INIT(&config.rules);
	config.protocols = (char *)(uintptr_t)"tlsv1.3";
	config.limits.timeout_stable = 5000;
	config.hedge = 100;
	add_listen(&listens[0], false, w->check);
	add_listen(&listens[1], true, w->check);
	memset(&signer, 0, sizeof(signer));
	signer.name = (char *)(uintptr_t)w->signer;
	signer.certname = (char *)(uintptr_t)"signer.example";
	signer.methods = RULE_METHODS;
	signer.addresses = addresses;
	signer.naddresses = 2;
	STAILQ_INSERT_TAIL(&config.signers, &signer, entry);
	for (i = 0; i < 2; i++) {
		memset(&rules[i], 0, sizeof(rules[i]));
		rules[i].rule.methods = RULE_PAYLOAD;
		snprintf(rules[i].rule.client, sizeof(rules[i].rule.client),
		    "client%zu", i);
		STAILQ_INSERT_TAIL(&config.rules, &rules[i], entry);
	}
	rules[1].signers = indices;
	rules[1].nsigners = 1;
}

static void
do_run(void *arg)
{
	static struct parent	 parent;
	struct proc_user	 user = { 0, 0, NULL };
	const struct want	*w = arg;

	log_init("proxyd");
	log_set_level(LOG_LVL_INFO);
	log_set_rate(1000);
	fill_config(w);
	parent.config = &config;
	parent.set.libexec = libexec;
	parent.set.check = w->check;
	_exit(parent_run(&parent, &user));
}

static void
run_want(struct forked *r, bool check, const char *name)
{
	struct want	 w = { check, name };

	forked_run(r, do_run, &w);
}

/* ---- Tests ------------------------------------------------------------ */

static void
all_is_well(void **state)
{
	static const char *const	 told[] = {
		"process=proxyd msg=started child=relay",
		"process=relay msg=\"config 5000 100 tlsv1.3\"",
		"process=relay msg=\"listen 0 clients with\"",
		"process=relay msg=\"file 0 CA\"",
		"process=relay msg=\"file 1 CERT\"",
		"process=relay msg=\"file 2 KEY\"",
		"process=relay msg=\"listen 1 signers with\"",
		"process=relay msg=\"file 0 CA\"",
		"process=relay msg=\"signer 0 hq signer.example\"",
		"process=relay msg=\"list 0 of 2\"",
		"process=relay msg=\"rule 0 client0\"",
		"process=relay msg=\"rule 1 client1\"",
		"process=relay msg=\"list 4 of 1\"",
		"process=relay msg=starts", "process=proxyd msg=ready",
		"msg=\"stopping: ", "process=relay msg=stops",
		"process=proxyd msg=stopped", NULL
	};
	struct forked			 r;

	(void)state;
	run_want(&r, false, "hq");
	left_with(&r, 0);
	in_order(&r, told);
}

static void
checking(void **state)
{
	struct forked	 r;

	(void)state;
	run_want(&r, true, "hq");
	left_with(&r, 0);
	has(&r, "process=relay msg=\"listen 1 signers without\"");
	has(&r, "process=relay msg=starts");
	has_not(&r, "process=proxyd");
	has_not(&r, "stops");
}

/* Both sockets have that file: it is said once. */
static void
faults(void **state)
{
	struct forked	 r;
	int		 check;

	(void)state;
	for (check = 0; check < 2; check++) {
		run_want(&r, check == 1, "faulty");
		left_with(&r, 1);
		assert_int_equal(count_of(&r, "test.conf:7: tls.crt: no "
		    "?good\n"), 1);
		has_not(&r, "msg=ready");
	}
	run_want(&r, true, "warned");
	left_with(&r, 0);
	has(&r, "test.conf:7: warning: ca.crt: no ?good\n");
	run_want(&r, false, "warned");
	left_with(&r, 0);
	has(&r, "level=warn process=proxyd msg=\"test.conf:7: ca.crt: no "
	    "?good\"");
	has(&r, "msg=ready");
}

static void
lying_relay(void **state)
{
	static const char *const	 lies[] = { "nowhere", "nofile" };
	struct forked			 r;
	size_t				 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		run_want(&r, false, lies[i]);
		left_with(&r, 1);
		has(&r, "a message of relay that was not expected");
	}
	run_want(&r, false, "twice");
	left_with(&r, 1);
	has(&r, "a message of relay that was not expected");
	run_want(&r, false, "silent");
	left_with(&r, 1);
	has(&r, "msg=\"child died\" child=relay");
}

static int
setup(void **state)
{
	(void)state;
	make_libexec(names);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	remove_libexec(names);
	return (0);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(checking),
		cmocka_unit_test(faults),
		cmocka_unit_test(lying_relay),
	};

	if (strcmp(argv[0], names[0]) == 0)
		role_run(argc, argv, relay_role);
	return (cmocka_run_group_tests_name("proxydparent", tests, setup,
	    teardown));
}
