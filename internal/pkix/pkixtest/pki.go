// SPDX-License-Identifier: Apache-2.0

package pkixtest

import (
	"crypto"
	"crypto/x509"
	"testing"
	"time"
)

// PKI is a whole world: a hierarchy that signs documents and another that stamps time, both with responders.
type PKI struct {
	Now time.Time // the moment the leaf was issued

	Root, CA, Leaf, Responder         *Entity // Leaf: RSA-2048, valid for ten minutes from Now; Responder: below CA, nocheck
	RootResponder                     *Entity // below Root, nocheck
	TSARoot, TSACA, TSA, TSAResponder *Entity // TSA: P-256; TSAResponder: below TSACA, nocheck
	TSARootResponder                  *Entity // below TSARoot, nocheck
}

// New makes a world in which the leaf was issued now. CAs started a year ago and last ten; responders started a week
// ago and last a month; the TSA started a month ago and lasts a year. Options go to the leaf.
func New(tb testing.TB, now time.Time, leaf ...Option) *PKI {
	tb.Helper()
	const day = 24 * time.Hour
	now = now.UTC().Truncate(time.Second)
	from, to := now.Add(-365*day), now.Add(10*365*day)
	p := &PKI{Now: now}
	p.Root = Root(tb, "TEST signing root", from, to)
	p.CA = p.Root.CA(tb, "TEST signing CA", from, to)
	p.Leaf = p.CA.Leaf(tb, "TEST signer", RSAKey(tb, "TEST signer"), now, now.Add(10*time.Minute), leaf...)
	p.Responder = p.CA.Responder(tb, "TEST signing responder", true, now.Add(-7*day), now.Add(30*day))
	p.RootResponder = p.Root.Responder(tb, "TEST signing root responder", true, now.Add(-7*day), now.Add(30*day))
	p.TSARoot = Root(tb, "TEST time root", from, to)
	p.TSACA = p.TSARoot.CA(tb, "TEST time CA", from, to)
	p.TSA = p.TSACA.TSA(tb, "TEST time authority", ECKey(tb, "TEST time authority"), now.Add(-30*day), now.Add(365*day))
	p.TSAResponder = p.TSACA.Responder(tb, "TEST time responder", true, now.Add(-7*day), now.Add(30*day))
	p.TSARootResponder = p.TSARoot.Responder(tb, "TEST time root responder", true, now.Add(-7*day), now.Add(30*day))
	return p
}

// Chain returns the signer's certificates, leaf first, root last.
func (p *PKI) Chain() []*x509.Certificate {
	return []*x509.Certificate{p.Leaf.Certificate, p.CA.Certificate, p.Root.Certificate}
}

// TSAChain returns the TSA's certificates, leaf first, root last.
func (p *PKI) TSAChain() []*x509.Certificate {
	return []*x509.Certificate{p.TSA.Certificate, p.TSACA.Certificate, p.TSARoot.Certificate}
}

// ResponderOf returns the responder that answers for certificates issued by issuer.
func (p *PKI) ResponderOf(issuer *Entity) *Entity {
	for _, r := range []*Entity{p.Responder, p.RootResponder, p.TSAResponder, p.TSARootResponder} {
		if r.Issuer == issuer {
			return r
		}
	}
	return issuer
}

// OCSP returns a good answer about e made at that moment, valid for an hour, with the responder's certificate in it.
func (p *PKI) OCSP(tb testing.TB, e *Entity, at time.Time) []byte {
	tb.Helper()
	r := p.ResponderOf(e.Issuer)
	return OCSP{
		Singles:      []Single{{Certificate: e.Certificate, Issuer: e.Issuer.Certificate, ThisUpdate: at, NextUpdate: at.Add(time.Hour)}},
		Responder:    r,
		ProducedAt:   at,
		Certificates: []*x509.Certificate{r.Certificate},
	}.Marshal(tb)
}

// CRL returns an empty list of issuer made at that moment, valid for a day.
func (p *PKI) CRL(tb testing.TB, issuer *Entity, at time.Time) []byte {
	tb.Helper()
	return CRL{Issuer: issuer, ThisUpdate: at, NextUpdate: at.Add(24 * time.Hour)}.Marshal(tb)
}

// Token returns a good token of the TSA over a digest, with ESSCertID version 1 as the real service's tokens have it,
// and the TSA's certificate alone.
func (p *PKI) Token(tb testing.TB, h crypto.Hash, imprint []byte, genTime time.Time) []byte {
	tb.Helper()
	return Token{TSA: p.TSA, Hash: h, Imprint: imprint, GenTime: genTime, ESSv1: true}.Marshal(tb)
}
