// SPDX-License-Identifier: Apache-2.0

package dsstest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A wire is a client that knows nothing but HTTP and JSON, so that these tests do not lean on dssclient.
type wire struct {
	t     *testing.T
	srv   *Server
	http  *http.Client
	token string

	getBody string // sent with GET requests
}

func newWire(t *testing.T, srv *Server, alter ...func(*http.Transport)) *wire {
	t.Helper()
	tr := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: srv.TLSRoots(), Certificates: []tls.Certificate{srv.client}},
		ForceAttemptHTTP2: true,
	}
	for _, f := range alter {
		f(tr)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &wire{t: t, srv: srv, http: &http.Client{Transport: tr, Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

func startServer(t *testing.T, opts ...Option) *Server {
	t.Helper()
	srv, err := NewServer(append([]Option{WithRecycledKeys()}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}

// do sends one request; body "" is a GET. Headers come as "Name: value".
func (c *wire) do(method, path, body string, headers ...string) (*http.Response, []byte, error) {
	c.t.Helper()
	var r io.Reader
	switch {
	case method == http.MethodPost:
		r = strings.NewReader(body)
	case c.getBody != "":
		r = strings.NewReader(c.getBody)
	}
	req, err := http.NewRequest(method, c.srv.URL+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json;charset=utf-8")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, b, err
}

// leaveWhen sends a GET, breaks it off when ready says so, and returns its error.
func (c *wire) leaveWhen(path string, ready func() bool) error {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.srv.URL+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	done := make(chan error, 1)
	go func() {
		resp, err := c.http.Do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		done <- err
	}()
	eventually(c.t, "the request did not arrive", ready)
	cancel()
	return <-done
}

// eventually waits, for as long as a busy machine may need.
func eventually(t *testing.T, complaint string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ready(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(complaint)
		}
	}
}

// want wants one status and decodes the answer into out.
func (c *wire) want(status int, method, path, body string, out any, headers ...string) *http.Response {
	c.t.Helper()
	resp, b, err := c.do(method, path, body, headers...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if resp.StatusCode != status {
		c.t.Fatalf("%s %s: got %s, want %d: %s", method, path, resp.Status, status, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			c.t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return resp
}

func (c *wire) credentials() string {
	return fmt.Sprintf(`{"api_key":%q,"api_secret":%q}`, c.srv.set.apiKey, c.srv.set.apiSecret)
}

func (c *wire) login() {
	c.t.Helper()
	var out struct {
		Token string `json:"access_token"`
	}
	c.want(200, "POST", "/login", c.credentials(), &out)
	c.token = out.Token
}

type wireIdentity struct {
	ID   string `json:"id"`
	Cert string `json:"signing_cert"`
	OCSP string `json:"ocsp_response"`

	leaf *x509.Certificate
	der  []byte
}

func (c *wire) identity(body string) *wireIdentity {
	c.t.Helper()
	var id wireIdentity
	c.want(200, "POST", "/identity", body, &id)
	block, rest := pem.Decode([]byte(id.Cert))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		c.t.Fatalf("signing_cert is not one PEM block: %q", id.Cert)
	}
	var err error
	if id.leaf, err = x509.ParseCertificate(block.Bytes); err != nil {
		c.t.Fatal(err)
	}
	if id.der, err = base64.StdEncoding.DecodeString(id.OCSP); err != nil {
		c.t.Fatal(err)
	}
	return &id
}

func hexDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func (c *wire) sign(id *wireIdentity, digits string) []byte {
	c.t.Helper()
	var out struct{ Signature string }
	c.want(200, "GET", "/identity/"+id.ID+"/sign/"+digits, "", &out)
	sig, err := hex.DecodeString(out.Signature)
	if err != nil {
		c.t.Fatal(err)
	}
	return sig
}

func (c *wire) stamp(digits string) []byte {
	c.t.Helper()
	var out struct{ Token string }
	c.want(200, "GET", "/timestamp/"+digits, "", &out)
	der, err := base64.StdEncoding.DecodeString(out.Token)
	if err != nil {
		c.t.Fatal(err)
	}
	return der
}

func TestWholeWay(t *testing.T) {
	for _, profile := range []Profile{Trial, Production} {
		for _, http2 := range []bool{true, false} {
			t.Run(fmt.Sprintf("profile %d http2 %v", profile, http2), func(t *testing.T) {
				opts := []Option{WithProfile(profile)}
				if !http2 {
					opts = append(opts, WithoutHTTP2())
				}
				start := time.Now()
				srv := startServer(t, opts...)
				t.Logf("ready after %v", time.Since(start))
				c := newWire(t, srv)
				c.login()
				id := c.identity("{}")
				sum := sha256.Sum256([]byte("x"))
				sig := c.sign(id, hexDigest("x"))
				if err := rsa.VerifyPKCS1v15(id.leaf.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], sig); err != nil {
					t.Errorf("signature: %v", err)
				}
				c.stamp(hexDigest("y"))
				resp := c.want(200, "GET", "/trustchain", "", nil)
				if got := resp.ProtoMajor == 2; got != http2 {
					t.Errorf("HTTP/2: got %v, want %v", got, http2)
				}
				n := srv.Counters()
				if n.Logins != 1 || n.Identities != 1 || n.Signs != 1 || n.Timestamps != 1 || n.TrustChains != 1 || n.Connections != 1 {
					t.Errorf("counters: %+v", n)
				}
			})
		}
	}
}

func TestStartsDoNotShareNames(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		srv := startServer(t, WithProfile(Production))
		for _, c := range append(srv.Chain(), append(srv.TSAChain(), srv.tlsCA, srv.mtlsCA.cert)...) {
			if seen[c.Subject.String()] {
				t.Errorf("%s again", c.Subject)
			}
			seen[c.Subject.String()] = true
		}
	}
}
