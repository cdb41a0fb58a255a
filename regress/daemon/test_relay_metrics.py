# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What proxyd says of itself at `metrics on`, after requests that are known."""

import contextlib
import datetime
import os
import re
import signal
import socket
import subprocess
import threading

import pytest

from lib import (daemon, eth, ethkey, httpclient, reloading, scraping,
                 signers, wsconn)
from lib.linked import ADDRESS
from lib.relays import (CLIENT, MESSAGE, OTHER, SENDER, SLOW, Asking, ask,
                        certname, check_unavailable, config, fake_signer,
                        relayed)
from lib.scraping import scrape, until

METRICS = "metrics on 127.0.0.1 port 0"
STRANGER = "stranger.example"
PAYLOAD, TRANSACTION = "block-payload", "transaction"
ONE = 'allow client "%s" chain 10' % CLIENT


def extra(*more):
    return "\n".join((METRICS, *more))


def ports(proxyd, mark=0):
    return [int(each["port"]) for each in proxyd.logged(
        mark, msg="listening", **{"for": "metrics"})]


def port(proxyd):
    return ports(proxyd)[0]


@contextlib.contextmanager
def measured(site, answers=None, more=(), **named):
    with relayed(site, answers, extra(*more), **named) as (proxyd, *made):
        yield (proxyd, port(proxyd), *made)


def requests(found, client=CLIENT):
    return found.over("proxyd_requests_total", client=client)


def rejections(found):
    return {key[0]: value for key, value in
            found.over("proxyd_rejections_total").items()}


def failures(found, signer="hq"):
    return {key[0]: value for key, value in found.over(
        "proxyd_signer_failures_total", signer=signer).items()}


def check_sums(found):
    """Each call that has no signature has a reason."""
    told = sum(found.sum("proxyd_requests_total", result=each)
               for each in ("rejected", "refused", "refused-by-signer",
                            "unavailable"))
    assert told == found.sum("proxyd_rejections_total")


# ---- requests --------------------------------------------------------------


def ask_all(proxyd, hq):
    """Each kind of request, and of an answer to it."""
    with proxyd.connect(CLIENT) as connection:
        for message in (MESSAGE, MESSAGE, eth.sign_transaction()):
            ethkey.verify(message, connection.rpc(message).result())
        connection.rpc(eth.payload_v2(sender=SENDER, chain=11)).error()
        hq.respond = signers.refuse(-32000, "no")
        connection.rpc(MESSAGE).error()
        hq.respond = signers.busy
        check_unavailable(connection.rpc(MESSAGE))
        connection.rpc([MESSAGE, eth.call("health_status", [], 2),
                        eth.call("eth_x", [], 3)])
        connection.rpc(eth.call("health_status", []))
        connection.rpc(eth.call("eth_x", []))
        connection.rpc(eth.call("eth_signTransaction", [{}, {}]))
        connection.rpc(eth.call("eth_signTransaction", [{"gas": 1}]))
        connection.rpc({"jsonrpc": "1.0", "id": 1, "method": "x"})
        connection.send(httpclient.request(body=b"{"))
        connection.read_response()


def test_requests(site):
    with measured(site, rules=ONE) as (
            proxyd, where, hq):
        before = scrape(where)
        assert requests(before) == rejections(before) == {}
        # Those that are not yet there are 0, or nobody sees the first.
        assert len(before.all("proxyd_requests_total", client=CLIENT)) == \
            len(before.all("proxyd_requests_total", client="unknown")) == 16
        ask_all(proxyd, hq)
        for name in (OTHER, STRANGER):
            Asking(proxyd, name=name).error()
        found = scrape(where)
        assert requests(found) == {
            (PAYLOAD, "signed"): 2, (TRANSACTION, "signed"): 1,
            (PAYLOAD, "refused"): 1, (PAYLOAD, "refused-by-signer"): 1,
            (PAYLOAD, "unavailable"): 2, ("other", "unavailable"): 2,
            ("other", "answered"): 1, ("other", "rejected"): 3,
            (TRANSACTION, "rejected"): 2}
        assert requests(found, "unknown") == {(PAYLOAD, "refused"): 2}
        assert rejections(found) == {
            "payload-chain": 1, "refused-by-signer": 1, "signer-busy": 4,
            "no-method": 1, "params": 2, "invalid-request": 1,
            "parse": 1, "forbidden": 2}
        check_sums(found)
        for name, counts in (("", (3, 1)), ("_signer", (3, 1)),
                             ("_waiting", (5, 1))):
            assert found.all("proxyd_request%s_seconds_count" % name) == {
                (PAYLOAD,): counts[0], (TRANSACTION,): counts[1]}, name
        assert found("proxyd_signer_attempts_total", signer="hq") == 6
        assert found("proxyd_signer_answers_total", signer="hq") == 4
        assert failures(found) == {"signer-busy": 2}
        assert found("proxyd_retries_total") == 0
        assert found("proxyd_hedges_total") == 0


def test_latency(site):
    """What the three times are of."""
    def slowly(signer, request):
        held.wait()
        return signers.sign(signer, request)
    held = threading.Event()
    with measured(site, {"hq": slowly}, ["max waiting 1"]) as (
            proxyd, where, hq):
        def sums(found):
            return [found("proxyd_request%s_seconds_sum" % each,
                          method=PAYLOAD)
                    for each in ("", "_waiting", "_signer")]

        # A busy machine may take its time between two steps of a request.
        for turn in range(1, 31):
            before = sums(scrape(where))
            held.clear()
            first = Asking(proxyd)
            hq.wait_requests(2 * turn - 1)
            second = Asking(proxyd)
            until(where, lambda found: found("proxyd_queued_requests") == 2)
            held.set()
            assert (first.key(), second.key()) == ("sequencer",) * 2
            found = scrape(where)
            total, waiting, signer = (
                b - a for a, b in zip(before, sums(found)))
            # The second waited for as long as the first was at the signer.
            assert 0 < waiting < total and 0 < signer < total
            assert found("proxyd_queued_requests") == 0
            assert found("proxyd_queued_bytes") == 0
            assert found("proxyd_request_seconds_bucket", method=PAYLOAD,
                         le="+Inf") == 2 * turn
            if abs(total - waiting - signer) < 0.01 * SLOW:
                break
        assert abs(total - waiting - signer) < 0.01 * SLOW


def test_no_signer(site):
    with measured(site, {}, labels=("hq", "dr")) as (proxyd, where):
        Asking(proxyd).check_unavailable()
        found = scrape(where)
        assert requests(found) == {(PAYLOAD, "unavailable"): 1}
        assert rejections(found) == {"no-signer": 1}
        assert found.over("proxyd_signer_attempts_total") == {}
        assert found.sum("proxyd_request_waiting_seconds_count") == 0


def test_client_that_is_sent_away(site):
    """A reload does not trust its certificate any more."""
    named = {"extra": METRICS, "signers_on": '127.0.0.1 port 0 { tls ca "%s" '
             '}' % site.authority.ca}
    text = config(site, **named)
    with daemon.Proxyd(site, text) as proxyd, fake_signer(
            site, proxyd, answer=signers.hold) as hq:
        where = port(proxyd)
        asked = Asking(proxyd)
        hq.wait_requests()
        found = scrape(where)
        assert found("proxyd_queued_requests") == 1
        assert found("proxyd_queued_bytes") > 0
        assert found("proxyd_signer_requests_in_flight", signer="hq") == 1
        # The first is that of clients.
        reloading.reload(proxyd, text.replace(
            'tls ca "%s"\n' % site.authority.ca,
            'tls ca "%s"\n' % site.foreign.ca, 1))
        found = until(where, requests)
        assert requests(found) == {(PAYLOAD, "gone"): 1}
        assert rejections(found) == {}
        assert found("proxyd_queued_requests") == 0
        assert found("proxyd_queued_bytes") == 0
        assert found("proxyd_signer_requests_in_flight", signer="hq") == 0
        hq.release()
        until(where, lambda found: found(
            "proxyd_signer_late_answers_total", signer="hq") == 1)
        asked.connection.close()


def test_deadline(site):
    with measured(site, {"hq": signers.silent}, [
            "timeout { request 4 s attempt 500 ms }"]) as (
                proxyd, where, _):
        Asking(proxyd).check_unavailable()
        found = scrape(where)
        assert rejections(found) == {"deadline": 1}
        assert failures(found) == {"slow": 1}
        assert found("proxyd_signer_in_doubt", signer="hq") == 1


def test_full_queue(site):
    with measured(site, {"hq": signers.hold}, [
            "max { queue 1 waiting 1 }"]) as (proxyd, where, hq):
        asked = Asking(proxyd)
        hq.wait_requests()
        Asking(proxyd).check_unavailable()
        found = scrape(where)
        assert rejections(found) == {"busy": 1}
        assert found("proxyd_queued_requests_max") == 1
        hq.release()
        assert asked.key() == "sequencer"


def test_too_large_response(site):
    """What the client was told counts, and not what was signed."""
    with measured(site, None, ["max response 1 KiB"],
                  rules=ONE) as (
                      proxyd, where, _):
        message = eth.sign_transaction(input="0x" + "11" * 1024)
        assert Asking(proxyd, message).error()[1] == "response too large"
        found = scrape(where)
        assert requests(found) == {(TRANSACTION, "rejected"): 1}
        assert rejections(found) == {"too-large": 1}


# ---- from signer to signer -------------------------------------------------


FAILURES = {
    "busy": (signers.busy, "signer-busy"),
    "no time": (signers.refuse(signers.DEADLINE, "deadline exceeded"),
                "signer-deadline"),
    "hangs up": (signers.hang_up, "link-lost"),
    "no signature": (lambda signer, request: signers.rpclink.result(
        request["id"], "0x1"), "no-signature"),
    "senseless": (lambda signer, request: signers.rpclink.error(
        request["id"], "x", "y"), "senseless"),
    "slow": (signers.hold, "slow"),
}


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_failover(site, name):
    answer, reason = FAILURES[name]
    with measured(site, {"hq": answer, "dr": None}, [
            "timeout { request 50 s attempt 2 s }" if name == "slow" else
            ""]) as (
                proxyd, where, hq, _):
        assert ask(proxyd) == "sequencer"
        found = scrape(where)
        assert requests(found) == {(PAYLOAD, "signed"): 1}
        assert rejections(found) == {}
        assert failures(found) == {reason: 1}
        assert failures(found, "dr") == {}
        for signer, counts in (("hq", (1, 0)), ("dr", (1, 1))):
            assert (found("proxyd_signer_attempts_total", signer=signer),
                    found("proxyd_signer_answers_total",
                          signer=signer)) == counts
        assert found("proxyd_retries_total") == 1
        assert found("proxyd_hedges_total") == 0
        if name == "slow":
            hq.release()
            until(where, lambda found: found(
                "proxyd_signer_late_answers_total", signer="hq") == 1)


def test_hedge(site):
    with measured(site, {"hq": signers.hold, "dr": None}, [
            "hedge after 20 ms"]) as (
                proxyd, where, hq, _):
        assert ask(proxyd) == "sequencer"
        found = scrape(where)
        assert found("proxyd_hedges_total") == 1
        assert found("proxyd_retries_total") == 0
        assert failures(found) == {}
        hq.release()
        found = until(where, lambda found: found(
            "proxyd_signer_late_answers_total", signer="hq") == 1)
        assert found("proxyd_signer_late_answers_total", signer="dr") == 0
        assert found("proxyd_signer_answers_total", signer="hq") == 0
        assert found("proxyd_signer_in_doubt", signer="hq") == 1


# ---- signers ---------------------------------------------------------------


def state(found, label="hq"):
    return {name: found("proxyd_signer_" + name, signer=label) for name in (
        "up", "registrations_total", "replacements_total")}


def test_signers(site):
    with measured(site, {}, ["timeout ping 50 ms"],
                  labels=("hq", "dr")) as (proxyd, where):
        found = scrape(where)
        assert found.labels("proxyd_signer_info") == [
            {"signer": label, "name": certname(label), "peer": "",
             "software": ""} for label in ("dr", "hq")]
        assert state(found) == {"up": 0, "registrations_total": 0,
                                "replacements_total": 0}
        assert found("proxyd_signer_up_seconds", signer="hq") == 0
        assert found.all("proxyd_signer_ping_seconds") == {}
        with fake_signer(site, proxyd) as first:
            found = until(where, lambda found: found.all(
                "proxyd_signer_ping_seconds"))
            assert 0 < found("proxyd_signer_ping_seconds",
                             signer="hq") < 60
            info = found.labels("proxyd_signer_info")[1]
            assert info["software"] == signers.SOFTWARE
            assert info["peer"].startswith("127.0.0.1:")
            first.register()
            assert state(scrape(where)) == {
                "up": 1, "registrations_total": 1, "replacements_total": 0}
            with fake_signer(site, proxyd):
                assert first.wait_end().code == 4001
                found = until(where, lambda found: found(
                    "proxyd_links") == 1)
                assert state(found) == {
                    "up": 1, "registrations_total": 2,
                    "replacements_total": 1}
        found = until(where, lambda found: found("proxyd_links") == 0)
        assert state(found) == {"up": 0, "registrations_total": 2,
                                "replacements_total": 1}
        assert found("proxyd_links_opened_total") == 2
        assert state(found, "dr") == {"up": 0, "registrations_total": 0,
                                      "replacements_total": 0}


def test_links_that_are_refused(site):
    def refused():
        return {key[0]: value for key, value in scrape(where).over(
            "proxyd_links_refused_total").items()}
    with measured(site, {}, labels=("hq",), more=[
            "max links 1", "timeout register 3 s"]) as (proxyd, where):
        assert refused() == {}
        with fake_signer(site, proxyd, "nobody") as it:
            it.wait_end()
        assert refused() == {"unexpected": 1}
        with fake_signer(site, proxyd, keys=("batcher",)) as it:
            it.wait_end()
        assert refused() == {"unexpected": 1, "lacks": 1}
        with fake_signer(site, proxyd, register=False) as it:
            it.wait_end()
        assert refused() == {"unexpected": 1, "lacks": 1, "too-late": 1}
        until(where, lambda found: found("proxyd_links") == 0)
        with fake_signer(site, proxyd):
            with pytest.raises(wsconn.NotUpgraded):
                fake_signer(site, proxyd)
            assert refused()["max-links"] == 1
        assert scrape(where)("proxyd_links_opened_total") == 4


# ---- connections -----------------------------------------------------------


def by_listener(found, name, listener):
    return {key[0] if len(key) == 1 else key: value
            for key, value in found.over(name, listener=listener).items()}


def test_connections(site):
    with measured(site, {"hq": None}, ["max connections-per-address 2"]) as (
            proxyd, where, _), contextlib.ExitStack() as stack:
        found = scrape(where)
        for listener, open_, most in (("clients", 0, 1024),
                                      ("signers", 1, 1024 + 64)):
            assert (found("proxyd_connections", listener=listener),
                    found("proxyd_connections_accepted_total", listener=listener),
                    found("proxyd_handshakes_total", listener=listener),
                    found("proxyd_connections_max", listener=listener)) == (
                        open_, open_, open_, most), listener
        assert found.all("proxyd_listeners") == {
            ("clients",): 1, ("signers",): 1, ("metrics",): 1}
        for _ in range(2):
            stack.enter_context(proxyd.connect(CLIENT))
        with pytest.raises((OSError, httpclient.Closed)):
            proxyd.connect(CLIENT)
        found = scrape(where)
        assert found("proxyd_connections", listener="clients") == 2
        assert found("proxyd_connections_accepted_total", listener="clients") == 2
        assert by_listener(found, "proxyd_connections_refused_total",
                           "clients") == {"connections-per-address": 1}
        assert by_listener(found, "proxyd_connections_refused_total",
                           "signers") == {}


def test_handshakes(site):
    """Why they fail, by whose port it is."""
    with measured(site, {}, labels=("hq",)) as (proxyd, where):
        foreign = httpclient.context(site.authority.ca,
                                     site.foreign.client(CLIENT))
        for at in (proxyd.port, proxyd.signer_port):
            with contextlib.suppress(OSError, httpclient.Closed):
                with httpclient.Connection(at, foreign) as connection:
                    connection.rpc(MESSAGE)
        with socket.create_connection(("127.0.0.1", proxyd.port)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                while plain.recv(4096):
                    pass
        found = until(where, lambda found: found.sum(
            "proxyd_handshake_failures_total") == 3)
        assert by_listener(found, "proxyd_handshake_failures_total",
                           "clients") == {"unknown-ca": 1, "http": 1}
        assert by_listener(found, "proxyd_handshake_failures_total",
                           "signers") == {"unknown-ca": 1}
        assert found.over("proxyd_handshakes_total") == {}


def test_http(site):
    with measured(site, {"hq": None}) as (proxyd, where, _):
        ask(proxyd)
        with proxyd.connect(None) as connection:
            assert connection.exchange("GET", "/healthz").status == 200
            assert connection.exchange("GET", "/").status == 401
        found = scrape(where)
        assert by_listener(found, "proxyd_http_requests_total",
                           "clients") == {"POST": 1, "GET": 2}
        assert by_listener(found, "proxyd_http_responses_total",
                           "clients") == {("200", "POST"): 1,
                                          ("200", "GET"): 1,
                                          ("401", "GET"): 1}
        assert by_listener(found, "proxyd_http_requests_total",
                           "signers") == {}


def dates(path, field):
    """In Unix time, as openssl reads it."""
    text = subprocess.run(
        ["openssl", "crl" if field == "nextUpdate" else "x509", "-noout",
         "-" + field.lower().replace("notafter", "enddate"), "-in", path],
        check=True, capture_output=True, text=True).stdout
    return datetime.datetime.strptime(
        text.split("=")[1].strip(), "%b %d %H:%M:%S %Y GMT").replace(
            tzinfo=datetime.timezone.utc).timestamp()


def test_certificates(site):
    """Of each listener; another's after a reload."""
    pair = site.authority.proxy()
    crl = site.authority.crl()
    soon = reloading.ends_soon(site)
    text = config(site, extra=METRICS, crl=crl, signers_on='127.0.0.1 port '
                  '0 { tls certificate "%s" key "%s" }' % tuple(soon))
    with daemon.Proxyd(site, text) as proxyd:
        where = port(proxyd)
        clients = "127.0.0.1:%d" % proxyd.port
        others = "127.0.0.1:%d" % proxyd.signer_port
        ca = dates(site.authority.ca, "notAfter")
        found = scrape(where)
        assert found.all("proxyd_certificate_expiry_seconds") == {
            (clients, "certificate", "clients"): dates(pair[0], "notAfter"),
            (clients, "ca", "clients"): ca, (others, "ca", "signers"): ca,
            (others, "certificate", "signers"): dates(soon[0], "notAfter")}
        update = dates(crl, "nextUpdate")
        assert found.all("proxyd_crl_next_update_seconds") == {
            (clients, "clients"): update, (others, "signers"): update}
        reloading.reload(proxyd, config(
            site, extra="metrics on 127.0.0.1 port %d" % where))
        found = scrape(where)
        assert set(found.all("proxyd_certificate_expiry_seconds",
                             file="certificate").values()) == {
                                 dates(pair[0], "notAfter")}
        assert found.all("proxyd_crl_next_update_seconds") == {}


# ---- what could be served --------------------------------------------------


def ready(where):
    status, fields, text = scraping.get(where, "/readyz")
    assert fields["Content-Type"] == "text/plain; charset=utf-8"
    return status, text.splitlines()


def unserved(number, client=CLIENT):
    return ("rule %d, client %s: no signer that can serve it is registered"
            % (number, client))


RULES = """allow client "%s" chain 10 signer hq
allow client "%s" chain 10 signer dr
allow client "%s" chain 10 method transaction""" % (CLIENT, OTHER, OTHER)


def served(found):
    return [found("proxyd_rule_served", rule=str(n + 1), client=client)
            for n, client in enumerate((CLIENT, OTHER, OTHER))]


def test_ready(site):
    with measured(site, {}, labels=("hq", "dr"), rules=RULES) as (
            proxyd, where):
        assert scraping.get(where, "/healthz")[0] == 200
        assert ready(where) == (503, [
            "not ready: no rule can be served", unserved(1),
            unserved(2, OTHER), unserved(3, OTHER)])
        found = scrape(where)
        assert served(found) == [0, 0, 0]
        assert (found("proxyd_rules"), found("proxyd_rules_unserved")) == \
            (3, 3)
        with fake_signer(site, proxyd) as hq:
            assert ready(where) == (200, ["ready", unserved(2, OTHER)])
            found = scrape(where)
            assert served(found) == [1, 0, 1]
            assert found("proxyd_rules_unserved") == 1
            # What it says later counts as well.
            hq.object["keys"][0]["methods"] = [PAYLOAD]
            hq.register()
            assert served(scrape(where)) == [1, 0, 0]
            with fake_signer(site, proxyd, "dr"):
                assert ready(where) == (200, ["ready"])
        proxyd.wait_log(msg="signer lost", count=2)
        assert ready(where)[0] == 503


def test_no_rule(site):
    with measured(site, {"hq": None}, rules="") as (_, where, _hq):
        assert ready(where) == (503, [
            "not ready: the configuration has no rule"])


def test_stop(site):
    """Nobody waits for an answer that will not come while the relay finishes
    what it has begun."""
    with measured(site, {"hq": signers.hold}, ("timeout metrics 60 s",
                                               "timeout request 60 s")) as (
            proxyd, where, hq):
        begun = Asking(proxyd)
        hq.wait_requests(1)
        with socket.create_connection(("127.0.0.1", where)) as idle:
            idle.settimeout(httpclient.PATIENCE)
            proxyd.process.send_signal(signal.SIGTERM)
            assert idle.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            scraping.get(where, "/readyz")
        hq.release()
        assert begun.key() == "sequencer"
        assert proxyd.wait() == 0


# ---- the daemon ------------------------------------------------------------


def test_reload(site):
    def text(*listens, rules=RULES):
        return config(site, ("hq", "dr"), rules=rules,
                      extra="\n".join(listens))
    with daemon.Proxyd(site, text(METRICS, METRICS)) as proxyd:
        kept, gone = ports(proxyd)
        before = scrape(gone)
        assert before("proxyd_config_generation") == 1
        assert before("proxyd_config_last_reload_successful") == 1
        assert before("proxyd_config_failure_time_seconds") == 0
        assert before.all("proxyd_reloads_total") == {
            ("failure",): 0, ("success",): 0}
        with fake_signer(site, proxyd):
            assert ask(proxyd) == "sequencer"
            mark = proxyd.mark()
            reloading.reload(proxyd, text(
                "metrics on 127.0.0.1 port %d" % kept,
                "metrics on ::1 port 0", rules=RULES.split("\n")[0]))
            record = proxyd.wait_log(mark, msg="not listening any more")
            assert (int(record["port"]), record["for"]) == (gone, "metrics")
            assert len(ports(proxyd, mark)) == 1
            with pytest.raises(ConnectionRefusedError):
                scraping.get(gone, "/metrics")
            with socket.create_connection(("::1", ports(proxyd, mark)[0])):
                pass
            found = scrape(kept)
            # Counters go on, those of rules that are gone do not.
            assert requests(found) == {(PAYLOAD, "signed"): 1}
            assert found("proxyd_signer_attempts_total", signer="hq") == 1
            assert found.all("proxyd_requests_total", client=OTHER) == {}
            assert found("proxyd_rules") == 1
            assert ready(kept) == (200, ["ready"])
        assert found("proxyd_config_generation") == 2
        assert found("proxyd_config_load_time_seconds") >= \
            before("proxyd_config_load_time_seconds") >= \
            before("proxyd_start_time_seconds") > 1.7e9
        reloading.errors(proxyd, "no statement\n")
        found = scrape(kept)
        assert found("proxyd_config_generation") == 2
        assert found("proxyd_config_last_reload_successful") == 0
        assert found("proxyd_config_failure_time_seconds") >= \
            found("proxyd_config_load_time_seconds")
        assert found.all("proxyd_reloads_total") == {
            ("failure",): 1, ("success",): 1}


def test_signer_with_other_words(site):
    """It goes on, and so does what was counted of it."""
    with daemon.Proxyd(site, config(site, extra=METRICS)) as proxyd:
        with fake_signer(site, proxyd):
            assert ask(proxyd) == "sequencer"
            where = port(proxyd)
            reloading.reload(proxyd, config(
                site, more="chain { 10 11 }",
                extra="metrics on 127.0.0.1 port %d" % where))
            assert ask(proxyd) == "sequencer"
            found = scrape(where)
            assert found("proxyd_signer_attempts_total", signer="hq") == 2
            assert state(found) == {"up": 1, "registrations_total": 1,
                                    "replacements_total": 0}


def test_build(site):
    with measured(site, {}, labels=("hq",)) as (_, where):
        found = scrape(where)
        version, = found.labels("proxyd_build_info")
        assert list(version) == ["version"]
        assert found("proxyd_process_up", process="relay") == 1
        assert found("proxyd_log_suppressed_total", process="relay") == 0
        for process in ("parent", "relay"):
            assert 2 ** 20 < found("proxyd_process_resident_memory_bytes",
                                   process=process) < 2 ** 30


def test_records_that_are_left_out(site):
    with measured(site, {}, labels=("hq",),
                  log="{ level info rate 1 }") as (proxyd, where):
        with proxyd.connect(CLIENT) as connection:
            for _ in range(10):
                connection.rpc(eth.call("eth_x", []))
        until(where, lambda found: found("proxyd_log_suppressed_total",
                                         process="relay") > 0)


# ---- as the manual has it --------------------------------------------------


ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DEFINITION = re.compile(r"""\[METRIC_PROXY_\w+\]\ =\ \{\s*"(\w+)",\s*
    (\w+),\s*METRICS_(\w+),\s*
    ((?:"[^"]*"\s*)+),\s*\{([^}]*)\}\ \}""", re.X)
ITEM = re.compile(r"^\.It Cm (proxyd_\w+) No (\w+)(?: Pq Va (.*))?\n"
                  r"((?:[^.].*\n)+)", re.M)
KIND = {"COUNTER": "counter", "SECONDS": "histogram"}


def read(*names):
    with open(os.path.join(ROOT, *names)) as f:
        return f.read()


def defined():
    """Kind, labels and what is said of each, by its name."""
    text = read("common", "metrics_table.c")
    found = {name: (KIND.get(kind, "gauge"), re.findall(r'"(\w+)"', labels),
                    "".join(re.findall(r'"([^"]*)"', told)))
             for name, kind, _, told, labels in DEFINITION.findall(text)}
    assert len(found) == text.count("[METRIC_PROXY_")
    return found


def test_manual():
    """The same names, kinds and labels, and the same words; the manual may
    say more."""
    wanted, found = defined(), {}
    for name, kind, labels, told in ITEM.findall(read("man", "proxyd.8")):
        assert name not in found
        found[name] = (kind, labels.split(" , ") if labels else [],
                       told.replace("\n", " ").strip())
    assert set(found) == set(wanted)
    for name, (kind, labels, told) in wanted.items():
        assert found[name][:2] == (kind, labels), name
        assert found[name][2].startswith(told), name


def test_all_that_is_said(site):
    """Nothing but what is defined, of that kind and with those labels."""
    wanted = defined()
    with measured(site, {"hq": None}, ["timeout ping 50 ms"],
                  crl=site.authority.crl()) as (proxyd, where, _):
        ask(proxyd)
        scrape(where)
        found = until(where, lambda found: found.all(
            "proxyd_signer_ping_seconds"))
        names = {}
        for name, labels in found.samples:
            bare = re.sub("_(bucket|sum|count)$", "", name)
            name = bare if bare in wanted else name
            names.setdefault(name, set()).update(
                key for key, _ in labels if key != "le")
        for name, labels in names.items():
            assert labels == set(wanted[name][1]), name
            # The parser calls a counter by its name without _total.
            assert found.kinds[re.sub("_total$", "", name)] == \
                wanted[name][0], name
        # All of them are there, by now.
        assert set(names) == set(wanted)


# ---- who may cost nothing --------------------------------------------------


def test_bad_scrapers(site):
    """Half requests, floods and what is no HTTP: clients are served, and so
    is who asks properly."""
    with measured(site, None, ["max metrics-connections 4"]) as (
            proxyd, where, _), contextlib.ExitStack() as stack:
        for data in (b"", b"GET /met", b"\x16\x03\x01\x02\x00", b"\0" * 9000,
                     b"POST /metrics HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 9\r\n\r\n", b"x" * 20000) * 4:
            it = stack.enter_context(socket.create_connection(
                ("127.0.0.1", where)))
            with contextlib.suppress(ConnectionError):
                it.sendall(data)
        with proxyd.connect(CLIENT) as connection:
            for ident in range(20):
                message = dict(MESSAGE, id=ident)
                ethkey.verify(message, connection.rpc(message).result())
        found = scrape(where)
        assert requests(found) == {(PAYLOAD, "signed"): 20}
        assert found("proxyd_metrics_connections") <= 4
        assert found("proxyd_metrics_connections_refused_total") > 0


def test_slow_scrapers(site):
    with measured(site, {}, labels=("hq",), more=[
            "timeout metrics 3 s"]) as (_, where):
        with socket.create_connection(("127.0.0.1", where)) as it:
            it.sendall(b"GET /met")
            assert it.recv(1) == b""
        assert scrape(where)("proxyd_metrics_timeouts_total") == 1


def test_names_are_bounded(site):
    """Whoever comes, with whatever name or request: no sample more."""
    def names():
        return {(name, labels) for name, labels in scrape(where).samples
                if not name.startswith("proxyd_metrics_")}
    with measured(site, {}, labels=("hq",)) as (proxyd, where):
        Asking(proxyd, name=STRANGER).error()
        before = names()
        for n in range(12):
            with proxyd.connect("made%d.example" % n) as connection:
                connection.rpc(MESSAGE).error()
                connection.rpc(eth.call("made_up%d" % n, [])).error()
        found = scrape(where)
        assert requests(found, "unknown") == {
            (PAYLOAD, "refused"): 13, ("other", "rejected"): 12}
        assert names() == before


def test_many_rules(site):
    """A number for all of them, and samples for as many as are of use."""
    rules = "\n".join('allow client "c%d.example" chain 10' % n
                      for n in range(5000))
    with measured(site, {}, labels=("hq",), rules=rules) as (proxyd, where):
        Asking(proxyd, name="c4999.example").check_unavailable()
        found = scrape(where)
        assert found("proxyd_rules") == found("proxyd_rules_unserved") == 5000
        assert len(found.all("proxyd_rule_served")) == 4096
        assert found.over("proxyd_requests_total") == {
            ("c4999.example", PAYLOAD, "unavailable"): 1}
        assert len(found.all("proxyd_requests_total")) == 17
        status, lines = ready(where)
        assert (status, len(lines)) == (503, 102)
        assert lines[-1] == "and 4900 rules more"


def test_software_that_is_no_text(site):
    """A signer names its own: it is shown as it is, and breaks no line."""
    software = 'x"\n\\{}\u00e9' + "\u20ac" * 30
    with measured(site, {}, labels=("hq",)) as (proxyd, where):
        with fake_signer(site, proxyd, more={"software": software}):
            info, = scrape(where).labels("proxyd_signer_info")
            assert software.startswith(info["software"][:20])
