/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * A server of mutual TLS that does nothing else: it answers each request with
 * the same bytes, those of a true answer, in which only the id is that of the
 * request.  What a client measures against it is what TLS, the sockets and
 * the client itself cost.  It says which port it has, and ends with its
 * standard input.
 *
 * objects:
 * libs: libtls libevent
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <tls.h>

#define MAX_REQUEST	4096
#define MAX_ANSWER	4096
#define BACKLOG		1024
#define MARK		"\"id\":"

struct client {
	struct tls	*tls;
	struct event	*event;
	int		 fd;
	bool		 greeted;	/* the handshake is through */
	char		 request[MAX_REQUEST + 1];
	size_t		 have;
	char		 answer[MAX_ANSWER];
	size_t		 unsent;
};

static struct event_base *base;
static struct tls *server;
static char answer[MAX_ANSWER + 1];	/* a true one */
static size_t answer_len;
static size_t id_at;			/* where its id begins */
static size_t id_len;

static void
client_end(struct client *c)
{
	event_free(c->event);
	tls_free(c->tls);
	close(c->fd);
	free(c);
}

/* How long the request is that begins here; 0: more of it is to come. */
static size_t
request_length(struct client *c)
{
	const char *end, *length;

	c->request[c->have] = '\0';
	if ((end = strstr(c->request, "\r\n\r\n")) == NULL)
		return (0);
	length = strcasestr(c->request, "\r\nContent-Length:");
	return ((size_t)(end - c->request) + 4 + (length != NULL &&
	    length < end ? strtoul(length + 17, NULL, 10) : 0));
}

static void
prepare_answer(struct client *c)
{
	const char *id = strstr(c->request, MARK);

	memcpy(c->answer, answer, answer_len);
	if (id != NULL && strspn(id + strlen(MARK), "0123456789") == id_len)
		memcpy(c->answer + id_at, id + strlen(MARK), id_len);
	c->unsent = answer_len;
}

/* Whether there is more to do before the socket is to be waited for. */
static bool
step(struct client *c, ssize_t *n)
{
	size_t length;

	if (!c->greeted) {
		if ((*n = tls_handshake(c->tls)) == 0)
			c->greeted = true;
		return (*n == 0);
	}
	if (c->unsent > 0) {
		*n = tls_write(c->tls, c->answer + answer_len - c->unsent,
		    c->unsent);
		if (*n > 0)
			c->unsent -= (size_t)*n;
		return (*n > 0);
	}
	*n = tls_read(c->tls, c->request + c->have, MAX_REQUEST - c->have);
	if (*n <= 0) {
		*n = *n == 0 ? -1 : *n;
		return (false);
	}
	c->have += (size_t)*n;
	length = request_length(c);
	if (length > c->have || length == 0) {
		*n = c->have == MAX_REQUEST ? -1 : 1;
		return (*n == 1);
	}
	prepare_answer(c);
	c->have -= length;
	memmove(c->request, c->request + length, c->have);
	return (true);
}

static void
on_client(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	ssize_t n;

	(void)what;
	while (step(c, &n))
		continue;
	if (n != TLS_WANT_POLLIN && n != TLS_WANT_POLLOUT) {
		client_end(c);
		return;
	}
	if (event_get_events(c->event) == (n == TLS_WANT_POLLIN ?
	    EV_READ | EV_PERSIST : EV_WRITE | EV_PERSIST))
		return;
	event_del(c->event);
	event_assign(c->event, base, fd, (n == TLS_WANT_POLLIN ? EV_READ :
	    EV_WRITE) | EV_PERSIST, on_client, c);
	event_add(c->event, NULL);
}

static void
on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct client *c;
	int one = 1;

	(void)what;
	(void)arg;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		err(1, NULL);
	c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c->fd == -1) {
		free(c);
		return;
	}
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (tls_accept_socket(server, &c->tls, c->fd) == -1)
		errx(1, "tls_accept_socket: %s", tls_error(server));
	c->event = event_new(base, c->fd, EV_READ | EV_PERSIST, on_client, c);
	if (c->event == NULL || event_add(c->event, NULL) == -1)
		errx(1, "no event");
}

static void
on_stdin(evutil_socket_t fd, short what, void *arg)
{
	char byte;

	(void)what;
	(void)arg;
	if (read(fd, &byte, 1) <= 0)
		event_base_loopbreak(base);
}

static void
read_answer(const char *path)
{
	const char *id;
	FILE *f;

	if ((f = fopen(path, "r")) == NULL)
		err(1, "%s", path);
	answer_len = fread(answer, 1, MAX_ANSWER, f);
	fclose(f);
	if ((id = strstr(answer, MARK)) == NULL)
		errx(1, "%s: an answer without an id", path);
	id_at = (size_t)(id - answer) + strlen(MARK);
	id_len = strspn(answer + id_at, "0123456789");
}

static void
make_server(const char *ca, const char *certificate, const char *key)
{
	struct tls_config *config = tls_config_new();

	if (config == NULL || (server = tls_server()) == NULL)
		errx(1, "out of memory");
	if (tls_config_set_protocols(config, TLS_PROTOCOL_TLSv1_3) == -1 ||
	    tls_config_set_ca_file(config, ca) == -1 ||
	    tls_config_set_keypair_file(config, certificate, key) == -1)
		errx(1, "%s", tls_config_error(config));
	tls_config_verify_client(config);
	if (tls_configure(server, config) == -1)
		errx(1, "%s", tls_error(server));
	tls_config_free(config);
}

static int
listen_somewhere(void)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 ||
	    listen(fd, BACKLOG) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		err(1, "cannot listen");
	printf("%d\n", ntohs(sin.sin_port));
	if (fflush(stdout) == EOF)
		err(1, "stdout");
	return (fd);
}

int
main(int argc, char **argv)
{
	struct event *accepting, *ending;

	if (argc != 5)
		errx(2, "usage: echo ca certificate key answer");
	(void)signal(SIGPIPE, SIG_IGN);
	read_answer(argv[4]);
	make_server(argv[1], argv[2], argv[3]);
	if ((base = event_base_new()) == NULL)
		errx(1, "no event loop");
	accepting = event_new(base, listen_somewhere(), EV_READ | EV_PERSIST,
	    on_accept, NULL);
	ending = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_stdin,
	    NULL);
	if (accepting == NULL || ending == NULL ||
	    event_add(accepting, NULL) == -1 || event_add(ending, NULL) == -1)
		errx(1, "no event");
	event_base_dispatch(base);
	return (0);
}
