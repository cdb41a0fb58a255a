# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What signerctl shows of both daemons, as tables and as JSON."""

import os
import re
import signal

import pytest

from lib import daemon, eth, operated, relays
from lib.control import Control
from lib.linked import ADDRESS
from lib.operated import (CLIENT, DAEMONS, DIRECT, METRICS, OTHER, PAYLOAD,
                          PROXIED, TO, TX, ZEROS, wait_for)


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


def test_status_names_the_processes(one):
    running, ctl = one
    status = ctl.json("show", "status")
    assert status["daemon"]["name"] == running.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", status["daemon"]["version"])
    assert status["daemon"]["config"] == running.path
    assert status["daemon"]["generation"] >= 1
    assert status["daemon"]["log_level"] == "info"
    pids = {each["name"]: each["pid"] for each in status["processes"]}
    assert pids == dict(running.children, parent=running.pid)
    for each in status["processes"]:
        assert 0 <= each["uptime_seconds"] <= \
            status["daemon"]["uptime_seconds"] <= 3600
        assert each["name"] == "parent" or each["answers"] is True
    ports = {each["for"]: each["port"] for each in status["listeners"]}
    assert ports["clients"] == running.port


def test_status_of_signerd(both):
    status = both.ctl["signerd"].json("show", "status")
    assert {each["key"]: each["address"] for each in status["keys"]} == {
        name: ADDRESS[name] for name in ("sequencer", "batcher")}
    (link,) = status["links"]
    assert (link["link"], link["state"]) == ("edge", "up")
    assert link["url"] == "wss://127.0.0.1:%d/ws" % both.proxyd.signer_port
    assert {each["process"] for each in status["queue"]} == {
        "frontend", "link"}
    days = [each["days_left"] for each in status["certificates"]]
    assert days and all(0 <= each <= 3660 for each in days)


def test_status_of_proxyd(both):
    status = both.ctl["proxyd"].json("show", "status")
    assert sorted((each["certificate"], each["for"], each["address"])
                  for each in status["certificates"]) == sorted(
        (what, whom, "127.0.0.1:%d" % port) for what in ("ca", "certificate")
        for whom, port in (("clients", both.proxyd.port),
                           ("signers", both.proxyd.signer_port)))
    table = both.ctl["proxyd"].ask("show", "status")
    assert re.search(r"(?m)^certificate +signers +127.0.0.1:%d " %
                     both.proxyd.signer_port, table)
    (signer,) = status["signers"]
    assert (signer["signer"], signer["name"]) == ("hq", "signer.example")
    assert signer["up"] is True and signer["taken_down"] is False
    assert status["queue"][0]["max"] == 4096


def test_counts_are_those_of_the_requests(both):
    """What is shown of clients, rules, keys and links after two requests that
    are signed and one that is refused."""
    ctl = both.ctl["signerd"]

    def found():
        clients = {each["client"]: each for each in ctl.show("clients")}
        keys = {each["key"]: each for each in ctl.show("keys")}
        (link,) = ctl.show("links")
        return (clients[CLIENT].get("signed", 0),
                clients[CLIENT].get("not_signed", 0),
                keys["sequencer"]["signatures"], link["requests"])

    before = found()
    both.signerd.rpc(eth.payload_v2()).result()
    both.signerd.rpc(eth.payload_v2(chain=11)).error()
    both.proxyd.rpc(eth.payload_v2()).result()
    after = found()
    assert [b - a for a, b in zip(before, after)] == [2, 1, 2, 1]
    clients = {each["client"]: each for each in ctl.show("clients")}
    assert clients[CLIENT]["rules"] == 2
    assert clients[CLIENT]["via"] == "direct, edge"
    assert clients[OTHER]["via"] == "direct"


def test_rules_are_shown_whole(one):
    running, ctl = one
    rules = ctl.show("rules")
    assert [each["rule"] for each in rules] == list(range(1, len(rules) + 1))
    with open(running.path) as f:
        lines = f.read().splitlines()
    for each in rules:
        assert each["file"] == running.path
        assert lines[each["line"] - 1].startswith("allow")
        assert each["text"].startswith("allow")
        assert not each["client"] or \
            'client "%s"' % each["client"] in each["text"]
    assert TO in rules[1]["text"]
    # A table has no less, but for a word in the place of 64 zeros.
    table = " ".join(ctl.ask("show", "rules").split())
    for each in rules:
        assert "%s:%d %s" % (each["file"], each["line"], each["text"].replace(
            ZEROS, "default")) in table
    assert ZEROS in rules[0]["text"] and ZEROS not in table


def test_zeros_in_a_name_are_no_domain(site):
    """What is in quotes is a name, whatever it looks like."""
    ctl = Control(site, "zeros.sock")
    client = "a %s b" % ZEROS
    with daemon.Signerd(site, site.config(
            rules='allow client "%s" key "sequencer" chain 10 '
            'domain { %s 0x%s }\n' % (client, ZEROS, "80" * 32),
            extra=ctl.statement)):
        table = ctl.ask("show", "rules")
    assert 'client "%s" ' % client in " ".join(table.split())
    assert client in table
    assert " ".join(table.split()).endswith(
        "domain { default 0x%s }" % ("80" * 32))


def test_keys_of_proxyd_are_its_signers(both):
    assert both.ctl["proxyd"].show("keys") == [
        {"address": ADDRESS[name], "signer": "hq"}
        for name in ("sequencer", "batcher")]


def test_links_of_proxyd_are_its_signers(both):
    shown = both.ctl["proxyd"].json("show", "links")
    assert shown["links"] == []
    assert [each["signer"] for each in shown["signers"]] == ["hq"]


def test_stats_are_the_metrics(one):
    running, ctl = one
    stats = {(each["metric"], each["labels"]): each["value"]
             for each in ctl.show("stats")}
    name = running.name + "_config_generation"
    status = ctl.json("show", "status")
    assert stats[name, ""] == status["daemon"]["generation"]
    up = {labels: value for (metric, labels), value in stats.items()
          if metric == running.name + "_process_up"}
    assert up == {"process=" + each: 1 for each in running.children}


VIEWS = ("status", "links", "clients", "rules", "keys", "stats")


@pytest.mark.parametrize("what", VIEWS)
def test_tables_are_aligned(one, what):
    out = one[1].ask("show", what)
    tables = out.split("\n\n")
    for table in tables[1:] if what == "status" else tables:
        head, *rows = table.rstrip("\n").split("\n")
        starts = [m.start() for m in re.finditer(
            r"(?:(?<=  )|^)\S", head)]
        # What stands below a row, or goes on in a next line, is indented.
        rows = [row for row in rows if not row.startswith("    ")]
        assert rows and len(starts) > 1
        for row in rows:
            assert row == row.rstrip()
            for start in starts[1:]:
                assert row[start - 2:start].strip() == "", (head, row)
                # There is something in each column.
                assert row[start:start + 1].strip() != "", (head, row)
        # A column that nothing is in is not there.
        for start in starts:
            assert any(row[start:start + 1] not in ("-", "")
                       for row in rows), table


@pytest.fixture(scope="module")
def busy(site):
    """Both daemons, with names as people have them and something counted."""
    ctl = {name: Control(site, "busy-%s.sock" % name) for name in DAEMONS}
    label, key = "proxy-east-1", "sequencer-10"
    with daemon.Proxyd(site, site.relay(
            [site.signer("signer-1", [ADDRESS["sequencer"]])], PROXIED,
            extra="\n".join((ctl["proxyd"].statement, METRICS)))) as proxyd, \
        daemon.Signerd(site, site.config(
            rules=('key "%s" file "%s"\n' % (key, site.key("sequencer")) +
                   DIRECT.replace('"sequencer"', '"%s"' % key).replace(
                       '"edge"', '"%s"' % label)), keys=("batcher",),
            extra="\n".join((ctl["signerd"].statement, METRICS)),
            proxies=[site.proxy(label, proxyd.signer_port)])) as signerd:
        signerd.wait_log(msg="link up")
        assert wait_for(
            lambda: proxyd.rpc(eth.payload_v2()).status == 200)
        for running in (signerd, proxyd):
            for _ in range(12):
                running.rpc(eth.payload_v2()).result()
            running.rpc(eth.payload_v2(chain=11)).error()
        for name, link in (("signerd", label), ("proxyd", "signer-1")):
            ctl[name].ask("link", link, "down")
        yield ctl


def usual(ctl, *words):
    """What it prints, with files where operators have them."""
    out = ctl.run(*words).out
    return out.replace(os.path.dirname(ctl.path), "/etc/signerd")


@pytest.mark.parametrize("what", VIEWS)
@pytest.mark.parametrize("name", DAEMONS)
def test_tables_fit_a_terminal(busy, name, what):
    for line in usual(busy[name], "show", what).splitlines():
        assert len(line) <= 80, line


@pytest.mark.parametrize("name", DAEMONS)
def test_checks_fit_a_terminal(busy, name):
    for words in (("client", CLIENT, *PAYLOAD), ("via", "proxy-east-1", *TX,
                                                 "to", TO)):
        if name == "signerd" or "client" in words:
            out = usual(busy[name], "check", *words, "chain", "10")
            assert out and max(map(len, out.splitlines())) <= 80, out


@pytest.mark.parametrize("name", DAEMONS)
def test_tables_leave_nothing_out(busy, name):
    """A number, a name, an address: all that JSON has is in the table."""
    ctl = busy[name]
    for what in ("links", "clients", "rules", "keys", "stats"):
        rows = sum(ctl.json("show", what).values(), [])
        table = ctl.ask("show", what).replace("default", ZEROS)
        words = re.split(r"[\s,]+", table)
        assert rows
        for row in rows:
            for field in set(row) & {
                    "link", "url", "peer", "signer", "name", "software",
                    "client", "via", "key", "address", "file", "metric",
                    "labels", "text"}:
                for word in filter(None, re.split("[ ,]+", row[field])):
                    assert any(word in each for each in words), (field, word)


def test_a_long_name_is_not_cut(site):
    """The row is longer then."""
    ctl = Control(site, "long.sock")
    label = "signer-" + 57 * "x"
    with daemon.Proxyd(site, site.relay(
            [site.signer(label, [ADDRESS["sequencer"]])],
            'allow client "%s" chain 10\n' % ".".join(4 * ["a" * 60]),
            extra=ctl.statement)):
        for what in ("links", "keys", "status"):
            assert label in ctl.ask("show", what)
        for what in ("clients", "rules"):
            assert ".".join(4 * ["a" * 60]) in ctl.ask("show", what)


def cells(table):
    """Of each row, by the first cell: the others by their headings."""
    head, *rows = (re.split(r" {2,}", line) for line in table.splitlines()
                   if not line.startswith("    "))
    return {row[0]: dict(zip(head[1:], row[1:])) for row in rows}


def test_counts_are_zero_and_not_blank(site):
    """Of what was never asked for there is a 0, as soon as there is one."""
    ctl = Control(site, "zero.sock")
    with daemon.Signerd(site, site.config(
            rules=DIRECT.split("allow via")[0], keys=("sequencer", "batcher"),
            extra=ctl.statement)) as signerd:
        for count in ("0", "1"):
            rules = cells(ctl.ask("show", "rules"))
            clients = cells(ctl.ask("show", "clients"))
            assert (rules["1"]["SIGNED"], rules["1"]["REFUSED"]) == (
                count, "0")
            assert (rules["2"]["SIGNED"], rules["2"]["REFUSED"]) == (
                "0", "0")
            assert clients[CLIENT]["SIGNED"] == count
            assert clients[OTHER]["NOT SIGNED"] == "0"
            (rule, _), (client, _) = ctl.show("rules"), ctl.show("clients")
            assert (rule["signatures"], rule["refusals"]) == (int(count), 0)
            assert (client["signed"], client["not_signed"]) == (
                int(count), 0)
            signerd.rpc(eth.payload_v2()).result()


def test_counts_that_are_not_known(site):
    """A 0 is only what a process has said."""
    ctl = Control(site, "unknown.sock")
    with daemon.Proxyd(site, relays.config(
            site, extra=ctl.statement)) as proxyd:
        assert ctl.show("clients")[0]["signed"] == 0
        proxyd.signal("relay", signal.SIGSTOP)
        try:
            (client,) = ctl.show("clients")[:1]
        finally:
            proxyd.signal("relay", signal.SIGCONT)
        assert client["client"] and "signed" not in client
