# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The cases of the JSON parsing suite, from the table of the unit tests."""

import ast
import collections
import os
import re

from lib import daemon

TABLE = os.path.join(daemon.HERE, "unit", "jsonsuite_cases.h")
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
ENTRY = re.compile(
    r"^\t(C|C2|R)\(\s*(%s),\s*((?:%s\s*)+),\s*(?:([0-9]+),\s*(%s),\s*)?"
    r"([A-Z0-9]+)(?:,\s*([A-Z0-9]+))?\)" % (LITERAL, LITERAL, LITERAL), re.M)

# text: bytes of the document; error: what json_parse() returns for it.
Case = collections.namedtuple("Case", "name text error")


def _bytes(literals):
    return b"".join(ast.literal_eval("b" + each)
                    for each in re.findall(LITERAL, literals))


def cases():
    with open(TABLE, encoding="ascii") as f:
        table = f.read()
    made = []
    for match in ENTRY.finditer(table):
        _, name, text, times, tail, error, _ = match.groups()
        text = _bytes(text)
        if times is not None:
            text = text * int(times) + _bytes(tail) * int(times)
        made.append(Case(_bytes(name).decode(), text, error))
    assert len(made) == len(re.findall(r"^\t(?:C|C2|R)\(", table, re.M))
    return made
