# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
"""Each process, with the table that the daemon installs, dies of calls that
it has no business with; without the table the same calls return."""

import ctypes
import os
import signal
import socket
import subprocess
import tempfile

import pytest

from lib.daemon import BUILD, SANITIZE, write_configs

WORKED, FAILED = 40, 41

# What no process may do.
NOBODY = [
    "accept", "bind", "bpf", "chmod", "chroot", "execve",
    "fastopen_sendmsg", "fastopen_sendto", "fork", "io_uring", "ip_tos",
    "keyctl", "listen", "memfd_create", "mkdir", "mmap_exec", "mount",
    "mprotect_exec", "packet", "perf_event", "pidfd_open", "prctl",
    "process_vm_readv", "ptrace", "rename", "setresgid", "setsockopt",
    "setuid", "socket", "tcp_fastopen", "tcp_fastopen_connect", "tcp_repair",
    "tcp_ulp", "tiocsti", "unlink", "unshare", "userfaultfd",
]
CHILDREN = ["connect", "create", "getxattr", "kill", "open", "readlink"]
# With shutdown(2), which is the frontend's alone, a listener could connect.
RECONNECT = ["reconnect_sendmsg", "reconnect_sendto"]

# Of sockets: what the dialer, which has some, may not; nor may the others.
SOCKETS = ["dupfd", "getfl", "netlink", "peercred", "ping", "raw", "sctp",
           "socketpair", "unix"]

# Those with connections, beside what they do with these.
NETWORK = SOCKETS + CHILDREN + RECONNECT + ["dial"]
BUT_ACCEPT = [c for c in NOBODY if c != "accept"]
# Sockets to listen on are bound for a reload; that for control is removed.
BUT_BIND = [c for c in NOBODY if c not in (
    "bind", "listen", "setsockopt", "unlink")]

# Of a file that is open to be appended to.
CHANGE = ["fallocate", "ftruncate", "getfl", "pwrite", "seek"]

DENIED = {
    "audit": NOBODY + SOCKETS + CHILDREN + ["tcp_nodelay", "tcp_user_timeout",
                                            "dial"],
    "keyd": NOBODY + SOCKETS + CHILDREN + ["tcp_nodelay", "tcp_user_timeout",
                                           "dial"],
    "frontend": BUT_ACCEPT + NETWORK + ["tcp_user_timeout"],
    # All but connecting, and sockets of the one kind that it makes.
    "dialer": NOBODY + SOCKETS + RECONNECT + ["create", "getxattr", "kill",
                                              "open", "readlink",
                                              "tcp_user_timeout"],
    # Its connections are made for it.
    "link": NOBODY + NETWORK,
    "relay": BUT_ACCEPT + NETWORK,
    "signerd": BUT_BIND + ["tcp_nodelay", "tcp_user_timeout"],
    "proxyd": BUT_BIND + ["tcp_nodelay", "tcp_user_timeout"],
    # Of files it gives and takes names, and can open none.
    "signerctl": [c for c in NOBODY if c not in ("rename", "unlink")] +
                 SOCKETS + CHILDREN + RECONNECT + [
                     "dial", "tcp_nodelay", "tcp_user_timeout"],
}
PARENTS = ("signerd", "proxyd")
# Returning at all is the point; these do succeed where nothing stops them.
SUCCEED_WITHOUT = {"open", "socket", "fork", "unix", "socketpair", "dupfd",
                   "getfl", "netlink", "dial", "mprotect_exec", "mmap_exec",
                   "memfd_create", "prctl", "ptrace", "tcp_nodelay",
                   "tcp_user_timeout", "unshare"}
if os.geteuid() != 0:
    # The parent is of the same user.
    SUCCEED_WITHOUT.add("kill")

CASES = [(p, c) for p in sorted(DENIED) for c in DENIED[p]]

pytestmark = pytest.mark.skipif(
    SANITIZE, reason="sanitizer builds have a wider table of their own")


def run_child(name, call, when, chroot):
    """The status of a child that is started as its parent would."""
    ours, theirs = socket.socketpair()
    argv = [os.path.join(BUILD, "regress", name + "-hook"), "-l", "error"]
    if os.geteuid() == 0:
        argv += ["-c", chroot, "-u", "65534", "-g", "65534"]
    env = {"SANDBOX_PROBE": call, "SANDBOX_WHEN": when}

    def place():
        os.dup2(theirs.fileno(), 3)

    with ours, theirs:
        p = subprocess.Popen(argv, env=env, preexec_fn=place,
                             pass_fds=(3,) if theirs.fileno() == 3 else (),
                             close_fds=False, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        try:
            return p.wait(timeout=60)
        finally:
            p.kill()
            p.wait()


def run_parent(name, call, when, conf):
    argv = [os.path.join(BUILD, "regress", name + "-hook"), "-d", "-f", conf,
            "-x", os.path.join(BUILD, "libexec")]
    env = dict(os.environ, SANDBOX_PROBE=call, SANDBOX_WHEN=when)
    p = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    try:
        return p.wait(timeout=60)
    finally:
        p.kill()
        p.wait()


def run_tool(call, when, directory):
    """While it makes a key: nothing is left of it, whatever comes of that."""
    with tempfile.TemporaryDirectory(dir=directory) as made:
        return subprocess.run(
            [os.path.join(BUILD, "regress", "signerctl-hook"), "key",
             "generate", os.path.join(made, "key")],
            env=dict(os.environ, SANDBOX_PROBE=call, SANDBOX_WHEN=when),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=60).returncode


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return write_configs(tmp_path_factory.mktemp("calls"))


def run(name, call, when, place):
    if name in PARENTS:
        return run_parent(name, call, when, place.confs[name])
    if name == "signerctl":
        return run_tool(call, when, os.path.dirname(place.chroot))
    return run_child(name, call, when, place.chroot)


# Where the libc lacks this, libevent's own generator looks for files.
REFUSED_ONLY = {("dialer", "open"), ("dialer", "create")} if not hasattr(
    ctypes.CDLL(None), "arc4random_buf") else set()


@pytest.mark.parametrize("name,call", CASES)
def test_killed_inside(name, call, place):
    if (name, call) in REFUSED_ONLY:
        assert run(name, call, "after", place) == FAILED
        return
    assert run(name, call, "after", place) == -signal.SIGSYS


@pytest.mark.parametrize("name,call", CASES)
def test_returns_outside(name, call, place):
    status = run(name, call, "before", place)
    if call in SUCCEED_WITHOUT:
        assert status == WORKED
    else:
        assert status in (WORKED, FAILED)


@pytest.mark.parametrize("call", CHANGE)
def test_the_audit_file_can_only_grow(call, place):
    """By these; how it is open, test_processes.py sees."""
    assert run("audit", call, "after", place) == -signal.SIGSYS
    assert run("audit", call, "before", place) in (WORKED, FAILED)


@pytest.mark.parametrize("name", ("link", "relay"))
def test_links_have_a_time_limit_in_the_kernel(name, place):
    for call in ("tcp_user_timeout", "tcp_nodelay"):
        assert run(name, call, "after", place) == WORKED


def landlock():
    """The version of its interface; 0 where there is none."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(libc.syscall(444, None, ctypes.c_size_t(0), 1), 0)


@pytest.mark.parametrize("name", PARENTS)
def test_a_parent_binds(name, place):
    """For a reload; but what it binds does not connect."""
    assert run(name, "listener", "after", place) == WORKED
    assert run(name, "parent_connect", "before", place) == WORKED
    if landlock() < 4:
        pytest.skip("this kernel's landlock knows nothing of TCP")
    assert run(name, "parent_connect", "after", place) == FAILED


def test_the_dialer_dials(place):
    """What it is for still works inside."""
    assert run("dialer", "dial", "after", place) == WORKED
    assert run("dialer", "connect", "after", place) == FAILED
