# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""signerctl, command by command, with both daemons; test_signerctl_show.py
has what it shows."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess

import pytest

from lib import daemon, eth, operated, relays, scraping
from lib.control import SIGNERCTL, Control, run
from lib.linked import ADDRESS
from lib.operated import (CLIENT, DAEMONS, DIRECT, OTHER, PAYLOAD, PROXIED,
                          TO, TX, ZEROS, wait_for)
from lib.reloading import change

ELSEWHERE = "0x" + "33" * 20


@pytest.fixture(scope="module")
def site():
    """One of its own: its files change."""
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def both(site):
    with operated.running(site) as made:
        yield made


@pytest.fixture(params=DAEMONS)
def one(request, both):
    """(daemon, its control socket)"""
    return getattr(both, request.param), both.ctl[request.param]


def ready(running):
    """What /readyz says."""
    port = int(running.logged(msg="listening", **{"for": "metrics"})[0]["port"])
    return scraping.get(port, "/readyz")[2].splitlines()


# ---- reload ---------------------------------------------------------------


def test_reload_waits_for_its_end(both, one):
    running, ctl = one
    before = ctl.json("show", "status")["daemon"]["generation"]
    said = ctl.run("reload")
    assert said == (0, "reloaded: generation %d\n" % (before + 1), "")
    assert ctl.json("show", "status")["daemon"]["generation"] == before + 1
    running.wait_log(msg="control", command="reload")


def test_reload_prints_the_faults(both, one):
    running, ctl = one
    text = both.texts[running.name]
    status = ctl.json("show", "status")["daemon"]
    line = text.count("\n") + 1
    change(running, text + "nonsense\nlog rate five\n")
    try:
        said = ctl.run("reload")
    finally:
        change(running, text)
    assert said.status == 1 and said.out == ""
    faults = said.err.splitlines()
    assert faults[0] == '%s:%d: unknown statement "nonsense"' % (
        running.path, line)
    assert faults[1].startswith("%s:%d: " % (running.path, line + 1))
    assert faults[2] == "signerctl: not reloaded: what ran before goes " \
        "on: generation %d" % status["generation"]
    assert len(faults) == 3
    after = ctl.json("show", "status")["daemon"]
    assert after["generation"] == status["generation"]


def test_reload_prints_what_children_find(both, one):
    """A file that only they read."""
    running, ctl = one
    text = both.texts[running.name]
    bad = running.site.path("bad.crt")
    with open(bad, "w") as f:
        f.write("no certificate\n")
    changed = re.sub(r'(?m)^tls certificate "[^"]*"',
                     'tls certificate "%s"' % bad, text)
    change(running, changed)
    try:
        said = ctl.run("reload")
    finally:
        change(running, text)
    assert said.status == 1
    line = changed[:changed.index(bad)].count("\n") + 1
    assert said.err.startswith("%s:%d: %s: " % (running.path, line, bad))


def test_reload_prints_warnings(both, one):
    running, ctl = one
    text = both.texts[running.name]
    if running.name == "signerd":
        text += 'key "spare" file "%s"\n' % running.site.key("multi10")
    else:
        text += PROXIED
    change(running, text)
    try:
        said = ctl.run("reload")
    finally:
        change(running, both.texts[running.name])
    assert said.status == 0 and ": warning: " in said.err, said
    ctl.ask("reload")


def reloads(ctl):
    """Generation, and reloads that have failed."""
    stats = {(each["metric"].partition("_")[2], each["labels"]): each["value"]
             for each in ctl.show("stats")}
    return (stats["config_generation", ""],
            stats["reloads_total", "result=failure"])


def test_trial_changes_nothing(both, one):
    """What would be taken up is not."""
    running, ctl = one
    text, before, mark = both.texts[running.name], reloads(ctl), running.mark()
    rules = ctl.show("rules")
    other = Control(running.site, "other.sock")
    change(running, text.replace(ctl.statement, other.statement).replace(
        "\nallow", "\n\nallow", 1))
    try:
        assert ctl.run("reload", "-n") == (0, "", "")
    finally:
        change(running, text)
    assert (ctl.show("rules"), reloads(ctl)) == (rules, before)
    assert not os.path.exists(other.path)
    running.wait_log(mark, msg="control", command="reload -n")
    assert not running.logged(mark, msg="reloaded")
    running.rpc(eth.payload_v2())
    assert ctl.run("reload", "-n", "-n").status == 2


def test_trial_prints_the_faults(both, one):
    """Those of the text, and those that a child finds, to who asks alone."""
    running, ctl = one
    text, before, mark = both.texts[running.name], reloads(ctl), running.mark()
    last = "signerctl: would not be reloaded: generation %d\n" % before[0]
    bad = running.site.path("bad-trial.crt")
    with open(bad, "w") as f:
        f.write("no certificate\n")
    try:
        change(running, text + "nonsense\n")
        assert ctl.run("reload", "-n") == (
            1, "", '%s:%d: unknown statement "nonsense"\n%s' % (
                running.path, text.count("\n") + 1, last))
        changed = re.sub(r'(?m)^tls certificate "[^"]*"',
                         'tls certificate "%s"' % bad, text)
        change(running, changed)
        said = ctl.run("reload", "-n")
    finally:
        change(running, text)
    assert (said.status, said.out) == (1, "") and said.err.endswith(last)
    assert said.err.startswith("%s:%d: %s: " % (
        running.path, changed[:changed.index(bad)].count("\n") + 1, bad))
    assert reloads(ctl) == before
    ctl.ask("reload")
    running.wait_log(mark, msg="reloaded")
    assert not running.logged(mark, level="error")


def test_what_needs_a_restart(both, one):
    """-n of the daemon cannot know: it does not see what runs."""
    running, ctl = one
    text = both.texts[running.name]
    listen = "listen on 0.0.0.0 port %d" % running.port
    changed = text.replace("listen on 127.0.0.1 port 0", listen, 1)
    where = "%s:%d: " % (running.path, changed.split("\n").index(listen) + 1)
    change(running, changed)
    try:
        told = [ctl.run(*words) for words in (("reload", "-n"), ("reload",))]
    finally:
        change(running, text)
    for said in told:
        assert (said.status, said.out) == (1, "")
        fault, last = said.err.splitlines()
        assert fault.startswith(where) and fault.endswith("needs a restart")
        assert " reloaded: " in last
    ctl.ask("reload")


@contextlib.contextmanager
def asking(ctl, *words):
    """signerctl, as long as it takes."""
    with subprocess.Popen([SIGNERCTL, "-s", ctl.path, *words], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def lonely(site, name, ctl):
    """A daemon of a test's own, without the other one."""
    if name == "signerd":
        return daemon.Signerd(site, site.config(
            rules=DIRECT.split("allow via")[0], keys=("sequencer", "batcher"),
            extra=ctl.statement))
    return daemon.Proxyd(site, relays.config(site, extra=ctl.statement))


@pytest.mark.parametrize("name, child", (
    ("signerd", "keyd"), ("signerd", "frontend"), ("proxyd", "relay")))
def test_reload_says_what_it_waits_for(site, name, child):
    """A child that hangs, before it has done so for long."""
    ctl = Control(site, "hangs.sock")
    with lonely(site, name, ctl) as running, contextlib.ExitStack() as stack:
        running.signal(child, signal.SIGSTOP)
        stack.callback(running.signal, child, signal.SIGCONT)
        first = stack.enter_context(asking(ctl, "reload"))
        running.wait_log(msg="control", command="reload")
        second = stack.enter_context(asking(ctl, "reload"))
        # Others may not have answered either, on a busy machine.
        for each, note in ((first, "the reload has begun: waiting for "),
                           (second, "another reload is first: waiting for ")):
            line = each.stderr.readline()
            assert line.startswith("signerctl: " + note), line
            assert child in line
        running.signal(child, signal.SIGCONT)
        for each in (first, second):
            out, _ = each.communicate(timeout=daemon.PATIENCE)
            assert out.startswith("reloaded: ") and each.returncode == 0


# ---- log ------------------------------------------------------------------


def debug_of(both, running):
    """The processes that log at level debug when a client comes by."""
    mark = running.mark()
    with running.connect(None) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.read_response()
    if running.name == "signerd":
        both.ctl["signerd"].ask("link", "edge", "down")
        running.wait_log(mark, msg="link closed")
        both.ctl["signerd"].ask("link", "edge", "up")
        running.wait_log(mark, msg="link up")
    # Each child's answer comes after its records; and so does that record.
    ctl = both.ctl[running.name]
    assert all(each.get("answers", True)
               for each in ctl.json("show", "status")["processes"])
    ctl.ask("log", "brief")
    running.wait_log(mark, msg="control", command="log", what="brief")
    return {each["process"] for each in running.logged(mark, level="debug")}


def test_log_verbose_and_brief(both, one):
    running, ctl = one
    children = {"frontend", "dialer", "link"} \
        if running.name == "signerd" else {"relay"}
    assert debug_of(both, running) == set()
    ctl.ask("log", "verbose")
    assert ctl.json("show", "status")["daemon"]["log_level"] == "debug"
    assert debug_of(both, running) == children
    # A reload leaves it as it is.
    ctl.ask("log", "verbose")
    ctl.ask("reload")
    assert debug_of(both, running) == children
    assert ctl.json("show", "status")["daemon"]["log_level"] == "info"
    assert debug_of(both, running) == set()


# ---- check ----------------------------------------------------------------


# Words, and what a rule, counted from 1, has to say: a reason, or None.
CHECKS = (
    (("client", CLIENT, *PAYLOAD, "chain", "10"), 1, None),
    (("client", CLIENT, *PAYLOAD, "chain", "0xa"), 1, None),
    (("client", CLIENT, *PAYLOAD, "chain", "11"), 1, "payload-chain"),
    (("client", CLIENT, *PAYLOAD, "chain", "10", "domain", "0x" + "80" * 32),
     1, "payload-domain"),
    (("client", CLIENT, *PAYLOAD, "chain", "10", "address",
      ADDRESS["sequencer"]), 1, None),
    (("client", CLIENT, *PAYLOAD, "chain", "10", "address", ELSEWHERE),
     None, "forbidden"),
    (("client", "nobody.example", *PAYLOAD, "chain", "10"), None,
     "forbidden"),
    (("client", OTHER, *TX, "chain", "10", "to", TO), 2, None),
    (("client", OTHER, *TX, "chain", "11", "to", TO), 2, "chain"),
    (("client", OTHER, *TX, "chain", "10", "to", ELSEWHERE), 2, "to"),
    (("client", OTHER, *TX, "chain", "10", "to", "create"), 2, "to"),
    (("client", CLIENT, *TX, "chain", "10", "to", TO), None, "method"),
)
SIGNERD_CHECKS = (
    (("client", CLIENT, *PAYLOAD, "chain", "10", "key", "sequencer"), 1,
     None),
    (("client", CLIENT, *PAYLOAD, "chain", "10", "key", "batcher"), None,
     "forbidden"),
    (("client", CLIENT, "via", "edge", *PAYLOAD, "chain", "10"), 3, None),
    (("via", "edge", *TX, "chain", "10", "to", "create"), 4, None),
    (("via", "edge", *TX, "chain", "11", "to", "create"), 4, "chain"),
    (("client", OTHER, *TX, "chain", "10", "to", TO, "value", "1", "ether",
      "fee", "0.2ether"), 2, None),
    (("client", OTHER, *TX, "chain", "10", "to", TO, "value",
      "1000000000000000001", "wei"), 2, "value"),
    (("client", OTHER, *TX, "chain", "10", "to", TO, "max-fee",
      "200000001", "gwei"), 2, "fee"),
)


def check_decision(ctl, words, rule, why):
    said = ctl.run("check", *words, "-j")
    assert said.err == "" and said.status == (0 if why is None else 1), said
    decision = json.loads(said.out)["decision"]
    assert decision["permits"] is (why is None)
    assert (decision.get("rule"), decision.get("reason")) == (rule, why)
    return decision


@pytest.mark.parametrize("words, rule, why", CHECKS)
def test_check(one, words, rule, why):
    decision = check_decision(one[1], words, rule, why)
    if why is None:
        # To proxyd it is the first that the signer has.
        key = "batcher" if rule == 2 and "key" in decision else "sequencer"
        assert decision["address"] == ADDRESS[key]


@pytest.mark.parametrize("words, rule, why", SIGNERD_CHECKS)
def test_check_of_signerd(both, words, rule, why):
    check_decision(both.ctl["signerd"], words, rule, why)


def test_check_says_what_a_request_would_be_told(both, one):
    running, ctl = one
    for chain in (10, 11):
        answer = running.rpc(eth.payload_v2(chain=chain)).json()
        said = ctl.run("check", "client", CLIENT, *PAYLOAD, "chain",
                       str(chain), "-j")
        decision = json.loads(said.out)["decision"]
        if "error" in answer:
            assert decision["code"] == answer["error"]["code"]
            assert decision["message"] in answer["error"]["message"]
        else:
            assert decision["permits"] is True


def test_check_signs_nothing(both, one):
    running, ctl = one

    def signatures():
        return {each["key"]: each["signatures"]
                for each in both.ctl["signerd"].show("keys")}

    # Of all requests before the records are there when that of a last one is.
    last = os.urandom(32)
    both.signerd.rpc(eth.payload_v2(hash=last))
    both.signerd.wait_log(msg="signed",
                          digest=eth.hexa(eth.payload_digest(hash=last)))
    before, mark = signatures(), both.signerd.mark()
    ctl.ask("check", "client", CLIENT, *PAYLOAD, "chain", "10")
    assert signatures() == before
    assert not both.signerd.logged(mark, msg="signed")


def test_check_in_words(both, one):
    running, ctl = one
    good = ctl.ask("check", "client", CLIENT, *PAYLOAD, "chain", "10")
    rule = ctl.show("rules")[0]
    place = "rule 1, %s:%d\n" % (rule["file"], rule["line"])
    assert good.startswith("permitted by " + place + "    allow client ")
    assert rule["text"].replace(ZEROS, "default") in " ".join(good.split())
    assert "address " + ADDRESS["sequencer"] in good
    bad = ctl.run("check", "client", CLIENT, *PAYLOAD, "chain", "11")
    assert bad.status == 1 and bad.out.startswith("refused: ")
    assert "(-32013, payload-chain)\nby " + place in bad.out
    none = ctl.run("check", "client", "nobody.example", *PAYLOAD, "chain",
                   "10")
    assert none.status == 1 and "\nno rule is for that client" in none.out


def test_check_tells_what_every_rule_says(both):
    """Two rules of a client, of which the second permits."""
    ctl, running = both.ctl["signerd"], both.signerd
    text = both.texts["signerd"] + (
        'allow client "%s" key "sequencer" method block-payload chain 12\n'
        % CLIENT)
    change(running, text)
    ctl.ask("reload")
    try:
        said = json.loads(ctl.ask("check", "client", CLIENT, *PAYLOAD,
                                  "chain", "12", "-j"))
        table = ctl.ask("check", "client", CLIENT, *PAYLOAD, "chain", "12")
    finally:
        change(running, both.texts["signerd"])
        ctl.ask("reload")
    assert said["decision"]["rule"] == 5
    assert [(each["rule"], each["permits"], each.get("reason"))
            for each in said["considered"]] == [
                (1, False, "payload-chain"), (5, True, None)]
    assert re.search(r"(?m)^1 .*no  +payload-chain ", table)
    assert re.search(r"(?m)^5 .*yes  +- ", table)


def test_check_of_proxyd_names_the_signers(both):
    ctl = both.ctl["proxyd"]
    words = ("check", "client", CLIENT, *PAYLOAD, "chain", "10", "-j")
    assert json.loads(ctl.ask(*words))["signers"] == [
        {"signer": "hq", "name": "signer.example", "state": "up"}]


# ---- link -----------------------------------------------------------------


def test_link_of_signerd_down_and_up(both):
    ctl, signerd, proxyd = both.ctl["signerd"], both.signerd, both.proxyd
    mark, far = signerd.mark(), proxyd.mark()
    assert ctl.ask("link", "edge", "down") == ""
    assert signerd.wait_log(mark, msg="link closed")["reason"] == \
        "taken down by an operator"
    closed = proxyd.wait_log(far, msg="signer lost")
    assert "1001" in closed["reason"]
    (link,) = ctl.show("links")
    assert (link["state"], link["taken_down"]) == ("down", True)
    said = ready(signerd)
    assert said[0] == "ready" and said[1].endswith(
        ": link edge was taken down by an operator")
    # It stays so over a reload, of this proxy in another place, too.
    ctl.ask("reload")
    again = both.texts["signerd"].replace("/ws", "/ws/")
    change(signerd, again)
    ctl.ask("reload")
    (other,) = ctl.show("links")
    assert (other["state"], other["attempts"]) == ("down", 0)
    change(signerd, both.texts["signerd"])
    ctl.ask("reload")
    (after,) = ctl.show("links")
    assert (after["state"], after["taken_down"]) == ("down", True)
    relays.check_unavailable(proxyd.rpc(eth.payload_v2()))
    assert not signerd.logged(mark, msg="link up")
    mark = signerd.mark()
    ctl.ask("link", "edge", "up")
    signerd.wait_log(mark, msg="link up")
    assert ctl.show("links")[0]["state"] == "up"
    assert wait_for(lambda: proxyd.rpc(eth.payload_v2()).status == 200)


def test_link_of_proxyd_down_and_up(both):
    ctl, proxyd = both.ctl["proxyd"], both.proxyd
    words = ("check", "client", CLIENT, *PAYLOAD, "chain", "10", "-j")
    assert wait_for(lambda: proxyd.rpc(eth.payload_v2()).status == 200)
    ctl.ask("link", "hq", "down")
    relays.check_unavailable(proxyd.rpc(eth.payload_v2()))
    ctl.ask("reload")
    relays.check_unavailable(proxyd.rpc(eth.payload_v2()))
    (signer,) = json.loads(ctl.ask(*words))["signers"]
    assert signer["state"] == "taken down"
    (signer,) = ctl.json("show", "links")["signers"]
    assert ready(proxyd)[-1] == "signer hq was taken down by an operator"
    # It is registered still.
    assert (signer["taken_down"], signer["up"]) == (True, True)
    assert not any(each["served"] for each in ctl.show("rules"))
    ctl.ask("link", "hq", "up")
    proxyd.rpc(eth.payload_v2()).result()
    assert ctl.show("rules")[0]["served"] is True
    assert ready(proxyd) == ["ready"]


def test_others_go_on_where_one_is_down(site):
    """Two signers: the first one is asked, but for when it is down."""
    ctl = Control(site, "two.sock")
    labels = ("hq", "dr")
    with daemon.Proxyd(site, relays.config(
            site, labels=labels, extra=ctl.statement)) as proxyd:
        with relays.fake_signer(site, proxyd, "hq") as hq, \
                relays.fake_signer(site, proxyd, "dr") as dr:
            assert wait_for(lambda: all(
                each["up"] for each in ctl.json("show", "links")["signers"]))
            ctl.ask("link", "hq", "down")
            count = len(hq.requests)
            assert relays.ask(proxyd) == "sequencer"
            assert (len(hq.requests), len(dr.requests)) == (count, 1)


@pytest.mark.parametrize("which, child, link, section", (
    ("signerd", "link", "edge", "links"), ("proxyd", "relay", "hq",
                                           "signers")))
def test_link_down_during_a_reload(both, which, child, link, section):
    """What is said while a child still prepares itself holds afterwards."""
    running, ctl = getattr(both, which), both.ctl[which]
    mark = running.mark()
    running.signal(child, signal.SIGSTOP)
    with subprocess.Popen([SIGNERCTL, "-s", ctl.path, "reload"],
                          stdout=subprocess.DEVNULL) as reload:
        # Of the same turn of the loop in which it begins.
        running.wait_log(mark, msg="control", command="reload")
        ctl.ask("link", link, "down")
        running.signal(child, signal.SIGCONT)
        assert reload.wait(daemon.PATIENCE) == 0
    found, = ctl.json("show", "links")[section]
    assert found["taken_down"] is True
    assert not running.logged(mark, msg="link up")
    ctl.ask("link", link, "up")
    assert wait_for(lambda: both.proxyd.rpc(eth.payload_v2()).status == 200)


# ---- faults in the words --------------------------------------------------


def test_usage_fits_a_terminal():
    lines = run().err.expandtabs().splitlines()
    assert max(map(len, lines)) <= 80
    # What works on files has no socket.
    assert [line for line in lines if " key generate " in line] == [
        "       signerctl key generate [-jq] [--force] [--format format] "
        "[--light]"]


A, B = ("client", "a", *PAYLOAD), ("client", "a", *TX)
FAULTS = (
    ((), "usage:"),
    (("shw",), "shw: no such command"),
    (("show",), "usage:"),
    (("show", "everything"), "usage:"),
    (("show", "status", "links"), "usage:"),
    (("reload", "now"), "usage:"),
    (("log",), "usage:"),
    (("log", "loud"), "usage:"),
    (("link", "edge"), "usage:"),
    (("link", "edge", "sideways"), "usage:"),
    (("link", "x" * 300, "up"), "the name is too long"),
    (("check",), "a client is needed"),
    (("check", "client"), "client: what follows it is missing"),
    (("check", "client", ""), "client: must have 1 to 253 bytes"),
    (("check", "client", "a"), "method is needed"),
    (("check", "client", "a", "client", "b"), "client: repeated"),
    (("check", "client", "a", "colour", "red"), "colour: not a word"),
    (("check", "client", "a", "method", "sign"), "method sign: must be"),
    (("check", *A), "chain is needed"),
    (("check", *A, "chain", "ten"), "chain ten: must be a number"),
    (("check", *A, "chain", "10", "to", TO), "a block payload has none"),
    (("check", *A, "chain", "10", "domain", "0x1"), "domain 0x1: must be"),
    (("check", *A, "chain", "10", "address", "0x" + "1" * 39),
     "must be 0x and 40 hexadecimal digits"),
    (("check", *A, "chain", "10", "address", TO, "key", "k"),
     "one of them is enough"),
    (("check", *B, "chain", "10"), "to is needed"),
    (("check", *B, "chain", "10", "to", "somewhere"), "to somewhere: must"),
    (("check", *B, "chain", "10", "to", TO, "value", "1"),
     "value 1: must be a number and wei, gwei or ether"),
    (("check", *B, "chain", "10", "to", TO, "fee", "1", "kwei"),
     "fee 1: must be"),
    (("check", *B, "chain", "10", "to", TO, "domain", "0x" + "0" * 64),
     "a transaction has none"),
    (("check", "client", "a\nb", *PAYLOAD, "chain", "10"),
     "the client's name cannot be one"),
)


@pytest.mark.parametrize("words, text", FAULTS)
def test_faults_in_the_words(both, words, text):
    said = both.ctl["signerd"].run(*words)
    assert said.status == 2 and said.out == "" and text in said.err, said


def test_names_that_there_are_not(both, one):
    running, ctl = one
    said = ctl.run("link", "nowhere", "down")
    what = "proxy" if running.name == "signerd" else "signer"
    assert said == (2, "", "signerctl: no %s has that name\n" % what)
    said = ctl.run("check", *A, "chain", "10", "via", "nowhere")
    assert said.status == 2 and said.out == ""
    assert ("no proxy has that name" if what == "proxy" else
            "via is for signerd") in said.err
    said = ctl.run("check", *A, "chain", "10", "key", "nothing")
    assert said.status == 2
    assert ("no key has that name" if what == "proxy" else
            "by their addresses alone") in said.err


@pytest.mark.parametrize("name, words", (
    ("signerd", ()), ("proxyd", ("-p",))))
def test_no_daemon(site, name, words):
    """Who did not start it as root has no socket unless there is a word."""
    path = site.path("nobody.sock")
    said = run(*words, "-s", path, "show", "status")
    assert (said.status, said.out) == (2, "")
    assert re.sub(r"\S+/%s\.sock;" % name, "PLACE;", said.err) == (
        "signerctl: %s: %s does not run, or has no control socket there\n"
        "signerctl: by default it has one where root starts it, PLACE; "
        "else %s.conf has to say control \"FILE\", and signerctl -s FILE\n" % (
            path, name, name))
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(path)
    try:
        assert run(*words, "-s", path, "reload") == (
            2, "", "signerctl: %s: %s has ended, and its control socket is "
            "left\n" % (path, name))
    finally:
        os.unlink(path)


def test_a_path_that_is_too_long():
    said = run("-s", "/" + "x" * 200, "reload")
    assert said.status == 2 and "the path is too long" in said.err


# What a signer says of itself goes to the operator's terminal.
UNKIND = (
    "\u009b2J\u009d0;x\u009c",         # C1: CSI, OSC and its end
    "\x7f\x1b[2J",
    "\u202eabc\u2066x\u200f",           # what turns the order of a line
    "x" + "\u20ac" * 40,                # cut off within a character
)


@pytest.mark.parametrize("software", UNKIND)
def test_a_signer_cannot_speak_to_the_terminal(site, software):
    ctl = Control(site, "unkind.sock")
    with relays.relayed(site, extra=ctl.statement, fake={
            "more": {"software": software}}):
        for words in (("show", "links"), ("show", "-j", "links"),
                      ("show", "stats"), ("show", "-j", "stats")):
            # lib.control decodes it as UTF-8: there is nothing else in it.
            said = ctl.ask(*words)
            assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f"
                                 "\u202a-\u202e\u2066-\u2069]", said), said
        (signer,) = ctl.json("show", "links")["signers"]
        assert signer["software"][:1] == software[:1]
