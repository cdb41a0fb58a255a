# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Every call on the way of a request fails, each in turn: the request is
answered rightly, or with 503, or its connection is closed, so that a client
that asks again is answered; afterwards all is as before."""

import collections
import errno
import time

import pytest

from lib import eth, faulty, relays
from lib.faultplan import MEMORY, SERVE, WHOLE, cases

MOST, MEMORIES = 3, 250 if WHOLE else 5
# A link that is lost takes its time to come back.
LINK_MOST, LINK_MEMORIES = 1, 40 if WHOLE else 1
WAYS = [("signerd", "direct"), ("keyd", "direct"), ("frontend", "direct"),
        ("keyd", "relay"), ("link", "relay"), ("relay", "relay"),
        ("proxyd", "relay")]
# Other than the payload that the rest asks for: longer, and with lists; and
# with an answer that is an object.
MESSAGES = {
    "transaction": eth.sign_transaction(accessList=[
        {"address": eth.TO, "storageKeys": ["0x" + "11" * 32]}],
        input="0x" + "ab" * 3000),
    "kona": eth.payload_kona(sender=relays.SENDER)}
# Sooner than by a deadline: nobody waits in vain for what has failed.
PROMPT = 20.0

pytestmark = pytest.mark.patience(15 if WHOLE else 1)


def memories(process):
    """Most allocations of a kind; where no link is lost by it, rather all."""
    if process in ("frontend", "keyd"):
        return max(40, MEMORIES)
    return LINK_MEMORIES if process == "link" else MEMORIES


class Requests:
    """Requests by one way, in which one process has faults."""

    def __init__(self, rig, process, path, message):
        self.rig, self.process = rig, process
        self.path, self.message = path, message
        self.met, self.bad = 0, []
        self.outcomes = collections.Counter()

    def fault(self, *words):
        self.bad.append(" ".join(str(each) for each in words))

    def ask(self, connection=None):
        outcomes, connection = self.rig.insist(self.path, self.message,
                                               connection)
        self.outcomes.update(outcomes)
        return outcomes, connection

    def counts(self, kept):
        """How often each call is made for one request."""
        _, connection = self.ask()
        if not kept:
            connection.close()
            connection = None
        calls = self.rig.place[self.process].calls()
        before = {name: call.count for name, call in calls.items()}
        _, connection = self.ask(connection)
        connection.close()
        return {name: call.count - before[name]
                for name, call in calls.items()}

    def faulty(self, kept, call, n, error):
        connection = self.ask()[1] if kept else None
        plan = self.rig.place[self.process][call]
        failed = plan.failed
        plan.arm(error, n)
        began = time.monotonic()
        outcomes, connection = self.ask(connection)
        took = time.monotonic() - began
        plan.disarm()
        self.met += plan.failed > failed
        where = (self.process, self.path, "kept" if kept else "new", call,
                 n, faulty.name_of(error), outcomes)
        if not self.rig.alive():
            self.fault(*where, "has ended\n", *[
                each.output() for each in self.rig.daemons()])
            return False
        if connection is None or outcomes[-1] != "answered":
            self.fault(*where)
        elif took > PROMPT:
            self.fault(*where, "took %.1f s" % took)
        return connection

    def run(self, kept, most, memories):
        last = None
        for call, n, error in cases(
                self.process + self.path + str(kept), self.counts(kept),
                SERVE, most, memories):
            connection = self.faulty(kept, call, n, error)
            if connection is False:
                return
            # Looked at while the connection is still there.
            if last != (call, error) and call not in MEMORY:
                for name in self.rig.busy():
                    self.fault(call, faulty.name_of(error), name, "spins")
            last = call, error
            if connection is not None:
                connection.close()


@pytest.mark.parametrize("process,path", WAYS)
def test_each_call_fails(rig, process, path):
    if not rig.alive():
        pytest.fail("a daemon has ended")
    requests = Requests(rig, process, path, relays.MESSAGE)
    requests.ask()[1].close()
    slow = process == "link"
    before = rig.descriptors()
    # A parent writes its lines when the answer is long gone: perhaps too late.
    for kept in (False, True) * 10:
        if rig.alive() and (requests.met == 0 or kept):
            requests.run(kept, LINK_MOST if slow else MOST,
                         memories(process))
        if kept and requests.met > 0:
            break
    rig.place.disarm()
    print("%s, %s: %d calls failed; %s" % (process, path, requests.met, dict(
        requests.outcomes)))
    assert not requests.bad, "\n".join(requests.bad)
    assert requests.met > 0
    assert rig.settled(before), (before, rig.descriptors())


def allocations(process, name, counts):
    """(call, n) for a message on a connection that is kept."""
    found = [(call, n) for call, n, _ in cases(
        process + name, {each: counts[each] for each in MEMORY}, {}, 0,
        memories(process))]
    if process == "relay" and not WHOLE:
        # It is read; what has come back is read; the answer is made of it.
        last = counts["malloc"]
        found += [("malloc", n) for n in list(range(1, 31)) +
                  [last - 12, last - 8] + list(range(last - 6, last + 1))]
    return sorted(set(found))


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("process,path", [
    ("keyd", "direct"), ("frontend", "direct"), ("link", "relay"),
    ("relay", "relay")])
def test_each_allocation_of_a_message_fails(rig, process, path, name):
    requests = Requests(rig, process, path, MESSAGES[name])
    for call, n in allocations(process, name, requests.counts(True)):
        connection = requests.faulty(True, call, n, errno.ENOMEM)
        if connection is False:
            break
        if connection is not None:
            connection.close()
    assert not requests.bad, "\n".join(requests.bad)
    assert requests.met > 0


def shortages(process, counts):
    """(call, n) for a link: some of all, and the last ones, which are those of
    the websocket and its registration."""
    if not WHOLE:
        return [("calloc", n) for n in range(counts["calloc"] - 6,
                                             counts["calloc"] + 1)]
    found = set()
    for call, n, _ in cases(process + "link", {
            name: counts[name] for name in MEMORY}, {}, 0, 25):
        found |= {(call, n), (call, max(counts[call] - n % 60, 1))}
    return sorted(found)


@pytest.mark.parametrize("process", ("link", "relay", "dialer") if WHOLE else
                         ("link",))
def test_each_allocation_of_a_new_link_fails(rig, process):
    """The link is cut, and the next one meets a shortage: then there is one
    more, of the same kind."""
    requests = Requests(rig, process, "relay", relays.MESSAGE)
    calls = rig.place[process].calls()

    def cut(*where):
        """How often each call was made until a link that was lost is back."""
        before = {name: call.count for name, call in calls.items()}
        mark = rig.proxyd.mark()
        rig.place["link"]["read"].arm(errno.ECONNRESET)
        outcomes, connection = requests.ask()
        assert connection is not None, (where, outcomes[-1])
        connection.close()
        record = rig.proxyd.wait_log(mark, msg="signer registered")
        assert record["protocol"] == "1" and record["features"] == \
            "client,deadline", record
        return {name: calls[name].count - before[name] for name in calls}

    for call, at in shortages(process, cut()):
        failed = calls[call].failed
        calls[call].arm(errno.ENOMEM, at)
        cut(call, at)
        calls[call].disarm()
        requests.met += calls[call].failed > failed
        if not rig.alive():
            pytest.fail("%s %s %d\n%s" % (process, call, at, "\n".join(
                each.output() for each in rig.daemons())))
    print("a link, %s: %d calls failed" % (process, requests.met))
    assert requests.met > 0
    assert not rig.busy()


def test_nothing_spins_when_all_is_over(rig):
    before = rig.ticks()
    assert not rig.busy(0.4)
    after = rig.ticks()
    assert all(after[name] - before[name] <= 4 for name in before), \
        (before, after)
