# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Several processes with the keys: keyd workers."""

import os
import re
import signal
import threading

import pytest

from lib import audited, daemon, eth, procfs, scraping, trail
from lib.reloading import Load, errors, reload

RULE = 'allow client "sequencer.example" key "%s" chain 10\n'
BATCHER = 'allow client "batcher.example" key "batcher" method transaction\n'
WORKERS = 2
NAMES = ("keyd1", "keyd2")


@pytest.fixture(scope="module")
def site():
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


def config(site, rules=RULE % "sequencer", extra="", **named):
    named.setdefault("log", "{ level info rate 200 }")
    return site.config(rules=rules, extra="keyd workers %d\n%s" % (
        WORKERS, extra), **named)


@pytest.fixture
def signerd(site):
    with daemon.Signerd(site, config(
            site, extra="metrics on 127.0.0.1 port 0")) as made:
        yield made


def worker_file(path, n):
    return path if n == 1 else "%s.worker%d" % (path, n)


def files(path):
    return [worker_file(path, n + 1) for n in range(WORKERS)]


def spread(signerd, done, connections=8):
    """Requests on so many connections until that is so; how many."""
    with Load(signerd, connections=connections) as load:
        for _ in range(1000):
            if done():
                break
            load.settle()
        assert done()
    return sum(load.counts)


def signed(path):
    """How many signatures each worker has recorded."""
    counts = []
    for each in files(path):
        with open(each) as f:
            counts.append(f.read().count(" event=signed "))
    return counts


def test_names(site, signerd):
    """A number is part of the name of one of several, and of no other."""
    assert set(signerd.children) == set(NAMES) | {"frontend"}
    for name in NAMES:
        with open("/proc/%d/cmdline" % signerd.children[name], "rb") as f:
            assert f.read().split(b"\0")[0] == name.encode()
    with daemon.Signerd(site, site.config(
            rules=RULE % "sequencer", extra="keyd workers 1")) as one:
        assert set(one.children) == {"keyd", "frontend"}


def test_auto(site):
    want = min(16, os.sysconf("SC_NPROCESSORS_ONLN"))
    with daemon.Signerd(site, site.config(
            rules=RULE % "sequencer", extra="keyd workers auto")) as signerd:
        keyds = [each for each in signerd.children
                 if each.startswith("keyd")]
        assert len(keyds) == want
        # However many there are by now.
        reload(signerd)
        assert signerd.rpc(eth.payload_v2()).result()


def test_all_of_them_sign(site, path):
    with audited.start(site, path, "keyd workers 2") as signerd:
        made = spread(signerd, lambda: min(signed(path)) > 5)
    assert sum(signed(path)) >= made


def test_metrics_are_those_of_all(signerd):
    total = spread(signerd, lambda: True)
    found = scraping.until(
        signerd.metrics[0], lambda each: each.sum(
            "signerd_key_signatures_total") == each.sum(
                "signerd_requests_total", process="frontend",
                method="block-payload", result="signed") >= total)
    # One sample of both, which differ.
    assert found("signerd_rule_signatures_total", rule="1") == \
        found.sum("signerd_key_signatures_total")
    for name in NAMES:
        assert found("signerd_process_up", process=name) == 1


def test_reloads_under_load(site, signerd):
    """Good and bad; none of them is seen by half of the workers."""
    bad = config(site, rules=RULE % "sequencer", keys=("nonesuch",),
                 extra="metrics on 127.0.0.1 port 0")
    texts = [config(site, rules=RULE % name, keys=("batcher", name),
                    extra="metrics on 127.0.0.1 port 0")
             for name in ("multi10", "sequencer")]
    with Load(signerd, connections=6) as load:
        for text in texts * 3:
            reload(signerd, text)
            load.settle()
            told = errors(signerd, bad)
            assert len(told) == 1
            load.settle()
    assert not signerd.logged(msg="unavailable")
    assert not signerd.logged(msg="refused")


def test_a_key_file_with_a_fault_is_told_once(site, signerd):
    garbage = site.path("garbage.pem")
    with open(garbage, "w") as f:
        f.write("no key\n")
    os.chmod(garbage, 0o600)
    told = errors(signerd, config(
        site, extra='metrics on 127.0.0.1 port 0\nkey "g" file "%s"' %
        garbage))
    assert len(told) == 1 and "garbage.pem" in told[0]


def test_a_key_goes_from_all_of_them(site, signerd):
    """After the record not one request of many at once has it."""
    gone = config(site, rules=BATCHER, keys=("batcher",),
                  extra="metrics on 127.0.0.1 port 0")
    reload(signerd, gone)
    codes = []

    def ask():
        with signerd.connect() as connection:
            for _ in range(10):
                codes.append(connection.rpc(
                    eth.payload_v2()).json()["error"]["code"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert codes == [-32000] * 80


def test_the_number_needs_a_restart(site, signerd):
    for text, have in (("keyd workers 3", 3), ("", 1)):
        told = errors(signerd, site.config(
            rules=RULE % "sequencer",
            extra="metrics on 127.0.0.1 port 0\n" + text))
        assert any("keyd workers %d in the place of 2 needs a restart" % have
                   in each for each in told)
    assert signerd.rpc(eth.payload_v2()).result()


def test_names_in_the_log_are_those_of_the_answers(site):
    """While workers change one after the other."""
    texts = [config(site, rules=RULE % names[0], keys=names,
                    log="{ level info }")
             for names in (("sequencer", "batcher"),
                           ("batcher", "sequencer"))]
    with daemon.Signerd(site, texts[0]) as signerd:
        addresses = {}
        with Load(signerd, connections=6) as load:
            for text in texts[::-1] * 4:
                reload(signerd, text)
                load.settle()
        for each in signerd.logged(msg="key") + \
                signerd.logged(msg="key added"):
            addresses[each["key"]] = each["address"]
        records = signerd.logged(msg="signed")
        assert {each["key"] for each in records} == set(addresses)
        for each in records:
            assert addresses[each["key"]] == each["address"]


@pytest.mark.parametrize("which", NAMES)
def test_one_that_dies_ends_the_daemon(site, which):
    with daemon.Signerd(site, config(site)) as signerd:
        signerd.signal(which, signal.SIGKILL)
        assert signerd.wait() == 1
        assert signerd.logged(msg="child died", child=which)


@pytest.mark.parametrize("which", NAMES)
def test_one_that_hangs(site, which):
    """It is not ready, but what is asked is answered by the other; only what
    it was asked before that was known is not."""
    text = config(site, extra="metrics on 127.0.0.1 port 0\n"
                  "timeout { keyd 2 s request 50 s }")
    with daemon.Signerd(site, text) as signerd:
        signerd.signal(which, signal.SIGSTOP)
        try:
            scraping.until_ready(signerd.metrics[0], 503,
                                 "keyd does not answer")
            with signerd.connect() as connection:
                statuses = [connection.rpc(eth.payload_v2()).status
                            for _ in range(20)]
                assert statuses[0] in (200, 503)
                assert statuses[1:] == [200] * 19
        finally:
            signerd.signal(which, signal.SIGCONT)


def test_isolation_is_the_same_for_each(signerd):
    ours = [procfs.status(signerd.children[name]) for name in NAMES]
    for key in ("Seccomp", "NoNewPrivs", "CapEff", "CapPrm", "Uid", "Gid"):
        assert ours[0][key] == ours[1][key]
    assert ours[0]["Seccomp"] == "2"


# ---- the audit trail --------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(site, tmp_path_factory):
    """Lines of each worker's file, and the last hash that the log has."""
    kept = audited.place(tmp_path_factory)
    with audited.start(site, kept, "keyd workers 2") as signerd:
        spread(signerd, lambda: min(signed(kept)) > 5)
    heads = [signerd.logged(process=name, msg="audit head")[-1]["hash"]
             for name in NAMES]
    lines = []
    for each in files(kept):
        with open(each) as f:
            lines.append(f.read().splitlines())
    return lines, heads


def told(path, lines, *arguments):
    for n, each in enumerate(lines):
        with open(worker_file(path, n + 1), "w") as f:
            f.write("\n".join(each) + "\n")
    return trail.verify(*files(path), *arguments)


def head_arguments(heads):
    return [each for head in heads for each in ("--head", head)]


def test_each_has_a_chain(recorded, path):
    lines, heads = recorded
    status, out, err = told(path, lines, *head_arguments(heads))
    assert (status, err) == (trail.GOOD, "")
    for n, head in enumerate(heads):
        assert re.search("(?m)^head worker=%d sequence=%d hash=%s " % (
            n + 1, len(lines[n]), head), out)
        start = trail.fields(lines[n][0])
        assert start["event"] == "start"
        assert (start["worker"], start["workers"]) == (str(n + 1), "2")
        assert trail.records(worker_file(path, n + 1))
    # In any order, and with one of them missing it says so.
    assert trail.verify(*files(path)[::-1])[0] == trail.GOOD
    for n, each in enumerate(files(path)):
        status, out, err = trail.verify(each)
        assert status == trail.BAD and "head worker=%d " % (n + 1) in out
        assert "no records of worker %d of 2" % (2 - n) in err
    trail.write(worker_file(path, 2), [])
    assert trail.verify(*files(path))[0] == trail.BAD
    status, out, err = trail.verify(path, *head_arguments(heads))
    assert status == trail.BAD and heads[1] in err


@pytest.mark.parametrize("n", range(WORKERS))
def test_what_was_changed_is_found_in_each(recorded, path, n):
    lines, heads = recorded
    arguments = head_arguments(heads)

    def with_other(changed):
        return told(path, lines[:n] + [changed] + lines[n + 1:], *arguments)

    ours, name = lines[n], worker_file(path, n + 1)
    was = ours[4]
    at = was.index("client=") + 8
    flipped = was[:at] + chr(ord(was[at]) ^ 1) + was[at + 1:]
    status, _, err = with_other(ours[:4] + [flipped] + ours[5:])
    assert status == trail.BAD and "%s:5: " % name in err
    status, _, err = with_other(ours[:3] + ours[4:])
    assert status == trail.BAD and "%s:4: sequence 5" % name in err
    status, _, err = with_other(ours[:-1])
    assert status == trail.BAD and heads[n] in err
    trail.write(name, ours[:-1] + [ours[-1].replace("stop", "begin")])
    status, _, err = trail.verify(*files(path), *arguments)
    assert status == trail.BAD and heads[n] in err
    # A file in the place of the other.
    status, _, err = told(path, [lines[n], lines[n]], *arguments)
    assert status == trail.BAD


def test_rotation_loses_nothing(site, path):
    """Both files are renamed while many ask."""
    with audited.start(site, path, "keyd workers 2") as signerd:
        spread(signerd, lambda: min(signed(path)) > 5)
        with Load(signerd, connections=6) as load:
            for each in files(path):
                os.rename(each, each + ".old")
            reload(signerd)
            load.settle()
        assert len(signerd.logged(msg="audit file begun")) == 2
        spread(signerd, lambda: min(signed(path)) > 5)
    for each in files(path):
        assert trail.records(each + ".old", each)
    trail.good(*(each + end for each in files(path) for end in (".old", "")))


def test_a_start_goes_on_with_each_chain(site, path):
    for _ in range(2):
        with audited.start(site, path, "keyd workers 2") as signerd:
            signerd.rpc(audited.unique(1)).result()
    for n, each in enumerate(files(path)):
        starts = audited.events(trail.records(each), "start")
        assert len(starts) == 2
        assert [s["worker"] for s in starts] == [str(n + 1)] * 2
    assert trail.verify(*files(path))[0] == trail.GOOD
    # A file holds no other worker's records, whatever their hashes.
    with open(path) as f:
        lines = f.read().splitlines()
    second = [n for n, line in enumerate(lines) if "event=start" in line][1]
    lines[second] = lines[second].replace("worker=1", "worker=2")
    trail.write(path, lines)
    status, _, err = trail.verify(*files(path))
    assert status == trail.BAD
    assert "%s:%d: it is of another worker" % (path, second + 1) in err


@pytest.mark.parametrize("n", range(WORKERS))
def test_a_check_looks_at_each_file(site, path, n):
    """-n, too, and makes none that there is not."""
    with open(worker_file(path, n + 1), "w") as f:
        f.write("127.0.0.1 localhost\n")
    os.chmod(f.name, 0o600)
    for arguments in (("-n",), ()):
        status, _, err = audited.run(site, path, *arguments,
                                     extra="keyd workers 2")
        assert status == 1 and err.count("hold no record") == 1
        assert 'audit file "%s"' % f.name in err or f.name + ": " in err
        if arguments:
            assert not os.path.exists(worker_file(path, 2 - n))


def test_one_worker_less_than_before(site, path):
    """What the third has recorded is part of the trail."""
    for n in (3, 2):
        with audited.start(site, path, "keyd workers %d" % n) as signerd:
            signerd.rpc(audited.unique(n)).result()
    third = worker_file(path, 3)
    for paths in (files(path), files(path)[::-1]):
        status, _, err = trail.verify(*paths)
        assert status == trail.BAD and "no records of worker 3 of 3" in err
        assert trail.verify(third, *paths)[0] == trail.GOOD


def test_one_more_worker_than_before(site, path):
    """A trail of one that was alone goes on as that of the first."""
    with audited.start(site, path) as signerd:
        signerd.rpc(audited.unique(1)).result()
    with audited.start(site, path, "keyd workers 2") as signerd:
        signerd.rpc(audited.unique(2)).result()
    assert trail.verify(*files(path))[0] == trail.GOOD
    starts = audited.events(trail.records(path), "start")
    assert [each.get("worker") for each in starts] == [None, "1"]
