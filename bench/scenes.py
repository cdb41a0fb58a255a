# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What is not measured in rounds: handshakes, memory, and what happens to
requests when a signer or a proxy goes away under load."""

import contextlib
import os
import select
import signal
import statistics

from bench import place, slot
from lib import daemon, eth, procfs

LOAD = 16               # connections
FLOOD = 8               # of the client that does handshakes alone
IDLE, IDLE_FEW = 400, 60    # connections
AGAIN = 3


def kill(each, number=signal.SIGKILL):
    """All processes of a daemon."""
    for pid in procfs.session(each.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


# ---- handshakes ------------------------------------------------------------


def flood(here, port, seconds):
    return slot.Client(here, port, seconds, "--reconnect", method="health",
                       connections=FLOOD, warmup=0)


def storm(here, signerd, seconds):
    """Requests a second while somebody else shakes hands."""
    with flood(here, signerd.port, seconds + 60) as other:
        other.wait_for("measuring")
        found = slot.measure(here, [signerd], signerd.port, seconds,
                             connections=LOAD)
        other.interrupt()
        other.result()
    return found


def handshakes(here, seconds, name, extra):
    """Of one variant; two fifths of the time are those of the flood alone."""
    each = seconds / 5 / AGAIN
    alone, kept, worst = [], [], []
    with here.signerd(place.SIGNERD_ROOMY + extra) as signerd:
        for _ in range(AGAIN):
            alone.append(slot.measure(
                here, [signerd], signerd.port, 2 * each, "--reconnect",
                method="health", connections=FLOOD, warmup=0))
            calm = slot.measure(here, [signerd], signerd.port, each,
                                connections=LOAD)
            rough = storm(here, signerd, 2 * each)
            kept.append(rough["requests_per_s"] / calm["requests_per_s"])
            worst.append(rough["latency_us"]["p99"])
    return {name + "per_s": statistics.median(
        found["handshakes_per_s"] for found in alone),
        name + "cpu_us": statistics.median(
            found["cpu_s"] * 1e6 / max(1, found["handshakes"])
            for found in alone),
        name + "signing_kept": statistics.median(kept),
        name + "signing_p99_us": statistics.median(worst)}


# ---- memory ----------------------------------------------------------------


def under_load(here, port, pids, seconds):
    """Kilobytes of each, with LOAD connections that ask."""
    with slot.Client(here, port, seconds, connections=LOAD) as client:
        client.wait_for("measuring")
        client.during(0.5)
        found = [slot.memory(each) for each in pids]
        client.wait_for("measured")
        client.result()
    return found


def idle(here, port, pids, count):
    """Kilobytes that each connection adds which has asked once."""
    with contextlib.ExitStack() as stack:
        def open_one():
            connection = stack.enter_context(contextlib.closing(
                daemon.httpclient.Connection(port,
                                             here.site.tls(place.CLIENT))))
            connection.rpc(eth.payload_v2()).result()

        for _ in range(LOAD):
            open_one()
        before = settled(pids)
        for _ in range(count):
            open_one()
        after = settled(pids)
    return [(b - a) / count for a, b in zip(before, after)]


def settled(pids):
    """What is given back after a while is not counted."""
    found = [slot.memory(each) for each in pids]
    for _ in range(20):
        select.select([], [], [], 0.1)
        again = [slot.memory(each) for each in pids]
        if again == found:
            break
        found = again
    return found


def memory(here, seconds, count):
    flat = {}
    with here.signerd("max { connections 4096 connections-per-address 4096 "
                      "}\n") as signerd:
        pids = [place.processes(signerd).values()]
        flat["memory.signerd_kb"], = under_load(here, signerd.port, pids,
                                                seconds / 2)
        flat["memory.signerd_idle_kb"], = idle(here, signerd.port, pids,
                                               count)
    with here.proxyd(place.ROOMY) as proxyd, \
            here.signerd(dials=[("edge", proxyd)], listen=None):
        pids = [place.processes(proxyd).values()]
        flat["memory.proxyd_kb"], = under_load(here, proxyd.port, pids,
                                               seconds / 2)
        flat["memory.proxyd_idle_kb"], = idle(here, proxyd.port, pids, count)
    return flat


# ---- failing over ----------------------------------------------------------


def under_way(here, proxyd, seconds, do):
    """A load through proxyd, in a third of which something is done."""
    with slot.Client(here, proxyd.port, seconds, connections=LOAD) as client:
        client.wait_for("measuring")
        client.during(1 / 3)
        do()
        client.wait_for("measured")
        return client.result()


def of_failover(name, found):
    return {name + "requests": found["requests"],
            name + "lost": found["errors_total"] + found["reconnects"],
            name + "p99_us": found["latency_us"]["p99"],
            name + "worst_us": found["latency_us"]["max"]}


def signer_goes(here, seconds, number):
    """One of two, with all that it was asked."""
    with contextlib.ExitStack() as stack:
        proxyd = stack.enter_context(here.proxyd(names=("hq", "dr")))
        first = here.signerd(dials=[("edge", proxyd)], listen=None)
        stack.callback(first.kill)      # it does not end well
        stack.enter_context(here.signerd(dials=[("edge", proxyd)],
                                         listen=None, name="dr"))
        return under_way(here, proxyd, seconds,
                         lambda: kill(first, number))


def proxy_goes(here, seconds):
    """One of two that have the same signer; the client is at the other."""
    with contextlib.ExitStack() as stack:
        proxyd = stack.enter_context(here.proxyd())
        other = here.proxyd()
        stack.callback(other.kill)
        stack.enter_context(here.signerd(
            dials=[("edge", proxyd), ("back", other)], listen=None))
        return under_way(here, proxyd, seconds, lambda: kill(other))


def failover(here, seconds):
    each = max(1.0, seconds / 3)
    flat = of_failover("failover.killed.",
                       signer_goes(here, each, signal.SIGKILL))
    # Of one that hangs nothing tells but the time.
    flat.update(of_failover("failover.hung.", signer_goes(
        here, max(each, 2.5), signal.SIGSTOP)))
    flat.update(of_failover("failover.proxy.", proxy_goes(here, each)))
    return flat


# ---- all -------------------------------------------------------------------


def all_handshakes(here, seconds):
    flat = handshakes(here, seconds / 2, "handshake.", "")
    if "prefork" in here.built_in:
        flat.update(handshakes(here, seconds / 2, "handshake.prefork.",
                               place.VARIANTS["prefork"]))
    return flat


def all_memory(here, seconds):
    return memory(here, max(0.5, seconds),
                  IDLE if seconds > 1 else IDLE_FEW)


# The part of the time that each takes, and what it is.
ALL = {"handshakes": (0.8, all_handshakes), "memory": (0.1, all_memory),
       "failover": (0.2, failover)}


def run(here, seconds, progress):
    flat = {}
    for name, (part, function) in ALL.items():
        progress(name)
        flat.update(function(here, seconds * part))
    return flat


def run_one(here, name, seconds, progress):
    progress(name)
    return ALL[name][1](here, seconds)
