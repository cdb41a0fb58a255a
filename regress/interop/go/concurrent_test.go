// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"context"
	"fmt"
	"math/big"
	"net/http"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"
)

// A batch of everything: answers and errors have to find their requests.
func mixedBatch(t testing.TB, size int) ([]rpc.BatchElem, []func() error) {
	from := addressOf("sequencer")
	batch := make([]rpc.BatchElem, 0, size)
	checks := make([]func() error, 0, size)
	for i := range size {
		raw := new(hexutil.Bytes)
		elem := rpc.BatchElem{Result: raw}
		var check func() error
		switch n := uint64(i); i % 5 {
		case 0, 1, 2:
			data := []types.TxData{dynamicTx(n), blobTx(n, 2),
				setCodeTx(t, n, 1)}[i%5]
			tx := types.NewTx(data)
			elem.Method = "eth_signTransaction"
			elem.Args = []any{argsOf(&from, tx)}
			check = func() error {
				return compareTx(tx, *raw, keys["sequencer"])
			}
		case 3:
			hash := pattern(32)
			big.NewInt(int64(i)).FillBytes(hash)
			elem.Method = "opsigner_signBlockPayload"
			elem.Args = []any{&payloadArgs{[32]byte{}, chainTen,
				hash, &from}}
			check = func() error {
				digest := payloadDigest([32]byte{}, chainTen, hash)
				return compareSignature(digest, *raw,
					keys["sequencer"])
			}
		case 4:
			elem.Method = fmt.Sprintf("no_method%d", i)
			elem.Args = []any{}
		}
		batch, checks = append(batch, elem), append(checks, check)
	}
	return batch, checks
}

func checkBatch(batch []rpc.BatchElem, checks []func() error) error {
	for i, elem := range batch {
		if checks[i] == nil {
			want := "the method " + elem.Method +
				" does not exist/is not available"
			e, ok := elem.Error.(rpc.Error)
			if !ok || e.ErrorCode() != -32601 || e.Error() != want {
				return fmt.Errorf("%d: got %v", i, elem.Error)
			}
			continue
		}
		if elem.Error != nil {
			return fmt.Errorf("%d: %w", i, elem.Error)
		}
		if err := checks[i](); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

func TestBatch(t *testing.T) {
	c := dial(t, "sequencer.example")
	for _, size := range []int{1, 2, 5, 100, 1000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			batch, checks := mixedBatch(t, size)
			err := c.BatchCallContext(limited(t), batch)
			if err != nil {
				t.Fatal(err)
			}
			if err = checkBatch(batch, checks); err != nil {
				t.Error(err)
			}
		})
	}
}

// One element over the limit of a batch.
func TestBatchTooLarge(t *testing.T) {
	c := dial(t, "sequencer.example")
	batch := make([]rpc.BatchElem, 1001)
	for i := range batch {
		batch[i] = rpc.BatchElem{Method: "health_status",
			Args: []any{}, Result: new(string)}
	}
	err := c.BatchCallContext(limited(t), batch)
	if err == nil {
		err = batch[0].Error
	}
	checkError(t, err, -32600, "batch too large")
}

// One request of every kind, checked.
func oneOfEach(ctx context.Context, c *rpc.Client, n uint64,
	data []types.TxData) error {
	from := addressOf("sequencer")
	for _, d := range data {
		tx := types.NewTx(d)
		var raw hexutil.Bytes
		err := c.CallContext(ctx, &raw, "eth_signTransaction",
			argsOf(&from, tx))
		if err != nil {
			return err
		}
		if err = compareTx(tx, raw, keys["sequencer"]); err != nil {
			return err
		}
	}
	hash := make([]byte, 32)
	new(big.Int).SetUint64(n + 1).FillBytes(hash)
	digest := payloadDigest([32]byte{}, chainTen, hash)
	for method, arg := range map[string]any{
		"opsigner_signBlockPayload": &payloadArgs{[32]byte{}, chainTen,
			hash, &from},
		"opsigner_signBlockPayloadV2": &payloadArgsV2{[32]byte{}, "10",
			[32]byte(hash), nil},
	} {
		var sig hexutil.Bytes
		if err := c.CallContext(ctx, &sig, method, arg); err != nil {
			return err
		}
		err := compareSignature(digest, sig, keys["sequencer"])
		if err != nil {
			return err
		}
	}
	return nil
}

// together runs requests from that many goroutines on one client at once.
func together(t *testing.T, c *rpc.Client, goroutines, rounds int) {
	t.Helper()
	ctx := limited(t)
	var done sync.WaitGroup
	for g := range goroutines {
		var data [][]types.TxData
		for r := range rounds {
			n := uint64(g*rounds + r)
			data = append(data, []types.TxData{dynamicTx(n),
				blobTx(n, 1+r%3), setCodeTx(t, n, 1)})
		}
		done.Add(1)
		go func() {
			defer done.Done()
			for r, d := range data {
				n := uint64(g*rounds + r)
				if err := oneOfEach(ctx, c, n, d); err != nil {
					t.Errorf("goroutine %d: %v", g, err)
					return
				}
			}
		}()
	}
	done.Wait()
}

func TestOneConnection(t *testing.T) {
	for _, goroutines := range []int{1, 50} {
		t.Run(fmt.Sprint(goroutines), func(t *testing.T) {
			tr := transport(t, "sequencer.example")
			tr.MaxConnsPerHost = 1
			dials := counted(tr)
			together(t, dialWith(t, tr), goroutines, 100/goroutines)
			if n := dials.Load(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// Fifty connections that are kept and used again.
func TestFiftyAtOnce(t *testing.T) {
	tr := transport(t, "sequencer.example")
	tr.MaxConnsPerHost, tr.MaxIdleConnsPerHost = 50, 50
	dials := counted(tr)
	together(t, dialWith(t, tr), 50, 8)
	if n := dials.Load(); n > 50 {
		t.Errorf("%d connections for fifty goroutines", n)
	}
}

// As op-service has it: net/http keeps two idle connections and closes the
// others, so handshakes go on beside requests.
func TestFiftyUnpooled(t *testing.T) {
	together(t, dial(t, "sequencer.example"), 50, 1)
}

// Fifty clients of their own, by turns of two names, each with batches.
func TestFiftyClients(t *testing.T) {
	var done sync.WaitGroup
	for range 50 {
		c := dial(t, "sequencer.example")
		stranger := dial(t, "unknown.example")
		batch, checks := mixedBatch(t, 20)
		ctx := limited(t)
		done.Add(1)
		go func() {
			defer done.Done()
			if err := c.BatchCallContext(ctx, batch); err != nil {
				t.Error(err)
			} else if err = checkBatch(batch, checks); err != nil {
				t.Error(err)
			}
			err := stranger.CallContext(ctx, nil,
				"eth_signTransaction", argsOf(nil,
					types.NewTx(dynamicTx(1))))
			e, ok := err.(rpc.Error)
			if !ok || e.ErrorCode() != -32000 {
				t.Errorf("a stranger got %v", err)
			}
		}()
	}
	done.Wait()
}

// A connection stays usable after an error of any kind that is JSON-RPC's.
func TestConnectionAfterErrors(t *testing.T) {
	tr := transport(t, "sequencer.example")
	tr.MaxConnsPerHost = 1
	dials := counted(tr)
	json := http.Header{"Content-Type": []string{"application/json"}}
	for _, body := range []string{`{`, `[]`, `[1]`, ``, `{"id":1}`} {
		status, text := exchange(t, tr, http.MethodPost, "/", json, body)
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	together(t, dialWith(t, tr), 1, 1)
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}
