# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What signerd says of itself at `metrics on`, after requests that are known."""

import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from lib import audited, daemon, eth, ethkey, linked, reloading
from lib.httpclient import PATIENCE, request
from lib.linked import ADDRESS, asked
from lib.proxies import FakeProxy
from lib.scraping import get, scrape, until

METRICS = "metrics on 127.0.0.1 port 0\n"
CLIENT, STRANGER = "sequencer.example", "stranger.example"
RULES = ('allow client "%s" key "sequencer" chain 10 max-value 1 ether\n'
         'allow client "other.example" key "batcher" chain 10\n' % CLIENT)
TRANSACTION, PAYLOAD = "transaction", "block-payload"
MESSAGE = eth.payload_v2()
ROOT = os.path.dirname(daemon.HERE)


def text(site, rules=RULES, extra="", metrics=METRICS, **named):
    named.setdefault("keys", ("sequencer", "batcher"))
    return site.config(rules=rules, extra=metrics + extra, **named)


def signerd_of(site, **named):
    return daemon.Signerd(site, text(site, **named))


def port(signerd):
    return signerd.metrics[0]


def open_to(number):
    return socket.create_connection(("127.0.0.1", number), PATIENCE)


def ended(sock):
    """All that came until the other side closed it."""
    got = b""
    try:
        while True:
            data = sock.recv(65536)
            if not data:
                return got
            got += data
    except ConnectionResetError:
        return got


# ---- requests --------------------------------------------------------------


def ask_all(signerd):
    """One request or two of each kind."""
    with signerd.connect(CLIENT) as c:
        for message in (MESSAGE, eth.payload_v1(), eth.sign_transaction()):
            ethkey.verify(message, c.rpc(message).result())
        assert c.rpc(eth.payload_v2(chain=11)).error()[0] == -32013
        assert c.rpc(eth.sign_transaction(
            value=hex(2 * 10 ** 18))).error()[0] == -32011
        assert c.rpc(eth.sign_transaction(gas=None)).error()[0] == -32010
        assert c.rpc(eth.sign_transaction(**{
            "from": ADDRESS["batcher"]})).error()[0] == -32010
        assert c.rpc(eth.call("eth_signTransaction", [7])).error()[0] == -32602
        assert c.rpc(eth.call("eth_accounts", [])).error()[0] == -32601
        assert c.rpc(eth.call("health_status", [])).result()
        c.send(request(body=b"{"))
        assert c.read_response().error()[0] == -32700
    with signerd.connect(STRANGER) as c:
        assert c.rpc(MESSAGE).error()[0] == -32000
        assert c.exchange("GET", "/no", json=False).status == 404


def check_decisions(found):
    """As op-signer counts, and in all their kinds."""
    ours, others = {"client": CLIENT}, {"client": "unknown"}
    for name, more in (
            ("signer_signtransaction_total", {
                ("success", ""): 1, ("error", ""): 1,
                ("error", "invalid_transaction"): 1,
                ("error", "sign_error"): 1}),
            ("signer_signblockpayload_total", {
                ("success", ""): 2, ("error", "sign_error"): 1})):
        assert found.all(name, **ours) == {
            (error, status): n for (status, error), n in more.items()}
    assert found.all("signer_signblockpayload_total", **others) == {
        ("", "error"): 1}
    assert found.all("signerd_refusals_total", **ours) == {
        (PAYLOAD, "payload-chain"): 1, (TRANSACTION, "value"): 1,
        (TRANSACTION, "gas-missing"): 1, (TRANSACTION, "from"): 1}
    assert found.all("signerd_refusals_total", **others) == {
        (PAYLOAD, "forbidden"): 1}
    assert found.over("signerd_key_signatures_total") == {
        (ADDRESS["sequencer"], PAYLOAD): 2,
        (ADDRESS["sequencer"], TRANSACTION): 1}
    assert found.over("signerd_key_refusals_total") == {
        (ADDRESS["sequencer"], PAYLOAD): 1,
        (ADDRESS["sequencer"], TRANSACTION): 1}
    assert found.all("signerd_rule_signatures_total") == {("1",): 3}
    assert found.all("signerd_rule_refusals_total") == {("1",): 2}


def check_requests(found):
    front = {"process": "frontend"}
    assert found.over("signerd_requests_total", **front) == {
        (PAYLOAD, "signed"): 2, (PAYLOAD, "refused"): 2,
        (TRANSACTION, "signed"): 1, (TRANSACTION, "refused"): 3,
        (TRANSACTION, "rejected"): 1, ("other", "rejected"): 2,
        ("other", "answered"): 1}
    assert found.over("signerd_rejections_total", **front) == {
        ("params",): 1, ("no-method",): 1, ("parse",): 1}
    assert found("signerd_keyd_turns_total", **front) == 8
    for name in ("queued_requests", "keyd_requests_in_flight",
                 "keyd_behind"):
        assert found("signerd_" + name, **front) == 0
    assert found("signerd_queued_requests_max", **front) == 512


def check_times(found):
    """Every part has its place in every histogram."""
    for method, n in ((PAYLOAD, 4), (TRANSACTION, 4)):
        about = {"process": "frontend", "method": method}
        sums = {}
        for part in ("", "queue_", "keyd_"):
            name = "signerd_request_%sseconds" % part
            assert found(name + "_count", **about) == n
            assert found(name + "_bucket", le="+Inf", **about) == n
            assert found(name + "_bucket", le="10", **about) == n
            sums[part] = found(name + "_sum", **about)
        assert 0 < sums["keyd_"] < sums[""] < n * PATIENCE
        assert sums["queue_"] + sums["keyd_"] == pytest.approx(sums[""])
    # A signature takes more than 20 us, and so 50 do not fit in 50 us.
    bounds = sorted(float(each["le"]) for each in
                    found.labels("signerd_request_seconds_bucket")
                    if each["process"] == "frontend" and
                    each["method"] == PAYLOAD)
    assert bounds[:3] == [0.00005, 0.0001, 0.0002] and len(bounds) == 18


def check_http(found):
    post, other = {"method": "POST"}, {"method": "GET"}
    assert found("signer_http_requests_count_total", **post) == 12
    assert found("signer_http_requests_count_total", **other) == 1
    assert found.all("signer_http_responses_count_total") == {
        ("POST", "200"): 12, ("GET", "404"): 1}
    assert found.over("signer_http_inflight_requests_count") == {}
    for name in ("request_latency_seconds", "request_duration_ms",
                 "response_size"):
        assert found("signer_http_%s_count" % name, response_code="200",
                     **post) == 12
    seconds = found("signer_http_request_latency_seconds_sum",
                    response_code="200", **post)
    assert found("signer_http_request_duration_ms_sum", response_code="200",
                 **post) == pytest.approx(1000 * seconds)
    size = found("signer_http_response_size_sum", response_code="404",
                 **other)
    assert size == len("404 page not found\n")


def test_known_requests(site):
    with signerd_of(site) as signerd:
        ask_all(signerd)
        found = scrape(port(signerd))
        check_decisions(found)
        check_requests(found)
        check_times(found)
        check_http(found)
        assert found("signerd_connections_accepted_total") == 2
        assert found("signerd_handshakes_total") == 2
        assert found("signerd_listeners") == 1
        found = until(port(signerd),
                      lambda f: f("signerd_connections") == 0)
        assert found("signerd_metrics_requests_total", path="/metrics",
                     code="200") >= 1


def test_daemon(site):
    """What it says of itself, its keys and its processes."""
    before = int(time.time())
    with signerd_of(site) as signerd:
        found = scrape(port(signerd))
        assert found("signerd_build_info", version="0.1.0") == 1
        assert before <= found("signerd_start_time_seconds") <= time.time()
        assert found.all("signerd_process_up") == {
            ("frontend",): 1, ("keyd",): 1}
        memory = found.all("signerd_process_resident_memory_bytes")
        assert set(memory) == {("parent",), ("frontend",), ("keyd",)}
        assert all(10 ** 5 < each < 10 ** 9 for each in memory.values())
        assert found("signerd_key_info", key="batcher",
                     address=ADDRESS["batcher"]) == 1
        assert found.all("signerd_rule_served") == {
            (CLIENT, "sequencer", "", "1"): 1,
            ("other.example", "batcher", "", "2"): 1}
        assert found("signerd_connections_max") == 1024


def test_unavailable(site):
    """While keyd does not answer, and when it does at last."""
    with signerd_of(site, extra="timeout { request 2 s keyd 2 s }\n"
                    "max queue 1\n") as signerd:
        number, front = port(signerd), {"process": "frontend"}
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            with signerd.connect(CLIENT) as c, signerd.connect(CLIENT) as d:
                c.send(request(body=eth.encode(MESSAGE)))
                assert d.rpc(eth.sign_transaction()).status == 503
                assert c.read_response().status == 503
            found = scrape(number)
            assert found("signerd_keyd_behind", **front) == 1
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        found = until(number, lambda f: f("signerd_keyd_late_answers_total",
                                          **front) >= 1)
        assert found("signerd_keyd_behind", **front) == 0
        assert found("signerd_requests_total", method=PAYLOAD,
                     result="unavailable", **front) == 1
        assert found("signerd_requests_total", method=TRANSACTION,
                     result="unavailable", **front) == 1
        assert found.sum("signerd_rejections_total", **front) == 2
        assert set(found.over("signerd_rejections_total", **front)) <= {
            ("busy",), ("deadline",)}
        assert found("signer_http_responses_count_total", method="POST",
                     response_code="503") == 2


# ---- links -----------------------------------------------------------------


LINK_RULES = linked.RULES + RULES


def test_links(site):
    with linked.linked(site, extra=METRICS,
                       rules=LINK_RULES) as (edge, signerd, link):
        number = port(signerd)
        assert asked(link, MESSAGE, "a.example") == "sequencer"
        assert asked(link, eth.sign_transaction(), "b.example") == "batcher"
        assert asked(link, MESSAGE) == "multi10"
        assert asked(link, MESSAGE, "nobody.example")[0] == -32000
        assert asked(link, eth.call("eth_accounts", []),
                     "a.example")[0] == -32601
        # One client, both ways: op-signer's have no label for that.
        with signerd.connect(CLIENT) as c:
            ethkey.verify(MESSAGE, c.rpc(MESSAGE).result())
        found = scrape(number)
        assert found.all("signer_signblockpayload_total") == {
            ("a.example", "", "success"): 1, ("", "", "success"): 1,
            (CLIENT, "", "success"): 1, ("unknown", "", "error"): 1}
        assert found.over("signerd_requests_total", process="link") == {
            (PAYLOAD, "signed"): 2, (PAYLOAD, "refused"): 1,
            (TRANSACTION, "signed"): 1, ("other", "rejected"): 1}
        assert found("signerd_request_seconds_count", process="link",
                     method=PAYLOAD) == 3
        check_link(found, edge)
        edge.vanish()
        found = until(number, lambda f: f("signerd_link_up", link="edge") == 0)
        assert found("signerd_link_failures_total", link="edge",
                     state="up") == 1
        assert found("signerd_link_up_seconds", link="edge") == 0
        assert found.all("signerd_rule_served", link="edge") == {
            ("a.example", "sequencer", "1"): 0,
            ("b.example", "batcher", "2"): 0, ("", "multi10", "3"): 0}


def check_link(found, edge):
    about = {"link": "edge"}
    assert found("signerd_link_info",
                 url="wss://127.0.0.1:%d/ws" % edge.port, **about) == 1
    assert found("signerd_link_up", **about) == 1
    assert found("signerd_link_state_info", state="up",
                 peer="127.0.0.1:%d" % edge.port, **about) == 1
    assert found("signerd_link_messages_total", **about) == 5
    assert found("signerd_link_attempts_total", **about) == 1
    assert found("signerd_link_registrations_total", **about) == 1
    assert found("signerd_link_requests_in_flight", **about) == 0
    assert found.over("signerd_link_failures_total") == {}
    where = {"host": "127.0.0.1", "port": str(edge.port)}
    assert found("signerd_dialer_attempts_total", **where) == 1
    assert found("signerd_dialer_failures_total", **where) == 0
    assert found("signerd_dialer_lookups_total", **where) == 0
    assert found.all("signerd_process_up") == {
        (each,): 1 for each in ("dialer", "frontend", "keyd", "link")}
    assert set(found.all("signerd_rule_served").values()) == {1}


def test_reconnects(site):
    """A proxy that takes no connection, and then one of many."""
    with FakeProxy(site) as edge:
        where = edge.port
    config = linked.config(site, where, extra=METRICS, rules=LINK_RULES)
    with daemon.Signerd(site, config) as signerd:
        found = until(port(signerd), lambda f: f(
            "signerd_link_failures_total", link="edge",
            state="dialling") >= 2)
        assert found("signerd_dialer_failures_total", host="127.0.0.1",
                     port=str(where)) >= 2
        with FakeProxy(site, port=where) as edge:
            edge.wait_link()
            found = until(port(signerd), lambda f: f("signerd_link_up",
                                                     link="edge") == 1)
            assert found("signerd_link_attempts_total", link="edge") >= 3
            assert found("signerd_link_registrations_total",
                         link="edge") == 1
            edge.stop()


# ---- connections and certificates ------------------------------------------


def seconds_of(path, what):
    said = subprocess.run(
        ["openssl", *what, "-noout", "-in", path, "-dateopt", "iso_8601"],
        capture_output=True, text=True, check=True).stdout
    day = said.strip().split("=", 1)[1]
    return time.mktime(time.strptime(
        day.replace("Z", "+0000"), "%Y-%m-%d %H:%M:%S%z")) - time.timezone


def test_certificates(site):
    crl = site.authority.crl("metrics")
    with FakeProxy(site) as edge:
        config = linked.config(site, edge.port, extra=METRICS + 'tls crl "%s"'
                               % crl, keys=("sequencer", "batcher", "multi10",
                                            "multi8453"))
        with daemon.Signerd(site, config) as signerd:
            edge.wait_link()
            found = scrape(port(signerd))
            server = site.authority.server()[0]
            signer = site.authority.client("signer.example")[0]
            ends = {
                ("certificate", ""): seconds_of(server, ("x509", "-enddate")),
                ("certificate", "edge"): seconds_of(
                    signer, ("x509", "-enddate"))}
            ca = seconds_of(site.authority.ca, ("x509", "-enddate"))
            ends["ca", ""] = ends["ca", "edge"] = ca
            assert found.all("signerd_certificate_expiry_seconds") == ends
            update = seconds_of(crl, ("crl", "-nextupdate"))
            assert found.all("signerd_crl_next_update_seconds") == {
                ("",): update, ("edge",): update}


def test_handshakes(site):
    """Each that fails has one of a few reasons."""
    with signerd_of(site, extra="timeout handshake 3 s\n") as signerd:
        foreign = site.foreign.client("foreigner")
        context = daemon.httpclient.context(site.authority.ca, foreign)
        with pytest.raises((OSError, daemon.httpclient.Closed)):
            with daemon.httpclient.Connection(signerd.port, context) as c:
                c.rpc(MESSAGE)
        with open_to(signerd.port) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            ended(sock)
        open_to(signerd.port).close()
        with open_to(signerd.port) as sock:
            assert ended(sock) == b""
        found = until(port(signerd), lambda f: f.sum(
            "signerd_handshake_failures_total") == 4)
        assert found.over("signerd_handshake_failures_total") == {
            ("unknown-ca",): 1, ("http",): 1, ("closed",): 1,
            ("timeout",): 1}
        assert found("signerd_handshakes_total") == 0
        assert found("signerd_connections_accepted_total") == 4


def test_refused_connections(site):
    with signerd_of(site, extra="max connections-per-address 1\n"
                    "timeout idle 4 s\n") as signerd:
        with signerd.connect(CLIENT) as c:
            c.rpc(MESSAGE).result()
            with open_to(signerd.port) as sock:
                assert ended(sock) == b""
            found = scrape(port(signerd))
            assert found.over("signerd_connections_refused_total") == {
                ("connections-per-address",): 1}
            assert found("signerd_connections") == 1
            found = until(port(signerd),
                          lambda f: f("signerd_connections_closed_total",
                                      reason="idle") == 1)


# ---- what it is called -----------------------------------------------------


def defined():
    """name: kind, labels, help, of signerd's, by the table."""
    with open(os.path.join(ROOT, "common", "metrics_table.c")) as f:
        table = f.read()
    kinds = {"COUNTER": "counter", "GAUGE": "gauge", "INFO": "gauge"}
    found = {}
    for name, kind, told, labels in re.findall(
            r'\[METRIC_\w+\] = \{\s*"(\w+)", (\w+),\s+[\w| ]+,\s+'
            r'((?:"[^"]*"\s*)+),\s+\{ ([^}]*) \} \}', table):
        found[name] = (kinds.get(kind, "histogram"),
                       re.findall('"([^"]*)"', labels),
                       "".join(re.findall('"([^"]*)"', told)))
    assert len(found) == table.count("[METRIC_") - 1      # its size
    return {name: each for name, each in found.items()
            if not name.startswith("proxyd_")}


def test_manual_page():
    """METRICS lists them all, with kind, labels and what they are."""
    with open(os.path.join(ROOT, "man", "signerd.8")) as f:
        part = f.read().split(".Sh METRICS\n")[1].split(".Sh ")[0]
    listed = {}
    for name, kind, labels, told in re.findall(
            r"^\.It Cm (signerd?_\w+) No (\w+)(?: Pq Va (.*))?\n((?:[^.].*\n)+)",
            part, flags=re.M):
        listed[name] = kind, labels.split(" , ") if labels else [], told
    known = defined()
    assert set(listed) == set(known)
    for name, (kind, labels, told) in known.items():
        assert listed[name][:2] == (kind, labels), name
        assert " ".join(listed[name][2].split()).startswith(told), name


def test_names_and_kinds(site, tmp_path_factory):
    """What is scraped is in the table; op-signer's are there by its names."""
    known = defined()
    trail = 'audit file "%s"\n' % audited.place(tmp_path_factory)
    with linked.linked(site, extra=METRICS + trail,
                       rules=LINK_RULES) as (_, signerd, link):
        asked(link, MESSAGE, "a.example")
        ask_all(signerd)
        # The first one is not counted until it has been answered.
        scrape(port(signerd))
        found = scrape(port(signerd))
    named = {each if each in known else each + "_total" for each in
             found.kinds}
    assert named <= set(known)
    # All but what there is none of: a CRL.
    assert set(known) - named == {"signerd_crl_next_update_seconds"}
    for name, kind in found.kinds.items():
        name = name if name in known else name + "_total"
        assert known[name][0] == kind
        assert known[name][2] == found.helps[
            name if name in found.helps else name[:-6]]
    for (name, labels) in found.samples:
        base = re.sub("_(bucket|sum|count)$", "", name)
        base = name if name in known else base
        assert {key for key, _ in labels} - {"le"} == set(known[base][1])
    assert set(known["signer_signtransaction_total"][1]) == {
        "client", "status", "error"}


# ---- cardinality -----------------------------------------------------------


def annoy(signerd, mark):
    """All that others can put into a request, of a name of its own."""
    name = "%s.example" % mark
    with signerd.connect(name) as c:
        c.rpc(eth.call("method_" + mark, [])).error()
        c.rpc(MESSAGE).error()
        c.rpc(eth.sign_transaction(nonce=mark)).error()
        c.exchange("GET", "/" + mark, json=False)
        c.send(request(method="M" + mark.upper()))
        c.read_response()
    for sent in (b"\0" + mark.encode(), b"GET /%s HTTP/1.1\r\n\r\n" %
                 mark.encode()):
        with open_to(signerd.port) as sock:
            sock.sendall(sent)
            ended(sock)
    for path in ("/" + mark, "/metrics/" + mark, "/metrics?" + mark):
        get(port(signerd), path)
    get(port(signerd), "/metrics", "M" + mark.upper())


def test_cardinality(site):
    """Nobody out there can make it say more than before."""
    with signerd_of(site) as signerd:
        annoy(signerd, "first")
        failed = ("signerd_handshake_failures_total",)
        before = until(port(signerd), lambda f: f.sum(*failed) == 2)
        for mark in ("second", "third"):
            annoy(signerd, mark)
        after = until(port(signerd), lambda f: f.sum(*failed) == 6)
        assert set(after.samples) == set(before.samples)
        told = "".join(str(labels) for _, labels in after.samples)
        for mark in ("first", "second", "third"):
            assert mark not in told
        assert after("signer_signblockpayload_total", client="unknown",
                     status="error", error="") == 3


# ---- health ----------------------------------------------------------------


def ready(number):
    status, fields, said = get(number, "/readyz")
    assert fields["Content-Type"].startswith("text/plain")
    return status, said.splitlines()


def until_ready(number, wanted):
    end = time.monotonic() + PATIENCE
    while True:
        status, said = ready(number)
        if status == wanted:
            return said
        assert time.monotonic() < end, said


def test_ready(site):
    with signerd_of(site) as signerd:
        assert ready(port(signerd)) == (200, ["ready"])
        assert get(port(signerd), "/healthz")[::2] == (200, "alive\n")
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            told = []
            asker = threading.Thread(
                target=lambda: told.append(ready(port(signerd))))
            asker.start()
            found = scrape(port(signerd))
            asker.join()
            assert told == [(503, ["not ready: keyd does not answer"])]
            assert found("signerd_process_up", process="keyd") == 0
            assert set(found.all("signerd_rule_served").values()) == {0}
            assert "signerd_keyd_turns_total" not in found.kinds
            assert get(port(signerd), "/healthz")[0] == 200
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        assert until_ready(port(signerd), 200) == ["ready"]


def test_parent_that_does_not_answer(site):
    with signerd_of(site) as signerd:
        number = port(signerd)
        os.kill(signerd.pid, signal.SIGSTOP)
        try:
            assert get(number, "/healthz")[0] == 200
            status, fields, said = get(number, "/readyz")
            assert (status, said) == (503, "no answer of the parent\n")
            assert fields["Retry-After"] == "1"
            with signerd.connect(CLIENT) as c:
                ethkey.verify(MESSAGE, c.rpc(MESSAGE).result())
        finally:
            os.kill(signerd.pid, signal.SIGCONT)
        assert until_ready(number, 200) == ["ready"]


def test_ready_by_link(site):
    """Where nothing is listened on a link has to be up."""
    with FakeProxy(site) as edge, FakeProxy(site, refusal="no") as core:
        config = linked.config(
            site, edge.port, core.port, extra=METRICS, listen=None,
            rules=linked.RULES + 'allow via "core" client "c.example" '
            'key "batcher" method transaction\n')
        with daemon.Signerd(site, config) as signerd:
            edge.wait_link()
            number = port(signerd)
            said = until_ready(number, 200)
            assert said == [
                "ready",
                'not served: rule 4, client direct.example, key multi8453: '
                'there is no "listen on"',
                "not served: rule 5, client c.example, key batcher: "
                "link core is not up"]
            edge.stop_listening()
            edge.links[0].close()
            said = until_ready(number, 503)
            assert said[0] == ("not ready: no link is up, and there is no "
                               '"listen on"')
            assert len(said) == 6
            assert "not served: rule 3, key multi10: link edge is not up" in \
                said


def test_refused_requests(site):
    with signerd_of(site) as signerd:
        number = port(signerd)
        status, fields, said = get(number, "/metrics", "HEAD")
        assert (status, said) == (200, "") and int(
            fields["Content-Length"]) > 1000
        assert get(number, "/readyz", "HEAD")[0] == 200
        assert get(number, "/")[0] == 404
        status, fields, _ = get(number, "/healthz", "POST")
        assert (status, fields["Allow"]) == (405, "GET, HEAD")
        for sent, wanted in (
                (b"nonsense\r\n\r\n", b"HTTP/1.1 400 "),
                (b"GET /metrics HTTP/1.1\r\nHost: x\r\nx: " + b"y" * 9000,
                 b"HTTP/1.1 431 "),
                (b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Length: 5\r\n\r\n", b"HTTP/1.1 413 "),
                (b"GET /healthz HTTP/1.0\r\n\r\nGET /healthz HTTP/1.0\r\n\r\n",
                 b"HTTP/1.1 200 OK\r\n")):
            with open_to(number) as sock:
                sock.sendall(sent)
                got = ended(sock)
            assert got.startswith(wanted) and got.count(b"HTTP/1.1") == 1
        found = scrape(number)
        assert found.all("signerd_metrics_requests_total", path="other") == {
            ("400",): 1, ("404",): 1, ("413",): 1, ("431",): 1}


# ---- reloads ---------------------------------------------------------------


def test_reload(site):
    with signerd_of(site) as signerd:
        first = port(signerd)
        with signerd.connect(CLIENT) as c:
            c.rpc(MESSAGE).result()
        assert len(reloading.errors(signerd, text(site) + "nonsense\n")) == 1
        found = scrape(first)
        assert found("signerd_config_generation") == 1
        assert found("signerd_config_last_reload_successful") == 0
        assert found("signerd_reloads_total", result="failure") == 1
        assert found("signerd_config_failure_time_seconds") >= found(
            "signerd_config_load_time_seconds") > 0
        # One goes on, one is new; the rule is another's, the client stays.
        mark = signerd.mark()
        reloading.reload(signerd, text(site, metrics=(
            "metrics on 127.0.0.1 port %d\nmetrics on ::1 port 0\n" % first),
            rules='allow client "new.example" key "batcher" chain 10\n' +
            RULES))
        second, = signerd.logged(mark, msg="listening")
        assert (second["for"], second["address"]) == ("metrics", "::1")
        found = scrape(first)
        assert found("signerd_config_generation") == 2
        assert found("signerd_config_last_reload_successful") == 1
        assert found("signerd_reloads_total", result="success") == 1
        assert found("signer_signblockpayload_total", client=CLIENT,
                     status="success", error="") == 1
        assert found("signerd_key_signatures_total",
                     address=ADDRESS["sequencer"], method=PAYLOAD) == 1
        assert found.all("signerd_rule_signatures_total") == {}
        # And closed again.
        mark = signerd.mark()
        reloading.reload(signerd, text(site, metrics=""))
        assert {each["port"] for each in signerd.logged(
            mark, msg="not listening any more", **{"for": "metrics"})} == {
                str(first), second["port"]}
        with pytest.raises(ConnectionRefusedError):
            open_to(first)


def test_reload_with_what_is_in_the_way(site):
    """A socket cannot be for clients and then for metrics, at once."""
    with signerd_of(site) as signerd:
        config = text(site, metrics="metrics on 127.0.0.1 port %d\n" %
                      signerd.port)
        fault, = reloading.errors(signerd, config)
        assert fault.endswith(
            'metrics on 127.0.0.1 port %d: in use by the "listen on '
            '127.0.0.1" that it is to replace: needs a restart' %
            signerd.port) or "goes on" in fault
        assert scrape(port(signerd))


def test_first_metrics_need_a_frontend(site):
    with FakeProxy(site) as edge:
        with daemon.Signerd(site, linked.config(
                site, edge.port, listen=None)) as signerd:
            assert "frontend" not in signerd.children
            fault, = reloading.errors(signerd, linked.config(
                site, edge.port, listen=None, extra=METRICS))
            assert fault.endswith(
                'the first "metrics" of a daemon that was started with '
                'neither "listen" nor "metrics" needs a restart')


def test_first_listen_beside_metrics(site):
    """The frontend is there already."""
    with FakeProxy(site) as edge:
        with daemon.Signerd(site, linked.config(
                site, edge.port, listen=None, extra=METRICS,
                rules=LINK_RULES)) as signerd:
            number = port(signerd)
            assert scrape(number)("signerd_listeners") == 0
            mark = signerd.mark()
            reloading.reload(signerd, linked.config(
                site, edge.port, extra="metrics on 127.0.0.1 port %d\n" %
                number, rules=LINK_RULES))
            signerd.port = int(signerd.logged(mark, msg="listening")[0]
                               ["port"])
            with signerd.connect(CLIENT) as c:
                ethkey.verify(MESSAGE, c.rpc(MESSAGE).result())
            assert scrape(number)("signerd_listeners") == 1


def test_scrapes_during_reloads(site):
    """Each is whole, and each request is answered."""
    with signerd_of(site) as signerd:
        number, over, scrapes = port(signerd), threading.Event(), []
        config = text(site, metrics="metrics on 127.0.0.1 port %d\n" % number)

        def go():
            while not over.is_set():
                scrapes.append(scrape(number)("signerd_config_generation"))

        thread = threading.Thread(target=go)
        with reloading.Load(signerd, 2, CLIENT):
            thread.start()
            for _ in range(5):
                reloading.reload(signerd, config)
            over.set()
            thread.join()
        assert scrapes == sorted(scrapes) and len(scrapes) > 1
        assert scrape(number)("signerd_config_generation") == 6


# ---- scrapers that mean no good --------------------------------------------


def test_slow_scrapers(site):
    """Who says nothing, who says it slowly and who does not read the answer
    has a place for a while, and the others wait for nobody."""
    with signerd_of(site, extra="max metrics-connections 4\n"
                    "timeout metrics 4 s\n") as signerd:
        number = port(signerd)
        held = [open_to(number) for _ in range(4)]
        held[1].sendall(b"GET /met")
        # The fifth takes the place of the first.
        assert scrape(number)("signerd_metrics_connections") == 4
        assert ended(held[0]) == b""
        for each in held[1:]:
            assert ended(each) == b""
        found = until(number,
                      lambda f: f("signerd_metrics_connections") == 1)
        assert found("signerd_metrics_connections_refused_total") >= 1
        assert found("signerd_metrics_timeouts_total") >= 3
        for each in held:
            each.close()


def test_scrapers_that_do_not_read(site):
    rules = "".join('allow client "c%d.example" key "sequencer" chain 10\n' %
                    i for i in range(15000))
    with signerd_of(site, rules=rules + RULES,
                    extra="timeout metrics 4 s\n") as signerd:
        number = port(signerd)
        with reloading.Load(signerd, 1, CLIENT):
            held = []
            for _ in range(4):
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.connect(("127.0.0.1", number))
                sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                held.append(sock)
            found = until(number, lambda f: f(
                "signerd_metrics_timeouts_total") == 4)
        assert len(found.all("signerd_rule_served")) == 15002
        for each in held:
            each.close()


def test_flood(site):
    """Signing goes on at its pace, and so do scrapes."""
    with signerd_of(site) as signerd:
        number, over = port(signerd), threading.Event()

        def flood():
            while not over.is_set():
                try:
                    with open_to(number) as sock:
                        sock.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                except OSError:
                    pass

        threads = [threading.Thread(target=flood) for _ in range(2)]
        for each in threads:
            each.start()
        try:
            with signerd.connect(CLIENT) as c:
                for _ in range(200):
                    ethkey.verify(MESSAGE, c.rpc(MESSAGE).result())
        finally:
            over.set()
            for each in threads:
                each.join()
        found = until(number, lambda f: f(
            "signerd_metrics_connections") == 1)
        assert found("signerd_requests_total", process="frontend",
                     method=PAYLOAD, result="signed") == 200
        # No more than 100 of them are taken in a second: at least a whole
        # one is in the middle of these.
        began = time.monotonic()
        for _ in range(250):
            assert get(number, "/healthz")[0] == 200
        assert time.monotonic() - began >= 1
