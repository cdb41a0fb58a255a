# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Links with much to do, links that come and go, and those beside them."""

import contextlib
import signal
import threading
import time

import pytest

from lib import daemon, dns, eth, linked, procfs, rpclink, wsconn
from lib.linked import asked, who
from lib.proxies import FakeProxy
from lib.tcprelay import TcpRelay

SLACK = 20.0        # seconds, of a busy machine
LONG = "timeout { request 50 s keyd 50 s }\n"
DEAD = "timeout { ping 200 ms dead 4 s backoff 500 ms }\n"
TWO = """
allow via "edge" client "a.example" key "sequencer" chain 10
allow via "core" client "a.example" key "batcher" chain 10
"""


def numbered(n):
    return eth.payload_v1(hash=n.to_bytes(32, "big"))


def outcome_of(link, ident):
    return rpclink.outcome(link.answer(ident))


@contextlib.contextmanager
def stopped(signerd, child="keyd"):
    """It does not move meanwhile."""
    signerd.signal(child, signal.SIGSTOP)
    try:
        yield
    finally:
        signerd.signal(child, signal.SIGCONT)


def settle(link, payload=b"all before it has been read"):
    link.endpoint.ping(payload)
    link.wait_pong(payload)


# ---- many in flight --------------------------------------------------------


def test_answers_out_of_order(site):
    """What needs no key is not held up by what does; each finds its own."""
    with linked.linked(site, LONG) as (_, signerd, link):
        with stopped(signerd):
            slow = [link.ask(link.relayed(numbered(n), "a.example"))
                    for n in range(50)]
            late = link.ask(link.relayed(numbered(99), "a.example",
                                         deadline=300))
            quick = [link.ask(eth.call("no_%d" % n, [])) for n in range(50)]
            for n, each in enumerate(quick):
                code, text = outcome_of(link, each)
                assert code == -32601 and "no_%d does" % n in text
            assert outcome_of(link, late) == (-32006, "deadline exceeded")
            assert not any(link.answers_to(each) for each in slow)
        for n, each in enumerate(slow):
            assert who(numbered(n), outcome_of(link, each)) == "sequencer"
        assert len(link.answers) == 101
        # keyd has not signed what was too late by then.
        signerd.wait_log(msg="unavailable", link="edge", reason="deadline",
                         client="a.example")
        assert len(signerd.logged(msg="signed")) == 50


def test_a_batch_does_not_hold_up_a_request(site):
    with linked.linked(site, LONG) as (_, signerd, link):
        with stopped(signerd):
            link.send([dict(link.relayed(numbered(n), "a.example"), id=n)
                       for n in range(900)])
            one = link.ask(link.relayed(numbered(1000), "a.example"))
            settle(link)
        assert who(numbered(1000), outcome_of(link, one)) == "sequencer"
        link.wait(lambda: link.batches, "batch")
        assert link.answers[0]["id"] == one
        assert [each["id"] for each in link.batches[0]] == list(range(900))


def test_stop_with_many_in_flight(site):
    """SIGTERM: all of them are answered, and then the close frame comes."""
    with linked.linked(site, LONG) as (_, signerd, link):
        with stopped(signerd):
            ids = [link.ask(link.relayed(numbered(n), "a.example"))
                   for n in range(100)]
            settle(link)
            mark = signerd.mark()
            signerd.process.send_signal(signal.SIGTERM)
            signerd.wait_log(mark, process="signerd", level="info")
            # Until the link process has been told.
            while outcome_of(link, link.ask(link.relayed(
                    numbered(0), "a.example", deadline=100)))[0] != -32005:
                pass
        for n, each in enumerate(ids):
            assert who(numbered(n), outcome_of(link, each)) == "sequencer"
        assert link.wait_end().code == 1001
        assert signerd.wait() == 0
        assert not signerd.logged(msg="link down")


# ---- coming back -----------------------------------------------------------


def ask_on(link, first, results):
    """Asks until the link ends: what came of each request."""
    with contextlib.suppress(wsconn.Ended, TimeoutError, AssertionError,
                             OSError):
        for n in range(first, first + 10000):
            message = numbered(n)
            results.append((message, link.relay(message, "a.example")))


def test_reconnection_under_load(site):
    """No answer is lost on a link that lives, or comes on another one."""
    with linked.linked(site, "timeout backoff 100 ms") as (
            proxy, signerd, link):
        results = []
        for n in range(1, 16):
            link = proxy.wait_link(n)
            threads = [threading.Thread(target=ask_on, args=(
                link, 100000 * n + 20000 * i, results)) for i in range(4)]
            for each in threads:
                each.start()
            before = len(link.answers)
            link.wait(lambda: len(link.answers) >= before + 20, "answers")
            if n % 3 == 0:
                link.endpoint.send_close(1001)
            else:
                link.vanish(reset=n % 3 == 1)
            for each in threads:
                each.join(daemon.PATIENCE)
                assert not each.is_alive()
            ids = [each["id"] for each in link.answers]
            assert len(ids) == len(set(ids))
        assert len(results) >= 15 * 16
        assert {who(*each) for each in results[::7]} == {"sequencer"}
        assert asked(proxy.wait_link(16), numbered(1),
                     "a.example") == "sequencer"
        assert not signerd.logged(level="error")


def close_at_once(link, message):
    """The answer to a registration, with the end of the link behind it."""
    ended = len(link.proxy.registered) % 3
    if ended == 0:
        link.endpoint.send_close(1001)
    elif ended == 1:
        link.endpoint.stream.end(True)
    return rpclink.result(message["id"], {"version": 1})


def used(signerd):
    """KiB of memory and number of descriptors, of those that dial."""
    return {name: (int(procfs.status(signerd.children[name])
                       ["VmRSS"].split()[0]),
                   len(procfs.descriptors(signerd.children[name])))
            for name in ("link", "dialer")}


@pytest.mark.skipif(not daemon.ROOT, reason="a user may not see the "
                    "descriptors of an undumpable process")
@pytest.mark.parametrize("how", ("connection", "websocket"))
def test_nothing_is_left_of_a_thousand(site, how):
    """Of links that end as they begin, in each stage."""
    count = 1000 if how == "connection" else 300
    text = "timeout backoff 10 ms"
    with FakeProxy(site) as proxy:
        if how == "websocket":
            proxy.script = close_at_once
        else:
            proxy.answer = b""
        with daemon.Signerd(site, linked.config(
                site, proxy.port, extra=text)) as signerd:
            proxy.wait_accepted(count // 10)
            before = used(signerd)
            proxy.wait_accepted(count // 10 + count, 50)
            # One that lasts, so that both are measured at rest.
            proxy.answer = proxy.script = None
            link = proxy.wait_link(len(proxy.registered) + 1)
            assert asked(link, numbered(1), "a.example") == "sequencer"
            after = used(signerd)
    for name in before:
        assert after[name][1] <= before[name][1] + 1, (name, before, after)
        if not daemon.SANITIZE:
            assert after[name][0] <= before[name][0] + 512, (
                name, before, after)


# ---- one beside another ----------------------------------------------------


def test_one_of_two_is_cut(site):
    """The other is served all the while."""
    with FakeProxy(site) as one, FakeProxy(site) as two, \
            TcpRelay(one.port) as cable:
        with daemon.Signerd(site, linked.config(
                site, cable.port, two.port, rules=TWO,
                extra=DEAD)) as signerd:
            edge, core = one.wait_link(), two.wait_link()
            assert asked(edge, numbered(1), "a.example") == "sequencer"
            mark = signerd.mark()
            cable.cut()
            began = time.monotonic()
            slowest = 0.0
            while not signerd.logged(mark, msg="link down", link="edge"):
                sent = time.monotonic()
                assert asked(core, numbered(2), "a.example") == "batcher"
                slowest = max(slowest, time.monotonic() - sent)
                assert sent - began < 4 + SLACK, "not found dead in time"
            assert slowest < 4, "held up by the other"
            cable.resume()
            assert asked(one.wait_link(2), numbered(3),
                         "a.example") == "sequencer"
            assert core.ended is None
            assert not signerd.logged(mark, msg="link down", link="core")


def test_one_of_two_floods(site):
    """A proxy that takes all it can get leaves the other its part."""
    with FakeProxy(site) as one, FakeProxy(site) as two:
        with daemon.Signerd(site, linked.config(
                site, one.port, two.port, rules=TWO,
                extra=LONG)) as signerd:
            edge, core = one.wait_link(), two.wait_link()
            with stopped(signerd):
                batch = [dict(edge.relayed(numbered(n), "a.example"), id=n)
                         for n in range(20)]
                for _ in range(300):
                    edge.send(batch)
                settle(edge)
                refused = len(edge.batches)
                assert refused >= 300 - 256
                ident = core.ask(core.relayed(numbered(7), "a.example"))
                settle(core)
            assert who(numbered(7), outcome_of(core, ident)) == "batcher"
            edge.wait(lambda: len(edge.batches) == 300, "batches")
            assert all(each["error"]["code"] == -32005
                       for each in edge.batches[0])


def test_name_that_resolves_slowly(site):
    """One waits for its name server, the other does not wait for the one."""
    with FakeProxy(site) as one, FakeProxy(site) as two, dns.Server({
            "proxy.example": {dns.A: dns.SILENT,
                              dns.AAAA: dns.SILENT}}) as names:
        slow = site.proxy("edge", one.port,
                          url="wss://proxy.example:%d/ws" % one.port,
                          name=None)
        text = site.config(
            rules=TWO, keys=linked.KEYS,
            extra="nameserver 127.0.0.1 port %d\ntimeout connect 20 s" %
            names.port, proxies=[slow, site.proxy("core", two.port)])
        with daemon.Signerd(site, text) as signerd:
            core = two.wait_link()
            while len(names.held) < 2:
                assert asked(core, numbered(1), "a.example") == "batcher"
            assert not one.accepted
            names.names["proxy.example"] = {dns.A: ["127.0.0.1"]}
            names.release(["127.0.0.1"])
            assert asked(one.wait_link(), numbered(2),
                         "a.example") == "sequencer"
            assert not signerd.logged(msg="link down")


def test_name_that_does_not_resolve(site):
    """The log says which name it was and who did not answer."""
    with dns.Server({"proxy.example": {dns.A: dns.SILENT,
                                       dns.AAAA: dns.SILENT}}) as names:
        text = site.config(
            rules='allow via "edge" key "sequencer" chain 10',
            extra="nameserver 127.0.0.1 port %d\ntimeout connect 300 ms" %
            names.port, proxies=[site.proxy(
                "edge", 1, url="wss://proxy.example/", name=None)])
        with daemon.Signerd(site, text) as signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            assert "proxy.example: " in record["reason"]
            assert names.address in record["reason"]
            assert "peer" not in record and "up_ms" not in record


# ---- certificates ----------------------------------------------------------


def stamp(when):
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(when))


def test_certificate_of_the_proxy_expires(site):
    """While the link is up: it ends with the certificate."""
    end = int(time.time()) + (24 if daemon.SANITIZE else 8)
    pair = site.authority.issue(
        "shortlived-proxy", "proxy.example", "DNS:proxy.example",
        (stamp(end - 3600), stamp(end)))
    with linked.linked(site, "timeout backoff 500 ms",
                       proxy={"pair": pair}) as (proxy, signerd, link):
        assert asked(link, numbered(1), "a.example") == "sequencer"
        assert link.wait_end().code == 1008
        assert end < time.time() < end + 2 + SLACK
        record = signerd.wait_log(msg="link down", link="edge")
        assert record["reason"] == "the proxy's certificate has expired"
        assert record["level"] == "warn" and int(record["up_ms"]) > 0
        record = signerd.wait_log(msg="link down", link="edge", count=2)
        assert "certificate" in record["reason"]
        assert "expired" in record["reason"]
        assert "up_ms" not in record
        assert len(proxy.links) == 1
