// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/holiman/uint256"
)

var (
	allowedTo = common.HexToAddress("0xaaaa")
	chainTen  = big.NewInt(10)
)

func gwei(n int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e9))
}

func accessList(n int) types.AccessList {
	list := make(types.AccessList, n)
	for i := range list {
		list[i].Address = common.BigToAddress(big.NewInt(int64(i) + 1))
		list[i].StorageKeys = make([]common.Hash, i%3)
		for k := range list[i].StorageKeys {
			list[i].StorageKeys[k] = common.BigToHash(gwei(int64(k)))
		}
	}
	return list
}

func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i)
	}
	return data
}

func dynamicTx(nonce uint64) *types.DynamicFeeTx {
	return &types.DynamicFeeTx{
		ChainID:   chainTen,
		Nonce:     nonce,
		GasTipCap: big.NewInt(1),
		GasFeeCap: gwei(1),
		Gas:       30000,
		To:        &allowedTo,
		Value:     big.NewInt(1),
	}
}

func blobTx(nonce uint64, blobs int) *types.BlobTx {
	tx := &types.BlobTx{
		ChainID:    uint256.NewInt(10),
		Nonce:      nonce,
		GasTipCap:  uint256.NewInt(2),
		GasFeeCap:  uint256.MustFromBig(gwei(3)),
		Gas:        21000,
		To:         allowedTo,
		Value:      uint256.NewInt(0),
		AccessList: accessList(2),
		BlobFeeCap: uint256.MustFromBig(gwei(7)),
	}
	for i := range blobs {
		hash := common.BytesToHash(pattern(32))
		hash[0], hash[31] = 1, byte(i)
		tx.BlobHashes = append(tx.BlobHashes, hash)
	}
	return tx
}

func setCodeTx(t testing.TB, nonce uint64, auths int) *types.SetCodeTx {
	t.Helper()
	tx := &types.SetCodeTx{
		ChainID:   uint256.NewInt(10),
		Nonce:     nonce,
		GasTipCap: uint256.NewInt(2),
		GasFeeCap: uint256.MustFromBig(gwei(3)),
		Gas:       100000,
		To:        allowedTo,
		Value:     uint256.NewInt(5),
		Data:      pattern(68),
	}
	for i := range auths {
		// Any key will do for those who authorize.
		auth, err := types.SignSetCode(keys["multi10"],
			types.SetCodeAuthorization{
				ChainID: *uint256.NewInt(uint64(i) * 10),
				Address: common.HexToAddress("0x3333"),
				Nonce:   uint64(i) * 300,
			})
		if err != nil {
			t.Fatal(err)
		}
		tx.AuthList = append(tx.AuthList, auth)
	}
	return tx
}

// Variations of the three types, at the edges of their encodings.
func transactions(t testing.TB) map[string]types.TxData {
	maxU256 := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256),
		big.NewInt(1))
	data := func(n int) *types.DynamicFeeTx {
		tx := dynamicTx(7)
		tx.Data = pattern(n)
		return tx
	}
	creation := data(4000)
	creation.To = nil
	zeros := dynamicTx(0)
	zeros.Gas, zeros.Value = 0, new(big.Int)
	zeros.GasFeeCap, zeros.GasTipCap = new(big.Int), new(big.Int)
	largest := dynamicTx(^uint64(0))
	largest.Gas, largest.Value = ^uint64(0), maxU256
	largest.GasFeeCap, largest.GasTipCap = maxU256, maxU256
	largest.ChainID = new(big.Int).Lsh(big.NewInt(1), 200)
	listed := dynamicTx(128)
	listed.AccessList = accessList(40)
	batch := data(128 * 1024)
	batch.Gas = 3_000_000
	return map[string]types.TxData{
		"transfer":               dynamicTx(1),
		"zeros":                  zeros,
		"largest":                largest,
		"one byte":               data(1),
		"55 bytes":               data(55),
		"56 bytes":               data(56),
		"batch of 128 KiB":       batch,
		"creation":               creation,
		"access list":            listed,
		"blob":                   blobTx(3, 1),
		"six blobs":              blobTx(4, 6),
		"authorization":          setCodeTx(t, 5, 1),
		"several authorizations": setCodeTx(t, 6, 5),
	}
}

func TestSignTransaction(t *testing.T) {
	c := dial(t, "sequencer.example")
	from := addressOf("sequencer")
	for name, data := range transactions(t) {
		t.Run(name, func(t *testing.T) {
			want := types.NewTx(data)
			for _, sender := range []*common.Address{&from, nil} {
				var raw hexutil.Bytes
				err := c.CallContext(limited(t), &raw,
					"eth_signTransaction", argsOf(sender, want))
				if err != nil {
					t.Fatal(err)
				}
				err = compareTx(want, raw, keys["sequencer"])
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// The sender's address picks the key among a client's rules.
func TestSignTransactionByAddress(t *testing.T) {
	c := dial(t, "multi.example")
	want := types.NewTx(dynamicTx(1))
	for _, name := range []string{"multi8453", "multi10"} {
		from := addressOf(name)
		var raw hexutil.Bytes
		err := c.CallContext(limited(t), &raw, "eth_signTransaction",
			argsOf(&from, want))
		if err != nil {
			t.Fatal(err)
		}
		if err = compareTx(want, raw, keys[name]); err != nil {
			t.Error(name, err)
		}
	}
}

// The key whose file has explicit curve parameters.
func TestSignTransactionNarrow(t *testing.T) {
	c := dial(t, "narrow.example")
	from := addressOf("batcher")
	want := types.NewTx(dynamicTx(1))
	var raw hexutil.Bytes
	err := c.CallContext(limited(t), &raw, "eth_signTransaction",
		argsOf(&from, want))
	if err != nil {
		t.Fatal(err)
	}
	if err = compareTx(want, raw, keys["batcher"]); err != nil {
		t.Error(err)
	}
}
