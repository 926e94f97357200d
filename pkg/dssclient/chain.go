// SPDX-License-Identifier: Apache-2.0

package dssclient

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"
)

// TrustChain is what the service says about the certificates above its identities.
type TrustChain struct {
	Certificates  []*x509.Certificate // as given, without duplicates; the order is not documented
	OCSPResponses [][]byte            // whole DER OCSPResponses; none of them says for which certificate it is
}

// TrustChain returns the answer of /trustchain, which the client keeps for TrustChainLifetime. It covers the signing
// chain only: nothing in the service's interface gives the chain of its timestamps.
func (c *Client) TrustChain(ctx context.Context) (*TrustChain, error) {
	t, err := c.trustChain(ctx)
	if err != nil {
		return nil, err
	}
	return &TrustChain{Certificates: slices.Clone(t.Certificates), OCSPResponses: slices.Clone(t.OCSPResponses)}, nil
}

// trustChain is TrustChain, shared by all who ask while it is kept.
func (c *Client) trustChain(ctx context.Context) (*TrustChain, error) {
	return fetch(ctx, c, &c.chain, &c.chainReads, OpTrustChain, "/trustchain", parseTrustChain)
}

// CertificatePath returns the certificates of /certificate_path in the order given: the issuing CA, or all up to the
// root; the service's documents disagree. The client keeps the answer as long as that of TrustChain.
func (c *Client) CertificatePath(ctx context.Context) ([]*x509.Certificate, error) {
	path, err := fetch(ctx, c, &c.path, &c.pathReads, OpCertificatePath, "/certificate_path", parsePath)
	return slices.Clone(path), err
}

// fetch reads what rarely changes: one call for many callers, kept for a while.
func fetch[T any](
	ctx context.Context, c *Client, kept *cached[T], reads *flights[T], op Op, path string, parse func([]byte) (T, error),
) (T, error) {
	current := func() (T, bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return kept.value, c.now().Before(kept.until)
	}
	if v, ok := current(); ok && ctx.Err() == nil {
		return v, nil
	}
	return reads.do(ctx, op, "", func(ctx context.Context) (T, error) {
		if v, ok := current(); ok {
			return v, nil
		}
		var none T
		body, err := c.read(ctx, op, path, maxAnswer)
		if err != nil {
			return none, err
		}
		v, err := parse(body)
		if err != nil {
			return none, &AnswerError{Op: op, Err: err}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		*kept = cached[T]{value: v, until: c.now().Add(TrustChainLifetime)}
		return v, nil
	})
}

// chainOf orders what is known above an identity's certificate. When the trust chain lacks an issuer, /certificate_path
// is asked too. What the service does not give is left out: the caller may have it from elsewhere.
func (c *Client) chainOf(ctx context.Context, id *Identity, trust *TrustChain) ([]*x509.Certificate, error) {
	if chain := c.chainBefore(id, trust); chain != nil {
		return chain, nil
	}
	chain, err := c.findChain(ctx, id, trust)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id.chain, id.chainIn = chain, trust
	return chain, nil
}

// chainBefore is what chainOf found for the same identity in the same trust chain, nil before.
func (c *Client) chainBefore(id *Identity, trust *TrustChain) []*x509.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id.chainIn != trust {
		return nil
	}
	return id.chain
}

func (c *Client) findChain(ctx context.Context, id *Identity, trust *TrustChain) ([]*x509.Certificate, error) {
	pool := slices.Concat(trust.Certificates, id.others)
	chain := orderChain(id.Certificate, pool)
	if selfSigned(chain[len(chain)-1]) {
		return chain, nil
	}
	path, err := c.CertificatePath(ctx)
	if hasStatus(err, 404) {
		return chain, nil
	}
	if err != nil {
		return nil, err
	}
	return orderChain(id.Certificate, slices.Concat(pool, path)), nil
}

// orderChain returns the longest way from leaf upwards through pool, preferring one that ends at a self-signed
// certificate. Each step is a verified signature by a CA.
func orderChain(leaf *x509.Certificate, pool []*x509.Certificate) []*x509.Certificate {
	steps := maxCertificates * maxCertificates // cross-signed certificates make more than one way; no pool makes a jungle
	var best []*x509.Certificate
	above := map[*x509.Certificate][]*x509.Certificate{} // each pair is checked once
	var walk func(chain []*x509.Certificate) bool
	walk = func(chain []*x509.Certificate) bool {
		top := chain[len(chain)-1]
		if len(chain) > len(best) || selfSigned(top) {
			best = slices.Clone(chain)
		}
		if selfSigned(top) {
			return true
		}
		if _, known := above[top]; !known {
			above[top] = issuers(top, pool)
		}
		for _, issuer := range above[top] {
			if steps--; steps < 0 {
				return false
			}
			if !slices.ContainsFunc(chain, issuer.Equal) && walk(append(chain, issuer)) {
				return true
			}
		}
		return false
	}
	walk([]*x509.Certificate{leaf})
	return best
}

// issuers returns the certificates of pool that issued c, those named by its authority key identifier first.
func issuers(c *x509.Certificate, pool []*x509.Certificate) []*x509.Certificate {
	var named, others []*x509.Certificate
	for _, p := range pool {
		if !bytes.Equal(p.RawSubject, c.RawIssuer) || c.CheckSignatureFrom(p) != nil {
			continue
		}
		if len(c.AuthorityKeyId) != 0 && bytes.Equal(c.AuthorityKeyId, p.SubjectKeyId) {
			named = append(named, p)
		} else {
			others = append(others, p)
		}
	}
	return append(named, others...)
}

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(c) == nil
}
