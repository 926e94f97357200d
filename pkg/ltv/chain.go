// SPDX-License-Identifier: Apache-2.0

package ltv

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// The roles of a chain.
const (
	roleSigner    = "signer"
	roleTimestamp = "timestamp"
	roleResponder = "responder"
)

// chain is a complete path with what was found about its certificates.
type chain struct {
	role       string
	certs      []*x509.Certificate // end entity first, root last
	pinned     bool
	items      []*item // one for each of certs
	revocation Revocation
}

// identity tells pieces apart: by all their bytes, which costs less than a sum of them, where they are not long.
type identity struct {
	short string
	long  [sha256.Size]byte
}

func identify(data []byte) identity {
	if len(data) <= limits.PieceRemembered {
		return identity{short: string(data)}
	}
	return identity{long: sha256.Sum256(data)}
}

// pool is where a chain's certificates are taken from, each with its origin: the first one counts.
type pool struct {
	certs   []*x509.Certificate
	origins map[identity]Origin
}

func (p *pool) add(origin Origin, certs ...*x509.Certificate) (added bool) {
	for _, c := range certs {
		d := identify(c.Raw)
		if _, ok := p.origins[d]; !ok {
			p.origins[d] = origin
			p.certs = append(p.certs, c)
			added = true
		}
	}
	return added
}

// buildChain builds the path of leaf as of a moment, and downloads what is missing in it.
func (c *collector) buildChain(ctx context.Context, role string, leaf *x509.Certificate, at time.Time) (*chain, error) {
	pool := c.newPool()
	var tries []Try
	for range limits.Issuers {
		path, err := c.path(leaf, pool.certs, at)
		if err != nil {
			return nil, &IncompleteError{Certificate: pkix.Name(leaf), Tries: tries, Reason: err.Error()}
		}
		last := path.Certificates[len(path.Certificates)-1]
		if path.Complete {
			return c.finish(role, path, pool, tries, at)
		}
		if pkix.SelfSigned(last) {
			return nil, openEnd(role, last, path.Problem, tries)
		}
		more, err := c.issuers(ctx, last)
		tries = append(tries, more.Tries...)
		if err != nil {
			return nil, err
		}
		if !pool.add(Fetched, more.Certificates...) {
			return nil, openEnd(role, last, path.Problem, tries)
		}
	}
	return nil, &IncompleteError{Certificate: pkix.Name(leaf), Tries: tries, Reason: "its chain is longer than is followed"}
}

// path finds a way from leaf through a pinned root, where any are pinned, to a self-signed certificate: validators that
// do not share the pin need everything below that.
func (c *collector) path(leaf *x509.Certificate, pool []*x509.Certificate, at time.Time) (*pkix.Chain, error) {
	path, err := pkix.BuildChainWith(leaf, pool, &pkix.ChainOptions{At: at, Anchors: c.opts.Roots})
	if err != nil || !path.Complete || len(c.opts.Roots) == 0 {
		return path, err
	}
	pinned := path.Certificates[len(path.Certificates)-1]
	rest, err := pkix.BuildChainWith(pinned, pool, &pkix.ChainOptions{At: at})
	if err != nil {
		return nil, err
	}
	rest.Certificates = append(path.Certificates, rest.Certificates[1:]...)
	return rest, nil
}

// openEnd is the error for a chain that downloads could not close.
func openEnd(role string, last *x509.Certificate, problem error, tries []Try) error {
	reason := "its chain does not close at a self-signed certificate"
	if pkix.SelfSigned(last) {
		reason = "the chain ends in it, and it is not among the pinned roots"
	}
	var e *pkix.EvidenceError
	if problem != nil && !errors.As(problem, &e) {
		reason += ": " + problem.Error()
	} else if e != nil && !pkix.SelfSigned(last) {
		reason += ": " + e.Reason
		if e.Err != nil {
			reason += " " + e.Err.Error()
		}
	}
	return &IncompleteError{Certificate: pkix.Name(last), Tries: tries, Reason: reason, Unpinned: pkix.SelfSigned(last), Role: role}
}

func (c *collector) issuers(ctx context.Context, cert *x509.Certificate) (Evidence, error) {
	source, ok := c.opts.Source.(IssuerSource)
	if pkix.SelfSigned(cert) {
		return Evidence{}, nil
	}
	if !ok {
		return Evidence{}, &IncompleteError{Certificate: pkix.Name(cert), Reason: "its issuer is missing and the source finds none"}
	}
	e, err := source.Issuers(ctx, cert)
	if err != nil {
		return e, asIncomplete(ctx, cert, e.Tries, err)
	}
	return e, nil
}

// finish checks the validity of a complete path, and prepares for the evidence.
func (c *collector) finish(role string, path *pkix.Chain, pool *pool, tries []Try, at time.Time) (*chain, error) {
	if err := path.ValidAt(at); err != nil {
		return nil, &IncompleteError{Certificate: pkix.Name(path.Certificates[0]), Tries: tries, Reason: "its chain was not valid when the timestamp was made: " + err.Error()}
	}
	ch := &chain{role: role, certs: path.Certificates}
	for i, cert := range ch.certs {
		ch.pinned = ch.pinned || slices.ContainsFunc(c.opts.Roots, cert.Equal)
		it := newItem(cert, pool.origins[identify(cert.Raw)])
		if i == 0 {
			it.report.Tries = tries
		}
		ch.items = append(ch.items, it)
	}
	return ch, nil
}
