# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A client that does not give up."""

import threading
import time

from lib import eth, httpclient
from lib.relays import CLIENT, SENDER

AGAIN = (408, 429, 502, 503, 504)


class Retrying:
    """A client that asks as kona does, in a thread of its own: again after
    503 and the like, a connection that ended or a time-out; all else is the
    end.  New connections go wherever `port` says."""

    def __init__(self, site, port, message=None, name=CLIENT, pause=0.02,
                 timeout=2.0):
        self.port, self.tls = port, site.tls(name)
        self.message = message or eth.payload_kona(sender=SENDER)
        self.pause, self.timeout = pause, timeout
        self.attempts = 0
        self.answer = None
        self.ended = None
        self._stop = threading.Event()
        self._connection = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            while self.answer is None and not self._stop.is_set():
                self.attempts += 1
                self.answer = self._once()
                if self.answer is None:
                    self._stop.wait(self.pause)
        finally:
            self.ended = time.monotonic()
            self._close()

    def _close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _once(self):
        try:
            if self._connection is None:
                self._connection = httpclient.Connection(
                    self.port, self.tls, patience=self.timeout)
            response = self._connection.rpc(self.message)
        except (OSError, httpclient.Closed):
            self._close()
            return None
        return None if response.status in AGAIN else response

    def result(self, patience=60):
        self._thread.join(patience)
        assert self.answer is not None, self.attempts
        return self.answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)
