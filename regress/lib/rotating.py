# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""TLS files that change under a daemon which looks at them by itself."""

import os
import shutil

WATCH = "watch interval 20 ms"
TAKEN = "changed files taken up"
REFUSED = "changed files not taken up"
AS_BEFORE = "changed files are as before"


class Files:
    """Copies of the files of one TLS context, to be changed: ca, cert, key
    and crl are their paths."""

    def __init__(self, directory, ca, pair, crl=None):
        os.mkdir(directory, 0o755)
        self.directory = directory
        self.ca, self.cert, self.key, self.crl = (
            os.path.join(directory, name)
            for name in ("ca.crt", "tls.crt", "tls.key", "ca.crl"))
        self.write(ca=ca, pair=pair, crl=crl)

    @property
    def pair(self):
        return self.cert, self.key

    def write(self, ca=None, pair=None, crl=None):
        """What these files hold, in the place of what is there."""
        for source, target in ((ca, self.ca), (crl, self.crl),
                               *zip(pair or (), self.pair)):
            if source is not None:
                rewrite(source, target)

    def replace(self, ca=None, pair=None, crl=None):
        """The same by renaming: no file is ever half written."""
        for source, target in ((ca, self.ca), (crl, self.crl),
                               *zip(pair or (), self.pair)):
            if source is not None:
                rewrite(source, target + ".new")
                os.rename(target + ".new", target)


def rewrite(source, target):
    """In its place, as cp(1) does; but it never holds less than the whole,
    however long we are kept from the next step."""
    with open(source, "rb") as f:
        text = f.read()
    fd = os.open(target, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        blank = b"\n" * (os.fstat(fd).st_size - len(text))
        assert os.write(fd, text + blank) == len(text + blank)
        os.ftruncate(fd, len(text))
    finally:
        os.close(fd)
    os.chmod(target, os.stat(source).st_mode & 0o777)


def bundle(target, *cas):
    with open(target, "wb") as out:
        for each in cas:
            with open(each, "rb") as f:
                out.write(f.read())
    return target


class Volume:
    """A directory as Kubernetes mounts a secret: the names are symbolic links
    to ..data, which is one to the directory of that time."""

    def __init__(self, directory, **files):
        os.mkdir(directory, 0o755)
        self.directory = directory
        self._count = 0
        self.swap(**files)
        for name in files:
            name = name.replace("_", ".")
            os.symlink("..data/" + name, self.path(name))

    def path(self, name):
        return os.path.join(self.directory, name)

    def swap(self, **files):
        """All of them at once; tls_crt is for tls.crt."""
        self._count += 1
        made = "..2026_11_22_%d" % self._count
        os.mkdir(self.path(made), 0o755)
        for name, source in files.items():
            target = self.path(os.path.join(made, name.replace("_", ".")))
            shutil.copyfile(source, target)
            os.chmod(target, 0o400)
        old = self._count > 1 and os.readlink(self.path("..data"))
        os.symlink(made, self.path("..data_tmp"))
        os.rename(self.path("..data_tmp"), self.path("..data"))
        if old:
            shutil.rmtree(self.path(old))


def taken(daemon, start, count=1):
    """The record of files that were taken up, or the count'th of them."""
    return daemon.wait_log(start, count=count, process=daemon.name, msg=TAKEN)


def refused(daemon, start, count=1):
    """What is wrong with the files that were not."""
    return daemon.wait_log(start, count=count, process=daemon.name,
                           msg=REFUSED)["error"]


def changed(daemon, start):
    """The files that were others, by their paths."""
    return {each["file"] for each in daemon.logged(start, msg="file changed")}
