# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""One measurement: the client runs for a short time, and what the processes
of the server have used meanwhile is read from /proc."""

import json
import os
import select
import signal
import subprocess

from bench.place import CLIENT, SESSION, processes
from lib import daemon, opsign
from soak import procs

TICK = os.sysconf("SC_CLK_TCK")
MORE = 5                # times that a measurement is begun at most
PATIENCE = 90           # seconds beyond the time of a measurement


faults = []             # what failed in measurements that were made again


class Failed(Exception):
    pass


def cpu(pid):
    """Seconds of a processor that it has used, it alone."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    ticks = (int(fields[11]) + int(fields[12])) / TICK
    try:
        # The same to the nanosecond, where the kernel keeps it.
        with open("/proc/%d/schedstat" % pid) as f:
            return int(f.read().split()[0]) / 1e9 or ticks
    except OSError:
        return ticks


def memory(pids):
    """Kilobytes of all of them, their share of what others have, too."""
    return sum(procs.memory(pid) for pid in pids)


class Client:
    """opsign bench at a port of this machine, begun at once."""

    def __init__(self, place, port, seconds, *flags, connections=1,
                 method="payload", batch=1, warmup=0.2):
        flags = list(flags)
        if method != "health":
            flags += ["--chain", "10"]
            flags += ["--batch", str(batch)] * (batch > 1)
        self.seconds = seconds
        self.process = subprocess.Popen(
            [opsign.OPSIGN, "bench", "--endpoint",
             "https://localhost:%d" % port, *opsign.files(place.site, CLIENT),
             "-c", str(connections), "-d", "%dms" % (seconds * 1000),
             "--warmup", "%dms" % (warmup * 1000) if warmup else "0",
             "--method", method, "--timeout", "30s", "-j", "--phases",
             *flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **SESSION)

    def wait_for(self, phase):
        line = self.process.stderr.readline()
        if line != phase + "\n":
            out, err = self.process.communicate(timeout=PATIENCE)
            raise Failed("opsign: %s" % (line + err + out).strip())

    def during(self, part):
        """Waits for that part of the measurement; no event tells of it."""
        select.select([self.process.stderr], [], [], self.seconds * part)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def result(self):
        out, err = self.process.communicate(
            timeout=self.seconds + PATIENCE)
        try:
            return json.loads(out)
        except ValueError:
            raise Failed("opsign: %s" % (out + err).strip()) from None

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def measure(place, daemons, port, seconds, *args, **named):
    """What opsign found, with microseconds a request by process: cpu_us.

    On a machine that is busy with other things there may not be one answer
    in a short time: then it is measured again, for longer, and so it is, but
    not forgotten, where a request failed."""
    for again in range(MORE):
        try:
            found = _measure(place, daemons, port, seconds * 2 ** again,
                             *args, **named)
            if found["exit"] == 0:
                return found
            last = found["error"]["message"]
            if found["errors_total"] == 0:
                continue
        except Failed as e:
            last = str(e)
        faults.append(last)
    raise Failed(last)


def _measure(place, daemons, *args, **named):
    pids = processes(*daemons)
    with Client(place, *args, **named) as client:
        client.wait_for("measuring")
        before = {name: cpu(pid) for name, pid in pids.items()}
        client.wait_for("measured")
        after = {name: cpu(pid) for name, pid in pids.items()}
        found = client.result()
    found["cpu_us"] = {name: (after[name] - before[name]) * 1e6 /
                       max(1, found["requests"]) for name in pids}
    found["cpu_s"] = sum(after.values()) - sum(before.values())
    return found


def crypto(seconds):
    """Bare libsecp256k1: microseconds of each kind, and pairs of signing and
    verifying a second."""
    done = subprocess.run(
        [os.path.join(daemon.BUILD, "bench", "crypto"),
         str(max(1, int(seconds * 1000)))], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, text=True, check=True,
        timeout=seconds + PATIENCE, **SESSION)
    found = json.loads(done.stdout)
    found["rate"] = 1e6 / found["pair_us"]
    return found
