# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""make bench: the shortest form of it for its shape, and what it makes of
figures.  How fast anything is, no test says."""

import copy
import json
import math
import os
import subprocess
import sys

import pytest

from lib import daemon

ROOT = os.path.dirname(daemon.HERE)
sys.path.insert(0, ROOT)

from bench import figures, rounds, show, slot, targets      # noqa: E402

pytestmark = pytest.mark.patience(6)    # whichever of them is the first
BENCH = os.path.join(ROOT, "bench", "bench.py")
EACH = {"rate", "client_cpu_us", "p50_us", "p90_us", "p99_us", "p999_us"}
SIGNED = EACH | {"to_crypto", "beyond_us", "keyd_share",
                 "cpu.signerd-keyd_us", "cpu.signerd-frontend_us",
                 "cpu.signerd-link_us", "cpu.signerd-parent_us",
                 "cpu.signerd-dialer_us"}
PROXIED = SIGNED | {"rate_to_direct", "p50_to_direct", "cpu.proxyd-relay_us",
                    "cpu.proxyd-parent_us"}
# Processes of a variant may be several of a kind; it dials nobody.
OWN = {name for name in SIGNED if not name.startswith("cpu.")} | {
    "cpu.signerd-parent_us"}
SEVERAL = {"workers": "keyd", "prefork": "frontend"}
OTHERS = {"crypto.rate", "faults"} | {
    "crypto.%s_%s" % (name, kind) for name in ("sign", "verify", "recover",
                                        "pair")
    for kind in ("us", "cpu_us")} | {
    "handshake." + name for name in ("per_s", "cpu_us", "signing_kept",
                                     "signing_p99_us")} | {
    "memory.%s_%skb" % (name, kind) for name in ("signerd", "proxyd")
    for kind in ("", "idle_")} | {
    "failover.%s.%s" % (name, figure) for name in ("killed", "hung", "proxy")
    for figure in ("requests", "lost", "p99_us", "worst_us")}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The process, and what it has written."""
    path = tmp_path_factory.mktemp("bench") / "results.json"
    environment = dict(os.environ, SIGNERD_BUILD=daemon.BUILD)
    done = subprocess.run(
        [sys.executable, BENCH, "--time", "1", "--json", path],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=environment, preexec_fn=daemon.die_with_us,
        timeout=15 * daemon.PATIENCE)
    assert done.returncode == 0, done.stderr
    with open(path) as f:
        return done, json.load(f)


@pytest.fixture
def results(ran):
    return copy.deepcopy(ran[1])


def of_variant(variant):
    names = OWN | {"rate_to_direct", "p50_to_direct"}
    for process in ("keyd", "frontend"):
        numbers = ("1", "2") if SEVERAL.get(variant) == process else ("",)
        names |= {"cpu.signerd-%s%s_us" % (process, n) for n in numbers}
    return names


def wanted(built_in):
    names = set(OTHERS)
    for group in rounds.groups(rounds.FEW):
        members = {"direct": SIGNED, "proxied": PROXIED}
        if group.method == "payload" and group.batch == 1:
            members["echo"] = EACH
            members.update({name: of_variant(name) for name in built_in})
            if group.connections == 1:
                members = {name: each | ({"over_bare_us"} - (
                    {"over_bare_us"} if name == "echo" else set()))
                    for name, each in members.items()}
        names |= {figures.prefix(group, member) + name
                  for member, each in members.items() for name in each}
    return names


def may_be_nothing(name):
    """Differences, what nobody has lost, and who does not work for these."""
    return name.endswith(("beyond_us", "over_bare_us", "lost", "idle_kb",
                          "faults", "keyd_share")) or \
        ".cpu." in name


def test_figures(ran):
    """All that there are to be, and each is a number that can be true."""
    found = ran[1]
    flat = found["figures"]
    assert wanted(found["built_in"]) - set(flat) == set()
    assert found["rounds"] >= 1 and found["slot_s"] > 0
    assert found["machine"]["processors"] >= 1
    for name, value in flat.items():
        assert math.isfinite(value), name
        assert value > 0 or may_be_nothing(name), (name, value)
    for name in ("direct", "proxied"):
        at = "payload.%s.c16.b1." % name
        times = [flat[at + each + "_us"] for each in figures.PERCENTILES]
        assert times == sorted(times)
        assert flat[at + "cpu.signerd-keyd_us"] > 0
        assert flat[at + "keyd_share"] > 0
    assert flat["payload.proxied.c16.b1.cpu.proxyd-relay_us"] > 0
    assert [each["figure"] for each in found["targets"]] == [
        each.figure for each in targets.ALL]


def test_table(ran):
    done, found = ran
    lines = done.stdout.splitlines()
    assert max(map(len, lines[2:])) <= 80
    for title in ("Block payloads, direct", "Block payloads, through proxyd",
                  "Block payloads, bare TLS echo", "Transactions, direct",
                  "Transactions, through proxyd", "Handshakes",
                  "Memory (PSS)", "Failing over under load"):
        assert lines.count(title) == 1, title
    for name in ("workers", "spin", "prefork"):
        missing = "%s: not built in" % show.WAYS[name]
        assert (missing in lines) == (name not in found["built_in"])


def test_a_failure_is_told_and_measured_again(results, capsys, monkeypatch):
    good = {"exit": 0, "requests": 1, "errors_total": 0}
    bad = {"exit": 3, "requests": 7, "errors_total": 1,
           "error": {"message": "the server closed the connection"}}
    none = {"exit": 4, "requests": 0, "errors_total": 0,
            "error": {"message": "not one answer"}}
    monkeypatch.setattr(slot, "faults", [])
    lengths = []

    def measured(place, daemons, port, seconds):
        lengths.append(seconds)
        return outcomes.pop(0)

    monkeypatch.setattr(slot, "_measure", measured)
    outcomes = [none, bad, good]
    assert slot.measure(None, [], 1, 0.5) is good
    assert lengths == [0.5, 1.0, 2.0]
    assert slot.faults == ["the server closed the connection"]
    outcomes = [bad] * slot.MORE
    with pytest.raises(slot.Failed, match="closed the connection"):
        slot.measure(None, [], 1, 0.5)
    results["faults"] = slot.faults[:1]
    show.results(results)
    assert "\n  the server closed the connection\n" in \
        capsys.readouterr().out


# ---- What is made of figures -------------------------------------------------


def bare_round(rate, keyd_us, p50, crypto_us):
    latency = dict.fromkeys(figures.PERCENTILES, p50)
    return {"crypto": {"rate": 1e6 / crypto_us, **{
        "%s_%s" % (name, kind): crypto_us
        for name in ("sign", "verify", "recover", "pair")
        for kind in ("us", "cpu_us")}},
            "direct": {"requests_per_s": rate, "latency_us": latency,
                       "client_cpu_us_per_request": 10.0,
                       "cpu_us": {"signerd-keyd": keyd_us,
                                  "signerd-frontend": 30.0}},
            "echo": {"requests_per_s": 20000.0, "cpu_us": {},
                     "client_cpu_us_per_request": 10.0,
                     "latency_us": dict.fromkeys(figures.PERCENTILES, 50)}}


def test_ratios_are_those_of_one_round():
    """A machine that is three times slower in some rounds changes none."""
    group = rounds.Group("payload", 1, 1)
    flat = figures.of_rounds({group: [
        bare_round(10000.0, 80.0, 200, 50.0),
        bare_round(10000.0 / 3, 180.0, 300, 150.0),
        bare_round(10000.0 / 3, 180.0, 300, 150.0)]})
    at = "payload.direct.c1.b1."
    assert flat[at + "to_crypto"] == pytest.approx(0.5)
    assert flat[at + "beyond_us"] == pytest.approx(60.0)
    assert flat[at + "over_bare_us"] == 100
    assert flat[at + "rate"] == pytest.approx(10000 / 3)
    assert flat[at + "keyd_share"] == pytest.approx(150 / 180)


@pytest.mark.parametrize("target", targets.ALL, ids=lambda t: t.figure)
def test_a_target_is_met_or_missed(target, results, capsys):
    better = -1 if target.relation == "<=" else 1
    for value, met in ((target.bound, True), (target.bound + better, True),
                       (target.bound - better * 0.01, False), (None, False)):
        for each in targets.ALL:
            results["figures"][each.figure] = each.bound
        results["figures"][target.figure] = value
        if value is None:
            del results["figures"][target.figure]
        judged = targets.judge(results)
        assert show.checked(judged) == (0 if met else 1)
        out = capsys.readouterr().out
        assert out.count("MISSED") == (not met)
        assert ("not built in" in out) == (value is None and
                                           target.needs is not None)


def test_compared_with_an_earlier_run(results, capsys):
    base = copy.deepcopy(results)
    results["figures"]["crypto.rate"] = base["figures"]["crypto.rate"] * 3
    results["figures"]["new"] = 1.0
    show.compared(results, base)
    lines = capsys.readouterr().out.splitlines()
    ratio = {line.split()[0]: line.split()[-1] for line in lines[2:]}
    assert ratio["crypto.rate"] == "3.00"
    assert ratio["memory.signerd_kb"] == "1.00"
    assert "new" not in ratio
