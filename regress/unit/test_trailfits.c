/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: common/hex.o common/u256.o keyd/audit.o keyd/keccak.o
 *	keyd/request.o keyd/trail_record.o keyd/tx.o keyd/rlp.o
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keyd/trail_record.h"

/*
 * The longest records that there can be: no longer than is reckoned with
 * where the program is built, and not much shorter, for that is what the
 * assertion there rests on.
 */
#define SLACK	48	/* numbers of 32 bits, "direct", "signed" */

static struct keyd		 k;
static struct keyd_set		 set;
static struct trail_set		 names;
static struct rule		 rule;
static struct channel		 channel;
static struct request		 request;
static struct keyd_reply	 reply;
static uint8_t			 address[1][ADDRESS_SIZE], result[1];
static char			 name[AUDIT_NAMEMAX + 1];

/* All that a record can say, in its longest form. */
static void
prepare(enum request_method method, bool is_signed)
{
	memset(name, 0x80, AUDIT_NAMEMAX);
	memset(&request, 0xff, sizeof(request));
	request.client[CLIENT_MAX] = '\0';
	request.method = method;
	request.via = 1;
	if (method == METHOD_TRANSACTION) {
		request.tx.has = TX_HASBITS;
		request.tx.nblobs = request.tx.nauths = 0;
	} else
		request.payload.has = PAYLOAD_HASBITS;
	rule.key = 0;
	names.keys[0] = names.links[1] = name;
	set.policy.rules = &rule;
	set.policy.addresses = address;
	k.now = &set;
	k.trail.set = &names;
	channel.role = KEYD_LINK;
	memset(&reply, 0, sizeof(reply));
	reply.refusal = is_signed ? REFUSAL_NONE : REFUSAL_BLOBAUTH;
	reply.result = result;
	reply.resultlen = sizeof(result);
}

static size_t
length(const char *event)
{
	static struct audit_line	 line;
	struct audit_head		 head;

	memset(&head, 0xff, sizeof(head));
	head.sequence--;
	audit_begin(&line, &head, UINT64_MAX, event);
	trail_record(&line, &k, &channel, &request, &reply, NULL);
	assert_false(line.cut);
	audit_end(&line, &head);
	return (line.len);
}

static void
longest(void **state)
{
	const size_t	 common = AUDIT_FRAMELEN("refused") + TRAIL_ASKERMAX +
			    TRAIL_RULEMAX;
	const struct {
		enum request_method	 method;
		bool			 is_signed;
		size_t			 max;
	} cases[] = {
		{ METHOD_PAYLOAD, true, common + TRAIL_PAYLOADMAX +
		    AUDIT_HEXLEN("digest", HASH_SIZE) },
		{ METHOD_PAYLOAD, false, common + TRAIL_PAYLOADMAX +
		    AUDIT_WORDLEN("reason", TRAIL_REASON) },
		{ METHOD_TRANSACTION, true, TRAIL_REQUESTMAX },
		{ METHOD_TRANSACTION, false, common + TRAIL_TXMAX +
		    AUDIT_WORDLEN("reason", TRAIL_REASON) }
	};
	size_t	 i, len;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		prepare(cases[i].method, cases[i].is_signed);
		len = length(cases[i].is_signed ? "signed" : "refused");
		assert_in_range(len, cases[i].max - SLACK, cases[i].max);
		assert_true(cases[i].max <= TRAIL_REQUESTMAX);
	}
}

static void
reasons(void **state)
{
	size_t	 longest_one = 0, len;
	int	 i;

	(void)state;
	for (i = 0; i < REFUSAL_MAX; i++)
		if ((len = strlen(refusal_name((enum refusal)i))) >
		    longest_one)
			longest_one = len;
	assert_int_equal(longest_one, strlen(TRAIL_REASON));
}

int
main(void)
{
	const struct CMUnitTest	 tests[] = {
		cmocka_unit_test(longest),
		cmocka_unit_test(reasons)
	};

	return (cmocka_run_group_tests_name("trailfits", tests, NULL, NULL));
}
