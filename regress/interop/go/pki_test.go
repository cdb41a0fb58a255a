// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A pki is a throw-away certificate authority with a server certificate and
// one certificate a client.  The CA, the server's certificate and its key are
// files, for the daemon; the clients' live in memory.
type pki struct {
	pool    *x509.CertPool
	clients map[string]tls.Certificate
}

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	der  []byte
}

var lastSerial int64

func template(name string) *x509.Certificate {
	lastSerial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(lastSerial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template(name)
	t.IsCA = true
	t.BasicConstraintsValid = true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key, der: der}, nil
}

func (ca *authority) issue(t *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca.cert,
		&key.PublicKey, ca.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{
		Certificate: [][]byte{der},
		PrivateKey:  key,
	}, nil
}

func (ca *authority) client(cn string, dns []string, ips []net.IP) (
	tls.Certificate, error) {
	t := template(cn)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	t.DNSNames = dns
	t.IPAddresses = ips
	return ca.issue(t)
}

// The names that the recorded cases speak of, and three of this test's own.
func (ca *authority) clients() (map[string]tls.Certificate, error) {
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	kinds := []struct {
		name string
		cn   string
		dns  []string
		ips  []net.IP
	}{
		{"nosan", "sequencer.example", nil, nil},
		{"iponly", "sequencer.example", nil, loopback},
		{"twosans", "batcher.example",
			[]string{"batcher.example", "sequencer.example"}, nil},
	}
	for _, name := range []string{"sequencer", "batcher", "multi",
		"unknown", "open", "narrow", "payload"} {
		dns := name + ".example"
		kinds = append(kinds, struct {
			name string
			cn   string
			dns  []string
			ips  []net.IP
		}{dns, dns, []string{dns}, nil})
	}
	certs := make(map[string]tls.Certificate)
	for _, k := range kinds {
		cert, err := ca.client(k.cn, k.dns, k.ips)
		if err != nil {
			return nil, err
		}
		certs[k.name] = cert
	}
	return certs, nil
}

func writePEM(path, label string, der []byte, mode os.FileMode) error {
	text := pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	return os.WriteFile(path, text, mode)
}

// newPKI writes ca.crt, tls.crt and tls.key to dir.
func newPKI(dir string) (*pki, error) {
	ca, err := newAuthority("interop CA")
	if err != nil {
		return nil, err
	}
	t := template("localhost")
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	t.DNSNames = []string{"localhost"}
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server, err := ca.issue(t)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name, label string
		der         []byte
		mode        os.FileMode
	}{
		{"ca.crt", "CERTIFICATE", ca.der, 0o644},
		{"tls.crt", "CERTIFICATE", server.Certificate[0], 0o644},
		{"tls.key", "PRIVATE KEY", key, 0o600},
	} {
		err = writePEM(filepath.Join(dir, f.name), f.label, f.der, f.mode)
		if err != nil {
			return nil, err
		}
	}
	p := &pki{pool: x509.NewCertPool()}
	p.pool.AddCert(ca.cert)
	if p.clients, err = ca.clients(); err != nil {
		return nil, err
	}
	// As good a certificate, but of an authority that nobody knows.
	other, err := newAuthority("another CA")
	if err != nil {
		return nil, err
	}
	p.clients["stranger"], err = other.client("sequencer.example",
		[]string{"sequencer.example"}, nil)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// The client's side of TLS as op-service sets it up; client "" has no
// certificate.
func (p *pki) config(client string) (*tls.Config, error) {
	config := &tls.Config{
		MinVersion: tls.VersionTLS13,
		RootCAs:    p.pool,
	}
	if client == "" {
		return config, nil
	}
	cert, ok := p.clients[client]
	if !ok {
		return nil, fmt.Errorf("no certificate for %q", client)
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (
		*tls.Certificate, error) {
		return &cert, nil
	}
	return config, nil
}
