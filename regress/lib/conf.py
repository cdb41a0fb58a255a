# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""
Cases of configuration files: NAME.conf with NAME.ok, the canonical form (and
NAME.warn, what is written to stderr, if anything is), or with NAME.err, the
errors.  SIGNERD_BUILD names the directory of the build.
"""

import atexit
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("SIGNERD_BUILD", ROOT)).resolve()
IS_ROOT = os.geteuid() == 0


def copied(sources):
    """A copy: whom the sources belong to, and who can write to them, is
    open."""
    os.umask(0o022)
    here = pathlib.Path(tempfile.mkdtemp(prefix="signerd-config-"))
    here.chmod(0o755)
    atexit.register(shutil.rmtree, here, True)
    shutil.copytree(sources, here, dirs_exist_ok=True,
                    copy_function=shutil.copyfile)
    return here


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def said(r):
    """On stderr, without what only those who are not root are told."""
    lines = r.stderr.splitlines(True)
    return "".join(line for line in lines
                   if IS_ROOT or "has no effect: " not in line or
                   "is not started by root" not in line)


class Printer:
    """A program that does what a daemon does with -nv, and its cases."""

    def __init__(self, program, here, daemon):
        self.program = BUILD / "regress" / program
        self.here = here
        self.daemon = daemon

    def run(self, *args, cwd=None, **kw):
        return subprocess.run([self.program, *args], cwd=cwd or self.here,
                              text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60,
                              errors="surrogateescape", **kw)

    def errors(self, path, *args):
        """Runs and wants errors; returns them without the directory."""
        r = self.run(*args, path.name, cwd=path.parent)
        assert r.returncode == 1, r.stderr
        assert r.stdout == ""
        return r.stderr.splitlines()

    def prints(self, path, *args, warnings=()):
        r = self.run(*args, path.name, cwd=path.parent)
        assert said(r).splitlines() == list(warnings)
        assert r.returncode == 0
        return r.stdout

    def cases(self, suffix):
        return sorted(p.stem for p in self.here.glob(f"*.{suffix}"))

    def expected(self, name, suffix):
        path = self.here / f"{name}.{suffix}"
        return path.read_text() if path.exists() else ""

    def check_each_has_one_outcome(self):
        confs = {p.stem for p in self.here.glob("*.conf")}
        assert set(self.cases("ok")) | set(self.cases("err")) == confs
        assert not set(self.cases("ok")) & set(self.cases("err"))

    def check_ok(self, name):
        chroot = self.run("-C").stdout.strip()
        r = self.run(f"{name}.conf")
        assert said(r) == self.expected(name, "warn")
        assert r.stdout == self.expected(name, "ok").replace(
            "@CHROOTDIR@", chroot)
        assert r.returncode == 0

    def check_canonical(self, name, tmp_path):
        """The canonical form is its own."""
        first = self.run(f"{name}.conf").stdout
        assert first
        r = self.run(write(tmp_path / "canonical.conf", first))
        assert r.returncode == 0
        assert r.stdout == first

    def check_err(self, name):
        r = self.run(f"{name}.conf")
        assert r.stderr.splitlines() == self.expected(
            name, "err").splitlines()
        assert r.stdout == ""
        assert r.returncode == 1

    def man_page(self):
        return (ROOT / "man" / f"{self.daemon}.conf.5").read_text()

    def man_examples(self):
        return re.findall(
            r"^\.Bd -literal.*?\n(.*?)^\.Ed", self.man_page().split(
                ".Sh EXAMPLES")[1].replace("\\e", "\\"), flags=re.M | re.S)

    def check_limits(self):
        """The manual's table says what the daemon does, for each limit."""
        rows = re.findall(r"^\.It Ic ((?:max|timeout) \S+) Ta (.+) Ta (.+) "
                          r"Ta (.+)$", self.man_page(), flags=re.M)
        table = {row[0]: row[1:] for row in rows}
        known = re.findall(r"^((?:max|timeout) \S+) (.+)$",
                           self.expected("minimal", "ok"), flags=re.M)
        assert {name: row[0] for name, row in table.items()} == dict(known)
        ranges = dict(re.findall(r"(\S+ \S+) must be (from .*)",
                                 self.expected("ranges", "err")))
        for name, (_, low, high) in table.items():
            assert ranges[name] == f"from {low} to {high}"

    def check_no_file(self, tmp_path):
        """There is no line to be named."""
        line, = self.errors(tmp_path / "none.conf")
        line, _, example = line.partition(": an example is ")
        assert line == "none.conf: cannot open: No such file or directory"
        assert not example or re.fullmatch(f"/.*/{self.daemon}.conf", example)

    def check_control(self, tmp_path, text):
        """The control socket is printed where it was given, also by a macro:
        the default is root's alone."""
        for given, printed in (
                ("", ""), ('control "/run/a b.sock"\n',) * 2,
                ("control off\n",) * 2,
                ('run = "/run/x.sock"\ncontrol $run\n',
                 'control "/run/x.sock"\n')):
            path = write(tmp_path / "a.conf", text + given)
            lines = [line for line in self.prints(path).splitlines(True)
                     if line.startswith("control")]
            assert lines == ([printed] if printed else []), given
            again = write(tmp_path / "b.conf", self.prints(path))
            assert self.prints(again) == self.prints(path)
