# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Several processes with the keys, where one of them cannot record."""

import signal

import pytest

from lib import audited, daemon, scraping, trail
from lib.audited import digest, is_signed, signed_digests, unique
from lib.reloading import Load
from test_audit import empty_disk, fill_disk, is_busy
from test_workers import files, signed, spread

EXTRA = "keyd workers 2\nmetrics on 127.0.0.1 port 0\n"
STOPS = "audit: the file cannot be written: File too large: signing stops " \
    "until it can"
GOES_ON = "audit: the file can be written again: signing goes on"
LAG = "audit: 2048 records wait to be written: signing stops until they are"
LAG_OVER = "audit: records are written again: signing goes on"


@pytest.fixture(scope="module")
def site():
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


def is_not_ready(signerd):
    scraping.until_ready(signerd.metrics[0], 503,
                         "the audit trail cannot be written")


@pytest.mark.parametrize("sync", ("", "audit sync"))
def test_one_file_cannot_be_written(site, path, sync):
    """The other signs; but what was signed before that was known waits for
    the disk, where it has to."""
    extra = EXTRA + (sync and sync +
                     "\ntimeout { keyd 3 s request 50 s }")
    with audited.start(site, path, extra) as signerd:
        fill_disk(signerd, path, "audit1")
        with signerd.connect() as connection:
            # The first has them all while nobody else asks.
            answers = [connection.rpc(unique(0))]
            signerd.wait_log(process="keyd1", msg=STOPS)
        with signerd.connect() as connection:
            answers += [connection.rpc(unique(n)) for n in range(1, 20)]
        assert is_busy(answers[0]) if sync else is_signed(answers[0])
        assert all(is_signed(each) for each in answers[1:])
        is_not_ready(signerd)
        if sync:
            signerd.wait_log(process="frontend",
                             msg="keyd1 has not answered for 3000 ms")
        assert not signerd.logged(process="keyd2", msg=STOPS)
        empty_disk(signerd, "audit1")
        signerd.wait_log(process="keyd1", msg=GOES_ON)
        scraping.until(signerd.metrics[0],
                       lambda f: f.sum("signerd_audit_ready") == 1)
        scraping.until_ready(signerd.metrics[0], 200)
        spread(signerd, lambda: signed(path)[0] > 5)
        if sync:
            signerd.wait_log(process="frontend", msg="keyd1 answers again")
    first, second = [signed_digests(each) for each in files(path)]
    assert first.count(digest(0)) == 1 and digest(0) not in second
    for n in range(1, 20):
        assert second.count(digest(n)) == 1 and digest(n) not in first
    assert trail.verify(*files(path))[0] == trail.GOOD


def test_no_file_can_be_written(site, path):
    """Nothing is signed, and the reason is told."""
    with audited.start(site, path, EXTRA) as signerd:
        for n, each in enumerate(files(path)):
            fill_disk(signerd, each, "audit%d" % (n + 1))
        for n in range(1000):
            if all(signerd.logged(process=each, msg=STOPS)
                   for each in ("keyd1", "keyd2")):
                break
            signerd.rpc(unique(n))
        for each in ("keyd1", "keyd2"):
            signerd.wait_log(process=each, msg=STOPS)
        mark = signerd.mark()
        assert is_busy(signerd.rpc(unique(1000)))
        signerd.wait_log(mark, msg="unavailable", reason="audit")
        for n in range(2):
            empty_disk(signerd, "audit%d" % (n + 1))
            signerd.wait_log(process="keyd%d" % (n + 1), msg=GOES_ON)
        assert is_signed(signerd.rpc(unique(1001)))
    found = signed_digests(path) + signed_digests(files(path)[1])
    assert digest(1000) not in found and digest(1001) in found


@pytest.mark.parametrize("n", (1, 2))
def test_one_audit_process_lags_behind(site, path, n):
    """Nobody notices while many ask."""
    with audited.start(site, path,
                       EXTRA + "max audit-queue 2048\n") as signerd:
        mark = signerd.mark()
        keyd, audit = "keyd%d" % n, "audit%d" % n
        with Load(signerd, connections=4) as load:
            signerd.signal(audit, signal.SIGSTOP)
            try:
                signerd.wait_log(mark, process=keyd, msg=LAG)
                before = signed(path)
                load.settle()
                is_not_ready(signerd)
                load.settle()
            finally:
                signerd.signal(audit, signal.SIGCONT)
            signerd.wait_log(mark, process=keyd, msg=LAG_OVER)
            for _ in range(1000):
                if signed(path)[n - 1] > before[n - 1] + 600:
                    break
                load.settle()
        assert not signerd.logged(mark, msg="unavailable")
    assert sum(signed(path)) == sum(load.counts)
    assert trail.verify(*files(path))[0] == trail.GOOD
