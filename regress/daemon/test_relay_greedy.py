# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Clients and signers that a proxyd trusts, and that want more."""

import contextlib
import os

import pytest

from lib import daemon, eth, httpclient, procfs, rpclink, signers
from lib.linked import ADDRESS
from lib.signers import FakeSigner

pytestmark = pytest.mark.skipif(
    not os.access(daemon.PROXYD, os.X_OK), reason="this build has no proxyd")

SEQUENCER, BATCHER = ADDRESS["sequencer"], ADDRESS["batcher"]
RULES = """
allow client "greedy.example" chain 10 address { %s }
allow client "modest.example" chain 10 address { %s }
""" % (SEQUENCER, BATCHER)


@contextlib.contextmanager
def relay(site, answer, extra=""):
    """A proxyd with a signer for each client; one answers as it should."""
    text = site.relay([site.signer("bad", [SEQUENCER]),
                       site.signer("good", [BATCHER], "good.example")],
                      RULES, extra)
    with daemon.Proxyd(site, text) as proxyd:
        with FakeSigner(site, proxyd.signer_port, answer=answer) as bad, \
                FakeSigner(site, proxyd.signer_port, ("batcher",),
                           "good.example"):
            yield proxyd, bad


def high_water(pid):
    """Kilobytes of memory that it ever had."""
    return int(procfs.status(pid)["VmHWM"].split()[0])


def modest(proxyd):
    answer = proxyd.rpc(eth.payload_v2(), "modest.example")
    return answer.status


# ---- signers ---------------------------------------------------------------


LONG = [lambda ident: rpclink.result(ident, "0x" + "ab" * 2000000),
        lambda ident: {"jsonrpc": "2.0", "id": ident, "error": {
            "code": -32000, "message": "no", "data": "x" * 4000000}}]


@pytest.mark.parametrize("answer", LONG)
def test_long_answers_are_not_kept(site, answer):
    """Those of a batch wait for each other."""
    with relay(site, lambda signer, each: answer(each["id"])) as (proxyd, _):
        before = high_water(proxyd.children["relay"])
        batch = [eth.sign_transaction(ident) for ident in range(30)]
        assert proxyd.rpc(batch, "greedy.example").status == 503
        assert modest(proxyd) == 200
        grown = high_water(proxyd.children["relay"]) - before
        assert grown < 32 * 1024 or daemon.SANITIZE, grown


def test_long_requests_have_long_answers(site):
    # The signer of this test takes its time over a hash of so much.
    with relay(site, signers.sign) as (proxyd, _):
        message = eth.sign_transaction(
            input="0x" + "5a" * 300000, accessList=[
                {"address": eth.TO, "storageKeys": []}] * 300)
        assert len(proxyd.rpc(message, "greedy.example").result()) > 600000


FIRST_MESSAGES = 4
JUNK = [b"[" + b"1," * 9999 + b"1]", b"x",
        b'{"jsonrpc":"2.0","id":1,"method":"health_status"}',
        b'{"jsonrpc":"2.0","id":1,"result":"0x00"}']


@pytest.mark.parametrize("name", ["signer.example", "greedy.example"])
@pytest.mark.parametrize("junk", JUNK)
def test_who_does_not_register_is_not_listened_to(site, name, junk):
    with relay(site, signers.sign) as (proxyd, _):
        with FakeSigner(site, proxyd.signer_port, name=name,
                        register=False) as other:
            other.unreadable = lambda text: None
            for _ in range(FIRST_MESSAGES):
                other.send(junk)
            ended = other.wait_end()
            assert (ended.code, ended.reason) == (
                1008, "messages, but none that registers")
        assert modest(proxyd) == 200


def test_strangers_are_short(site):
    with relay(site, signers.sign) as (proxyd, _):
        with FakeSigner(site, proxyd.signer_port, name="greedy.example",
                        register=False) as other:
            other.send(b" " * 65537)
            assert other.wait_end().code == 1009
        with FakeSigner(site, proxyd.signer_port, name="signer.example",
                        more={"more": "x" * 70000}) as other:
            assert other.refusal is None


# ---- clients ---------------------------------------------------------------


def send(connection, message):
    connection.send(httpclient.request(body=eth.encode(message)))


def test_a_full_queue_shuts_out_who_fills_it(site):
    """Its last message makes room; what is at the signer is answered."""
    extra = "max { queue 20 waiting 4 }"
    with relay(site, signers.hold, extra) as (proxyd, bad):
        with proxyd.connect("greedy.example") as first, \
                proxyd.connect("greedy.example") as second:
            send(first, [eth.payload_v2(i) for i in range(10)])
            bad.wait_requests(4)
            send(second, [eth.payload_v2(i) for i in range(10)])
            assert proxyd.rpc(eth.payload_v2(),
                              "greedy.example").status == 503
            assert modest(proxyd) == 200
            assert second.read_response().status == 503
            assert first.quiet()
            bad.respond = signers.sign
            bad.release()
            assert len(first.read_response().json()) == 10


def test_nor_does_its_memory_shut_out_others(site):
    extra = "max { bodies 256 KiB waiting 4 }"
    message = eth.sign_transaction(input="0x" + "5a" * 50000)
    with relay(site, signers.hold, extra) as (proxyd, bad):
        with contextlib.ExitStack() as stack:
            greedy = [stack.enter_context(proxyd.connect("greedy.example"))
                      for _ in range(3)]
            for i, connection in enumerate(greedy[:2]):
                send(connection, message)
                bad.wait_requests(i + 1)
            send(greedy[2], message)
            assert greedy[2].read_response().status == 503
            answer = proxyd.rpc(eth.sign_transaction(
                input="0x" + "5a" * 40000), "modest.example")
            assert answer.result()
            assert greedy[1].read_response().status == 503
            bad.respond = signers.sign
            bad.release()
            assert greedy[0].read_response().result()
