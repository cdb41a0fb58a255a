# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Many handshakes at once: requests come first, and so does everybody who has
begun only one."""

import contextlib
import os
import select
import signal
import socket
import ssl

import pytest

from lib import daemon, eth, httpclient, linked, procfs, scraping
from lib.httpclient import request
from lib.reloading import reload
from lib.signers import FakeSigner, hold

RULE = 'allow client "sequencer.example" %s chain 10\n'
METRICS = "metrics on 127.0.0.1 port 0\n"
PATIENT = "timeout request 20 s\n"
CROWD = 24
KINDS = ("signerd", "proxyd")


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    while not procfs.status(pid)["State"].startswith("T"):
        pass
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def signer_text(site, extra):
    return site.config(RULE % 'key "sequencer"', extra=METRICS + PATIENT +
                       "timeout keyd 20 s\n" + extra)


@contextlib.contextmanager
def serving(site, kind, extra=""):
    """The daemon, the process that makes handshakes, and a function: a context
    in which requests are not answered."""
    if kind == "signerd":
        with daemon.Signerd(site, signer_text(site, extra)) as signerd:
            yield signerd, signerd.children["frontend"], \
                lambda: stopped(signerd.children["keyd"])
        return
    if not os.access(daemon.PROXYD, os.X_OK):
        pytest.skip("this build has no proxyd")
    text = site.relay([site.signer("hq", [linked.ADDRESS["sequencer"]])],
                      RULE % "", METRICS + PATIENT + "timeout attempt 20 s\n" +
                      extra)
    with daemon.Proxyd(site, text) as proxyd:
        with FakeSigner(site, proxyd.signer_port, answer=hold):
            yield proxyd, proxyd.children["relay"], contextlib.nullcontext


class Hello:
    """A client that has said hello, and then does not go on."""

    def __init__(self, site, port, source="127.0.0.1"):
        self.sock = socket.create_connection(
            ("127.0.0.1", port), httpclient.PATIENCE, (source, 0))
        out = ssl.MemoryBIO()
        tls = site.tls(None).wrap_bio(ssl.MemoryBIO(), out,
                                      server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        self.sock.sendall(out.read())

    def is_answered(self):
        return bool(select.select([self.sock], [], [], 0)[0])


def crowd(stack, site, server, source="127.0.0.1"):
    made = [Hello(site, server.port, source) for _ in range(CROWD)]
    for each in made:
        stack.enter_context(contextlib.closing(each.sock))
    return made


def where(server):
    """The port of metrics."""
    found = server.logged(msg="listening", **{"for": "metrics"})
    return int(found[0]["port"])


def metric(server, name, **labels):
    kind = "proxyd" if isinstance(server, daemon.Proxyd) else "signerd"
    return scraping.scrape(where(server))(
        "%s_handshakes_%s" % (kind, name), **labels)


def wait_for_answers(hellos):
    for each in hellos:
        assert select.select([each.sock], [], [], httpclient.PATIENCE)[0]


def under_way(found, server):
    if isinstance(server, daemon.Proxyd):
        return found.sum("proxyd_signer_requests_in_flight")
    return found.sum("signerd_keyd_requests_in_flight")


@contextlib.contextmanager
def asked(server, unanswered):
    """While a request is under way."""
    with server.connect("sequencer.example") as client:
        client.rpc(eth.call("health_status", [])).result()
        with unanswered():
            client.send(request(body=eth.encode(eth.payload_v2())))
            scraping.until(where(server),
                           lambda found: under_way(found, server) == 1)
            yield


@pytest.mark.parametrize("kind", KINDS)
def test_put_off_for_requests(site, kind):
    """Each step but the first waits until its share of the time has come; and
    comes."""
    with serving(site, kind) as (server, pid, unanswered), \
            asked(server, unanswered), contextlib.ExitStack() as stack:
        before = metric(server, "deferred_total")
        with stopped(pid):
            hellos = crowd(stack, site, server)
        wait_for_answers(hellos)
        assert metric(server, "deferred_total") - before > CROWD / 2


@pytest.mark.parametrize("kind", KINDS)
def test_not_put_off_without_requests(site, kind):
    with serving(site, kind) as (server, pid, _), \
            contextlib.ExitStack() as stack:
        with stopped(pid):
            hellos = crowd(stack, site, server)
        wait_for_answers(hellos)
        assert metric(server, "deferred_total") == 0


@pytest.mark.parametrize("kind", KINDS)
def test_not_put_off_with_all_of_the_time(site, kind):
    with serving(site, kind, "max handshake-percent 100\n") as (
            server, pid, unanswered), asked(server, unanswered), \
            contextlib.ExitStack() as stack:
        with stopped(pid):
            hellos = crowd(stack, site, server)
        wait_for_answers(hellos)
        assert metric(server, "deferred_total") == 0


def test_percent_is_reloaded(site):
    """The daemon is asked for pauses that it did not make before."""
    extra = "max handshake-percent %d\n"
    with serving(site, "signerd", extra % 100) as (server, pid, unanswered):
        reload(server, signer_text(site, extra % 10))
        with asked(server, unanswered), contextlib.ExitStack() as stack:
            with stopped(pid):
                hellos = crowd(stack, site, server)
            wait_for_answers(hellos)
            assert metric(server, "deferred_total") > CROWD / 2


@pytest.mark.parametrize("kind", KINDS)
def test_addresses_take_turns(site, kind):
    """Who has begun one is through before most of another's crowd have had
    their first answer.  A step is one in a hundred parts of the time, so that
    there is time to look."""
    labels = {"listener": "clients"} if kind == "proxyd" else {}
    with serving(site, kind, "max handshake-percent 1\n") as (
            server, pid, unanswered), asked(server, unanswered), \
            contextlib.ExitStack() as stack:
        with stopped(pid):
            hellos = crowd(stack, site, server, "127.0.0.2")
            late = stack.enter_context(contextlib.closing(
                Hello(site, server.port).sock))
        assert select.select([late], [], [], httpclient.PATIENCE)[0]
        answered = sum(each.is_answered() for each in hellos)
        assert answered < CROWD / 2
        assert metric(server, "waiting", **labels) > 0
