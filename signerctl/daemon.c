/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <string.h>

#include "signerctl/daemon.h"

int
reload(const struct options *o, int argc, char **argv)
{
	struct imsgbuf	 ibuf;
	struct answer	 a;
	bool		 try = argc == 2 && strcmp(argv[1], "-n") == 0;
	int		 status = STATUS_GOOD;

	if (argc != 1 && !try)
		usage("reload");
	memset(&a, 0, sizeof(a));
	talk_begin(o, &ibuf);
	if (ctlmsg_send_reload(&ibuf, try) == -1)
		give_up("out of memory");
	talk_ask(&ibuf, &a);
	if (a.result != CTL_GOOD) {
		complain(try ? "would not be reloaded: %s" :
		    "not reloaded: what ran before goes on: %s", a.text);
		status = STATUS_BAD;
	} else if (!try)
		printf("reloaded: %s\n", a.text);
	answer_free(&a);
	return (status);
}

int
log_command(const struct options *o, int argc, char **argv)
{
	struct imsgbuf	 ibuf;
	struct answer	 a;

	if (argc != 2 || (strcmp(argv[1], "verbose") != 0 &&
	    strcmp(argv[1], "brief") != 0))
		usage("log");
	memset(&a, 0, sizeof(a));
	talk_begin(o, &ibuf);
	if (ctlmsg_send_log(&ibuf, strcmp(argv[1], "verbose") == 0) == -1)
		give_up("out of memory");
	talk_ask(&ibuf, &a);
	answer_free(&a);
	return (STATUS_GOOD);
}

int
link_command(const struct options *o, int argc, char **argv)
{
	struct ctl_link	 link;
	struct imsgbuf	 ibuf;
	struct answer	 a;

	memset(&link, 0, sizeof(link));
	if (argc != 3)
		usage("link");
	if (strcmp(argv[2], "up") == 0)
		link.up = true;
	else if (strcmp(argv[2], "down") != 0)
		usage("link");
	if ((size_t)snprintf(link.name, sizeof(link.name), "%s", argv[1]) >=
	    sizeof(link.name))
		give_up("link %s: the name is too long", argv[1]);
	memset(&a, 0, sizeof(a));
	talk_begin(o, &ibuf);
	if (ctlmsg_send_link(&ibuf, &link) == -1)
		give_up("out of memory");
	talk_ask(&ibuf, &a);
	answer_free(&a);
	return (STATUS_GOOD);
}
