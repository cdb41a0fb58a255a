# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A daemon's metrics, as Prometheus' own client reads them."""

import http.client
import time

from prometheus_client import parser

from lib.httpclient import PATIENCE

TEXT = "text/plain; version=0.0.4; charset=utf-8"


def get(port, path, method="GET"):
    """Status, fields and text."""
    connection = http.client.HTTPConnection("127.0.0.1", port,
                                            timeout=PATIENCE)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return (response.status, dict(response.getheaders()),
                response.read().decode())
    finally:
        connection.close()


def until_ready(port, status, text=""):
    """Until it says so: on a busy machine a process that is well can be too
    late to be heard."""
    end = time.monotonic() + PATIENCE
    while True:
        found, _, said = get(port, "/readyz")
        if found == status and text in said:
            return
        assert time.monotonic() < end, (found, said)


class Scrape:
    """All samples of one answer: values by name and labels."""

    def __init__(self, text):
        self.kinds, self.helps, self.samples = {}, {}, {}
        for family in parser.text_string_to_metric_families(text):
            self.kinds[family.name] = family.type
            self.helps[family.name] = family.documentation
            for each in family.samples:
                key = (each.name, frozenset(each.labels.items()))
                assert key not in self.samples, key
                self.samples[key] = each.value

    def __call__(self, name, **labels):
        """The value of the sample that has just these labels."""
        return self.samples[name, frozenset(labels.items())]

    def all(self, name, **labels):
        """Values of the samples that have these labels, and may have more,
        by the labels' values, sorted by name, of the rest."""
        wanted = labels.items()
        return {tuple(value for key, value in sorted(found - wanted)): number
                for (each, found), number in self.samples.items()
                if each == name and wanted <= dict(found).items()}

    def over(self, name, **labels):
        """The same, of those that are not 0."""
        return {key: value for key, value in self.all(name, **labels).items()
                if value}

    def sum(self, name, **labels):
        return sum(self.all(name, **labels).values())

    def labels(self, name):
        return [dict(found) for each, found in self.samples if each == name]


def scrape(port):
    status, fields, text = get(port, "/metrics")
    assert status == 200, (status, text)
    assert fields["Content-Type"] == TEXT
    return Scrape(text)


def until(port, good, patience=PATIENCE):
    """A scrape that is good: what is counted is counted by another process,
    after the answer that was waited for."""
    end = time.monotonic() + patience
    while True:
        found = scrape(port)
        if good(found):
            return found
        assert time.monotonic() < end, sorted(map(str, found.samples.items()))
