/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signerctl/daemon.h"
#include "signerctl/samples.h"
#include "signerctl/table.h"
#include "signerctl/talk.h"

#define MAX_SECTIONS	8

static const struct table_column process_columns[] = {
	{ "name", "PROCESS", TABLE_PLAIN },
	{ "pid", "PID", TABLE_PLAIN },
	{ "uptime_seconds", "UP", TABLE_SECONDS },
	{ "answers", "ANSWERS", TABLE_NO },
	{ "memory_bytes", "MEMORY", TABLE_BYTES }
};
static const struct table_column listener_columns[] = {
	{ "address", "LISTENS ON", TABLE_PLAIN },
	{ "port", "PORT", TABLE_PLAIN },
	{ "for", "FOR", TABLE_PLAIN }
};
static const struct table_column link_columns[] = {
	{ "link", "LINK", TABLE_PLAIN },
	{ "state", "STATE", TABLE_PLAIN },
	{ "up_seconds", "UP", TABLE_SECONDS },
	{ "in_flight", "IN FLIGHT", TABLE_PLAIN },
	{ "requests", "REQUESTS", TABLE_PLAIN },
	{ "attempts", "ATTEMPTS", TABLE_PLAIN },
	{ "taken_down", "TAKEN DOWN", TABLE_YES },
	{ "url", "url", TABLE_BELOW },
	{ "peer", "peer", TABLE_BELOW }
};
static const struct table_column signer_columns[] = {
	{ "signer", "SIGNER", TABLE_PLAIN },
	{ "up_seconds", "UP", TABLE_UP },
	{ "in_flight", "IN FLIGHT", TABLE_PLAIN },
	{ "requests", "REQUESTS", TABLE_PLAIN },
	{ "failures", "FAILURES", TABLE_PLAIN },
	{ "in_doubt", "IN DOUBT", TABLE_YES },
	{ "taken_down", "TAKEN DOWN", TABLE_YES },
	{ "name", "certificate", TABLE_BELOW },
	{ "addresses", "addresses", TABLE_BELOW },
	{ "peer", "peer", TABLE_BELOW },
	{ "software", "software", TABLE_BELOW }
};
static const struct table_column queue_columns[] = {
	{ "process", "QUEUE OF", TABLE_PLAIN },
	{ "requests", "REQUESTS", TABLE_PLAIN },
	{ "max", "AT MOST", TABLE_PLAIN },
	{ "in_keyd", "IN KEYD", TABLE_PLAIN }
};
/* An address is never cut, and takes more than half of the line. */
static const struct table_column key_columns[] = {
	{ "key", "KEY", TABLE_PLAIN },
	{ "address", "ADDRESS", TABLE_PLAIN },
	{ "signer", "SIGNER", TABLE_PLAIN },
	{ "signatures", "SIGNED", TABLE_PLAIN },
	{ "refusals", "REFUSED", TABLE_PLAIN },
	{ "rules", "rules", TABLE_BELOW },
	{ "file", "file", TABLE_BELOW }
};
static const struct table_column certificate_columns[] = {
	{ "certificate", "CERTIFICATE", TABLE_PLAIN },
	{ "for", "FOR", TABLE_PLAIN },
	{ "address", "ADDRESS", TABLE_PLAIN },
	{ "link", "LINK", TABLE_PLAIN },
	{ "days_left", "DAYS LEFT", TABLE_PLAIN },
	{ "not_after", "UNTIL", TABLE_TIME }
};
static const struct table_column client_columns[] = {
	{ "client", "CLIENT", TABLE_PLAIN },
	{ "rules", "RULES", TABLE_PLAIN },
	{ "signed", "SIGNED", TABLE_PLAIN },
	{ "not_signed", "NOT SIGNED", TABLE_PLAIN },
	{ "via", "VIA", TABLE_WRAPPED }
};
static const struct table_column rule_columns[] = {
	{ "rule", "RULE", TABLE_PLAIN },
	{ "served", "SERVED", TABLE_NO },
	{ "signatures", "SIGNED", TABLE_PLAIN },
	{ "refusals", "REFUSED", TABLE_PLAIN },
	{ "place", "PLACE", TABLE_PLAIN },
	{ "text", "", TABLE_BELOW }
};
static const struct table_column stat_columns[] = {
	{ "value", "VALUE", TABLE_PLAIN },
	{ "average", "MEAN", TABLE_PLAIN },
	{ "sample", "METRIC", TABLE_WRAPPED }
};

struct section {
	const char			*name;
	const struct table_column	*columns;
	size_t				 ncolumns;
};

#define SECTION(name, columns)						\
	{ name, columns, sizeof(columns) / sizeof((columns)[0]) }

/* Each daemon has one of these two. */
#define LINKS		SECTION("links", link_columns)
#define SIGNERS		SECTION("signers", signer_columns)

struct view {
	const char		*name;
	enum ctl_show		 what;
	struct section		 sections[MAX_SECTIONS];
};

static const struct view views[] = {
	{ "status", CTL_STATUS, {
	    { "daemon", NULL, 0 },
	    SECTION("processes", process_columns),
	    SECTION("listeners", listener_columns),
	    LINKS,
	    SIGNERS,
	    SECTION("queue", queue_columns),
	    SECTION("keys", key_columns),
	    SECTION("certificates", certificate_columns) } },
	{ "links", CTL_LINKS, { LINKS, SIGNERS } },
	{ "clients", CTL_CLIENTS, { SECTION("clients", client_columns) } },
	{ "rules", CTL_RULES, { SECTION("rules", rule_columns) } },
	{ "keys", CTL_KEYS, { SECTION("keys", key_columns) } },
	{ "stats", CTL_STATS, { SECTION("stats", stat_columns) } }
};

#define NVIEWS	(sizeof(views) / sizeof(views[0]))

/* ---- Clients ---------------------------------------------------------- */

/* One more in a list of names, unless it is there. */
static void
add_name(struct row *r, const char *field, const char *name)
{
	const char	*list = row_value(&r->row, field), *at;
	size_t		 len = strlen(name);
	char		*longer;

	if (list == NULL) {
		row_set(r, field, CTL_STRING, name);
		return;
	}
	for (at = list; at != NULL; at = strstr(at, ", ")) {
		at += at == list ? 0 : 2;
		if (strncmp(at, name, len) == 0 &&
		    (at[len] == '\0' || strncmp(at + len, ", ", 2) == 0))
			return;
	}
	if (asprintf(&longer, "%s, %s", list, name) == -1)
		give_up("out of memory");
	row_set(r, field, CTL_STRING, longer);
	free(longer);
}

/* Of rules, what they say of their clients. */
static void
join_grants(struct answer *a)
{
	const char	*client, *link;
	struct row	*r;
	size_t		 i, n = a->nrows;

	for (i = 0; i < n; i++) {
		if (!row_is(&a->rows[i].row, "grants"))
			continue;
		client = row_value(&a->rows[i].row, "client");
		link = row_value(&a->rows[i].row, "link");
		r = answer_find(a, "clients", "client",
		    client != NULL ? client : "", true);
		row_count(r, "rules", 1);
		add_name(r, "via", link != NULL ? link : "direct");
	}
}

/* ---- For people ------------------------------------------------------- */

/* A field that is made of two others, or of one and a word. */
static void
join_fields(struct row *r, const char *name, const char *first,
    const char *between, const char *second)
{
	const char	*a = row_value(&r->row, first);
	const char	*b = second != NULL ? row_value(&r->row, second) : "";
	char		*text;

	if (a == NULL || b == NULL)
		return;
	if (asprintf(&text, "%s%s%s", a, second == NULL || *b != '\0' ?
	    between : "", b) == -1)
		give_up("out of memory");
	row_set(r, name, CTL_STRING, text);
	free(text);
}

void
rows_for_people(struct answer *a)
{
	const char	*rule;
	struct row	*r;
	char		*text;
	size_t		 i;

	for (i = 0; i < a->nrows; i++) {
		r = &a->rows[i];
		join_fields(r, "place", "file", ":", "line");
		join_fields(r, "sample", "metric", " ", "labels");
		join_fields(r, "average", "mean", "", NULL);
		join_fields(r, "average", "mean_us", " us", NULL);
		if ((rule = row_value(&r->row, "text")) == NULL)
			continue;
		text = table_rule(rule);
		row_set(r, "text", CTL_STRING, text);
		free(text);
	}
}

/* ---- Printing --------------------------------------------------------- */

static void
print_daemon(const struct ctl_row *row)
{
	char		 up[TABLE_TIMESIZE], age[TABLE_TIMESIZE];
	const char	*s;
	char		*text;

	s = row_value(row, "uptime_seconds");
	table_seconds(up, s != NULL ? strtoull(s, NULL, 10) : 0);
	s = row_value(row, "config_age_seconds");
	table_seconds(age, s != NULL ? strtoull(s, NULL, 10) : 0);
	table_text(stdout, row_said(row, "name"));
	printf(" ");
	table_text(stdout, row_said(row, "version"));
	printf(", up %s\n", up);
	if (asprintf(&text, "configuration %s, generation %s, for %s",
	    row_said(row, "config"), row_said(row, "generation"), age) == -1)
		give_up("out of memory");
	table_wrap(stdout, 0, 4, text);
	free(text);
	printf("\nlog level ");
	table_text(stdout, row_said(row, "log_level"));
	printf("\n");
}

static void
print_view(const struct view *view, const struct ctl_row *const *rows,
    size_t nrows)
{
	const struct section	*s;
	size_t			 i, printed = 0, n;

	for (s = view->sections; s < view->sections + MAX_SECTIONS &&
	    s->name != NULL; s++) {
		for (i = n = 0; i < nrows; i++)
			n += row_is(rows[i], s->name);
		if (n == 0)
			continue;
		if (printed++ > 0)
			printf("\n");
		for (i = 0; s->columns == NULL && i < nrows; i++)
			if (row_is(rows[i], s->name))
				print_daemon(rows[i]);
		if (s->columns != NULL)
			table_print(stdout, s->name, s->columns, s->ncolumns,
			    rows, nrows);
	}
	if (printed == 0)
		printf("none\n");
}

static void
print_json(const struct view *view, const struct ctl_row *const *rows,
    size_t nrows)
{
	static const char *const	 single[] = { "daemon", NULL };
	const char			*sections[MAX_SECTIONS + 1] = { NULL };
	size_t				 i;

	for (i = 0; i < MAX_SECTIONS; i++)
		sections[i] = view->sections[i].name;
	if (table_json(stdout, sections, single, rows, nrows) == -1)
		give_up("out of memory");
}

bool
wants_json(int *argc, char **argv)
{
	int	 i, n = 1;
	bool	 json = false;

	for (i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "-j") == 0)
			json = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return (json);
}

const struct ctl_row **
rows_of(const struct answer *a)
{
	const struct ctl_row	**rows;
	size_t			  i;

	if ((rows = calloc(a->nrows + 1, sizeof(*rows))) == NULL)
		give_up("out of memory");
	for (i = 0; i < a->nrows; i++)
		rows[i] = &a->rows[i].row;
	return (rows);
}

static const struct view *
find_view(const char *name)
{
	size_t	 i;

	for (i = 0; i < NVIEWS; i++)
		if (strcmp(views[i].name, name) == 0)
			return (&views[i]);
	usage("show");
}

int
show(const struct options *o, int argc, char **argv)
{
	const struct view	*view;
	const struct ctl_row	**rows;
	struct imsgbuf		 ibuf;
	struct answer		 a;
	bool			 json = wants_json(&argc, argv);

	if (argc != 2)
		usage("show");
	view = find_view(argv[1]);
	memset(&a, 0, sizeof(a));
	a.sample = view->what == CTL_STATS ? samples_list : samples_join;
	talk_begin(o, &ibuf);
	if (ctlmsg_send_show(&ibuf, view->what) == -1)
		give_up("out of memory");
	talk_ask(&ibuf, &a);
	join_grants(&a);
	samples_end(&a);
	if (!json)
		rows_for_people(&a);
	rows = rows_of(&a);
	(json ? print_json : print_view)(view, rows, a.nrows);
	free(rows);
	answer_free(&a);
	return (STATUS_GOOD);
}
