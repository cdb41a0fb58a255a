# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The audit trail while its process does not keep up."""

import signal

import pytest

from lib import audited, daemon, scraping, trail
from lib.audited import is_signed, signed_digests, start
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
