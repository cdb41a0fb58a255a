# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The audit trail: what is in it, and that nothing is missing."""

import os
import pwd
import resource
import signal
import threading
import time

import pytest

from lib import audited, daemon, eth, linked, scraping, trail
from lib.audited import (KEYS, RULES, config, digest, events, is_signed, run,
                         signed_digests, start, told, unique)
from lib.daemon import ROOT
from lib.httpclient import Closed
from lib.keccak import keccak256
from lib.reloading import errors, hup, reload

ADDRESS = linked.ADDRESS
TINY = "max audit-queue 64"


@pytest.fixture(scope="module")
def site():
    """One of its own: its files change."""
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


# ---- what records say ----------------------------------------------------


def test_what_is_signed(site, path):
    with start(site, path) as signerd:
        signerd.rpc(eth.payload_v2()).result()
        raw = eth.unhex(signerd.rpc(eth.sign_transaction(
            nonce="0x7", value="0x5"), name="batcher.example").result())
    first, payload, tx, last = trail.records(path)
    assert (first["event"], first["seq"], first["generation"]) == (
        "start", "1", "1")
    assert (first["keys"], first["rules"]) == ("2", "2")
    assert first["prev"] == "0x" + "00" * 32
    assert list(payload)[3:-1] == [
        "via", "client", "method", "rule", "key", "address", "chain",
        "domain", "payload", "digest"]
    assert payload["event"] == "signed" and payload["via"] == "direct"
    assert payload["client"] == "sequencer.example"
    assert payload["method"] == "block-payload"
    assert payload["key"] == "sequencer" and payload["rule"] == "1"
    assert payload["address"] == ADDRESS["sequencer"]
    assert payload["chain"] == "10"
    assert payload["domain"] == eth.hexa(eth.ZEROS)
    assert payload["payload"] == eth.hexa(eth.HASH)
    assert payload["digest"] == eth.hexa(eth.payload_digest())
    assert tx["event"] == "signed" and tx["method"] == "transaction"
    assert tx["client"] == "batcher.example" and tx["rule"] == "2"
    assert (tx["type"], tx["nonce"], tx["value"], tx["chain"]) == (
        "2", "7", "5", "10")
    assert tx["to"] == eth.TO.lower()
    assert tx["txhash"] == eth.hexa(keccak256(raw))
    record = signerd.logged(msg="signed", method="transaction")[0]
    assert tx["digest"] == record["digest"]
    assert tx["txhash"] == record["txhash"]
    assert last["event"] == "stop"
    stamp = time.strptime(payload["time"][:19], "%Y-%m-%dT%H:%M:%S")
    logged = signerd.logged(msg="signed")[0]["time"]
    assert abs(time.mktime(stamp) - time.mktime(time.strptime(
        logged[:19], "%Y-%m-%dT%H:%M:%S"))) < 3
    assert trail.good(path) == 4


def test_what_is_refused(site, path):
    cases = (
        (eth.payload_v2(chain=11), "sequencer.example", "payload-chain",
         {"rule": "1", "key": "sequencer", "chain": "11"}),
        (eth.sign_transaction(value="0x6"), "batcher.example", "value",
         {"rule": "2", "value": "6", "key": "batcher"}),
        (eth.sign_transaction(to=None, input="0x"), "batcher.example",
         "creation-without-data", {}),
        (eth.payload_v2(sender="0x" + "11" * 20), "sequencer.example",
         "forbidden", {"sender": "0x" + "11" * 20}),
        (eth.payload_v2(), "multi.example", "forbidden",
         {"client": "multi.example"}))
    with start(site, path) as signerd:
        for message, client, _, _ in cases:
            assert "error" in signerd.rpc(message, name=client).json()
    found = events(trail.records(path), "refused")
    assert len(found) == len(cases)
    for record, (_, client, reason, more) in zip(found, cases):
        assert record["reason"] == reason and record["client"] == client
        assert "digest" not in record and "txhash" not in record
        assert {k: record.get(k) for k in more} == more
    assert "to" not in found[2] and "rule" not in found[4]


def test_by_which_link(site, path):
    with linked.linked(site, extra='audit file "%s"' % path) as (
            _, signerd, link):
        assert linked.asked(link, eth.payload_v2(), "a.example") == \
            "sequencer"
        assert linked.asked(link, eth.payload_v2()) == "multi10"
        assert isinstance(linked.asked(link, eth.payload_v2(), "c.example"),
                          tuple)
    one, two, three = events(trail.records(path), "signed", "refused")
    assert [each["via"] for each in (one, two, three)] == ["link"] * 3
    assert [each["link"] for each in (one, two, three)] == ["edge"] * 3
    assert (one["client"], one["key"]) == ("a.example", "sequencer")
    assert (two["client"], two["key"]) == ("", "multi10")
    assert (three["client"], three["reason"]) == ("c.example", "forbidden")


def test_names_are_escaped(site, path):
    """A key's name cannot end a line, nor begin a field."""
    name = 'a" b=c \u00e9=\\'
    text = site.config(keys=(), rules="", extra="\n".join((
        'audit file "%s"' % path,
        'key "%s" file "%s"' % (name.replace("\\", "\\\\").replace(
            '"', '\\"'), site.key("sequencer")),
        'allow client "sequencer.example" key "%s" chain 10' %
        name.replace("\\", "\\\\").replace('"', '\\"'))))
    with daemon.Signerd(site, text) as signerd:
        signerd.rpc(eth.payload_v2()).result()
    record = events(trail.records(path), "signed")[0]
    assert record["key"].encode("latin-1").decode() == name
    trail.good(path)


def test_head_is_logged(site, path):
    with start(site, path, "timeout audit-head 10 ms") as signerd:
        for n in range(3):
            mark = signerd.mark()
            signerd.rpc(unique(n)).result()
            signerd.wait_log(mark, process="keyd", msg="audit head")
    heads = signerd.logged(process="keyd", msg="audit head")
    found = {each["seq"]: each["hash"] for each in trail.records(path)}
    assert len(heads) >= 4
    for each in heads:
        assert found[each["sequence"]] == each["hash"]
    assert heads[-1]["sequence"] == list(found)[-1]
    trail.good(path, heads=[each["hash"] for each in heads])


def test_no_more_often_than_is_said(site, path):
    with start(site, path) as signerd:
        for n in range(20):
            signerd.rpc(unique(n)).result()
    assert [each["sequence"] for each in
            signerd.logged(msg="audit head")] == ["1", "22"]


# ---- when it cannot be written -------------------------------------------


def set_limit(signerd, size, child):
    """As the user that the audit process is, who may."""
    pid = os.fork()
    if pid == 0:
        try:
            if ROOT:
                user = pwd.getpwnam(daemon.USER)
                os.setgroups([])
                os.setresgid(*[user.pw_gid] * 3)
                os.setresuid(*[user.pw_uid] * 3)
            resource.prlimit(signerd.children[child],
                             resource.RLIMIT_FSIZE,
                             (size, resource.RLIM_INFINITY))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def fill_disk(signerd, path, child="audit"):
    """The file cannot grow, but for half a record."""
    set_limit(signerd, os.path.getsize(path) + 200, child)


def empty_disk(signerd, child="audit"):
    set_limit(signerd, resource.RLIM_INFINITY, child)


def is_busy(answer):
    return answer.status == 503 and answer.field("retry-after") is not None


def ask_until(signerd, wanted, n=0):
    """Answers until one is of that kind; those that were signatures."""
    got = []
    with signerd.connect() as connection:
        while True:
            answer = connection.rpc(unique(n))
            if is_signed(answer):
                got.append(digest(n))
            else:
                assert is_busy(answer), answer
            if wanted(answer):
                return got
            n += 1
            if answer.closes:
                return got + ask_until(signerd, wanted, n)


@pytest.mark.parametrize("sync", ("", "audit sync"))
def test_full_disk(site, path, sync):
    with start(site, path, sync) as signerd:
        signerd.rpc(eth.payload_v2()).result()
        fill_disk(signerd, path)
        got = ask_until(signerd, is_busy, 1)
        record = signerd.wait_log(process="keyd", level="error", msg="audit: "
                                  "the file cannot be written: File too "
                                  "large: signing stops until it can")
        assert record is not None
        # Nothing more is signed.
        size = os.path.getsize(path)
        assert is_busy(signerd.rpc(unique(5000)))
        assert is_busy(signerd.rpc(eth.payload_v2(chain=11)))
        assert os.path.getsize(path) == size
        empty_disk(signerd)
        signerd.wait_log(msg="audit: the file can be written again: signing "
                             "goes on")
        assert is_signed(signerd.rpc(unique(6000)))
    found = signed_digests(path)
    assert digest(5000) not in found and found[-1] == digest(6000)
    for each in got:
        assert found.count(each) == 1
    trail.good(path)


def test_metrics(site, path):
    """What they say of the trail, and whether the daemon is ready."""
    with start(site, path, "metrics on 127.0.0.1 port 0") as signerd:
        number = signerd.metrics[0]
        for n in range(3):
            assert is_signed(signerd.rpc(unique(n)))
        found = scraping.until(number, lambda f: f(
            "signerd_audit_written_sequence") == f("signerd_audit_sequence"))
        assert found("signerd_audit_sequence") == int(trail.records(
            path)[-1]["seq"])
        assert found("signerd_audit_written_bytes_total") == \
            os.path.getsize(path)
        assert found("signerd_audit_ready") == 1
        assert found("signerd_audit_failed_writes_total") == 0
        assert found("signerd_process_up", process="audit") == 1
        assert scraping.get(number, "/readyz")[0] == 200
        fill_disk(signerd, path)
        ask_until(signerd, is_busy, 10)
        status, _, text = scraping.get(number, "/readyz")
        assert (status, text.splitlines()[0]) == (
            503, "not ready: the audit trail cannot be written")
        found = scraping.scrape(number)
        assert found("signerd_audit_ready") == 0
        assert found("signerd_audit_failed_writes_total") > 0
        assert found("signerd_audit_sequence") > found(
            "signerd_audit_written_sequence")
        empty_disk(signerd)
        scraping.until(number, lambda f: f("signerd_audit_ready") == 1)
        assert scraping.get(number, "/readyz")[0] == 200


def test_full_disk_over_a_link(site, path):
    with linked.linked(site, extra='audit file "%s"' % path) as (
            _, signerd, link):
        fill_disk(signerd, path)
        outcome, n = None, 0
        while not isinstance(outcome, tuple):
            outcome, n = link.relay(unique(n), "a.example"), n + 1
        assert outcome[0] == -32005
        empty_disk(signerd)
        signerd.wait_log(msg="audit: the file can be written again: signing "
                             "goes on")
        assert linked.asked(link, unique(7777), "a.example") == "sequencer"


def test_disk_that_stays_full(site, path):
    """The end comes all the same, and says what was lost."""
    with start(site, path) as signerd:
        fill_disk(signerd, path)
        ask_until(signerd, is_busy)
        assert signerd.stop() == 1
        assert [each for each in signerd.logged(process="audit")
                if each["msg"].endswith("could not be written and are lost")]
    head = signerd.logged(process="keyd", msg="audit head")[-1]
    assert trail.verify(path, "--head", head["hash"])[0] == trail.BAD


def test_slow_writer(site, path):
    """The queue is bounded: it is busy, and it goes on."""
    with start(site, path, TINY) as signerd:
        signerd.signal("audit", signal.SIGSTOP)
        got = ask_until(signerd, is_busy)
        # The start's is written already, but not known to be.
        assert len(got) in (63, 64)
        signerd.wait_log(process="keyd", msg="audit: 64 records wait to be "
                         "written: signing stops until they are")
        signerd.signal("audit", signal.SIGCONT)
        got += ask_until(signerd, is_signed, 1000)
        signerd.wait_log(process="keyd", msg="audit: records are written "
                                             "again: signing goes on")
    assert signed_digests(path) == got
    trail.good(path)


def check_that_it_waits(signerd, n):
    """An answer comes when its record is written, not before."""
    signerd.signal("audit", signal.SIGSTOP)
    mark = signerd.mark()
    try:
        assert is_busy(signerd.rpc(unique(n)))
        assert not signerd.logged(mark, msg="signed", digest=digest(n))
    finally:
        signerd.signal("audit", signal.SIGCONT)
    assert signerd.wait_log(mark, msg="signed too late")["digest"] == \
        digest(n)


IMPATIENT = "timeout { request 4 s keyd 4 s }"


def test_sync_waits_for_the_disk(site, path):
    with start(site, path, "audit sync\n" + IMPATIENT) as signerd:
        signerd.rpc(unique(1)).result()
        check_that_it_waits(signerd, 2)
        signerd.rpc(unique(3)).result()
    assert signed_digests(path) == [digest(n) for n in (1, 2, 3)]


def test_without_sync_nobody_waits(site, path):
    with start(site, path) as signerd:
        signerd.signal("audit", signal.SIGSTOP)
        try:
            for n in range(10):
                signerd.rpc(unique(n)).result()
        finally:
            signerd.signal("audit", signal.SIGCONT)
    assert signed_digests(path) == [digest(n) for n in range(10)]


# ---- when a process dies -------------------------------------------------


def answered(signerd, stop, connections=4):
    """Digests that were answered until stop() has been called."""
    got, lock = [], threading.Lock()
    counter = iter(range(1, 10**9))
    enough = threading.Event()

    def ask():
        try:
            with signerd.connect() as connection:
                while True:
                    with lock:
                        n = next(counter)
                    if not is_signed(connection.rpc(unique(n))):
                        return
                    with lock:
                        got.append(digest(n))
                        if len(got) > 100:
                            enough.set()
        except (OSError, Closed):
            pass

    threads = [threading.Thread(target=ask, daemon=True)
               for _ in range(connections)]
    for each in threads:
        each.start()
    assert enough.wait(daemon.PATIENCE)
    stop()
    for each in threads:
        each.join(daemon.PATIENCE)
    return got


def check_answered(got, *paths):
    found = signed_digests(*paths)
    assert len(found) == len(set(found))
    assert set(got) <= set(found)


def wait_gone(pid):
    while os.path.exists("/proc/%d" % pid):
        os.sched_yield()


def test_stop_under_load(site, path):
    with start(site, path) as signerd:
        got = answered(signerd, lambda: signerd.process.send_signal(
            signal.SIGTERM))
        assert signerd.wait() == 0
    check_answered(got, path)
    found = trail.records(path)
    assert found[-1]["event"] == "stop"
    assert signerd.logged(msg="audit head")[-1]["hash"] == found[-1]["hash"]


@pytest.mark.parametrize("child", ("keyd", "frontend"))
def test_a_child_is_killed(site, path, child):
    """What was answered is on record, whoever dies."""
    with start(site, path) as signerd:
        got = answered(signerd, lambda: signerd.signal(child, signal.SIGKILL))
        assert signerd.wait() == 1
        assert signerd.logged(msg="child died", child=child)
    check_answered(got, path)
    with start(site, path):
        pass
    trail.good(path)


def test_all_are_killed_but_the_writer(site, path):
    """The parent takes all with it; the trail is written to its end, and the
    next daemon waits for that."""
    with start(site, path) as signerd:
        audit = signerd.children["audit"]
        got = answered(signerd, lambda: os.kill(signerd.pid, signal.SIGKILL))
        signerd.process.wait()
        with start(site, path) as second:
            second.rpc(eth.payload_v2()).result()
        wait_gone(audit)
    check_answered(got, path)
    starts = events(trail.records(path), "start")
    assert len(starts) == 2 and int(starts[1]["seq"]) > len(got)
    trail.good(path)


def test_the_writer_is_killed(site, path):
    with start(site, path) as signerd:
        signerd.rpc(eth.payload_v2()).result()
        signerd.signal("audit", signal.SIGKILL)
        assert signerd.wait() == 1
        assert signerd.logged(msg="child died", child="audit")
    with start(site, path):
        pass
    trail.good(path)


# ---- restart -------------------------------------------------------------


def test_restart_goes_on(site, path):
    for n in range(3):
        with start(site, path) as signerd:
            signerd.rpc(unique(n)).result()
    found = trail.records(path)
    assert [each["event"] for each in found] == \
        ["start", "signed", "stop"] * 3
    assert found[3]["prev"] == found[2]["hash"]


def torn_file(site, path, fragment):
    with start(site, path) as signerd:
        signerd.rpc(unique(0)).result()
    with open(path, "ab") as f:
        f.write(fragment)
    with start(site, path) as signerd:
        signerd.rpc(unique(1)).result()
    return trail.verify(path), signerd


def test_torn_record(site, path):
    """It stays, and the record after it says what it was."""
    fragment = b"seq=4 time=2026-01-01T00:00:00.000000Z event=sig"
    (status, out, err), signerd = torn_file(site, path, fragment)
    assert (status, err) == (trail.GOOD, "")
    assert "%s:4: %d bytes of a record that was not written to its end" % (
        path, len(fragment) + 1) in out
    with open(path) as f:
        lines = f.read().splitlines()
    assert lines[3] == fragment.decode()
    record = trail.fields(lines[4])
    assert record["event"] == "start" and record["seq"] == "4"
    assert record["torn"] == str(len(fragment) + 1)
    assert record["tornhash"] == eth.hexa(keccak256(fragment + b"\n"))
    assert signerd.logged(process="audit", level="warn")
    # It is part of the chain as well as a record is.
    for changed in (lines[:3] + [lines[3] + "x"] + lines[4:],
                    lines[:3] + [lines[3][:-1] + "x"] + lines[4:],
                    lines[:3] + lines[4:]):
        assert told(path, changed)[0] == trail.BAD


def test_torn_first_record(site, path):
    with open(path, "w") as f:
        f.write("seq=1 time=2026-01-01T")
    os.chmod(path, 0o600)
    with start(site, path):
        pass
    status, out, _ = trail.verify(path)
    assert status == trail.GOOD and ":1: 23 bytes" in out


def test_whole_lines_that_are_no_records(site, path):
    """It goes on, for requests are to be served; but it is told."""
    (status, _, err), _ = torn_file(site, path, b"garbage\nseq=9 x\n")
    assert status == trail.BAD
    assert "%s:4: no record: it does not begin with a sequence number; a " \
        "start of the daemon found it so" % path in err


def test_torn_bytes_without_end(site, path):
    with start(site, path):
        pass
    with open(path, "ab") as f:
        f.write(b"\0" * 65537)
    status, _, err = run(site, path)
    assert status == 1 and "hold no record" in err
    assert run(site, path, "-n")[0] == 1


def test_a_file_of_something_else(site, path):
    with open(path, "w") as f:
        f.write("127.0.0.1 localhost\n")
    os.chmod(path, 0o600)
    for arguments in ((), ("-n",)):
        status, _, err = run(site, path, *arguments)
        assert status == 1 and "hold no record" in err and ":" in err
    with open(path) as f:
        assert f.read() == "127.0.0.1 localhost\n"


# ---- rotation ------------------------------------------------------------


def reload_at_last(signerd):
    """Again while records for the file before are not written yet."""
    said = None
    while said != "reloaded":
        mark = hup(signerd)
        said = signerd.wait_log(mark, process="signerd", msg=(
            "reloaded", "reload failed"))["msg"]


def test_rotation_under_load(site, path):
    """Each answer has its record exactly once, in one file or the other."""
    paths = ["%s.%d" % (path, n) for n in range(6)]

    def rotate():
        for each in paths:
            os.rename(path, each)
            reload_at_last(signerd)
        signerd.process.send_signal(signal.SIGTERM)

    with start(site, path) as signerd:
        got = answered(signerd, rotate)
        assert signerd.wait() == 0
    check_answered(got, *paths, path)
    first = [trail.records(each)[0] for each in paths + [path]]
    assert [each["event"] for each in first] == ["start"] + ["reload"] * 6
    assert [each["generation"] for each in first] == list("1234567")
    trail.good(*paths, path)
    # A file that is missing, or elsewhere, is found.
    assert trail.verify(*paths[:2], *paths[3:])[0] == trail.BAD
    assert trail.verify(paths[1], paths[0])[0] == trail.BAD
    # And those from the second on are good by themselves.
    trail.good(*paths[2:4])


def test_reload_without_a_new_file(site, path):
    with start(site, path) as signerd:
        inode = os.stat(path).st_ino
        assert reload(signerd)["generation"] == "2"
        signerd.rpc(eth.payload_v2()).result()
        assert not signerd.logged(msg="audit file begun")
    assert os.stat(path).st_ino == inode
    found = trail.records(path)
    assert [each["event"] for each in found] == [
        "start", "reload", "signed", "stop"]
    assert "prev" not in found[1] and found[1]["generation"] == "2"


def test_another_path(site, path):
    with start(site, path) as signerd:
        reload(signerd, config(site, path + ".b"))
        assert signerd.logged(msg="audit file begun")[0]["file"] == \
            path + ".b"
        signerd.rpc(eth.payload_v2()).result()
        # One that has records is gone on with by a restart alone.
        told = errors(signerd, config(site, path))
        assert told[0].endswith('audit file "%s": is not empty: a reload '
                                'begins a new file, a restart goes on with '
                                'an old one' % path)
        signerd.rpc(eth.payload_v2()).result()
    assert trail.good(path, path + ".b") == 5


def test_sync_by_a_reload(site, path):
    with start(site, path, IMPATIENT) as signerd:
        reload(signerd, config(site, path, "audit sync\n" + IMPATIENT))
        check_that_it_waits(signerd, 1)
        reload(signerd, config(site, path, IMPATIENT))
        signerd.signal("audit", signal.SIGSTOP)
        try:
            signerd.rpc(unique(2)).result()
        finally:
            signerd.signal("audit", signal.SIGCONT)
    trail.good(path)


def test_on_and_off_need_a_restart(site, path):
    with start(site, path) as signerd:
        assert errors(signerd, site.config(rules=RULES, keys=KEYS))[0] \
            .endswith("to go on without an audit file needs a restart")
    with daemon.Signerd(site, site.config(rules=RULES, keys=KEYS)) as signerd:
        assert errors(signerd, config(site, path + ".b"))[0].endswith(
            "the first audit file of a daemon that was started without one "
            "needs a restart")
        assert "audit" not in signerd.children
    assert not os.path.exists(path + ".b")
