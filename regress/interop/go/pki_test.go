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

// A pki is a throw-away certificate authority with certificates of a server,
// a proxy, a signer and one of each client.  What a daemon may need is in
// files, too: the CA and, with their keys, tls, proxy and signer.
type pki struct {
	pool    *x509.CertPool
	clients map[string]tls.Certificate
	servers map[string]tls.Certificate // by the names of their files
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

// The names that the recorded cases speak of, and some of these tests' own.
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
		"unknown", "open", "narrow", "payload", "signer"} {
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

// server issues what a server needs; the names are of the host, too.
func (ca *authority) server(names ...string) (tls.Certificate, error) {
	t := template(names[0])
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	t.DNSNames = append(names, "localhost")
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	return ca.issue(t)
}

// writePair writes a certificate and its key.
func writePair(stem string, pair tls.Certificate) error {
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return err
	}
	err = writePEM(stem+".crt", "CERTIFICATE", pair.Certificate[0], 0o644)
	if err != nil {
		return err
	}
	return writePEM(stem+".key", "PRIVATE KEY", key, 0o600)
}

func (p *pki) makeServers(ca *authority) error {
	p.servers = make(map[string]tls.Certificate)
	for file, name := range map[string]string{
		"tls": "tls.example", "proxy": "proxy.example",
	} {
		pair, err := ca.server(name)
		if err != nil {
			return err
		}
		p.servers[file] = pair
	}
	return nil
}

// newPKI writes to dir what is in files.
func newPKI(dir string) (*pki, error) {
	ca, err := newAuthority("interop CA")
	if err != nil {
		return nil, err
	}
	p := &pki{pool: x509.NewCertPool()}
	p.pool.AddCert(ca.cert)
	if p.clients, err = ca.clients(); err != nil {
		return nil, err
	}
	if err = p.makeServers(ca); err != nil {
		return nil, err
	}
	err = writePEM(filepath.Join(dir, "ca.crt"), "CERTIFICATE", ca.der, 0o644)
	if err != nil {
		return nil, err
	}
	for file, pair := range map[string]tls.Certificate{
		"tls":    p.servers["tls"],
		"proxy":  p.servers["proxy"],
		"signer": p.clients["signer.example"],
	} {
		if err = writePair(filepath.Join(dir, file), pair); err != nil {
			return nil, err
		}
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
