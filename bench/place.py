# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The daemons that are measured, and what a machine says of itself."""

import contextlib
import os
import platform
import re
import subprocess
import tempfile

from lib import daemon, eth, ethkey, httpclient

CLIENT, VIA = "sequencer.example", "batcher.example"
KEY = "sequencer"
ADDRESS = eth.hexa(ethkey.Key.recorded(KEY).address)
RULE = 'client "%s" key "sequencer" chain 10\n' % CLIENT
# All that the largest of the loads has under way is let in, and may wait: it
# is speed that is measured, not refusals.
ROOMY = "max { connections 4096 connections-per-address 4096 queue 20000 " \
    "link-requests 20000 }\ntimeout request 20 s\n"
SIGNERD_ROOMY = ROOMY + "timeout keyd 15 s\n"
PROXYD_ROOMY = ROOMY + "max waiting 20000\ntimeout attempt 15 s\n"
# What may be built in: a name, what it takes to have it.
VARIANTS = {"workers": "keyd workers 2\n", "spin": "spin 100 us\n",
            "prefork": "prefork 2\n"}
SESSION = dict(start_new_session=True, preexec_fn=daemon.die_with_us)


class Quiet:
    """A daemon whose records of requests are read, and not kept: there are
    tens of thousands a second, and to look at each would cost as much as what
    is measured."""

    REQUEST = re.compile(rb" msg=(signed|relayed) ")

    def _keep(self, lines):
        super()._keep([line for line in lines
                       if not self.REQUEST.search(line)])


class Signerd(Quiet, daemon.Signerd):
    pass


class Proxyd(Quiet, daemon.Proxyd):
    pass


class Place:
    """Starts what is asked for; a context that ends all of it."""

    def __init__(self):
        self.site = daemon.Site(keys=(KEY,))
        self._stack = contextlib.ExitStack()
        self.built_in = {name for name, text in VARIANTS.items()
                         if self._takes(text)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._stack.close()
        finally:
            self.site.remove()

    def _takes(self, text):
        path = self.site.write(self._signer_text(extra=text))
        return daemon.run("-n", "-f", path)[0] == 0

    # ---- daemons -----------------------------------------------------------

    def _signer_text(self, extra="", dials=(), listen="127.0.0.1 port 0",
                     name="hq"):
        rules = "" if listen is None else "allow " + RULE
        for label, _ in dials:
            rules += 'allow via "%s" %s' % (label, RULE)
        return self.site.config(
            rules, (KEY,), extra, listen, proxies=[
                self.site.proxy(label, proxyd.signer_port,
                                signer=name + ".example")
                for label, proxyd in dials])

    def signerd(self, extra="", dials=(), listen="127.0.0.1 port 0",
                name="hq"):
        """dials: (label, proxyd); where there are any it has registered."""
        marks = [(proxyd, proxyd.mark()) for _, proxyd in dials]
        signerd = Signerd(self.site, self._signer_text(
            extra, dials, listen, name))
        try:
            for proxyd, mark in marks:
                proxyd.wait_log(mark, msg="signer registered")
        except BaseException:
            signerd.kill()
            raise
        return signerd

    def proxyd(self, extra="", names=("hq",)):
        signers = [self.site.signer(name, [ADDRESS], name + ".example")
                   for name in names]
        rule = 'allow client "%s" signer { %s } chain 10 address { %s }' % (
            CLIENT, " ".join('"%s"' % name for name in names), ADDRESS)
        return Proxyd(self.site, self.site.relay(signers, rule, extra))

    # ---- the programs that it is compared with -----------------------------

    @contextlib.contextmanager
    def echo(self, signerd):
        """The port of a server that answers with this one's bytes."""
        with tempfile.NamedTemporaryFile(dir=self.site.directory) as f:
            f.write(true_answer(signerd))
            f.flush()
            process = subprocess.Popen(
                [os.path.join(daemon.BUILD, "bench", "echo"),
                 self.site.authority.ca, *self.site.authority.server(),
                 f.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                **SESSION)
            with process:
                port = int(process.stdout.readline())
                yield port, process.pid
                process.stdin.close()


def true_answer(signerd):
    """All bytes of one, with an id as long as those of opsign."""
    message = eth.encode(eth.payload_v2(10 ** 14))
    with signerd.connect(CLIENT) as connection:
        connection.send(httpclient.request(body=message))
        data = b""
        while not data.endswith(b"}\n"):
            data += connection.sock.recv(65536)
    return data


def processes(*daemons):
    """Names and ids; of several children of a kind, numbered."""
    found = {}
    for each in daemons:
        found[each.name + "-parent"] = each.pid
        for record in each.logged(msg="started"):
            name = "%s-%s" % (each.name, record["child"])
            while name in found:
                stem, _, number = name.partition("#")
                name = "%s#%d" % (stem, int(number or 1) + 1)
            found[name] = int(record["pid"])
    return found


def machine():
    found = {"system": "%s %s" % (platform.system(), platform.release()),
             "processors": os.cpu_count(), "load": os.getloadavg()[0]}
    with contextlib.suppress(OSError):
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    found["model"] = line.split(":")[1].strip()
    version = subprocess.run([os.path.join(daemon.BUILD, "opsign"),
                              "--version"], capture_output=True, text=True)
    found["version"] = version.stdout.strip()
    return found
