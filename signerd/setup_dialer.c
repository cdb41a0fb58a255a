/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "signerd/dialmsg.h"
#include "signerd/parent.h"

/* How often in a second the files are opened for the dialer. */
#define MAX_OPENED	100
/* Answers that may wait: without descriptors above the first. */
#define MAX_FILES	256
#define MAX_ANSWERS	2048

_Static_assert(CONFIG_NUMBERS <= DIAL_MAXENDPOINTS &&
    CONFIG_NAMESERVERS <= DIAL_MAXNAMESERVERS,
    "the dialer has room for what the configuration may hold");

static void
address_port(char *out, size_t size, const struct config_nameserver *ns)
{
	bool	 v6 = strchr(ns->host, ':') != NULL;

	if ((size_t)snprintf(out, size, "%s%s%s:%u", v6 ? "[" : "", ns->host,
	    v6 ? "]" : "", ns->port) >= size)
		fatalx("nameserver %s: too long", ns->host);
}

static void
send_config(struct parent *p, struct imsgev *iev)
{
	struct config_nameserver	*ns;
	struct dial_config		 dc;

	memset(&dc, 0, sizeof(dc));
	dc.connect_timeout = setup_subject(p)->limits.timeout_connect;
	STAILQ_FOREACH(ns, &setup_subject(p)->nameservers, entry) {
		if (dc.nnameservers == DIAL_MAXNAMESERVERS)
			fatalx("too many name servers");
		address_port(dc.nameservers[dc.nnameservers++],
		    sizeof(dc.nameservers[0]), ns);
	}
	if (dialmsg_send_config(&iev->ibuf, &dc) == -1)
		fatal("dialer's configuration");
}

static void
send_endpoint(struct imsgev *iev, const struct config_proxy *proxy)
{
	struct dial_endpoint	 de;

	memset(&de, 0, sizeof(de));
	de.index = proxy->index;
	de.port = proxy->port;
	if ((size_t)snprintf(de.host, sizeof(de.host), "%s",
	    proxy->host) >= sizeof(de.host))
		fatalx("proxy \"%s\": host too long", proxy->name);
	if (dialmsg_send_endpoint(&iev->ibuf, &de) == -1)
		fatal("dialer's configuration");
}

void
setup_dialer(struct parent *p)
{
	struct imsgev		*iev = &p->children[CHILD_DIALER].iev;
	struct config_proxy	*proxy;

	send_config(p, iev);
	STAILQ_FOREACH(proxy, &setup_subject(p)->proxies, entry)
		send_endpoint(iev, proxy);
	if (p->dialer_end != -1 && dialmsg_send(&iev->ibuf, DIAL_CHANNEL,
	    p->dialer_end) == -1)
		fatal("dialer's configuration");
	p->dialer_end = -1;
	if (dialmsg_send(&iev->ibuf, DIAL_START, -1) == -1)
		fatal("dialer's configuration");
	imsgev_flush(iev);
}

/* ---- The files that it asks for --------------------------------------- */

/* Said once, until it is another. */
static void
complain(const char *path, int error, int *last)
{
	if (error == *last)
		return;
	*last = error;
	if (error == EINVAL)
		log_warn("%s: not a regular file: not used", path);
	else if (error != 0 && error != ENOENT)
		log_warn("%s: %s: not used", path, strerror(error));
}

/* O_NONBLOCK: it could be a FIFO. */
static int
open_file(const char *path, int *last)
{
	struct stat	 st;
	int		 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1) {
		complain(path, errno, last);
		return (-1);
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		complain(path, EINVAL, last);
		return (-1);
	}
	complain(path, 0, last);
	return (fd);
}

static bool
may_open(struct parent *p, struct imsgev *iev)
{
	uint64_t	 second = clock_us() / 1000000;

	if (second != p->files_second) {
		p->files_second = second;
		p->files_count = 0;
	}
	if (p->files_count >= MAX_OPENED ||
	    imsgbuf_queuelen(&iev->ibuf) >= MAX_FILES)
		return (false);
	p->files_count++;
	return (true);
}

static int
need_files(struct parent *p)
{
	static int	 last_resolv, last_hosts;
	struct imsgev	*iev = &p->children[CHILD_DIALER].iev;
	int		 resolv = -1, hosts = -1;

	if (imsgbuf_queuelen(&iev->ibuf) >= MAX_ANSWERS) {
		log_error("the dialer asks for files and does not take them");
		return (-1);
	}
	if (may_open(p, iev)) {
		resolv = open_file(RESOLVCONF, &last_resolv);
		hosts = open_file(HOSTSFILE, &last_hosts);
	}
	if (dialmsg_send(&iev->ibuf, DIAL_RESOLVCONF, resolv) == -1 ||
	    dialmsg_send(&iev->ibuf, DIAL_HOSTS, hosts) == -1)
		fatal("files for the dialer");
	imsgev_flush(iev);
	return (0);
}

int
setup_dialer_answer(struct parent *p, struct imsg *imsg)
{
	struct child	*c = &p->children[CHILD_DIALER];

	if (dialmsg_get_empty(imsg) == -1)
		return (-1);
	switch (imsg_get_type(imsg)) {
	case DIAL_READY:
		if (c->answered && !reload_awaits(&p->reload, c))
			return (-1);
		return (setup_answered(p, c, true));
	case DIAL_NEEDFILES:
		return (need_files(p));
	}
	return (-1);
}
