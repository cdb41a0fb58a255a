# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""When no connection can be accepted the process waits, without spinning and
without filling the log, and serves again as soon as one can."""

import concurrent.futures
import errno
import select
import time

import pytest

from lib import faulty, relays
from lib.faultplan import WHOLE

# httpserver.c: after a failure it does not try for 250 ms.
PAUSE, WINDOW = 0.25, 0.55
SHORT = ("EMFILE", "ENFILE", "EPERM", "ENOMEM", "ENOBUFS")
PASSING = ("ECONNABORTED", "EINTR", "EAGAIN", "EPROTO")
SERVERS = (("frontend", "direct"), ("relay", "relay"))
# Each of them, or by turns.
WAITS = [(*server, name) for i, name in enumerate(SHORT)
         for j, server in enumerate(SERVERS) if WHOLE or i % 2 == j]


def asking(rig, path):
    """A request, by another thread, on a connection of its own."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool.submit(rig.request, path, relays.MESSAGE)


def log_of(rig, path):
    return rig.signerd if path == "direct" else rig.proxyd


def wait_failed(call, more, patience=60):
    until = time.monotonic() + patience
    while call.failed < more:
        assert time.monotonic() < until, "accept4 was not called"
        select.select([], [], [], 0.005)


@pytest.mark.parametrize("process,path,name", WAITS)
def test_waits_for_better_times(rig, place, process, path, name):
    call, loop = place[process]["accept4"], place[process]["epoll_wait"]
    log, failed = log_of(rig, path), call.failed
    mark, began = log.mark(), time.monotonic()
    call.arm(getattr(errno, name), times=faulty.FOREVER)
    for future in asking(rig, path):
        wait_failed(call, failed + 1)
        calls, turns = call.count, loop.count
        select.select([], [], [], WINDOW)
        wait_failed(call, failed + 2)
        log.wait_log(mark, level="error", process=process)
        calls, turns = call.count - calls, loop.count - turns
        lines = log.logged(mark, level="error", process=process)
        # A busy machine may have let us wait for longer.
        pauses = (time.monotonic() - began) / PAUSE
        assert 1 <= calls <= pauses + 2
        assert turns <= 4 * (pauses + 2)
        assert 1 <= len(lines) <= pauses + 3
        assert all("cannot accept connections" in line["msg"]
                   for line in lines)
        assert not future.done()
        call.disarm()
        # The connection that had to wait is served.
        outcome, connection = future.result(60)
        assert outcome == "answered"
        connection.close()
    assert rig.insist(path)[0] == ["answered"]


@pytest.mark.parametrize("process,path", SERVERS)
@pytest.mark.parametrize("name", PASSING)
def test_goes_on_at_once(rig, place, process, path, name):
    """What is no shortage costs at most one pause."""
    call = place[process]["accept4"]
    failed = call.failed
    call.arm(getattr(errno, name), times=5 if name != "EPROTO" else 1)
    outcomes, connection = rig.insist(path)
    call.disarm()
    connection.close()
    assert call.failed > failed
    assert outcomes == ["answered"]


@pytest.mark.parametrize("process,path", SERVERS)
def test_comes_back_though_memory_is_short(rig, place, process, path):
    """The listening socket cannot be waited for again, at first."""
    accept, wait = place[process]["accept4"], place[process]["epoll_ctl"]
    failed = wait.failed
    accept.arm(errno.EMFILE)
    wait.arm(errno.ENOMEM, times=2)
    outcomes, connection = rig.insist(path)
    place.disarm(process)
    connection.close()
    assert wait.failed == failed + 2
    assert outcomes == ["answered"]
