# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""HTTP/1.1 as clients speak it, and as attackers do."""

import json

import pytest

from lib import eth
from lib.httpclient import request

RULES = ('allow client "sequencer.example" key "sequencer" chain 10')
HEALTH = eth.encode(eth.call("health_status", []))
HOST = "Host: localhost\r\n"
TYPE = "Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES))


@pytest.fixture
def client(signerd):
    with signerd.connect() as connection:
        yield connection


def assert_alive(signerd):
    with signerd.connect() as connection:
        connection.exchange(body=HEALTH).result()


# ---- connections ---------------------------------------------------------


def test_keepalive(client):
    for number in range(50):
        answer = client.rpc(eth.call("health_status", [], number))
        assert answer.json()["id"] == number
        assert not answer.closes
    assert client.quiet()


def test_connection_close_is_obeyed(client):
    answer = client.exchange(body=HEALTH, fields=[("Connection", "close")])
    answer.result()
    assert answer.closes
    assert client.orderly


REFUSALS = ((dict(path="/nowhere"), 404), (dict(method="PUT"), 405),
            (dict(method="DELETE"), 405), (dict(method="GET", path="/a"), 404),
            (dict(json=False), 415))


@pytest.mark.parametrize("arguments,status", REFUSALS)
def test_refusal_keeps_the_connection(client, arguments, status):
    """Without a body there is no doubt where the next request begins."""
    answer = client.exchange(**arguments)
    assert answer.status == status and not answer.closes
    client.exchange(body=HEALTH).result()


@pytest.mark.parametrize("arguments,status", REFUSALS)
def test_refusal_with_a_body(client, arguments, status):
    """The body is never taken for a request: skipped, or it ends there."""
    inner = request(body=HEALTH)
    answer = client.exchange(body=inner, **arguments)
    assert answer.status == status
    if answer.closes:
        assert client.wait_close()[0] == b""
    else:
        assert client.exchange(body=HEALTH).result()
        assert client.quiet()


def test_head(client):
    """No body after a HEAD's answer, so that the next one is in its place."""
    answer = client.exchange("HEAD", "/")
    assert answer.status == 405 and answer.body == b""
    if not answer.closes:
        client.exchange(body=HEALTH).result()


def test_405_names_what_is_allowed(client):
    assert "POST" in (client.exchange("PUT", body=HEALTH).field("Allow"))


def test_every_answer_has_a_date(client):
    for answer in (client.exchange(body=HEALTH),
                   client.exchange(path="/nowhere", body=HEALTH)):
        assert answer.field("Date").endswith(" GMT")


# ---- pipelining ----------------------------------------------------------


def test_pipelined_answers_come_in_order(client):
    """Answers of keyd and those at hand do not overtake one another."""
    messages = []
    for number in range(60):
        messages.append((eth.payload_v2(number), eth.call(
            "health_status", [], number), eth.call("no_such", [], number),
            eth.payload_v2(number, chain=11))[number % 4])
    client.send(b"".join(request(body=eth.encode(m)) for m in messages))
    for number, message in enumerate(messages):
        answer = client.read_response().json()
        assert answer["id"] == number
        assert ("result" in answer) == (number % 4 < 2)
    assert client.quiet()


def test_pipelined_answers_before_a_bad_request(client):
    """What came whole before the fault is answered, then the fault."""
    client.send(request(body=eth.encode(eth.payload_v2(1))) +
                request(body=HEALTH) + b"BAD\x00\r\n\r\n")
    assert client.read_response().json()["id"] == 1
    client.read_response().result()
    answer = client.read_response()
    assert answer.status == 400 and answer.closes
    assert client.orderly


def test_pipelined_close_ends_it(client):
    """Nothing is answered after `Connection: close`."""
    client.send(request(body=HEALTH, fields=[("Connection", "close")]) +
                request(body=HEALTH))
    client.read_response().result()
    assert client.wait_close()[0] == b""


def test_a_byte_at_a_time(client):
    for byte in request(body=HEALTH):
        client.send(bytes([byte]))
    client.read_response().result()


# ---- bodies --------------------------------------------------------------


def chunked(*chunks, end=b"0\r\n\r\n"):
    head = ("POST / HTTP/1.1\r\n" + HOST + TYPE +
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(c), c)
                           for c in chunks) + end


def test_chunked(client):
    client.send(chunked(HEALTH[:1], HEALTH[1:20], HEALTH[20:]))
    client.read_response().result()
    client.send(chunked(HEALTH, end=b"0\r\nX-Sum: 1\r\n\r\n"))
    client.read_response().result()
    client.exchange(body=HEALTH).result()


def test_chunked_in_many_pieces(client):
    for byte in chunked(*(bytes([b]) for b in HEALTH)):
        client.send(bytes([byte]))
    client.read_response().result()


BAD_CHUNKS = {
    "size in words": b"x\r\n",
    "no size": b"\r\n\r\n",
    "size with a sign": b"+1\r\nx\r\n0\r\n\r\n",
    "size with 0x": b"0x1\r\nx\r\n0\r\n\r\n",
    "size with a space before": b" 1\r\nx\r\n0\r\n\r\n",
    "size over 64 bits": b"10000000000000001\r\nx\r\n0\r\n\r\n",
    "negative size": b"-1\r\nx\r\n0\r\n\r\n",
    "bare LF after the size": b"1\nx\r\n0\r\n\r\n",
    "no CRLF after the data": b"1\r\nxx\r\n0\r\n\r\n",
    "bare LF after the data": b"1\r\nx\n0\r\n\r\n",
}


@pytest.mark.parametrize("fault", BAD_CHUNKS)
def test_bad_chunk(client, fault):
    client.send(chunked(end=BAD_CHUNKS[fault]))
    answer = client.read_response()
    assert answer.status == 400 and answer.closes
    assert client.wait_close()[0] == b""


def test_chunked_body_over_the_limit(client):
    piece = b"%x\r\n%s\r\n" % (1 << 16, b" " * (1 << 16))
    client.send_until_answered(chunked() [:-5] + piece * 90)
    answer = client.read_response()
    assert answer.status == 413 and answer.closes


def test_body_over_the_limit_is_told_before_it_is_sent(client):
    client.send(("POST / HTTP/1.1\r\n" + HOST + TYPE +
                 "Content-Length: 5242881\r\n\r\n").encode())
    answer = client.read_response()
    assert answer.status == 413 and answer.closes


def test_body_over_the_limit_and_sent_all_the_same(client):
    """The answer can be read though the client goes on for a while."""
    client.send(("POST / HTTP/1.1\r\n" + HOST + TYPE +
                 "Content-Length: 5242881\r\n\r\n").encode() + b" " * 65536)
    assert client.read_response().status == 413
    assert client.orderly


def test_no_certificate_is_told_before_the_body(signerd):
    with signerd.connect(None) as connection:
        connection.send(("POST / HTTP/1.1\r\n" + HOST + TYPE +
                         "Content-Length: 100\r\n\r\n").encode())
        assert connection.read_response().status == 401


# ---- Expect --------------------------------------------------------------


def expecting(length, what="100-continue"):
    return ("POST / HTTP/1.1\r\n" + HOST + TYPE + "Expect: %s\r\n"
            "Content-Length: %d\r\n\r\n" % (what, length)).encode()


def test_expect_continue(client):
    for _ in range(2):
        client.send(expecting(len(HEALTH)))
        assert client.read_response().status == 100
        client.send(HEALTH)
        client.read_response().result()


def test_expect_continue_and_the_body_at_once(client):
    client.send(expecting(len(HEALTH)) + HEALTH)
    answer = client.read_response()
    if answer.status == 100:
        answer = client.read_response()
    answer.result()
    assert client.quiet()


def test_expect_continue_of_a_body_too_large(client):
    client.send(expecting(5242881))
    assert client.read_response().status == 413


def test_expect_continue_without_a_certificate(signerd):
    with signerd.connect(None) as connection:
        connection.send(expecting(len(HEALTH)))
        assert connection.read_response().status == 401


def test_another_expectation(client):
    client.send(expecting(len(HEALTH), "miracles"))
    assert client.read_response().status == 417


# ---- HTTP/1.0 ------------------------------------------------------------


def test_http10_closes(client):
    client.exchange(body=HEALTH, version="1.0").result()
    assert client.orderly


def test_http10_keeps_alive_when_asked(client):
    for _ in range(2):
        answer = client.exchange(body=HEALTH, version="1.0",
                                 fields=[("Connection", "keep-alive")])
        answer.result()
        assert answer.field("Connection").lower() == "keep-alive"


def test_http10_without_host(signerd):
    with signerd.connect(None) as connection:
        connection.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.read_response().status == 200


def test_another_version(client):
    client.send(b"GET / HTTP/2.0\r\n" + HOST.encode() + b"\r\n")
    answer = client.read_response()
    assert answer.status == 505 and answer.closes


# ---- smuggling and other malformed requests ------------------------------

LENGTH = "Content-Length: %d\r\n" % len(HEALTH)
BODY = HEALTH.decode()
POST = "POST / HTTP/1.1\r\n" + HOST + TYPE
CHUNKED = "Transfer-Encoding: chunked\r\n"
BAD = {
    "both lengths": POST + LENGTH + CHUNKED + "\r\n0\r\n\r\n",
    "both lengths, other order": POST + CHUNKED + LENGTH + "\r\n0\r\n\r\n",
    "two equal lengths": POST + LENGTH + LENGTH + "\r\n" + BODY,
    "two lengths": POST + LENGTH + "Content-Length: 0\r\n\r\n" + BODY,
    "list of lengths": POST + "Content-Length: 5, 5\r\n\r\n12345",
    "length with a plus": POST + "Content-Length: +5\r\n\r\n12345",
    "negative length": POST + "Content-Length: -5\r\n\r\n12345",
    "length in hex": POST + "Content-Length: 0x5\r\n\r\n12345",
    "empty length": POST + "Content-Length:\r\n\r\n",
    "length with a letter": POST + "Content-Length: 5a\r\n\r\n12345",
    "inner space in length": POST + "Content-Length: 1 2\r\n\r\n12",
    "unknown transfer coding": POST + "Transfer-Encoding: gzip\r\n\r\n",
    "gzip, chunked": POST + "Transfer-Encoding: gzip, chunked\r\n\r\n",
    "chunked, identity": POST + "Transfer-Encoding: chunked, identity\r\n\r\n",
    "two codings": POST + CHUNKED + CHUNKED + "\r\n0\r\n\r\n",
    "quoted coding": POST + 'Transfer-Encoding: "chunked"\r\n\r\n',
    "vertical tab in coding": POST + "Transfer-Encoding: \x0bchunked\r\n\r\n",
    "coding in 1.0": ("POST / HTTP/1.0\r\n" + HOST + TYPE + CHUNKED +
                      "\r\n0\r\n\r\n"),
    "obs-fold": POST + "X-A: 1\r\n 2\r\n" + LENGTH + "\r\n" + BODY,
    "obs-fold by a tab": POST + "X-A: 1\r\n\t2\r\n" + LENGTH + "\r\n" + BODY,
    "fold of the first": "POST / HTTP/1.1\r\n X-A: 1\r\n" + HOST + "\r\n",
    "space before the colon": POST + "X-A : 1\r\n" + LENGTH + "\r\n" + BODY,
    "length, space, colon": POST + "Content-Length : 5\r\n\r\n12345",
    "no colon": POST + "X-A\r\n" + LENGTH + "\r\n" + BODY,
    "no name": POST + ": x\r\n" + LENGTH + "\r\n" + BODY,
    "name with a bracket": POST + "X(A: 1\r\n" + LENGTH + "\r\n" + BODY,
    "bare LF in fields": POST + "X-A: 1\nX-B: 2\r\n" + LENGTH + "\r\n" + BODY,
    "bare LF all along": (POST + LENGTH + "\r\n").replace("\r\n", "\n") +
                         BODY,
    "bare CR in a field": POST + "X-A: 1\r2\r\n" + LENGTH + "\r\n" + BODY,
    "NUL in a field": POST + "X-A: 1\x002\r\n" + LENGTH + "\r\n" + BODY,
    "DEL in a field": POST + "X-A: 1\x7f2\r\n" + LENGTH + "\r\n" + BODY,
    "ESC in a field": POST + "X-A: \x1b[2J\r\n" + LENGTH + "\r\n" + BODY,
    "no Host": "POST / HTTP/1.1\r\n" + TYPE + LENGTH + "\r\n" + BODY,
    "two Hosts": POST + HOST + LENGTH + "\r\n" + BODY,
    "no version": "POST /\r\n" + HOST + "\r\n",
    "small letters in the version": "GET / http/1.1\r\n" + HOST + "\r\n",
    "version without a point": "GET / HTTP/11\r\n" + HOST + "\r\n",
    "two spaces": "GET  / HTTP/1.1\r\n" + HOST + "\r\n",
    "tab for a space": "GET\t/ HTTP/1.1\r\n" + HOST + "\r\n",
    "space in the target": "GET /a b HTTP/1.1\r\n" + HOST + "\r\n",
    "NUL in the target": "GET /\x00 HTTP/1.1\r\n" + HOST + "\r\n",
    "target without a slash": "GET healthz HTTP/1.1\r\n" + HOST + "\r\n",
    "method with a bracket": "GE[T / HTTP/1.1\r\n" + HOST + "\r\n",
    "TLS inside of TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
}


@pytest.mark.parametrize("fault", BAD)
def test_malformed(signerd, client, fault):
    """400, a close, and what follows is never taken for a request."""
    client.send(BAD[fault].encode("latin-1") +
                request("GET", "/healthz", json=False))
    answer = client.read_response()
    assert answer.status == 400, answer
    assert answer.closes
    assert client.wait_close()[0] == b""


def test_still_alive_after_all_that(signerd):
    for fault in BAD.values():
        with signerd.connect(None) as connection:
            connection.send(fault.encode("latin-1"))
    assert_alive(signerd)


def test_header_over_the_limit(client):
    client.send_until_answered(request(
        body=HEALTH, fields=[("X-A", "a" * 1000)] * 17))
    answer = client.read_response()
    assert answer.status == 431 and answer.closes


def test_endless_header_line(client):
    client.send_until_answered(b"GET /" + b"a" * (1 << 20))
    assert client.read_response().status == 414


def test_header_just_under_the_limit(client):
    client.exchange(body=HEALTH, fields=[("X-A", "a" * 1000)] * 15).result()


def test_truncated_requests_leave_nothing_behind(signerd):
    whole = request(body=eth.encode(eth.payload_v2()))
    for length in range(0, len(whole), 7):
        with signerd.connect() as connection:
            connection.send(whole[:length])
    assert_alive(signerd)


# ---- JSON ----------------------------------------------------------------

IDS = ('1.50', '1e3', '-0', '18446744073709551617', '"a\\u0062"', '"\\/"',
       '1E+2', '"\U0001f600"', '""', '0.10', '123456789012345678901234567890')


@pytest.mark.parametrize("ident", IDS)
def test_id_is_echoed_byte_for_byte(client, ident):
    for method in ("health_status", "no_such"):
        body = ('{"jsonrpc":"2.0","id":%s,"method":"%s"}' %
                (ident, method)).encode()
        answer = client.exchange(body=body)
        assert answer.status == 200
        assert ('"id":' + ident).encode() in answer.body
    body = eth.encode(eth.payload_v2()).replace(
        b'"id":1', b'"id":' + ident.encode())
    answer = client.exchange(body=body)
    answer.result()
    assert ('"id":' + ident).encode() in answer.body


@pytest.mark.parametrize("body", (
    b'{"jsonrpc":"2.0","id":1,"id":2,"method":"health_status"}',
    b'{"jsonrpc":"2.0","id":1,"method":"no_such","method":"health_status"}',
    b'{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"health_status"}'))
def test_repeated_member_of_the_envelope(client, body):
    assert client.exchange(body=body).error()[0] == -32600


@pytest.mark.parametrize("body", (
    b"{'jsonrpc':'2.0'}", b'{"a":01}', b'{"a":1,}', b'[1,]', b'{"a":.5}',
    b'{"a":+1}', b'{"a":0x1}', b'{"a":NaN}', b'{"a":"\x01"}', b'\xff',
    b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'/**/{}', b'{"a":"\\x"}',
    b'{"a":tru}', b'{"a"}', b'"', b'{"a":1}\x00', b'[' * 600,
    b'{"a":' * 600 + b'1' + b'}' * 600))
def test_bad_json(client, body):
    assert client.exchange(body=body).error()[0] == -32700
    client.exchange(body=HEALTH).result()


def test_answers_escape_what_they_quote(client):
    name = 'no"such\n\\\u20ac'
    code, message = client.rpc(eth.call(name, [])).error()
    assert code == -32601
    assert message == "the method %s does not exist/is not available" % name


def test_method_name_too_long(client):
    assert client.rpc(eth.call("m" * 5000, [])).error() == (
        -32600, "method name too long: 5000 > 2048")


def test_batch_keeps_its_order(client):
    messages = [eth.payload_v2(1), eth.call("health_status", [], 2),
                eth.payload_v2(3, chain=11), 7, eth.payload_v2(4),
                eth.call("no_such", [], 5)]
    del messages[4]["id"]               # a notification: no answer
    answers = client.exchange(body=json.dumps(messages).encode()).json()
    assert [each["id"] for each in answers] == [1, 2, 3, None, 5]
    assert ["result" in each for each in answers] == [
        True, True, False, False, False]
