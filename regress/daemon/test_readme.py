# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The tutorials of README.md are run, command by command, and what they quote
is what there is: blocks marked sh are given to a shell, the others are compared
with what it printed and with the logs."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading

import pytest

from lib import daemon, eth, ethkey, procfs

README = os.path.join(os.path.dirname(daemon.HERE), "README.md")
SECTIONS = ("Set up in five minutes", "A proxy at the edge in ten minutes")
FOREGROUND = re.compile(r"^(\$B/\w+ -d [^\n#&>]*?) *(#.*)?$", re.M)
END = "block-is-done"
MESSAGE = eth.payload_v2(hash=b"\x11" * 32)


def section(title):
    with open(README, encoding="utf-8") as f:
        text = f.read()
    return re.search(r"^## %s\n(.*?)^## " % re.escape(title), text,
                     re.M | re.S).group(1)


def blocks(title):
    """Whether it is to be run, and its text."""
    return [(mark == "sh", text) for mark, text in re.findall(
        r"^```(\w*)\n(.*?)^```$", section(title), re.M | re.S)]


def free_port():
    """One that the kernel gives to nobody who does not ask for it."""
    while True:
        port = random.randrange(20000, 30000)
        with contextlib.suppress(OSError):
            socket.create_server(("127.0.0.1", port)).close()
            return str(port)


class Reader:
    """Of one who types in what the README says."""

    def __init__(self, home, site):
        self.home = home
        self.site = site
        self.ports = {port: free_port() for port in ("8545", "9989")}
        self.shell = subprocess.Popen(
            ["sh", "-e"], cwd=os.path.dirname(daemon.HERE), text=True,
            env=dict(os.environ, HOME=home), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=daemon.die_with_us)
        self.output = ""            # of the last block

    def adapted(self, text):
        """What depends on the place: build, ports, users."""
        for port, other in self.ports.items():
            text = re.sub(r"\b%s\b" % port, other, text)
        text = text.replace("B=$PWD/build", "B=" + daemon.BUILD)
        if daemon.ROOT:
            text = re.sub(r"^(cat >(?:signerd|edge|proxyd)\.conf <<END)$",
                          '\\1\nuser "%s"\nchroot "%s"' % (
                              daemon.USER, self.site.root), text, flags=re.M)
        # What stays in the foreground has the terminal to itself.
        return FOREGROUND.sub(r"\1 2>first.log & first=$!", text)

    def run(self, text):
        self.shell.stdin.write("%s\necho %s\n" % (self.adapted(text), END))
        self.shell.stdin.flush()
        lines = []
        for line in self.shell.stdout:
            if line.strip() == END:
                break
            lines.append(line)
        self.output = "".join(lines)
        assert self.shell.poll() is None, (text, self.output)

    def path(self, name):
        return os.path.join(self.home, "signerd-try", name)

    def log(self, name):
        try:
            with open(self.path(name), encoding="latin-1") as f:
                return [daemon.parse_log(line.rstrip("\n")) for line in f
                        if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def wait(self, name, count=1, **wanted):
        """Until the log of that name has so many such records; the last."""
        tick = threading.Event()
        for _ in range(int(daemon.PATIENCE * 1.5 / 0.02)):
            found = [record for record in self.log(name)
                     if record and wanted.items() <= record.items()]
            if len(found) >= count:
                return found[count - 1]
            tick.wait(0.02)         # a file cannot be waited for
        raise AssertionError("no %r in %s: %r" % (
            wanted, name, self.log(name)[-5:]))

    def body(self):
        return json.loads(self.output[self.output.index("{"):])

    def signed(self, log):
        """The key that signed is the one that the log names."""
        key = self.wait(log, msg="key")["address"]
        assert eth.hexa(ethkey.verify(
            MESSAGE, self.body()["result"])) == key, self.output

    def quoted(self, text):
        """Lines of a log, or of what was printed, as the README shows them."""
        for line in filter(None, self.adapted(text).splitlines()):
            if line.startswith("level="):
                self.logged(line)
            else:
                assert line in self.output.replace("\r", "").split("\n"), (
                    line, self.output)

    def logged(self, line):
        """An ellipsis stands for what is different each time."""
        fields = daemon.parse_log("time=0 " + line.replace("…", "~"))
        assert fields.pop("time"), line
        fixed = {k: v for k, v in fields.items() if "~" not in v}
        tick = threading.Event()
        for _ in range(int(daemon.PATIENCE / 0.02)):
            records = [record for name in ("signer.log", "proxy.log")
                       for record in self.log(name)]
            for record in filter(None, records):
                if fixed.items() <= record.items():
                    assert fields.keys() <= record.keys(), (fields, record)
                    return
            tick.wait(0.02)         # the answer may be here before the line
        raise AssertionError("not in the logs: %r\n%r" % (fixed, records))

    def close(self):
        for pid in [self.shell.pid] + procfs.session(self.shell.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.shell.wait()
        self.shell.stdin.close()
        self.shell.stdout.close()


@pytest.fixture
def reader(site, tmp_path):
    made = Reader(str(tmp_path), site)
    yield made
    made.close()


def five_minutes(reader):
    for run, text in blocks(SECTIONS[0]):
        assert run, text
        reader.run(text)
        if FOREGROUND.search(text):
            reader.wait("first.log", msg="ready")
    reader.signed("first.log")
    reader.run("kill $first; wait $first")      # ^C


def dials(reader):
    reader.wait("signer.log", msg="ready")
    reader.wait("signer.log", msg="link down")


def registered(reader):
    reader.wait("proxy.log", msg="signer registered")
    reader.wait("signer.log", msg="link up")


def signs(reader):
    reader.signed("signer.log")


def lost(reader):
    reader.wait("proxy.log", msg="signer lost")


def comes_back(reader):
    reader.wait("proxy.log", 2, msg="signer registered")


def ends(reader):
    reader.run("wait $signer; wait $proxy")


# How a command begins, and what is true, or waited for, after its block.
STEPS = (("new -extensions signer", None), ("$B/signerd -d", dials),
         ("$B/proxyd -d", registered), ("ask 10", signs), ("ask 11", None),
         ("kill -9 $signer", lost), ("ask 10", None),
         ("$B/signerd -d", comes_back), ("ask 10", signs),
         ("kill $signer $proxy", ends))


def ten_minutes(reader):
    steps = iter(STEPS)
    for run, text in blocks(SECTIONS[1]):
        if not run:
            reader.quoted(text)
            continue
        command, after = next(steps)
        assert "\n" + command in "\n" + text
        reader.run(text)
        if after is not None:
            after(reader)
    assert next(steps, None) is None


def test_tutorials(reader):
    five_minutes(reader)
    ten_minutes(reader)
