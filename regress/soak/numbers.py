# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What came of it: rows of the table, and checks."""

SHORT = (("signerd", "signerd"), ("frontend", "front"), ("link", "link"),
         ("dialer", "dialer"), ("keyd", "keyd"), ("proxyd", "proxyd"),
         ("relay", "relay"))


def quantile(times, part):
    """Seconds; None of none."""
    if not times:
        return None
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def ms(seconds):
    if seconds is None:
        return "-"
    return ("%.2f" if seconds < 0.1 else "%.0f") % (seconds * 1000)


class Way:
    """Requests of one client in one phase."""

    def __init__(self, report):
        self.report = report
        self.count = report.answered
        self.p50 = quantile(report.times, 0.5)
        self.p99 = quantile(report.times, 0.99)
        self.worst = max(report.times, default=None)

    def factor(self, calm):
        if calm is None or not calm.p99 or not self.p99:
            return None
        return self.p99 / calm.p99

    def cells(self, calm):
        factor = self.factor(calm)
        return "%7d %7s %7s %6s %7s %4d %4d" % (
            self.count, ms(self.p50), ms(self.p99),
            "-" if factor is None else "%.1f" % factor, ms(self.worst),
            self.report.unavailable, len(self.report.lost))


WAY = "%7s %7s %7s %6s %7s %4s %4s" % (
    "asked", "p50", "p99", "factor", "worst", "503", "lost")


class Row:
    def __init__(self, name, direct, proxied, memory):
        self.name = name
        self.direct = Way(direct)
        self.proxied = Way(proxied)
        self.memory = memory        # kB, by process

    def ways(self):
        return ("direct", self.direct), ("proxied", self.proxied)


def table(rows, calm, kind):
    """Lines.  Times are in ms, memory in MB."""
    names = [short for _, short in SHORT]
    lines = ["%-22s | %-51s | %-51s | %s in MB" % (
        "", "direct (ms)", "by way of proxyd (ms)", kind),
        "%-22s | %s | %s | %s" % ("phase", WAY, WAY, " ".join(
            "%7s" % each for each in names))]
    for row in rows:
        lines.append("%-22s | %s | %s | %s" % (
            row.name, row.direct.cells(calm and calm.direct),
            row.proxied.cells(calm and calm.proxied),
            " ".join("%7.1f" % (row.memory[name] / 1024)
                     for name, _ in SHORT)))
    return lines


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, right, text):
        print("%-7s %s" % ("ok" if right else "MISSED", text), flush=True)
        if right:
            self.passed += 1
        else:
            self.failed += 1
        return right

    def __str__(self):
        return "%d passed, %d failed" % (self.passed, self.failed)
