// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
	"software.sslmate.com/src/go-pkcs12"

	"gsign/internal/limits"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// pair is a client certificate under a CA of its own.
type pair struct {
	ca, leaf *x509.Certificate
	key      *ecdsa.PrivateKey
}

func newPair(t *testing.T, from, to time.Time) *pair {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	make := func(name string, serial int64, ca bool, parent *x509.Certificate, pub any) *x509.Certificate {
		tmpl := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
			IsCA: ca, BasicConstraintsValid: ca, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		if parent == nil {
			parent = tmpl
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, caKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ca := make("TEST CA", 1, true, nil, caKey.Public())
	return &pair{ca, make("TEST client", 2, false, ca, key.Public()), key}
}

func certPEM(certs ...*x509.Certificate) string {
	var b bytes.Buffer
	for _, c := range certs {
		_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return b.String()
}

func keyPEM(t *testing.T, kind string, key *ecdsa.PrivateKey) string {
	t.Helper()
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if kind == "EC PRIVATE KEY" {
		b, err = x509.MarshalECPrivateKey(key)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
}

// valid writes a complete, good set of credentials and returns it as environment.
func valid(t *testing.T, p *pair) (dir string, env map[string]string) {
	t.Helper()
	dir = t.TempDir()
	return dir, map[string]string{
		"GSIGN_API_KEY":         "0123456789abcdef",
		"GSIGN_API_SECRET_FILE": write(t, filepath.Join(dir, "secret"), "s3cret-in-file\n", 0o600),
		"GSIGN_CLIENT_CERT":     write(t, filepath.Join(dir, "c.pem"), certPEM(p.ca, p.leaf), 0o644), // the chain before the leaf
		"GSIGN_CLIENT_KEY":      write(t, filepath.Join(dir, "c.key"), keyPEM(t, "PRIVATE KEY", p.key), 0o600),
	}
}

func TestCredentials(t *testing.T) {
	p := newPair(t, now.Add(-time.Hour), now.Add(90*24*time.Hour))
	dir, env := valid(t, p)
	env["GSIGN_CA_FILE"] = write(t, filepath.Join(dir, "ca.pem"), certPEM(p.ca), 0o644)
	cfg, warnings, err := resolve(t, sources(t, nil, env)).Credentials(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.APIKey != "0123456789abcdef" || string(cfg.APISecret) != "s3cret-in-file" || cfg.RootCAs == nil || len(warnings) != 0 {
		t.Errorf("%q %q %v %q", cfg.APIKey, string(cfg.APISecret), cfg.RootCAs, warnings)
	}
	chain := cfg.Certificate.Certificate
	if len(chain) != 2 || !bytes.Equal(chain[0], p.leaf.Raw) || !bytes.Equal(chain[1], p.ca.Raw) {
		t.Errorf("chain of %d is not leaf, issuer", len(chain))
	}
	if text := fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg); strings.Contains(text, "s3cret") || strings.Contains(text, "0123456789abcdef") {
		t.Errorf("printing shows a secret: %s", text)
	}
	_, warnings, err = resolve(t, sources(t, nil, env2(env))).Credentials(nil, now.Add(80*24*time.Hour))
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "expires at 2027-02-20 12:00:00 UTC") {
		t.Errorf("warnings %q, %v", warnings, err)
	}
}

// env2 gives back what an earlier Resolve removed.
func env2(env map[string]string) map[string]string {
	env["GSIGN_API_KEY"] = "0123456789abcdef"
	return env
}

func TestPKCS12(t *testing.T) {
	p := newPair(t, now.Add(-time.Hour), now.Add(90*24*time.Hour))
	dir := t.TempDir()
	b, err := pkcs12.Modern.Encode(p.key, p.leaf, []*x509.Certificate{p.ca}, "päss")
	if err != nil {
		t.Fatal(err)
	}
	p12 := write(t, filepath.Join(dir, "c.p12"), string(b), 0o600)
	ber := write(t, filepath.Join(dir, "ber.p12"), "\x30\x80\x02\x01\x03", 0o600)
	junk := write(t, filepath.Join(dir, "junk.p12"), "some text", 0o600)
	text := write(t, filepath.Join(dir, "pem.p12"), "Bag Attributes\n"+certPEM(p.leaf), 0o600)
	der := write(t, filepath.Join(dir, "cer.p12"), string(p.leaf.Raw), 0o600)
	short := write(t, filepath.Join(dir, "short.p12"), string(b[:len(b)/2]), 0o600)
	trust, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{p.ca}, "x")
	if err != nil {
		t.Fatal(err)
	}
	keyless := write(t, filepath.Join(dir, "trust.p12"), string(trust), 0o600)
	for name, tt := range map[string]struct{ file, password, problem, hint string }{
		"good":     {p12, "päss", "", ""},
		"wrong":    {p12, "other", "the password of", "client_p12_password_file"},
		"none":     {p12, "", "protected by a password, and none is set", "GSIGN_CLIENT_P12_PASSWORD"},
		"BER":      {ber, "x", "BER encoding", "openssl pkcs12 -in"},
		"junk":     {junk, "x", "junk.p12 is not PKCS#12", "client.p12"},
		"empty":    {write(t, filepath.Join(dir, "empty"), "", 0o600), "x", "is not PKCS#12", ""},
		"PEM":      {text, "x", "pem.p12 is PEM, not PKCS#12", "client_cert"},
		"DER":      {der, "x", "cer.p12 is a certificate without its key", "client_key"},
		"damaged":  {short, "päss", "short.p12 is damaged: it cannot be read as PKCS#12", "openssl pkcs12 -info"},
		"no key":   {keyless, "x", "cannot be read as PKCS#12: ", "-export"},
		"no file":  {p12 + "x", "x", "no such file", ""},
		"too long": {write(t, filepath.Join(dir, "long"), strings.Repeat("x", limits.CertificateFile+1), 0o600), "x", "larger than", ""},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"GSIGN_API_KEY": "k", "GSIGN_API_SECRET": "s", "GSIGN_CLIENT_P12": tt.file, "GSIGN_CLIENT_P12_PASSWORD": tt.password}
			cfg, _, err := resolve(t, sources(t, nil, env)).Credentials(nil, now)
			if tt.problem != "" {
				wantError(t, err, false, tt.problem, tt.hint)
				if strings.Contains(err.Error(), "asn1") {
					t.Errorf("the error is the parser's: %v", err)
				}
				return
			}
			if err != nil || len(cfg.Certificate.Certificate) != 2 {
				t.Errorf("%v, %v", cfg, err)
			}
		})
	}
}

func TestPKCS12OfAnotherKind(t *testing.T) {
	err := unreadablePKCS12("c.p12", []byte{0x30, 0}, pkcs12.NotImplementedError("only version 3 is supported"))
	wantError(t, err, false, "c.p12 is PKCS#12 of a kind that cannot be read: only version 3", "openssl pkcs12 -in c.p12")
}

// Each unusable credential is its own error, with a hint, before any call.
func TestBadCredentials(t *testing.T) {
	good := newPair(t, now.Add(-time.Hour), now.Add(90*24*time.Hour))
	other := newPair(t, now.Add(-time.Hour), now.Add(90*24*time.Hour))
	old := newPair(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	early := newPair(t, now.Add(time.Hour), now.Add(2*time.Hour))
	type change func(t *testing.T, dir string, env map[string]string)
	file := func(variable, text string, mode os.FileMode) change {
		return func(t *testing.T, dir string, env map[string]string) {
			env[variable] = write(t, filepath.Join(dir, "changed"), text, mode)
		}
	}
	set := func(variable, value string) change {
		return func(_ *testing.T, _ string, env map[string]string) { env[variable] = value }
	}
	both := func(p *pair) change {
		return func(t *testing.T, dir string, env map[string]string) {
			env["GSIGN_CLIENT_CERT"] = write(t, filepath.Join(dir, "b.pem"), certPEM(p.leaf)+keyPEM(t, "EC PRIVATE KEY", p.key), 0o600)
			delete(env, "GSIGN_CLIENT_KEY")
		}
	}
	encrypted := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}}))
	legacy := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}, Bytes: []byte{1}}))
	for name, tt := range map[string]struct {
		change  change
		usage   bool
		problem string
		hint    string
	}{
		"good, one file":     {both(good), false, "", ""},
		"no key":             {set("GSIGN_API_KEY", ""), true, "api_key not set", "--sandbox"},
		"no secret":          {set("GSIGN_API_SECRET_FILE", ""), true, "api_secret_file not set", "config.toml"},
		"secret missing":     {set("GSIGN_API_SECRET_FILE", "/nonexistent"), false, "read the API secret: stat /nonexistent", "is the name right?"},
		"secret is a folder": {set("GSIGN_API_SECRET_FILE", os.TempDir()), false, "is a directory", "name the file in it"},
		"secret group":       {file("GSIGN_API_SECRET_FILE", "s", 0o640), false, "can be read by others (mode 0640)", "chmod 600"},
		"secret world":       {file("GSIGN_API_SECRET_FILE", "s", 0o604), false, "can be read by others (mode 0604)", "chmod 600"},
		"secret empty":       {file("GSIGN_API_SECRET_FILE", "\n", 0o600), false, "is empty", ""},
		"secret two lines":   {file("GSIGN_API_SECRET_FILE", "a\nb\n", 0o600), false, "more than one line", ""},
		"secret too long":    {file("GSIGN_API_SECRET_FILE", strings.Repeat("x", limits.Secret+1), 0o600), false, "larger than", ""},
		"secret twice":       {set("GSIGN_API_SECRET", "s"), true, "set more than once in the environment", "keep one"},
		"cert missing":       {set("GSIGN_CLIENT_CERT", "/nonexistent"), false, "read the client certificate", ""},
		"cert is no cert":    {file("GSIGN_CLIENT_CERT", "hello", 0o600), false, "holds no certificate", "BEGIN CERTIFICATE"},
		"cert damaged":       {file("GSIGN_CLIENT_CERT", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o600), false, "read the client certificate from", ""},
		"no cert, but key":   {set("GSIGN_CLIENT_CERT", ""), true, "client_cert is not", ""},
		"key missing":        {set("GSIGN_CLIENT_KEY", "/nonexistent"), false, "read the client key", "is the name right?"},
		"key readable":       {file("GSIGN_CLIENT_KEY", "x", 0o644), false, "the client key in", "chmod 600"},
		"key encrypted":      {file("GSIGN_CLIENT_KEY", encrypted, 0o600), false, "is encrypted", "PKCS#12"},
		"key encrypted, old": {file("GSIGN_CLIENT_KEY", legacy, 0o600), false, "is encrypted", "PKCS#12"},
		"key damaged":        {file("GSIGN_CLIENT_KEY", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600), false, "is damaged", ""},
		"no key in file":     {file("GSIGN_CLIENT_KEY", certPEM(good.leaf), 0o600), false, "no private key", "BEGIN PRIVATE KEY"},
		"key of another":     {file("GSIGN_CLIENT_KEY", keyPEM(t, "PRIVATE KEY", other.key), 0o600), false, "does not belong to the certificate", "openssl"},
		"expired":            {both(old), false, "expired at 2026-11-22 11:00:00 UTC", "new client certificate"},
		"not yet valid":      {both(early), false, "not valid before 2026-11-22 13:00:00 UTC", "clock"},
		"two certificates":   {set("GSIGN_CLIENT_P12", "x.p12"), true, "client certificate is set more than once", "keep"},
		"CA file missing":    {set("GSIGN_CA_FILE", "/nonexistent"), false, "read the CA certificate", ""},
		"CA file empty":      {file("GSIGN_CA_FILE", "", 0o600), false, "holds no certificate", ""},
		"http":               {set("GSIGN_BASE_URL", "http://x/v2"), true, "does not start with https", "https://"},
		"user in URL":        {set("GSIGN_BASE_URL", "https://u:s3cret@x/v2"), true, "user name or password", ""},
		"query in URL":       {set("GSIGN_BASE_URL", "https://x/v2?key=s3cret"), true, "more than an address", ""},
		"bad URL":            {set("GSIGN_BASE_URL", "https://s3cret\x7f"), true, "not an address", ""},
		"no host":            {set("GSIGN_BASE_URL", "https:///v2"), true, "not an address", ""},
		"no stdin":           {set("GSIGN_API_SECRET_FILE", "-"), true, "there is none", ""},
		"two readers of stdin": {func(_ *testing.T, _ string, env map[string]string) {
			env["GSIGN_API_SECRET_FILE"], env["GSIGN_API_KEY_FILE"] = "-", "-"
			delete(env, "GSIGN_API_KEY")
		}, true, "both read standard input", "0600"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, env := valid(t, good)
			tt.change(t, dir, env)
			_, _, err := resolve(t, sources(t, nil, env)).Credentials(nil, now)
			if tt.problem == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, tt.usage, tt.problem, tt.hint)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

// A stronger layer replaces a group of settings, it does not mix with the weaker one.
func TestGroupsDoNotMix(t *testing.T) {
	p := newPair(t, now.Add(-time.Hour), now.Add(90*24*time.Hour))
	dir, env := valid(t, p)
	config := write(t, filepath.Join(dir, "c.toml"), "api_secret_keyring = 'a/b'\nclient_p12 = 'absent.p12'\n", 0o600)
	v := resolve(t, sources(t, map[string][]string{"config": {config}}, env))
	if _, _, err := v.Credentials(nil, now); err != nil {
		t.Error(err)
	}
}

func TestSecretFromStdin(t *testing.T) {
	p := newPair(t, now.Add(-time.Hour), now.Add(90*24*time.Hour))
	_, env := valid(t, p)
	v := resolve(t, sources(t, map[string][]string{"api_secret_file": {"-"}}, env))
	if user, err := v.UsesStdin(); user != "api_secret_file" || err != nil {
		t.Errorf("%q, %v", user, err)
	}
	cfg, _, err := v.Credentials(strings.NewReader("from stdin\r\n"), now)
	if err != nil || string(cfg.APISecret) != "from stdin" {
		t.Errorf("%v, %v", cfg, err)
	}
	_, _, err = v.Credentials(strings.NewReader(strings.Repeat("x", limits.Secret+1)), now)
	wantError(t, err, false, "longer than", "")
}

func TestKeyring(t *testing.T) {
	defer func() { testOnlyKeyringGet = keyring.Get }()
	p := newPair(t, now.Add(-time.Hour), now.Add(90*24*time.Hour))
	credentials := func(entry string) (string, error) {
		_, env := valid(t, p)
		delete(env, "GSIGN_API_SECRET_FILE")
		env["GSIGN_API_SECRET_KEYRING"] = entry
		cfg, _, err := resolve(t, sources(t, nil, env)).Credentials(nil, now)
		if err != nil {
			return "", err
		}
		return string(cfg.APISecret), nil
	}
	testOnlyKeyringGet = func(service, user string) (string, error) { return service + " " + user, nil }
	if got, err := credentials("svc/me/x"); got != "svc me/x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	_, err := credentials("nobody")
	wantError(t, err, true, "not SERVICE/USER", "")
	testOnlyKeyringGet = func(string, string) (string, error) { return "", keyring.ErrNotFound }
	_, err = credentials("svc/me")
	wantError(t, err, false, "no entry", "api_secret_file")
	testOnlyKeyringGet = func(string, string) (string, error) { return "", errors.New("no bus") }
	_, err = credentials("svc/me")
	wantError(t, err, false, "no bus", "api_secret_file")
}

func TestKeyringThatHangs(t *testing.T) {
	defer func() { testOnlyKeyringGet = keyring.Get }()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var done sync.WaitGroup
		done.Add(1)
		testOnlyKeyringGet = func(string, string) (string, error) { defer done.Done(); <-release; return "late", nil }
		start := time.Now()
		_, err := keyringSecret(apiSecret, "svc/me")
		wantError(t, err, false, "did not answer within 3s", "api_secret_file")
		if took := time.Since(start); took != keyringTimeout {
			t.Errorf("waited %v", took)
		}
		close(release)
		done.Wait()
	})
}

func TestCertificateFolders(t *testing.T) {
	p := newPair(t, now.Add(-time.Hour), now.Add(time.Hour))
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.PEM"), certPEM(p.ca), 0o644)
	write(t, filepath.Join(dir, "b.der"), string(p.leaf.Raw), 0o644)
	write(t, filepath.Join(dir, "README"), "ignored", 0o644)
	v := resolve(t, sources(t, map[string][]string{"trust": {dir}, "extra_certs": {filepath.Join(dir, "a.PEM"), filepath.Join(dir, "b.der")}}, nil))
	for name, read := range map[string]func() ([]*x509.Certificate, error){"trust": v.Trust, "extra": v.ExtraCerts} {
		if certs, err := read(); err != nil || len(certs) != 2 {
			t.Errorf("%s: %d, %v", name, len(certs), err)
		}
	}
	_, err := resolve(t, sources(t, map[string][]string{"trust": {t.TempDir()}}, nil)).Trust()
	wantError(t, err, true, "holds no certificate", ".pem")
	_, err = resolve(t, sources(t, map[string][]string{"trust": {"/nonexistent"}}, nil)).Trust()
	wantError(t, err, true, "read the trusted certificate", "")
	_, err = resolve(t, sources(t, map[string][]string{"trust": {filepath.Join(dir, "README")}}, nil)).Trust()
	wantError(t, err, true, "holds no certificate", "")
}

func FuzzCertificates(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = parseCertificates(b)
		_, _ = parseKey("f", b)
	})
}
