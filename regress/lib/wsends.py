# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The two ends of a link that the daemons have, each with a peer that sends
any bytes: proxyd, who is dialled (RFC 6455's server), and signerd, who dials
(its client).  Beside the links that a test breaks, another one stays up."""

import contextlib
import json
import queue

from lib import daemon, eth, linked, procfs, relays, rpclink, wsconn
from lib.httpclient import PATIENCE
from lib.proxies import REGISTER, SOFTWARE, FakeProxy
from lib.relays import HQ

BODY = 262144               # max body
MESSAGE = BODY + 65536      # the largest message
# No ping comes between, and no link dies of waiting for its turn.
PATIENT = """
max body %d bytes
timeout { ping 10 min dead 30 min }
""" % BODY
SPARE = 6                   # links that signerd keeps up for the test


def text(ident, length=0):
    """A request that is answered with an error, of that many bytes."""
    whole = eth.encode(eth.call("no", [""], ident))
    return whole.replace(b'[""]', b'["%s"]' % (b"x" * max(
        0, length - len(whole))))


class Heard:
    """What came of a link: events, and the close frame's code, None without
    one."""

    def __init__(self):
        self.events = []
        self.code = None
        self.closed = False

    def take(self, frame):
        if frame.opcode == wsconn.PONG:
            self.events.append(("pong", frame.payload))
        elif frame.opcode == wsconn.TEXT:
            assert frame.fin
            answer = json.loads(frame.payload)
            self.events.append(("answer", answer["id"],
                                answer["error"]["code"]))
        elif frame.opcode == wsconn.CLOSE:
            self.closed = True
            if frame.payload:
                self.code = int.from_bytes(frame.payload[:2], "big")
                frame.payload[2:].decode("utf-8")
        else:
            assert frame.opcode == wsconn.PING, frame


def hear(endpoint, until=None, patience=PATIENCE):
    """All that comes, to that event or to the end of the connection."""
    heard = Heard()
    try:
        while until is None or until not in heard.events:
            frame = endpoint.read_frame(patience)
            assert not heard.closed, "after its close frame: %r" % (frame,)
            heard.take(frame)
            if heard.closed and not endpoint.said_close:
                with contextlib.suppress(wsconn.Ended, TimeoutError):
                    endpoint.send_close(heard.code)
    except wsconn.Ended as e:
        assert until is None, (e, heard.events)
    return heard


class ServerEnd:
    """proxyd: each link is the signer hq's, registered."""

    role = "server"

    def __init__(self, site):
        self.site = site
        self.stack = contextlib.ExitStack()
        self.daemon = self.stack.enter_context(daemon.Proxyd(
            site, relays.config(site, ("hq", "dr"), extra=PATIENT)))
        self.other = self.stack.enter_context(relays.fake_signer(
            site, self.daemon, "dr"))
        self.child = "relay"

    def connect(self):
        endpoint = wsconn.connect(self.daemon.signer_port, self.site.tls(HQ))
        endpoint.send(dict(eth.call(REGISTER, [{
            "version": 1, "software": "x/1", "name": HQ, "features": [],
            "keys": [{"address": relays.SENDER}]}], "register")))
        answer = json.loads(endpoint.read())
        assert answer["id"] == "register" and "result" in answer, answer
        return endpoint

    def check_other(self):
        """It serves, and was told nothing that it did not ask for."""
        before = len(self.other.texts)
        assert relays.ask(self.daemon) == "sequencer"
        assert len(self.other.texts) == before + 1
        assert self.other.ended is None
        assert self.other.answers == [self.other.registration]


class Pool(FakeProxy):
    """Hands the links over, as soon as they are registered."""

    def __init__(self, site):
        self.ready = queue.Queue()
        super().__init__(site)

    def _upgrade(self, stream):
        _, head = wsconn.read_request(stream)
        endpoint = wsconn.serve(stream, head)
        asked = json.loads(endpoint.read())
        assert asked["method"] == REGISTER, asked
        endpoint.send(rpclink.result(asked["id"], {
            "version": 1, "software": SOFTWARE, "features": []}))
        self.ready.put(endpoint)


class ClientEnd:
    """signerd: it dials again whenever a link has ended."""

    role = "client"

    def __init__(self, site):
        self.stack = contextlib.ExitStack()
        self.pool = self.stack.enter_context(Pool(site))
        self.proxy = self.stack.enter_context(FakeProxy(site))
        labels = ["spare%d" % n for n in range(SPARE)]
        self.daemon = self.stack.enter_context(daemon.Signerd(
            site, linked.config(
                site, self.proxy.port, *[self.pool.port] * SPARE,
                labels=["edge"] + labels, extra="timeout backoff "
                "10 ms\n" + PATIENT)))
        self.other = self.proxy.wait_link()
        self.child = "link"

    def connect(self):
        return self.pool.ready.get(timeout=PATIENCE)

    def check_other(self):
        before = len(self.other.texts)
        assert linked.asked(self.other, eth.payload_v1(),
                            "a.example") == "sequencer"
        assert len(self.other.texts) == before + 1
        assert len(self.other.requests) == 1 and self.other.ended is None


class End:
    """Either, with a link that lives as long as the cases let it."""

    def __init__(self, real):
        self.real = real
        self.role = real.role
        self.endpoint = None

    def link(self):
        """A new one has served a peer that does no wrong first."""
        if self.endpoint is None:
            endpoint = self.real.connect()
            endpoint.send(text("first"))
            heard = hear(endpoint, ("answer", "first", -32601))
            assert len(heard.events) == 1, heard.events
            self.endpoint = endpoint
        return self.endpoint

    def drop(self):
        if self.endpoint is not None:
            self.endpoint.stream.close()
        self.endpoint = None

    def memory(self):
        """KiB that its process ever had."""
        return int(procfs.status(self.real.daemon.children[
            self.real.child])["VmHWM"].split()[0])

    def send(self, pieces):
        """Until the other side will have no more of it."""
        with contextlib.suppress(wsconn.Ended):
            for piece in pieces:
                self.endpoint.stream.send(piece)

    def check_stays(self, pieces, events):
        """Those events, and nothing else; and it is as it was."""
        endpoint = self.link()
        marker = b"marker"
        try:
            for piece in pieces:
                endpoint.stream.send(piece)
            endpoint.ping(marker)
            heard = hear(endpoint, ("pong", marker))
            assert heard.events == events + [("pong", marker)]
            endpoint.send(text("last"))
            assert hear(endpoint, ("answer", "last", -32601)).events == [
                ("answer", "last", -32601)]
        except BaseException:
            self.drop()
            raise

    def check_ends(self, pieces, events, code, said_close=False):
        """Those events, a close frame with the code, and the end."""
        endpoint = self.link()
        endpoint.said_close = said_close
        try:
            self.send(pieces)
            heard = hear(endpoint)
        finally:
            self.drop()
        assert heard.closed, heard.events
        assert (heard.code, heard.events) == (code, events)
        self.link()


@contextlib.contextmanager
def opened(site, make):
    real = make(site)
    with real.stack:
        end = End(real)
        real.check_other()
        yield end
        real.check_other()
        end.drop()
        assert not real.daemon.logged(level="error", msg="child died")
