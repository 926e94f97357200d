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
	complete bool    // it ends at an anchor that counts, or at a self-signed certificate where any root will do
	anchor   *Anchor // nil where any root will do
	problem  error
}

// question is for what a chain is looked for.
type question struct {
	leaf    *x509.Certificate
	at      time.Time // paths whose certificates were all valid then are preferred
	purpose Purpose
	best    time.Time // for which anchors must count
}

// identity is where the bytes of a certificate begin: one that was read twice is parsed once, and where it was not, what was found
// out about it is found out again.
type identity *byte

func identify(c *x509.Certificate) identity {
	if len(c.Raw) == 0 {
		return nil
	}
	return &c.Raw[0]
}

// pathKey is a question's, its times in seconds.
type pathKey struct {
	leaf     identity
	at, best int64
	purpose  Purpose
}

type pairKey struct{ cert, issuer identity }

func (q *question) key() pathKey {
	return pathKey{identify(q.leaf), q.at.Unix(), q.best.Unix(), q.purpose}
}

// path builds the chain of a certificate as of a time.
func (v *validator) path(q *question) *path {
	key := q.key()
	if p := v.paths[key]; p != nil {
		return p
	}
	p := v.build(q)
	if !p.complete && v.stored && !v.history {
		v.readHistory()
		p = v.build(q)
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
		p = v.build(q)
	}
	v.paths[key] = p
	return p
}

// build looks for a chain to an anchor that counts, and where there is none for one to any, which tells why not.
func (v *validator) build(q *question) *path {
	pool := v.material.issuers(q.leaf)
	var counting, all []*x509.Certificate
	for _, c := range append([]*x509.Certificate{q.leaf}, pool...) {
		if v.trusted(c) {
			all = append(all, c)
		}
		if v.counting(c, q.purpose, q.best) != nil {
			counting = append(counting, c)
		}
	}
	p := v.search(q, pool, counting)
	if !p.complete && len(all) > len(counting) {
		p = v.search(q, pool, all)
	}
	return p
}

func (v *validator) search(q *question, pool, anchors []*x509.Certificate) *path {
	chain, err := pkix.BuildChainWith(q.leaf, pool, &pkix.ChainOptions{At: q.at, Anchors: anchors})
	if err != nil {
		return &path{certs: []*x509.Certificate{q.leaf}, problem: err}
	}
	p := &path{certs: chain.Certificates, problem: chain.Problem}
	if chain.Complete {
		p.anchor = v.counting(p.certs[len(p.certs)-1], q.purpose, q.best)
		p.complete = p.anchor != nil || !v.pinned() && v.opts.AnyRoot
	}
	return p
}

// trusted reports whether c is an anchor, of whatever purpose and for whatever time.
func (v *validator) trusted(c *x509.Certificate) bool { return len(v.anchorsOf(c)) > 0 }

// anchorsOf returns what makes c an anchor: a root is one for everything.
func (v *validator) anchorsOf(c *x509.Certificate) []*Anchor {
	if root := v.roots[string(c.Raw)]; root != nil {
		return append([]*Anchor{root}, v.set.anchors[string(c.Raw)]...)
	}
	return v.set.anchors[string(c.Raw)]
}

// pinned reports whether there are anchors.
func (v *validator) pinned() bool { return len(v.roots)+len(v.set.anchors) > 0 }

// counting returns the anchor that makes c one for a purpose at a time.
func (v *validator) counting(c *x509.Certificate, p Purpose, at time.Time) *Anchor {
	for _, a := range v.anchorsOf(c) {
		if a.counts(p, at) {
			return a
		}
	}
	return nil
}

// ends reports whether a chain needs nothing above c, and no evidence about it.
func (v *validator) ends(c *x509.Certificate) bool { return v.trusted(c) || pkix.SelfSigned(c) }

// anchored reports whether the certificate at i is the anchor of the path: nothing is asked about it, and it needs no proof.
func (p *path) anchored(i int) bool { return p.anchor != nil && i == len(p.certs)-1 }

// limited says of the anchors at c why none of them counts, and whether one did before: its sunset date is past (EN 319 102-1
// clause 5.2.6).
func (v *validator) limited(c *x509.Certificate, s *subject) (text string, ended bool) {
	all := v.anchorsOf(c)
	i := slices.IndexFunc(all, func(a *Anchor) bool { return a.For == 0 || a.For&s.purpose != 0 })
	if i < 0 {
		return "trusted (" + all[0].Source + ") for another purpose than " + s.purpose.String(), false
	}
	text = "trusted (" + all[i].Source + ")"
	if !all[i].From.IsZero() {
		text += " from " + stamp(all[i].From)
	}
	if !all[i].Until.IsZero() {
		text += " to " + stamp(all[i].Until)
		ended = !s.best.Before(all[i].Until)
	}
	return text + " and not at " + stamp(s.best), ended
}

// String names what ends at an anchor.
func (p Purpose) String() string {
	switch p {
	case ForSignatures:
		return "signatures"
	case ForTimestamps:
		return "timestamps"
	}
	return "answers about certificates"
}
