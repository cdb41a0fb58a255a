/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* objects: regress/unit/alloc.o regress/faults/memory.o proxyd/candidate.o
 * proxyd/ruleset.o proxyd/route.o proxyd/holders.o proxyd/route_decide.o
 * proxyd/advert.o proxyd/relaymsg.o proxyd/relaymsg_rule.o common/msgfield.o
 * common/list.o common/json.o common/jsonscan.o common/hex.o common/u256.o
 * common/log.o common/log_render.o keyd/payload.o keyd/policy.o keyd/rlp.o
 * keyd/rule.o keyd/tx.o keyd/request.o keyd/keccak.o compat/imsg.o
 * compat/imsg-buffer.o */
/* libs: libcjson libcrypto */

#include <string.h>
#include <unistd.h>

#include "proxyd/relay.h"
#include "regress/unit/alloc.h"
#include "regress/unit/msg_util.h"

/*
 * The relay is told of another configuration while memory runs out: what is
 * in force stays as it was, and the next one that comes is taken.
 */
static struct relay	 relay;

/* ---- What the parent says --------------------------------------------- */

#define NADDRESSES	(RELAY_MAXPIECE + 1)	/* two pieces of them */

static uint8_t		 addresses[NADDRESSES][ADDRESS_SIZE];
static uint8_t		 domains[1][HASH_SIZE], to[1][ADDRESS_SIZE];
static struct u256	 chains[2];
static uint32_t		 both[2] = { 0, 1 };

static void
send_signers(uint32_t n)
{
	static char		 labels[3][8] = { "hq", "dr", "far" };
	static char		 names[3][16] = { "hq.test", "dr.test",
				    "far.test" };
	struct config_signer	 s;
	uint32_t		 i;

	for (i = 0; i < n; i++) {
		memset(&s, 0, sizeof(s));
		s.index = i;
		s.name = labels[i];
		s.certname = names[i];
		s.addresses = addresses;
		s.naddresses = NADDRESSES;
		s.chains = chains;
		s.nchains = 2;
		assert_int_equal(relaymsg_send_signer(&p.a, &s), 0);
	}
}

static void
send_rules(uint32_t n)
{
	struct config_rule	 r;
	uint32_t		 i;

	for (i = 0; i < n; i++) {
		memset(&r, 0, sizeof(r));
		r.rule.client[0] = (char)('a' + (char)i);
		r.rule.methods = RULE_METHODS;
		r.rule.chains = chains;
		r.rule.nchains = 2;
		r.rule.domains = domains;
		r.rule.ndomains = 1;
		r.rule.has = RULE_TO;
		r.rule.to = to;
		r.rule.nto = 1;
		r.addresses = addresses;
		r.naddresses = NADDRESSES;
		r.signers = both;
		r.nsigners = 2;
		assert_int_equal(relaymsg_send_rule(&p.a, i, &r), 0);
	}
}

/* All that was said, to the relay; allocations of that alone may fail. */
static bool
tell(bool fail)
{
	struct imsg	 imsg;
	bool		 good, last;

	assert_int_equal(relaymsg_send(&p.a, RELAY_START), 0);
	do {
		while (imsg_get(&p.b, &imsg) == 0) {
			assert_int_equal(imsgbuf_write(&p.a), 0);
			assert_int_equal(imsgbuf_read(&p.b), 1);
		}
		last = imsg_get_type(&imsg) == RELAY_START;
		if (fail)
			alloc_resume();
		good = true;
		if (last)
			good = candidate_rules(&relay);
		else
			candidate_message(&relay, &imsg);
		if (fail)
			alloc_pause();
		imsg_free(&imsg);
	} while (!last);
	return (good);
}

static bool
take(uint32_t nsigners, uint32_t nrules, bool fail)
{
	static struct relay_config	 config;
	struct relay_listen		 l = { 0, 1, WHOM_CLIENTS, "a" };
	int				 other;

	assert_int_equal(relaymsg_send_config(&p.a, &config), 0);
	assert_int_equal(relaymsg_send_listen(&p.a, &l, a_pipe(&other)), 0);
	close(other);
	send_signers(nsigners);
	send_rules(nrules);
	return (tell(fail));
}

static void
put_in_force(void)
{
	struct ruleset	*old = relay.rules;

	relay.rules = relay.next;
	relay.next = NULL;
	candidate_clear(&relay);
	ruleset_unref(old);
}

static void
check_rules(uint32_t nsigners, uint32_t nclients)
{
	const struct ruleset	*rules = relay.rules;
	uint32_t		 i;

	assert_int_equal(rules->refs, 1);
	assert_int_equal(rules->routes.nsigners, nsigners);
	assert_int_equal(rules->routes.nclients, nclients);
	for (i = 0; i < nsigners; i++) {
		assert_int_equal(rules->signers[i]->refs, 1);
		assert_int_equal(rules->routes.signers[i].naddresses,
		    NADDRESSES);
	}
	for (i = 0; i < nclients; i++) {
		assert_int_equal(rules->names[i]->refs, 1);
		assert_int_equal(rules->routes.rules[i].naddresses,
		    NADDRESSES);
		assert_int_equal(rules->routes.rules[i].nsigners, 2);
	}
}

/* ---- Tests ------------------------------------------------------------ */

static bool
reload(void *arg)
{
	bool	 good;

	(void)arg;
	alloc_pause();
	channel_open(NULL);
	memset(&relay, 0, sizeof(relay));
	TAILQ_INIT(&relay.names);
	assert_true(take(2, 2, false));
	put_in_force();
	check_rules(2, 2);
	good = take(3, 5, true);
	assert_int_equal(relay.nomem, !good);
	if (good) {
		put_in_force();
		check_rules(3, 5);
	} else {
		candidate_clear(&relay);
		check_rules(2, 2);
		/* There is memory again. */
		assert_true(take(3, 5, false));
		put_in_force();
		check_rules(3, 5);
	}
	ruleset_unref(relay.rules);
	assert_true(TAILQ_EMPTY(&relay.names));
	channel_close(NULL);
	alloc_resume();
	return (good);
}

static void
each_allocation(void **state)
{
	(void)state;
	log_init("relay");
	/* What the log keeps for good. */
	log_error("memory runs out");
	/* Signers and rules, two or more lists each, the tables, clients. */
	assert_true(alloc_each(reload, NULL, 0) > 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation)
	};

	return (cmocka_run_group_tests_name("alloccandidate", tests, NULL,
	    NULL));
}
