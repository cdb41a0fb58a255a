/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/frontmsg.o common/msgfield.o compat/imsg.o compat/imsg-buffer.o */

#include "regress/unit/msg_util.h"
#include "signerd/frontmsg.h"

#define NLIMITS	(sizeof(struct config_limits) / sizeof(uint32_t))

/* ---- Each decoder, for the bodies that it must refuse ---------------- */

/* What decode() got last. */
static union {
	struct front_config	 config;
	struct front_key	 key;
	struct front_error	 error;
	enum tlsfile		 file;
} decoded;

static int
decode(struct imsg *imsg, int *fd)
{
	memset(&decoded, 0xa5, sizeof(decoded));
	switch (imsg_get_type(imsg)) {
	case FRONT_CONFIG:
		return (frontmsg_get_config(imsg, &decoded.config));
	case FRONT_KEY:
		return (frontmsg_get_key(imsg, &decoded.key));
	case FRONT_ERROR:
		return (frontmsg_get_error(imsg, &decoded.error));
	case FRONT_FILE:
		return (frontmsg_get_file(imsg, &decoded.file, fd));
	case FRONT_LISTEN:
	case FRONT_CHANNEL:
		return (frontmsg_get_fd(imsg, fd));
	default:
		return (frontmsg_get_empty(imsg));
	}
}

/* ---- Round trips ----------------------------------------------------- */

static void
config_fill(struct front_config *c, uint32_t seed_value, size_t protocols)
{
	uint32_t	*field = (uint32_t *)(void *)&c->limits;
	size_t		 i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < NLIMITS; i++)
		field[i] = seed_value * (uint32_t)(i + 1);
	memset(c->protocols, 'p', protocols);
}

static void
config_round_trip(void **state)
{
	static const uint32_t	 seeds[] = { 0, 1, 0x01020304, UINT32_MAX };
	struct front_config	 c, got;
	struct imsg		 imsg;
	size_t			 i, len;

	(void)state;
	for (i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		for (len = 0; len < FRONT_PROTOCOLS_MAX; len += 7) {
			config_fill(&c, seeds[i], len);
			assert_int_equal(frontmsg_send_config(&p.a, &c), 0);
			receive(&imsg, FRONT_CONFIG);
			memset(&got, 0, sizeof(got));
			assert_int_equal(frontmsg_get_config(&imsg, &got), 0);
			imsg_free(&imsg);
			assert_memory_equal(&got, &c, sizeof(c));
		}
}

/* Each setting alone: none is forgotten, none is another's. */
static void
config_fields(void **state)
{
	struct front_config	 c, got;
	struct imsg		 imsg;
	uint32_t		*field = (uint32_t *)(void *)&c.limits;
	size_t			 i;

	(void)state;
	for (i = 0; i < NLIMITS; i++) {
		config_fill(&c, 0, 3);
		field[i] = 0x10203040 + (uint32_t)i;
		assert_int_equal(frontmsg_send_config(&p.a, &c), 0);
		receive(&imsg, FRONT_CONFIG);
		memset(&got, 0, sizeof(got));
		assert_int_equal(frontmsg_get_config(&imsg, &got), 0);
		imsg_free(&imsg);
		assert_memory_equal(&got, &c, sizeof(c));
	}
}

static void
config_exact(void **state)
{
	struct front_config	 c;
	unsigned char		 body[1024];
	size_t			 len;

	(void)state;
	config_fill(&c, 5, FRONT_PROTOCOLS_MAX - 1);
	assert_int_equal(frontmsg_send_config(&p.a, &c), 0);
	len = encoded(FRONT_CONFIG, body, sizeof(body));
	assert_int_equal(len, 4 * NLIMITS + 2 + FRONT_PROTOCOLS_MAX - 1);
	exact(decode, FRONT_CONFIG, body, len, false);
	config_fill(&c, 5, 0);
	assert_int_equal(frontmsg_send_config(&p.a, &c), 0);
	exact(decode, FRONT_CONFIG, body, encoded(FRONT_CONFIG, body,
	    sizeof(body)), false);
}

static void
key_fill(struct front_key *k, uint32_t index, size_t len)
{
	size_t	 i;

	memset(k, 0, sizeof(*k));
	k->index = index;
	for (i = 0; i < len; i++)
		k->name[i] = (char)(i + 1);
	fill(k->address, sizeof(k->address), index);
}

static void
key_round_trip(void **state)
{
	struct front_key	 k, got;
	struct imsg		 imsg;
	size_t			 len;

	(void)state;
	for (len = 0; len <= CONFIG_NAME_MAX; len++) {
		key_fill(&k, UINT32_MAX - (uint32_t)len, len);
		assert_int_equal(frontmsg_send_key(&p.a, &k), 0);
		receive(&imsg, FRONT_KEY);
		memset(&got, 0, sizeof(got));
		assert_int_equal(frontmsg_get_key(&imsg, &got), 0);
		imsg_free(&imsg);
		assert_memory_equal(&got, &k, sizeof(k));
	}
}

static void
key_exact(void **state)
{
	struct front_key	 k;
	unsigned char		 body[256];
	size_t			 len;

	(void)state;
	key_fill(&k, 3, CONFIG_NAME_MAX);
	assert_int_equal(frontmsg_send_key(&p.a, &k), 0);
	len = encoded(FRONT_KEY, body, sizeof(body));
	assert_int_equal(len, 4 + 2 + CONFIG_NAME_MAX + ADDRESS_SIZE);
	exact(decode, FRONT_KEY, body, len, false);
	key_fill(&k, 3, 0);
	assert_int_equal(frontmsg_send_key(&p.a, &k), 0);
	exact(decode, FRONT_KEY, body, encoded(FRONT_KEY, body, sizeof(body)),
	    false);
}

static void
error_round_trip(void **state)
{
	struct front_error	 e, got;
	struct imsg		 imsg;
	size_t			 len;
	int			 file;

	(void)state;
	for (file = 0; file < TLSFILE_COUNT; file++)
		for (len = 0; len < sizeof(e.text); len += 73) {
			memset(&e, 0, sizeof(e));
			e.file = (enum tlsfile)file;
			e.severity = len % 2 == 0 ? TLSFILE_FAULT :
			    TLSFILE_WARNING;
			memset(e.text, 'x', len);
			assert_int_equal(frontmsg_send_error(&p.a, &e), 0);
			receive(&imsg, FRONT_ERROR);
			memset(&got, 0, sizeof(got));
			assert_int_equal(frontmsg_get_error(&imsg, &got), 0);
			imsg_free(&imsg);
			assert_memory_equal(&got, &e, sizeof(e));
		}
}

static void
error_exact(void **state)
{
	struct front_error	 e;
	unsigned char		 body[1024];
	size_t			 len;

	(void)state;
	memset(&e, 0, sizeof(e));
	e.file = TLSFILE_CRL;
	e.severity = TLSFILE_WARNING;
	memset(e.text, 'x', sizeof(e.text) - 1);
	assert_int_equal(frontmsg_send_error(&p.a, &e), 0);
	len = encoded(FRONT_ERROR, body, sizeof(body));
	assert_int_equal(len, 1 + 1 + 2 + sizeof(e.text) - 1);
	exact(decode, FRONT_ERROR, body, len, false);
}

/* ---- Strings that lie ------------------------------------------------ */

/* A body with a string of len bytes, said to be told bytes, at off. */
static size_t
with_string(unsigned char *body, size_t off, size_t told, size_t len,
    size_t tail)
{
	memset(body, 1, off);
	body[off] = (unsigned char)(told >> 8);
	body[off + 1] = (unsigned char)told;
	memset(body + off + 2, 's', len);
	memset(body + off + 2 + len, 1, tail);
	return (off + 2 + len + tail);
}

static void
strings(uint32_t type, size_t off, size_t max, size_t tail)
{
	unsigned char	 body[2048];
	size_t		 len, i;

	/* As long as it fits with its NUL, and one more. */
	len = with_string(body, off, max, max, tail);
	assert_int_equal(decode_raw(decode, type, body, len, false), 0);
	len = with_string(body, off, max + 1, max + 1, tail);
	assert_int_equal(decode_raw(decode, type, body, len, false), -1);
	len = with_string(body, off, 65535, max, tail);
	assert_int_equal(decode_raw(decode, type, body, len, false), -1);
	/* Longer than it is, up to all that there is, and shorter. */
	len = with_string(body, off, 11, 10, tail);
	assert_int_equal(decode_raw(decode, type, body, len, false), -1);
	len = with_string(body, off, 9, 10, tail);
	assert_int_equal(decode_raw(decode, type, body, len, false), -1);
	/* A NUL anywhere. */
	for (i = 0; i < 10; i++) {
		len = with_string(body, off, 10, 10, tail);
		body[off + 2 + i] = '\0';
		assert_int_equal(decode_raw(decode, type, body, len, false),
		    -1);
	}
}

static void
hostile_strings(void **state)
{
	(void)state;
	strings(FRONT_CONFIG, 4 * NLIMITS, FRONT_PROTOCOLS_MAX - 1, 0);
	strings(FRONT_KEY, 4, CONFIG_NAME_MAX, ADDRESS_SIZE);
	strings(FRONT_ERROR, 2, sizeof(((struct front_error *)NULL)->text) -
	    1, 0);
}

/* There are four files; any other number is none. */
static void
file_numbers(void **state)
{
	unsigned char	 body[16], kind;
	size_t		 len;
	int		 n;

	(void)state;
	for (n = 0; n < 256; n++) {
		kind = (unsigned char)n;
		assert_int_equal(decode_raw(decode, FRONT_FILE, &kind, 1, true),
		    n < TLSFILE_COUNT ? 0 : -1);
		if (n < TLSFILE_COUNT)
			assert_int_equal(decoded.file, n);
		len = with_string(body, 2, 3, 3, 0);
		body[0] = kind;
		assert_int_equal(decode_raw(decode, FRONT_ERROR, body, len,
		    false), n < TLSFILE_COUNT ? 0 : -1);
		if (n < TLSFILE_COUNT)
			assert_int_equal(decoded.error.file, n);
	}
}

/* A fault or a warning, and nothing else. */
static void
severities(void **state)
{
	unsigned char	 body[16];
	size_t		 len;
	int		 n;

	(void)state;
	for (n = 0; n < 256; n++) {
		len = with_string(body, 2, 3, 3, 0);
		body[1] = (unsigned char)n;
		assert_int_equal(decode_raw(decode, FRONT_ERROR, body, len,
		    false), n < TLSFILE_NSEVERITIES ? 0 : -1);
		if (n < TLSFILE_NSEVERITIES)
			assert_int_equal(decoded.error.severity, n);
	}
}

/* ---- Descriptors ----------------------------------------------------- */

/* Whether both are ends of that pipe. */
static void
same_pipe(int got, int writer)
{
	char	 c = 'x';

	assert_int_equal(write(writer, &c, 1), 1);
	c = 0;
	assert_int_equal(read(got, &c, 1), 1);
	assert_int_equal(c, 'x');
	close(got);
	close(writer);
}

static void
descriptors(void **state)
{
	static const enum front_msg	 types[] = {
		FRONT_LISTEN, FRONT_CHANNEL
	};
	enum tlsfile			 file;
	struct imsg			 imsg;
	int				 n, got, writer, fd;

	(void)state;
	for (n = 0; n < TLSFILE_COUNT; n++) {
		fd = a_pipe(&writer);
		assert_int_equal(frontmsg_send_file(&p.a, (enum tlsfile)n,
		    fd), 0);
		/* The encoder has taken it. */
		assert_int_equal(imsgbuf_write(&p.a), 0);
		assert_int_equal(fcntl(fd, F_GETFD), -1);
		receive(&imsg, FRONT_FILE);
		file = TLSFILE_COUNT;
		assert_int_equal(frontmsg_get_file(&imsg, &file, &got), 0);
		assert_int_equal(file, n);
		imsg_free(&imsg);
		same_pipe(got, writer);
	}
	for (n = 0; n < 2; n++) {
		fd = a_pipe(&writer);
		assert_int_equal(frontmsg_send(&p.a, types[n], fd), 0);
		receive(&imsg, types[n]);
		assert_int_equal(frontmsg_get_fd(&imsg, &got), 0);
		imsg_free(&imsg);
		same_pipe(got, writer);
	}
}

/* Where the descriptor is missing the message is none. */
static void
descriptors_missing(void **state)
{
	enum tlsfile	 file;
	struct imsg	 imsg;
	unsigned char	 kind = TLSFILE_CA;
	int		 fd;

	(void)state;
	assert_int_equal(imsg_compose(&p.a, FRONT_FILE, 0, 0, -1, &kind, 1),
	    1);
	receive(&imsg, FRONT_FILE);
	assert_int_equal(frontmsg_get_file(&imsg, &file, &fd), -1);
	imsg_free(&imsg);
	assert_int_equal(frontmsg_send(&p.a, FRONT_LISTEN, -1), 0);
	receive(&imsg, FRONT_LISTEN);
	assert_int_equal(frontmsg_get_fd(&imsg, &fd), -1);
	imsg_free(&imsg);
}

/* channel_close() counts what a refused message leaves open. */
static void
descriptors_of_refused(void **state)
{
	unsigned char	 kind = TLSFILE_COUNT;

	(void)state;
	assert_int_equal(decode_raw(decode, FRONT_FILE, &kind, 1, true), -1);
	assert_int_equal(decode_raw(decode, FRONT_FILE, NULL, 0, true), -1);
	assert_int_equal(decode_raw(decode, FRONT_FILE, "\0\0", 2, true), -1);
	assert_int_equal(decode_raw(decode, FRONT_LISTEN, "x", 1, true), -1);
	assert_int_equal(decode_raw(decode, FRONT_CHANNEL, "x", 1, true), -1);
}

static void
empty_messages(void **state)
{
	static const enum front_msg	 types[] = {
		FRONT_START, FRONT_STOP, FRONT_READY, FRONT_FAILED
	};
	struct imsg			 imsg;
	size_t				 i;

	(void)state;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(frontmsg_send(&p.a, types[i], -1), 0);
		receive(&imsg, types[i]);
		assert_int_equal(frontmsg_get_empty(&imsg), 0);
		imsg_free(&imsg);
		exact(decode, types[i], NULL, 0, false);
	}
	exact(decode, FRONT_LISTEN, NULL, 0, true);
	exact(decode, FRONT_CHANNEL, NULL, 0, true);
	exact(decode, FRONT_FILE, "\3", 1, true);
}

/* An encoder that cannot queue says so, and keeps nothing. */
static void
too_large(void **state)
{
	struct front_config	 c;
	struct front_key	 k;
	struct front_error	 e;
	int			 fd, writer;

	(void)state;
	config_fill(&c, 1, FRONT_PROTOCOLS_MAX - 1);
	key_fill(&k, 1, CONFIG_NAME_MAX);
	memset(&e, 0, sizeof(e));
	memset(e.text, 'x', sizeof(e.text) - 1);
	assert_int_equal(imsgbuf_set_maxsize(&p.a, 0), 0);
	assert_int_equal(frontmsg_send_config(&p.a, &c), -1);
	assert_int_equal(frontmsg_send_key(&p.a, &k), -1);
	assert_int_equal(frontmsg_send_error(&p.a, &e), -1);
	fd = a_pipe(&writer);
	assert_int_equal(frontmsg_send_file(&p.a, TLSFILE_CA, fd), -1);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
	same_pipe(fd, writer);
	/* Large enough to begin with, not for all. */
	assert_int_equal(imsgbuf_set_maxsize(&p.a, 300), 0);
	assert_int_equal(frontmsg_send_error(&p.a, &e), -1);
	assert_int_equal(imsgbuf_queuelen(&p.a), 0);
}

#define channel_test(f)							\
	cmocka_unit_test_setup_teardown(f, channel_open, channel_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		channel_test(config_round_trip),
		channel_test(config_fields),
		channel_test(config_exact),
		channel_test(key_round_trip),
		channel_test(key_exact),
		channel_test(error_round_trip),
		channel_test(error_exact),
		channel_test(hostile_strings),
		channel_test(file_numbers),
		channel_test(severities),
		channel_test(descriptors),
		channel_test(descriptors_missing),
		channel_test(descriptors_of_refused),
		channel_test(empty_messages),
		channel_test(too_large)
	};

	return (cmocka_run_group_tests_name("frontmsg", tests, NULL, NULL));
}
