/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: regress/unit/alloc.o regress/faults/memory.o common/http.o
 * common/http_syntax.o common/http_response.o common/json.o
 * common/jsonscan.o common/json_splice.o common/jsonrpc.o common/rpcserver.o
 * common/websocket.o common/wsupgrade.o common/msgfield.o common/base64.o
 * common/hex.o common/u256.o common/log.o
 * common/log_render.o compat/imsg.o compat/imsg-buffer.o api/args.o
 * api/args_payload.o api/args_tx.o signerd/metadata.o signerd/dial_files.o
 * signerd/dial_address.o signerd/linkmsg.o signerd/frontmsg.o
 * signerd/dialmsg.o */
/* libs: libevent libcjson libcrypto wslay */

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <openssl/err.h>

#include "api/args.h"
#include "common/http.h"
#include "common/json.h"
#include "common/json_splice.h"
#include "common/log.h"
#include "common/rpcserver.h"
#include "common/websocket.h"
#include "common/wsupgrade.h"
#include "regress/unit/alloc.h"
#include "signerd/dial_files.h"
#include "signerd/dialmsg.h"
#include "signerd/linkmsg.h"
#include "signerd/metadata.h"

/* What reads the peers' bytes, while memory runs out. */

#define HASH								\
	"0x1111111111111111111111111111111111111111111111111111111111111111"
#define ADDRESS	"0x2222222222222222222222222222222222222222"

/* More members than are compared one by one. */
#define MANY	"{\"client\":\"a.example\",\"id\":\"x\",\"n\":5,\"a\":1,"	\
	"\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,"	\
	"\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"o\":1,\"p\":1}"

static const char	 transaction[] = "{\"from\":\"" ADDRESS "\","
    "\"to\":\"" ADDRESS "\",\"gas\":\"0x5208\",\"maxFeePerGas\":\"0x2\","
    "\"maxPriorityFeePerGas\":\"0x1\",\"value\":\"0x1\",\"nonce\":\"0x0\","
    "\"data\":\"0xab\",\"input\":\"0xabcdef\",\"chainId\":\"0xa\","
    "\"accessList\":[{\"address\":\"" ADDRESS "\",\"storageKeys\":[\"" HASH
    "\"]}],\"blobVersionedHashes\":[\"" HASH "\"],"
    "\"authorizationList\":[{\"chainId\":\"0xa\",\"address\":\"" ADDRESS
    "\",\"nonce\":\"0x1\",\"yParity\":\"0x0\",\"r\":\"0x1\",\"s\":\"0x1\"}]}";

static struct evbuffer *
filled(const void *data, size_t len)
{
	struct evbuffer	*in;

	alloc_pause();
	assert_non_null(in = evbuffer_new());
	assert_int_equal(evbuffer_add(in, data, len), 0);
	alloc_resume();
	return (in);
}

static struct evbuffer *
empty(void)
{
	struct evbuffer	*out;

	alloc_pause();
	assert_non_null(out = evbuffer_new());
	alloc_resume();
	return (out);
}

/* NULL where memory is short, and nothing else. */
static struct json_doc *
parse(const char *text)
{
	static const struct json_limits	 limits = { 64, 10000 };
	struct json_doc			*doc;
	enum json_error			 error;

	error = json_parse(&doc, text, strlen(text), &limits, NULL);
	if (error == JSON_OK)
		return (doc);
	assert_int_equal(error, JSON_MEMORY);
	assert_null(doc);
	return (NULL);
}

static struct json_doc *
parsed(const char *text)
{
	struct json_doc	*doc;

	alloc_pause();
	assert_non_null(doc = parse(text));
	alloc_resume();
	return (doc);
}

/* ---- HTTP ------------------------------------------------------------- */

static bool
http_well(struct http_parser *http, struct evbuffer *in)
{
	enum http_event	 event;
	size_t		 len;

	while ((event = http_parse(http, in)) == HTTP_HEADER)
		assert_string_equal(http_path(http), "/");
	if (event == HTTP_BAD) {
		assert_int_equal(http_status(http), 503);
		return (false);
	}
	assert_int_equal(event, HTTP_BODY);
	assert_non_null(http_body(http, &len));
	assert_int_equal(len, 8200);
	return (true);
}

static bool
http(void *arg)
{
	static const struct http_limits	 limits = { 16384, 1024 * 1024 };
	struct http_parser		*parser;
	struct evbuffer			*in;
	bool				 well = false;
	char				*text = arg;

	in = filled(text, strlen(text));
	if ((parser = http_new(&limits)) != NULL)
		well = http_well(parser, in);
	http_free(parser);
	evbuffer_free(in);
	return (well);
}

static void
http_requests(void **state)
{
	static char	 whole[16384], chunked[16384];
	char		 body[8201];

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	snprintf(whole, sizeof(whole), "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 8200\r\n\r\n%s", body);
	snprintf(chunked, sizeof(chunked), "POST / HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n1004\r\n%.4100s\r\n"
	    "1004\r\n%.4100s\r\n0\r\n\r\n", body, body);
	assert_true(alloc_each(http, whole, 0) >= 3);
	assert_true(alloc_each(http, chunked, 0) >= 3);
}

static bool
response(void *arg)
{
	struct http_response	 r;
	struct evbuffer		*out = empty();
	bool			 well;

	(void)arg;
	memset(&r, 0, sizeof(r));
	r.status = 200;
	r.content_type = "application/json";
	well = http_respond(out, &r, 5) == 0;
	/* All of it, or nothing. */
	assert_true(well == (evbuffer_get_length(out) > 0));
	evbuffer_free(out);
	return (well);
}

static void
http_responses(void **state)
{
	(void)state;
	assert_true(alloc_each(response, NULL, 0) >= 1);
}

/* ---- JSON ------------------------------------------------------------- */

static bool
json(void *arg)
{
	struct json_doc	*doc;
	const cJSON	*v;

	if ((doc = parse(arg)) == NULL)
		return (false);
	assert_non_null(v = json_member(json_root(doc), "n"));
	assert_true(cJSON_IsNumber(v));
	json_free(doc);
	return (true);
}

static void
json_texts(void **state)
{
	static char	 many[4096];
	size_t		 len;
	int		 i;

	(void)state;
	len = (size_t)snprintf(many, sizeof(many), "{\"n\":1%070d,\"l\":[0",
	    0);
	for (i = 0; i < 500; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len,
		    ",\"%d\"", i % 10);
	snprintf(many + len, sizeof(many) - len, "]}");
	/*
	 * The document, notes of the values in five sizes, the tree, and a
	 * copy without the number that is too long.
	 */
	assert_int_equal(alloc_each(json, many, 0), 8);
}

static bool
repeats(void *arg)
{
	struct json_doc	*doc = parsed(arg);
	bool		 well;

	well = !json_repeats(json_root(doc), true);
	if (!well)
		assert_int_equal(errno, ENOMEM);
	json_free(doc);
	return (well);
}

/* Short of memory is told from a member that is there twice. */
static void
json_members(void **state)
{
	static char	 many[] = MANY;
	struct json_doc	*doc;

	(void)state;
	assert_int_equal(alloc_each(repeats, many, 0), 1);
	doc = parsed("{\"a\":1,\"b\":{\"a\":1,\"a\":2}}");
	errno = ENOMEM;
	assert_true(json_repeats(json_root(doc), true));
	assert_int_equal(errno, 0);
	json_free(doc);
}

static bool
spliced(void *arg)
{
	struct json_doc	*doc = parsed(arg);
	struct evbuffer	*out = empty();
	bool		 well;

	well = json_splice(out, doc, json_root(doc), "from", "\"x\"",
	    3) == 0;
	evbuffer_free(out);
	json_free(doc);
	return (well);
}

static void
json_splices(void **state)
{
	(void)state;
	assert_true(alloc_each(spliced, (void *)(uintptr_t)transaction,
	    0) >= 1);
}

/* ---- JSON-RPC --------------------------------------------------------- */

static void
dispatch(struct rpc_call *call, const struct jsonrpc_request *req,
    const struct json_doc *doc)
{
	const cJSON	*arg;
	char		 why[64];

	(void)doc;
	if (jsonrpc_argument(req->params, 1, &arg, why, sizeof(why)) == -1)
		rpc_error(call, JSONRPC_PARAMS, why);
	else if (strcmp(req->method, "later") == 0)
		rpc_defer(call);
	else
		rpc_result(call, "\"result\"", 8);
}

/* Answers to all, or none. */
static bool
rpc(void *arg)
{
	static const struct rpc_ops	 ops = {
		sizeof(struct rpc), sizeof(struct rpc_call), dispatch, NULL,
		NULL, NULL
	};
	static const struct rpc_limits	 limits = { 100, 10000, 100000 };
	struct evbuffer			*out;
	struct rpc			*all;
	const char			*text = arg;
	size_t				 i;

	all = rpc_parse(&ops, NULL, &limits, text, strlen(text));
	if (all == NULL)
		return (false);
	for (i = 0; i < all->ncalls; i++)
		if (all->calls[i]->deferred)
			rpc_result(all->calls[i], "1", 1);
	out = rpc_join(all);
	if (out != NULL) {
		assert_true(evbuffer_get_length(out) > 200);
		evbuffer_free(out);
	}
	rpc_free(all);
	return (out != NULL);
}

static void
rpc_messages(void **state)
{
	static char	 text[] = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
			    "\"later\",\"params\":[1]},{\"jsonrpc\":\"2.0\","
			    "\"id\":\"two\",\"method\":\"m\",\"params\":[2]},"
			    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"m\"},"
			    "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"m\","
			    "\"params\":[2],\"a\":1,\"b\":1,\"c\":1,\"d\":1,"
			    "\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,"
			    "\"j\":1,\"k\":1,\"l\":1,\"n\":1},7]";

	(void)state;
	log_init("test");
	log_info("JSON-RPC while memory is short");
	assert_true(alloc_each(rpc, text, 0) >= 20);
}

/* ---- Arguments -------------------------------------------------------- */

struct argument {
	int		(*decode)(struct args *, const struct json_doc *,
			    const cJSON *, char *, size_t);
	const char	*text;
};

static bool
argument(void *arg)
{
	const struct argument	*a = arg;
	struct json_doc		*doc = parsed(a->text);
	struct args		 args;
	char			 why[192];
	int			 r;

	r = a->decode(&args, doc, json_root(doc), why, sizeof(why));
	if (r == -1) {
		assert_int_equal(errno, ENOMEM);
		assert_non_null(strstr(why, "out of memory"));
	}
	args_clear(&args);
	json_free(doc);
	return (r == 0);
}

/* More members than a transaction has: for their names, and to be refused. */
static int
refused(struct args *args, const struct json_doc *doc, const cJSON *arg,
    char *why, size_t size)
{
	assert_int_equal(args_transaction(args, doc, arg, why, size), -1);
	return (errno == ENOMEM ? -1 : 0);
}

static void
arguments(void **state)
{
	struct argument	 tx = { args_transaction, transaction };
	struct argument	 v1 = { args_payload_v1, "{\"chainId\":10,"
			    "\"payloadHash\":\"ERERERERERERERERERERERERERERERER"
			    "ERERERERERE=\"}" };
	struct argument	 v2 = { args_payload_v2, "{\"chainId\":\"10\","
			    "\"payloadHash\":\"" HASH "\"}" };
	struct argument	 many = { refused, MANY };
	struct json_doc	*doc;
	struct args	 args;
	char		 why[192];

	(void)state;
	/* data, input, accessList and its keys, blobs, authorizations. */
	assert_int_equal(alloc_each(argument, &tx, 0), 6);
	assert_int_equal(alloc_each(argument, &many, 0), 1);
	assert_int_equal(alloc_each(argument, &v1, 0), 1);
	assert_int_equal(alloc_each(argument, &v2, 0), 0);
	/* What is wrong with the argument is not said to be memory. */
	doc = parsed("{\"chainId\":10,\"chainId\":10}");
	errno = ENOMEM;
	assert_int_equal(args_payload_v1(&args, doc, json_root(doc), why,
	    sizeof(why)), -1);
	assert_int_equal(errno, 0);
	args_clear(&args);
	json_free(doc);
	doc = parsed("{\"unknown\":10}");
	errno = ENOMEM;
	assert_int_equal(args_payload_v1(&args, doc, json_root(doc), why,
	    sizeof(why)), -1);
	assert_int_equal(errno, 0);
	args_clear(&args);
	json_free(doc);
}

static bool
metadata(void *arg)
{
	struct json_doc	*doc = parsed(arg);
	struct metadata	 m;
	char		 why[128];
	int		 r;

	r = metadata_decode(&m, doc, json_root(doc), why, sizeof(why));
	if (r == -1)
		assert_int_equal(errno, ENOMEM);
	else
		assert_string_equal(m.client, "a.example");
	json_free(doc);
	return (r == 0);
}

static void
metadata_of_proxies(void **state)
{
	static char	 many[] = MANY;

	(void)state;
	assert_int_equal(alloc_each(metadata, many, 0), 1);
}

/* ---- Websockets ------------------------------------------------------- */

static unsigned int	 nmessages;

static void
on_message(struct websocket *ws, const char *text, size_t len, void *arg)
{
	(void)ws;
	(void)text;
	(void)arg;
	assert_int_equal(len, 9000);
	nmessages++;
}

/* A client's message in two fragments. */
static size_t
frames(uint8_t *out)
{
	static const uint8_t	 first[] = { 0x01, 0xfe, 0x11, 0x94,
				    0, 0, 0, 0 };
	static const uint8_t	 last[] = { 0x80, 0xfe, 0x11, 0x94,
				    0, 0, 0, 0 };
	size_t			 n = 0;

	memcpy(out, first, sizeof(first));
	n += sizeof(first);
	memset(out + n, 'x', 4500);
	n += 4500;
	memcpy(out + n, last, sizeof(last));
	n += sizeof(last);
	memset(out + n, 'y', 4500);
	return (n + 4500);
}

static bool
websocket_well(struct websocket *ws, struct evbuffer *in)
{
	nmessages = 0;
	if (websocket_input(ws, in) != WEBSOCKET_OPEN) {
		assert_int_equal(websocket_end(ws), WEBSOCKET_REFUSED);
		assert_int_equal(websocket_code(ws), 1011);
		return (false);
	}
	assert_int_equal(nmessages, 1);
	return (true);
}

static bool
websocket(void *arg)
{
	static const struct websocket_cb	 cb = { on_message, NULL };
	static uint8_t				 bytes[16384];
	struct evbuffer				*in, *out = empty();
	struct websocket			*ws;
	bool					 well = false;

	(void)arg;
	in = filled(bytes, frames(bytes));
	ws = websocket_new(WEBSOCKET_SERVER, 65536, out, &cb, NULL);
	if (ws != NULL)
		well = websocket_well(ws, in);
	else
		assert_int_equal(errno, ENOMEM);
	websocket_free(ws);
	evbuffer_free(in);
	evbuffer_free(out);
	return (well);
}

static void
websockets(void **state)
{
	(void)state;
	/*
	 * What is to be sent is left out: wslay 1.1.1 loses the memory of a
	 * message that it cannot queue.
	 */
	assert_true(alloc_each(websocket, NULL, 0) >= 8);
}

static bool
upgrade_client(void *arg)
{
	static const char	 answer[] = "HTTP/1.1 403 No\r\n\r\n";
	struct evbuffer		*in, *out = empty();
	struct wsupgrade	 up;
	bool			 well;

	(void)arg;
	in = filled(answer, sizeof(answer) - 1);
	well = wsupgrade_request(&up, out, "proxy.example", "/ws") == 0;
	/* Whatever it says: no more would come. */
	if (well)
		assert_int_equal(wsupgrade_answer(&up, in),
		    WSUPGRADE_REFUSED);
	evbuffer_free(in);
	evbuffer_free(out);
	ERR_clear_error();
	if (well && strstr(wsupgrade_error(&up), "out of memory") != NULL)
		return (false);
	if (well)
		assert_non_null(strstr(wsupgrade_error(&up), "403"));
	return (well);
}

static bool
upgrade_server(void *arg)
{
	static const char		 text[] = "GET /ws HTTP/1.1\r\n"
					    "Host: a\r\nUpgrade: websocket\r\n"
					    "Connection: Upgrade\r\n"
					    "Sec-WebSocket-Version: 13\r\n"
					    "Sec-WebSocket-Key: dGhlIHNhbXBsZS"
					    "Bub25jZQ==\r\n\r\n";
	static const struct http_limits	 limits = { 16384, 1000 };
	struct http_parser		*parser;
	struct evbuffer			*in, *out = empty();
	const char			*reason;
	int				 status;

	(void)arg;
	in = filled(text, sizeof(text) - 1);
	alloc_pause();
	assert_non_null(parser = http_new(&limits));
	assert_int_equal(http_parse(parser, in), HTTP_HEADER);
	alloc_resume();
	status = wsupgrade_serve(parser, out, &reason);
	assert_true(status == 101 || status == -1);
	http_free(parser);
	evbuffer_free(in);
	evbuffer_free(out);
	ERR_clear_error();
	return (status == 101);
}

static void
upgrades(void **state)
{
	(void)state;
	assert_int_equal(wsupgrade_init(), 0);
	/* What libcrypto keeps for its errors. */
	ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
	ERR_clear_error();
	/* The hash finds what it needs some other way. */
	assert_true(alloc_each(upgrade_client, NULL, 4) >= 2);
	assert_true(alloc_each(upgrade_server, NULL, 4) >= 2);
}

/* ---- Files, and messages between processes ---------------------------- */

static bool
file(void *arg)
{
	char	*text;
	size_t	 len;
	bool	 cut;
	int	 fd = *(int *)arg;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	if ((text = dial_file_read(fd, 1000, &len, &cut)) == NULL) {
		assert_int_equal(errno, ENOMEM);
		return (false);
	}
	assert_int_equal(len, 6);
	free(text);
	return (true);
}

static void
files_for_the_dialer(void **state)
{
	int	 fd;

	(void)state;
	assert_int_not_equal(fd = memfd_create("hosts", MFD_CLOEXEC), -1);
	assert_int_equal(write(fd, "hosts\n", 6), 6);
	assert_int_equal(alloc_each(file, &fd, 0), 1);
	close(fd);
}

static bool
queue_all(struct imsgbuf *ibuf)
{
	struct dial_request	 dial = { 1, 2 };
	struct link_proxy	 proxy;
	struct front_error	 fault = { TLSFILE_CA, TLSFILE_FAULT, "bad" };

	memset(&proxy, 0, sizeof(proxy));
	snprintf(proxy.name, sizeof(proxy.name), "edge");
	snprintf(proxy.host, sizeof(proxy.host), "proxy.example");
	snprintf(proxy.target, sizeof(proxy.target), "/ws");
	snprintf(proxy.tlsname, sizeof(proxy.tlsname), "proxy.example");
	snprintf(proxy.protocols, sizeof(proxy.protocols), "tlsv1.3");
	return (dialmsg_send_request(ibuf, DIAL_CONNECT, &dial) == 0 &&
	    linkmsg_send_proxy(ibuf, &proxy) == 0 &&
	    frontmsg_send_error(ibuf, &fault) == 0);
}

static bool
queue(void *arg)
{
	struct imsgbuf	 ibuf;
	uint32_t	 n;
	bool		 well = false;

	if (imsgbuf_init(&ibuf, *(int *)arg) == 0) {
		well = queue_all(&ibuf);
		/* Whole messages alone are there. */
		n = imsgbuf_queuelen(&ibuf);
		assert_true(well ? n == 3 : n < 3);
		imsgbuf_clear(&ibuf);
	}
	return (well);
}

static void
messages_of_processes(void **state)
{
	int	 fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	assert_true(alloc_each(queue, &fd[0], 0) >= 4);
	close(fd[0]);
	close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_requests),
		cmocka_unit_test(http_responses),
		cmocka_unit_test(json_texts),
		cmocka_unit_test(json_members),
		cmocka_unit_test(json_splices),
		cmocka_unit_test(rpc_messages),
		cmocka_unit_test(arguments),
		cmocka_unit_test(metadata_of_proxies),
		cmocka_unit_test(websockets),
		cmocka_unit_test(upgrades),
		cmocka_unit_test(files_for_the_dialer),
		cmocka_unit_test(messages_of_processes),
	};

	return (cmocka_run_group_tests_name("allocparse", tests, NULL, NULL));
}
