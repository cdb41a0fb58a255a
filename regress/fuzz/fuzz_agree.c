/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: regress/fuzz/agree_signer.o api/args.o api/args_payload.o
 * api/args_tx.o api/method.o common/base64.o common/heap.o common/hex.o
 * common/json.o
 * common/json_splice.o common/jsonrpc.o common/jsonscan.o common/list.o
 * common/rpcserver.o common/u256.o compat/imsg.o compat/imsg-buffer.o
 * keyd/keccak.o keyd/keymsg.o keyd/keymsg_request.o keyd/payload.o
 * keyd/policy.o keyd/request.o keyd/rlp.o keyd/rule.o keyd/tx.o
 * proxyd/advert.o proxyd/client.o proxyd/count.o proxyd/holders.o
 * proxyd/route.o proxyd/ruleset.o proxyd/wire.o signerd/metadata.o signerd/reqcount.o
 * common/metrics.o common/metrics_table.o common/histogram.o
 * common/msgfield.o
 * common/log.o common/log_render.o
 * libs: libevent libcjson
 */

#include "proxyd/route.h"

/* The decision as it is, and a look at what it is asked. */
enum refusal	 agree_route_decide(const struct route_table *,
		    const struct request *, struct route *, uint32_t *rule);

#define route_decide	agree_route_decide
#include "proxyd/route_decide.c"
#undef route_decide

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/clock.h"
#include "keyd/keymsg.h"
#include "proxyd/link.h"
#include "proxyd/reqlog.h"
#include "regress/fuzz/agree.h"
#include "regress/fuzz/msgpipe.h"
#include "regress/fuzz/requestcheck.h"

/*
 * Both daemons read the same.  The text is a client's; the first byte says
 * whose.  proxyd reads it, decides, and writes requests for signers, of three
 * kinds: with its metadata, without, and of 2025.  signerd reads each as the
 * one request that proxyd has decided on, with the address that proxyd has
 * chosen; and the client's own text, sent to signerd itself, as proxyd does,
 * with the same answer where nobody is to be asked.
 */
#define MESSAGE_MAX	(1 << 20)
#define MAXREQUESTS	1000

/* A request that proxyd has decided on: kept in the form of keyd's message. */
struct decided {
	struct imsg	 imsg;
	struct request	 request;
	enum refusal	 refusal;
	struct route	 route;
};

struct httpconn {
	void		*data;
	const char	*name;
	char		*answer;	/* NULL: none, or an empty one */
	size_t		 answerlen;
	bool		 answered;
};

static struct relay	 relay;
static struct httpconn	 conn;
static struct msgpipe	 p;
static struct decided	 decided[MAXREQUESTS];
static size_t		 ndecided, nstarted;

/* ---- proxyd, without its network --------------------------------------- */

enum refusal
route_decide(const struct route_table *t, const struct request *request,
    struct route *route, uint32_t *index)
{
	struct decided	*d = &decided[ndecided++];
	struct request	 copy = *request;
	uint64_t	 id;

	must(ndecided <= MAXREQUESTS);
	must(keymsg_send_request(&p.out, &copy) == 0);
	must(msgpipe_next(&p, &d->imsg) > 0);
	must(keymsg_get_request(&d->imsg, &d->request, &id) == 0);
	d->refusal = agree_route_decide(t, request, route, index);
	d->route = *route;
	return (d->refusal);
}

void
httpconn_answer(struct httpconn *c, struct evbuffer *body)
{
	must(!c->answered);
	c->answered = true;
	if (body == NULL)
		return;
	c->answerlen = evbuffer_get_length(body);
	must((c->answer = malloc(c->answerlen + 1)) != NULL);
	evbuffer_remove(body, c->answer, c->answerlen);
	c->answer[c->answerlen] = '\0';
}

void
httpconn_unavailable(struct httpconn *c)
{
	bool	 there_is_room = false;

	(void)c;
	must(there_is_room);
}

const char *
httpconn_name(const struct httpconn *c)
{
	return (c->name);
}

uint64_t
httpconn_received(const struct httpconn *c)
{
	(void)c;
	return (clock_us());
}

void
httpconn_set_data(struct httpconn *c, void *data)
{
	c->data = data;
}

void *
httpconn_data(const struct httpconn *c)
{
	return (c->data);
}

void
link_stop(struct relay *r)
{
	(void)r;
}

void
reqlog_refused(const struct httpconn *c, const struct request *r,
    enum refusal refusal, uint32_t rule, const char *text)
{
	(void)c;
	(void)r;
	(void)refusal;
	(void)rule;
	(void)text;
}

void
reqlog_rejected(const struct httpconn *c, const char *method, int code,
    const char *text)
{
	(void)c;
	(void)method;
	(void)code;
	(void)text;
}

void
reqlog_unavailable(const struct httpconn *c, const struct call *call,
    enum reason why)
{
	(void)c;
	(void)call;
	(void)why;
}

void
reqlog_unparsed(const struct httpconn *c, const char *reason, size_t at)
{
	(void)c;
	(void)reason;
	(void)at;
}

/* ---- What a signer is asked -------------------------------------------- */

struct expected {
	const struct decided	*d;
	const char		*client;	/* that signerd is told */
};

/* The decided request, with the address that was chosen. */
static void
is_decided(const struct request *got, void *arg)
{
	const struct expected	*e = arg;
	struct request		 wanted = e->d->request;
	const struct route	*route = &e->d->route;

	must(strcmp(got->client, e->client) == 0);
	if (wanted.method == METHOD_TRANSACTION) {
		if (wanted.tx.has & TX_FROM)
			must(memcmp(wanted.tx.from, route->address,
			    ADDRESS_SIZE) == 0);
		wanted.tx.has |= TX_FROM;
		memcpy(wanted.tx.from, route->address, ADDRESS_SIZE);
	} else {
		if (wanted.payload.has & PAYLOAD_SENDER)
			must(memcmp(wanted.payload.sender, route->address,
			    ADDRESS_SIZE) == 0);
		wanted.payload.has |= PAYLOAD_SENDER;
		memcpy(wanted.payload.sender, route->address, ADDRESS_SIZE);
	}
	requestcheck(&wanted, got);
}

static void
ask_signer(const struct call *call, const struct decided *d, bool given,
    bool metadata)
{
	struct agree_reading	 reading;
	struct signer		 signer;
	struct expected		 e = { d, "" };
	struct evbuffer		*out;
	struct link		 link;

	memset(&signer, 0, sizeof(signer));
	memset(&link, 0, sizeof(link));
	link.signer = &signer;
	signer.advert.given = given;
	signer.advert.client = signer.advert.deadline = metadata;
	if (metadata)
		e.client = conn.name;
	must((out = evbuffer_new()) != NULL);
	must(wire_request(out, call, &link, 77, conn.name, 800) == 0);
	reading.link = true;
	reading.metadata = metadata;
	reading.request = is_decided;
	reading.arg = &e;
	agree_read(&reading, (const char *)evbuffer_pullup(out, -1),
	    evbuffer_get_length(out));
	must(reading.nrequests == 1 && reading.answer == NULL);
	evbuffer_free(out);
}

/* In the place of proxyd/call.c: calls start in the order of the message. */
bool
call_start(struct call *call)
{
	struct relaying	*r = (struct relaying *)call->base.rpc;
	struct decided	*d;

	do {
		must(nstarted < ndecided);
		d = &decided[nstarted++];
	} while (d->refusal != REFUSAL_NONE);
	call->started = true;
	r->client->in_flight++;
	snprintf(call->id, sizeof(call->id), "boot-%zx", nstarted);
	must(memcmp(d->route.address, call->route.address,
	    ADDRESS_SIZE) == 0);
	must(strcmp(call->route.client->name, conn.name) == 0);
	ask_signer(call, d, true, true);
	ask_signer(call, d, true, false);
	ask_signer(call, d, false, false);
	return (true);
}

void
call_release(struct call *call)
{
	if (!call->started || !call->relayed)
		return;
	call->relayed = false;
	((struct relaying *)call->base.rpc)->client->in_flight--;
}

/* ---- The same text for signerd itself ---------------------------------- */

static void
is_next(const struct request *got, void *arg)
{
	size_t	*n = arg;

	must(*n < ndecided);
	requestcheck(&decided[*n].request, got);
	++*n;
}

static void
compare_direct(const char *text, size_t len)
{
	struct agree_reading	 reading;
	size_t			 n = 0;

	reading.link = reading.metadata = false;
	reading.request = is_next;
	reading.arg = &n;
	agree_read(&reading, text, len);
	must(n == ndecided);
	if (n == 0) {
		must(conn.answered && reading.answerlen == conn.answerlen);
		must((reading.answer == NULL) == (conn.answer == NULL));
		must(reading.answer == NULL ||
		    strcmp(reading.answer, conn.answer) == 0);
	}
	free(reading.answer);
}

/* ---- The configuration ------------------------------------------------- */

static uint8_t	 addresses[3][ADDRESS_SIZE] = { { 0xa0 }, { 0xa1 }, { 0xa2 } };

static void *
copy_of(const void *list, size_t size)
{
	return (fuzz_copy(list, size));
}

static void
add_signer(const char *name, size_t first, size_t n)
{
	struct route_signer	 s;

	memset(&s, 0, sizeof(s));
	snprintf(s.name, sizeof(s.name), "%s", name);
	snprintf(s.certname, sizeof(s.certname), "%s.example", name);
	s.addresses = copy_of(addresses[first], n * ADDRESS_SIZE);
	s.naddresses = n;
	must(route_add_signer(&relay.rules->routes, &s) == 0);
}

/* address: its index, or -1 for any of them. */
static void
add_rule(const char *client, uint32_t methods, int address)
{
	static const uint64_t	 numbers[] = { 10, 1, 8453 };
	struct route_rule	 r;
	size_t			 i;

	memset(&r, 0, sizeof(r));
	snprintf(r.rule.client, sizeof(r.rule.client), "%s", client);
	r.rule.methods = methods;
	r.rule.has = RULE_ANYDOMAIN;
	must((r.rule.chains = calloc(3, sizeof(struct u256))) != NULL);
	for (i = 0; i < 3; i++)
		u256_from_u64(&r.rule.chains[i], numbers[i]);
	/* Transactions of the first client have any chain. */
	if (methods != RULE_TRANSACTION)
		r.rule.nchains = 3;
	if (address != -1) {
		r.addresses = copy_of(addresses[address], ADDRESS_SIZE);
		r.naddresses = 1;
	}
	must(route_add_rule(&relay.rules->routes, &r) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct config_limits	*l;

	(void)argc;
	(void)argv;
	msgpipe_open(&p, MESSAGE_MAX);
	TAILQ_INIT(&relay.names);
	must((relay.rules = ruleset_new(&relay.names)) != NULL);
	l = &relay.rules->config.limits;
	l->max_waiting = l->max_queue = l->max_bodies = UINT32_MAX / 2;
	l->timeout_request = 3000;
	relay.rpc_limits.max_batch = 1000;
	relay.rpc_limits.max_values = 100000;
	relay.rpc_limits.max_response = 25000000;
	must((relay.base = event_base_new()) != NULL);
	add_signer("hq", 0, 2);
	add_signer("dr", 1, 2);
	add_rule("a.example", RULE_TRANSACTION, -1);
	add_rule("a.example", RULE_PAYLOAD, -1);
	add_rule("b.example", RULE_METHODS, 2);
	add_rule("b.example", RULE_METHODS, 1);
	add_rule("c.example", RULE_PAYLOAD, 0);
	must(ruleset_finish(relay.rules, NULL) == 0);
	client_init(&relay);
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char	*const names[] = {
		"a.example", "b.example", "c.example", "nobody.example"
	};
	struct take		 t = { data, size };
	char			*text;
	size_t			 i;

	memset(&conn, 0, sizeof(conn));
	conn.name = names[take_u8(&t) % 4];
	text = fuzz_copy(t.p, t.left);
	ndecided = nstarted = 0;
	client_cb.request(&conn, text, t.left, &relay);
	if (!conn.answered)
		client_cb.cancel(&conn, &relay);
	must(conn.data == NULL && relay.held == 0 && relay.nwaiting == 0);
	for (; nstarted < ndecided; nstarted++)
		must(decided[nstarted].refusal != REFUSAL_NONE);
	compare_direct(text, t.left);
	for (i = 0; i < ndecided; i++) {
		request_clear(&decided[i].request);
		imsg_free(&decided[i].imsg);
	}
	free(conn.answer);
	free(text);
	return (0);
}
