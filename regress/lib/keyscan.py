# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Looking for a private key, in every way to write it, in memory and text."""

import base64
import re

from lib import procfs


def secret_of(path):
    """The scalar in a SEC 1 file: after version 1, 32 bytes."""
    with open(path) as f:
        body = re.search("BEGIN (?:EC )?PRIVATE KEY-+\n(.*?)\n-", f.read(), re.S)
    der = base64.b64decode(body.group(1))
    at = der.index(b"\x02\x01\x01\x04\x20") + 5
    return der[at:at + 32], body.group(1).encode()


def words(raw, size, little, reverse):
    """The number as machine words of that size, in either order."""
    parts = [raw[at:at + size] for at in range(0, len(raw), size)]
    if little:
        parts = [part[::-1] for part in parts]
    return b"".join(parts[::-1] if reverse else parts)


def forms(raw, text=b""):
    """Name and bytes of every way to write the key; in halves, so that a
    part of it is found too."""
    whole = {"raw": raw, "reversed": raw[::-1]}
    for size in (4, 8):
        for reverse in (False, True):
            whole["%d-bit words, %s first" % (
                8 * size, "least" if reverse else "most")] = words(
                    raw, size, True, reverse)
    whole["64-bit words, big endian, least first"] = words(
        raw, 8, False, True)
    for name, data in (("", raw), (" reversed", raw[::-1])):
        whole["hex" + name] = data.hex().encode()
        whole["HEX" + name] = data.hex().upper().encode()
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + raw)
        whole["base64, shifted by %d" % shift] = coded[4:40]
    for number, line in enumerate(text.split(b"\n")):
        if len(line) >= 32:
            whole["line %d of the file" % number] = line
    return {"%s (%s half)" % (name, half): part
            for name, data in whole.items()
            for half, part in (("first", data[:len(data) // 2]),
                               ("second", data[len(data) // 2:]))}


def scan(pid, wanted, only=None):
    """(form, mapping) of each find, and the mappings that gave nothing.

    only: says of a mapping whether it is looked at.
    """
    found, closed = [], []
    for mapping, data in procfs.memory(pid, only):
        if data is None:
            closed.append(mapping)
            continue
        found += [(name, mapping) for name, part in wanted.items()
                  if part in data]
    return found, closed


def writable(mapping):
    """What a process can have put something into."""
    return "w" in mapping.mode


def quoted(text, raw, size=12):
    """Parts of the key's digits, or of its base64, that a text repeats."""
    digits = raw.hex()
    parts = {digits[at:at + size] for at in range(len(digits) - size + 1)}
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + raw).decode()[4:40]
        parts |= {coded[at:at + size] for at in range(len(coded) - size + 1)}
    return sorted(part for part in parts
                  if part in text or part.upper() in text)
