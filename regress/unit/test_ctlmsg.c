/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/ctlmsg.o common/msgfield.o common/u256.o keyd/keymsg.o
 * keyd/keymsg_check.o keyd/keymsg_request.o proxyd/relaymsg_check.o
 * compat/imsg.o compat/imsg-buffer.o */

#include <stdlib.h>

#include "common/ctlmsg.h"
#include "keyd/keymsg.h"
#include "proxyd/relaymsg.h"
#include "regress/unit/msg_util.h"

/* What is asked of a daemon, what it answers, and how it asks its children. */

static char	 strings[CTL_ROWSIZE];

static union {
	enum ctl_show		 show;
	bool			 flag;
	struct ctl_check	 check;
	struct ctl_link		 link;
	struct ctl_row		 row;
	struct {
		enum ctl_result	 result;
		char		 text[CTL_TEXT_MAX + 1];
	} end;
	struct {
		const char	*bytes;
		size_t		 len;
	} more;
	struct request		 request;
	struct keyd_checked	 keyd;
	struct relay_checked	 relay;
	struct {
		uint32_t	 index;
		bool		 down;
	} down;
} got;

/* One that is taken is freed at once: what it is was copied. */
static int
freed(int r, struct request *request)
{
	if (r == 0)
		request_clear(request);
	return (r);
}

static int
decode(struct imsg *imsg, int *fd)
{
	(void)fd;
	memset(&got, 0xa5, sizeof(got));
	switch (imsg_get_type(imsg)) {
	case CTL_SHOW:
		return (ctlmsg_get_show(imsg, &got.show));
	case CTL_RELOAD:
	case CTL_TRY:
		return (ctlmsg_get_empty(imsg));
	case CTL_LOG:
		return (ctlmsg_get_log(imsg, &got.flag));
	case CTL_CHECK:
		return (freed(ctlmsg_get_check(imsg, &got.check),
		    &got.check.request));
	case CTL_LINK:
		return (ctlmsg_get_link(imsg, &got.link));
	case CTL_ROW:
		return (ctlmsg_get_row(imsg, &got.row, strings));
	case CTL_MORE:
		return (ctlmsg_get_more(imsg, &got.more.bytes,
		    &got.more.len));
	case CTL_FAULT:
		return (ctlmsg_get_fault(imsg, got.end.text));
	case CTL_NOTE:
		return (ctlmsg_get_note(imsg, got.end.text));
	case CTL_END:
		return (ctlmsg_get_end(imsg, &got.end.result, got.end.text));
	case KEYD_CHECK:
		return (freed(keymsg_get_check(imsg, &got.request),
		    &got.request));
	case KEYD_CHECKED:
		return (keymsg_get_checked(imsg, &got.keyd));
	case RELAY_CHECK:
		return (freed(relaymsg_get_check(imsg, &got.request),
		    &got.request));
	case RELAY_CHECKED:
		return (relaymsg_get_checked(imsg, &got.relay));
	case RELAY_DOWN:
		return (relaymsg_get_down(imsg, &got.down.index,
		    &got.down.down));
	}
	return (-1);
}

static unsigned char	 body[16384];

/* What was queued is taken, at its exact size alone, and noise is harmless. */
static void
taken(uint32_t type)
{
	size_t	 len = encoded(type, body, sizeof(body));

	exact(decode, type, body, len, false);
	if (len > 0)
		noise(decode, type, body, len, false);
	assert_int_equal(decode_raw(decode, type, body, len, false), 0);
}

static void
refused(uint32_t type, const void *data, size_t len)
{
	assert_int_equal(decode_raw(decode, type, data, len, false), -1);
}

/* ---- Requests --------------------------------------------------------- */

static void
words(void **state)
{
	struct ctl_link	 link;
	unsigned char	 bad;
	unsigned int	 i;

	(void)state;
	for (i = 0; i < CTL_NSHOWS; i++) {
		assert_int_equal(ctlmsg_send_show(&p.a, (enum ctl_show)i), 0);
		taken(CTL_SHOW);
		assert_int_equal(got.show, i);
	}
	bad = CTL_NSHOWS;
	refused(CTL_SHOW, &bad, 1);
	for (i = 0; i < 2; i++) {
		assert_int_equal(ctlmsg_send_log(&p.a, i == 1), 0);
		taken(CTL_LOG);
		assert_int_equal(got.flag, i == 1);
	}
	bad = 2;
	refused(CTL_LOG, &bad, 1);
	assert_int_equal(ctlmsg_send_reload(&p.a, true), 0);
	taken(CTL_TRY);
	assert_int_equal(ctlmsg_send_reload(&p.a, false), 0);
	taken(CTL_RELOAD);
	memset(&link, 0, sizeof(link));
	fill_text(link.name, CTL_NAME_MAX);
	link.up = true;
	assert_int_equal(ctlmsg_send_link(&p.a, &link), 0);
	taken(CTL_LINK);
	assert_string_equal(got.link.name, link.name);
	assert_true(got.link.up);
}

static void
make_check(struct ctl_check *c, bool tx, const char *link)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->link, sizeof(c->link), "%s", link);
	snprintf(c->key, sizeof(c->key), "sequencer");
	if (link[0] == '\0')
		snprintf(c->request.client, sizeof(c->request.client),
		    "a.example");
	if (tx) {
		c->request.method = METHOD_TRANSACTION;
		c->request.tx.has = TX_TO | TX_CHAINID | TX_MAXFEE;
		c->request.tx.to[19] = 7;
		u256_from_u64(&c->request.tx.chain_id, 10);
	} else {
		c->request.method = METHOD_PAYLOAD;
		c->request.payload.has = PAYLOAD_CHAIN | PAYLOAD_HASH;
		c->request.payload.domain[0] = 0x80;
	}
}

static void
check(void **state)
{
	struct ctl_check	 c;
	size_t			 len;
	int			 i;

	(void)state;
	for (i = 0; i < 4; i++) {
		make_check(&c, i % 2 == 1, i < 2 ? "" : "edge");
		assert_int_equal(ctlmsg_send_check(&p.a, &c), 0);
		taken(CTL_CHECK);
		assert_string_equal(got.check.link, c.link);
		assert_string_equal(got.check.key, "sequencer");
		assert_string_equal(got.check.request.client,
		    c.request.client);
		assert_int_equal(got.check.request.method, c.request.method);
		if (i % 2 == 1)
			assert_memory_equal(got.check.request.tx.to,
			    c.request.tx.to, ADDRESS_SIZE);
		else
			assert_memory_equal(got.check.request.payload.domain,
			    c.request.payload.domain, HASH_SIZE);
	}
	/* Without a link there is a client, and no via of the sender's. */
	make_check(&c, false, "");
	c.request.client[0] = '\0';
	assert_int_equal(ctlmsg_send_check(&p.a, &c), -1);
	make_check(&c, false, "edge");
	assert_int_equal(ctlmsg_send_check(&p.a, &c), 0);
	len = encoded(CTL_CHECK, body, sizeof(body));
	memmove(body + 2, body + 2 + strlen("edge"),
	    len - 2 - strlen("edge"));
	body[1] = 0;
	refused(CTL_CHECK, body, len - strlen("edge"));
}

/* ---- Answers ---------------------------------------------------------- */

static void
field(struct ctl_row *row, const char *name, enum ctl_kind kind,
    const char *value)
{
	struct ctl_field	*f = &row->fields[row->nfields++];

	f->name = name;
	f->kind = kind;
	f->value = value;
	f->len = strlen(value);
}

static void
row(void **state)
{
	struct ctl_row	 r;

	(void)state;
	memset(&r, 0, sizeof(r));
	assert_int_equal(ctlmsg_send_row(&p.a, &r), -1);
	r.section = "keys";
	field(&r, "key", CTL_STRING, "sequencer");
	field(&r, "empty", CTL_STRING, "");
	field(&r, "rules", CTL_NUMBER, "18446744073709551615");
	field(&r, "code", CTL_NUMBER, "-32013");
	field(&r, "down", CTL_BOOL, "false");
	assert_int_equal(ctlmsg_send_row(&p.a, &r), 0);
	taken(CTL_ROW);
	assert_string_equal(got.row.section, "keys");
	assert_int_equal(got.row.nfields, 5);
	assert_string_equal(got.row.fields[0].name, "key");
	assert_string_equal(got.row.fields[0].value, "sequencer");
	assert_string_equal(got.row.fields[1].value, "");
	assert_string_equal(got.row.fields[2].value, r.fields[2].value);
	assert_int_equal(got.row.fields[3].kind, CTL_NUMBER);
	assert_string_equal(got.row.fields[4].value, "false");
}

/* What goes into JSON as it is must be what it says. */
static void
values(void **state)
{
	static const struct {
		enum ctl_kind	 kind;
		const char	*value;
		int		 good;
	} cases[] = {
		{ CTL_NUMBER, "0", 1 }, { CTL_NUMBER, "-1", 1 },
		{ CTL_NUMBER, "", 0 }, { CTL_NUMBER, "-", 0 },
		{ CTL_NUMBER, "1}", 0 }, { CTL_NUMBER, "0x1", 0 },
		{ CTL_NUMBER, " 1", 0 }, { CTL_NUMBER, "1.5", 0 },
		{ CTL_NUMBER, "123456789012345678901", 0 },
		{ CTL_BOOL, "true", 1 }, { CTL_BOOL, "yes", 0 },
		{ CTL_BOOL, "", 0 }, { CTL_STRING, "1}", 1 }
	};
	struct ctl_row	 r;
	size_t		 i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&r, 0, sizeof(r));
		r.section = "s";
		field(&r, "n", cases[i].kind, cases[i].value);
		assert_int_equal(ctlmsg_send_row(&p.a, &r), 0);
		len = encoded(CTL_ROW, body, sizeof(body));
		assert_int_equal(decode_raw(decode, CTL_ROW, body, len,
		    false), cases[i].good ? 0 : -1);
	}
}

/* The largest row there can be, of strings without a byte. */
static void
large_row(void **state)
{
	struct ctl_row	 r;
	char		 name[CTL_NAME_MAX + 1];
	int		 i;

	(void)state;
	fill_text(name, CTL_NAME_MAX);
	memset(&r, 0, sizeof(r));
	r.section = name;
	for (i = 0; i < CTL_FIELDS; i++)
		field(&r, name, CTL_STRING, "");
	assert_int_equal(ctlmsg_send_row(&p.a, &r), 0);
	taken(CTL_ROW);
	assert_int_equal(got.row.nfields, CTL_FIELDS);
	assert_string_equal(got.row.fields[CTL_FIELDS - 1].name, name);
	assert_string_equal(got.row.fields[CTL_FIELDS - 1].value, "");
}

/* A long last value is sent in pieces; one that is not the last is none. */
static void
long_value(void **state)
{
	struct ctl_row	 r;
	struct imsg	 imsg;
	char		*value;
	size_t		 len = 2 * CTL_VALUE_MAX + 5;

	(void)state;
	value = malloc(len + 1);
	assert_non_null(value);
	fill_text(value, len);
	memset(&r, 0, sizeof(r));
	r.section = "rules";
	field(&r, "text", CTL_STRING, value);
	assert_int_equal(ctlmsg_send_row(&p.a, &r), 0);
	receive(&imsg, CTL_ROW);
	assert_int_equal(decode(&imsg, NULL), 0);
	assert_int_equal(got.row.fields[0].len, CTL_VALUE_MAX);
	imsg_free(&imsg);
	receive(&imsg, CTL_MORE);
	assert_int_equal(decode(&imsg, NULL), 0);
	assert_int_equal(got.more.len, CTL_VALUE_MAX);
	imsg_free(&imsg);
	receive(&imsg, CTL_MORE);
	assert_int_equal(decode(&imsg, NULL), 0);
	assert_int_equal(got.more.len, 5);
	imsg_free(&imsg);
	field(&r, "after", CTL_STRING, "");
	assert_int_equal(ctlmsg_send_row(&p.a, &r), -1);
	free(value);
	refused(CTL_MORE, "a\0b", 3);
}

static void
texts(void **state)
{
	char	 text[CTL_TEXT_MAX + 100];
	size_t	 len;

	(void)state;
	assert_int_equal(ctlmsg_send_end(&p.a, CTL_BAD, "why"), 0);
	taken(CTL_END);
	assert_int_equal(got.end.result, CTL_BAD);
	assert_string_equal(got.end.text, "why");
	assert_int_equal(ctlmsg_send_fault(&p.a, "a.conf:1: x"), 0);
	taken(CTL_FAULT);
	assert_string_equal(got.end.text, "a.conf:1: x");
	assert_int_equal(ctlmsg_send_note(&p.a, "waiting"), 0);
	taken(CTL_NOTE);
	assert_string_equal(got.end.text, "waiting");
	/* What is too long is cut. */
	fill_text(text, sizeof(text) - 1);
	assert_int_equal(ctlmsg_send_fault(&p.a, text), 0);
	len = encoded(CTL_FAULT, body, sizeof(body));
	assert_int_equal(decode_raw(decode, CTL_FAULT, body, len, false), 0);
	assert_int_equal(strlen(got.end.text), CTL_TEXT_MAX);
	body[0] = CTL_NRESULTS;
	body[1] = body[2] = 0;
	refused(CTL_END, body, 3);
}

/* ---- Children --------------------------------------------------------- */

static void
keyd(void **state)
{
	struct keyd_checked	 c;
	struct ctl_check	 check;
	size_t			 i;

	(void)state;
	make_check(&check, true, "");
	check.request.id = 77;
	assert_int_equal(keymsg_send_check(&p.a, &check.request), 0);
	taken(KEYD_CHECK);
	assert_int_equal(got.request.id, 77);
	memset(&c, 0, sizeof(c));
	c.id = 78;
	c.refusal = REFUSAL_FEE;
	c.rule = KEYD_MAXRULES - 1;
	for (i = 0; i < POLICY_VERDICTS; i++) {
		c.verdicts[i].rule = (uint32_t)i;
		c.verdicts[i].refusal = (enum refusal)(i % REFUSAL_MAX);
	}
	c.nverdicts = POLICY_VERDICTS;
	assert_int_equal(keymsg_send_checked(&p.a, &c), 0);
	taken(KEYD_CHECKED);
	assert_memory_equal(&got.keyd.verdicts, &c.verdicts,
	    sizeof(c.verdicts));
	assert_int_equal(got.keyd.refusal, REFUSAL_FEE);
	c.rule = POLICY_NORULE;
	assert_int_equal(keymsg_send_checked(&p.a, &c), 0);
	taken(KEYD_CHECKED);
	c.rule = KEYD_MAXRULES;
	assert_int_equal(keymsg_send_checked(&p.a, &c), 0);
	i = encoded(KEYD_CHECKED, body, sizeof(body));
	refused(KEYD_CHECKED, body, i);
	c.rule = 0;
	c.refusal = REFUSAL_MAX;
	assert_int_equal(keymsg_send_checked(&p.a, &c), 0);
	i = encoded(KEYD_CHECKED, body, sizeof(body));
	refused(KEYD_CHECKED, body, i);
}

static void
relay(void **state)
{
	struct relay_checked	 c;
	struct ctl_check	 check;
	uint32_t		 i;
	size_t			 len;

	(void)state;
	make_check(&check, false, "");
	assert_int_equal(relaymsg_send_check(&p.a, &check.request), 0);
	taken(RELAY_CHECK);
	assert_int_equal(got.request.method, METHOD_PAYLOAD);
	assert_int_equal(relaymsg_send_down(&p.a, CONFIG_SIGNERS - 1, true),
	    0);
	taken(RELAY_DOWN);
	assert_int_equal(got.down.index, CONFIG_SIGNERS - 1);
	assert_true(got.down.down);
	assert_int_equal(relaymsg_send_down(&p.a, CONFIG_SIGNERS, true), 0);
	len = encoded(RELAY_DOWN, body, sizeof(body));
	refused(RELAY_DOWN, body, len);
	memset(&c, 0, sizeof(c));
	c.id = 5;
	c.rule = 3;
	c.address[0] = 9;
	for (i = 0; i < RELAY_MAXCHECKED; i++) {
		c.signers[i].index = i;
		c.signers[i].state = (enum relay_state)(i %
		    RELAY_SIGNER_NSTATES);
	}
	c.nsigners = RELAY_MAXCHECKED;
	assert_int_equal(relaymsg_send_checked(&p.a, &c), 0);
	taken(RELAY_CHECKED);
	assert_memory_equal(&got.relay.signers, &c.signers,
	    sizeof(c.signers));
	assert_memory_equal(got.relay.address, c.address, ADDRESS_SIZE);
	c.signers[0].state = RELAY_SIGNER_NSTATES;
	assert_int_equal(relaymsg_send_checked(&p.a, &c), 0);
	len = encoded(RELAY_CHECKED, body, sizeof(body));
	refused(RELAY_CHECKED, body, len);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, channel_open,	\
		    channel_close)

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(words),
		TEST(check),
		TEST(row),
		TEST(values),
		TEST(large_row),
		TEST(long_value),
		TEST(texts),
		TEST(keyd),
		TEST(relay)
	};

	return (cmocka_run_group_tests_name("ctlmsg", tests, NULL, NULL));
}
