/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "signerd/parse.h"

void
parser_audit_file(struct parser *p, const struct lexer_token *file)
{
	struct config_audit *audit = &p->conf->audit;

	if (!conf_once(&p->common, SINGLE_AUDITFILE, "audit file",
	    &file->pos))
		return;
	conf_path(&p->common, &audit->file, file, "audit file");
}

/* Not a keyword: it can be a name without quotes elsewhere. */
void
parser_audit_word(struct parser *p, const struct lexer_token *word)
{
	if (strcmp(word->text, "sync") != 0)
		lexer_error(p->common.lexer, &word->pos,
		    "audit \"%s\": \"file\" or \"sync\" is expected",
		    word->text);
	else if (conf_once(&p->common, SINGLE_AUDITSYNC, "audit sync",
	    &word->pos))
		p->conf->audit.sync = true;
}

void
audit_check(struct parser *p)
{
	const struct lexer_pos *sync = &p->common.singles[SINGLE_AUDITSYNC];

	if (sync->file == NULL || lexer_incomplete(p->common.lexer) ||
	    p->common.singles[SINGLE_AUDITFILE].file != NULL)
		return;
	lexer_error(p->common.lexer, sync, "audit sync without an audit file");
}

/* What has no file has no process either. */
void
audit_started_check(struct parser *p)
{
	const struct lexer_pos *pos = &p->common.singles[SINGLE_AUDITFILE];

	if ((pos->file != NULL) == p->started->audit)
		return;
	if (pos->file == NULL)
		pos = lexer_last(p->common.lexer);
	lexer_error(p->common.lexer, pos, "%s", p->started->audit ?
	    "to go on without an audit file needs a restart" :
	    "the first audit file of a daemon that was started without one "
	    "needs a restart");
}
