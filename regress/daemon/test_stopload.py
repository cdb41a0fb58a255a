# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""SIGTERM while clients ask without a pause: what has begun is finished."""

import contextlib
import os
import signal
import threading

import pytest

from lib import daemon, eth, httpclient
from lib.linkload import signs
from lib.proxies import FakeProxy
from lib.relays import CLIENT, MESSAGE, config, dialing
from lib.reloading import Load

RULES = 'allow client "sequencer.example" key "sequencer" chain 10\n' \
    'allow via "edge" client "sequencer.example" key "sequencer" chain 10'
LOG = "{ level info rate 1000000 }"


class Leaving:
    """A client that asks until it is told that there is no more."""

    def __init__(self, connection, message):
        self.connection = connection
        self.message = message
        self.answered = 0
        self.failure = None
        self.begun = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            with self.connection:
                while self._once():
                    self.begun.set()
        except Exception as e:           # told by the thread that waits
            self.failure = e
        self.begun.set()

    def _once(self):
        """False at an end in order: after a whole answer that says so, or
        before anything of one has come."""
        try:
            self.connection.send(httpclient.request(
                body=eth.encode(self.message)))
            answer = self.connection.read_response()
        except (httpclient.Closed, OSError):
            assert not self.connection.buffer, self.connection.buffer
            return False
        answer.result()
        self.answered += 1
        return not answer.closes

    def end(self):
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure
        return self.answered


@contextlib.contextmanager
def load(server, message, count=8):
    clients = [Leaving(server.connect(CLIENT), message)
               for _ in range(count)]
    for each in clients:
        assert each.begun.wait(60)
    yield clients


@pytest.mark.parametrize("turn", range(3))
def test_signerd(site, turn):
    """Whatever was signed has reached who asked for it, and the link's
    requests are answered before its close frame."""
    with FakeProxy(site) as proxy, daemon.Signerd(site, site.config(
            rules=RULES, log=LOG,
            proxies=[site.proxy("edge", proxy.port)])) as signerd:
        link = proxy.wait_link()
        assert signs(link) is True
        with load(signerd, eth.payload_v2()) as clients:
            asked = [link.ask(link.relayed(eth.payload_v2(), CLIENT))
                     for _ in range(20)]
            for each in asked[:10]:
                link.answer(each)
            os.kill(signerd.pid, signal.SIGTERM)
            answered = sum(each.end() for each in clients)
        assert link.wait_end().code == 1001
        assert signerd.wait() == 0
        done = [link.answers_to(each) for each in asked]
        assert all(len(each) == 1 for each in done), done
        relayed = sum("result" in each[0] for each in done)
        signed = signerd.logged(msg="signed")
        assert len(signed) == answered + relayed + 1
        for msg in ("unavailable", "child died"):
            assert not signerd.logged(msg=msg)


@pytest.mark.parametrize("turn", range(3))
def test_proxyd(site, turn):
    """The same, through a signer that dials it, whose link ends at last."""
    with daemon.Proxyd(site, config(site, log=LOG)) as proxyd, \
            daemon.Signerd(site, dialing(
                site, proxyd.signer_port)) as signerd:
        proxyd.wait_log(msg="signer registered")
        with load(proxyd, MESSAGE) as clients:
            os.kill(proxyd.pid, signal.SIGTERM)
            answered = sum(each.end() for each in clients)
        assert proxyd.wait() == 0
        record = signerd.wait_log(msg="link down", link="edge")
        assert "1001" in record["reason"]
        assert len(proxyd.logged(msg="relayed")) == answered
        for msg in ("unavailable", "child died"):
            assert not proxyd.logged(msg=msg)


def test_signer_of_a_proxy_stops(site):
    """Nobody who asks the proxy notices: the other signer is asked."""
    second = 'allow via "edge" client "%s" key "sequencer" chain 10' % CLIENT
    with daemon.Proxyd(site, config(site, ("hq", "dr"), log=LOG)) as proxyd, \
            daemon.Signerd(site, dialing(site, proxyd.signer_port, "dr",
                                         rules=second)) as dr:
        proxyd.wait_log(msg="signer registered", signer="dr")
        for _ in range(3):
            mark = proxyd.mark()
            with daemon.Signerd(site, dialing(
                    site, proxyd.signer_port, rules=second)) as hq:
                proxyd.wait_log(mark, msg="signer registered", signer="hq")
                with Load(proxyd, 4, CLIENT, MESSAGE):
                    assert hq.stop() == 0
        assert not proxyd.logged(msg="unavailable")
        assert not dr.logged(msg="link down")


@pytest.mark.parametrize("which", ("signerd", "proxyd"))
def test_no_record_is_lost(site, which):
    """While the parent does not read, more is said than a socket holds."""
    several = 900
    with daemon.Proxyd(site, config(site, log=LOG)) as proxyd, \
            daemon.Signerd(site, dialing(
                site, proxyd.signer_port).replace(
                    "log { level info }", "log " + LOG)) as signerd:
        proxyd.wait_log(msg="signer registered")
        stopped, msg = {"signerd": (signerd, "signed"),
                        "proxyd": (proxyd, "relayed")}[which]
        with proxyd.connect(CLIENT) as connection:
            os.kill(stopped.pid, signal.SIGSTOP)
            try:
                for _ in range(several):
                    connection.rpc(MESSAGE).result()
                os.kill(stopped.pid, signal.SIGTERM)
            finally:
                os.kill(stopped.pid, signal.SIGCONT)
            assert stopped.wait() == 0
        assert len(stopped.logged(msg=msg)) == several
