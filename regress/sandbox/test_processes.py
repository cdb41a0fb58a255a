# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""From outside: what each process of a running signerd is and holds."""

import os
import pwd
import stat

import pytest

from lib import daemon, eth, procfs
from lib.daemon import ROOT, SANITIZE

RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "batcher.example" key "batcher" method transaction')
CHILDREN = ("keyd", "frontend")
CAP_KILL = 1 << 5
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


@pytest.fixture(scope="module")
def signerd(site, serve):
    made = serve(site.config(rules=RULES, keys=("sequencer", "batcher")))
    made.rpc(eth.payload_v2()).result()
    return made


def pid_of(signerd, name):
    return signerd.pid if name == "parent" else signerd.children[name]


def only_root(what):
    if not ROOT:
        pytest.skip("a user may not see %s of an undumpable process" % what)


def expected_uid(name):
    if not ROOT:
        return os.getuid()
    user = daemon.USER
    if name == "keyd":
        try:
            return pwd.getpwnam("_keyd").pw_uid
        except KeyError:
            pass
    return pwd.getpwnam(user).pw_uid


# ---- rights --------------------------------------------------------------


@pytest.mark.parametrize("name", CHILDREN)
def test_user_and_group(signerd, name):
    status = procfs.status(pid_of(signerd, name))
    uid = expected_uid(name)
    gid = pwd.getpwuid(uid).pw_gid if ROOT else os.getgid()
    assert status["Uid"].split() == [str(uid)] * 4
    assert status["Gid"].split() == [str(gid)] * 4
    if ROOT:
        assert uid != 0 and gid != 0
        assert status["Groups"].split() in ([], [str(gid)])


@pytest.mark.parametrize("name", CHILDREN + ("parent",))
def test_seccomp_and_no_new_privileges(signerd, name):
    status = procfs.status(pid_of(signerd, name))
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert status["Threads"] == "1"


@pytest.mark.parametrize("name", CHILDREN)
@pytest.mark.parametrize("which", CAPABILITIES)
def test_children_have_no_capability(signerd, name, which):
    if which == "CapBnd" and not ROOT:
        pytest.skip("a user may not shrink the bounding set; "
                    "no_new_privs makes it harmless")
    assert int(procfs.status(pid_of(signerd, name))[which], 16) == 0


@pytest.mark.parametrize("which", CAPABILITIES)
def test_parent_may_signal_and_no_more(signerd, which):
    if which == "CapBnd" and not ROOT:
        pytest.skip("a user may not shrink the bounding set; "
                    "no_new_privs makes it harmless")
    wanted = CAP_KILL if ROOT and which in ("CapPrm", "CapEff") else 0
    assert int(procfs.status(signerd.pid)[which], 16) == wanted


@pytest.mark.parametrize("name", CHILDREN + ("parent",))
def test_no_core(signerd, name):
    assert procfs.limits(pid_of(signerd, name))["Max core file size"] == (
        "0", "0")


@pytest.mark.parametrize("name", CHILDREN)
def test_limits_of_children(signerd, name):
    if SANITIZE:
        pytest.skip("the sanitizers need files of their own")
    limits = procfs.limits(pid_of(signerd, name))
    assert limits["Max file size"] == ("0", "0")
    assert limits["Max processes"] == ("0", "0")
    if name == "keyd":
        assert int(limits["Max open files"][1]) <= 64


@pytest.mark.parametrize("name", CHILDREN + ("parent",))
def test_undumpable(signerd, name):
    """What is not dumpable belongs to root in /proc, whoever runs it."""
    entry = os.stat("/proc/%d/mem" % pid_of(signerd, name))
    assert (entry.st_uid, entry.st_gid) == (0, 0)


@pytest.mark.parametrize("name", CHILDREN)
def test_a_user_may_not_look(signerd, name):
    """The other user of the machine is the one who runs the children."""
    if ROOT:
        pid = os.fork()
        if pid == 0:
            os.setgroups([])
            uid = expected_uid(name)
            os.setresgid(*[pwd.getpwuid(uid).pw_gid] * 3)
            os.setresuid(*[uid] * 3)
            os._exit(looks(pid_of(signerd, name)))
        assert os.waitpid(pid, 0)[1] == 0
    else:
        assert looks(pid_of(signerd, name)) == 0


def looks(pid):
    """1 if the memory or the descriptors can be had."""
    for path in ("mem", "fd", "environ", "maps"):
        full = "/proc/%d/%s" % (pid, path)
        try:
            if path == "fd":
                os.listdir(full)
            else:
                with open(full, "rb") as f:
                    f.read(1)
            return 1
        except OSError:
            pass
    return 0


# ---- files ---------------------------------------------------------------


@pytest.mark.parametrize("name", CHILDREN)
def test_root_directory(signerd, site, name):
    only_root("the root directory")
    pid = pid_of(signerd, name)
    assert os.readlink("/proc/%d/root" % pid) == site.root
    assert os.readlink("/proc/%d/cwd" % pid) == site.root
    assert os.listdir(site.root) == []
    entry = os.stat(site.root)
    assert entry.st_uid == 0 and not stat.S_IMODE(entry.st_mode) & 0o022


DESCRIPTORS = {
    # Its messages with the parent and with the frontend.
    "keyd": ["unix", "unix"],
    # The parent, keyd, the listener, libevent's loop and its own pipe.
    "frontend": ["anon_inode:[eventpoll]", "listen", "pipe", "pipe", "unix",
                 "unix"],
    # Its two children, libevent's loop and its own pipe, for signals.
    "parent": ["anon_inode:[eventpoll]", "pipe", "pipe", "unix", "unix"],
}


@pytest.mark.parametrize("name", CHILDREN)
def test_descriptors_of_children(signerd, name):
    """While no client is connected: exactly these and no other."""
    only_root("the descriptors")
    found = idle_descriptors(pid_of(signerd, name))
    # Sanitizers report on the third.
    assert [found.pop(n) for n in (0, 1, 2)] == [
        "/dev/null", "/dev/null", "pipe" if SANITIZE else "/dev/null"]
    assert found[3] == "unix"
    assert sorted(found.values()) == DESCRIPTORS[name]


def idle_descriptors(pid):
    """Once the connections of earlier tests have been closed there."""
    while True:
        found = procfs.descriptors(pid)
        if "tcp" not in found.values():
            return found


def test_descriptors_of_the_parent(signerd):
    only_root("the descriptors")
    found = procfs.descriptors(signerd.pid)
    assert [found.pop(n) for n in (0, 1, 2)] == [
        "/dev/null", "/dev/null", "pipe"]
    assert sorted(found.values()) == DESCRIPTORS["parent"]


def test_a_connection_is_one_descriptor(signerd):
    only_root("the descriptors")
    pid = pid_of(signerd, "frontend")
    before = idle_descriptors(pid)
    with signerd.connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        during = procfs.descriptors(pid)
        assert sorted(during.values()) == sorted(
            list(before.values()) + ["tcp"])
    assert idle_descriptors(pid) == before


@pytest.mark.parametrize("name", CHILDREN)
def test_empty_environment(signerd, name):
    only_root("the environment")
    if SANITIZE:
        pytest.skip("the sanitizers take their options from it")
    with open("/proc/%d/environ" % pid_of(signerd, name), "rb") as f:
        assert f.read() == b""


@pytest.mark.parametrize("name", CHILDREN)
def test_command_line_tells_nothing(signerd, site, name):
    with open("/proc/%d/cmdline" % pid_of(signerd, name), "rb") as f:
        words = f.read().split(b"\0")
    assert words[0] == name.encode()
    assert not any(b"keys" in word or b".pem" in word for word in words)


@pytest.mark.parametrize("name", CHILDREN + ("parent",))
def test_no_memory_is_writable_and_executable(signerd, name):
    only_root("the mappings")
    assert not [m for m in procfs.mappings(pid_of(signerd, name))
                if "w" in m.mode and "x" in m.mode]
