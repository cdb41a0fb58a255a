# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The EXAMPLES of every manual page: commands are given to a shell on a
terminal, one after the other; configurations are written to the file that
the page names, or checked.  What is other than on the page is here, in
substitutes() and WRAPPERS, and in the stages on which pages are played."""

import contextlib
import os
import re
import shutil
import signal
import threading

import pytest

from lib import ctl, daemon, ethkey, manpage, ports, procfs
from lib.manpage import blocks, commands, pages

PASSWORD = "as one types it"
PROMPTS = ("New password for ", "The same again: ", "Password of ")
# Below these an example finds its own files, not those of this machine.
PLACES = ("etc", "root", "run", "var")
PORTS = ("8545", "9989", "7300", "7301")
# Pages on which all blocks are commands, with a prompt or without.
TOOLS = ("opsign.1", "signerctl.8")
# What a page of a daemon does not repeat of its configuration.
BASE = {
    "signerd": {
        "listen": "listen on 127.0.0.1 port 0",
        "tls ca": 'tls ca "/etc/signerd/tls/ca.crt"',
        "tls certificate": 'tls certificate "/etc/signerd/tls/tls.crt" '
                           'key "/etc/signerd/tls/tls.key"',
        "key": 'key "sequencer" file "/etc/signerd/keys/sequencer.pem"',
        "allow": 'allow client "a.example" key "sequencer" chain 10'},
    "proxyd": {
        "listen": "listen on 127.0.0.1 port 0",
        "signers": "signers on 127.0.0.1 port 0",
        "tls ca": 'tls ca "/etc/proxyd/ca.crt"',
        "tls certificate": 'tls certificate "/etc/proxyd/tls.crt" '
                           'key "/etc/proxyd/tls.key"',
        "signer": 'signer "hq" name "signer.example" address 0x%040x' % 1,
        "allow": 'allow client "a.example" chain 10'},
}

WRAPPERS = {
    # No test makes users.
    "useradd": "exit 0",
    # Started in the foreground, it would be the reader's last command.
    "daemon": """
case " $* " in
*" -f "*)	;;
*)		set -- "$@" -f "$CONF" ;;
esac
case " $* " in
*" -d "*)	"$REAL" -x "$LIBEXEC" "$@" 2>>"$LOG" & ;;
*)		exec "$REAL" -x "$LIBEXEC" "$@" ;;
esac
""",
    "signerctl": """
for word; do
	[ "$word" != -p ] || socket=proxyd
done
exec "$REAL" -s "$RUN/${socket-signerd}.sock" "$@"
""",
}
# A shell that takes files of commands from descriptor 9, so that its standard
# input is the terminal.
SHELL = """
set -e
while read -r file <&9; do
	. "$file"
	echo "block is done"
done
"""


class Reader:
    """Of one who types in what a page says, in a directory of its own."""

    def __init__(self, home, site):
        self.home, self.site = home, site
        self.ports = {port: str(ports.reserve()) for port in PORTS}
        self.count = 0
        self.begun = []
        for name in PLACES + ("bin", "work"):
            os.makedirs(self.path(name))
        for name in ("etc/signerd", "etc/proxyd"):
            os.makedirs(self.path(name))
        os.symlink(daemon.BUILD, self.path("work", "build"))
        self.wrap()
        take, self.give = os.pipe()
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("OP_SIGNER")}
        self.tty = ctl.Terminal(
            "sh", "-c", SHELL, cwd=self.path("work"),
            env=dict(environment, PATH=self.path("bin") + ":" +
                     os.environ["PATH"], HOME=self.path("root")),
            before=lambda: os.dup2(take, 9), pass_fds=(9,))
        os.close(take)

    def path(self, *names):
        return os.path.join(self.home, *names)

    def log(self, program):
        return self.path(program + ".log")

    def conf(self, program):
        return self.path("etc", "signerd" if program == "signerd" else "",
                         program + ".conf")

    def wrap(self):
        def script(name, text, **given):
            path = self.path("bin", name)
            with open(path, "w") as f:
                f.write("#!/bin/sh\n" + "".join(
                    '%s="%s"\n' % item for item in given.items()) + text)
            os.chmod(path, 0o755)

        script("useradd", WRAPPERS["useradd"])
        script("signerctl", WRAPPERS["signerctl"], REAL=ctl.SIGNERCTL,
               RUN=self.path("run"))
        for name in ("signerd", "proxyd"):
            script(name, WRAPPERS["daemon"], LOG=self.log(name),
                   REAL=os.path.join(daemon.BUILD, name),
                   LIBEXEC=daemon.LIBEXEC, CONF=self.conf(name))
        os.symlink(os.path.join(daemon.BUILD, "opsign"),
                   self.path("bin", "opsign"))

    def substitutes(self, text):
        """Places and ports; nothing else is changed."""
        text = re.sub(r"(?<![\w./$-])/(%s)/" % "|".join(PLACES),
                      self.home + r"/\1/", text)
        for port, other in self.ports.items():
            text = re.sub(r"\b%s\b" % port, other, text)
        return text

    # ---- commands --------------------------------------------------------

    def run(self, text):
        """A block, to its end: nothing in it fails."""
        self.count += 1
        path = self.path("block%d" % self.count)
        with open(path, "w") as f:
            f.write(self.substitutes(text))
        os.write(self.give, (path + "\n").encode())
        self.tty.text = ""
        answered = 0
        while "block is done" not in self.tty.text:
            self.tty.expect_more()
            asked = sum(map(self.tty.text.count, PROMPTS))
            if asked > answered:
                assert not self.tty.echoes()
                self.tty.type(PASSWORD + "\n")
                answered += 1
        # curl is content with any answer.
        assert '"error"' not in self.tty.text, self.tty.text
        return self.tty.text

    def wait_ready(self, program):
        tick = threading.Event()
        for _ in range(int(daemon.PATIENCE / 0.02)):
            with contextlib.suppress(FileNotFoundError):
                with open(self.log(program), encoding="latin-1") as f:
                    if any((daemon.parse_log(line.rstrip("\n")) or {}).get(
                            "msg") == "ready" for line in f):
                        return
            tick.wait(0.02)         # a file cannot be waited for
        raise AssertionError(open(self.log(program)).read())

    def stop_daemons(self):
        """As one would by ^C, before the next is started."""
        for name in ("signerd", "proxyd"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.log(name))
        for pid in procfs.session(self.tty.pid):
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                with open("/proc/%d/comm" % pid) as f:
                    if f.read().strip() in ("signerd", "proxyd"):
                        os.kill(pid, signal.SIGTERM)
        tick = threading.Event()
        while procfs.session(self.tty.pid) != [self.tty.pid]:
            tick.wait(0.02)

    # ---- configurations --------------------------------------------------

    def provide(self, text):
        """Files that a configuration names and its page does not make."""
        text = re.sub(r"\$(\w+)", lambda m: dict(re.findall(
            r'^(\w+) = "(.*)"$', text, re.M)).get(m.group(1), "?"), text)
        authority = self.site.authority
        server = dict(zip(("crt", "key"), authority.server()))
        for path in re.findall(re.escape(self.home) + r'/[^\s"]*', text):
            if os.path.exists(path):
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            name, _, kind = os.path.basename(path).rpartition(".")
            if kind == "pem":
                source = self.site.key("sequencer")
            elif kind in server:
                source = server[kind] if name == "tls" else authority.ca
            else:
                continue
            shutil.copy(source, path)
            os.chmod(path, 0o600)

    def write(self, text, path, program, whole=True):
        """A configuration as on the page; or with what it lacks."""
        if not whole:
            statements = [line.split("{")[0] for line in text.split("\n")]
            for first, line in BASE[program].items():
                if not any(re.match(first + r"\b", each)
                           for each in statements) and not (
                               first == "listen" and "\nproxy" in text):
                    text += line + "\n"
        text = self.substitutes(text)
        if daemon.ROOT:
            text = 'user "%s"\nchroot "%s"\n' % (
                daemon.USER, self.site.root) + text
        self.provide(text)
        with open(path, "w") as f:
            f.write(text)

    def check(self, text, program):
        """Of a configuration that is for no file: it is one."""
        for name in re.findall(r'^include "(.*)"', text, re.M):
            with open(self.path(name), "w") as f:
                f.write("# what differs\n")
        path = self.path("checked.conf")
        self.write(text, path, program, whole=False)
        status, out, err = daemon.run(
            "-n", "-f", path, program=os.path.join(daemon.BUILD, program))
        assert (status, out, err) == (0, "", ""), (text, err)

    def close(self):
        for pid in procfs.session(self.tty.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.tty.__exit__()
        os.close(self.give)


@pytest.fixture
def reader(site, tmp_path):
    made = Reader(str(tmp_path), site)
    yield made
    made.close()


# ---- what is there before a page is read ---------------------------------


def has_statement(word):
    with open(os.path.join(manpage.MAN, "signerd.conf.5")) as f:
        return re.search(r"^\.It Ic %s\b" % word, f.read(), re.M)


@contextlib.contextmanager
def both_daemons(reader):
    """signerd, which listens and is linked to proxyd, with names as in the
    other examples; and a client's files where the reader is."""
    site = reader.site
    key = ethkey.Key.recorded("sequencer")
    for name, source in zip(
            ("ca.crt", "client.crt", "client.key"),
            (site.authority.ca, *site.authority.client("sequencer.example"))):
        shutil.copy(source, reader.path("work", name))

    def control(name):
        return 'control "%s"' % reader.path("run", name + ".sock") if (
            has_statement("control")) else ""

    client = 'client "sequencer.example" '
    rules = ['allow %s%skey "sequencer" chain 10' % (via, client)
             for via in ("", 'via "edge" ')]
    rules.append('allow client "batcher.example" key "batcher" chain 1 '
                 'to 0xff00000000000000000000000000000000000010 '
                 'max-value 2 ether max-fee 0.2 ether')
    with daemon.Proxyd(site, site.relay(
            [site.signer("hq", [key.address])], "allow %schain 10" % client,
            extra=control("proxyd"))) as proxyd:
        text = site.config(
            rules="\n".join(rules), extra=control("signerd"),
            keys=("sequencer", "batcher"),
            listen="127.0.0.1 port " + reader.ports["8545"],
            proxies=[site.proxy("edge", proxyd.signer_port)])
        with daemon.Signerd(site, text) as signerd:
            signerd.wait_log(msg="link up")
            yield


STAGES = {"opsign.1": both_daemons, "signerctl.8": both_daemons}


# ---- the pages ------------------------------------------------------------


def play(reader, page, block):
    text = commands(block.text)
    if text is None and page in TOOLS:
        text = block.text
    if text is not None:
        started = re.findall(r"^(?:build/)?(signerd|proxyd) .*-d\b", text,
                             re.M)
        if started:
            reader.stop_daemons()
        # Whose prompt is $ is another user, somewhere else.
        if block.text.startswith("$ "):
            reader.run("cd " + reader.path("work"))
        # From a build tree: there the wrapper is not what is started.
        reader.run(re.sub(r"^build/(signerd|proxyd) (.*-d\b)", r"\1 \2",
                          text, flags=re.M))
        for program in started:
            reader.wait_ready(program)
        return
    program = "proxyd" if page.startswith("proxyd") else "signerd"
    if re.search(r"^\.Xr signerd\.conf 5 :$", block.before, re.M):
        program = "signerd"
    named = re.search(r"^\.Pa (/\S+\.conf)\b", block.before, re.M)
    if named is None:
        reader.check(block.text, program)
        return
    for path in (reader.substitutes(named.group(1)),
                 reader.path("work", "my.conf")):
        reader.write(block.text, path, program)


@pytest.mark.parametrize("page", pages())
def test_examples(reader, page):
    stage = STAGES.get(page)
    with stage(reader) if stage else contextlib.nullcontext():
        found = blocks(page)
        assert found
        for block in found:
            assert "\\(" not in block.text and "\\&" not in block.text
            play(reader, page, block)


def test_the_pages_that_have_some():
    """A page of a program or of a configuration that has none is new."""
    assert {"proxyd.8", "proxyd.conf.5", "signerctl.8", "signerd.8",
            "signerd.conf.5"} <= set(pages())
