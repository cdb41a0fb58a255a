# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A certificate authority of one run, by way of the openssl command."""

import os
import subprocess
import threading

EXTENSIONS = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
[client_only]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
[ca]
default_ca = this
[this]
dir = .
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir
certificate = $dir/ca.crt
private_key = $dir/ca.key
default_md = sha256
default_crl_days = 1
policy = any
unique_subject = no
email_in_dn = no
copy_extensions = copy
[any]
commonName = supplied
"""
# Clients that the recorded cases name: CN and subjectAltName.
CLIENTS = {
    "sequencer.example": ("sequencer.example", "DNS:sequencer.example"),
    "batcher.example": ("batcher.example", "DNS:batcher.example"),
    "multi.example": ("multi.example", "DNS:multi.example"),
    "unknown.example": ("unknown.example", "DNS:unknown.example"),
    "open.example": ("open.example", "DNS:open.example"),
    "nosan": ("sequencer.example", None),
    "iponly": ("sequencer.example", "IP:127.0.0.1"),
    "twosans": ("sequencer.example",
                "DNS:batcher.example,DNS:sequencer.example"),
}


class Authority:
    """Makes its own certificate at once, those of others when asked."""

    def __init__(self, directory, name="test authority"):
        self.directory = directory
        self._one = threading.RLock()   # at a time: threads may ask
        os.makedirs(directory, mode=0o755, exist_ok=True)
        self._write("openssl.cnf", EXTENSIONS)
        self._write("index.txt", "")
        self._write("serial", "01\n")
        self._openssl("req", "-x509", *self._newkey("ca"), "-days", "60",
                      "-subj", "/CN=" + name, "-extensions", "authority")
        self.made = {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def _write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def _openssl(self, command, *arguments):
        done = subprocess.run(
            ["openssl", command, "-config", "openssl.cnf", *arguments],
            cwd=self.directory, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise RuntimeError("openssl %s: %s" % (command, done.stdout))

    def _newkey(self, stem, out="crt"):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-nodes", "-keyout", stem + ".key",
                "-out", "%s.%s" % (stem, out)]

    def issue(self, stem, common_name, alternative=None, dates=None,
              section="leaf"):
        """Certificate and key paths; dates = (start, end), YYMMDDHHMMSSZ."""
        with self._one:
            if stem not in self.made:
                self.made[stem] = self._issue(stem, common_name, alternative,
                                              dates, section)
            return self.made[stem]

    def _issue(self, stem, common_name, alternative, dates, section):
        extension = []
        if alternative is not None:
            self._write("request.cnf", EXTENSIONS +
                        "[names]\nsubjectAltName = %s\n" % alternative)
            extension = ["-config", "request.cnf", "-reqexts", "names"]
        self._openssl("req", "-new", *self._newkey(stem, "csr"),
                      "-subj", "/CN=" + common_name, *extension)
        when = ["-days", "30"] if dates is None else [
            "-startdate", dates[0], "-enddate", dates[1]]
        self._openssl("ca", "-batch", "-notext", "-in", stem + ".csr",
                      "-out", stem + ".crt", "-extensions", section, *when)
        pair = (self.path(stem + ".crt"), self.path(stem + ".key"))
        os.chmod(pair[1], 0o600)
        return pair

    def issue_named(self, stem, names):
        """One whose DNS names hold any printable bytes."""
        lines = "".join("DNS.%d = %s\n" % (i, "".join(
            "\\" + c if c in "\"'\\$#;" else c for c in name))
            for i, name in enumerate(names))
        return self.issue(stem, stem, "@alternatives\n[alternatives]\n" +
                          lines)

    def server(self):
        return self.issue("server", "localhost",
                          "DNS:localhost,IP:127.0.0.1,IP:::1")

    def client(self, name):
        return self.issue(name, *CLIENTS.get(name, (name, "DNS:" + name)))

    def proxy(self, name="proxy.example"):
        """Of a proxy's server, that may be asked for by any of these."""
        return self.issue(name, name,
                          "DNS:%s,DNS:localhost,IP:127.0.0.1" % name)

    def revoke(self, stem):
        self._openssl("ca", "-revoke", stem + ".crt")

    def crl(self, name="ca.crl", dates=None):
        when = [] if dates is None else [
            "-crl_lastupdate", dates[0], "-crl_nextupdate", dates[1]]
        self._openssl("ca", "-gencrl", "-out", name, *when)
        return self.path(name)

    @property
    def ca(self):
        return self.path("ca.crt")
