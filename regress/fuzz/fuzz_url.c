/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: common/url.o */

/*
 * The url of a proxy, or of a signer: what is taken has parts that can stand in
 * a request and in a name server's question, and written anew it is the same.
 */

#include "common/url.h"
#include "regress/fuzz/fuzz.h"

static void
check_host(const char *host)
{
	char	 again[URL_HOST_MAX + 1];
	size_t	 i, label = 0;
	bool	 six = strchr(host, ':') != NULL;

	FUZZ_ASSERT(host[0] != '\0' && strlen(host) <= URL_HOST_MAX);
	for (i = 0; host[i] != '\0'; i++) {
		if (six)
			FUZZ_ASSERT(strchr("0123456789abcdef:.", host[i]) !=
			    NULL);
		else
			FUZZ_ASSERT(strchr("abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
			    host[i]) != NULL);
		label = host[i] == '.' ? 0 : label + 1;
		FUZZ_ASSERT(six || (label <= 63 && (label > 0 || i > 0)));
	}
	FUZZ_ASSERT(six || label > 0);
	FUZZ_ASSERT(url_host(host, again) == NULL);
	FUZZ_ASSERT(strcmp(host, again) == 0);
}

static void
check_url(const struct url *url, enum url_scheme scheme)
{
	const char	*begin = scheme == URL_WSS ? "WSS" : "https";
	struct url	 again;
	char		 text[URL_HOST_MAX + URL_TARGET_MAX + 32];
	bool		 six = strchr(url->host, ':') != NULL;
	size_t		 i;

	check_host(url->host);
	FUZZ_ASSERT(url->port != 0);
	FUZZ_ASSERT(url->target[0] == '/');
	for (i = 0; url->target[i] != '\0'; i++)
		FUZZ_ASSERT(url->target[i] > ' ' && url->target[i] < 0x7f &&
		    strchr("\"#<>[\\]^`{|}", url->target[i]) == NULL);
	FUZZ_ASSERT(i <= URL_TARGET_MAX);
	snprintf(text, sizeof(text), six ? "%s://[%s]:%u%s" :
	    "%s://%s:%u%s", begin, url->host, url->port, url->target);
	memset(&again, 0xa5, sizeof(again));
	FUZZ_ASSERT(url_parse(text, scheme, &again) == NULL);
	FUZZ_ASSERT(strcmp(url->host, again.host) == 0 &&
	    url->port == again.port && strcmp(url->target, again.target) ==
	    0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum url_scheme	 schemes[] = { URL_WSS, URL_HTTPS };
	struct url			 url;
	char				*text, host[URL_HOST_MAX + 1];
	const char			*why;
	size_t				 i;

	text = fuzz_string(data, size);
	memset(&url, 0xa5, sizeof(url));
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if ((why = url_parse(text, schemes[i], &url)) == NULL)
			check_url(&url, schemes[i]);
		else
			FUZZ_ASSERT(why[0] != '\0');
	}
	if (url_host(text, host) == NULL)
		check_host(host);
	free(text);
	return (0);
}
