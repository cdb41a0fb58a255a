# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Processes of the driver's own, and what /proc tells of the daemons'."""

import contextlib
import multiprocessing
import os
import select
import signal
import time

from lib import daemon, procfs

# Not fork: the driver has threads, which read the daemons' logs.
context = multiprocessing.get_context("spawn")
NICE = 10               # of those that attack: their work is not the measure
PATIENCE = 20.0


def attach(nice=NICE):
    """At the beginning of a process: it ends with the driver."""
    daemon.die_with_us()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)


class Workers:
    """Processes that run until they are told to stop."""

    def __init__(self):
        self.event = context.Event()
        self.counts = {}
        self.processes = []

    def start(self, function, *arguments, count=1):
        """function(tally, stopped, number, *arguments), count times."""
        for number in range(count):
            tally = context.Value("Q", 0, lock=False)
            self.counts.setdefault(function.__name__, []).append(tally)
            process = context.Process(
                target=_work, daemon=True,
                args=(function, tally, self.event, number, *arguments))
            process.start()
            self.processes.append(process)
        return self.processes[-count:]

    def stop(self):
        """What each kind has done, in its own count."""
        self.event.set()
        for process in self.processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        return {name: sum(each.value for each in tallies)
                for name, tallies in self.counts.items()}

    def failures(self):
        """Exit status of those that ended by a fault of the driver's."""
        return [process.exitcode for process in self.processes
                if process.exitcode not in (0, -signal.SIGKILL)]


def _work(function, tally, event, number, *arguments):
    attach()
    function(tally, event.is_set, number, *arguments)


# ---- the daemons' ----------------------------------------------------------


def memory(pid):
    """Kilobytes: PSS where the kernel shows it, else what is resident."""
    try:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return int(procfs.status(pid)["VmRSS"].split()[0])


def pss_is_shown(pid):
    try:
        with open("/proc/%d/smaps_rollup" % pid) as f:
            return "Pss:" in f.read()
    except OSError:
        return False


def high_water(pid):
    """Kilobytes that were resident at most."""
    return int(procfs.status(pid)["VmHWM"].split()[0])


def descriptors(pid):
    """How many are open, or None where the kernel does not show it."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return None


def pause(seconds):
    select.select([], [], [], seconds)


def until(predicate, patience=PATIENCE, period=0.05):
    """Whether it came true in time."""
    end = time.monotonic() + patience
    while not predicate():
        if time.monotonic() > end:
            return False
        pause(period)
    return True


@contextlib.contextmanager
def working(*jobs):
    """Workers for (function, count, arguments...) within; yields them."""
    workers = Workers()
    try:
        for function, count, *arguments in jobs:
            workers.start(function, *arguments, count=count)
        yield workers
    finally:
        workers.stop()
