/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/*
 * objects: proxyd/route.o proxyd/route_decide.o proxyd/holders.o
 *	common/list.o common/u256.o keyd/policy.o keyd/rule.o keyd/payload.o
 *	keyd/tx.o keyd/rlp.o
 */

#include "regress/unit/policy_oracle.h"
#include "regress/unit/route_util.h"

#define MAXSIGNERS	200
#define MAXRULES	80

/*
 * The oracle works on the short forms, step by step on lists of candidates,
 * and knows nothing of indices or sets.
 */
static struct short_signer	signers[MAXSIGNERS];
static struct short_route	rules[MAXRULES];
static int			nsigners, nrules;
/* Bits of chains from 0, of each signer, address and method. */
static uint32_t			on_offer[MAXSIGNERS][0x100][3];

struct wanted {
	enum refusal	refusal;
	uint32_t	rule;
	int		address;
};

/* One of them is NULL. */
struct question {
	const struct short_tx		*tx;
	const struct short_payload	*p;
};

static const char *
q_client(const struct question *q)
{
	return (q->tx != NULL ? q->tx->client : q->p->client);
}

static int
q_sender(const struct question *q)
{
	return (q->tx != NULL ? q->tx->from : q->p->sender);
}

static int64_t
q_chain(const struct question *q)
{
	return (q->tx != NULL ? q->tx->chain : q->p->chain);
}

static uint32_t
q_method(const struct question *q)
{
	return (q->tx != NULL ? TX : PL);
}

static bool
in_list(const int *list, int x)
{
	for (; *list != 0; list++)
		if (*list == x)
			return (true);
	return (false);
}

static bool
may_use(const struct short_route *rule, int signer)
{
	return (rule->signers[0] == 0 || in_list(rule->signers, signer + 1));
}

/* The signer's method and chain, and whether the rule may use it. */
static bool
can_serve(const struct short_route *rule, int signer,
    const struct question *q)
{
	const struct short_signer	*s = &signers[signer];
	const uint64_t			*chain;

	if (!may_use(rule, signer) ||
	    (s->methods != 0 && (s->methods & q_method(q)) == 0))
		return (false);
	for (chain = s->chains; *chain != 0; chain++)
		if ((int64_t)*chain == q_chain(q))
			return (true);
	return (s->chains[0] == 0);
}

static bool
is_on_offer(int signer, int address, const struct question *q)
{
	return ((on_offer[signer][address][q_method(q)] >>
	    (q_chain(q) & 31) & 1) != 0);
}

/* A signer that can serve the rule with the address, or -1. */
static int
server(const struct short_route *rule, int address, const struct question *q,
    bool offering)
{
	int	i;

	for (i = 0; i < nsigners; i++)
		if (in_list(signers[i].addresses, address) &&
		    can_serve(rule, i, q) &&
		    (!offering || is_on_offer(i, address, q)))
			return (i);
	return (-1);
}

static int
choose_of_list(const struct short_route *rule, const struct question *q)
{
	int	i, pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; rule->addresses[i] != 0; i++)
			if (server(rule, rule->addresses[i], q,
			    pass == 0) != -1)
				return (rule->addresses[i]);
	return (0);
}

static int
choose_of_signers(const struct short_route *rule, const struct question *q)
{
	const int	*a;
	int		 i, pass;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < nsigners; i++) {
			if (!can_serve(rule, i, q))
				continue;
			for (a = signers[i].addresses; *a != 0; a++)
				if (pass == 1 || is_on_offer(i, *a, q))
					return (*a);
		}
	return (0);
}

/* 0: nobody serves it. */
static int
address_for(const struct short_route *rule, const struct question *q)
{
	if (q_sender(q) != NONE)
		return (server(rule, q_sender(q), q, false) != -1 ?
		    q_sender(q) : 0);
	return (rule->addresses[0] != 0 ? choose_of_list(rule, q) :
	    choose_of_signers(rule, q));
}

static bool
is_of_sender(const struct short_route *rule, int address)
{
	int	i;

	if (address == NONE)
		return (true);
	if (rule->addresses[0] != 0)
		return (in_list(rule->addresses, address));
	for (i = 0; i < nsigners; i++)
		if (may_use(rule, i) && in_list(signers[i].addresses, address))
			return (true);
	return (false);
}

/* Leaves those rules in the list that are for the sender, or the method. */
static size_t
narrow(uint32_t *list, size_t n, const struct question *q, bool by_method)
{
	size_t	i, m = 0;
	bool	fits;

	for (i = 0; i < n; i++) {
		fits = by_method ? (rules[list[i]].rule.methods &
		    q_method(q)) != 0 :
		    is_of_sender(&rules[list[i]], q_sender(q));
		if (fits)
			list[m++] = list[i];
	}
	return (m);
}

static enum refusal
permits(const struct short_route *rule, const struct question *q,
    int *address)
{
	enum refusal	r;

	r = q->tx != NULL ? o_permits_tx(&rule->rule, q->tx) :
	    o_permits_payload(&rule->rule, q->p);
	if (r != REFUSAL_NONE)
		return (r);
	if ((*address = address_for(rule, q)) != 0)
		return (REFUSAL_NONE);
	return (q->tx != NULL ? REFUSAL_TXCHAIN : REFUSAL_CHAINID);
}

static struct wanted
oracle(const struct question *q)
{
	struct wanted	w = { REFUSAL_FORBIDDEN, NO, 0 };
	uint32_t	list[MAXRULES];
	size_t		n = 0, i;

	for (i = 0; i < (size_t)nrules; i++)
		if (strcmp(rules[i].rule.client, q_client(q)) == 0)
			list[n++] = (uint32_t)i;
	if (n == 0)
		return (w);
	if ((w.refusal = o_check(q->tx, q->p)) != REFUSAL_NONE)
		return (w);
	w.refusal = q->tx != NULL ? REFUSAL_FROM : REFUSAL_FORBIDDEN;
	if ((n = narrow(list, n, q, false)) == 0)
		return (w);
	w.refusal = q->tx != NULL ? REFUSAL_METHOD : REFUSAL_FORBIDDEN;
	if ((n = narrow(list, n, q, true)) == 0)
		return (w);
	w.rule = list[0];
	w.refusal = permits(&rules[list[0]], q, &w.address);
	for (i = 0; i < n && w.refusal != REFUSAL_NONE; i++) {
		if (permits(&rules[list[i]], q, &w.address) != REFUSAL_NONE)
			continue;
		w.rule = list[i];
		w.refusal = REFUSAL_NONE;
	}
	return (w);
}

/* ---- Random tables and requests --------------------------------------- */

static const char *const	clients[] = { "a", "ab", "b", "abc",
				    "c.example" };

/* A large table has more of all, so that sets have several words. */
static bool			large;

static int
rnd_address(void)
{
	return (1 + chance(large ? 90 : 5));
}

static void
rnd_addresses(int *list, int n)
{
	int	i;

	memset(list, 0, (SHORT_LIST + 1) * sizeof(*list));
	for (i = 0; i < n; i++)
		list[i] = rnd_address();
}

static void
rnd_signer(int signer)
{
	struct short_signer	*s = &signers[signer];
	uint32_t		 k, half;
	int			 i, n;

	memset(s, 0, sizeof(*s));
	half = (uint32_t)chance(1 << 30);
	s->methods = (uint32_t)chance(4);
	rnd_addresses(s->addresses, chance(large ? 7 : 4));
	for (i = 0, n = chance(4); i < n; i++)
		s->chains[i] = (uint64_t)(1 + chance(large ? 20 : 4));
	for (i = 0; i < 0x100; i++)
		for (k = TX; k <= PL; k++)
			on_offer[signer][i][k] = chance(3) == 0 ? 0 :
			    (uint32_t)chance(1 << 30) & half;
}

static void
rnd_route(struct short_route *rule)
{
	int	i, n;

	memset(rule, 0, sizeof(*rule));
	rnd_rule(&rule->rule);
	rule->rule.client = clients[chance(large ? 2 : 3)];
	if (chance(2))
		rnd_addresses(rule->addresses, 1 + chance(6));
	for (i = 0, n = chance(2) ? chance(5) : 0; i < n && nsigners > 0; i++)
		rule->signers[i] = 1 + chance(nsigners);
	if (chance(4) == 0)
		rule->rule.max_fee = rule->rule.max_value = NONE;
	if (chance(2))
		memset(rule->rule.to, 0, sizeof(rule->rule.to));
}

static bool
random_offer(uint32_t signer, int address, const struct route *route)
{
	return ((on_offer[signer][address][route->method] >>
	    (route->chain.b[U256_SIZE - 1] & 31) & 1) != 0);
}

static void
rnd_table(struct route_table *t)
{
	int	i;

	large = chance(10) == 0;
	nsigners = large ? chance(MAXSIGNERS + 1) : chance(8);
	nrules = large ? chance(MAXRULES + 1) : chance(16);
	for (i = 0; i < nsigners; i++)
		rnd_signer(i);
	for (i = 0; i < nrules; i++)
		rnd_route(&rules[i]);
	table_of(t, signers, (size_t)nsigners, rules, (size_t)nrules);
	if (chance(4))
		offer(t, random_offer);
	else
		memset(on_offer, 0xff, sizeof(on_offer));
}

/* ---- One against the other -------------------------------------------- */

static void
check_holders(const struct route_table *t, const struct route *route,
    const struct question *q, const struct wanted *w, size_t line)
{
	const struct short_route	*rule = &rules[w->rule];
	uint32_t			 n = 0;
	int				 i;

	for (i = 0; i < nsigners; i++) {
		if (!in_list(signers[i].addresses, w->address))
			continue;
		if (n == route->holders->nsigners ||
		    route->holders->signers[n++] != (uint32_t)i)
			fail_msg("case %zu: not signer %d", line, i);
		if (route_permits(t, route, (uint32_t)i) !=
		    can_serve(rule, i, q))
			fail_msg("case %zu: may signer %d?", line, i);
	}
	assert_int_equal(route->holders->nsigners, n);
}

static void
compare(const struct route_table *t, const struct request *r,
    const struct question *q, uint32_t *seen, size_t line)
{
	struct wanted	w = oracle(q);
	struct route	route;
	struct u256	chain;
	uint32_t	at;

	seen[w.refusal]++;
	decides(t, r, line, w.refusal, w.rule, w.address);
	if (w.refusal != REFUSAL_NONE)
		return;
	(void)route_decide(t, r, &route, &at);
	number(&chain, q_chain(q));
	assert_int_equal(u256_cmp(&route.chain, &chain), 0);
	assert_int_equal(route.method, q_method(q));
	assert_true(route.client->index < t->nclients);
	check_holders(t, &route, q, &w, line);
}

static void
ask(const struct route_table *t, uint32_t *seen, size_t line)
{
	const char		*client = clients[chance(chance(8) == 0 ? 5 : 3)];
	int			 from = chance(2) ? NONE : chance(12) == 0 ? 95 :
				    rnd_address();
	struct short_payload	 p;
	struct short_tx		 tx;
	struct question		 q = { NULL, NULL };
	struct request		 r;

	if (line % 2 == 0) {
		rnd_tx(&tx);
		tx.client = client;
		tx.from = from;
		q.tx = &tx;
		expand_tx(&r, &tx);
	} else {
		rnd_payload(&p);
		p.client = client;
		p.sender = from;
		q.p = &p;
		expand_payload(&r, &p);
	}
	compare(t, &r, &q, seen, line);
}

static void
against_oracle(void **state)
{
	struct route_table	t;
	uint32_t		seen[REFUSAL_MAX] = { 0 };
	size_t			i, j;

	(void)state;
	seed = 3;
	for (i = 0; i < 4000; i++) {
		rnd_table(&t);
		for (j = 0; j < 100; j++)
			ask(&t, seen, i * 100 + j);
		route_clear(&t);
	}
	/* The randomness reaches every decision. */
	assert_true(seen[REFUSAL_NONE] > 1000 && seen[REFUSAL_FROM] > 1000 &&
	    seen[REFUSAL_METHOD] > 1000 && seen[REFUSAL_TXCHAIN] > 1000 &&
	    seen[REFUSAL_TO] > 1000 && seen[REFUSAL_VALUE] > 1000 &&
	    seen[REFUSAL_FEE] > 1000 && seen[REFUSAL_CHAINID] > 1000 &&
	    seen[REFUSAL_DOMAIN] > 1000 && seen[REFUSAL_FORBIDDEN] > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_oracle)
	};

	return (cmocka_run_group_tests_name("routeoracle", tests, NULL,
	    NULL));
}
