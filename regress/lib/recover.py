# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Whose signature it is, by libsecp256k1: a thousand times as fast as
lib/secp256k1.py, for tests that check very many."""

import ctypes
import ctypes.util

from lib.secp256k1 import N


def _load():
    path = ctypes.util.find_library("secp256k1")
    if path is None:
        return None
    library = ctypes.CDLL(path)
    if not hasattr(library, "secp256k1_ecdsa_recover"):
        return None
    library.secp256k1_context_create.restype = ctypes.c_void_p
    return library


class Recovery:
    """Public keys from signatures."""

    def __init__(self):
        self.library = _load()
        if self.library is None:
            raise OSError("no libsecp256k1 with recovery")
        # SECP256K1_CONTEXT_NONE and, before 0.2, the one that verifies.
        self.context = ctypes.c_void_p(
            self.library.secp256k1_context_create(0x101))
        self.signature = ctypes.create_string_buffer(65)
        self.key = ctypes.create_string_buffer(64)
        self.point = ctypes.create_string_buffer(65)
        self.size = ctypes.c_size_t()

    def public(self, digest, r, s, v):
        """X and Y of the key, 64 bytes; None where it is no signature, or
        not one with the lower s."""
        if v not in (0, 1) or int.from_bytes(s, "big") > N // 2:
            return None
        if not self.library.secp256k1_ecdsa_recoverable_signature_parse_compact(
                self.context, self.signature, r + s, v) or \
                not self.library.secp256k1_ecdsa_recover(
                    self.context, self.key, self.signature, digest):
            return None
        self.size.value = 65
        self.library.secp256k1_ec_pubkey_serialize(
            self.context, self.point, ctypes.byref(self.size), self.key, 2)
        return self.point.raw[1:]
