// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

var errTODO = errors.New("not implemented")

// Client calls the service. It is safe for concurrent use.
type Client struct{ ledger ledger }

// New makes a client; nothing is sent.
func New(cfg *Config) (*Client, error) { return nil, errTODO }

// NewTransport makes the transport that New would use, for a caller who wraps it.
func NewTransport(cfg *Config) (*http.Transport, error) { return nil, errTODO }

// BaseURL returns the service's address in its canonical form, with /v2.
func (c *Client) BaseURL() string { return "" }

// Calls returns the counts so far.
func (c *Client) Calls() Calls { return c.ledger.snapshot() }

// Skew estimates how far the server's clock is ahead of ours; 0 when they agree within what can be told.
func (c *Client) Skew() time.Duration { return 0 }

// CloseIdleConnections closes what the client keeps open between calls.
func (c *Client) CloseIdleConnections() {}

// Login gets a new token. Calls that need one do it by themselves.
func (c *Client) Login(ctx context.Context) error { return errTODO }

// Identity is a key pair in the service with its short-lived certificate.
type Identity struct {
	ID           string
	Certificate  *x509.Certificate
	OCSPResponse []byte // whole DER OCSPResponse; nil when the service sent none
}

// Identity makes a new identity.
func (c *Client) Identity(ctx context.Context, r *IdentityRequest) (*Identity, error) {
	return nil, errTODO
}

// Sign signs a SHA-256 digest. Each success is billed.
func (c *Client) Sign(ctx context.Context, identityID string, digest []byte) ([]byte, error) {
	return nil, errTODO
}

// Timestamp returns a DER TimeStampToken over a SHA-256 digest. Each success is billed.
func (c *Client) Timestamp(ctx context.Context, digest []byte) ([]byte, error) { return nil, errTODO }

// ValidationPolicy returns what the account allows in an identity request.
func (c *Client) ValidationPolicy(ctx context.Context) (*ValidationPolicy, error) {
	return nil, errTODO
}

// CertificatePath returns the certificates of /certificate_path, in the order given.
func (c *Client) CertificatePath(ctx context.Context) ([]*x509.Certificate, error) {
	return nil, errTODO
}

// TrustChain is the chain above the account's identities.
type TrustChain struct {
	Certificates  []*x509.Certificate // as given, without duplicates
	OCSPResponses [][]byte
}

// TrustChain returns the chain of the account's issuing CA.
func (c *Client) TrustChain(ctx context.Context) (*TrustChain, error) { return nil, errTODO }

// What Quota and Counter count.
const (
	Signatures = "signatures"
	Timestamps = "timestamps"
	Identities = "identities" // Counter only
)

// Quota returns how many Signatures or Timestamps are left.
func (c *Client) Quota(ctx context.Context, of string) (int64, error) { return 0, errTODO }

// Counter returns how many Signatures, Timestamps or Identities were used so far.
func (c *Client) Counter(ctx context.Context, of string) (int64, error) { return 0, errTODO }

// Session returns a session with an identity for the request.
func (c *Client) Session(ctx context.Context, r *IdentityRequest) (*Session, error) {
	return nil, errTODO
}

// Session is a remote key for the lifetime of one identity.
type Session struct{}

func (s *Session) Certificates() []*x509.Certificate { return nil }
func (s *Session) MaxDigests() int                   { return 1 }
func (s *Session) Identity() *Identity               { return nil }
func (s *Session) OCSPResponses() [][]byte           { return nil }
func (s *Session) SignDigests(ctx context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	return nil, errTODO
}

func (s *Session) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	return nil, errTODO
}
