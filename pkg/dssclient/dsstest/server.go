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
	"crypto/x509"
	"errors"
	"maps"
)

// Server is a running sandbox.
type Server struct {
	// URL is the base URL with version, https://127.0.0.1:port/v2.
	URL string

	faults faults
}

// Counters says what a Server has done. The first group counts work done, whether or not its answer arrived: what the
// service would bill. Requests counts what arrived, refused or not.
type Counters struct {
	Logins, Identities, Signs, Timestamps             int
	CertificatePaths, TrustChains, ValidationPolicies int
	Quotas, CounterReads                              int
	OCSP, CRL, AIA                                    int
	Requests                                          map[Op]int
	Connections                                       int
}

// NewServer starts a sandbox on loopback. The caller closes it.
func NewServer(opts ...Option) (*Server, error) { return nil, errors.New("not implemented") }

// Close stops the server and waits for its connections to end.
func (s *Server) Close() {}

// Wait blocks until ctx is done, which is no error, or the server stops serving by itself.
func (s *Server) Wait(ctx context.Context) error { return errors.New("not implemented") }

// Roots returns the trust anchors a verifier of signatures made here needs: the signer's root, then the TSA's.
func (s *Server) Roots() []*x509.Certificate { return nil }

// TLSRoots returns the pool that holds the CA of the server's own TLS certificate.
func (s *Server) TLSRoots() *x509.CertPool { return nil }

// Counters returns a snapshot.
func (s *Server) Counters() Counters { return Counters{Requests: maps.Clone(map[Op]int{})} }

// ResetCounters sets all counters to zero; quotas stay.
func (s *Server) ResetCounters() {}

// Inject arms a fault.
func (s *Server) Inject(f Fault) *Injected { return s.faults.inject(f) }

// ClearFaults disarms all faults.
func (s *Server) ClearFaults() { s.faults.clear() }

// ExpireTokens makes every access token invalid, as their end of life would.
func (s *Server) ExpireTokens() {}

// ExpireIdentities makes every identity unknown.
func (s *Server) ExpireIdentities() {}

// WriteFiles writes config.toml, client.pem, client.key, client.p12, client.p12-password, api-secret, server-ca.pem and roots/*.pem to dir.
func (s *Server) WriteFiles(dir string) error { return errors.New("not implemented") }
