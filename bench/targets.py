# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What the figures have to be."""

import collections

# figure is to be at most, or at least, bound; where it is not there, needs
# is what is not built in.
Target = collections.namedtuple("Target", (
    "text", "figure", "relation", "bound", "unit", "needs"))


def _at_most(text, figure, bound, unit, needs=None):
    return Target(text, figure, "<=", bound, unit, needs)


def _at_least(text, figure, bound, unit="", needs=None):
    return Target(text, figure, ">=", bound, unit, needs)


ONE, MANY = "payload.%s.c1.b1.", "payload.%s.c16.b1."
DEADLINE_US = 3000000   # proxyd's `timeout request`

ALL = (
    _at_most("measurements in which a request failed", "faults", 0, ""),
    _at_least("payloads, 16 connections: rate to bare crypto",
              MANY % "direct" + "to_crypto", 0.85),
    _at_most("  p99", MANY % "direct" + "p99_us", 2500, "us"),
    _at_least("  with two workers, to one",
              MANY % "workers" + "rate_to_direct", 1.2, "", "workers"),
    _at_most("CPU beyond the crypto, a payload",
             MANY % "direct" + "beyond_us", 35, "us"),
    _at_most("  a transaction", "tx.direct.c16.b1.beyond_us", 45, "us"),
    _at_most("one connection: p50 over bare TLS and crypto",
             ONE % "direct" + "over_bare_us", 140, "us"),
    _at_most("  with spin", ONE % "spin" + "over_bare_us", 60, "us", "spin"),
    _at_least("signing kept while others shake hands",
              "handshake.signing_kept", 0.7),
    _at_most("through proxyd, one connection: p50 to direct",
             ONE % "proxied" + "p50_to_direct", 1.6, ""),
    _at_least("  16 connections: rate to direct",
              MANY % "proxied" + "rate_to_direct", 0.6),
    _at_most("memory of signerd, 16 connections", "memory.signerd_kb",
             10000, "kB"),
    _at_most("  of proxyd", "memory.proxyd_kb", 6000, "kB"),
    _at_most("  of an idle connection, signerd", "memory.signerd_idle_kb",
             50, "kB"),
    _at_most("  of an idle connection, proxyd", "memory.proxyd_idle_kb", 50,
             "kB"),
    _at_most("a signer is killed: requests lost", "failover.killed.lost", 0,
             ""),
    _at_most("  the worst answer", "failover.killed.worst_us", DEADLINE_US,
             "us"),
    _at_most("a signer hangs: requests lost", "failover.hung.lost", 0, ""),
    _at_most("  the worst answer", "failover.hung.worst_us", DEADLINE_US,
             "us"),
    _at_most("another proxy is killed: requests lost", "failover.proxy.lost",
             0, ""),
    _at_most("  the worst answer", "failover.proxy.worst_us", DEADLINE_US,
             "us"),
)


def _judge_one(target, flat):
    figure = flat.get(target.figure)
    met = figure is not None and (
        figure <= target.bound if target.relation == "<=" else
        figure >= target.bound)
    return dict(target._asdict(), value=figure, met=met)


def judge(results):
    """Where one thing was measured alone, by what is about it."""
    flat = results["figures"]
    return [_judge_one(each, flat) for each in ALL
            if "only" not in results or each.figure in flat]
