# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Scripts in the place of keyd and frontend that lie to the real signerd.

A script is a few lines of Python that speak through `me`, a Child below: what
a process that was taken over could say to its parent.
"""

import os
import select
import signal
import struct
import subprocess

from lib import imsg, keymsg

PYTHON = "/usr/bin/python3"
(CONFIG, FILE, LISTEN, KEY, CHANNEL, START, STOP, ERROR, READY,
 FAILED) = range(0x300, 0x30a)
TYPES = {"FRONT_CONFIG": CONFIG, "FRONT_FILE": FILE, "FRONT_LISTEN": LISTEN,
         "FRONT_KEY": KEY, "FRONT_CHANNEL": CHANNEL, "FRONT_START": START,
         "FRONT_STOP": STOP, "FRONT_ERROR": ERROR, "FRONT_READY": READY,
         "FRONT_FAILED": FAILED}
INFO, DEBUG = 2, 3
ADDRESS = b"\x37" * 20

SCRIPT = """#!%s -IS
import sys
sys.path.insert(0, %r)
from lib import imsg, keymsg, liar
me = liar.Child(%r)
%s
"""


# ---- what a script can do ------------------------------------------------


def pairs(*fields):
    """Keys and values as they travel."""
    return b"".join(f.encode("latin-1") + b"\0" for f in fields)


def record(*fields, level=INFO, cut=0, lost=0, count=None, body=None):
    """A log record's message; count and body are what it says instead."""
    body = pairs(*fields) if body is None else body
    count = len(fields) // 2 if count is None else count
    return struct.pack(">BBQH", level, cut, lost, count) + body


def error(text, file=0, severity=0, length=None):
    """Of the frontend, about a TLS file: 0 the CA ... 3 the CRL."""
    return struct.pack(">BBH", file, severity,
                       len(text) if length is None else length) + text


class Child:
    def __init__(self, name):
        self.name = name
        self.channel = imsg.Channel.inherited(3)

    def send(self, kind, payload=b"", **named):
        """Nobody may be listening any more."""
        try:
            self.channel.send(imsg.frame(kind, payload, **named))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def log(self, *fields, **named):
        self.send(keymsg.LOG, record(*fields, **named))

    def await_message(self, kind):
        """Reads until that one has come; the end of all at the end."""
        while True:
            message = self.channel.read()
            if message is None:
                os._exit(0)
            if message[0] == kind:
                return message[1]

    def address(self, index=0, address=ADDRESS):
        self.send(keymsg.ADDRESS, keymsg.u32(index) + address)

    def configured(self):
        """All that the parent says first has been taken."""
        self.await_message(keymsg.END if self.name == "keyd" else START)

    def get_ready(self):
        """As it should be."""
        self.configured()
        if self.name == "keyd":
            self.address()
            self.send(keymsg.READY)
        else:
            self.send(READY)

    def serve(self, tick=None):
        """To the end, as it should be; tick is called ten times a second."""
        self.channel.near.settimeout(None)
        while True:
            if tick is not None and not select.select(
                    [self.channel.near], [], [], 0.1)[0]:
                tick()
                continue
            message = self.channel.read()
            if message is None or message[0] == STOP:
                os._exit(0)

    def live_on(self):
        """Without a channel: whatever comes, it does not go."""
        os.close(3)
        while True:
            signal.pause()


HONEST = "me.get_ready(); me.serve()"
WAITING = "me.serve()"


# ---- how they are started ------------------------------------------------


def place(site, keyd=HONEST, frontend=HONEST):
    """A directory for -x with those two scripts."""
    from lib import daemon
    directory = site.path("liars%d" % len(os.listdir(site.directory)))
    os.mkdir(directory, 0o755)
    for name, script in (("keyd", keyd), ("frontend", frontend)):
        path = os.path.join(directory, name)
        with open(path, "w") as f:
            f.write(SCRIPT % (PYTHON, daemon.HERE, name, script))
        os.chmod(path, 0o755)
    return directory


class Ended:
    """A signerd that came to its end: status, lines and records."""

    def __init__(self, status, raw):
        from lib import daemon
        self.status, self.raw = status, raw
        self.lines = raw.decode("latin-1").splitlines()
        self.records = [daemon.parse_log(line) for line in self.lines]

    def logged(self, **wanted):
        return [each for each in self.records if each and
                all(each.get(k) == v for k, v in wanted.items())]

    def __repr__(self):
        return "status %r\n%s" % (self.status, "\n".join(self.lines[-40:]))


class Run:
    """signerd -d with those children, to its end."""

    def __init__(self, site, text, arguments=("-d",), **scripts):
        from lib import daemon
        self.process = subprocess.Popen(
            [daemon.SIGNERD, *arguments, "-x", place(site, **scripts), "-f",
             site.write(text)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True, preexec_fn=daemon.die_with_us)

    def end(self):
        """By then no process of it may be left."""
        from lib import daemon, procfs
        try:
            _, raw = self.process.communicate(timeout=daemon.PATIENCE)
            left = procfs.session(self.process.pid)
            assert not left, "left running: %r" % left
        finally:
            self.process.kill()
            for pid in procfs.session(self.process.pid):
                os.kill(pid, signal.SIGKILL)
        return Ended(self.process.returncode, raw)


def run(*arguments, **named):
    return Run(*arguments, **named).end()
