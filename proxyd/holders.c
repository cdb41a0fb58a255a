/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "common/list.h"
#include "proxyd/holders.h"

/* FNV-1a; what is in the tables is the configuration's alone. */
uint32_t
holders_hash(const void *data, size_t len)
{
	const uint8_t	*p = data;
	uint32_t	 h = 2166136261U;
	size_t		 i;

	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619U;
	return (h ^ h >> 15);
}

void
holders_init(struct holders_index *ix, size_t keysize)
{
	memset(ix, 0, sizeof(*ix));
	ix->keysize = keysize;
}

static size_t
bucket(const struct holders_index *ix, const uint8_t *key)
{
	return (holders_hash(key, ix->keysize) & (ix->nbuckets - 1));
}

static void
link_entry(struct holders_index *ix, struct holders *h)
{
	uint32_t	*head = &ix->buckets[bucket(ix, h->key)];

	h->next = *head;
	*head = h->index + 1;
}

static int
rehash(struct holders_index *ix)
{
	size_t		 n = ix->nbuckets > 0 ? 2 * ix->nbuckets : 64;
	uint32_t	*grown, i;

	if ((grown = calloc(n, sizeof(*grown))) == NULL)
		return (-1);
	free(ix->buckets);
	ix->buckets = grown;
	ix->nbuckets = n;
	for (i = 0; i < ix->nentries; i++)
		link_entry(ix, &ix->entries[i]);
	return (0);
}

static struct holders *
find(const struct holders_index *ix, const uint8_t *key)
{
	struct holders	*h;
	uint32_t	 i;

	if (ix->nbuckets == 0)
		return (NULL);
	for (i = ix->buckets[bucket(ix, key)]; i != 0; i = h->next) {
		h = &ix->entries[i - 1];
		if (memcmp(h->key, key, ix->keysize) == 0)
			return (h);
	}
	return (NULL);
}

static struct holders *
add_entry(struct holders_index *ix, const uint8_t *key)
{
	struct holders	*h;

	if (ix->nentries == HOLDERS_NONE - 1 ||
	    (ix->nentries >= ix->nbuckets && rehash(ix) == -1) ||
	    list_grow(&ix->entries, ix->nentries, sizeof(*h)) == -1)
		return (NULL);
	h = &ix->entries[ix->nentries];
	memset(h, 0, sizeof(*h));
	memcpy(h->key, key, ix->keysize);
	h->index = ix->nentries++;
	link_entry(ix, h);
	return (h);
}

uint32_t
holders_add(struct holders_index *ix, const uint8_t *key, uint32_t signer)
{
	struct holders	*h;

	if ((h = find(ix, key)) == NULL && (h = add_entry(ix, key)) == NULL)
		return (HOLDERS_NONE);
	/* A signer may list a key twice. */
	if (signer == HOLDERS_NONE ||
	    (h->nsigners > 0 && h->signers[h->nsigners - 1] == signer))
		return (h->index);
	if (list_grow(&h->signers, h->nsigners, sizeof(*h->signers)) == -1)
		return (HOLDERS_NONE);
	h->signers[h->nsigners++] = signer;
	return (h->index);
}

int
holders_finish(struct holders_index *ix, size_t nsigners)
{
	size_t		 words = holders_words(nsigners);
	struct holders	*h;
	uint32_t	 i, k;

	for (i = 0; i < ix->nentries; i++) {
		h = &ix->entries[i];
		if (h->nsigners <= 2 * words)
			continue;
		if ((h->set = calloc(words, sizeof(*h->set))) == NULL)
			return (-1);
		for (k = 0; k < h->nsigners; k++)
			holders_set_add(h->set, h->signers[k]);
	}
	return (0);
}

void
holders_clear(struct holders_index *ix)
{
	uint32_t	 i;

	for (i = 0; i < ix->nentries; i++) {
		free(ix->entries[i].signers);
		free(ix->entries[i].set);
	}
	free(ix->entries);
	free(ix->buckets);
	holders_init(ix, ix->keysize);
}

const struct holders *
holders_find(const struct holders_index *ix, const uint8_t *key)
{
	return (find(ix, key));
}

bool
holders_meet(const struct holders *h, const uint64_t *set, size_t words)
{
	size_t	 i;

	if (h->set != NULL) {
		for (i = 0; i < words; i++)
			if ((h->set[i] & set[i]) != 0)
				return (true);
		return (false);
	}
	for (i = 0; i < h->nsigners; i++)
		if (holders_set_has(set, h->signers[i]))
			return (true);
	return (false);
}

void
holders_collect(const struct holders *h, uint64_t *set, size_t words)
{
	size_t	 i;

	if (h->set != NULL) {
		for (i = 0; i < words; i++)
			set[i] |= h->set[i];
		return;
	}
	for (i = 0; i < h->nsigners; i++)
		holders_set_add(set, h->signers[i]);
}
