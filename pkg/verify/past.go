// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/x509"
	"fmt"
	"time"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// covering is a document timestamp that was found good: all bytes before end existed at its time.
type covering struct {
	end  int64
	time time.Time
	sig  *judged
}

// prove takes a good document timestamp as a proof for all that it covers. Those with the wider ranges come first, so that the
// proofs stand in the order of their ends, and earlier ones with wider ranges stand for what they cover of the narrower.
func (v *validator) prove(j *judged) {
	c := covering{j.Signature.RevisionEnd(), j.Time, j}
	if n := len(v.proofs); n > 0 && !c.time.Before(v.proofs[n-1].time) {
		c = covering{c.end, v.proofs[n-1].time, v.proofs[n-1].sig} // the wider one is older still
	}
	v.proofs = append(v.proofs, c)
}

// oldest returns the earliest proof for the byte at place, nil where there is none.
func (v *validator) oldest(place int64) *covering {
	lo, hi := 0, len(v.proofs) // the last whose end is after place
	for lo < hi {
		mid := (lo + hi) / 2
		if v.proofs[mid].end > place {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return nil
	}
	return &v.proofs[lo-1]
}

// since returns the earliest time at which the byte at place is known to exist: that of validation where nothing proves it.
func (v *validator) since(place int64) time.Time {
	if c := v.oldest(place); c != nil && c.time.Before(v.opts.Time) {
		return c.time
	}
	return v.opts.Time
}

// proof returns what proves that the byte at place existed at a time.
func (v *validator) proof(place int64, at time.Time) *covering {
	c := v.oldest(place)
	if c == nil || c.time.After(at) {
		return nil
	}
	return c
}

// past is the past certificate validation with its sliding of the validation time (EN 319 102-1 clauses 5.6.2.1 and
// 5.6.2.2). It returns the time up to which the chain is proved to have been good, or why there is none.
func (v *validator) past(s *subject) (control time.Time, problem string) {
	control = v.opts.Time
	certs := s.path.certs
	from, until := certs[0].NotBefore, certs[0].NotAfter
	for i, c := range certs {
		if s.path.anchored(i) {
			break
		}
		if c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	if from.After(until) {
		return control, "there is no time at which all certificates of the chain were valid"
	}
	for i := len(certs) - 2; i >= 0; i-- {
		cert, issuer := certs[i], certs[i+1]
		if v.since(v.material.place(cert)).After(control) {
			return control, fmt.Sprintf("nothing proves that the certificate of %s existed at %s", pkix.Name(cert), stamp(control))
		}
		if !pkix.NoRevocationNeeded(cert) {
			control, problem = v.slide(s, cert, issuer, control)
			if problem != "" {
				return control, problem
			}
		}
		a := signatureAlgorithm("", pkix.CertificateAlgorithm(cert), 0, pkix.PublicKey(issuer), control)
		if !a.Passed {
			control = a.Until
		}
	}
	return control, ""
}

// slide finds the evidence about a certificate that is proved to have existed at the control time, and gives the time up to which it
// speaks: its revocation, or the end of its validity (EN 319 102-1 clause 5.6.2.2.4 steps 2 b and c).
func (v *validator) slide(s *subject, cert, issuer *x509.Certificate, control time.Time) (time.Time, string) {
	why := "there is none"
	for _, a := range v.answers(cert, issuer) {
		since := v.since(a.piece.place)
		switch {
		case !a.sound:
			why = a.Verdict
			continue
		case a.ThisUpdate.After(control):
			why = "it is from after " + stamp(control)
			continue
		case since.After(control):
			why = "nothing proves that it existed at " + stamp(control)
			continue
		case a.Responder != nil && since.After(a.Responder.NotAfter):
			why = fmt.Sprintf("it is of %s, which expired at %s, before its existence is proved", pkix.Name(a.Responder), stamp(a.Responder.NotAfter))
			continue
		}
		if a.needs {
			r := v.status(a.Responder, issuer, a.ThisUpdate, 1)
			if !r.exempt && (r.best == nil || r.revoked != nil) {
				why = "there is none about its responder " + pkix.Name(a.Responder)
				continue
			}
		}
		key := issuer
		if a.Responder != nil {
			key = a.Responder
		}
		if alg := signatureAlgorithm("", a.algorithm, 0, pkix.PublicKey(key), since); !alg.Passed {
			why = fmt.Sprintf("%s was reliable until %s only", alg.Name, alg.Until.Format(time.DateOnly))
			continue
		}
		for _, r := range v.answers(cert, issuer) { // whoever says revoked, older or not, is believed
			if r.sound && !r.RevokedAt.IsZero() && (r == a || !r.hold) && r.RevokedAt.Before(control) {
				control = r.RevokedAt
			}
		}
		switch {
		case !a.RevokedAt.IsZero():
		case !a.NextUpdate.IsZero() && a.NextUpdate.Add(limits.ClockSkew).Before(control):
			control = a.NextUpdate.Add(limits.ClockSkew)
		}
		return control, ""
	}
	return control, fmt.Sprintf("no revocation evidence about %s holds: %s (NO_POE)", pkix.Name(cert), why)
}
