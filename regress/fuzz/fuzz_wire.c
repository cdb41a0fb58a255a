/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/wire.o signerd/metadata.o api/args.o api/args_payload.o
 *	common/base64.o common/hex.o common/json.o common/jsonscan.o
 *	common/u256.o
 * libs: libcjson libevent
 */

/*
 * "CLIENT\nARGUMENT": what the proxy writes to a signer for a client's call
 * parses, carries the argument as it came, and its metadata, read by the
 * signer, name that client; and the argument read as metadata itself, as a
 * hostile proxy would send them.
 */

#include <event2/buffer.h>

#include "proxyd/link.h"
#include "regress/fuzz/fuzz.h"
#include "signerd/metadata.h"

static const struct json_limits	 limits = { 512, 10000 };

static bool
is_printable(const char *s, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return (false);
	return (true);
}

/* ---- Hostile metadata -------------------------------------------------- */

static void
hostile(const struct json_doc *doc, const cJSON *v)
{
	struct metadata	 m;
	char		 why[64] = "";
	const cJSON	*client, *deadline;
	const char	*text;
	size_t		 len;

	if (metadata_decode(&m, doc, v, why, sizeof(why)) == -1) {
		FUZZ_ASSERT(why[0] != '\0');
		return;
	}
	FUZZ_ASSERT(cJSON_IsObject(v) && !json_repeats(v, false));
	FUZZ_ASSERT(is_printable(m.client, strlen(m.client)));
	FUZZ_ASSERT(strlen(m.client) <= CLIENT_MAX);
	FUZZ_ASSERT(is_printable(m.id, strlen(m.id)));
	client = json_member(v, "client");
	/* A client is named exactly where one was. */
	if (client == NULL || cJSON_IsNull(client))
		FUZZ_ASSERT(m.client[0] == '\0');
	else
		FUZZ_ASSERT(m.client[0] != '\0' &&
		    strcmp(client->valuestring, m.client) == 0);
	deadline = json_member(v, "deadline");
	FUZZ_ASSERT(m.limited == (deadline != NULL &&
	    !cJSON_IsNull(deadline)));
	if (m.limited) {
		text = json_raw(doc, deadline, &len);
		FUZZ_ASSERT(text != NULL && text[0] != '-');
		if (len <= 9)
			FUZZ_ASSERT(m.deadline == strtoull(text, NULL, 10));
		else
			FUZZ_ASSERT(m.deadline >= 100000000);
	}
}

/* ---- What the proxy writes --------------------------------------------- */

static void
check_request(const char *text, size_t size, const struct call *call,
    const struct advert *advert, const char *client, bool translated)
{
	struct json_doc	*doc;
	struct metadata	 m;
	const cJSON	*params, *arg;
	const char	*s;
	char		 why[64];
	size_t		 len;

	FUZZ_ASSERT(json_parse(&doc, text, size, &limits, NULL) == JSON_OK);
	FUZZ_ASSERT(!json_repeats(json_root(doc), false));
	params = json_member(json_root(doc), "params");
	FUZZ_ASSERT(cJSON_IsArray(params));
	FUZZ_ASSERT(cJSON_GetArraySize(params) == (advert->client ? 2 : 1));
	arg = params->child;
	s = json_text(doc, arg, &len);
	if (translated)
		FUZZ_ASSERT(json_member(arg, "senderAddress") != NULL);
	else
		FUZZ_ASSERT(len == call->argumentlen &&
		    memcmp(s, call->argument, len) == 0);
	if (advert->client) {
		FUZZ_ASSERT(metadata_decode(&m, doc, arg->next, why,
		    sizeof(why)) == 0);
		FUZZ_ASSERT(strcmp(m.client, client) == 0);
		FUZZ_ASSERT(strcmp(m.id, call->id) == 0);
		FUZZ_ASSERT(m.limited == advert->deadline);
		FUZZ_ASSERT(!m.limited || m.deadline == 800);
	}
	json_free(doc);
}

static void
request(const char *client, const char *text, size_t size, unsigned int how)
{
	static const char	*const methods[] = {
		"eth_signTransaction", "opsigner_signBlockPayload",
		"opsigner_signBlockPayloadV2"
	};
	struct call		 call;
	struct signer		 signer;
	struct link		 link;
	struct evbuffer		*out;
	bool			 translated;

	memset(&call, 0, sizeof(call));
	memset(&signer, 0, sizeof(signer));
	memset(&link, 0, sizeof(link));
	link.signer = &signer;
	signer.advert.given = (how & 1) != 0;
	signer.advert.client = signer.advert.given && (how & 2) != 0;
	signer.advert.deadline = signer.advert.given && (how & 4) != 0;
	call.method = methods[how / 8 % 3];
	snprintf(call.id, sizeof(call.id), "1f2e3d4c-%x", how);
	/* Decoded arguments are any bytes. */
	memset(call.payload.chain_id.b, (int)how, U256_SIZE);
	memset(call.payload.domain, (int)(how / 2), HASH_SIZE);
	translated = !signer.advert.given &&
	    call.method == methods[2];
	call.argument = fuzz_copy(text, size);
	call.argumentlen = size;
	FUZZ_ASSERT((out = evbuffer_new()) != NULL);
	FUZZ_ASSERT(wire_request(out, &call, &link, how + 1, client, 800) ==
	    0);
	check_request((char *)evbuffer_pullup(out, -1),
	    evbuffer_get_length(out), &call, &signer.advert, client,
	    translated);
	evbuffer_free(out);
	free(call.argument);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_limits	 some = { 500, 9000 };
	struct json_doc			*doc;
	const char			*text, *arg;
	char				*name;
	size_t				 namelen, arglen;
	unsigned int			 how;

	text = memchr(data, '\n', size);
	if (text == NULL)
		return (0);
	namelen = (size_t)(text - (const char *)data);
	text++;
	if (json_parse(&doc, text, size - namelen - 1, &some, NULL) ==
	    JSON_OK) {
		hostile(doc, json_root(doc));
		/* A client's argument is a value, without space around it. */
		arg = json_text(doc, json_root(doc), &arglen);
		name = fuzz_string(data, namelen);
		if (namelen > 0 && namelen <= CLIENT_MAX &&
		    is_printable(name, namelen))
			for (how = 0; how < 24; how++)
				request(name, arg, arglen, how);
		free(name);
	}
	json_free(doc);
	return (0);
}
