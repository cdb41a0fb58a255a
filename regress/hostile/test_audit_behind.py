# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""keyd with an audit process that is behind, which is the test here."""

from lib import keymsg
from test_audit import AUDIT, Trail, commit, payload, send, start

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
