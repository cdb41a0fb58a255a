/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_PARSE_H
#define PROXYD_PARSE_H

#include "common/conf_parse.h"
#include "proxyd/config.h"

/*
 * Between the grammar and what its statements mean; nobody else's.  These
 * functions report what is wrong and go on.
 */

/* Statements whose absence is a fault, or which others ask for. */
#define STATEMENT_LISTEN	(1U << 0)
#define STATEMENT_SIGNERS	(1U << 1)
#define STATEMENT_TLS		(1U << 2)
#define STATEMENT_SIGNER	(1U << 3)
#define STATEMENT_ANY		(STATEMENT_LISTEN | STATEMENT_SIGNERS | \
				    STATEMENT_TLS | STATEMENT_SIGNER)

struct parser {
	struct conf_parser	 common;
	struct config		*conf;
	struct config_listen	*listen;	/* being read, or NULL */
	struct config_signer	*signer;	/* being read, or NULL */
	struct rule		 clauses;	/* of the signer */
	struct config_rule	*rule;		/* being read, or NULL */
	bool			 toomany;	/* rules: has been said */
	unsigned int		 nerrors;	/* before what is being read */
	bool			 unsure;	/* of what signers, rules say */
	const struct config_started *started;	/* NULL: not yet */
};

/* config.c */
struct config	*config_new(void);
struct conf_tls	 config_tls(struct config *);
struct conf_tls	 config_listen_tls(struct config_listen *);
/* What an error leaves half read. */
void		 parser_drop(struct parser *);
/* What can be told only when all of the text has been read. */
void		 parser_check(struct parser *);

/* config_listen.c */
/* Begins one, which the tls statements that follow are for. */
void		 parser_listen(struct parser *, enum config_whom);
void		 parser_listen_end(struct parser *,
		    const struct lexer_token *host,
		    const struct lexer_token *port);
void		 parser_listen_drop(struct parser *);
void		 config_listen_free(struct config_listen *);
/* Gives listeners the files of the tls block; reports those that lack any. */
void		 listens_check(struct parser *);

/* config_setting.c */
extern const struct conf_settings config_settings;
void		 settings_check(struct parser *);

/* config_signer.c */
void		 parser_signer(struct parser *, const struct lexer_token *);
void		 parser_certname(struct parser *, const struct lexer_token *);
/* Adds the signer that is being read, if there is one, or drops it. */
void		 parser_signer_end(struct parser *);
void		 parser_signer_drop(struct parser *);
void		 config_signer_free(struct config_signer *);
const struct config_signer *config_find_signer(const struct config *,
		    const char *);
struct lexer_pos config_signer_pos(const struct config_signer *);

/* config_rule.c */
void		 parser_rule(struct parser *, const struct lexer_pos *);
/* Of a rule, or of a signer. */
void		 parser_addresses(struct parser *, const struct lexer_pos *);
void		 parser_rulesigners(struct parser *,
		    const struct lexer_pos *);
/* Adds the rule that is being read, if there is one, or drops it. */
void		 parser_rule_end(struct parser *);
void		 parser_rule_drop(struct parser *);
void		 config_rule_free(struct config_rule *);
/* Warns of what is odd in rules that have no fault. */
void		 rules_warn(struct parser *);

/* config_use.c */
/* Finds the signers that rules name, and those that can serve each. */
void		 signers_check(struct parser *);

#endif /* PROXYD_PARSE_H */
