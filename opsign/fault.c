/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "opsign/fault.h"

static const struct {
	const char	*name;
	enum status	 status;
} kinds[FAULT_KINDS] = {
	[FAULT_NONE] = { "none", STATUS_OK },
	[FAULT_CONNECT] = { "connect", STATUS_UNREACHABLE },
	[FAULT_TLS] = { "tls", STATUS_UNREACHABLE },
	[FAULT_CLOSED] = { "closed", STATUS_UNREACHABLE },
	[FAULT_TIMEOUT] = { "timeout", STATUS_BUSY },
	[FAULT_BUSY] = { "busy", STATUS_BUSY },
	[FAULT_HTTP] = { "http", STATUS_REFUSED },
	[FAULT_RPC] = { "rpc", STATUS_REFUSED },
	[FAULT_ANSWER] = { "answer", STATUS_INVALID },
	[FAULT_SIGNATURE] = { "signature", STATUS_INVALID }
};

const char *
fault_name(enum fault_kind kind)
{
	return (kinds[kind].name);
}

enum status
fault_status(enum fault_kind kind)
{
	return (kinds[kind].status);
}

void
fault_set(struct fault *f, enum fault_kind kind, const char *fmt, ...)
{
	va_list ap;
	char *s;

	f->kind = kind;
	f->code = 0;
	f->retry_after = -1;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	/* A server's words: to a terminal they are not to say more. */
	for (s = f->text; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
}

/* ---- Advice ----------------------------------------------------------- */

/* By a part of the text, of one kind or (FAULT_NONE) of any. */
struct advice {
	enum fault_kind	 kind;
	int		 code;		/* 0: any */
	const char	*part;
	const char	*text;
};

static const struct advice advice[] = {
	{ FAULT_CONNECT, 0, "refused", "Is the daemon running, and is this "
	    "the port that its log names in msg=listening?" },
	{ FAULT_CONNECT, 0, "in time", "Does a firewall drop what is sent to "
	    "this address?" },
	{ FAULT_CONNECT, 0, "resolve", "Check the host in --endpoint and the "
	    "resolver of this machine." },
	{ FAULT_TLS, 0, "unknown CA", "--tls.ca must be the CA that has "
	    "signed the server's certificate." },
	{ FAULT_TLS, 0, "certificate: not for", "Use one of these names in "
	    "--endpoint, or give it with --tls.name." },
	{ FAULT_TLS, 0, "certificate: certificate is not yet valid", "Is the "
	    "clock of this machine right? It is compared with the "
	    "certificate of the server." },
	{ FAULT_TLS, 0, "certificate: certificate has expired", "The server "
	    "needs a new certificate, unless the clock of this machine is "
	    "wrong." },
	{ FAULT_TLS, 0, "refused our certificate: unknown ca", "The server's "
	    "\"tls ca\" does not hold the CA of --tls.cert." },
	{ FAULT_TLS, 0, "refused our certificate: certificate expired",
	    "--tls.cert needs to be renewed, unless a clock is wrong, the "
	    "server's or that of who made it." },
	{ FAULT_TLS, 0, "refused our certificate: certificate revoked",
	    "--tls.cert is in the server's CRL." },
	{ FAULT_TLS, 0, "refused our certificate", "Its log says why, in "
	    "msg=\"handshake failed\"." },
	{ FAULT_TLS, 0, "not TLS", "The port speaks something else: is it the "
	    "one of the clients?" },
	{ FAULT_TLS, 0, "protocol", "opsign speaks TLS 1.2 and 1.3; the "
	    "server's \"tls protocols\" must have one of them." },
	{ FAULT_CLOSED, 0, "", "The log of the server says why it closed the "
	    "connection." },
	{ FAULT_TIMEOUT, 0, "", "The signer is overloaded or stuck, or "
	    "--timeout is too short." },
	{ FAULT_BUSY, 0, "", "Try again: no signer is there, or it has too "
	    "much to do. Its log says which." },
	{ FAULT_HTTP, 401, "", "The server needs a certificate with a DNS "
	    "name in its subjectAltName: --tls.cert, --tls.key." },
	{ FAULT_HTTP, 404, "", "This is no signer, or --endpoint has a path "
	    "that it does not serve." },
	{ FAULT_HTTP, 413, "", "The request is larger than the server's "
	    "\"max body\"." },
	{ FAULT_HTTP, 0, "redirect", "Redirects are not followed: give the "
	    "signer's own address with --endpoint." },
	{ FAULT_RPC, -32000, "", "No rule of the signer, or of the proxy "
	    "before it, is for this client, or none of those has a key with "
	    "--address." },
	{ FAULT_RPC, -32010, "unexpected from", "No rule of this client has a "
	    "key with --address." },
	{ FAULT_RPC, -32011, "", "The rules for this client do not allow "
	    "it, those of the signer or of the proxy before it: the log of "
	    "the one that refused it names the rule." },
	{ FAULT_RPC, -32013, "", "The rules for this client do not allow "
	    "it, those of the signer or of the proxy before it: the log of "
	    "the one that refused it names the rule." },
	{ FAULT_RPC, -32601, "", "The server does not know the method: is it the "
	    "port of the clients? An older signer may know --version v1." },
	{ FAULT_SIGNATURE, 0, "", "Do not use it. If --address is the one "
	    "that you mean, something between here and the key is broken or "
	    "hostile." },
	{ FAULT_ANSWER, 0, "", "Is it a signer that --endpoint names?" },
};

const char *
fault_advice(const struct fault *f)
{
	const struct advice *a;
	size_t i;

	for (i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		a = &advice[i];
		if (a->kind == f->kind && (a->code == 0 ||
		    a->code == f->code) && strstr(f->text, a->part) != NULL)
			return (a->text);
	}
	return (NULL);
}
