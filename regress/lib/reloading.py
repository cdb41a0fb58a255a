# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Changing the configuration of a daemon that runs."""

import contextlib
import datetime
import os
import resource
import signal
import threading

from lib import daemon as daemons
from lib import eth


@contextlib.contextmanager
def few_files(soft=1024, hard=4096):
    """Daemons that are started here have these limits of open files."""
    before = daemons.die_with_us

    def limited():
        before()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    daemons.die_with_us = limited
    try:
        yield
    finally:
        daemons.die_with_us = before


def change(daemon, text):
    """The file as it is read next; never half of it."""
    if text is None:
        return
    with open(daemon.path + ".new", "w") as f:
        f.write(text)
    os.rename(daemon.path + ".new", daemon.path)


def hup(daemon, text=None):
    """Asks for a reload; where the log was before."""
    mark = daemon.mark()
    change(daemon, text)
    os.kill(daemon.pid, signal.SIGHUP)
    return mark


def reload(daemon, text=None):
    """The record of a reload that has to succeed."""
    mark = hup(daemon, text)
    daemon.wait_log(mark, process=daemon.name, msg="reloaded")
    assert not daemon.logged(mark, msg="reload failed"), daemon.output()
    return daemon.logged(mark, msg="reloaded")[0]


def ends_soon(site):
    """Certificate and key of a server: of two more days."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return site.authority.issue(
        "endssoon", "localhost", "DNS:localhost,IP:127.0.0.1",
        dates=[(now + datetime.timedelta(days)).strftime("%y%m%d%H%M%SZ")
               for days in (-1, 2)])


def errors(daemon, text=None):
    """What is wrong with it, fault by fault: the reload has to fail."""
    mark = hup(daemon, text)
    last = daemon.wait_log(mark, msg="reload failed")
    assert not daemon.logged(mark, msg="reloaded"), daemon.output()
    told = [each["error"] for each in daemon.logged(mark, msg="reload error")]
    assert int(last["errors"]) == len(told) > 0
    assert last["error"] == told[0]
    return told


def warnings(daemon, text=None):
    """What is odd about it, though it is taken up."""
    mark = daemon.mark()
    reload(daemon, text)
    # No other record says so.
    assert not [each for each in daemon.logged(mark, level="warn")
                if each["msg"] != "reload warning"]
    return [each["warning"]
            for each in daemon.logged(mark, msg="reload warning")]


class Load:
    """Asks without a pause on connections of its own, and keeps count.

    Used as a context it must have had an answer that is a signature to each
    request, and to at least one on each connection after settle() began.
    """

    def __init__(self, daemon, connections=4, name="",
                 message=eth.payload_v2(), connect=None):
        self.failures = []
        self.counts = [0] * connections
        self._changed = threading.Condition()
        self._over = False
        self._message = message
        connect = connect or (lambda: daemon.connect(name))
        self._threads = [
            threading.Thread(target=self._ask, args=(n, connect()),
                             daemon=True) for n in range(connections)]
        for each in self._threads:
            each.start()
        self.settle()

    def _ask(self, n, connection):
        try:
            with connection:
                while not self._over:
                    answer = connection.rpc(self._message)
                    if answer.status != 200 or "result" not in answer.json():
                        raise AssertionError(repr(answer))
                    with self._changed:
                        self.counts[n] += 1
                        self._changed.notify_all()
        except Exception as e:           # told by the thread that waits
            with self._changed:
                self.failures.append(e)
                self._changed.notify_all()

    def settle(self, patience=60):
        """Until each connection has had answers to requests made since."""
        with self._changed:
            wanted = [count + 2 for count in self.counts]
            assert self._changed.wait_for(
                lambda: self.failures or all(
                    count >= want for count, want in
                    zip(self.counts, wanted)), patience)
        assert not self.failures, self.failures

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.settle()
        finally:
            self._over = True
            for each in self._threads:
                each.join(60)
        if kind is None:
            assert not self.failures, self.failures
