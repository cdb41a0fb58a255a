# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What signerd offers to a proxy, and what it signs for it."""

import re
import signal
import time

import pytest

from lib import daemon, eth, linked, proxies, rpclink
from lib.linked import ADDRESS, asked, who
from lib.proxies import FakeProxy

SLACK = 20.0        # seconds, of a busy machine
TOO_MANY = (-32602, "too many arguments, want at most 1")
BOTH = {"transaction", "block-payload"}


def forbidden(client, kind="client"):
    return (-32000, "Forbidden: %s '%s' is not authorized to use any keys" %
            (kind, client))


NOBODY = forbidden("edge", "proxy")         # for a request that names none


@pytest.fixture(scope="module", params=("v1", "2025"))
def any_link(request, site):
    """One that is shared, of either protocol."""
    with linked.linked(site, kind=request.param) as (_, signerd, link):
        link.signerd = signerd
        yield link


@pytest.fixture(scope="module")
def link(site):
    with linked.linked(site) as (_, signerd, made):
        made.signerd = signerd
        yield made


@pytest.fixture(scope="module")
def plain(site):
    """One on which clients are not named."""
    with linked.linked(site, kind="2025") as (_, signerd, made):
        made.signerd = signerd
        yield made


# ---- registration ----------------------------------------------------------


def offers(registration):
    """(key, method, chain) of all that is offered; chain None: any."""
    offer, = registration
    found = set()
    for key in offer["keys"]:
        assert re.fullmatch("0x[0-9a-f]{40}", key["address"].lower())
        for chain in key.get("chains") or [None]:
            assert chain is None or re.fullmatch(
                "0x[1-9a-f][0-9a-f]*", chain), chain
            for method in key.get("methods") or BOTH:
                assert method in BOTH, method
                found.add((key["address"].lower(), method,
                           None if chain is None else int(chain, 16)))
    return found


def test_what_is_registered(link):
    offer, = link.registrations[0]
    assert offer["version"] == 1
    assert re.fullmatch(r"signerd/[!-~]+", offer["software"])
    assert {"client", "deadline"} <= set(offer["features"])
    assert isinstance(offer.get("name", ""), str)
    assert offers(link.registrations[0]) == {
        (ADDRESS["sequencer"], "transaction", 10),
        (ADDRESS["sequencer"], "block-payload", 10),
        (ADDRESS["batcher"], "transaction", None),
        (ADDRESS["multi10"], "transaction", 10),
        (ADDRESS["multi10"], "block-payload", 10)}


def test_several_rules_of_a_key_are_registered(site):
    rules = """
allow via "edge" client "a.example" key "batcher" method block-payload \\
    chain { 10 8453 }
allow via "edge" client "b.example" key "batcher" method transaction chain 1
"""
    with linked.linked(site, rules=rules) as (_, _, link):
        assert offers(link.registrations[0]) >= {
            (ADDRESS["batcher"], "block-payload", 10),
            (ADDRESS["batcher"], "block-payload", 8453),
            (ADDRESS["batcher"], "transaction", 1)}
        assert {each[0] for each in offers(link.registrations[0])} == {
            ADDRESS["batcher"]}


def test_certificate_and_path(link):
    assert link.name == "signer.example"
    assert link.path == "/ws"


def test_path_by_default(site):
    with FakeProxy(site) as proxy:
        text = linked.config(site, proxy.port, more={
            "url": "wss://localhost:%d" % proxy.port, "name": None})
        with daemon.Signerd(site, text):
            assert proxy.wait_link().path == "/"


def test_link_up_is_logged(link, plain):
    record = link.signerd.wait_log(msg="link up", link="edge")
    assert record["level"] == "info"
    assert record["peer"] == "127.0.0.1:%d" % link.proxy.port
    assert record["protocol"] == "1"
    assert record["software"] == proxies.SOFTWARE
    assert "client" in record["features"]
    record = plain.signerd.wait_log(msg="link up", link="edge")
    assert record["protocol"] == "2025"


def test_proxy_of_2025_gets_no_params(plain):
    assert plain.registrations[0], "it did not try with its object"
    assert plain.registrations[1] in (None, [])
    assert len(plain.registrations) == 2


@pytest.mark.parametrize("kind", ("2025", "v1"))
def test_renewal(site, kind):
    with linked.linked(site, "timeout renew 1 s", kind) as (_, _, link):
        began = time.monotonic()
        last = link.wait_registrations(len(link.registrations) + 2)
        assert time.monotonic() - began > 1.0
        assert last == (link.registrations[0] if kind == "v1" else
                        link.registrations[1])


def test_unknown_members_of_the_answer(site):
    def script(link, message):
        link.features = frozenset(["client"])
        return rpclink.result(message["id"], {
            "version": 1, "software": "proxyd/9", "more": [{}],
            "features": ["client", "telepathy"]})

    with linked.linked(site, proxy={"script": script}) as (_, _, link):
        assert asked(link, eth.payload_v1(), "a.example") == "sequencer"


@pytest.mark.parametrize("value", (
    False, None, "yes", 1, [], {}, {"version": None}, {"version": "1"},
    {"version": 0}, {"version": -1}, {"version": 1.5}, {"version": True},
    {"version": 10 ** 12}, {"version": 1, "features": {}},
    {"version": 1, "features": [1]}))
def test_answers_that_are_none(site, value):
    """Neither true nor an object with a version: no link."""
    with FakeProxy(site, script=lambda link, message: rpclink.result(
            message["id"], value)) as proxy:
        with daemon.Signerd(site, linked.config(
                site, proxy.port)) as signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            assert "makes no sense" in record["reason"]
            assert record["level"] == "error"
            assert int(record["retry_ms"]) >= 10000
            assert proxy.links[0].wait_end().code == 1002
            assert not signerd.logged(msg="link up")


def test_version_of_the_answer(site):
    """A later one is no reason to stay away: it is shown."""
    def script(link, message):
        return rpclink.result(message["id"], {"version": 2})

    with linked.linked(site, proxy={"script": script}) as (_, signerd, link):
        record = signerd.wait_log(msg="link up", link="edge")
        assert record["protocol"] == "2" and record["features"] == "none"
        assert asked(link, eth.payload_v1()) == "multi10"


# ---- rules -----------------------------------------------------------------


@pytest.mark.parametrize("client,message,expected", (
    ("a.example", eth.payload_v1(), "sequencer"),
    ("a.example", eth.payload_v2(), "sequencer"),
    ("a.example", eth.sign_transaction(), "sequencer"),
    ("a.example", eth.payload_v1(sender=ADDRESS["sequencer"]), "sequencer"),
    ("a.example", eth.payload_v1(chain=11), (-32013, "unexpected chainId")),
    ("a.example", eth.payload_v1(sender=ADDRESS["multi10"]),
     forbidden("a.example")),
    ("a.example", eth.sign_transaction(**{"from": ADDRESS["batcher"]}),
     (-32010, "unexpected from address")),
    ("b.example", eth.sign_transaction(chainId="0x1"), "batcher"),
    ("b.example", eth.payload_v1(), forbidden("b.example")),
    ("c.example", eth.payload_v1(), forbidden("c.example")),
    ("direct.example", eth.payload_v1(), forbidden("direct.example")),
    ("A.example", eth.payload_v1(), forbidden("A.example")),
    ("a.example.", eth.payload_v1(), forbidden("a.example.")),
    (None, eth.payload_v1(), "multi10"),
    (None, eth.sign_transaction(), "multi10"),
    (None, eth.payload_v1(sender=ADDRESS["sequencer"]), NOBODY)))
def test_via_rules(link, client, message, expected):
    assert asked(link, message, client, deadline=5000) == expected


def test_rules_without_client_on_a_plain_link(plain):
    assert asked(plain, eth.payload_v1()) == "multi10"
    assert asked(plain, eth.sign_transaction()) == "multi10"
    assert asked(plain, eth.payload_v1(
        sender=ADDRESS["sequencer"])) == NOBODY


@pytest.mark.parametrize("client", ("a.example", "b.example"))
def test_via_rules_do_not_hold_for_direct_clients(link, client):
    for message in (eth.payload_v1(), eth.sign_transaction()):
        answer = link.signerd.rpc(message, client)
        assert answer.error() == forbidden(client)
    answer = link.signerd.rpc(eth.payload_v1(), "direct.example")
    assert who(eth.payload_v1(), answer.result()) == "multi8453"


def test_two_proxies(site):
    rules = """
allow via "edge" client "a.example" key "sequencer" chain 10
allow via "core" client "a.example" key "batcher" chain 10
allow via "core" client "b.example" key "multi10" chain 10
"""
    with FakeProxy(site) as one, FakeProxy(site) as two:
        with daemon.Signerd(site, linked.config(
                site, one.port, two.port, rules=rules)) as signerd:
            edge, core = one.wait_link(), two.wait_link()
            assert {each[0] for each in offers(edge.registrations[0])} == {
                ADDRESS["sequencer"]}
            assert {each[0] for each in offers(core.registrations[0])} == {
                ADDRESS["batcher"], ADDRESS["multi10"]}
            message = eth.payload_v1()
            assert asked(edge, message, "a.example") == "sequencer"
            assert asked(core, message, "a.example") == "batcher"
            assert asked(core, message, "b.example") == "multi10"
            assert asked(edge, message, "b.example") == \
                forbidden("b.example")
            for label in ("edge", "core"):
                signerd.wait_log(msg="signed", link=label,
                                 client="a.example")


def test_requests_are_logged(link):
    mark = link.signerd.mark()
    asked(link, eth.payload_v1(), "a.example", id="cafe")
    record = link.signerd.wait_log(mark, msg="signed", link="edge")
    assert record["client"] == "a.example" and record["key"] == "sequencer"
    assert record["process"] == "link"
    assert record["id"] == "cafe"
    assert record["peer"] == "127.0.0.1:%d" % link.proxy.port
    asked(link, eth.payload_v1(), "x y=\"z")
    record = link.signerd.wait_log(mark, msg="refused", link="edge")
    assert record["client"] == "x y=\"z" and "id" not in record
    assert asked(link, eth.payload_v1(), "x\ny.example")[0] == -32602
    record = link.signerd.wait_log(mark, msg="rejected", link="edge")
    assert record["client"] == "" and "printable" in record["reason"]


def test_without_a_listener(site):
    with linked.linked(site, listen=None,
                       rules=linked.RULES.split("allow client")[0]) as (
                           _, signerd, link):
        assert signerd.port is None
        assert asked(link, eth.payload_v1(), "a.example") == "sequencer"


# ---- who asks: exactly one argument or exactly two --------------------------


MESSAGE = eth.payload_v1()


@pytest.mark.parametrize("more", (
    {"client": "a.example", "id": "1", "deadline": 5000},
    {"client": "a.example"}, {"client": "a.example", "zzz": [1, {}]}))
def test_metadata(link, more):
    params = MESSAGE["params"] + [more]
    assert who(MESSAGE, link.call(dict(MESSAGE, params=params))) == \
        "sequencer"


@pytest.mark.parametrize("params", (
    MESSAGE["params"], [], None, MESSAGE["params"] * 3,
    MESSAGE["params"] + [{"client": "a.example"}, {}],
    MESSAGE["params"] + ["a.example"], MESSAGE["params"] + [["a.example"]],
    MESSAGE["params"] + [5], MESSAGE["params"] + [{"client": 5}],
    MESSAGE["params"] + [{"client": ["a.example"]}],
    MESSAGE["params"] + [{"client": "a.example\x01"}],
    MESSAGE["params"] + [{"client": ""}],
    MESSAGE["params"] + [{"client": "a.example", "deadline": "5"}],
    MESSAGE["params"] + [{"client": "a.example", "deadline": -1}]))
def test_metadata_that_is_none(link, params):
    assert link.call(dict(MESSAGE, params=params))[0] == -32602


def test_metadata_with_a_nul(link):
    """No string of ours holds one: it is no JSON here."""
    before = len(link.answers)
    link.send(dict(MESSAGE, params=MESSAGE["params"] + [
        {"client": "a.example\0"}]))
    link.wait(lambda: len(link.answers) > before, "answer")
    assert link.answers[before] == rpclink.error(None, -32700, "parse error")


def test_metadata_with_a_repeated_member(link):
    ident = link.fresh()
    text = eth.encode(dict(MESSAGE, id=ident)).decode()
    assert text.count("}]") == 1
    link.send(text.replace("}]", '},{"client":"c.example",'
                           '"client":"a.example"}]').encode())
    assert rpclink.outcome(link.answer(ident))[0] in (-32602, -32600)


@pytest.mark.parametrize("features", ((), ("deadline",)))
def test_no_metadata_where_it_was_not_settled(site, features):
    named = {"features": features}
    with linked.linked(site, proxy=named) as (_, _, link):
        params = MESSAGE["params"] + [{"client": "a.example"}]
        assert link.call(dict(MESSAGE, params=params)) == TOO_MANY
        assert who(MESSAGE, link.call(MESSAGE)) == "multi10"


def test_no_metadata_from_a_proxy_of_2025(plain):
    params = MESSAGE["params"] + [{"client": "a.example"}]
    assert plain.call(dict(MESSAGE, params=params)) == TOO_MANY


def test_the_first_registration_settles_it(site):
    """A proxy that changes its mind later changes nothing."""
    def script(link, message):
        features = ["client"] if link.registered else []
        return rpclink.result(message["id"], {
            "version": 1, "software": "x/1", "features": features})

    with linked.linked(site, "timeout renew 1 s",
                       proxy={"script": script}) as (_, _, link):
        link.wait_registrations(3)
        assert who(MESSAGE, link.call(MESSAGE)) == "multi10"
        params = MESSAGE["params"] + [{"client": "a.example"}]
        assert link.call(dict(MESSAGE, params=params)) == TOO_MANY


# ---- JSON-RPC --------------------------------------------------------------


@pytest.mark.parametrize("text", (
    b"{]", b"", b" ", b"[", b'{"jsonrpc":"2.0"', b"\0", b"nul"))
def test_parse_errors(any_link, text):
    before = len(any_link.answers)
    any_link.send(text)
    if text.strip():
        any_link.wait(lambda: len(any_link.answers) > before, "answer")
        answer = any_link.answers[before]
        assert answer["id"] is None
        assert answer["error"]["code"] == -32700
    asked(any_link, MESSAGE)
    assert any_link.ended is None


def test_invalid_requests(any_link):
    before = len(any_link.answers)
    for text in (b"{}", b'"x"', b"[]", b'{"jsonrpc":"1.0","id":1,'
                 b'"method":"health_status"}'):
        any_link.send(text)
    any_link.wait(lambda: len(any_link.answers) >= before + 4, "answers")
    assert {each["error"]["code"]
            for each in any_link.answers[before:]} == {-32600}


def test_unknown_method(any_link):
    assert any_link.call(eth.call("eth_accounts", [])) == (
        -32601, "the method eth_accounts does not exist/is not available")


def test_ids_come_back_as_they_are(any_link):
    for raw in (b"1.50", b"18446744073709551617", b'"a\\u0062"', b"-0"):
        any_link.send(b'{"jsonrpc":"2.0","id":%s,"method":"no"}' % raw)
        any_link.wait(lambda: any(b'"id":%s,' % raw in text or
                                  b'"id":%s}' % raw in text
                                  for text in any_link.texts), raw)


def test_notifications_and_answers_are_not_answered(any_link):
    before = len(any_link.texts)
    mark = any_link.signerd.mark()
    message = dict(any_link.relayed(eth.payload_v1(hash=b"\x77" * 32)))
    del message["id"]
    any_link.send(message)
    any_link.send(rpclink.result(77, True))
    any_link.send(rpclink.error(None, -32000, "what"))
    any_link.call(any_link.relayed(eth.payload_v1(hash=b"\x78" * 32)))
    assert len(any_link.texts) == before + 1
    any_link.signerd.wait_log(mark, msg="signed", digest=eth.hexa(
        eth.payload_digest(hash=b"\x78" * 32)))
    assert not any_link.signerd.logged(mark, msg="signed", digest=eth.hexa(
        eth.payload_digest(hash=b"\x77" * 32)))


def test_batch(any_link):
    messages = [any_link.relayed(eth.payload_v1(n, hash=bytes([n]) * 32))
                for n in range(20)]
    messages[7] = eth.call("eth_accounts", [], 7)
    messages[9] = {"jsonrpc": "2.0", "id": 9}
    answers = any_link.call_batch(messages)
    assert [each["id"] for each in answers] == list(range(20))
    for n, each in enumerate(answers):
        outcome = rpclink.outcome(each)
        if n in (7, 9):
            assert outcome[0] == (-32601 if n == 7 else -32600)
        else:
            assert who(messages[n], outcome) == "multi10"


def test_batch_over_the_limit(site):
    with linked.linked(site, "max batch 5", "2025") as (_, signerd, link):
        mark = signerd.mark()
        link.send([eth.payload_v1(n) for n in range(6)])
        link.wait(lambda: link.answers, "answer")
        assert link.answers[0]["error"]["code"] == -32600
        assert len(link.call_batch([eth.payload_v1(n)
                                    for n in range(5)])) == 5
        signerd.wait_log(mark, count=5, msg="signed")
        assert len(signerd.logged(mark, msg="signed")) == 5


def test_object_of_kona(link, plain):
    message = eth.payload_kona()
    assert who(message, plain.call(message)) == "multi10"
    assert "signature" in plain.answers[-1]["result"]
    # Where clients are named it has no place for who asks.
    assert link.call(message)[0] == -32602


def test_nulls_of_go(plain):
    argument = dict(MESSAGE["params"][0], PayloadBytes=None)
    assert who(MESSAGE, plain.call(
        dict(MESSAGE, params=[argument]))) == "multi10"
    tx = eth.sign_transaction()
    argument = dict(tx["params"][0], gasPrice=None, data=None, accessList=None,
                    blobVersionedHashes=None, **{"from": None})
    assert who(tx, plain.call(dict(tx, params=[argument]))) == "multi10"


def test_large_requests(any_link):
    tx = eth.sign_transaction(input="0x" + "5a" * 100000)
    assert asked(any_link, tx) == "multi10"
    message = dict(any_link.relayed(tx), id="pieces")
    any_link.endpoint.send_fragments(message, 1000)
    assert who(tx, rpclink.outcome(any_link.answer("pieces"))) == "multi10"


# ---- time and numbers ------------------------------------------------------


@pytest.fixture
def still(site):
    """A link to a daemon whose keyd does not move."""
    text = "timeout { request 50 s keyd 50 s }\nmax link-requests 4"
    with linked.linked(site, text) as (_, signerd, link):
        link.signerd = signerd
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            yield link
        finally:
            signerd.signal("keyd", signal.SIGCONT)


def test_deadline_of_the_proxy(still):
    began = time.monotonic()
    assert still.relay(MESSAGE, "a.example", deadline=400) == (
        -32006, "deadline exceeded")
    assert 0.2 < time.monotonic() - began < 0.4 + SLACK


def test_deadline_of_the_proxy_cannot_lengthen(site):
    with linked.linked(site, "timeout { request 500 ms keyd 400 ms }") as (
            _, signerd, link):
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            began = time.monotonic()
            code, _ = link.relay(MESSAGE, "a.example", deadline=60000)
            assert code in (-32006, -32005)
            assert time.monotonic() - began < 0.5 + SLACK
        finally:
            signerd.signal("keyd", signal.SIGCONT)


def test_flood(still):
    """What is over the limit is refused at once, the rest is signed."""
    ids = [still.ask(still.relayed(MESSAGE, "a.example")) for _ in range(10)]
    for each in ids[4:]:
        assert rpclink.outcome(still.answer(each)) == (-32005, "busy")
    assert not any(still.answers_to(each) for each in ids[:4])
    still.signerd.signal("keyd", signal.SIGCONT)
    for each in ids[:4]:
        assert who(MESSAGE, rpclink.outcome(still.answer(each))) == \
            "sequencer"
    assert asked(still, MESSAGE, "a.example") == "sequencer"
    assert still.ended is None


def test_flood_of_a_batch(still):
    """A batch that does not fit leaves nothing behind."""
    still.signerd.signal("keyd", signal.SIGCONT)
    messages = [still.relayed(eth.payload_v1(n), "a.example")
                for n in range(10)]
    answers = still.call_batch(messages)
    assert [each["id"] for each in answers] == list(range(10))
    assert {rpclink.outcome(each) for each in answers
            if "error" in each} <= {(-32005, "busy")}
    for _ in range(8):
        assert asked(still, MESSAGE, "a.example") == "sequencer"


def test_many_in_flight(link):
    """Answers find their requests, in whatever order they come."""
    messages = [eth.payload_v1(hash=n.to_bytes(32, "big"))
                for n in range(100)]
    ids = [link.ask(link.relayed(each, "a.example")) for each in messages]
    for ident, message in zip(ids, messages):
        assert who(message, rpclink.outcome(link.answer(ident))) == \
            "sequencer"
