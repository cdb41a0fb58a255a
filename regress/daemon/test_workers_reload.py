# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Reloads, and trials of them, of several processes of each kind."""

import collections
import fcntl
import os
import threading

import pytest

from lib import audited, daemon, procfs, trail
from lib.audited import digest, is_signed, signed_digests, unique
from lib.control import Control
from lib.daemon import ROOT
from lib.reloading import Load, change, reload
from test_audit import empty_disk, fill_disk
from test_workers import files

RULE = 'allow client "sequencer.example" key "%s" chain 10\n'
KEYS = ("sequencer", "batcher")
PROCESSES = ("keyd1", "keyd2", "frontend1", "frontend2", "audit1", "audit2")
STOPS = "audit: the file cannot be written: File too large: signing stops " \
    "until it can"


@pytest.fixture(scope="module")
def site():
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


def config(site, path, control, key="sequencer", keys=KEYS, extra=""):
    return audited.config(
        site, path, "prefork 2\nkeyd workers 2\n%s\n%s" % (
            control.statement, extra), keys=keys, rules=RULE % key)


def held(signerd):
    """What each process has open, by kind, as far as we may look."""
    return ROOT and {name: collections.Counter(
        procfs.descriptors(signerd.children[name]).values())
        for name in PROCESSES}


def until(wanted):
    """What a process does when it has been told, without an answer."""
    for _ in range(100000):
        if wanted():
            return
        os.sched_yield()
    assert wanted()


def is_locked(path):
    with open(path, "rb") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def addresses(signerd, n=20):
    """By whom the last requests were signed, as each process that answered
    says; on connections enough for all of them."""
    mark = signerd.mark()
    with Load(signerd, connections=8) as load:
        load.settle()
    signerd.wait_log(mark, count=n, msg="signed")
    return {(each["key"], each["address"])
            for each in signerd.logged(mark, msg="signed")}


def test_a_trial_leaves_nothing(site, path):
    """In none of them, good or bad; and what comes after it is whole."""
    control = Control(site, "several.sock")
    other = path + ".other"
    more = 'listen on 127.0.0.1 port 0\nlisten on "::1" port 0\n'
    good = config(site, other, control, "batcher", KEYS[::-1] + ("multi10",),
                  more)
    bad = site.path("no-key.pem")
    with open(bad, "w") as f:
        f.write("no key\n")
    os.chmod(bad, 0o600)
    first = config(site, path, control)
    with daemon.Signerd(site, first) as signerd:
        before, was = held(signerd), addresses(signerd)
        assert len(was) == 1
        for text, status in ((good, 0), (good + 'key "b" file "%s"\n' % bad,
                                         1)) * 3:
            change(signerd, text)
            said = control.run("reload", "-n")
            assert said.status == status, said
            # Of each fault once, though each of them has found it.
            assert sum(bad in line for line in said.err.splitlines()) == \
                status
            assert not [each for each in files(other)
                        if os.path.exists(each)]
        until(lambda: held(signerd) == before)
        assert addresses(signerd) == was
        # Files that there are are locked by it, and let go.
        for each in files(other):
            os.close(os.open(each, os.O_CREAT | os.O_WRONLY, 0o600))
        change(signerd, good)
        assert control.run("reload", "-n").status == 0
        until(lambda: not any(map(is_locked, files(other))))
        until(lambda: held(signerd) == before)
        # The next one is the second, of each.
        assert reload(signerd, good)["generation"] == "2"
        now = addresses(signerd)
        assert [name for name, _ in now] == ["batcher"] and now != was
        reload(signerd, config(site, path + ".third", control))
        assert addresses(signerd) == was
    for n in range(2):
        names = [files(each)[n] for each in (path, other, path + ".third")]
        reloads = audited.events(trail.records(*names), "reload")
        assert [each["generation"] for each in reloads] == ["2", "3"]
    trail.good(*files(path), *files(other), *files(path + ".third"))


def test_an_answer_that_waits_for_the_disk_of_one(site, path):
    """It is by the configuration before, while the other worker goes by the
    next one: the log has the right name for both."""
    def text(key, keys):
        return audited.config(site, path, "keyd workers 2\naudit sync\n",
                              keys=keys, rules=RULE % key)

    with daemon.Signerd(site, text("sequencer", KEYS)) as signerd:
        fill_disk(signerd, path, "audit1")
        with signerd.connect() as one, signerd.connect() as two:
            answers = []
            thread = threading.Thread(
                target=lambda: answers.append(one.rpc(unique(0))))
            thread.start()
            # The first has it, for nobody else asks.
            signerd.wait_log(process="keyd1", msg=STOPS)
            reload(signerd, text("batcher", KEYS[::-1]))
            assert is_signed(two.rpc(unique(1)))
            assert thread.is_alive()
            empty_disk(signerd, "audit1")
            thread.join()
            assert is_signed(answers[0])
        records = [signerd.wait_log(count=n + 1, msg="signed")
                   for n in range(2)]
        known = {each["key"]: each["address"]
                 for each in signerd.logged(msg="key")}
        assert [(each["digest"], each["key"]) for each in records] == [
            (digest(1), "batcher"), (digest(0), "sequencer")]
        for each in records:
            assert each["address"] == known[each["key"]]
    assert [signed_digests(each) for each in files(path)] == [
        [digest(0)], [digest(1)]]
    assert trail.verify(*files(path))[0] == trail.GOOD
