# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Which calls fail, and how: all of it, or what make check has the time for."""

import errno as E
import os
import zlib

from lib.faulty import SHORT

WHOLE = os.environ.get("SIGNERD_FAULTS") == "all"
MEMORY = ("calloc", "malloc", "realloc")

# Of calls that are made before a daemon is ready: what they may fail with.
START = {
    "bind": [E.ENOMEM], "chroot": [E.ENOMEM],
    "connect": [E.ENETUNREACH, E.EINTR],
    "dup2": [E.EMFILE], "dup3": [E.EMFILE],
    "epoll_create1": [E.EMFILE, E.ENOMEM], "epoll_ctl": [E.ENOMEM],
    "epoll_wait": [E.EINTR, SHORT], "execve": [E.ENOMEM, E.EACCES],
    "fcntl": [E.EMFILE], "fork": [E.EAGAIN, E.ENOMEM], "fstat": [E.EIO],
    "ftruncate": [E.ENOSPC], "getaddrinfo": [E.ENOMEM],
    "getentropy": [E.EIO], "getpwnam": [E.EIO, E.EMFILE],
    "getrandom": [E.EINTR, E.ENOSYS], "getrlimit": [E.EPERM],
    "getsockname": [E.ENOBUFS], "getsockopt": [E.ENOBUFS],
    "listen": [E.ENOBUFS], "madvise": [E.ENOMEM], "mlock": [E.ENOMEM],
    "mmap": [E.ENOMEM], "open": [E.EMFILE, E.ENFILE, E.EIO],
    "opendir": [E.EMFILE, E.ENOMEM], "pipe2": [E.EMFILE, E.ENFILE],
    "poll": [E.EINTR, E.EAGAIN, E.ENOMEM], "prctl": [E.EPERM],
    "read": [E.EIO, E.EINTR, SHORT],
    "recvmsg": [E.EINTR, E.EAGAIN, SHORT, E.ENOMEM, E.ENOBUFS],
    "sendmsg": [E.EINTR, E.EAGAIN, SHORT, E.ENOBUFS, E.ENOMEM],
    "setgroups": [E.EPERM], "setresgid": [E.EAGAIN],
    "setresuid": [E.EAGAIN], "setrlimit": [E.EPERM],
    "setsockopt": [E.ENOBUFS], "socket": [E.EMFILE, E.ENFILE, E.ENOBUFS],
    "socketpair": [E.EMFILE, E.ENFILE, E.ENOMEM], "stat": [E.EIO],
    "syscall": [E.ENOMEM], "waitpid": [E.EINTR],
    "write": [E.EINTR, SHORT, E.ENOSPC, E.EIO, E.EPIPE],
}

# And of those that serve a request.
SERVE = {
    "accept4": [E.EMFILE, E.ENFILE, E.ENOBUFS, E.ENOMEM, E.ECONNABORTED,
                E.EINTR, E.EAGAIN, E.EPROTO],
    "connect": [E.ENETUNREACH, E.EINTR], "epoll_ctl": [E.ENOMEM, E.ENOSPC],
    "epoll_wait": [E.EINTR, SHORT], "getentropy": [E.EIO],
    "getrandom": [E.EINTR], "getsockopt": [E.ENOBUFS],
    "madvise": [E.ENOMEM], "mmap": [E.ENOMEM],
    "poll": [E.EINTR, E.EAGAIN],
    "read": [E.EINTR, E.EAGAIN, SHORT, E.EIO, E.ECONNRESET, E.ENOMEM],
    "recv": [E.EINTR, E.EAGAIN, SHORT, E.ECONNRESET, E.ENOMEM],
    "recvfrom": [E.EINTR, E.EAGAIN],
    "recvmsg": [E.EINTR, E.EAGAIN, SHORT],
    "send": [E.EINTR, E.EAGAIN, SHORT, E.ENOBUFS, E.EPIPE],
    "sendmsg": [E.EINTR, E.EAGAIN, SHORT, E.ENOBUFS, E.ENOMEM],
    "setsockopt": [E.ENOBUFS], "socket": [E.EMFILE, E.ENFILE, E.ENOBUFS],
    "write": [E.EINTR, E.EAGAIN, SHORT, E.ENOSPC, E.EIO, E.EPIPE,
              E.ENOBUFS, E.ECONNRESET],
}

# Starts that once went wrong, by process.
ALWAYS = {
    "signerd": [("read", n, E.EIO) for n in (3, 4)] + [
        ("getpwnam", 1, E.EMFILE),
        ("epoll_ctl", 3, E.ENOMEM), ("open", 1, E.EMFILE)],
    "keyd": [("sendmsg", 1, E.ENOMEM), ("sendmsg", 1, E.EIO), ("recvmsg", 2, SHORT),
             ("setrlimit", 1, E.EPERM), ("poll", 2, E.EAGAIN)],
    "frontend": [("recvmsg", 2, SHORT), ("recvmsg", 2, E.ENOMEM),
                 ("setrlimit", 1, E.EPERM), ("sendmsg", 1, E.ENOMEM)],
    "relay": [("recvmsg", 3, SHORT), ("getentropy", 2, E.EIO)],
    "proxyd": [("getrlimit", 1, E.EPERM)],
}


def some(label, count, most):
    """Of the numbers 1 to count: all, or as many as that, always the same."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + (zlib.crc32(label.encode()) + i * count // most) %
                   count for i in range(most)})


def cases(label, counts, table, most, memory):
    """(call, n, error) of a process that makes these calls, of each at most
    so many, of allocations `memory`; with WHOLE each n with each error, and
    two beyond."""
    for call in sorted(counts):
        count = counts[call]
        if not count:
            continue
        if call in MEMORY:
            for n in some(label + call, count, memory):
                yield call, n, E.ENOMEM
        elif call in table:
            errors = table[call]
            if WHOLE:
                yield from ((call, n, error) for error in errors
                            for n in range(1, count + 3))
                continue
            for n in some(label + call, count, most):
                yield call, n, errors[(n + zlib.crc32(label.encode())) %
                                      len(errors)]
