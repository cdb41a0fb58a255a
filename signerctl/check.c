/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signerctl/amount.h"
#include "signerctl/daemon.h"
#include "signerctl/table.h"

/* What is asked about, word by word. */
struct question {
	struct ctl_check	 check;
	bool			 json;
	unsigned int		 seen;		/* WORD_ bits */
	bool			 creation;
	uint8_t			 to[ADDRESS_SIZE];
	uint8_t			 sender[ADDRESS_SIZE];
	uint8_t			 domain[HASH_SIZE];
	struct u256		 chain;
	struct u256		 value;
	struct u256		 fee;
};

/* ---- The words -------------------------------------------------------- */

static void
take_name(char *out, size_t size, const char *what, const char *word)
{
	if (word[0] == '\0' || (size_t)snprintf(out, size, "%s", word) >= size)
		give_up("%s: must have 1 to %zu bytes", what, size - 1);
}

static void
take_bytes(uint8_t *out, size_t n, const char *what, const char *word)
{
	if (amount_bytes(word, out, n) == -1)
		give_up("%s %s: must be 0x and %zu hexadecimal digits", what,
		    word, 2 * n);
}

static void
take_client(struct question *q, const char *word)
{
	take_name(q->check.request.client, sizeof(q->check.request.client),
	    "client", word);
}

static void
take_via(struct question *q, const char *word)
{
	take_name(q->check.link, sizeof(q->check.link), "via", word);
}

static void
take_key(struct question *q, const char *word)
{
	take_name(q->check.key, sizeof(q->check.key), "key", word);
}

static void
take_method(struct question *q, const char *word)
{
	if (strcmp(word, "transaction") == 0)
		q->check.request.method = METHOD_TRANSACTION;
	else if (strcmp(word, "block-payload") == 0)
		q->check.request.method = METHOD_PAYLOAD;
	else
		give_up("method %s: must be transaction or block-payload",
		    word);
}

static void
take_address(struct question *q, const char *word)
{
	take_bytes(q->sender, ADDRESS_SIZE, "address", word);
}

static void
take_chain(struct question *q, const char *word)
{
	if (amount_number(word, &q->chain) == -1)
		give_up("chain %s: must be a number, decimal or 0x", word);
}

static void
take_to(struct question *q, const char *word)
{
	q->creation = strcmp(word, "create") == 0;
	if (!q->creation)
		take_bytes(q->to, ADDRESS_SIZE, "to", word);
}

static void
take_domain(struct question *q, const char *word)
{
	take_bytes(q->domain, HASH_SIZE, "domain", word);
}

#define WORD_CLIENT	(1U << 0)
#define WORD_VIA	(1U << 1)
#define WORD_METHOD	(1U << 2)
#define WORD_KEY	(1U << 3)
#define WORD_ADDRESS	(1U << 4)
#define WORD_CHAIN	(1U << 5)
#define WORD_TO		(1U << 6)
#define WORD_VALUE	(1U << 7)
#define WORD_FEE	(1U << 8)
#define WORD_DOMAIN	(1U << 9)

static const struct word {
	const char	*name;
	unsigned int	 bit;
	void		(*take)(struct question *, const char *);
} words[] = {
	{ "client", WORD_CLIENT, take_client },
	{ "via", WORD_VIA, take_via },
	{ "method", WORD_METHOD, take_method },
	{ "key", WORD_KEY, take_key },
	{ "address", WORD_ADDRESS, take_address },
	{ "chain", WORD_CHAIN, take_chain },
	{ "to", WORD_TO, take_to },
	{ "value", WORD_VALUE, NULL },
	{ "fee", WORD_FEE, NULL },
	{ "max-fee", WORD_FEE, NULL },
	{ "domain", WORD_DOMAIN, take_domain }
};

static const struct word *
find_word(const char *name)
{
	size_t	 i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].name, name) == 0)
			return (&words[i]);
	complain("%s: not a word of a check", name);
	usage("check");
}

/* An amount, and its unit where that is a word of its own.  Words used. */
static int
take_amount(const char *what, char **argv, struct u256 *out)
{
	const char	*unit = argv[1];
	bool		 own = unit != NULL && amount_is_unit(unit);

	if (amount_wei(argv[0], own ? unit : NULL, out) == -1)
		give_up("%s %s%s%s: must be a number and wei, gwei or ether, "
		    "or 0x and digits", what, argv[0], own ? " " : "",
		    own ? unit : "");
	return (own ? 2 : 1);
}

static void
take_words(struct question *q, char **argv)
{
	const struct word	*w;

	while (*argv != NULL) {
		w = find_word(*argv++);
		if (*argv == NULL)
			give_up("%s: what follows it is missing", w->name);
		if (q->seen & w->bit)
			give_up("%s: repeated", w->name);
		q->seen |= w->bit;
		if (w->take != NULL)
			w->take(q, *argv++);
		else
			argv += take_amount(w->name, argv,
			    w->bit == WORD_VALUE ? &q->value : &q->fee);
	}
}

/* ---- The request ------------------------------------------------------ */

static void
check_words(const struct question *q)
{
	bool	 tx = q->check.request.method == METHOD_TRANSACTION;

	if ((q->seen & (WORD_CLIENT | WORD_VIA)) == 0)
		give_up("a client is needed, or via and a link");
	if ((q->seen & WORD_METHOD) == 0)
		give_up("method is needed: transaction or block-payload");
	if ((q->seen & WORD_CHAIN) == 0)
		give_up("chain is needed");
	if ((q->seen & WORD_KEY) != 0 && (q->seen & WORD_ADDRESS) != 0)
		give_up("key and address: one of them is enough");
	if (tx && (q->seen & WORD_TO) == 0)
		give_up("to is needed: an address, or create");
	if (tx && (q->seen & WORD_DOMAIN) != 0)
		give_up("domain: a transaction has none");
	if (!tx && (q->seen & (WORD_TO | WORD_VALUE | WORD_FEE)) != 0)
		give_up("to, value, fee: a block payload has none");
}

/*
 * What rules do not look at is as it should be: one unit of gas costs all of
 * the fee, and a contract that is created has one byte.
 */
static void
fill_transaction(const struct question *q, struct tx *tx)
{
	static const uint8_t	 code[1];

	tx->has = TX_GAS | TX_MAXFEE | TX_MAXPRIORITYFEE | TX_VALUE |
	    TX_NONCE | TX_CHAINID | (q->creation ? TX_DATA : TX_TO);
	tx->gas = 1;
	tx->max_fee = q->fee;
	tx->value = q->value;
	tx->chain_id = q->chain;
	if (q->creation) {
		tx->data = code;
		tx->datalen = sizeof(code);
	} else
		memcpy(tx->to, q->to, ADDRESS_SIZE);
	if (q->seen & WORD_ADDRESS) {
		tx->has |= TX_FROM;
		memcpy(tx->from, q->sender, ADDRESS_SIZE);
	}
}

static void
fill_payload(const struct question *q, struct payload *p)
{
	p->has = PAYLOAD_CHAIN | PAYLOAD_HASH;
	p->chain_id = q->chain;
	memcpy(p->domain, q->domain, HASH_SIZE);
	if (q->seen & WORD_ADDRESS) {
		p->has |= PAYLOAD_SENDER;
		memcpy(p->sender, q->sender, ADDRESS_SIZE);
	}
}

/* ---- The answer ------------------------------------------------------- */

static void
print_place(const struct ctl_row *row)
{
	printf("rule ");
	table_text(stdout, row_said(row, "rule"));
	printf(", ");
	table_text(stdout, row_said(row, "place"));
	printf("\n    ");
	table_wrap(stdout, 4, 8, row_said(row, "text"));
	printf("\n");
}

static void
print_decision(const struct ctl_row *row, bool good)
{
	const char	*reason = row_value(row, "reason");
	const char	*key = row_value(row, "key");
	const char	*address = row_value(row, "address");

	if (good)
		printf("permitted by ");
	else {
		printf("refused: ");
		table_text(stdout, row_said(row, "message"));
		printf(" (");
		table_text(stdout, row_said(row, "code"));
		printf(", ");
		table_text(stdout, row_said(row, "reason"));
		printf(")\n");
	}
	if (row_value(row, "rule") != NULL) {
		if (!good)
			printf("by ");
		print_place(row);
	}
	if (reason != NULL && strcmp(reason, "forbidden") == 0)
		printf("no rule is for that client, the way that it comes, "
		    "and the key or address that it asks for\n");
	if (!good || address == NULL)
		return;
	printf("signed with ");
	if (key != NULL) {
		printf("key ");
		table_text(stdout, key);
		printf(", ");
	}
	printf("address ");
	table_text(stdout, address);
	printf("\n");
}

static void
print_answer(const struct ctl_row *const *rows, size_t nrows, bool good)
{
	static const struct table_column	 considered[] = {
		{ "rule", "RULE", TABLE_PLAIN },
		{ "permits", "PERMITS", TABLE_NO },
		{ "reason", "REFUSES BY", TABLE_PLAIN },
		{ "place", "PLACE", TABLE_PLAIN },
		{ "text", "", TABLE_BELOW }
	};
	static const struct table_column	 signers[] = {
		{ "signer", "SIGNER", TABLE_PLAIN },
		{ "name", "CERTIFICATE", TABLE_PLAIN },
		{ "state", "STATE", TABLE_PLAIN }
	};
	size_t					 i, n = 0;
	size_t					 nrules = 0;

	for (i = 0; i < nrows; i++) {
		if (row_is(rows[i], "decision"))
			print_decision(rows[i], good);
		nrules += row_is(rows[i], "considered");
		n += row_is(rows[i], "signers");
	}
	/* One alone is the one that was printed. */
	if (n == 0 && nrules < 2)
		return;
	printf("\n");
	table_print(stdout, "considered", considered,
	    sizeof(considered) / sizeof(considered[0]), rows, nrows);
	table_print(stdout, "signers", signers,
	    sizeof(signers) / sizeof(signers[0]), rows, nrows);
}

static int
tell(const struct question *q, const struct answer *a)
{
	static const char *const	 sections[] = {
		"decision", "considered", "signers", NULL
	};
	static const char *const	 single[] = { "decision", NULL };
	const struct ctl_row		**rows = rows_of(a);
	bool				 good = a->result == CTL_GOOD;

	if (!q->json)
		print_answer(rows, a->nrows, good);
	else if (table_json(stdout, sections, single, rows, a->nrows) == -1)
		give_up("out of memory");
	free(rows);
	return (good ? STATUS_GOOD : STATUS_BAD);
}

int
check(const struct options *o, int argc, char **argv)
{
	struct question	 q;
	struct imsgbuf	 ibuf;
	struct answer	 a;
	int		 status;

	memset(&q, 0, sizeof(q));
	q.json = wants_json(&argc, argv);
	take_words(&q, argv + 1);
	check_words(&q);
	if (q.check.request.method == METHOD_TRANSACTION)
		fill_transaction(&q, &q.check.request.tx);
	else
		fill_payload(&q, &q.check.request.payload);
	memset(&a, 0, sizeof(a));
	talk_begin(o, &ibuf);
	if (ctlmsg_send_check(&ibuf, &q.check) == -1)
		give_up("the client's name cannot be one");
	talk_ask(&ibuf, &a);
	if (!q.json)
		rows_for_people(&a);
	status = tell(&q, &a);
	answer_free(&a);
	return (status);
}
