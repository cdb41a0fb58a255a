/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/control_rows.h"
#include "common/hex.h"

/* ---- Making one ------------------------------------------------------- */

void
control_row(struct control_conn *c, const char *section)
{
	memset(&c->row, 0, sizeof(c->row));
	c->row.section = section;
}

static void
add_field(struct control_conn *c, const char *name, enum ctl_kind kind,
    const char *value, size_t len)
{
	struct ctl_field	*f;

	if (c->row.nfields == CTL_FIELDS)
		fatalx("a row of too many fields");
	f = &c->row.fields[c->row.nfields++];
	f->name = name;
	f->kind = kind;
	f->value = value;
	f->len = len;
}

void
control_str(struct control_conn *c, const char *name, const char *value)
{
	add_field(c, name, CTL_STRING, value, strlen(value));
}

void
control_num(struct control_conn *c, const char *name, uint64_t value)
{
	char	*text = c->number[c->row.nfields % CTL_FIELDS];

	snprintf(text, sizeof(c->number[0]), "%llu",
	    (unsigned long long)value);
	add_field(c, name, CTL_NUMBER, text, strlen(text));
}

static void
add_int(struct control_conn *c, const char *name, int64_t value)
{
	char	*text = c->number[c->row.nfields % CTL_FIELDS];

	snprintf(text, sizeof(c->number[0]), "%lld", (long long)value);
	add_field(c, name, CTL_NUMBER, text, strlen(text));
}

void
control_bool(struct control_conn *c, const char *name, bool value)
{
	const char	*text = value ? "true" : "false";

	add_field(c, name, CTL_BOOL, text, strlen(text));
}

void
control_row_end(struct control_conn *c)
{
	if (ctlmsg_send_row(&c->ibuf, &c->row) == -1)
		log_errno("cannot answer on the control socket");
}

/* Where more are queued, the next rows wait for another turn. */
#define TURN_MESSAGES	64

bool
control_full(struct control_conn *c)
{
	return (imsgbuf_queuelen(&c->ibuf) >= TURN_MESSAGES);
}

char *
control_written(void (*print)(FILE *, const void *), const void *what)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*f;

	if ((f = open_memstream(&text, &len)) == NULL)
		return (NULL);
	print(f, what);
	if (fclose(f) == EOF) {
		free(text);
		return (NULL);
	}
	text[strcspn(text, "\n")] = '\0';
	return (text);
}

void
control_address(char text[CONTROL_ADDRESS], const uint8_t *address)
{
	text[0] = '0';
	text[1] = 'x';
	hex_encode(text + 2, address, ADDRESS_SIZE);
	text[CONTROL_ADDRESS - 1] = '\0';
}

/* ---- Those that both daemons have ------------------------------------- */

static uint64_t
seconds_since(uint64_t us)
{
	return ((clock_us() - us) / 1000000);
}

void
control_daemon(struct control_conn *c, const struct children *set,
    const struct control_about *about)
{
	control_row(c, "daemon");
	control_str(c, "name", set->daemon);
	control_str(c, "version", VERSION);
	control_num(c, "uptime_seconds", seconds_since(set->since));
	control_str(c, "config", about->file);
	control_num(c, "generation", about->generation);
	control_num(c, "config_age_seconds",
	    seconds_since(c->control->loaded));
	control_str(c, "log_level", log_level_name(about->level));
	control_row_end(c);
}

static void
say_process(struct control_conn *c, const char *name, pid_t pid,
    uint64_t since)
{
	control_row(c, "processes");
	control_str(c, "name", name);
	control_num(c, "pid", (uint64_t)pid);
	control_num(c, "uptime_seconds", seconds_since(since));
	control_row_end(c);
}

void
control_processes(struct control_conn *c, const struct children *set)
{
	const struct child	*child;
	size_t			 i;

	say_process(c, "parent", getpid(), set->since);
	for (i = 0; i < set->nchildren; i++) {
		child = &set->child[i];
		if (child->running)
			say_process(c, child->name, child->proc.pid,
			    child->since);
	}
}

void
control_listener(struct control_conn *c, const char *host, uint16_t port,
    const char *whom)
{
	control_row(c, "listeners");
	control_str(c, "address", host);
	control_num(c, "port", port);
	control_str(c, "for", whom);
	control_row_end(c);
}

void
control_refusal(struct control_conn *c, enum refusal refusal)
{
	bool	 good = refusal == REFUSAL_NONE;

	control_bool(c, "permits", good);
	if (good)
		return;
	add_int(c, "code", refusal_code(refusal));
	control_str(c, "reason", refusal_name(refusal));
	control_str(c, "message", refusal_text(refusal));
}

/* ---- Rules ------------------------------------------------------------ */

const void *
control_rule_at(const struct control_rules *rules, const void *config,
    uint32_t index)
{
	const void	*rule = rules->next(config, NULL);

	for (; rule != NULL && index > 0; index--)
		rule = rules->next(config, rule);
	return (rule);
}

void
control_rule_begin(struct control_conn *c, const char *section,
    const struct control_rules *rules, const void *rule, uint32_t index)
{
	struct control_rule	 r;

	memset(&r, 0, sizeof(r));
	rules->describe(&r, rule);
	control_row(c, section);
	/* As in the log. */
	control_num(c, "rule", (uint64_t)index + 1);
	control_str(c, "file", r.conf);
	control_num(c, "line", (uint64_t)r.line);
	control_str(c, "client", r.client);
	if (r.link != NULL)
		control_str(c, "link", r.link);
	if (r.key != NULL)
		control_str(c, "key", r.key);
}

void
control_rule_end(struct control_conn *c, const struct control_rules *rules,
    const void *rule)
{
	char	*text = control_written(rules->print, rule);

	control_str(c, "text", text != NULL ? text : "(out of memory)");
	control_row_end(c);
	free(text);
}

bool
control_show_rules(struct control_conn *c, struct control_show *show,
    const struct control_rules *rules, const void *config)
{
	const void	*rule = show->cursor;
	bool		 text = show->what == CTL_RULES;

	if (rule == NULL)
		rule = rules->next(config, NULL);
	for (; rule != NULL && !control_full(c);
	    rule = rules->next(config, rule)) {
		control_rule_begin(c, text ? "rules" : "grants", rules, rule,
		    show->step++);
		if (text)
			control_rule_end(c, rules, rule);
		else
			control_row_end(c);
	}
	show->cursor = rule;
	return (rule == NULL);
}

/* ---- The log's level --------------------------------------------------- */

void
control_tell_level(struct children *set, enum log_level level)
{
	struct child	*child;
	size_t		 i;

	for (i = 0; i < set->nchildren; i++) {
		child = &set->child[i];
		if (!child->running || child->iev.dead)
			continue;
		if (log_send_level(&child->iev.ibuf, level) == -1)
			log_errno("cannot tell the %s", child->name);
		imsgev_flush(&child->iev);
	}
}
