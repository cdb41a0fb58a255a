/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef SIGNERCTL_KEY_H
#define SIGNERCTL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyd/sign.h"
#include "signerctl/password.h"
#include "signerctl/signerctl.h"

/*
 * signerctl key: files of keys.  A key, its text in any form, and passwords
 * are in secret memory alone, and are printed nowhere.
 */

enum key_form {
	KEY_HEX,
	KEY_SEC1,
	KEY_SEC1_DER,
	KEY_PKCS8,
	KEY_PKCS8_DER,
	KEY_V3,
	KEY_NFORMS,		/* those before can be written */
	KEY_ENCRYPTED = KEY_NFORMS,	/* PKCS#8 */
	KEY_ENCRYPTED_DER,
	KEY_UNKNOWN
};

/* "hex", "sec1", ... */
const char	*key_form_name(enum key_form);
/* KEY_NFORMS for another word. */
enum key_form	 key_form_of(const char *name);

/* ---- Reading (key_source.c) ------------------------------------------- */

struct source {
	const char	*path;		/* "standard input", if it was that */
	char		*text;		/* secret memory, KEYFILE_MAX + 1 */
	size_t		 len;
	enum key_form	 form;		/* as it seems */
	struct password	 password;	/* of those that are encrypted */
};

/* Before the sandbox: path NULL is standard input. */
void	source_read(struct source *, const char *path);
bool	source_encrypted(const struct source *);
/*
 * Inside it: key->secret becomes secret memory.  What is no key, or not one
 * that signerd would take, ends the process with a message.
 */
void	source_parse(const struct source *, struct sign_key *);

/*
 * An encrypted PKCS#8 file (RFC 8018, PBES2 with PBKDF2) in DER, or in PEM
 * where pem: its plain form in out, which has room for len bytes of secret
 * memory; *outlen.  NULL, or what is wrong.
 */
const char *pkcs8_decrypt(const char *text, size_t len, bool pem,
	    const struct password *, uint8_t *out, size_t *outlen);

/* ---- Writing (key_form.c) --------------------------------------------- */

#define KEY_TEXT_MAX	2048

struct key_new {
	enum key_form	 form;
	bool		 light;		/* of KEY_V3 */
	struct password	 password;	/* the same */
};

/*
 * Takes KEY_TEXT_MAX bytes of secret memory; returns the length.  What fails
 * ends the process with a message.
 */
size_t	key_render(char *out, const struct key_new *, const struct sign_key *);

/* "0x" and 40 digits in the case of EIP-55, and a NUL. */
#define KEY_ADDRESS	43
void	key_checksum(char out[KEY_ADDRESS], const uint8_t [ADDRESS_SIZE]);

/* ---- Common ------------------------------------------------------------ */

void	random_bytes(void *, size_t);
/* On standard error, after "signerctl: "; exits 1. */
void	refuse(const char *, ...)
	    __attribute__((noreturn, format(printf, 1, 2)));

int	key_command(const struct options *, int argc, char **argv);

#endif /* SIGNERCTL_KEY_H */
