# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The scripts for rc.d start, find, reload and stop the daemons; their
systems' rc.subr is rc.openbsd and rc.freebsd here, which know of it what the
scripts use."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import threading

import pytest

from lib import control, daemon, relays

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE.parent.parent / "etc" / "rc.d"
SUBR = {"openbsd": "/etc/rc.d/rc.subr", "freebsd": "/etc/rc.subr"}
# OpenBSD's is a ksh; whatever of that family is there will do.
SHELL = {"openbsd": next(filter(None, map(shutil.which, (
    "ksh", "mksh", "oksh", "loksh", "sh")))), "freebsd": shutil.which("sh")}
RULE = 'allow client "sequencer.example" key "sequencer" chain %s\n'


class Service:
    """A script of rc.d, and what it starts."""

    def __init__(self, system, name, site, directory):
        self.system = system
        self.name = name
        self.site = site
        self.control = control.Control(site, "rc-%s.sock" % name)
        # The programs by a name that no other test has.
        self.sbin = directory / "sbin"
        self.sbin.mkdir()
        shutil.copy(os.path.join(daemon.BUILD, name), self.sbin)
        self.conf = directory / "etc" / (name + ".conf")
        if system == "freebsd" and name == "signerd":
            self.conf = directory / "etc" / name / (name + ".conf")
        self.conf.parent.mkdir(parents=True)
        os.chmod(directory, 0o755)
        self.flags = "-x %s -f %s" % (daemon.LIBEXEC, self.conf)
        self.rc_conf = directory / "rc.conf"
        self.rc_conf.write_text('%s_flags="%s"\n%s_enable="YES"\n' % (
            name, self.flags, name))
        self.script = directory / name
        text = (SCRIPTS / system / name).read_text()
        assert text.count(SUBR[system]) == 1
        self.script.write_text(
            text.replace("@sbindir@", str(self.sbin))
            .replace("@sysconfdir@", str(directory / "etc"))
            .replace(". " + SUBR[system], ". %s" % (HERE / ("rc." + system)))
            .replace("#!/bin/ksh\n", "#!%s\n" % SHELL[system]))
        self.script.chmod(0o755)

    def configure(self, chain=10, extra=""):
        extra = "\n".join((self.control.statement, extra))
        text = self.site.config(rules=RULE % chain, extra=extra) \
            if self.name == "signerd" else relays.config(
                self.site, rules='allow client "%s" chain 10' % relays.CLIENT,
                extra=extra)
        self.conf.write_text(text)
        self.conf.chmod(0o644)

    def __call__(self, word):
        # Into a file: a daemon of a sanitizer build keeps a pipe open.
        with open(self.sbin.parent / "out", "w+", encoding="utf-8") as out:
            done = subprocess.run(
                [self.script, word], stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, check=False,
                timeout=daemon.PATIENCE,
                env=dict(os.environ, RC_CONF=str(self.rc_conf)))
            out.seek(0)
            return control.Said(done.returncode, out.read(), "")

    def check(self):
        """Whether it says that there is one."""
        return self("check" if self.system == "openbsd" else
                    "status").status == 0

    def show(self, what):
        args = ("-p",) if self.name == "proxyd" else ()
        return self.control.json(*args, "show", what)

    def generation(self):
        return self.show("status")["daemon"]["generation"]

    def failures(self):
        """Reloads that the daemon has refused."""
        value, = [each["value"] for each in self.show("stats")["stats"]
                  if each["metric"] == self.name + "_reloads_total" and
                  each["labels"] == "result=failure"]
        return value

    def pids(self):
        """Of the parent, by what it was started as."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open("/proc/%s/cmdline" % name, "rb") as f:
                    words = f.read().split(b"\0")
                if words[0].decode() == str(self.sbin / self.name):
                    found.append(int(name))
        return found


@pytest.fixture(params=sorted(SUBR))
def system(request):
    return request.param


@pytest.fixture(params=("signerd", "proxyd"))
def service(request, system, site, tmp_path):
    made = Service(system, request.param, site, tmp_path)
    try:
        yield made
    finally:
        for pid in made.pids():
            os.kill(pid, signal.SIGKILL)


def started(service):
    """It says so, and there is one."""
    said = service("start")
    assert said.status == 0, said
    pid, = service.pids()
    assert service.check()
    return pid


def test_start_and_stop(service):
    """By the time that it is started it serves; started again there is no
    second one; stopped it is gone."""
    assert not service.check()
    service.configure()
    pid = started(service)
    assert service.generation() == 1
    service("start")
    assert service.pids() == [pid]
    assert service("stop").status == 0
    assert not service.pids()
    assert not service.check()


def test_restart(service):
    service.configure()
    pid = started(service)
    assert service("restart").status == 0
    other, = service.pids()
    assert other != pid
    # What would not start is not stopped.
    service.configure(extra="clint")
    said = service("restart")
    assert said.status != 0
    assert '"clint"' in said.out
    assert service.pids() == [other]


def test_reload(service):
    service.configure()
    pid = started(service)
    service.configure(extra="watch interval 10 s")
    assert service("reload").status == 0
    tick = threading.Event()
    for _ in range(int(daemon.PATIENCE / 0.02)):
        if service.generation() == 2:
            break
        tick.wait(0.02)
    assert service.generation() == 2
    assert service.pids() == [pid]


def test_reload_with_a_fault(service):
    """It is said, with its line, and the daemon is not asked."""
    service.configure()
    pid = started(service)
    service.configure(extra="clint")
    said = service("reload")
    assert said.status != 0
    assert '%s:' % service.conf in said.out
    assert '"clint"' in said.out
    assert service.pids() == [pid]
    assert service.generation() == 1
    assert service.failures() == 0


def test_start_with_a_fault(service):
    service.configure(extra="clint")
    said = service("start")
    assert said.status != 0
    assert '"clint"' in said.out
    assert not service.pids()


def test_configtest(service):
    service.configure()
    said = service("configtest")
    assert said.status == 0, said
    service.configure(extra="clint")
    said = service("configtest")
    assert said.status != 0
    assert '"clint"' in said.out
    assert not service.pids()


def test_not_running(service):
    service.configure()
    assert service("reload").status != 0
    service("stop")
    assert not service.check()


@pytest.mark.parametrize("system", ("freebsd",), indirect=True)
def test_not_enabled(service):
    """Nothing is started that rc.conf does not name."""
    service.configure()
    service.rc_conf.write_text('%s_flags="%s"\n' % (service.name,
                                                    service.flags))
    said = service("start")
    assert said.status != 0
    assert service.name + "_enable" in said.out
    assert not service.pids()


@pytest.mark.parametrize("system", ("freebsd",), indirect=True)
def test_not_configured(service):
    said = service("start")
    assert said.status != 0
    assert "%s is not readable" % service.conf in said.out
    assert not service.pids()


def test_places(system):
    """Each names its daemon where make install puts it, and no other."""
    for name in ("signerd", "proxyd"):
        text = (SCRIPTS / system / name).read_text()
        assert '"@sbindir@/%s"' % name in text
        done = subprocess.run([SHELL[system], "-n", SCRIPTS / system / name],
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
