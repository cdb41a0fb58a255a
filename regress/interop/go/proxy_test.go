// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"
)

// proxy2025 is the signers' side of the proxy of 2025: a websocket server on
// which opsignerproxy_serveSigner has no parameters, and which then asks over
// the connection by which it was called.
type proxy2025 struct {
	server  *rpc.Server
	http    *http.Server
	address string
	calls   chan *rpc.Client // one for each serveSigner, to ask back by
}

// signerService has the one method of the namespace opsignerproxy.
type signerService struct {
	proxy *proxy2025
}

// ServeSigner keeps the connection that it came by.
func (s *signerService) ServeSigner(ctx context.Context) (bool, error) {
	client, ok := rpc.ClientFromContext(ctx)
	if !ok {
		return false, errors.New("not on a websocket")
	}
	select {
	case s.proxy.calls <- client:
	default: // nobody counts them any more
	}
	return true, nil
}

func newProxy2025(t testing.TB, p *pki) *proxy2025 {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := &proxy2025{
		server:  rpc.NewServer(),
		address: listener.Addr().String(),
		calls:   make(chan *rpc.Client, 64),
	}
	err = proxy.server.RegisterName("opsignerproxy", &signerService{proxy})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/{$}", "/ws", "/ws/{$}"} {
		mux.Handle(path, proxy.server.WebsocketHandler([]string{"*"}))
	}
	proxy.http = &http.Server{
		Handler: mux,
		TLSConfig: &tls.Config{
			MinVersion:   tls.VersionTLS13,
			Certificates: []tls.Certificate{p.servers["proxy"]},
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    p.pool,
		},
		// As in a server that never heard of HTTP/2.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn,
			http.Handler){},
		ReadHeaderTimeout: callLimit,
	}
	go func() { _ = proxy.http.ServeTLS(listener, "", "") }()
	t.Cleanup(proxy.stop)
	return proxy
}

func (p *proxy2025) stop() {
	_ = p.http.Close()
	p.server.Stop()
}

// next waits for a serveSigner.
func (p *proxy2025) next(t testing.TB, limit time.Duration) *rpc.Client {
	t.Helper()
	select {
	case client := <-p.calls:
		return client
	case <-time.After(limit):
		t.Fatal("no signer has called")
	}
	return nil
}

func signTx(t testing.TB, c *rpc.Client, tx *types.Transaction) {
	t.Helper()
	from := addressOf("sequencer")
	for _, sender := range []*common.Address{&from, nil} {
		var raw hexutil.Bytes
		err := c.CallContext(limited(t), &raw, "eth_signTransaction",
			argsOf(sender, tx))
		if err != nil {
			t.Error(err)
			continue
		}
		if err = compareTx(tx, raw, keys["sequencer"]); err != nil {
			t.Error(err)
		}
	}
}

func signPayload(t testing.TB, c *rpc.Client, domain [32]byte) {
	t.Helper()
	from := addressOf("sequencer")
	for _, sender := range []*common.Address{&from, nil} {
		// The proxy of 2025 passes PayloadBytes on as null.
		args := oldPayloadArgs{payloadArgs{domain, chainTen,
			payloadHash, sender}, nil}
		var sig hexutil.Bytes
		err := c.CallContext(limited(t), &sig,
			"opsigner_signBlockPayload", &args)
		if err != nil {
			t.Error(err)
			continue
		}
		digest := payloadDigest(domain, chainTen, payloadHash)
		err = compareSignature(digest, sig, keys["sequencer"])
		if err != nil {
			t.Error(err)
		}
	}
}

// askSigner asks for every kind of signature over a signer's connection, as
// the proxy of 2025 does; kinds are the types of transactions that it signs.
func askSigner(t *testing.T, c *rpc.Client, kinds ...byte) {
	for name, data := range transactions(t) {
		tx := types.NewTx(data)
		for _, kind := range kinds {
			if tx.Type() == kind {
				t.Run(name, func(t *testing.T) { signTx(t, c, tx) })
			}
		}
	}
	for name, domain := range domains() {
		t.Run("payload, domain "+name, func(t *testing.T) {
			signPayload(t, c, domain)
		})
	}
}

const viaRules = `
allow via "go" key "sequencer" method block-payload chain 10 domain any
allow via "go" key "sequencer" method transaction
allow client "open.example" key "batcher" method transaction
`

// linkedSignerd starts a signerd that dials the proxy; the proxy is made for
// its authority before.
func linkedSignerd(t *testing.T, proxy **proxy2025) *daemon {
	return start(t, "signerd", func(d *daemon) (string, error) {
		*proxy = newProxy2025(t, d.pki)
		stored, err := d.keyStatements()
		return fmt.Sprintf("listen on 127.0.0.1 port 0\n%s%s"+
			"timeout renew 1 s\n"+
			"proxy \"go\" {\nurl \"wss://%s/ws\"\n"+
			"tls name \"proxy.example\"\n%s}\n", d.tls("tls"), stored,
			(*proxy).address, d.tls("signer")) + viaRules, err
	})
}

// Our signerd serves the proxy of 2025.
func TestProxyOf2025(t *testing.T) {
	var proxy *proxy2025
	linkedSignerd(t, &proxy)
	c := proxy.next(t, callLimit)
	if t.Failed() {
		return
	}
	askSigner(t, c, types.DynamicFeeTxType, types.BlobTxType,
		types.SetCodeTxType)
	t.Run("batch", func(t *testing.T) {
		batch, checks := mixedBatch(t, 20)
		if err := c.BatchCallContext(limited(t), batch); err != nil {
			t.Fatal(err)
		}
		if err := checkBatch(batch, checks); err != nil {
			t.Error(err)
		}
	})
	t.Run("unknown method", func(t *testing.T) {
		checkError(t, c.CallContext(limited(t), nil, "eth_accounts"),
			-32601, "")
	})
	t.Run("an argument of the proxy's own", func(t *testing.T) {
		args := payloadArgs{[32]byte{}, chainTen, payloadHash, nil}
		checkError(t, c.CallContext(limited(t), nil,
			"opsigner_signBlockPayload", &args,
			map[string]string{"client": "open.example"}), -32602,
			"too many arguments, want at most 1")
	})
	t.Run("another key than the rules of the link", func(t *testing.T) {
		other := addressOf("batcher")
		checkError(t, c.CallContext(limited(t), nil,
			"eth_signTransaction",
			argsOf(&other, types.NewTx(dynamicTx(1)))), -32010,
			"unexpected from address")
	})
	t.Run("it calls again", func(t *testing.T) {
		again := proxy.next(t, callLimit)
		signPayload(t, again, [32]byte{})
	})
	t.Run("it comes back", func(t *testing.T) {
		c.Close()
		until := time.Now().Add(callLimit)
		for time.Now().Before(until) {
			// Calls of the old connection may still be in the queue.
			next := proxy.next(t, time.Until(until))
			if next != c {
				signPayload(t, next, [32]byte{})
				return
			}
		}
		t.Error("no other connection")
	})
}

// What plays the proxy and what plays the signer, against each other.
func TestPeersOf2025(t *testing.T) {
	dir := t.TempDir()
	p, err := newPKI(dir)
	if err != nil {
		t.Fatal(err)
	}
	proxy := newProxy2025(t, p)
	signer := newSigner2025(t, p, proxy.address, keys["sequencer"])
	c := proxy.next(t, callLimit)
	askSigner(t, c, types.DynamicFeeTxType, types.BlobTxType,
		types.SetCodeTxType)
	for range 2 {
		if err := signer.serve(); err != nil {
			t.Error(err)
		}
		if proxy.next(t, callLimit) != c {
			t.Error("a call from another connection")
		}
	}
	err = signer.client.CallContext(limited(t), nil,
		"opsignerproxy_serveSigner", map[string]int{"version": 1})
	checkError(t, err, -32602, "too many arguments, want at most 0")
}
