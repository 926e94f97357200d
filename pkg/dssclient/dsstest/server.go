// SPDX-License-Identifier: Apache-2.0

// Package dsstest is the Digital Signing Service in memory, with its own CA, TSA, OCSP responders, CRLs and caIssuers
// downloads, as net/http/httptest stands beside net/http. Most people need NewServer and Server.Config:
//
//	srv, err := dsstest.NewServer()
//	...
//	defer srv.Close()
//	client, err := dssclient.New(srv.Config())
//
// It listens on loopback only, its keys are new at each start and every certificate says TEST. It is strict where the
// service's documentation is, and fails on demand: see Server.Inject.
package dsstest

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"gsign/pkg/dssclient"
)

// Server is a running sandbox.
type Server struct {
	// URL is the base URL with version, https://127.0.0.1:port/v2.
	URL string
	// WebURL is where OCSP, CRLs and caIssuers are served, http://127.0.0.1:port.
	WebURL string

	set      *settings
	pki      *pki
	tlsRoots *x509.CertPool
	tlsCA    *x509.Certificate
	mtlsCA   *authority
	client   tls.Certificate
	faults   faults

	api, web  *http.Server
	serving   sync.WaitGroup
	stopped   chan error    // the first listener that fails
	closing   chan struct{} // ends hanging answers
	closeOnce sync.Once

	mu         sync.Mutex
	offset     time.Duration
	tokens     map[string]*token
	identities map[string]*identity
	newest     *x509.Certificate
	buckets    map[Op]*bucket
	billed     map[Op]int // since the start, for the service's own counters and quotas
	counters   Counters
}

// Counters says what a Server has done. The first group counts work done, whether or not its answer arrived: what the
// service would bill. Requests counts what arrived, refused or not.
type Counters struct {
	Logins, Identities, Signs, Timestamps             int
	CertificatePaths, TrustChains, ValidationPolicies int
	Quotas, CounterReads                              int
	OCSP, CRL, AIA                                    int
	Requests                                          map[Op]int
	Connections                                       int // TLS connections to the service
}

// NewServer starts a sandbox on loopback. The caller closes it.
func NewServer(opts ...Option) (*Server, error) {
	set := defaults()
	for _, o := range opts {
		o(set)
	}
	if err := set.complete(); err != nil {
		return nil, err
	}
	s := &Server{
		set: set, offset: set.offset, stopped: make(chan error, 2), closing: make(chan struct{}),
		tokens: map[string]*token{}, identities: map[string]*identity{}, buckets: map[Op]*bucket{},
		billed: map[Op]int{}, counters: Counters{Requests: map[Op]int{}},
	}
	for op, rate := range set.rates {
		s.buckets[op] = &bucket{rate: rate}
	}
	for _, f := range set.faults {
		s.Inject(f)
	}
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	return s, nil
}

// complete fills what was left open and checks what was not.
func (set *settings) complete() error {
	host, _, err := net.SplitHostPort(set.addr)
	if err != nil {
		return fmt.Errorf("read sandbox address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("sandbox address %s is not on loopback", set.addr)
	}
	for _, f := range set.faults {
		if !f.Kind.strikes(f.Op) {
			return fmt.Errorf("fault %s never strikes %s", f.Kind, f.Op)
		}
	}
	if set.policy == nil {
		set.policy = DynamicPolicy()
	}
	if set.apiKey == "" {
		set.apiKey = randomHex(8)
	}
	if set.apiSecret == "" {
		set.apiSecret = randomHex(20)
	}
	if !isHex(set.apiKey, hexDigits, keyDigits) || !isHex(set.apiSecret, hexDigits, secretDigits) {
		return errors.New("sandbox credentials are not 16 and 40 hex digits")
	}
	return nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// start listens, makes the certificates (they carry the listener's address) and serves.
func (s *Server) start() error {
	api, err := net.Listen("tcp", s.set.addr)
	if err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(s.set.addr)
	web, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		_ = api.Close()
		return err
	}
	s.URL, s.WebURL = "https://"+api.Addr().String()+"/v2", "http://"+web.Addr().String()
	config, err := s.prepareTLS()
	if err == nil {
		s.pki, err = newPKI(s.set, s.WebURL, s.now())
	}
	if err != nil {
		return errors.Join(err, api.Close(), web.Close())
	}
	quiet := log.New(io.Discard, "", 0) // refused handshakes are what some tests are about
	s.api = &http.Server{
		Handler: s.observed(s.serveAPI), TLSConfig: config, ConnContext: rememberConn, ErrorLog: quiet,
		ReadHeaderTimeout: time.Minute, ConnState: s.countConnection,
	}
	s.web = &http.Server{
		Handler: s.observed(s.serveWeb), ConnContext: rememberConn, ErrorLog: quiet, ReadHeaderTimeout: time.Minute,
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(!s.set.withoutHTTP2)
	s.api.Protocols = protocols
	s.serving.Go(func() { s.stopped <- s.api.ServeTLS(api, "", "") })
	s.serving.Go(func() { s.stopped <- s.web.Serve(web) })
	return nil
}

// Close stops the server and ends its connections.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		close(s.closing)
		_ = s.api.Close()
		_ = s.web.Close()
		s.serving.Wait()
	})
}

// Wait blocks until ctx is done or Close is called, which is no error, or until the server stops serving by itself.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.closing:
		return nil
	case err := <-s.stopped:
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve sandbox: %w", err)
	}
}

// Config returns what a client of this server needs.
func (s *Server) Config() *dssclient.Config {
	return &dssclient.Config{
		BaseURL: s.URL, APIKey: s.set.apiKey, APISecret: dssclient.Secret(s.set.apiSecret),
		Certificate: s.client, RootCAs: s.tlsRoots, Now: s.set.now,
	}
}

// Roots returns the trust anchors a verifier of signatures made here needs: the signer's root, then the TSA's.
func (s *Server) Roots() []*x509.Certificate {
	return []*x509.Certificate{s.pki.root().cert, s.pki.tsaRoot().cert}
}

// TLSRoots returns the pool that holds the CA of the server's own TLS certificate.
func (s *Server) TLSRoots() *x509.CertPool { return s.tlsRoots }

// Chain returns the signing chain above the leaf: its issuer first, the root last.
func (s *Server) Chain() []*x509.Certificate { return certificatesOf(s.pki.chain) }

// TSAChain returns the TSA certificate, its issuer and so on up to its root.
func (s *Server) TSAChain() []*x509.Certificate {
	return append([]*x509.Certificate{s.pki.tsa}, certificatesOf(s.pki.tsaChain)...)
}

func certificatesOf(line []*authority) []*x509.Certificate {
	var certs []*x509.Certificate
	for _, a := range line {
		certs = append(certs, a.cert)
	}
	return certs
}

// Counters returns a snapshot.
func (s *Server) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counters
	c.Requests = maps.Clone(s.counters.Requests)
	return c
}

// ResetCounters sets Counters to zero; the service's own quotas and counters stay.
func (s *Server) ResetCounters() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters = Counters{Requests: map[Op]int{}}
}

func (s *Server) count(f func(*Counters)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.counters)
}

func (s *Server) arrived(op Op) { s.count(func(c *Counters) { c.Requests[op]++ }) }

func (s *Server) countConnection(_ net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.count(func(c *Counters) { c.Connections++ })
	}
}

// Inject arms a fault. It panics when the kind can never strike the operation: a test that waits for it would pass by
// never testing.
func (s *Server) Inject(f Fault) *Injected {
	if !f.Kind.strikes(f.Op) {
		panic(fmt.Sprintf("dsstest: fault %s never strikes %s", f.Kind, f.Op))
	}
	return s.faults.inject(f)
}

// ClearFaults disarms all faults.
func (s *Server) ClearFaults() { s.faults.clear() }

// ExpireTokens makes every access token invalid, as the end of its life would.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// ExpireIdentities makes every identity unknown.
func (s *Server) ExpireIdentities() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.identities)
}

// Revoke makes OCSP and CRL call a certificate of this server revoked since at; false when it is not one of its own.
func (s *Server) Revoke(cert *x509.Certificate, at time.Time) bool {
	a := s.pki.find(cert)
	return a != nil && a.revoke(cert.SerialNumber, at.Truncate(time.Second))
}

// SetClockOffset lets the server's clock run ahead of, or, negative, behind its Now.
func (s *Server) SetClockOffset(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = d
}

func (s *Server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nowLocked()
}

func (s *Server) nowLocked() time.Time { return s.set.now().Add(s.offset) }
