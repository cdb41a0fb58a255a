# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Recursive Length Prefix: bytes and lists of them; canonical forms only."""


def encode(item):
    if isinstance(item, (bytes, bytearray)):
        if len(item) == 1 and item[0] < 0x80:
            return bytes(item)
        return header(0x80, len(item)) + item
    body = b"".join(encode(each) for each in item)
    return header(0xc0, len(body)) + body


def header(base, length):
    if length < 56:
        return bytes([base + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size


def decode(data):
    item, end = _item(data, 0)
    if end != len(data):
        raise ValueError("bytes after the item")
    return item


def _length(data, at, short):
    """Length of an item that begins at `at`, and where its body begins."""
    if short < 56:
        return short, at + 1
    size = short - 55
    raw = data[at + 1:at + 1 + size]
    if len(raw) != size or raw[0] == 0:
        raise ValueError("length of a length")
    length = int.from_bytes(raw, "big")
    if length < 56:
        raise ValueError("long form of a short length")
    return length, at + 1 + size


def _item(data, at):
    if at >= len(data):
        raise ValueError("truncated")
    first = data[at]
    if first < 0x80:
        return data[at:at + 1], at + 1
    length, start = _length(data, at, first - (0xc0 if first >= 0xc0
                                               else 0x80))
    end = start + length
    if end > len(data):
        raise ValueError("truncated")
    if first < 0xc0:
        if length == 1 and data[start] < 0x80:
            raise ValueError("long form of a byte")
        return data[start:end], end
    items = []
    while start < end:
        item, start = _item(data[:end], start)
        items.append(item)
    return items, end
