// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"slices"
	"time"

	"gsign/internal/cms"
	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// signatureTimestamps reads the signature's own timestamps, and keeps the sound ones.
func (v *validator) signatureTimestamps(j *judged) {
	if j.cms == nil || j.Signature.Timestamp {
		return
	}
	miss := func(check, clause, format string, args ...any) {
		j.unstamped = append(j.unstamped, finding(check, clause, format, args...))
	}
	for _, der := range j.cms.Signer.TimestampTokens {
		token, err := cms.ParseToken(der)
		if err != nil {
			miss(check(err, "C1"), "EN 319 122-1 5.3", "its timestamp cannot be read: %v", err)
			continue
		}
		v.material.signed(token.SignedData, j.Signature.RevisionEnd())
		h := token.Hash.New()
		h.Write(j.cms.Signer.Signature)
		err = token.Examine(token.Hash, h.Sum(nil), v.material.withSerial(token.Signer.SerialNumber))
		if err != nil {
			miss(check(err, "C4"), "EN 319 122-1 5.3, RFC 3161 2.4.2", "its timestamp does not verify: %v", err)
			continue
		}
		token.Signer.Certificate = token.TSA
		j.stamps = append(j.stamps, &stamped{Token: token})
	}
	slices.SortStableFunc(j.stamps, func(a, b *stamped) int { return a.GenTime.Compare(b.GenTime) })
}

// judgeStamps judges the document timestamps, those with the widest ranges first: each that holds proves what it covers (EN 319
// 102-1 clause 5.6.3 step 4).
func (v *validator) judgeStamps() {
	var all []*judged
	for _, j := range v.sigs {
		if j.Signature.Timestamp {
			all = append(all, j)
		}
	}
	slices.SortStableFunc(all, func(a, b *judged) int {
		if x, y := a.Signature.RevisionEnd(), b.Signature.RevisionEnd(); x != y {
			return int(min(1, max(-1, y-x)))
		}
		return 0
	})
	for _, j := range all {
		if j.signer != nil {
			at := v.opts.Time
			if j.token != nil {
				j.Time = j.token.GenTime
				at = j.Time
			}
			j.path = v.path(&question{j.signer, at, ForTimestamps, v.since(j.Signature.RevisionEnd())})
			j.TSAChain, j.TSAAnchor = j.path.certs, j.path.anchor
		}
		if j.token == nil {
			v.settle(j, nil)
			continue
		}
		s := v.subject(j, "C5")
		s.asof = j.Time
		for _, u := range j.uses {
			s.algorithms = append(s.algorithms, judgeAlgorithm(u.name, u.hash, u.key, u.pss, s.best))
		}
		found := v.conclude(s)
		if o := v.disorder(j.Signature.RevisionEnd(), j.Time); o != nil {
			found = append(found, *o)
		}
		v.settle(j, found)
		v.take(j, s)
		j.valid = j.sound()
		if j.valid {
			v.prove(j)
		}
	}
}

// subject makes one of a signature or document timestamp, with the best time that later document timestamps prove.
func (v *validator) subject(j *judged, check string) *subject {
	s := &subject{path: j.path, purpose: ForSignatures, check: check, place: j.Signature.RevisionEnd(), best: v.opts.Time}
	if j.Signature.Timestamp {
		s.purpose = ForTimestamps
	}
	if c := v.oldest(s.place); c != nil && c.time.Before(s.best) {
		s.best, s.proved = c.time, true
		j.BestTimeBy = c.sig.name()
		j.Proofs = append(j.Proofs, Proof{Time: c.time, What: j.name(), By: c.sig.name(), Field: c.sig.Signature.Field})
	}
	j.BestTime = s.best
	return s
}

// disorder tells of a document timestamp that covers what was made after it (EN 319 102-1 clause 5.5.4 step 5).
func (v *validator) disorder(place int64, at time.Time) *Finding {
	c := v.oldest(place)
	if c == nil || !at.After(c.time.Add(limits.ClockSkew)) {
		return nil
	}
	f := with(Indeterminate, TimestampOrderFailure, "E1", "EN 319 102-1 5.5.4 step 5", "it is of %s, and the %s that covers it of %s, before that",
		stamp(at), c.sig.name(), stamp(c.time))
	return &f
}

// judgeSignature finds the best time of a signature, and judges it for that time.
func (v *validator) judgeSignature(j *judged) {
	if j.signer == nil {
		v.settle(j, nil)
		return
	}
	var order *Finding
	tokens := v.subjectTimes(j, &order)
	at := v.opts.Time
	if !j.Time.IsZero() {
		at = j.Time
	}
	best := v.since(j.Signature.RevisionEnd())
	if tokens != nil && tokens.GenTime.Before(best) {
		best = tokens.GenTime
	}
	j.path = v.path(&question{j.signer, at, ForSignatures, best})
	j.Chain, j.Anchor = j.path.certs, j.path.anchor
	if !j.sound() {
		v.settle(j, nil)
		return
	}
	s := v.subject(j, "C6")
	if tokens != nil && (!s.proved || tokens.GenTime.Before(s.best)) && tokens.GenTime.Before(v.opts.Time.Add(limits.ClockSkew)) {
		s.best, s.proved = tokens.GenTime, true
		j.BestTime, j.BestTimeBy = s.best, "signature timestamp"
		j.Proofs = append(j.Proofs, Proof{Time: s.best, What: j.name(), By: "signature timestamp"})
	}
	for _, u := range j.uses {
		s.algorithms = append(s.algorithms, judgeAlgorithm(u.name, u.hash, u.key, u.pss, s.best))
	}
	found := v.tooLate(j, s, v.conclude(s))
	if order != nil {
		found = append(found, *order)
	}
	if f := j.claims(); f != nil {
		found = append(found, *f)
	}
	if len(found) > 0 && tokens == nil {
		found = j.because(found)
	}
	v.settle(j, found)
	v.take(j, s)
}

// because adds the timestamps that do not count: first, where the lack of a proved time is what is wrong, for they may be why.
func (j *judged) because(found []Finding) []Finding {
	var more []Finding
	for _, f := range j.unstamped {
		f.Indication, f.SubIndication = found[0].Indication, found[0].SubIndication
		more = append(more, f)
	}
	if recoverable(found[0]) {
		return append(more, found...)
	}
	return append(found, more...)
}

// fromFuture sorts out the timestamps of after the time of validation: nothing can be proved by them yet.
func (v *validator) fromFuture(j *judged) {
	j.stamps = slices.DeleteFunc(j.stamps, func(t *stamped) bool {
		if !t.GenTime.After(v.opts.Time.Add(limits.ClockSkew)) {
			return false
		}
		j.unstamped = append(j.unstamped, finding("C5", "EN 319 102-1 5.4.4", "its timestamp is from the future, of %s", stamp(t.GenTime)))
		return true
	})
}

// subjectTimes judges the signature timestamps, and returns the earliest that holds.
func (v *validator) subjectTimes(j *judged, order **Finding) *stamped {
	var first *stamped
	v.fromFuture(j)
	for i, t := range j.stamps {
		wrong := v.doubt(j, t)
		if i == 0 {
			j.Time, j.TSAChain, j.TSAAnchor = t.GenTime, t.path.certs, t.path.anchor
		}
		if wrong != nil {
			j.unstamped = append(j.unstamped, finding(wrong.Check, wrong.Clause, "its timestamp of %s does not count: %s", stamp(t.GenTime), wrong.Text))
			continue
		}
		t.valid = true
		if o := v.disorder(j.Signature.RevisionEnd(), t.GenTime); o != nil {
			*order = o
		}
		if first == nil {
			first = t
		}
	}
	for _, d := range v.later(j) {
		if j.Time.IsZero() || d.Time.Before(j.Time) {
			j.Time = d.Time
		}
	}
	return first
}

// doubt judges a timestamp that is inside a signature, and says what speaks against it: nil where it holds.
func (v *validator) doubt(j *judged, t *stamped) *Finding {
	since := v.since(j.Signature.RevisionEnd())
	t.path = v.path(&question{t.TSA, t.GenTime, ForTimestamps, since})
	s := &subject{path: t.path, purpose: ForTimestamps, check: "C5", place: j.Signature.RevisionEnd(), asof: t.GenTime, best: since}
	s.proved = s.best.Before(v.opts.Time)
	for _, u := range tokenUses(t.Token) {
		s.algorithms = append(s.algorithms, judgeAlgorithm(u.name, u.hash, u.key, u.pss, s.best))
	}
	found := v.conclude(s)
	v.take(j, s)
	hard := slices.DeleteFunc(found, v.soft)
	if len(hard) == 0 {
		return nil
	}
	return &hard[0]
}

// tokenUses are the algorithms of a token.
func tokenUses(t *cms.Token) []use {
	j := &judged{SignatureReport: &SignatureReport{}}
	j.Signature.Timestamp = true
	j.used(t.SignedData)
	for i := range j.uses {
		j.uses[i].name += " of the timestamp"
	}
	return append(j.uses, use{"imprint of the timestamp", t.Hash, nil, false})
}

// claims says what is wrong with the time that the signer claims (EN 319 102-1 clause 5.2.8.4.2.3).
func (j *judged) claims() *Finding {
	claimed := j.Signature.Time
	if claimed.IsZero() && j.cms != nil {
		claimed = j.cms.Signer.SigningTime()
	}
	if claimed.IsZero() {
		f := with(Indeterminate, SigConstraintsFailure, "A6", "EN 319 142-1 6.3 T11, EN 319 102-1 5.2.8", "no time of signing is claimed, neither /M nor signing-time")
		return &f
	}
	leaf := j.signer
	if claimed.Before(leaf.NotBefore.Add(-limits.ClockSkew)) || claimed.After(leaf.NotAfter.Add(limits.ClockSkew)) {
		f := with(Indeterminate, SigConstraintsFailure, "A6", "EN 319 102-1 5.2.8", "the time of signing that is claimed, %s, is not in the life of the certificate of %s, from %s to %s",
			stamp(claimed), pkix.Name(leaf), stamp(leaf.NotBefore), stamp(leaf.NotAfter))
		return &f
	}
	return nil
}

// soft are findings about trust and about evidence that is not there: no fault where any root will do.
func (v *validator) soft(f Finding) bool {
	return v.opts.AnyRoot && (f.SubIndication == NoCertificateChainFound || f.SubIndication == CertificateChainGeneralFailure ||
		f.SubIndication == TryLater && f.Check == "F5")
}

// settle derives the indication from all findings: the worst, with the sub-indication of the first that says so.
func (v *validator) settle(j *judged, found []Finding) {
	all := append(slices.Clone(j.Findings), found...)
	j.Indication = TotalPassed
	for _, f := range all {
		if f.Indication > j.Indication {
			j.Indication, j.SubIndication = f.Indication, f.SubIndication
		}
	}
	for _, f := range found {
		if !v.soft(f) {
			j.Findings = append(j.Findings, f)
		}
	}
}

// take keeps the facts of a judgement in the report.
func (v *validator) take(j *judged, s *subject) {
	j.Evidence = append(j.Evidence, s.evidence...)
	j.Algorithms = append(j.Algorithms, s.algorithms...)
}

// later returns the sound document timestamps that cover the signature.
func (v *validator) later(j *judged) []*judged {
	var all []*judged
	for _, d := range v.stamps {
		if d.Signature.RevisionEnd() > j.Signature.RevisionEnd() {
			all = append(all, d)
		}
	}
	return all
}
