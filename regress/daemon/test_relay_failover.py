# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Signers that fail, each in its own way: the request goes to the next one,
and nobody else is harmed."""

import contextlib
import os
import signal
import time

import pytest

from lib import daemon, eth, ethkey, rpclink, signers, wsconn
from lib.relays import (CLIENT, MESSAGE, OTHER, SLACK, SLOW, Asking, ask,
                        config, dialing, fake_signer, relayed)
from lib.tcprelay import TcpRelay

RULES = 'allow client "%s" chain 10\nallow client "%s" chain 10' % (
    CLIENT, OTHER)
TIMES = "timeout { request %d ms attempt %d ms }"
ATTEMPT = 3000 * SLOW
QUICK = TIMES % (50000, ATTEMPT) + "\ntimeout stable 1 min"
REQUEST = 5000 * SLOW


# ---- the wire is cut -------------------------------------------------------


@contextlib.contextmanager
def cable(site, proxyd, label="hq"):
    """A signerd whose link goes through a wire that can be cut."""
    with TcpRelay(proxyd.signer_port) as wire:
        mark = proxyd.mark()
        with daemon.Signerd(site, dialing(site, wire.port,
                                          label)) as signerd:
            proxyd.wait_log(mark, msg="signer registered", signer=label)
            yield wire, signerd


def cut_in_flight(wire, signerd, proxyd, message=None):
    """A request that the signer was sent and cannot answer: its key process
    stands still until the wire is out."""
    signerd.signal("keyd", signal.SIGSTOP)
    up = wire.down
    asked = Asking(proxyd, message)
    wire.wait_bytes(down=up + 200)
    wire.cut()
    signerd.signal("keyd", signal.SIGCONT)
    return asked


def test_cut_link_of_one_of_two(site):
    with daemon.Proxyd(site, config(site, ("hq", "dr"),
                                    extra=QUICK)) as proxyd:
        with cable(site, proxyd) as (wire, hq):
            with cable(site, proxyd, "dr") as (_, dr):
                assert ask(proxyd) == "sequencer"
                hq.wait_log(msg="signed")
                asked = cut_in_flight(wire, hq, proxyd)
                assert asked.key() == "sequencer"
                assert ATTEMPT / 1000 <= asked.took < \
                    ATTEMPT / 1000 + SLACK
                dr.wait_log(msg="signed")
                # From then on the other one goes first.
                mark = proxyd.mark()
                message = dict(MESSAGE, id=2)
                assert ask(proxyd, message) == "sequencer"
                record = proxyd.wait_log(mark, msg="relayed", attempts="1")
                assert record["signer"] == "dr"
                wire.resume()


def test_cut_link_of_the_only_one(site):
    with daemon.Proxyd(site, config(
            site, extra=TIMES % (REQUEST, ATTEMPT))) as proxyd:
        with cable(site, proxyd) as (wire, signerd):
            assert ask(proxyd) == "sequencer"
            asked = cut_in_flight(wire, signerd, proxyd)
            took = asked.check_unavailable()
            assert took < REQUEST / 1000 + SLACK
            record = proxyd.wait_log(msg="unavailable")
            assert record["reason"] == "deadline"
            assert record["id"] and record["attempts"] == "1"
            wire.resume()
            assert ask(proxyd) == "sequencer"


def test_cut_link_is_noticed(site):
    """By pings, in both directions; the signer dials again unaided."""
    times = "timeout { ping %d ms dead %d ms }" % (100 * SLOW, 4000 * SLOW)
    with daemon.Proxyd(site, config(site, extra=times)) as proxyd:
        with TcpRelay(proxyd.signer_port) as wire:
            with daemon.Signerd(site, dialing(
                    site, wire.port, extra=times)) as signerd:
                proxyd.wait_log(msg="signer registered")
                asked = cut_in_flight(wire, signerd, proxyd)
                asked.check_unavailable()
                assert asked.took < 4 * SLOW + SLACK
                proxyd.wait_log(msg="signer lost", signer="hq")
                signerd.wait_log(msg="link down", link="edge")
                wire.resume()
                proxyd.wait_log(msg="signer registered", count=2)
                assert ask(proxyd) == "sequencer"


def test_signer_that_is_killed_in_flight(site):
    """Its connection ends: no time is lost."""
    with daemon.Proxyd(site, config(
            site, ("hq", "dr"))) as proxyd:
        with cable(site, proxyd, "dr"):
            mark = proxyd.mark()
            hq = daemon.Signerd(site, dialing(site, proxyd.signer_port))
            proxyd.wait_log(mark, msg="signer registered", signer="hq")
            # It is in front, but has not been there for long.
            hq.signal("keyd", signal.SIGSTOP)
            asked = Asking(proxyd)
            proxyd.logged()
            os.killpg(hq.pid, signal.SIGKILL)
            hq.kill()
            assert asked.key() == "sequencer"
            assert asked.took < SLACK
            proxyd.wait_log(msg="signer lost", signer="hq")
            hq.process.stderr.close()


# ---- answers of every kind -------------------------------------------------


def text(value):
    """Bytes in the place of the result."""
    return lambda signer, request: b'{"jsonrpc":"2.0","id":%d,"result":%s}' \
        % (request["id"], value)


def error(value):
    return lambda signer, request: b'{"jsonrpc":"2.0","id":%d,"error":%s}' \
        % (request["id"], value)


SIGNATURE = b'"0x' + b"11" * 65 + b'"'
SENSELESS = {
    "no string": text(b"true"), "null": text(b"null"), "number": text(b"1"),
    "object": text(b'{"signature":%s}' % SIGNATURE),
    "array": text(b"[%s]" % SIGNATURE), "empty": text(b'""'),
    "no 0x": text(SIGNATURE.replace(b"0x", b"00")),
    "no hex": text(SIGNATURE.replace(b"0x11", b"0x1g")),
    "escaped": text(SIGNATURE.replace(b"0x11", b"0x\\u0031")),
    "odd": text(SIGNATURE.replace(b"0x11", b"0x1")),
    "short": text(SIGNATURE.replace(b"0x11", b"0x")),
    "long": text(SIGNATURE.replace(b"0x11", b"0x1111")),
    "code": error(b'{"code":"x","message":"m"}'),
    "fraction": error(b'{"code":1.5,"message":"m"}'),
    "no code": error(b'{"message":"m"}'),
    "no message": error(b'{"code":-32000}'),
    "message": error(b'{"code":-32000,"message":1}'),
    "error text": error(b'"no"'), "error null": error(b"null"),
    "both": lambda signer, request: dict(signers.sign(signer, request),
                                         error={"code": 1, "message": ""}),
    "busy": signers.busy,
    "no time": signers.refuse(signers.DEADLINE, "deadline exceeded"),
    "hangs up": signers.hang_up,
    "closes": lambda signer, request: signer.endpoint.send_close(1000),
    "masked": lambda signer, request: signer.endpoint.send_frame(
        wsconn.TEXT, eth.encode(signers.sign(signer, request)), mask=False),
    "utf-8": lambda signer, request: b'{"jsonrpc":"2.0","id":%d,'
    b'"result":"\xff"}' % request["id"],
}


@pytest.mark.parametrize("name", sorted(SENSELESS))
def test_senseless_answer(site, name):
    """The next one is asked at once, and the only one's client is told to
    try again."""
    with relayed(site, {"hq": SENSELESS[name], "dr": None},
                 "timeout stable 1 min", rules=RULES) as (proxyd, hq, dr):
        asked = Asking(proxyd)
        assert asked.key() == "sequencer"
        assert asked.took < SLACK
        assert (len(hq.requests), len(dr.requests)) == (1, 1)
        assert ask(proxyd, name=OTHER) == "sequencer"
        dr.vanish()
        proxyd.wait_log(msg="signer lost", signer="dr")
        if hq.ended is None:
            Asking(proxyd).check_unavailable()
            assert hq.ended is None


NOTHING = {
    "silent": signers.silent, "garbage": signers.garbage,
    "other id": signers.other_id, "no object": signers.no_object,
    "id null": lambda signer, request: dict(
        signers.sign(signer, request), id=None),
    "id text": lambda signer, request: dict(
        signers.sign(signer, request), id=str(request["id"])),
    "id spelled": lambda signer, request: b'{"jsonrpc":"2.0","id":%d.0,'
    b'"result":%s}' % (request["id"], SIGNATURE),
    "no id": lambda signer, request: {"jsonrpc": "2.0", "result": "0x11"},
    "batch": lambda signer, request: eth.encode([
        signers.sign(signer, request)]),
    "repeated": lambda signer, request: b'{"jsonrpc":"2.0","id":%d,"result":'
    b'%s,"result":%s}' % (request["id"], SIGNATURE, SIGNATURE),
    "nested": lambda signer, request: b'{"jsonrpc":"2.0","id":%d,"result":%s}'
    % (request["id"], b"[" * 600 + b"]" * 600),
    "echo": lambda signer, request: dict(request, result="0x11"),
    "empty": lambda signer, request: b"",
}


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_no_answer(site, name):
    """The time is up before the next one is asked, and no link ends."""
    with relayed(site, {"hq": NOTHING[name], "dr": None},
                 TIMES % (50000, 1500 * SLOW) + "\ntimeout stable 1 min",
                 rules=RULES) as (
                     proxyd, hq, dr):
        asked = Asking(proxyd)
        assert asked.key() == "sequencer"
        assert 1.5 * SLOW <= asked.took < 1.5 * SLOW + SLACK
        assert hq.ended is None
        assert len(dr.requests) == 1
        # Not a moment earlier, when it would not count as missed.
        proxyd.wait_log(msg="signer in doubt", signer="hq", patience=SLACK,
                        reason="no answer in time")
        # Whoever is in doubt is asked last.
        assert ask(proxyd, name=OTHER) == "sequencer"
        assert len(hq.requests) == 1


def test_twice(site):
    """The second answer is nobody's, not the next request's."""
    with relayed(site, {"hq": signers.twice}) as (proxyd, hq):
        for nonce in range(5):
            message = eth.sign_transaction(ident=nonce, nonce=hex(nonce))
            assert ask(proxyd, message) == "sequencer"
        proxyd.wait_log(msg="answer that nobody waits for", signer="hq")
        assert hq.ended is None


def test_late(site):
    """After the next one has answered, and after the client was told."""
    with relayed(site, {"hq": signers.hold, "dr": None},
                 TIMES % (6000 * SLOW, 1000 * SLOW)) as (proxyd, hq, dr):
        assert ask(proxyd) == "sequencer"
        hq.release()
        proxyd.wait_log(msg="answer that nobody waits for", signer="hq")
        dr.vanish()
        proxyd.wait_log(msg="signer lost", signer="dr")
        Asking(proxyd).check_unavailable()
        hq.wait_requests(2)
        hq.respond = signers.sign
        hq.release()
        for nonce in range(5):
            message = eth.sign_transaction(ident=nonce, nonce=hex(nonce))
            assert ask(proxyd, message) == "sequencer"


def test_late_but_in_time(site):
    """The slow one's answer counts, where the next one has none at all."""
    with relayed(site, {"hq": signers.hold, "dr": signers.silent},
                 TIMES % (50000, 100)) as (proxyd, hq, dr):
        asked = Asking(proxyd)
        dr.wait_requests()
        hq.release()
        assert asked.key() == "sequencer"
        assert asked.took < SLACK


def test_answers_to_another_signers_requests(site):
    """What a signer was not asked itself it cannot answer."""
    def guess(n):
        return rpclink.result(n, "0x" + "22" * 65)
    with relayed(site, {"hq": signers.hold, "dr": None}) as (proxyd, hq, dr):
        asked = [Asking(proxyd, dict(MESSAGE, id=n)) for n in range(5)]
        hq.wait_requests(5)
        for n in range(100):
            dr.send(guess(n))
        proxyd.wait_log(msg="answer that nobody waits for", signer="dr")
        hq.release()
        assert [each.key() for each in asked] == ["sequencer"] * 5


def test_proper_errors_are_final(site):
    with relayed(site, {"hq": signers.refuse(-32000, "no"),
                        "dr": None}) as (proxyd, _, dr):
        for _ in range(3):
            assert Asking(proxyd).error() == (-32000, "no")
        assert not dr.requests


@pytest.mark.parametrize("answer", (signers.busy, signers.hang_up))
def test_all_fail(site, answer):
    with relayed(site, {"hq": answer, "dr": answer, "far": answer}) as (
            proxyd, *made):
        asked = Asking(proxyd)
        asked.check_unavailable()
        assert asked.took < SLACK
        assert [len(each.requests) for each in made] == [1, 1, 1]


# ---- and others are not harmed ---------------------------------------------


FLOODS = {
    "answers": lambda n: rpclink.result(n, "0x" + "33" * 65),
    "errors": lambda n: rpclink.error(n + 10**6, -32000, "x"),
    "requests": lambda n: {"jsonrpc": "2.0", "id": n, "method": "eth_x",
                           "params": []},
    "notifications": lambda n: {"jsonrpc": "2.0", "method": "eth_x"},
    "garbage": lambda n: b"\x7b" * 100,
    "batches": lambda n: [{"jsonrpc": "2.0", "id": i, "method": "x"}
                          for i in range(20)],
}


@pytest.mark.parametrize("name", sorted(FLOODS))
def test_flood(site, name):
    """While one talks all the time the others serve, none too slowly."""
    keys = [ethkey.Key.recorded("sequencer")]
    with relayed(site, {"hq": None, "dr": None}, rules=RULES,
                 fake={"keys": keys}) as (proxyd, hq, dr):
        frames = b"".join(dr.endpoint.frame(
            wsconn.TEXT, each if isinstance(each, bytes) else
            eth.encode(each)) for each in map(FLOODS[name], range(2000)))
        with proxyd.connect(CLIENT) as one, proxyd.connect(OTHER) as two:
            for round_ in range(5):
                with contextlib.suppress(wsconn.Ended):
                    dr.endpoint.stream.send(frames)
                for connection in (one, two):
                    message = eth.sign_transaction(nonce=hex(round_))
                    began = time.monotonic()
                    asked = connection.rpc(message).result()
                    assert time.monotonic() - began < SLACK
                    ethkey.verify(message, asked)
        assert len(hq.requests) == 10 and hq.ended is None


def test_requests_of_signers_are_not_served(site):
    """They have nothing to ask for but their registration."""
    with relayed(site) as (proxyd, hq):
        for method in ("eth_signTransaction", "opsigner_signBlockPayload",
                       "rpc_modules"):
            outcome = hq.call({"jsonrpc": "2.0", "method": method,
                               "params": MESSAGE["params"]})
            assert outcome[0] == -32601, outcome
        assert ask(proxyd) == "sequencer"


def test_fragments_and_pings_within_answers(site):
    def slowly(signer, request):
        signer.endpoint.send_fragments(
            signers.sign(signer, request), 7,
            between=signer.endpoint.frame(wsconn.PING, b"x"))
    with relayed(site, {"hq": slowly}) as (proxyd, hq):
        assert ask(proxyd) == "sequencer"
        hq.wait_pong(b"x")


def test_signer_that_comes_back(site):
    with relayed(site, {"hq": signers.hang_up, "dr": None}) as (
            proxyd, _, dr):
        assert ask(proxyd) == "sequencer"
        with fake_signer(site, proxyd) as again:
            dr.vanish()
            proxyd.wait_log(msg="signer lost", signer="dr")
            assert ask(proxyd) == "sequencer"
            assert len(again.requests) == 1
