# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Connections that are made and then say nothing."""

import contextlib

from soak import peers

PROCESSES = 4


def hold(tally, stopped, number, target, port, count):
    """That many, until it is told to stop."""
    socks = []
    while len(socks) < count and not stopped():
        with contextlib.suppress(*peers.GONE):
            socks.append(peers.connect(target, number * count + len(socks),
                                       where=port, patience=30))
            tally.value = len(socks)
    while not stopped():
        peers.pause(0.1)
    for sock in socks:
        peers.close(sock)


def opened(workers):
    return sum(each.value for each in workers.counts.get("hold", ()))


def start(workers, target, port, count):
    workers.start(hold, target, port, count // PROCESSES, count=PROCESSES)
    return count // PROCESSES * PROCESSES
