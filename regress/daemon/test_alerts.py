# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The alert rules for Prometheus and the dashboard for Grafana: what they name
is what the daemons have."""

import collections
import glob
import json
import os
import re

import yaml

from lib import daemon

ROOT = os.path.dirname(daemon.HERE)
RULES = os.path.join(ROOT, "etc", "prometheus", "signerd.rules.yml")
DASHBOARD = os.path.join(ROOT, "etc", "grafana", "signerd.json")
# Prometheus' own, and what it puts on each sample.
OWN = {"up": ("GAUGE", frozenset())}
TARGET = {"job", "instance"}
# What an operator has to hear of has at least one alert.
WATCHED = {
    "up", "signerd_process_up", "signerd_rule_served", "proxyd_rules_unserved",
    "signerd_config_last_reload_successful",
    "proxyd_config_last_reload_successful",
    "signerd_files_unfit", "proxyd_files_unfit",
    "signerd_certificate_expiry_seconds", "proxyd_certificate_expiry_seconds",
    "signerd_crl_next_update_seconds", "proxyd_crl_next_update_seconds",
    "signerd_link_up", "proxyd_signer_up", "signerd_rejections_total",
    "proxyd_rejections_total", "signerd_requests_total",
    "proxyd_requests_total", "signerd_audit_ready",
    "signerd_audit_failed_writes_total", "signerd_request_seconds_bucket",
    "proxyd_request_seconds_bucket", "signerd_queued_requests",
    "proxyd_queued_requests", "signerd_keyd_behind"}
ROWS = ["Overview", "Clients and keys", "Latency", "Links and signers",
        "Connections and handshakes", "Certificates and revocation lists",
        "Memory, log, audit trail"]

# The expression, and the labels that texts beside it name.
Query = collections.namedtuple("Query", ("where", "expr", "labels"))


def defined():
    """Kind and labels of each metric, as Prometheus sees them."""
    with open(os.path.join(ROOT, "common", "metrics_table.c"),
              encoding="utf-8") as f:
        table = f.read()
    entries = re.findall(
        r'\[METRIC_\w+\] = \{\s*"(\w+)",\s*(?:METRIC_)?(\w+),.*?'
        r'\{ ([^{}]*) \} \}', table, re.S)
    assert len(entries) == table.count("[METRIC_") - 1      # its size
    found = dict(OWN)
    for name, kind, labels in entries:
        labels = frozenset(re.findall('"([^"]*)"', labels))
        if kind in ("SECONDS", "MILLISECONDS", "SIZES"):
            found[name + "_sum"] = found[name + "_count"] = "COUNTER", labels
            found[name + "_bucket"] = "COUNTER", labels | {"le"}
        else:
            assert kind in ("COUNTER", "GAUGE", "INFO", "DURATION"), name
            found[name] = kind, labels
    return found


def rules():
    with open(RULES, encoding="utf-8") as f:
        return [rule for group in yaml.safe_load(f)["groups"]
                for rule in group["rules"]]


def panels():
    with open(DASHBOARD, encoding="utf-8") as f:
        return json.load(f)["panels"]


def queries():
    for rule in rules():
        yield Query(rule["alert"], rule["expr"], set(re.findall(
            r"\$labels\.(\w+)", "".join(rule["annotations"].values()))))
    for panel in panels():
        for target in panel.get("targets", ()):
            yield Query(panel["title"], target["expr"], set(re.findall(
                r"{{\s*(\w+)\s*}}", target["legendFormat"])))


def bare(expr):
    """Without what is in quotes."""
    return re.sub(r'"[^"]*"', '""', expr)


def metrics(expr):
    """Name and matchers of each selector."""
    return re.findall(r"\b((?:signerd?|proxyd)_\w+|up\b)(?:\{([^}]*)\})?",
                      bare(expr))


def inner(text, start):
    """What is in the parentheses that open at start."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[start + 1:at]
    raise AssertionError(text)


def aggregations(expr):
    """Labels, and what is summed up, of each sum by (...) (...)."""
    for m in re.finditer(r"\bby \(([^)]*)\) (?=\()", expr):
        yield (set(re.findall(r"\w+", m[1])),
               inner(expr, m.end()))


def result(expr, known):
    """Labels that the result may have."""
    rest, found = bare(expr), set()
    for labels, part in aggregations(bare(expr)):
        found |= labels
        rest = rest.replace(part, "")
    for name, _ in metrics(rest):
        found |= known[name][1] | TARGET
    for more in re.findall(r"group_left \(([^)]*)\)", expr):
        found |= set(re.findall(r"\w+", more))
    return found - {"le"}


KNOWN = defined()
QUERIES = list(queries())


def test_metrics_and_labels():
    for query in QUERIES:
        named = metrics(query.expr)
        assert named, query.where
        for name, matchers in named:
            assert name in KNOWN, query
            labels = set(re.findall(r"(\w+)\s*[!=]", matchers))
            assert labels <= KNOWN[name][1] | TARGET, (name, query)
        for labels, part in aggregations(query.expr):
            sets = [KNOWN[name][1] | TARGET for name, _ in metrics(part)]
            if "group_left" in part:
                sets = [frozenset().union(*sets)]
            assert all(labels <= each for each in sets), query


def test_texts_have_their_labels():
    for query in QUERIES:
        assert query.labels <= result(query.expr, KNOWN), query


def test_counters_are_rates():
    """And nothing else is."""
    for query in QUERIES:
        expr = bare(query.expr)
        rates = [name for m in re.finditer(r"\b(?:rate|increase)(?=\()", expr)
                 for name, _ in metrics(inner(expr, m.end()))]
        for name, _ in metrics(expr):
            assert (name in rates) == (KNOWN[name][0] == "COUNTER"), query


def test_values_of_labels():
    """Those that are asked for are words of the programs."""
    source = ""
    for path in glob.glob(os.path.join(ROOT, "*", "*.c")):
        with open(path, encoding="utf-8") as f:
            source += f.read()
    words = set()
    for query in QUERIES:
        for label, value in re.findall(r'(\w+)\s*(?:=~|!=|=)\s*"([^"]*)"',
                                       query.expr):
            if label not in TARGET:
                words |= set(value.split("|"))
    assert len(words) > 5
    assert not [word for word in words if f'"{word}"' not in source]


def test_alerts_say_what_to_do():
    found = rules()
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert len(rule["annotations"]["description"]) > 40


def test_alerts_watch_what_matters():
    watched = {name for rule in rules() for name, _ in metrics(rule["expr"])}
    assert WATCHED <= watched
    text = "".join(rule["expr"] for rule in rules())
    for days in (3, 14):
        for of in ("signerd", "proxyd"):
            assert (f"{of}_certificate_expiry_seconds - time() < "
                    f"{days} * 86400" in text)


def test_dashboard():
    found = panels()
    assert [p["title"] for p in found if p["type"] == "row"] == ROWS
    assert len({p["id"] for p in found}) == len(found)
    taken = set()
    for panel in found:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
