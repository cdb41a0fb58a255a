/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: regress/fuzz/relay_world.o proxyd/client.o proxyd/call.o
 *	proxyd/count.o common/histogram.o
 *	proxyd/link.o proxyd/reconcile.o proxyd/register.o proxyd/ruleset.o proxyd/advert.o proxyd/reqlog.o
 *	proxyd/wire.o proxyd/route.o proxyd/route_decide.o proxyd/holders.o
 *	api/args.o api/args_payload.o api/args_tx.o api/method.o
 *	keyd/keccak.o keyd/payload.o keyd/policy.o keyd/rlp.o keyd/rule.o
 *	keyd/tx.o keyd/request.o common/rpcserver.o common/jsonrpc.o
 *	common/json_splice.o common/json.o common/jsonscan.o common/list.o
 *	common/base64.o common/heap.o common/hex.o common/u256.o common/http.o
 *	common/http_syntax.o common/http_response.o common/wsupgrade.o
 * libs: libevent libcjson libcrypto
 */

/*
 * The relay of proxyd between three clients and four links of two signers and
 * a stranger.  The input is a line for each thing that happens:
 *
 *	c TEXT, d TEXT, e TEXT	a request of the first, second, third client
 *	0 TEXT .. 3 TEXT	a message on a link, which is opened for it
 *	C D E			a client goes, with its request
 *	w0 .. w3		the link breaks
 *	s0 .. s3		its peer stops to read, or goes on
 *	t0 .. t3		its certificate will not be trusted any more
 *	r0, r1			a reload, to the first or the other configuration
 *
 * Whatever signers say: each request is answered once, with JSON, and when the
 * links have gone nothing is left of any of it.
 */

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/http.h"
#include "common/wsupgrade.h"
#include "regress/fuzz/relay_world.h"

static const char	*const signers[] = {
	"s0.example", "s0.example", "s1.example", "stranger.example"
};

static struct relay	 relay;
static struct httpconn	 clients[WORLD_CLIENTS];
static struct httpconn	 places[WORLD_LINKS];
static struct wslink	*links[WORLD_LINKS];
static struct event_base *base;
/* The elements of a client's request that are to be answered. */
static size_t		 expected[WORLD_CLIENTS];

/* ---- The configuration ------------------------------------------------- */

static void
add_signer(const char *name, const char *certname, int naddresses,
    uint64_t chain)
{
	struct route_signer	 s;
	int			 i;

	memset(&s, 0, sizeof(s));
	snprintf(s.name, sizeof(s.name), "%s", name);
	snprintf(s.certname, sizeof(s.certname), "%s", certname);
	s.naddresses = (size_t)naddresses;
	s.addresses = calloc(s.naddresses, ADDRESS_SIZE);
	FUZZ_ASSERT(s.addresses != NULL);
	for (i = 0; i < naddresses; i++)
		memset(s.addresses[i], 0x11 * (i + 1), ADDRESS_SIZE);
	if (chain != 0) {
		FUZZ_ASSERT((s.chains = calloc(1, sizeof(*s.chains))) !=
		    NULL);
		s.nchains = 1;
		u256_from_u64(s.chains, chain);
	}
	FUZZ_ASSERT(route_add_signer(&relay.next->routes, &s) == 0);
}

static void
add_rule(const char *client, uint32_t methods)
{
	struct route_rule	 r;

	memset(&r, 0, sizeof(r));
	snprintf(r.rule.client, sizeof(r.rule.client), "%s", client);
	r.rule.methods = methods;
	r.rule.has = RULE_ANYDOMAIN;
	FUZZ_ASSERT((r.rule.chains = calloc(1, sizeof(struct u256))) != NULL);
	r.rule.nchains = 1;
	u256_from_u64(r.rule.chains, 10);
	FUZZ_ASSERT(route_add_rule(&relay.next->routes, &r) == 0);
}

/* The other configuration has more signers and clients, in another order. */
static void
reload(bool other)
{
	struct ruleset		*old = relay.rules;
	struct config_limits	*l;

	relay.next = ruleset_new(&relay.names);
	FUZZ_ASSERT(relay.next != NULL);
	l = &relay.next->config.limits;
	l->max_body = 4096;
	l->max_bodies = 3000;
	l->max_values = 500;
	l->max_links = WORLD_LINKS;
	l->max_queue = 6;
	l->max_waiting = other ? 1 : 2;
	l->max_link_requests = 3;
	l->timeout_request = l->timeout_attempt = 100000;
	l->timeout_register = l->timeout_stable = 100000;
	if (other) {
		add_signer("new", "s2.example", 1, 10);
		add_signer("dr", "s1.example", 2, 10);
		add_signer("hq", "s0.example", 2, 10);
		add_rule("c2.example", RULE_METHODS);
		add_rule("c0.example", RULE_PAYLOAD);
	} else {
		add_signer("hq", "s0.example", 1, 0);
		add_signer("dr", "s1.example", 2, 10);
		add_rule("c0.example", RULE_METHODS);
		add_rule("c1.example", RULE_PAYLOAD);
	}
	FUZZ_ASSERT(ruleset_finish(relay.next, old) == 0);
	relay.rules = relay.next;
	relay.next = NULL;
	if (old != NULL)
		reconcile_links(&relay, old);
	ruleset_unref(old);
}

static void
configure(void)
{
	memset(&relay, 0, sizeof(relay));
	relay.base = base;
	relay.rpc_limits.max_batch = 5;
	relay.rpc_limits.max_values = 500;
	relay.rpc_limits.max_response = 4000;
	TAILQ_INIT(&relay.links);
	TAILQ_INIT(&relay.names);
	memcpy(relay.boot, "1f2e3d4c", 9);
	client_init(&relay);
	reload(false);
}

static void
unconfigure(void)
{
	struct client	*c;
	size_t		 i;

	FUZZ_ASSERT(relay.nlinks == 0 && TAILQ_EMPTY(&relay.links));
	FUZZ_ASSERT(relay.nwaiting == 0 && relay.held == 0);
	TAILQ_FOREACH(c, &relay.names, entry) {
		FUZZ_ASSERT(c->refs == 1 && c->in_flight == 0);
		FUZZ_ASSERT(c->nwaiting == 0 && c->held == 0);
		FUZZ_ASSERT(TAILQ_EMPTY(&c->messages));
		FUZZ_ASSERT(TAILQ_EMPTY(&c->turn));
	}
	for (i = 0; i < relay.rules->routes.nsigners; i++)
		FUZZ_ASSERT(relay.rules->signers[i]->refs == 1 &&
		    relay.rules->signers[i]->link == NULL);
	FUZZ_ASSERT(relay.rules->refs == 1);
	ruleset_unref(relay.rules);
	FUZZ_ASSERT(TAILQ_EMPTY(&relay.names));
}

/* ---- Of the world ------------------------------------------------------ */

void
relay_link_gone(struct relay *r)
{
	FUZZ_ASSERT(r == &relay);
}

static void
check_result(const struct json_doc *doc, const cJSON *v)
{
	const char	*text;
	size_t		 i, len;

	if (cJSON_IsObject(v) && json_member(v, "signature") != NULL)
		v = json_member(v, "signature");
	if (!cJSON_IsString(v) || strncmp(v->valuestring, "0x", 2) != 0)
		return;
	/* As it was sent, no escapes: hex and nothing else. */
	text = json_raw(doc, v, &len);
	for (i = 3; i < len - 1; i++)
		FUZZ_ASSERT(text[i] != '\0' &&
		    strchr("0123456789abcdefABCDEF", text[i]) != NULL);
	FUZZ_ASSERT(len % 2 == 0 && len >= 6);
}

static void
check_element(const struct json_doc *doc, const cJSON *v)
{
	const char	*message;
	int		 code;

	FUZZ_ASSERT(cJSON_IsObject(v) && !json_repeats(v, false));
	FUZZ_ASSERT(json_member(v, "id") != NULL);
	FUZZ_ASSERT((json_member(v, "error") != NULL) !=
	    (json_member(v, "result") != NULL));
	if (json_member(v, "error") != NULL) {
		FUZZ_ASSERT(jsonrpc_error_parse(doc, json_member(v, "error"),
		    &code, &message) == 0);
		/* Of links alone, never of clients. */
		FUZZ_ASSERT(code != LINK_BUSY && code != LINK_DEADLINE);
	} else
		check_result(doc, json_member(v, "result"));
}

void
world_check_answer(const struct httpconn *c, const char *text, size_t len)
{
	static const struct json_limits	 limits = { 512, 100000 };
	size_t				 n = expected[c - clients];
	struct json_doc			*doc;
	const cJSON			*v;

	FUZZ_ASSERT((text == NULL) == (n == 0));
	if (text == NULL)
		return;
	FUZZ_ASSERT(json_parse(&doc, text, len, &limits, NULL) == JSON_OK);
	if (cJSON_IsArray(json_root(doc))) {
		FUZZ_ASSERT((size_t)cJSON_GetArraySize(json_root(doc)) == n);
		cJSON_ArrayForEach(v, json_root(doc))
			check_element(doc, v);
	} else {
		FUZZ_ASSERT(n == 1);
		check_element(doc, json_root(doc));
	}
	json_free(doc);
}

/* How many answers a request is due. */
static size_t
due(const char *text, size_t len)
{
	static const struct json_limits	 limits = { 512, 500 };
	struct jsonrpc_request		 req;
	struct json_doc			*doc;
	const cJSON			*v, *root;
	size_t				 i, n = 0;

	for (i = 0; i < len; i++)
		if (text[i] == '\0' || strchr(" \t\r\n", text[i]) == NULL)
			break;
	if (i == len)
		return (0);
	if (json_parse(&doc, text, len, &limits, NULL) != JSON_OK)
		return (1);
	root = json_root(doc);
	if (!cJSON_IsArray(root) || root->child == NULL ||
	    cJSON_GetArraySize(root) > 5) {
		n = 1;
		if (cJSON_IsObject(root)) {
			jsonrpc_request(&req, doc, root);
			n = req.kind == JSONRPC_CALL ||
			    req.kind == JSONRPC_ERROR;
		}
	} else
		cJSON_ArrayForEach(v, root) {
			jsonrpc_request(&req, doc, v);
			n += req.kind == JSONRPC_CALL ||
			    req.kind == JSONRPC_ERROR;
		}
	json_free(doc);
	return (n);
}

/* ---- What happens ------------------------------------------------------ */

static void
upgrade(size_t i)
{
	static const struct http_limits	 limits = { 4096, 0 };
	static const char		 text[] =
	    "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	struct http_parser		*h;
	struct evbuffer			*in;

	h = http_new(&limits);
	in = evbuffer_new();
	FUZZ_ASSERT(h != NULL && in != NULL);
	FUZZ_ASSERT(evbuffer_add(in, text, sizeof(text) - 1) == 0);
	FUZZ_ASSERT(http_parse(h, in) == HTTP_HEADER);
	world_opened = NULL;
	FUZZ_ASSERT(link_cb.upgrade(&places[i], h, &relay));
	links[i] = world_opened;
	FUZZ_ASSERT((links[i] != NULL) == places[i].detached);
	evbuffer_drain(places[i].out, evbuffer_get_length(places[i].out));
	evbuffer_free(in);
	http_free(h);
}

static void
end_link(size_t i, bool by_peer)
{
	struct wslink_end	 end = { by_peer, by_peer ? 0 : 1008, "gone" };
	struct wslink		*ws = links[i];

	if (ws == NULL)
		return;
	ws->open = false;
	links[i] = NULL;
	ws->cb.end(ws, &end, ws->arg);
	FUZZ_ASSERT(!places[i].detached);
}

/* The loop's turn: links that were closed are told of their end. */
static void
end_closed(void)
{
	size_t	 i;

	for (i = 0; i < WORLD_LINKS; i++)
		if (links[i] != NULL && !links[i]->open)
			end_link(i, false);
}

static void
message(size_t i, const char *text, size_t len)
{
	char	*copy;

	if (links[i] == NULL)
		upgrade(i);
	if (links[i] == NULL)
		return;
	copy = fuzz_string(text, len);
	links[i]->cb.message(links[i], copy, len, links[i]->arg);
	free(copy);
}

static void
request(size_t i, const char *text, size_t len)
{
	char	*copy;

	/* The next request waits for the answer. */
	if (clients[i].busy)
		return;
	copy = fuzz_copy(text, len);
	expected[i] = due(copy, len);
	clients[i].busy = true;
	client_cb.request(&clients[i], copy, len, &relay);
	free(copy);
}

static void
cancel(size_t i)
{
	size_t	 before = clients[i].answers;

	if (!clients[i].busy)
		return;
	client_cb.cancel(&clients[i], &relay);
	FUZZ_ASSERT(clients[i].answers == before);
	FUZZ_ASSERT(clients[i].data == NULL);
	clients[i].busy = false;
}

static void
happen(const char *line, size_t len)
{
	size_t	 i;

	if (len == 0)
		return;
	if (line[0] >= 'c' && line[0] <= 'e')
		request((size_t)(line[0] - 'c'), line + 1, len - 1);
	else if (line[0] >= 'C' && line[0] <= 'E')
		cancel((size_t)(line[0] - 'C'));
	else if (line[0] >= '0' && line[0] <= '3')
		message((size_t)(line[0] - '0'), line + 1, len - 1);
	else if (len >= 2 && line[1] >= '0' && line[1] <= '3') {
		i = (size_t)(line[1] - '0');
		if (line[0] == 'w')
			end_link(i, true);
		else if (line[0] == 's' && links[i] != NULL)
			links[i]->stuck = !links[i]->stuck;
		else if (line[0] == 't' && links[i] != NULL)
			links[i]->distrusted = true;
		else if (line[0] == 'r')
			reload(i == 1);
	}
	end_closed();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char	*const names[] = {
		"c0.example", "c0.example", "c1.example"
	};
	size_t			 i;

	(void)argc;
	(void)argv;
	FUZZ_ASSERT(wsupgrade_init() == 0);
	FUZZ_ASSERT((base = event_base_new()) != NULL);
	for (i = 0; i < WORLD_CLIENTS; i++)
		clients[i].name = names[i];
	for (i = 0; i < WORLD_LINKS; i++) {
		places[i].name = signers[i];
		FUZZ_ASSERT((places[i].out = evbuffer_new()) != NULL);
	}
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char	*p = (const char *)data, *end = p + size, *nl;
	size_t		 i, lines = 0;

	configure();
	for (; size != 0 && p < end && lines < 64; p = nl + 1, lines++) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		happen(p, (size_t)(nl - p));
		if (nl == end)
			break;
	}
	for (i = 0; i < WORLD_LINKS; i++)
		end_link(i, true);
	for (i = 0; i < WORLD_CLIENTS; i++) {
		/* Without a signer nothing waits. */
		FUZZ_ASSERT(!clients[i].busy && clients[i].data == NULL);
		clients[i].answers = 0;
	}
	unconfigure();
	return (0);
}
