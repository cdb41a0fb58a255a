// Copyright (c) 2026 The signerd authors
// SPDX-License-Identifier: ISC

package interop

import (
	"bufio"
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

const (
	conformDir = "../../conform"
	startLimit = 30 * time.Second
	stopLimit  = 30 * time.Second
	// Nothing is left running, even where a test hangs.
	wholeLimit = 4 * time.Minute
)

// Name in the configuration and file under conform/keys.
var keyFiles = map[string]string{
	"sequencer": "sequencer.pem",
	"batcher":   "batcher-explicit.pem",
	"multi10":   "multi10.pem",
	"multi8453": "multi8453.pem",
}

// The counterpart of conform/op-signer-config.yaml, and two clients more.
const rules = `
allow client "sequencer.example" key "sequencer" method block-payload \
    chain 10 domain any
allow client "sequencer.example" key "sequencer" method transaction
allow client "batcher.example" key "batcher" method block-payload \
    chain 10 domain any
allow client "batcher.example" key "batcher" method transaction \
    to { 0x000000000000000000000000000000000000aaaa
	0xff00000000000000000000000000000000000010 } max-value 1 ether
allow client "multi.example" key "multi10" method block-payload \
    chain 10 domain any
allow client "multi.example" key "multi8453" method block-payload \
    chain 8453 domain any
allow client "multi.example" key "multi10" method transaction
allow client "multi.example" key "multi8453" method transaction
allow client "open.example" key "sequencer" method block-payload \
    chain 10 domain any
allow client "open.example" key "sequencer" method transaction
allow client "narrow.example" key "batcher" method transaction \
    chain { 10 8453 } to 0x000000000000000000000000000000000000aaaa \
    max-value 0.5 ether max-fee 0.001 ether
allow client "payload.example" key "sequencer" method block-payload chain 10
`

type daemon struct {
	cmd    *exec.Cmd
	dir    string
	pki    *pki
	url    string
	exited chan struct{}
	status error

	mu      sync.Mutex
	log     []string // the last lines
	started chan struct{}
	address string
	ready   bool
}

// The daemon that all tests share.
var signerd *daemon

// What signs in the daemon, to compare with.
var keys = make(map[string]*ecdsa.PrivateKey)

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	build := os.Getenv("SIGNERD_BUILD")
	if build == "" {
		fmt.Fprintln(os.Stderr, "interop: SIGNERD_BUILD is not set: "+
			"it names the directory with signerd in it")
		return 1
	}
	var err error
	if signerd, err = startDaemon(build); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		return 1
	}
	time.AfterFunc(wholeLimit, func() {
		_ = signerd.cmd.Process.Kill()
		panic("interop: took too long")
	})
	code := m.Run()
	if err = signerd.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		code = 1
	}
	if code != 0 {
		fmt.Fprint(os.Stderr, "interop: signerd's last lines:\n",
			signerd.tail())
	}
	return code
}

// readKey takes the scalar out of an EC PRIVATE KEY block (RFC 5915), which
// crypto/x509 does not do for this curve.
func readKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, fmt.Errorf("%s: no key", path)
		}
		if block.Type != "EC PRIVATE KEY" {
			continue
		}
		var key struct { // what follows is left alone
			Version int
			Scalar  []byte
		}
		if _, err = asn1.Unmarshal(block.Bytes, &key); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return crypto.ToECDSA(common.LeftPadBytes(key.Scalar, 32))
	}
}

// workDir makes a directory; for root one below directories that only root
// can write to, since one in it becomes the children's root.
func workDir() (string, error) {
	if os.Geteuid() != 0 {
		return os.MkdirTemp("", "signerd-interop-")
	}
	for _, base := range []string{"/run", "/var/run", "/var", "/root"} {
		dir, err := os.MkdirTemp(base, "signerd-interop-")
		if err == nil {
			return dir, os.Chmod(dir, 0o755)
		}
	}
	return "", errors.New("no place for a root directory")
}

func writeConfig(dir string) (string, error) {
	var b strings.Builder
	if os.Geteuid() == 0 {
		root := filepath.Join(dir, "root")
		if err := os.Mkdir(root, 0o755); err != nil {
			return "", err
		}
		if err := os.Chmod(root, 0o755); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "user \"nobody\"\nchroot \"%s\"\n", root)
	}
	fmt.Fprintf(&b, "listen on 127.0.0.1 port 0\n")
	fmt.Fprintf(&b, "tls ca \"%s/ca.crt\"\n", dir)
	fmt.Fprintf(&b, "tls certificate \"%s/tls.crt\" key \"%s/tls.key\"\n",
		dir, dir)
	for name, file := range keyFiles {
		from := filepath.Join(conformDir, "keys", file)
		text, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, file)
		if err = os.WriteFile(to, text, 0o600); err != nil {
			return "", err
		}
		if keys[name], err = readKey(from); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "key \"%s\" file \"%s\"\n", name, to)
	}
	b.WriteString(rules)
	path := filepath.Join(dir, "signerd.conf")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

func startDaemon(build string) (*daemon, error) {
	build, err := filepath.Abs(build)
	if err != nil {
		return nil, err
	}
	dir, err := workDir()
	if err != nil {
		return nil, err
	}
	d := &daemon{
		dir:     dir,
		exited:  make(chan struct{}),
		started: make(chan struct{}),
	}
	if err = d.run(build); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("%w\n%s", err, d.tail())
	}
	return d, nil
}

func (d *daemon) run(build string) error {
	var err error
	if d.pki, err = newPKI(d.dir); err != nil {
		return err
	}
	conf, err := writeConfig(d.dir)
	if err != nil {
		return err
	}
	d.cmd = exec.Command(filepath.Join(build, "signerd"), "-d",
		"-x", filepath.Join(build, "libexec"), "-f", conf)
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err = d.cmd.Start(); err != nil {
		return err
	}
	go d.follow(stderr)
	select {
	case <-d.started:
		d.url = "https://" + d.address
		return nil
	case <-d.exited:
		return fmt.Errorf("signerd ended: %v", d.status)
	case <-time.After(startLimit):
		_ = d.cmd.Process.Kill()
		<-d.exited
		return errors.New("signerd did not become ready")
	}
}

var (
	listening = regexp.MustCompile(
		` msg=listening .*\baddress="?([0-9.]+)"? port=([0-9]+)`)
	isReady = regexp.MustCompile(` msg=ready(\s|$)`)
)

// follow reads the log to its end and then waits for the process.
func (d *daemon) follow(stderr io.Reader) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		d.line(lines.Text())
	}
	_, _ = io.Copy(io.Discard, stderr)
	d.status = d.cmd.Wait()
	close(d.exited)
}

func (d *daemon) line(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, text)
	if len(d.log) > 20 {
		d.log = d.log[1:]
	}
	if m := listening.FindStringSubmatch(text); m != nil {
		d.address = m[1] + ":" + m[2]
	}
	if isReady.MatchString(text) && !d.ready && d.address != "" {
		d.ready = true
		close(d.started)
	}
}

func (d *daemon) tail() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.log, "\n") + "\n"
}

// stop ends the daemon as a supervisor does; it must exit 0.
func (d *daemon) stop() error {
	defer os.RemoveAll(d.dir)
	select {
	case <-d.exited:
		return fmt.Errorf("signerd ended before it was told to: %v",
			d.status)
	default:
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-d.exited:
	case <-time.After(stopLimit):
		_ = d.cmd.Process.Kill()
		<-d.exited
		return errors.New("signerd did not end after SIGTERM")
	}
	if d.status != nil {
		return fmt.Errorf("signerd after SIGTERM: %w", d.status)
	}
	return nil
}
