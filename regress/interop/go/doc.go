// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

// Package interop drives a real signerd with an unchanged go-ethereum rpc
// client over mutual TLS, the way op-service's signer client does.  It holds
// tests alone: see ../run.
package interop
