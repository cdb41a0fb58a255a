# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Several processes that speak with clients: prefork."""

import contextlib
import os
import shutil
import signal
import ssl
import threading

import pytest

from lib import daemon, eth, httpclient, procfs, scraping
from lib.reloading import Load, errors, hup, reload

RULE = 'allow client "sequencer.example" key "%s" chain 10\n'
METRICS = "metrics on 127.0.0.1 port 0\n"
NAMES = ("frontend1", "frontend2")


@pytest.fixture(scope="module")
def site():
    made = daemon.Site()
    yield made
    made.remove()


def config(site, rules=RULE % "sequencer", extra="", workers=2, **named):
    named.setdefault("log", "{ level info rate 200 }")
    return site.config(
        rules=rules, extra="prefork 2\nkeyd workers %d\nwatch interval "
        "100 ms\n%s%s" % (workers, METRICS, extra), **named)


@pytest.fixture
def signerd(site):
    with daemon.Signerd(site, config(site)) as made:
        yield made


@contextlib.contextmanager
def stopped(signerd, name):
    """What is accepted meanwhile is accepted by another."""
    signerd.signal(name, signal.SIGSTOP)
    while not procfs.status(signerd.children[name])["State"].startswith("T"):
        pass
    try:
        yield
    finally:
        signerd.signal(name, signal.SIGCONT)


def on_each(signerd, stack, n=1):
    """So many connections to each frontend, in the order of their names."""
    made = []
    for other in NAMES[::-1]:
        with stopped(signerd, other):
            mine = [stack.enter_context(signerd.connect())
                    for _ in range(n)]
            for each in mine:
                each.rpc(eth.payload_v2())
        made.append(mine)
    return made


def test_names(signerd):
    assert set(signerd.children) == set(NAMES) | {"keyd1", "keyd2"}
    for name in NAMES:
        with open("/proc/%d/cmdline" % signerd.children[name], "rb") as f:
            assert f.read().split(b"\0")[0] == name.encode()


def test_each_accepts_and_asks_each_keyd(site):
    text = config(site, extra="timeout { keyd 2 s request 50 s }\n")
    with daemon.Signerd(site, text) as signerd, \
            contextlib.ExitStack() as stack:
        for name, (connection,) in zip(NAMES, on_each(signerd, stack)):
            mark = signerd.mark()
            connection.rpc(eth.payload_v2()).result()
            signerd.wait_log(mark, msg="signed", process=name)
            for keyd in ("keyd1", "keyd2"):
                with stopped(signerd, keyd):
                    # The first may wait there, and in vain; the other keyd
                    # has those after it.
                    statuses = [connection.rpc(eth.payload_v2()).status
                                for _ in range(10)]
                    assert statuses[1:] == [200] * 9


def test_metrics_are_those_of_all(signerd):
    """And one of them serves them."""
    with contextlib.ExitStack() as stack:
        on_each(signerd, stack, 3)
        found = scraping.until(
            signerd.metrics[0],
            lambda each: each.sum(
                "signerd_requests_total", process="frontend",
                method="block-payload", result="signed") == 6)
        assert found("signerd_connections") == 6
        assert found("signerd_handshakes_total") == 6
        assert found("signerd_listeners") == 1
        assert found("signerd_connections_max") == 1024
        assert found("signerd_queued_requests_max", process="frontend") == 512
        # A date, and not the sum of two.
        assert found("signerd_certificate_expiry_seconds",
                     file="certificate", link="") < 2**33
        for name in NAMES:
            assert found("signerd_process_up", process=name) == 1
        scraping.until_ready(signerd.metrics[0], 200)
    with stopped(signerd, "frontend2"):
        scraping.until_ready(signerd.metrics[0], 503,
                             "a frontend does not answer")


def test_limits_hold_for_all_of_them(site):
    """Of four connections each has two; a fifth finds no room."""
    text = config(site, extra="max { connections 4 connections-per-address 4 "
                  "}\n")
    with daemon.Signerd(site, text) as signerd:
        with contextlib.ExitStack() as stack:
            on_each(signerd, stack, 2)
            for name in NAMES:
                with stopped(signerd, name):
                    with pytest.raises((httpclient.Closed, OSError,
                                        ssl.SSLError)):
                        with signerd.connect() as more:
                            more.rpc(eth.payload_v2())
            scraping.until(
                signerd.metrics[0],
                lambda each: each.sum("signerd_connections") == 4 ==
                each.sum("signerd_connections_max"))


def test_reloads_under_load(site, signerd):
    bad = config(site, keys=("nonesuch",))
    texts = [config(site, rules=RULE % name, keys=("batcher", name))
             for name in ("multi10", "sequencer")]
    with Load(signerd, connections=6) as load:
        for text in texts * 3:
            reload(signerd, text)
            load.settle()
            assert len(errors(signerd, bad)) == 1
            load.settle()
    assert not signerd.logged(msg="unavailable")
    assert not signerd.logged(msg="refused")


def test_a_fault_of_a_certificate_is_told_once(site, signerd):
    garbage = site.path("garbage.crt")
    with open(garbage, "w") as f:
        f.write("no certificate\n")
    text = config(site)
    told = errors(signerd, text.replace(site.authority.ca, garbage))
    assert len(told) == 1 and "garbage.crt" in told[0]


def test_listeners_come_and_go(site, signerd):
    """Each has the new one, and none the old one."""
    first = signerd.port
    text = config(site)
    mark = signerd.mark()
    reload(signerd, text.replace("listen on 127.0.0.1 port 0",
                                 "listen on 127.0.0.1 port %d\n"
                                 "listen on 127.0.0.2 port 0" % first))
    second = int(signerd.logged(mark, msg="listening")[0]["port"])

    def accepted_by_each(host, port):
        for name in NAMES:
            with stopped(signerd, name):
                with httpclient.Connection(
                        port, site.tls("sequencer.example"),
                        host=host) as connection:
                    connection.rpc(eth.payload_v2()).result()

    accepted_by_each("127.0.0.2", second)
    accepted_by_each("127.0.0.1", first)
    reload(signerd, text.replace("listen on 127.0.0.1 port 0",
                                 "listen on 127.0.0.2 port %d" % second))
    accepted_by_each("127.0.0.2", second)
    with pytest.raises(OSError):
        signerd.connect()


def test_certificates_that_change_by_themselves(site):
    """All frontends take them up."""
    pair = [site.path("own.crt"), site.path("own.key")]
    for path, source in zip(pair, site.authority.server()):
        shutil.copy(source, path)
        os.chmod(path, 0o600)
    text = config(site)
    for path, source in zip(pair, site.authority.server()):
        text = text.replace(source, path)
    with daemon.Signerd(site, text) as signerd:
        new = site.authority.issue("second", "localhost",
                                   "DNS:localhost,IP:127.0.0.1")
        mark = signerd.mark()
        for path, source in zip(pair, new):
            shutil.copy(source, path + ".new")
            os.chmod(path + ".new", 0o600)
            os.rename(path + ".new", path)
        for name in NAMES:
            signerd.wait_log(mark, msg="certificate", process=name)
        for name in NAMES:
            with stopped(signerd, name), signerd.connect() as connection:
                connection.rpc(eth.payload_v2()).result()


def test_the_number_needs_a_restart(site, signerd):
    told = errors(signerd, config(site).replace("prefork 2", "prefork 3"))
    assert any("prefork 3 in the place of 2 needs a restart" in each
               for each in told)


@pytest.mark.parametrize("which", NAMES)
def test_one_that_dies_ends_the_daemon(site, which):
    with daemon.Signerd(site, config(site)) as signerd:
        signerd.signal(which, signal.SIGKILL)
        assert signerd.wait() == 1
        assert signerd.logged(msg="child died", child=which)


def test_stop_waits_for_all_of_them(site):
    """What each has begun is answered."""
    with daemon.Signerd(site, config(site, workers=1,
                                     extra="timeout { keyd 20 s "
                                     "request 20 s }\n")) as signerd:
        answers = []
        with contextlib.ExitStack() as stack:
            made = on_each(signerd, stack)
            with stopped(signerd, "keyd"):
                threads = [threading.Thread(
                    target=lambda c=connection: answers.append(
                        c.rpc(eth.payload_v2()).status))
                    for connection, in made]
                for each in threads:
                    each.start()
                # They are in keyd when it is told to stop.
                scraping.until(
                    signerd.metrics[0], lambda each: each.sum(
                        "signerd_keyd_requests_in_flight") == 2)
                os.kill(signerd.pid, signal.SIGTERM)
                signerd.wait_log(msg="stopping: Terminated")
            for each in threads:
                each.join(daemon.PATIENCE)
        assert answers == [200, 200]
        assert signerd.wait() == 0


def test_isolation_is_the_same_for_each(signerd):
    ours = [procfs.status(signerd.children[name]) for name in NAMES]
    for key in ("Seccomp", "NoNewPrivs", "CapEff", "CapPrm", "Uid", "Gid"):
        assert ours[0][key] == ours[1][key]
    assert ours[0]["Seccomp"] == "2"
