# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Signers that come and go all the time leave nothing behind in proxyd."""

import contextlib
import os
import signal
import socket
import threading
import time

import pytest

from lib import daemon, eth, procfs, signers, wsconn
from lib.relays import (CLIENT, MESSAGE, SLACK, Asking, ask, certname,
                        config, dialing, fake_signer)
from lib.signers import FakeSigner

LABELS = ("s0", "s1", "s2", "s3")
TURNS = 250                 # of each: a thousand together
WARM = 40                   # before the memory is measured
GROWTH = 500 * 1024         # bytes; a link that is kept has over 1000
REAL = 24
KILLS = 25 if daemon.SANITIZE else 250      # of each of LABELS
TEXT = "timeout stable 1 min"


def memory(pid):
    """Bytes of it that are its own."""
    return int(procfs.status(pid)["RssAnon"].split()[0]) * 1024


def count(pid):
    """Descriptors; a user may not see those of an undumpable process, and
    does the rest of the tests without."""
    return len(os.listdir("/proc/%d/fd" % pid)) if daemon.ROOT else 0


def wait_count(pid, wanted, patience=60):
    """Connections that ended are noticed one after the other."""
    until = time.monotonic() + patience
    while count(pid) > wanted:
        assert time.monotonic() < until, procfs.descriptors(pid)
        os.sched_yield()
    assert count(pid) == wanted


# ---- ways to go ------------------------------------------------------------


def resets(signer):
    signer.vanish(reset=True)


def closes(signer):
    signer.close(1000)


def stays(signer):
    """The next one of the same name takes its place."""


def breaks(signer):
    """In the middle of a frame."""
    signer.endpoint.stream.send(signer.endpoint.frame(
        wsconn.TEXT, b"{" * 500)[:300])
    signer.vanish()


WAYS = (FakeSigner.vanish, resets, closes, stays, breaks)


class Churn(threading.Thread):
    """Signers of one name, one after the other; some never register, some
    are not even websockets."""

    def __init__(self, site, proxyd, label, turns):
        super().__init__(daemon=True)
        self.site, self.proxyd, self.label = site, proxyd, label
        self.turns = turns
        self.tls = site.tls(certname(label))
        self.fault = None
        self.left = []
        self.start()

    def run(self):
        try:
            for turn in range(self.turns):
                self._turn(turn)
            for each in self.left:
                each.vanish()
        except Exception as e:      # for the test to look at
            self.fault = e

    def _turn(self, turn):
        if turn % 10 == 9:
            self._early(turn)
            return
        registers = turn % 10 != 5
        signer = FakeSigner(
            self.site, self.proxyd.signer_port, name=certname(self.label),
            tls=self.tls, register=registers,
            answer=(signers.silent, signers.wrong, signers.hang_up)[turn % 3])
        assert not registers or signer.refusal is None, signer.refusal
        with contextlib.suppress(wsconn.Ended, AssertionError):
            WAYS[turn % len(WAYS)](signer)
        self.left = [each for each in self.left if each.ended is None]
        self.left.append(signer)

    def _early(self, turn):
        """Before there is a websocket."""
        raw = socket.create_connection(
            ("127.0.0.1", self.proxyd.signer_port), 60)
        if turn % 20 == 9:
            raw = self.tls.wrap_socket(raw, server_hostname="localhost")
            raw.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\n")
        raw.close()

    def finish(self):
        self.join(200)
        assert not self.is_alive() and self.fault is None, self.fault


class Asker(threading.Thread):
    """A client that asks all the time; every request must be answered."""

    def __init__(self, proxyd, name=CLIENT):
        super().__init__(daemon=True)
        self.connection = proxyd.connect(name)
        self.asked = 0
        self.fault = None
        self.stopped = False
        self.start()

    def run(self):
        try:
            while not self.stopped:
                response = self.connection.rpc(
                    [dict(MESSAGE, id=n) for n in range(4)])
                assert response.status == 200, response
                for each in response.json():
                    assert len(each["result"]) == 132, each
                self.asked += 1
        except Exception as e:      # for the test to look at
            self.fault = e

    def finish(self):
        self.stopped = True
        self.join(60)
        self.connection.close()
        assert not self.is_alive() and self.fault is None, self.fault


def churn(site, proxyd, turns):
    """How often a client was answered meanwhile."""
    asker = Asker(proxyd)
    made = [Churn(site, proxyd, label, turns) for label in LABELS]
    for each in made:
        each.finish()
    asker.finish()
    return asker.asked


def test_a_thousand_signers(site):
    """And no client has noticed, for one of them was there all the time."""
    with daemon.Proxyd(site, config(site, LABELS + ("dr",),
                                    extra=TEXT)) as proxyd:
        relay = proxyd.children["relay"]
        with fake_signer(site, proxyd, "dr", answer=signers.wrong) as dr:
            churn(site, proxyd, WARM)
            wait_count(relay, count_with(proxyd, relay, 1))
            before, descriptors = memory(relay), count(relay)
            assert churn(site, proxyd, TURNS) > 20
            wait_count(relay, descriptors)
            grown = memory(relay) - before
            if not daemon.SANITIZE:
                assert grown < GROWTH, grown
            assert len(dr.requests) > 20 and dr.ended is None
            dr.respond = signers.sign
            assert ask(proxyd) == "sequencer"


def count_with(proxyd, relay, links):
    """Descriptors of a relay with that many links and no client: what a
    fresh one has."""
    with daemon.Proxyd(proxyd.site, config(
            proxyd.site, LABELS + ("dr",), extra=TEXT)) as fresh:
        pid = fresh.children["relay"]
        with contextlib.ExitStack() as stack:
            for _ in range(links):
                stack.enter_context(fake_signer(proxyd.site, fresh, "dr"))
            return count(pid)


@pytest.mark.parametrize("answer", (signers.silent, signers.hang_up))
def test_requests_of_signers_that_go(site, answer):
    """The only one goes in flight, again and again: 503 at once, and its
    places are free for the next one."""
    with daemon.Proxyd(site, config(site, extra=TEXT + "\nmax { waiting 3 "
                                    "queue 3 link-requests 3 }")) as proxyd:
        relay = proxyd.children["relay"]
        descriptors = count(relay)
        for turn in range(30):
            with fake_signer(site, proxyd, answer=answer) as signer:
                asked = Asking(proxyd, [MESSAGE] * 3)
                signer.wait_requests(1)
                signer.vanish(reset=bool(turn % 2))
                asked.check_unavailable()
                assert asked.took < SLACK
        wait_count(relay, descriptors)
        with fake_signer(site, proxyd) as signer:
            assert ask(proxyd) == "sequencer"


def test_signerd_killed_again_and_again(site):
    """Real ones, some of them with a request in hand."""
    with daemon.Proxyd(site, config(site, ("hq", "dr"),
                                    extra=TEXT)) as proxyd:
        relay = proxyd.children["relay"]
        text = dialing(site, proxyd.signer_port)
        with daemon.Signerd(site, dialing(
                site, proxyd.signer_port, "dr")) as dr:
            proxyd.wait_log(msg="signer registered", signer="dr")
            descriptors = count(relay)
            for turn in range(REAL):
                hq = daemon.Signerd(site, text)
                proxyd.wait_log(msg="signer registered", signer="hq",
                                count=turn + 1)
                asked = None
                if turn % 3 == 0:
                    hq.signal("keyd", signal.SIGSTOP)
                    asked = Asking(proxyd, eth.payload_kona(turn))
                elif turn % 3 == 1:
                    assert ask(proxyd) == "sequencer"
                hq.kill()
                hq.process.stderr.close()
                if asked is not None:
                    assert asked.key() == "sequencer"
                    assert asked.took < SLACK
                proxyd.wait_log(msg="signer lost", signer="hq",
                                count=turn + 1)
            wait_count(relay, descriptors)
            assert ask(proxyd) == "sequencer"
            dr.wait_log(msg="signed")


def kill_again_and_again(site, proxyd, label, turns, faults):
    """In a thread: a real signerd that registers and is killed."""
    text = dialing(site, proxyd.signer_port, label)
    try:
        for _ in range(turns):
            mark = proxyd.mark()
            signerd = daemon.Signerd(site, text)
            proxyd.wait_log(mark, msg="signer registered", signer=label)
            signerd.kill()
            signerd.process.stderr.close()
    except Exception as e:      # told by the test
        faults.append(e)


def kill_all(site, proxyd, turns):
    faults = []
    threads = [threading.Thread(target=kill_again_and_again, args=(
        site, proxyd, label, turns, faults)) for label in LABELS]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults, faults


@pytest.mark.patience(4)
def test_a_thousand_signerd_killed(site):
    """Real ones all, one after the other in each of four places."""
    for label in LABELS:
        site.authority.client(certname(label))
    with daemon.Proxyd(site, config(site, LABELS + ("dr",),
                                    extra=TEXT)) as proxyd:
        relay = proxyd.children["relay"]
        with fake_signer(site, proxyd, "dr") as dr:
            kill_all(site, proxyd, 10)
            wait_count(relay, count_with(proxyd, relay, 1))
            before, descriptors = memory(relay), count(relay)
            kill_all(site, proxyd, KILLS)
            wait_count(relay, descriptors)
            grown = memory(relay) - before
            if not daemon.SANITIZE:
                assert grown < GROWTH, grown
            assert ask(proxyd) == "sequencer" and dr.requests
