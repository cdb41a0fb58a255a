# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A TCP relay on this machine, which can fall silent without closing."""

import selectors
import socket
import threading
import time

from lib.httpclient import PATIENCE

PIECE = 65536


class Pair:
    """Two sockets, and what is on its way from each to the other."""

    def __init__(self, near, far):
        self.sockets = (near, far)
        self.waiting = {near: b"", far: b""}    # to be sent to it
        self.finished = set()                   # that say no more

    def other(self, sock):
        return self.sockets[sock is self.sockets[0]]

    def wants(self, sock):
        """What to wait for there, as a selector has it."""
        wants = 0
        if sock not in self.finished and \
                not self.waiting[self.other(sock)]:
            wants |= selectors.EVENT_READ
        if self.waiting[sock]:
            wants |= selectors.EVENT_WRITE
        return wants

    @property
    def done(self):
        return len(self.finished) == 2 and not any(self.waiting.values())


class TcpRelay:
    """From a free port of its own to another one."""

    def __init__(self, target):
        self.target = target
        self.pairs = []
        self.connections = 0        # that ever were
        self.up = 0                 # bytes to the target
        self.down = 0               # and back
        self._cut = False
        self._stopped = False
        self._jobs = []             # for the thread
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # ---- for the test ----------------------------------------------------

    def cut(self):
        """From its return on no byte passes, and no connection is made or
        ended: the wire is out."""
        self._do(lambda: setattr(self, "_cut", True))

    def resume(self):
        self._do(lambda: setattr(self, "_cut", False))

    def drop(self):
        """Ends all connections; others can be made."""
        self._do(self._drop)

    def close(self):
        if self._thread.is_alive():
            self._do(lambda: setattr(self, "_stopped", True))
            self._thread.join(PATIENCE)

    def wait(self, predicate, what, patience=PATIENCE):
        until = time.monotonic() + patience
        with self._changed:
            while not predicate():
                left = until - time.monotonic()
                if left <= 0:
                    raise AssertionError("no %s through the relay" % what)
                self._changed.wait(left)

    def wait_connections(self, count, patience=PATIENCE):
        self.wait(lambda: self.connections >= count,
                  "%d connections" % count, patience)

    def wait_bytes(self, up=0, down=0, patience=PATIENCE):
        self.wait(lambda: self.up >= up and self.down >= down,
                  "%d and %d bytes" % (up, down), patience)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- the thread ------------------------------------------------------

    def _do(self, job):
        """Runs it in the thread; returns when it has taken effect."""
        done = threading.Event()
        with self._changed:
            # Both at once: the last job closes the socket.
            self._jobs.append((job, done))
            self._wake.send(b".")
        if not done.wait(PATIENCE):
            raise AssertionError("the relay is stuck")

    def _run(self):
        while not self._stopped:
            self._arm()
            for key, events in self._selector.select():
                if key.fileobj is self._woken:
                    self._woken.recv(4096)
                elif key.fileobj is self._listener:
                    self._accept()
                elif key.data in self.pairs:
                    self._serve(key.data, key.fileobj, events)
            self._work()
        self._drop()
        for each in (self._listener, self._wake, self._woken):
            each.close()
        self._selector.close()
        self._work()

    def _work(self):
        with self._changed:
            jobs, self._jobs = self._jobs, []
        for job, done in jobs:
            job()
            self._arm()
            done.set()

    def _arm(self):
        """Has the selector wait for what may be done now."""
        if self._stopped:
            return
        want = {} if self._cut else {
            sock: (pair.wants(sock), pair)
            for pair in self.pairs for sock in pair.sockets}
        if not self._cut:
            want[self._listener] = (selectors.EVENT_READ, None)
        known = {key.fileobj: key for key in
                 self._selector.get_map().values()
                 if key.fileobj is not self._woken}
        for sock, key in known.items():
            if not want.get(sock, (0,))[0]:
                self._selector.unregister(sock)
        for sock, (events, pair) in want.items():
            if not events:
                continue
            if sock not in known:
                self._selector.register(sock, events, pair)
            elif known[sock].events != events:
                self._selector.modify(sock, events, pair)

    def _accept(self):
        try:
            near, _ = self._listener.accept()
        except BlockingIOError:
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target),
                                           PATIENCE)
        except OSError:
            near.close()
            return
        for each in (near, far):
            each.setblocking(False)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pairs.append(Pair(near, far))
        with self._changed:
            self.connections += 1
            self._changed.notify_all()

    def _serve(self, pair, sock, events):
        try:
            if events & selectors.EVENT_WRITE:
                sent = sock.send(pair.waiting[sock])
                self._sent(pair, sock, sent)
            if events & selectors.EVENT_READ:
                self._pass_on(pair, sock)
        except BlockingIOError:
            pass
        except OSError:
            self._end(pair)
            return
        if pair.done:
            self._end(pair)

    def _pass_on(self, pair, sock):
        other = pair.other(sock)
        data = sock.recv(PIECE)
        if not data:
            pair.finished.add(sock)
            other.shutdown(socket.SHUT_WR)
            return
        try:
            sent = other.send(data)
        except BlockingIOError:
            sent = 0
        pair.waiting[other] = data
        self._sent(pair, other, sent)

    def _sent(self, pair, sock, size):
        pair.waiting[sock] = pair.waiting[sock][size:]
        with self._changed:
            if sock is pair.sockets[1]:
                self.up += size
            else:
                self.down += size
            self._changed.notify_all()

    def _end(self, pair):
        self.pairs.remove(pair)
        for sock in pair.sockets:
            if sock in self._selector.get_map():
                self._selector.unregister(sock)
            sock.close()

    def _drop(self):
        for pair in list(self.pairs):
            self._end(pair)
