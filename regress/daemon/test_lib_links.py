# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What stands in for signers, proxies and the wire between them, tried
against each other: no daemon runs here."""

import base64
import contextlib
import ssl
import time

import pytest

from lib import (certs, eth, ethkey, proxies, rpclink, secp256k1, signers,
                 wsconn)
from lib.proxies import FakeProxy
from lib.signers import FakeSigner
from lib.tcprelay import TcpRelay

KINDS = ("2025", "v1")
ADDRESS = {"sequencer": "0x37b74bb9bb365760657ab18581ae67613e9eaafc",
           "batcher": "0x05b4b087e84cc1ab1e96aeb84a56bfffedfb005a",
           "multi10": "0xb2290f2b6b85189d35aa4f8ea148071528910781"}
REQUESTS = (
    eth.payload_v1(sender=ADDRESS["batcher"]), eth.payload_v1(chain=2**200),
    eth.sign_transaction(**{"from": ADDRESS["batcher"]}),
    eth.sign_transaction(input="0x" + "ab" * 5000, accessList=[
        {"address": eth.TO, "storageKeys": ["0x" + "01" * 32]}]))
SHORT = 0.3         # seconds in which nothing is to happen


@contextlib.contextmanager
def linked(site, kind="v1", cable=None, **named):
    """A proxy and a registered signer, by way of a relay or straight."""
    with FakeProxy(site, kind) as proxy:
        if cable is not None:
            cable.target = proxy.port
        with FakeSigner(site, proxy.port if cable is None else cable.port,
                        keys=("sequencer", "batcher"), kind=kind,
                        **named) as signer:
            yield proxy.wait_link(), signer


@pytest.fixture
def cable():
    with TcpRelay(None) as made:
        yield made


# ---- keys ------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ADDRESS))
def test_recorded_keys(name):
    key = ethkey.Key.recorded(name)
    assert eth.hexa(key.address) == ADDRESS[name]
    inverse = (secp256k1.G[0], secp256k1.P - secp256k1.G[1])
    assert secp256k1.combine(key.secret, 0, inverse) == key.public
    assert secp256k1.combine(0, secp256k1.N - key.secret,
                             inverse) == key.public
    assert secp256k1.combine(key.secret, key.secret, inverse) is None


@pytest.mark.parametrize("explicit", ("batcher-explicit",))
def test_other_forms_of_a_key(explicit):
    assert ethkey.Key.recorded(explicit).secret == \
        ethkey.Key.recorded("batcher").secret


def test_key_files():
    with open("%s/sequencer.pem" % ethkey.KEYS) as f:
        assert ethkey.Key.recorded("sequencer").pem() == f.read()


def test_signatures_are_those_of_rfc6979():
    """With the vector that libsecp256k1's users share: key 1, "Satoshi
    Nakamoto" by SHA-256."""
    r, s, _ = secp256k1.sign(1, secp256k1.hashlib.sha256(
        b"Satoshi Nakamoto").digest())
    assert "%064x%064x" % (r, s) == (
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5")


def test_derived_keys_sign():
    for n in range(20):
        key = ethkey.Key.derived("key %d" % n)
        digest = eth.keccak256(b"%d" % n)
        assert secp256k1.recover(digest, *secp256k1.sign(
            key.secret, digest)) == key.address


# ---- signer and proxy ------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_signing(site, cable, kind, number):
    request = REQUESTS[number]
    wanted = "sequencer" if number in (1, 3) else "batcher"
    with linked(site, kind, cable) as (link, signer):
        result = link.relay(request, "a.example", deadline=800)
        assert eth.hexa(ethkey.verify(request, result)) == ADDRESS[wanted]
        last = signer.requests[-1]["params"]
        assert last[1:] == ([] if kind == "2025" else [
            {"client": "a.example", "deadline": 800}])
    assert cable.connections == 1 and cable.up > 0 and cable.down > 0


def test_registration_of_2025(site):
    with linked(site, "2025") as (link, signer):
        assert signer.registration["result"] is True
        signer.register()
        assert link.registrations == [None, None]
        assert link.name == "signer.example"
        code, text = link.call(eth.payload_v2())
        assert code == -32601 and "opsigner_signBlockPayloadV2" in text
        assert link.call(eth.payload_kona()) == (-32602, "non-array args")


def test_registration_with_an_object(site):
    with linked(site, methods=["block-payload"], chains=[10]) as (link, _):
        assert link.features == {"client", "deadline"}
        (offer,), = link.registrations
        assert offer["keys"][0] == {
            "address": ADDRESS["sequencer"], "chains": ["0xa"],
            "methods": ["block-payload"]}
        # What is settled first holds: exactly two.
        assert link.call(eth.payload_v1())[0] == -32602


def test_object_for_a_proxy_of_2025(site):
    with FakeProxy(site, "2025") as proxy:
        with FakeSigner(site, proxy.port) as signer:
            assert signer.refusal == proxies.TOO_MANY
            signer.kind = "2025"
            signer.register()
            assert signer.refusal is None
            assert proxy.wait_link().registrations[1] is None


def test_refused_registration(site):
    text = "signer.example does not hold 0x01"
    with FakeProxy(site, refusal=text) as proxy:
        with FakeSigner(site, proxy.port) as signer:
            assert signer.refusal == (-32001, text)
            ended = signer.wait_end()
            assert (ended.code, ended.reason) == (1008, text)
            assert proxy.links[0].wait_end().code == 1008
        assert not proxy.registered


def test_script(site):
    with FakeProxy(site, script=lambda link, message: rpclink.error(
            message["id"], -32601, "no such thing")) as proxy:
        with FakeSigner(site, proxy.port) as signer:
            assert signer.refusal[0] == -32601


def test_close_codes(site):
    with linked(site) as (link, signer):
        assert link.close(4001, "replaced").code == 4001
        ended = signer.wait_end()
        assert (ended.code, ended.reason) == (4001, "replaced")


def test_vanished_signer(site):
    with linked(site) as (link, signer):
        signer.vanish()
        assert link.wait_end().code is None


def test_proxy_that_restarts(site):
    with FakeProxy(site) as proxy:
        signer = FakeSigner(site, proxy.port)
        proxy.vanish()
        assert signer.wait_end().code is None
        with proxies.restarted(proxy, site, kind="2025") as other:
            with FakeSigner(site, other.port, kind="2025"):
                other.wait_link()


def test_proxy_that_stops(site):
    with FakeProxy(site) as proxy:
        signer = FakeSigner(site, proxy.port)
        proxy.stop()
        assert signer.wait_end().code == 1001
        with pytest.raises(ConnectionRefusedError):
            FakeSigner(site, proxy.port)


def test_proxy_that_answers_otherwise(site):
    with FakeProxy(site) as proxy:
        proxy.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        with pytest.raises(wsconn.NotUpgraded) as e:
            FakeSigner(site, proxy.port)
        assert e.value.args[0] == 403


def test_proxy_that_says_nothing(site):
    with FakeProxy(site) as proxy:
        proxy.mute = True
        with TcpRelay(proxy.port) as cable:
            raw = wsconn.socket.create_connection(
                ("127.0.0.1", cable.port), SHORT)
            raw.sendall(b"anything")
            with pytest.raises(TimeoutError):
                raw.recv(1)
            raw.close()


def test_strangers(site, tmp_path):
    other = certs.Authority(str(tmp_path), "foreign")
    context = signers.tls_of(other, "signer.example", site.authority.ca)
    with FakeProxy(site) as proxy:
        with pytest.raises((OSError, ssl.SSLError, wsconn.Ended)):
            FakeSigner(site, proxy.port, tls=context)
        assert isinstance(proxy.wait_failure(), ssl.SSLError)
        with pytest.raises((OSError, ssl.SSLError, wsconn.Ended)):
            FakeSigner(site, proxy.port, tls=site.tls(None))
        proxy.wait_failure(2)
    foreign = FakeProxy(site, pair=other.proxy())
    with foreign as proxy, pytest.raises(ssl.SSLCertVerificationError):
        FakeSigner(site, proxy.port)


# ---- signers that misbehave ------------------------------------------------


@pytest.mark.parametrize("answer,outcome", (
    (signers.busy, (-32005, "busy")),
    (signers.wrong, "0x" + "11" * 65),
    (signers.refuse(-32006, "deadline exceeded"),
     (-32006, "deadline exceeded"))))
def test_other_answers(site, answer, outcome):
    with linked(site, answer=answer) as (link, _):
        assert link.relay(REQUESTS[0]) == outcome


def test_two_answers(site):
    with linked(site, answer=signers.twice) as (link, _):
        ident = link.ask(link.relayed(REQUESTS[0]))
        assert link.answer(ident, count=2) == link.answer(ident)


def test_answer_with_another_id(site):
    with linked(site, answer=signers.other_id) as (link, _):
        ident = link.ask(link.relayed(REQUESTS[0]))
        assert "result" in link.answer(987654321)
        assert not link.answers_to(ident)


def test_late_answer(site):
    with linked(site, answer=signers.hold) as (link, signer):
        ident = link.ask(link.relayed(REQUESTS[0]))
        signer.wait_requests()
        assert not link.answers
        signer.release()
        ethkey.verify(REQUESTS[0], rpclink.outcome(link.answer(ident)))


@pytest.mark.parametrize("answer", (signers.garbage, signers.no_object))
def test_garbage_is_a_fault(site, answer):
    """The proxy that stands in is strict; a daemon need not be."""
    with pytest.raises(AssertionError):
        with linked(site, answer=answer) as (link, _):
            link.relay(REQUESTS[0])


def test_hanging_up(site):
    with linked(site, answer=signers.hang_up) as (link, _):
        link.ask(link.relayed(REQUESTS[0]))
        assert link.wait_end().code is None


def test_batch(site):
    with linked(site) as (link, _):
        batch = [link.relayed(dict(each, id=n))
                 for n, each in enumerate(REQUESTS)]
        answers = link.call_batch(batch)
        assert [each["id"] for each in answers] == list(range(len(batch)))


def test_parse_error(site):
    with linked(site) as (link, _):
        link.send(b"{]")
        assert link.answer(None)["error"]["code"] == -32700
        link.relay(REQUESTS[0])
    with linked(site, "2025") as (link, _):
        link.send(b"{]")
        assert link.wait_end().code is None


# ---- the wire --------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_cut_and_resumed(site, cable, kind):
    with linked(site, kind, cable) as (link, signer):
        link.relay(REQUESTS[0])
        cable.cut()
        ident = link.ask(link.relayed(REQUESTS[1]))
        began = time.monotonic()
        with pytest.raises(AssertionError):
            link.answer(ident, SHORT)
        assert time.monotonic() - began >= SHORT
        assert len(signer.requests) == 1, "it came through the cut"
        assert link.ended is None and signer.ended is None
        cable.resume()
        ethkey.verify(REQUESTS[1], rpclink.outcome(link.answer(ident)))


def test_cut_hides_the_end(site, cable):
    with linked(site, cable=cable) as (link, signer):
        cable.cut()
        signer.vanish(reset=True)
        with pytest.raises(AssertionError):
            link.wait_end(SHORT)
        cable.resume()
        assert link.wait_end().code is None


def test_no_connection_through_a_cut(site, cable):
    with linked(site, cable=cable) as (link, _):
        cable.cut()
        raw = wsconn.socket.create_connection(("127.0.0.1", cable.port),
                                              SHORT)
        with pytest.raises(TimeoutError):
            raw.recv(1)
        assert cable.connections == 1
        raw.close()


def test_dropped_connections(site, cable):
    with linked(site, cable=cable) as (link, signer):
        cable.drop()
        assert link.wait_end().code is None
        assert signer.wait_end().code is None
        with FakeSigner(site, cable.port):
            link.proxy.wait_link(2)
        assert cable.connections == 2


def test_much_at_once(site, cable):
    """More than any buffer on the way holds, both ways."""
    large = eth.sign_transaction(input="0x" + "ab" * 500000)
    with linked(site, "2025", cable, answer=lambda _, request: rpclink.result(
            request["id"], request["params"][0]["input"])) as (link, _):
        ids = [link.ask(large) for _ in range(20)]
        for each in ids:
            assert rpclink.outcome(link.answer(each)) == "0x" + "ab" * 500000
        cable.wait_bytes(2 * 10**7, 2 * 10**7)


def test_several_connections(site, cable):
    with FakeProxy(site) as proxy:
        cable.target = proxy.port
        with contextlib.ExitStack() as stack:
            made = [stack.enter_context(FakeSigner(
                site, cable.port, keys=(ethkey.Key.derived("s%d" % n),),
                name="s%d.example" % n)) for n in range(5)]
            cable.wait_connections(5)
            proxy.wait_link(5)
            for signer in made:
                link, = [each for each in proxy.registered
                         if each.name == signer.name]
                result = link.relay(REQUESTS[1])
                assert ethkey.verify(REQUESTS[1], result) == \
                    signer.keys[0].address


# ---- frames ----------------------------------------------------------------


def test_pings(site):
    with linked(site) as (link, signer):
        link.endpoint.ping(b"abc")
        link.wait_pong(b"abc")
        assert signer.wait_pings()[0].payload == b"abc"
        signer.endpoint.answers_pings = False
        link.endpoint.ping(b"def")
        signer.wait_pings(2)
        link.relay(REQUESTS[0])
        assert not any(each.payload == b"def" for each in link.controls)


@pytest.mark.parametrize("size", (1, 7, 125, 126, 1000))
def test_fragments(site, size):
    with linked(site, "2025") as (link, signer):
        message = dict(REQUESTS[0], id="whole")
        link.endpoint.send_fragments(message, size,
                                     link.endpoint.frame(wsconn.PING, b"p"))
        link.answer("whole")
        count = -(-len(eth.encode(message)) // size) - 1
        assert len(signer.pings()) == count


@pytest.mark.parametrize("length", (0, 125, 126, 65535, 65536, 200000))
def test_lengths(site, length):
    with linked(site) as (link, signer):
        text = b'{"jsonrpc":"2.0","id":7,"result":"%s"}' % (b"a" * length)
        signer.endpoint.send(text)
        assert link.answer(7)["result"] == "a" * length


@pytest.mark.parametrize("breach", (
    {"mask": False}, {"rsv": 4}, {"form": 16}, {"form": 64},
    {"opcode": 3}, {"opcode": 11}, {"opcode": wsconn.CONTINUATION},
    {"opcode": wsconn.BINARY}, {"opcode": wsconn.PING, "fin": False},
    {"payload": b"\xff\xfe"}))
def test_breaches_are_noticed(site, breach):
    with FakeProxy(site) as proxy:
        signer = FakeSigner(site, proxy.port)
        link = proxy.wait_link()
        named = dict({"opcode": wsconn.TEXT, "payload": b"{}"}, **breach)
        signer.endpoint.send_frame(**named)
        with pytest.raises(AssertionError):
            link.wait_end()
        signer.vanish()
        proxy.links.clear()


def test_announced_and_never_sent(site):
    with linked(site) as (link, signer):
        signer.endpoint.stream.send(signer.endpoint.frame(
            wsconn.TEXT, b"{", announce=100))
        signer.endpoint.stream.half_close()
        assert link.wait_end().code is None


def test_stopping_to_read(site):
    with linked(site, "2025") as (link, signer):
        signer.endpoint.stream.pause()
        ident = link.ask(REQUESTS[0])
        with pytest.raises(AssertionError):
            link.answer(ident, SHORT)
        signer.endpoint.stream.resume()
        link.answer(ident)


def test_unread_output_is_noticed(site):
    with linked(site, "2025") as (link, signer):
        signer.endpoint.stream.pause()
        with pytest.raises(TimeoutError):
            link.endpoint.stream.send(link.endpoint.frame(
                wsconn.TEXT, bytes(1 << 24)), patience=SHORT)


def test_payload_of_the_first_version(site):
    """The array, the number and the base64 that Go writes."""
    argument = eth.payload_v1()["params"][0]
    assert base64.b64decode(argument["payloadHash"]) == eth.HASH
    assert ethkey.verify(eth.payload_kona(), {"signature": eth.hexa(
        ethkey.Key.recorded("multi10").payload())}) == eth.unhex(
            ADDRESS["multi10"])
