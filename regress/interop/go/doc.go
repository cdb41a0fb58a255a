// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

// Package interop drives a real signerd with an unchanged go-ethereum rpc
// client over mutual TLS, the way op-service's signer client does, and plays
// with the same package the proxy and the signer of 2025 against signerd and
// proxyd.  It holds tests alone: see ../run.
package interop
