# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""signerctl, with and without a terminal."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time

from lib import daemon, procfs

SIGNERCTL = os.path.join(daemon.BUILD, "signerctl")


def run(*arguments, stdin="", program=SIGNERCTL, **named):
    """Exit status, standard output and error; it has no terminal."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    process = subprocess.Popen(
        [program, *arguments], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=daemon.die_with_us, **named)
    try:
        out, err = process.communicate(stdin, timeout=daemon.PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert not procfs.session(process.pid)
    return (process.returncode, out.decode("latin-1"),
            err.decode("latin-1"))


class Terminal:
    """A process on a terminal of its own, of which we have the other end."""

    def __init__(self, *arguments, before=None, **named):
        self.near, far = pty.openpty()
        self.text = ""

        def begin():
            os.setsid()
            fcntl.ioctl(far, termios.TIOCSCTTY, 0)
            daemon.die_with_us()
            if before is not None:
                before()

        self.process = subprocess.Popen(
            arguments, stdin=far, stdout=far, stderr=far, close_fds=True,
            preexec_fn=begin, **named)
        self.pid = self.process.pid
        os.close(far)

    def echoes(self):
        return bool(termios.tcgetattr(self.near)[3] & termios.ECHO)

    def _read(self, until):
        left = until - time.monotonic()
        if left <= 0 or not select.select([self.near], [], [], left)[0]:
            raise AssertionError("nothing more after %r" % self.text)
        try:
            part = os.read(self.near, 4096)
        except OSError:             # nobody has its other end any more
            part = b""
        self.text += part.decode("latin-1")
        return bool(part)

    def expect(self, words, count=1):
        """Until it has shown these words so often."""
        until = time.monotonic() + daemon.PATIENCE
        while self.text.count(words) < count:
            assert self._read(until), self.text

    def expect_more(self):
        """Until it has shown anything more."""
        assert self._read(time.monotonic() + daemon.PATIENCE), self.text

    def type(self, text):
        os.write(self.near, text.encode())

    def answer(self, prompt, text, count=1):
        """At a prompt there is no echo, until there is an answer."""
        self.expect(prompt, count)
        assert not self.echoes()
        self.type(text + "\n")

    def wait(self):
        """All that it shows, then its status."""
        until = time.monotonic() + daemon.PATIENCE
        while self._read(until):
            pass
        return self.process.wait(daemon.PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.near)
