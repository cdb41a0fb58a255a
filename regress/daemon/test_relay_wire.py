# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What proxyd sends to signers of either protocol for what clients ask, and
what it makes of their answers."""

import json

import pytest

from lib import daemon, eth, ethkey, rpclink
from lib.linked import ADDRESS
from lib.relays import (CLIENT, MESSAGE, OTHER, SENDER, Asking, ask,
                        ask_error, config, dialing, key_of, relayed)

KINDS = ("v1", "2025")
TOO_MANY = (-32602, "too many arguments, want at most 1")
ABOUT = {"client": OTHER, "id": "mine", "deadline": 60000}


def last(signer):
    """The request that a signer got last."""
    return signer.requests[-1]


def raw(proxyd, body):
    with proxyd.connect(CLIENT) as connection:
        return connection.exchange(body=body)


# ---- requests --------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_requests_are_relayed_as_they_came(site, kind):
    with relayed(site, fake={"kind": kind}) as (proxyd, signer):
        message = eth.sign_transaction(ident="x", **{"from": SENDER},
                                       accessList=[{
                                           "address": eth.TO,
                                           "storageKeys": []}])
        assert ask(proxyd, message) == "sequencer"
        request = last(signer)
        assert set(request) == {"jsonrpc", "id", "method", "params"}
        assert request["method"] == message["method"]
        assert request["params"][0] == message["params"][0]
        assert len(request["params"]) == (2 if kind == "v1" else 1)
        assert type(request["id"]) is int
        # Not only in meaning: to the byte.
        argument = (b'{ "chainId":  10,"payloadHash" : "%s","senderAddress"'
                    b':"\\u0030x%s"\t}' % (
                        b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                        SENDER[2:].encode().upper()))
        assert raw(proxyd, b'{"jsonrpc":"2.0","id":1,"method":'
                   b'"opsigner_signBlockPayload","params":[ %s ]}' %
                   argument).status == 200
        assert argument in signer.texts[-1]
        assert len(signer.requests) == 2


@pytest.mark.parametrize("features,told", (
    (("client", "deadline"), {"client", "id", "deadline"}),
    (("client",), {"client", "id"}), (("deadline",), None), ((), None),
    (("more", "client"), {"client", "id"})))
def test_client_is_named_where_that_was_offered(site, features, told):
    with relayed(site, fake={"features": features},
                 rules='allow client "%s" chain 10\n'
                 'allow client "%s" chain 10' % (CLIENT, OTHER)) as (
                     proxyd, signer):
        for client in (CLIENT, OTHER):
            mark = proxyd.mark()
            assert ask(proxyd, MESSAGE, client) == "sequencer"
            assert len(last(signer)["params"]) == (1 if told is None else 2)
            if told is None:
                continue
            about = last(signer)["params"][1]
            assert set(about) == told
            assert about["client"] == client
            record = proxyd.wait_log(mark, msg="relayed", client=client)
            assert about["id"] == record["id"]
            assert 20000 < about.get("deadline", 50000) <= 50000


def test_ids_of_calls_differ(site):
    with relayed(site) as (proxyd, signer):
        for _ in range(3):
            ask(proxyd)
        assert len({each["id"] for each in signer.requests}) == 3
        assert len({each["params"][1]["id"]
                    for each in signer.requests}) == 3


def test_deadline_shrinks_from_signer_to_signer(site):
    with relayed(site, {"hq": lambda *_: None, "dr": None},
                 "timeout { request 50 s attempt 1 s }") as (
                     proxyd, hq, dr):
        assert ask(proxyd) == "sequencer"
        first, second = (each.requests[0]["params"][1]["deadline"]
                         for each in (hq, dr))
        assert first <= 50000 and second <= first - 1000
        assert hq.requests[0]["params"][1]["id"] == \
            dr.requests[0]["params"][1]["id"]


def test_v2_for_a_signer_of_2025(site):
    with relayed(site, fake={"kind": "2025"}) as (proxyd, signer):
        for chain, domain in ((10, b"\0" * 32), (10, b"\0\x01" * 16)):
            message = eth.payload_v2(chain=chain, domain=domain,
                                     sender=SENDER)
            if domain[1]:
                assert ask_error(proxyd, message)[0] == -32013
                continue
            assert ask(proxyd, message) == "sequencer"
            assert last(signer)["method"] == "opsigner_signBlockPayload"
            assert last(signer)["params"] == \
                eth.payload_v1(sender=SENDER)["params"]


def test_v2_for_a_signer_of_2025_is_exact(site):
    rules = 'allow client "%s" domain any chain 0x%x' % (CLIENT, 2**255 + 1)
    domain = bytes(range(128, 160))
    with relayed(site, rules=rules, more="", fake={"kind": "2025"}) as (
            proxyd, signer):
        assert ask(proxyd, eth.payload_v2(
            chain=2**255 + 1, domain=domain)) == "sequencer"
        argument, = last(signer)["params"]
        assert argument["chainId"] == 2**255 + 1
        assert argument["domain"] == list(domain)


@pytest.mark.parametrize("sender", (SENDER, None))
@pytest.mark.parametrize("kind", KINDS)
def test_kona(site, kind, sender):
    with relayed(site, fake={"kind": kind}) as (proxyd, signer):
        message = eth.payload_kona(ident=7, sender=sender)
        answer = Asking(proxyd, message).response()
        assert key_of(message, answer) == "sequencer"
        assert list(answer.result()) == ["signature"]
        assert last(signer)["method"] == "opsigner_signBlockPayload"
        assert last(signer)["params"][:1] == \
            eth.payload_v1(sender=SENDER)["params"]
        assert len(last(signer)["params"]) == (2 if kind == "v1" else 1)


def test_what_v1_and_v2_answer_is_no_object(site):
    with relayed(site) as (proxyd, _):
        for message in (eth.payload_v1(sender=SENDER), MESSAGE):
            answer = Asking(proxyd, message).response()
            assert isinstance(answer.result(), str)


@pytest.mark.parametrize("kind", KINDS)
def test_no_client_adds_an_argument(site, kind):
    with relayed(site, fake={"kind": kind}) as (proxyd, signer):
        for message in (eth.payload_v1(sender=SENDER), MESSAGE,
                        eth.sign_transaction(**{"from": SENDER})):
            message = dict(message, params=message["params"] + [ABOUT])
            assert ask_error(proxyd, message) == TOO_MANY
            batch = Asking(proxyd, [message, MESSAGE]).response().json()
            assert batch[0]["error"]["code"] == -32602
            assert ethkey.verify(MESSAGE, batch[1]["result"])
        # Inside of the only argument it is no member that there is.
        message = dict(MESSAGE, params=[dict(MESSAGE["params"][0], **ABOUT)])
        assert ask_error(proxyd, message)[0] == -32602
        message = eth.payload_kona()
        message["params"].update(ABOUT)
        assert ask_error(proxyd, message)[0] == -32602
        assert len(signer.requests) == 3
        assert all(each["params"][:1] == MESSAGE["params"] or
                   kind == "2025" for each in signer.requests)
        assert all(each["params"][1]["client"] == CLIENT and
                   each["params"][1]["id"] != "mine" and len(
                       each["params"]) == 2
                   for each in signer.requests if kind == "v1")


# ---- whose key -------------------------------------------------------------


MANY = ("batcher", "sequencer", "multi10")
MANY_RULES = """
allow client "{0}" method block-payload chain 10 address {sequencer}
allow client "{0}" method transaction chain 10 address {multi10}
allow client "{1}" method transaction
""".format(CLIENT, OTHER, **ADDRESS)


def without(message):
    return dict(message, params=[{
        k: v for k, v in message["params"][0].items()
        if k not in ("from", "senderAddress")}])


NAMELESS = (
    (eth.payload_v1(), CLIENT, "sequencer"),
    (without(eth.payload_v1()), CLIENT, "sequencer"),
    (eth.payload_v2(), CLIENT, "sequencer"),
    (dict(eth.payload_v2(), params=[dict(
        eth.payload_v2()["params"][0], senderAddress=None)]), CLIENT,
     "sequencer"),
    (eth.payload_kona(), CLIENT, "sequencer"),
    (dict(eth.payload_kona(), params=dict(
        eth.payload_kona()["params"], senderAddress=None)), CLIENT,
     "sequencer"),
    (eth.sign_transaction(), CLIENT, "multi10"),
    (dict(eth.sign_transaction(), params=[dict(
        eth.transaction(), **{"from": None})]), CLIENT, "multi10"),
    (eth.sign_transaction(), OTHER, "batcher"))


@pytest.mark.parametrize("kind", KINDS)
def test_key_is_chosen_by_the_rule(site, kind):
    """And what the signer gets names it, once."""
    with relayed(site, keys=MANY, more="", rules=MANY_RULES,
                 fake={"kind": kind}) as (proxyd, signer):
        for message, client, key in NAMELESS:
            assert ask(proxyd, message, client) == key, message
            argument = last(signer)["params"][0]
            name = "from" if "Transaction" in message["method"] else \
                "senderAddress"
            assert argument[name].lower() == ADDRESS[key]
            assert signer.texts[-1].count(b'"%s"' % name.encode()) == 1
            if isinstance(message["params"], list) and kind == "v1":
                assert {k: v for k, v in argument.items() if k != name} == \
                    without(message)["params"][0]
        for key, client in (("sequencer", CLIENT), ("batcher", OTHER),
                            ("multi10", OTHER)):
            make = eth.payload_v1 if key == "sequencer" else (
                lambda sender: eth.sign_transaction(**{"from": sender}))
            assert ask(proxyd, make(sender=ADDRESS[key]), client) == key


def test_key_is_chosen_by_the_rule_with_signerd(site):
    with daemon.Proxyd(site, config(site, keys=MANY, more="",
                                    rules=MANY_RULES)) as proxyd:
        with daemon.Signerd(site, dialing(site, proxyd.signer_port,
                                          keys=MANY)) as signerd:
            proxyd.wait_log(msg="signer registered")
            for message, client, key in NAMELESS:
                mark = signerd.mark()
                assert ask(proxyd, message, client) == key, message
                record = signerd.wait_log(mark, msg="signed")
                assert record["key"] == key and record["client"] == client


# ---- answers ---------------------------------------------------------------


@pytest.mark.parametrize("ident", (
    b"1.50", b"1e3", b"18446744073709551617", b'"a\\u0062"', b"-0",
    b'""', b'"%s"' % (b"x" * 1000)))
def test_ids_of_clients_are_their_own(site, ident):
    body = eth.encode(dict(MESSAGE, id=12345)).replace(b"12345", ident)
    with relayed(site) as (proxyd, signer):
        response = raw(proxyd, body)
        assert response.result().startswith("0x")
        assert b'"id":' + ident + b"," in response.body or \
            b'"id":' + ident + b"}" in response.body
        assert type(last(signer)["id"]) is int


@pytest.mark.parametrize("error", (
    b'{"code":-32012,"message":"payloadHash not specified"}',
    b'{"code":3,"message":"execution \\u0072everted","data":"0x08c3"}',
    b'{"code":-32000,"message":"","data":{"a":[1.50,1e3,'
    b'18446744073709551617],"b":null,"c":"\\u00e9"}}',
    b'{"code":-32601,"message":"no","data":[],"more":{"x":1}}'))
def test_errors_of_signers_pass_unchanged(site, error):
    def answer(signer, request):
        return b'{"jsonrpc":"2.0","id":%d,"error":%s}' % (
            request["id"], error)
    with relayed(site, {"hq": answer, "dr": None}) as (proxyd, hq, dr):
        response = raw(proxyd, eth.encode(dict(MESSAGE, id="me")))
        assert response.status == 200
        assert response.json()["id"] == "me"
        assert b'"error":' + error in response.body
        given = json.loads(error)
        assert response.error() == (given["code"], given["message"])
        assert not dr.requests
        record = proxyd.wait_log(msg="refused by signer", signer="hq")
        assert record["code"] == str(given["code"])
        assert record["reason"] == given["message"]


def test_errors_of_signerd_pass(site):
    """The proxy permits what the signer's own rules do not."""
    rules = 'allow via "edge" client "%s" key "sequencer" chain { 10 20 } ' \
        "to 0x%s" % (CLIENT, "22" * 20)
    with daemon.Proxyd(site, config(site)) as proxyd:
        with daemon.Signerd(site, dialing(
                site, proxyd.signer_port, rules=rules)) as signerd:
            proxyd.wait_log(msg="signer registered")
            assert ask_error(proxyd, eth.sign_transaction(ident=5)) == (
                -32011, "to address not authorized")
            assert signerd.wait_log(msg="refused")["client"] == CLIENT


def test_answers_come_in_the_order_of_the_batch(site):
    """Whatever the order in which the signer gives them."""
    held = []

    def hold(signer, request):
        held.append(request)
        if len(held) == 3:
            return [rpclink.result(each["id"], ethkey.signed(
                signer.keys, each["method"], each["params"][0])
            ) for each in reversed(held)]
        return None
    messages = [eth.sign_transaction(ident=i, nonce=hex(i), **{
        "from": SENDER}) for i in range(3)]
    with relayed(site, {"hq": hold}) as (proxyd, _):
        answers = Asking(proxyd, messages).response().json()
        assert [each["id"] for each in answers] == [0, 1, 2]
        for message, answer in zip(messages, answers):
            ethkey.verify(message, answer["result"])


def test_what_proxyd_answers_itself_is_not_relayed(site):
    with relayed(site) as (proxyd, signer):
        messages = [eth.call("health_status", [], 1), MESSAGE,
                    eth.call("rpc_modules", [], 3), {"jsonrpc": "2.0"},
                    eth.call("opsigner_other", [], 5),
                    {"jsonrpc": "2.0", "method": MESSAGE["method"],
                     "params": MESSAGE["params"]}]
        answers = Asking(proxyd, messages).response().json()
        assert [each["id"] for each in answers] == [1, 1, 3, None, 5]
        assert answers[4]["error"]["code"] == -32601
        assert len(signer.requests) == 1
