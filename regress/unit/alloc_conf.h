/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_ALLOC_CONF_H
#define REGRESS_UNIT_ALLOC_CONF_H

#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "regress/unit/alloc.h"

/*
 * For the tests of either daemon's configuration where memory runs out; to be
 * included after its config.h.
 */
struct alloc_conf {
	const char	*text;
	size_t		 len;
	uint32_t	 nrules;	/* that are in it */
	char		 path[64];
};

/* A configuration, and the fault that it must be told with. */
static inline bool
alloc_conf_parse(void *arg)
{
	const struct alloc_conf	*ac = arg;
	struct config		*conf;

	if ((conf = config_parse(ac->path)) == NULL) {
		/* As main() does; it was reported. */
		exit(1);
	}
	assert_int_equal(conf->nrules, ac->nrules);
	config_free(conf);
	return (true);
}

/* How many allocations failed in turn. */
static inline unsigned int
alloc_conf_each(struct alloc_conf *ac)
{
	unsigned int	 n;
	int		 fd;

	log_init("test");
	snprintf(ac->path, sizeof(ac->path), "/tmp/test_alloc.XXXXXX");
	assert_int_not_equal(fd = mkstemp(ac->path), -1);
	assert_int_equal(write(fd, ac->text, ac->len), ac->len);
	close(fd);
	n = alloc_each_fatal(alloc_conf_parse, ac, "memory");
	unlink(ac->path);
	return (n);
}

#endif /* REGRESS_UNIT_ALLOC_CONF_H */
