# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What the soak is about: a proxyd, the signerd that it measures, and others
beside it that are there to be killed."""

import contextlib
import os

from lib import daemon, ethkey
from lib.tcprelay import TcpRelay
from soak import procs

CONNECTIONS = 12000     # that a daemon may have, where descriptors suffice
DESCRIPTORS = 300       # for other ends than connections of clients
GOOD, VIA, GREEDY = "sequencer.example", "batcher.example", "greedy.example"
JUNK = "junk.example"   # a signer that is known, and no good
PROXY_RULES = """
allow client "%s" signer "hq" chain 10 address { %s }
allow client "%s" signer { "dr" "spare" } chain 10
allow client "%s" signer "hq" chain 10 address { %s }
"""
NONSENSE = "no-such-statement"
MORE = 'allow client "more.example" %s chain 10\n'


def address(name):
    return "0x" + ethkey.Key.recorded(name).address.hex()


class World:
    """`connections` of clients at each daemon.  hostile: the port of a proxy
    that hq dials too."""

    def __init__(self, site, connections, hostile):
        self.site = site
        self.hostile = hostile
        self.limits = "max { connections %d connections-per-address %d }\n" \
            "timeout idle 60 min\n" % (connections, connections)
        self.pairs = [site.authority.proxy(), site.authority.issue(
            "proxy-b", "proxy.example",
            "DNS:proxy.example,DNS:localhost,IP:127.0.0.1")]
        self.servers = [site.authority.server(), site.authority.issue(
            "server-b", "localhost", "DNS:localhost,IP:127.0.0.1")]
        self.proxyd = self.hq = None
        self.beside = {}
        self.relays = {}
        self.reloads = 0
        self._stack = contextlib.ExitStack()

    # ---- configurations, in two variants -----------------------------------

    def relay_text(self, variant=0):
        sign = [address("sequencer"), address("batcher")]
        signers = [self.site.signer(label, keys, label + ".example")
                   for label, keys in (("hq", sign), ("dr", sign[1:]),
                                       ("spare", sign[1:]),
                                       ("junk", sign[:1]))]
        rules = PROXY_RULES % (GOOD, sign[0], VIA, GREEDY, sign[1])
        text = self.site.relay(
            signers, rules + (MORE % 'signer "hq"' if variant else ""),
            self.limits)
        return text.replace(self.pairs[0][0], self.pairs[variant][0]).replace(
            self.pairs[0][1], self.pairs[variant][1])

    def hq_text(self, variant=0):
        rules = "".join(
            'allow %s client "%s" key "%s" chain 10\n' % (via, name, key)
            for via in ("", 'via "edge"')
            for name, key in ((GOOD, "sequencer"), (GREEDY, "batcher")))
        rules += 'allow via "bad" client "x.example" key "batcher" chain 10\n'
        if variant:
            rules += MORE % 'key "multi10"'
        text = self.site.config(
            rules, ("sequencer", "batcher") + ("multi10",) * variant,
            self.limits, proxies=[
                self.site.proxy("edge", self.proxyd.signer_port,
                                signer="hq.example"),
                self.site.proxy("bad", self.hostile, signer="hq.example")])
        return text.replace(self.servers[0][0], self.servers[variant][0]
                            ).replace(self.servers[0][1],
                                      self.servers[variant][1])

    def beside_text(self, label):
        return self.site.config(
            'allow via "edge" client "%s" key "batcher" chain 10' % VIA,
            ("batcher",), "timeout backoff 1 s", listen=None, proxies=[
                self.site.proxy("edge", self.relays[label].port,
                                signer=label + ".example")])

    # ---- starting and stopping ---------------------------------------------

    def __enter__(self):
        try:
            self.proxyd = self._stack.enter_context(
                daemon.Proxyd(self.site, self.relay_text()))
            self.hq = self._stack.enter_context(
                daemon.Signerd(self.site, self.hq_text()))
            for label in ("dr", "spare"):
                self.relays[label] = self._stack.enter_context(
                    TcpRelay(self.proxyd.signer_port))
                self.start_beside(label)
            self.proxyd.wait_log(msg="signer registered", count=3)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, *_):
        for each in self.beside.values():
            each.kill()
        return self._stack.__exit__(kind, *_)

    def stop(self):
        self.__exit__(RuntimeError)

    def start_beside(self, label):
        self.beside[label] = daemon.Signerd(self.site,
                                            self.beside_text(label))

    def kill_beside(self, label):
        """With no warning, and all of its processes; another begins."""
        self.beside[label].kill()
        self.beside[label].process.stderr.close()
        self.start_beside(label)

    def reload(self):
        """To the other variant; each third time to one that is no good."""
        self.reloads += 1
        bad = "" if self.reloads % 3 else NONSENSE + "\n"
        for each, text in ((self.proxyd, self.relay_text),
                           (self.hq, self.hq_text)):
            with open(each.path + ".new", "w") as f:
                f.write(text(self.reloads % 2) + bad)
            os.rename(each.path + ".new", each.path)
            each.process.send_signal(daemon.signal.SIGHUP)

    def reloaded(self):
        """How many were taken up and how many refused, by either daemon."""
        return {name: [len(each.logged(msg=msg))
                       for msg in ("reloaded", "reload failed")]
                for name, each in (("signerd", self.hq),
                                   ("proxyd", self.proxyd))}

    # ---- what they are like ------------------------------------------------

    @property
    def processes(self):
        """Of the two that are measured: a short name and the process id."""
        found = {"signerd": self.hq.pid, "proxyd": self.proxyd.pid}
        for each in (self.hq, self.proxyd):
            found.update(each.children)
        return found

    def memory(self):
        return {name: procs.memory(pid)
                for name, pid in self.processes.items()}

    def descriptors(self):
        return {name: procs.descriptors(pid)
                for name, pid in self.processes.items()}

    def deaths(self):
        """Records of children that died, and daemons that ended."""
        found = []
        for each in (self.hq, self.proxyd):
            found += [record for record in each.logged()
                      if record.get("msg") == "child died"]
            if each.process.poll() is not None:
                found.append({"pid": each.pid,
                              "status": each.process.returncode})
        return found

    def faults(self):
        """Error records that are not about a peer."""
        return [record for each in (self.hq, self.proxyd)
                for record in each.logged(level="error")
                if record.get("msg") not in (
                    "link down", "signer refused", "unavailable") and
                NONSENSE not in record.get("error", "")]
