# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The real keyd, with the test in its parent's and its askers' place."""

import os
import select

from lib import auditmsg, childproc, daemon, imsg, keymsg

KEYD = os.path.join(daemon.LIBEXEC, "keyd")
MAX_MESSAGE = 65536         # of an asker's message, header included


class Keyd(childproc.Child):
    """A keyd that was configured; used as a context it must end well.

    `channels` is how many frontends it has, `links` how many link processes;
    each is a list afterwards.  audit: arguments of auditmsg.config(); then
    `audit` is a channel on which the test is the audit process.
    """

    def __init__(self, site, channels=2, links=0, level="debug", audit=None):
        super().__init__(site, "keyd", level, program=KEYD)
        self.channels, self.links = [], []
        self.addresses = {}
        self.wanted = (channels, links)
        self.wishes, self.audit = audit, None

    # ---- as the parent ---------------------------------------------------

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

    def close(self):
        super().close()
        for channel in self.channels + self.links + (
                [self.audit] if self.audit else []):
            channel.close()
