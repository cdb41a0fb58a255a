# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Tables for people, 80 columns wide."""

import textwrap

from bench import figures, rounds

WAYS = {"direct": "direct", "proxied": "through proxyd",
        "echo": "bare TLS echo", "workers": "two workers",
        "spin": "spinning", "prefork": "two frontends"}
HEAD = "%5s %5s %8s %7s %8s %8s %8s %8s %7s %6s" % (
    "conns", "batch", "req/s", "/crypto", "p50", "p90", "p99", "p99.9",
    "beyond", "client")


def number(value, digits=3):
    """In few characters: of 0.0123 and of 12345 as many digits count."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 100:
        return "%.0f" % value
    return "%.*f" % (1 if abs(value) >= 10 else 2, value)


def ms(us):
    return number(us / 1000)


def _row(flat, group, member):
    at = figures.prefix(group, member)
    if at + "rate" not in flat:
        return None
    return "%5d %5d %8.0f %7s %8s %8s %8s %8s %7s %6s" % (
        group.connections, group.batch, flat[at + "rate"],
        number(flat.get(at + "to_crypto")),
        *(ms(flat[at + each + "_us"]) for each in figures.PERCENTILES),
        number(flat.get(at + "beyond_us")),
        number(flat[at + "client_cpu_us"]))


def _table(flat, method, member):
    rows = [_row(flat, group, member) for group in rounds.groups()
            if group.method == method]
    rows = [row for row in rows if row is not None]
    if rows:
        print("\n%s, %s" % ({"payload": "Block payloads",
                             "tx": "Transactions"}[method], WAYS[member]))
        print(HEAD)
        print("\n".join(rows))


def _processes(flat):
    """Where the CPU of one request goes, at 16 connections."""
    print("\nCPU of one request at 16 connections, us")
    for method in rounds.METHODS:
        for member in ("direct", "proxied"):
            at = "%s.%s.c16.b1.cpu." % (method, member)
            found = [(name[len(at):-3], value)
                     for name, value in flat.items() if name.startswith(at)]
            used = ", ".join("%s %s" % (name.partition("-")[2] if
                                        not name.endswith("parent") else
                                        name.partition("-")[0], number(value))
                             for name, value in found if value >= 0.5)
            print(textwrap.fill(used, 80, initial_indent="  %-8s %-8s " % (
                method, member), subsequent_indent=" " * 20))
            print("  %17s of keyd's, bare sign + verify: %s %%" % ("", number(
                100 * flat[at[:-4] + "keyd_share"])))


def _line(text, value, unit=""):
    print("  %-56s %10s %s" % (text, number(value), unit))


def _rest(found):
    flat, built_in = found["figures"], found["built_in"]
    if "payload.direct.c1.b1.over_bare_us" in flat:
        print("\nAt one connection, p50 over bare TLS and crypto")
    for member in ("direct", "spin", "proxied"):
        value = flat.get("payload.%s.c1.b1.over_bare_us" % member)
        if value is not None:
            _line(WAYS[member], value, "us")
    if "handshake.per_s" in flat:
        print("\nHandshakes")
    for kind in ("", "prefork."):
        at = "handshake." + kind
        if at + "per_s" in flat:
            _line("a second%s" % (", two frontends" if kind else ""),
                  flat[at + "per_s"])
            _line("  CPU of signerd for one", flat[at + "cpu_us"], "us")
            _line("  signing kept meanwhile at 16 connections",
                  flat[at + "signing_kept"])
            _line("  its p99", flat[at + "signing_p99_us"] / 1000, "ms")
    if "memory.signerd_kb" in flat:
        print("\nMemory (PSS)")
    for name in ("signerd", "proxyd"):
        if "memory.%s_kb" % name not in flat:
            continue
        _line("%s, 16 connections" % name, flat["memory.%s_kb" % name], "kB")
        _line("  an idle connection", flat["memory.%s_idle_kb" % name], "kB")
    if "failover.killed.lost" in flat:
        print("\nFailing over under load")
    for name, text in (("killed", "a signer is killed"),
                       ("hung", "a signer hangs"),
                       ("proxy", "another proxy is killed")):
        at = "failover.%s." % name
        if at + "lost" not in flat:
            continue
        _line("%s: of %d requests lost" % (text, flat[at + "requests"]),
              flat[at + "lost"])
        _line("  worst answer", flat[at + "worst_us"] / 1000, "ms")
    if found["faults"]:
        print("\nRequests failed, so that it was measured again")
        for text in found["faults"]:
            print(textwrap.fill(text, 80, initial_indent="  ",
                                subsequent_indent="    "))
    for name in ("workers", "spin", "prefork"):
        if name not in built_in:
            print("\n%s: not built in" % WAYS[name], end="")
    print()


def results(found):
    flat = found["figures"]
    print("signerd, measured in %.0f s: %s" % (
        found["took_s"], "%(only)s alone" % found if "only" in found else
        "%(rounds)d rounds of %(slot_s).2f s each" % found))
    print("%s, %s\n%d processors, load %.1f" % (
        found["machine"]["system"], found["machine"].get("model", ""),
        found["machine"]["processors"], found["machine"]["load"]))
    if "only" not in found:
        _rounds(flat)
    _rest(found)


def _rounds(flat):
    print("libsecp256k1: sign %s, verify %s, recover %s, sign + verify %s us "
          "of CPU" % tuple(number(flat["crypto.%s_cpu_us" % each])
                           for each in ("sign", "verify", "recover", "pair")))
    print("Times are in ms; \"beyond\" and \"client\" are us of CPU a request,"
          "\n\"/crypto\" is to the rate of bare sign + verify on one core.")
    for method in rounds.METHODS:
        for member in WAYS:
            _table(flat, method, member)
    _processes(flat)


def compared(found, base):
    """Ratios to an earlier run, of all figures that both have."""
    print("\nCompared with the earlier run (now, then, ratio)")
    for name, now in found["figures"].items():
        then = base.get("figures", {}).get(name)
        if then is None:
            continue
        print("  %-44s %10s %10s %8s" % (
            name, number(now), number(then),
            "-" if then == 0 else "%.2f" % (now / then)))


def checked(judged):
    """The exit status."""
    print("\nTargets")
    for each in judged:
        if each["value"] is None:
            what = "not built in" if each["needs"] else "not measured"
        else:
            what = number(each["value"])
        print("  %-6s %-46s %9s %s %s %s" % (
            "ok" if each["met"] else "MISSED", each["text"], what,
            each["relation"], number(each["bound"]), each["unit"]))
    missed = sum(not each["met"] for each in judged)
    print("%d met, %d missed" % (len(judged) - missed, missed))
    return 1 if missed else 0
