/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_WEBSOCKET_H
#define COMMON_WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>

struct evbuffer;

/*
 * Websocket frames and messages (RFC 6455, sections 5 to 8) after the opening
 * handshake, between two evbuffers; this knows neither sockets nor TLS.  The
 * owner reads input, sends output, sets the time limits and closes.
 *
 * Messages may come in fragments, with control frames between them, and are
 * handed over whole.  What the other side must not do is answered with a
 * close frame and ends the websocket:
 *	1002	masking against the role, reserved bits and opcodes (there are
 *		no extensions), a length that is not in its shortest form,
 *		control frames in fragments or over 125 bytes, a continuation
 *		of nothing or none where one is due, a close frame of one byte
 *		or with a code that must not be sent (7.4: 1000-1003,
 *		1007-1014 and 3000-4999 may)
 *	1007	a text message, or a close frame's reason, not in UTF-8
 *	1009	a message over max_message, told by the frame's header before
 *		any of that frame is kept
 *	1011	memory is short here
 *
 * Memory: the message being assembled, at most max_message + 1 bytes, which
 * grows with what has come and not with what was announced; 4 KiB of it stay
 * between messages.  A fragment by itself takes no memory, not even an empty
 * one.  About 20 KiB for the two contexts of wslay.
 */
enum websocket_role {
	WEBSOCKET_CLIENT,	/* masks what it sends */
	WEBSOCKET_SERVER
};

/*
 *	OPEN ----- websocket_close ----> CLOSING
 *	 |                                  |
 *	 peer's close frame, or refusal     peer's close frame, or refusal
 *	 |                                  |
 *	 +------------> DONE <--------------+
 *
 * In CLOSING nothing more can be sent, messages that still come are dropped.
 * In DONE all that this side had to say is in output: the owner sends it and
 * closes the connection (the server first, the client by a time limit: 7.1.1).
 */
enum websocket_state {
	WEBSOCKET_OPEN,
	WEBSOCKET_CLOSING,
	WEBSOCKET_DONE,
	WEBSOCKET_FREED		/* from websocket_input() alone */
};

/* Who ended it, first. */
enum websocket_end {
	WEBSOCKET_NOT_ENDED,
	WEBSOCKET_BY_PEER,
	WEBSOCKET_BY_OWNER,	/* websocket_close() */
	WEBSOCKET_REFUSED	/* for one of the reasons above */
};

struct websocket;

/*
 * Run from within websocket_input() alone.  They may call anything of this
 * header but websocket_input(); websocket_free() too: it takes effect at
 * once, in that no callback follows and neither evbuffer is touched again,
 * and websocket_input() then returns WEBSOCKET_FREED.
 */
struct websocket_cb {
	/*
	 * A message, text or binary.  The bytes are the websocket's and valid
	 * until the callback returns; a NUL is past their end, others may be
	 * among them.
	 */
	void	(*message)(struct websocket *, const char *, size_t,
		    void *arg);
	/* A pong, asked for or not.  May be NULL. */
	void	(*pong)(struct websocket *, const uint8_t *, size_t,
		    void *arg);
};

/*
 * output must outlive the websocket; from here on only the websocket appends
 * to it, and the owner drains it.  max_message is in bytes.  The callbacks
 * are copied.  NULL with errno.
 */
struct websocket *websocket_new(enum websocket_role, size_t max_message,
		    struct evbuffer *output, const struct websocket_cb *,
		    void *arg);
/* Says nothing to the peer.  NULL is fine. */
void		 websocket_free(struct websocket *);

/*
 * Takes all that is in input, or all up to a message that is held, runs the callbacks and appends what is to be
 * answered.  Once DONE, input is drained and forgotten.
 */
enum websocket_state websocket_input(struct websocket *,
		    struct evbuffer *input);
enum websocket_state websocket_state(const struct websocket *);
/*
 * From within message(): its bytes become the caller's, who frees them, and
 * websocket_input() takes nothing more until websocket_go_on() has been
 * called.
 */
char		*websocket_hold(struct websocket *);
void		 websocket_go_on(struct websocket *);

/*
 * A text message in one frame; the text must be UTF-8.  A ping with at most
 * WEBSOCKET_CONTROL_MAX bytes.  Both append at once: 0, or -1 where the
 * websocket is not OPEN, the ping is too long, or memory is short (the
 * websocket is then DONE).
 */
#define WEBSOCKET_CONTROL_MAX	125
int		 websocket_send(struct websocket *, const char *, size_t);
int		 websocket_ping(struct websocket *, const void *, size_t);

/*
 * Pings are answered at once while output holds less than
 * WEBSOCKET_PONG_ROOM bytes.  Beyond that one pong at most waits in output,
 * and one, to the latest ping (5.5.3), waits for its place: a flood of pings
 * makes output no longer.  websocket_flush() and whatever else appends looks
 * whether there is room for it; call it when output has been drained.  0, or
 * -1 where memory is short.
 */
#define WEBSOCKET_PONG_ROOM	16384
int		 websocket_flush(struct websocket *);

/*
 * Appends a close frame: CLOSING.  The code is one that may be sent (7.4, as
 * above), the reason UTF-8; what is over WEBSOCKET_REASON_MAX bytes is cut
 * between characters.  -1 where the websocket is not OPEN, the code may not
 * be sent, or memory is short (DONE).
 */
#define WEBSOCKET_REASON_MAX	123
int		 websocket_close(struct websocket *, uint16_t code,
		    const char *reason);

enum websocket_end websocket_end(const struct websocket *);
/*
 * With an end: the peer's code (1005 if it gave none) or the one sent here,
 * and the reason that goes with it, as a string.  What the peer wrote is cut
 * at a NUL and may hold other control bytes: escape it in logs.
 */
uint16_t	 websocket_code(const struct websocket *);
const char	*websocket_reason(const struct websocket *);

#endif /* COMMON_WEBSOCKET_H */
