# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A proxy that lies to signerd: the link process outlives it, within bounds,
and serves the next link and those of other proxies."""

import contextlib
import random
import signal
import time

import pytest

from lib import daemon, eth, linked, procfs, rpclink, wsconn
from lib.linked import asked, who
from lib.proxies import FakeProxy

SEED = 20261122
SLACK = 20.0        # seconds, of a busy machine
MESSAGE = eth.payload_v1()
VERSION = {"version": 1, "software": "x/1", "features": ["client"]}
BACKOFF = "timeout backoff 100 ms\n"


@contextlib.contextmanager
def scripted(site, script, extra=""):
    """A signerd whose proxy answers registrations by the script."""
    with FakeProxy(site, script=script) as proxy:
        with daemon.Signerd(site, linked.config(
                site, proxy.port, extra=BACKOFF + extra)) as signerd:
            yield proxy, signerd


def peak(signerd):
    """KiB of memory that the link process ever had."""
    return int(procfs.status(signerd.children["link"])["VmHWM"].split()[0])


# ---- registration ----------------------------------------------------------


@pytest.mark.parametrize("ident", (
    "1", 1.0, None, 2, [1], {"id": 1}, True, -1, 10 ** 30))
def test_answers_to_something_else(site, ident):
    """Only the id that was sent, as it was spelt."""
    def script(link, message):
        assert message["id"] == 1
        link.send(rpclink.result(ident, VERSION))
        link.send(b'{"jsonrpc":"2.0","id":1e0,"result":true}')
        link.send(b'{"jsonrpc":"2.0","id":1,"id":1,"result":true}')
        link.send([rpclink.result(1, VERSION)])
        link.send({"jsonrpc": "2.0", "id": 1, "method": "no",
                   "result": True})

    with scripted(site, script, "timeout register 300 ms") as (_, signerd):
        record = signerd.wait_log(msg="link down", link="edge")
        assert "within 300 ms" in record["reason"]
        assert not signerd.logged(msg="link up")


def test_more_answers_than_one(site):
    """The first counts; what follows settles nothing anew."""
    def script(link, message):
        for more in (True, dict(VERSION, features=[]), {}, "no"):
            link.send(rpclink.result(message["id"], more if link.registered
                                     else VERSION))
        link.send(rpclink.error(message["id"], -32001, "go away"))
        link.registered = True
        link.features = frozenset(["client"])
        return rpclink.result(message["id"], VERSION)

    with scripted(site, script) as (proxy, signerd):
        link = proxy.wait_link()
        assert asked(link, MESSAGE, "a.example") == "sequencer"
        assert link.call(MESSAGE)[0] == -32602
        signerd.wait_log(msg="signed")     # what came before is there
        assert len(signerd.logged(msg="link up")) == 1
        assert not signerd.logged(msg="link down")


def test_requests_before_the_registration(site):
    """They name nobody, whatever is settled afterwards."""
    def script(link, message):
        link.send(dict(MESSAGE, id="early"))
        link.send(dict(MESSAGE, id="named", params=MESSAGE["params"] + [
            {"client": "a.example"}]))
        link.features = frozenset(["client"])
        return rpclink.result(message["id"], VERSION)

    with scripted(site, script) as (proxy, _):
        link = proxy.wait_link()
        assert who(MESSAGE, rpclink.outcome(
            link.answer("early"))) == "multi10"
        assert rpclink.outcome(link.answer("named"))[0] == -32602
        assert asked(link, MESSAGE, "a.example") == "sequencer"


@pytest.mark.parametrize("renewed", (
    rpclink.result(None, {}), rpclink.result(None, False),
    rpclink.error(None, -32001, "no more"), rpclink.error(None, -32602, "?"),
    {"jsonrpc": "2.0", "error": {"code": "x", "message": 1}},
    {"jsonrpc": "2.0"}))
def test_renewal_that_is_none(site, renewed):
    """The link ends, and comes back late."""
    def script(link, message):
        if link.registered:
            return dict(renewed, id=message["id"])
        return rpclink.result(message["id"], VERSION)

    with FakeProxy(site, script=script) as proxy:
        with daemon.Signerd(site, linked.config(
                site, proxy.port, extra="timeout { renew 50 ms backoff "
                "5 s }")) as signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            assert record["level"] == "error"
            assert int(record["retry_ms"]) >= 2500
            assert proxy.links[0].wait_end().code in (1002, 1008)


def test_renewal_without_an_answer(site):
    def script(link, message):
        return None if link.registered else rpclink.result(message["id"],
                                                           VERSION)

    with scripted(site, script, "timeout { renew 50 ms register "
                  "3 s }") as (proxy, signerd):
        record = signerd.wait_log(msg="link down", link="edge")
        assert "no answer to opsignerproxy_serveSigner" in record["reason"]
        assert proxy.links[0].wait_end().code == 1008


@pytest.mark.parametrize("text", (
    "\n time=1 msg=signed client=x", "\x1b[2J\x7f", "x" * 100000, "\u202e",
    '" msg="signed', "\\", ""))
def test_refusal_in_its_own_words(site, text):
    """They are one value of one line, and not all of it."""
    with FakeProxy(site, script=lambda link, message: rpclink.error(
            message["id"], -32001, text)) as proxy:
        with daemon.Signerd(site, linked.config(
                site, proxy.port)) as signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            assert "error -32001" in record["reason"]
            assert len(record["reason"]) < 2500
            assert not signerd.logged(msg="signed")
            assert not [each for each in signerd.records if "raw" in each]
            proxy.links[0].wait_end()


@pytest.mark.parametrize("reason", ("\n\0\x7f", "\u00e4" * 61, "x" * 123, ""))
def test_close_in_its_own_words(site, reason):
    with linked.linked(site, BACKOFF) as (proxy, signerd, link):
        link.endpoint.send_close(4000, reason)
        record = signerd.wait_log(msg="link down", link="edge")
        assert record["reason"].startswith("closed by the proxy: 4000")
        assert record["reason"].isprintable()
        assert asked(proxy.wait_link(2), MESSAGE, "a.example") == "sequencer"


# ---- slowness --------------------------------------------------------------


def test_answer_to_the_upgrade_a_byte_at_a_time(site, monkeypatch):
    """All of the beginning has one time limit, whatever keeps coming."""
    ended = []

    def upgrade(self, stream):
        wsconn.read_request(stream)
        began = time.monotonic()
        try:
            while True:
                stream.send(b"HTTP/1.1 101 X\r\n" if not ended else b"A")
                with contextlib.suppress(TimeoutError):
                    stream.more(0.02)
        except wsconn.Ended:
            ended.append(time.monotonic() - began)
            raise

    monkeypatch.setattr(FakeProxy, "_upgrade", upgrade)
    with FakeProxy(site) as proxy:
        with daemon.Signerd(site, linked.config(
                site, proxy.port, extra="timeout register 3 s")) as \
                signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            proxy.wait_failure()
            assert "websocket" in record["reason"]
    assert ended[0] < 3 + SLACK


def test_registration_a_byte_at_a_time(site):
    """Frames without end before the answer do not make it longer."""
    def script(link, message):
        link.endpoint.send_frame(wsconn.TEXT, b"{", fin=False)
        with contextlib.suppress(wsconn.Ended):
            while True:
                link.endpoint.send_frame(wsconn.CONTINUATION, b" ",
                                         fin=False)
                # Its pings and its close frame come meanwhile.
                link.endpoint.read_frame(None)

    with scripted(site, script, "timeout { register 400 ms ping 10 ms dead "
                  "1 s }") as (proxy, signerd):
        began = time.monotonic()
        record = signerd.wait_log(msg="link down", link="edge")
        assert time.monotonic() - began < 0.4 + SLACK
        assert "within 400 ms" in record["reason"]


# ---- floods ----------------------------------------------------------------


def test_flood_of_large_batches(site):
    """What waits for keyd is bounded in bytes, too."""
    # Each byte of it is counted in a build for coverage.
    flood = 12 if daemon.COVERAGE else 40
    extra = "timeout { request 50 s keyd 50 s }\nmax bodies 8 MiB"
    with linked.linked(site, BACKOFF + extra, "2025") as (_, signerd, link):
        batch = [eth.sign_transaction(n, input="0x" + "5a" * 100000)
                 for n in range(20)]
        for n, each in enumerate(batch):
            each["id"] = n
        frame = link.endpoint.frame(wsconn.TEXT, eth.encode(batch))
        assert 4000000 < len(frame) < 5 << 20
        before = peak(signerd)
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            for _ in range(flood):
                link.endpoint.stream.send(frame)
            link.wait(lambda: len(link.batches) >= flood - 4, "refusals")
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        link.wait(lambda: len(link.batches) == flood, "batches")
        signed = [each for each in link.batches
                  if all("result" in one for one in each)]
        assert 1 <= len(signed) <= 4
        assert all(rpclink.outcome(one) == (-32005, "busy")
                   for each in link.batches if each not in signed
                   for one in each)
        assert asked(link, MESSAGE) == "multi10"
        if not daemon.SANITIZE:
            assert peak(signerd) < before + 80 * 1024


def test_flood_of_nothing(site):
    """Messages that are not worth an answer."""
    with linked.linked(site, BACKOFF, "2025") as (_, signerd, link):
        small = b"".join(link.endpoint.frame(wsconn.TEXT, each) for each in (
            b"", b"[]", b"{}", b"0", b" ", b"[[]]", b"\xc3\xa4",
            b'{"jsonrpc":"2.0","id":1,"result":true}'))
        for _ in range(200):
            link.endpoint.stream.send(small * 10)
        assert asked(link, MESSAGE, patience=60) == "multi10"
        assert link.ended is None
        if not daemon.SANITIZE:
            assert peak(signerd) < 40 * 1024


def test_values_and_depth(site):
    """Each parsed document is bounded; those over it are errors."""
    with linked.linked(site, BACKOFF, "2025") as (_, signerd, link):
        for text in (b"[" * 2000000, b"[" + b"0," * 2000000 + b"0]",
                     b'{"a":' * 100000, b'"' + b"x" * 4000000 + b'"',
                     b"[" + b"{}," * 100000 + b"{}]", b"1" * 4000000):
            before = len(link.answers)
            link.send(text)
            link.wait(lambda n=before: len(link.answers) > n, "answer")
            assert link.answers[before]["error"]["code"] in (-32700, -32600)
        assert asked(link, MESSAGE) == "multi10"
        if not daemon.SANITIZE:
            assert peak(signerd) < 120 * 1024


# ---- garbage ---------------------------------------------------------------


def spoilt(chance, text):
    """A request with some of its bytes changed, left out or twice."""
    made = bytearray(text)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(made))
        kind = chance.randrange(4)
        if kind == 0:
            made[at] = chance.randrange(32, 127)
        elif kind == 1:
            del made[at:at + chance.randrange(1, 20)]
        elif kind == 2:
            made[at:at] = made[at:at + chance.randrange(1, 50)]
        else:
            made[at:at] = chance.choice((
                b"null", b"{}", b"[]", b"-1", b'"', b"\\u0000", b"1e999",
                b"0x", b",", b"99999999999999999999"))
        made = made or bytearray(b"{")
    return bytes(made)


@pytest.mark.parametrize("kind", ("v1", "2025"))
def test_spoilt_requests(site, kind):
    """What is signed of them is no other request than was asked for."""
    chance = random.Random(SEED)
    with linked.linked(site, BACKOFF, kind) as (_, signerd, link):
        texts = [eth.encode(dict(link.relayed(each, "a.example",
                                              deadline=9000), id=1))
                 for each in (eth.payload_v1(), eth.payload_v2(),
                              eth.sign_transaction(), eth.payload_kona())
                 if kind == "2025" or isinstance(each["params"], list)]
        for _ in range(100):
            for _ in range(20):
                link.send(spoilt(chance, chance.choice(texts)))
            link.call(eth.call("no", []))
        assert asked(link, MESSAGE, "a.example") in ("sequencer", "multi10")
        assert link.ended is None
        assert not signerd.logged(level="error")


def test_random_frames(site):
    """Links end of them; the process does not."""
    chance = random.Random(SEED + 1)
    with linked.linked(site, BACKOFF, "2025") as (proxy, signerd, link):
        for n in range(1, 31):
            link = proxy.wait_link(n)
            with contextlib.suppress(wsconn.Ended):
                while link.ended is None:
                    link.endpoint.stream.send(bytes(
                        chance.choice((0, 1, 0x80, 0x81, 0x82, 0x89, 0x8a,
                                       chance.randrange(256)))
                        if at % 5 == 0 else chance.randrange(128)
                        for at in range(200)))
            link.endpoint.stream.end(True)
        assert asked(proxy.wait_link(31), MESSAGE) == "multi10"
        assert not signerd.logged(msg="child died")
