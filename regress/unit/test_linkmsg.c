/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: signerd/linkmsg.o common/msgfield.o compat/imsg.o
 * compat/imsg-buffer.o */

#include <stdbool.h>

#include "regress/unit/msg_util.h"
#include "signerd/linkmsg.h"

static union {
	struct link_proxy	 proxy;
	struct link_error	 error;
	struct {
		uint32_t	 index;
		enum tlsfile	 kind;
	} file;
	struct {
		uint32_t	 index;
		bool		 down;
	} state;
} got;

static int
decode(struct imsg *imsg, int *fd)
{
	memset(&got, 0xa5, sizeof(got));
	switch (imsg_get_type(imsg)) {
	case LINK_PROXY:
		return (linkmsg_get_proxy(imsg, &got.proxy));
	case LINK_FILE:
		return (linkmsg_get_file(imsg, &got.file.index,
		    &got.file.kind, fd));
	case LINK_DIALER:
		return (linkmsg_get_dialer(imsg, fd));
	case LINK_ERROR:
		return (linkmsg_get_error(imsg, &got.error));
	case LINK_DOWN:
		return (linkmsg_get_down(imsg, &got.state.index,
		    &got.state.down));
	default:
		return (-1);
	}
}

/* ---- Round trips ----------------------------------------------------- */

/* Every string of its greatest length, or empty. */
static void
make_proxy(struct link_proxy *lp, bool full)
{
	memset(lp, 0, sizeof(*lp));
	lp->index = full ? CONFIG_NUMBERS - 1 : 0;
	lp->down = full;
	if (!full)
		return;
	fill_text(lp->name, sizeof(lp->name) - 1);
	fill_text(lp->host, sizeof(lp->host) - 1);
	fill_text(lp->target, sizeof(lp->target) - 1);
	fill_text(lp->tlsname, sizeof(lp->tlsname) - 1);
	fill_text(lp->protocols, sizeof(lp->protocols) - 1);
	lp->name[0] = 'n';
	lp->host[0] = 'h';
	lp->target[0] = '/';
	lp->tlsname[0] = 't';
	lp->protocols[0] = 'p';
}

static void
proxy(void **state)
{
	unsigned char		 body[2048];
	struct link_proxy	 lp;
	size_t			 len;
	int			 full;

	(void)state;
	for (full = 0; full < 2; full++) {
		make_proxy(&lp, full);
		assert_int_equal(linkmsg_send_proxy(&p.a, &lp), 0);
		len = encoded(LINK_PROXY, body, sizeof(body));
		exact(decode, LINK_PROXY, body, len, false);
		assert_int_equal(decode_raw(decode, LINK_PROXY, body, len,
		    false), 0);
		assert_int_equal(got.proxy.index, lp.index);
		assert_int_equal(got.proxy.down, lp.down);
		assert_string_equal(got.proxy.name, lp.name);
		assert_string_equal(got.proxy.host, lp.host);
		assert_string_equal(got.proxy.target, lp.target);
		assert_string_equal(got.proxy.tlsname, lp.tlsname);
		assert_string_equal(got.proxy.protocols, lp.protocols);
	}
}

static void
error(void **state)
{
	unsigned char		 body[2048];
	struct link_error	 e;
	size_t			 len;
	int			 kind, severity;

	(void)state;
	for (kind = 0; kind < TLSFILE_COUNT; kind++) {
		severity = kind % TLSFILE_NSEVERITIES;
		memset(&e, 0, sizeof(e));
		e.index = (uint32_t)kind * 21;
		e.file = (enum tlsfile)kind;
		e.severity = (enum tlsfile_severity)severity;
		fill_text(e.text, kind == 0 ? 0 : sizeof(e.text) - 1);
		assert_int_equal(linkmsg_send_error(&p.a, &e), 0);
		len = encoded(LINK_ERROR, body, sizeof(body));
		exact(decode, LINK_ERROR, body, len, false);
		assert_int_equal(decode_raw(decode, LINK_ERROR, body, len,
		    false), 0);
		assert_int_equal(got.error.index, e.index);
		assert_int_equal(got.error.file, kind);
		assert_int_equal(got.error.severity, severity);
		assert_string_equal(got.error.text, e.text);
	}
}

static void
descriptors(void **state)
{
	unsigned char	 body[16];
	size_t		 len;
	int		 fd, other;

	(void)state;
	assert_int_equal(linkmsg_send_file(&p.a, 0, TLSFILE_CA, -1), -1);
	assert_int_equal(linkmsg_send_dialer(&p.a, -1), -1);
	fd = a_pipe(&other);
	assert_int_equal(linkmsg_send_file(&p.a, 63, TLSFILE_CRL, fd), 0);
	len = encoded(LINK_FILE, body, sizeof(body));
	close(other);
	exact(decode, LINK_FILE, body, len, true);
	assert_int_equal(decode_raw(decode, LINK_FILE, body, len, true), 0);
	assert_int_equal(got.file.index, 63);
	assert_int_equal(got.file.kind, TLSFILE_CRL);
	assert_int_equal(decode_raw(decode, LINK_FILE, body, len, false), -1);
	fd = a_pipe(&other);
	assert_int_equal(linkmsg_send_dialer(&p.a, fd), 0);
	assert_int_equal(encoded(LINK_DIALER, body, sizeof(body)), 0);
	close(other);
	exact(decode, LINK_DIALER, NULL, 0, true);
	assert_int_equal(decode_raw(decode, LINK_DIALER, NULL, 0, false), -1);
}

/* ---- What must be refused -------------------------------------------- */

static void
indices(void **state)
{
	static const uint8_t	 bad[][4] = {
		{ 0, 0, 0, CONFIG_NUMBERS }, { 0, 0, 1, 0 }, { 0, 1, 0, 0 },
		{ 1, 0, 0, 0 }, { 255, 255, 255, 255 }
	};
	unsigned char		 proxy_body[64], error_body[64];
	unsigned char		 file_body[5] = { 0 };
	struct link_proxy	 lp;
	struct link_error	 e;
	size_t			 i, proxy_len, error_len;

	(void)state;
	make_proxy(&lp, false);
	assert_int_equal(linkmsg_send_proxy(&p.a, &lp), 0);
	proxy_len = encoded(LINK_PROXY, proxy_body, sizeof(proxy_body));
	memset(&e, 0, sizeof(e));
	assert_int_equal(linkmsg_send_error(&p.a, &e), 0);
	error_len = encoded(LINK_ERROR, error_body, sizeof(error_body));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(proxy_body, bad[i], 4);
		memcpy(error_body, bad[i], 4);
		memcpy(file_body, bad[i], 4);
		assert_int_equal(decode_raw(decode, LINK_PROXY, proxy_body,
		    proxy_len, false), -1);
		assert_int_equal(decode_raw(decode, LINK_ERROR, error_body,
		    error_len, false), -1);
		assert_int_equal(decode_raw(decode, LINK_FILE, file_body, 5,
		    true), -1);
	}
}

static void
kinds(void **state)
{
	unsigned char	 file[5] = { 0 }, text[8] = { 0 };
	int		 c;

	(void)state;
	for (c = 0; c < 256; c++) {
		file[4] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, LINK_FILE, file, 5, true),
		    c < TLSFILE_COUNT ? 0 : -1);
		text[4] = (unsigned char)c;
		text[5] = 0;
		assert_int_equal(decode_raw(decode, LINK_ERROR, text, 8,
		    false), c < TLSFILE_COUNT ? 0 : -1);
		text[4] = 0;
		text[5] = (unsigned char)c;
		assert_int_equal(decode_raw(decode, LINK_ERROR, text, 8,
		    false), c < TLSFILE_NSEVERITIES ? 0 : -1);
	}
}

/* NULs, and a length that is one too many or runs past the end. */
static void
strings(void **state)
{
	unsigned char	 body[1024];
	size_t		 max = sizeof(got.error.text) - 1;

	(void)state;
	memset(body, 0, 6);
	memset(body + 8, 'x', sizeof(body) - 8);
	body[6] = (unsigned char)(max >> 8);
	body[7] = (unsigned char)max;
	assert_int_equal(decode_raw(decode, LINK_ERROR, body, 8 + max, false),
	    0);
	body[8 + max / 2] = '\0';
	assert_int_equal(decode_raw(decode, LINK_ERROR, body, 8 + max, false),
	    -1);
	body[8 + max / 2] = 'x';
	body[6] = (unsigned char)((max + 1) >> 8);
	body[7] = (unsigned char)(max + 1);
	assert_int_equal(decode_raw(decode, LINK_ERROR, body, 8 + max + 1,
	    false), -1);
	body[6] = body[7] = 0xff;
	assert_int_equal(decode_raw(decode, LINK_ERROR, body, 8 + max, false),
	    -1);
}

static void
other_types(void **state)
{
	struct imsg	 imsg;
	enum tlsfile	 kind;
	uint32_t	 index;
	int		 fd, other;

	(void)state;
	fd = a_pipe(&other);
	assert_int_equal(linkmsg_send_dialer(&p.a, fd), 0);
	receive(&imsg, LINK_DIALER);
	assert_int_equal(linkmsg_get_file(&imsg, &index, &kind, &fd), -1);
	assert_int_equal(fd, -1);
	assert_int_equal(linkmsg_get_proxy(&imsg, &got.proxy), -1);
	assert_int_equal(linkmsg_get_error(&imsg, &got.error), -1);
	imsg_free(&imsg);
	close(other);
	assert_int_equal(imsg_compose(&p.a, FRONT_CHANNEL, 0, 0,
	    a_pipe(&other), NULL, 0), 1);
	receive(&imsg, FRONT_CHANNEL);
	assert_int_equal(linkmsg_get_dialer(&imsg, &fd), -1);
	assert_int_equal(fd, -1);
	imsg_free(&imsg);
	close(other);
}

static void
noises(void **state)
{
	unsigned char		 body[2048];
	struct link_proxy	 lp;
	struct link_error	 e;
	size_t			 len;

	(void)state;
	make_proxy(&lp, true);
	assert_int_equal(linkmsg_send_proxy(&p.a, &lp), 0);
	len = encoded(LINK_PROXY, body, sizeof(body));
	noise(decode, LINK_PROXY, body, len, false);
	memset(&e, 0, sizeof(e));
	fill_text(e.text, 80);
	assert_int_equal(linkmsg_send_error(&p.a, &e), 0);
	len = encoded(LINK_ERROR, body, sizeof(body));
	noise(decode, LINK_ERROR, body, len, false);
	noise(decode, LINK_FILE, body, 5, true);
}

#define TEST(f)	\
	cmocka_unit_test_setup_teardown(f, channel_open, channel_close)

static void
down(void **state)
{
	unsigned char	 body[16];
	size_t		 len;
	int		 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(linkmsg_send_down(&p.a, CONFIG_NUMBERS - 1,
		    i == 1), 0);
		len = encoded(LINK_DOWN, body, sizeof(body));
		exact(decode, LINK_DOWN, body, len, false);
		assert_int_equal(decode_raw(decode, LINK_DOWN, body, len,
		    false), 0);
		assert_int_equal(got.state.index, CONFIG_NUMBERS - 1);
		assert_int_equal(got.state.down, i == 1);
	}
	body[len - 1] = 2;
	assert_int_equal(decode_raw(decode, LINK_DOWN, body, len, false), -1);
	assert_int_equal(linkmsg_send_down(&p.a, CONFIG_NUMBERS, true), 0);
	len = encoded(LINK_DOWN, body, sizeof(body));
	assert_int_equal(decode_raw(decode, LINK_DOWN, body, len, false), -1);
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		TEST(proxy),
		TEST(down),
		TEST(error),
		TEST(descriptors),
		TEST(indices),
		TEST(kinds),
		TEST(strings),
		TEST(other_types),
		TEST(noises),
	};

	return (cmocka_run_group_tests_name("linkmsg", tests, NULL, NULL));
}
