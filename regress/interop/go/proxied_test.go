// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/rpc"
)

// relayConfig has the same rules as signerd; where these name a key, it has
// the key's address.
func relayConfig(d *daemon) (string, error) {
	text := rules
	var all []string
	for name := range keyFiles {
		address := strings.ToLower(addressOf(name).Hex())
		all = append(all, address)
		text = strings.ReplaceAll(text, fmt.Sprintf(" key %q ", name),
			" address "+address+" ")
	}
	return fmt.Sprintf("listen on 127.0.0.1 port 0\n"+
		"signers on 127.0.0.1 port 0\n%s"+
		"signer \"hq\" name \"signer.example\" address { %s }\n%s",
		d.tls("proxy"), strings.Join(all, " "), text), nil
}

// proxied starts a proxyd and the signerd that it relays to.
func proxied(t *testing.T) *daemon {
	proxy := start(t, "proxyd", relayConfig)
	start(t, "signerd", func(d *daemon) (string, error) {
		stored, err := d.keyStatements()
		return fmt.Sprintf("%s%sproxy \"edge\" {\nurl \"wss://%s/ws\"\n"+
			"tls name \"proxy.example\"\n}\n%s", proxy.tls("signer"),
			stored, proxy.address("signers"),
			strings.ReplaceAll(rules, "allow ", "allow via \"edge\" ")), err
	})
	served(t, proxy)
	return proxy
}

// served asks until a signer is there, as a client of the proxy would.
func served(t *testing.T, d *daemon) {
	t.Helper()
	c := dialURL(t, d.url, transportTo(t, d, "sequencer.example"))
	args := payloadArgs{[32]byte{}, chainTen, payloadHash, nil}
	until := time.Now().Add(callLimit)
	for {
		err := c.CallContext(limited(t), nil,
			"opsigner_signBlockPayload", &args)
		var e rpc.HTTPError
		if !errors.As(err, &e) ||
			e.StatusCode != http.StatusServiceUnavailable ||
			time.Now().After(until) {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}
