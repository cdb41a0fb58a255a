/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/hex.h"
#include "common/secret.h"
#include "keyd/eckey.h"
#include "keyd/keyfile.h"
#include "keyd/sign.h"

#define BEGIN	"-----BEGIN "
#define END	"-----END "
#define DASHES	"-----"

/* The rest of a text; number is that of the line taken last. */
struct text {
	const char	*p;
	const char	*end;
	unsigned int	 number;
};

/* Without its end and white space before it. */
struct line {
	const char	*p;
	size_t		 len;
};

static bool
is_space(char c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static bool
next_line(struct text *text, struct line *line)
{
	const char *end;

	if (text->p == text->end)
		return (false);
	line->p = text->p;
	end = memchr(text->p, '\n', (size_t)(text->end - text->p));
	if (end == NULL) {
		end = text->end;
		text->p = end;
	} else
		text->p = end + 1;
	while (end > line->p && is_space(end[-1]))
		end--;
	line->len = (size_t)(end - line->p);
	text->number++;
	return (true);
}

static bool
begins_with(const struct line *line, const char *prefix)
{
	size_t len = strlen(prefix);

	return (line->len >= len && memcmp(line->p, prefix, len) == 0);
}

static bool
is(const struct line *line, const char *s)
{
	return (line->len == strlen(s) && begins_with(line, s));
}

static bool
holds(const struct line *line, const char *s)
{
	return (memmem(line->p, line->len, s, strlen(s)) != NULL);
}

/* The label of a BEGIN or an END line, which keyword tells. */
static bool
get_label(const struct line *line, const char *keyword, struct line *label)
{
	size_t skip = strlen(keyword), dashes = strlen(DASHES);

	if (!begins_with(line, keyword) || line->len < skip + dashes ||
	    memcmp(line->p + line->len - dashes, DASHES, dashes) != 0)
		return (false);
	label->p = line->p + skip;
	label->len = line->len - skip - dashes;
	return (true);
}

/*
 * Takes the lines of a block and its END line; *size is the length of all
 * that is between them.
 */
static enum keyfile_error
skip_block(struct keyfile *kf, struct text *text, const struct line *label,
    size_t *size)
{
	struct line line, other;

	*size = 0;
	kf->line = text->number;
	while (next_line(text, &line)) {
		if (begins_with(&line, DASHES)) {
			if (get_label(&line, END, &other) &&
			    other.len == label->len &&
			    memcmp(other.p, label->p, label->len) == 0)
				return (KEYFILE_OK);
			kf->line = text->number;
			return (KEYFILE_NOEND);
		}
		if (begins_with(&line, "Proc-Type:") &&
		    holds(&line, "ENCRYPTED")) {
			kf->line = text->number;
			return (KEYFILE_ENCRYPTED);
		}
		*size += line.len;
	}
	return (KEYFILE_NOEND);
}

/* The line of a block that is not base64; the last where none stands out. */
static unsigned int
faulty_line(struct text body)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/=";
	struct line line;
	size_t i;

	while (next_line(&body, &line) && !begins_with(&line, DASHES))
		for (i = 0; i < line.len; i++)
			if (memchr(alphabet, line.p[i],
			    sizeof(alphabet) - 1) == NULL)
				return (body.number);
	return (body.number - 1);
}

/* Only a file that is refused is looked at character by character. */
static enum keyfile_error
decode_body(struct keyfile *kf, struct text body, char *base64, size_t size,
    struct der *der, uint8_t *out)
{
	struct text rest = body;
	struct line line;
	ssize_t n;
	size_t len = 0;

	while (len < size && next_line(&rest, &line)) {
		memcpy(base64 + len, line.p, line.len);
		len += line.len;
	}
	if ((n = base64_decode(out, base64, len)) == -1) {
		kf->line = faulty_line(body);
		return (KEYFILE_BASE64);
	}
	der->p = out;
	der->len = (size_t)n;
	return (KEYFILE_OK);
}

/* text is after the block's BEGIN line. */
static enum keyfile_error
parse_block(struct keyfile *kf, struct text *text, const struct line *label)
{
	struct text body = *text;
	struct der der;
	enum keyfile_error error;
	char *base64;
	uint8_t *out;
	size_t size;

	if ((error = skip_block(kf, text, label, &size)) != KEYFILE_OK)
		return (error);
	base64 = secret_alloc(size);
	out = secret_alloc(base64_size(size));
	if (base64 == NULL || out == NULL)
		error = KEYFILE_MEMORY;
	else
		error = decode_body(kf, body, base64, size, &der, out);
	if (error == KEYFILE_OK)
		error = is(label, "PRIVATE KEY") ? eckey_pkcs8(kf, der) :
		    eckey_sec1(kf, der);
	secret_free(out, base64_size(size));
	secret_free(base64, size);
	return (error);
}

static enum keyfile_error
parse_pem(struct keyfile *kf, struct text text)
{
	struct line line, label;
	enum keyfile_error error;
	unsigned int found = 0;
	size_t size;

	while (next_line(&text, &line)) {
		if (!begins_with(&line, DASHES))
			continue;
		kf->line = text.number;
		if (!get_label(&line, BEGIN, &label))
			return (KEYFILE_FORM);
		if (is(&label, "ENCRYPTED PRIVATE KEY"))
			return (KEYFILE_ENCRYPTED);
		if (is(&label, "EC PARAMETERS"))
			error = skip_block(kf, &text, &label, &size);
		else if (!is(&label, "EC PRIVATE KEY") &&
		    !is(&label, "PRIVATE KEY"))
			error = KEYFILE_LABEL;
		else if (found != 0)
			error = KEYFILE_TWO;
		else {
			found = text.number;
			error = parse_block(kf, &text, &label);
		}
		if (error != KEYFILE_OK)
			return (error);
	}
	if (found == 0)
		return (KEYFILE_LABEL);
	kf->line = found;
	return (KEYFILE_OK);
}

static bool
is_hex(const struct line *line)
{
	return (line->len > 0 && hex_digits(line->p, line->len));
}

static enum keyfile_error
parse_hex(struct keyfile *kf, struct text text)
{
	struct line line, other;

	if (!next_line(&text, &line))
		return (KEYFILE_EMPTY);
	kf->line = text.number;
	if (!is_hex(&line))
		return (KEYFILE_FORM);
	while (next_line(&text, &other)) {
		if (other.len == 0)
			continue;
		kf->line = text.number;
		return (is_hex(&other) ? KEYFILE_TWO : KEYFILE_FORM);
	}
	if (line.len != 2 * SECRET_SIZE)
		return (KEYFILE_HEXLENGTH);
	hex_secret(kf->secret, line.p, SECRET_SIZE);
	return (KEYFILE_OK);
}

static bool
is_pem(struct text text)
{
	struct line line;

	while (next_line(&text, &line))
		if (begins_with(&line, BEGIN))
			return (true);
	return (false);
}

enum keyfile_error
keyfile_parse(struct keyfile *kf, const char *p, size_t len)
{
	struct text text;
	enum keyfile_error error = KEYFILE_EMPTY;

	kf->has_pubkey = 0;
	kf->line = 0;
	memset(kf->pubkey, 0, sizeof(kf->pubkey));
	while (len > 0 && is_space(p[len - 1]))
		len--;
	text.p = p;
	text.end = p + len;
	text.number = 0;
	if (len > 0)
		error = is_pem(text) ? parse_pem(kf, text) :
		    parse_hex(kf, text);
	if (error != KEYFILE_OK)
		explicit_bzero(kf->secret, SECRET_SIZE);
	secret_wipe_stack();
	return (error);
}

/* Other workers of keyd may read it, too, by the same open file. */
static ssize_t
read_at(int fd, char *text, size_t size, off_t at)
{
	ssize_t n;

	n = pread(fd, text, size, at);
	return (n == -1 && errno == ESPIPE ? read(fd, text, size) : n);
}

/* One byte more than is taken, to tell a file that is too long. */
static enum keyfile_error
read_text(int fd, char text[KEYFILE_MAX + 1], size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len <= KEYFILE_MAX) {
		n = read_at(fd, text + *len, KEYFILE_MAX + 1 - *len,
		    (off_t)*len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (KEYFILE_READ);
		if (n == 0)
			return (KEYFILE_OK);
		*len += (size_t)n;
	}
	return (KEYFILE_TOOLONG);
}

static enum keyfile_error
check_key(const struct keyfile *kf)
{
	struct sign_key key;

	if (sign_key(&key, kf->secret) == -1)
		return (KEYFILE_RANGE);
	if (kf->has_pubkey &&
	    memcmp(kf->pubkey, key.pubkey, sizeof(key.pubkey)) != 0)
		return (KEYFILE_MISMATCH);
	return (KEYFILE_OK);
}

enum keyfile_error
keyfile_read(struct keyfile *kf, int fd)
{
	enum keyfile_error error = KEYFILE_MEMORY;
	char *text;
	size_t len;

	memset(kf, 0, sizeof(*kf));
	text = secret_alloc(KEYFILE_MAX + 1);
	kf->secret = secret_alloc(SECRET_SIZE);
	if (text == NULL || kf->secret == NULL)
		goto done;
	if ((error = read_text(fd, text, &len)) == KEYFILE_OK)
		error = keyfile_parse(kf, text, len);
	if (error == KEYFILE_OK)
		error = check_key(kf);
 done:
	secret_free(text, KEYFILE_MAX + 1);
	if (error != KEYFILE_OK) {
		secret_free(kf->secret, SECRET_SIZE);
		kf->secret = NULL;
	}
	return (error);
}
