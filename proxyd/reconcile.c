/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include "common/wslink.h"
#include "proxyd/link.h"

/* What there is to do with links when a configuration takes another's place. */

static void
end(struct link *link, const char *reason)
{
	link_log(LOG_LVL_WARN, "signer's link closed", link, reason);
	wslink_close(link->ws, LINK_POLICY, reason);
	/* What is under way goes elsewhere. */
	link_unregister(link);
}

/* What the old words for a signer have led to belongs to the new ones. */
static void
move_signer(const struct relay *relay, struct signer *was,
    const char *certname)
{
	const struct route_signer	*words;
	struct signer			*now;
	char				 why[192];

	now = ruleset_signer(relay->rules, certname, &words);
	if (now == NULL || now == was || !was->known ||
	    !advert_covers(&was->advert, words, why, sizeof(why)))
		return;
	signer_bequeath(was, now);
	advert_bind(&now->advert, words);
	if (now->link != NULL)
		now->link->signer = now;
}

/* One that could not be moved. */
static void
end_signer(const struct relay *relay, struct signer *was,
    const char *certname)
{
	const struct route_signer	*words;
	struct signer			*now;
	char				 why[192] = "", text[320];

	now = ruleset_signer(relay->rules, certname, &words);
	if (now == was || was->link == NULL)
		return;
	if (now == NULL)
		snprintf(text, sizeof(text), "the proxy's configuration has "
		    "this signer no more");
	else {
		(void)advert_covers(&was->advert, words, why, sizeof(why));
		snprintf(text, sizeof(text), "the proxy's configuration has "
		    "changed, and the signer does not have all that it says: "
		    "%s", why);
	}
	end(was->link, text);
}

/* If it is judged by another context than before. */
static bool
end_untrusted(struct link *link)
{
	struct tlsctx	*tls = httpconn_tlsctx(link->conn);
	char		 why[192], text[256];

	if (httpconn_settled(link->conn) || tls == NULL ||
	    wslink_trusted(link->ws, tls, why, sizeof(why)))
		return (false);
	snprintf(text, sizeof(text), "the certificate is not trusted any "
	    "more: %s", why);
	end(link, text);
	return (true);
}

static void
reconcile_link(struct link *link)
{
	link->stranger = ruleset_signer(link->relay->rules, link->certname,
	    NULL) == NULL;
	if (!end_untrusted(link))
		link_configure(link);
}

void
reconcile_links(struct relay *relay, const struct ruleset *old)
{
	struct link	*link, *next;
	size_t		 i;

	for (i = 0; i < old->routes.nsigners; i++)
		move_signer(relay, old->signers[i],
		    old->routes.signers[i].certname);
	/* What was under way there looks for another, among all of them. */
	for (i = 0; i < old->routes.nsigners; i++)
		end_signer(relay, old->signers[i],
		    old->routes.signers[i].certname);
	for (link = TAILQ_FIRST(&relay->links); link != NULL; link = next) {
		next = TAILQ_NEXT(link, entry);
		reconcile_link(link);
	}
}

void
reconcile_trust(struct relay *relay)
{
	struct link	*link, *next;

	for (link = TAILQ_FIRST(&relay->links); link != NULL; link = next) {
		next = TAILQ_NEXT(link, entry);
		(void)end_untrusted(link);
	}
}
