# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What stands in for a proxy: it waits for signers and asks them to sign."""

import contextlib
import socket
import ssl
import threading
import time

from lib import ports, rpclink, wsconn
from lib.httpclient import PATIENCE

REGISTER = "opsignerproxy_serveSigner"
TOO_MANY = (-32602, "too many arguments, want at most 0")
REFUSED = -32001
SOFTWARE = "fakeproxy/1.0"
PATHS = ("/", "/ws", "/ws/")


def context(ca, pair):
    """A server's, that insists on a client certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.load_cert_chain(*pair)
    made.load_verify_locations(ca)
    made.verify_mode = ssl.CERT_REQUIRED
    made.set_alpn_protocols(["http/1.1"])
    return made


class Link(rpclink.Peer):
    """A signer's connection."""

    def __init__(self, proxy, endpoint, path, name):
        super().__init__(endpoint, self._asked)
        self.proxy = proxy
        self.path = path
        self.name = name            # first DNS name of its certificate
        self.began = time.monotonic()
        self.registrations = []     # params of every serveSigner, None: none
        self.features = frozenset()  # settled at the first one
        self.registered = False

    def _asked(self, requests, batch):
        answers = [self._serve(each) for each in requests if "id" in each]
        answers = [each for each in answers if each is not None]
        if answers:
            self.send(answers if batch else answers[0])
        if self.proxy.refusal is not None:
            self.endpoint.send_close(1008, self.proxy.refusal)
        with self.proxy.changed:
            if self.registered and self not in self.proxy.registered:
                self.proxy.registered.append(self)
            self.proxy.changed.notify_all()

    def _serve(self, message):
        assert message["method"] == REGISTER, message
        params = message.get("params")
        self._note(self.registrations, params)
        ident = message["id"]
        if self.proxy.script is not None:
            answer = self.proxy.script(self, message)
        elif self.proxy.refusal is not None:
            return rpclink.error(ident, REFUSED, self.proxy.refusal)
        elif self.proxy.kind == "2025":
            answer = rpclink.error(ident, *TOO_MANY) if params else \
                rpclink.result(ident, True)
        else:
            answer = rpclink.result(ident, self._settle(params))
        self.registered |= answer is not None and "result" in answer
        return answer

    def _settle(self, params):
        assert isinstance(params, list) and len(params) == 1, params
        offered = params[0]
        if not self.registered:
            self.features = frozenset(self.proxy.features) & frozenset(
                offered.get("features", ()))
        return {"version": min(1, offered["version"]), "software": SOFTWARE,
                "features": list(self.proxy.features)}

    def wait_registrations(self, count, patience=PATIENCE):
        """The params of the count'th serveSigner."""
        self.wait(lambda: len(self.registrations) >= count,
                  "%d registrations" % count, patience)
        return self.registrations[count - 1]

    def relayed(self, message, client=None, **more):
        """The request as a proxy passes it on, where they settled on it with
        who asks: id and deadline (ms) may be given."""
        if "client" not in self.features:
            return message
        about = {} if client is None else {"client": client}
        return dict(message, params=message["params"] + [dict(about, **more)])

    def relay(self, message, client=None, patience=PATIENCE, **more):
        """The outcome of a request that is passed on for a client."""
        return self.call(self.relayed(message, client, **more), patience)


class FakeProxy:
    """Listens on a free port of this machine.

    kind        "2025": serveSigner takes no params and answers true; "v1":
                it takes the object, and answers one with `features`
    refusal     a text: every registration is refused with it, and closed
    script      function of a Link and a request: the answer, or None
    answer      bytes in the place of the answer to the HTTP request
    mute        True: the connection is accepted, and nothing is said
    """

    def __init__(self, site, kind="v1", features=("client", "deadline"),
                 pair=None, ca=None, port=0, refusal=None, script=None):
        self.kind = kind
        self.features = features
        self.refusal = refusal
        self.script = script
        self.answer = None
        self.mute = False
        self.accepted = []          # when each connection was
        self.failures = []          # what went wrong before a websocket was
        self.links = []             # in the order they became websockets
        self.registered = []        # in the order they first registered
        self.changed = threading.Condition()
        self._tls = context(ca or site.authority.ca,
                            pair or site.authority.proxy())
        self._open = set()          # sockets that are no links yet
        self._stopped = False
        # For who takes its place; see restarted().
        self._kept = None if port else ports.keep()
        self._listener = socket.create_server(
            ("127.0.0.1", port or self._kept.getsockname()[1]))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    # ---- connections -----------------------------------------------------

    def _accept(self):
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                break
            raw.settimeout(PATIENCE)
            sock = self._tls.wrap_socket(
                raw, server_side=True, do_handshake_on_connect=False,
                suppress_ragged_eofs=False)
            with self.changed:
                self.accepted.append(time.monotonic())
                self._open.add(sock)
                self.changed.notify_all()
                thread = threading.Thread(target=self._connection,
                                          args=(sock,), daemon=True)
                self._threads.append(thread)
            thread.start()
        self._listener.close()

    def _connection(self, sock):
        try:
            if self.mute:
                return self._outlast(sock)
            sock.do_handshake()
            stream = wsconn.Stream(sock)
            link = self._upgrade(stream)
        except Exception as e:      # for the test to look at
            with self.changed:
                self.failures.append(e)
                self.changed.notify_all()
            sock.close()
            return None
        finally:
            with self.changed:
                self._open.discard(sock)
        if link is not None:
            link.start()
        return link

    def _outlast(self, sock):
        """Says nothing until the other side goes, not even in TLS."""
        with contextlib.suppress(OSError):
            while socket.socket.recv(sock, 4096):
                pass
        sock.close()

    def _upgrade(self, stream):
        path, head = wsconn.read_request(stream)
        assert path in PATHS, path
        if self.answer is not None:
            stream.send(self.answer)
            stream.end()
            stream.close()
            return None
        names = [value for kind, value in
                 stream.sock.getpeercert().get("subjectAltName", ())
                 if kind == "DNS"]
        link = Link(self, wsconn.serve(stream, head), path,
                    names[0] if names else None)
        with self.changed:
            self.links.append(link)
            self.changed.notify_all()
        return link

    # ---- waiting ---------------------------------------------------------

    def wait(self, predicate, what, patience=PATIENCE):
        until = time.monotonic() + patience
        with self.changed:
            while True:
                found = predicate()
                if found:
                    return found
                left = until - time.monotonic()
                if left <= 0:
                    raise AssertionError("no %s; failures %r" % (
                        what, self.failures))
                self.changed.wait(left)

    def wait_accepted(self, count=1, patience=PATIENCE):
        """When the count'th connection was."""
        self.wait(lambda: len(self.accepted) >= count,
                  "%d connections" % count, patience)
        return self.accepted[count - 1]

    def wait_link(self, count=1, patience=PATIENCE):
        """The count'th that registered."""
        self.wait(lambda: len(self.registered) >= count,
                  "%d signers" % count, patience)
        return self.registered[count - 1]

    def wait_upgraded(self, count=1, patience=PATIENCE):
        """The count'th websocket, registered or not."""
        self.wait(lambda: len(self.links) >= count,
                  "%d websockets" % count, patience)
        return self.links[count - 1]

    def wait_failure(self, count=1, patience=PATIENCE):
        self.wait(lambda: len(self.failures) >= count,
                  "%d failures" % count, patience)
        return self.failures[count - 1]

    # ---- its end ---------------------------------------------------------

    def stop_listening(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE)

    def vanish(self):
        """Everything is cut off, as by a kill."""
        self.stop_listening()
        self._cut_early()
        for link in list(self.links):
            link.vanish(reset=True)
        self._join()

    def stop(self, code=1001):
        """As a daemon that stops: every link is closed with the code."""
        self.stop_listening()
        self._cut_early()
        for link in list(self.links):
            with contextlib.suppress(wsconn.Ended, TimeoutError):
                if link.ended is None:
                    link.endpoint.send_close(code, "stopping")
                    link.wait_end()
            link.vanish()
        self._join()

    def _cut_early(self):
        with self.changed:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _join(self):
        for thread in list(self._threads):
            thread.join(PATIENCE)

    def check(self):
        """No signer has broken the protocol."""
        for link in self.links:
            link.check()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.vanish()
        if kind is None:
            self.check()


def restarted(proxy, site, **named):
    """Another in the place of one that is gone."""
    named.setdefault("kind", proxy.kind)
    return FakeProxy(site, port=proxy.port, **named)
