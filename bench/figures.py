# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""From rounds to figures: names like payload.direct.c16.b1.rate, and numbers.
"""

import statistics

PERCENTILES = ("p50", "p90", "p99", "p999")
DAEMONS = ("direct", "proxied", "workers", "spin", "prefork")


def prefix(group, member):
    return "%s.%s.c%d.b%d." % (group.method, member, group.connections,
                               group.batch)


def _median(rounds, function):
    return statistics.median(function(each) for each in rounds)


def bare(round_):
    return round_["crypto"]


def beyond(round_, member):
    """Microseconds of CPU a request that are not the crypto's."""
    return sum(round_[member]["cpu_us"].values()) - bare(round_)["pair_cpu_us"]


def of_member(rounds, group, member):
    """What is told of each member, the bare echo too."""
    at = prefix(group, member)
    flat = {at + "rate": _median(rounds,
                                 lambda r: r[member]["requests_per_s"]),
            at + "client_cpu_us": _median(
                rounds, lambda r: r[member]["client_cpu_us_per_request"])}
    for name in PERCENTILES:
        flat[at + name + "_us"] = _median(
            rounds, lambda r: r[member]["latency_us"][name])
    return flat


def _keyd_share(round_, member):
    used = sum(us for name, us in round_[member]["cpu_us"].items()
               if name.startswith("signerd-keyd"))
    # None, where one that was measured for too short a time has waited.
    return bare(round_)["pair_cpu_us"] / used if used > 0 else 0.0


def of_daemons(rounds, group, member):
    """And what only makes sense where something is signed."""
    at = prefix(group, member)
    flat = {at + "to_crypto": _median(
        rounds, lambda r: r[member]["requests_per_s"] / bare(r)["rate"]),
        at + "beyond_us": _median(rounds, lambda r: beyond(r, member))}
    for name in rounds[0][member]["cpu_us"]:
        flat["%scpu.%s_us" % (at, name)] = _median(
            rounds, lambda r: r[member]["cpu_us"][name])
    # In keyd everything is one after the other: so much of its time is what
    # it is there for, and that stays so when others use the processors too.
    flat[at + "keyd_share"] = _median(rounds, lambda r: _keyd_share(r, member))
    if member == "direct":
        return flat
    flat[at + "rate_to_direct"] = _median(
        rounds, lambda r: r[member]["requests_per_s"] /
        r["direct"]["requests_per_s"])
    flat[at + "p50_to_direct"] = _median(
        rounds, lambda r: r[member]["latency_us"]["p50"] /
        r["direct"]["latency_us"]["p50"])
    return flat


def over_bare(rounds, group, member):
    """At one connection: the median over that of the echo and the crypto."""
    return {prefix(group, member) + "over_bare_us": _median(
        rounds, lambda r: r[member]["latency_us"]["p50"] -
        r["echo"]["latency_us"]["p50"] - bare(r)["pair_us"])}


def of_rounds(found):
    flat, every = {}, []
    for group, rounds in found.items():
        every += rounds
        for member in rounds[0]:
            if member == "crypto":
                continue
            flat.update(of_member(rounds, group, member))
            if member not in DAEMONS:
                continue
            flat.update(of_daemons(rounds, group, member))
            if group.connections == 1 and "echo" in rounds[0]:
                flat.update(over_bare(rounds, group, member))
    for name in ("sign", "verify", "recover", "pair"):
        for kind in ("us", "cpu_us"):
            key = "%s_%s" % (name, kind)
            flat["crypto." + key] = _median(every, lambda r: bare(r)[key])
    flat["crypto.rate"] = _median(every, lambda r: bare(r)["rate"])
    return flat
