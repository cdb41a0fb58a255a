# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Who may have what signed is decided by proxyd, in signerd's words, before
any signer hears of it."""

import contextlib

import pytest

from lib import daemon, eth
from lib.linked import ADDRESS
from lib.relays import (CLIENT, NOBODY, Asking, ask, ask_error, config,
                        fake_signer, key_of)

TO = "0x" + "22" * 20
ELSE = "0x" + "33" * 20
STRANGER = "unknown.example"
DOMAIN = bytes([0x80]) + bytes(31)
KEYS = ("sequencer", "batcher", "multi10")
# Each with a key, where signerd has that; the proxy has its address.
RULES = (
    ("a.example", "sequencer", "method block-payload chain 10"),
    ("b.example", "batcher", "method transaction chain { 1 10 } to %s "
     "max-value 5 wei max-fee 1 ether" % TO),
    ("c.example", "sequencer", "chain 10"),
    ("c.example", "batcher", "method transaction chain 20"),
    ("d.example", "multi10", "method block-payload chain { 10 0x%x } "
     "domain { %s }" % (2**200, eth.hexa(DOMAIN))),
    ("e.example", "multi10", "method transaction to %s" % TO),
    ("e.example", "multi10", "method transaction chain 7"),
)


def tx(client, key=None, **fields):
    sender = {} if key is None else {"from": ADDRESS[key]}
    return client, eth.sign_transaction(**{"to": TO, **sender, **fields})


def block(client, key=None, make=eth.payload_v2, **named):
    return client, make(sender=None if key is None else ADDRESS[key],
                        **named)


CASES = [case for key in (None, "sequencer", "batcher", "multi10")
         for client in ("a.example", "b.example", "c.example", "d.example",
                        "e.example", STRANGER)
         for case in (
             tx(client, key), tx(client, key, chainId="0x14"),
             tx(client, key, to=ELSE), block(client, key),
             block(client, key, chain=20),
             block(client, key, eth.payload_v1),
             block(client, key, eth.payload_kona))]
CASES += [
    tx("b.example", to=None, input="0x00"), tx("b.example", value="0x6"),
    tx("b.example", gas="0xde0b6b3a7640000"), tx("b.example", chainId="0x1"),
    tx("e.example", to=ELSE, chainId="0x7"),
    block("d.example", chain=2**200, domain=DOMAIN),
    block("d.example", domain=DOMAIN), block("d.example"),
    block("d.example", domain=b"\x01" + bytes(31)),
    block("a.example", chain=2**256), block("a.example", chain=-1),
    # Wrong whoever asks, and whatever the rules.
    tx("b.example", gas=None), tx("b.example", nonce=None),
    tx("b.example", chainId=None), tx("b.example", gasPrice="0x1"),
    tx("b.example", maxFeePerGas="0x1", maxPriorityFeePerGas="0x2"),
    tx("b.example", maxFeePerGas=None), tx("b.example", chainId="0x0"),
    tx("b.example", data="0x11"), tx("b.example", nonce="0x01"),
    tx("b.example", to="0x12"), tx("b.example", unknown="0x12"),
    tx("b.example", type="0x1"), tx("b.example", blobVersionedHashes=[]),
    tx(STRANGER, gas=None),
    block("a.example", hash=b""), block("a.example", hash=b"\x11" * 33),
    block("a.example", make=eth.payload_v1, hash=b"\x11" * 33),
    block(STRANGER, hash=b""),
    ("a.example", eth.call("opsigner_signBlockPayload", [])),
    ("a.example", eth.call("opsigner_signBlockPayloadV2", None)),
    ("a.example", eth.call("opsigner_signBlockPayloadV2", {})),
    ("a.example", eth.call("opsigner_signBlockPayload", {})),
    ("a.example", eth.call("eth_signTransaction", [None])),
    ("a.example", eth.call("eth_signTransaction", ["0x"])),
    ("a.example", eth.call("eth_sign", ["0x"])),
    ("a.example", eth.call("eth_subscribe", ["0x"])),
    ("a.example", eth.call("x" * 3000, [])),
    ("a.example", eth.call("rpc_modules", [])),
    ("a.example", eth.call("rpc_modules", [1])),
    ("a.example", eth.call("health_status", [])),
    ("a.example", eth.call("health_status", {})),
    ("a.example", {"jsonrpc": "1.0", "id": 1, "method": "health_status"}),
    ("a.example", []), ("a.example", [1]),
    ("a.example", [eth.payload_v2(), eth.payload_v2(chain=20)]),
    (STRANGER, eth.call("rpc_modules", [])),
]


def directly():
    return "\n".join('allow client "%s" key "%s" %s' % each
                     for each in RULES)


def through():
    return "\n".join('allow client "%s" address %s %s' % (
        client, ADDRESS[key], more) for client, key, more in RULES)


@pytest.fixture(scope="module")
def both(site):
    """signerd, proxyd with the same rules, and a signer behind it."""
    with contextlib.ExitStack() as stack:
        signerd = stack.enter_context(daemon.Signerd(
            site, site.config(rules=directly(), keys=KEYS)))
        proxyd = stack.enter_context(daemon.Proxyd(
            site, config(site, keys=KEYS, rules=through(), more="")))
        signer = stack.enter_context(fake_signer(site, proxyd, keys=KEYS))
        yield signerd, proxyd, signer


@pytest.fixture(scope="module")
def connections(both):
    """A function that gives the two of a client, which are kept."""
    with contextlib.ExitStack() as stack:
        made = {}

        def of(client):
            if client not in made:
                made[client] = tuple(stack.enter_context(
                    each.connect(client)) for each in both[:2])
            return made[client]

        yield of


def test_the_same_as_signerd(both, connections):
    """Answers, and refusals to the letter; what is refused goes nowhere."""
    signer = both[2]
    signed = refused = 0
    for client, message in CASES:
        before = len(signer.requests)
        straight, relayed = (each.rpc(message)
                             for each in connections(client))
        assert relayed.status == straight.status == 200
        expected, found = straight.json(), relayed.json()
        if isinstance(message, dict) and "result" in expected and \
                "sign" in message["method"]:
            signed += 1
            assert key_of(message, relayed) == key_of(message, straight), (
                client, message)
            assert len(signer.requests) == before + 1
        elif isinstance(message, dict):
            assert found == expected, (client, message)
            assert len(signer.requests) == before, (client, message)
            refused += 1
        elif message and message != [1]:
            assert [("error" in each) for each in found] == [False, True]
            assert found[1] == expected[1]
        else:
            assert found == expected
    assert signed > 20 and refused > 100, (signed, refused)


FIXED = (
    (tx(STRANGER), (-32000, NOBODY[1] % STRANGER)),
    (block(STRANGER), (-32000, NOBODY[1] % STRANGER)),
    (tx("b.example", "sequencer"), (-32010, "unexpected from address")),
    (block("a.example", "batcher"), (-32000, NOBODY[1] % "a.example")),
    (tx("a.example"), (-32011, "method not authorized")),
    (block("b.example"), (-32000, NOBODY[1] % "b.example")),
    (tx("b.example", chainId="0x14"), (-32011, "chain not authorized")),
    (block("a.example", chain=20), (-32013, "unexpected chainId")),
    (tx("b.example", to=ELSE), (-32011, "to address not authorized")),
    (tx("b.example", value="0x6"), (-32011, "value exceeds maximum")),
    (tx("b.example", gas="0xde0b6b3a7640000"),
     (-32011, "fee exceeds maximum")),
    (block("a.example", domain=DOMAIN), (-32013, "domain not authorized")),
)


@pytest.mark.parametrize("case,error", FIXED)
def test_refused_at_the_proxy(both, case, error):
    proxyd, signer = both[1:]
    client, message = case
    before, mark = len(signer.requests), proxyd.mark()
    assert ask_error(proxyd, message, client) == error
    assert len(signer.requests) == before
    record = proxyd.wait_log(mark, msg="refused", client=client)
    assert (int(record["code"]), record["reason"]) == error


def test_refused_without_a_signer_too(site):
    """Final to the client, who would try a 503 again and again."""
    with daemon.Proxyd(site, config(site)) as proxyd:
        assert ask_error(proxyd, eth.payload_v2(), STRANGER) == (
            -32000, NOBODY[1] % STRANGER)
        assert ask_error(proxyd, eth.payload_v2(chain=11)) == (
            -32013, "unexpected chainId")
        Asking(proxyd).check_unavailable()


# ---- which signers a rule, and a signer's own clauses, let have it ---------


def serving(site, proxyd, *labels, **named):
    stack = contextlib.ExitStack()
    return stack, [stack.enter_context(fake_signer(
        site, proxyd, label, **named)) for label in labels]


def test_rule_that_names_its_signer(site):
    rules = 'allow client "a.example" chain 10 signer "dr"\n' \
        'allow client "b.example" chain 10 signer { "dr" "hq" }'
    with daemon.Proxyd(site, config(site, ("hq", "dr"),
                                    rules=rules)) as proxyd:
        stack, (hq, dr) = serving(site, proxyd, "hq", "dr")
        with stack:
            assert ask(proxyd, eth.payload_v2(), "a.example") == "sequencer"
            assert (len(hq.requests), len(dr.requests)) == (0, 1)
            assert ask(proxyd, eth.payload_v2(), "b.example") == "sequencer"
            assert (len(hq.requests), len(dr.requests)) == (1, 1)
            dr.vanish()
            proxyd.wait_log(msg="signer lost", signer="dr")
            Asking(proxyd, eth.payload_v2(),
                   "a.example").check_unavailable()
            assert len(hq.requests) == 1


def test_signers_of_one_chain_and_method_each(site):
    """They hold the same key; what each may be asked is the file's to say,
    whatever more they offer."""
    text = site.relay([
        site.signer("hq", [ADDRESS["sequencer"]], more="chain 10 "
                    "method block-payload"),
        site.signer("dr", [ADDRESS["sequencer"]], "signer2.example",
                    more="chain { 10 20 } method transaction")],
        'allow client "a.example" chain { 10 20 30 }')
    with daemon.Proxyd(site, text) as proxyd:
        stack, (hq, dr) = serving(site, proxyd, "hq", "dr")
        with stack:
            for message, asked in (
                    (eth.payload_v2(), hq), (eth.sign_transaction(), dr),
                    (eth.sign_transaction(chainId="0x14"), dr)):
                before = len(asked.requests)
                assert ask(proxyd, message, "a.example") == "sequencer"
                assert len(asked.requests) == before + 1
            for message, error in (
                    (eth.payload_v2(chain=20), (
                        -32013, "unexpected chainId")),
                    (eth.sign_transaction(chainId="0x1e"), (
                        -32011, "chain not authorized"))):
                assert ask_error(proxyd, message, "a.example") == error
            assert (len(hq.requests), len(dr.requests)) == (1, 2)


def test_what_a_signer_offers_beyond_the_file_is_not_used(site):
    """And the other way: what it does not offer it is not asked for."""
    rules = 'allow client "%s" chain { 10 20 }' % CLIENT
    text = site.relay([site.signer("hq", [ADDRESS["sequencer"]], more="")],
                      rules)
    with daemon.Proxyd(site, text) as proxyd:
        with fake_signer(site, proxyd, keys=("sequencer", "batcher"),
                         chains=(10,)) as signer:
            assert ask_error(proxyd, eth.sign_transaction(
                **{"from": ADDRESS["batcher"]})) == (
                    -32010, "unexpected from address")
            assert not signer.requests
            assert ask(proxyd, eth.payload_v2()) == "sequencer"
            Asking(proxyd, eth.payload_v2(chain=20)).check_unavailable()
            assert len(signer.requests) == 1
            signer.object["keys"][0]["chains"] = ["0x14", "0xa"]
            signer.register()
            assert ask(proxyd, eth.payload_v2(chain=20)) == "sequencer"
