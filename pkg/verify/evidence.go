// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
	"gsign/pkg/ltv"
)

// answer is what one piece of evidence says about one certificate, whenever it is asked.
type answer struct {
	Evidence
	piece     *piece
	algorithm pkix.Algorithm
	sound     bool // nothing but its age, its algorithms and its responder's own status can be held against it
	needs     bool // its responder needs evidence of its own (F3)
	hold      bool // revoked for a while only
}

// answers returns what the evidence says about cert, the youngest first.
func (v *validator) answers(cert, issuer *x509.Certificate) []*answer {
	key := pairKey{identify(cert), identify(issuer)}
	if known, ok := v.answered[key]; ok {
		return known
	}
	pieces := v.material.about(cert, issuer)
	if v.stored && !slices.ContainsFunc(pieces, func(p *piece) bool { return v.answer(p, cert, issuer).sound }) {
		v.readHistory()
		pieces = v.material.about(cert, issuer)
	}
	if v.opts.Source != nil && !slices.ContainsFunc(pieces, func(p *piece) bool { return v.answer(p, cert, issuer).sound }) {
		found, err := v.opts.Source.Evidence(v.ctx, cert, issuer)
		if err != nil {
			v.unanswered[string(cert.Raw)] = err
		}
		v.material.evidence(&found)
		pieces = v.material.about(cert, issuer)
	}
	var all []*answer
	for _, p := range pieces {
		all = append(all, v.answer(p, cert, issuer))
	}
	slices.SortStableFunc(all, func(a, b *answer) int { return b.ThisUpdate.Compare(a.ThisUpdate) })
	v.answered[key] = all
	return all
}

// answer checks one piece: everything that does not depend on the time for which it is asked.
func (v *validator) answer(p *piece, cert, issuer *x509.Certificate) *answer {
	a := &answer{Evidence: Evidence{Certificate: cert, Kind: "CRL", Source: p.source}, piece: p}
	var err error
	if p.ocsp != nil {
		a.Kind = "OCSP"
		var r *pkix.OCSPResponse
		trusted := v.trustedResponders(issuer)
		r, err = p.ocsp.CheckOld(cert, issuer, v.material.allResponders(), trusted)
		if r != nil && r.Trusted && v.counting(r.Responder, ForEvidence, r.ProducedAt) == nil {
			r, err = nil, &pkix.EvidenceError{Check: "F2", Certificate: pkix.Name(cert), Reason: fmt.Sprintf("its responder %s was not trusted at %s", pkix.Name(r.Responder), stamp(r.ProducedAt))}
		}
		if r != nil {
			a.ThisUpdate, a.NextUpdate, a.ProducedAt, a.Responder = r.ThisUpdate, r.NextUpdate, r.ProducedAt, r.Responder
			a.algorithm, a.needs = r.Algorithm, r.NeedsRevocation()
		}
	} else {
		var l *pkix.CRL
		l, err = p.crl.CheckOld(cert, issuer)
		if l != nil {
			a.ThisUpdate, a.NextUpdate, a.Responder, a.algorithm = l.ThisUpdate, l.NextUpdate, issuer, l.Algorithm()
		}
	}
	var revoked *pkix.RevokedError
	var evidence *pkix.EvidenceError
	switch {
	case errors.As(err, &revoked):
		a.sound, a.RevokedAt, a.hold, a.Verdict = true, revoked.At, revoked.Reason == certificateHold, err.Error()
	case errors.As(err, &evidence):
		a.Check, a.Verdict = evidence.Check, err.Error()
	case err != nil:
		a.Verdict = err.Error()
	case a.ThisUpdate.After(v.opts.Time.Add(limits.ClockSkew)):
		a.Check, a.Verdict = "F5", fmt.Sprintf("%s from the future, of %s", a.Kind, stamp(a.ThisUpdate))
	default:
		a.sound, a.Verdict = true, "good"
	}
	return a
}

// trustedResponders returns the responders that answer for the certificates of a CA because a list says so: those of who is
// responsible for the CA too.
func (v *validator) trustedResponders(issuer *x509.Certificate) []*x509.Certificate {
	var found []*x509.Certificate
	for _, a := range v.set.anchors[string(issuer.Raw)] {
		for _, r := range v.set.responders[a.Group] {
			found = append(found, r.Certificate)
		}
	}
	return found
}

const certificateHold = 6 // RFC 5280 section 5.3.1

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// status is what is known about the revocation of a certificate, asked for a time.
type status struct {
	exempt  bool    // it needs no evidence (F8)
	best    *answer // the youngest that is good and was in force at that time; nil for none
	revoked *answer // it is revoked, whenever that was
	any     bool    // there was a sound answer, and best may be nil because of its age
	why     string  // why others do not count
}

// status judges the evidence about cert for a signature of the time at (EN 319 102-1 clauses 5.2.5 and 5.2.6).
// Evidence of before the signature must still have been in force then.
func (v *validator) status(cert, issuer *x509.Certificate, at time.Time, depth int) (s status) {
	if pkix.NoRevocationNeeded(cert) || depth > 0 && pkix.OCSPNoCheck(cert) {
		return status{exempt: true}
	}
	key := string(cert.Raw)
	if depth > limits.ResponderDepth || v.asking[key] {
		return status{why: "a responder cannot vouch for itself"}
	}
	v.asking[key] = true
	defer delete(v.asking, key)
	for _, a := range v.answers(cert, issuer) {
		if a.piece.place > v.within {
			continue
		}
		if !a.sound {
			s.reason(a.Check, a.Verdict)
			continue
		}
		if a.needs {
			r := v.status(a.Responder, issuer, at, depth+1)
			if !r.exempt && (r.best == nil || r.revoked != nil) {
				s.reason("F3", "there is none about its responder "+pkix.Name(a.Responder))
				continue
			}
		}
		s.any = true
		if !a.RevokedAt.IsZero() {
			if s.revoked == nil && (!a.hold || s.best == nil) {
				s.revoked = a
			}
			continue
		}
		if !a.NextUpdate.IsZero() && a.NextUpdate.Before(at.Add(-limits.ClockSkew)) {
			s.reason("F5", "it had run out before the time of the signature")
			continue
		}
		if s.best == nil || !v.alive(s.best) && v.alive(a) {
			s.best = a
		}
	}
	return s
}

// reason keeps the one that tells most: an answer about another certificate says nothing here.
func (s *status) reason(check, text string) {
	if s.why == "" || check != "F1" && check != "F11" {
		s.why = ": " + text
	}
}

// alive reports whether the certificate of who made an answer has not expired (EN 319 102-1 clause 5.2.6.4).
func (v *validator) alive(a *answer) bool {
	return a.Responder == nil || !v.opts.Time.After(a.Responder.NotAfter)
}

// readHistory adds the security stores of earlier revisions: some producers drop what an earlier one wrote, and it is in the
// file all the same. Once is enough, and only for a certificate about which the newest store says nothing.
func (v *validator) readHistory() {
	if v.history {
		return
	}
	v.history = true
	ends := map[int64]bool{v.doc.Size(): true}
	for i := len(v.sigs) - 1; i >= 0 && len(ends) <= limits.StoreRevisions; i-- {
		end := v.sigs[i].Signature.RevisionEnd()
		if end <= 0 || end > v.doc.Size() || ends[end] {
			continue
		}
		ends[end] = true
		doc, err := v.revision(end)
		if err != nil {
			continue
		}
		store, err := ltv.ReadStored(doc)
		if err == nil {
			v.material.store(store)
		}
	}
	v.answered, v.paths = map[pairKey][]*answer{}, map[pathKey]*path{} // there may be more to say
}
