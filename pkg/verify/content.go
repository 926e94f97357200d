// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto"
	"time"

	"gsign/internal/cms"
	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// contentTimestamps reads the timestamps over what a signature signs (EN 319 122-1 clause 5.2.8): it was made after them. An
// error is the machine's.
func (v *validator) contentTimestamps(j *judged, digest func(crypto.Hash) ([]byte, error)) error {
	if j.cms.EContent != nil {
		return nil // adbe.pkcs7.sha1 is older than such timestamps
	}
	const clause = "EN 319 122-1 5.2.8, RFC 3161 2.4.2"
	miss := func(check string, err error) {
		j.unstamped = append(j.unstamped, finding(check, clause, "its content timestamp does not verify: %v", err))
	}
	for _, der := range j.cms.Signer.Attribute(cms.OIDContentTimeStamp) {
		token, err := cms.ParseToken(der)
		if err != nil {
			miss(check(err, "C1"), err)
			continue
		}
		v.material.signed(token.SignedData, j.Signature.RevisionEnd())
		sum, err := digest(token.Hash)
		if machine(err) {
			return err
		}
		if err == nil {
			err = token.Examine(token.Hash, sum, v.material.withSerial(token.Signer.SerialNumber))
		}
		if err != nil {
			miss(check(err, "C4"), err)
			continue
		}
		token.Signer.Certificate = token.TSA
		j.content = append(j.content, &stamped{Token: token})
	}
	return nil
}

// began returns the latest time of the content timestamps that hold, zero for none.
func (v *validator) began(j *judged) (latest time.Time) {
	for _, t := range j.content {
		if wrong := v.doubt(j, t); wrong != nil {
			j.unstamped = append(j.unstamped, finding(wrong.Check, wrong.Clause, "its content timestamp of %s does not count: %s", stamp(t.GenTime), wrong.Text))
			continue
		}
		t.valid = true
		if t.GenTime.After(latest) {
			latest = t.GenTime
		}
	}
	return latest
}

// tooLate makes failures of findings where a content timestamp proves that the signature was made after its certificate had
// ended or had been revoked (EN 319 102-1 clause 5.3.4), and tells of one that is younger than the signature.
func (v *validator) tooLate(j *judged, s *subject, found []Finding) []Finding {
	began := v.began(j)
	if began.IsZero() {
		return found
	}
	leaf := s.path.certs[0]
	revoked := v.leafStatus(s).revoked
	for i := range found {
		f := &found[i]
		switch {
		case (f.SubIndication == OutOfBoundsNoPOE || f.SubIndication == OutOfBoundsNotRevoked) && f.Check == s.check && began.After(leaf.NotAfter):
			f.Indication, f.SubIndication = TotalFailed, Expired
			f.Text = pkix.Name(leaf) + " had ended at " + stamp(leaf.NotAfter) + ", before its signature was made: its content timestamp is of " + stamp(began)
		case f.SubIndication == RevokedNoPOE && revoked != nil && !revoked.hold && began.After(revoked.RevokedAt):
			f.Indication, f.SubIndication = TotalFailed, Revoked
			f.Text += ", before its signature was made: its content timestamp is of " + stamp(began)
		}
	}
	if s.proved && began.After(s.best.Add(limits.ClockSkew)) {
		found = append(found, with(Indeterminate, TimestampOrderFailure, "C5", "EN 319 102-1 5.5.4 step 5",
			"its content timestamp is of %s, and the signature is proved for %s, before that", stamp(began), stamp(s.best)))
	}
	return found
}
