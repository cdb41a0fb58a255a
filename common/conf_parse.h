/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CONF_PARSE_H
#define COMMON_CONF_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/handshake.h"
#include "common/lexer.h"
#include "common/log.h"
#include "common/u256.h"
#include "keyd/policy.h"

/*
 * Between a daemon's grammar and what those statements mean that other
 * daemons have, too; nobody else's.  These functions report what is wrong
 * and go on.  Short of memory is fatal.
 */

/* ---- Settings --------------------------------------------------------- */

enum setting_kind {
	SETTING_COUNT,
	SETTING_SIZE,			/* bytes */
	SETTING_PERIOD,			/* ms, or 0: off */
	SETTING_TIME,			/* ms */
	SETTING_FORMAT,			/* enum log_format */
	SETTING_LEVEL			/* enum log_level */
};

/* What `max`, `timeout` and `log` set. */
struct conf_setting {
	const char	*group;
	const char	*name;
	enum setting_kind kind;
	uint32_t	 value;		/* default; 0 below min: not set */
	uint32_t	 min;
	uint32_t	 max;
	size_t		 offset;	/* in the daemon's struct config */
};

/* In the order of the canonical form, those of `log` first. */
struct conf_settings {
	const struct conf_setting *list;
	unsigned int	 n;
};

#define CONF_KIB	1024U
#define CONF_MIB	(1024U * CONF_KIB)
#define CONF_SEC	1000U
#define CONF_MIN	(60U * CONF_SEC)

/* Those of every daemon, for a struct config with these members. */
#define CONF_LIMIT(member)	offsetof(struct config, limits.member)
#define CONF_SETTINGS_LOG						\
	{ "log", "format", SETTING_FORMAT, LOG_FMT_LOGFMT, 0, 0,	\
	    offsetof(struct config, log_format) },			\
	{ "log", "level", SETTING_LEVEL, LOG_LVL_INFO, 0, 0,		\
	    offsetof(struct config, log_level) },			\
	{ "log", "rate", SETTING_COUNT, 5000, 1, 1000000,		\
	    offsetof(struct config, log_rate) }
#define CONF_SETTINGS_WATCH						\
	{ "watch", "interval", SETTING_PERIOD, 15 * CONF_SEC, 10,	\
	    CONF_MIN, offsetof(struct config, watch) }
#define CONF_SETTINGS_HTTP						\
	{ "max", "connections", SETTING_COUNT, 1024, 1, 65536,		\
	    CONF_LIMIT(max_connections) },				\
	{ "max", "connections-per-address", SETTING_COUNT, 256, 1,	\
	    65536, CONF_LIMIT(max_per_address) },			\
	{ "max", "handshake-percent", SETTING_COUNT,			\
	    HANDSHAKE_PERCENT, 1, 100, CONF_LIMIT(max_handshake) },	\
	{ "max", "header", SETTING_SIZE, 16 * CONF_KIB, CONF_KIB,	\
	    CONF_MIB, CONF_LIMIT(max_header) },				\
	{ "max", "body", SETTING_SIZE, 5 * CONF_MIB, CONF_KIB,		\
	    64 * CONF_MIB, CONF_LIMIT(max_body) },			\
	{ "max", "bodies", SETTING_SIZE, 64 * CONF_MIB, 64 * CONF_KIB,	\
	    2048 * CONF_MIB, CONF_LIMIT(max_bodies) },			\
	{ "max", "batch", SETTING_COUNT, 1000, 1, 100000,		\
	    CONF_LIMIT(max_batch) },					\
	{ "max", "response", SETTING_SIZE, 25000000, CONF_KIB,		\
	    256 * CONF_MIB, CONF_LIMIT(max_response) },			\
	{ "max", "values", SETTING_COUNT, 50000, 100, 10000000,	\
	    CONF_LIMIT(max_values) }
#define CONF_TIMEOUT(name, value, max)					\
	{ "timeout", #name, SETTING_TIME, value, 10, max,		\
	    CONF_LIMIT(timeout_ ## name) }
#define CONF_TIMEOUTS_HTTP						\
	CONF_TIMEOUT(handshake, 10 * CONF_SEC, 60 * CONF_MIN),		\
	CONF_TIMEOUT(header, 10 * CONF_SEC, 60 * CONF_MIN),		\
	CONF_TIMEOUT(body, 30 * CONF_SEC, 60 * CONF_MIN),		\
	CONF_TIMEOUT(idle, 3 * CONF_MIN, 60 * CONF_MIN),		\
	CONF_TIMEOUT(write, 30 * CONF_SEC, 60 * CONF_MIN)
/* Of who asks for metrics. */
#define CONF_SETTINGS_METRICS						\
	{ "max", "metrics-connections", SETTING_COUNT, 16, 1, 1024,	\
	    CONF_LIMIT(max_metrics) }
#define CONF_TIMEOUTS_METRICS						\
	CONF_TIMEOUT(metrics, 10 * CONF_SEC, 60 * CONF_MIN)
/* Of the control socket. */
#define CONF_TIMEOUTS_CONTROL						\
	{ "timeout", "control-idle", SETTING_TIME, 30 * CONF_SEC, 10,	\
	    60 * CONF_MIN, offsetof(struct config, control.idle) },	\
	{ "timeout", "control-check", SETTING_TIME, 5 * CONF_SEC, 10,	\
	    30 * CONF_SEC, offsetof(struct config, control.check) }
/* Of websockets, on both sides. */
#define CONF_SETTINGS_LINK						\
	{ "max", "link-requests", SETTING_COUNT, 256, 1, 65536,		\
	    CONF_LIMIT(max_link_requests) }
#define CONF_TIMEOUTS_LINK						\
	CONF_TIMEOUT(register, 10 * CONF_SEC, 60 * CONF_MIN),		\
	CONF_TIMEOUT(ping, 4 * CONF_SEC, 60 * CONF_MIN),		\
	CONF_TIMEOUT(dead, 12 * CONF_SEC, 60 * CONF_MIN)

#define CONF_MAXSETTINGS	64

/* ---- Language and parser ---------------------------------------------- */

struct conf_keyword {
	const char	*name;
	int		 token;
	unsigned int	 flags;		/* CONF_ */
	const char	*form;		/* of the statement that it begins */
	/* What cannot be missed if that statement is faulty. */
	unsigned int	 statements;
};
#define CONF_LIST	(1U << 0)	/* a value, or several in braces */
#define CONF_AMOUNT	(1U << 1)	/* an amount follows */
#define CONF_GROUP	(1U << 2)	/* settings follow */
#define CONF_BLOCK	(1U << 3)	/* holds statements, in braces */
#define CONF_INBLOCK	(1U << 4)	/* can begin a line in such a block */
#define CONF_INBRACES	(1U << 5)	/* can begin a line in any braces */

struct conf_language {
	const char	*daemon;
	const struct conf_keyword *keywords;	/* sorted by name */
	size_t		 nkeywords;
	/* Tokens: a word of nobody's, a quoted string, a unit, a fault. */
	int		 word;
	int		 string;
	int		 unit;
	int		 bad;
	unsigned int	 statements;	/* all whose absence is a fault */
	const struct conf_settings *settings;
};

/* Statements that can be given once. */
enum single {
	SINGLE_USER,
	SINGLE_CHROOT,
	SINGLE_PROTOCOLS,
	SINGLE_CONTROL,
	SINGLE_OWN,			/* of the daemon's own */
	SINGLE_OWN_LAST = SINGLE_OWN + 5,
	SINGLE_SETTINGS,		/* and so on, by index */
	NSINGLES = SINGLE_SETTINGS + CONF_MAXSETTINGS + 1
};

/* Clauses of a rule, and of what is written like one. */
#define CLAUSE_CLIENT		(1U << 0)
#define CLAUSE_METHOD		(1U << 1)
#define CLAUSE_CHAIN		(1U << 2)
#define CLAUSE_DOMAIN		(1U << 3)
#define CLAUSE_TO		(1U << 4)
#define CLAUSE_MAXVALUE		(1U << 5)
#define CLAUSE_MAXFEE		(1U << 6)
#define CLAUSE_KEY		(1U << 7)
#define CLAUSE_VIA		(1U << 8)
#define CLAUSE_ADDRESS		(1U << 9)
#define CLAUSE_SIGNER		(1U << 10)
#define CLAUSE_NAME		(1U << 11)

struct conf_parser;
/* Takes each value of a list. */
typedef void conf_item(struct conf_parser *, const struct lexer_token *);

/*
 * A number and its unit, or NULL, of a setting or a clause.  Whether a unit
 * follows is known from the next token, and with some yaccs only when this has
 * proved right: so the number waits for that, lest there be messages for what
 * is no more than half of a faulty statement.
 */
struct conf_held {
	const struct lexer_token *name;		/* of a setting, or NULL */
	unsigned int		  clause;
	const struct lexer_token *value;	/* NULL: nothing is held */
	const struct lexer_token *unit;
};

/* The first member of a daemon's struct parser. */
struct conf_parser {
	struct lexer		*lexer;
	const struct conf_language *language;
	void			*config;	/* the daemon's */
	char			**protocols;	/* its */
	const struct lexer_token *first;	/* of the statement, or NULL */
	/* Of this statement, given to the grammar: the last one first. */
	struct {
		const struct lexer_token *t;	/* NULL: there is none */
		int		 number;	/* the grammar's */
	} recent[3];
	struct conf_held	 held;
	unsigned int		 seen;		/* statements, the daemon's */
	unsigned int		 broken;	/* those with syntax errors */
	struct lexer_pos	 singles[NSINGLES];	/* file NULL: none */
	const char		*group;		/* of settings */
	bool			 faulty[CONF_MAXSETTINGS + 1];	/* by index */
	unsigned int		 bits;		/* of protocols */
	struct conf_tls		 tls;		/* what tls statements fill */
	conf_item		*item;
	struct {
		const char	*host;
		uint16_t	 port;
		struct lexer_pos pos;
	} listens[CONF_LISTENS];
	unsigned int		 nlistens;

	/* Being read. */
	struct rule		*rule;
	const char		*noun;		/* "a rule" */
	struct lexer_pos	 rulepos;
	unsigned int		 clauses;	/* CLAUSE_ */
	bool			 badmethod;	/* a method was at fault */
};

/* ---- conf.c ----------------------------------------------------------- */

char		*conf_copy(const char *);
/* Room for one more of n items; the room doubles. */
void		*conf_grow(void *items, size_t n, size_t size);

/* Opens the file; tls and protocols are the caller's to set. */
void		 conf_begin(struct conf_parser *,
		    const struct conf_language *, void *config,
		    struct lexer *);
/* Writes all messages; -1 if there was an error among them. */
int		 conf_end(struct conf_parser *, struct lexer_names *);

/*
 * Of what a reload cannot change: reports, where it is given or at the end of
 * the text, that it is not what it was when the daemon was started.
 */
void		 conf_same(struct conf_parser *, unsigned int single,
		    const char *what, const char *now, const char *before);
/* False, with a message, if there was one before; remembers this one. */
bool		 conf_once(struct conf_parser *, unsigned int single,
		    const char *what, const struct lexer_pos *);
/* A copy, or NULL with a message if it is empty or longer than max bytes. */
char		*conf_text(struct conf_parser *, const struct lexer_token *,
		    const char *what, size_t max);
/* The same for printable ASCII, into out, of max + 1 bytes. */
bool		 conf_ascii(struct conf_parser *, const struct lexer_token *,
		    const char *what, char *out, size_t max);
void		 conf_user(struct conf_parser *, const struct lexer_token *,
		    unsigned int single, const char *what, char **user);
void		 conf_chroot(struct conf_parser *,
		    const struct lexer_token *, char **chroot);
/* An absolute path, or "off". */
void		 conf_control(struct conf_parser *,
		    const struct lexer_token *, struct conf_control *);
/* A numeric address in the form of inet_ntop(3), or NULL: no message. */
char		*conf_address(const char *);
bool		 conf_port(struct conf_parser *, const struct lexer_token *,
		    unsigned int min, uint16_t *port);
/* A copy of the address, canonical, and the port; NULL after messages. */
char		*conf_listen(struct conf_parser *, const char *statement,
		    const struct lexer_token *host,
		    const struct lexer_token *port, uint16_t *);
/* For all statements that name a file. */
void		 conf_path(struct conf_parser *, struct conf_file *,
		    const struct lexer_token *, const char *what);
void		 conf_tls_ca(struct conf_parser *,
		    const struct lexer_token *);
void		 conf_tls_crl(struct conf_parser *,
		    const struct lexer_token *);
void		 conf_tls_certificate(struct conf_parser *,
		    const struct lexer_token *file,
		    const struct lexer_token *key);
/* Begins the list. */
void		 conf_protocols(struct conf_parser *,
		    const struct lexer_pos *);
/* A value of a list whose beginning was at fault: nothing is done. */
conf_item	 conf_ignore;
/* At the end of the text: a statement that is needed is not there. */
void		 conf_missing(struct conf_parser *, const char *statement,
		    const char *needed);
void		 conf_missing_tls(struct conf_parser *, bool ca, bool cert);
/* Warns of a statement that has an effect only if root starts the daemon. */
void		 conf_warn_root(struct conf_parser *, unsigned int single,
		    const char *what);

/* ---- conf_words.c ----------------------------------------------------- */

/* The next token's number; it is recent[0] then. */
int		 conf_lex(struct conf_parser *);
/*
 * yyerror(): one message a statement, the rest of which is skipped.  Ends the
 * process where it is no error of syntax: the parser's stack wants memory.
 */
void		 conf_parser_error(struct conf_parser *, const char *);
void		 conf_empty_list(struct conf_parser *);
/* For lexer_open. */
bool		 conf_starts(const struct conf_parser *, const char *word);
void		 conf_hold_setting(struct conf_parser *,
		    const struct lexer_token *name,
		    const struct lexer_token *value,
		    const struct lexer_token *unit);
void		 conf_hold_amount(struct conf_parser *, unsigned int clause,
		    const struct lexer_token *value,
		    const struct lexer_token *unit);
void		 conf_release(struct conf_parser *);
/* How many letters are wrong in a word that is meant as name; 0: it is not. */
unsigned int	 conf_resembles(const char *word, const char *name);

/* ---- conf_setting.c; the unit can be NULL ----------------------------- */

void		 conf_defaults(const struct conf_settings *, void *config);
void		 conf_setting(struct conf_parser *,
		    const struct lexer_token *name,
		    const struct lexer_token *value,
		    const struct lexer_token *unit);
/* Whether the word after its number can only be meant as a unit. */
bool		 conf_setting_unit(const struct conf_settings *,
		    const char *group, const char *name, const char *word);
#define SETTING_STRSIZE	32
/* False if it is not set. */
bool		 conf_setting_format(const struct conf_setting *,
		    const void *config, char [SETTING_STRSIZE]);
/*
 * Warns, at its statement, of a setting that was given; it is named "GROUP
 * NAME".
 */
void		 conf_setting_warn(struct conf_parser *, const char *name,
		    const char *text);
/*
 * An error, at the later of the two statements that were given, and none if
 * one of them is faulty itself.
 */
void		 conf_setting_error(struct conf_parser *, const char *name,
		    const char *other, const char *text);
/* What holds for the settings of every daemon. */
void		 conf_settings_check(struct conf_parser *);

/* ---- conf_rule.c ------------------------------------------------------ */

/* Begins what the clauses are to fill. */
void		 conf_rule(struct conf_parser *, struct rule *,
		    const char *noun, const struct lexer_pos *);
/* Begins a clause, and its list if it has one; false if it is repeated. */
bool		 conf_clause(struct conf_parser *, unsigned int clause,
		    const struct lexer_pos *);
void		 conf_client(struct conf_parser *,
		    const struct lexer_token *);
void		 conf_amount(struct conf_parser *, unsigned int clause,
		    const struct lexer_token *value,
		    const struct lexer_token *unit);
/* Adds an address to a list. */
void		 conf_add_address(struct conf_parser *, const char *what,
		    const struct lexer_token *,
		    uint8_t (**)[ADDRESS_SIZE], size_t *n);
/* What the clauses say together; puts the default methods in. */
void		 conf_rule_check(struct conf_parser *);
/* An error if it was not given. */
void		 conf_need_clause(struct conf_parser *, unsigned int clause);

/* A rule and what the daemon's own clauses add to it. */
struct conf_said {
	const struct rule *rule;
	struct lexer_pos pos;
	struct {
		const void	*items;
		size_t		 size;
	} own[2];
};
/* Warns of what is odd in rules that have no fault; sorts them. */
void		 conf_rules_warn(struct conf_parser *, struct conf_said *,
		    size_t n);
/* The same for the name of something else's certificate. */
void		 conf_name_warn(struct conf_parser *, const char *what,
		    const char *name, const struct lexer_pos *);

/* ---- conf_amount.c ---------------------------------------------------- */

/*
 * Digits, or digits, a point and digits.  The whole part is what stands
 * before *fraction (NULL if there is none).
 */
bool		 conf_decimal(const char *, size_t *whole,
		    const char **fraction);
/*
 * A number with its unit and no blank between them: two tokens, to be freed.
 * False if it is not of that form.
 */
bool		 conf_number_split(const struct lexer_token *,
		    struct lexer_token **number, struct lexer_token **unit);
void		 conf_parse_amount(struct conf_parser *, const char *what,
		    const struct lexer_token *value,
		    const struct lexer_token *unit, struct u256 *);
/* False with a message if it is not a number of 1 to 2^256-1. */
bool		 conf_parse_chain(struct conf_parser *,
		    const struct lexer_token *, struct u256 *);
#define AMOUNT_STRSIZE	(U256_DECSIZE + 8)
void		 conf_amount_format(const struct u256 *,
		    char [AMOUNT_STRSIZE]);

#endif /* COMMON_CONF_PARSE_H */
