# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Calls are interrupted, would block, or carry one byte, all the time and in
all processes at once: what a kernel may do at any time is no fault at all."""

import pytest

from lib import daemon, eth, faulty, relays
from lib.faulty import AGAIN, INTR, LESS
from lib.faultplan import WHOLE

SEEDS = range(1, 25 if WHOLE else 4)
ODDS = 110              # in 256, of each of three kinds
KINDS = INTR | AGAIN | LESS
CALLS = {name: KINDS for name in (
    "accept4", "epoll_wait", "poll", "read", "recv", "recvmsg", "send",
    "sendmsg", "write")}
# A parent's are the log's, to a pipe that is there to wait for.
PARENT = dict(CALLS, write=INTR | LESS)
MESSAGES = [
    relays.MESSAGE, eth.payload_v1(sender=relays.SENDER),
    eth.sign_transaction(),
    eth.sign_transaction(input="0x" + "cd" * 9000, accessList=[
        {"address": eth.TO, "storageKeys": ["0x" + "22" * 32] * 3}])]

pytestmark = pytest.mark.patience(15 if WHOLE else 1)


def unrest(place, seed):
    for name, faults in place.faults.items():
        calls = PARENT if name in ("signerd", "proxyd") else CALLS
        for call, kinds in calls.items():
            faults[call].at_random(ODDS, seed * 100 + len(name), kinds)


def failed(place):
    return {name: sum(call.failed for call in faults.calls().values())
            for name, faults in place.faults.items()}


def ask_all(rig, path, connection=None):
    """Each message twice, on one connection and on its own."""
    asked = 0
    for message in MESSAGES:
        for kept in (False, True):
            outcomes, last = rig.insist(path, message,
                                        connection if kept else None)
            assert outcomes == ["answered"], (path, kept, outcomes)
            asked += 1
            if kept:
                connection = last
            else:
                last.close()
    connection.close()
    return asked


def test_all_are_answered(site, place):
    rig = faulty.Rig(site, place)
    try:
        asked = {"direct": 0, "relay": 0}
        for path in asked:
            asked[path] += ask_all(rig, path)
        before, descriptors = failed(place), rig.descriptors()
        for seed in SEEDS:
            unrest(place, seed)
            for path in asked:
                asked[path] += ask_all(rig, path)
        place.disarm()
        after = failed(place)
        assert rig.settled(descriptors), (descriptors, rig.descriptors())
        assert not rig.busy(0.1)
        assert rig.stop() == [0, 0]
    finally:
        rig.kill()
    # Every process had its share, and the log was written to the last byte.
    assert all(after[name] - before[name] > 10 for name in after
               if name != "dialer"), (before, after)
    print("%d requests, %d calls failed" % (
        sum(asked.values()), sum(after.values()) - sum(before.values())))
    for log, count in ((rig.signerd, sum(asked.values())),
                       (rig.proxyd, asked["relay"])):
        assert all(daemon.parse_log(line) for line in log.lines)
        said = [each for each in log.records
                if each.get("msg") in ("signed", "relayed")]
        assert len(said) == count
