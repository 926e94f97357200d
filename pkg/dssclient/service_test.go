// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is for what must not time out, be the machine as busy as it may.
const patience = 5 * time.Minute

const (
	testKey    = "0123456789abcdef"
	testSecret = "00112233445566778899aabbccddeeff00112233"
)

// A service is the smallest thing this client can talk to. Tests that need a faithful one use dsstest.
type service struct {
	t   testing.TB
	pki *testPKI
	url string

	mu       sync.Mutex
	counts   map[Op]int
	handlers map[Op]http.HandlerFunc // instead of the usual answer
	tokens   int
	good     string // the token accepted; "": any
	now      func() time.Time
	life     time.Duration // of identities
	leaves   map[string]*x509.Certificate
	bodies   []string // of /identity
	requests []*http.Request
}

func newService(t testing.TB) *service {
	return &service{
		t: t, pki: sharedPKI(t), counts: map[Op]int{}, handlers: map[Op]http.HandlerFunc{}, now: time.Now,
		life: 10 * time.Minute, leaves: map[string]*x509.Certificate{},
	}
}

// startService serves over mutual TLS on loopback.
func startService(t testing.TB, http2 bool, change ...func(*tls.Config)) *service {
	t.Helper()
	s := newService(t)
	server := httptest.NewUnstartedServer(s)
	server.EnableHTTP2 = http2
	server.Config.ErrorLog = quietLog
	clients := x509.NewCertPool()
	clients.AddCert(s.pki.clientRoot.cert)
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{s.pki.server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
	}
	for _, f := range change {
		f(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *service) config() *Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.pki.tlsCA.cert)
	return &Config{
		BaseURL: s.url, APIKey: testKey, APISecret: testSecret, Certificate: s.pki.client, RootCAs: roots,
		RetryWait: time.Millisecond,
	}
}

func (s *service) client(change ...func(*Config)) *Client {
	s.t.Helper()
	cfg := s.config()
	cfg.Timeouts = Timeouts{patience, patience, patience, patience, patience}
	for _, f := range change {
		f(cfg)
	}
	c, err := New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	if transport, ok := c.http.Transport.(*http.Transport); ok {
		transport.TLSHandshakeTimeout, transport.IdleConnTimeout = patience, patience
	}
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

// handle replaces the answer to an operation.
func (s *service) handle(op Op, f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[op] = f
}

func (s *service) count(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[op]
}

func (s *service) wantCount(op Op, want int) {
	s.t.Helper()
	if got := s.count(op); got != want {
		s.t.Errorf("service saw %d × %s, want %d", got, op, want)
	}
}

func opOf(path string) Op {
	switch {
	case strings.HasSuffix(path, "/login"):
		return OpLogin
	case strings.HasSuffix(path, "/identity"):
		return OpIdentity
	case strings.Contains(path, "/sign/"):
		return OpSign
	case strings.Contains(path, "/timestamp/"):
		return OpTimestamp
	case strings.Contains(path, "/quotas/"):
		return OpQuota
	case strings.Contains(path, "/counters/"):
		return OpCounter
	}
	return Op(path[strings.LastIndex(path, "/")+1:])
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op := opOf(r.URL.Path)
	s.mu.Lock()
	s.counts[op]++
	s.requests = append(s.requests, r)
	handler, good, now := s.handlers[op], s.good, s.now()
	s.mu.Unlock()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	switch {
	case handler != nil:
		handler(w, r)
	case op != OpLogin && (r.Header.Get("Authorization") == "" || good != "" && r.Header.Get("Authorization") != "Bearer "+good):
		problem(w, 401, "Unauthorized")
	default:
		s.answer(w, r, op, now)
	}
}

func (s *service) answer(w http.ResponseWriter, r *http.Request, op Op, now time.Time) {
	last := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch op {
	case OpLogin:
		reply(w, LoginResponse{s.newToken()})
	case OpIdentity:
		s.identity(w, r, now)
	case OpSign:
		digest, _ := hex.DecodeString(last)
		signature, _ := rsa.SignPKCS1v15(rand.Reader, s.pki.rsaKey, crypto.SHA256, digest)
		reply(w, SignResponse{strings.ToUpper(hex.EncodeToString(signature))})
	case OpTimestamp:
		digest, _ := hex.DecodeString(last)
		reply(w, TimestampResponse{base64.StdEncoding.EncodeToString(tokenDER(s.t, digest))})
	case OpTrustChain:
		reply(w, TrustChainResponse{
			TrustChain: []string{pemOf(s.pki.root.cert), pemOf(s.pki.issuing.cert)}, OCSPRevocationInfo: []string{},
		})
	case OpCertificatePath:
		reply(w, PathResponse{pemOf(s.pki.issuing.cert)})
	case OpValidationPolicy:
		reply(w, ValidationPolicy{SubjectDN: &SubjectDNPolicy{CommonName: &StringPolicy{Required, ".+"}}})
	default:
		reply(w, ValueResponse{42})
	}
}

func (s *service) newToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	return fmt.Sprintf("token-%d", s.tokens)
}

func (s *service) identity(w http.ResponseWriter, r *http.Request, now time.Time) {
	var body json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(body))
	leaf := s.pki.leaf(s.t, now.Add(s.life))
	id := fmt.Sprintf("id/%d?x", len(s.leaves)+1)
	s.leaves[id] = leaf
	reply(w, IdentityResponse{id, pemOf(leaf), base64.StdEncoding.EncodeToString(ocspDER(s.t, 0))})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, description string) {
	w.Header().Set("Content-Type", "application/problem+json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(ErrorBody{Description: description, ID: "2cVGHyPBFmFTqTqSlyfUXgoUtQy"})
}

// cut ends the connection without an answer, with a reset where TCP allows one.
func cut(w http.ResponseWriter, _ *http.Request) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler) // HTTP/2: the stream ends
	}
	conn, _, err := h.Hijack()
	if err != nil {
		return
	}
	if t, ok := conn.(*tls.Conn); ok {
		if tcp, ok := t.NetConn().(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
		}
	}
	_ = conn.Close()
}

func digestOf(b byte) []byte {
	d := make([]byte, 32)
	d[31] = b
	return d
}

// billed are the two calls that cost money.
var billed = map[Op]func(context.Context, *Client) error{
	OpSign: func(ctx context.Context, c *Client) error {
		_, err := c.Sign(ctx, "some-identity", digestOf(1))
		return err
	},
	OpTimestamp: func(ctx context.Context, c *Client) error { _, err := c.Timestamp(ctx, digestOf(1)); return err },
}
