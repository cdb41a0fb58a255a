# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A client that asks for much and reads late gets all of it."""

import threading

from lib.httpclient import request

COUNT = 100
ERROR = {"jsonrpc": "2.0", "id": None,
         "error": {"code": -32600, "message": "invalid request"}}


def test_late_reader_gets_every_answer(site, serve):
    """Far more than all buffers on the way take: the daemon has to stop in
    the middle and to go on, again and again."""
    signerd = serve(site.config(
        rules='allow client "sequencer.example" key "sequencer" chain 10\n'))
    asked = request(body=b"[" + b",".join([b"1"] * 1000) + b"]")
    with signerd.connect() as connection, signerd.connect() as other:
        sender = threading.Thread(target=connection.send,
                                  args=(asked * COUNT,), daemon=True)
        sender.start()
        # By now the answers that fit have come as far as they can.
        for _ in range(50):
            other.exchange("GET", "/healthz", json=False)
        for _ in range(COUNT):
            answer = connection.read_response().json()
            assert len(answer) == 1000 and answer[-1] == ERROR
        sender.join()
