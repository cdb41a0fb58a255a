#!/usr/bin/env python3
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A signerd and a proxyd among peers that mean no good, and a client that does.

usage: regress/soak/soak.py [SECONDS]

Phase by phase one kind of attack, then ten thousand connections that do
nothing, and for more than half of the time all at once, with reloads, cuts of
links and kills of peers.  A client that behaves asks all the while, directly
and by way of proxyd; each of its answers is checked.  The end is a table, and
in the last line the number of the checks that were passed.
"""

import os
import resource
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

from lib import daemon                                      # noqa: E402
from soak import attacks, client, idle, links, numbers      # noqa: E402
from soak import procs, world                               # noqa: E402
from soak.mix import Mix                                    # noqa: E402
from soak.peers import Target                               # noqa: E402

SECONDS = 600
WARM_UP, PHASE, ALL = 0.02, 0.02, 0.5       # parts of the time
LEAST = 1.0                                 # seconds of a phase
IDLE, IDLE_EACH = 10000, 40                 # connections, and a second
IDLE_KB = 50                                # memory of one
NAMES = (world.GOOD, world.VIA, world.GREEDY, world.JUNK, "hq.example",
         "dr.example", "spare.example")
# Bounds that README.md states: memory of a process that holds no idle
# connections, in MB; the factor of a p99 over the calm one, the time in ms
# below which no factor counts, and that of a p99 where all comes at once.
PEAK = {"frontend": 160, "relay": 160, "link": 100, "keyd": 5,
        "dialer": 5, "signerd": 5, "proxyd": 5}
FACTOR, ANYHOW, ALL_AT_ONCE = 100, 150, 1000
BACK = 1.2              # times the memory that was before
END_KB = 8192           # and on top of it after all at once: pages in part free
SETTLE = 20             # seconds for that

PHASES = (
    ("slow handshakes", (attacks.slow_handshake, 2)),
    ("slow headers", (attacks.slow_header, 2)),
    ("slow bodies", (attacks.slow_body, 2)),
    ("slow frames", (attacks.slow_frame, 1)),
    ("readers of nothing", (attacks.never_reads, 1)),
    ("handshakes", (attacks.handshakes, 2)),
    ("pipelining", (attacks.pipelining, 4)),
    ("batches of 1000", (attacks.batches, 4)),
    ("5 MiB bodies", (attacks.bodies, 2)),
    ("garbage", (attacks.rubbish, 2)),
    ("a signer's junk", (links.junk_signer, 1)),
    ("a proxy's junk",),
)
MODES = {"slow frames": links.SLOW, "a proxy's junk": links.FLOOD}


class Good:
    """The process of a client that behaves."""

    def __init__(self, port, ca, pair, key):
        self.pipe, theirs = procs.context.Pipe()
        self.process = procs.context.Process(
            target=client.run, daemon=True,
            args=(theirs, port, ca, pair, key))
        self.process.start()

    def phase(self, name):
        """Begins one; what the one before it has brought."""
        self.pipe.send(name)
        if not self.pipe.poll(client.GIVE_UP + client.PATIENCE * 2):
            raise AssertionError("a client that does not come back")
        return self.pipe.recv()

    def end(self):
        report = self.phase("end")
        self.process.join(procs.PATIENCE)
        return report


class Soak:
    def __init__(self, seconds, site, place, bad):
        self.seconds = seconds
        self.place = place
        self.bad = bad
        authority = site.authority
        self.pairs = {name: authority.client(name) for name in NAMES}
        self.target = Target(place.hq.port, place.proxyd.port,
                             place.proxyd.signer_port, authority.ca,
                             self.pairs)
        self.checks = numbers.Checks()
        self.rows = []
        self.calm = None
        self.reports = []
        self.counts = {}
        self.goods = [Good(port, authority.ca, self.pairs[world.GOOD],
                           "sequencer")
                      for port in (place.hq.port, place.proxyd.port)]

    def begin(self, name):
        """The reports of the phase before."""
        found = [each.phase(name) for each in self.goods]
        self.reports += found
        return found

    def end(self, name, peak=None):
        """A row of the table; the clients go on meanwhile."""
        row = numbers.Row(name, *self.begin("between"),
                          peak or self.place.memory())
        self.rows.append(row)
        print(numbers.table([row], self.calm, "PSS")[-1], flush=True)
        return row

    def during(self, seconds, every=None):
        """Memory at its most, for so long."""
        most = self.place.memory()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            procs.pause(min(0.5, max(0, until - time.monotonic())))
            if every is not None:
                every()
            most = {name: max(most[name], kb)
                    for name, kb in self.place.memory().items()}
        return most

    # ---- phases ------------------------------------------------------------

    def attacked(self, name, *jobs):
        self.bad.mode.value = MODES.get(name, links.QUIET)
        with procs.working(*[(function, count, self.target)
                             for function, count in jobs]) as workers:
            procs.until(lambda: not jobs or sum(
                each.value for tallies in workers.counts.values()
                for each in tallies))
            self.begin(name)
            most = self.during(max(LEAST, self.seconds * PHASE))
            self.end(name, most)
        self.bad.mode.value = links.QUIET
        self.count(workers)
        self.checks(not workers.failures(), "%s: %s" % (name, ", ".join(
            "%s %d" % each for each in workers.stop().items()) or
            "messages of the proxy %d" % self.bad.tally.value))

    def count(self, workers):
        for name, count in workers.stop().items():
            self.counts[name] = self.counts.get(name, 0) + count

    def idle(self, process, port, count):
        name = "%d idle, %s" % (count, process)
        before = self.settled(process)
        with procs.working() as workers:
            count = idle.start(workers, self.target, port, count)
            self.begin(name + " (opening)")
            done = procs.until(lambda: idle.opened(workers) == count,
                               60 + count * 0.02, 0.2)
            self.end("opening them")
            self.begin(name)
            most = self.during(max(LEAST, self.seconds * PHASE))
            self.end(name, most)
            each = (most[process] - before) / count
            self.checks(done and 1 < each < IDLE_KB, "%d idle connections "
                        "at %s: %.1f kB each, under %d" % (
                            idle.opened(workers), process, each, IDLE_KB))
        self.given_back(process, before)

    def settled(self, process):
        """What it has when it has given back what it can."""
        least = [self.place.memory()[process]]

        def steady():
            least.append(self.place.memory()[process])
            return len(least) > 4 and min(least[-4:]) >= max(least[-4:]) - 256

        procs.until(steady, SETTLE, 0.5)
        return least[-1]

    def given_back(self, process, before, slack=0):
        bound = before * BACK + slack

        def small():
            return self.place.memory()[process] <= bound

        self.checks(procs.until(small, SETTLE, 0.2), "%s gives their memory "
                    "back: %.1f MB, before %.1f MB" % (
                        process, self.place.memory()[process] / 1024,
                        before / 1024))

    # ---- all of it ---------------------------------------------------------

    def run(self, connections):
        self.begin("warm-up")
        self.during(max(LEAST, self.seconds * WARM_UP))
        memory, descriptors = self.place.memory(), self.place.descriptors()
        self.begin("calm")
        most = self.during(max(LEAST * 2, self.seconds * PHASE))
        self.calm = self.end("calm", most)
        for name, *jobs in PHASES:
            self.attacked(name, *jobs)
        self.check_attacks()
        for process, port in (("frontend", self.place.hq.port),
                              ("relay", self.place.proxyd.port)):
            self.idle(process, port, connections)
        self.mixed()
        self.check_end(memory, descriptors)

    def mixed(self):
        mix = Mix(self.place, self.target, self.bad, self.pairs)
        with mix:
            self.begin("all at once")
            most = self.during(max(5 * LEAST, self.seconds * ALL), mix.step)
            self.end("all at once", most)
        self.counts.update(mix.counts)
        self.reports.append(mix.report)
        for text in mix.said():
            print("        " + text)
        worst = [way.p99 or 99 for _, way in self.rows[-1].ways()]
        self.checks(max(worst) * 1000 < ALL_AT_ONCE, "p99 when all comes at "
                    "once: %s and %s ms, under %d" % (
                        *map(numbers.ms, worst), ALL_AT_ONCE))
        self.checks(not mix.failures, "no attacker has failed: %r" %
                    mix.failures)
        self.check_peaks()

    def check_attacks(self):
        worst = max(((way.factor(getattr(self.calm, kind)) or 0, way.p99 or
                      999, row.name, kind) for row in self.rows[1:]
                     for kind, way in row.ways()))
        over = [(row.name, kind) for row in self.rows[1:]
                for kind, way in row.ways()
                if way.p99 is None or way.p99 * 1000 > ANYHOW and
                way.factor(getattr(self.calm, kind)) > FACTOR]
        self.checks(not over, "p99 under each attack is at most %d times "
                    "the calm one, or %d ms; the most: %.1f (%s, %s, %s ms)%s"
                    % (FACTOR, ANYHOW, worst[0], worst[2], worst[3],
                       numbers.ms(worst[1]), "".join(
                           "; over: %s, %s" % each for each in over)))

    def check_peaks(self):
        rows = [row for row in self.rows if "idle" not in row.name and
                "opening" not in row.name]
        for name, bound in PEAK.items():
            most = max(row.memory[name] for row in rows) / 1024
            self.checks(most <= bound or daemon.SANITIZE,
                        "%s: %.1f MB at most, under %d MB" % (
                            name, most, bound))

    def check_end(self, memory, descriptors):
        self.begin("after")
        self.during(LEAST)
        for name, before in memory.items():
            self.given_back(name, before, END_KB)
        wrong = {}

        def same():
            now = self.place.descriptors()
            wrong.clear()
            wrong.update({name: (descriptors[name], now[name])
                          for name in now if now[name] != descriptors[name]})
            return not wrong

        self.checks(procs.until(same, SETTLE), "descriptors as before: %s" % (
            wrong or "all" if descriptors["relay"] else
            "not shown to this user"))
        self.reports += [each.end() for each in self.goods]
        self.check_answers()

    def check_answers(self):
        asked = sum(each.asked for each in self.reports)
        answered = sum(each.answered for each in self.reports)
        again = sum(each.unavailable for each in self.reports)
        lost = [(each.name, text) for each in self.reports
                for text in each.lost]
        for each in lost[:10]:
            print("        lost in %s: %s" % each)
        self.checks(asked == answered > 0 and not lost,
                    "requests of clients that behave: %d, signatures %d, "
                    "each by the right key, 503 and asked again %d, "
                    "unanswered %d" % (asked, answered, again,
                                       asked - answered))
        counts = self.place.reloaded()
        self.checks(all(min(each) > 0 for each in counts.values()) or
                    self.place.reloads < 3,
                    "reloads, taken up and (as they should be) refused: %s" %
                    counts)
        deaths = self.place.deaths()
        self.checks(not deaths, "no process has died: %r" % deaths)
        faults = self.place.faults()
        self.checks(not faults, "no error of the daemons' own: %r" %
                    faults[:3])


def limits(seconds):
    """Connections a daemon may have, and of these the idle ones."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = min(world.CONNECTIONS, hard - world.DESCRIPTORS)
    if most < world.CONNECTIONS:
        print("limit on open files %d: %d connections instead of %d" % (
            hard, most, world.CONNECTIONS))
    idle_ones = min(IDLE, most - 1000, int(seconds * IDLE_EACH))
    if idle_ones < IDLE:
        print("%d idle connections instead of %d: for %d s%s" % (
            idle_ones, IDLE, seconds, "" if most == world.CONNECTIONS else
            " and that limit"))
    return most, idle_ones


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    began = time.monotonic()
    connections, idle_ones = limits(seconds)
    site = daemon.Site()
    try:
        bad = links.BadProxy(site)
        try:
            with world.World(site, connections, bad.port) as place:
                shown = procs.pss_is_shown(place.hq.children["frontend"])
                kind = "PSS" if shown else "RSS"
                soak = Soak(seconds, site, place, bad)
                soak.run(idle_ones)
                for each in (place.hq, place.proxyd):
                    soak.checks(each.stop() == 0, "%s stops in order" %
                                os.path.basename(each.program))
        finally:
            bad.stop()
    finally:
        site.remove()
    print()
    print("\n".join(numbers.table(soak.rows, soak.calm, kind)))
    print("attackers: " + ", ".join(
        "%s %d" % each for each in sorted(soak.counts.items())))
    print("%.0f s" % (time.monotonic() - began))
    print(soak.checks)
    return 1 if soak.checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
