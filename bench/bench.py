#!/usr/bin/env python3
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Measures signerd and proxyd against what the crypto and TLS alone cost.

make bench runs it; bench/README.md says what the figures mean.
"""

import argparse
import contextlib
import json
import os
import sys
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, "regress")]

from bench import figures, place, rounds, scenes, show, slot    # noqa: E402
from bench import targets                                       # noqa: E402

SECONDS = 300
SHORTEST = 15
SHORT = 100             # up to here not all numbers of connections
SCENES = 0.2            # part of the time that the scenes take
START = 0.3             # seconds of a measurement beside its measuring
MOST, LEAST = 2.0, 0.15     # seconds of one measurement
ROUNDS = 3              # at least, unless that leaves less than this:
FAIR = 0.5


def plan(which, seconds, variants):
    """How many rounds, and the seconds of each measurement."""
    left = seconds * (1 - SCENES)

    def length(each):
        return rounds.length(which, each, START, variants)

    count = max(1, min(ROUNDS, int(left / length(FAIR))),
                int(left / length(MOST)))
    each = LEAST
    while each < MOST and count * length(each + 0.05) < left:
        each += 0.05
    return count, each


def progress(text):
    if sys.stderr.isatty():
        print("\r%s\033[K" % text, end="", file=sys.stderr, flush=True)


def run_rounds(here, seconds):
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        proxyd = enter(here.proxyd(place.PROXYD_ROOMY))
        signerd = enter(here.signerd(place.SIGNERD_ROOMY,
                                     [("edge", proxyd)]))
        echo = enter(here.echo(signerd))
        variants = {name: enter(here.signerd(
            place.SIGNERD_ROOMY + place.VARIANTS[name]))
            for name in sorted(here.built_in)}
        which = rounds.groups(rounds.FEW if seconds <= SHORT else
                              rounds.CONNECTIONS)
        count, each = plan(which, seconds, len(variants))
        world = rounds.World(here, signerd, proxyd, echo, variants)
        return count, each, rounds.run(world, which, count, each, progress)


def measure(seconds):
    began = time.monotonic()
    with place.Place() as here:
        count, each, found = run_rounds(here, seconds)
        flat = figures.of_rounds(found)
        flat.update(scenes.run(here, seconds * SCENES, progress))
        flat["faults"] = len(slot.faults)
        progress("")
        return {"machine": place.machine(), "rounds": count,
                "slot_s": each, "built_in": sorted(here.built_in),
                "faults": slot.faults,
                "took_s": time.monotonic() - began, "figures": flat}


def measure_one(name, seconds):
    """One of what does not go by rounds, alone."""
    began = time.monotonic()
    with place.Place() as here:
        flat = scenes.run_one(here, name, seconds, progress)
        flat["faults"] = len(slot.faults)
        progress("")
        return {"machine": place.machine(), "only": name,
                "built_in": sorted(here.built_in), "faults": slot.faults,
                "took_s": time.monotonic() - began, "figures": flat}


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("-b", "--base", metavar="FILE",
                        help="the results of an earlier run, to compare with")
    parser.add_argument("-c", "--check", action="store_true",
                        help="whether the targets are met; exits 1 if not")
    parser.add_argument("-j", "--json", metavar="FILE",
                        help="where to write the results")
    parser.add_argument("-o", "--only", choices=sorted(scenes.ALL),
                        help="nothing but this")
    parser.add_argument("-t", "--time", type=float, metavar="SECONDS",
                        default=SECONDS, help="about what it takes in all, "
                        "%(default)s by default, 15 at least")
    return parser.parse_args()


def main():
    options = arguments()
    base = None
    if options.base:
        with open(options.base) as f:
            base = json.load(f)
    try:
        seconds = max(SHORTEST, options.time)
        results = measure_one(options.only, seconds) if options.only else \
            measure(seconds)
    except slot.Failed as e:
        print("bench: %s" % e, file=sys.stderr)
        return 2
    results["targets"] = targets.judge(results)
    if options.json:
        with open(options.json, "w") as f:
            json.dump(results, f, indent=1)
            f.write("\n")
    show.results(results)
    if base is not None:
        show.compared(results, base)
    if not options.check:
        return 0
    return show.checked(results["targets"])


if __name__ == "__main__":
    sys.exit(main())
