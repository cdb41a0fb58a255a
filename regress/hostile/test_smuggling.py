# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""HTTP request smuggling: whatever a request looks like, the bytes of one are
never taken for another.

Each row is a stream of bytes, the section of RFC 9112 (or 9110) that it turns
on, and the answers that it gets, all of them.  A request that asks to sign is
hidden in most; a marker follows each.  A row that is refused gets its refusal
and the end of the connection, and nothing of what follows is answered; any
other gets its answers, then the marker's, in this order, and no more.  So the
number and the ids of the answers say which bytes were taken for a request.

A row goes to signerd, to the clients' port of proxyd and to its signers'
port: as one piece, but to one of them in pieces that end wherever a line does.
"""

import collections
import contextlib
import re
import ssl

import pytest

from lib import daemon, eth, httpclient, relays
from lib.httpclient import request
from lib.relays import CLIENT, HQ

Row = collections.namedtuple("Row", "section name stream answers closes")

MARKER = request(body=eth.encode(eth.call("health_status", [], "marker")))
ALIVE = request("GET", "/healthz", json=False)
HIDDEN = request(body=eth.encode(eth.payload_v2("hidden")))
OUTER = eth.encode(eth.call("health_status", [], "outer"))
CL = "Content-Length: %d"
TE = "Transfer-Encoding: chunked"
LENGTH = CL % len(OUTER)
LIMIT = 16384               # bytes of a header section
ROWS = []


def refused(section, name, stream, status=400):
    ROWS.append(Row(section, name, stream, [status], True))


def taken(section, name, stream, *answers):
    """They keep the connection: the marker is answered after them."""
    ROWS.append(Row(section, name, stream, list(answers), False))


def last(section, name, stream, *answers):
    """The last of them ends the connection, though it is no refusal."""
    ROWS.append(Row(section, name, stream, list(answers), True))


def post(*fields, body=b"", line="POST / HTTP/1.1", host="Host: localhost"):
    """A request with those fields, one string each, and nothing added."""
    lines = [line] + ([host] if host else []) + [
        "Content-Type: application/json", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunk(data, size=None):
    return (b"%x" % len(data) if size is None else size) + b"\r\n" + \
        data + b"\r\n"


END = b"0\r\n\r\n"
CHUNKS = chunk(OUTER) + END


def chunked(body, *fields):
    return post(TE, *fields, body=body)


# ---- two framings, RFC 9112, 6.1 and 6.3 -----------------------------------

for name, fields in (("CL.TE", (CL, TE)), ("TE.CL", (TE, CL))):
    body = END + HIDDEN
    refused("6.3", name + ", the length covers what is hidden",
            post(fields[0] % len(body) if fields[0] == CL else TE,
                 fields[1] % len(body) if fields[1] == CL else TE, body=body))
    body = chunk(HIDDEN) + END
    refused("6.3", name + ", the length ends before it",
            post(fields[0] % 4 if fields[0] == CL else TE,
                 fields[1] % 4 if fields[1] == CL else TE, body=body))
    refused("6.3", name + ", a length of 0",
            post(fields[0] % 0 if fields[0] == CL else TE,
                 fields[1] % 0 if fields[1] == CL else TE, body=CHUNKS))
refused("6.3", "CL.TE in HTTP/1.0", post(
    CL % (len(END) + len(HIDDEN)), TE, line="POST / HTTP/1.0",
    body=END + HIDDEN))
refused("6.3", "TE and no valid CL", post(TE, "Content-Length: x",
                                          body=CHUNKS + HIDDEN))

# TE.TE: one that some see and others do not.  What is not understood has no
# end that is known (6.1: 501 may be said, too); a length beside it is worse.
TRANSFER_CODINGS = {
    "xchunked": "Transfer-Encoding: xchunked",
    "chunkedx": "Transfer-Encoding: chunkedx",
    "chunk": "Transfer-Encoding: chunk",
    "identity": "Transfer-Encoding: identity",
    "chunked, identity": "Transfer-Encoding: chunked, identity",
    "identity, chunked": "Transfer-Encoding: identity, chunked",
    "chunked, chunked": "Transfer-Encoding: chunked, chunked",
    "gzip, chunked": "Transfer-Encoding: gzip, chunked",
    "chunked, gzip": "Transfer-Encoding: chunked, gzip",
    "a comma before": "Transfer-Encoding: ,chunked",
    "a comma after": "Transfer-Encoding: chunked,",
    "twice in one": "Transfer-Encoding: chunked chunked",
    "a parameter": "Transfer-Encoding: chunked;q=1",
    "quotes": 'Transfer-Encoding: "chunked"',
    "apostrophes": "Transfer-Encoding: 'chunked'",
    "empty": "Transfer-Encoding:",
    "two fields": TE + "\r\n" + TE,
    "the second unknown": TE + "\r\nTransfer-Encoding: x",
    "the first unknown": "Transfer-Encoding: x\r\n" + TE,
    "the second in another case": TE + "\r\ntransfer-encoding: identity",
    "the second empty": TE + "\r\nTransfer-Encoding:",
    "a vertical tab before": "Transfer-Encoding: \vchunked",
    "a vertical tab after": "Transfer-Encoding: chunked\v",
    "a form feed": "Transfer-Encoding:\fchunked",
    "a NUL before": "Transfer-Encoding: \0chunked",
    "a NUL after": "Transfer-Encoding: chunked\0",
    "no-break space": "Transfer-Encoding: \xa0chunked",
    "a soft hyphen": "Transfer-Encoding: chun\xadked",
    "backspace": "Transfer-Encoding: chunkedd\b",
    "folded": "Transfer-Encoding:\r\n chunked",
    "folded with a tab": "Transfer-Encoding:\r\n\tchunked",
    "after a fold": "X-A: 1\r\n Transfer-Encoding: chunked",
    "folded after it": TE + "\r\n , identity",
    "space before the colon": "Transfer-Encoding : chunked",
    "tab before the colon": "Transfer-Encoding\t: chunked",
    "NUL before the colon": "Transfer-Encoding\0: chunked",
    "space in the name": "Transfer Encoding: chunked",
    "bare LF before": "X-A: 1\nTransfer-Encoding: chunked",
    "bare CR before": "X-A: 1\rTransfer-Encoding: chunked",
    "bare LF after": TE + "\nX-A: 1",
    "CR CR LF": TE + "\r\r\nX-A: 1",
    "equals sign for the colon": "Transfer-Encoding=chunked",
}
for name, field in TRANSFER_CODINGS.items():
    refused("6.1", "TE: " + name, post(field, body=CHUNKS + HIDDEN))
    refused("6.1", "TE and CL: " + name, post(
        field, CL % len(END + HIDDEN), body=END + HIDDEN))
for name, field in (
        ("capitals", "TRANSFER-ENCODING: CHUNKED"),
        ("a mixture", "tRANSFER-eNCODING: cHUNKED"),
        ("tabs around", "Transfer-Encoding:\t \tchunked \t"),
        ("no white space", "Transfer-Encoding:chunked")):
    taken("7", "TE in " + name, post(field, body=CHUNKS), "outer")
    refused("6.3", "TE in %s, and CL" % name, post(
        field, CL % len(END + HIDDEN), body=END + HIDDEN))
for name in ("Transfer_Encoding", "X-Transfer-Encoding", "Transfer-Encodin"):
    taken("5", "another field: " + name, post(
        name + ": chunked", LENGTH, body=OUTER), "outer")
refused("6.1", "TE in HTTP/1.0", post(TE, line="POST / HTTP/1.0",
                                      body=CHUNKS + HIDDEN))

# ---- Content-Length, RFC 9112, 6.2 and 6.3 ---------------------------------

HIDE = len(HIDDEN)
for name, fields in {
        "the same twice": (LENGTH, LENGTH),
        "two, the longer first": (CL % (len(OUTER) + HIDE), LENGTH),
        "two, the shorter first": (LENGTH, CL % (len(OUTER) + HIDE)),
        "two in other cases": (LENGTH, LENGTH.upper()),
        "two, one empty": (LENGTH, "Content-Length:"),
        "a list of the same": (LENGTH + ", %d" % len(OUTER),),
        "a list of others": (LENGTH + ", %d" % (len(OUTER) + HIDE),),
        "a comma after": (LENGTH + ",",)}.items():
    refused("6.3", "CL: " + name, post(*fields, body=OUTER + HIDDEN))
for value in ("+%d", "-%d", "--%d", "0x%x", "0X%x", "%o.", "%d.0", "%de0",
              "%d;", "%d a", "0 %d", "%d%%", '"%d"', "'%d'", "_%d", "%d_",
              "\v%d", "%d\v", "%d\0", "\0%d", "\xa0%d", "%d\xb2",
              "\xd9\xa1%d", "%dL", "0b%d", "0o%o", "(%d)", "%d\r", "\r %d"):
    refused("6.2", "CL: %r" % (value % 5), post(
        "Content-Length: " + value % len(OUTER), body=OUTER + HIDDEN))
refused("6.2", "CL: empty", post("Content-Length:", body=HIDDEN))
refused("6.2", "CL: white space", post("Content-Length: \t ", body=HIDDEN))
for field in ("Content-Length : %d", "Content-Length\t: %d",
              "Content-Length\0: %d", "Content Length: %d",
              "Content-Length\r\n: %d", "Content-Length:\r\n %d",
              "X-A: 1\nContent-Length: %d", "X-A: 1\rContent-Length: %d",
              "X-A: 1\r\n Content-Length: %d", " Content-Length: %d"):
    refused("5.1", "CL: %r" % (field % 5), post(field % len(OUTER),
                                                body=OUTER + HIDDEN))
for name, value in (("one over the limit", 5 * 1024 * 1024 + 1),
                    ("2^31", 1 << 31), ("2^32 and more", (1 << 32) + 5),
                    ("2^63", 1 << 63), ("2^64 and more", (1 << 64) + 5),
                    ("2^128 and more", (1 << 128) + 5),
                    ("a thousand digits", 10 ** 1000)):
    refused("6.2", "CL: " + name, post(CL % value, body=OUTER + HIDDEN), 413)
for value in (" %d", "%d ", "\t%d \t", "%d", "000%d"):
    taken("6.2", "CL: %r" % (value % 5), post(
        "Content-Length:" + value % len(OUTER), body=OUTER), "outer")
taken("6.3", "no CL and no TE: no body", post(body=request(
    body=OUTER)), 200, "outer")
last("6.3", "CL one short", post(LENGTH, body=OUTER + b"}" + HIDDEN),
     "outer", 400)
taken("6.3", "a whole request as the body", post(CL % HIDE, body=HIDDEN),
      None)
taken("6.3", "a whole request as a chunk", chunked(chunk(HIDDEN) + END), None)
taken("7.6.1", "CL named by Connection", post(
    LENGTH, "Connection: content-length, host", body=OUTER), "outer")

# ---- chunks, RFC 9112, 7.1 -------------------------------------------------

for name, size in {
        "0x": b"0x%x", "0X": b"0X%X", "a plus": b"+%x", "a minus": b"-%x",
        "h": b"%xh", "a space before": b" %x", "a space after": b"%x ",
        "a tab after": b"%x\t", "a space within": b"0 %x", "a comma": b"%x,",
        "17 digits": b"%017x", "2^64 and more": b"1%016x",
        "quotes": b'"%x"', "a NUL": b"%x\0", "a vertical tab": b"%x\v",
        "CR": b"%x\r", "an underscore": b"0_%x", "a point": b"%x.0",
        "space and extension": b"%x ;a=b",      # BWS; strictly: none
        "a NUL in the extension": b"%x;a\0", "DEL there": b"%x;\x7f",
        "obs-text there": b"%x;\xe4", "CR there": b"%x;a\rb",
        "LF there": b"%x;a\n", "LF for CR LF": b"%x\n"}.items():
    refused("7.1", "chunk size with " + name, chunked(
        chunk(OUTER, size % len(OUTER)) + END + HIDDEN))
for name, text in {
        "LF alone": b"%x\n%s\r\n" % (len(OUTER), OUTER) + END,
        "CR alone": b"%x\r%s\r\n" % (len(OUTER), OUTER) + END,
        "LF CR": b"%x\n\r%s\r\n" % (len(OUTER), OUTER) + END,
        "no size": b"\r\n" + OUTER + b"\r\n" + END,
        "an extension alone": chunk(OUTER, b";a=b") + END,
        "LF in the extension, and a request": b"%x;\n%s" % (
            HIDE, HIDDEN) + b"\r\n" + END}.items():
    refused("7.1", "chunk line: " + name, chunked(text + HIDDEN))
for name, after in (("nothing", b""), ("LF", b"\n"), ("CR", b"\r"),
                    ("CR CR LF", b"\r\r\n"), ("LF CR", b"\n\r"),
                    ("a byte more", b"}\r\n"), ("a space", b" \r\n"),
                    ("two bytes", b"xx")):
    refused("7.1", "after the chunk: " + name, chunked(
        b"%x\r\n%s%s" % (len(OUTER), OUTER, after) + END + HIDDEN))
for name, size in (("2^32 and more", b"1%08x"), ("2^63", b"8%015x"),
                   ("2^64 - 1", b"ffffffffffffffff")):
    refused("7.1", "chunk of " + name, chunked(chunk(
        OUTER, size % len(OUTER) if b"%" in size else size) + HIDDEN), 413)
refused("7.1", "chunk of 2^64 - n after n", chunked(
    chunk(OUTER) + b"%x\r\n" % ((1 << 64) - len(OUTER)) + HIDDEN), 413)
for name, text in {
        "capitals": chunk(OUTER, b"%X" % len(OUTER)) + END,
        "16 digits": chunk(OUTER, b"%016x" % len(OUTER)) + END,
        "zeros at the end": chunk(OUTER) + b"0000\r\n\r\n",
        "one byte each": b"".join(chunk(OUTER[i:i + 1])
                                  for i in range(len(OUTER))) + END,
        "an extension": chunk(OUTER, b"%x;a=b" % len(OUTER)) + END,
        "an extension in quotes": chunk(
            OUTER, b'%x;a="b\\"; c"' % len(OUTER)) + END,
        "an open quote": chunk(OUTER, b'%x;a="' % len(OUTER)) + END,
        "an empty extension": chunk(OUTER, b"%x;;" % len(OUTER)) + END,
        "an extension at the end": chunk(OUTER) + b"0;a=b\r\n\r\n",
        "a request as an extension": chunk(
            OUTER, b"%x;POST / HTTP/1.1" % len(OUTER)) + END}.items():
    taken("7.1.1", "chunked: " + name, chunked(text), "outer")
refused("7.1.1", "an extension over the limit", chunked(
    chunk(OUTER, b"%x;" % len(OUTER) + b"a" * LIMIT) + END + HIDDEN))
refused("7.1.1", "extensions over the limit", chunked(
    b"".join(chunk(OUTER[i:i + 1], b"1;" + b"a" * 400)
             for i in range(len(OUTER))) + END + HIDDEN))
taken("7.1.2", "a trailer", chunked(
    chunk(OUTER) + b"0\r\nX-Sum: 1\r\n\r\n"), "outer")
taken("7.1.2", "a request as a trailer's value", chunked(
    chunk(OUTER) + b"0\r\nX: POST / HTTP/1.1\r\n\r\n"), "outer")
for name, text in {
        "a length": LENGTH.encode(), "a coding": TE.encode(),
        "Host": b"Host: localhost", "Connection": b"Connection: close",
        "Expect": b"Expect: 100-continue", "Trailer": b"Trailer: X-A",
        "content type": b"content-type: text/plain",
        "content coding": b"Content-Encoding: gzip",
        "Authorization": b"Authorization: x", "no colon": b"X-A",
        "space, colon": b"X-A : 1", "folded": b"X-A: 1\r\n 2",
        "fold alone": b" X-A: 1", "bare LF": b"X-A: 1\nX-B: 2",
        "bare CR": b"X-A: 1\rX-B: 2", "a NUL": b"X-A: \0",
        "no name": b": 1", "odd name": b"X[A: 1"}.items():
    refused("7.1.2", "trailer: " + name, chunked(
        chunk(OUTER) + b"0\r\n" + text + b"\r\n\r\n" + HIDDEN))
refused("7.1.2", "a trailer over the limit", chunked(
    chunk(OUTER) + b"0\r\nX-A: " + b"a" * LIMIT + b"\r\n\r\n" + HIDDEN), 431)
refused("7.1.2", "trailers over the limit", chunked(
    chunk(OUTER) + b"0\r\n" + b"X-A: 1\r\n" * (LIMIT // 8) + b"\r\n" +
    HIDDEN), 431)
refused("7.1", "the last chunk is not ended", chunked(
    chunk(OUTER) + b"0\r\n" + HIDDEN))
refused("7.1", "LF at the end", chunked(
    chunk(OUTER) + b"0\r\n\n" + HIDDEN))

# ---- lines and fields, RFC 9112, 2.2 and 5 ---------------------------------

LEAD = post(LENGTH, body=OUTER)
taken("2.2", "an empty line before", b"\r\n" + LEAD, "outer")
for name, text in {"two empty lines": b"\r\n\r\n", "LF": b"\n", "CR": b"\r",
                   "LF CR": b"\n\r", "a space": b" ", "a tab": b"\t",
                   "a NUL": b"\0", "CR LF and a space": b"\r\n "}.items():
    refused("2.2", "before the request: " + name, text + LEAD + HIDDEN)
refused("2.2", "bare LF all along", LEAD.replace(b"\r\n", b"\n") + HIDDEN)
refused("2.2", "bare CR all along", LEAD.replace(b"\r\n", b"\r") + HIDDEN)
refused("2.2", "LF after the header", post(LENGTH)[:-2] + b"\n" + OUTER +
        HIDDEN)
refused("2.2", "CR CR LF after the header", post(LENGTH)[:-2] + b"\r\r\n" +
        OUTER + HIDDEN)
refused("2.2", "white space before the first field", post(
    LENGTH, body=OUTER + HIDDEN).replace(b"Host", b" Host"))
for name, text in {
        "a fold": "X-A: 1\r\n 2", "a fold by a tab": "X-A: 1\r\n\t2",
        "a fold of nothing": "X-A: 1\r\n ", "no colon": "X-A",
        "no name": ": 1", "bare LF": "X-A: 1\nX-B: 2",
        "bare CR": "X-A: 1\rX-B: 2", "CR at the end": "X-A: 1\r",
        "a NUL": "X-A: \0", "ESC": "X-A: \x1b[2J", "DEL": "X-A: \x7f",
        "a hidden line": "X-A: 1\r\r\nX-B: 2",
        "LF LF and a request": "X-A: 1\n\n" + HIDDEN.decode()}.items():
    refused("5", "a field: " + name, post(text, LENGTH, body=OUTER + HIDDEN))
for byte in list(b'\0\x01\t\v\f\x1b "(),/;<=>?@[\\]{}\x7f') + [
        0x80, 0xa0, 0xff]:
    refused("5.1", "a name with %#04x" % byte, post(
        "X%cA: 1" % byte, LENGTH, body=OUTER + HIDDEN))
for byte in b" \t\0\v\f\r\n":
    refused("5.1", "a name, %#04x and the colon" % byte, post(
        "X-A%c: 1" % byte, LENGTH, body=OUTER + HIDDEN))
taken("5", "names of all that may be in one", post(
    "!#$%&'*+-.^_`|~09azAZ: 1", LENGTH, body=OUTER), "outer")
taken("5.5", "obs-text in a value", post("X-A: \x80\xff", LENGTH,
                                         body=OUTER), "outer")
refused("5", "a field over the limit", post("X-A: " + "a" * LIMIT) + HIDDEN,
        431)
refused("5", "a name over the limit", post("a" * LIMIT + ": 1") + HIDDEN, 431)
refused("5", "fields over the limit", post(*["X-A: 1"] * (LIMIT // 8)) +
        HIDDEN, 431)

# ---- request lines, RFC 9112, 3 --------------------------------------------

for line in ("POST /", "POST", "GET /", "POST  / HTTP/1.1",
             "POST /  HTTP/1.1", "POST / HTTP/1.1 ", " POST / HTTP/1.1",
             "POST\t/ HTTP/1.1", "POST /\tHTTP/1.1", "POST / HTTP/1.1\0",
             "POST / http/1.1", "POST / HTTP/1.10", "POST / HTTP/11",
             "POST / HTTP/1", "POST / HTTP/1.x", "POST / HTTP/ 1.1",
             "POST / HTTP /1.1", "POST / ICAP/1.1", "PO[T / HTTP/1.1",
             "P\xd6ST / HTTP/1.1", "POST /a b HTTP/1.1", "POST / / HTTP/1.1",
             "POST /\0 HTTP/1.1", "POST /\x7f HTTP/1.1",
             "POST /\xe4 HTTP/1.1", "POST /#a HTTP/1.1", "POST a HTTP/1.1",
             "POST HTTP/1.1", "POST  HTTP/1.1", "POST / HTTP/1.1 HTTP/1.1",
             "POST / HTTP/1.1\rX: y", "POST / HTTP/1.1\nX: y",
             "POST * HTTP/1.1", "OPTIONS * HTTP/1.1",
             "CONNECT localhost:443 HTTP/1.1", "POST localhost HTTP/1.1",
             "POST localhost:443 HTTP/1.1", "POST //\\ / HTTP/1.1",
             "POST ftp://localhost/ HTTP/1.1", "POST http:/ HTTP/1.1",
             "POST http:///x HTTP/1.1", "POST http://:80/ HTTP/1.1",
             "POST http://u@localhost/ HTTP/1.1",
             "POST http://local host/ HTTP/1.1",
             "POST http://localhost:x/ HTTP/1.1"):
    refused("3", "%r" % line, post(LENGTH, line=line, body=OUTER + HIDDEN))
for version in ("0.9", "2.0", "3.1", "9.9", "0.1"):
    refused("2.3", "HTTP/" + version, post(
        LENGTH, line="POST / HTTP/" + version, body=OUTER + HIDDEN), 505)
refused("2.3", "HTTP/0.9 of one line", b"GET /\r\n" + HIDDEN)
refused("2.3", "HTTP/2 with prior knowledge",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN, 505)
taken("2.3", "HTTP/1.7", post(LENGTH, line="POST / HTTP/1.7", body=OUTER),
      "outer")
for target in ("/?a=b", "http://localhost", "HTTPS://localhost/?x",
               "http://localhost:1/", "http://other.example/",
               "http://[::1]/"):
    taken("3.2", "target " + target, post(
        LENGTH, line="POST %s HTTP/1.1" % target, body=OUTER), "outer")
refused("3.2.2", "absolute-form without Host", post(
    LENGTH, line="POST http://localhost/ HTTP/1.1", host=None,
    body=OUTER + HIDDEN))
refused("3", "a target over the limit", post(
    line="POST /" + "a" * LIMIT + " HTTP/1.1") + HIDDEN, 414)
refused("3", "a method over the limit", post(
    line="a" * LIMIT + " / HTTP/1.1") + HIDDEN, 431)

HOSTS = {
    "missing": None, "the same twice": "Host: localhost\r\nHost: localhost",
    "two": "Host: localhost\r\nHost: a", "two, cases": "Host: a\r\nhOST: a",
    "a list": "Host: a, b", "a user": "Host: u@a", "a path": "Host: a/b",
    "a query": "Host: a?b", "a space": "Host: a b", "a tab": "Host: a\tb",
    "a URL": "Host: http://a", "letters for a port": "Host: a:b",
    "two ports": "Host: a:1:2", "an open bracket": "Host: [::1",
    "obs-text": "Host: \xe4", "a NUL": "Host: a\0", "a quote": 'Host: "a"',
    "space, colon": "Host : a", "folded": "Host:\r\n a",
    "a backslash": "Host: a\\b", "a fragment": "Host: a#b"}
for name, field in HOSTS.items():
    refused("3.2", "Host: " + name, post(LENGTH, host=field,
                                         body=OUTER + HIDDEN))
for field in ("Host:", "Host: a:", "hOsT: a:8545", "Host: [::1]:1",
              "Host: a-b_c.example"):
    taken("3.2", field, post(LENGTH, host=field, body=OUTER), "outer")

# ---- a body where none is looked at, RFC 9112, 6 ---------------------------

BODIES = (("a length", post(CL % HIDE, body=HIDDEN)),
          ("chunks", chunked(chunk(HIDDEN) + END)))
for name, stream in BODIES:
    for line, status in (
            ("GET / HTTP/1.1", 405), ("PUT / HTTP/1.1", 405),
            ("post / HTTP/1.1", 405), ("TRACE / HTTP/1.1", 405),
            ("POST /nowhere HTTP/1.1", 404), ("POST // HTTP/1.1", 404),
            ("POST /%2e/ HTTP/1.1", 404), ("DELETE /healthz HTTP/1.1", 405),
            ("GET /healthz HTTP/1.1", 200), ("POST /healthz/ HTTP/1.1", 200)):
        last("6", "%s with %s" % (line[:-9], name), stream.replace(
            b"POST / HTTP/1.1", line.encode(), 1), status)
    last("6", "text/plain with " + name, stream.replace(
        b"application/json", b"text/plain", 1), 415)
    last("6", "HTTP/1.0 with " + name, post(
        CL % HIDE, line="POST / HTTP/1.0", body=HIDDEN), None)
for line, status in (("GET / HTTP/1.1", 200), ("PUT / HTTP/1.1", 405),
                     ("GET /healthz HTTP/1.1", 200),
                     ("POST /nowhere HTTP/1.1", 404)):
    taken("6", line[:-9] + " with a length of 0", post(
        CL % 0, line=line), status)

# ---- 100-continue, RFC 9110, 10.1.1 ----------------------------------------

EXPECT = "Expect: 100-continue"
taken("10.1.1", "no body", post(EXPECT), 200)
taken("10.1.1", "a length of 0", post(EXPECT, CL % 0), 200)
taken("10.1.1", "GET", post(EXPECT, line="GET / HTTP/1.1"), 200)
taken("10.1.1", "the body is there", post(EXPECT, LENGTH, body=OUTER),
      "outer")
taken("10.1.1", "chunks are there", chunked(CHUNKS, EXPECT), "outer")
taken("10.1.1", "another case", post("expect: 100-CONTINUE", LENGTH,
                                     body=OUTER), "outer")
taken("10.1.1", "twice", post(EXPECT, EXPECT, LENGTH, body=OUTER), "outer")
last("10.1.1", "HTTP/1.0", post(EXPECT, LENGTH, line="POST / HTTP/1.0",
                                body=OUTER), "outer")
taken("10.1.1", "thirty at once", post(EXPECT, LENGTH, body=OUTER) * 30,
      *["outer"] * 30)
for value in ("100-continue, 100-continue", "101-continue", "100", "",
              "100-continue;a", '"100-continue"', "miracles"):
    refused("10.1.1", "Expect: " + value, post(
        "Expect: " + value, LENGTH, body=OUTER + HIDDEN), 417)
last("10.1.1", "on a path that is not there", post(
    EXPECT, CL % HIDE, line="POST /nowhere HTTP/1.1", body=HIDDEN), 404)
refused("10.1.1", "a body over the limit", post(
    EXPECT, CL % (6 << 20), body=HIDDEN), 413)
refused("10.1.1", "and both framings", post(
    EXPECT, TE, CL % len(END + HIDDEN), body=END + HIDDEN))

# ---- one after the other, RFC 9112, 9.3 ------------------------------------

taken("9.3.2", "three at once", LEAD * 3, "outer", "outer", "outer")
taken("9.3.2", "of both framings", LEAD + chunked(CHUNKS) + LEAD,
      "outer", "outer", "outer")
for value in ("close", "Close", "keep-alive, close", "close, x", ",close"):
    last("9.6", "Connection: " + value, post(
        LENGTH, "Connection: " + value, body=OUTER) + HIDDEN, "outer")
last("9.3", "HTTP/1.0", post(LENGTH, line="POST / HTTP/1.0", body=OUTER) +
     HIDDEN, "outer")
taken("9.3", "HTTP/1.0 that stays", post(
    LENGTH, "Connection: keep-alive", line="POST / HTTP/1.0", body=OUTER),
      "outer")
last("9.3.2", "a good one, then a bad one", LEAD + post(
    LENGTH, TE, body=OUTER) + HIDDEN, "outer", 400)
taken("7.8", "an upgrade to HTTP/2 is passed over", post(
    "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings",
    "HTTP2-Settings: AAMAAABkAAQAAP__", LENGTH, body=OUTER), "outer")


# ---- the daemons -----------------------------------------------------------


class Port:
    """Where a row is put; told: whether answers have the ids there.  What
    does not end its connection shares one with the others of its kind."""

    def __init__(self, number, tls, told=True):
        self.number = number
        self.tls = tls
        self.told = told
        self.shared = None

    def connect(self):
        return httpclient.Connection(self.number, self.tls)

    def lasting(self):
        if self.shared is None:
            self.shared = self.connect()
        return self.shared

    def drop(self):
        if self.shared is not None:
            self.shared.close()
        self.shared = None

    def check_answer(self, connection, want, continues=False):
        """An id (None: null) or a status, perhaps after one go-ahead."""
        answer = connection.read_response()
        if continues and answer.status == 100:
            answer = connection.read_response()
        assert b"hidden" not in answer.body, answer
        if isinstance(want, int):
            assert answer.status == want, answer
        else:
            assert answer.status == 200, answer
            assert answer.json()["id"] == (
                want if self.told else None), answer
        return answer

    def check_marker(self, connection):
        if self.told:
            self.check_answer(connection, "marker")
        else:
            answer = connection.read_response()
            assert answer.status == 200, answer
            assert list(answer.json()) == ["version"], answer
        assert connection.quiet()

    def check(self, row, parts):
        connection = self.connect() if row.closes else self.lasting()
        try:
            self.exchange(connection, row, parts)
        except BaseException:
            self.drop()
            raise
        finally:
            if row.closes:
                connection.close()

    def exchange(self, connection, row, parts):
        with contextlib.suppress(OSError, ssl.SSLError):
            for part in parts + [MARKER if self.told else ALIVE]:
                connection.send(part)
        # In pieces, it may look as if the body was held back.
        continues = len(parts) > 1
        for want in row.answers[:-1]:
            assert not self.check_answer(connection, want, continues).closes
        final = self.check_answer(connection, row.answers[-1], continues)
        assert final.closes == row.closes, final
        if row.closes:
            assert connection.wait_close()[0] == b""
        else:
            self.check_marker(connection)


@pytest.fixture(scope="module")
def daemons(site):
    rules = 'allow client "%s" key "sequencer" chain 10' % CLIENT
    with daemon.Signerd(site, site.config(rules=rules)) as signerd:
        with daemon.Proxyd(site, relays.config(site)) as proxyd:
            yield signerd, proxyd


@pytest.fixture(scope="module")
def ports(site, daemons):
    signerd, proxyd = daemons
    made = [Port(signerd.port, site.tls(CLIENT)),
            Port(proxyd.port, site.tls(CLIENT)),
            Port(proxyd.signer_port, site.tls(HQ), told=False)]
    yield made
    for port in made:
        port.drop()
    # Whatever the answers were: nothing that was hidden was ever signed, nor
    # was there an attempt to; though it would have been, in the open.
    for each in daemons:
        assert not each.logged(msg="signed") and not each.logged(msg="refused")
    with signerd.connect() as connection:
        connection.send(HIDDEN)
        assert connection.read_response().result()
        signerd.wait_log(msg="signed")


def pieces(stream):
    """Ending wherever a line does, or may be thought to."""
    return [each for each in re.split(rb"(?<=[\r\n;])", stream) if each]


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[
    "%s %s" % (each.section, each.name) for each in ROWS])
def test_row(ports, number):
    row = ROWS[number]
    for which, port in enumerate(ports):
        port.check(row, pieces(row.stream) if which == number % len(ports)
                   else [row.stream])


def test_rows_are_of_one_name_each():
    names = [(each.section, each.name) for each in ROWS]
    assert len(names) == len(set(names))


# ---- 100-continue, with who waits for it: RFC 9110, 10.1.1 -----------------


def test_continue_and_another_request(ports):
    """What follows the go-ahead is the body, whatever it looks like."""
    for port in ports:
        with port.connect() as connection:
            for _ in range(20):
                connection.send(post(EXPECT, CL % HIDE))
                assert connection.read_response().status == 100
                for part in pieces(HIDDEN):
                    connection.send(part)
                port.check_answer(connection, None)
            connection.send(MARKER if port.told else ALIVE)
            port.check_marker(connection)


def test_continue_of_chunks(ports):
    """Said once, however many they are."""
    for port in ports:
        with port.connect() as connection:
            connection.send(chunked(b"", EXPECT))
            assert connection.read_response().status == 100
            for part in pieces(b"".join(
                    chunk(OUTER[i:i + 5]) for i in range(0, len(OUTER), 5))):
                connection.send(part)
                assert connection.quiet()
            connection.send(END + (MARKER if port.told else ALIVE))
            port.check_answer(connection, "outer")
            port.check_marker(connection)


@pytest.mark.parametrize("status,stream", (
    (404, post(EXPECT, CL % HIDE, line="POST /nowhere HTTP/1.1")),
    (405, post(EXPECT, CL % HIDE, line="PUT / HTTP/1.1")),
    (413, post(EXPECT, CL % (6 << 20))),
    (400, post(EXPECT, CL % HIDE, TE)),
    (417, post(EXPECT, "Expect: more", CL % HIDE))))
def test_refused_instead_of_continue(ports, status, stream):
    """At once; who sends the body all the same is not understood as if it
    were the next request."""
    for port in ports:
        with port.connect() as connection:
            connection.send(stream)
            assert port.check_answer(connection, status).closes
            with contextlib.suppress(OSError, ssl.SSLError):
                connection.send(HIDDEN + MARKER)
            assert connection.wait_close()[0] == b""


def test_no_continue_in_1_0(ports):
    for port in ports:
        with port.connect() as connection:
            connection.send(post(EXPECT, LENGTH, line="POST / HTTP/1.0"))
            # Who answers another has seen the first: it is one process.
            for _ in range(2):
                port.lasting().send(MARKER if port.told else ALIVE)
                port.check_marker(port.lasting())
            assert connection.quiet()
            connection.send(OUTER)
            assert port.check_answer(connection, "outer").closes
            assert connection.wait_close()[0] == b""


# ---- upgrades, RFC 9112, 9.9, and RFC 6455, 4.2 ----------------------------

UPGRADE = ("Upgrade: websocket", "Connection: Upgrade",
           "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")


def get(*fields, body=b"", line="GET /ws HTTP/1.1"):
    return post(*UPGRADE, *fields, line=line, body=body)


def test_what_follows_an_upgrade_is_no_request(ports):
    """It is the websocket's: a frame with reserved bits, here."""
    for stream in (get(), get(CL % 0)):
        with ports[2].connect() as connection:
            connection.send(stream + HIDDEN + ALIVE)
            while connection._line():       # of the header section
                pass
            rest = connection.wait_close()[0]
            assert rest[:1] == b"\x88" and rest[2:4] == b"\x03\xea", rest
            assert len(rest) == 2 + rest[1]


@pytest.mark.parametrize("status,stream", (
    (400, get(CL % HIDE, body=HIDDEN)), (400, get(TE, body=CHUNKS)),
    (400, get(CL % HIDE, TE, body=HIDDEN)),
    (400, get("Upgrade : websocket")), (505, get(line="GET /ws HTTP/1.0")),
    (426, get().replace(b"n: 13", b"n: 8") + HIDDEN),
    (400, get().replace(b"AA==", b"AA") + HIDDEN)))
def test_an_upgrade_refused(ports, status, stream):
    with ports[2].connect() as connection:
        connection.send(stream + ALIVE)
        answer = connection.read_response()
        assert answer.status == status
        assert "close" in answer.field("Connection")
        assert connection.wait_close()[0] == b""


def test_no_upgrade_where_clients_ask(ports):
    for port in ports[:2]:
        with port.connect() as connection:
            connection.send(get(line="GET / HTTP/1.1") + MARKER)
            assert connection.read_response().body == b""
            port.check_marker(connection)
