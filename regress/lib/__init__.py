# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What the tests share.  Python's own library and the openssl command only."""
