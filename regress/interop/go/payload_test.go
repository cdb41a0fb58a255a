// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

var payloadHash = crypto.Keccak256([]byte("a block"))

// Domains that can begin no transaction; the rules of the clients that are
// used here say `domain any`.
func domains() map[string][32]byte {
	one, high, all := [32]byte{}, [32]byte{}, [32]byte{}
	copy(one[1:], pattern(31))
	high[0], high[31] = 0x80, 1
	for i := range all {
		all[i] = 0xff
	}
	return map[string][32]byte{
		"zeros": {}, "one": one, "high": high, "all": all,
	}
}

func TestSignPayload(t *testing.T) {
	c := dial(t, "sequencer.example")
	from := addressOf("sequencer")
	for name, domain := range domains() {
		for _, sender := range []*common.Address{&from, nil} {
			digest := payloadDigest(domain, chainTen, payloadHash)
			args := payloadArgs{domain, chainTen, payloadHash, sender}
			calls := map[string]struct {
				method string
				arg    any
			}{
				"V1": {"opsigner_signBlockPayload", &args},
				"V1 of older clients": {
					"opsigner_signBlockPayload",
					&oldPayloadArgs{args, []byte("a block")},
				},
				"V2": {"opsigner_signBlockPayloadV2",
					&payloadArgsV2{domain, "10",
						common.Hash(payloadHash), sender}},
				"V2, chain in hex": {
					"opsigner_signBlockPayloadV2",
					&payloadArgsV2{domain, "0xa",
						common.Hash(payloadHash), sender}},
			}
			for version, call := range calls {
				t.Run(name+" "+version, func(t *testing.T) {
					var sig hexutil.Bytes
					err := c.CallContext(limited(t), &sig,
						call.method, call.arg)
					if err != nil {
						t.Fatal(err)
					}
					err = compareSignature(digest, sig,
						keys["sequencer"])
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// Chain and sender decide between a client's rules.
func TestSignPayloadByChain(t *testing.T) {
	c := dial(t, "multi.example")
	for name, chain := range map[string]int64{
		"multi10": 10, "multi8453": 8453,
	} {
		from, id := addressOf(name), big.NewInt(chain)
		for _, sender := range []*common.Address{&from, nil} {
			var sig hexutil.Bytes
			err := c.CallContext(limited(t), &sig,
				"opsigner_signBlockPayload",
				&payloadArgs{[32]byte{}, id, payloadHash, sender})
			if err != nil {
				t.Error(name, err)
				continue
			}
			digest := payloadDigest([32]byte{}, id, payloadHash)
			err = compareSignature(digest, sig, keys[name])
			if err != nil {
				t.Error(name, err)
			}
		}
	}
}
