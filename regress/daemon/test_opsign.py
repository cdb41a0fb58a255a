# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""opsign(1) against the real daemons: what it gets signed, what it says where
something is wrong, and what it exits with."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest

from lib import daemon, eth, linked, opsign, relays
from lib.keccak import keccak256
from lib.opsign import (ADDRESS, BUSY, CLIENT, OK, REFUSED, UNREACHABLE,
                        USAGE)

RULES = ('allow client "%s" key "sequencer" chain { 10 0x2105 }\n'
         'allow client "batcher.example" key "batcher" method transaction '
         'chain 10 to %s max-value 1 ether' % (CLIENT, eth.TO))
HASH = eth.hexa(eth.HASH)
PAYLOAD = ("--chain", "10", "--payload-hash", HASH)
FEES = {"maxFeePerGas": "0x59682f00", "maxPriorityFeePerGas": "0x1"}
TX = ("--chain", "10", "--nonce", "7", "--gas", "30000",
      "--max-fee-per-gas", "1.5gwei", "--max-priority-fee-per-gas", "1",
      "--to", eth.TO, "--value", "0.1 ether")
WANTED = dict(FEES, to=eth.TO, gas="0x7530", value=hex(10**17), nonce="0x7",
              chainId="0xa")
BLOBS = ["0x01" + "b1" * 31, "0x01" + "b2" * 31]
AUTH = {"chainId": "0xa", "address": "0x" + "cc" * 20, "nonce": "0x5",
        "yParity": "0x1", "r": "0x1234", "s": "0x5678"}
ACCESS = [{"address": eth.TO, "storageKeys": [HASH, eth.hexa(eth.ZEROS)]}]


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES, keys=("sequencer", "batcher"),
                             log="{ level info rate 1000000 }"))


@pytest.fixture
def ask(site, signerd):
    return opsign.Asker(site, signerd.port)


# ---- health ----------------------------------------------------------------


def test_health(ask, signerd):
    found = ask("health", "-j").json
    assert found["status"] == "ok" and found["command"] == "health"
    assert found["version"] == found["health_status"] == "0.1.0"
    assert found["tls"] == "TLSv1.3" and found["certificate"] == "localhost"
    assert 29 < found["certificate_days"] < 31
    assert found["peer"] == "127.0.0.1:%d" % signerd.port
    assert found["handshake_us"] > 0 and found["rpc_us"] > 0
    done = ask("health")
    assert done.status == OK and done.err == ""
    assert re.search(r"^version +0\.1\.0$", done.out, re.M)


def test_health_without_a_certificate(site, signerd):
    found = opsign.Asker(site, signerd.port, name=None)("health", "-j").json
    assert found["status"] == "ok" and found["version"] == "0.1.0"
    assert "health_status" not in found


def test_signing_without_a_certificate(site, signerd):
    ask = opsign.Asker(site, signerd.port, name=None)
    found = ask("payload", "-j", *PAYLOAD).json
    assert found["exit"] == REFUSED
    assert found["error"]["kind"] == "http"
    assert found["error"]["code"] == 401
    assert "client certificate was not provided" in found["error"]["message"]
    assert "--tls.cert" in found["error"]["advice"]


# ---- payload ---------------------------------------------------------------


@pytest.mark.parametrize("version", ("v1", "V2", "kona", None))
@pytest.mark.parametrize("address", (True, False))
def test_payload(ask, version, address):
    flags = [] if version is None else ["--version", version]
    flags += ["--address", ADDRESS] if address else []
    done = ask("payload", "-j", *PAYLOAD, *flags)
    found = done.json
    assert found["status"] == "ok", done
    assert found["signer"] == ADDRESS
    assert found["digest"] == eth.hexa(eth.payload_digest())
    assert eth.hexa(eth.payload_signer(eth.unhex(found["signature"]))) == \
        ADDRESS


def test_payload_of_another_chain_and_domain(site, serve):
    domain = b"\xff" + bytes(30) + b"\x07"
    signerd = serve(site.config(rules=(
        'allow client "%s" key "sequencer" chain 0x2105 domain %s' % (
            CLIENT, eth.hexa(domain)))))
    found = opsign.Asker(site, signerd.port)(
        "payload", "-j", "--chain", "0x2105", "--payload-hash", HASH,
        "--domain", eth.hexa(domain), "--address", ADDRESS).json
    assert eth.hexa(eth.payload_signer(eth.unhex(found["signature"]), domain,
                                       8453)) == ADDRESS
    assert found["chain"] == "0x2105" and found["domain"] == eth.hexa(domain)


def test_payload_from_a_file(ask, tmp_path):
    text = "a payload" * 9000
    (tmp_path / "payload").write_text(text)
    digest = keccak256(text.encode())
    for name, given in ((str(tmp_path / "payload"), None), ("-", text)):
        done = ask("payload", "-q", "--chain", "10", "--payload", name,
                   text=given)
        assert done.status == OK and done.err == "", done
        assert eth.hexa(eth.payload_signer(
            eth.unhex(done.out.strip()), hash=digest)) == ADDRESS


# ---- tx --------------------------------------------------------------------


def check_tx(done, wanted, kind=2, key="sequencer"):
    """What it says is what was asked for, and what the bytes say."""
    found = done.json
    assert found["status"] == "ok", done
    raw = eth.unhex(found["raw"])
    fields = eth.decode_transaction(raw)
    assert fields["type"] == kind and eth.agrees(fields, wanted), fields
    assert eth.hexa(fields["signer"]) == found["sender"]
    assert found["sender"] == linked.ADDRESS[key]
    assert found["hash"] == eth.hexa(fields["hash"])
    assert found["digest"] == eth.hexa(fields["digest"])
    for name in wanted:
        assert found.get(name) == wanted[name], name
    return found


def test_tx(ask):
    found = check_tx(ask("tx", "-j", *TX, "--address", ADDRESS), WANTED)
    assert found["type"] == "0x2" and found["input"] == "0x"
    assert int(found["maxCost"], 16) == 30000 * 1500000000


def test_tx_with_data_and_access_list(ask):
    check_tx(ask("tx", "-j", *TX, "--data", "0xA9059cbb", "--access-list",
                 json.dumps(ACCESS)),
             dict(WANTED, input="0xa9059cbb", accessList=ACCESS))


def test_tx_that_creates(ask):
    at = TX.index("--to")
    wanted = dict(WANTED, input="0x6000")
    del wanted["to"]
    found = check_tx(ask("tx", "-j", *TX[:at], *TX[at + 2:], "--input",
                         "0x6000"), wanted)
    assert "to" not in found


def test_tx_with_blobs(ask):
    wanted = dict(WANTED, blobVersionedHashes=BLOBS, maxFeePerBlobGas="0x3")
    for flags in (["--blob-versioned-hashes", ",".join(BLOBS)],
                  ["--blob-versioned-hashes", BLOBS[0],
                   "--blob-versioned-hashes=" + BLOBS[1]]):
        check_tx(ask("tx", "-j", *TX, "--max-fee-per-blob-gas", "3", *flags),
                 wanted, 3)


def test_tx_with_authorizations(ask):
    other = dict(AUTH, nonce="0x6")
    check_tx(ask("tx", "-j", *TX, "--authorization", json.dumps(AUTH),
                 "--authorization", json.dumps(other)),
             dict(WANTED, authorizationList=[AUTH, other]), 4)


def test_tx_from_standard_input(ask):
    wanted = dict(WANTED, input="0x" + "da" * 70000, accessList=ACCESS)
    given = dict(wanted, nonce="0x1", type="0x2")
    found = check_tx(ask("tx", "-", "--nonce", "7", "-j",
                         text=json.dumps(given)), wanted)
    assert found["nonce"] == "0x7"


def test_tx_for_people(ask):
    done = ask("tx", *TX, "--address", ADDRESS, "--data", "0x1234")
    assert done.status == OK and done.err == ""
    for line in ("type         2 (EIP-1559)", "chain        10",
                 "value        0.1 ether (100000000000000000 wei)",
                 "max fee      1.5 gwei (1500000000 wei)",
                 "data         2 bytes: 0x1234", "sender       " + ADDRESS):
        assert line in done.out.splitlines(), (line, done)
    quiet = ask("tx", "-q", *TX, "--data", "0x1234")
    assert re.fullmatch("0x02[0-9a-f]+\n", quiet.out), quiet


@pytest.mark.parametrize("flags,message", (
    (TX[2:], "chain id not specified"),
    (TX[:2] + TX[4:], "nonce not specified"),
    (TX[:4] + TX[6:], "gas not specified"),
    (TX + ("--type", "3"), "type does not agree with the members"),
    (TX + ("--data", "0x1", ), "data: "),
    (TX + ("--to", "0x11"), "--to is there twice"),
    (TX + ("--access-list", "{}"), "accessList: must be an array"),
    (TX + ("--access-list", "[}"), "--access-list: not JSON"),
    (TX + ("--authorization", '{"nonce":"0x1","nonce":"0x2"}'),
     "a member is there twice"),
    (TX + ("--authorization", '{"bogus":"0x1"}'), "unknown member"),
    (TX + ("--blob-versioned-hashes", HASH), "blob-fee-cap"),
    (TX + ("--gas-price", "1"), "unknown flag"),
    (TX + ("x",), "unexpected argument: x"),
))
def test_tx_that_is_none(ask, signerd, flags, message):
    """It is told here; nothing goes to the signer."""
    settle(ask, signerd)
    mark = signerd.mark()
    done = ask("tx", *flags)
    assert done.status == USAGE and message in done.err, done
    assert done.out == ""
    ask("payload", *PAYLOAD)
    signerd.wait_log(mark, msg="signed")
    assert not signerd.logged(mark, method="transaction")


def settle(ask, signerd):
    """The records of all requests before are in the log."""
    one = "0x" + os.urandom(32).hex()
    digest = ask("payload", "-j", "--chain", "10",
                 "--payload-hash", one).json["digest"]
    signerd.wait_log(msg="signed", digest=digest)


@pytest.mark.parametrize("text,message", (
    ("", "not JSON"), ("[]", "not an object"), ('{"input":1}', "must be a"),
    ('{"gas":"0x1","gas":"0x2"}', "there twice"),
    ('{"Gas":"0x1"}', "unknown member"), ('{} {}', "not JSON")))
def test_input_that_is_none(ask, text, message):
    done = ask("tx", "-", *TX, text=text)
    assert done.status == USAGE and message in done.err, done


# ---- refused ---------------------------------------------------------------


def test_refused_by_the_rules(ask, site, signerd):
    found = ask("payload", "-j", "--chain", "11", "--payload-hash",
                HASH).json
    assert found["status"] == "refused" and found["exit"] == REFUSED
    assert found["error"]["kind"] == "rpc"
    assert found["error"]["code"] == -32013
    assert found["error"]["message"] == "unexpected chainId"
    assert "signature" not in found
    done = ask("payload", *PAYLOAD, "--address", "0x" + "11" * 20)
    assert done.status == REFUSED
    assert "is not authorized to use any keys (-32000)" in done.err
    batcher = opsign.Asker(site, signerd.port, "batcher.example")
    done = batcher("tx", *TX[:-1], "1.1ether")
    assert done.status == REFUSED
    assert "opsign: refused: value exceeds maximum (-32011)\n" in done.err
    # It cannot know which of them it was.
    assert "of the signer or of the proxy before it" in done.err
    assert "signature" not in done.out and "raw" not in done.out


def test_not_found(site, signerd):
    ask = opsign.Asker(site, signerd.port)
    ask.flags[1] += "/elsewhere"
    found = ask("payload", "-j", *PAYLOAD).json
    assert found["exit"] == REFUSED and found["error"]["code"] == 404
    assert "path" in found["error"]["advice"]


# ---- no connection ---------------------------------------------------------


def unreachable(done, kind, message, advice):
    found = done.json
    assert found["exit"] == UNREACHABLE and found["status"] == "unreachable"
    assert found["error"]["kind"] == kind
    assert message in found["error"]["message"], found
    assert advice in found["error"]["advice"], found


def test_nobody_there(ask):
    ask.flags[1] = "https://127.0.0.1:1"
    unreachable(ask("health", "-j"), "connect",
                "127.0.0.1:1: Connection refused", "daemon running")


def test_name_that_does_not_resolve(ask):
    ask.flags[1] = "https://nobody.invalid:8545"
    unreachable(ask("health", "-j"), "connect",
                "cannot resolve nobody.invalid", "resolver")


def test_server_of_another_authority(site, signerd):
    flags = ["--endpoint", "https://localhost:%d" % signerd.port,
             *opsign.files(site, ca=site.foreign.ca)]
    unreachable(opsign.run("health", "-j", *flags), "tls",
                "server certificate: unknown CA", "--tls.ca must be")


def test_name_of_the_server(ask, site, signerd):
    unreachable(ask("health", "-j", "--tls.name", "other.example"), "tls",
                "not for other.example but for localhost", "--tls.name")
    assert ask("health", "--tls.name", "127.0.0.1").status == OK
    assert opsign.Asker(site, signerd.port, host="127.0.0.1")(
        "health").status == OK


def test_client_of_another_authority(site, signerd):
    crt, key = site.foreign.client(CLIENT)
    unreachable(opsign.run(
        "health", "-j", "--endpoint", "https://localhost:%d" % signerd.port,
        "--tls.ca", site.authority.ca, "--tls.cert", crt, "--tls.key", key),
        "tls", "the server refused our certificate", '"tls ca"')


def dated(site, stem, *days):
    return site.authority.issue(stem, "localhost", "DNS:localhost", tuple(
        time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + 86400 * day))
        for day in days))


@pytest.mark.parametrize("stem,days,message,advice", (
    ("old", (-9, -2), "certificate has expired", "new certificate"),
    ("early", (2, 9), "is not yet valid", "clock of this machine")))
def test_server_out_of_its_time(site, stem, days, message, advice):
    with opsign.Server(site, opsign.honest, dated(
            site, "opsign-" + stem, *days)) as server:
        unreachable(opsign.Asker(site, server.port)("health", "-j"), "tls",
                    message, advice)


def test_client_certificate_that_has_expired(site, signerd):
    crt, key = site.authority.issue(
        "opsign-expired", "x", "DNS:" + CLIENT,
        ("200101000000Z", "200201000000Z"))
    done = opsign.run(
        "health", "--endpoint", "https://localhost:%d" % signerd.port,
        "--tls.ca", site.authority.ca, "--tls.cert", crt, "--tls.key", key)
    assert done.status == UNREACHABLE
    assert "warning: %s: expired on 2020-02-01" % crt in done.err
    assert "refused our certificate: certificate expired" in done.err
    assert "renewed" in done.err


# ---- usage -----------------------------------------------------------------


@pytest.mark.parametrize("change,message", (
    (("--endpoint", "http://localhost"), "must begin with https://"),
    (("--endpoint", "https://user@localhost"), "user name"),
    (("--tls.ca", "/nonexistent/ca.crt"), "No such file"),
    (("--tls.ca", os.devnull), "empty"),
    (("--tls.key", os.devnull), "empty"),
    (("--address", "0x12"), "--address"),
    (("--timeout", "soon"), "--timeout"),
    (("--timeout", "0"), "--timeout"),
))
def test_flags_that_cannot_be_used(ask, change, message):
    if change[0] in ask.flags:
        ask.flags[ask.flags.index(change[0]) + 1] = change[1]
        change = ()
    done = ask("payload", *PAYLOAD, *change)
    assert done.status == USAGE and message in done.err, done
    assert done.out == ""


def test_usage(ask):
    for arguments, wanted in (([], "usage:"), (["bogus"], "unknown command"),
                              (["health"], "--endpoint is missing"),
                              (["health", "--endpoint", "https://x",
                                "--tls.ca", "x", "--tls.key", "y"],
                               "need each other"),
                              (["payload"], "--chain is missing"),
                              (["payload", "--chain", "1"],
                               "exactly one of"),
                              (["payload", *PAYLOAD, "--version", "v3"],
                               "not v1, v2 or kona"),
                              (["bench", "-c", "0"], "--connections"),
                              (["bench", "--method", "x"], "--method"),
                              (["bench", "--chain", "1", "--batch", "1001"],
                               "--batch"), (["bench"], "--chain is missing")):
        done = opsign.run(*arguments)
        assert done.status == USAGE and wanted in done.err, done
    for arguments in (["--help"], ["-h"], ["tx", "--help"]):
        done = opsign.run(*arguments)
        assert done.status == OK, done
        assert done.out.startswith("usage: opsign health")
    assert opsign.run("--version").out == "opsign 0.1.0\n"


def test_environment(site, signerd):
    ca, crt, key = site.authority.ca, *site.authority.client(CLIENT)
    values = {"ENDPOINT": "https://localhost:%d" % signerd.port,
              "ADDRESS": ADDRESS, "TLS_CA": ca, "TLS_CERT": crt,
              "TLS_KEY": key}
    for prefix, flags in (("OP", []), ("OP_NODE", ["--env-prefix",
                                                   "OP_NODE"])):
        env = {"%s_SIGNER_%s" % (prefix, k): v for k, v in values.items()}
        done = opsign.run("payload", *PAYLOAD, *flags, environment=env)
        assert done.status == OK and "it is --address" in done.out, done
        # A flag goes before its variable, under either of its names.
        for name in ("--address", "--signer.address"):
            done = opsign.run("payload", *PAYLOAD, *flags, name,
                              "0x" + "11" * 20, environment=env)
            assert done.status == REFUSED, done


# ---- through a proxy -------------------------------------------------------


def test_by_way_of_proxyd(site):
    """Signed where a signer is there; busy where none is."""
    with daemon.Proxyd(site, relays.config(site)) as proxyd:
        ask = opsign.Asker(site, proxyd.port)
        assert ask("health").status == OK
        found = ask("payload", "-j", *PAYLOAD, "--address", ADDRESS).json
        assert found["exit"] == BUSY and found["status"] == "busy"
        assert found["error"]["kind"] == "busy"
        assert found["error"]["code"] == 503
        assert 1 <= found["error"]["retry_after"] <= 3
        done = ask("payload", *PAYLOAD, "--address", ADDRESS)
        assert done.status == BUSY and "(try again in " in done.err
        with daemon.Signerd(site, relays.dialing(site, proxyd.signer_port)):
            proxyd.wait_log(msg="signer registered")
            for version in ("v1", "v2", "kona"):
                found = ask("payload", "-j", *PAYLOAD, "--address", ADDRESS,
                            "--version", version).json
                assert found["signer"] == ADDRESS, found
            check_tx(ask("tx", "-j", *TX, "--address", ADDRESS), WANTED)
            bench = ask("bench", "-c", "4", "-d", "200ms", "--warmup", "0",
                        "-j", "--verify", "100", "--address", ADDRESS,
                        *PAYLOAD[:2]).json
            assert bench["requests"] == bench["verified"] > 0


# ---- bench -----------------------------------------------------------------


LATENCY = {"count", "min", "mean", "p50", "p90", "p99", "p999", "max"}
ERRORS = {"connect", "tls", "closed", "timeout", "busy", "http", "rpc",
          "answer", "signature"}
STABLE = {"command", "endpoint", "method", "connections", "batch",
          "rate_limit", "reconnect", "verify_percent", "warmup_s",
          "duration_s", "requests", "round_trips", "requests_per_s",
          "verified", "latency_us", "handshake_us", "handshakes",
          "handshakes_per_s", "reconnects", "client_cpu_s",
          "client_cpu_us_per_request", "errors", "errors_total", "status",
          "exit"}
SHORT = ("-d", "1s", "--warmup", "50ms", "-j", "--chain", "10")


def check_bench(done, **wanted):
    found = done.json
    assert STABLE <= set(found), STABLE - set(found)
    assert set(found["latency_us"]) == set(found["handshake_us"]) == LATENCY
    assert set(found["errors"]) == ERRORS
    assert found["exit"] == OK and found["errors_total"] == 0, found
    times = [found["latency_us"][each] for each in (
        "min", "p50", "p90", "p99", "p999", "max")]
    assert times == sorted(times) and times[0] > 0
    assert found["latency_us"]["count"] == found["round_trips"]
    assert found["requests"] == found["round_trips"] * max(
        1, found["batch"])
    assert found["requests"] > 0
    for name, value in wanted.items():
        assert found[name] == value, (name, found)
    return found


@pytest.mark.parametrize("flags,wanted", (
    ((), {"method": "payload", "connections": 1, "batch": 0}),
    (("-c", "8", "--version", "v1"), {"connections": 8}),
    (("-c2", "--version", "kona"), {"connections": 2}),
    (("-c", "3", "--batch", "7"), {"batch": 7}),
    (("--batch", "1"), {"batch": 1}),
    (("-c", "2", "--method", "tx"), {"method": "tx"}),
    (("--method", "tx", "--batch", "5", "--data", "0x12"), {"batch": 5})))
def test_bench(ask, signerd, flags, wanted):
    """All of them are signed, and none of them twice."""
    last = os.urandom(32)       # after it no record of a test before comes
    signerd.rpc(eth.payload_v2(hash=last)).result()
    signerd.wait_log(msg="signed",
                     digest=eth.hexa(eth.payload_digest(hash=last)))
    mark = signerd.mark()
    found = check_bench(ask("bench", *SHORT, "--verify", "100", *flags),
                        signer=ADDRESS, reconnects=0, **wanted)
    assert found["verified"] == found["requests"]
    assert found["handshake_us"]["count"] == found["connections"]
    lines = signerd.logged(mark, msg="signed")
    assert len({each["digest"] for each in lines}) == len(lines) > 0


def test_bench_verifies_a_share(ask):
    found = check_bench(ask("bench", *SHORT, "--verify", "0"), verified=0)
    found = check_bench(ask("bench", *SHORT, "--verify", "10"))
    assert abs(found["verified"] - found["requests"] / 10) <= 2


def test_bench_at_a_rate(ask):
    # A slot each 10 ms, and one for each connection from before; those that a
    # busy machine comes too late for are lost.
    for _ in range(20):
        found = check_bench(ask("bench", "-c", "4", "-d", "1s", "--warmup",
                                "0", "-j", "--chain", "10", "--rate", "100"),
                            rate_limit=100)
        more = found["requests"] - 100 * found["duration_s"]
        assert more <= 5, found
        if more >= -5:
            break
    assert more >= -5, found


def test_bench_of_health(site, signerd):
    ask = opsign.Asker(site, signerd.port, name=None)
    found = check_bench(ask("bench", "-c", "2", "--method", "health", "-d",
                            "1s", "--warmup", "0", "-j"), method="health")
    assert "signer" not in found and found["handshakes"] == 0
    found = check_bench(ask("bench", "-c", "2", "--method", "health", "-d",
                            "1s", "--warmup", "0", "-j", "--reconnect"),
                        reconnect=True, reconnects=0)
    assert found["handshakes"] >= found["requests"] - 2


def test_bench_tells_its_phases(ask):
    """Each when it begins, on standard error: on what it measures, nothing
    else says so."""
    done = ask("bench", *SHORT, "--phases")
    assert done.err == "measuring\nmeasured\n"
    assert json.loads(done.out)["exit"] == done.status == OK
    assert ask("bench", *SHORT).err == ""


def test_bench_that_is_refused(ask):
    done = ask("bench", "-d", "10m", "--chain", "11")
    assert done.status == REFUSED and "unexpected chainId" in done.err
    assert "errors" not in done.out


def test_bench_for_people_and_interrupted(ask):
    """On a terminal a line shows how it goes; an interrupt ends it, with what
    there is until then."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [opsign.OPSIGN, "bench", *ask.flags, "-d", "10m", "--chain", "10",
         "--warmup", "0"], stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=slave,
        preexec_fn=daemon.die_with_us)
    os.close(slave)
    shown = b""
    while b"measuring" not in shown:
        shown += os.read(master, 4096)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=daemon.PATIENCE)
    os.close(master)
    assert process.returncode == OK
    assert re.search(rb"\rmeasuring +[0-9]+/s  p50 [0-9.]+ ms", shown)
    assert re.search(r"^requests +[0-9]+ in [0-9.]+ s: ", out, re.M), out
    assert re.search(r"^errors +none$", out, re.M), out


@pytest.mark.parametrize("end", ("frontend", "signerd"))
def test_bench_while_the_signer_goes(site, end):
    """What fails is counted by its kind, and is what it exits with."""
    # The signer may take longer to go than it lasts, on a busy machine.
    for seconds in (2, 8, 30):
        status, found = bench_while_it_goes(site, end, seconds)
        if found["errors"].get("connect", 0) > 0:
            break
    assert status == found["exit"] == UNREACHABLE
    assert found["requests"] > 0 and found["errors"]["connect"] > 0, found
    assert found["reconnects"] > 0
    assert sum(found["errors"].values()) == found["errors_total"]
    assert found["error"]["kind"] in ("connect", "closed", "tls")


def bench_while_it_goes(site, end, seconds):
    with daemon.Signerd(site, site.config(rules=RULES, keys=(
            "sequencer", "batcher"))) as signerd:
        ask = opsign.Asker(site, signerd.port)
        process = subprocess.Popen(
            [opsign.OPSIGN, "bench", *ask.flags, "-c", "2", "-d",
             "%ds" % seconds, "--warmup", "0", "--chain", "10", "-j",
             "--phases"], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=daemon.die_with_us)
        assert process.stderr.readline() == "measuring\n"
        signerd.wait_log(signerd.mark(), 20, msg="signed")
        if end == "signerd":
            assert signerd.stop() == 0
        else:
            signerd.signal("frontend", signal.SIGKILL)
            assert signerd.wait() == 1
        out, _ = process.communicate(timeout=daemon.PATIENCE)
    return process.returncode, json.loads(out)


# ---- the manual ------------------------------------------------------------


def examples():
    """What stands between .Bd and .Ed below EXAMPLES."""
    path = os.path.join(os.path.dirname(daemon.HERE), "man", "opsign.1")
    with open(path) as f:
        page = f.read()
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", page,
                        re.M | re.S).group(1)
    return [each.replace("\\e", "\\") for each in re.findall(
        r"^\.Bd [^\n]*\n(.*?)^\.Ed$", section, re.M | re.S)]


def test_examples_of_the_manual(site, serve, tmp_path):
    """Run as they are written, but for the port."""
    signerd = serve(site.config(rules='allow client "%s" key "sequencer" '
                                "chain 10" % CLIENT))
    crt, key = site.authority.client(CLIENT)
    for source, name in ((site.authority.ca, "ca.crt"), (crt, "client.crt"),
                         (key, "client.key")):
        shutil.copyfile(source, tmp_path / name)
    setting, *commands = examples()
    setting = setting.replace("8545", str(signerd.port))
    assert len(commands) >= 7
    for command in commands:
        done = subprocess.run(
            ["sh", "-e", "-c", setting + command], cwd=tmp_path, text=True,
            capture_output=True, stdin=subprocess.DEVNULL, env=dict(
                os.environ, PATH=daemon.BUILD + ":" + os.environ["PATH"]),
            timeout=daemon.PATIENCE)
        assert done.returncode == 0 and done.stderr == "", (command, done)
        assert done.stdout, command
