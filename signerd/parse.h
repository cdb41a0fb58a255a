/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERD_PARSE_H
#define SIGNERD_PARSE_H

#include "common/lexer.h"
#include "signerd/config.h"

/*
 * Between the grammar and what its statements mean; nobody else's.  These
 * functions report what is wrong and go on.
 */

enum setting_kind {
	SETTING_COUNT,
	SETTING_SIZE,			/* bytes */
	SETTING_TIME,			/* ms */
	SETTING_FORMAT,			/* enum log_format */
	SETTING_LEVEL			/* enum log_level */
};

/* What `max`, `timeout` and `log` set. */
struct setting {
	const char	*group;
	const char	*name;
	enum setting_kind kind;
	uint32_t	 value;		/* default */
	uint32_t	 min;
	uint32_t	 max;
	size_t		 offset;	/* of a uint32_t in struct config */
};

#define NSETTINGS	21
extern const struct setting settings[NSETTINGS];

/* Statements that can be given once. */
enum single {
	SINGLE_USER,
	SINGLE_KEYDUSER,
	SINGLE_CHROOT,
	SINGLE_CA,
	SINGLE_CERTIFICATE,
	SINGLE_CRL,
	SINGLE_PROTOCOLS,
	SINGLE_SETTINGS,		/* and so on, by index of settings */
	NSINGLES = SINGLE_SETTINGS + NSETTINGS
};

/* Statements whose absence is a fault. */
#define STATEMENT_LISTEN	(1U << 0)
#define STATEMENT_TLS		(1U << 1)
#define STATEMENT_KEY		(1U << 2)
#define STATEMENT_ANY		(STATEMENT_LISTEN | STATEMENT_TLS | \
				    STATEMENT_KEY)

/* Clauses of a rule. */
#define CLAUSE_CLIENT		(1U << 0)
#define CLAUSE_KEY		(1U << 1)
#define CLAUSE_METHOD		(1U << 2)
#define CLAUSE_CHAIN		(1U << 3)
#define CLAUSE_DOMAIN		(1U << 4)
#define CLAUSE_TO		(1U << 5)
#define CLAUSE_MAXVALUE		(1U << 6)
#define CLAUSE_MAXFEE		(1U << 7)

struct parser {
	struct lexer		*lexer;
	struct config		*conf;
	const struct lexer_token *first;	/* of the statement */
	/* Of this statement, given to the grammar: the last one first. */
	struct {
		const struct lexer_token *t;	/* NULL: there is none */
		int		 number;	/* the grammar's */
	} recent[3];
	unsigned int		 seen;		/* STATEMENT_ */
	unsigned int		 broken;	/* those with syntax errors */
	struct lexer_pos	 singles[NSINGLES];	/* file NULL: none */
	const char		*group;		/* of settings */
	unsigned int		 protocols;	/* bits, by config.c */
	/* Takes each value of a list. */
	void			 (*item)(struct parser *,
				    const struct lexer_token *);

	struct config_rule	*rule;		/* being read, or NULL */
	struct lexer_pos	 rulepos;
	unsigned int		 clauses;	/* CLAUSE_, of this rule */
	bool			 badmethod;	/* a method was at fault */
	bool			 toomany;	/* rules: has been said */
};

/* config.c */
struct config	*config_new(void);
/* False, with a message, if there was one before; remembers this one. */
bool		 parser_once(struct parser *, unsigned int single,
		    const char *what, const struct lexer_pos *);
/* A copy, or NULL with a message if it is empty or longer than max bytes. */
char		*parser_text(struct parser *, const struct lexer_token *,
		    const char *what, size_t max);
void		 parser_user(struct parser *, const struct lexer_token *);
void		 parser_keyduser(struct parser *, const struct lexer_token *);
void		 parser_chroot(struct parser *, const struct lexer_token *);
void		 parser_listen(struct parser *, const struct lexer_token *host,
		    const struct lexer_token *port);
void		 parser_tls(struct parser *, unsigned int single,
		    const struct lexer_token *);
void		 parser_certificate(struct parser *,
		    const struct lexer_token *file,
		    const struct lexer_token *key);
/* Begins the list. */
void		 parser_protocols(struct parser *, const struct lexer_pos *);
/* A value of a list whose beginning was at fault: nothing is done. */
void		 parser_ignore(struct parser *, const struct lexer_token *);
void		 parser_key(struct parser *, const struct lexer_token *name,
		    const struct lexer_token *file);
/* What can be told only when all of the text has been read. */
void		 parser_check(struct parser *);

/* config_setting.c; the unit can be NULL. */
void		 settings_default(struct config *);
void		 parser_setting(struct parser *,
		    const struct lexer_token *name,
		    const struct lexer_token *value,
		    const struct lexer_token *unit);
/* Whether the word after its number can only be meant as a unit. */
bool		 setting_unit(const char *group, const char *name,
		    const char *word);
void		 settings_check(struct parser *);
/* How many letters are wrong in a word that is meant as name; 0: it is not. */
unsigned int	 parser_resembles(const char *word, const char *name);
#define SETTING_STRSIZE	32
void		 setting_format(const struct config *, const struct setting *,
		    char [SETTING_STRSIZE]);

/* config_rule.c */
void		 parser_rule(struct parser *, const struct lexer_pos *);
/* Begins a clause, and its list if it has one; false if it is repeated. */
bool		 parser_clause(struct parser *, unsigned int clause,
		    const struct lexer_pos *);
void		 parser_client(struct parser *, const struct lexer_token *);
void		 parser_rulekey(struct parser *, const struct lexer_token *);
void		 parser_amount(struct parser *, unsigned int clause,
		    const struct lexer_token *value,
		    const struct lexer_token *unit);
/* Adds the rule that is being read, if there is one, or drops it. */
void		 parser_rule_end(struct parser *);
void		 parser_rule_drop(struct parser *);
void		 config_rule_free(struct config_rule *);
/* Warns of what is odd in rules that have no fault. */
void		 rules_check(struct parser *);

/* config_amount.c */
/*
 * Digits, or digits, a point and digits.  The whole part is what stands
 * before *fraction (NULL if there is none).
 */
bool		 decimal_split(const char *, size_t *whole,
		    const char **fraction);
/*
 * A number with its unit and no blank between them: two tokens, to be freed.
 * False if it is not of that form.
 */
bool		 number_split(const struct lexer_token *,
		    struct lexer_token **number, struct lexer_token **unit);
void		 parse_amount(struct parser *, const char *what,
		    const struct lexer_token *value,
		    const struct lexer_token *unit, struct u256 *);
/* False with a message if it is not a number of 1 to 2^256-1. */
bool		 parse_chain(struct parser *, const struct lexer_token *,
		    struct u256 *);
#define AMOUNT_STRSIZE	(U256_DECSIZE + 8)
void		 amount_format(const struct u256 *, char [AMOUNT_STRSIZE]);

#endif /* SIGNERD_PARSE_H */
