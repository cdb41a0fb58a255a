# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""signerctl, and control sockets without it."""

import collections
import json
import os
import re
import socket
import subprocess

from lib import imsg
from lib.daemon import BUILD, PATIENCE

SIGNERCTL = os.path.join(BUILD, "signerctl")
SHOW, RELOAD, LOG, CHECK, LINK = range(0x800, 0x805)
ROW, MORE, SAMPLES, FAULT, END, NOTE = range(0x880, 0x886)
RULES = b"\x03"             # of SHOW
# What is said of a reload that takes a second, as it may on a busy machine.
NOTES = re.compile("^signerctl: (?:the reload has begun: |waiting: |"
                   "another reload is first).*\n", re.M)

Said = collections.namedtuple("Said", ("status", "out", "err"))


def run(*arguments, **named):
    """signerctl to its end; notes are left out of what it complains of."""
    done = subprocess.run([SIGNERCTL, *arguments], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=PATIENCE, **named)
    return Said(done.returncode, done.stdout, NOTES.sub("", done.stderr))


class Control:
    """The control socket of a daemon; statement goes into its file."""

    def __init__(self, site, name):
        self.path = site.path(name)
        self.statement = 'control "%s"' % self.path

    def run(self, *arguments, **named):
        return run("-s", self.path, *arguments, **named)

    def ask(self, *arguments):
        """The output of a command that has to succeed."""
        said = self.run(*arguments)
        assert (said.status, said.err) == (0, ""), said
        return said.out

    def json(self, *arguments):
        return json.loads(self.ask(*arguments, "-j"))

    def show(self, what):
        """The rows of the section that a view is named after."""
        return self.json("show", what)[what]

    def connect(self):
        return Connection(self.path)


class Connection(imsg.Channel):
    """A connection that may do what signerctl would not."""

    def __init__(self, path):
        self.near = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.near.settimeout(PATIENCE)
        self.near.connect(path)
        self.far = None
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def request(self, kind, body=b""):
        """All of the answer: types and bodies; None for the end, where it
        comes first."""
        self.send(imsg.frame(kind, body))
        answer = []
        while not answer or answer[-1] is not None and \
                answer[-1][0] != END:
            answer.append(self.read())
        return answer

    def read_end(self):
        """Nothing but the end of the connection, or why."""
        try:
            return self.read()
        except (BrokenPipeError, ConnectionResetError):
            return None


def reason(answer):
    """The text of an END."""
    kind, body = answer
    assert kind == END, answer
    return body[3:].decode()
