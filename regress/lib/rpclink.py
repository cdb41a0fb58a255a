# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""JSON-RPC both ways on a websocket, and all that came by it."""

import collections
import contextlib
import json
import threading
import time

from lib import wsconn
from lib.httpclient import PATIENCE

Control = collections.namedtuple("Control", "opcode payload time")


def error(ident, code, message):
    return {"jsonrpc": "2.0", "id": ident,
            "error": {"code": code, "message": message}}


def result(ident, value):
    return {"jsonrpc": "2.0", "id": ident, "result": value}


def outcome(answer):
    """The result, or (code, message) of the error."""
    assert answer["jsonrpc"] == "2.0", answer
    assert ("result" in answer) != ("error" in answer), answer
    if "error" in answer:
        return answer["error"]["code"], answer["error"]["message"]
    return answer["result"]


class Peer:
    """A thread reads the endpoint; the test sends, and waits for what came.

    Lists grow only.  A breach of the protocol is kept in `fault` and raised
    by whoever waits, and by check().
    """

    def __init__(self, endpoint, on_request=None):
        self.endpoint = endpoint
        self.requests = []          # with a method, in the order they came
        self.answers = []           # with an id and no method; of batches too
        self.batches = []           # arrays, whole
        self.texts = []             # every message, as it came
        self.controls = []          # pings and pongs
        self.ended = None           # wsconn.Ended
        self.fault = None
        self._on_request = on_request
        self._changed = threading.Condition()
        self._last = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    # ---- what comes ------------------------------------------------------

    def _run(self):
        ended, fault = None, None
        try:
            while True:
                frame = self.endpoint.read_frame(None)
                if frame.opcode in (wsconn.PING, wsconn.PONG):
                    self._note(self.controls, Control(
                        frame.opcode, frame.payload, time.monotonic()))
                message = self.endpoint.take(frame)
                if message is not None:
                    self._message(message)
        except wsconn.Ended as e:
            ended = e
        except Exception as e:      # for who waits, whatever it is
            fault = e
            ended = wsconn.Ended(None, "", "fault: %r" % e)
        with self._changed:
            self.ended, self.fault = ended, fault
            self._changed.notify_all()
        self.endpoint.stream.close()

    def _note(self, where, *what):
        with self._changed:
            where.extend(what)
            self._changed.notify_all()

    def _message(self, text):
        self._note(self.texts, text)
        try:
            document = json.loads(text)
        except ValueError:
            return self.unreadable(text)
        if isinstance(document, list):
            self._note(self.batches, document)
        for each in document if isinstance(document, list) else [document]:
            assert isinstance(each, dict) and each.get("jsonrpc") == "2.0", \
                text
            if "method" not in each:
                assert set(each) in ({"jsonrpc", "id", "result"},
                                     {"jsonrpc", "id", "error"}), text
                self._note(self.answers, each)
        asked = [each for each in (
            document if isinstance(document, list) else [document])
            if "method" in each]
        if asked:
            self._note(self.requests, *asked)
            if self._on_request is not None:
                self._on_request(asked, isinstance(document, list))

    def unreadable(self, text):
        raise AssertionError("no JSON: %r" % text[:200])

    # ---- waiting ---------------------------------------------------------

    def check(self):
        if self.fault is not None:
            raise AssertionError("of the peer: %r" % self.fault) \
                from self.fault

    def wait(self, predicate, what, patience=PATIENCE, after_end=False):
        """What the predicate returns as soon as it is true."""
        until = time.monotonic() + patience
        with self._changed:
            while True:
                self.check()
                found = predicate()
                if found:
                    return found
                left = until - time.monotonic()
                if left <= 0 or self.ended is not None and not after_end:
                    raise AssertionError("no %s; ended: %s; last: %r" % (
                        what, self.ended, self.texts[-3:]))
                self._changed.wait(left)

    def wait_end(self, patience=PATIENCE):
        return self.wait(lambda: self.ended, "end of the link", patience,
                         after_end=True)

    def wait_requests(self, count=1, patience=PATIENCE):
        """The count'th request that ever came."""
        self.wait(lambda: len(self.requests) >= count,
                  "%d requests" % count, patience)
        return self.requests[count - 1]

    def wait_pings(self, count=1, patience=PATIENCE):
        self.wait(lambda: len(self.pings()) >= count, "%d pings" % count,
                  patience)
        return self.pings()

    def wait_pong(self, payload, patience=PATIENCE):
        return self.wait(lambda: any(
            each.opcode == wsconn.PONG and each.payload == payload
            for each in self.controls), "pong", patience)

    def pings(self):
        return [each for each in self.controls
                if each.opcode == wsconn.PING]

    def answers_to(self, ident):
        """Those with that id, of that type."""
        return [each for each in self.answers if each["id"] == ident and
                type(each["id"]) is type(ident)]

    def answer(self, ident, patience=PATIENCE, count=1):
        self.wait(lambda: len(self.answers_to(ident)) >= count,
                  "answer to %r" % (ident,), patience)
        return self.answers_to(ident)[count - 1]

    # ---- what goes -------------------------------------------------------

    def fresh(self):
        """An id of this link's own, unlike any client's."""
        with self._changed:
            self._last += 1
            return "link-%d" % self._last

    def send(self, message):
        self.endpoint.send(message)

    def ask(self, message):
        """Sends it with an id of its own, which is returned."""
        message = dict(message, id=self.fresh())
        self.send(message)
        return message["id"]

    def call(self, message, patience=PATIENCE):
        """The outcome() of a request, sent with an id of its own."""
        return outcome(self.answer(self.ask(message), patience))

    def call_batch(self, messages, patience=PATIENCE):
        """The array that is answered; the ids stay what they are."""
        before = len(self.batches)
        self.send(messages)
        self.wait(lambda: len(self.batches) > before, "batch", patience)
        return self.batches[before]

    # ---- its end ---------------------------------------------------------

    def close(self, code=1000, reason="", patience=PATIENCE):
        """The closing handshake, from this side."""
        self.endpoint.send_close(code, reason)
        ended = self.wait_end(patience)
        self._thread.join(patience)
        return ended

    def vanish(self, reset=False):
        """Gone without a word."""
        self.endpoint.stream.end(reset)
        if self._thread is not threading.current_thread():
            self._thread.join(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        with contextlib.suppress(wsconn.Ended, TimeoutError):
            if self.ended is None:
                self.endpoint.send_close(1000)
        self.vanish()
        if kind is None:
            self.check()
