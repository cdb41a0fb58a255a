# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The lines that a daemon writes about requests."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest

from lib import daemon, eth, httpclient
from lib.daemon import Signerd, parse_log
from lib.httpclient import Connection

EVIL = 'evil" level=error msg="child died" x=\\n%s\\'
RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "batcher.example" key "batcher" method transaction')
ADDRESS = "0x37b74bb9bb365760657ab18581ae67613e9eaafc"


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES, keys=("sequencer", "batcher")))


def line(signerd, message, wanted, client="sequencer.example"):
    """The log's record of that request alone."""
    mark = signerd.mark()
    signerd.rpc(message, client)
    return signerd.wait_log(mark, msg=wanted)


def test_signed_payload(signerd):
    record = line(signerd, eth.payload_v2(), "signed")
    assert record["level"] == "info"
    assert record["client"] == "sequencer.example"
    assert record["method"] == "opsigner_signBlockPayloadV2" or \
        "payload" in record["method"]
    assert int(record["chain"], 0) == 10
    assert record["digest"] == eth.hexa(eth.payload_digest())
    assert record["key"] == "sequencer"
    assert record["address"].lower() == ADDRESS
    for name in ("queue_us", "keyd_us", "total_us"):
        assert 0 <= int(record[name]) < 10**7
    assert int(record["total_us"]) >= int(record["keyd_us"])


def test_signed_transaction(signerd):
    mark = signerd.mark()
    raw = eth.unhex(signerd.rpc(eth.sign_transaction(),
                                "batcher.example").result())
    record = signerd.wait_log(mark, msg="signed")
    signed = eth.decode_transaction(raw)
    assert record["client"] == "batcher.example"
    assert record["digest"] == eth.hexa(signed["digest"])
    assert record["txhash"] == eth.hexa(signed["hash"])
    assert record["key"] == "batcher"
    assert record["address"].lower() == eth.hexa(signed["signer"])


def test_refused(signerd):
    record = line(signerd, eth.payload_v2(chain=11), "refused")
    assert record["client"] == "sequencer.example"
    assert record["code"] == "-32013"
    assert record["reason"]
    assert "digest" not in record
    record = line(signerd, eth.sign_transaction(), "refused",
                  "unknown.example")
    assert (record["client"], record["code"]) == ("unknown.example",
                                                  "-32000")


def test_every_line_is_well_formed(signerd):
    signerd.rpc(eth.payload_v2())
    for text in list(signerd.lines):
        assert parse_log(text) is not None, text
        assert re.fullmatch("[ -~]*", text)


def test_name_of_a_hostile_client(signerd, site):
    """One that would forge fields stays within its own."""
    pair = site.authority.issue_named("evil", [EVIL, "b.example"])
    context = httpclient.context(site.authority.ca, pair)
    mark = signerd.mark()
    with Connection(signerd.port, context) as connection:
        answer = connection.rpc(eth.payload_v2())
        if answer.status == 401:
            pytest.fail("a printable name was not taken")
        assert answer.error() == (-32000, "Forbidden: client '%s' is not "
                                  "authorized to use any keys" % EVIL)
    record = signerd.wait_log(mark, msg="refused")
    assert record["client"] == EVIL
    assert not signerd.logged(mark, msg="child died")


def test_methods_that_would_break_a_line(signerd):
    mark = signerd.mark()
    for name in ("a\nlevel=error msg=forged", "b\x1b[2J", "c\r\n", "d\x7f",
                 'e" msg="forged', "f\\", "\u2028g", "\u00e9"):
        signerd.rpc(eth.call(name, []))
    signerd.rpc(eth.payload_v2())
    signerd.wait_log(mark, msg="signed")
    assert not signerd.logged(mark, msg="forged")
    for text in signerd.lines[mark:]:
        assert parse_log(text) is not None, text


def test_nothing_secret_is_logged(signerd, site):
    with open(site.key("sequencer")) as f:
        secret = "".join(f.read().split("\n")[1:-2])
    signerd.rpc(eth.sign_transaction(input="0x" + "5eed" * 40))
    text = "\n".join(signerd.lines)
    assert secret[:20] not in text
    assert "5eed5eed" not in text
    assert "/keys/" not in text


def test_json(site):
    text = site.config(rules=RULES, keys=("sequencer", "batcher"),
                       log="{ format json level info }")
    with JsonDaemon(site, text) as signerd:
        mark = signerd.mark()
        signerd.rpc(eth.payload_v2())
        record = signerd.wait_log(mark, msg="signed")
        assert record["client"] == "sequencer.example"
        assert record["digest"] == eth.hexa(eth.payload_digest())
        pair = site.authority.issue_named("evil", [EVIL, "b.example"])
        context = httpclient.context(site.authority.ca, pair)
        with Connection(signerd.port, context) as connection:
            connection.rpc(eth.payload_v2())
        assert signerd.wait_log(mark, msg="refused")["client"] == EVIL


class JsonDaemon(Signerd):
    """One that logs in JSON: every line must be an object."""

    def parse(self, text):
        return json.loads(text)


@pytest.mark.parametrize("level", ("info", "debug"))
def test_level(site, level):
    text = site.config(rules=RULES, keys=("sequencer", "batcher"),
                       log="{ level %s }" % level)
    with Signerd(site, text) as signerd:
        signerd.rpc(eth.payload_v2())
        signerd.wait_log(msg="signed")
        assert bool(signerd.logged(level="debug")) == (level == "debug")


def test_verbose_is_debug(site):
    text = site.config(rules=RULES, keys=("sequencer", "batcher"))
    with Signerd(site, text, ["-v"]) as signerd:
        signerd.wait_log(level="debug")


def packets_until(sock, text):
    """What is written at once, each: until the one that has that text."""
    found = []
    while not found or text not in found[-1]:
        found.append(sock.recv(1 << 20).decode())
        assert found[-1].endswith("\n")
    return found


def test_records_that_wait_are_written_at_once(site):
    """stderr is a socket that keeps apart what each write(2) has."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(daemon.PATIENCE)
    path = site.write(site.config(
        rules=RULES, keys=("sequencer", "batcher")))
    with ours, subprocess.Popen(
            [daemon.SIGNERD, "-d", "-x", daemon.LIBEXEC, "-f", path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=theirs, start_new_session=True,
            preexec_fn=daemon.die_with_us) as process:
        theirs.close()
        try:
            started = "".join(packets_until(ours, "msg=ready\n"))
            port = int(re.search("msg=listening .*port=([0-9]+)",
                                 started).group(1))
            process.send_signal(signal.SIGSTOP)
            os.waitpid(process.pid, os.WUNTRACED)
            with Connection(port, site.tls("sequencer.example")) as c:
                for i in range(5):
                    c.rpc(eth.payload_v2(i)).result()
                process.send_signal(signal.SIGCONT)
                # But for the last, they were sent before the last was asked.
                first = packets_until(ours, "msg=signed")[-1]
            assert first.count("msg=signed") >= 4
            process.send_signal(signal.SIGTERM)
            assert process.wait(daemon.PATIENCE) == 0
        finally:
            process.kill()
