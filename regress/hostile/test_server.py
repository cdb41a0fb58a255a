# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""opsign(1) against servers that lie, stall, or speak something else: nothing
of theirs passes for a signature, and each has its exit status."""

import contextlib
import copy
import json
import re
import socket

import pytest

from lib import eth, ethkey, opsign, secp256k1
from lib.opsign import (ADDRESS, BUSY, INVALID, KEY, OK, REFUSED,
                        UNREACHABLE, Server, response)

HASH = eth.hexa(eth.HASH)
PAYLOAD = ("payload", "-j", "--chain", "10", "--payload-hash", HASH)
TX = ("tx", "-j", "--chain", "10", "--nonce", "7", "--gas", "30000",
      "--max-fee-per-gas", "1.5gwei", "--max-priority-fee-per-gas", "2",
      "--to", eth.TO, "--value", "5", "--data", "0x1234", "--access-list",
      json.dumps([{"address": eth.TO, "storageKeys": [HASH]}]))
OTHER = ethkey.Key.derived("somebody else")
CLOSE = Server.CLOSE


def served(site, answer, *command, address=True, more=()):
    """What comes of the command, and the server."""
    with Server(site, answer) as server:
        ask = opsign.Asker(site, server.port)
        flags = ["--address", ADDRESS] if address else []
        return ask(*command, *flags, *more).json, server


def said(body, **named):
    return lambda request: response(body(request), **named)


def lying(change):
    """The honest answer's result, changed."""
    def answer(request):
        honest = opsign.honest(request)
        honest["result"] = change(honest["result"])
        return response(honest)
    return answer


def invalid(found, kind, message):
    assert found["exit"] == INVALID and found["status"] == "invalid", found
    assert found["error"]["kind"] == kind, found
    assert message in found["error"]["message"], found
    assert "advice" in found["error"]
    assert "signature" not in found and "raw" not in found


def test_honest(site):
    found, server = served(site, said(opsign.honest), *PAYLOAD)
    assert found["exit"] == OK and found["signer"] == ADDRESS
    found, _ = served(site, said(opsign.honest), *TX)
    assert found["exit"] == OK and found["sender"] == ADDRESS
    assert server.requests[0][0] == b"POST / HTTP/1.1\r\n"


# ---- signatures ------------------------------------------------------------


def high_s(text):
    raw = eth.unhex(text)
    s = secp256k1.N - int.from_bytes(raw[32:64], "big")
    return eth.hexa(raw[:32] + s.to_bytes(32, "big") +
                    bytes([raw[64] ^ 1]))


@pytest.mark.parametrize("change,kind,message", (
    (lambda text: eth.hexa(OTHER.payload()), "signature", "and not by"),
    (lambda text: eth.hexa(KEY.payload(chain=11)), "signature",
     "and not by"),
    (lambda text: eth.hexa(KEY.payload(hash=bytes(31) + b"1")), "signature",
     "and not by"),
    (lambda text: eth.hexa(KEY.payload(domain=b"\xff" * 32)), "signature",
     "and not by"),
    (high_s, "signature", "upper half"),
    (lambda text: text[:-2] + "02", "signature", "v is not 0 or 1"),
    (lambda text: text[:-2] + "1b", "signature", "v is not 0 or 1"),
    (lambda text: "0x" + "00" * 65, "signature", "no key can have"),
    (lambda text: "0x" + "ff" * 32 + text[66:], "signature", "no key can"),
    (lambda text: text + "00", "answer", "of 66 bytes"),
    (lambda text: text[:-2], "answer", "of 64 bytes"),
    (lambda text: "0x", "answer", "of 0 bytes"),
    (lambda text: text[2:], "answer", "hexadecimal"),
    (lambda text: text[:-1], "answer", "hexadecimal"),
    (lambda text: None, "answer", "not a string"),
    (lambda text: {"signature": text}, "answer", "not a string"),
))
def test_payload(site, change, kind, message):
    invalid(served(site, lying(change), *PAYLOAD)[0], kind, message)


def test_kona_without_its_object(site):
    def answer(request):
        return response(opsign.result(request, opsign.honest(request)[
            "result"]["signature"]))
    invalid(served(site, answer, *PAYLOAD, more=("--version", "kona"))[0],
            "answer", "kona's form")


def test_whoever_signs_where_nobody_is_named(site):
    found, _ = served(site, lying(lambda text: eth.hexa(OTHER.payload())),
                      *PAYLOAD, address=False)
    assert found["exit"] == OK
    assert found["signer"] == eth.hexa(OTHER.address)


# ---- transactions ----------------------------------------------------------


def tampering(**members):
    """Signs, with the right key, something else than what was asked for."""
    def answer(request):
        changed = copy.deepcopy(request)
        changed["params"][0].update(members)
        return response(opsign.honest(changed))
    return answer


@pytest.mark.parametrize("member,value,name", (
    ("to", "0x" + "ee" * 20, "receiver"), ("value", "0x6", "value"),
    ("nonce", "0x8", "nonce"), ("gas", "0x7531", "gas"),
    ("chainId", "0xb", "chain id"), ("maxFeePerGas", "0x59682f01", "max fee"),
    ("maxPriorityFeePerGas", "0x1", "priority fee"),
    ("data", "0x1235", "data"), ("data", "0x", "data"),
    ("to", None, "receiver"), ("accessList", [], "access list"),
    ("accessList", [{"address": eth.TO, "storageKeys": []}], "access list"),
    ("accessList", [{"address": "0x" + "ee" * 20, "storageKeys": [HASH]}],
     "access list"),
))
def test_field_that_is_another(site, member, value, name):
    """Whether it is known who should sign or not."""
    found, _ = served(site, tampering(**{member: value}), *TX,
                      address=member == "to")
    invalid(found, "signature", "the %s of what was signed" % name)


@pytest.mark.parametrize("change,kind,message", (
    (lambda t: t + "00", "answer", "bytes behind the transaction"),
    (lambda t: t[:-2], "answer", "the signed transaction"),
    (lambda t: "0x01" + t[4:], "answer", "not a transaction of type"),
    (lambda t: "0x" + t[4:], "answer", "not a transaction of type"),
    (lambda t: "0x", "answer", "not a transaction of type"),
    (lambda t: 7, "answer", "not a string"),
    (lambda t: t.replace("821234", "831234"), "answer", "transaction"),
))
def test_transaction_that_is_none(site, change, kind, message):
    invalid(served(site, lying(change), *TX)[0], kind, message)


def test_transaction_of_another_key(site):
    def answer(request):
        return response(opsign.result(request, ethkey.signed(
            [OTHER], request["method"], dict(request["params"][0],
                                             **{"from": None}))))
    invalid(served(site, answer, *TX)[0], "signature", "and not by")


# ---- JSON-RPC --------------------------------------------------------------


GARBAGE = (
    (b"", "not JSON"), (b"{", "not JSON"), (b"null", "not an answer"),
    (b"[]", "not an answer"), (b'"x"', "not an answer"),
    (b'{"jsonrpc":"2.0","id":1}', "not an answer"),
    (b'{"id":1,"result":"0x"}', "not an answer"),
    (b'{"jsonrpc":"1.0","id":1,"result":"0x"}', "not an answer"),
    (b'{"jsonrpc":"2.0","id":1,"result":"0x","error":{}}', "not an answer"),
    (b'{"jsonrpc":"2.0","id":1,"result":"0x","result":"0x"}',
     "not an answer"),
    (b'{"jsonrpc":"2.0","id":2,"result":"0x"}', "id of another"),
    (b'{"jsonrpc":"2.0","id":"1","result":"0x"}', "id of another"),
    (b'{"jsonrpc":"2.0","id":1.0,"result":"0x"}', "id of another"),
    (b'{"jsonrpc":"2.0","id":null,"result":"0x"}', "id of another"),
    (b'{"jsonrpc":"2.0","result":"0x"}', "id of another"),
    (b'{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"x"}}',
     "id of another"),
    (b'{"jsonrpc":"2.0","id":1,"error":"no"}', "none of JSON-RPC"),
    (b'{"jsonrpc":"2.0","id":1,"result":"0x"} x', "not JSON"),
    (b"[" * 100, "not JSON"),
)


@pytest.mark.parametrize("body,message", GARBAGE)
def test_answer_that_is_none(site, body, message):
    invalid(served(site, lambda request: response(body), *PAYLOAD)[0],
            "answer", message)


def test_words_of_a_server_on_a_terminal(site):
    """What a server says cannot say more to a terminal than text."""
    evil = "no \x1b]0;owned\x07\n\u202eopsign: all is well"
    with Server(site, lambda request: response({
            "jsonrpc": "2.0", "id": 1, "error": {
                "code": -32000, "message": evil}} if request else {
                    "version": evil})) as server:
        ask = opsign.Asker(site, server.port)
        for done in (ask("payload", *PAYLOAD[2:]), ask("health")):
            assert done.status == REFUSED
            assert done.err.startswith("opsign: refused: no ?]0;owned??")
            assert all(" " <= c <= "~" or c == "\n"
                       for c in done.out + done.err), done
    assert re.search(r"^version +no \?]0;owned\?\?", done.out, re.M)


@pytest.mark.parametrize("code,status,kind", (
    (-32000, REFUSED, "rpc"), (-32005, BUSY, "busy"), (-32006, BUSY, "busy")))
def test_errors(site, code, status, kind):
    for ident in (1, None):
        found, _ = served(site, lambda request: response({
            "jsonrpc": "2.0", "id": ident,
            "error": {"code": code, "message": "so it is"}}), *PAYLOAD)
        assert found["exit"] == status, found
        assert found["error"]["kind"] == kind
        assert found["error"]["code"] == code
        assert found["error"]["message"] == "so it is"


# ---- HTTP ------------------------------------------------------------------


@pytest.mark.parametrize("status,fields,exit_,kind", (
    ("503 Service Unavailable", ("Retry-After: 3",), BUSY, "busy"),
    ("429 Too Many Requests", (), BUSY, "busy"),
    ("504 Gateway Timeout", (), BUSY, "busy"),
    ("401 Unauthorized", (), REFUSED, "http"),
    ("500 Internal Server Error", (), REFUSED, "http"),
    ("204 No Content", (), REFUSED, "http"),
    ("301 Moved Permanently", ("Location: https://evil.example/",), REFUSED,
     "http"),
    ("307 Temporary Redirect", ("Location: /other",), REFUSED, "http")))
def test_status(site, status, fields, exit_, kind):
    """Even with a signature in the body; nothing is asked twice."""
    def answer(request):
        return response(opsign.honest(request), status,
                        fields + ("Content-Type: application/json",))
    found, server = served(site, answer, *PAYLOAD)
    assert found["exit"] == exit_ and found["error"]["kind"] == kind, found
    assert found["error"]["code"] == int(status[:3])
    assert found["error"].get("retry_after") == (
        3 if "Retry-After: 3" in fields else None)
    if status[0] == "3":
        assert "redirect to" in found["error"]["message"]
        assert "not followed" in found["error"]["advice"]
    assert server.connections == len(server.requests) == 1


def test_another_type(site):
    found, _ = served(site, said(opsign.honest, fields=(
        "Content-Type: text/html",)), *PAYLOAD)
    invalid(found, "answer", "not application/json")


@pytest.mark.parametrize("data,message", (
    (b"SSH-2.0-OpenSSH\r\n", "not HTTP/1.1"),
    (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "bare LF"),
    (b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", "folded field"),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000, "too long"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
     "body too long"),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "an upgrade"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, "interim"),
))
def test_no_http(site, data, message):
    invalid(served(site, lambda request: data, *PAYLOAD)[0], "answer",
            message)


def test_chunked(site):
    def answer(request):
        body = eth.encode(opsign.honest(request))
        return (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
                    b"1\r\n%c\r\n" % c for c in body) + b"0\r\n\r\n")
    assert served(site, answer, *PAYLOAD)[0]["exit"] == OK


# ---- connections -----------------------------------------------------------


def unreachable(found, kind, message):
    assert found["exit"] == UNREACHABLE, found
    assert found["error"]["kind"] == kind, found
    assert message in found["error"]["message"], found


def test_closed_without_an_answer(site):
    found, _ = served(site, lambda request: CLOSE, *PAYLOAD)
    unreachable(found, "closed", "without an answer")


@pytest.mark.parametrize("part", (1, 30, -1))
def test_closed_in_the_middle(site, part):
    def answer(request):
        return response(opsign.honest(request))[:part], CLOSE
    found, _ = served(site, answer, *PAYLOAD)
    unreachable(found, "closed", "in the middle")


@pytest.mark.parametrize("part", (0, 30, -1))
def test_stall(site, part):
    def answer(request):
        return response(opsign.honest(request))[:part] or None
    found, _ = served(site, answer, *PAYLOAD, more=("--timeout", "3s"))
    assert found["exit"] == BUSY and found["error"]["kind"] == "timeout"
    assert "no answer in time (3000 ms)" in found["error"]["message"]


def test_server_that_says_nothing(site):
    """It takes the connection, and no word of TLS comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ask = opsign.Asker(site, listener.getsockname()[1])
        found = ask("health", "-j", "--timeout", "200ms").json
    unreachable(found, "tls", "handshake was not through in time")


def test_server_that_is_none_of_tls(site):
    with Plain(b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain:
        found = opsign.Asker(site, plain.port)("health", "-j").json
    unreachable(found, "tls", "what the server answers is not TLS")


class Plain:
    """Says that to the first who connects."""

    def __init__(self, data):
        self.data = data
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = opsign.threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        sock, _ = self.listener.accept()
        with sock, contextlib.suppress(ConnectionResetError):
            sock.sendall(self.data)
            while sock.recv(4096):
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thread.join(opsign.daemon.PATIENCE)
        self.listener.close()


# ---- bench -----------------------------------------------------------------


def bench(site, answer, *more, address=True):
    return served(site, answer, "bench", "-j", "-c", "2", "-d", "150ms",
                  "--warmup", "0", "--chain", "10", *more, address=address)


def first_honest(later):
    """Honest in the first exchange, which is the one before the load."""
    seen = []

    def answer(request):
        seen.append(request)
        if len(seen) == 1:
            return response(opsign.honest(request))
        return later(request)
    return answer


def shuffled(request):
    answers = opsign.honest(request)
    return response(answers[1:] + answers[:1])


def repeated(request):
    answers = opsign.honest(request)
    return response(answers[1:] + answers[1:2])


def test_bench_takes_a_batch_in_any_order(site):
    found, _ = bench(site, shuffled, "--batch", "3", "--verify", "100")
    assert found["exit"] == OK and found["verified"] == found["requests"] > 0


@pytest.mark.parametrize("later,kind,exit_,more", (
    (lying(lambda text: eth.hexa(OTHER.payload())), "signature", INVALID,
     ("--verify", "100")),
    (lying(lambda text: text[:-2] + "05"), "signature", INVALID,
     ("--verify", "0")),
    (lying(lambda text: text[:-2]), "answer", INVALID, ("--verify", "0")),
    (lambda request: response(dict(opsign.honest(request), id=1)), "answer",
     INVALID, ("--verify", "0")),
    (repeated, "answer", INVALID, ("--batch", "3", "--verify", "0")),
    (lambda request: response({"jsonrpc": "2.0", "id": request["id"], "error":
                               {"code": -32000, "message": "no"}}), "rpc",
     REFUSED, ()),
    (lambda request: response(b"", "503 Service Unavailable"), "busy", BUSY,
     ()),
    (lambda request: CLOSE, "closed", UNREACHABLE, ()),
))
def test_bench_counts_by_kind(site, later, kind, exit_, more):
    found, _ = bench(site, first_honest(later), *more)
    assert found["exit"] == exit_, found
    assert found["requests"] == 0
    assert found["errors"][kind] == found["errors_total"] > 0
    assert found["error"]["kind"] == kind
    assert (found["reconnects"] > 0) == (kind == "closed")


def test_bench_without_an_address_wants_the_same_signer(site):
    found, _ = bench(site, first_honest(lying(
        lambda text: eth.hexa(OTHER.payload()))), "--verify", "100",
        address=False)
    assert found["exit"] == INVALID and found["errors"]["signature"] > 0


def test_bench_reconnects_where_it_is_told_to(site):
    """A close after each answer is no error."""
    def answer(request):
        return response(opsign.honest(request), fields=(
            "Content-Type: application/json", "Connection: close"))
    found, server = bench(site, answer)
    assert found["exit"] == OK and found["errors_total"] == 0
    assert found["reconnects"] > 0 and found["handshakes"] > 0
    assert server.connections >= found["requests"]


def test_bytes_behind_an_answer_are_no_answer(site):
    """They would be taken for the one to the next request."""
    def answer(request):
        return response(opsign.honest(request)) + response(
            b"", "401 Unauthorized")
    found, _ = bench(site, answer)
    assert found["exit"] == OK and found["errors_total"] == 0
    assert found["reconnects"] > 0


def test_bench_and_a_stall(site):
    found, _ = bench(site, first_honest(lambda request: None), "--timeout",
                     "100ms")
    assert found["exit"] == BUSY and found["errors"]["timeout"] > 0
