// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"crypto/tls"
	"errors"
	"math/big"
	"net/http"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"
)

// version asks /healthz, which needs no certificate.
func version(t testing.TB) string {
	t.Helper()
	var body struct{ Version string }
	status, text := exchange(t, transport(t, ""), http.MethodGet, "/healthz",
		nil, "")
	if status != http.StatusOK {
		t.Fatalf("/healthz: %d %s", status, text)
	}
	decode(t, text, &body)
	return body.Version
}

func TestStatus(t *testing.T) {
	for _, client := range []string{"sequencer.example", "unknown.example"} {
		var got string
		err := dial(t, client).CallContext(limited(t), &got,
			"health_status")
		if err != nil {
			t.Fatal(err)
		}
		if want := version(t); got != want || got == "" {
			t.Errorf("%s: got %q, want %q", client, got, want)
		}
	}
}

func TestModules(t *testing.T) {
	modules, err := dial(t, "sequencer.example").SupportedModules()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"eth", "health", "opsigner", "rpc"} {
		if modules[name] != "1.0" {
			t.Errorf("%s: %q", name, modules[name])
		}
	}
}

// checkError compares a JSON-RPC error; an empty message is any.
func checkError(t *testing.T, err error, code int, message string) {
	t.Helper()
	var e rpc.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a JSON-RPC error %d", err, code)
	}
	if e.ErrorCode() != code || message != "" && e.Error() != message {
		t.Errorf("got %d %q, want %d %q", e.ErrorCode(), e.Error(), code,
			message)
	}
}

func TestTransactionErrors(t *testing.T) {
	base := func() *types.DynamicFeeTx { return dynamicTx(1) }
	wrongTo := common.HexToAddress("0xbbbb")
	other := addressOf("multi10")
	with := func(client string, code int, message string,
		change func(*types.DynamicFeeTx), edit func(*txArgs)) {
		t.Helper()
		t.Run(client+" "+message, func(t *testing.T) {
			data := base()
			if change != nil {
				change(data)
			}
			args := argsOf(nil, types.NewTx(data))
			if edit != nil {
				edit(args)
			}
			var raw hexutil.Bytes
			err := dial(t, client).CallContext(limited(t), &raw,
				"eth_signTransaction", args)
			checkError(t, err, code, message)
			if len(raw) != 0 {
				t.Errorf("a result beside the error: %v", raw)
			}
		})
	}
	arguments := func(message string, edit func(*txArgs)) {
		t.Helper()
		with("sequencer.example", -32010, message, nil, edit)
	}
	arguments("gas not specified", func(a *txArgs) { a.Gas = nil })
	arguments("only accepts maxFeePerGas/maxPriorityFeePerGas params",
		func(a *txArgs) { a.GasPrice = (*hexutil.Big)(gwei(1)) })
	arguments("missing maxFeePerGas or maxPriorityFeePerGas",
		func(a *txArgs) { a.MaxPriorityFee = nil })
	arguments("maxFeePerGas (0x3b9aca00) < maxPriorityFeePerGas (0x77359400)",
		func(a *txArgs) { a.MaxPriorityFee = (*hexutil.Big)(gwei(2)) })
	arguments("nonce not specified", func(a *txArgs) { a.Nonce = nil })
	arguments("both \"data\" and \"input\" are set and not equal. "+
		"Please use \"input\" to pass transaction call data",
		func(a *txArgs) { a.Data = &hexutil.Bytes{1} })
	arguments("contract creation without any data provided",
		func(a *txArgs) { a.To = nil })
	arguments("chain id not specified", func(a *txArgs) { a.ChainID = nil })
	arguments("when including blobs a blob-fee-cap is required",
		func(a *txArgs) { a.BlobHashes = []common.Hash{{1}} })
	arguments("unexpected blob-fee-cap, transaction does not include blobs",
		func(a *txArgs) { a.MaxBlobFee = (*hexutil.Big)(gwei(1)) })
	arguments("unexpected from address", func(a *txArgs) { a.From = &other })

	with("unknown.example", -32000, "Forbidden: client 'unknown.example' "+
		"is not authorized to use any keys", nil, nil)
	with("payload.example", -32011, "method not authorized", nil, nil)
	with("narrow.example", -32011, "chain not authorized",
		func(tx *types.DynamicFeeTx) { tx.ChainID = big.NewInt(1) }, nil)
	with("narrow.example", -32011, "to address not authorized",
		func(tx *types.DynamicFeeTx) { tx.To = &wrongTo }, nil)
	with("narrow.example", -32011, "value exceeds maximum",
		func(tx *types.DynamicFeeTx) { tx.Value = gwei(500_000_001) }, nil)
	with("narrow.example", -32011, "fee exceeds maximum",
		func(tx *types.DynamicFeeTx) { tx.Gas = 1_000_001 }, nil)
}

func TestPayloadErrors(t *testing.T) {
	other := addressOf("multi10")
	typed := [32]byte{2, 0xf8, 0x5d}
	list := [32]byte{0xf8, 0x5e}
	forbidden := func(client string) string {
		return "Forbidden: client '" + client +
			"' is not authorized to use any keys"
	}
	const seq = "sequencer.example"
	for _, c := range []struct {
		client  string
		domain  [32]byte
		chain   *big.Int
		hash    []byte
		sender  *common.Address
		code    int
		message string
	}{
		{seq, typed, chainTen, payloadHash, nil, -32013,
			"domain not authorized"},
		{seq, list, chainTen, payloadHash, nil, -32013,
			"domain not authorized"},
		{seq, [32]byte{}, big.NewInt(11), payloadHash, nil, -32013,
			"unexpected chainId"},
		{seq, [32]byte{}, nil, payloadHash, nil, -32012,
			"chainId not specified"},
		{seq, [32]byte{}, new(big.Int).Lsh(chainTen, 256), payloadHash,
			nil, -32012, "chain_id is too large"},
		{seq, [32]byte{}, chainTen, nil, nil, -32012,
			"payloadHash not specified"},
		{seq, [32]byte{}, chainTen, payloadHash[1:], nil, -32012,
			"payloadHash has unexpected length"},
		{seq, [32]byte{}, chainTen, payloadHash, &other, -32000,
			forbidden(seq)},
		{"unknown.example", [32]byte{}, chainTen, payloadHash, nil,
			-32000, forbidden("unknown.example")},
		{"narrow.example", [32]byte{}, chainTen, payloadHash, nil,
			-32000, forbidden("narrow.example")},
		{"payload.example", [32]byte{0, 1}, chainTen, payloadHash, nil,
			-32013, "domain not authorized"},
	} {
		t.Run(c.client+" "+c.message, func(t *testing.T) {
			var sig hexutil.Bytes
			err := dial(t, c.client).CallContext(limited(t), &sig,
				"opsigner_signBlockPayload", &payloadArgs{c.domain,
					c.chain, c.hash, c.sender})
			checkError(t, err, c.code, c.message)
		})
	}
}

func TestCallErrors(t *testing.T) {
	c := dial(t, "sequencer.example")
	for _, e := range []struct {
		code    int
		message string
		method  string
		args    []any
	}{
		{-32601, "the method eth_accounts does not exist/is not available",
			"eth_accounts", nil},
		{-32602, "missing value for required argument 0",
			"eth_signTransaction", nil},
		{-32602, "too many arguments, want at most 1",
			"eth_signTransaction", []any{struct{}{}, struct{}{}}},
		{-32602, "too many arguments, want at most 0", "health_status",
			[]any{1}},
		{-32602, "", "eth_signTransaction", []any{"0x"}},
		{-32602, "", "opsigner_signBlockPayloadV2",
			[]any{map[string]any{"chainId": 10}}},
	} {
		t.Run(e.method+" "+e.message, func(t *testing.T) {
			err := c.CallContext(limited(t), nil, e.method, e.args...)
			checkError(t, err, e.code, e.message)
		})
	}
}

// What is refused before JSON-RPC.
func TestCertificates(t *testing.T) {
	for client, text := range map[string]string{
		"": "client certificate was not provided",
		"nosan": "client certificate verified but did not contain DNS " +
			"SAN extension",
	} {
		var e rpc.HTTPError
		err := dial(t, client).CallContext(limited(t), nil,
			"health_status")
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want an HTTP error", client, err)
			continue
		}
		body := string(e.Body)
		if e.StatusCode != http.StatusUnauthorized || trim(body) != text {
			t.Errorf("%q: got %d %q", client, e.StatusCode, body)
		}
	}
	// A certificate of another authority ends the handshake.
	err := dial(t, "stranger").CallContext(limited(t), nil, "health_status")
	var e rpc.HTTPError
	if err == nil || errors.As(err, &e) {
		t.Errorf("stranger: got %v, want a failed handshake", err)
	}
}

// TLS 1.2 is off unless the configuration names it.
func TestProtocolVersion(t *testing.T) {
	tr := transport(t, "sequencer.example")
	tr.TLSClientConfig.MinVersion = tls.VersionTLS12
	tr.TLSClientConfig.MaxVersion = tls.VersionTLS12
	err := dialWith(t, tr).CallContext(limited(t), nil, "health_status")
	if err == nil {
		t.Error("TLS 1.2 was accepted")
	}
}

// A client that offers h2 and http/1.1 is to get the latter.
func TestALPN(t *testing.T) {
	tr := transport(t, "sequencer.example")
	tr.ForceAttemptHTTP2 = true
	var got string
	err := dialWith(t, tr).CallContext(limited(t), &got, "health_status")
	if err != nil || got == "" {
		t.Errorf("got %q, %v", got, err)
	}
}
