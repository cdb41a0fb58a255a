# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The audit process is behind by more than its socket holds, which has the
size that the system gives without being asked."""

import errno
import os
import select
import signal
import threading

import pytest

from lib import audited, daemon, faulty, scraping, trail
from lib.audited import digest, is_signed, signed_digests, unique

HALTED = "audit: the audit process does not take records: answers wait " \
    "until it does"
LEAVES = "audit: records leave again: answers do, too"
ASKERS = 4
MANY = 2000             # more than fit, and fewer than the queue


@pytest.fixture(scope="module")
def place():
    made = faulty.Place()
    os.link(os.path.join(daemon.LIBEXEC, "audit"), made.program("audit"))
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


@pytest.fixture
def signerd(site, place, path):
    # The first calls are for listeners; the counters begin with a start.
    daemon.run("-n", "-f", "/dev/null", program=place.program("signerd"))
    place["signerd"]["setsockopt"].arm(errno.ENOBUFS, 3, faulty.FOREVER)
    kind = {"program": place.program("signerd"), "libexec": place.directory}
    made = type("Signerd", (daemon.Signerd,), kind)(
        site, audited.config(site, path, "max audit-queue 100000\n"
                             "timeout { request 500 ms keyd 500 ms }\n"
                             "metrics on 127.0.0.1 port 0"))
    try:
        assert place["signerd"]["setsockopt"].failed > 1
        place.disarm("signerd")
        yield made
    finally:
        made.kill()
        made.process.stderr.close()


def ask(signerd, first, got):
    """One after the other, until it is too much."""
    with signerd.connect() as connection:
        for n in range(first, first + MANY):
            if not is_signed(connection.rpc(unique(n))):
                return
            got.append(digest(n))


def stall(signerd):
    """Digests of all that was answered until no answers come any more."""
    got = []
    assert is_signed(signerd.rpc(unique(80000)))
    signerd.signal("audit", signal.SIGSTOP)
    threads = [threading.Thread(target=ask, daemon=True,
                                args=(signerd, 10000 * i, got))
               for i in range(ASKERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(daemon.PATIENCE)
    signerd.wait_log(process="keyd", msg=HALTED)
    assert 50 < len(got) < MANY
    return got


def test_keyd_is_killed(signerd, path):
    """What was answered is on record, though nothing was written by then."""
    got = stall(signerd)
    assert not set(got) & set(signed_digests(path))
    signerd.signal("keyd", signal.SIGKILL)
    signerd.signal("audit", signal.SIGCONT)
    assert signerd.wait() == 1
    found = signed_digests(path)
    assert len(found) == len(set(found)) and set(got) <= set(found)
    trail.good(path)


def test_it_goes_on(signerd, place, path):
    """It is not ready meanwhile, and at rest."""
    number = signerd.metrics[0]
    got = stall(signerd)
    assert scraping.get(number, "/readyz")[0] == 503
    assert scraping.scrape(number)("signerd_audit_ready") == 0
    polls = place["keyd"]["poll"]
    before = polls.count
    select.select([], [], [], 0.2)
    assert polls.count - before < 12
    signerd.signal("audit", signal.SIGCONT)
    signerd.wait_log(process="keyd", msg=LEAVES)
    scraping.until(number, lambda f: f("signerd_audit_ready") == 1)
    assert is_signed(signerd.rpc(unique(90000)))
    assert signerd.stop() == 0
    found = signed_digests(path)
    assert set(got) <= set(found) and found[-1] == digest(90000)
    trail.good(path)
