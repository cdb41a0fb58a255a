# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What another process of the same user can have of keyd, and what is left of
keyd when it dies: nothing.  The same of the other processes of both daemons.
Each thing that must fail is seen to work on a process of our own."""

import ctypes
import faulthandler
import os
import pwd
import resource
import signal
import traceback

import pytest

from lib import daemon, eth, keyd, procfs
from lib.daemon import ROOT, SANITIZE

LIBC = ctypes.CDLL(None, use_errno=True)
(PTRACE_ATTACH, PTRACE_DETACH, PTRACE_SEIZE) = (16, 17, 0x4206)
PR_SET_DUMPABLE, PR_SET_PTRACER = 4, 0x59616d61
ANY = ctypes.c_ulong(-1)
PIDFD_OPEN, PIDFD_GETFD, EFAULT = 434, 438, 14
POOL = 3 * (8192 + 16) + 256 * 32       # bytes, keyd/keyd.h
RULES = [{"client": "sequencer.example", "key": 0, "methods": 2,
          "chains": [10]}]
CHILDREN = ("keyd", "frontend", "dialer", "link", "relay")


# ---- as a process of the same user ---------------------------------------


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def by_ptrace(pid, _, request=PTRACE_ATTACH):
    LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                            ctypes.c_void_p]
    LIBC.ptrace.restype = ctypes.c_long
    if LIBC.ptrace(request, pid, None, None) == -1:
        return False
    if request == PTRACE_ATTACH:
        os.waitpid(pid, 0x40000000)     # __WALL
    else:
        return True                     # ends with this process
    LIBC.ptrace(PTRACE_DETACH, pid, None, None)
    return True


def by_seizing(pid, address):
    return by_ptrace(pid, address, PTRACE_SEIZE)


def by_vm_read(pid, address):
    """EFAULT would say that it was let in."""
    own = ctypes.create_string_buffer(16)
    here = Vector(ctypes.addressof(own), 16)
    there = Vector(address, 16)
    LIBC.process_vm_readv.restype = ctypes.c_ssize_t
    return LIBC.process_vm_readv(pid, ctypes.byref(here), 1,
                                 ctypes.byref(there), 1, 0) != -1 or \
        ctypes.get_errno() == EFAULT


def by_vm_write(pid, address):
    own = ctypes.create_string_buffer(1)
    here = Vector(ctypes.addressof(own), 1)
    there = Vector(address, 1)
    LIBC.process_vm_writev.restype = ctypes.c_ssize_t
    return LIBC.process_vm_writev(pid, ctypes.byref(here), 1,
                                  ctypes.byref(there), 1, 0) != -1


def by_mem_file(pid, address):
    with open("/proc/%d/mem" % pid, "rb", 0) as f:
        f.seek(address)
        return len(f.read(16)) == 16


def by_maps(pid, _):
    with open("/proc/%d/maps" % pid) as f:
        return bool(f.read())


def by_environment(pid, _):
    with open("/proc/%d/environ" % pid, "rb") as f:
        f.read()
    return True


def by_descriptor(pid, _):
    pidfd = LIBC.syscall(PIDFD_OPEN, pid, 0)
    return pidfd >= 0 and LIBC.syscall(PIDFD_GETFD, pidfd, 0, 0) >= 0


def by_link(pid, _):
    return bool(os.readlink("/proc/%d/fd/0" % pid))


def by_core_filter(pid, _):
    with open("/proc/%d/coredump_filter" % pid, "w") as f:
        f.write("0xff")
    return True


WAYS = (by_ptrace, by_seizing, by_vm_read, by_vm_write, by_mem_file, by_maps,
        by_environment, by_descriptor, by_link, by_core_filter)


def become(uid):
    if ROOT:
        entry = pwd.getpwuid(uid)
        os.setgroups([entry.pw_gid])
        os.setresgid(*[entry.pw_gid] * 3)
        os.setresuid(*[uid] * 3)


def attempt(way, uid, pid, address):
    """Whether it works for a process of that user."""
    child = os.fork()
    if child == 0:
        status = 2
        try:
            become(uid)
            ctypes.set_errno(0)
            status = 0 if way(pid, address) else 1
        except OSError:
            status = 1
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1), status
    return status == 0


class Victim:
    """A process of that user that lets everybody in."""

    def __init__(self, uid):
        self.memory = ctypes.create_string_buffer(64)
        self.address = ctypes.addressof(self.memory)
        told, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            become(uid)
            LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
            LIBC.prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
            daemon.die_with_us()
            os.write(tell, b"!")
            while True:
                signal.pause()
        assert os.read(told, 1) == b"!"
        os.close(told)
        os.close(tell)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture(scope="module")
def running(site):
    """Both daemons, linked."""
    rules = "\n".join('allow %sclient "sequencer.example" key "sequencer" '
                      'chain 10' % via for via in ("", 'via "edge" '))
    relay = site.relay([site.signer("hq", [
        "0x37b74bb9bb365760657ab18581ae67613e9eaafc"])],
        'allow client "sequencer.example" chain 10')
    with daemon.Proxyd(site, relay) as proxyd:
        text = site.config(rules=rules, proxies=[
            site.proxy("edge", proxyd.signer_port)])
        with daemon.Signerd(site, text) as signerd:
            signerd.wait_log(msg="link up")
            for each in (signerd, proxyd):
                each.rpc(eth.payload_v2()).result()
            yield dict(signerd.children, **proxyd.children)


def uid_of(pid):
    return int(procfs.status(pid)["Uid"].split()[0])


def somewhere(pid):
    """An address of its stack, where that can be seen."""
    if not ROOT:
        return 4096
    return next(m.end - 64 for m in procfs.mappings(pid)
                if m.name == "[stack]")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CHILDREN)
def test_a_process_of_the_same_user(running, name, way):
    pid = running[name]
    assert not attempt(way, uid_of(pid), pid, somewhere(pid))


@pytest.mark.parametrize("way", WAYS)
def test_the_same_works_elsewhere(way):
    """Else that it fails would say nothing."""
    uid = pwd.getpwnam(daemon.USER).pw_uid if ROOT else os.getuid()
    victim = Victim(uid)
    try:
        if not attempt(way, uid, victim.pid, victim.address):
            pytest.skip("this system allows it to nobody")
    finally:
        victim.end()


# ---- swap, hibernation, cores --------------------------------------------


def pool_of(pid):
    """The mapping that is locked and not dumped."""
    found = [m for m in procfs.mappings(pid)
             if "lo" in m.flags and not m.dumped]
    assert len(found) == 1, found
    return found[0]


def test_keys_are_in_locked_memory(running):
    """Neither swapped nor dumped; a guard page on either side."""
    locked = int(procfs.status(running["keyd"])["VmLck"].split()[0])
    assert locked * 1024 >= POOL
    if not ROOT:
        pytest.skip("a user may not see an undumpable process's mappings")
    pool = pool_of(running["keyd"])
    assert pool.end - pool.start >= POOL
    assert pool.mode.startswith("rw-")
    beside = [m.mode for m in procfs.mappings(running["keyd"])
              if pool.start == m.end or pool.end == m.start]
    assert beside == ["---p", "---p"]


def secret_kind(server):
    server.drain_log()
    return next(kind for line in server.log
                for kind in ("memfd_secret", "mlock")
                if b"keys are kept in " + kind.encode() in line)


def test_which_memory_it_is(site):
    """As keyd says at debug level, so it is."""
    with keyd.Keyd(site) as server:
        server.configure([site.key("sequencer")],
                         [dict(rule) for rule in RULES])
        kind = secret_kind(server)
        if not ROOT:
            pytest.skip("a user may not see an undumpable process's mappings")
        assert ("secretmem" in pool_of(server.pid).name) == (
            kind == "memfd_secret")


def refuse_secret_memory():
    """A kernel without memfd_secret, from here on, in this process."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(0x7fff0000))  # allow
    number = library.seccomp_syscall_resolve_name(b"memfd_secret")
    if number < 0 or library.seccomp_rule_add(
            context, 0x00050000 | 38, number, 0) or \
            library.seccomp_load(context):
        return False
    return True


def locked_instead(site):
    """0 if the key is in anonymous memory that is locked, not dumped and not
    inherited; 3 where the kernel cannot be made to lack the other kind."""
    if not refuse_secret_memory():
        return 3
    with keyd.Keyd(site) as server:
        server.configure([site.key("sequencer")],
                         [dict(rule) for rule in RULES])
        assert secret_kind(server) == "mlock"
        if ROOT:
            pool = pool_of(server.pid)
            assert "dc" in pool.flags and pool.name == ""
    return 0


def without_locked_memory(site):
    """0 if keyd, started by a user who may lock two pages, gives up and says
    what to do; 3 where it cannot be started so."""
    become(pwd.getpwnam(daemon.USER).pw_uid if ROOT else os.getuid())
    daemon.ROOT = False
    if not os.access(keyd.KEYD, os.X_OK):
        return 3
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (8192, 8192))
    server = keyd.Keyd(site)
    try:
        assert server.hear() is None
        assert server.wait() == 1
        assert any(b"raise the limit of locked memory" in each
                   for each in server.log)
    finally:
        server.__exit__(Exception)
    return 0


def in_a_child(function, *arguments):
    """What it returns, 1 if it fails; what it does to the process is gone."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = function(*arguments)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_without_secret_memory(site):
    if SANITIZE:
        pytest.skip("the sanitizers' runtime is not for such kernels")
    status = in_a_child(locked_instead, site)
    if status == 3:
        pytest.skip("libseccomp does not know memfd_secret")
    assert status == 0


def test_no_locked_memory_no_keyd(site):
    if SANITIZE:
        pytest.skip("the sanitizers lock no memory, and say that they did")
    status = in_a_child(without_locked_memory, site)
    if status == 3:
        pytest.skip("another user may not start what was built here")
    assert status == 0


# ---- death ---------------------------------------------------------------


def cores_are_written(directory):
    """Whether a process of ours, which may leave one, does."""
    child = os.fork()
    if child == 0:
        faulthandler.disable()
        os.chdir(directory)
        resource.setrlimit(resource.RLIMIT_CORE,
                           [resource.getrlimit(resource.RLIMIT_CORE)[1]] * 2)
        os.kill(os.getpid(), signal.SIGSEGV)
    _, status = os.waitpid(child, 0)
    return os.WCOREDUMP(status)


@pytest.mark.parametrize("number", (signal.SIGSEGV, signal.SIGABRT,
                                    signal.SIGBUS, signal.SIGQUIT,
                                    signal.SIGSYS))
def test_keyd_leaves_no_core(site, tmp_path, number):
    """Not even where its parent's limit would allow one."""
    if SANITIZE:
        pytest.skip("the sanitizers catch such signals themselves")
    old = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (old[1], old[1]))
    try:
        server = keyd.Keyd(site)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, old)
    try:
        server.configure([site.key("sequencer")],
                         [dict(rule) for rule in RULES])
        assert procfs.limits(server.pid)["Max core file size"] == ("0", "0")
        os.kill(server.pid, number)
        _, status = os.waitpid(server.pid, 0)
        server.status = os.waitstatus_to_exitcode(status)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
        assert not os.WCOREDUMP(status)
        assert os.listdir(site.root) == []
    finally:
        server.__exit__(Exception)
    if not cores_are_written(str(tmp_path)):
        pytest.skip("this system writes no core for anybody")
