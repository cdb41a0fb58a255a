# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Every call that a daemon makes at its start fails once, each in turn: the
daemon serves all the same, or says what failed and why and leaves."""

import errno
import os
import re

import pytest

from lib import daemon, faulty, httpclient, relays
from lib.faultplan import ALWAYS, MEMORY, START, WHOLE, cases

MOST, MEMORIES = 1, 50 if WHOLE else 1

# What is said in other words than strerror(3)'s.
WORDS = {
    ("getaddrinfo", None): "Memory allocation failure",
    ("read", "keyd"): "the file cannot be read",
    # libseccomp's own, after which errno is another.
    ("prctl", None): "seccomp: ",
}
# Failures that leave nothing to speak with: the parent names the child.
SPEECHLESS = {("fcntl", each) for each in
              ("keyd", "frontend", "dialer", "link", "relay")}

pytestmark = pytest.mark.patience(15 if WHOLE else 1)


@pytest.fixture(scope="module")
def paths(site):
    return {
        "signerd": site.write(site.config(
            rules=faulty.RULES, proxies=[site.proxy("edge", 9)])),
        "proxyd": site.write(relays.config(site))}


def serves(site, trial):
    """NULL, or what is wrong with a daemon that says it is ready."""
    port = trial.port()
    if port is None:            # a line that could not be written
        return None
    try:
        with httpclient.Connection(port, site.tls(
                relays.CLIENT)) as connection:
            response = connection.exchange("GET", "/healthz")
    except (OSError, httpclient.Closed) as e:
        return "does not serve: %r" % e
    return None if response.status == 200 else repr(response)


def before_ready(daemon_name):
    """In the place of a line that a fault may swallow: the one before it."""
    def seen(lines):
        if lines[-1].endswith(" msg=ready"):
            return True
        wanted = "msg=key " if daemon_name == "signerd" else "for=signers"
        return wanted in lines[-1] and ("msg=certificate" in lines[-1] or
                                        daemon_name == "signerd")
    return seen


def judge(process, call, error, trial, early):
    """What is wrong with how a start went; None: nothing.  early: the call
    failed before the daemon was ready."""
    if trial.problem and call in MEMORY and trial.status == 0 and any(
            "handshake failed" in line for line in trial.lines):
        # libtls leaves out an authority that it has no memory for: nobody is
        # trusted, and the log says so.
        return None
    if trial.problem:
        return trial.problem
    if trial.status not in (0, 1):
        return "ended with status %d" % trial.status
    if trial.ready:
        # What fails later is another test's.
        return "ended with status 1" if trial.status and early else None
    if trial.status != 1:
        return "was not ready and ended with status 0"
    told = trial.reasons()
    if not told:
        return None if call == "write" else "said nothing"
    if call in MEMORY or (call, process) in SPEECHLESS:
        return None
    words = (os.strerror(error), WORDS.get((call, process)),
             WORDS.get((call, None)))
    return None if any(word in line for line in told for word in words
                       if word) else "did not say why"


class Starts:
    """Starts of one daemon, in which one process of it has faults."""

    def __init__(self, site, place, path, name, process):
        self.site, self.place, self.path = site, place, path
        self.name, self.process = name, process
        self.met, self.bad = 0, []

    def counts(self):
        return {name: call.count for name, call in
                self.place[self.process].calls().items()}

    def once(self, at_ready, ready=None):
        def served(trial):
            at_ready(trial)
            return serves(self.site, trial)
        return faulty.Trial(self.place, self.name, self.path, served, ready)

    def clean(self):
        """How often each call is made until all is ready."""
        before, found = {}, {}
        self.once(lambda _: None)           # the file has no names before
        before.update(self.counts())
        trial = self.once(lambda _: found.update(self.counts()))
        assert trial.ready and trial.status == 0 and not trial.problem, \
            trial.lines
        return {name: found[name] - before[name] for name in found}

    def faulty(self, call, n, error):
        plan, early = self.place[self.process][call], []
        failed = plan.failed
        plan.arm(error, n)

        def at_ready(_):
            early.append(plan.failed > failed)
            plan.disarm()

        trial = self.once(at_ready, before_ready(self.name)
                          if call == "write" else None)
        plan.disarm()
        hit = plan.failed > failed
        self.met += hit
        problem = judge(self.process, call, error, trial,
                        early[0] if early else hit)
        if problem:
            self.bad.append("%s %s %d %s: %s\n%s" % (
                self.process, call, n, faulty.name_of(error), problem,
                "\n".join("\t" + re.sub(r"^time=\S+ ", "", line)
                          for line in trial.lines)))


@pytest.mark.parametrize("name,process", [
    ("signerd", each) for each in faulty.SIGNERD] + [
        ("proxyd", each) for each in faulty.PROXYD])
def test_each_call_fails(site, place, paths, name, process):
    starts = Starts(site, place, paths[name], name, process)
    counts = starts.clean()
    always = [(call, n, error) for call, n, error in ALWAYS.get(process, [])
              if counts[call] >= n]
    for case in always + list(cases(process + "start", counts, START, MOST,
                                    MEMORIES)):
        starts.faulty(*case)
    print("%s: %d calls failed at the start" % (process, starts.met))
    assert not starts.bad, "\n".join(starts.bad)
    assert starts.met >= 8


def test_all_interrupted(site, place, paths):
    """EINTR and single bytes all the time: it starts all the same."""
    for name, processes in (("signerd", faulty.SIGNERD),
                            ("proxyd", faulty.PROXYD)):
        Starts(site, place, paths[name], name, processes[0]).clean()
        for process in processes:
            for call in place[process].calls().values():
                call.at_random(128, 7, faulty.INTR | faulty.LESS)
        trial = Starts(site, place, paths[name], name,
                       processes[0]).once(lambda _: None)
        failed = sum(call.failed for process in processes
                     for call in place[process].calls().values())
        place.disarm(*processes)
        assert trial.ready and trial.status == 0, trial.lines
        assert not trial.problem, trial.problem
        assert failed > 50
        assert all(daemon.parse_log(line) for line in trial.lines)


@pytest.mark.skipif(not daemon.ROOT, reason="only root has users to become")
def test_a_user_that_cannot_be_looked_up(site, place, paths):
    """keyd has one of its own where there is one; that it could not be told
    is no reason to share that of the others."""
    starts = Starts(site, place, paths["signerd"], "signerd", "signerd")
    starts.once(lambda _: None)
    for n in (1, 2):
        place["signerd"]["getpwnam"].arm(errno.EMFILE, n)
        trial = starts.once(lambda _: None)
        place.disarm("signerd")
        assert not trial.ready and trial.status == 1
        assert any("cannot be looked up: Too many open files" in line
                   for line in trial.reasons()), trial.lines


@pytest.mark.parametrize("name,process", [
    ("signerd", "signerd"), ("signerd", "frontend"), ("proxyd", "relay")])
def test_no_other_loop_than_the_sandbox_knows(site, place, paths, name,
                                              process):
    """libevent has others for when there is no descriptor left; they would
    be killed for it as soon as they began."""
    starts = Starts(site, place, paths[name], name, process)
    starts.once(lambda _: None)
    for call in ("epoll_create", "epoll_create1"):
        place[process][call].arm(errno.EMFILE, times=faulty.FOREVER)
    trial = starts.once(lambda _: None)
    place.disarm(process)
    assert not trial.ready and trial.status == 1 and not trial.problem
    assert any("event loop" in line for line in trial.reasons()), trial.lines
