// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"
)

const callLimit = 20 * time.Second

func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	t.Cleanup(cancel)
	return ctx
}

// transport is net/http's own with nothing set but TLS, as in op-service.
func transport(t testing.TB, client string) *http.Transport {
	t.Helper()
	return transportTo(t, signerd, client)
}

func transportTo(t testing.TB, d *daemon, client string) *http.Transport {
	t.Helper()
	config, err := d.pki.config(client)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: config}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// counted makes a transport count the connections that it opens.
func counted(tr *http.Transport) *atomic.Int64 {
	n := new(atomic.Int64)
	dialer := new(net.Dialer)
	tr.DialContext = func(ctx context.Context, network, address string) (
		net.Conn, error) {
		n.Add(1)
		return dialer.DialContext(ctx, network, address)
	}
	return n
}

func dialWith(t testing.TB, tr *http.Transport) *rpc.Client {
	t.Helper()
	return dialURL(t, signerd.url, tr)
}

func dialURL(t testing.TB, url string, tr *http.Transport) *rpc.Client {
	t.Helper()
	headers := http.Header{"X-Interop": []string{"yes"}}
	c, err := rpc.DialOptions(context.Background(), url,
		rpc.WithHTTPClient(&http.Client{Transport: tr}),
		rpc.WithHeaders(headers))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func dial(t testing.TB, client string) *rpc.Client {
	t.Helper()
	return dialWith(t, transport(t, client))
}

// txArgs has the members of eth_signTransaction as the Go client sends them,
// null where it has nothing to say.
type txArgs struct {
	From           *common.Address              `json:"from"`
	To             *common.Address              `json:"to"`
	Gas            *hexutil.Uint64              `json:"gas"`
	GasPrice       *hexutil.Big                 `json:"gasPrice"`
	MaxFee         *hexutil.Big                 `json:"maxFeePerGas"`
	MaxPriorityFee *hexutil.Big                 `json:"maxPriorityFeePerGas"`
	Value          *hexutil.Big                 `json:"value"`
	Nonce          *hexutil.Uint64              `json:"nonce"`
	Data           *hexutil.Bytes               `json:"data"`
	Input          *hexutil.Bytes               `json:"input"`
	AccessList     *types.AccessList            `json:"accessList,omitempty"`
	ChainID        *hexutil.Big                 `json:"chainId,omitempty"`
	BlobHashes     []common.Hash                `json:"blobVersionedHashes,omitempty"`
	MaxBlobFee     *hexutil.Big                 `json:"maxFeePerBlobGas,omitempty"`
	Authorizations []types.SetCodeAuthorization `json:"authorizationList,omitempty"`
}

func argsOf(from *common.Address, tx *types.Transaction) *txArgs {
	gas, nonce := hexutil.Uint64(tx.Gas()), hexutil.Uint64(tx.Nonce())
	input := hexutil.Bytes(tx.Data())
	list := tx.AccessList()
	return &txArgs{
		From:           from,
		To:             tx.To(),
		Gas:            &gas,
		MaxFee:         (*hexutil.Big)(tx.GasFeeCap()),
		MaxPriorityFee: (*hexutil.Big)(tx.GasTipCap()),
		Value:          (*hexutil.Big)(tx.Value()),
		Nonce:          &nonce,
		Input:          &input,
		AccessList:     &list,
		ChainID:        (*hexutil.Big)(tx.ChainId()),
		BlobHashes:     tx.BlobHashes(),
		MaxBlobFee:     (*hexutil.Big)(tx.BlobGasFeeCap()),
		Authorizations: tx.SetCodeAuthorizations(),
	}
}

// payloadArgs is the argument of opsigner_signBlockPayload: domain becomes an
// array of numbers, chainId a number, payloadHash base64.
type payloadArgs struct {
	Domain  [32]byte        `json:"domain"`
	ChainID *big.Int        `json:"chainId"`
	Hash    []byte          `json:"payloadHash"`
	Sender  *common.Address `json:"senderAddress"`
}

// oldPayloadArgs is the same with the member that older clients send along.
type oldPayloadArgs struct {
	payloadArgs
	PayloadBytes []byte
}

// payloadArgsV2 is that of V2: all strings.
type payloadArgsV2 struct {
	Domain  common.Hash     `json:"domain"`
	ChainID string          `json:"chainId"`
	Hash    common.Hash     `json:"payloadHash"`
	Sender  *common.Address `json:"senderAddress"`
}

func payloadDigest(domain [32]byte, chain *big.Int, hash []byte) []byte {
	return crypto.Keccak256(domain[:], common.BigToHash(chain).Bytes(), hash)
}

func addressOf(name string) common.Address {
	return crypto.PubkeyToAddress(keys[name].PublicKey)
}

// compareTx decodes what the daemon signed and compares it with what was
// asked for, member by member, then by sender, and at last byte by byte with
// what go-ethereum signs with the same key.
func compareTx(want *types.Transaction, raw []byte, key *ecdsa.PrivateKey) error {
	var got types.Transaction
	if err := got.UnmarshalBinary(raw); err != nil {
		return fmt.Errorf("decoding 0x%x: %w", raw, err)
	}
	for _, f := range []struct {
		name      string
		got, want any
	}{
		{"type", got.Type(), want.Type()},
		{"chain id", got.ChainId().String(), want.ChainId().String()},
		{"nonce", got.Nonce(), want.Nonce()},
		{"gas", got.Gas(), want.Gas()},
		{"fee", got.GasFeeCap().String(), want.GasFeeCap().String()},
		{"tip", got.GasTipCap().String(), want.GasTipCap().String()},
		{"value", got.Value().String(), want.Value().String()},
		{"to", got.To(), want.To()},
		{"data", hexutil.Encode(got.Data()), hexutil.Encode(want.Data())},
		{"access list", fmt.Sprint(got.AccessList()),
			fmt.Sprint(want.AccessList())},
		{"blob fee", fmt.Sprint(got.BlobGasFeeCap()),
			fmt.Sprint(want.BlobGasFeeCap())},
		{"blobs", fmt.Sprint(got.BlobHashes()),
			fmt.Sprint(want.BlobHashes())},
		{"authorizations", fmt.Sprint(got.SetCodeAuthorizations()),
			fmt.Sprint(want.SetCodeAuthorizations())},
	} {
		if !reflect.DeepEqual(f.got, f.want) {
			return fmt.Errorf("%s: got %v, want %v", f.name, f.got,
				f.want)
		}
	}
	signer := types.LatestSignerForChainID(want.ChainId())
	sender, err := types.Sender(signer, &got)
	if err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if address := crypto.PubkeyToAddress(key.PublicKey); sender != address {
		return fmt.Errorf("sender: got %v, want %v", sender, address)
	}
	signed, err := types.SignTx(want, signer, key)
	if err != nil {
		return err
	}
	bytes, err := signed.MarshalBinary()
	if err != nil {
		return err
	}
	if hexutil.Encode(raw) != hexutil.Encode(bytes) {
		return fmt.Errorf("bytes: got 0x%x, want 0x%x", raw, bytes)
	}
	return nil
}

// compareSignature checks r || s || v of a payload by recovery and against
// go-ethereum's own.
func compareSignature(digest, sig []byte, key *ecdsa.PrivateKey) error {
	if len(sig) != crypto.SignatureLength {
		return fmt.Errorf("signature of %d bytes", len(sig))
	}
	public, err := crypto.SigToPub(digest, sig)
	if err != nil {
		return err
	}
	got := crypto.PubkeyToAddress(*public)
	if want := crypto.PubkeyToAddress(key.PublicKey); got != want {
		return fmt.Errorf("signer: got %v, want %v", got, want)
	}
	want, err := crypto.Sign(digest, key)
	if err != nil {
		return err
	}
	if hexutil.Encode(sig) != hexutil.Encode(want) {
		return fmt.Errorf("signature: got 0x%x, want 0x%x", sig, want)
	}
	return nil
}
