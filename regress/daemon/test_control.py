# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The control socket: where it is, who may connect, and what those who mean
no good can do with it."""

import contextlib
import datetime
import itertools
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest

from lib import control, daemon, eth, imsg, relays
from lib.control import Control
from lib.daemon import ROOT
from lib.linked import ADDRESS
from lib.reloading import change, errors, reload

RULES = 'allow client "sequencer.example" key "sequencer" chain 10\n'
PROXIED = 'allow client "sequencer.example" chain 10\n'
# Other than the daemon's, which is nobody, and in its group or not.
MEMBER, STRANGER = 61001, 61002
# Each has places of its own: one that has just left may have them still.
MEMBERS = itertools.count(61003)
NAMES = {"signerd": daemon.Signerd, "proxyd": daemon.Proxyd}

only_root = pytest.mark.skipif(not ROOT, reason="who is not root is alone")


def opened(directory):
    """Others can look into it."""
    path = directory
    while path != path.parent and ROOT:
        if path.stat().st_uid == 0 and path.stat().st_mode & 0o077 == 0:
            path.chmod(path.stat().st_mode | 0o055)
        path = path.parent
    return directory


@pytest.fixture
def place(tmp_path):
    """A directory for sockets; nobody else can write to what is made in it."""
    before = os.umask(0o022)
    yield opened(tmp_path)
    os.umask(before)


def text_of(site, name, statement, more=""):
    if name == "signerd":
        return site.config(rules=RULES + more, extra=statement)
    return site.relay([site.signer("hq", [ADDRESS["sequencer"]])],
                      PROXIED + more, extra=statement)


@pytest.fixture(params=sorted(NAMES), scope="module")
def name(request):
    return request.param


class Running:
    """A daemon with its control socket."""

    def __init__(self, site, name, directory, more=""):
        self.ctl = Control(site, name)
        self.ctl.path = str(directory / (name + ".sock"))
        self.ctl.statement = 'control "%s"' % self.ctl.path
        self.text = text_of(site, name, self.ctl.statement, more)
        self.daemon = NAMES[name](site, self.text)

    def __enter__(self):
        self.daemon.__enter__()
        return self

    def __exit__(self, *how):
        self.daemon.__exit__(*how)


@pytest.fixture
def own(site, name, place):
    """A daemon of this test."""
    with Running(site, name, place) as made:
        yield made


@pytest.fixture(scope="module")
def running(site, name, tmp_path_factory):
    """One of all tests."""
    with Running(site, name,
                 opened(tmp_path_factory.mktemp(name))) as made:
        yield made


# ---- where it is ----------------------------------------------------------


def test_mode_owner_and_group(running):
    st = os.stat(running.ctl.path)
    assert stat.S_ISSOCK(st.st_mode)
    assert st.st_uid == os.geteuid()
    if ROOT:
        assert stat.S_IMODE(st.st_mode) == 0o660
        assert st.st_gid == pwd.getpwnam(daemon.USER).pw_gid
    else:
        assert stat.S_IMODE(st.st_mode) == 0o600


def test_it_goes_with_the_daemon(own):
    own.ctl.ask("show", "status")
    assert own.daemon.stop() == 0
    assert not os.path.exists(own.ctl.path)


def test_what_took_its_place_stays(own):
    path = own.ctl.path
    os.rename(path, path + ".away")
    with open(path, "w") as f:
        f.write("of value")
    assert own.daemon.stop() == 0
    with open(path) as f:
        assert f.read() == "of value"


def test_one_that_nobody_answers_on_is_replaced(site, name, place):
    with Running(site, name, place) as first:
        first.daemon.kill()
        assert os.path.exists(first.ctl.path)
    with Running(site, name, place) as second:
        second.ctl.ask("show", "status")


def start_fails(site, name, statement):
    """What is said at a start that has to fail."""
    path = site.write(text_of(site, name, statement))
    status, _, err = daemon.run("-d", "-f", path,
                                program=NAMES[name].program)
    assert status == 1
    line = next(n for n, each in enumerate(open(path), 1)
                if each.startswith("control "))
    (fault,) = [each for each in err.splitlines()
                if not each.startswith("time=")]
    assert fault.startswith("%s:%d: " % (path, line)), err
    return fault.partition(": ")[2]


def test_another_daemons_is_not_replaced(site, name, running):
    fault = start_fails(site, name, running.ctl.statement)
    assert fault == "%s: another daemon answers there" % \
        running.ctl.statement
    running.ctl.ask("show", "status")


def test_nor_is_what_is_no_socket(site, name, place):
    path = place / "file"
    path.write_text("of value")
    fault = start_fails(site, name, 'control "%s"' % path)
    assert "not a socket" in fault
    assert path.read_text() == "of value"
    path.unlink()
    path.symlink_to(place / "elsewhere")
    assert "not a socket" in start_fails(site, name, 'control "%s"' % path)
    assert path.is_symlink() and not (place / "elsewhere").exists()


@only_root
def test_nor_is_anothers_socket(site, name, place):
    """In a directory like /tmp it may be a trap."""
    place.chmod(0o1777)
    path = str(place / "theirs")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.bind(path)
    os.chown(path, STRANGER, STRANGER)
    assert "a socket of user %d" % STRANGER in start_fails(
        site, name, 'control "%s"' % path)
    assert os.path.exists(path)


def test_directories_that_others_can_write_to(site, name, place):
    place.chmod(0o777)
    path = site.write(text_of(site, name, 'control "%s/a"' % place))
    # Also where nothing is made.
    status, _, err = daemon.run("-n", "-f", path,
                                program=NAMES[name].program)
    assert status == 1 and "is writable by others: chmod go-w" in err
    place.chmod(0o755)
    assert "No such file" in start_fails(site, name,
                                         'control "%s/no/a"' % place)


def refused(site, name, place, text):
    """A start and a check say it of that socket; the rest of what they say."""
    statement = 'control "%s"' % (place / "a")
    fault = start_fails(site, name, statement)
    assert fault.startswith(statement + ": ")
    path = site.write(text_of(site, name, statement))
    status, _, err = daemon.run("-n", "-f", path,
                                program=NAMES[name].program)
    assert status == 1 and ": %s\n" % fault in err
    assert text in fault, fault


def test_a_directory_on_the_way(site, name, place):
    """Who can put another in its place has the socket, too."""
    middle = place / "middle"
    (middle / "inner").mkdir(parents=True)
    why = "%s is writable by others: chmod go-w %s" % (middle, middle)
    for mode in (0o757, 0o775):
        middle.chmod(mode)
        refused(site, name, middle / "inner", why)
        # The link is nobody else's; where it leads to is for others to say.
        (place / "link").unlink(missing_ok=True)
        (place / "link").symlink_to("middle/inner")
        refused(site, name, place / "link", why)
    middle.chmod(0o1777)
    with Running(site, name, middle / "inner") as running:
        running.ctl.ask("show", "status")


@only_root
def test_a_directory_on_the_way_of_another_user(site, name, place):
    (place / "middle" / "inner").mkdir(parents=True)
    os.chown(place / "middle", STRANGER, 0)
    refused(site, name, place / "middle" / "inner",
            "%s belongs to user %d, not to root" % (place / "middle",
                                                    STRANGER))


@only_root
def test_a_link_of_another_user(site, name, place):
    """In a directory like /tmp it can be there before us."""
    (place / "inner").mkdir()
    place.chmod(0o1777)
    (place / "link").symlink_to(place / "inner")
    os.chown(place / "link", STRANGER, STRANGER, follow_symlinks=False)
    why = "the symbolic link %s belongs to user %d" % (place / "link",
                                                       STRANGER)
    refused(site, name, place / "link", why)
    # Nor is it one that another leads to.
    (place / "first").symlink_to("link")
    refused(site, name, place / "first", why)


def test_links_that_lead_nowhere(site, name, place):
    (place / "loop").symlink_to("loop")
    refused(site, name, place / "loop",
            "%s: Too many levels of symbolic links" % (place / "loop"))
    (place / "gone").symlink_to("nowhere")
    refused(site, name, place / "gone", "nowhere: No such file")
    (place / "file").write_text("")
    refused(site, name, place / "file", "file is not a directory")


def test_links_of_ours(site, name, place):
    """Of whatever form, at the start and, in the sandbox, in a reload."""
    (place / "a" / "b").mkdir(parents=True)
    (place / "absolute").symlink_to(place / "a")
    (place / "relative").symlink_to("absolute/./b/../b//")
    with Running(site, name, place / "relative") as running:
        running.ctl.ask("show", "status")
        assert (place / "a" / "b" / (name + ".sock")).is_socket()
        other = Control(site, name)
        other.path = str(place / "relative" / ".." / "other.sock")
        change(running.daemon, text_of(site, name,
                                       'control "%s"' % other.path))
        running.ctl.ask("reload")
        other.ask("show", "status")
        assert (place / "a" / "other.sock").is_socket()
        (place / "a").chmod(0o757)
        (told,) = errors(running.daemon, text_of(
            site, name, 'control "%s/relative/third"' % place))
        assert "%s is writable by others" % (place / "a") in told
        (place / "a").chmod(0o755)


@only_root
def test_a_directory_of_another_user(site, name, place):
    os.chown(place, STRANGER, 0)
    assert "belongs to user %d" % STRANGER in start_fails(
        site, name, 'control "%s/a"' % place)


def test_a_start_that_fails_leaves_none(site, name, place):
    """What is wrong is found by a child, when it is there already."""
    bad = place / "bad.crt"
    bad.write_text("none")
    text = text_of(site, name, 'control "%s/a"' % place)
    path = site.write(text.replace(site.authority.ca, str(bad), 1))
    status, _, err = daemon.run("-d", "-f", path,
                                program=NAMES[name].program)
    assert status == 1 and str(bad) in err
    assert not (place / "a").exists()


# ---- reloads --------------------------------------------------------------


def test_it_stays_over_a_reload(running):
    before = os.stat(running.ctl.path).st_ino
    with running.ctl.connect() as connection:
        reload(running.daemon)
        assert connection.request(control.SHOW, control.RULES)[-1][0] == \
            control.END
    running.ctl.ask("show", "status")
    assert os.stat(running.ctl.path).st_ino == before


def test_it_moves_with_a_reload(site, name, own, place):
    other = str(place / "other.sock")
    change(own.daemon, text_of(site, name, 'control "%s"' % other))
    # The answer comes by the connection that asked.
    own.ctl.ask("reload")
    assert not os.path.exists(own.ctl.path)
    st = os.stat(other)
    assert stat.S_IMODE(st.st_mode) == (0o660 if ROOT else 0o600)
    if ROOT:
        assert st.st_gid == pwd.getpwnam(daemon.USER).pw_gid
    old, own.ctl.path = own.ctl.path, other
    own.ctl.ask("show", "status")
    change(own.daemon, text_of(site, name, "control off"))
    own.ctl.ask("reload")
    assert not os.path.exists(other)
    own.ctl.path = old
    # Each answer may have come before its record.
    own.daemon.wait_log(msg="reloaded", count=2)
    reload(own.daemon, own.text)
    own.ctl.ask("show", "status")


def test_a_reload_that_fails_moves_nothing(site, name, own, place):
    other = str(place / "other.sock")
    (told,) = errors(own.daemon, text_of(
        site, name, 'control "%s/none/a"' % place))
    assert "No such file" in told
    errors(own.daemon, text_of(site, name, 'control "%s"' % other,
                                   "nonsense\n"))
    # A child finds it, when the socket is there already.
    errors(own.daemon, text_of(
        site, name, 'control "%s"' % other).replace(
            'tls ca "%s"' % site.authority.ca,
            'tls ca "%s"' % site.key("sequencer")))
    assert not os.path.exists(other)
    own.ctl.ask("show", "status")


# ---- who may connect ------------------------------------------------------


def as_user(uid, gid, *arguments):
    """signerctl as another user, of one group."""
    def become():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)

    return control.run(*arguments, preexec_fn=become)


def group():
    return pwd.getpwnam(daemon.USER).pw_gid


@pytest.fixture
def shared(site, running):
    """A signerctl that any user can run."""
    path = site.path("signerctl")
    if not os.path.exists(path):
        with open(control.SIGNERCTL, "rb") as f, open(path, "wb") as to:
            to.write(f.read())
        os.chmod(path, 0o755)
    before, control.SIGNERCTL = control.SIGNERCTL, path
    yield running
    control.SIGNERCTL = before


@only_root
def test_members_of_the_group_have_access(shared):
    mark = shared.daemon.mark()
    said = as_user(MEMBER, group(), "-s", shared.ctl.path, "reload")
    assert (said.status, said.err) == (0, ""), said
    told = shared.daemon.wait_log(mark, msg="control", command="reload")
    assert told["uid"] == str(MEMBER)


def test_what_is_changed_is_always_on_record(site, place):
    """However much of no interest is said before it in the same second."""
    with Running(site, "proxyd", place) as running:
        mark = running.daemon.mark()
        with running.ctl.connect() as channel:
            # As many as others than root can send at once.
            channel.send(imsg.frame(control.LOG, b"\0") * 100 +
                         imsg.frame(control.LINK, b"\0\x02hq\0"))
            for _ in range(101):
                assert channel.read() == (control.END, b"\0\0\0")
        told = running.daemon.wait_log(mark, msg="control",
                                       command="link down")
        assert (told["what"], told["uid"]) == ("hq", str(os.getuid()))


@only_root
def test_others_have_none(shared):
    mark = shared.daemon.mark()
    said = as_user(STRANGER, STRANGER, "-s", shared.ctl.path, "reload")
    assert said.status == 2 and "Permission denied" in said.err
    assert "root, and the group of the daemon's user" in said.err
    assert not shared.daemon.logged(mark, msg="control")


@only_root
def test_the_daemons_own_user_has_none(shared):
    """A taken child is in the group, too."""
    uid, mark = pwd.getpwnam(daemon.USER).pw_uid, shared.daemon.mark()
    said = as_user(uid, group(), "-s", shared.ctl.path, "reload")
    assert said == (2, "", "signerctl: the daemon's own users have no "
                    "access\n")
    shared.daemon.wait_log(mark, msg="control connection refused")
    assert not shared.daemon.logged(mark, msg="control")


# ---- who means no good ----------------------------------------------------


def still_serves(running):
    """Requests are signed, and whoever else asks is answered."""
    if running.daemon.name == "signerd":
        running.daemon.rpc(eth.payload_v2()).result()
    else:
        relays.check_unavailable(running.daemon.rpc(eth.payload_v2()))
    running.ctl.ask("show", "status")


def test_connections_are_few(running):
    mark = running.daemon.mark()
    with contextlib.ExitStack() as stack:
        limit = 8 if ROOT else 4
        kept = [stack.enter_context(running.ctl.connect())
                for _ in range(limit)]
        with running.ctl.connect() as more:
            assert control.reason(more.read()) == "too many connections"
            assert more.read() is None
        assert running.ctl.run("reload") == (
            2, "", "signerctl: too many connections\n")
        kept[0].close()
        running.daemon.wait_log(mark, count=2,
                                msg="control connection refused")
        still_serves(running)


HOSTILE = """
import os, socket, sys
path, uid, gid, mode = sys.argv[1:]
os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid))
held = []
for n in range(40):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    if mode == "half":
        try:
            s.send(b"\\x00\\x08\\x00\\x00\\x11")
        except OSError:
            pass
    elif mode == "shut":
        s.shutdown(socket.SHUT_WR)
    elif mode == "show":
        frame = (0x800).to_bytes(4, "little") + (17).to_bytes(4, "little")
        s.setblocking(False)
        try:
            for _ in range(2000):
                s.send(frame + bytes(8) + b"\\x03")
        except OSError:
            pass
    held.append(s)
print("held", flush=True)
sys.stdin.read()
"""


@only_root
@pytest.mark.parametrize("mode", ("stall", "half", "shut", "show"))
def test_a_member_of_the_group_keeps_nobody_out(running, mode):
    """It connects as often as it can and never lets go: root is served."""
    hostile = subprocess.Popen(
        [sys.executable, "-I", "-c", HOSTILE, running.ctl.path, str(MEMBER),
         str(group()), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd="/")
    try:
        assert hostile.stdout.readline() == b"held\n"
        for _ in range(3):
            still_serves(running)
        with contextlib.ExitStack() as stack:
            # All that are kept for root, too.
            for _ in range(2):
                stack.enter_context(running.ctl.connect()).request(
                    control.SHOW, control.RULES)
    finally:
        hostile.stdin.close()
        hostile.wait(60)
        hostile.stdout.close()


ASKING = """
import os, socket, sys, time
path, uid, gid, frame, count = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid))
s = socket.socket(socket.AF_UNIX)
s.connect(path)
began = time.monotonic()
s.sendall(bytes.fromhex(frame) * int(count))
buffer, ends = b"", 0
while ends < int(count):
    data = s.recv(1 << 16)
    assert data, ends
    buffer += data
    while len(buffer) >= 8 and \\
            len(buffer) >= int.from_bytes(buffer[4:8], "little"):
        ends += buffer[:4] == bytes.fromhex("84080000")
        buffer = buffer[int.from_bytes(buffer[4:8], "little"):]
print(time.monotonic() - began)
"""


def as_member(path, frame, count):
    """How long it takes another than root to have that many answers."""
    return float(subprocess.run(
        [sys.executable, "-I", "-c", ASKING, path, str(next(MEMBERS)),
         str(group()), frame.hex(), str(count)], check=True, capture_output=True, cwd="/",
        timeout=daemon.PATIENCE).stdout)


def test_requests_of_others_than_root_have_a_rate(running):
    """A hundred at once, and then fifty in a second."""
    nobody = imsg.frame(control.LINK, b"\0\1x\1")
    assert as_member(running.ctl.path, nobody, 130) >= 0.5


def when(record):
    return datetime.datetime.fromisoformat(
        record["time"].replace("Z", "+00:00")).timestamp()


def test_others_than_root_leave_pauses_between_reloads(running):
    def signalled():
        began = time.time()
        reload(running.daemon)
        return when(running.daemon.logged(msg="reloaded")[-1]) - began

    def pauses():
        took = min(signalled() for _ in range(5))
        mark = running.daemon.mark()
        as_member(running.ctl.path, imsg.frame(control.RELOAD), 4)
        running.daemon.wait_log(mark, msg="reloaded", count=4)
        ended = [when(each) for each in
                 running.daemon.logged(mark, msg="reloaded")]
        return min(b - a for a, b in zip(ended, ended[1:])) / took

    # Four times what one takes lie between the end and the next beginning; on
    # a machine that was busier a moment ago they took longer then.
    assert any(pauses() >= 2 for _ in range(10))


def of_times(site, name, place, times, more=""):
    """A daemon whose control socket has these limits."""
    return Running(site, name, place,
                   "%stimeout { %s }\n" % (more, times))


def closed(running):
    """Why that was, of a connection."""
    return running.daemon.wait_log(
        msg="control connection closed")["reason"]


def test_who_asks_for_nothing(site, name, place):
    with of_times(site, name, place, "control-idle 100 ms") as running:
        with running.ctl.connect() as connection:
            assert connection.read_end() is None
        assert closed(running) == "idle"
        # After an answer, too.
        with running.ctl.connect() as connection:
            connection.send(imsg.frame(control.LOG, b"\0"))
            assert connection.read() == (control.END, b"\0\0\0")
            assert connection.read_end() is None


def test_who_does_not_read(site, name, place):
    with of_times(site, name, place, "control-idle 100 ms",
                  many_rules(name)) as running:
        with running.ctl.connect() as connection:
            connection.send(imsg.frame(control.SHOW, control.RULES))
            assert closed(running) == "the answer is not read"


def test_the_time_of_a_check(site, name, place):
    """A child that hangs; the connection is as good as before."""
    child = "keyd" if name == "signerd" else "relay"
    words = ("check", "client", "sequencer.example", "method",
             "block-payload", "chain", "10")
    with of_times(site, name, place, "control-check 100 ms") as running:
        running.daemon.signal(child, signal.SIGSTOP)
        try:
            assert running.ctl.run(*words) == (
                2, "", "signerctl: no answer in time\n")
        finally:
            running.daemon.signal(child, signal.SIGCONT)
        # It may take longer than that on a busy machine.
        until = time.monotonic() + daemon.PATIENCE
        while (said := running.ctl.run(*words)).status == 2:
            assert "no answer in time" in said.err, said
            assert time.monotonic() < until
        assert "rule 1" in said.out


def test_times_of_a_reload(own):
    reload(own.daemon, own.text + "timeout control-idle 100 ms\n")
    with own.ctl.connect() as connection:
        assert connection.read_end() is None
    assert closed(own) == "idle"


def test_garbage_ends_its_connection_alone(running):
    frame = imsg.frame
    for data in (b"\0" * 16, b"\xff" * 64, frame(0x1234),
                 frame(control.SHOW), frame(control.SHOW, b"\x63"),
                 frame(control.RELOAD, b"x"), frame(control.END),
                 frame(control.ROW, b"\0" * 40),
                 frame(control.LINK, b"\0\5edge\1"),
                 frame(control.CHECK, b"\0\0\0\0" + b"\xff" * 60),
                 frame(control.CHECK, b"\0" * 6000),
                 frame(control.SHOW, b"", length=15),
                 frame(control.SHOW, b"", length=0xffffff)):
        with running.ctl.connect() as connection:
            connection.send(data)
            assert connection.read_end() is None, data
    still_serves(running)
    running.daemon.wait_log(msg="control connection closed")


def test_half_closed(running):
    """Who says no more is gone, whether it listens or not."""
    with running.ctl.connect() as connection:
        connection.send(imsg.frame(control.RELOAD))
        connection.near.shutdown(socket.SHUT_WR)
        while connection.read() is not None:
            pass
    still_serves(running)


def test_gone_before_the_answer(running):
    for kind, body in ((control.SHOW, b"\0"), (control.RELOAD, b""),
                       (control.SHOW, b"\5")):
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(running.ctl.connect()).send(
                    imsg.frame(kind, body))
        still_serves(running)


def test_places_of_those_who_are_gone(own):
    """They wait for a reload that does not end; others can have theirs."""
    child = sorted(own.daemon.children)[-1]
    own.daemon.signal(child, signal.SIGSTOP)
    try:
        for _ in range(2):
            with contextlib.ExitStack() as stack:
                for _ in range(8 if ROOT else 4):
                    stack.enter_context(own.ctl.connect()).send(
                        imsg.frame(control.RELOAD))
                own.daemon.wait_log(msg="control", command="reload")
        until = time.monotonic() + daemon.PATIENCE
        while own.ctl.run("show", "rules").status != 0:
            assert time.monotonic() < until
    finally:
        own.daemon.signal(child, signal.SIGCONT)
    still_serves(own)


def test_requests_one_after_the_other(running):
    """Sent at once, each is answered in its turn."""
    with running.ctl.connect() as connection:
        frame = imsg.frame(control.SHOW, control.RULES)
        connection.send(frame * 5 + imsg.frame(control.RELOAD) + frame)
        ends = 0
        while ends < 7:
            kind, body = connection.read()
            ends += kind == control.END
            assert kind != control.END or body[0] == 0, body
    still_serves(running)


def many_rules(name):
    """More than a socket holds."""
    return "".join('allow client "c%d.example" %schain 10\n' % (
        n, 'key "sequencer" ' if name == "signerd" else "")
        for n in range(4000))


def test_an_answer_that_is_not_read_takes_little_memory(site, name, place):
    """Of many rules, those that fit into the socket are made."""
    with Running(site, name, place, many_rules(name)) as running:
        with running.ctl.connect() as connection:
            connection.send(imsg.frame(control.SHOW, control.RULES))
            connection.near.recv(1, socket.MSG_PEEK)
            for _ in range(3):
                still_serves(running)
            # And it is whole where it is read at last.
            count, message = 0, (None,)
            while message[0] != control.END:
                message = connection.read()
                count += message[0] == control.ROW
            assert count == 4001


def test_a_change_while_it_is_shown(site, name, place):
    """What is left is not made up of two configurations."""
    with Running(site, name, place, many_rules(name)) as running:
        with running.ctl.connect() as connection:
            connection.send(imsg.frame(control.SHOW, control.RULES))
            connection.near.recv(1, socket.MSG_PEEK)
            reload(running.daemon, text_of(site, name,
                                           running.ctl.statement))
            message = (None,)
            while message[0] != control.END:
                message = connection.read()
            assert control.reason(message) == "the configuration has " \
                "changed meanwhile: ask again"
        still_serves(running)
