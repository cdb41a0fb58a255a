# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The tutorials of README.md are run, command by command, and what they quote
is what there is: blocks marked sh are given to a shell, the others are compared
with what it printed and with the logs."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import threading

import pytest

from lib import daemon, eth, ethkey, ports, procfs

README = os.path.join(os.path.dirname(daemon.HERE), "README.md")
SECTIONS = ("Set up by hand", "When something is wrong", "Without a proxy")
MOST = 20                   # commands from nothing to the first signature
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


class Reader:
    """Of one who types in what the README says."""

    def __init__(self, home, site):
        self.home = home
        self.site = site
        self.ports = {port: str(ports.reserve()) for port in ("8545", "9989")}
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
        for name, long in (("proxyd", daemon.LONG_PROXYD),
                           (r"(?!proxyd)\w+", daemon.LONG_SIGNERD)):
            text = re.sub(r"^(cat >%s\.conf <<END)$" % name, lambda m:
                          m[1] + "\n" + daemon.timeouts(long, text), text,
                          flags=re.M)
        if daemon.ROOT:
            text = re.sub(r"^(cat >\w+\.conf <<END)$",
                          '\\1\nuser "%s"\nchroot "%s"' % (
                              daemon.USER, self.site.root), text, flags=re.M)
        return text

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

    def signed(self, log):
        """The key that signed is the one that the log names, and that was
        made; opsign has verified it, and so do we."""
        key = self.wait(log, msg="key")["address"]
        signature = re.search(r"0x[0-9a-f]{130}\b", self.output).group(0)
        assert eth.hexa(ethkey.verify(MESSAGE, signature)) == key, self.output
        self.run("echo $address")
        assert self.output.strip().lower() == key

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


def checked(reader):
    """What -n says of what is well: nothing."""
    assert reader.output == ""


def registered(reader):
    assert reader.output == ""
    reader.wait("proxy.log", msg="signer registered")
    reader.wait("signer.log", msg="link up")


def signs(reader):
    reader.signed("signer.log")


def lost(reader):
    reader.wait("proxy.log", msg="signer lost")


def comes_back(reader):
    reader.wait("proxy.log", 2, msg="signer registered")


def ends(reader):
    reader.run("wait $signer $proxy")


def listens(reader):
    reader.wait("direct.log", msg="ready")


def signs_itself(reader):
    reader.signed("direct.log")


# How a command begins, and what is true, or waited for, after its block.
STEPS = {
    "Set up by hand": (
        ("sh etc/certificates", None), ("address=", checked),
        ("cat >signerd.conf", None), ("cat >proxyd.conf", None),
        ("$B/signerd -d", registered), ("$B/opsign payload", signs)),
    "When something is wrong": (
        ("$B/opsign payload", None), ("kill -9 $signer", lost),
        ("curl", None), ("$B/signerd -d", comes_back),
        ("$B/opsign payload", signs), ("kill $signer $proxy", ends)),
    "Without a proxy": (
        ("$B/signerd -d", listens), ("$B/opsign payload", signs_itself),
        ("kill $signer", lambda reader: reader.run("wait $signer"))),
}


def read(reader, title):
    steps = iter(STEPS[title])
    for run, text in blocks(title):
        if not run:
            reader.quoted(text)
            continue
        command, after = next(steps)
        assert "\n" + command in "\n" + text
        reader.run(text)
        if after is not None:
            after(reader)
    assert next(steps, None) is None


def commands(text):
    """How many there are in a block: by line, and by what stands between."""
    text = re.sub(r"<<(\w+)\n.*?^\1$", "", text, flags=re.M | re.S)
    words = shlex.shlex(text.replace("\\\n", " ").replace("\n", ";"),
                        posix=True, punctuation_chars=";&|")
    words.whitespace_split = True
    count, within = 0, False
    for word in words:
        if set(word) <= set(";&|"):
            within = False
        elif not within:
            count, within = count + 1, True
    return count


def test_commands_are_counted():
    assert commands("a\nb c\n") == 2
    assert commands("a=1 b=2\n\nc && d; e | f & g=$!\n") == 6
    assert commands("a \\\n  b 'c; d' \"e\nf\"\n") == 1
    assert commands("cat >x <<END\na\nb\nEND\nc\n") == 2


def test_the_set_up_is_short():
    count = sum(commands(text) for run, text in blocks(SECTIONS[0]) if run)
    assert 10 <= count <= MOST, count


def test_tutorials(reader):
    assert list(STEPS) == list(SECTIONS)
    for title in SECTIONS:
        read(reader, title)
