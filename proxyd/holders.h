/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef PROXYD_HOLDERS_H
#define PROXYD_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which signers have what: for addresses, and for chains.  Built from the
 * configuration once and then only asked, at the same cost however much is
 * in it.
 */
#define HOLDERS_KEYSIZE	32		/* bytes, at most */
#define HOLDERS_NONE	UINT32_MAX	/* no signer, no entry */

struct holders {
	uint8_t		 key[HOLDERS_KEYSIZE];
	uint32_t	 index;		/* of this entry */
	uint32_t	 next;		/* with the same hash */
	uint32_t	 nsigners;
	uint32_t	*signers;	/* ascending, as in the file */
	uint64_t	*set;		/* the same, where they are many */
};

struct holders_index {
	size_t		 keysize;
	struct holders	*entries;
	uint32_t	 nentries;
	uint32_t	*buckets;	/* 0, or an entry's index + 1 */
	size_t		 nbuckets;
};

/* Sets of signers: a bit each, in words. */
static inline size_t
holders_words(size_t nsigners)
{
	return ((nsigners + 63) / 64);
}

static inline void
holders_set_add(uint64_t *set, uint32_t signer)
{
	set[signer / 64] |= (uint64_t)1 << signer % 64;
}

static inline bool
holders_set_has(const uint64_t *set, uint32_t signer)
{
	return ((set[signer / 64] >> signer % 64 & 1) != 0);
}

/* Empty, for keys of that size. */
void	 holders_init(struct holders_index *, size_t keysize);
/*
 * The entry of the key, which is made if there is none yet; signer becomes
 * one of those that have it.  Signers must come in ascending order;
 * HOLDERS_NONE: none.  Returns the entry's index, or HOLDERS_NONE where
 * memory is short.
 */
uint32_t holders_add(struct holders_index *, const uint8_t *key,
	    uint32_t signer);
/* All have been added; -1 where memory is short. */
int	 holders_finish(struct holders_index *, size_t nsigners);
void	 holders_clear(struct holders_index *);

/* NULL: nobody has it. */
const struct holders *holders_find(const struct holders_index *,
	    const uint8_t *key);
/* Is one of them in the set? */
bool	 holders_meet(const struct holders *, const uint64_t *set,
	    size_t words);
/* All of them into the set. */
void	 holders_collect(const struct holders *, uint64_t *set, size_t words);

uint32_t holders_hash(const void *, size_t);
#endif /* PROXYD_HOLDERS_H */
