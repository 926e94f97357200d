// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto"
	"encoding/asn1"

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
		j.wrong(finding("A3", "RFC 5652 5", "its CMS cannot be read: %v", err))
		return nil
	}
	j.cms = sd
	v.pool = append(v.pool, sd.Certificates...)
	err = sd.Verify(digest)
	if machine(err) {
		return err
	}
	if err != nil {
		j.wrong(finding("B3, B4", "RFC 5652 5.6, EN 319 122-1 5.2.2", "its CMS does not verify: %v", err))
	}
	j.checkBaseline()
	return nil
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
		j.wrong(finding("C2, C4, C5", "ISO 32000-2 12.8.5.2, RFC 3161 2.4.2", "its token does not verify: %v", err))
		return nil
	}
	j.token = token
	return nil
}

var (
	oidSigningTime      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidCounterSignature = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 6}
	oidContentHints     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 4}
	oidContentID        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 7}
	oidContentReference = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 10}
	oidSigningCert      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidPolicy           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 15}
	oidCommitment       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 16}
	oidSignerLocation   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 17}
	oidSigningCertV2    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

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
	unless(!has(oidSigningTime), "A6", "T13", "the CMS has a signing-time")
	unless(!s.Has("Cert"), "A7", "T22", "there is a /Cert")
	unless(s.Reason == "" || !(has(oidCommitment) || has(oidPolicy)), "A8", "T19",
		"/Reason stands beside a commitment type or a signature policy")
	unless(s.Location == "" || !has(oidSignerLocation), "A9", "T18", "/Location stands beside a signer-location")
	unless(has(oidSigningCert) != has(oidSigningCertV2), "B4", "T08-T10", "there is not exactly one signing-certificate")
	unless(si.Certificate != nil, "B1", "T01", "the signing certificate is not in the CMS")
	unless(!has(oidContentHints) && !has(oidContentID) && !has(oidContentReference), "B8", "ISO 32000-2 12.8.3.4.3",
		"the CMS has an attribute that PAdES forbids")
	for _, a := range si.Unsigned {
		unless(!a.Type.Equal(oidCounterSignature), "B8", "ISO 32000-2 12.8.3.4.3", "the CMS has a counter-signature")
	}
	switch si.DigestAlgorithm {
	case crypto.MD5, crypto.SHA1:
		unless(false, "B15", "TS 119 312", "the digest algorithm is "+si.DigestAlgorithm.String())
	}
}
