# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A real child of a daemon, with the test in its parent's place."""

import os
import pwd
import signal

from lib import daemon, imsg


class Child:
    """Used as a context it must end well; only `site.root` is looked at."""

    def __init__(self, site, name, level="debug", parent=None, program=None):
        self.name, self.level = name, level
        self.parent = parent or imsg.Channel()
        self.log = []
        null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0)
                for fd in ((0, 1) if daemon.SANITIZE else (0, 1, 2))]
        self.pid = os.posix_spawn(
            program or os.path.join(daemon.LIBEXEC, name), self._argv(site),
            {k: v for k, v in os.environ.items()
             if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS")},
            file_actions=null + [
                (os.POSIX_SPAWN_DUP2, self.parent.far.fileno(), 3)])
        self.parent.gave_away()
        self.status = None

    def _argv(self, site):
        argv = [self.name, "-l", self.level]
        if daemon.ROOT:
            user = pwd.getpwnam(daemon.USER)
            argv += ["-c", site.root, "-u", str(user.pw_uid),
                     "-g", str(user.pw_gid)]
        return argv

    def tell(self, kind, payload=b"", descriptor=None):
        if descriptor is None:
            self.parent.send(imsg.frame(kind, payload))
            return
        length = imsg.HEADER.size + len(payload) | imsg.FD_MARK
        self.parent.send_with(imsg.frame(kind, payload, length),
                              [descriptor])

    def wait(self):
        """Exit status as os.waitstatus_to_exitcode has it."""
        if self.status is None:
            _, status = os.waitpid(self.pid, 0)
            self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def running(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def close(self):
        self.parent.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                assert self.running(), (self.status, self.log[-3:])
                self.parent.near.close()
                assert self.wait() == 0
        finally:
            if self.running():
                os.kill(self.pid, signal.SIGKILL)
                self.wait()
            self.close()
