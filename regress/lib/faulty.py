# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Daemons whose calls fail when a test wants them to (regress/faults)."""

import collections
import errno
import json
import mmap
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from lib import daemon, ethkey, httpclient, procfs, relays

# As struct fault_map of regress/faults/faults.h has it.
HEAD = struct.Struct("II")
PLAN = struct.Struct("16sQQQQiHHQ")
MAGIC = 0x746c6166
ROOM = HEAD.size + 128 * PLAN.size
INTR, AGAIN, LESS = 1, 2, 4
SHORT = -1              # instead of errno: one byte and no more
FOREVER = 2 ** 32
SIGNERD = ("signerd", "keyd", "frontend", "dialer", "link")
PROXYD = ("proxyd", "relay")


def name_of(error):
    return "SHORT" if error == SHORT else errno.errorcode[error]


class Call:
    """One call of one program: its counters, and what is to become of it."""

    def __init__(self, area, offset):
        self._area, self._offset = area, offset

    def _get(self, index):
        return PLAN.unpack_from(self._area, self._offset)[index]

    def _set(self, offset, form, value):
        struct.pack_into("=" + form, self._area, self._offset + offset,
                         value)

    count = property(lambda self: self._get(1))
    failed = property(lambda self: self._get(2))

    def arm(self, error, n=1, times=1):
        """The n'th from now on fails, and those after it."""
        self._set(40, "Q", 0)
        self._set(48, "i", error)
        self._set(32, "Q", self.count + n)
        self._set(40, "Q", times)

    def at_random(self, odds, seed, kinds):
        """odds: in 256; kinds: a sum of INTR, AGAIN and LESS."""
        self._set(56, "Q", seed * 0x9e3779b97f4a7c15 % 2 ** 64 or 1)
        self._set(54, "H", kinds)
        self._set(52, "H", odds)

    def disarm(self):
        self._set(40, "Q", 0)
        self._set(52, "H", 0)


class Faults:
    """The calls of one program, by name, as soon as it has started once."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.truncate(ROOM)
        with open(path, "r+b") as f:
            self._area = mmap.mmap(f.fileno(), ROOM)
        self._calls = {}

    def __getitem__(self, name):
        return self.calls()[name]

    def calls(self):
        if not self._calls:
            magic, n = HEAD.unpack_from(self._area, 0)
            assert magic == MAGIC, "not a program for fault tests"
            for i in range(n):
                at = HEAD.size + i * PLAN.size
                name = PLAN.unpack_from(self._area, at)[0]
                self._calls[name.rstrip(b"\0").decode()] = Call(self._area,
                                                                at)
        return self._calls

    def disarm(self):
        for call in self.calls().values():
            call.disarm()


class Place:
    """A directory of programs; as -x it has the daemons start these."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="faults-", dir=daemon.BUILD)
        os.chmod(self.directory, 0o755)
        self.faults = {}
        for name in SIGNERD + PROXYD:
            os.link(os.path.join(daemon.BUILD, "regress", name + "-fault"),
                    self.program(name))
            self.faults[name] = Faults(self.program(name) + ".faults")

    def program(self, name):
        return os.path.join(self.directory, name)

    def __getitem__(self, name):
        return self.faults[name]

    def disarm(self, *names):
        for name in names or self.faults:
            self.faults[name].disarm()

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


# ---- Starting --------------------------------------------------------------


class Trial:
    """One start of a daemon, to its end: until it says that it is ready, or
    has given up; then it is stopped."""

    def __init__(self, place, name, path, served=None, ready=None,
                 patience=daemon.PATIENCE):
        self.lines, self.ready, self.problem = [], False, None
        self._served = served
        self._wanted = ready or (lambda lines: lines[-1].endswith(
            " msg=ready"))
        self._until = time.monotonic() + patience
        self._buffer = b""
        process = subprocess.Popen(
            [place.program(name), "-d", "-x", place.directory, "-f", path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=daemon.die_with_us)
        try:
            self._run(process)
        except subprocess.TimeoutExpired:
            self.problem = "does not end"
        finally:
            self._end(process)

    def _run(self, process):
        while self._read(process):
            if self._wanted(self.lines):
                self.ready = True
                break
        self.told = len(self.lines)
        if self.ready:
            if self._served is not None:
                self.problem = self._served(self)
            process.send_signal(signal.SIGTERM)
            while self._read(process):
                pass
        process.wait(self._left())

    def _left(self):
        return max(self._until - time.monotonic(), 0)

    def _read(self, process):
        """One more line; False at the end."""
        while b"\n" not in self._buffer:
            if not select.select([process.stderr], [], [], self._left())[0]:
                raise subprocess.TimeoutExpired("read", 0)
            data = os.read(process.stderr.fileno(), 65536)
            if not data:
                return False
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        self.lines.append(line.decode("latin-1"))
        return True

    def _end(self, process):
        """Its children have a moment to hear of its end."""
        try:
            process.wait(0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.status = process.returncode
        process.stderr.close()
        left = procfs.session(process.pid)
        until = time.monotonic() + 60
        while left and time.monotonic() < until:
            select.select([], [], [], 0.01)
            left = procfs.session(process.pid)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        if left:
            self.problem = "left processes running"

    def port(self):
        for line in self.lines:
            fields = daemon.parse_log(line) or {}
            if fields.get("msg") == "listening":
                return int(fields["port"])
        return None

    def reasons(self):
        """What it says went wrong: records of errors, and faults in plain
        words."""
        found = []
        for line in self.lines[:self.told]:
            fields = daemon.parse_log(line)
            if fields is None or fields["level"] == "error":
                found.append(line)
        return found


# ---- Serving ---------------------------------------------------------------


RULES = """
allow client "%s" key "sequencer" chain 10
allow via "edge" client "%s" key "sequencer" chain 10
""" % (relays.CLIENT, relays.CLIENT)
GOOD = {"answered", "503", "closed", "refused"}


class Rig:
    """A signerd and a proxyd, and the link between them; all their programs
    are those of the place."""

    def __init__(self, site, place):
        self.site, self.place = site, place
        kind = {"libexec": place.directory}
        self.proxyd = type("Proxyd", (daemon.Proxyd,), dict(
            kind, program=place.program("proxyd")))(
                site, relays.config(site))
        try:
            self.signerd = type("Signerd", (daemon.Signerd,), dict(
                kind, program=place.program("signerd")))(site, site.config(
                    rules=RULES, proxies=[site.proxy(
                        "edge", self.proxyd.signer_port)],
                    extra="timeout backoff 20 ms"))
        except BaseException:
            self.proxyd.kill()
            raise
        self.pids = dict(self.signerd.children, signerd=self.signerd.pid,
                         proxyd=self.proxyd.pid, **self.proxyd.children)
        self.proxyd.wait_log(msg="signer registered")
        self.expected = {}
        self.outcomes = collections.Counter()

    def daemons(self):
        return (self.signerd, self.proxyd)

    def alive(self):
        return all(each.process.poll() is None for each in self.daemons())

    def port(self, path):
        return (self.signerd if path == "direct" else self.proxyd).port

    # ---- one request -----------------------------------------------------

    def connect(self, path, patience=30.0):
        return httpclient.Connection(
            self.port(path), self.site.tls(relays.CLIENT), patience=patience)

    def request(self, path, message, connection=None):
        """What became of it, and the connection if it is still good."""
        try:
            if connection is None:
                connection = self.connect(path)
        except TimeoutError:
            return "nothing heard", None
        except OSError:
            return "refused", None
        outcome = self._exchange(connection, message)
        if outcome not in ("answered", "503"):
            connection.close()
            connection = None
        return outcome, connection

    def _exchange(self, connection, message):
        try:
            response = connection.rpc(message)
        except TimeoutError:
            return "nothing heard"
        except (OSError, httpclient.Closed):
            return "closed"
        if response.status == 503 and response.body == b"":
            return "503"
        if response.status != 200 or b'"result"' not in response.body:
            return repr(response)
        result = response.result()
        known = json.dumps(message)
        if known not in self.expected:
            ethkey.verify(message, result)
            self.expected[known] = result
        # Signatures of RFC 6979 are always the same.
        return "answered" if self.expected[known] == result else \
            "wrong: %r" % response

    def insist(self, path, message=None, connection=None, patience=60.0):
        """Asks until it is answered; all outcomes, and the connection."""
        until, outcomes = time.monotonic() + patience, []
        message = message or relays.MESSAGE
        while time.monotonic() < until:
            outcome, connection = self.request(path, message, connection)
            outcomes.append(outcome)
            if outcome == "answered" or outcome not in GOOD:
                break
            if connection is not None:
                connection.close()
                connection = None
            # As a client that tries again; a link comes back meanwhile.
            select.select([], [], [], 0.01)
        self.outcomes.update(outcomes)
        return outcomes, connection

    # ---- how they are ----------------------------------------------------

    def descriptors(self):
        """Of each process; only root may look, as they are not dumpable."""
        if not daemon.ROOT:
            return {}
        return {name: sorted(procfs.descriptors(pid).values())
                for name, pid in self.pids.items()}

    def settled(self, before, patience=30.0):
        """Whether descriptors become no more than they were; a connection
        that has just been closed may have been among those."""
        until = time.monotonic() + patience
        while any(collections.Counter(now) - collections.Counter(before[name])
                  for name, now in self.descriptors().items()):
            if time.monotonic() > until:
                return False
            select.select([], [], [], 0.02)
        return True

    def busy(self, seconds=0.03, turns=12, looks=20):
        """Processes that do not rest while nothing is asked of them, however
        often one looks: a link that is made anew has its work."""
        names = self._turning(seconds, turns)
        while names and looks > 0:
            again = self._turning(seconds, turns)
            names = [name for name in names if name in again]
            looks -= 1
        return names

    def _turning(self, seconds, turns):
        calls = [(name, self.place[name][call]) for name in self.pids
                 for call in ("epoll_wait", "poll")]
        before = [call.count for _, call in calls]
        select.select([], [], [], seconds)
        return [name for (name, call), was in zip(calls, before)
                if call.count - was > turns]

    def ticks(self):
        """CPU time of each, in hundredths of a second."""
        found = {}
        for name, pid in self.pids.items():
            with open("/proc/%d/stat" % pid) as f:
                fields = f.read().rpartition(")")[2].split()
            found[name] = int(fields[11]) + int(fields[12])
        return found

    def stop(self):
        """The statuses; each is stopped while all calls do what they do."""
        self.place.disarm()
        return [each.stop() for each in self.daemons()]

    def kill(self):
        for each in self.daemons():
            each.kill()
            each.process.stderr.close()
