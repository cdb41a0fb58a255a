/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signerd/keynames.h"

static void
set_free(struct keyset *set)
{
	free(set->keys);
	free(set);
}

void
keynames_init(struct keynames *names)
{
	memset(names, 0, sizeof(*names));
	STAILQ_INIT(&names->sets);
	names->nworkers = 1;
}

int
keynames_begin(struct keynames *names)
{
	struct keyset	*set;

	if ((set = calloc(1, sizeof(*set))) == NULL)
		return (-1);
	STAILQ_INSERT_TAIL(&names->sets, set, entry);
	return (0);
}

const struct keyset *
keynames_last(const struct keynames *names)
{
	const struct keyset	*set, *last = NULL;

	STAILQ_FOREACH(set, &names->sets, entry)
		last = set;
	return (last);
}

static struct keyset *
last_of(struct keynames *names)
{
	struct keyset	*set, *last = NULL;

	STAILQ_FOREACH(set, &names->sets, entry)
		last = set;
	return (last);
}

int
keynames_add(struct keynames *names, const struct front_key *key)
{
	struct keyset		*set = last_of(names);
	struct front_key	*keys;

	if (set == NULL || key->index != set->nkeys) {
		errno = EINVAL;
		return (-1);
	}
	keys = reallocarray(set->keys, set->nkeys + 1, sizeof(*keys));
	if (keys == NULL)
		return (-1);
	set->keys = keys;
	keys[set->nkeys++] = *key;
	return (0);
}

void
keynames_drop(struct keynames *names)
{
	struct keyset	*last = last_of(names);

	if (last == NULL)
		return;
	STAILQ_REMOVE(&names->sets, last, keyset, entry);
	set_free(last);
}

/* That one goes by; NULL where there is none. */
static const struct keyset *
set_of(const struct keynames *names, unsigned int worker)
{
	const struct keyset	*set = STAILQ_FIRST(&names->sets);
	size_t			 i;

	for (i = 0; set != NULL && i < names->ahead[worker]; i++)
		set = STAILQ_NEXT(set, entry);
	return (set);
}

/* No worker goes by the first any more. */
static bool
is_passed(const struct keynames *names)
{
	unsigned int	 i;

	for (i = 0; i < names->nworkers; i++)
		if (names->ahead[i] == 0)
			return (false);
	return (true);
}

int
keynames_switch(struct keynames *names, unsigned int worker)
{
	const struct keyset	*set = set_of(names, worker);
	struct keyset		*first;
	unsigned int		 i;

	if (set == NULL || STAILQ_NEXT(set, entry) == NULL)
		return (-1);
	names->ahead[worker]++;
	if (!is_passed(names))
		return (0);
	first = STAILQ_FIRST(&names->sets);
	STAILQ_REMOVE_HEAD(&names->sets, entry);
	set_free(first);
	for (i = 0; i < names->nworkers; i++)
		names->ahead[i]--;
	return (0);
}

const struct front_key *
keynames_find(const struct keynames *names, unsigned int worker,
    uint32_t index)
{
	const struct keyset	*set = set_of(names, worker);

	return (set != NULL && index < set->nkeys ? &set->keys[index] : NULL);
}
