# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""signerctl key at a terminal: passwords are asked for without echo, signals
leave the terminal as it was; and what of a secret others could come by."""

import contextlib
import json
import os
import pwd
import resource
import signal
import stat
import threading

import pytest

from lib import ctl, daemon, ethkey, keyscan, procfs
from lib.daemon import ROOT, SANITIZE
from lib.keccak import keccak256

PASSWORD = "correct horse"
# Of the password, by PBKDF2 with salt 5a..5a and 2^22 rounds; second half.
DERIVED = bytes.fromhex("cb7ad091ca49ae28379ec52e5c981d30")
NEW, AGAIN = "New password for ", "The same again: "
KEY = ethkey.Key.derived("signerctl prompt")
RAW = KEY.secret.to_bytes(32, "big")


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "pw"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    return tmp_path


def pem(place):
    path = place / "key.pem"
    path.write_text(KEY.pem())
    path.chmod(0o600)
    return str(path)


def at_terminal(*arguments, **named):
    return ctl.Terminal(ctl.SIGNERCTL, "key", *arguments, **named)


def store(place, name="store"):
    """A keystore of the key, with the password."""
    path = str(place / name)
    assert ctl.run("key", "convert", "--format", "v3", "--light",
                   "--new-password-file", str(place / "pw"), pem(place),
                   path)[0] == 0
    return path


def ask_new(tty, first=PASSWORD, second=PASSWORD, count=1):
    tty.answer(NEW, first, count)
    tty.answer(AGAIN, second, count)


def opens(path, password, place):
    other = place / "other"
    other.write_text(password)
    other.chmod(0o600)
    return ctl.run("key", "address", "--password-file", str(other),
                   path)[0] == 0


# ---- prompts -------------------------------------------------------------


def test_a_new_password_is_asked_for_twice(place):
    path = str(place / "to")
    with at_terminal("generate", "--format", "v3", "--light", path) as tty:
        ask_new(tty)
        assert tty.wait() == 0
        assert PASSWORD not in tty.text
        assert NEW + path in tty.text and "address     0x" in tty.text
    assert opens(path, PASSWORD, place)


def test_two_that_differ(place):
    path = str(place / "to")
    with at_terminal("generate", "--format", "v3", "--light", path) as tty:
        ask_new(tty, PASSWORD, "another")
        tty.answer(NEW, "", 2)
        tty.answer(NEW, PASSWORD, 3)
        tty.answer(AGAIN, PASSWORD, 2)
        assert tty.wait() == 0
        assert "not the same" in tty.text and "protects nothing" in tty.text
        assert PASSWORD not in tty.text
    assert opens(path, PASSWORD, place)


def test_three_tries(place):
    with at_terminal("generate", "--format", "v3", str(place / "to")) as tty:
        for count in (1, 2, 3):
            ask_new(tty, PASSWORD, "another", count)
        assert tty.wait() == 1 and "no new password" in tty.text
    assert os.listdir(place) == ["pw"]


def test_a_password_is_asked_for(place):
    path = store(place)
    with at_terminal("address", "-q", path) as tty:
        tty.answer("Password of %s: " % path, PASSWORD)
        assert tty.wait() == 0
        assert "0x" in tty.text and PASSWORD not in tty.text
    with at_terminal("address", "-q", path) as tty:
        tty.answer("Password of ", "another")
        assert tty.wait() == 1 and "wrong password" in tty.text
    for text, words in (("x" * 1025, "at most 1024"), ("\4", "no password")):
        with at_terminal("address", path) as tty:
            tty.answer("Password of ", text)
            assert tty.wait() == 1 and words in tty.text


def test_a_key_that_is_typed(place):
    path = str(place / "to")
    with at_terminal("import", "--stdin", "--format", "hex", path) as tty:
        tty.answer("Private key", "0x" + RAW.hex())
        assert tty.wait() == 0
        assert not keyscan.quoted(tty.text, RAW)
    with open(path) as f:
        assert f.read() == RAW.hex() + "\n"


def test_the_terminal_is_asked_where_input_is_a_file(place):
    """And one password for each of the two."""
    path, target = store(place), str(place / "to")
    with open(path) as f:
        text = f.read()
    read, write = os.pipe()
    os.write(write, text.encode())
    os.close(write)

    def from_pipe():
        os.dup2(read, 0)

    with at_terminal("import", "--stdin", "--format", "v3", "--light", target,
                     before=from_pipe, pass_fds=(read,)) as tty:
        os.close(read)
        tty.answer("Password of standard input: ", PASSWORD)
        ask_new(tty, "new one", "new one")
        assert tty.wait() == 0
    assert opens(target, "new one", place)
    assert not opens(target, PASSWORD, place)


# ---- signals -------------------------------------------------------------


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP, signal.SIGQUIT))
def test_a_signal_at_the_prompt(place, number):
    """It does what it always does, and the terminal echoes again."""
    with at_terminal("generate", "--format", "v3", str(place / "to")) as tty:
        tty.expect(NEW)
        assert not tty.echoes()
        if number == signal.SIGINT:
            tty.type("secret\x03")
        else:
            os.kill(tty.pid, number)
        status = tty.process.wait(daemon.PATIENCE)
        assert status == -number
        assert tty.echoes()
    assert os.listdir(place) == ["pw"]


# What one does at a shell: the command, then, when it has stopped, fg.
SHELL = """"$@"; status=$?; echo "status $status,"; read line; fg >/dev/null"""


def test_stop_and_go_on(place):
    """^Z: while it is stopped the terminal echoes; then it asks again."""
    path = str(place / "to")
    with ctl.Terminal("sh", "-m", "-c", SHELL, "sh", ctl.SIGNERCTL, "key",
                      "generate", "--format", "v3", "--light", path) as tty:
        tty.expect(NEW)
        assert not tty.echoes()
        tty.type("not this one\x1a")
        tty.expect("status %d," % (128 + signal.SIGTSTP))
        assert tty.echoes()
        tty.type("\n")
        tty.answer(NEW, PASSWORD, 2)
        tty.answer(AGAIN, PASSWORD)
        assert tty.wait() == 0
        assert PASSWORD not in tty.text
    assert opens(path, PASSWORD, place)


@contextlib.contextmanager
def computing(place, rounds):
    """While it reads a keystore that takes its time: the new file is there,
    under another name."""
    with open(store(place)) as f:
        text = json.load(f)
    del text["address"]         # the key is another one: it is no matter
    text["crypto"].update(kdf="pbkdf2", kdfparams={
        "c": rounds, "dklen": 32, "prf": "hmac-sha256", "salt": "5a" * 32})
    text["crypto"]["mac"] = keccak256(
        DERIVED + bytes.fromhex(text["crypto"]["ciphertext"])).hex()
    slow = place / "slow"
    slow.write_text(json.dumps(text))
    slow.chmod(0o600)
    before = set(os.listdir(place))
    with at_terminal("import", "--password-file", str(place / "pw"),
                     str(slow), str(place / "to")) as tty:
        tick = threading.Event()
        while not set(os.listdir(place)) - before:
            assert tty.process.poll() is None, tty.text
            tick.wait(0.01)         # a directory cannot be waited for
        made = set(os.listdir(place)) - before
        assert {name[:4] for name in made} == {".to."}
        yield tty, made.pop()
    assert set(os.listdir(place)) - before <= {"to"}


def test_a_signal_while_it_computes(place):
    """The new file has no name yet, and what it had is gone."""
    with computing(place, 2**24) as (tty, name):
        assert stat.S_IMODE(os.stat(place / name).st_mode) == 0o600
        os.kill(tty.pid, signal.SIGTERM)
        assert tty.process.wait(daemon.PATIENCE) == 128 + signal.SIGTERM
    assert not (place / "to").exists()


def test_another_file_of_that_name_meanwhile(place):
    """It is not overwritten, though it was not there before."""
    with computing(place, 2**22) as (tty, _):
        (place / "to").write_text("precious")
        assert tty.wait() == 1
        assert "File exists" in tty.text
    assert (place / "to").read_text() == "precious"


# ---- what others could come by -------------------------------------------


def as_user():
    """Whoever runs it, it is not dumpable; root's is root's in any case."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    if ROOT:
        user = pwd.getpwnam(daemon.USER)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


def test_no_core_and_no_debugger(place):
    path = store(place)
    os.chmod(path, 0o644)
    for each in (place, *list(place.parents)[:2]):
        os.chmod(each, 0o755)
    with at_terminal("address", path, before=as_user) as tty:
        tty.expect("Password of ")
        assert procfs.limits(tty.pid)["Max core file size"] == ("0", "0")
        # The files of an undumpable process are root's.
        assert os.stat("/proc/%d/mem" % tty.pid).st_uid == 0
        with open("/proc/%d/cmdline" % tty.pid, "rb") as f:
            assert PASSWORD.encode() not in f.read()
        os.kill(tty.pid, signal.SIGABRT)
        _, status = os.waitpid(tty.pid, 0)
        assert os.WTERMSIG(status) == signal.SIGABRT
        assert not os.WCOREDUMP(status)


def full_pipe():
    """Nothing more goes into it; both ends."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(write, b"\0" * 4096)
    os.set_blocking(write, True)
    return read, write


def stuck(pid, wait):
    """Until it waits for somebody to read what it has printed."""
    tick = threading.Event()
    for _ in range(int(daemon.PATIENCE / 0.01)):
        if os.path.exists(wait) and procfs.status(pid)["State"][0] == "S":
            return
        tick.wait(0.01)             # nothing tells of it
    raise AssertionError("it does not wait")


@pytest.mark.parametrize("form", ("hex", "pkcs8", "v3"))
def test_memory_at_the_end(place, form):
    """Whatever it did with the key and the password: there is no copy of
    either in what could be dumped."""
    if not ROOT:
        pytest.skip("a user may not read an undumpable process's memory")
    if SANITIZE:
        pytest.skip("the sanitizers' shadow is too large to read")
    source, target = store(place), str(place / "to")
    words = ["--new-password-file", str(place / "pw"), "--light"] if (
        form == "v3") else []
    read, write = full_pipe()

    def no_room():
        os.dup2(write, 1)

    with at_terminal("convert", "--format", form, *words, "--password-file",
                     str(place / "pw"), source, target, before=no_room,
                     pass_fds=(write,)) as tty:
        os.close(write)
        stuck(tty.pid, target)
        wanted = keyscan.forms(RAW, b"")
        wanted["password"] = PASSWORD.encode()
        wanted["address"] = b"address     0x"
        found, closed = keyscan.scan(tty.pid, wanted, keyscan.writable)
        seen = {m.name for m in procfs.mappings(tty.pid) if m not in closed}
        assert {"[heap]", "[stack]"} <= seen
        assert [m for name, m in found if name == "address"]
        leaks = [each for each in found
                 if each[0] != "address" and each[1].dumped]
        assert not leaks
        os.close(read)
