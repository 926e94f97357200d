// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"slices"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/pkg/ltv"
)

// path is a chain with what is known about its end.
type path struct {
	certs    []*x509.Certificate
	complete bool // it ends at an anchor, or at a self-signed certificate where any root will do
	problem  error
}

// path builds the chain of a certificate as of a time.
func (v *validator) path(leaf *x509.Certificate, at time.Time) *path {
	key := string(leaf.Raw) + stamp(at)
	if p := v.paths[key]; p != nil {
		return p
	}
	p := v.build(leaf, at)
	if !p.complete && v.stored && !v.history {
		v.readHistory()
		p = v.build(leaf, at)
	}
	source, ok := v.opts.Source.(ltv.IssuerSource)
	for range limits.Issuers {
		if p.complete || !ok {
			break
		}
		found, err := source.Issuers(v.ctx, p.certs[len(p.certs)-1])
		if err != nil || len(found.Certificates) == 0 {
			break
		}
		v.material.evidence(&found)
		p = v.build(leaf, at)
	}
	v.paths[key] = p
	return p
}

func (v *validator) build(leaf *x509.Certificate, at time.Time) *path {
	chain, err := pkix.BuildChainWith(leaf, v.material.issuers(leaf), &pkix.ChainOptions{At: at, Anchors: v.anchors})
	if err != nil {
		return &path{certs: []*x509.Certificate{leaf}, problem: err}
	}
	return &path{chain.Certificates, chain.Complete && (len(v.anchors) > 0 || v.opts.AnyRoot), chain.Problem}
}

// trusted reports whether c is an anchor, now or at another time: nothing is asked about it.
func (v *validator) trusted(c *x509.Certificate) bool {
	return slices.ContainsFunc(v.anchors, c.Equal)
}

// ends reports whether a chain needs nothing above c, and no evidence about it.
func (v *validator) ends(c *x509.Certificate) bool { return v.trusted(c) || pkix.SelfSigned(c) }

// anchorAt says for what time the anchor that a chain ends at is trusted, where that is limited and does not include at.
func (v *validator) anchorAt(p *path, at time.Time) (Anchor, bool) {
	last := p.certs[len(p.certs)-1]
	if slices.ContainsFunc(v.opts.Roots, last.Equal) {
		return Anchor{}, true
	}
	var found Anchor
	for _, a := range v.opts.Anchors {
		if !a.Certificate.Equal(last) {
			continue
		}
		if !at.Before(a.From) && (a.Until.IsZero() || at.Before(a.Until)) {
			return a, true
		}
		found = a
	}
	return found, found.Certificate == nil
}
