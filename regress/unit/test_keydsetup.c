/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: keyd/serve.o keyd/setup.o keyd/count.o common/metrics.o
 * common/metrics_table.o common/histogram.o common/list.o common/msgfield.o
 * keyd/audit.o keyd/auditmsg.o keyd/trail.o keyd/trail_record.o
 * keyd/keyfile.o keyd/eckey.o keyd/der.o keyd/sign.o
 * keyd/keccak.o keyd/keymsg.o keyd/keymsg_check.o
 * keyd/keymsg_request.o keyd/keymsg_rule.o
 * keyd/policy.o keyd/payload.o keyd/request.o keyd/rlp.o keyd/rule.o keyd/tx.o
 * common/base64.o common/hex.o common/log.o common/log_render.o
 * common/secret.o common/u256.o compat/imsg.o compat/imsg-buffer.o */
/* libs: libsecp256k1 */

#include "regress/unit/keydworld.h"

static int
setup(void **state)
{
	(void)state;
	begin_keyd();
	tell(1, 0, "old.example");
	tell_channel();
	end(KEYD_READY);
	assert_non_null(keyd.now);
	assert_null(keyd.next);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	end_keyd();
	return (0);
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	size_t	 i;

	for (i = 0; i < len; i++)
		if (p[i] != 0)
			return (false);
	return (true);
}

static void
test_commit(void **state)
{
	const uint8_t	*secret = keyd.now->keys[0].secret;

	(void)state;
	tell(2, 5, "new.example");
	end(KEYD_READY);
	/* Nothing of it holds before the word. */
	assert_string_equal(keyd.now->policy.rules[0].client, "old.example");
	assert_int_equal(keyd.now->policy.nkeys, 1);
	assert_false(is_zero(secret, SECRET_SIZE));
	assert_int_equal(asker_hears(), 0);
	say(KEYD_COMMIT);
	assert_int_equal(hear(&parent), KEYD_COMMITTED);
	assert_string_equal(keyd.now->policy.rules[0].client, "new.example");
	assert_int_equal(keyd.now->policy.nkeys, 2);
	assert_null(keyd.next);
	assert_true(is_zero(secret, SECRET_SIZE));
	assert_int_equal(asker_hears(), KEYD_SWITCHED);
	assert_int_equal(asker_hears(), 0);
}

static void
test_discard(void **state)
{
	const uint8_t	*secret;

	(void)state;
	tell(1, 9, "new.example");
	end(KEYD_READY);
	secret = keyd.next->keys[0].secret;
	assert_false(is_zero(secret, SECRET_SIZE));
	say(KEYD_DISCARD);
	assert_true(is_zero(secret, SECRET_SIZE));
	assert_null(keyd.next);
	assert_string_equal(keyd.now->policy.rules[0].client, "old.example");
	assert_int_equal(hear(&parent), 0);
	assert_int_equal(asker_hears(), 0);
}

/* One of them is no key: the others of it go. */
static void
test_bad_candidate(void **state)
{
	struct keyd_config	 config = { 2, 0, 65536 };
	const uint8_t		*secret;

	(void)state;
	assert_int_equal(keymsg_send_config(&parent, &config), 0);
	assert_int_equal(keymsg_send_key(&parent, 0, file_of(3)), 0);
	deliver();
	assert_int_equal(hear(&parent), KEYD_ADDRESS);
	secret = keyd.next->keys[0].secret;
	assert_int_equal(keymsg_send_key(&parent, 1,
	    open("/dev/null", O_RDONLY)), 0);
	deliver();
	assert_int_equal(hear(&parent), KEYD_BADKEY);
	end(KEYD_BADCONFIG);
	say(KEYD_DISCARD);
	assert_true(is_zero(secret, SECRET_SIZE));
	/* And another one can come. */
	tell(1, 4, "new.example");
	end(KEYD_READY);
	say(KEYD_COMMIT);
	assert_int_equal(hear(&parent), KEYD_COMMITTED);
}

/* As many as there may be, over and over, beside as many. */
static void
test_room(void **state)
{
	void	*rest;
	int	 i;

	(void)state;
	for (i = 0; i < 4; i++) {
		tell(KEYD_MAXKEYS, (unsigned int)i, "new.example");
		end(KEYD_READY);
		say(i % 2 == 0 ? KEYD_COMMIT : KEYD_DISCARD);
		if (i % 2 == 0)
			assert_int_equal(hear(&parent), KEYD_COMMITTED);
		assert_null(keyd.next);
	}
	setup_clear(&keyd);
	rest = secret_alloc(KEYD_SECRETS);
	assert_non_null(rest);
	secret_free(rest, KEYD_SECRETS);
}

/* A longer message is never too long for keyd before its asker knows. */
static void
test_limit_is_never_lowered(void **state)
{
	struct keyd_config	 config = { 0, 0, 1 << 20 };
	uint32_t		 before = keyd.max_data;

	(void)state;
	assert_int_equal(keymsg_send_config(&parent, &config), 0);
	end(KEYD_READY);
	assert_int_equal(keyd.max_data, before);
	say(KEYD_COMMIT);
	assert_int_equal(keyd.max_data, (1 << 20) - IMSG_HEADER_SIZE);
	config.max_message = 65536;
	assert_int_equal(hear(&parent), KEYD_COMMITTED);
	assert_int_equal(keymsg_send_config(&parent, &config), 0);
	end(KEYD_READY);
	say(KEYD_COMMIT);
	assert_int_equal(keyd.max_data, (1 << 20) - IMSG_HEADER_SIZE);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discard, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_bad_candidate, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit_is_never_lowered,
		    setup, teardown)
	};

	return (cmocka_run_group_tests_name("keydsetup", tests, NULL, NULL));
}
