# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Requests on a link without a pause, while something about it changes."""

import threading

from lib import eth, wsconn

BUSY = -32005       # the proxy asks another, or asks again


def signs(link, chain=10):
    """Whether it signs; else the code of the error."""
    answer = link.answer(link.ask(link.relayed(
        eth.payload_v2(chain=chain), "sequencer.example")))
    return "result" in answer or answer["error"]["code"]


class Asking:
    """Asks on the newest link of a proxy without a pause; busy is no failure
    but another's turn, and a request whose link goes is asked again."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.count = 0
        self.failures = []
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.settle()

    def _once(self):
        link = self.proxy.registered[-1]
        try:
            return signs(link)
        except wsconn.Ended:
            return None
        except AssertionError:
            if link is self.proxy.registered[-1] and link.ended is None:
                raise
            return None

    def _run(self):
        try:
            while not self._over.is_set():
                result = self._once()
                if result not in (True, None, BUSY):
                    raise AssertionError(result)
                with self._changed:
                    self.count += result is True
                    self._changed.notify_all()
        except Exception as e:           # told by the thread that waits
            with self._changed:
                self.failures.append(e)
                self._changed.notify_all()

    def settle(self):
        with self._changed:
            wanted = self.count + 3
            assert self._changed.wait_for(
                lambda: self.failures or self.count >= wanted, 20)
        assert not self.failures, self.failures

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.settle()
        self._over.set()
        self._thread.join(60)
        assert not self.failures, self.failures
