# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The EXAMPLES of manual pages, as a reader sees them."""

import collections
import glob
import os
import re

from lib import daemon

MAN = os.path.join(os.path.dirname(daemon.HERE), "man")
ESCAPES = {r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\-": "-", r"\&": ""}

# The text of a literal block, and of the paragraph before it.
Block = collections.namedtuple("Block", ("before", "text"))


def plain(text):
    text = re.sub(r"\\(?:e|-|&|\(aq|\(dq)", lambda m: ESCAPES[m.group()],
                  re.sub(r"\\&(?=\.)", "", text))
    return text


def pages():
    """Names of the pages that have such a section."""
    found = []
    for path in sorted(glob.glob(os.path.join(MAN, "*.[1-9]"))):
        with open(path, encoding="utf-8") as f:
            if re.search(r"^\.Sh EXAMPLES$", f.read(), re.M):
                found.append(os.path.basename(path))
    return found


def blocks(page):
    with open(os.path.join(MAN, page), encoding="utf-8") as f:
        text = f.read()
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)", text,
                        re.M | re.S).group(1)
    found, before = [], ""
    for part in re.split(r"^(\.Bd .*?^\.Ed)$", section, flags=re.M | re.S):
        if part.startswith(".Bd "):
            found.append(Block(before, plain(part.split("\n", 1)[1]
                                             [:-len(".Ed")])))
        before = re.split(r"^\.Pp$", part, flags=re.M)[-1]
    return found


def commands(text):
    """Without the prompts, where there are any; None: it is no commands."""
    if not re.match(r"[#$] ", text):
        return None
    return re.sub(r"^[#$] ", "", text, flags=re.M)
