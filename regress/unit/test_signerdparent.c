/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/parent_metrics.o common/resident.o common/gather.o common/metrics_set.o common/list.o common/metrics.o
 * common/metrics_table.o common/histogram.o signerd/setup_audit.o keyd/auditmsg.o
 * signerd/parent.o signerd/setup.o signerd/setup_link.o
 * signerd/setup_dialer.o signerd/linkmsg.o signerd/dialmsg.o
 * signerd/frontmsg.o common/children.o common/loop.o common/faults.o
 * common/notify.o common/reload.o common/report.o common/watchdog.o
 * common/msgfield.o
 * common/imsgev.o common/proc.o common/log.o common/log_render.o
 * common/hex.o common/u256.o keyd/keymsg.o keyd/keymsg_request.o
 * keyd/keymsg_rule.o keyd/request.o keyd/keyfile_error.o compat/imsg.o
 * compat/imsg-buffer.o */
/* libs: libevent */

#include <sys/stat.h>
#include <signal.h>

#include "keyd/keymsg.h"
#include "signerd/linkmsg.h"
#include "signerd/parent.h"
#include "regress/unit/parent_alone.h"
#include "regress/unit/roles.h"

static const char *const	 names[] = {
	"keyd", "frontend", "dialer", "link", NULL
};
static const uint8_t		 address[ADDRESS_SIZE] = { 0x37, 0xb7 };

struct config_proxy *
config_find_proxy(const struct config *config, const char *name)
{
	(void)config;
	(void)name;
	return (NULL);
}

/* Nothing is reloaded here. */
void
parent_reload_init(struct parent *p)
{
	static const struct reload_cb	 cb;

	reload_init(&p->reload, &p->set, &cb, p);
}

int
parent_watch_tell(struct parent *p, const struct config_proxy *which,
    const struct conf_file *file, enum tlsfile_severity severity,
    const char *text)
{
	(void)p;
	(void)which;
	(void)file;
	(void)severity;
	(void)text;
	return (-1);
}

/* ---- keyd ------------------------------------------------------------- */

/* What the second of several makes of it hangs on the key. */
static void
tell_address(struct imsg *imsg)
{
	struct keyd_address	 ka;
	bool			 second = strcmp(role_name, "keyd2") == 0;
	char			 text[16] = "";
	int			 fd;

	if (keymsg_get_key(imsg, &ka.key, &fd) == -1 ||
	    pread(fd, text, sizeof(text) - 1, 0) <= 0)
		_exit(6);
	close(fd);
	log_info("a key %s", text);
	memcpy(ka.address, address, ADDRESS_SIZE);
	if (second && strcmp(text, "other") == 0)
		ka.address[ADDRESS_SIZE - 1] ^= 1;
	if (!second || strcmp(text, "untold") != 0)
		keymsg_send_address(&role_ibuf, &ka);
	if (second && strcmp(text, "twice") == 0)
		keymsg_send_address(&role_ibuf, &ka);
	if (strcmp(text, second ? "second" : "first") == 0)
		keymsg_send_empty(&role_ibuf, KEYD_CHECKED);
}

static void
keyd_role(struct imsg *imsg)
{
	enum keyd_role		 role;
	int			 fd;

	switch (imsg_get_type(imsg)) {
	case KEYD_KEY:
		tell_address(imsg);
		break;
	case KEYD_CHANNEL:
		if (keymsg_get_channel(imsg, &role, &fd) == -1)
			_exit(6);
		log_info("a channel");
		break;
	case KEYD_END:
		log_info("answers");
		keymsg_send_ready(&role_ibuf);
		break;
	}
}

/* ---- frontend --------------------------------------------------------- */

static void
limits_told(struct imsg *imsg)
{
	struct front_config		 fc;
	const struct config_limits	*l = &fc.limits;

	if (frontmsg_get_config(imsg, &fc) == -1)
		_exit(6);
	log_info("limits %u %u %u %u %u place %u", l->max_connections,
	    l->max_per_address, l->max_queue, l->max_bodies, l->window,
	    l->place);
}

static void
frontend_role(struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case FRONT_CONFIG:
		limits_told(imsg);
		break;
	case FRONT_START:
		log_info("starts");
		frontmsg_send(&role_ibuf, FRONT_READY, -1);
		break;
	case FRONT_STOP:
		log_info("stops");
		role_leave();
	}
}

/* ---- dialer ----------------------------------------------------------- */

static unsigned int	 asked, resolvs, with_descriptor;
static bool		 dialer_repeats, dialer_silent, dialer_deaf;

static void
take_answer(struct imsg *imsg)
{
	int	 fd;

	if (dialmsg_get_file(imsg, &fd) == -1)
		_exit(6);
	if (fd != -1) {
		with_descriptor++;
		close(fd);
	}
	if (++resolvs < asked)
		dialmsg_send(&role_ibuf, DIAL_NEEDFILES, -1);
	else {
		log_info("%u answers, %u files", resolvs, with_descriptor);
		dialmsg_send(&role_ibuf, DIAL_READY, -1);
	}
}

/* What it does hangs on the host that it is to dial. */
static void
take_endpoint(struct imsg *imsg)
{
	struct dial_endpoint	 de;

	if (dialmsg_get_endpoint(imsg, &de) == -1)
		_exit(6);
	log_info("endpoint %u %s %u", de.index, de.host, de.port);
	if (strcmp(de.host, "flood.example") == 0)
		asked = 300;
	else if (strcmp(de.host, "deaf.example") == 0)
		dialer_deaf = true;
	dialer_repeats |= strcmp(de.host, "twice.example") == 0;
	dialer_silent |= strcmp(de.host, "silent.example") == 0;
}

static void
dialer_start(void)
{
	log_info("starts");
	if (asked > 0)
		dialmsg_send(&role_ibuf, DIAL_NEEDFILES, -1);
	else if (!dialer_silent && !dialer_deaf)
		dialmsg_send(&role_ibuf, DIAL_READY, -1);
	if (dialer_repeats)
		dialmsg_send(&role_ibuf, DIAL_READY, -1);
	/* And reads no answer. */
	while (dialer_deaf) {
		dialmsg_send(&role_ibuf, DIAL_NEEDFILES, -1);
		role_flush();
	}
	if (dialer_silent)
		role_leave();
}

static void
dialer_role(struct imsg *imsg)
{
	struct dial_config	 dc;
	uint32_t		 i;
	int			 fd;

	switch (imsg_get_type(imsg)) {
	case DIAL_CONFIG:
		if (dialmsg_get_config(imsg, &dc) == -1)
			_exit(6);
		log_info("timeout %u", dc.connect_timeout);
		for (i = 0; i < dc.nnameservers; i++)
			log_info("nameserver %s", dc.nameservers[i]);
		break;
	case DIAL_ENDPOINT:
		take_endpoint(imsg);
		break;
	case DIAL_CHANNEL:
		if (dialmsg_get_fd(imsg, &fd) == -1)
			_exit(6);
		if (write(fd, "hello", 5) != 5)
			_exit(7);
		break;
	case DIAL_START:
		dialer_start();
		break;
	case DIAL_RESOLVCONF:
		take_answer(imsg);
		break;
	}
}

/* ---- link ------------------------------------------------------------- */

static int	 dialer_fd = -1;

static void
link_proxy_told(struct imsg *imsg)
{
	struct link_proxy	 lp;
	struct link_error	 e;

	if (linkmsg_get_proxy(imsg, &lp) == -1)
		_exit(6);
	log_info("proxy %u %s %s%s %s %s", lp.index, lp.name, lp.host,
	    lp.target, lp.tlsname, lp.protocols);
	memset(&e, 0, sizeof(e));
	e.index = lp.index;
	e.file = TLSFILE_CERT;
	snprintf(e.text, sizeof(e.text), "no \033good");
	if (strcmp(lp.name, "nowhere") == 0)
		e.index = CONFIG_PROXIES - 1;
	else if (strcmp(lp.name, "nofile") == 0)
		e.file = TLSFILE_CRL;
	else if (strcmp(lp.name, "warned") == 0)
		e.severity = TLSFILE_WARNING;
	else if (strcmp(lp.name, "faulty") != 0)
		return;
	linkmsg_send_error(&role_ibuf, &e);
}

static void
link_file_told(struct imsg *imsg)
{
	enum tlsfile	 kind;
	uint32_t	 index;
	char		 text[16] = "";
	int		 fd;

	if (linkmsg_get_file(imsg, &index, &kind, &fd) == -1 ||
	    read(fd, text, sizeof(text) - 1) <= 0)
		_exit(6);
	log_info("file %u %d %s", index, (int)kind, text);
	close(fd);
}

static void
link_rule_told(struct imsg *imsg)
{
	struct keyd_rule	 kr;

	if (keymsg_get_rule(imsg, &kr) == -1)
		_exit(6);
	log_info("rule %u %s", kr.index, kr.rule.client);
}

/* What the dialer has said on their channel. */
static void
hear_dialer(void)
{
	struct pollfd	 pfd = { dialer_fd, POLLIN, 0 };
	char		 text[8] = "";

	if (dialer_fd == -1)
		return;
	(void)poll(&pfd, 1, -1);
	if (read(dialer_fd, text, sizeof(text) - 1) == -1)
		_exit(7);
	log_info("the dialer says %s", text);
}

static void
link_role(struct imsg *imsg)
{
	struct front_key	 fk;
	int			 fd;

	switch (imsg_get_type(imsg)) {
	case FRONT_KEY:
		if (frontmsg_get_key(imsg, &fk) == -1)
			_exit(6);
		log_info("key %s %02x%02x", fk.name, fk.address[0],
		    fk.address[1]);
		break;
	case LINK_PROXY:
		link_proxy_told(imsg);
		break;
	case LINK_FILE:
		link_file_told(imsg);
		break;
	case KEYD_RULE:
		link_rule_told(imsg);
		break;
	case FRONT_CHANNEL:
		if (frontmsg_get_fd(imsg, &fd) == -1)
			_exit(6);
		log_info("a channel");
		break;
	case FRONT_WORKER:
		if (frontmsg_get_fd(imsg, &fd) == -1)
			_exit(6);
		log_info("one more");
		break;
	case LINK_DIALER:
		if (linkmsg_get_dialer(imsg, &dialer_fd) == -1)
			_exit(6);
		break;
	case FRONT_START:
		hear_dialer();
		log_info("starts");
		frontmsg_send(&role_ibuf, FRONT_READY, -1);
		break;
	case FRONT_STOP:
		log_info("stops");
		role_leave();
	}
}

/* ---- A configuration -------------------------------------------------- */

struct want {
	bool		 listens;
	bool		 check;
	const char	*proxy;		/* names, or NULL: none */
	const char	*host;
	unsigned int	 workers;
	const char	*secret;	/* what is in the key's file */
	unsigned int	 prefork;
};

static struct config		 config;
static struct config_listen	 a_listen;
static struct config_key	 a_key;
static struct config_rule	 rules[3];
static struct config_proxy	 proxies[2];
static struct config_nameserver	 servers[2];

static void
add_proxy(struct config_proxy *proxy, const char *name, const char *host,
    uint16_t port)
{
	memset(proxy, 0, sizeof(*proxy));
	proxy->index = config.nproxies++;
	proxy->name = (char *)(uintptr_t)name;
	proxy->host = (char *)(uintptr_t)host;
	proxy->port = port;
	proxy->target = (char *)(uintptr_t)"/ws";
	proxy->tlsname = (char *)(uintptr_t)"tls.example";
	give_file(&proxy->ca, "ca.crt", "CA");
	give_file(&proxy->cert, "tls.crt", "CERT");
	give_file(&proxy->key, "tls.key", "KEY");
	proxy->crl.fd = -1;
	STAILQ_INSERT_TAIL(&config.proxies, proxy, entry);
}

static void
add_rules(void)
{
	size_t	 i;

	for (i = 0; i < 3; i++) {
		memset(&rules[i], 0, sizeof(rules[i]));
		rules[i].rule.via = i == 1 ? 0 : 1;
		rules[i].rule.methods = RULE_TRANSACTION;
		snprintf(rules[i].rule.client, sizeof(rules[i].rule.client),
		    "client%zu", i);
		STAILQ_INSERT_TAIL(&config.rules, &rules[i], entry);
		config.nrules++;
	}
}

static void
fill_config(const struct want *w)
{
	memset(&config, 0, sizeof(config));
	STAILQ_INIT(&config.listens);
	STAILQ_INIT(&config.metrics);
	STAILQ_INIT(&config.keys);
	STAILQ_INIT(&config.rules);
	STAILQ_INIT(&config.proxies);
	STAILQ_INIT(&config.nameservers);
	config.protocols = (char *)(uintptr_t)"tlsv1.3";
	config.limits.timeout_connect = 4321;
	config.limits.max_transaction = 65536;
	config.limits.max_connections = 11;
	config.limits.max_per_address = 5;
	config.limits.max_queue = 2;
	config.limits.max_bodies = 3000;
	config.limits.max_body = 300;
	config.prefork = w->prefork;
	give_file(&config.ca, "ca.crt", "CA");
	give_file(&config.cert, "tls.crt", "CERT");
	give_file(&config.key, "tls.key", "KEY");
	config.crl.fd = -1;
	config.workers = w->workers;
	give_file(&a_key.file, "key.pem", w->secret);
	a_key.name = (char *)(uintptr_t)"sequencer";
	STAILQ_INSERT_TAIL(&config.keys, &a_key, entry);
	config.nkeys = 1;
	a_listen.fd = -1;
	if (w->listens)
		STAILQ_INSERT_TAIL(&config.listens, &a_listen, entry);
	add_rules();
	if (w->proxy == NULL)
		return;
	add_proxy(&proxies[0], w->proxy, w->host, 443);
	add_proxy(&proxies[1], w->proxy, "::1", 9989);
	servers[0].host = (char *)(uintptr_t)"127.0.0.1";
	servers[0].port = 53;
	servers[1].host = (char *)(uintptr_t)"::1";
	servers[1].port = 5353;
	STAILQ_INSERT_TAIL(&config.nameservers, &servers[0], entry);
	STAILQ_INSERT_TAIL(&config.nameservers, &servers[1], entry);
}

static void
do_run(void *arg)
{
	static struct parent	 parent;
	struct proc_user	 user = { 0, 0, NULL };
	const struct want	*w = arg;
	int			 status;

	log_init("signerd");
	log_set_level(LOG_LVL_INFO);
	log_set_rate(1000);
	fill_config(w);
	parent.config = &config;
	parent.set.libexec = libexec;
	parent.set.check = w->check;
	begin_order();
	status = parent_run(&parent, &user, &user);
	end_order();
	_exit(status);
}

/* ---- Tests ------------------------------------------------------------ */

static void
run_want(struct forked *r, bool listens, bool check, const char *proxy,
    const char *host)
{
	struct want	 w = { listens, check, proxy, host, 1, "secret", 1 };

	forked_run(r, do_run, &w);
}

static void
four_children(void **state)
{
	static const char *const	 start[] = {
		"process=keyd msg=answers",
		"process=signerd msg=ready", "process=signerd msg=\"stopping: ",
		"process=signerd msg=stopped", NULL
	};
	static const char *const	 link_told[] = {
		"process=link msg=\"key sequencer 37b7\"",
		"process=link msg=\"proxy 0 edge host.example/ws "
		    "tls.example tlsv1.3\"",
		"process=link msg=\"file 0 0 CA\"",
		"process=link msg=\"file 0 1 CERT\"",
		"process=link msg=\"file 0 2 KEY\"",
		"process=link msg=\"proxy 1 edge [::1]:9989/ws",
		"process=link msg=\"file 1 2 KEY\"",
		"process=link msg=\"rule 0 client0\"",
		"process=link msg=\"rule 2 client2\"",
		"process=link msg=\"a channel\"",
		"process=link msg=\"the dialer says hello\"",
		"process=link msg=starts", "msg=ready",
		"process=link msg=stops", NULL
	};
	static const char *const	 dialer_told[] = {
		"process=keyd msg=answers",
		"process=dialer msg=\"timeout 4321\"",
		"process=dialer msg=\"nameserver 127.0.0.1:53\"",
		"process=dialer msg=\"nameserver [::1]:5353\"",
		"process=dialer msg=\"endpoint 0 host.example 443\"",
		"process=dialer msg=\"endpoint 1 ::1 9989\"",
		"process=dialer msg=starts", "msg=ready", NULL
	};
	struct forked			 r;

	(void)state;
	run_want(&r, true, false, "edge", "host.example");
	left_with(&r, 0);
	in_order(&r, start);
	in_order(&r, link_told);
	in_order(&r, dialer_told);
	has_not(&r, "client1");
	has(&r, "process=frontend msg=starts");
	has(&r, "process=frontend msg=stops");
	assert_int_equal(count_of(&r, "process=keyd msg=\"a channel\""), 2);
	assert_int_equal(count_of(&r, "msg=started "), 4);
	assert_true(strstr(r.text, "left: frontend link dialer keyd \n") ||
	    strstr(r.text, "left: link frontend dialer keyd \n"));
}

static void
without_proxies(void **state)
{
	struct forked	 r;

	(void)state;
	run_want(&r, true, false, NULL, NULL);
	left_with(&r, 0);
	assert_int_equal(count_of(&r, "msg=started "), 2);
	assert_int_equal(count_of(&r, "process=keyd msg=\"a channel\""), 1);
	has(&r, "process=frontend msg=\"limits 11 5 2 3000 0 place 0\"");
	has(&r, "process=frontend msg=stops");
}

static void
without_a_listener(void **state)
{
	struct forked	 r;

	(void)state;
	run_want(&r, false, false, "edge", "host.example");
	left_with(&r, 0);
	assert_int_equal(count_of(&r, "msg=started "), 3);
	assert_int_equal(count_of(&r, "process=keyd msg=\"a channel\""), 1);
	has_not(&r, "frontend");
	has(&r, "process=link msg=stops");
}

/* The link process checks its files; nothing is dialled. */
static void
checking(void **state)
{
	struct forked	 r;

	(void)state;
	run_want(&r, true, true, "edge", "host.example");
	left_with(&r, 0);
	has(&r, "process=link msg=starts");
	has(&r, "process=frontend msg=starts");
	has_not(&r, "dialer");
	has_not(&r, "a channel");
	has_not(&r, "stops");
	has_not(&r, "ready");
}

/* Both proxies have that file: it is said once. */
static void
faults(void **state)
{
	struct forked	 r;
	int		 check;

	(void)state;
	for (check = 0; check < 2; check++) {
		run_want(&r, true, check == 1, "faulty", "host.example");
		left_with(&r, 1);
		assert_int_equal(count_of(&r, "test.conf:7: tls.crt: no "
		    "?good\n"), 1);
		has_not(&r, "msg=ready");
	}
	run_want(&r, true, true, "warned", "host.example");
	left_with(&r, 0);
	assert_int_equal(count_of(&r, "test.conf:7: warning: tls.crt: no "
	    "?good\n"), 1);
	run_want(&r, true, false, "warned", "host.example");
	left_with(&r, 0);
	assert_int_equal(count_of(&r, "level=warn process=signerd "
	    "msg=\"test.conf:7: tls.crt: no ?good\""), 1);
	has(&r, "msg=ready");
}

static void
lying_link(void **state)
{
	static const char *const	 lies[] = { "nowhere", "nofile" };
	struct forked			 r;
	size_t				 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		run_want(&r, true, false, lies[i], "host.example");
		left_with(&r, 1);
		has(&r, "a message of link that was not expected");
	}
}

/* A hundred in a second; it may be two seconds that they take. */
static void
files_at_a_rate(void **state)
{
	unsigned int	 answers = 0, given = 0;
	struct forked	 r;
	struct stat	 st;
	const char	*at;
	bool		 there;

	(void)state;
	there = stat(RESOLVCONF, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(RESOLVCONF, R_OK) == 0;
	run_want(&r, true, false, "edge", "flood.example");
	left_with(&r, 0);
	assert_non_null(at = strstr(r.text, "process=dialer msg=\"300 "));
	assert_int_equal(sscanf(at, "process=dialer msg=\"%u answers, %u",
	    &answers, &given), 2);
	assert_int_equal(answers, 300);
	assert_true(there ? given >= 1 && given <= 200 : given == 0);
}

static void
lying_dialer(void **state)
{
	struct forked	 r;

	(void)state;
	run_want(&r, true, false, "edge", "twice.example");
	left_with(&r, 1);
	has(&r, "a message of dialer that was not expected");
	run_want(&r, true, false, "edge", "deaf.example");
	left_with(&r, 1);
	has(&r, "the dialer asks for files and does not take them");
	run_want(&r, true, false, "edge", "silent.example");
	left_with(&r, 1);
	has(&r, "msg=\"child died\" child=dialer");
	has(&r, "exited with status 0");
}

/* ---- Several workers -------------------------------------------------- */

static void
run_workers(struct forked *r, unsigned int workers, const char *secret)
{
	struct want	 w = { true, false, "edge", "host.example", workers,
			       secret, 1 };

	forked_run(r, do_run, &w);
}

static void
several_workers(void **state)
{
	struct forked	 r;

	(void)state;
	run_workers(&r, 3, "secret");
	left_with(&r, 0);
	assert_int_equal(count_of(&r, "msg=started child=keyd"), 3);
	/* Each has the key, and a way to the frontend and to the links. */
	has(&r, "process=keyd1 msg=\"a key secret\"");
	has(&r, "process=keyd2 msg=\"a key secret\"");
	has(&r, "process=keyd3 msg=\"a key secret\"");
	assert_int_equal(count_of(&r, "process=keyd3 msg=\"a channel\""), 2);
	assert_int_equal(count_of(&r, "process=link msg=\"a channel\""), 1);
	assert_int_equal(count_of(&r, "process=link msg=\"one more\""), 2);
	assert_int_equal(count_of(&r, "msg=key key=sequencer "), 1);
}

/* The file was changed between the one's look at it and the other's. */
static void
other_keys(void **state)
{
	struct forked	 r;

	(void)state;
	run_workers(&r, 2, "other");
	left_with(&r, 1);
	assert_int_equal(count_of(&r, "test.conf:7: key.pem: was changed "
	    "while it was read: two workers of keyd have other keys\n"), 1);
	has_not(&r, "msg=ready");
}

static void
lying_worker(void **state)
{
	static const char *const	 lies[] = { "twice", "untold" };
	struct forked			 r;
	size_t				 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		run_workers(&r, 2, lies[i]);
		left_with(&r, 1);
		has(&r, "a message of keyd2 that was not expected");
		has_not(&r, "msg=ready");
	}
}

/* What operators ask is for the first one to answer. */
static void
unasked_worker(void **state)
{
	struct forked	 r;

	(void)state;
	run_workers(&r, 2, "first");
	left_with(&r, 0);
	run_workers(&r, 2, "second");
	left_with(&r, 1);
	has(&r, "a message of keyd2 that was not expected");
}

/* ---- Several frontends ------------------------------------------------ */

/* Their parts of a limit are no more than it, and no less than one each. */
static void
several_frontends(void **state)
{
	struct want	 w = { true, false, NULL, NULL, 1, "secret", 3 };
	struct forked	 r;

	(void)state;
	forked_run(&r, do_run, &w);
	left_with(&r, 0);
	has(&r, "process=frontend1 msg=\"limits 4 2 1 1000 11 place 0\"");
	has(&r, "process=frontend2 msg=\"limits 4 2 1 1000 11 place 1\"");
	has(&r, "process=frontend3 msg=\"limits 3 1 1 1000 10 place 2\"");
	w.prefork = 6;
	forked_run(&r, do_run, &w);
	left_with(&r, 0);
	has(&r, "process=frontend6 msg=\"limits 1 1 1 600 5 place 5\"");
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
	static void (*const		 roles[])(struct imsg *) = {
		keyd_role, frontend_role, dialer_role, link_role
	};
	const struct CMUnitTest		 tests[] = {
		cmocka_unit_test(four_children),
		cmocka_unit_test(without_proxies),
		cmocka_unit_test(without_a_listener),
		cmocka_unit_test(checking),
		cmocka_unit_test(faults),
		cmocka_unit_test(lying_link),
		cmocka_unit_test(files_at_a_rate),
		cmocka_unit_test(lying_dialer),
		cmocka_unit_test(several_workers),
		cmocka_unit_test(other_keys),
		cmocka_unit_test(lying_worker),
		cmocka_unit_test(unasked_worker),
		cmocka_unit_test(several_frontends)
	};
	size_t				 i;

	/* One of several has its number. */
	for (i = 0; names[i] != NULL; i++)
		if (strcspn(argv[0], "0123456789") == strlen(names[i]) &&
		    strncmp(argv[0], names[i], strlen(names[i])) == 0)
			role_run(argc, argv, roles[i]);
	return (cmocka_run_group_tests_name("signerdparent", tests, setup,
	    teardown));
}
