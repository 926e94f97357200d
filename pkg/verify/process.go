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
)

// subject is what has a certificate and a time: a signature, or a timestamp token.
type subject struct {
	path       *path
	purpose    Purpose
	best       time.Time // the earliest time at which it is known to have existed
	proved     bool      // by something else than the clock
	check      string    // number of the requirement about its time: C6, C5 for a timestamp
	asof       time.Time // the time for which evidence must have been in force: that of a timestamp is its own; zero for best
	place      int64     // where the file holds it
	algorithms []Algorithm
	evidence   []Evidence // of which the verdict made use, and that of which it could not
}

const (
	clausePath = "RFC 5280 6.1, EN 319 102-1 5.2.6"
	clauseRev  = "EN 319 102-1 5.2.5, 5.2.6"
	clauseTime = "EN 319 102-1 5.5.4"
	clausePast = "EN 319 102-1 5.6.2"
)

// with makes a finding that leaves the signature open, or fails it.
func with(i Indication, sub SubIndication, check, clause, format string, args ...any) Finding {
	f := finding(check, clause, format, args...)
	f.Indication, f.SubIndication = i, sub
	return f
}

// conclude judges the certificate of a subject, and its algorithms: first as of now with the best time that is known, and
// where that fails only for want of proofs of existence, as of the past (EN 319 102-1 clauses 5.3, 5.5 and 5.6).
func (v *validator) conclude(s *subject) []Finding {
	own := weak(s.algorithms) // judged for the best time already: nothing heals them
	found := v.present(s)
	if len(found) == 0 || len(v.proofs) == 0 || !slices.ContainsFunc(found, recoverable) || slices.ContainsFunc(found, final) {
		return found
	}
	control, problem := v.past(s)
	if problem != "" {
		found[0].Text += "; and the past does not help: " + problem
		return found
	}
	if s.best.After(control) {
		found[0].Text += fmt.Sprintf("; and the past does not help: it holds until %s, and the signature is proved for %s only", stamp(control), stamp(s.best))
		return found
	}
	leaf := s.path.certs[0]
	if s.best.Before(leaf.NotBefore) || s.best.After(leaf.NotAfter) {
		return found
	}
	return own
}

// recoverable are the failures that proofs of existence may heal.
func recoverable(f Finding) bool {
	switch f.SubIndication {
	case OutOfBoundsNoPOE, OutOfBoundsNotRevoked, RevokedNoPOE, RevokedCANoPOE, RevocationOutOfBoundsNoPOE, CryptoConstraintsFailureNoPOE:
		return true
	}
	return false
}

func final(f Finding) bool { return !recoverable(f) }

// present is the judgement as of the time of validation, with the best signature time.
func (v *validator) present(s *subject) []Finding {
	if f := v.noPath(s); f != nil {
		return []Finding{*f}
	}
	if s.path.anchored(0) {
		return v.strength(s) // nothing is asked about an anchor (EN 319 102-1 clause 5.2.6.4 step 1)
	}
	var found []Finding
	add := func(i Indication, sub SubIndication, check, clause, format string, args ...any) {
		found = append(found, with(i, sub, check, clause, format, args...))
	}
	leaf := s.path.certs[0]
	at := s.best
	if !s.proved && leaf.NotBefore.After(at) && leaf.NotBefore.Sub(at) <= limits.ClockSkew {
		at = leaf.NotBefore // issued a moment ago, by a clock that is ahead of ours
	}
	lives := fmt.Sprintf("%s: not valid at %s, only from %s to %s", pkix.Name(leaf), stamp(at), stamp(leaf.NotBefore), stamp(leaf.NotAfter))
	switch {
	case at.Before(leaf.NotBefore) && s.proved:
		add(TotalFailed, NotYetValid, s.check, clauseTime, "%s: it existed before its certificate", lives)
	case at.Before(leaf.NotBefore):
		add(Indeterminate, OutOfBoundsNoPOE, s.check, clauseTime, "%s", lives)
	case at.After(leaf.NotAfter):
		sub, text := OutOfBoundsNoPOE, ", and nothing proves an earlier time"
		if s.proved {
			text += " than that"
		}
		if st := v.leafStatus(s); st.exempt || st.best != nil && st.revoked == nil && v.alive(st.best) {
			sub = OutOfBoundsNotRevoked
		}
		add(Indeterminate, sub, s.check, clauseTime, "%s%s", lives, text)
	}
	found = append(found, v.purpose(s)...)
	found = append(found, v.revocation(s, at)...)
	found = append(found, v.strength(s)...)
	return found
}

// purpose says that a signer's key is for something else. A certificate without key usage may sign.
func (v *validator) purpose(s *subject) []Finding {
	leaf := s.path.certs[0]
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if s.check != "C6" || leaf.KeyUsage == 0 || leaf.KeyUsage&signing != 0 {
		return nil
	}
	return []Finding{with(Indeterminate, ChainConstraintsFailure, "F9", "RFC 5280 4.2.1.3, EN 319 102-1 5.2.6",
		"the key of %s is not for signing: its key usage has neither digitalSignature nor nonRepudiation", pkix.Name(leaf))}
}

func (v *validator) leafStatus(s *subject) status {
	if len(s.path.certs) < 2 || v.ends(s.path.certs[0]) {
		return status{exempt: true}
	}
	at := s.best
	if !s.asof.IsZero() {
		at = s.asof
	}
	return v.status(s.path.certs[0], s.path.certs[1], at, 0)
}

// noPath says why there is no chain to an anchor.
func (v *validator) noPath(s *subject) *Finding {
	leaf, last := s.path.certs[0], s.path.certs[len(s.path.certs)-1]
	why := "nothing is trusted: no anchors are given"
	sub := NoCertificateChainFound
	switch {
	case s.path.complete:
		return nil
	case v.trusted(last):
		text, ended := v.limited(last, s)
		why = fmt.Sprintf("its chain ends at %s, which is %s", pkix.Name(last), text)
		if ended {
			sub = NoCertificateChainFoundNoPOE
		}
	case v.pinned() && v.ends(last):
		why = fmt.Sprintf("its chain ends at %s, which is none of the roots given", pkix.Name(last))
	case s.path.problem != nil && (v.pinned() || v.opts.AnyRoot):
		why = s.path.problem.Error()
	}
	if _, ok := errors.AsType[*pkix.ConstraintError](s.path.problem); ok && !s.path.complete {
		sub = CertificateChainGeneralFailure // there is a chain, and it is not valid (EN 319 102-1 clause 5.2.6.4 step 2 d)
	}
	f := with(Indeterminate, sub, "F9", clausePath, "no chain leads from %s to an anchor: %s", pkix.Name(leaf), why)
	return &f
}

// revocation judges every certificate of the chain below its anchor.
func (v *validator) revocation(s *subject, at time.Time) []Finding {
	var found []Finding
	add := func(sub SubIndication, check, clause, format string, args ...any) {
		found = append(found, with(Indeterminate, sub, check, clause, format, args...))
	}
	now := v.opts.Time
	asof := at
	if !s.asof.IsZero() {
		asof = s.asof
	}
	for i, cert := range s.path.certs {
		if i+1 == len(s.path.certs) {
			break
		}
		name := pkix.Name(cert)
		if i > 0 && (now.After(cert.NotAfter) || now.Before(cert.NotBefore)) {
			add(OutOfBoundsNoPOE, "F9", clausePath, "%s: a CA not valid at %s, only from %s to %s", name, stamp(now), stamp(cert.NotBefore), stamp(cert.NotAfter))
		}
		st := v.status(cert, s.path.certs[i+1], asof, 0)
		v.used(s, cert, s.path.certs[i+1], &st)
		switch {
		case st.exempt:
		case st.revoked != nil && (!s.proved || !st.revoked.RevokedAt.After(at)): // whoever has a stolen key dates as he likes
			sub := RevokedNoPOE
			if i > 0 {
				sub = RevokedCANoPOE
			}
			if st.revoked.hold {
				sub = TryLater
			}
			add(sub, "F1", "RFC 6960 2.2, RFC 5280 5.3, EN 319 102-1 5.2.6", "%s", st.revoked.Verdict)
		case st.revoked != nil:
		case st.best == nil && st.any:
			add(TryLater, "F5", clauseRev, "no revocation evidence about %s is recent enough%s", name, st.why)
		case st.best == nil && i == 0 && at.After(cert.NotAfter): // said already: out of bounds
		case st.best == nil:
			add(CertificateChainGeneralFailure, "D3", clauseRev, "no revocation evidence about %s holds%s%s%s", name, st.why, v.asked(cert), v.material.unused())
		case i == 0 && s.asof.IsZero() && !v.alive(st.best) && v.proof(st.best.piece.place, st.best.Responder.NotAfter) == nil:
			// Asked of the signer alone: the newest timestamp rests on evidence that nothing later proves, always.
			sub := RevocationOutOfBoundsNoPOE
			if now.After(cert.NotAfter) {
				sub = OutOfBoundsNoPOE
			}
			add(sub, "F2", clauseRev, "the evidence about %s is of %s, which expired at %s, and nothing proves that it was there before",
				name, pkix.Name(st.best.Responder), stamp(st.best.Responder.NotAfter))
		}
	}
	return found
}

// asked tells what the source of evidence answered.
func (v *validator) asked(cert *x509.Certificate) string {
	if err := v.unanswered[string(cert.Raw)]; err != nil {
		return "; asked online: " + err.Error()
	}
	return ""
}

// used keeps the evidence about a certificate for the report.
func (v *validator) used(s *subject, cert, issuer *x509.Certificate, st *status) {
	for _, a := range v.answers(cert, issuer) {
		e := a.Evidence
		e.Used = a == st.best || a == st.revoked
		s.evidence = append(s.evidence, e)
		if e.Used && a.Responder != nil && a.needs {
			for _, r := range v.answers(a.Responder, issuer) {
				s.evidence = append(s.evidence, r.Evidence)
			}
		}
	}
}

// strength judges the algorithms of the subject for its best time, those of certificates and evidence for the time since when
// they are known to exist (EN 319 102-1 clause 5.2.8).
func (v *validator) strength(s *subject) []Finding {
	all := slices.Clone(s.algorithms)
	for i, cert := range s.path.certs {
		if i+1 == len(s.path.certs) {
			break
		}
		issuer := s.path.certs[i+1]
		all = append(all, signatureAlgorithm("signature of the certificate of "+pkix.Name(cert), pkix.CertificateAlgorithm(cert), 0,
			pkix.PublicKey(issuer), v.since(v.material.place(cert))))
		st := v.status(cert, issuer, s.best, 0)
		if st.best != nil && st.best.Responder != nil {
			all = append(all, signatureAlgorithm("signature of the "+st.best.Kind+" about "+pkix.Name(cert), st.best.algorithm, 0,
				pkix.PublicKey(st.best.Responder), v.since(st.best.piece.place)))
		}
	}
	s.algorithms = all
	return weak(all)
}

// weak makes findings of the algorithms that were not reliable.
func weak(all []Algorithm) []Finding {
	var found []Finding
	for _, a := range all {
		if a.Passed {
			continue
		}
		sub := CryptoConstraintsFailureNoPOE
		if a.Until.Equal(beginning) {
			sub = CryptoConstraintsFailure
		}
		found = append(found, with(Indeterminate, sub, "B15", "TS 119 312, EN 319 102-1 5.2.8", "%s: %s was reliable until %s, and nothing proves that it is from before %s",
			a.Use, a.Name, a.Until.Format(time.DateOnly), stamp(a.At)))
	}
	return found
}
