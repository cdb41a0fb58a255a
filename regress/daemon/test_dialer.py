# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The dialer by itself: names, addresses, connections, and what a link
process that was taken over could ask of it."""

import errno
import fcntl
import os
import select
import socket
import struct
import threading
import time

import pytest

from lib import daemon, dialer, dns, imsg, procfs
from lib.dialer import Dialer

NAME = "proxy.example"
SOON = 20           # seconds: far less than an attempt may take


def has_in6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_in6 = pytest.mark.skipif(not has_in6(), reason="no IPv6 loopback")


class Ports:
    """One port number on 127.0.0.1 and on ::1, each of them listening,
    refusing, or taking no connection any more."""

    def __init__(self, in4="listens", in6="refuses"):
        self.open, self.in4, self.in6 = [], None, None
        while True:
            self.in4 = self._bound(socket.AF_INET, "127.0.0.1", 0)
            self.port = self.in4.getsockname()[1]
            if not has_in6():
                break
            try:
                self.in6 = self._bound(socket.AF_INET6, "::1", self.port)
                break
            except OSError as error:
                assert error.errno == errno.EADDRINUSE
        self._set(self.in4, in4)
        if self.in6 is not None:
            self._set(self.in6, in6)

    def _bound(self, family, address, port):
        s = socket.socket(family, socket.SOCK_STREAM)
        self.open.append(s)
        s.bind((address, port))
        return s

    def _set(self, s, what):
        if what == "refuses":
            return              # bound, so that nobody else listens there
        s.listen(0 if what == "drops" else 64)
        if what == "drops":
            # More than it keeps: those that come after are not answered.
            for _ in range(3):
                c = socket.socket(s.family, socket.SOCK_STREAM)
                self.open.append(c)
                c.setblocking(False)
                c.connect_ex(s.getsockname())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.open:
            s.close()


def greet(listener, answer):
    """The connection is there and leads to that listener."""
    listener.settimeout(daemon.PATIENCE)
    peer, address = listener.accept()
    with peer, answer.socket as ours:
        assert ours.getsockname()[:2] == address[:2]
        peer.sendall(b"hello")
        ours.settimeout(daemon.PATIENCE)
        assert ours.recv(5) == b"hello"


@pytest.fixture
def server():
    with dns.Server() as made:
        yield made


def known(server, in4=("127.0.0.1",), in6=("::1",), name=NAME):
    server.names[name] = {dns.A: in4, dns.AAAA: in6}


def dialing(site, ports, server, **named):
    return Dialer(site, [(NAME, ports.port)],
                  nameservers=[server.address], **named)


# ---- numeric addresses ---------------------------------------------------


def test_numeric(site):
    with Ports() as ports, Dialer(site, [("127.0.0.1", ports.port)]) as d:
        got, _ = d.dial(cookie=77)
        assert got.connected and got.text == "127.0.0.1:%d" % ports.port
        fd = got.socket.fileno()
        assert fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK
        assert got.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        greet(ports.in4, got)
        assert d.needfiles == 0


@needs_in6
def test_numeric_in6(site):
    with Ports(in6="listens") as ports, \
            Dialer(site, [("::1", ports.port)]) as d:
        got, _ = d.dial()
        assert got.connected and got.text == "[::1]:%d" % ports.port
        greet(ports.in6, got)
        assert d.needfiles == 0


def test_refused(site):
    with Ports(in4="refuses") as ports, \
            Dialer(site, [("127.0.0.1", ports.port)]) as d:
        for cookie in range(3):
            got, _ = d.dial(cookie=cookie)
            assert not got.connected
            assert got.text == "127.0.0.1:%d: connection refused" % ports.port


def test_no_answer(site):
    with Ports(in4="drops") as ports, \
            Dialer(site, [("127.0.0.1", ports.port)], timeout=300) as d:
        got, took = d.dial()
        assert not got.connected and 0.29 < took < SOON
        assert got.text == ("timed out after 300 ms: 127.0.0.1:%d: no answer"
                            % ports.port)


# ---- names ---------------------------------------------------------------


def test_name(site, server):
    known(server, in6=dns.NODATA)
    with Ports() as ports, dialing(site, ports, server) as d:
        got, _ = d.dial()
        assert got.text == "127.0.0.1:%d" % ports.port
        greet(ports.in4, got)
        assert sorted(server.asked) == [(NAME, dns.A), (NAME, dns.AAAA)]
        assert d.needfiles == 1


@needs_in6
def test_in6_is_preferred(site, server):
    known(server)
    with Ports(in6="listens") as ports, dialing(site, ports, server) as d:
        assert d.dial()[0].text == "[::1]:%d" % ports.port


@needs_in6
def test_in6_is_waited_for(site, server):
    """A little; more than that may pass on a busy machine."""
    known(server, in6=dns.After(["::1"]))
    with Ports(in6="listens") as ports, dialing(site, ports, server) as d:
        assert any(d.dial(cookie=n)[0].text == "[::1]:%d" % ports.port
                   for n in range(10))


def test_silence_about_in6_delays_little(site, server):
    known(server, in6=dns.SILENT)
    with Ports() as ports, dialing(site, ports, server) as d:
        got, took = d.dial()
        assert got.connected and 0.045 < took < SOON
        greet(ports.in4, got)


def test_silence_about_in4_delays_nothing(site, server):
    known(server, in4=dns.SILENT, in6=["::ffff:127.0.0.1"])
    with Ports() as ports, dialing(site, ports, server) as d:
        got, took = d.dial()
        assert got.connected and took < SOON
        assert got.text == "[::ffff:127.0.0.1]:%d" % ports.port


@needs_in6
def test_in6_refuses(site, server):
    known(server)
    with Ports(in6="refuses") as ports, dialing(site, ports, server) as d:
        # At once, not in its turn; more may pass on a busy machine.
        for cookie in range(100):
            got, took = d.dial(cookie=cookie)
            assert got.text == "127.0.0.1:%d" % ports.port
            if took < 0.25:
                break
        assert took < 0.25


@needs_in6
def test_in6_is_a_black_hole(site, server):
    known(server)
    with Ports(in6="drops") as ports, dialing(site, ports, server) as d:
        got, took = d.dial()
        assert got.text == "127.0.0.1:%d" % ports.port
        assert 0.24 < took < SOON
        greet(ports.in4, got)


@needs_in6
def test_families_take_turns(site):
    """From hosts, where all are known at once."""
    hosts = b"".join(b"%s %s\n" % (each, NAME.encode()) for each in (
        b"127.0.0.1", b"127.0.0.2", b"::1", b"::ffff:127.0.0.3",
        b"::ffff:127.0.0.4"))
    with Ports(in4="refuses", in6="refuses") as ports, \
            Dialer(site, [(NAME, ports.port)], hosts=hosts) as d:
        got, _ = d.dial()
        order = [part.rpartition(":%d: " % ports.port)[0]
                 for part in got.text.split(", ")]
        assert order == ["[::1]", "127.0.0.1", "[::ffff:127.0.0.3]",
                         "127.0.0.2", "[::ffff:127.0.0.4]"], got


def test_timeout_names_all(site, server):
    known(server, in4=["127.0.0.1", "127.0.0.9"], in6=dns.NODATA)
    with Ports(in4="drops") as ports, \
            dialing(site, ports, server, timeout=600) as d:
        # The second has its turn after 250 ms, or later on a busy machine.
        wanted = ("timed out after 600 ms: 127.0.0.1:%d: no answer, "
                  "127.0.0.9:%d: connection refused" % (ports.port,
                                                        ports.port))
        assert any(d.dial(cookie=n)[0].text == wanted for n in range(30))


def test_sixteen_of_a_family(site, server):
    known(server, in4=["127.0.1.%d" % n for n in range(1, 21)],
          in6=dns.NODATA)
    with Ports(in4="refuses") as ports, dialing(site, ports, server) as d:
        got, _ = d.dial()
        listed, _, more = got.text.partition(" and ")
        assert len(got.text) <= 255
        assert len(listed.split(", ")) + int(more.split()[0]) == 16


@pytest.mark.parametrize("what,text", [
    (dns.NXDOMAIN, "no such name (NXDOMAIN)"),
    (dns.NODATA, "the name has no address"),
    (dns.SERVFAIL, "the name server fails (SERVFAIL) (%s)"),
    (dns.REFUSED, "the name server refuses to answer (%s)"),
    (dns.TRUNCATED, "the name server's answer is too large for UDP (%s)"),
    (dns.GARBAGE, "the name server's answer makes no sense (%s)"),
])
def test_bad_answer(site, server, what, text):
    known(server, in4=what, in6=what)
    with Ports() as ports, dialing(site, ports, server) as d:
        got, took = d.dial()
        assert not got.connected and took < SOON
        assert got.text == "%s: %s" % (NAME, text.replace(
            "%s", server.address))


def test_half_a_bad_answer(site, server):
    """What may have been missed is said as well."""
    known(server, in6=dns.SERVFAIL)
    with Ports(in4="refuses") as ports, dialing(site, ports, server) as d:
        got, _ = d.dial()
        assert got.text == (
            "127.0.0.1:%d: connection refused; IPv6: the name server fails "
            "(SERVFAIL) (%s)" % (ports.port, server.address))


def test_silent_server(site, server):
    known(server, in4=dns.SILENT, in6=dns.SILENT)
    with Ports() as ports, \
            dialing(site, ports, server, timeout=500) as d:
        got, took = d.dial()
        assert not got.connected and took < SOON
        assert got.text.endswith(
            "%s: the name server does not answer (%s)" % (
                NAME, server.address))
        # And it is asked again the next time.
        known(server)
        assert any(d.dial(cookie=n)[0].connected for n in range(2, 32))


def test_nobody_there(site, server):
    with Ports() as ports, \
            Dialer(site, [(NAME, ports.port)], timeout=500,
                   nameservers=["127.0.0.1:%d" % ports.port]) as d:
        got, _ = d.dial()
        assert "the name server does not answer (127.0.0.1:%d)" % \
            ports.port in got.text


def test_second_server(site, server):
    """Where the first is silent."""
    known(server)
    with dns.Server() as dead, Ports() as ports:
        known(dead, in4=dns.SILENT, in6=dns.SILENT)
        with Dialer(site, [(NAME, ports.port)], timeout=60000,
                    nameservers=[dead.address, server.address]) as d:
            got, took = d.dial()
            assert got.connected and took < SOON
            assert {kind for _, kind in dead.asked} == {dns.A, dns.AAAA}


def test_servers_are_asked_in_order(site, server):
    known(server)
    with dns.Server() as second, dns.Server() as third, Ports() as ports, \
            Dialer(site, [(NAME, ports.port)],
                   nameservers=[server.address, second.address,
                                third.address]) as d:
        for cookie in range(5):
            assert d.dial(cookie=cookie)[0].connected
        assert len(server.asked) == 10
        assert not second.asked and not third.asked
        known(server, in4=dns.SILENT, in6=dns.SILENT)
        known(second)
        assert d.dial(cookie=9)[0].connected
        assert second.asked and not third.asked


@needs_in6
def test_server_on_in6(site):
    with dns.Server(family=socket.AF_INET6) as server, Ports() as ports:
        known(server)
        with dialing(site, ports, server) as d:
            assert d.dial()[0].connected


@pytest.mark.parametrize("name", [
    "a" * 64 + ".example", "a..example", ".example", "x" * 10 + "." * 3])
def test_not_a_name(site, server, name):
    with Dialer(site, [(name, 1)], nameservers=[server.address]) as d:
        got, _ = d.dial()
        assert got.text == ("%s: cannot be looked up: not the name of a host"
                            % name)
        assert not server.asked


def test_nothing_is_kept(site, server):
    """A name is looked up anew at every attempt."""
    known(server, in4=["127.0.0.1"], in6=dns.NODATA)
    with Ports() as ports, dialing(site, ports, server) as d:
        assert d.dial()[0].text == "127.0.0.1:%d" % ports.port
        known(server, in4=["127.0.0.7"], in6=dns.NODATA)
        got, _ = d.dial(cookie=2)
        assert got.text == "127.0.0.7:%d: connection refused" % ports.port
        assert len(server.asked) == 4


def test_one_slow_name(site, server):
    """It does not hold up another; nor do 62 of them."""
    names = ["slow%d.example" % n for n in range(62)]
    for name in names:
        known(server, in4=dns.SILENT, in6=dns.SILENT, name=name)
    known(server)
    with Ports() as ports, \
            Dialer(site, [(name, ports.port) for name in names + [NAME]],
                   timeout=8000, nameservers=[server.address]) as d:
        for index in range(len(names)):
            d.connect(index, index)
        d.serve(lambda: len(server.asked) >= 2 * len(names))
        got, took = d.dial(len(names), 99)
        assert got.connected and took < 8
        failed = [d.answer() for _ in names]
        assert sorted(each.index for each in failed) == list(range(62))
        assert not any(each.connected for each in failed)


# ---- resolv.conf and hosts -----------------------------------------------


def test_resolv_conf_changes(site, server):
    known(server, in4=["127.0.0.1"], in6=dns.NODATA)
    with dns.Server() as other, Ports() as ports, \
            Dialer(site, [(NAME, ports.port)], resolv=server.conf) as d:
        known(other, in4=["127.0.0.8"], in6=dns.NODATA)
        assert d.dial()[0].connected and not other.asked
        d.resolv = b"# moved\n" + other.conf
        got, _ = d.dial(cookie=2)
        assert got.text == "127.0.0.8:%d: connection refused" % ports.port
        assert len(server.asked) == 2 and len(other.asked) == 2
        d.resolv = server.conf
        assert d.dial(cookie=3)[0].connected
        assert d.needfiles == 3


def test_resolv_conf_without_a_usable_server(site):
    with Dialer(site, [(NAME, 1)],
                resolv=b"nameserver fe80::1%eth0\nnameserver x\n") as d:
        assert d.dial()[0].text == (
            NAME + ": resolv.conf names no server that can be used")


def test_no_resolv_conf(site):
    """The server on this host is meant."""
    with Dialer(site, [(NAME, 1)], timeout=300) as d:
        got, _ = d.dial()
        assert not got.connected
        assert "127.0.0.1:53" in got.text or "NXDOMAIN" in got.text


def test_configured_servers_replace_those_listed(site, server):
    known(server)
    with dns.Server() as listed, Ports() as ports, \
            dialing(site, ports, server, resolv=listed.conf) as d:
        assert d.dial()[0].connected
        assert not listed.asked


def test_search(site, server):
    known(server, name="proxy.two.example")
    known(server, name="host.sub")
    with Ports() as ports, \
            Dialer(site, [("proxy", ports.port), ("host.sub", ports.port),
                          ("proxy.", ports.port)],
                   resolv=server.conf + b"search one.example two.example\n"
                   ) as d:
        assert d.dial()[0].connected
        assert [name for name, kind in server.asked if kind == dns.A] == [
            "proxy.one.example", "proxy.two.example"]
        server.asked.clear()
        assert d.dial(1)[0].connected
        assert {name for name, _ in server.asked} == {"host.sub"}
        server.asked.clear()
        assert not d.dial(2)[0].connected
        assert {name for name, _ in server.asked} == {"proxy"}


def test_hosts(site, server):
    known(server, in4=["127.0.0.5"])
    with Ports() as ports, dialing(
            site, ports, server,
            hosts=b"127.0.0.6 other\n127.0.0.1\tx PROXY.Example # home\n"
            ) as d:
        got, _ = d.dial()
        assert got.text == "127.0.0.1:%d" % ports.port
        assert not server.asked
        d.hosts = b"127.0.0.1 other\n"
        got, _ = d.dial(cookie=2)
        assert "127.0.0.5" in got.text and server.asked


def test_huge_files(site, server):
    """They are read as far as they may be."""
    known(server)
    line = b"192.0.2.1 name%d.example\n"
    with Ports() as ports, Dialer(
            site, [(NAME, ports.port)], hosts=b"127.0.0.1 proxy.example\n" +
            b"".join(line % n for n in range(100000)),
            resolv=server.conf + b"#" * 10**6) as d:
        assert d.dial()[0].connected and not server.asked
        d.hosts = b"\0" * 2**21
        assert d.dial(cookie=2)[0].connected and server.asked


def test_localhost(site):
    with Ports() as ports, Dialer(site, [("localhost", ports.port)]) as d:
        got, _ = d.dial()
        assert got.text == "127.0.0.1:%d" % ports.port


def test_no_files_come(site, server):
    with dialing(site, Ports(), server, timeout=200) as d:
        d.withhold = True
        got, _ = d.dial()
        assert got.text == ("timed out after 200 ms: " + NAME +
                            ": waiting for resolv.conf and hosts")
        # Those that come late serve the next attempt only if it waits.
        d.withhold = False
        d.send_files()
        known(server)
        got, _ = d.dial(cookie=2)
        assert "connection refused" in got.text or got.connected


# ---- what the link process may ask ---------------------------------------


def test_cancel(site, server):
    known(server, in4=dns.SILENT, in6=dns.SILENT)
    with Ports() as ports, dialing(site, ports, server) as d:
        d.connect(0, 5)
        d.serve(lambda: len(server.asked) >= 2)
        d.ask(dialer.CANCEL, 0, 4)      # not that one
        d.connect(0, 6)
        got = d.answer()
        assert (got.cookie, got.text) == (6, "an attempt is under way")
        d.ask(dialer.CANCEL, 0, 5)
        known(server)
        got, _ = d.dial(cookie=7)
        assert got.connected
        d.ask(dialer.CANCEL, 0, 7)      # too late: nothing happens
        assert d.dial(cookie=8)[0].connected


def test_cancel_while_connecting(site):
    with Ports(in4="drops") as ports, \
            Dialer(site, [("127.0.0.1", ports.port), ("127.0.0.2",
                                                      ports.port)]) as d:
        for cookie in range(20):
            d.connect(0, cookie)
            d.ask(dialer.CANCEL, 0, cookie)
        assert d.dial(1, 99)[0].cookie == 99


def test_second_attempt_at_once(site, server):
    known(server, in4=dns.SILENT, in6=dns.NODATA)
    with Ports() as ports, dialing(site, ports, server) as d:
        d.connect(0, 1)
        d.serve(lambda: len(server.asked) >= 2)
        d.connect(0, 2)
        got = d.answer()
        assert (got.cookie, got.connected) == (2, False)
        server.release(["127.0.0.1"])
        got = d.answer()
        assert (got.cookie, got.connected) == (1, True)


@pytest.mark.parametrize("index", [1, 63])
def test_no_such_endpoint(site, index):
    with Ports() as ports, Dialer(site, [("127.0.0.1", ports.port)]) as d:
        assert d.dial(index, 3)[0].text == "no such endpoint"
        assert d.dial(0, 4)[0].connected


HOSTILE = {
    "index too high": imsg.frame(dialer.CONNECT,
                                 dialer.request(2**32 - 1, 1)),
    "short": imsg.frame(dialer.CONNECT, b"\0" * 7),
    "long": imsg.frame(dialer.CONNECT, b"\0" * 9),
    "empty": imsg.frame(dialer.CONNECT),
    "empty cancel": imsg.frame(dialer.CANCEL),
    "cancel of nothing": imsg.frame(dialer.CANCEL, dialer.request(0, 0)),
    "cancel of no endpoint": imsg.frame(dialer.CANCEL,
                                        dialer.request(9, 0)),
    "configuration": imsg.frame(dialer.CONFIG, dialer.config(1)),
    "endpoint": imsg.frame(dialer.ENDPOINT,
                           dialer.endpoint(1, "127.0.0.1", 22)),
    "hosts": imsg.frame(dialer.HOSTS),
    "answer": imsg.frame(dialer.CONNECTED, b"\0" * 12),
    "unknown": imsg.frame(0xffffffff, b"x" * 4000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_message(site, name):
    with Ports() as ports, Dialer(site, [("127.0.0.1", ports.port)]) as d:
        d.link.send(HOSTILE[name] * 3)
        assert d.dial()[0].connected
        assert d.dial(1)[0].text == "no such endpoint"


def test_descriptors_that_nobody_wanted(site):
    with Ports() as ports, Dialer(site, [("127.0.0.1", ports.port)]) as d:
        body = dialer.request(0, 1)
        length = imsg.HEADER.size + len(body) | imsg.FD_MARK
        for _ in range(100):
            d.link.send_with(imsg.frame(dialer.CANCEL, body, length), [0])
        assert d.dial()[0].connected
        if daemon.ROOT:
            assert len(procfs.descriptors(d.pid)) < 20


@pytest.mark.parametrize("raw", [
    imsg.frame(dialer.CONNECT, b"", length=3),
    imsg.frame(dialer.CONNECT, b"", length=1 << 20)], ids=["low", "high"])
def test_framing_ends_the_channel_alone(site, raw):
    with Dialer(site, [("127.0.0.1", 1)]) as d:
        d.link.send(raw)
        assert not d.link.pull()
        assert d.running()


def test_flood_of_answers_that_nobody_reads(site):
    """They are dropped, not kept."""
    count = 50000
    with Ports() as ports, Dialer(site, [("127.0.0.1", ports.port)]) as d:
        sender = threading.Thread(target=d.link.send, args=(
            imsg.frame(dialer.CONNECT, dialer.request(7, 1)) * count,))
        sender.start()
        d.serve(lambda: not sender.is_alive())
        answers, got = 0, None
        while got is None or got.cookie != 2:
            # Once there is room again, one is answered.
            if d.link.next_is_missing() and not select.select(
                    [d.link.near], [], [], 0.1)[0]:
                d.connect(0, 2)
            got = d.answer()
            answers += 1
        assert got.connected and 100 < answers < count
        if daemon.ROOT and not daemon.SANITIZE:
            assert int(procfs.status(d.pid)["VmRSS"].split()[0]) < 20000


def test_flood_of_attempts_asks_the_parent_seldom(site, server):
    known(server)
    with Ports() as ports, dialing(site, ports, server) as d:
        begun = time.monotonic()
        for cookie in range(2000):
            d.connect(0, cookie)
            d.ask(dialer.CANCEL, 0, cookie)
        for cookie in range(10):
            before = d.needfiles
            d.connect(0, cookie)
            d.serve(lambda: d.needfiles > before)
            d.ask(dialer.CANCEL, 0, cookie)
        d.connect(0, 9999)
        got = d.answer()
        while got.cookie != 9999:       # it came before it was cancelled
            got = d.answer()
        assert got.connected
        # Once in 50 ms, however it goes on.
        assert d.needfiles <= (time.monotonic() - begun) / 0.05 + 2


def test_link_process_leaves(site, server):
    """The dialer stays until its parent's end of the channel closes."""
    known(server, in4=dns.SILENT, in6=dns.SILENT)
    with Ports() as ports, dialing(site, ports, server) as d:
        d.connect()
        d.serve(lambda: len(server.asked) >= 2)
        d.link.near.close()
        assert d.running()


# ---- what the parent says ------------------------------------------------


BAD = {
    "message twice": [(dialer.CONFIG, dialer.config(1))],
    "unknown": [(0x7777, b"")],
    "start too early": [(dialer.START, b"")],
    "channel without descriptor": [(dialer.CHANNEL, b"")],
    "endpoint too high": [(dialer.ENDPOINT, dialer.endpoint(128, "a", 1))],
    "endpoint twice": [(dialer.ENDPOINT, dialer.endpoint(0, "a", 1))],
    "port 0": [(dialer.ENDPOINT, dialer.endpoint(1, "a", 0))],
    "no host": [(dialer.ENDPOINT, dialer.endpoint(1, "", 1))],
    "NUL": [(dialer.ENDPOINT, dialer.endpoint(1, "a\0b", 1))],
    "bytes left": [(dialer.ENDPOINT, dialer.endpoint(1, "a", 1) + b"x")],
    "files unasked": [(dialer.RESOLVCONF, b"")],
    "of the link process": [(dialer.CONNECT, dialer.request(0, 1))],
}


@pytest.mark.parametrize("name", BAD)
def test_bad_message_of_the_parent_is_fatal(site, name):
    d = Dialer(site, [("127.0.0.1", 1)])
    try:
        for kind, payload in BAD[name]:
            d.tell(kind, payload)
        assert d.wait() == 1
    finally:
        d.parent.close()
        d.link.close()


@pytest.mark.parametrize("kind", [
    dialer.RESOLVCONF, dialer.HOSTS, dialer.CONFIG, dialer.START])
def test_out_of_turn_later(site, kind):
    with pytest.raises(AssertionError):
        with Dialer(site, [("127.0.0.1", 1)]) as d:
            d.tell(kind)
            assert d.wait() != 1


@pytest.mark.parametrize("server", ["localhost", "127.0.0.1:0",
                                    "127.0.0.1:65536", "[::1", "::1:x"])
def test_bad_name_server_is_fatal(site, server):
    d = Dialer(site, [], nameservers=[server])
    try:
        assert d.wait() == 1
    finally:
        d.parent.close()
        d.link.close()


# ---- the process ---------------------------------------------------------


def test_descriptors_after_200_attempts(site, server):
    if not daemon.ROOT:
        pytest.skip("a user may not see the descriptors of an undumpable "
                    "process")
    known(server)
    known(server, in4=dns.NXDOMAIN, in6=dns.NXDOMAIN, name="gone.example")
    known(server, in4=dns.SILENT, in6=dns.SILENT, name="slow.example")
    with Ports() as ports, Dialer(
            site, [(NAME, ports.port), ("gone.example", 1),
                   ("127.0.0.3", ports.port), ("slow.example", 1)],
            nameservers=[server.address]) as d:
        greet(ports.in4, d.dial()[0])
        # A socket is closed after it has been handed on: an answer to a
        # later request says that it was.
        assert not d.dial(2, 98)[0].connected
        before = procfs.descriptors(d.pid)
        for cookie in range(50):
            got, _ = d.dial(0, cookie)
            greet(ports.in4, got)
            assert not d.dial(1, cookie)[0].connected
            assert not d.dial(2, cookie)[0].connected
            d.connect(3, cookie)
            d.serve(lambda: len(server.held) == 2)
            d.ask(dialer.CANCEL, 3, cookie)
            server.held.clear()
        assert d.dial(2, 99)[0].cookie == 99
        assert procfs.descriptors(d.pid) == before
        assert not {"tcp", "listen", "other socket"} & set(before.values())


def test_rights(site):
    with Dialer(site, [("127.0.0.1", 1)]) as d:
        status = procfs.status(d.pid)
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
        assert status["Threads"] == "1"
        for which in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert int(status[which], 16) == 0
        limits = procfs.limits(d.pid)
        assert limits["Max core file size"] == ("0", "0")
        if not daemon.SANITIZE:
            assert limits["Max processes"] == ("0", "0")
        if daemon.ROOT:
            assert "0" not in status["Uid"].split()
            assert os.readlink("/proc/%d/root" % d.pid) == site.root


def test_request_size(site):
    """The test's own idea of the messages, once by hand."""
    assert dialer.request(1, 2) == b"\0\0\0\1\0\0\0\2"
    assert dialer.endpoint(0, "ab", 258) == b"\0\0\0\0\1\2\2ab"
    assert dialer.config(5, ["x"]) == struct.pack(">II", 5, 1) + b"\1x"
