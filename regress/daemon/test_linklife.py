# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""How signerd's links come up, go down and come back."""

import contextlib
import os
import signal
import time

import pytest

from lib import daemon, eth, linked, proxies, rpclink, wsconn
from lib.linked import asked, who
from lib.proxies import FakeProxy
from lib.tcprelay import TcpRelay

SLACK = 20.0        # seconds, of a busy machine
FIRST = 0.2         # seconds to the first attempt after a link's end
BACKOFF = "timeout backoff 3 s"
LONG = 3.0
DEAD = "timeout { ping 200 ms dead 4 s }"
MESSAGE = eth.payload_v1()


@contextlib.contextmanager
def dialing(site, proxy, extra="", **named):
    """A signerd that dials; whether there will be a link is the test's."""
    with daemon.Signerd(site, linked.config(site, proxy.port, extra=extra,
                                            **named)) as signerd:
        yield signerd


def reason_of(signerd, start=0, **wanted):
    """The reason of the next end of a link, or of an attempt."""
    record = signerd.wait_log(start, msg="link down", link="edge", **wanted)
    assert int(record["retry_ms"]) <= 20000, record
    return record["reason"]


def retry(signerd, start=0):
    """Seconds to the next attempt, as the log has them."""
    return int(signerd.wait_log(start, msg="link down",
                                link="edge")["retry_ms"]) / 1000


# ---- coming back -----------------------------------------------------------


@pytest.mark.parametrize("code", (1000, 1001, 1011, 1012, 1013, None))
def test_soon_after_a_close(site, code):
    with linked.linked(site, BACKOFF) as (proxy, signerd, link):
        link.close(code)
        proxy.wait_accepted(2)
        assert retry(signerd) <= FIRST
        record = signerd.wait_log(msg="link down", link="edge")
        assert record["level"] == "warn"
        assert asked(proxy.wait_link(2), MESSAGE, "a.example") == "sequencer"


@pytest.mark.parametrize("reset", (False, True))
def test_soon_after_a_loss(site, reset):
    with linked.linked(site, BACKOFF) as (proxy, signerd, link):
        link.vanish(reset)
        proxy.wait_accepted(2)
        assert retry(signerd) <= FIRST
        signerd.wait_log(msg="link up", count=2)


def test_slowly_after_a_replacement(site):
    """Two signers with one certificate must not evict each other."""
    with linked.linked(site, BACKOFF) as (proxy, signerd, link):
        ended = time.monotonic()
        link.close(4001, "replaced")
        wait = retry(signerd)
        assert LONG / 3 <= wait <= LONG
        assert "4001" in reason_of(signerd) or \
            "replaced" in reason_of(signerd)
        gap = proxy.wait_accepted(2) - ended
        assert LONG / 3 <= gap <= LONG + SLACK


def test_slowly_after_a_refusal(site):
    text = "signer.example does not hold 0x0123"
    with FakeProxy(site, refusal=text) as proxy:
        with dialing(site, proxy, BACKOFF) as signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            assert record["level"] == "error"
            assert text in record["reason"], record
            assert LONG / 3 <= int(record["retry_ms"]) / 1000 <= LONG
            assert proxy.links[0].wait_end().code in (1008, None)
            proxy.refusal = None
            proxy.wait_link()
            first, second = proxy.accepted[:2]
            assert LONG / 3 <= second - first <= LONG + SLACK
            signerd.wait_log(msg="link up")


def test_attempts_grow_rare(site):
    with FakeProxy(site) as proxy:
        proxy.answer = (b"HTTP/1.1 503 Service Unavailable\r\n"
                        b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        with dialing(site, proxy, "timeout backoff 1 s") as signerd:
            proxy.wait_accepted(7)
            times = proxy.accepted[:7]
            gaps = [b - a for a, b in zip(times, times[1:])]
            assert gaps[0] < FIRST + SLACK
            assert all(each < 1 + SLACK for each in gaps), gaps
            assert max(gaps[3:]) > 2 * FIRST, gaps
            assert "503" in reason_of(signerd)
            proxy.answer = None
            assert asked(proxy.wait_link(), MESSAGE,
                         "a.example") == "sequencer"


def test_pauses_begin_anew_after_a_stable_link(site):
    """And not after one that was up for a moment."""
    def down(mark):
        return signerd.wait_log(mark, msg="link down", link="edge")

    def brief(count):
        """A pause after others, and after a link that was up shortly."""
        proxy.answer = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
        while int(down(signerd.mark())["retry_ms"]) < 1000:
            pass
        proxy.answer = None
        return ended(proxy.wait_link(count), count)

    def ended(link, count):
        signerd.wait_log(msg="link up", count=count)
        mark = signerd.mark()
        link.vanish()
        return down(mark)

    with FakeProxy(site) as proxy:
        proxy.answer = b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
        with dialing(site, proxy, "timeout { backoff 2 s stable 1 s "
                     "ping 100 ms }") as signerd:
            # On a busy machine the moment may last.
            count, record = 1, brief(1)
            while int(record["up_ms"]) >= 1000:
                count += 1
                record = brief(count)
            assert int(record["retry_ms"]) >= 1000
            count += 1
            link = proxy.wait_link(count)
            link.wait_pings(15)
            record = ended(link, count)
            assert int(record["retry_ms"]) <= 200
            assert 1000 <= int(record["up_ms"])
            proxy.wait_link(count + 1)


def test_restart_of_the_proxy(site):
    with linked.linked(site) as (proxy, signerd, link):
        assert asked(link, MESSAGE, "a.example") == "sequencer"
        proxy.vanish()
        with proxies.restarted(proxy, site) as other:
            began = time.monotonic()
            again = other.wait_link()
            assert time.monotonic() - began < 2 + SLACK
            assert asked(again, MESSAGE, "a.example") == "sequencer"
        signerd.wait_log(msg="link down", count=2)


def test_proxy_that_is_not_there_at_first(site):
    gone = FakeProxy(site)
    gone.vanish()
    with dialing(site, gone, "timeout backoff 1 s") as signerd:
        with proxies.restarted(gone, site) as proxy:
            assert asked(proxy.wait_link(), MESSAGE,
                         "a.example") == "sequencer"
            signerd.wait_log(msg="link up")


def test_each_on_its_own(site):
    """One proxy that is silent, one that is not there, one that serves."""
    rules = 'allow via "c" client "a.example" key "sequencer" chain 10\n' + \
        "\n".join('allow via "%s" key "batcher" chain 10' % each
                  for each in "ab")
    gone = FakeProxy(site)
    gone.vanish()
    with FakeProxy(site) as silent, FakeProxy(site) as good:
        silent.mute = True
        text = linked.config(site, silent.port, gone.port, good.port,
                             labels="abc", rules=rules)
        with daemon.Signerd(site, text):
            began = time.monotonic()
            link = good.wait_link()
            assert time.monotonic() - began < 2 + SLACK
            silent.wait_accepted()
            assert asked(link, MESSAGE, "a.example") == "sequencer"


# ---- time limits -----------------------------------------------------------


def test_proxy_that_never_begins(site):
    with FakeProxy(site) as proxy:
        proxy.mute = True
        with dialing(site, proxy, "timeout { connect 500 ms register 500 ms "
                     "handshake 500 ms }") as signerd:
            reason_of(signerd)
            proxy.wait_accepted(2)


def test_proxy_that_never_registers(site):
    with FakeProxy(site, script=lambda link, message: None) as proxy:
        with dialing(site, proxy, "timeout register 500 ms") as signerd:
            reason_of(signerd)
            proxy.wait_upgraded(2)
            assert not signerd.logged(msg="link up")


def test_pings(site):
    with linked.linked(site, "timeout ping 200 ms") as (_, _, link):
        pings = link.wait_pings(4)
        gaps = [b.time - a.time for a, b in zip(pings, pings[1:])]
        assert all(each < SLACK for each in gaps), gaps
        link.endpoint.ping(b"are you there")
        link.wait_pong(b"are you there")
        link.endpoint.ping(bytes(125))
        link.wait_pong(bytes(125))


def test_cut_link_is_found_dead(site):
    with FakeProxy(site) as proxy, TcpRelay(proxy.port) as cable:
        with dialing(site, cable, DEAD + "\ntimeout backoff 1 s") as signerd:
            link = proxy.wait_link()
            assert asked(link, MESSAGE, "a.example") == "sequencer"
            mark = signerd.mark()
            began = time.monotonic()
            cable.cut()
            reason_of(signerd, mark)
            assert 3 < time.monotonic() - began < 4 + SLACK
            cable.resume()
            again = proxy.wait_link(2)
            assert asked(again, MESSAGE, "a.example") == "sequencer"


def test_requests_in_flight_through_a_cut(site):
    """Nothing of them is left to hold up others."""
    with FakeProxy(site) as proxy, TcpRelay(proxy.port) as cable:
        extra = DEAD + "\ntimeout backoff 1 s\nmax link-requests 4"
        with dialing(site, cable, extra) as signerd:
            link = proxy.wait_link()
            signerd.signal("keyd", signal.SIGSTOP)
            for _ in range(4):
                link.ask(link.relayed(MESSAGE, "a.example"))
            up = cable.down
            link.endpoint.ping(b"x")
            link.wait_pong(b"x")
            assert cable.down > up
            mark = signerd.mark()
            cable.cut()
            reason_of(signerd, mark)
            signerd.signal("keyd", signal.SIGCONT)
            cable.resume()
            again = proxy.wait_link(2)
            ids = [again.ask(again.relayed(MESSAGE, "a.example"))
                   for _ in range(4)]
            for each in ids:
                assert who(MESSAGE, rpclink.outcome(
                    again.answer(each))) == "sequencer"


@pytest.mark.parametrize("way", ("unread", "unanswered"))
def test_proxy_that_falls_silent(site, way):
    with linked.linked(site, DEAD) as (proxy, signerd, link):
        if way == "unread":
            link.endpoint.stream.pause()
        else:
            link.endpoint.answers_pings = False
        began = time.monotonic()
        reason_of(signerd)
        assert time.monotonic() - began < 4 + SLACK
        link.endpoint.stream.resume()
        proxy.wait_link(2)


def test_proxy_that_does_not_read(site):
    """Answers that pile up end the link, and not the memory."""
    with linked.linked(site, "max link-requests 1000", "2025") as (
            proxy, signerd, link):
        link.endpoint.stream.pause()
        large = link.endpoint.frame(wsconn.TEXT, eth.encode(
            [eth.call("m" * 2000, [], n) for n in range(1000)]))
        with contextlib.suppress(wsconn.Ended):
            for _ in range(100):
                link.endpoint.stream.send(large)
        signerd.wait_log(msg="link down", link="edge")
        link.endpoint.stream.resume()
        again = proxy.wait_link(2)
        assert asked(again, MESSAGE) == "multi10"
        if not daemon.SANITIZE:
            with open("/proc/%d/status" % signerd.children["link"]) as f:
                peak, = [int(line.split()[1]) for line in f
                         if line.startswith("VmHWM:")]
            assert peak < 150 * 1024, peak


# ---- stopping --------------------------------------------------------------


def test_stop(site):
    with linked.linked(site) as (_, signerd, link):
        signerd.process.send_signal(signal.SIGTERM)
        assert link.wait_end().code == 1001
        assert signerd.wait() == 0
        assert not signerd.logged(level="error")


def test_stop_finishes_what_is_in_flight(site):
    with linked.linked(site, "timeout { request 50 s keyd 50 s }") as (
            _, signerd, link):
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            ident = link.ask(link.relayed(MESSAGE, "a.example"))
            link.endpoint.ping(b"behind it")
            link.wait_pong(b"behind it")
            signerd.process.send_signal(signal.SIGTERM)
            # The listener has gone when the children have been told.
            while not refuses(signerd.port):
                pass
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        assert who(MESSAGE, rpclink.outcome(link.answer(ident))) == \
            "sequencer"
        assert link.wait_end().code == 1001
        assert signerd.wait() == 0


def refuses(port):
    try:
        wsconn.socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass
    return False


@pytest.mark.parametrize("what", ("silent", "absent", "unread"))
def test_stop_with_a_proxy_that_does_not_help(site, what):
    with FakeProxy(site) as proxy:
        proxy.mute = what == "silent"
        if what == "absent":
            proxy.stop_listening()
        with dialing(site, proxy) as signerd:
            if what == "unread":
                proxy.wait_link().endpoint.stream.pause()
            elif what == "silent":
                proxy.wait_accepted()
            assert signerd.stop() == 0


def test_processes(site):
    with linked.linked(site) as (_, signerd, _):
        assert set(signerd.children) == {"keyd", "frontend", "link",
                                         "dialer"}
    with linked.linked(site, listen=None, rules='allow via "edge" key '
                       '"multi10" chain 10') as (_, signerd, _):
        assert {"keyd", "link", "dialer"} <= set(signerd.children)


@pytest.mark.parametrize("child", ("link", "dialer"))
def test_death_of_a_child_ends_the_daemon(site, child):
    with linked.linked(site) as (_, signerd, link):
        signerd.signal(child, signal.SIGKILL)
        assert signerd.wait() == 1
        died = signerd.logged(msg="child died")
        assert [each["child"] for each in died] == [child]
        link.wait_end()


@pytest.mark.skipif(not daemon.ROOT, reason="a user may not see the "
                    "descriptors of an undumpable process")
def test_nothing_is_left_of_many_links(site):
    with linked.linked(site, "timeout backoff 200 ms") as (
            proxy, signerd, link):
        before = None
        for n in range(2, 40):
            link.vanish(reset=n % 2)
            link = proxy.wait_link(n)
            asked(link, MESSAGE, "a.example")
            if n == 10:
                before = descriptors(signerd)
        assert descriptors(signerd) == before


def descriptors(signerd):
    return {name: len(os.listdir("/proc/%d/fd" % pid))
            for name, pid in signerd.children.items() if name != "keyd"}


# ---- certificates ----------------------------------------------------------


def test_proxy_of_another_authority(site):
    with FakeProxy(site, pair=site.foreign.proxy()) as proxy:
        with dialing(site, proxy) as signerd:
            assert "certificate" in reason_of(signerd)
            proxy.wait_failure(2)
            assert not proxy.links


def test_proxy_of_another_name(site):
    with FakeProxy(site) as proxy:
        with dialing(site, proxy, more={"name": "other.example"}) as signerd:
            assert "server certificate: not for other.example but for " \
                "proxy.example" in reason_of(signerd)
            proxy.wait_accepted(2)
            assert not proxy.links


def test_name_of_the_proxy_is_the_host_by_default(site):
    """The address 127.0.0.1 is in its certificate, too."""
    for url in ("wss://localhost:%d/ws", "wss://127.0.0.1:%d/ws"):
        with FakeProxy(site) as proxy:
            with dialing(site, proxy, more={
                    "url": url % proxy.port, "name": None}):
                proxy.wait_link()


def test_proxy_does_not_know_the_signer(site):
    with FakeProxy(site, ca=site.foreign.ca) as proxy:
        with dialing(site, proxy) as signerd:
            reason = reason_of(signerd)
            assert "certificate" in reason or "ca" in reason.lower(), reason
            proxy.wait_failure(2)


def test_own_files_of_a_proxy(site):
    """Its authority and certificate in the place of the global ones."""
    foreign = site.foreign
    with FakeProxy(site, ca=foreign.ca, pair=foreign.proxy()) as proxy:
        with dialing(site, proxy, more={
                "ca": foreign.ca,
                "pair": foreign.client("other-signer.example")}):
            assert proxy.wait_link().name == "other-signer.example"


def test_revoked_proxy(site):
    name = "revoked-proxy.example"
    pair = site.authority.proxy(name)
    site.authority.revoke(name)
    crl = site.authority.crl("links.crl")
    with FakeProxy(site, pair=pair) as proxy:
        with dialing(site, proxy, more={"name": name,
                                        "crl": crl}) as signerd:
            assert "revoked" in reason_of(signerd)
            proxy.wait_accepted(2)
            assert not proxy.links
    with FakeProxy(site) as proxy:
        with dialing(site, proxy, more={"crl": crl}):
            proxy.wait_link()


# ---- frames and handshakes -------------------------------------------------


@pytest.mark.parametrize("answer,reason", (
    (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
     "401 Unauthorized (our certificate needs a DNS name)"),
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
     "404 Not Found (is the port of the url that for signers, "),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200"),
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
     b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
     b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", ""),
    (b"SSH-2.0-OpenSSH_9.2\r\n", ""), (b"\r\n\r\n\0\0", ""),
    (b"HTTP/1.1 101 X\r\n" + b"A: " + b"a" * 20000, ""), (b"", "")))
def test_answers_to_the_handshake(site, answer, reason):
    with FakeProxy(site) as proxy:
        proxy.answer = answer
        with dialing(site, proxy) as signerd:
            assert reason in reason_of(signerd)
            proxy.wait_accepted(2)
            proxy.answer = None
            proxy.wait_link()


@pytest.mark.parametrize("frame,code", (
    ({"mask": True}, 1002), ({"rsv": 4}, 1002), ({"rsv": 1}, 1002),
    ({"form": 16}, 1002), ({"form": 64}, 1002), ({"opcode": 3}, 1002),
    ({"opcode": 11}, 1002), ({"opcode": wsconn.CONTINUATION}, 1002),
    ({"opcode": wsconn.PING, "fin": False}, 1002),
    ({"opcode": wsconn.PING, "payload": bytes(126)}, 1002),
    ({"opcode": wsconn.CLOSE, "payload": b"x"}, 1002),
    ({"opcode": wsconn.CLOSE, "payload": b"\x03\xed"}, 1002),
    ({"payload": b'"\xff\xfe"'}, 1007),
    ({"payload": b"", "announce": 1 << 24}, 1009),
    ({"payload": b"", "announce": (1 << 63) - 1}, 1009)))
def test_bad_frames(site, frame, code):
    with linked.linked(site, "max body 1 MiB") as (proxy, signerd, link):
        named = dict({"opcode": wsconn.TEXT, "payload": b"{}"}, **frame)
        link.endpoint.send_frame(**named)
        assert link.wait_end().code == code
        reason_of(signerd)
        assert asked(proxy.wait_link(2), MESSAGE, "a.example") == "sequencer"


def test_fragments_with_pings_between(site):
    with linked.linked(site) as (_, _, link):
        message = dict(link.relayed(MESSAGE, "a.example"), id="one")
        link.endpoint.send_fragments(message, 3, link.endpoint.frame(
            wsconn.PING, b"p"))
        assert who(MESSAGE, rpclink.outcome(link.answer("one"))) == \
            "sequencer"


def test_message_in_endless_fragments(site):
    """Pieces that never end are counted together."""
    with linked.linked(site, "max body 64 KiB") as (_, _, link):
        piece = link.endpoint.frame(wsconn.CONTINUATION, b" " * 4096,
                                    fin=False)
        link.endpoint.send_frame(wsconn.TEXT, b"[", fin=False)
        with contextlib.suppress(wsconn.Ended):
            for _ in range(100):
                link.endpoint.stream.send(piece)
        assert link.wait_end().code in (1009, None)


def test_half_close(site):
    with linked.linked(site) as (proxy, signerd, link):
        link.endpoint.stream.half_close()
        reason_of(signerd)
        proxy.wait_link(2)


def test_flood_of_pings(site):
    with linked.linked(site) as (_, _, link):
        ping = link.endpoint.frame(wsconn.PING, b"x" * 100)
        for _ in range(50):
            link.endpoint.stream.send(ping * 200)
        link.endpoint.ping(b"the last")
        link.wait_pong(b"the last")
        assert asked(link, MESSAGE, "a.example") == "sequencer"
