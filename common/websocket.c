/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include <wslay/wslay.h>

#include "common/jsonscan.h"
#include "common/websocket.h"

#define BUF_START	512	/* first allocation for a message */
#define BUF_KEEP	4096	/* kept from one message to the next */
#define MASKS		256	/* bytes that getentropy(3) gives at once */

#define NO_MEMORY	"out of memory"
#define NOT_TEXT	"text that is not UTF-8"

/*
 * wslay answers pings and close frames by itself, and the former without a
 * bound.  So one context receives, and what it would answer is thrown away;
 * another sends what is decided here.
 */
struct websocket {
	wslay_event_context_ptr	 rx;
	wslay_event_context_ptr	 tx;
	struct websocket_cb	 cb;
	void			*arg;
	struct evbuffer		*input;		/* in websocket_input() */
	struct evbuffer		*output;

	char			*buf;		/* the message so far */
	size_t			 len;
	size_t			 cap;
	size_t			 max;
	uint8_t			 opcode;	/* of the frame that comes in */
	uint64_t		 left;		/* of its payload */
	uint8_t			 bye[WEBSOCKET_CONTROL_MAX];
	size_t			 byelen;	/* of a close frame's payload */

	uint8_t			 pong[WEBSOCKET_CONTROL_MAX];
	size_t			 ponglen;
	bool			 pongwaits;
	uint64_t		 pongend;	/* where the last one ended */
	uint64_t		 appended;	/* to output, ever */
	uint8_t			 masks[MASKS];	/* of frames to come */
	size_t			 nmasks;	/* bytes that are left of it */

	bool			 busy;		/* websocket_input() runs */
	bool			 freed;		/* in a callback */
	bool			 held;		/* until websocket_go_on() */
	bool			 over;		/* nothing more is read */
	enum websocket_end	 end;
	uint16_t		 code;
	char			 reason[WEBSOCKET_REASON_MAX + 1];
};

/* ---- Ends ------------------------------------------------------------- */

static void
stop_reading(struct websocket *ws)
{
	ws->over = true;
	wslay_event_shutdown_read(ws->rx);
}

static void
note_end(struct websocket *ws, enum websocket_end end, uint16_t code,
    const char *reason, size_t len)
{
	ws->pongwaits = false;
	ws->end = end;
	ws->code = code;
	if (len > 0)
		memcpy(ws->reason, reason, len);
	ws->reason[len] = '\0';
}

/* Memory was short, and output perhaps holds half a frame. */
static int
broken(struct websocket *ws)
{
	if (ws->end == WEBSOCKET_NOT_ENDED)
		note_end(ws, WEBSOCKET_REFUSED,
		    WSLAY_CODE_INTERNAL_SERVER_ERROR, NO_MEMORY,
		    strlen(NO_MEMORY));
	stop_reading(ws);
	return (-1);
}

/* Puts into output what is queued.  After a close frame wslay sends no more. */
static int
send_queue(struct websocket *ws)
{
	return (wslay_event_send(ws->tx) == 0 ? 0 : broken(ws));
}

/* The first end counts, and only it is told to the peer. */
static int
finish(struct websocket *ws, enum websocket_end how, uint16_t code,
    const char *reason, size_t len)
{
	if (how != WEBSOCKET_BY_OWNER)
		stop_reading(ws);
	if (ws->end != WEBSOCKET_NOT_ENDED)
		return (0);
	note_end(ws, how, code, reason, len);
	if (wslay_event_queue_close(ws->tx,
	    code == WSLAY_CODE_NO_STATUS_RCVD ? 0 : code,
	    (const uint8_t *)reason, len) != 0)
		return (broken(ws));
	return (send_queue(ws));
}

static void
refuse(struct websocket *ws, uint16_t code, const char *reason)
{
	finish(ws, WEBSOCKET_REFUSED, code, reason, strlen(reason));
}

/* ---- Pongs ------------------------------------------------------------ */

static bool
pong_has_room(const struct websocket *ws)
{
	size_t len;

	len = evbuffer_get_length(ws->output);
	return (len < WEBSOCKET_PONG_ROOM ||
	    (len <= ws->appended && ws->appended - len >= ws->pongend));
}

static int
flush_pong(struct websocket *ws)
{
	struct wslay_event_msg msg = { WSLAY_PONG, ws->pong, ws->ponglen };

	if (!ws->pongwaits || !pong_has_room(ws))
		return (0);
	ws->pongwaits = false;
	if (wslay_event_queue_msg(ws->tx, &msg) != 0)
		return (broken(ws));
	if (send_queue(ws) == -1)
		return (-1);
	ws->pongend = ws->appended;
	return (0);
}

static void
take_ping(struct websocket *ws, const uint8_t *data, size_t len)
{
	if (len > 0)
		memcpy(ws->pong, data, len);
	ws->ponglen = len;
	ws->pongwaits = true;
	flush_pong(ws);
}

/* ---- Messages --------------------------------------------------------- */

/* Room for n more bytes and a NUL; n is within what max leaves. */
static bool
grow(struct websocket *ws, size_t n)
{
	size_t cap, need;
	char *new;

	need = ws->len + n + 1;
	if (need <= ws->cap)
		return (true);
	cap = ws->cap > ws->max / 2 ? ws->max + 1 : ws->cap * 2;
	if (cap < BUF_START)
		cap = BUF_START;
	if (cap < need)
		cap = need;
	if ((new = realloc(ws->buf, cap)) == NULL)
		return (false);
	ws->buf = new;
	ws->cap = cap;
	return (true);
}

static void
forget_message(struct websocket *ws)
{
	ws->len = 0;
	if (ws->cap > BUF_KEEP) {
		free(ws->buf);
		ws->buf = NULL;
		ws->cap = 0;
	}
}

static void
take_message(struct websocket *ws)
{
	if (!grow(ws, 0)) {
		refuse(ws, WSLAY_CODE_INTERNAL_SERVER_ERROR, NO_MEMORY);
		return;
	}
	ws->buf[ws->len] = '\0';
	ws->cb.message(ws, ws->buf, ws->len, ws->arg);
	forget_message(ws);
}

static bool
is_text(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n)
		if ((n = jsonscan_utf8(s + i, len - i)) == 0)
			return (false);
	return (true);
}

static void
take_close(struct websocket *ws, uint16_t code, const uint8_t *data,
    size_t len)
{
	const char *reason;

	if (len < 2) {
		if (len == 1)
			refuse(ws, WSLAY_CODE_PROTOCOL_ERROR,
			    "malformed close frame");
		else
			finish(ws, WEBSOCKET_BY_PEER,
			    WSLAY_CODE_NO_STATUS_RCVD, "", 0);
		return;
	}
	reason = (const char *)data + 2;
	if (is_text(reason, len - 2))
		finish(ws, WEBSOCKET_BY_PEER, code, reason, len - 2);
	else
		refuse(ws, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, NOT_TEXT);
}

/* ---- What wslay refuses ----------------------------------------------- */

/*
 * A close frame whose code is registered with IANA since (11.7: 1012 to
 * 1014), and was not when wslay was written.
 */
static bool
newer_close(const struct websocket *ws)
{
	unsigned int code;

	if (ws->opcode != WSLAY_CONNECTION_CLOSE || ws->left > 0 ||
	    ws->byelen < 2)
		return (false);
	code = (unsigned int)ws->bye[0] << 8 | ws->bye[1];
	return (code >= 1012 && code <= 1014);
}

/* wslay stopped: the code of the close frame that it would have sent. */
static void
refused_by_wslay(struct websocket *ws, int error)
{
	wslay_event_send(ws->rx);
	if (error == WSLAY_ERR_NOMEM)
		refuse(ws, WSLAY_CODE_INTERNAL_SERVER_ERROR, NO_MEMORY);
	else if (wslay_event_get_status_code_sent(ws->rx) ==
	    WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA)
		refuse(ws, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, NOT_TEXT);
	else if (newer_close(ws))
		take_close(ws, (uint16_t)(ws->bye[0] << 8 | ws->bye[1]),
		    ws->bye, ws->byelen);
	else
		refuse(ws, WSLAY_CODE_PROTOCOL_ERROR, "malformed frame");
}

/* ---- What wslay calls ------------------------------------------------- */

/*
 * wslay checks the reason of a close frame as text, but takes the first two
 * bytes of each part of it for the code: a reason that comes in parts is let
 * through or refused at random.  So it gets parts of two bytes, of which it
 * checks none, and take_close() checks.  Before a frame's header is known,
 * and that is so until its payload begins, nothing longer may be given.
 */
static ssize_t
on_recv(wslay_event_context_ptr wslay, uint8_t *buf, size_t len, int flags,
    void *arg)
{
	struct websocket *ws = arg;
	int n;

	(void)flags;
	if (ws->held) {
		wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
		return (-1);
	}
	if (ws->left == 0 || ws->opcode == WSLAY_CONNECTION_CLOSE)
		len = len < 2 ? len : 2;
	else if (len > ws->left)
		len = (size_t)ws->left;
	if ((n = evbuffer_remove(ws->input, buf, len)) > 0)
		return (n);
	wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
	return (-1);
}

static ssize_t
on_send(wslay_event_context_ptr wslay, const uint8_t *data, size_t len,
    int flags, void *arg)
{
	struct websocket *ws = arg;

	(void)flags;
	if (evbuffer_add(ws->output, data, len) == -1) {
		wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
		return (-1);
	}
	ws->appended += len;
	return ((ssize_t)len);
}

/* Each byte of them is used once. */
static int
on_genmask(wslay_event_context_ptr wslay, uint8_t *buf, size_t len, void *arg)
{
	struct websocket *ws = arg;

	if (len > ws->nmasks && len <= sizeof(ws->masks) &&
	    getentropy(ws->masks, sizeof(ws->masks)) == 0)
		ws->nmasks = sizeof(ws->masks);
	if (len > ws->nmasks) {
		wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
		return (-1);
	}
	ws->nmasks -= len;
	memcpy(buf, ws->masks + ws->nmasks, len);
	return (0);
}

/* The same two for what the receiving context would answer. */
static ssize_t
on_discard(wslay_event_context_ptr wslay, const uint8_t *data, size_t len,
    int flags, void *arg)
{
	(void)wslay;
	(void)data;
	(void)flags;
	(void)arg;
	return ((ssize_t)len);
}

static int
on_nomask(wslay_event_context_ptr wslay, uint8_t *buf, size_t len, void *arg)
{
	(void)wslay;
	(void)arg;
	memset(buf, 0, len);
	return (0);
}

static void
on_frame(wslay_event_context_ptr wslay,
    const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
	struct websocket *ws = arg;

	(void)wslay;
	ws->opcode = frame->opcode;
	ws->left = frame->payload_length;
	if (wslay_is_ctrl_frame(frame->opcode) ||
	    ws->end != WEBSOCKET_NOT_ENDED)
		return;
	if (frame->payload_length > ws->max - ws->len)
		refuse(ws, WSLAY_CODE_MESSAGE_TOO_BIG, "message too large");
}

static void
on_chunk(wslay_event_context_ptr wslay,
    const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *arg)
{
	struct websocket *ws = arg;

	(void)wslay;
	ws->left -= chunk->data_length;
	if (ws->opcode == WSLAY_CONNECTION_CLOSE &&
	    chunk->data_length <= sizeof(ws->bye) - ws->byelen &&
	    chunk->data_length > 0) {
		memcpy(ws->bye + ws->byelen, chunk->data, chunk->data_length);
		ws->byelen += chunk->data_length;
	}
	if (wslay_is_ctrl_frame(ws->opcode) || chunk->data_length == 0 ||
	    ws->end != WEBSOCKET_NOT_ENDED)
		return;
	if (!grow(ws, chunk->data_length)) {
		refuse(ws, WSLAY_CODE_INTERNAL_SERVER_ERROR, NO_MEMORY);
		return;
	}
	memcpy(ws->buf + ws->len, chunk->data, chunk->data_length);
	ws->len += chunk->data_length;
}

/* Of a close frame the first one counts: the state is DONE after it. */
static void
on_message(wslay_event_context_ptr wslay,
    const struct wslay_event_on_msg_recv_arg *msg, void *arg)
{
	struct websocket *ws = arg;

	(void)wslay;
	if (msg->opcode == WSLAY_CONNECTION_CLOSE) {
		take_close(ws, msg->status_code, msg->msg, msg->msg_length);
		return;
	}
	if (msg->opcode == WSLAY_PING)
		wslay_event_send(ws->rx);
	if (ws->end != WEBSOCKET_NOT_ENDED)
		return;
	if (msg->opcode == WSLAY_PING)
		take_ping(ws, msg->msg, msg->msg_length);
	else if (msg->opcode != WSLAY_PONG)
		take_message(ws);
	else if (ws->cb.pong != NULL)
		ws->cb.pong(ws, msg->msg, msg->msg_length, ws->arg);
}

/* ---- For the owner ---------------------------------------------------- */

/* One that fails is freed by wslay, which leaves the pointer to it. */
static int
init_context(wslay_event_context_ptr *context, enum websocket_role role,
    const struct wslay_event_callbacks *cb, struct websocket *ws)
{
	int r;

	if (role == WEBSOCKET_CLIENT)
		r = wslay_event_context_client_init(context, cb, ws);
	else
		r = wslay_event_context_server_init(context, cb, ws);
	if (r == 0)
		return (0);
	*context = NULL;
	return (-1);
}

static int
init_contexts(struct websocket *ws, enum websocket_role role)
{
	static const struct wslay_event_callbacks rx = {
		.recv_callback = on_recv,
		.send_callback = on_discard,
		.genmask_callback = on_nomask,
		.on_frame_recv_start_callback = on_frame,
		.on_frame_recv_chunk_callback = on_chunk,
		.on_msg_recv_callback = on_message
	};
	static const struct wslay_event_callbacks tx = {
		.send_callback = on_send,
		.genmask_callback = on_genmask
	};

	if (init_context(&ws->rx, role, &rx, ws) == -1 ||
	    init_context(&ws->tx, role, &tx, ws) == -1)
		return (-1);
	/* Messages are assembled and measured here: see on_frame(). */
	wslay_event_config_set_no_buffering(ws->rx, 1);
	wslay_event_config_set_max_recv_msg_length(ws->rx, UINT64_MAX);
	return (0);
}

struct websocket *
websocket_new(enum websocket_role role, size_t max_message,
    struct evbuffer *output, const struct websocket_cb *cb, void *arg)
{
	struct websocket *ws;

	if (max_message > SIZE_MAX / 8) {
		errno = EINVAL;
		return (NULL);
	}
	if ((ws = calloc(1, sizeof(*ws))) == NULL)
		return (NULL);
	ws->cb = *cb;
	ws->arg = arg;
	ws->max = max_message;
	ws->output = output;
	ws->appended = evbuffer_get_length(output);
	if (init_contexts(ws, role) == -1) {
		websocket_free(ws);
		errno = ENOMEM;
		return (NULL);
	}
	return (ws);
}

void
websocket_free(struct websocket *ws)
{
	if (ws == NULL)
		return;
	if (ws->busy) {
		ws->freed = true;
		stop_reading(ws);
		return;
	}
	if (ws->rx != NULL)
		wslay_event_context_free(ws->rx);
	if (ws->tx != NULL)
		wslay_event_context_free(ws->tx);
	free(ws->buf);
	free(ws);
}

enum websocket_state
websocket_state(const struct websocket *ws)
{
	if (ws->over)
		return (WEBSOCKET_DONE);
	return (ws->end == WEBSOCKET_NOT_ENDED ? WEBSOCKET_OPEN :
	    WEBSOCKET_CLOSING);
}

char *
websocket_hold(struct websocket *ws)
{
	char *text = ws->buf;

	ws->buf = NULL;
	ws->len = ws->cap = 0;
	ws->held = true;
	return (text);
}

void
websocket_go_on(struct websocket *ws)
{
	ws->held = false;
}

enum websocket_state
websocket_input(struct websocket *ws, struct evbuffer *input)
{
	int error;

	if (!ws->over) {
		ws->input = input;
		ws->busy = true;
		/* It returns after each part of a header. */
		do
			error = wslay_event_recv(ws->rx);
		while (wslay_event_get_read_enabled(ws->rx) && !ws->held &&
		    evbuffer_get_length(input) > 0);
		ws->busy = false;
		ws->input = NULL;
		if (ws->freed) {
			websocket_free(ws);
			return (WEBSOCKET_FREED);
		}
		if (!ws->over && !wslay_event_get_read_enabled(ws->rx))
			refused_by_wslay(ws, error);
	}
	if (ws->over) {
		forget_message(ws);
		evbuffer_drain(input, evbuffer_get_length(input));
	}
	return (websocket_state(ws));
}

static int
send_message(struct websocket *ws, uint8_t opcode, const void *data,
    size_t len)
{
	struct wslay_event_msg msg = { opcode, data, len };

	if (ws->end != WEBSOCKET_NOT_ENDED || flush_pong(ws) == -1)
		return (-1);
	if (wslay_event_queue_msg(ws->tx, &msg) != 0)
		return (broken(ws));
	return (send_queue(ws));
}

int
websocket_send(struct websocket *ws, const char *text, size_t len)
{
	return (send_message(ws, WSLAY_TEXT_FRAME, text, len));
}

int
websocket_ping(struct websocket *ws, const void *data, size_t len)
{
	if (len > WEBSOCKET_CONTROL_MAX)
		return (-1);
	return (send_message(ws, WSLAY_PING, data, len));
}

int
websocket_flush(struct websocket *ws)
{
	return (flush_pong(ws));
}

static bool
may_be_sent(uint16_t code)
{
	return ((code >= 1000 && code <= 1003) ||
	    (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999));
}

int
websocket_close(struct websocket *ws, uint16_t code, const char *reason)
{
	size_t len;

	if (ws->end != WEBSOCKET_NOT_ENDED || !may_be_sent(code))
		return (-1);
	len = strlen(reason);
	if (len > WEBSOCKET_REASON_MAX) {
		len = WEBSOCKET_REASON_MAX;
		while (len > 0 && ((unsigned char)reason[len] & 0xc0) == 0x80)
			len--;
	}
	return (finish(ws, WEBSOCKET_BY_OWNER, code, reason, len));
}

enum websocket_end
websocket_end(const struct websocket *ws)
{
	return (ws->end);
}

uint16_t
websocket_code(const struct websocket *ws)
{
	return (ws->code);
}

const char *
websocket_reason(const struct websocket *ws)
{
	return (ws->reason);
}
