// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/pkg/ltv"
)

// witness judges whether a security store has evidence about every certificate that needs some.
type witness struct {
	v       *validator
	store   ltv.Evidence
	missing []Finding
	revoked []Finding
	state   map[string]coverage // of certificates, by their DER
	ocsps   []*pkix.UncheckedOCSP
}

// evidence holds a store against all chains of a signature: its own, its timestamps', and those of all document
// timestamps but the newest, each with the chains of the responders (EN 319 142-1 6.3 letters r, s, t).
func (v *validator) evidence(j *judged, store ltv.Evidence) (missing, revoked []Finding) {
	w := &witness{v: v, store: store, state: map[string]coverage{}}
	for _, der := range store.OCSPResponses {
		w.ocsps = append(w.ocsps, pkix.ParseOCSP(der))
	}
	j.ThisUpdate, j.Fresh = time.Time{}, false
	if len(j.Chain) > 0 {
		j.ThisUpdate = w.chain(j.Chain, j.Time, 0)
		j.Fresh = pkix.Fresh(j.ThisUpdate, j.Time, j.Chain[0].NotAfter)
	}
	if j.token != nil {
		w.chain(j.TSAChain, j.token.GenTime, 0)
	}
	later := v.later(j)
	for i, d := range later {
		own := i == 0 && j.token == nil // the only proof of time needs evidence, though it is the newest
		if i < len(later)-1 || own {
			w.chain(d.TSAChain, d.Time, 0)
		}
	}
	return w.missing, w.revoked
}

// chain judges every certificate of a chain below its anchor. It returns thisUpdate of the youngest evidence about the
// first.
func (w *witness) chain(chain []*x509.Certificate, at time.Time, depth int) time.Time {
	var first time.Time
	for i, cert := range chain {
		if w.anchor(cert) {
			return first
		}
		if i+1 == len(chain) {
			w.miss("D2", "EN 319 142-1 6.3 letter r", "the chain of %s does not end at a root: no issuer of %s",
				pkix.Name(chain[0]), pkix.Name(cert))
			return first
		}
		young := w.certificate(cert, chain[i+1], at, depth)
		if i == 0 {
			first = young
		}
	}
	return first
}

func (w *witness) miss(check, clause, format string, args ...any) {
	w.missing = append(w.missing, finding(check, clause, format, args...))
}

func (w *witness) anchor(c *x509.Certificate) bool {
	for _, r := range w.v.opts.Roots {
		if c.Equal(r) {
			return true
		}
	}
	return pkix.SelfSigned(c)
}

// Whether there is evidence about a certificate.
type coverage int

const (
	unknown coverage = iota
	asking           // being judged further up: a responder cannot vouch for itself
	covered
	uncovered
)

// certificate judges one certificate and returns thisUpdate of the youngest evidence that holds.
func (w *witness) certificate(cert, issuer *x509.Certificate, at time.Time, depth int) time.Time {
	if pkix.NoRevocationNeeded(cert) {
		return time.Time{}
	}
	key := string(cert.Raw)
	if depth > 0 && w.state[key] != unknown {
		return time.Time{}
	}
	w.state[key] = asking
	found := proof{at: at}
	for _, o := range w.ocsps {
		r, err := o.Check(cert, issuer, w.v.pool, time.Time{})
		if err != nil {
			w.rejected(&found, err)
			continue
		}
		if w.responder(r, issuer, at, depth) {
			found.take(r.ThisUpdate, r.NextUpdate)
		} else {
			found.reason = fmt.Errorf("there is none about its responder %s", pkix.Name(r.Responder))
		}
	}
	for _, der := range w.store.CRLs {
		l, err := pkix.CheckCRL(der, cert, issuer, time.Time{})
		if err != nil {
			w.rejected(&found, err)
			continue
		}
		found.take(l.ThisUpdate, l.NextUpdate)
	}
	w.state[key] = covered
	if !found.ok {
		w.state[key] = uncovered
		if depth == 0 {
			w.miss("D3", "EN 319 142-1 6.3 letters s, t", "no revocation evidence about %s holds%s", pkix.Name(cert), found.why())
		}
	}
	return found.youngest
}

// proof gathers what the evidence says about one certificate.
type proof struct {
	at       time.Time // of the signature
	ok       bool
	youngest time.Time
	reason   error // why some did not hold
}

// take counts sound evidence. That of before the signature must still have been in force then (EN 319 102-1 5.2.5).
func (p *proof) take(thisUpdate, nextUpdate time.Time) {
	if !nextUpdate.IsZero() && nextUpdate.Before(p.at.Add(-limits.ClockSkew)) {
		p.reason = errors.New("it had run out before the time of the signature")
		return
	}
	p.ok = true
	if thisUpdate.After(p.youngest) {
		p.youngest = thisUpdate
	}
}

func (p *proof) why() string {
	if p.reason == nil {
		return ""
	}
	return ": " + p.reason.Error()
}

// rejected keeps the reason why evidence does not hold. A revocation before the signature is a finding; a later one
// leaves the signature good.
func (w *witness) rejected(found *proof, err error) {
	var revoked *pkix.RevokedError
	if errors.As(err, &revoked) {
		if !revoked.At.After(found.at) {
			w.revoked = append(w.revoked, finding("F1", "RFC 6960 2.2, RFC 5280 5.3", "%v", err))
		}
		found.reason = err
		return
	}
	var evidence *pkix.EvidenceError
	if errors.As(err, &evidence) && found.reason != nil {
		switch evidence.Check {
		case "F1", "F2", "F11": // most likely it is about another certificate: then it says nothing here
			return
		}
	}
	found.reason = err
}

// responder reports whether the certificate of an OCSP responder is covered itself (F3).
func (w *witness) responder(r *pkix.OCSPResponse, issuer *x509.Certificate, at time.Time, depth int) bool {
	if !r.NeedsRevocation() || r.Responder == nil {
		return true
	}
	if depth >= limits.ResponderDepth {
		return false
	}
	w.certificate(r.Responder, issuer, at, depth+1)
	return w.state[string(r.Responder.Raw)] == covered || pkix.NoRevocationNeeded(r.Responder)
}
