# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The tarball of make dist: of the same tree always the same bytes."""

import base64
import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EPOCH = 1700000000
# What the script itself reads, and some more.
FILES = ("packaging", "etc/rc.d", "configure", "Makefile", "LICENSE",
         "README.md")

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None,
    reason="a tarball is made of what git knows")


def git(*arguments, cwd=ROOT):
    return subprocess.run(
        ["git", "-c", "safe.directory=*", *arguments], cwd=cwd, check=True,
        capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of a part of what git knows, which tests can change."""
    made = tmp_path_factory.mktemp("tree")
    for name in git("ls-files", *FILES).splitlines():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made / name)
    git("init", "-q", cwd=made)
    git("add", "-A", cwd=made)
    return made


def dist(tree, to, umask=0o022, **variables):
    """As make dist does; what is installed is made up."""
    prefix = to / "prefix"
    for name in ("sbin/signerd", "libexec/signerd/keyd",
                 "share/man/man8/signerd.8", "share/examples/signerd/x"):
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text("")
    environment = dict(os.environ, SOURCE_DATE_EPOCH=str(EPOCH),
                       GIT_CONFIG_COUNT="1",
                       GIT_CONFIG_KEY_0="safe.directory",
                       GIT_CONFIG_VALUE_0="*", **variables)
    subprocess.run([tree / "packaging" / "dist", "1.2.3", to, prefix],
                   check=True, capture_output=True, umask=umask,
                   env=environment)
    return to / "signerd-1.2.3.tar.gz"


def test_same_bytes(tree, tmp_path):
    """Whatever the time, the zone, the umask, and the modes of files."""
    first = dist(tree, tmp_path / "a").read_bytes()
    for name in git("ls-files", cwd=tree).splitlines():
        path = tree / name
        os.utime(path, (1, 1))
        path.chmod(0o700 if os.access(path, os.X_OK) and
                   path.stat().st_mode & 0o111 else 0o600)
    second = dist(tree, tmp_path / "b", 0o077, TZ="Asia/Tokyo",
                  LC_ALL="C.UTF-8")
    assert second.read_bytes() == first
    with tarfile.open(second) as tar:
        members = tar.getmembers()
        names = [each.name for each in members]
        assert {(each.mtime, each.uid, each.gid) for each in members} == {
            (EPOCH, 0, 0)}
        modes = {each.name: each.mode for each in members}
    assert sorted(names) == sorted(
        "signerd-1.2.3/" + name
        for name in git("ls-files", cwd=tree).splitlines())
    assert modes["signerd-1.2.3/configure"] == 0o755
    assert modes["signerd-1.2.3/Makefile"] == 0o644
    (tree / "README.md").write_text("changed\n")
    third = dist(tree, tmp_path / "c").read_bytes()
    assert third != first


def test_port(tree, tmp_path):
    """What the ports tree of OpenBSD would find."""
    data = dist(tree, tmp_path).read_bytes()
    port = tmp_path / "ports" / "security" / "signerd"
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert (port / "distinfo").read_text() == (
        "SHA256 (signerd-1.2.3.tar.gz) = %s\n"
        "SIZE (signerd-1.2.3.tar.gz) = %d\n" % (digest, len(data)))
    assert "signerd-1.2.3\n" in (port / "Makefile").read_text()
    plist = (port / "pkg" / "PLIST").read_text().splitlines()
    assert plist[-4:] == [
        "@bin libexec/signerd/keyd", "@man man/man8/signerd.8",
        "@bin sbin/signerd", "share/examples/signerd/x"]
    for name in ("signerd", "proxyd"):
        script = (port / "pkg" / (name + ".rc")).read_text()
        assert 'daemon="${TRUEPREFIX}/sbin/%s"\n' % name in script
    assert not [path for path in port.rglob("*")
                if path.is_file() and "@VERSION@" in path.read_text()]


def test_missing_file(tree, tmp_path):
    """A tree that is not whole makes no tarball."""
    (tree / "LICENSE").unlink()
    with pytest.raises(subprocess.CalledProcessError) as e:
        dist(tree, tmp_path)
    assert b"LICENSE is not there" in e.value.stderr
    assert not (tmp_path / "signerd-1.2.3.tar.gz").exists()
