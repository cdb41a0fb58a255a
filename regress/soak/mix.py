# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""All at once: every attack, and meanwhile reloads, cuts and kills."""

import itertools
import random
import time

from soak import attacks, client, links, procs, world

JOBS = ((attacks.slow_handshake, 1), (attacks.slow_header, 1),
        (attacks.slow_body, 1), (attacks.slow_frame, 1),
        (attacks.never_reads, 1), (attacks.handshakes, 1),
        (attacks.pipelining, 1), (attacks.batches, 2), (attacks.bodies, 1),
        (attacks.rubbish, 1), (links.junk_signer, 1))
MODES = (links.QUIET, links.SLOW, links.FLOOD, links.GARBAGE)
RELOAD, CUT, KILL_SIGNER, KILL_CLIENT, MODE = 4, 5, 7, 3, 2     # seconds


class Mix:
    def __init__(self, place, target, bad, pairs):
        self.place = place
        self.target = target
        self.bad = bad
        self.workers = procs.Workers()
        self.mortals = procs.Workers()
        self.pairs = pairs
        self.due = {}
        self.done = dict.fromkeys(("reloads", "cuts", "signers killed",
                                   "clients killed"), 0)
        self.counts = {}
        self.failures = []
        self.report = None
        self.cut = None
        self.labels = itertools.cycle(sorted(place.relays))

    def __enter__(self):
        for function, count in JOBS:
            self.workers.start(function, self.target, count=count)
        self.mortals.start(attacks.ordinary, self.target, count=2)
        # A client of the signers whose links are cut and that are killed.
        self.pipe, theirs = procs.context.Pipe()
        self.other = procs.context.Process(
            target=client.run, daemon=True, args=(
                theirs, self.target.proxied, self.target.ca,
                self.pairs[world.VIA], "batcher"))
        self.other.start()
        self.pipe.send("signers that go")
        self.pipe.recv()
        return self

    def __exit__(self, *_):
        self.bad.mode.value = links.QUIET
        self.resume()
        self.pipe.send("end")
        if self.pipe.poll(client.GIVE_UP + client.PATIENCE * 2):
            self.report = self.pipe.recv()
        self.other.join(procs.PATIENCE)
        for each in (self.workers, self.mortals):
            self.counts.update(each.stop())
            self.failures += each.failures()

    # ---- what happens meanwhile --------------------------------------------

    def _is_due(self, what, period):
        now = time.monotonic()
        if now < self.due.setdefault(what, now + period):
            return False
        self.due[what] = now + period
        return True

    def step(self):
        if self._is_due("mode", MODE):
            self.bad.mode.value = random.choice(MODES)
        if self._is_due("reload", RELOAD):
            self.reload()
        if self._is_due("cut", CUT):
            self.cut_link()
        if self._is_due("signer", KILL_SIGNER):
            self.place.kill_beside(next(self.labels))
            self.done["signers killed"] += 1
        if self._is_due("client", KILL_CLIENT):
            self.kill_client()

    def reload(self):
        self.place.reload()
        self.done["reloads"] += 1

    def resume(self):
        if self.cut is not None:
            self.cut.resume()
            self.cut.drop()
        self.cut = None

    def cut_link(self):
        """Silence for one period, or an end at once."""
        self.resume()
        relay = self.place.relays[next(self.labels)]
        if self.done["cuts"] % 2:
            relay.drop()
        else:
            relay.cut()
            self.cut = relay
        self.done["cuts"] += 1

    def kill_client(self):
        self.mortals.processes.pop(0).kill()
        self.mortals.start(attacks.ordinary, self.target)
        self.done["clients killed"] += 1

    def said(self):
        """Lines about what was done."""
        times = self.report.times
        yield ", ".join("%s %d" % each for each in self.done.items())
        yield ", ".join("%s took up %d and refused %d" % (name, *counts)
                        for name, counts in self.place.reloaded().items())
        yield "the client of signers that go: %d answered, 503 %d, lost %d, " \
            "worst %.0f ms" % (self.report.answered, self.report.unavailable,
                               len(self.report.lost),
                               max(times, default=0) * 1000)
