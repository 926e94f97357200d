// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"software.sslmate.com/src/go-pkcs12"
)

func TestWriteFiles(t *testing.T) {
	srv := startServer(t)
	dir := filepath.Join(t.TempDir(), `new "dir"`, "sandbox")
	for range 2 { // again over what is there
		if err := srv.WriteFiles(dir); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var config map[string]string
	if err := toml.Unmarshal(read(ConfigFile), &config); err != nil {
		t.Fatal(err)
	}
	if config["base_url"] != srv.URL || config["api_key"] != srv.set.apiKey {
		t.Errorf("config: %v", config)
	}
	for _, key := range []string{"api_secret_file", "client_cert", "client_key", "ca_file"} {
		if _, err := os.Stat(config[key]); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if got := strings.TrimSpace(string(read(SecretFile))); got != srv.set.apiSecret || strings.Contains(string(read(ConfigFile)), got) {
		t.Errorf("secret %q", got)
	}
	for _, name := range []string{ClientKeyFile, SecretFile, ClientPKCS12File, ClientPasswordFile, ConfigFile} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, fi.Mode())
		}
	}
	key, leaf, chain, err := pkcs12.DecodeChain(read(ClientPKCS12File), strings.TrimSpace(string(read(ClientPasswordFile))))
	if err != nil || len(chain) != 1 || !leaf.Equal(srv.client.Leaf) || key == nil {
		t.Errorf("PKCS #12: %v, %d issuers", err, len(chain))
	}
	for _, name := range []string{SignerRootFile, TSARootFile} {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(read(name)) {
			t.Errorf("%s holds no certificate", name)
		}
	}
	roots := t.TempDir()
	if err := srv.WriteRoots(roots); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(roots, "tsa-root.pem")); err != nil || !bytes.Equal(b, read(TSARootFile)) {
		t.Errorf("roots: %v", err)
	}
}

// TestLoginWithFiles: with nothing but the files, a client logs in.
func TestLoginWithFiles(t *testing.T) {
	srv := startServer(t)
	dir := t.TempDir()
	if err := srv.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	pair, err := tls.X509KeyPair(read(ClientCertFile), read(ClientKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(pair.Certificate) != 2 {
		t.Errorf("client.pem has %d certificates, want the issuer too", len(pair.Certificate))
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(read(ServerCAFile))
	c := newWire(t, srv, func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}
	})
	c.login()
	c.srv = &Server{URL: strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), set: srv.set}
	c.login()
}

func TestWait(t *testing.T) {
	srv := startServer(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- srv.Wait(ctx) }()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("after cancel: %v", err)
	}
	go func() { done <- srv.Wait(context.Background()) }()
	srv.Close()
	srv.Close()
	if err := <-done; err != nil {
		t.Errorf("after Close: %v", err)
	}
	if _, err := http.Get(srv.WebURL); err == nil {
		t.Error("answers after Close")
	}
}
