# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The worked example of MIGRATING.md: its commands are run as they are there,
with op-signer's files, and its rules allow what its config.yaml does."""

import os
import re
import shutil
import subprocess

import pytest
import yaml

from lib import certs, daemon, ports
from test_readme import Reader

ROOT = os.path.dirname(daemon.HERE)
SERVICE = "/srv/op-signer"
KEYS = {"sequencer": "sequencer", "batcher": "batcher-explicit"}
DAEMONS = ("signerd", "proxyd")
PROGRAMS = DAEMONS + ("signerctl", "opsign")


def blocks(mark):
    with open(os.path.join(ROOT, "MIGRATING.md"), encoding="utf-8") as f:
        return re.findall(r"^```%s\n(.*?)^```$" % mark, f.read(),
                          re.M | re.S)


class Operator(Reader):
    """Types in what is there, with another root of the file system."""

    def adapted(self, text):
        for place in (SERVICE, "/etc/signerd", "/etc/proxyd"):
            text = text.replace(place, self.home + place)
        for port, other in self.ports.items():
            text = re.sub(r"\b%s\b" % port, other, text)
        if daemon.ROOT:
            text = text.replace("END\nlisten", 'END\nuser "%s"\nchroot "%s"\n'
                                "control off\nlisten" % (daemon.USER,
                                                         self.site.root))
        return text

    def path(self, name):
        return self.home + SERVICE + "/" + name


def install(home):
    """op-signer's files, as its scripts leave them, and our programs."""
    for place in ("/etc/signerd/keys", SERVICE + "/keys", "/bin"):
        os.makedirs(home + place, 0o755)
    tls = certs.Authority(home + SERVICE + "/tls")
    for source, to in ((tls.server(), "."),
                       (tls.client("sequencer.example"), "sequencer.example"),
                       (tls.client("batcher.example"), "batcher.example")):
        os.makedirs(home + SERVICE + "/tls/" + to, exist_ok=True)
        for path, name in zip(source, ("tls.crt", "tls.key")):
            shutil.copyfile(path, home + SERVICE + "/tls/%s/%s" % (to, name))
            os.chmod(home + SERVICE + "/tls/%s/%s" % (to, name), 0o600)
    if tls.ca != home + SERVICE + "/tls/ca.crt":
        shutil.copyfile(tls.ca, home + SERVICE + "/tls/ca.crt")
    for name, source in KEYS.items():
        path = home + SERVICE + "/keys/%s.pem" % name
        shutil.copyfile(os.path.join(daemon.CONFORM, "keys", source + ".pem"),
                        path)
        os.chmod(path, 0o600)
    for name in PROGRAMS:
        with open(home + "/bin/" + name, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\nexec %s/%s%s "$@"\n' % (
                daemon.BUILD, name, " -x %s/libexec" % daemon.BUILD
                if name in DAEMONS else ""))
        os.chmod(home + "/bin/" + name, 0o755)


@pytest.fixture
def operator(site, tmp_path):
    os.chmod(tmp_path, 0o755)
    install(str(tmp_path))
    it = Operator(str(tmp_path), site)
    it.ports = {port: str(ports.reserve()) for port in ("8546", "7301",
                                                       "8547", "9990")}
    it.run("PATH=%s/bin:$PATH" % tmp_path)
    yield it
    it.run("[ -z \"${signer:-}\" ] || { kill $signer 2>/dev/null; wait; } || :")
    it.shell.stdin.close()
    it.shell.wait(daemon.PATIENCE)


def rules(operator):
    """Of the canonical form, a dictionary each."""
    out = subprocess.run(
        [operator.home + "/bin/signerd", "-nv", "-f",
         operator.home + "/etc/signerd/signerd.conf"], check=True, text=True,
        stdout=subprocess.PIPE, timeout=daemon.PATIENCE).stdout
    return [dict(re.findall(r'(client|key|method|chain|to|max-value) '
                            r'"?([^" {}]+|\{[^}]*\})"?', line))
            for line in out.splitlines() if line.startswith("allow ")]


def test_commands_are_run(operator):
    commands = blocks("sh")
    assert len(commands) == 7
    entries = yaml.safe_load(blocks("yaml")[0])["auth"]
    operator.run(commands[0])
    printed = operator.output.lower()
    for entry in entries:
        assert entry["fromAddress"].lower() in printed
    operator.run(commands[1])
    assert operator.output == ""                # -n is silent
    found = rules(operator)
    assert [(rule["client"], rule["chain"]) for rule in found] == [
        (entry["name"], str(entry["chainID"])) for entry in entries]
    for rule, entry in zip(found, entries):
        assert entry["key"] == "keys/%s.pem" % rule["key"]
        if "toAddresses" in entry:
            assert rule["method"] == "transaction"
            assert [rule["to"]] == [each.lower()
                                    for each in entry["toAddresses"]]
            assert int(rule["max-value"]) == int(entry["maxValue"], 16) == 0
    operator.run(commands[2])
    operator.wait("signer.log", msg="ready")
    operator.run(commands[3])
    for entry in entries:
        signed = operator.wait("signer.log", msg="signed",
                               client=entry["name"])
        assert signed["address"] == entry["fromAddress"].lower()
    operator.run(commands[4])
    assert re.findall(r"(?m)^refused: (\d+)$", operator.output) == ["1", "1"]
    for reason in ("to address not authorized", "unexpected chainId"):
        operator.wait("signer.log", msg="refused", reason=reason)
    operator.run(commands[5])
    operator.wait("signer.log", msg="stopped")
    operator.run(commands[6])
    assert operator.output == ""
    with open(operator.home + "/etc/proxyd.conf", encoding="utf-8") as f:
        assert entries[0]["fromAddress"] in f.read()


def rows(heading):
    """Of the last table with that heading: its first cell, and what is quoted
    in its second."""
    with open(os.path.join(ROOT, "MIGRATING.md"), encoding="utf-8") as f:
        table = re.findall(r"^\| %s \|\n\|---\|---\|\n((?:\|.*\n)+)" %
                           re.escape(heading), f.read(), re.M)[-1]
    return [(row[1], re.findall(r"`([^`]+)`", row[2]))
            for row in (line.split("|") for line in table.splitlines())]


def page(name):
    with open(os.path.join(ROOT, "man", name), encoding="utf-8") as f:
        return re.sub(r"^\.\w\w ", "", f.read().replace(" Ns", ""), flags=re.M)


@pytest.mark.parametrize("flag", ("enabled", "addr", "port", "signer.ca",
                                  "signer.name", "signer.tls.cert",
                                  "signer.tls.key"))
def test_flags_of_the_proxy(flag):
    """Each, and its variable, is in the table of proxyd.conf, and what there
    is in its place is a statement."""
    found = [(row, said) for row, said in rows(
        "Flag, variable with `OP_SIGNER_` before it | proxyd.conf(5)")
             if "`--proxy.%s`" % flag in row]
    assert len(found) == 1
    row, said = found[0]
    assert "`PROXY_%s`" % flag.upper().replace(".", "_") in row
    for statement in said:
        assert re.match(r"[a-z]+( on| ca| certificate)?\b", statement).group(
            0) in page("proxyd.conf.5")
    assert said or flag == "enabled"


def test_links_of_op_signer():
    """The other end of them: what a signer of that protocol has."""
    found = dict(rows("config.yaml | signerd.conf(5)"))
    for field in ("`proxyEndpoint`", "`enable: false`", "`name`",
                  "`HTTPS_PROXY`"):
        assert any(field in row for row in found), field
    for statement in ('proxy "edge"', 'allow via "edge"', "tls ca"):
        assert any(statement in each for said in found.values()
                   for each in said), statement
        assert statement.split('"')[0].strip() in page("signerd.conf.5")


def test_statements_are_known():
    """What the tables put in place of fields and flags is in the manual."""
    with open(os.path.join(ROOT, "MIGRATING.md"), encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(ROOT, "man", "signerd.conf.5"),
              encoding="utf-8") as f:
        page = f.read()
    for field in ("provider", "name", "key", "chainID", "fromAddress",
                  "toAddresses", "maxValue"):
        assert "| `%s` |" % field in text
    for words in ("listen on", "metrics on", "tls ca", "tls certificate",
                  "tls crl", "tls protocols", "max-value", "max-fee"):
        assert "`" + words in text
        assert words in page
    for name in re.findall(r"`(signer_\w+)`", text):
        with open(os.path.join(ROOT, "common", "metrics_table.c"),
                  encoding="utf-8") as f:
            assert '"%s"' % name in f.read()
    for target in re.findall(r"\]\(([\w./]+)\)", text):
        assert os.path.exists(os.path.join(ROOT, target)), target
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        assert "(MIGRATING.md)" in f.read()
