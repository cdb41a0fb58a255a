# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Who has signed a digest, by libsecp256k1: the Python of lib/secp256k1 takes
longer than the daemons do."""

import ctypes
import ctypes.util

VERIFY = 0x101          # SECP256K1_CONTEXT_VERIFY
UNCOMPRESSED = 2        # SECP256K1_EC_UNCOMPRESSED


class Unavailable(Exception):
    pass


class Recover:
    """One context; for one thread."""

    def __init__(self):
        name = ctypes.util.find_library("secp256k1")
        if name is None:
            raise Unavailable("no libsecp256k1")
        self.library = ctypes.CDLL(name)
        create = self.library.secp256k1_context_create
        create.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(create(ctypes.c_uint(VERIFY)))
        self.signature = ctypes.create_string_buffer(65)
        self.public = ctypes.create_string_buffer(64)
        self.output = ctypes.create_string_buffer(65)

    def public_key(self, digest, rs, parity):
        """64 bytes, x and y; None where it is nobody's signature."""
        call, context = self.library, self.context
        if len(digest) != 32 or len(rs) != 64 or parity not in (0, 1):
            return None
        if call.secp256k1_ecdsa_recoverable_signature_parse_compact(
                context, self.signature, bytes(rs), ctypes.c_int(parity)) != 1:
            return None
        if call.secp256k1_ecdsa_recover(context, self.public, self.signature,
                                        bytes(digest)) != 1:
            return None
        size = ctypes.c_size_t(65)
        call.secp256k1_ec_pubkey_serialize(
            context, self.output, ctypes.byref(size), self.public,
            ctypes.c_uint(UNCOMPRESSED))
        return self.output.raw[1:65]


def public_bytes(key):
    """The same of a lib.ethkey.Key."""
    return b"".join(each.to_bytes(32, "big") for each in key.public)
