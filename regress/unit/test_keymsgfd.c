/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: compat/imsg.o compat/imsg-buffer.o keyd/keymsg.o keyd/keymsg_request.o keyd/keymsg_rule.o */

#include "regress/unit/keymsg_util.h"

static void
descriptors(void **state)
{
	static const uint8_t	word[] = { 0, 0, 0, 9 };
	struct imsg		imsg;
	enum keyd_role		role;
	uint32_t		key;
	int			fd, got;

	(void)state;
	assert_int_equal(keymsg_send_key(&a, 7, -1), -1);
	assert_int_equal(keymsg_send_key(&a, 7, open("/dev/null", O_RDONLY)),
	    0);
	receive(&imsg);
	assert_int_equal(keymsg_get_channel(&imsg, &role, &got), -1);
	assert_int_equal(keymsg_get_key(&imsg, &key, &got), 0);
	assert_int_equal(key, 7);
	assert_int_not_equal(fcntl(got, F_GETFD), -1);
	close(got);
	imsg_free(&imsg);
	/* Without a descriptor. */
	make(&imsg, KEYD_KEY, word, 4);
	assert_int_equal(keymsg_get_key(&imsg, &key, &got), -1);
	assert_int_equal(got, -1);
	make_free(&imsg);
	/* With one, but not of the right form: it is not taken. */
	for (key = 0; key < 2; key++) {
		fd = open("/dev/null", O_RDONLY);
		assert_int_equal(imsg_compose(&a, KEYD_KEY, 0, 0, fd, word,
		    3 - key), 1);
		receive(&imsg);
		assert_int_equal(keymsg_get_key(&imsg, &(uint32_t){ 0 },
		    &got), -1);
		assert_int_equal(got, -1);
		fd = imsg_get_fd(&imsg);
		assert_int_not_equal(fd, -1);
		close(fd);
		imsg_free(&imsg);
	}
}

/* Both roles, and what is not taken, its descriptor least of all. */
static void
channels(void **state)
{
	static const struct {
		uint8_t	data[5];
		size_t	len;
	} bad[] = {
		{ { 0 }, 0 }, { { 0 }, 3 }, { { 0 }, 5 },
		{ { 0, 0, 0, 2 }, 4 }, { { 1, 0, 0, 0 }, 4 },
		{ { 0xff, 0xff, 0xff, 0xff }, 4 }
	};
	static const uint8_t	word[4];
	struct imsg		imsg;
	enum keyd_role		role, got;
	size_t			i;
	int			fd;

	(void)state;
	for (role = KEYD_DIRECT; role <= KEYD_LINK; role++) {
		assert_int_equal(keymsg_send_channel(&a, role, -1), -1);
		assert_int_equal(errno, EBADF);
		assert_int_equal(keymsg_send_channel(&a, role,
		    open("/dev/null", O_RDONLY)), 0);
		receive(&imsg);
		got = KEYD_LINK + 1;
		assert_int_equal(keymsg_get_channel(&imsg, &got, &fd), 0);
		assert_int_equal(got, role);
		assert_int_not_equal(fcntl(fd, F_GETFD), -1);
		close(fd);
		imsg_free(&imsg);
	}
	assert_int_equal(keymsg_send_channel(&a, role, 0), -1);
	assert_int_equal(errno, EINVAL);
	make(&imsg, KEYD_CHANNEL, word, sizeof(word));
	assert_int_equal(keymsg_get_channel(&imsg, &got, &fd), -1);
	assert_int_equal(fd, -1);
	make_free(&imsg);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(imsg_compose(&a, KEYD_CHANNEL, 0, 0,
		    open("/dev/null", O_RDONLY), bad[i].data, bad[i].len), 1);
		receive(&imsg);
		assert_int_equal(keymsg_get_channel(&imsg, &got, &fd), -1);
		assert_int_equal(fd, -1);
		close(imsg_get_fd(&imsg));
		imsg_free(&imsg);
	}
	receive_none();
}

static void
key_refusals(void **state)
{
	static const struct {
		uint8_t	data[5];
		size_t	len;
		int	result;
	} cases[] = {
		{ { 0, 0, 0, 255 }, 4, 0 }, { { 0, 0, 1, 0 }, 4, -1 },
		{ { 0 }, 0, -1 }, { { 0 }, 3, -1 }, { { 0 }, 5, -1 }
	};
	struct imsg	imsg;
	uint32_t	key;
	size_t		i;
	int		got;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(imsg_compose(&a, KEYD_KEY, 0, 0,
		    open("/dev/null", O_RDONLY), cases[i].data,
		    cases[i].len), 1);
		receive(&imsg);
		assert_int_equal(keymsg_get_key(&imsg, &key, &got),
		    cases[i].result);
		if (got != -1)
			close(got);
		imsg_free(&imsg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors),
		cmocka_unit_test(channels),
		cmocka_unit_test(key_refusals)
	};

	return (cmocka_run_group_tests_name("keymsgfd", tests, setup,
	    teardown));
}
