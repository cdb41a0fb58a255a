# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The audit trail while its process does not keep up."""

import os
import signal
import socket

import pytest

from lib import audited, daemon, scraping, trail
from lib.audited import digest, is_signed, signed_digests, start, unique
from test_audit import ask_until, is_busy


@pytest.fixture(scope="module")
def site():
    """One of its own: its files change."""
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


def test_it_goes_on_by_itself(site, path):
    """Whether or not somebody asks: who looks first whether it is ready does
    not before it is."""
    with start(site, path, "max audit-queue 512\n"
               "metrics on 127.0.0.1 port 0") as signerd:
        signerd.signal("audit", signal.SIGSTOP)
        got = ask_until(signerd, is_busy)
        signerd.wait_log(process="keyd", msg="audit: 512 records wait to be "
                         "written: signing stops until they are")
        assert scraping.get(signerd.metrics[0], "/readyz")[0] == 503
        signerd.signal("audit", signal.SIGCONT)
        signerd.wait_log(process="keyd", msg="audit: records are written "
                                             "again: signing goes on")
        scraping.until(signerd.metrics[0],
                       lambda f: f("signerd_audit_ready") == 1)
        assert scraping.get(signerd.metrics[0], "/readyz")[0] == 200
        got += ask_until(signerd, is_signed, 1000)
    assert signed_digests(path) == got
    trail.good(path)


# ---- the socket ----------------------------------------------------------


def room():
    """Bytes that a socket of this user's holds where it asks for 4 MiB, the
    kernel's for each message among them."""
    one, other = socket.socketpair()
    with one, other:
        try:
            one.setsockopt(socket.SOL_SOCKET, 32, 4 << 20)  # SO_SNDBUFFORCE
        except OSError:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        return one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)


def test_nobody_waits_for_a_slow_disk(site, path):
    """More records wait than one would hold that has not asked for room."""
    count = min(600, room() // 1500)
    assert count > 212992 // 1024
    with start(site, path) as signerd:
        signerd.signal("audit", signal.SIGSTOP)
        try:
            with signerd.connect() as connection:
                assert all(is_signed(connection.rpc(unique(n)))
                           for n in range(count))
            assert os.path.getsize(path) < 1024
        finally:
            signerd.signal("audit", signal.SIGCONT)
    assert signed_digests(path) == [digest(n) for n in range(count)]
