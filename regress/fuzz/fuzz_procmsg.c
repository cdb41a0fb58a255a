/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: signerd/frontmsg.o signerd/linkmsg.o signerd/dialmsg.o
 * common/msgfield.o compat/imsg.o compat/imsg-buffer.o
 */

#include "regress/fuzz/codec.h"
#include "signerd/dialmsg.h"
#include "signerd/frontmsg.h"
#include "signerd/linkmsg.h"

/* Between signerd's parent, the frontend, the link process and the dialer. */

static int
front_config(struct imsg *imsg)
{
	struct front_config	 c;

	if (frontmsg_get_config(imsg, &c) == -1)
		return (-1);
	must(TERMINATED(c.protocols));
	must(frontmsg_send_config(&p.out, &c) == 0);
	return (0);
}

static int
front_key(struct imsg *imsg)
{
	struct front_key	 k;

	if (frontmsg_get_key(imsg, &k) == -1)
		return (-1);
	must(TERMINATED(k.name));
	must(frontmsg_send_key(&p.out, &k) == 0);
	return (0);
}

static int
front_error(struct imsg *imsg)
{
	struct front_error	 e;

	if (frontmsg_get_error(imsg, &e) == -1)
		return (-1);
	must(TERMINATED(e.text) && e.file < TLSFILE_COUNT &&
	    e.severity < TLSFILE_NSEVERITIES);
	must(frontmsg_send_error(&p.out, &e) == 0);
	return (0);
}

static int
link_proxy(struct imsg *imsg)
{
	struct link_proxy	 lp;

	if (linkmsg_get_proxy(imsg, &lp) == -1)
		return (-1);
	must(lp.index < CONFIG_NUMBERS && TERMINATED(lp.name) &&
	    TERMINATED(lp.host) && TERMINATED(lp.target) &&
	    TERMINATED(lp.tlsname) && TERMINATED(lp.protocols));
	must(linkmsg_send_proxy(&p.out, &lp) == 0);
	return (0);
}

static int
link_error(struct imsg *imsg)
{
	struct link_error	 e;

	if (linkmsg_get_error(imsg, &e) == -1)
		return (-1);
	must(TERMINATED(e.text) && e.index < CONFIG_NUMBERS &&
	    e.file < TLSFILE_COUNT && e.severity < TLSFILE_NSEVERITIES);
	must(linkmsg_send_error(&p.out, &e) == 0);
	return (0);
}

static int
dial_config(struct imsg *imsg)
{
	struct dial_config	 c;
	uint32_t		 i;

	if (dialmsg_get_config(imsg, &c) == -1)
		return (-1);
	must(c.connect_timeout > 0 && c.nnameservers <= DIAL_MAXNAMESERVERS);
	for (i = 0; i < c.nnameservers; i++)
		must(TERMINATED(c.nameservers[i]) &&
		    c.nameservers[i][0] != '\0');
	must(dialmsg_send_config(&p.out, &c) == 0);
	return (0);
}

static int
dial_endpoint(struct imsg *imsg)
{
	struct dial_endpoint	 e;

	if (dialmsg_get_endpoint(imsg, &e) == -1)
		return (-1);
	must(e.index < DIAL_MAXENDPOINTS && e.port != 0);
	must(TERMINATED(e.host) && e.host[0] != '\0');
	must(dialmsg_send_endpoint(&p.out, &e) == 0);
	return (0);
}

static int
dial_request(struct imsg *imsg)
{
	struct dial_request	 r;

	if (dialmsg_get_request(imsg, &r) == -1)
		return (-1);
	must(r.index < DIAL_MAXENDPOINTS);
	must(dialmsg_send_request(&p.out, (enum dial_msg)imsg_get_type(imsg),
	    &r) == 0);
	return (0);
}

static int
dial_failed(struct imsg *imsg)
{
	struct dial_result	 r;

	if (dialmsg_get_failed(imsg, &r) == -1)
		return (-1);
	must(r.index < DIAL_MAXENDPOINTS && TERMINATED(r.text) &&
	    r.text[0] != '\0');
	must(dialmsg_send_failed(&p.out, &r) == 0);
	return (0);
}

static int
link_down(struct imsg *imsg)
{
	uint32_t	 index;
	bool		 down;

	if (linkmsg_get_down(imsg, &index, &down) == -1)
		return (-1);
	must(index < CONFIG_NUMBERS);
	must(linkmsg_send_down(&p.out, index, down) == 0);
	return (0);
}

/* ---- With a descriptor ------------------------------------------------ */

static int
dial_connected(struct imsg *imsg)
{
	struct dial_result	 r;
	int			 fd = -1;

	if (dialmsg_get_connected(imsg, &r, &fd) == -1) {
		must(fd == -1);
		return (-1);
	}
	must(fd != -1 && r.index < DIAL_MAXENDPOINTS);
	must(TERMINATED(r.peer) && r.peer[0] != '\0');
	must(dialmsg_send_connected(&p.out, &r, fd) == 0);
	return (0);
}

static int
front_file(struct imsg *imsg)
{
	enum tlsfile	 file;
	int		 fd = -1;

	if (frontmsg_get_file(imsg, &file, &fd) == -1) {
		must(fd == -1);
		return (-1);
	}
	must(fd != -1 && file < TLSFILE_COUNT);
	must(frontmsg_send_file(&p.out, file, fd) == 0);
	return (0);
}

static int
link_file(struct imsg *imsg)
{
	enum tlsfile	 file;
	uint32_t	 index;
	int		 fd = -1;

	if (linkmsg_get_file(imsg, &index, &file, &fd) == -1) {
		must(fd == -1);
		return (-1);
	}
	must(fd != -1 && file < TLSFILE_COUNT && index < CONFIG_NUMBERS);
	must(linkmsg_send_file(&p.out, index, file, fd) == 0);
	return (0);
}

/* Those of nothing but a descriptor, or of nothing at all. */
static int
bare(struct imsg *imsg)
{
	uint32_t	 type = imsg_get_type(imsg);
	int		 fd = -1, r;

	switch (type) {
	case FRONT_LISTEN:
	case FRONT_CHANNEL:
		r = frontmsg_get_fd(imsg, &fd);
		break;
	case LINK_DIALER:
		r = linkmsg_get_dialer(imsg, &fd);
		break;
	case DIAL_CHANNEL:
		r = dialmsg_get_fd(imsg, &fd);
		break;
	case DIAL_RESOLVCONF:
	case DIAL_HOSTS:
		if (dialmsg_get_file(imsg, &fd) == -1) {
			must(fd == -1);
			return (-1);
		}
		must(dialmsg_send(&p.out, (enum dial_msg)type, fd) == 0);
		return (0);
	default:
		if (frontmsg_get_empty(imsg) == -1)
			return (-1);
		must(frontmsg_send(&p.out, (enum front_msg)type, -1) == 0);
		return (0);
	}
	must((r == 0) == (fd != -1));
	if (r == 0 && type == LINK_DIALER)
		must(linkmsg_send_dialer(&p.out, fd) == 0);
	else if (r == 0)
		must(dialmsg_send(&p.out, (enum dial_msg)type, fd) == 0);
	return (r);
}

static const struct codec	 messages[] = {
	{ FRONT_CONFIG, false, front_config }, { FRONT_KEY, false, front_key },
	{ FRONT_ERROR, false, front_error }, { LINK_PROXY, false, link_proxy },
	{ LINK_ERROR, false, link_error }, { DIAL_CONFIG, false, dial_config },
	{ DIAL_ENDPOINT, false, dial_endpoint },
	{ DIAL_CONNECT, false, dial_request },
	{ DIAL_CANCEL, false, dial_request },
	{ DIAL_FAILED, false, dial_failed },
	{ DIAL_CONNECTED, true, dial_connected },
	{ FRONT_FILE, true, front_file }, { LINK_FILE, true, link_file },
	{ FRONT_LISTEN, true, bare }, { FRONT_CHANNEL, true, bare },
	{ LINK_DIALER, true, bare }, { DIAL_CHANNEL, true, bare },
	{ DIAL_RESOLVCONF, true, bare }, { DIAL_HOSTS, true, bare },
	{ FRONT_START, false, bare }, { FRONT_READY, false, bare },
	{ LINK_DOWN, false, link_down }
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	codec_run(messages, sizeof(messages) / sizeof(messages[0]),
	    FRONT_MSGSIZE, data, size);
	return (0);
}
