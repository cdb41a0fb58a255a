# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""SIGHUP: all of a changed configuration, or nothing of it."""

import json
import os
import shutil
import signal
import socket
import threading

import pytest

from lib import certs, daemon, eth, httpclient, ports, procfs
from lib.daemon import ROOT
from lib.httpclient import Closed
from lib.reloading import (Load, change, ends_soon, errors, few_files, hup,
                           reload, warnings)

RULE = 'allow client "sequencer.example" key "%s" chain 10\n'
SECOND = 'allow client "batcher.example" key "batcher" method transaction\n'
# Of each request there is a record: what is read here is not to fall behind.
QUIET = "{ level info rate 100 }"


@pytest.fixture(scope="module")
def site():
    """One of its own: its files change."""
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def signerd(site):
    with daemon.Signerd(site, config(site)) as made:
        yield made


def config(site, rules=RULE % "sequencer", **named):
    named.setdefault("log", QUIET)
    return site.config(rules=rules, **named)


def signer(signerd):
    """The name of the key that signs now."""
    answer = signerd.rpc(eth.payload_v2()).json()["result"]
    address = eth.hexa(eth.payload_signer(eth.unhex(answer)))
    names = {each["address"]: each["key"] for each in
             signerd.logged(msg="key") + signerd.logged(msg="key added")}
    return names[address]


# ---- what is good -----------------------------------------------------------


def test_nothing_has_changed(signerd):
    record = reload(signerd)
    assert record["generation"] == "2" and record["keys"] == "1"
    assert record["rules"] == "1" and record["listeners"] == "1"
    assert reload(signerd)["generation"] == "3"
    assert signer(signerd) == "sequencer"
    for msg in ("key added", "key removed", "not listening any more"):
        assert not signerd.logged(msg=msg)


def test_under_load_no_request_fails(site, signerd):
    texts = [config(site),
             config(site, rules=RULE % "multi10" + SECOND,
                         keys=("batcher", "multi10", "sequencer")),
             config(site, rules=SECOND + RULE % "batcher", keys=("batcher",),
                         extra="max { header 8 KiB waiting 3 }"),
             None]
    bad = config(site, rules=RULE % "sequencer", keys=("nonesuch",))
    with Load(signerd) as load:
        for text in texts * 3:
            reload(signerd, text)
            load.settle()
            assert errors(signerd, bad)
            load.settle()
            if text is not None:
                change(signerd, text)
        assert sum(load.counts) > 100
    assert not signerd.logged(msg="unavailable")
    assert not signerd.logged(msg="refused")


def test_keys_come_and_go(site, signerd):
    with signerd.connect() as connection:
        mark = signerd.mark()
        reload(signerd, config(site, rules=RULE % "multi10",
                                    keys=("batcher", "multi10")))
        added = {each["key"]: each["address"] for each in
                 signerd.logged(mark, msg="key added")}
        assert set(added) == {"batcher", "multi10"}
        removed, = signerd.logged(mark, msg="key removed")
        assert removed["key"] == "sequencer"
        assert removed["address"] not in added.values()
        answer = connection.rpc(eth.payload_v2()).json()["result"]
        assert eth.hexa(eth.payload_signer(eth.unhex(answer))) == \
            added["multi10"]
        record = signerd.wait_log(mark, msg="signed")
        assert record["key"] == "multi10"
        assert record["address"] == added["multi10"]


def test_another_key_of_the_same_name(site, signerd):
    before = signerd.logged(msg="key")[0]["address"]
    path = site.path("keys", "changing.pem")
    shutil.copy(site.key("sequencer"), path)
    text = config(site, rules='allow client "sequencer.example" key "it" '
                       'chain 10', keys=(), extra='key "it" file "%s"' % path)
    reload(signerd, text)
    shutil.copy(site.key("batcher"), path)
    mark = signerd.mark()
    reload(signerd)
    changed, = signerd.logged(mark, msg="key changed")
    assert changed["key"] == "it" and changed["address"] != before
    mark = signerd.mark()
    assert "result" in signerd.rpc(eth.payload_v2()).json()
    assert signerd.wait_log(mark, msg="signed")["address"] == \
        changed["address"]


def test_a_rule_takes_effect_exactly(site, signerd):
    """The request after the record is decided by the new rules, on a
    connection that was there before."""
    with signerd.connect() as connection:
        for chain in (10, 20, 10, 30):
            reload(signerd, config(
                site, rules='allow client "sequencer.example" '
                'key "sequencer" chain %d' % chain))
            for asked in (10, 20, 30):
                answer = connection.rpc(eth.payload_v2(chain=asked)).json()
                assert ("result" in answer) == (asked == chain), answer
        reload(signerd, config(site, rules=SECOND, keys=("batcher",)))
        answer = connection.rpc(eth.payload_v2()).json()
        assert answer["error"]["code"] == -32000


def test_names_in_the_log_are_those_of_the_answers(site, signerd):
    """While indices change their meaning under load, an address is never
    logged with another key's name."""
    texts = [config(site, rules=RULE % names[0], keys=names,
                    log="{ level info }")
             for names in (("sequencer", "batcher"), ("batcher", "sequencer"),
                           ("multi10", "sequencer", "batcher"))]
    # keyd and the frontend have the keys of this one; it is not to be.
    garbage = site.path("garbage3.pem")
    with open(garbage, "w") as f:
        f.write("no PEM\n")
    bad = config(site, rules=RULE % "sequencer", log="{ level info }",
                 keys=("multi8453", "multi10", "sequencer"),
                 extra='tls crl "%s"' % garbage)
    with Load(signerd, connections=1) as load:
        for n in range(12):
            reload(signerd, texts[n % len(texts)])
            load.settle()
            errors(signerd, bad)
            load.settle()
    known = {}
    for each in signerd.logged(msg="key") + signerd.logged(msg="key added"):
        known.setdefault(each["key"], each["address"])
    signed = signerd.logged(msg="signed")
    assert len({each["key"] for each in signed}) == 3
    for each in signed:
        assert known[each["key"]] == each["address"], each


def test_certificate_is_renewed(site, signerd):
    """For new connections; those that there are go on."""
    pair = site.path("renewed.crt"), site.path("renewed.key")
    for old, new in zip(site.authority.server(), pair):
        shutil.copy(old, new)
    text = config(site).replace(
        site.authority.server()[0], pair[0]).replace(
            site.authority.server()[1], pair[1])
    reload(signerd, text)
    with signerd.connect() as old:
        first = old.sock.getpeercert()["serialNumber"]
        newer = site.authority.issue("server2", "localhost",
                                     "DNS:localhost,IP:127.0.0.1")
        for source, target in zip(newer, pair):
            shutil.copy(source, target)
        reload(signerd)
        with signerd.connect() as new:
            assert new.sock.getpeercert()["serialNumber"] != first
            assert "result" in new.rpc(eth.payload_v2()).json()
        assert "result" in old.rpc(eth.payload_v2()).json()


def test_what_is_odd_is_a_warning(site, signerd):
    """Whether the parser has found it, or a child in a file."""
    server, soon = site.authority.server(), ends_soon(site)
    text = config(site, keys=("sequencer", "batcher")).replace(
        server[0], soon[0]).replace(server[1], soon[1])
    parsers, childs = warnings(signerd, text)
    assert parsers.endswith(': warning: no rule uses key "batcher"')
    assert childs.startswith(signerd.path + ":3: warning: %s: expires on 20" %
                             soon[0])


def test_listeners_come_and_go(site, signerd):
    text = config(site)
    more = "listen on 127.0.0.1 port 0\n" + text
    with Load(signerd, connections=2) as load:
        mark = signerd.mark()
        assert reload(signerd, more)["listeners"] == "2"
        added, = signerd.logged(mark, msg="listening")
        port = int(added["port"])
        assert port != signerd.port
        client = httpclient.Connection(port, site.tls("sequencer.example"))
        with client:
            assert "result" in client.rpc(eth.payload_v2()).json()
            mark = signerd.mark()
            assert reload(signerd, text)["listeners"] == "1"
            gone, = signerd.logged(mark, msg="not listening any more")
            assert int(gone["port"]) == port
            assert not signerd.logged(mark, msg="listening")
            # Its connection goes on.
            assert "result" in client.rpc(eth.payload_v2()).json()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        load.settle()
    with signerd.connect() as connection:
        assert "result" in connection.rpc(eth.payload_v2()).json()


def test_a_listener_is_replaced(site, signerd):
    """The port is told from another; the old one is closed."""
    port = signerd.port
    free = ports.reserve()
    mark = signerd.mark()
    reload(signerd, config(site, rules=RULE % "sequencer",
                                listen="127.0.0.1 port %d" % free))
    assert int(signerd.logged(mark, msg="listening")[0]["port"]) == free
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    # By its number it goes on, too.
    mark = signerd.mark()
    reload(signerd, config(site, rules=RULE % "sequencer",
                                listen="127.0.0.1 port %d" % free))
    assert not signerd.logged(mark, msg="listening")


def test_limits_and_times(site, signerd):
    with signerd.connect() as old:
        big = eth.encode(eth.payload_v2()) + b" " * 4096
        assert old.exchange(body=big).status == 200
        reload(signerd, config(site, rules=RULE % "sequencer",
                                    extra="max { body 2 KiB batch 1 }"))
        for connection in (old, signerd.connect()):
            with connection:
                answer = connection.rpc([eth.payload_v2()] * 2).json()
                assert answer[0]["error"]["message"] == "batch too large"
                assert connection.exchange(body=big).status == 413
        reload(signerd, config(site, rules=RULE % "sequencer",
                                    extra="timeout idle 50 ms"))
        with signerd.connect() as idle:
            left, seconds = idle.wait_close()
            assert left == b"" and seconds < 60


def test_an_idle_connection_has_the_new_time(site, signerd):
    with signerd.connect() as idle:
        assert "result" in idle.rpc(eth.payload_v2()).json()
        reload(signerd, config(site, rules=RULE % "sequencer",
                                    extra="timeout idle 50 ms"))
        left, seconds = idle.wait_close()
        assert left == b"" and seconds < 60


def test_larger_and_smaller_transactions(site):
    """keyd and frontend change their limits one after the other."""
    rules = 'allow client "batcher.example" key "sequencer" ' \
        'method transaction\n' + RULE % "sequencer"
    large = eth.sign_transaction(input="0x" + "11" * 50000)
    # 50 kB: over 64 KiB in hexadecimal, and over the smaller limit.
    with daemon.Signerd(site, config(
            site, rules=rules, extra="max transaction 4 KiB")) as signerd:
        for size, good in (("16 KiB", False), ("1 MiB", True),
                           ("4 KiB", False), ("200 KiB", True)):
            with Load(signerd, connections=2):
                reload(signerd, config(
                    site, rules=rules, extra="max transaction " + size))
            answer = signerd.rpc(large, "batcher.example").json()
            assert ("result" in answer) == good, (size, str(answer)[:200])


def test_log_level_and_format(site, signerd):
    reload(signerd, config(site, rules=RULE % "sequencer",
                                log="{ level error }"))
    mark = signerd.mark()
    assert "result" in signerd.rpc(eth.payload_v2()).json()
    reload_text = config(site, rules=RULE % "sequencer",
                              log="{ level debug }")
    hup(signerd, reload_text)
    signerd.wait_log(mark, msg="reloaded")
    assert not signerd.logged(mark, msg="signed")
    assert "result" in signerd.rpc(eth.payload_v2()).json()
    signerd.wait_log(mark, msg="connected", process="frontend")
    signerd.wait_log(mark, msg="signed")
    mark = signerd.mark()
    signerd.parse = lambda line: (json.loads(line) if line[0] == "{" else
                                  daemon.parse_log(line))
    reload(signerd, config(site, log="{ format json level info }"))
    assert "result" in signerd.rpc(eth.payload_v2()).json()
    signerd.wait_log(mark, msg="signed", process="frontend")
    assert signerd.lines[-1][0] == "{"


# ---- what is bad ------------------------------------------------------------


def broken(site):
    """Kind, text and what the fault is to say, by the name."""
    good = config(site)
    server = site.authority.server()
    busy = socket.socket()
    busy.bind(("127.0.0.1", 0))
    busy.listen()
    port = busy.getsockname()[1]
    line = 1 + good.count("\n")
    garbage = site.path("garbage.pem")
    with open(garbage, "w") as f:
        f.write("no PEM\n")
    os.chmod(garbage, 0o600)
    open_key = site.path("keys", "open.pem")
    shutil.copy(site.key("sequencer"), open_key)
    os.chmod(open_key, 0o644)
    other = site.authority.client("batcher.example")
    foreign = site.foreign.crl()
    cases = {
        "syntax": (good + "allow nonsense\n", line, "syntax error"),
        "unknown key": (good + RULE % "nobody", line, "is not defined"),
        "missing file": (good + 'key "x" file "/nonexistent"\n', line,
                         "No such file"),
        "bad key": (good + 'key "x" file "%s"\n' % garbage, line, "PEM"),
        "readable key": (good + 'key "x" file "%s"\n' % open_key, line,
                         "holds a secret"),
        "unmatched": (good.replace(server[1], other[1]), 3,
                      "does not belong to the certificate"),
        "bad CA": (good.replace(site.authority.ca, garbage), 2,
                   "no certificate"),
        "bad CRL": (good + 'tls crl "%s"\n' % garbage, line,
                    "no certificate revocation list"),
        "foreign CRL": (good + 'tls crl "%s"\n' % foreign, line,
                        "its issuer"),
        "occupied port": (good + "listen on 127.0.0.1 port %d\n" % port,
                          line, "in use by another process"),
        "own wildcard": (good + "listen on 0.0.0.0 port PORT\n", line,
                         'in use by the "listen on 127.0.0.1" that goes on'),
        "proxy": (good + site.proxy("edge", 1), line, "needs a restart"),
        "files": (good + "max connections 65536", line, "needs a restart"),
    }
    if ROOT:
        cases["user"] = (good.replace('user "nobody"', 'user "daemon"'), 4,
                         "needs a restart")
    return cases, busy


@pytest.mark.parametrize("name", (
    "syntax", "unknown key", "missing file", "bad key", "readable key",
    "unmatched", "bad CA", "bad CRL", "foreign CRL", "occupied port",
    "own wildcard", "proxy", "files", "user"))
def test_what_is_broken_changes_nothing(site, name):
    cases, busy = broken(site)
    if name not in cases:
        pytest.skip("only root can change the user")
    text, line, words = cases[name]
    with busy, few_files(), daemon.Signerd(site, config(site)) as signerd:
        with Load(signerd) as load:
            told = errors(signerd, text.replace("PORT", str(signerd.port)))
            assert len(told) == 1, told
            assert told[0].startswith("%s:%d: " % (signerd.path, line))
            assert words in told[0], told
            load.settle()
        assert signer(signerd) == "sequencer"
        # Neither keys nor sockets of it are left.
        assert reload(signerd, config(site))[
            "generation"] == "2"


def test_all_faults_are_told(site, signerd):
    """Those of several files and of two processes."""
    garbage = site.path("garbage2.pem")
    with open(garbage, "w") as f:
        f.write("no PEM\n")
    os.chmod(garbage, 0o600)
    text = config(site, rules=RULE % "sequencer", extra="\n".join(
        ['key "x" file "%s"' % garbage, 'key "y" file "%s"' % garbage,
         'tls crl "%s"' % garbage]))
    told = errors(signerd, text)
    assert len(told) == 3
    lines = sorted(int(each.split(":")[1]) for each in told)
    assert lines == list(range(lines[0], lines[0] + 3))


def test_more_files_than_at_start(site):
    """Also where it was started with a limit that is too low for that."""
    with few_files(), daemon.Signerd(site, config(site)) as signerd:
        soft, hard = procfs.limits(signerd.pid)["Max open files"]
        assert soft == hard
        reload(signerd, config(site, extra="max connections 3000"))
        with signerd.connect() as connection:
            assert serving(connection)


@pytest.mark.skipif(not ROOT, reason="a user may not see the descriptors of "
                    "an undumpable process")
def test_sockets_of_what_failed_are_closed(site, signerd):
    """Also those that the frontend was given."""
    text = config(site)
    reload(signerd, text)
    before = sorted(procfs.descriptors(signerd.children["frontend"]).values())
    bad = 3 * "listen on 127.0.0.1 port 0\n" + config(
        site, extra='key "none" file "%s"' % site.authority.server()[1])
    for _ in range(3):
        assert errors(signerd, bad)
    # Once this is in force the frontend has dealt with those.
    reload(signerd, text)
    assert before == sorted(procfs.descriptors(
        signerd.children["frontend"]).values())


def test_a_file_that_is_gone(site, signerd):
    text = open(signerd.path).read()
    os.unlink(signerd.path)
    told, = errors(signerd)
    assert told.startswith(signerd.path + ": cannot open")
    assert signer(signerd) == "sequencer"
    assert reload(signerd, text)


# ---- whom it trusts ---------------------------------------------------------


def serving(connection):
    try:
        return "result" in connection.rpc(eth.payload_v2()).json()
    except (Closed, OSError):
        return False


def test_revoked_clients_are_closed(site):
    """Exactly those, idle or not, and before their next request."""
    authority = site.authority
    authority.client("revoked.example")
    authority.revoke("revoked.example")
    rules = 'allow client "revoked.example" key "sequencer" chain 10\n' + \
        RULE % "sequencer"
    with daemon.Signerd(site, config(site, rules=rules)) as signerd:
        good = [signerd.connect() for _ in range(12)]
        bad = [signerd.connect("revoked.example") for _ in range(12)]
        nobody = signerd.connect(None)
        for each in good + bad:
            assert serving(each)
        mark = signerd.mark()
        reload(signerd, config(
            site, rules=rules, extra='tls crl "%s"' % authority.crl()))
        # Not even one that asks at once.
        assert not serving(bad[0])
        for each in bad[1:]:
            assert each.wait_close()[0] == b""
        for each in good:
            assert serving(each)
        assert nobody.exchange("GET", "/healthz").status == 200
        told = signerd.logged(mark, msg="certificate not trusted any more")
        assert len(told) == len(bad)
        assert {each["client"] for each in told} == {"revoked.example"}
        assert all("revoked" in each["reason"] for each in told)
        with pytest.raises((Closed, OSError)):
            with signerd.connect("revoked.example") as again:
                again.rpc(eth.payload_v2())
        for each in good + bad + [nobody]:
            each.close()


def test_a_handshake_begun_before_is_judged_by_the_new(site):
    """The context is the old one's; the certificate is not taken."""
    authority = certs.Authority(site.path("early"))
    pair = authority.client("sequencer.example")
    text = config(site)
    both = site.path("both.crt")
    with open(both, "w") as f:
        for ca in (site.authority.ca, authority.ca):
            f.write(open(ca).read())
    with daemon.Signerd(site, text.replace(site.authority.ca,
                                           both)) as signerd:
        with socket.create_connection(("127.0.0.1", signerd.port)) as raw:
            # It is accepted: one that comes later is served.
            assert serving(signerd.connect())
            reload(signerd, text)
            context = httpclient.context(site.authority.ca, pair)
            late = httpclient.Connection.__new__(httpclient.Connection)
            late.buffer = b""
            late.sock = context.wrap_socket(raw, server_hostname="localhost")
            # It need not ask first.
            assert late.wait_close()[0] == b""
            signerd.wait_log(msg="certificate not trusted any more",
                             client="sequencer.example")


def test_authority_is_replaced(site):
    """First both, then the new one alone: nobody that has changed over is
    disturbed, all others go."""
    newer = certs.Authority(site.path("newer"), "newer authority")
    both = site.path("rotation.crt")
    old_text, new_text = open(site.authority.ca).read(), open(newer.ca).read()
    with open(both, "w") as f:
        f.write(old_text)
    text = config(site).replace(site.authority.ca,
                                                         both)
    tls = httpclient.context(site.authority.ca,
                             newer.client("sequencer.example"))
    with daemon.Signerd(site, text) as signerd:
        old = [signerd.connect() for _ in range(3)]
        assert all(serving(each) for each in old)
        with open(both, "w") as f:
            f.write(old_text + new_text)
        reload(signerd)
        new = [httpclient.Connection(signerd.port, tls) for _ in range(3)]
        assert all(serving(each) for each in old + new)
        with open(both, "w") as f:
            f.write(new_text)
        with Load(signerd, connect=lambda: httpclient.Connection(
                signerd.port, tls)):
            reload(signerd)
            for each in old:
                assert each.wait_close()[0] == b""
        assert all(serving(each) for each in new)
        for each in old + new:
            each.close()


# ---- one after the other ----------------------------------------------------


def test_two_signals_at_once(site, signerd):
    mark = signerd.mark()
    for _ in range(2):
        os.kill(signerd.pid, signal.SIGHUP)
    signerd.wait_log(mark, msg="reloaded")
    assert signer(signerd) == "sequencer"


def test_a_signal_during_a_reload_makes_one_more(site, signerd):
    """The frontend is held up, so that the reload is under way."""
    mark = signerd.mark()
    signerd.signal("frontend", signal.SIGSTOP)
    hup(signerd, config(site, rules=RULE % "batcher", keys=("batcher",)))
    # Its warnings or its keys are not told yet; keyd has the candidate when
    # the parent reads the next message of it.
    signerd.signal("keyd", signal.SIGSTOP)
    signerd.signal("keyd", signal.SIGCONT)
    for _ in range(5):
        hup(signerd, config(site, rules=RULE % "multi10", keys=("multi10",)))
    signerd.signal("frontend", signal.SIGCONT)
    signerd.wait_log(mark, msg="key added", key="multi10")
    assert signer(signerd) == "multi10"
    assert len(signerd.logged(mark, msg="reloaded")) <= 2


def test_stopped_during_a_reload(site):
    """It leaves in order, whatever the reload had come to."""
    for child in ("frontend", "keyd"):
        with daemon.Signerd(site, config(site)) as signerd:
            signerd.signal(child, signal.SIGSTOP)
            hup(signerd, config(site, rules=RULE % "batcher",
                                     keys=("batcher",)))
            signerd.process.send_signal(signal.SIGTERM)
            signerd.wait_log(msg="stopping: Terminated")
            signerd.signal(child, signal.SIGCONT)
            assert signerd.wait() == 0
            assert not signerd.logged(msg="reload failed")


def test_a_signal_before_it_is_ready(site):
    """It is not lost, and does no harm."""
    text = config(site)
    made = daemon.Signerd.__new__(daemon.Signerd)
    made.begun = {"msg": "started", "child": "keyd"}
    made.__init__(site, text)
    with made as signerd:
        os.kill(signerd.pid, signal.SIGHUP)
        signerd.wait_log(msg="ready")
        signerd.wait_log(msg="reloaded")


def test_check_takes_no_notice(site):
    path = site.write(config(site))
    status, out, err = daemon.run("-n", "-f", path)
    assert (status, err) == (0, "")


# ---- in the long run --------------------------------------------------------


def anonymous(pid):
    return int(procfs.status(pid)["RssAnon"].split()[0])


def kinds(pid):
    """Of its descriptors, as far as we may look."""
    return sorted(procfs.descriptors(pid).values()) if ROOT else None


def test_a_hundred_reloads_leave_nothing(site, signerd):
    """Neither memory nor descriptors, which a user does not see; with a good
    and a bad one in turns."""
    text = config(site, rules=RULE % "sequencer" + SECOND,
                       keys=("sequencer", "batcher"))
    more = "listen on 127.0.0.1 port 0\n" + text
    bad = more + 'key "x" file "/nonexistent"\n'
    worse = 2 * "listen on 127.0.0.1 port 0\n" + more.replace(
        site.key("batcher"), site.authority.ca)
    pids = dict(signerd.children, parent=signerd.pid)

    def turn():
        reload(signerd, text)
        errors(signerd, bad)
        reload(signerd, more)
        errors(signerd, worse)

    with signerd.connect() as held:
        for _ in range(10):
            turn()
        before = {name: (anonymous(pid), kinds(pid))
                  for name, pid in pids.items()}
        for _ in range(15):
            turn()
        assert serving(held)
        for name, pid in pids.items():
            kib, open_files = before[name]
            assert kinds(pid) == open_files, name
            if not daemon.SANITIZE:
                assert anonymous(pid) < kib + 400, (name, kib, anonymous(pid))
