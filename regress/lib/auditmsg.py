# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The messages of the audit trail (keyd/auditmsg.h), independently of it."""

from lib.keymsg import u32, u64

(CONFIG, KEY, LINK, CHANNEL, FILE, TAIL, START, READY, FAILED, COMMIT,
 COMMITTED, DISCARD, STOP, APPEND, SWITCH, HEAD, WRITTEN,
 STALLED) = range(0x700, 0x712)


def config(generation=1, sync=False, newfile=False, queue=64, head=60000):
    return u32(generation) + bytes([sync, newfile]) + u32(queue) + u32(head)


def name(index, text):
    raw = text.encode()
    return u32(index) + len(raw).to_bytes(2, "big") + raw


def where(sequence=0, digest=bytes(32), torn=0, tornhash=bytes(32), lines=0):
    return u64(sequence) + digest + u64(torn) + tornhash + u64(lines)


def append(payload):
    """Last sequence, sync, answer and the text of an APPEND."""
    return int.from_bytes(payload[:8], "big"), payload[8], payload[9], \
        payload[10:].decode("ascii")
