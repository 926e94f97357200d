// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"crypto/tls"
	"errors"
	"go/parser"
	gotoken "go/token"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// TestImports: standard library only.
func TestImports(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), f.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			seen++
			path := strings.Trim(i.Path.Value, `"`)
			first, _, _ := strings.Cut(path, "/")
			if strings.Contains(first, ".") || first == "gsign" || first == "C" {
				t.Errorf("%s imports %s", f.Name(), path)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d imports seen", seen)
	}
}

func TestBaseURL(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 DefaultBaseURL,
		"https://h":                        "https://h/v2",
		"https://h/":                       "https://h/v2",
		"https://h/v2":                     "https://h/v2",
		"https://h/v2//":                   "https://h/v2",
		" HTTPS://H:8443/v2/ ":             "https://h:8443/v2",
		"https://[::1]:1/v2":               "https://[::1]:1/v2",
		"https://h/gateway":                "https://h/gateway/v2",
		"https://h/a/b/v2/":                "https://h/a/b/v2",
		"http://h/v2":                      "",
		"http://127.0.0.1/v2":              "",
		"h:8443/v2":                        "",
		"h":                                "",
		"//h/v2":                           "",
		"https:///v2":                      "",
		"https://h/v1":                     "",
		"https://h/v3/":                    "",
		"https://h/v2/login":               "",
		"https://h/../v2":                  "",
		"https://h//v2":                    "",
		"https://h/%2e%2e/v2":              "",
		"https://h/v2?x=1":                 "",
		"https://h/v2?":                    "",
		"https://h/v2#":                    "",
		"https://h/v2#x":                   "",
		"https://user:geheim@h/v2":         "",
		"https://h:0/v2":                   "",
		"https://h:99999/v2":               "",
		"https://h:/v2":                    "",
		"https://user:geheim@h:bad/v2\x7f": "",
	} {
		if text := (Config{BaseURL: in}).String(); strings.Contains(text, "geheim") {
			t.Errorf("text shows the password: %s", text)
		}
		got, err := canonicalBaseURL(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q gives %q, %v; want %q", in, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("error shows the password: %v", err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	s := startService(t, false)
	for name, change := range map[string]func(*Config){
		"no key": func(c *Config) { c.APIKey = "" }, "no secret": func(c *Config) { c.APISecret = "" },
		"no certificate": func(c *Config) { c.Certificate = tls.Certificate{} },
		"no private key": func(c *Config) { c.Certificate.PrivateKey = nil },
		"another key":    func(c *Config) { c.Certificate.PrivateKey = s.pki.server.PrivateKey },
		"bad URL":        func(c *Config) { c.BaseURL = "http://h" },
	} {
		cfg := s.config()
		change(cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestClientCertificate: the whole chain is sent, even when the server's hints name another CA.
func TestClientCertificate(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := startService(t, false, func(c *tls.Config) {
			c.MaxVersion = version
			// The names hinted at are those of the pool.
			c.ClientAuth, c.ClientCAs = tls.RequireAnyClientCert, poolOf(sharedPKI(t).other)
		})
		if err := s.client().Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := s.requests[0].TLS
		if got.Version != version || len(got.PeerCertificates) != 2 || !got.PeerCertificates[1].Equal(s.pki.clientCA.cert) {
			t.Errorf("TLS %x with %d client certificates, want the leaf and its issuer", got.Version, len(got.PeerCertificates))
		}
	}
}

func TestClientCertificateRefused(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := startService(t, false, func(c *tls.Config) {
			c.MaxVersion, c.ClientCAs = version, poolOf(sharedPKI(t).other)
		})
		err := s.client().Login(t.Context())
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) {
			t.Errorf("TLS %x: error is %v, want not reached", version, err)
		}
		// In TLS 1.3 the reset of the connection may overtake the alert that explains it.
		if version == tls.VersionTLS12 && (!errors.Is(err, ErrClientCertificate) || !IsCredentials(err) || IsUnavailable(err)) {
			t.Errorf("error is %v, want a refused client certificate", err)
		}
		s.wantCount(OpLogin, 0)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	s := startService(t, false, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
	if err := s.client().Login(t.Context()); !IsUnavailable(err) {
		t.Errorf("error is %v, want not reached", err)
	}
}

func TestHTTPVersions(t *testing.T) {
	for _, offered := range []bool{false, true} {
		s := startService(t, true)
		c := s.client(func(cfg *Config) { cfg.HTTP2 = offered })
		if err := billed[OpTimestamp](t.Context(), c); err != nil {
			t.Fatal(err)
		}
		want := 1
		if offered {
			want = 2
		}
		if got := s.requests[0].ProtoMajor; got != want {
			t.Errorf("HTTP/%d, want HTTP/%d", got, want)
		}
	}
}

func TestProxy(t *testing.T) {
	s := startService(t, false)
	asked := 0
	c := s.client(func(cfg *Config) {
		cfg.Proxy = func(*http.Request) (*url.URL, error) {
			asked++
			return nil, errors.New(`invalid proxy address "http://user:geheim@proxy"`)
		}
	})
	err := c.Login(t.Context())
	if asked == 0 || !IsUnavailable(err) || strings.Contains(err.Error(), "geheim") {
		t.Errorf("asked %d times: %v", asked, err)
	}
	transport, err := NewTransport(s.config())
	if err != nil || transport.Proxy == nil {
		t.Errorf("no proxy from the environment: %v", err)
	}
}

// TestRequests: paths and headers, as the service documents them.
func TestRequests(t *testing.T) {
	s := startService(t, false)
	c := s.client()
	session, err := c.Session(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sign(t.Context(), session.Identity().ID, digestOf(0xab)); err != nil {
		t.Fatal(err)
	}
	for _, call := range []func() error{
		func() error { _, err := c.ValidationPolicy(t.Context()); return err },
		func() error { _, err := c.CertificatePath(t.Context()); return err },
		func() error { _, err := c.Counter(t.Context(), Identities); return err },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"POST /v2/login", "GET /v2/trustchain", "POST /v2/identity",
		"GET /v2/identity/id%2F1%3Fx/sign/" + strings.Repeat("0", 62) + "AB",
		"GET /v2/validationpolicy", "GET /v2/certificate_path", "GET /v2/counters/identities",
	}
	for i, r := range s.requests {
		if got := r.Method + " " + r.RequestURI; i >= len(want) || got != want[i] {
			t.Errorf("request %d is %s", i, got)
		}
		if auth := r.Header.Get("Authorization"); (auth == "Bearer token-1") == (i == 0) {
			t.Errorf("request %d has Authorization %q", i, auth)
		}
		posted := r.Header.Get("Content-Type") == "application/json;charset=utf-8" && r.ContentLength > 0
		if posted != (r.Method == http.MethodPost) {
			t.Errorf("request %d has Content-Type %q, length %d", i, r.Header.Get("Content-Type"), r.ContentLength)
		}
	}
	for _, of := range []string{"", "identities", "../x"} {
		if _, err := c.Quota(t.Context(), of); err == nil {
			t.Errorf("quota of %q: no error", of)
		}
	}
}
