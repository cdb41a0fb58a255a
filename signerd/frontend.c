/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include "common/child.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/tlsconn.h"
#include "common/tlsidle.h"
#include "signerd/frontend.h"

static struct frontend	 frontend;

static void
on_message(struct imsgev *iev, struct imsg *imsg, void *arg)
{
	(void)iev;
	front_message(arg, imsg);
}

int
main(int argc, char *argv[])
{
	static const struct imsgev_cb	 cb = {
		on_message, NULL, child_orphaned
	};

	frontend.channel = -1;
	keynames_init(&frontend.names);
	frontend.base = child_init("frontend", argc, argv);
	if (tlsconn_init() == -1 || tlsidle_init() == -1)
		fatalx("libtls");
	child_parent(&frontend.parent, FRONT_MSGSIZE, &cb, &frontend);
	child_run(&sandbox_frontend);
}
