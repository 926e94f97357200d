// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto"
	"encoding/asn1"
	"errors"

	"gsign/internal/cms"
)

// judged is a signature on its way through the judgement.
type judged struct {
	*SignatureReport
	cms      *cms.SignedData
	token    *cms.Token // of the signature, or the document timestamp itself; sound, or nil
	baseline []Finding  // why not B-B
}

func (j *judged) wrong(f Finding) { j.Findings = append(j.Findings, f) }

// sound reports whether nothing is known against the signature.
func (j *judged) sound() bool { return len(j.Findings) == 0 }

const (
	subFilterCAdES = "ETSI.CAdES.detached"
	subFilterPKCS7 = "adbe.pkcs7.detached"
)

// integrity checks the bytes: ByteRange, digest, signature value, signing certificate. An error is the machine's.
func (v *validator) integrity(j *judged) error {
	s := &j.Signature
	for _, p := range s.Problems {
		switch p.Check {
		case "A3", "A4", "A5": // what is signed is not clear
			j.wrong(finding(p.Check, p.Clause, "%s", p.Text))
		default:
			j.baseline = append(j.baseline, finding(p.Check, p.Clause, "%s", p.Text))
		}
	}
	if s.CMS == nil || s.RevisionEnd() < 0 || s.RevisionEnd() > v.doc.Size() {
		return nil // there is nothing more to check, and a finding says so
	}
	digest := func(h crypto.Hash) ([]byte, error) {
		return v.hasher.digest(h, s.ByteRange[1], s.ByteRange[2], s.ByteRange[3])
	}
	if s.Timestamp {
		return v.documentTimestamp(j, digest)
	}
	if s.SubFilter != subFilterCAdES && s.SubFilter != subFilterPKCS7 {
		j.wrong(undecided("A2", "EN 319 142-1 6.3 T17", "sub-filter %q is not one gsign can judge", s.SubFilter))
		return nil
	}
	sd, err := cms.Parse(s.CMS)
	if err != nil {
		j.wrong(finding(check(err, "A3"), "RFC 5652 5", "its CMS cannot be read: %v", err))
		return nil
	}
	j.cms = sd
	v.pool = append(v.pool, sd.Certificates...)
	err = sd.Verify(digest)
	if machine(err) {
		return err
	}
	if err != nil {
		j.unverified(err)
	} else if err := sd.SecondOpinion(); err != nil {
		j.wrong(finding(check(err, "A3"), "RFC 5652 5", "its CMS is ambiguous: %v", err))
	}
	j.checkBaseline()
	return nil
}

// unverified sorts the reasons why a CMS does not verify. Without a signing-certificate attribute it is plain CMS, not
// CAdES, and with SHA-1 nobody can tell any more; all else says that it is not a signature of this document.
func (j *judged) unverified(err error) {
	const clause = "RFC 5652 5.6, EN 319 122-1 5.2.2"
	switch c := check(err, "B3"); c {
	case "B4":
		j.baseline = append(j.baseline, finding(c, "EN 319 142-1 6.3 T08-T10", "%v", err))
	case "B15":
		j.wrong(undecided(c, "TS 119 312", "%v", err))
	default:
		j.wrong(finding(c, clause, "its CMS does not verify: %v", err))
	}
}

// documentTimestamp checks a DocTimeStamp (ISO 32000-2 12.8.5).
func (v *validator) documentTimestamp(j *judged, digest func(crypto.Hash) ([]byte, error)) error {
	token, err := cms.ParseToken(j.Signature.CMS)
	if err != nil {
		j.wrong(finding("E1", "ISO 32000-2 12.8.5", "its token cannot be read: %v", err))
		return nil
	}
	v.pool = append(v.pool, token.Certificates...)
	imprint, err := digest(token.Hash)
	if err != nil {
		if machine(err) {
			return err
		}
		j.wrong(finding("C2", "ISO 32000-2 12.8.5.2", "its digest cannot be computed: %v", err))
		return nil
	}
	err = token.Verify(token.Hash, imprint, v.pool)
	if err != nil {
		j.wrong(finding(check(err, "C4"), "ISO 32000-2 12.8.5.2, RFC 3161 2.4.2", "its token does not verify: %v", err))
		return nil
	}
	j.token = token
	return nil
}

// checkBaseline checks what B-B asks beyond a sound signature (EN 319 142-1 clause 6.3, Table 1).
func (j *judged) checkBaseline() {
	s, si := &j.Signature, &j.cms.Signer
	has := func(oid asn1.ObjectIdentifier) bool { return si.Attribute(oid) != nil }
	unless := func(ok bool, check, row, text string) {
		if !ok {
			j.baseline = append(j.baseline, finding(check, "EN 319 142-1 6.3 "+row, "%s", text))
		}
	}
	unless(s.Filter != "", "A1", "T15", "there is no /Filter")
	unless(s.SubFilter == subFilterCAdES, "A2", "T17", "the sub-filter is not ETSI.CAdES.detached")
	unless(s.Type == "" || s.Type == "Sig", "A10", "ISO 32000-2 Table 255", "/Type is not /Sig")
	unless(j.cms.EContent == nil, "A3", "T14", "the CMS holds content")
	unless(!s.Time.IsZero(), "A6", "T11", "there is no /M")
	unless(!s.Has("Cert"), "A7", "T22", "there is a /Cert")
	unless(s.Reason == "" || !(has(cms.OIDCommitmentType) || has(cms.OIDSignaturePolicy)), "A8", "T19",
		"/Reason stands beside a commitment type or a signature policy")
	unless(s.Location == "" || !has(cms.OIDSignerLocation), "A9", "T18", "/Location stands beside a signer-location")
	for _, err := range j.cms.Deviations() {
		switch c := check(err, ""); c {
		case "A3", "B5", "B8", "B9": // the others are matters of taste to a verifier (B6 is a hint, B7 and B12 are DER and CMS)
			j.baseline = append(j.baseline, finding(c, "EN 319 142-1 6.3", "%v", err))
		}
	}
}

// check returns the number of the requirement that an error of the CMS names.
func check(err error, otherwise string) string {
	var e *cms.Error
	if errors.As(err, &e) && e.Check != "" {
		return e.Check
	}
	return otherwise
}
