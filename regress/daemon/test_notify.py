# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What a service manager is told: readiness, reloads, the end, and that all
processes answer."""

import contextlib
import os
import signal
import socket
import time
import uuid

import pytest

from lib import daemon, eth, relays
from lib.daemon import PATIENCE, SANITIZE
from lib.linked import config as linked_config
from lib.manager import Manager
from lib.reloading import hup

RULE = 'allow client "sequencer.example" key "sequencer" chain 10\n'
WATCHDOG = 4.0 if SANITIZE or daemon.COVERAGE else 0.6


@pytest.fixture(params=["path", "abstract"])
def address(request, tmp_path):
    if request.param == "abstract":
        return "\0signerd-test-" + uuid.uuid4().hex
    os.chmod(tmp_path, 0o755)
    return str(tmp_path / "notify")


@contextlib.contextmanager
def managed(monkeypatch, address, site, program=daemon.Signerd, text=None,
            watchdog=None, **variables):
    """A manager and a daemon that it has started."""
    with Manager(address, watchdog) as manager:
        for name, value in {**manager.environment, **variables}.items():
            monkeypatch.setenv(name, value)
        with program(site, text or site.config(rules=RULE)) as started:
            yield manager, started


@pytest.fixture
def anywhere():
    return "\0signerd-test-" + uuid.uuid4().hex


# ---- readiness, reload, stop ------------------------------------------------


def test_ready_and_stop(site, monkeypatch, address):
    with managed(monkeypatch, address, site) as (manager, signerd):
        assert manager.next() == {"READY": "1", "STATUS": "ready"}
        signerd.rpc(eth.payload_v2()).result()
        # Nobody asked for more.
        assert manager.drain() == []
        assert signerd.stop() == 0
        assert manager.next() == {"STOPPING": "1", "STATUS": "stopping"}
        assert manager.drain() == []
        # Those of other processes a manager does not take.
        assert manager.senders == {signerd.pid}


def test_ready_comes_when_it_serves(site, monkeypatch, anywhere):
    """Not before the children are ready: one that never is, is not told."""
    with Manager(anywhere) as manager:
        for name, value in manager.environment.items():
            monkeypatch.setenv(name, value)
        status, _, err = daemon.run("-d", "-f", site.write(site.config(
            rules=RULE).replace(site.key("sequencer"),
                                site.authority.ca)))
        assert status == 1, err
        assert manager.drain() == []


def test_reload(site, monkeypatch, address):
    with managed(monkeypatch, address, site) as (manager, signerd):
        manager.wait("READY")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        hup(signerd)
        told = manager.next()
        assert set(told) == {"RELOADING", "MONOTONIC_USEC", "STATUS"}
        assert told["RELOADING"] == "1"
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert before <= int(told["MONOTONIC_USEC"]) <= after
        assert manager.next() == {"READY": "1",
                                  "STATUS": "configuration 2 in force"}


def test_reload_that_fails(site, monkeypatch, anywhere):
    """It is ready again, with what it had; the status says what is wrong,
    without a character that would end it."""
    with managed(monkeypatch, anywhere, site) as (manager, signerd):
        manager.wait("READY")
        hup(signerd, site.config(rules=RULE) + 'include "caf\xe9"\n')
        assert "RELOADING" in manager.next()
        told = manager.next()
        assert told["READY"] == "1"
        assert told["STATUS"].startswith(
            "configuration 1 stays in force: %s:" % signerd.path)
        assert "caf??" in told["STATUS"]
        signerd.rpc(eth.payload_v2()).result()


def test_proxyd(site, monkeypatch, anywhere):
    with managed(monkeypatch, anywhere, site, daemon.Proxyd,
                 relays.config(site), WATCHDOG) as (manager, proxyd):
        assert manager.next()["READY"] == "1"
        assert manager.next() == {"WATCHDOG": "1"}
        hup(proxyd)
        assert "RELOADING" in manager.wait("RELOADING")
        assert manager.wait("READY")["STATUS"] == "configuration 2 in force"
        silence(manager, proxyd, "relay")
        assert proxyd.stop() == 0
        manager.wait("STOPPING")


def test_check_tells_nothing(site, monkeypatch, anywhere):
    with Manager(anywhere, WATCHDOG) as manager:
        for name, value in manager.environment.items():
            monkeypatch.setenv(name, value)
        status, _, err = daemon.run("-n", "-f", site.write(
            site.config(rules=RULE)))
        assert (status, err) == (0, "")
        assert manager.drain() == []


# ---- the manager that is not there ------------------------------------------


@pytest.mark.parametrize("name", [
    "", "/", "@", "relative", "/nonexistent/notify", "/" + 108 * "x",
    "@" + 108 * "x", "vsock:2:1234"])
def test_unreachable(site, monkeypatch, name):
    """It says so, and serves."""
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with daemon.Signerd(site, site.config(rules=RULE)) as signerd:
        record, = [each for each in signerd.records
                   if "NOTIFY_SOCKET=" + name in each.get("msg", "")]
        assert record["level"] == "error"
        signerd.rpc(eth.payload_v2()).result()


def test_gone(site, monkeypatch, anywhere):
    """A manager that has gone is missed in the log and nowhere else."""
    with Manager(anywhere) as manager:
        for name, value in manager.environment.items():
            monkeypatch.setenv(name, value)
        signerd = daemon.Signerd(site, site.config(rules=RULE))
    with signerd:
        mark = hup(signerd)
        signerd.wait_log(mark, msg="reloaded")
        assert [each for each in signerd.logged(mark, level="error")
                if each["msg"].startswith(
                    "cannot tell the service manager RELOADING=1")]
        signerd.rpc(eth.payload_v2()).result()


# ---- the watchdog ------------------------------------------------------------


def silence(manager, started, child):
    """Stops a process: the manager hears nothing for as long as it waits, and
    the log says of whom."""
    mark = started.mark()
    started.signal(child, signal.SIGSTOP)
    manager.drain()
    try:
        # On a busy machine another may be late, too.
        record = started.wait_log(mark, msg="child does not answer",
                                  child=child)
        assert record["level"] == "error"
        assert int(record["pid"]) == started.children[child]
        # What it had answered before, and no other's answer.
        assert len(manager.drain()) <= 1
        # As the manager does: it waits for its time to pass.
        assert manager.next(WATCHDOG) is None
        assert len(started.logged(mark, msg="child does not answer",
                                  child=child)) == 1
    finally:
        started.signal(child, signal.SIGCONT)
    started.wait_log(mark, msg="child answers again", child=child)
    assert manager.next() == {"WATCHDOG": "1"}


def test_watchdog(site, monkeypatch, anywhere):
    """It comes at least twice within the time that it has to come in."""
    with managed(monkeypatch, anywhere, site, watchdog=WATCHDOG,
                 text=linked_config(site, 9, listen="127.0.0.1 port 0")) as (
            manager, signerd):
        manager.wait("READY")
        assert set(signerd.children) == {"keyd", "frontend", "dialer", "link"}
        # A busy machine may be late now and then.
        found = []
        while len(found) < 5 or min(found) >= WATCHDOG and len(found) < 50:
            began = time.monotonic()
            for _ in range(2):
                assert manager.next() == {"WATCHDOG": "1"}
            found.append(time.monotonic() - began)
        assert min(found) < WATCHDOG
        for child in sorted(signerd.children):
            silence(manager, signerd, child)
        assert not signerd.logged(msg="child died")


def test_watchdog_ends_with_the_daemon(site, monkeypatch, anywhere):
    """A daemon that stops is not to be kept alive by it."""
    with managed(monkeypatch, anywhere, site, watchdog=WATCHDOG) as (
            manager, signerd):
        manager.wait("WATCHDOG")
        assert signerd.stop() == 0
        manager.wait("STOPPING")
        assert manager.drain() == []


@pytest.mark.parametrize("variables", [
    {"WATCHDOG_PID": "1"}, {"WATCHDOG_PID": ""}, {"WATCHDOG_USEC": "0"},
    {"WATCHDOG_USEC": "-1"}, {"WATCHDOG_USEC": "1s"},
    {"WATCHDOG_USEC": "99999999999999999999999"}])
def test_watchdog_of_nobody(site, monkeypatch, anywhere, variables):
    """One for another process, or one that nobody can understand."""
    with managed(monkeypatch, anywhere, site, watchdog=0.004,
                 **variables) as (manager, signerd):
        manager.wait("READY")
        for _ in range(5):
            signerd.rpc(eth.payload_v2()).result()
        assert manager.drain() == []


def test_watchdog_full(site, monkeypatch, anywhere):
    """A manager that does not read does not stop the daemon, either."""
    with managed(monkeypatch, anywhere, site, watchdog=0.004) as (
            manager, signerd):
        manager.wait("WATCHDOG")
        with open("/proc/sys/net/unix/max_dgram_qlen",
                  encoding="ascii") as f:
            depth = int(f.read())
        if depth > 64:
            pytest.skip("a queue of %d datagrams is not filled" % depth)
        for _ in range(depth):
            signerd.rpc(eth.payload_v2()).result()
        assert not [each for each in signerd.records
                    if "service manager" in each["msg"]]
        assert len(manager.drain()) > 0
        assert manager.next(PATIENCE) == {"WATCHDOG": "1"}


def test_stopped_manager(site, monkeypatch, anywhere):
    """The word that it stops waits for a manager that reads late, a while."""
    with managed(monkeypatch, anywhere, site) as (manager, signerd):
        manager.wait("READY")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.connect(anywhere)
            other.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    other.send(b"X=1")
        os.kill(signerd.pid, signal.SIGTERM)
        assert signerd.wait() == 0
        assert signerd.logged(level="error")[0]["msg"].startswith(
            "cannot tell the service manager STOPPING=1")
