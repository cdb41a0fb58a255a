# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""From outside: what each process of a running signerd and of a running
proxyd is and holds, with a link between the two."""

import collections
import os
import pwd
import re
import stat

import pytest

from lib import daemon, eth, linked, procfs
from lib.daemon import ROOT, SANITIZE

RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "batcher.example" key "batcher" method transaction\n'
         'allow via "edge" client "sequencer.example" key "sequencer" '
         'chain 10')
RELAYED = 'allow client "sequencer.example" method block-payload chain 10'
CHILDREN = ("keyd", "frontend", "dialer", "link", "audit", "relay")
PARENTS = ("signerd", "proxyd")
# CAP_KILL, and for a reload CAP_DAC_READ_SEARCH and CAP_NET_BIND_SERVICE
CAP_PARENT = 1 << 5 | 1 << 2 | 1 << 10
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


Running = collections.namedtuple("Running", ("signerd", "proxyd"))


@pytest.fixture(scope="module")
def running(site):
    """Both have worked: a request came directly, and one by the link."""
    signer = site.signer("hq", [linked.ADDRESS["sequencer"]])
    with daemon.Proxyd(site, site.relay([signer], RELAYED)) as proxyd:
        text = site.config(
            rules=RULES, keys=("sequencer", "batcher"),
            extra='audit file "%s"' % site.path("audit.log"),
            proxies=[site.proxy("edge", proxyd.signer_port)])
        with daemon.Signerd(site, text) as signerd:
            signerd.wait_log(msg="link up")
            for each in (signerd, proxyd):
                each.rpc(eth.payload_v2()).result()
            yield Running(signerd, proxyd)


def pid_of(running, name):
    if name in PARENTS:
        return getattr(running, name).pid
    if name == "relay":
        return running.proxyd.children[name]
    return running.signerd.children[name]


def test_these_are_all(running):
    children = [name for each in running for name in each.children]
    assert sorted(children) == sorted(CHILDREN)
    for each in running:
        assert len(procfs.session(each.pid)) == 1 + len(each.children)


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
def test_user_and_group(running, name):
    status = procfs.status(pid_of(running, name))
    uid = expected_uid(name)
    gid = pwd.getpwuid(uid).pw_gid if ROOT else os.getgid()
    assert status["Uid"].split() == [str(uid)] * 4
    assert status["Gid"].split() == [str(gid)] * 4
    if ROOT:
        assert uid != 0 and gid != 0
        assert status["Groups"].split() in ([], [str(gid)])


@pytest.mark.parametrize("name", CHILDREN + PARENTS)
def test_seccomp_and_no_new_privileges(running, name):
    status = procfs.status(pid_of(running, name))
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert status["Threads"] == "1"


@pytest.mark.parametrize("name", CHILDREN)
@pytest.mark.parametrize("which", CAPABILITIES)
def test_children_have_no_capability(running, name, which):
    if which == "CapBnd" and not ROOT:
        pytest.skip("a user may not shrink the bounding set; "
                    "no_new_privs makes it harmless")
    assert int(procfs.status(pid_of(running, name))[which], 16) == 0


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("which", CAPABILITIES)
def test_parent_may_signal_reload_and_no_more(running, name, which):
    if which == "CapBnd" and not ROOT:
        pytest.skip("a user may not shrink the bounding set; "
                    "no_new_privs makes it harmless")
    wanted = CAP_PARENT if ROOT and which in ("CapPrm", "CapEff") else 0
    assert int(procfs.status(pid_of(running, name))[which], 16) == wanted


@pytest.mark.parametrize("name", CHILDREN + PARENTS)
def test_no_core(running, name):
    assert procfs.limits(pid_of(running, name))["Max core file size"] == (
        "0", "0")


@pytest.mark.parametrize("name", CHILDREN)
def test_limits_of_children(running, name):
    if SANITIZE:
        pytest.skip("the sanitizers need files of their own")
    limits = procfs.limits(pid_of(running, name))
    if name != "audit":
        assert limits["Max file size"] == ("0", "0")
    assert limits["Max processes"] == ("0", "0")
    if name in ("audit", "keyd"):
        assert int(limits["Max open files"][1]) <= 64


@pytest.mark.parametrize("name", CHILDREN + PARENTS)
def test_undumpable(running, name):
    """What is not dumpable belongs to root in /proc, whoever runs it."""
    entry = os.stat("/proc/%d/mem" % pid_of(running, name))
    assert (entry.st_uid, entry.st_gid) == (0, 0)


@pytest.mark.parametrize("name", CHILDREN)
def test_a_user_may_not_look(running, name):
    """The other user of the machine is the one who runs the children."""
    if ROOT:
        pid = os.fork()
        if pid == 0:
            os.setgroups([])
            uid = expected_uid(name)
            os.setresgid(*[pwd.getpwuid(uid).pw_gid] * 3)
            os.setresuid(*[uid] * 3)
            os._exit(looks(pid_of(running, name)))
        assert os.waitpid(pid, 0)[1] == 0
    else:
        assert looks(pid_of(running, name)) == 0


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
def test_root_directory(running, site, name):
    only_root("the root directory")
    pid = pid_of(running, name)
    assert os.readlink("/proc/%d/root" % pid) == site.root
    assert os.readlink("/proc/%d/cwd" % pid) == site.root
    assert os.listdir(site.root) == []
    entry = os.stat(site.root)
    assert entry.st_uid == 0 and not stat.S_IMODE(entry.st_mode) & 0o022


# libevent's, and its own pipe.
LOOP = ["anon_inode:[eventpoll]", "pipe", "pipe"]
DESCRIPTORS = {
    # Its messages with the parent, the frontend, the link process and the
    # audit process.
    "keyd": ["unix"] * 4,
    # The parent, keyd; the file.
    "audit": ["unix"] * 2 + ["audit.log"],
    # The parent, keyd, the listener.
    "frontend": LOOP + ["listen", "unix", "unix"],
    # The parent, the link process.
    "dialer": LOOP + ["unix"] * 2,
    # The parent, keyd, the dialer; the link.
    "link": LOOP + ["tcp"] + ["unix"] * 3,
    # The parent, both listeners; the link.
    "relay": LOOP + ["listen", "listen", "tcp", "unix"],
    # Their children.
    "signerd": LOOP + ["unix"] * 5,
    "proxyd": LOOP + ["unix"],
}


@pytest.mark.parametrize("name", CHILDREN)
def test_descriptors_of_children(running, name):
    """While no client is connected: exactly these and no other."""
    only_root("the descriptors")
    found = idle_descriptors(running, name)
    # Sanitizers report on the third.
    assert [found.pop(n) for n in (0, 1, 2)] == [
        "/dev/null", "/dev/null", "pipe" if SANITIZE else "/dev/null"]
    assert found[3] == "unix"
    if name == "audit":
        found = {n: os.path.basename(each) for n, each in found.items()}
    assert sorted(found.values()) == sorted(DESCRIPTORS[name])


def idle_descriptors(running, name):
    """Once the connections of earlier tests have been closed there."""
    while True:
        found = procfs.descriptors(pid_of(running, name))
        if list(found.values()).count("tcp") == \
                DESCRIPTORS[name].count("tcp"):
            return found


def test_the_audit_file_is_open_for_appending_alone(running):
    """So no mapping of it can be written to either."""
    only_root("the descriptors")
    pid = pid_of(running, "audit")
    found = [n for n, each in procfs.descriptors(pid).items()
             if each.endswith("audit.log")]
    with open("/proc/%d/fdinfo/%d" % (pid, found[0])) as f:
        flags = int(re.search(r"flags:\s*([0-7]+)", f.read()).group(1), 8)
    assert len(found) == 1
    assert flags & os.O_ACCMODE == os.O_WRONLY and flags & os.O_APPEND


@pytest.mark.parametrize("name", PARENTS)
def test_descriptors_of_parents(running, name):
    only_root("the descriptors")
    found = procfs.descriptors(pid_of(running, name))
    assert [found.pop(n) for n in (0, 1, 2)] == [
        "/dev/null", "/dev/null", "pipe"]
    assert sorted(found.values()) == sorted(DESCRIPTORS[name])


@pytest.mark.parametrize("name,which", (("frontend", "signerd"),
                                        ("relay", "proxyd")))
def test_a_connection_is_one_descriptor(running, name, which):
    only_root("the descriptors")
    before = idle_descriptors(running, name)
    with getattr(running, which).connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        during = procfs.descriptors(pid_of(running, name))
        assert sorted(during.values()) == sorted(
            list(before.values()) + ["tcp"])
    assert idle_descriptors(running, name) == before


@pytest.mark.parametrize("name", CHILDREN)
def test_environment(running, name):
    """Nothing but what malloc(3) is told."""
    only_root("the environment")
    if SANITIZE:
        pytest.skip("the sanitizers take their options from it")
    with open("/proc/%d/environ" % pid_of(running, name), "rb") as f:
        assert f.read() in (
            b"", b"GLIBC_TUNABLES=glibc.malloc.tcache_count=0\0")


@pytest.mark.parametrize("name", CHILDREN)
def test_command_line_tells_nothing(running, site, name):
    with open("/proc/%d/cmdline" % pid_of(running, name), "rb") as f:
        words = f.read().split(b"\0")
    assert words[0] == name.encode()
    assert not any(b"keys" in word or b".pem" in word for word in words)


@pytest.mark.parametrize("name", CHILDREN + PARENTS)
def test_no_memory_is_writable_and_executable(running, name):
    only_root("the mappings")
    assert not [m for m in procfs.mappings(pid_of(running, name))
                if "w" in m.mode and "x" in m.mode]
