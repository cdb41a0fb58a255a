# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What is measured in rounds.

A group are measurements that are compared with one another: one of them after
the other, in another order each round, so that a machine that is slower for a
while is so for all of them.  Figures are medians of what each round has
found, ratios those of two of the same round.
"""

import collections

from bench import slot

CONNECTIONS = (1, 16, 64, 256)
FEW = (1, 16)           # where time is short
BATCHES = (1, 50)
METHODS = ("payload", "tx")
# By far the most is said by these, and they have the more rounds.
FOCUS = (1, 16)
HANDSHAKE = 0.003       # seconds of both sides

Group = collections.namedtuple("Group", ("method", "connections", "batch"))


def groups(connections=CONNECTIONS):
    return [Group(method, each, batch) for method in METHODS
            for batch in BATCHES for each in connections]


def enough(group, seconds):
    """At least for what is under way at once to be answered twice or so."""
    return max(seconds, group.connections * group.batch / 4000)


def is_focus(group):
    return group.connections in FOCUS and group.batch == 1


class World:
    """The daemons that rounds are about: signerd, proxyd, echo, and of
    signerd those variants that are built in."""

    def __init__(self, place, signerd, proxyd, echo, variants):
        self.place = place
        self.signerd = signerd
        self.proxyd = proxyd
        self.echo, self.echo_pid = echo
        self.variants = variants

    def members(self, group, seconds):
        """Name and function of each measurement of the group."""
        seconds = enough(group, seconds)

        def load(daemons, port, *flags):
            return lambda: slot.measure(
                self.place, daemons, port, seconds, *flags,
                connections=group.connections, method=group.method,
                batch=group.batch)

        both = [self.signerd, self.proxyd]
        found = [("crypto", lambda: slot.crypto(min(seconds, 1) / 2)),
                 ("direct", load([self.signerd], self.signerd.port)),
                 ("proxied", load(both, self.proxyd.port))]
        if group.method == "payload" and group.batch == 1:
            found.append(("echo", load([], self.echo, "--verify", "0")))
            found += [(name, load([each], each.port))
                      for name, each in self.variants.items()
                      if is_focus(group)]
        return found


def run(world, which, count, seconds, progress):
    """A list of rounds by group: {member: what it found}."""
    found = collections.defaultdict(list)
    for number in range(count):
        for group in which:
            for again in range(2 if is_focus(group) else 1):
                members = world.members(group, seconds)
                at = (number + again) % len(members)
                results = {}
                for name, function in members[at:] + members[:at]:
                    progress("round %d of %d: %s, %d connections, batch %d, "
                             "%s" % (number + 1, count, group.method,
                                     group.connections, group.batch, name))
                    results[name] = function()
                found[group].append(results)
    return found


def length(which, seconds, overhead, variants):
    """Seconds that a round takes, where a measurement takes so many."""
    total = 0.0
    for group in which:
        loads = 2
        if group.method == "payload" and group.batch == 1:
            loads += 1 + (variants if is_focus(group) else 0)
        each = loads * (enough(group, seconds) + overhead +
                        group.connections * HANDSHAKE)
        total += (each + seconds / 2) * (2 if is_focus(group) else 1)
    return total
