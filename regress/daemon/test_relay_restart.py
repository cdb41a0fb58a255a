# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""proxyd stops, dies and comes back; nobody loses a signature."""

import contextlib
import os
import signal
import threading
import time

import pytest

from lib import (daemon, eth, ethkey, httpclient, ports, procfs, signers,
                 wsconn)
from lib.relays import (CLIENT, MESSAGE, SENDER, SLACK, SLOW, Asking, ask,
                        config, dialing, relayed)
from lib.retrying import Retrying

CLIENTS = 8
RECOVERY = 20.0                 # seconds until all sign again


def fixed(site, port, signer_port, **named):
    return config(site, listen="127.0.0.1 port %d" % port,
                  signers_on="127.0.0.1 port %d" % signer_port, **named)


class Load:
    """A client that asks for one signature after the other, each another
    payload, and tries again until it has it."""

    def __init__(self, site, port, number):
        self.site, self.port, self.number = site, port, number
        self.done = []              # message, result and when
        self.fault = None
        self.changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while not self._stop.is_set():
                number = len(self.done)
                hash_ = bytes([self.number]) * 16 + number.to_bytes(16, "big")
                self._one(eth.payload_kona(number, hash=hash_,
                                           sender=SENDER))
        except Exception as e:      # for the test to look at
            self.fault = e
            with self.changed:
                self.changed.notify_all()

    def _one(self, message):
        with Retrying(self.site, self.port, message, pause=0.02) as client:
            result = client.result().result()
        with self.changed:
            self.done.append((message, result, time.monotonic()))
            self.changed.notify_all()

    def wait(self, predicate, patience=60):
        with self.changed:
            assert self.changed.wait_for(
                lambda: self.fault or predicate(self.done), patience)
        assert self.fault is None, self.fault

    def finish(self):
        self._stop.set()
        self._thread.join(60)
        assert self.fault is None and not self._thread.is_alive()
        return self.done


@contextlib.contextmanager
def loaded(site, port):
    site.tls(CLIENT)            # made before the threads ask for it
    clients = [Load(site, port, number) for number in range(CLIENTS)]
    try:
        yield clients
    finally:
        for each in clients:
            each.finish()


def check_all(clients):
    """Each request was answered, with the signature of just that payload;
    verified for a part of them, which takes its time."""
    for client in clients:
        assert [each[0]["id"] for each in client.done] == list(
            range(len(client.done)))
        for message, result, _ in client.done[:3] + client.done[-3:]:
            assert eth.hexa(ethkey.verify(message, result)) == SENDER
        assert len({str(each[1]) for each in client.done}) == \
            len(client.done)


@pytest.mark.parametrize("how", ("SIGTERM", "SIGKILL", "relay"))
def test_restart_under_load(site, how):
    text = fixed(site, ports.reserve(), ports.reserve())
    with daemon.Proxyd(site, text) as before:
        with daemon.Signerd(site, dialing(
                site, before.signer_port)) as signerd:
            before.wait_log(msg="signer registered")
            with loaded(site, before.port) as clients:
                for each in clients:
                    each.wait(lambda done: len(done) >= 3)
                if how == "SIGTERM":
                    assert before.stop() == 0
                elif how == "SIGKILL":
                    os.kill(before.pid, signal.SIGKILL)
                    before.process.wait()
                    wait_gone(before.children["relay"])
                else:
                    before.signal("relay", signal.SIGKILL)
                    assert before.wait() == 1
                with daemon.Proxyd(site, text) as after:
                    ready = time.monotonic()
                    for each in clients:
                        each.wait(lambda done: done[-1][2] > ready)
                    recovered = time.monotonic() - ready
                    assert recovered < RECOVERY, after.output()
                    for each in clients:
                        count = len(each.done)
                        each.wait(lambda done, n=count: len(done) > n + 3)
                        each.finish()
                    signerd.wait_log(msg="link up", count=2)
                    assert len(signerd.logged(msg="link up")) == 2
                check_all(clients)


def wait_gone(pid):
    """A child whose parent was killed ends by itself."""
    until = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < until
        os.sched_yield()


def is_alive(pid):
    try:
        return procfs.status(pid)["State"][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(proxyd):
    """Until its ports are free, too."""
    proxyd.kill()
    wait_gone(proxyd.children["relay"])


def test_killed_again_and_again(site):
    """The signer is back within two seconds each time: no attempt is too
    late, and none before the proxy is there makes it slow."""
    text = fixed(site, ports.reserve(), ports.reserve())
    with daemon.Proxyd(site, text) as first:
        with daemon.Signerd(site, dialing(site, first.signer_port)):
            first.wait_log(msg="signer registered")
            kill(first)
            for _ in range(4):
                with daemon.Proxyd(site, text) as proxyd:
                    began = time.monotonic()
                    proxyd.wait_log(msg="signer registered")
                    assert time.monotonic() - began < RECOVERY
                    assert ask(proxyd) == "sequencer"
                    kill(proxyd)


# ---- an orderly end --------------------------------------------------------


def test_stop_waits_for_answers(site):
    """Clients in flight get them, then the links are closed, and nobody is
    accepted any more."""
    with relayed(site, {"hq": signers.hold, "dr": None}) as (proxyd, hq, dr):
        idle = proxyd.connect()
        assert idle.rpc(eth.call("health_status", [])).result()
        asked = [Asking(proxyd) for _ in range(5)]
        hq.wait_requests(5)
        os.kill(proxyd.pid, signal.SIGTERM)
        with idle:
            assert idle.wait_close()[0] == b""
        assert hq.ended is None
        for port in (proxyd.port, proxyd.signer_port):
            with pytest.raises((OSError, httpclient.Closed)):
                with httpclient.Connection(port, site.tls(CLIENT)) as late:
                    late.rpc(MESSAGE)
        hq.release()
        for each in asked:
            response = each.response()
            assert eth.hexa(ethkey.verify(MESSAGE, response.result())) == \
                SENDER
            assert response.closes
        for each in (hq, dr):
            ended = each.wait_end()
            assert ended.code == 1001, ended
        assert proxyd.wait() == 0


def test_stop_fails_over(site):
    """The standby signs what the first one does not, at the end as well."""
    with relayed(site, {"hq": signers.hold, "dr": None}) as (proxyd, hq, dr):
        asked = Asking(proxyd)
        hq.wait_requests()
        os.kill(proxyd.pid, signal.SIGTERM)
        hq.vanish()
        assert asked.key() == "sequencer"
        assert dr.wait_end().code == 1001
        assert proxyd.wait() == 0


def test_stop_does_not_wait_for_ever(site):
    """A request that nobody answers, and a signer that does not close."""
    with relayed(site, {"hq": signers.silent},
                 "timeout { request %d ms attempt 10 s }" % (
                     500 * SLOW)) as (proxyd, hq):
        asked = Asking(proxyd)
        hq.wait_requests()
        began = time.monotonic()
        hq.endpoint.stream.pause()
        os.kill(proxyd.pid, signal.SIGTERM)
        asked.check_unavailable()
        assert asked.took < 0.5 * SLOW + SLACK
        assert proxyd.wait() == 0
        assert time.monotonic() - began < 0.5 * SLOW + 1 + 2 * SLACK
        hq.endpoint.stream.resume()


def test_stop_without_anybody(site):
    with daemon.Proxyd(site, config(site)) as proxyd:
        began = time.monotonic()
        assert proxyd.stop() == 0
        assert time.monotonic() - began < SLACK


def test_stop_with_signerd(site):
    """Which hears that the proxy goes, and takes it for nothing bad."""
    with daemon.Proxyd(site, config(site)) as proxyd:
        with daemon.Signerd(site, dialing(
                site, proxyd.signer_port)) as signerd:
            proxyd.wait_log(msg="signer registered")
            began = time.monotonic()
            assert proxyd.stop() == 0
            assert time.monotonic() - began < SLACK
            record = signerd.wait_log(msg="link down", link="edge")
            assert "1001" in record["reason"], record


def test_half_open_links_do_not_hold_up_a_stop(site):
    """Connections that are no websockets yet, or not registered."""
    with daemon.Proxyd(site, config(site)) as proxyd:
        with httpclient.Connection(proxyd.signer_port,
                                   site.tls(CLIENT)) as plain:
            endpoint = wsconn.connect(proxyd.signer_port, site.tls(CLIENT))
            began = time.monotonic()
            os.kill(proxyd.pid, signal.SIGTERM)
            assert endpoint.wait_end().code == 1001
            endpoint.stream.close()
            plain.wait_close()
            assert proxyd.wait() == 0
            assert time.monotonic() - began < SLACK


# ---- death of the relay ----------------------------------------------------


@pytest.mark.parametrize("number,text", (
    (signal.SIGKILL, "signal 9"), (signal.SIGABRT, "signal 6")))
def test_relay_that_dies(site, number, text):
    with relayed(site, {"hq": signers.silent}) as (proxyd, hq):
        asked = Asking(proxyd)
        hq.wait_requests()
        proxyd.signal("relay", number)
        assert proxyd.wait() == 1
        record = proxyd.wait_log(msg="child died", child="relay")
        assert record["level"] == "error"
        assert int(record["pid"]) == proxyd.children["relay"]
        assert text in record["how"]
        with asked.connection, pytest.raises(httpclient.Closed):
            asked.connection.read_response()
        assert hq.wait_end().code is None


def test_parent_that_dies(site):
    """Nobody is left."""
    with daemon.Proxyd(site, config(site)) as proxyd:
        os.kill(proxyd.pid, signal.SIGKILL)
        proxyd.process.wait()
        wait_gone(proxyd.children["relay"])
