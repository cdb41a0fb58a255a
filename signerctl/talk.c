/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signerctl/table.h"
#include "signerctl/talk.h"

/* The daemon's own time limit for a reload, and some more. */
#define PATIENCE	45
/* Bytes that an answer may have: rules can be many, not without end. */
#define ANSWER_MAX	((size_t)512 * 1024 * 1024)

/* ---- The beginning ---------------------------------------------------- */

/* Why nobody is there, and what to do. */
static _Noreturn void
not_there(const struct options *o, int error)
{
	const char	*daemon = o->proxyd ? "proxyd" : "signerd";

	switch (error) {
	case ENOENT:
		complain("%s: %s does not run, or has no control socket there",
		    o->socket, daemon);
		give_up("by default it has one where root starts it, %s; else "
		    "%s.conf has to say control \"FILE\", and signerctl "
		    "-s FILE", o->standard, daemon);
	case ECONNREFUSED:
		give_up("%s: %s has ended, and its control socket is left",
		    o->socket, daemon);
	case EACCES:
		give_up("%s: %s: root, and the group of the daemon's user, "
		    "have access", o->socket, strerror(error));
	}
	give_up("%s: %s", o->socket, strerror(error));
}

void
talk_begin(const struct options *o, struct imsgbuf *ibuf)
{
	struct sockaddr_un	 sun;
	int			 fd;

	/* One that is not served is told why: that is to be read. */
	signal(SIGPIPE, SIG_IGN);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if ((size_t)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s",
	    o->socket) >= sizeof(sun.sun_path))
		give_up("%s: the path is too long", o->socket);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		give_up("socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		not_there(o, errno);
	if (imsgbuf_init(ibuf, fd) == -1 ||
	    imsgbuf_set_maxsize(ibuf, CTL_MSGSIZE) == -1)
		give_up("out of memory");
}

/* ---- The answer ------------------------------------------------------- */

static _Noreturn void
malformed(void)
{
	give_up("the daemon's answer is malformed: is it of this version?");
}

static void
add_row(struct answer *a, struct imsg *imsg)
{
	struct row	*r = answer_add(a, "");

	/* A string takes no more than its message does. */
	r->strings = talk_grow(NULL, imsg_get_len(imsg) + 2 * CTL_FIELDS + 2, 1);
	if (imsg_get_len(imsg) > CTL_MSGSIZE ||
	    ctlmsg_get_row(imsg, &r->row, r->strings) == -1)
		malformed();
}

static void
add_more(struct answer *a, struct imsg *imsg)
{
	struct ctl_field	*f;
	struct row		*r;
	const char		*bytes;
	size_t			 len;

	if (a->nrows == 0 || ctlmsg_get_more(imsg, &bytes, &len) == -1)
		malformed();
	r = &a->rows[a->nrows - 1];
	f = &r->row.fields[r->row.nfields - 1];
	if (f->kind != CTL_STRING)
		malformed();
	if (r->last == NULL) {
		r->last = talk_grow(NULL, f->len + len + 1, 1);
		memcpy(r->last, f->value, f->len);
	} else
		r->last = talk_grow(r->last, f->len + len + 1, 1);
	memcpy(r->last + f->len, bytes, len);
	f->len += len;
	r->last[f->len] = '\0';
	f->value = r->last;
}

static void
print_fault(struct answer *a, struct imsg *imsg)
{
	char	 text[CTL_TEXT_MAX + 1];

	if (ctlmsg_get_fault(imsg, text) == -1)
		malformed();
	a->nfaults++;
	table_text(stderr, text);
	fputc('\n', stderr);
}

/* What is waited for. */
static void
print_note(struct imsg *imsg)
{
	char	 text[CTL_TEXT_MAX + 1];

	if (ctlmsg_get_note(imsg, text) == -1)
		malformed();
	fprintf(stderr, "signerctl: ");
	table_text(stderr, text);
	fputc('\n', stderr);
}

static void
take_samples(struct answer *a, struct imsg *imsg)
{
	struct metric_sample	 s;
	struct ibuf		 b;

	if (imsg_get_ibuf(imsg, &b) == -1)
		malformed();
	while (ibuf_size(&b) > 0) {
		if (metrics_decode(&b, &s) == -1)
			malformed();
		if (a->sample != NULL)
			a->sample(a, &s);
	}
}

/* True: that was all. */
static bool
take(struct answer *a, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case CTL_ROW:
		add_row(a, imsg);
		break;
	case CTL_MORE:
		add_more(a, imsg);
		break;
	case CTL_SAMPLES:
		take_samples(a, imsg);
		break;
	case CTL_FAULT:
		print_fault(a, imsg);
		break;
	case CTL_NOTE:
		print_note(imsg);
		break;
	case CTL_END:
		if (ctlmsg_get_end(imsg, &a->result, a->text) == -1)
			malformed();
		return (true);
	default:
		malformed();
	}
	return (false);
}

static bool
take_all(struct imsgbuf *ibuf, struct answer *a, size_t *bytes)
{
	struct imsg	 imsg;
	ssize_t		 n;
	bool		 done = false;

	while (!done && (n = imsg_get(ibuf, &imsg)) != 0) {
		if (n == -1)
			malformed();
		if ((*bytes += (size_t)n) > ANSWER_MAX)
			give_up("the answer has no end");
		done = take(a, &imsg);
		imsg_free(&imsg);
	}
	return (done);
}

static void
read_some(struct imsgbuf *ibuf)
{
	struct pollfd	 pfd = { ibuf->fd, POLLIN, 0 };
	int		 n;

	while ((n = poll(&pfd, 1, PATIENCE * 1000)) == -1 && errno == EINTR)
		continue;
	if (n == -1)
		give_up("poll: %s", strerror(errno));
	if (n == 0)
		give_up("no answer within %d s", PATIENCE);
	switch (imsgbuf_read(ibuf)) {
	case 0:
		give_up("the daemon has closed the connection");
	case -1:
		give_up("the answer: %s", strerror(errno));
	}
}

void
talk_ask(struct imsgbuf *ibuf, struct answer *a)
{
	size_t	 bytes = 0;

	if (imsgbuf_flush(ibuf) == -1 && errno != EPIPE)
		give_up("cannot ask the daemon: %s", strerror(errno));
	do {
		read_some(ibuf);
	} while (!take_all(ibuf, a, &bytes));
	if (a->result == CTL_FAILED)
		give_up("%s", a->text);
	close(ibuf->fd);
	imsgbuf_clear(ibuf);
	signal(SIGPIPE, SIG_DFL);
}
