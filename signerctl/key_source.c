/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "keyd/der.h"
#include "keyd/eckey.h"
#include "keyd/keyfile.h"
#include "keyd/keystore.h"
#include "signerctl/key.h"

/* ---- The file ---------------------------------------------------------- */

/* What others can read may be known to them; that is not ours to mend. */
static void
check_mode(int fd, const char *path)
{
	struct stat	 st;

	if (fstat(fd, &st) == -1)
		refuse("%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		refuse("%s: %s", path, strerror(EISDIR));
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		complain("warning: %s: others than its owner can read or "
		    "write it (mode %04o)", path,
		    (unsigned int)(st.st_mode & 07777));
}

/* One byte more than is taken, to tell a file that is too long. */
static void
read_all(struct source *s, int fd)
{
	ssize_t	 n;

	while (s->len <= KEYFILE_MAX) {
		n = read(fd, s->text + s->len, KEYFILE_MAX + 1 - s->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			refuse("%s: %s", s->path, strerror(errno));
		if (n == 0)
			return;
		s->len += (size_t)n;
	}
	refuse("%s: %s", s->path, keyfile_strerror(KEYFILE_TOOLONG));
}

/* Typed in, so without echo: only digits can be typed. */
static void
read_typed(struct source *s)
{
	struct password	 line = { NULL, 0 };

	password_ask(&line, "Private key, 64 hexadecimal digits: ");
	memcpy(s->text, line.text, line.len);
	s->len = line.len;
	password_free(&line);
}

static bool
contains(const struct source *s, const char *words)
{
	return (memmem(s->text, s->len, words, strlen(words)) != NULL);
}

/* DER begins with a sequence, and what is first in that tells the kind. */
static enum key_form
der_form(const struct source *s)
{
	struct der	 in, seq, number;

	in.p = (const uint8_t *)s->text;
	in.len = s->len;
	if (der_take(&in, DER_SEQUENCE, &seq) == -1)
		return (KEY_UNKNOWN);
	if (der_is(&seq, DER_SEQUENCE))
		return (KEY_ENCRYPTED_DER);
	if (der_take_uint(&seq, &number) == -1)
		return (KEY_UNKNOWN);
	return (der_is(&seq, DER_SEQUENCE) ? KEY_PKCS8_DER : KEY_SEC1_DER);
}

/* DER of a key always has such bytes: that of a version is one. */
static bool
has_control(const struct source *s)
{
	size_t	 i;

	for (i = 0; i < s->len; i++)
		if ((unsigned char)s->text[i] < ' ' && s->text[i] != '\t' &&
		    s->text[i] != '\n' && s->text[i] != '\r')
			return (true);
	return (false);
}

static enum key_form
guess_form(const struct source *s)
{
	size_t	 i = 0;

	if (has_control(s))
		return (der_form(s));
	while (i < s->len && strchr(" \t\r\n", s->text[i]) != NULL)
		i++;
	if (i < s->len && s->text[i] == '{')
		return (KEY_V3);
	if (contains(s, "-----BEGIN ENCRYPTED PRIVATE KEY-----"))
		return (KEY_ENCRYPTED);
	if (contains(s, "-----BEGIN PRIVATE KEY-----"))
		return (KEY_PKCS8);
	return (contains(s, "-----BEGIN ") ? KEY_SEC1 : KEY_HEX);
}

void
source_read(struct source *s, const char *path)
{
	int	 fd = STDIN_FILENO;

	s->path = path != NULL ? path : "standard input";
	s->len = 0;
	if ((s->text = secret_alloc(KEYFILE_MAX + 1)) == NULL)
		refuse("out of secret memory");
	if (path == NULL && isatty(STDIN_FILENO))
		read_typed(s);
	else {
		if (path != NULL &&
		    (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
			refuse("%s: %s", path, strerror(errno));
		check_mode(fd, s->path);
		read_all(s, fd);
		close(fd);
	}
	s->form = guess_form(s);
}

bool
source_encrypted(const struct source *s)
{
	return (s->form == KEY_V3 || s->form == KEY_ENCRYPTED ||
	    s->form == KEY_ENCRYPTED_DER);
}

/* ---- What is in it ----------------------------------------------------- */

static void __attribute__((noreturn))
refuse_key(const struct source *s, enum keyfile_error error,
    unsigned int line)
{
	const char	*why = keyfile_strerror(error);

	if (error == KEYFILE_FORM || s->form == KEY_UNKNOWN)
		why = "no key of a form that is known: hexadecimal digits, "
		    "SEC1 or PKCS#8 in PEM or DER, or a V3 keystore";
	if (line > 0 && (s->form == KEY_HEX || s->form == KEY_SEC1 ||
	    s->form == KEY_PKCS8))
		refuse("%s:%u: %s", s->path, line, why);
	refuse("%s: %s", s->path, why);
}

static enum keyfile_error
parse_der(struct keyfile *kf, const void *p, size_t len, enum key_form form)
{
	struct der	 der;

	der.p = p;
	der.len = len;
	return (form == KEY_SEC1_DER ? eckey_sec1(kf, der) :
	    eckey_pkcs8(kf, der));
}

static void
parse_keystore(const struct source *s, struct keyfile *kf,
    struct keystore *ks)
{
	enum keystore_error	 error;

	error = keystore_parse(ks, s->text, s->len);
	if (error == KEYSTORE_OK)
		error = keystore_decrypt(ks, s->password.text,
		    s->password.len, kf->secret);
	if (error != KEYSTORE_OK)
		refuse("%s: %s", s->path, keystore_strerror(error));
}

static enum keyfile_error
parse_encrypted(const struct source *s, struct keyfile *kf)
{
	enum keyfile_error	 error;
	const char		*why;
	uint8_t			*plain;
	size_t			 len;

	if ((plain = secret_alloc(s->len)) == NULL)
		return (KEYFILE_MEMORY);
	if ((why = pkcs8_decrypt(s->text, s->len, s->form == KEY_ENCRYPTED,
	    &s->password, plain, &len)) != NULL)
		refuse("%s: %s", s->path, why);
	error = parse_der(kf, plain, len, KEY_PKCS8_DER);
	secret_free(plain, s->len);
	return (error);
}

/* Where digits follow a 0x, it is skipped. */
static enum keyfile_error
parse_text(const struct source *s, struct keyfile *kf)
{
	size_t	 skip = 0;

	if (s->form == KEY_HEX && s->len > 2 && s->text[0] == '0' &&
	    (s->text[1] == 'x' || s->text[1] == 'X'))
		skip = 2;
	return (keyfile_parse(kf, s->text + skip, s->len - skip));
}

void
source_parse(const struct source *s, struct sign_key *key)
{
	struct keyfile		 kf;
	struct keystore		 ks;
	enum keyfile_error	 error = KEYFILE_OK;

	memset(&kf, 0, sizeof(kf));
	memset(&ks, 0, sizeof(ks));
	if ((kf.secret = secret_alloc(SECRET_SIZE)) == NULL)
		refuse("out of secret memory");
	if (s->form == KEY_V3)
		parse_keystore(s, &kf, &ks);
	else if (s->form == KEY_ENCRYPTED || s->form == KEY_ENCRYPTED_DER)
		error = parse_encrypted(s, &kf);
	else if (s->form == KEY_SEC1_DER || s->form == KEY_PKCS8_DER)
		error = parse_der(&kf, s->text, s->len, s->form);
	else
		error = parse_text(s, &kf);
	if (error == KEYFILE_OK && sign_key(key, kf.secret) == -1)
		error = KEYFILE_RANGE;
	if (error == KEYFILE_OK && kf.has_pubkey &&
	    memcmp(kf.pubkey, key->pubkey, sizeof(kf.pubkey)) != 0)
		error = KEYFILE_MISMATCH;
	secret_wipe_stack();
	if (error != KEYFILE_OK)
		refuse_key(s, error, kf.line);
	if (ks.has_address &&
	    memcmp(ks.address, key->address, sizeof(ks.address)) != 0)
		refuse("%s: the address in the file does not belong to the "
		    "private key", s->path);
}
