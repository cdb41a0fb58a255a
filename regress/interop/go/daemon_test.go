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
	cmd     *exec.Cmd
	program string
	dir     string
	pki     *pki
	url     string // for clients, where it listens for them
	exited  chan struct{}
	status  error

	mu        sync.Mutex
	log       []string // the last lines
	started   chan struct{}
	addresses map[string]string // by what they are for
	ready     bool
}

// The daemon that the tests of the client share.
var signerd *daemon

// Where the programs are.
var buildDir string

// What signs in the daemon, to compare with.
var keys = make(map[string]*ecdsa.PrivateKey)

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if os.Getenv("SIGNERD_BUILD") == "" {
		fmt.Fprintln(os.Stderr, "interop: SIGNERD_BUILD is not set: "+
			"it names the directory with signerd in it")
		return 1
	}
	var err error
	if buildDir, err = filepath.Abs(os.Getenv("SIGNERD_BUILD")); err == nil {
		err = readKeys()
	}
	if err == nil {
		signerd, err = startDaemon("signerd", directConfig)
	}
	if err != nil {
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

func readKeys() error {
	for name, file := range keyFiles {
		key, err := readKey(filepath.Join(conformDir, "keys", file))
		if err != nil {
			return err
		}
		keys[name] = key
	}
	return nil
}

// owner gives the user and root of the children; root alone can set them.
func (d *daemon) owner() (string, error) {
	if os.Geteuid() != 0 {
		return "", nil
	}
	root := filepath.Join(d.dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return "", err
	}
	if err := os.Chmod(root, 0o755); err != nil {
		return "", err
	}
	return fmt.Sprintf("user \"nobody\"\nchroot \"%s\"\n", root), nil
}

// tls gives a tls block, or what stands in one, for the certificate of that
// name.
func (d *daemon) tls(name string) string {
	return fmt.Sprintf("tls ca \"%s/ca.crt\"\n"+
		"tls certificate \"%s/%s.crt\" key \"%s/%s.key\"\n",
		d.dir, d.dir, name, d.dir, name)
}

// keyStatements copies the keys to where the daemon reads them.
func (d *daemon) keyStatements() (string, error) {
	var b strings.Builder
	for name, file := range keyFiles {
		text, err := os.ReadFile(filepath.Join(conformDir, "keys", file))
		if err != nil {
			return "", err
		}
		to := filepath.Join(d.dir, file)
		if err = os.WriteFile(to, text, 0o600); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "key \"%s\" file \"%s\"\n", name, to)
	}
	return b.String(), nil
}

func directConfig(d *daemon) (string, error) {
	stored, err := d.keyStatements()
	return "listen on 127.0.0.1 port 0\n" + d.tls("tls") + stored + rules,
		err
}

// startDaemon runs a program with the configuration that the function makes
// for it, until it is ready.
func startDaemon(program string,
	config func(*daemon) (string, error)) (*daemon, error) {
	dir, err := workDir()
	if err != nil {
		return nil, err
	}
	d := &daemon{
		program:   program,
		dir:       dir,
		exited:    make(chan struct{}),
		started:   make(chan struct{}),
		addresses: make(map[string]string),
	}
	if err = d.run(config); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("%w\n%s", err, d.tail())
	}
	return d, nil
}

// start does the same for one test, which stops it.
func start(t testing.TB, program string,
	config func(*daemon) (string, error)) *daemon {
	t.Helper()
	d, err := startDaemon(program, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("%s's last lines:\n%s", program, d.tail())
		}
	})
	return d
}

func (d *daemon) run(config func(*daemon) (string, error)) error {
	var err error
	if d.pki, err = newPKI(d.dir); err != nil {
		return err
	}
	text, err := config(d)
	if err != nil {
		return err
	}
	owner, err := d.owner()
	if err != nil {
		return err
	}
	conf := filepath.Join(d.dir, d.program+".conf")
	if err = os.WriteFile(conf, []byte(owner+text), 0o600); err != nil {
		return err
	}
	d.cmd = exec.Command(filepath.Join(buildDir, d.program), "-d",
		"-x", filepath.Join(buildDir, "libexec"), "-f", conf)
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
		d.url = "https://" + d.address("clients")
		return nil
	case <-d.exited:
		return fmt.Errorf("%s ended: %v", d.program, d.status)
	case <-time.After(startLimit):
		_ = d.cmd.Process.Kill()
		<-d.exited
		return fmt.Errorf("%s did not become ready", d.program)
	}
}

var (
	listening = regexp.MustCompile(
		` msg=listening .*\baddress="?([0-9.]+)"? port=([0-9]+)`)
	purpose = regexp.MustCompile(` for=([a-z]+)(\s|$)`)
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
		what := "clients"
		if p := purpose.FindStringSubmatch(text); p != nil {
			what = p[1]
		}
		d.addresses[what] = m[1] + ":" + m[2]
	}
	if isReady.MatchString(text) && !d.ready {
		d.ready = true
		close(d.started)
	}
}

func (d *daemon) address(what string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addresses[what]
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
		return fmt.Errorf("%s ended before it was told to: %v",
			d.program, d.status)
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
		return fmt.Errorf("%s did not end after SIGTERM", d.program)
	}
	if d.status != nil {
		return fmt.Errorf("%s after SIGTERM: %w", d.program, d.status)
	}
	return nil
}
