# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Starting and stopping daemons, and reading what they say."""

import array
import collections
import ctypes
import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time

from lib import certs, httpclient, procfs

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(os.environ.get("SIGNERD_BUILD") or
                        os.path.join(HERE, "..", "build"))
SIGNERD = os.path.join(BUILD, "signerd")
PROXYD = os.path.join(BUILD, "proxyd")
LIBEXEC = os.path.join(BUILD, "libexec")
CONFORM = os.path.join(HERE, "conform")
SANITIZE = os.environ.get("SIGNERD_SANITIZE") == "1"
COVERAGE = os.environ.get("SIGNERD_COVERAGE") == "1"
ROOT = os.geteuid() == 0
USER = "nobody"             # children's, where the tests run as root
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PATIENCE = 120.0 if SANITIZE or COVERAGE else 60.0

# Long ones, for those that a test does not give: a busy machine is no fault.
LONG = {"handshake": "5 min", "header": "5 min", "body": "5 min",
        "write": "5 min", "register": "5 min", "dead": "10 min",
        "metrics": "5 min", "request": "50 s"}
LONG_SIGNERD = dict(LONG, connect="5 min", keyd="45 s")
LONG_PROXYD = dict(LONG, attempt="45 s", stable="30 min")

PAIR = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\["\\]|\\u00[0-9a-f]{2})*"|'
                  r'[!-~]*)(?: |$)')


Place = collections.namedtuple("Place", ("confs", "chroot"))


def unescape(value):
    if not value.startswith('"'):
        return value
    return re.sub(r'\\(u00[0-9a-f]{2}|.)', lambda m: m.group(1) if
                  m.group(1)[0] != "u" else chr(int(m.group(1)[1:], 16)),
                  value[1:-1])


def parse_log(line):
    """Fields of a logfmt line, or None for a line that is none."""
    fields, at = {}, 0
    while at < len(line):
        match = PAIR.match(line, at)
        if match is None or match.group(1) in fields:
            return None
        fields[match.group(1)] = unescape(match.group(2))
        at = match.end()
    return fields if "time" in fields else None


def block(head, lines):
    return head + " {\n\t" + "\n\t".join(lines) + "\n}"


def timeouts(long, text):
    """A statement of the long ones of which the text says nothing; what a
    request may take is for itself where a part of it is short."""
    said = " ".join(re.findall(r"(?m)^[ \t]*timeout\s*(\{[^}]*\}|.*)$", text))
    given = set(re.findall(r"[a-z-]+", said))
    if given & {"request", "keyd", "attempt"}:
        given |= {"request", "keyd", "attempt"}
    left = ["%s %s" % each for each in long.items() if each[0] not in given]
    return "timeout { %s }" % ", ".join(left) if left else ""


def tls_lines(ca=None, pair=None, crl=None):
    lines = [] if ca is None else ['tls ca "%s"' % ca]
    if pair is not None:
        lines.append('tls certificate "%s" key "%s"' % tuple(pair))
    return lines if crl is None else lines + ['tls crl "%s"' % crl]


class Site:
    """A directory with an authority, keys, a chroot and configurations."""

    KEYS = ("sequencer", "batcher", "batcher-explicit", "multi10",
            "multi8453")

    def __init__(self, keys=KEYS, directory=None):
        self.directory = directory or tempfile.mkdtemp(
            prefix="signerd-test-")
        os.chmod(self.directory, 0o755)
        self.authority = certs.Authority(self.path("tls"))
        self.authority.server()
        self.root = self.path("empty")
        os.mkdir(self.root, 0o755)
        os.mkdir(self.path("keys"), 0o700)
        for name in keys:
            source = os.path.join(CONFORM, "keys", name + ".pem")
            shutil.copyfile(source, self.key(name))
            os.chmod(self.key(name), 0o600)
        self._contexts = {}
        self._foreign = None
        self._count = 0

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def key(self, name):
        return self.path("keys", name + ".pem")

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def tls(self, name=None):
        """Client context with the certificate of that name."""
        if name not in self._contexts:
            pair = None if name is None else self.authority.client(name)
            self._contexts[name] = httpclient.context(self.authority.ca,
                                                      pair)
        return self._contexts[name]

    def write(self, text, name=None):
        self._count += 1
        path = self.path(name or "signerd%d.conf" % self._count)
        with open(path, "w") as f:
            f.write(text)
        return path

    @property
    def foreign(self):
        """An authority that nobody here knows."""
        if self._foreign is None:
            self._foreign = certs.Authority(self.path("foreign"),
                                            "foreign authority")
        return self._foreign

    def _owner(self, more=""):
        """The default of root is for one daemon of this machine."""
        if not ROOT:
            return []
        lines = ['user "%s"' % USER, 'chroot "%s"' % self.root]
        return lines if re.search("(?m)^control ", more) else \
            lines + ["control off"]

    def config(self, rules="", keys=("sequencer",), extra="",
               listen="127.0.0.1 port 0", log="{ level info }", proxies=()):
        """Text of a configuration; whole but for the rules given.

        listen None: it does not listen.  proxies: statements, as of proxy().
        """
        lines = [] if listen is None else ["listen on " + listen]
        lines += tls_lines(self.authority.ca, self.authority.server())
        lines += self._owner(extra)
        if log:
            lines.append("log " + log)
        lines += ['key "%s" file "%s"' % (name, self.key(name))
                  for name in keys]
        lines.append(timeouts(LONG_SIGNERD, extra))
        return "\n".join(lines + list(proxies) + [extra, rules, ""])

    def proxy(self, label, port, url=None, name="proxy.example",
              signer="signer.example", ca=None, pair=None, crl=None):
        """A proxy of signerd.conf(5), to which it is that signer."""
        lines = ['url "%s"' % (url or "wss://127.0.0.1:%d/ws" % port)]
        lines += tls_lines(ca, pair or self.authority.client(signer), crl)
        if name is not None:
            lines.append('tls name "%s"' % name)
        return block('proxy "%s"' % label, lines)

    def signer(self, label, addresses, name="signer.example",
               more="chain { 10 }"):
        """A signer of proxyd.conf(5), with the clauses that are more."""
        return 'signer "%s" name "%s" address { %s } %s' % (
            label, name, " ".join(
                each if isinstance(each, str) else "0x" + each.hex()
                for each in addresses), more)

    def relay(self, signers, rules, extra="", listen="127.0.0.1 port 0",
              signers_on="127.0.0.1 port 0", log="{ level info }",
              crl=None):
        """Text of a proxyd.conf(5); signers are statements, as of signer(),
        and so are the rules, in one text."""
        lines = ["listen on " + listen, "signers on " + signers_on]
        lines += tls_lines(self.authority.ca, self.authority.proxy(), crl)
        lines += self._owner(extra)
        if log:
            lines.append("log " + log)
        lines.append(timeouts(LONG_PROXYD, extra))
        return "\n".join(lines + [extra, *signers, rules, ""])


def die_with_us():
    """Between fork and exec: a killed test leaves no daemon behind."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def write_configs(directory):
    """For a test that starts processes itself: .confs, of each daemon by its
    name, and .chroot."""
    site = Site(keys=("sequencer",), directory=str(directory))
    rule = 'allow client "sequencer.example" '
    address = "0x" + "11" * 20
    return Place({
        "signerd": site.write(site.config(
            rules=rule + 'key "sequencer" chain 10')),
        "proxyd": site.write(site.relay(
            [site.signer("hq", [address])], rule + "chain 10"))}, site.root)


class Daemon:
    """A running daemon.  Used as a context it must end well."""

    program = None
    libexec = LIBEXEC               # where its other programs are
    begun = {"msg": "ready"}        # the record to wait for; None: none

    def __init__(self, site, text, arguments=(), tls="sequencer.example"):
        self.site = site
        self.default = tls
        self.lines = []
        self.records = []
        self._changed = threading.Condition()
        self._eof = False
        self._taken = 0             # bytes of its log
        self.path = site.write(text)
        self.process = subprocess.Popen(
            [self.program, "-d", "-x", self.libexec, "-f", self.path,
             *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True,
            preexec_fn=die_with_us)
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            if self.begun is not None:
                self.wait_log(**self.begun)
        except BaseException:
            self.kill()
            raise
        self.ports = self.listening()
        self.port = self.ports[0] if self.ports else None
        self.children = {each["child"]: int(each["pid"])
                         for each in self.logged(msg="started")}

    def listening(self, **wanted):
        """The ports of the clients' listeners."""
        return [int(each["port"])
                for each in self.logged(msg="listening", **wanted)]

    def _read(self):
        fd, rest = self.process.stderr.fileno(), b""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        while not self._eof:
            poll.poll()
            with self._changed:
                data = os.read(fd, 65536)
                self._taken += len(data)
                self._eof = not data
                *lines, rest = (rest + data).split(b"\n")
                self._keep(lines + [rest] if self._eof and rest else lines)
                self._changed.notify_all()

    def _keep(self, lines):
        for raw in lines:
            line = raw.decode("latin-1")
            self.lines.append(line)
            self.records.append(self.parse(line) or {"raw": line})

    def _catch_up(self):
        """To all that the daemon has written by now."""
        with self._changed:
            if self.process.stderr.closed:
                return
            waiting = array.array("i", (0,))
            fcntl.ioctl(self.process.stderr, termios.FIONREAD, waiting)
            until = self._taken + waiting[0]
            while self._taken < until and not self._eof:
                self._changed.wait()

    def parse(self, line):
        return parse_log(line)

    def output(self):
        return "\n".join(self.lines[-60:])

    # ---- log -------------------------------------------------------------

    def logged(self, start=0, **wanted):
        """Those that the parent has written by now; what a child has said
        may still be on its way to it."""
        self._catch_up()
        return self._found(start, wanted)

    def _found(self, start, wanted):
        """A tuple: one of these."""
        with self._changed:
            return [each for each in self.records[start:] if all(
                each.get(k) in v if isinstance(v, tuple) else
                each.get(k) == v for k, v in wanted.items())]

    def mark(self):
        """Where the log is now, for `start`."""
        self._catch_up()
        with self._changed:
            return len(self.records)

    def wait_log(self, start=0, count=1, patience=PATIENCE, **wanted):
        """The record of those fields (the count'th after start)."""
        until = time.monotonic() + patience
        with self._changed:
            while True:
                found = self._found(start, wanted)
                if len(found) >= count:
                    return found[count - 1]
                left = until - time.monotonic()
                if self._eof or left <= 0:
                    raise AssertionError("no %r in the log:\n%s" % (
                        wanted, self.output()))
                self._changed.wait(left)

    # ---- talking ---------------------------------------------------------

    def connect(self, name="", **named):
        name = self.default if name == "" else name
        return httpclient.Connection(self.port, self.site.tls(name), **named)

    def rpc(self, message, name=""):
        with self.connect(name) as connection:
            return connection.rpc(message)

    # ---- ending ----------------------------------------------------------

    def signal(self, child, number):
        os.kill(self.children[child], number)

    def wait(self, patience=PATIENCE):
        """The exit status; by then no process of it may be left."""
        status = self.process.wait(patience)
        self._reader.join(patience)
        left = procfs.session(self.pid)
        assert not left, "left running: %r" % left
        return status

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """Of a test that failed: all that is left of this session."""
        for pid in [self.pid] + procfs.session(self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self._reader.join(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.poll() is None:
                status = self.stop()
                assert status == 0, (status, self.output())
        finally:
            self.kill()
            self.process.stderr.close()


class Signerd(Daemon):
    """metrics are the ports of `metrics on`."""

    program = SIGNERD
    name = "signerd"

    def listening(self):
        return super().listening(**{"for": None})

    @property
    def metrics(self):
        return super().listening(**{"for": "metrics"})


class Proxyd(Daemon):
    """port is the clients', signer_port the signers'."""

    program = PROXYD
    name = "proxyd"

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.signer_ports = super().listening(**{"for": "signers"})
        self.signer_port = (self.signer_ports or [None])[0]

    def listening(self):
        return super().listening(**{"for": "clients"})


def run(*arguments, patience=PATIENCE, program=SIGNERD):
    """A daemon to its end: exit status, stdout, stderr; nothing is left."""
    process = subprocess.Popen(
        [program, "-x", LIBEXEC, *arguments], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=die_with_us)
    try:
        out, err = process.communicate(timeout=patience)
    finally:
        process.kill()
        left = procfs.session(process.pid)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    assert not left, "left running: %r" % left
    return process.returncode, out, err
