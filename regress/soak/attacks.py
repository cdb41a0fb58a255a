# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What is done to the daemons: each function is a process, which goes on
until it is told to stop, and counts what it has done."""

import contextlib
import random
import socket
import ssl

from lib import eth, httpclient, wsconn
from lib.httpclient import request
from soak import peers
from soak.peers import GONE, Held, Peer, connect, raw, waiting
from soak.world import GOOD, JUNK

SLOW = 100              # connections of each slow process
BEAT = 0.5              # seconds between the bytes of a slow one
BIG = 5 * 1024 * 1024
NO_LINK = (wsconn.Ended, wsconn.NotUpgraded, TimeoutError)
VALUES = 49000          # in a body that is just within `max values`


# ---- slow ------------------------------------------------------------------


def slow_handshake(tally, stopped, number, target):
    hello = client_hello(target)

    def begin(slot):
        sock = raw(target, slot)
        sock.sendall(hello[:7])
        sock.setblocking(False)
        return sock

    Held(stopped, SLOW, begin, lambda sock, _: sock.send(hello[7:8]),
         BEAT).run(tally)


def slow_header(tally, stopped, number, target):
    Held(stopped, SLOW,
         lambda slot: waiting(target, slot, b"POST / HTTP/1.1\r\nX: "),
         lambda sock, _: sock.send(b"a"), BEAT).run(tally)


def slow_body(tally, stopped, number, target):
    head = announce(BIG)
    Held(stopped, SLOW, lambda slot: waiting(target, slot, head + b"["),
         lambda sock, _: sock.send(b"1,"), BEAT).run(tally)


def slow_frame(tally, stopped, number, target):
    """A signer that never ends its first message."""
    def begin(slot):
        try:
            endpoint = wsconn.connect(target.signers, peers.tls(
                target.ca, target.pairs[JUNK]))
        except NO_LINK as e:
            raise OSError("no link") from e
        sock = endpoint.stream.sock
        sock.setblocking(False)
        sock.send(endpoint.frame(wsconn.TEXT, b"[" * 10, announce=100000))
        return sock

    Held(stopped, 8, begin, lambda sock, _: sock.send(b"a"), BEAT).run(tally)


def never_reads(tally, stopped, number, target):
    """Its answers are long, and it takes none of them."""
    one = request(body=eth.encode([
        eth.call("m" * 2000, [], n) for n in range(1000)]))

    Held(stopped, 20, lambda slot: waiting(target, slot, one),
         lambda sock, _: sock.send(one[:65536]), BEAT).run(tally)


# ---- many ------------------------------------------------------------------


def client_hello(target):
    """As a client sends it; a server answers it at once, and dearly."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = peers.tls(target.ca, None).wrap_bio(
        incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        made.do_handshake()
    return outgoing.read()


def handshakes(tally, stopped, number, target):
    """Whole ones, and beginnings that cost nothing but the server's work."""
    hello = client_hello(target)
    open_now = []
    while not stopped():
        try:
            if tally.value % 4 == 0:
                connect(target, tally.value).close()
            else:
                open_now.append(raw(target, tally.value))
                open_now[-1].sendall(hello)
        except GONE:
            peers.pause(0.01)
        tally.value += 1
        if len(open_now) > 50:
            peers.close(open_now.pop(0))
    for sock in open_now:
        peers.close(sock)


def pipelining(tally, stopped, number, target):
    """A thousand requests at once on one connection, again and again."""
    many = b"".join(request(body=eth.encode(eth.payload_v2(n)))
                    for n in range(1000))
    while not stopped():
        with contextlib.suppress(*GONE), Peer(target, number) as peer:
            peer.sock.setblocking(False)
            unsent = memoryview(many)
            while not stopped():
                unsent = exchange(peer, unsent, tally) or memoryview(many)


def exchange(peer, unsent, tally):
    """Sends and takes what can be; what is still to be sent."""
    try:
        unsent = unsent[peer.sock.send(unsent[:65536]):]
    except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
        pass
    try:
        data = peer.sock.recv(262144)
        if not data:
            raise httpclient.Closed("closed")
        tally.value += data.count(b"HTTP/1.1 200")
    except (ssl.SSLWantReadError, BlockingIOError):
        peers.pause(0.002)
    return unsent


def batches(tally, stopped, number, target):
    """A thousand in one."""
    bodies = [eth.encode([make(n) for n in range(1000)])
              for make in (eth.payload_v1, eth.payload_v2,
                           eth.sign_transaction)]
    while not stopped():
        with contextlib.suppress(*GONE), Peer(target, number) as peer:
            while not stopped():
                peer.exchange(body=random.choice(bodies))
                tally.value += 1


# ---- large -----------------------------------------------------------------


def announce(length):
    return request(body=b"").replace(b"Content-Length: 0\r\n",
                                     b"Content-Length: %d\r\n" % length)


def large_bodies():
    """Each costs in its own way, and none of them is signed."""
    members = b",".join(b'"%06x":1' % n for n in range(VALUES))
    strings = b",".join([b'"' + b"a" * 100 + b'"'] * VALUES)
    return [
        b"[" + b"1," * ((BIG - 3) // 2) + b"1]",        # a million numbers
        b"[" * BIG,
        b"[" * 500 + b"]" * 500,
        b'["' + b"a" * (BIG - 4) + b'"]',
        b'["' + b"\xc3\xa4" * (BIG // 2 - 2) + b'"]',
        b"[" + b"1," * VALUES + b"1]",
        b"{" + members + b"}",
        b"[" + strings + b"]",
    ]


def bodies(tally, stopped, number, target):
    """On every connection at once, as much as one takes."""
    wholes = [request(body=body) for body in large_bodies()]
    count = 40
    socks = {}
    while not stopped():
        for slot in range(count):
            if slot not in socks and not stopped():
                with contextlib.suppress(*GONE):
                    sock = connect(target, slot)
                    sock.setblocking(False)
                    socks[slot] = (sock, memoryview(random.choice(wholes)))
        moved = False
        for slot in list(socks):
            if stopped():
                break
            moved |= feed(socks, slot, wholes, tally)
        if not moved:
            peers.pause(0.002)
    for sock, _ in socks.values():
        peers.close(sock)


def feed(socks, slot, wholes, tally):
    """A piece of one of them; whether it went."""
    sock, left = socks[slot]
    try:
        if left:
            left = left[sock.send(left[:65536]):]
            socks[slot] = (sock, left)
            return True
        data = sock.recv(65536)
        if not data:
            raise httpclient.Closed("closed")
        tally.value += 1
        socks[slot] = (sock, memoryview(random.choice(wholes)))
        return True
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return False
    except GONE:
        tally.value += 1
        peers.close(sock)
        del socks[slot]
        return True


# ---- garbage ---------------------------------------------------------------


def bytes_on_tcp(target, number):
    with contextlib.closing(raw(target, number)) as sock:
        sock.sendall(peers.garbage(random.randrange(1, 5000)))


def broken_tls(target, number):
    """A handshake that is right to a point, and records that are not."""
    hello = bytearray(client_hello(target))
    hello[random.randrange(5, len(hello))] ^= 1 << random.randrange(8)
    with contextlib.closing(raw(target, number)) as sock:
        sock.sendall(hello)
        sock.sendall(b"\x17\x03\x03\x00\x20" + peers.garbage(32))


def bytes_under_tls(target, number):
    with contextlib.closing(connect(target, number)) as sock:
        sock.sendall(peers.garbage(random.randrange(1, 20000)))


def broken_records(target, number):
    """From within a connection that was right."""
    with contextlib.closing(connect(target, number)) as sock:
        sock.sendall(request(body=eth.encode(eth.payload_v2())))
        socket.socket.send(sock, b"\x17\x03\x03\x00\x30" + peers.garbage(48))


def broken_json(target, number):
    body = bytearray(eth.encode(eth.sign_transaction(input="0x" + "ab" * 50)))
    for _ in range(random.randrange(1, 6)):
        body[random.randrange(len(body))] = random.randrange(256)
    with Peer(target, number) as peer:
        peer.exchange(body=bytes(body))


def half_close(target, number):
    with contextlib.closing(connect(target, number)) as sock:
        sock.sendall(request(body=eth.encode(eth.payload_v2())) *
                     random.randrange(1, 4))
        socket.socket.shutdown(sock, socket.SHUT_WR)
        sock.recv(4096)


def reset(target, number):
    with contextlib.closing(connect(target, number)) as sock:
        sock.sendall(announce(1000) + b"[1,2,")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        b"\1\0\0\0\0\0\0\0")


def broken_frames(target, number):
    endpoint = wsconn.connect(target.signers, peers.tls(
        target.ca, target.pairs[random.choice((JUNK, GOOD))]))
    with contextlib.closing(endpoint.stream):
        endpoint.stream.send(peers.garbage(random.randrange(1, 300)))
        endpoint.send(b'{"jsonrpc":"2.0","id":1,"method":"x"}')
        endpoint.stream.send(endpoint.frame(
            random.randrange(16), peers.garbage(random.randrange(130)),
            fin=bool(random.randrange(2)), rsv=random.randrange(8)))


RUBBISH = (bytes_on_tcp, broken_tls, bytes_under_tls, broken_records,
           broken_json, half_close, reset, broken_frames)


def rubbish(tally, stopped, number, target):
    while not stopped():
        with contextlib.suppress(*GONE, *NO_LINK, ValueError):
            random.choice(RUBBISH)(target, tally.value)
        tally.value += 1


# ---- ordinary ones, that go away at any moment ------------------------------


def ordinary(tally, stopped, number, target):
    """A client whose process is killed meanwhile."""
    message = request(body=eth.encode([eth.payload_v2(n) for n in range(20)]))
    while not stopped():
        with contextlib.suppress(*GONE), Peer(target, number) as peer:
            for _ in range(20):
                peer.send(message)
                peer.read_response()
                tally.value += 1
