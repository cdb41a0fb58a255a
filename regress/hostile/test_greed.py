# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Peers that may ask, and ask for more than their part: what it costs the
others, in order and in memory.  What it costs in time, regress/soak shows."""

import contextlib
import os
import select
import signal
import ssl
import time

import pytest

from lib import daemon, eth, linked, procfs, rpclink
from lib.httpclient import request
from lib.proxies import FakeProxy
from lib.signers import FakeSigner

pytestmark = pytest.mark.skipif(
    not os.access(daemon.PROXYD, os.X_OK), reason="this build has no proxyd")

GREEDY, MODEST = "greedy.example", "modest.example"
RULES = """
allow client "greedy.example" %s chain 10
allow client "modest.example" %s chain 10
"""
HEALTH = eth.encode(eth.call("health_status", []))
VALUES = 49000              # just within `max values`
LARGE = b'["large",' + b"1," * VALUES + b"1]"
TOO_LARGE = [rpclink.error(None, -32600, "batch too large")]
MIB = 1024 * 1024
KINDS = ("frontend", "relay")


@contextlib.contextmanager
def serving(site, kind, extra=""):
    """The daemon with that process, and the process's id."""
    if kind == "frontend":
        key = 'key "sequencer"'
        with daemon.Signerd(site, site.config(
                RULES % (key, key), extra=extra)) as signerd:
            yield signerd, signerd.children[kind]
        return
    text = site.relay([site.signer("hq", [linked.ADDRESS["sequencer"]])],
                      RULES % ("", ""), extra)
    with daemon.Proxyd(site, text) as proxyd:
        with FakeSigner(site, proxyd.signer_port):
            yield proxyd, proxyd.children[kind]


@contextlib.contextmanager
def stopped(pid):
    """What is sent within comes all at once, for that process."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def connected(stack, server, name, count):
    made = [stack.enter_context(server.connect(name)) for _ in range(count)]
    for each in made:
        assert each.exchange(body=HEALTH).status == 200
    return made


def answered(connections):
    return sum(not each.quiet() for each in connections)


def kilobytes(pid, what):
    return int(procfs.status(pid)[what].split()[0])


# ---- turns -----------------------------------------------------------------


def few(turn, most):
    """Whether turn() counts fewer; a busy machine may let it come too late,
    when the others have had theirs, but not each time."""
    return any(turn() < most for _ in range(10))


@pytest.mark.parametrize("kind", KINDS)
def test_large_bodies_take_turns(site, kind):
    """One after the other, and what is small does not wait for them."""
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(site, kind))
        greedy = connected(stack, server, GREEDY, 16)
        modest = connected(stack, server, MODEST, 1)[0]

        def turn():
            with stopped(pid):
                for each in greedy:
                    each.send(request(body=LARGE))
            for _ in range(3):
                modest.exchange(body=HEALTH).result()
            count = answered(greedy)
            for each in greedy:
                assert each.read_response().json() == TOO_LARGE
            return count

        assert few(turn, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_turns_are_by_client(site, kind):
    """A large one of another does not wait for all that came before."""
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(site, kind))
        greedy = connected(stack, server, GREEDY, 16)
        modest = connected(stack, server, MODEST, 1)[0]

        def turn():
            with stopped(pid):
                for each in greedy:
                    each.send(request(body=LARGE))
            greedy[0].read_response()
            modest.send(request(body=LARGE))
            modest.read_response()
            count = answered(greedy[1:])
            for each in greedy[1:]:
                each.read_response()
            return count

        assert few(turn, 12)


@pytest.mark.parametrize("kind", KINDS)
def test_turn_comes_in_time_or_not_at_all(site, kind):
    """Status 503 is the answer to what waits for longer; no other comes."""
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(
            site, kind, "timeout { request 10 ms }\nhedge after 5 ms"
            if kind == "relay" else "timeout { request 10 ms keyd 10 ms }"))
        greedy = connected(stack, server, GREEDY, 24)
        with stopped(pid):
            for each in greedy:
                each.send(request(body=LARGE))
        late = 0
        for each in greedy:
            answer = each.read_response()
            late += answer.status == 503
            if answer.status == 503:
                assert answer.body == b"" and answer.field("Retry-After")
            else:
                assert answer.json() == TOO_LARGE
        assert late > 0
        server.wait_log(msg="unavailable", reason="deadline")
        for each in greedy:
            assert each.exchange(body=HEALTH).status == 200


def test_client_that_goes_while_it_waits(site):
    """Its turn is another's; what it has sent is forgotten."""
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(site, "frontend"))
        greedy = connected(stack, server, GREEDY, 16)
        with stopped(pid):
            for each in greedy:
                each.send(request(body=LARGE))
        greedy[0].read_response()
        for each in greedy[1::2]:
            each.close()
        for each in greedy[2::2]:
            each.read_response()
        server.rpc(eth.payload_v2(), MODEST).result()


def test_requests_after_a_large_one(site):
    """On its own connection they wait for it, and are answered in order."""
    with contextlib.ExitStack() as stack:
        server, _ = stack.enter_context(serving(site, "frontend"))
        one = connected(stack, server, GREEDY, 1)[0]
        batch = [eth.payload_v2(n) for n in range(40)]
        body = eth.encode(batch)
        assert len(body) > 8192
        one.send((request(body=body) + request(body=HEALTH)) * 5)
        for _ in range(5):
            assert len(one.read_response().json()) == 40
            assert "result" in one.read_response().json()


def test_messages_of_signers_take_turns(site):
    with contextlib.ExitStack() as stack:
        proxyd, pid = stack.enter_context(serving(site, "relay"))
        modest = connected(stack, proxyd, MODEST, 1)[0]

        def turn():
            with contextlib.ExitStack() as linked_:
                links = [linked_.enter_context(FakeSigner(
                    site, proxyd.signer_port, register=False))
                    for _ in range(8)]
                with stopped(pid):
                    for each in links:
                        each.send(LARGE)
                for _ in range(3):
                    modest.exchange(body=HEALTH).result()
                count = sum(len(each.texts) for each in links)
                for each in links:
                    each.wait(lambda each=each: each.texts, "answer to junk")
            return count

        assert few(turn, 5)


def test_messages_of_proxies_take_turns(site):
    """And one that stops to send them is as good as before."""
    labels = ["p%d" % n for n in range(9)]
    rules = "".join('allow via "%s" client "a.example" key "sequencer" '
                    "chain 10\n" % each for each in labels)
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(FakeProxy(site)) for _ in labels]
        text = linked.config(site, *[each.port for each in proxies],
                             labels=labels, rules=rules)
        signerd = stack.enter_context(daemon.Signerd(site, text))
        good, *bad = [each.wait_link() for each in proxies]

        def turn():
            texts = sum(len(each.texts) for each in bad)
            junk = [len(each.answers_to(None)) for each in bad]
            with stopped(signerd.children["link"]):
                for each in bad:
                    each.send(LARGE)
            for _ in range(3):
                good.call(eth.call("health_status", []))
            count = sum(len(each.texts) for each in bad) - texts
            for each, n in zip(bad, junk):
                each.wait(lambda each=each, n=n:
                          len(each.answers_to(None)) > n, "answer")
                each.call(each.relayed(eth.payload_v2(), "a.example"))
            return count

        assert few(turn, 5)


# ---- keyd ------------------------------------------------------------------

WINDOW = 32                 # requests that are in keyd at once


def order(records, name):
    return [each["client"] for each in records].index(name)


def test_connections_of_a_client_share_its_turns(site):
    """A hundred of them are no more than one of another's."""
    with contextlib.ExitStack() as stack:
        server, _ = stack.enter_context(serving(site, "frontend"))
        greedy = connected(stack, server, GREEDY, 100)
        modest = connected(stack, server, MODEST, 1)[0]
        with stopped(server.children["keyd"]):
            for each in greedy:
                each.send(request(body=eth.encode(eth.payload_v2())))
            for each in greedy[::33]:
                assert each.quiet()
            with server.connect(GREEDY) as other:
                other.exchange(body=HEALTH).result()
            modest.send(request(body=eth.encode(eth.payload_v2())))
            with server.connect(MODEST) as other:
                other.exchange(body=HEALTH).result()
        modest.read_response().result()
        for each in greedy:
            each.read_response().result()
        server.wait_log(msg="signed", count=101)
        assert order(server.logged(msg="signed"), MODEST) <= WINDOW + 2


def test_clients_of_a_link_take_turns(site):
    rules = "".join('allow via "edge" client "%s" key "sequencer" chain 10\n'
                    % each for each in (GREEDY, MODEST))
    with FakeProxy(site) as edge:
        text = linked.config(site, edge.port, rules=rules)
        with daemon.Signerd(site, text) as signerd:
            link = edge.wait_link()
            with stopped(signerd.children["keyd"]):
                asked = [link.ask(link.relayed(eth.payload_v2(), GREEDY))
                         for _ in range(100)]
                asked.append(link.ask(link.relayed(eth.payload_v2(),
                                                   MODEST)))
                # It is answered at once: all before it has been taken.
                link.call(eth.call("health_status", []))
            for each in asked:
                assert "result" in link.answer(each)
            signerd.wait_log(msg="signed", count=101)
            assert order(signerd.logged(msg="signed"), MODEST) <= WINDOW + 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_requests_at_once(site, kind):
    """All are answered, in order; another's goes in between."""
    count = 1000
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(site, kind))
        before = kilobytes(pid, "VmHWM")
        greedy = connected(stack, server, GREEDY, 1)[0]
        modest = connected(stack, server, MODEST, 1)[0]
        with stopped(pid):
            greedy.send(b"".join(request(body=eth.encode(
                eth.payload_v2(n, chain=11))) for n in range(count)))
            modest.send(request(body=eth.encode(eth.payload_v2(chain=11))))
        assert modest.read_response().error()
        for n in range(count):
            assert greedy.read_response().json()["id"] == n
        server.wait_log(msg="refused", count=count + 1)
        assert order(server.logged(msg="refused"), MODEST) < 100
        assert kilobytes(pid, "VmHWM") - before < 8192 or daemon.SANITIZE


# ---- what nobody has asked for ---------------------------------------------

USELESS = 50
ENDED = (1008, "too much that nobody has asked for")
JUNK = {
    "requests": b'{"jsonrpc":"2.0","id":1,"method":"health_status"}',
    "notifications": b'{"jsonrpc":"2.0","method":"x"}',
    "no JSON": b"{",
    "blank": b"  ",
    "large answers": b'{"jsonrpc":"2.0","id":99,"result":"' + b"a" * 9000 +
    b'"}',
}


@pytest.mark.parametrize("what", JUNK)
def test_useless_messages_end_a_link(site, what):
    with serving(site, "relay") as (proxyd, _):
        proxyd.wait_log(msg="signer registered")
        with FakeSigner(site, proxyd.signer_port) as signer:
            signer.unreadable = lambda text: None
            for _ in range(USELESS):
                signer.send(JUNK[what])
            signer.register()
            assert signer.ended is None
            proxyd.rpc(eth.payload_v2(), MODEST).result()
            signer.send(JUNK[what])
            ended = signer.wait_end()
            assert (ended.code, ended.reason) == ENDED
        assert proxyd.rpc(eth.payload_v2(), MODEST).status == 503
        with FakeSigner(site, proxyd.signer_port):
            proxyd.rpc(eth.payload_v2(), MODEST).result()


def test_late_answers_end_no_link(site):
    """A signer that is slow sends those, and they are short."""
    with serving(site, "relay") as (proxyd, _):
        with FakeSigner(site, proxyd.signer_port) as signer:
            for n in range(4 * USELESS):
                signer.send(rpclink.result(10000 + n, "0x" + "11" * 65))
            signer.register()
            proxyd.rpc(eth.payload_v2(), MODEST).result()
            assert signer.ended is None


# ---- memory ----------------------------------------------------------------

BODIES = [
    b"[" + b"1," * (5 * MIB // 2 - 2) + b"1]",
    b"[" * (5 * MIB),
    b'["' + b"a" * (5 * MIB - 4) + b'"]',
    LARGE,
]


class Feeding:
    """A body that is sent as the other side takes it."""

    def __init__(self, connection, body):
        self.connection = connection
        self.left = memoryview(request(body=body))
        connection.sock.settimeout(0)

    def step(self):
        """False where there is nothing more to do."""
        try:
            if self.left:
                self.left = self.left[
                    self.connection.sock.send(self.left[:262144]):]
            return not self.connection.sock.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        except OSError:
            return False


@pytest.mark.parametrize("kind", KINDS)
def test_large_bodies_on_every_connection(site, kind):
    """They share `max bodies`, and one at a time is made a tree."""
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(
            site, kind, "max bodies 16 MiB"))
        before = kilobytes(pid, "VmHWM")
        feeding = [Feeding(each, BODIES[n % len(BODIES)]) for n, each in
                   enumerate(connected(stack, server, GREEDY, 24))]
        while feeding:
            feeding = [each for each in feeding if each.step()]
            if feeding:
                select.select([each.connection.sock for each in feeding],
                              [], [], 0.01)
        server.rpc(eth.payload_v2(), MODEST).result()
        grown = kilobytes(pid, "VmHWM") - before
        assert grown < 48 * 1024 or daemon.SANITIZE, grown


@pytest.mark.parametrize("body", BODIES[:3], ids=("numbers", "deep", "long"))
def test_large_bodies_at_proxyd(site, body):
    """A million numbers do not cost 200 MB; signerd's own test is that of
    test_limits.py."""
    with serving(site, "relay") as (proxyd, pid):
        before = kilobytes(pid, "VmHWM")
        with proxyd.connect(GREEDY) as greedy:
            greedy.send_until_answered(request(body=body))
            assert "error" in greedy.read_response().json() or \
                body is BODIES[2]
        grown = kilobytes(pid, "VmHWM") - before
        assert grown < 24 * 1024 or daemon.SANITIZE, grown


def test_a_million_numbers_by_link(site):
    with linked.linked(site) as (_, signerd, link):
        pid = signerd.children["link"]
        before = kilobytes(pid, "VmHWM")
        link.send(BODIES[0])
        link.wait(lambda: link.answers_to(None), "answer")
        assert link.answers_to(None)[0]["error"]["code"] == -32700
        grown = kilobytes(pid, "VmHWM") - before
        assert grown < 24 * 1024 or daemon.SANITIZE, grown


@pytest.mark.skipif(daemon.SANITIZE, reason="the sanitizer's own malloc")
@pytest.mark.parametrize("kind", KINDS)
def test_idle_connections(site, kind):
    """Each is under 40 kB, and when they have gone so has their memory."""
    count = 300
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(
            site, kind, "max connections-per-address 400"))
        connected(stack, server, MODEST, 1)
        before = kilobytes(pid, "RssAnon")
        with contextlib.ExitStack() as idle:
            connected(idle, server, GREEDY, count)
            grown = kilobytes(pid, "RssAnon") - before
            assert count < grown < count * 40
        wait_small(server, pid, before + 384)


def wait_small(server, pid, most):
    """It gives back what it has freed, within a while."""
    until = time.monotonic() + daemon.PATIENCE
    while kilobytes(pid, "RssAnon") > most:
        assert time.monotonic() < until, (kilobytes(pid, "RssAnon"), most)
        server.rpc(eth.call("health_status", []), MODEST)


@pytest.mark.skipif(daemon.SANITIZE, reason="the sanitizer's own malloc")
def test_large_messages_leave_nothing(site):
    with contextlib.ExitStack() as stack:
        server, pid = stack.enter_context(serving(site, "relay"))
        greedy = connected(stack, server, GREEDY, 8)
        before = kilobytes(pid, "RssAnon")
        strings = b"[" + b",".join([b'"' + b"a" * 90 + b'"'] * VALUES) + b"]"
        for each in greedy:
            each.send_until_answered(request(body=strings))
            each.read_response()
        wait_small(server, pid, before + 2048)


@pytest.mark.skipif(daemon.SANITIZE, reason="the sanitizer's own malloc")
def test_batches_by_link_leave_nothing(site):
    rules = 'allow via "edge" client "a.example" key "sequencer" chain 10\n' \
        'allow client "modest.example" key "sequencer" chain 10'
    with linked.linked(site, rules=rules) as (_, signerd, link):
        pid = signerd.children["link"]
        before = kilobytes(pid, "RssAnon")
        for _ in range(5):
            link.send([dict(link.relayed(eth.payload_v2(n), "a.example"))
                       for n in range(1000)])
        link.wait(lambda: len(link.batches) == 5, "answers")
        until = time.monotonic() + daemon.PATIENCE
        while kilobytes(pid, "RssAnon") > before + 2048:
            assert time.monotonic() < until
            link.call(eth.call("health_status", []))
