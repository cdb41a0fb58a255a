/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_PARSE_H
#define SIGNERD_PARSE_H

#include "common/conf_parse.h"
#include "signerd/config.h"

/*
 * Between the grammar and what its statements mean; nobody else's.  These
 * functions report what is wrong and go on.
 */

/* Of those that can be given once, the ones that only signerd has. */
#define SINGLE_KEYDUSER		SINGLE_OWN
#define SINGLE_AUDITFILE	(SINGLE_OWN + 1)
#define SINGLE_AUDITSYNC	(SINGLE_OWN + 2)
#define SINGLE_SPIN		(SINGLE_OWN + 3)
#define SINGLE_WORKERS		(SINGLE_OWN + 4)
#define SINGLE_PREFORK		(SINGLE_OWN + 5)

/* Statements that others ask for. */
#define STATEMENT_LISTEN	(1U << 0)
#define STATEMENT_TLS		(1U << 1)
#define STATEMENT_KEY		(1U << 2)
#define STATEMENT_PROXY		(1U << 3)
#define STATEMENT_ANY		(STATEMENT_LISTEN | STATEMENT_TLS | \
				    STATEMENT_KEY | STATEMENT_PROXY)

struct parser {
	struct conf_parser	 common;
	struct config		*conf;
	struct config_rule	*rule;		/* being read, or NULL */
	bool			 toomany;	/* rules: has been said */
	struct config_proxy	*proxy;		/* being read, or NULL */
	bool			 hasurl;	/* faulty or not */
	const struct config_started *started;	/* NULL: not yet */
	struct lexer_pos	 nameserver;	/* the last one */
};

/* config.c */
struct config	*config_new(void);
struct conf_tls	 config_tls(struct config *);
void		 parser_listen(struct parser *, const struct lexer_token *host,
		    const struct lexer_token *port);
void		 parser_metrics(struct parser *,
		    const struct lexer_token *host,
		    const struct lexer_token *port);
void		 parser_key(struct parser *, const struct lexer_token *name,
		    const struct lexer_token *file);
/* What can be told only when all of the text has been read. */
void		 parser_check(struct parser *);

/* config_started.c */
void		 started_check(struct parser *);

/* config_audit.c */
void		 parser_audit_file(struct parser *, const struct lexer_token *);
void		 parser_audit_word(struct parser *, const struct lexer_token *);
void		 audit_check(struct parser *);
void		 audit_started_check(struct parser *);

/* config_setting.c */
extern const struct conf_settings config_settings;
void		 settings_check(struct parser *);
void		 parser_prefork(struct parser *, const struct lexer_token *);
void		 prefork_warn(struct parser *);
/* keyd workers. */
void		 parser_keyd_word(struct parser *,
		    const struct lexer_token *word,
		    const struct lexer_token *value);
/* The unit may be NULL: then it is part of the value. */
void		 parser_spin(struct parser *, const struct lexer_token *value,
		    const struct lexer_token *unit);

/* config_proxy.c */
void		 parser_proxy(struct parser *, const struct lexer_token *name);
void		 parser_url(struct parser *, const struct lexer_token *);
void		 parser_tlsname(struct parser *, const struct lexer_token *);
/* Adds the proxy that is being read, if there is one, or drops it. */
void		 parser_proxy_end(struct parser *);
void		 parser_proxy_drop(struct parser *);
/* The port can be NULL. */
void		 parser_nameserver(struct parser *,
		    const struct lexer_token *host,
		    const struct lexer_token *port);
struct conf_tls	 config_proxy_tls(struct config_proxy *);
void		 config_proxy_free(struct config_proxy *);
/* Gives proxies the files of the tls block; reports those that lack any. */
void		 proxies_check(struct parser *);
/* Warns of what is odd, where there is no fault. */
void		 proxies_warn(struct parser *);

/* config_rule.c */
void		 parser_rule(struct parser *, const struct lexer_pos *);
void		 parser_rulekey(struct parser *, const struct lexer_token *);
void		 parser_via(struct parser *, const struct lexer_token *);
/* Adds the rule that is being read, if there is one, or drops it. */
void		 parser_rule_end(struct parser *);
void		 parser_rule_drop(struct parser *);
void		 config_rule_free(struct config_rule *);
struct lexer_pos config_rule_pos(const struct config_rule *);
/* Warns of what is odd in rules that have no fault. */
void		 rules_warn(struct parser *);

#endif /* SIGNERD_PARSE_H */
