# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""keyd with an audit process that is behind, which is the test here."""

import os
import signal

import pytest

from lib import auditmsg, imsg, keymsg, trail
from test_audit import (AUDIT, Trail, commit, payload, select_ready, send,
                        start)

GOES_ON = b"audit: records are written again: signing goes on"


def wait_said(server, text):
    """In keyd's log."""
    while True:
        kind, said = server.parent.read()
        assert kind == keymsg.LOG
        if text in said:
            return


def fill(server, count):
    """So many records, the start's among them, and then it is busy."""
    book, channel = Trail(server), server.channels[0]
    send(channel, *(payload(n) for n in range(1, count + 1)))
    kinds = [channel.read()[0] for _ in range(count)]
    assert kinds == [keymsg.SIGNED] * (count - 1) + [keymsg.REFUSED]
    asked = []
    while len(book.records) < count:
        book.take()
        if book.asked:
            asked.append(book.last)
    return book, asked


def test_the_last_one_there_is_room_for_asks(site):
    """An answer to what was asked before can come first, and be too little
    to go on: none would follow it."""
    with start(site, dict(queue=64)) as server:
        book, asked = fill(server, 64)
        assert len(asked) == 2 and asked[0] < 32 and asked[1] == 64
        book.written(asked[0])
        send(server.channels[0], payload(100))
        _, said = server.channels[0].read()
        assert said[-4:] == keymsg.u32(AUDIT)
        book.written(asked[1])
        wait_said(server, GOES_ON)
        send(server.channels[0], payload(100))
        assert server.channels[0].read()[0] == keymsg.SIGNED
        book.until(65)
        server.drain_log()


def test_a_smaller_queue_asks(site):
    """By a reload there is less room than is taken already."""
    with start(site, dict(queue=4096)) as server:
        book, channel = Trail(server), server.channels[0]
        send(channel, *(payload(n) for n in range(1, 201)))
        assert all(each[0] == keymsg.SIGNED for each in
                   channel.read_all(200))
        book.until(201)
        assert not book.asked
        commit(server, site, queue=64)
        book.until(202)
        assert book.asked
        assert channel.read()[0] == keymsg.SWITCHED
        send(channel, payload(300))
        assert channel.read()[1][-4:] == keymsg.u32(AUDIT)
        book.written()
        wait_said(server, GOES_ON)
        server.drain_log()


# ---- the socket is full ---------------------------------------------------

HALTED = b"audit: the audit process does not take records: answers wait " \
    b"until it does"
LEAVES = b"audit: records leave again: answers do, too"
MANY = 400              # of each of two askers: more than fits the socket


@pytest.fixture
def server(site):
    """It may be killed."""
    made = start(site, dict(queue=100000), channels=2, links=1)
    try:
        yield made
    finally:
        made.__exit__(Exception)


def all_there_is(channel):
    """Whole messages, up to the end or to where nothing more is there."""
    found, at, fresh = channel.buffer, 0, None
    channel.near.setblocking(False)
    try:
        while fresh != b"":
            fresh = channel.near.recv(1 << 18)
            found += fresh
    except (BlockingIOError, ConnectionResetError):
        pass
    channel.near.settimeout(imsg.PATIENCE)
    messages = []
    while len(found) - at >= imsg.HEADER.size:
        kind, length, _, _ = imsg.HEADER.unpack_from(found, at)
        if len(found) - at < length:
            break
        messages.append((kind, found[at + imsg.HEADER.size:at + length]))
        at += length
    channel.buffer = found[at:]
    return messages


def askers(server):
    return server.channels[0], server.links[0]


def stall(server):
    """Requests, until neither records nor answers leave any more."""
    for via, channel in enumerate(askers(server)):
        send(channel, *(payload(10000 * via + n, via=via)
                        for n in range(1, MANY + 1)))
    wait_said(server, HALTED)


def answered(channel):
    """The numbers of its requests that are answered by now."""
    found = all_there_is(channel)
    assert {kind for kind, _ in found} <= {keymsg.SIGNED}
    return [keymsg.read_reply(*each)[0] for each in found]


def signed(messages):
    """The same, of those on record."""
    return [int(trail.fields(line)["payload"], 16) - 2**200
            for kind, message in messages
            for line in auditmsg.append(message)[3].splitlines()
            if " event=signed " in line]


def test_killed_while_records_wait(server):
    """What was answered is on record: that is read after keyd's end."""
    stall(server)
    os.kill(server.pid, signal.SIGKILL)
    assert server.wait() == -signal.SIGKILL
    found = signed(all_there_is(server.audit))
    heard = [n for channel in askers(server) for n in answered(channel)]
    assert 50 < len(heard) < 2 * MANY
    assert len(found) == len(set(found)) and set(heard) <= set(found)


def test_nobody_is_answered_while_records_wait(server, site):
    """Neither those who asked, nor another one, nor with the word that rules
    have changed; and no more requests are taken.  Then all are answered."""
    stall(server)
    left = [MANY - len(answered(channel)) for channel in askers(server)]
    assert sum(left) > 0
    send(server.channels[1], payload(9000))
    commit(server, site, queue=100000)
    assert not any(select_ready(channel)
                   for channel in server.channels + server.links)
    book = Trail(server)
    book.until(2 * MANY + 3)
    wait_said(server, LEAVES)
    # Of the requests many had not been looked at when the rules changed.
    assert "reload" in {each["event"]
                        for each in book.records[:2 * MANY - 200]}
    assert {server.channels[1].read()[0] for _ in range(2)} == {
        keymsg.SIGNED, keymsg.SWITCHED}
    for count, channel in zip(left, askers(server)):
        kinds = [kind for kind, _ in channel.read_all(count + 1)]
        assert kinds.count(keymsg.SWITCHED) == 1
        assert set(kinds) <= {keymsg.SIGNED, keymsg.REFUSED, keymsg.SWITCHED}
    assert server.running()


def test_the_writer_goes_while_records_wait(server):
    """Requests whose records are lost are not answered any more."""
    stall(server)
    for channel in askers(server):
        answered(channel)
    server.audit.close()
    assert server.wait() == 1
    assert not any(map(answered, askers(server)))
