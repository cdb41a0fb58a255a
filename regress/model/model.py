#!/usr/bin/env python3
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""keyd against a taken frontend, at length.

usage: model.py [--time SECONDS] [--seed TEXT] [--jobs N] [--round NAME]

Rounds, each with a keyd and rules of its own, until the time is up: random
and mutated messages on the channels of frontends and of link processes, and
an oracle that says what each answer must be.  The seed is printed; --round
plays one of a run's rounds again, whole.
"""

import argparse
import os
import queue
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import multiprocessing  # noqa: E402

import rounds  # noqa: E402
from lib.recover import Recovery  # noqa: E402

MESSAGES = 10000            # of a round; of every LONG'th six times as many
LONG = 4
PATIENCE = 120              # seconds for a job to come to its end


def size(name):
    index = name.rpartition(".")[2]
    return MESSAGES * (6 if index.isdigit() and
                       int(index) % LONG == LONG - 1 else 1)


def job(number, options, until, results):
    """Every n'th round; its figures are put in the queue."""
    recovery, index = Recovery(), number
    while time.monotonic() < until:
        name = "%s.%d" % (options.seed, index)
        try:
            made = rounds.play(name, size(name), recovery, until)
            results.put((made.counts, made.memory, None))
        except rounds.Wrong as error:
            results.put((None, None, str(error)))
        index += options.jobs
    results.put(None)


class Total:
    def __init__(self):
        self.counts = rounds.Counts()
        self.passed = self.failed = 0
        self.growth = 0             # kB, the most of all rounds

    def add(self, counts, memory, fault):
        if fault is not None:
            self.failed += 1
            print("FAILED: %s" % fault, flush=True)
            return
        self.passed += 1
        self.counts.add(counts)
        if memory is not None:
            self.growth = max(self.growth, memory[1] - memory[0])

    def show(self, seconds):
        shown = dict(self.counts, seconds=round(seconds, 1), growth_kb=
                     self.growth, per_second=round(
                         self.counts["messages"] / max(seconds, 0.1)))
        print("model: " + ", ".join("%s %s" % (value, name.replace(
            "_", " ")) for name, value in shown.items()))
        print("%d passed, %d failed" % (self.passed, self.failed))


def collect(total, jobs, results):
    """Until each job has said that it is done, or has died."""
    left = len(jobs)
    while left:
        try:
            got = results.get(timeout=PATIENCE)
        except queue.Empty:
            total.add(None, None, "no word from %d jobs: %s" % (
                left, [each.exitcode for each in jobs]))
            break
        if got is None:
            left -= 1
        else:
            total.add(*got)
    for each in jobs:
        each.terminate() if left else None
        each.join()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--time", type=float, default=60)
    parser.add_argument("--seed", default=str(time.time_ns()))
    parser.add_argument("--jobs", type=int,
                        default=len(os.sched_getaffinity(0)))
    parser.add_argument("--round")
    return parser.parse_args()


def main():
    options, total, start = arguments(), Total(), time.monotonic()
    if options.round is not None:
        try:
            made = rounds.play(options.round, size(options.round))
            total.add(made.counts, made.memory, None)
        except rounds.Wrong as error:
            total.add(None, None, str(error))
    else:
        print("model: seed %s, %d jobs, %g s" % (
            options.seed, options.jobs, options.time), flush=True)
        results = multiprocessing.Queue()
        jobs = [multiprocessing.Process(
            target=job, daemon=True,
            args=(n, options, start + options.time, results))
            for n in range(options.jobs)]
        for each in jobs:
            each.start()
        collect(total, jobs, results)
    total.show(time.monotonic() - start)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
