// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/rpc"
)

// A recorded case: see conform/README.md.
type recorded struct {
	Group   string
	Name    string
	Client  string
	Method  string
	Path    string
	Headers map[string]string
	Body    string
	Repeat  *struct {
		Prefix, Unit, Suffix string
		Count                int
	} `json:"body_repeat"`
	Expect struct {
		Status int
		Match  string
		JSON   json.RawMessage
		Code   int
		ID     *json.RawMessage
		Text   string
	}
}

func (c *recorded) body() string {
	if c.Repeat == nil {
		return c.Body
	}
	return c.Repeat.Prefix + strings.Repeat(c.Repeat.Unit, c.Repeat.Count) +
		c.Repeat.Suffix
}

func (c *recorded) title() string {
	return strings.ReplaceAll(c.Group+": "+c.Name, "/", "|")
}

func cases(t *testing.T) []recorded {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(conformDir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []recorded
	decode(t, text, &list)
	if len(list) == 0 {
		t.Fatal("no cases")
	}
	return list
}

func trim(s string) string {
	return strings.TrimSpace(s)
}

func decode(t testing.TB, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
}

// exchange sends one HTTP request as it is and reads the whole answer.
func exchange(t testing.TB, tr *http.Transport, method, path string,
	headers http.Header, body string) (int, []byte) {
	t.Helper()
	status, _, text := exchangeURL(t, tr, method, signerd.url+path, headers,
		body)
	return status, text
}

func exchangeURL(t testing.TB, tr *http.Transport, method, url string,
	headers http.Header, body string) (int, http.Header, []byte) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(limited(t), method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range headers {
		req.Header[name] = values
	}
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, text
}

// value decodes JSON with its numbers exact, as rationals in text.
func value(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("more than one document")
	}
	return v, nil
}

func same(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, okx := new(big.Rat).SetString(a.String())
		y, oky := new(big.Rat).SetString(b.String())
		return okx && oky && x.Cmp(y) == 0
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range a {
			other, there := b[name]
			if !there || !same(a[name], other) {
				return false
			}
		}
		return true
	}
	return a == b
}

func compareJSON(got, want []byte) error {
	g, err := value(got)
	if err != nil {
		return fmt.Errorf("%w: %.300q", err, got)
	}
	w, err := value(want)
	if err != nil {
		return err
	}
	if !same(g, w) {
		return fmt.Errorf("got %.600s\nwant %.600s", got, want)
	}
	return nil
}

type answer struct {
	ID     json.RawMessage
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
	}
}

// compare holds an answer against what was recorded; null stands for an id
// that is null.
func (c *recorded) compare(got []byte, version string) error {
	want := bytes.ReplaceAll(c.Expect.JSON, []byte(`"$VERSION"`),
		[]byte(`"`+version+`"`))
	var a answer
	object := json.Unmarshal(got, &a) == nil
	switch c.Expect.Match {
	case "json":
		return compareJSON(got, want)
	case "either":
		if object && a.Error != nil {
			return nil
		}
		return compareJSON(got, want)
	case "text":
		if trim(string(got)) != c.Expect.Text {
			return fmt.Errorf("got %q, want %q", got, c.Expect.Text)
		}
		return nil
	case "status":
		return nil
	case "result":
		if !object || a.Error != nil || a.Result == nil {
			return fmt.Errorf("got %.300s, want a result", got)
		}
		return nil
	case "error":
		if !object || a.Error == nil || a.Result != nil {
			return fmt.Errorf("got %.300s, want an error", got)
		}
		return nil
	case "code":
		if !object || a.Error == nil || a.Error.Code != c.Expect.Code {
			return fmt.Errorf("got %.300s, want code %d", got,
				c.Expect.Code)
		}
		if c.Expect.ID != nil {
			return compareJSON(a.ID, *c.Expect.ID)
		}
		return nil
	}
	return fmt.Errorf("unknown match %q", c.Expect.Match)
}

// replayRaw sends every recorded case to that daemon.
func replayRaw(t *testing.T, d *daemon) {
	running := version(t)
	transports := make(map[string]*http.Transport)
	for _, c := range cases(t) {
		if transports[c.Client] == nil {
			transports[c.Client] = transportTo(t, d, c.Client)
		}
		t.Run(c.title(), func(t *testing.T) {
			headers := make(http.Header)
			for name, text := range c.Headers {
				headers.Set(name, text)
			}
			status, _, body := exchangeURL(t, transports[c.Client],
				c.Method, d.url+c.Path, headers, c.body())
			if status != c.Expect.Status {
				t.Errorf("status %d, want %d: %.300q", status,
					c.Expect.Status, body)
			}
			if err := c.compare(body, running); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every recorded case, byte for byte as recorded, through net/http.
func TestReplayRaw(t *testing.T) {
	replayRaw(t, signerd)
}

// The same, where the client asks proxyd and signerd has dialled in there.
func TestReplayProxied(t *testing.T) {
	replayRaw(t, proxied(t))
}

// call is a request that the Go client can make itself.
type call struct {
	Version string            `json:"jsonrpc"`
	ID      json.RawMessage   `json:"id"`
	Method  string            `json:"method"`
	Params  []json.RawMessage `json:"params"`
	args    []any
}

func (c *call) usable() bool {
	for _, p := range c.Params {
		c.args = append(c.args, p)
	}
	return c.Version == "2.0" && c.Method != "" && len(c.ID) > 0 &&
		c.ID[0] != '[' && c.ID[0] != '{'
}

// compareCall holds what the client made of an answer against the answer
// that was recorded for it.
func compareCall(got json.RawMessage, err error, want json.RawMessage) error {
	var a answer
	if e := json.Unmarshal(want, &a); e != nil {
		return e
	}
	if a.Error == nil {
		if err != nil {
			return err
		}
		return compareJSON(got, a.Result)
	}
	e, ok := err.(rpc.Error)
	if !ok || e.ErrorCode() != a.Error.Code || e.Error() != a.Error.Message {
		return fmt.Errorf("got %v, want %d %q", err, a.Error.Code,
			a.Error.Message)
	}
	return nil
}

func (c *recorded) replayCall(t *testing.T, client *rpc.Client, one *call) {
	var got json.RawMessage
	err := client.CallContext(limited(t), &got, one.Method, one.args...)
	e, refused := err.(rpc.Error)
	switch c.Expect.Match {
	case "json":
		err = compareCall(got, err, c.Expect.JSON)
		if err != nil {
			t.Error(err)
		}
	case "code":
		if !refused || e.ErrorCode() != c.Expect.Code {
			t.Errorf("got %v, want code %d", err, c.Expect.Code)
		}
	case "error":
		if !refused {
			t.Errorf("got %s, %v, want an error", got, err)
		}
	case "result":
		if err != nil {
			t.Error(err)
		}
	}
}

func (c *recorded) replayBatch(t *testing.T, client *rpc.Client,
	batch []call) {
	elems := make([]rpc.BatchElem, len(batch))
	for i := range batch {
		elems[i] = rpc.BatchElem{Method: batch[i].Method,
			Args: batch[i].args, Result: new(json.RawMessage)}
		if elems[i].Args == nil {
			elems[i].Args = []any{}
		}
	}
	if err := client.BatchCallContext(limited(t), elems); err != nil {
		t.Fatal(err)
	}
	var want []json.RawMessage
	decode(t, c.Expect.JSON, &want)
	if len(want) != len(elems) {
		t.Fatalf("%d answers recorded for %d", len(want), len(elems))
	}
	for i, elem := range elems {
		got := *elem.Result.(*json.RawMessage)
		if err := compareCall(got, elem.Error, want[i]); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// replayable tells what the Go client can make of a case: one call, a batch,
// or nothing.
func (c *recorded) replayable() (*call, []call) {
	contentType := c.Headers["content-type"]
	if c.Method != http.MethodPost || c.Path != "/" || c.Repeat != nil ||
		contentType != "application/json" || c.Expect.Status != 200 {
		return nil, nil
	}
	var one call
	if json.Unmarshal([]byte(c.Body), &one) == nil && one.usable() {
		return &one, nil
	}
	var batch []call
	if json.Unmarshal([]byte(c.Body), &batch) != nil ||
		c.Expect.Match != "json" {
		return nil, nil
	}
	if len(batch) == 0 {
		return nil, nil // answered with an object: TestReplayRaw
	}
	for i := range batch {
		if !batch[i].usable() {
			return nil, nil
		}
	}
	return nil, batch
}

// Every recorded call and batch again, put together by the Go client.
func TestReplayClient(t *testing.T) {
	running := version(t)
	clients := make(map[string]*rpc.Client)
	replayed := 0
	for _, c := range cases(t) {
		one, batch := c.replayable()
		if one == nil && batch == nil {
			continue
		}
		replayed++
		c.Expect.JSON = bytes.ReplaceAll(c.Expect.JSON,
			[]byte(`"$VERSION"`), []byte(`"`+running+`"`))
		if clients[c.Client] == nil {
			clients[c.Client] = dial(t, c.Client)
		}
		t.Run(c.title(), func(t *testing.T) {
			if one != nil {
				c.replayCall(t, clients[c.Client], one)
			} else {
				c.replayBatch(t, clients[c.Client], batch)
			}
		})
	}
	if replayed < 200 {
		t.Errorf("only %d cases were calls", replayed)
	}
}
