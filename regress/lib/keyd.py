# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The real keyd, with the test in its parent's and its askers' place."""

import os
import pwd
import select
import signal

from lib import auditmsg, daemon, imsg, keymsg

KEYD = os.path.join(daemon.LIBEXEC, "keyd")
MAX_MESSAGE = 65536         # of an asker's message, header included


class Keyd:
    """A keyd that was configured; used as a context it must end well.

    `channels` is how many frontends it has, `links` how many link processes;
    each is a list afterwards.  audit: arguments of auditmsg.config(); then
    `audit` is a channel on which the test is the audit process.
    """

    def __init__(self, site, channels=2, links=0, level="debug", audit=None):
        self.parent = imsg.Channel()
        self.level = level
        self.channels, self.links = [], []
        self.addresses = {}
        self.log = []
        self.pid = os.posix_spawn(KEYD, self._argv(site), self._env(),
                                  file_actions=self._actions())
        self.parent.gave_away()
        self.status = None
        self.wanted = (channels, links)
        self.wishes, self.audit = audit, None

    def _argv(self, site):
        argv = ["keyd", "-l", self.level]
        if daemon.ROOT:
            user = pwd.getpwnam(daemon.USER)
            argv += ["-c", site.root, "-u", str(user.pw_uid),
                     "-g", str(user.pw_gid)]
        return argv

    def _env(self):
        return {k: v for k, v in os.environ.items()
                if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}

    def _actions(self):
        null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0)
                for fd in ((0, 1) if daemon.SANITIZE else (0, 1, 2))]
        return null + [(os.POSIX_SPAWN_DUP2, self.parent.far.fileno(), 3)]

    # ---- as the parent ---------------------------------------------------

    def tell(self, kind, payload=b"", descriptor=None):
        if descriptor is None:
            self.parent.send(imsg.frame(kind, payload))
            return
        length = imsg.HEADER.size + len(payload) | imsg.FD_MARK
        self.parent.send_with(imsg.frame(kind, payload, length),
                              [descriptor])

    def send_key(self, index, path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            self.tell(keymsg.KEY, keymsg.u32(index), descriptor)
        finally:
            os.close(descriptor)

    def send_rule(self, index, rule):
        self.tell(keymsg.RULE, keymsg.rule(index, rule))
        for kind, items in (
                (keymsg.LIST_CHAIN, [keymsg.u256(c) for c in rule["chains"]]),
                (keymsg.LIST_DOMAIN, rule.get("domains")),
                (keymsg.LIST_TO, rule.get("to"))):
            if items and items != "any":
                self.tell(keymsg.RULELIST,
                          keymsg.rulelist(index, kind, items))

    def add_channel(self, role=keymsg.DIRECT):
        channel = imsg.Channel()
        channel.role = role
        self.tell(keymsg.CHANNEL, keymsg.u32(role), channel.far.fileno())
        channel.gave_away()
        (self.links if role == keymsg.LINK else self.channels).append(channel)

    def begin_audit(self):
        self.tell(auditmsg.CONFIG, auditmsg.config(**self.wishes))
        self.tell(auditmsg.KEY, auditmsg.name(0, "first"))
        self.audit = imsg.Channel()
        self.tell(auditmsg.CHANNEL, b"", self.audit.far.fileno())
        self.audit.gave_away()
        self.audit.send(imsg.frame(auditmsg.HEAD, auditmsg.where()))

    def configure(self, paths, rules):
        """Everything that a parent says; the addresses are filled in."""
        self.tell(keymsg.CONFIG, keymsg.config(len(paths), len(rules),
                                               MAX_MESSAGE))
        for index, path in enumerate(paths):
            self.send_key(index, path)
        for index, rule in enumerate(rules):
            self.send_rule(index, rule)
        for role, count in zip((keymsg.DIRECT, keymsg.LINK), self.wanted):
            for _ in range(count):
                self.add_channel(role)
        if self.wishes is not None:
            self.begin_audit()
        self.tell(keymsg.END)
        for index in range(len(paths)):
            kind, payload = self.hear()
            assert kind == keymsg.ADDRESS, (hex(kind), payload)
            assert payload[:4] == keymsg.u32(index) and len(payload) == 24
            self.addresses[index] = payload[4:]
        assert self.hear() == (keymsg.READY, b"")
        for rule in rules:
            rule["address"] = self.addresses[rule["key"]]
        return self

    def hear(self):
        """The next message to the parent that is not for the log."""
        while True:
            message = self.parent.read()
            if message is None or message[0] != keymsg.LOG:
                return message
            self.log.append(message[1])

    def drain_log(self):
        """Takes what is there; the parent would never leave it."""
        while select.select([self.parent.near], [], [], 0)[0] or \
                len(self.parent.buffer) >= imsg.HEADER.size:
            message = self.parent.read()
            if message is None:
                return
            assert message[0] == keymsg.LOG, message
            self.log.append(message[1])

    # ---- ending ----------------------------------------------------------

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

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                assert self.running(), "exit status %r" % self.status
                self.parent.near.close()
                assert self.wait() == 0
        finally:
            if self.running():
                os.kill(self.pid, signal.SIGKILL)
                self.wait()
            self.parent.close()
            for channel in self.channels + self.links + (
                    [self.audit] if self.audit else []):
                channel.close()
