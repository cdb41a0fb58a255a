// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"
	"github.com/gorilla/websocket"
	"github.com/holiman/uint256"
)

// signer2025 is a signer of 2025: an rpc client that registers its services
// on the connection it has made, and calls opsignerproxy_serveSigner again
// and again.
type signer2025 struct {
	client *rpc.Client
	done   chan struct{}
}

// The code of what a signer of 2025 finds wrong with its arguments.
type argsError struct {
	text string
}

func (e *argsError) Error() string  { return e.text }
func (e *argsError) ErrorCode() int { return -32010 }

// ethService is the namespace eth of a signer, opsignerService the other.
type ethService struct {
	key *ecdsa.PrivateKey
}

type opsignerService struct {
	key *ecdsa.PrivateKey
}

func from256(n *hexutil.Big) *uint256.Int {
	if n == nil {
		return nil
	}
	return uint256.MustFromBig((*big.Int)(n))
}

// data makes of the arguments the transaction that they describe.
func (a *txArgs) data() (types.TxData, error) {
	if a.Gas == nil || a.Nonce == nil || a.ChainID == nil {
		return nil, &argsError{"gas, nonce or chain id not specified"}
	}
	var input []byte
	if a.Input != nil {
		input = *a.Input
	}
	var list types.AccessList
	if a.AccessList != nil {
		list = *a.AccessList
	}
	switch {
	case a.BlobHashes != nil:
		return &types.BlobTx{ChainID: from256(a.ChainID),
			Nonce: uint64(*a.Nonce), GasTipCap: from256(a.MaxPriorityFee),
			GasFeeCap: from256(a.MaxFee), Gas: uint64(*a.Gas),
			To: *a.To, Value: from256(a.Value), Data: input,
			AccessList: list, BlobFeeCap: from256(a.MaxBlobFee),
			BlobHashes: a.BlobHashes}, nil
	case a.Authorizations != nil:
		return &types.SetCodeTx{ChainID: from256(a.ChainID),
			Nonce: uint64(*a.Nonce), GasTipCap: from256(a.MaxPriorityFee),
			GasFeeCap: from256(a.MaxFee), Gas: uint64(*a.Gas),
			To: *a.To, Value: from256(a.Value), Data: input,
			AccessList: list, AuthList: a.Authorizations}, nil
	}
	return &types.DynamicFeeTx{ChainID: (*big.Int)(a.ChainID),
		Nonce: uint64(*a.Nonce), GasTipCap: (*big.Int)(a.MaxPriorityFee),
		GasFeeCap: (*big.Int)(a.MaxFee), Gas: uint64(*a.Gas), To: a.To,
		Value: (*big.Int)(a.Value), Data: input, AccessList: list}, nil
}

// SignTransaction is eth_signTransaction.
func (s *ethService) SignTransaction(_ context.Context, args txArgs) (
	hexutil.Bytes, error) {
	address := crypto.PubkeyToAddress(s.key.PublicKey)
	if args.From != nil && *args.From != address {
		return nil, &argsError{"unexpected from address"}
	}
	data, err := args.data()
	if err != nil {
		return nil, err
	}
	tx := types.NewTx(data)
	signed, err := types.SignTx(tx,
		types.LatestSignerForChainID(tx.ChainId()), s.key)
	if err != nil {
		return nil, err
	}
	return signed.MarshalBinary()
}

// SignBlockPayload is opsigner_signBlockPayload.
func (s *opsignerService) SignBlockPayload(_ context.Context,
	args payloadArgs) (hexutil.Bytes, error) {
	address := crypto.PubkeyToAddress(s.key.PublicKey)
	if args.Sender != nil && *args.Sender != address {
		return nil, &argsError{"unexpected from address"}
	}
	return crypto.Sign(payloadDigest(args.Domain, args.ChainID, args.Hash),
		s.key)
}

// dialSigner connects and registers the services, but does not call yet.
func dialSigner(p *pki, address string, key *ecdsa.PrivateKey) (
	*signer2025, error) {
	config, err := p.config("signer.example")
	if err != nil {
		return nil, err
	}
	config.ServerName = "proxy.example"
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	dialer := websocket.Dialer{
		HandshakeTimeout: callLimit,
		TLSClientConfig:  config,
	}
	client, err := rpc.DialOptions(ctx, "wss://"+address+"/ws",
		rpc.WithWebsocketDialer(dialer))
	if err != nil {
		return nil, err
	}
	s := &signer2025{client: client, done: make(chan struct{})}
	err = errors.Join(client.RegisterName("eth", &ethService{key}),
		client.RegisterName("opsigner", &opsignerService{key}))
	if err != nil {
		client.Close()
		return nil, err
	}
	return s, nil
}

// serve calls serveSigner once.
func (s *signer2025) serve() error {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	var result bool
	err := s.client.CallContext(ctx, &result, "opsignerproxy_serveSigner")
	if err == nil && !result {
		err = errors.New("serveSigner answered false")
	}
	return err
}

// repeat calls it each minute, for as long as it is answered.
func (s *signer2025) repeat() {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if s.serve() != nil {
				return
			}
		case <-s.done:
			return
		}
	}
}

func (s *signer2025) stop() {
	select {
	case <-s.done:
	default:
		close(s.done)
		s.client.Close()
	}
}

// newSigner2025 is one that serves.
func newSigner2025(t testing.TB, p *pki, address string,
	key *ecdsa.PrivateKey) *signer2025 {
	t.Helper()
	s, err := dialSigner(p, address, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	if err = s.serve(); err != nil {
		t.Fatal(err)
	}
	go s.repeat()
	return s
}

func proxydConfig(d *daemon) (string, error) {
	address := addressOf("sequencer").Hex()
	return fmt.Sprintf("listen on 127.0.0.1 port 0\n"+
		"signers on 127.0.0.1 port 0\n%s"+
		"signer \"go\" name \"signer.example\" address { %s }\n"+
		"allow client \"sequencer.example\" chain 10 domain any "+
		"method block-payload\n"+
		"allow client \"sequencer.example\" method transaction\n",
		d.tls("proxy"), strings.ToLower(address)), nil
}

const konaCall = `{"jsonrpc":"2.0","id":0,` +
	`"method":"opsigner_signBlockPayload","params":{"domain":"0x%x",` +
	`"chainId":10,"payloadHash":"0x%x","senderAddress":"%s"}}`

// askKona asks as kona does: one object, no array.
func askKona(t *testing.T, d *daemon) {
	body := fmt.Sprintf(konaCall, [32]byte{}, payloadHash,
		strings.ToLower(addressOf("sequencer").Hex()))
	status, _, text := exchangeURL(t, transportTo(t, d, "sequencer.example"),
		http.MethodPost, d.url+"/", http.Header{
			"Content-Type": []string{"application/json"}}, body)
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	var answer struct {
		Result struct{ Signature hexutil.Bytes }
	}
	decode(t, text, &answer)
	err := compareSignature(payloadDigest([32]byte{}, chainTen, payloadHash),
		answer.Result.Signature, keys["sequencer"])
	if err != nil {
		t.Errorf("%v: %s", err, text)
	}
}

// unserved asks until nobody is there to sign: a bare 503.
func unserved(t *testing.T, d *daemon) {
	t.Helper()
	tr := transportTo(t, d, "sequencer.example")
	args := payloadArgs{[32]byte{}, chainTen, payloadHash, nil}
	until := time.Now().Add(callLimit)
	for {
		var sig hexutil.Bytes
		err := dialURL(t, d.url, tr).CallContext(limited(t), &sig,
			"opsigner_signBlockPayload", &args)
		var e rpc.HTTPError
		if errors.As(err, &e) {
			if e.StatusCode != http.StatusServiceUnavailable ||
				len(e.Body) != 0 {
				t.Errorf("got %d %q", e.StatusCode, e.Body)
			}
			return
		}
		if time.Now().After(until) {
			t.Fatalf("never a 503, at last: %v", err)
		}
	}
}

// A signer of 2025 serves our proxyd.
func TestSignerOf2025(t *testing.T) {
	d := start(t, "proxyd", proxydConfig)
	signers := d.address("signers")
	t.Run("no signer", func(t *testing.T) { unserved(t, d) })
	signer := newSigner2025(t, d.pki, signers, keys["sequencer"])
	// One call more at once does no harm, nor does a third.
	for range 2 {
		if err := signer.serve(); err != nil {
			t.Error(err)
		}
	}
	c := dialURL(t, d.url, transportTo(t, d, "sequencer.example"))
	askSigner(t, c, types.DynamicFeeTxType, types.BlobTxType,
		types.SetCodeTxType)
	t.Run("kona", func(t *testing.T) { askKona(t, d) })
	t.Run("the signer's error", func(t *testing.T) {
		args := argsOf(nil, types.NewTx(dynamicTx(1)))
		args.Nonce = nil
		checkError(t, c.CallContext(limited(t), nil,
			"eth_signTransaction", args), -32010, "")
	})
	t.Run("an argument of the client's own", func(t *testing.T) {
		args := payloadArgs{[32]byte{}, chainTen, payloadHash, nil}
		checkError(t, c.CallContext(limited(t), nil,
			"opsigner_signBlockPayload", &args,
			map[string]string{"client": "open.example"}), -32602,
			"too many arguments, want at most 1")
	})
	t.Run("the signer leaves", func(t *testing.T) {
		signer.stop()
		unserved(t, d)
	})
	t.Run("the signer comes back", func(t *testing.T) {
		newSigner2025(t, d.pki, signers, keys["sequencer"])
		signPayload(t, c, [32]byte{})
	})
}

// A signer that the configuration does not name is not served.
func TestStrangeSigner(t *testing.T) {
	d := start(t, "proxyd", proxydConfig)
	stranger := *d.pki
	stranger.clients = map[string]tls.Certificate{
		"signer.example": d.pki.clients["unknown.example"]}
	s, err := dialSigner(&stranger, d.address("signers"), keys["sequencer"])
	if err == nil {
		err = s.serve()
		s.stop()
	}
	checkError(t, err, -32001, "")
	unserved(t, d)
}
