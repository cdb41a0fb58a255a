/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef COMMON_CONTROL_ROWS_H
#define COMMON_CONTROL_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/children.h"
#include "common/control.h"
#include "common/daemon.h"
#include "keyd/policy.h"

/*
 * A row: its section, then its fields.  What it points to is to stay until
 * control_row_end().
 */
void		 control_row(struct control_conn *, const char *section);
void		 control_str(struct control_conn *, const char *name,
		    const char *value);
void		 control_num(struct control_conn *, const char *name,
		    uint64_t value);
void		 control_bool(struct control_conn *, const char *name,
		    bool value);
void		 control_row_end(struct control_conn *);
/* Those are enough for one turn. */
bool		 control_full(struct control_conn *);
/* What print() writes, without its newline, to be freed; NULL: no memory. */
char		*control_written(void (*print)(FILE *, const void *),
		    const void *);
/* "0x" and the digits. */
#define CONTROL_ADDRESS	(2 + 2 * ADDRESS_SIZE + 1)
void		 control_address(char [CONTROL_ADDRESS],
		    const uint8_t *address);

/* ---- Rows that both daemons say ---------------------------------------- */

/* What is in force. */
struct control_about {
	const char			*file;		/* of the configuration */
	unsigned int			 generation;
	enum log_level			 level;
};

void	control_daemon(struct control_conn *, const struct children *,
	    const struct control_about *);
/* The parent's and its children's. */
void	control_processes(struct control_conn *, const struct children *);
void	control_listener(struct control_conn *, const char *host,
	    uint16_t port, const char *whom);

/* A rule: where it is written, and for whom. */
struct control_rule {
	const char	*conf;
	int		 line;
	const char	*client;
	const char	*link;		/* or NULL */
	const char	*key;		/* or NULL */
};

/* How to get at a daemon's rules. */
struct control_rules {
	/* The one after that, or the first (NULL); NULL: there is none. */
	const void	*(*next)(const void *config, const void *rule);
	void		 (*describe)(struct control_rule *, const void *rule);
	void		 (*print)(FILE *, const void *rule);
};

/* That of this index, or NULL. */
const void *control_rule_at(const struct control_rules *, const void *config,
	    uint32_t index);
/* Its row, of that section; what is said in between stands before its text. */
void	control_rule_begin(struct control_conn *, const char *section,
	    const struct control_rules *, const void *rule, uint32_t index);
void	control_rule_end(struct control_conn *, const struct control_rules *,
	    const void *rule);
/*
 * The next rows of them all, as control_cb's show() does: of CTL_RULES whole,
 * else what tells whose they are.
 */
bool	control_show_rules(struct control_conn *, struct control_show *,
	    const struct control_rules *, const void *config);
/* What a rule, or all of them, say of a request: fields of a row. */
void	control_refusal(struct control_conn *, enum refusal);

/* Tells the children. */
void	control_tell_level(struct children *, enum log_level);

#endif /* COMMON_CONTROL_ROWS_H */
