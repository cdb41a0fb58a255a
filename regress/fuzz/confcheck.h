/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_FUZZ_CONFCHECK_H
#define REGRESS_FUZZ_CONFCHECK_H

#include "common/report.h"
#include "regress/fuzz/conftext.h"

/*
 * For both daemons; included after the header of the one's configuration.
 * What is refused has a message, what is accepted none but warnings; its
 * canonical form is accepted and printed the same.
 */
static inline char *
print(struct config *conf)
{
	char	*text;
	size_t	 len;
	FILE	*f;

	must((f = open_memstream(&text, &len)) != NULL);
	config_print(conf, f);
	must(fclose(f) == 0);
	must(strlen(text) == len);
	return (text);
}

static inline struct config *
parse(void)
{
	struct conftext_said	 said;
	struct config		*conf;

	report_to(NULL);
	conftext_listen(&said);
	conf = config_parse(CONFTEXT);
	conftext_heard(&said);
	must((report_count() == 0) == (conf != NULL));
	return (conf);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	conftext_init();
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config	*conf;
	char		*once, *twice;

	conftext_set(data, size);
	if ((conf = parse()) == NULL)
		return (0);
	once = print(conf);
	config_free(conf);
	conftext_set((const uint8_t *)once, strlen(once));
	must((conf = parse()) != NULL);
	twice = print(conf);
	must(strcmp(once, twice) == 0);
	config_free(conf);
	free(once);
	free(twice);
	return (0);
}

#endif /* REGRESS_FUZZ_CONFCHECK_H */
