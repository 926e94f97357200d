// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// Session is a remote key for the lifetime of one identity. It has the shape of pdfsig.Signer and pdfsig.Timestamper,
// and is safe for concurrent use.
type Session struct {
	client   *Client
	identity *Identity
	chain    []*x509.Certificate // leaf first
	ocsp     [][]byte
}

// Session returns a session with an identity for the request: one that the client made before while IdentityMargin of
// it is left, else a new one. The trust chain is read before the identity's ten minutes begin.
func (c *Client) Session(ctx context.Context, r *IdentityRequest) (*Session, error) {
	body, err := identityBody(r)
	if err != nil {
		return nil, err
	}
	trust, err := c.trustChain(ctx)
	if hasStatus(err, 404) { // a version of the service before 2.3
		trust, err = &TrustChain{}, nil
	}
	if err != nil {
		return nil, err
	}
	id, err := c.identityFor(ctx, body)
	if err != nil {
		return nil, err
	}
	chain, err := c.chainOf(ctx, id, trust)
	if err != nil {
		return nil, err
	}
	s := &Session{client: c, identity: id, chain: chain}
	if id.OCSPResponse != nil {
		s.ocsp = append(s.ocsp, id.OCSPResponse)
	}
	s.ocsp = append(s.ocsp, trust.OCSPResponses...)
	return s, nil
}

// String shows no credentials.
func (s *Session) String() string { return "dssclient.Session{" + shorten(s.identity.ID) + "}" }

// GoString is String.
func (s *Session) GoString() string { return s.String() }

// Certificates returns the identity's certificate and, as far as the service gave them, those above it in issuing order.
func (s *Session) Certificates() []*x509.Certificate { return slices.Clone(s.chain) }

// Identity returns the session's identity.
func (s *Session) Identity() *Identity { return s.identity }

// OCSPResponses returns the identity's response, then those of the trust chain, as the service gave them: whose they
// are and whether they are good is for the reader to check.
func (s *Session) OCSPResponses() [][]byte { return slices.Clone(s.ocsp) }

// MaxDigests is 1: the service signs one digest at a time.
func (s *Session) MaxDigests() int { return 1 }

// SignDigests signs one SHA-256 digest; more than one, or another hash, is an error before any call. The signature was
// verified with the certificate's key when it is returned. When less than SignMargin is left of the certificate nothing
// is sent: errors.Is(err, ErrIdentityExpired).
func (s *Session) SignDigests(ctx context.Context, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	switch {
	case h != crypto.SHA256:
		return nil, fmt.Errorf("%s: the service signs SHA-256 digests only, not %v", OpSign, h)
	case len(digests) == 0:
		return nil, nil
	case len(digests) > s.MaxDigests():
		return nil, fmt.Errorf("%s: %d digests at once, the service takes %d", OpSign, len(digests), s.MaxDigests())
	}
	if left := s.client.left(s.identity); left < SignMargin {
		return nil, fmt.Errorf("%s: %w", OpSign, ErrIdentityExpired)
	}
	signature, err := s.client.sign(ctx, s.identity, digests[0])
	if err != nil {
		return nil, err
	}
	return [][]byte{signature}, nil
}

// Timestamp returns a DER TimeStampToken over a SHA-256 digest.
func (s *Session) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	if h != crypto.SHA256 {
		return nil, errors.New(string(OpTimestamp) + ": the service stamps SHA-256 digests only")
	}
	return s.client.Timestamp(ctx, digest)
}
