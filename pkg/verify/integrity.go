// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"

	"gsign/internal/cms"
	"gsign/internal/limits"
)

// judged is a signature on its way through the judgement.
type judged struct {
	*SignatureReport
	cms       *cms.SignedData
	signer    *x509.Certificate
	path      *path
	token     *cms.Token // the document timestamp itself; sound, or nil
	stamps    []*stamped // the signature's timestamps that are sound
	content   []*stamped // timestamps of before the signature that are sound, over what it signs
	unstamped []Finding  // why others are not
	uses      []use      // of algorithms
	baseline  []Finding  // why not B-B
	valid     bool       // as a document timestamp: it proves what it covers
	unknown   bool       // its algorithms are not known here, or its signer: nobody can say whether it is sound
}

// stamped is a signature timestamp whose token is sound.
type stamped struct {
	*cms.Token
	path  *path
	valid bool // it proves its time
}

// use is an algorithm to be judged when the time is known.
type use struct {
	name string
	hash crypto.Hash
	key  crypto.PublicKey
	pss  bool
}

func (j *judged) wrong(f Finding) { j.Findings = append(j.Findings, f) }

// sound reports whether nothing is known against the bytes and the cryptography of the signature.
func (j *judged) sound() bool { return len(j.Findings) == 0 }

// subject is the name under which a signature or timestamp is proved.
func (j *judged) name() string {
	if j.Signature.Timestamp {
		return "document timestamp " + quoted(j.Signature.Field)
	}
	return "signature " + quoted(j.Signature.Field)
}

const (
	subFilterCAdES = "ETSI.CAdES.detached"
	subFilterPKCS7 = "adbe.pkcs7.detached"
	subFilterSHA1  = "adbe.pkcs7.sha1"
	subFilterX509  = "adbe.x509.rsa_sha1"
	subFilterStamp = "ETSI.RFC3161"
)

// integrity checks the bytes: ByteRange, digest, signature value, signing certificate (EN 319 102-1 clauses 5.2.2, 5.2.3
// and 5.2.7). An error is the machine's.
func (v *validator) integrity(j *judged) error {
	s := &j.Signature
	for _, p := range s.Problems {
		switch p.Check {
		case "A3", "A4", "A5": // what is signed is not clear
			j.wrong(with(TotalFailed, FormatFailure, p.Check, p.Clause, "%s", p.Text))
		default:
			j.baseline = append(j.baseline, finding(p.Check, p.Clause, "%s", p.Text))
		}
	}
	if s.CMS == nil || s.RevisionEnd() < 0 {
		return nil // there is nothing more to check, and a finding says so
	}
	if s.RevisionEnd() > v.doc.Size() {
		v.unreachable(j)
		return nil
	}
	digest := func(h crypto.Hash) ([]byte, error) {
		return v.hasher.digest(h, s.ByteRange[1], s.ByteRange[2], s.ByteRange[3])
	}
	if s.Timestamp {
		return v.documentTimestamp(j, digest)
	}
	switch s.SubFilter {
	case subFilterCAdES, subFilterPKCS7, subFilterSHA1:
	case subFilterX509:
		return v.bare(j, digest)
	default:
		j.wrong(with(Indeterminate, SigConstraintsFailure, "A2", "EN 319 142-1 6.3 T17, ISO 32000-2 Table 255", "sub-filter %q is not one gsign can judge", s.SubFilter))
		return nil
	}
	sd, err := cms.Parse(s.CMS)
	if err != nil {
		j.unreadable(err)
		return nil
	}
	j.cms, j.signer = sd, v.signerOf(sd)
	v.material.signed(sd, s.RevisionEnd())
	if (sd.EContent != nil) != (s.SubFilter == subFilterSHA1) {
		j.baseline = append(j.baseline, finding("A3", "EN 319 142-1 6.3 T14", "its CMS does not fit the sub-filter"))
		j.wrong(with(TotalFailed, FormatFailure, "A3", "ISO 32000-2 12.8.3.3.1", "its CMS does not fit the sub-filter %s: is the content inside? %t", s.SubFilter, sd.EContent != nil))
		return nil
	}
	err = sd.Examine(digest)
	if machine(err) {
		return err
	}
	if err != nil {
		j.unverified(err)
	}
	if err == nil || check(err, "") == "B4" {
		if err := sd.SecondOpinion(); err != nil {
			j.wrong(with(TotalFailed, FormatFailure, check(err, "A3"), "RFC 5652 5", "its CMS is ambiguous: %v", err))
		}
	}
	j.used(sd)
	j.checkBaseline()
	return v.contentTimestamps(j, digest)
}

// unreachable reads the CMS of a signature over bytes that are not there, for the form alone: a finding says what is wrong.
func (v *validator) unreachable(j *judged) {
	sd, err := cms.Parse(j.Signature.CMS)
	if j.Signature.Timestamp || err != nil {
		return
	}
	j.cms, j.signer = sd, v.signerOf(sd)
	v.material.signed(sd, never)
	j.checkBaseline()
}

// signerOf finds the signer's certificate: in the CMS, or elsewhere in the file.
func (v *validator) signerOf(sd *cms.SignedData) *x509.Certificate {
	si := &sd.Signer
	if si.Certificate == nil {
		si.Certificate = si.Find(slices.Concat(sd.MoreCertificates(), v.material.withSerial(si.SerialNumber)))
	}
	return si.Certificate
}

// used notes the algorithms of a CMS.
func (j *judged) used(sd *cms.SignedData) {
	si := &sd.Signer
	h := si.SignatureAlgorithm.Digest()
	if h == 0 {
		h = si.DigestAlgorithm
	}
	if si.Certificate != nil {
		j.uses = append(j.uses, use{"signature", h, publicKey(si.Certificate), si.SignatureAlgorithm.IsPSS()})
	}
	j.uses = append(j.uses, use{"digest of the document", si.DigestAlgorithm, nil, false})
	if sd.EContent != nil && !j.Signature.Timestamp {
		j.uses = append(j.uses, use{"digest of the document in the content", crypto.SHA1, nil, false})
	}
}

// unreadable tells that there is no signature to be judged, or one made with what is not known here.
func (j *judged) unreadable(err error) {
	if check(err, "") == "B15" {
		j.unknown = true
		j.wrong(with(Indeterminate, CryptoConstraintsFailure, "B15", "EN 319 102-1 5.2.8", "its algorithms are not known here: %v", err))
		return
	}
	j.wrong(with(TotalFailed, FormatFailure, check(err, "A3"), "RFC 5652 5", "its CMS cannot be read: %v", err))
}

// unverified sorts the reasons why a CMS does not verify. Without a signing-certificate attribute it is plain CMS, not
// CAdES.
func (j *judged) unverified(err error) {
	const clause = "RFC 5652 5.6, EN 319 122-1 5.2.2"
	switch c := check(err, "B14"); c {
	case "B4":
		j.baseline = append(j.baseline, finding(c, "EN 319 142-1 6.3 T08-T10", "%v", err))
	case "B1":
		if j.cms.Curve() {
			j.unknown = true
			j.wrong(with(Indeterminate, CryptoConstraintsFailure, "B15", "EN 319 102-1 5.2.8", "the signer's certificate has a key on a curve that gsign does not compute with: %v", err))
			return
		}
		j.wrong(with(Indeterminate, NoSigningCertificateFound, c, "EN 319 102-1 5.2.3", "%v", err))
	case "B3":
		j.wrong(with(TotalFailed, HashFailure, c, "EN 319 102-1 5.2.7, "+clause, "its CMS does not verify: %v", err))
	case "B2", "B11":
		j.baseline = append(j.baseline, finding(c, "EN 319 142-1 6.3 T02, T03", "%v", err))
		j.wrong(with(TotalFailed, FormatFailure, c, "RFC 5652 5.3, 11", "its CMS does not verify: %v", err))
	case "B5":
		j.unknown = true // whose signature it is
		j.wrong(with(Indeterminate, NoSigningCertificateFound, c, "EN 319 102-1 5.2.3.4, EN 319 122-1 5.2.2, RFC 5035 5.4", "its signer is not known: %v", err))
	default:
		if errors.Is(err, cms.ErrUnknownAlgorithm) {
			j.unknown = true
			j.wrong(with(Indeterminate, CryptoConstraintsFailure, "B15", "EN 319 102-1 5.2.8", "its algorithms are not known here: %v", err))
			return
		}
		j.wrong(with(TotalFailed, SigCryptoFailure, c, "EN 319 102-1 5.2.7, "+clause, "its CMS does not verify: %v", err))
	}
}

// documentTimestamp checks a DocTimeStamp (ISO 32000-2 12.8.5).
func (v *validator) documentTimestamp(j *judged, digest func(crypto.Hash) ([]byte, error)) error {
	if s := j.Signature.SubFilter; s != subFilterStamp {
		j.wrong(with(TotalFailed, FormatFailure, "A2", "ISO 32000-2 12.8.5.1", "the sub-filter of a document timestamp is %q and not %s", s, subFilterStamp))
		return nil
	}
	token, err := cms.ParseToken(j.Signature.CMS)
	if check(err, "") == "B15" || errors.Is(err, cms.ErrUnknownAlgorithm) {
		j.wrong(with(Indeterminate, CryptoConstraintsFailure, "B15", "EN 319 102-1 5.2.8", "its algorithms are not known here: %v", err))
		return nil
	}
	if err != nil {
		j.wrong(with(TotalFailed, FormatFailure, "E1", "ISO 32000-2 12.8.5", "its token cannot be read: %v", err))
		return nil
	}
	j.cms = token.SignedData
	v.material.signed(token.SignedData, j.Signature.RevisionEnd())
	imprint, err := digest(token.Hash)
	if err != nil {
		if machine(err) {
			return err
		}
		j.wrong(with(Indeterminate, CryptoConstraintsFailure, "C2", "ISO 32000-2 12.8.5.2", "its digest cannot be computed: %v", err))
		return nil
	}
	err = token.Examine(token.Hash, imprint, v.material.withSerial(token.Signer.SerialNumber))
	j.signer = token.TSA
	if err != nil {
		j.unstampable(err)
		return nil
	}
	j.token = token
	token.Signer.Certificate = token.TSA
	j.used(token.SignedData)
	j.uses = append(j.uses, use{"imprint", token.Hash, nil, false})
	if token.GenTime.After(v.opts.Time.Add(limits.ClockSkew)) {
		j.wrong(with(Indeterminate, TimestampOrderFailure, "E1", "EN 319 102-1 5.4.4", "it is from the future, of %s", stamp(token.GenTime)))
	}
	return nil
}

// unstampable sorts the reasons why a document timestamp does not verify.
func (j *judged) unstampable(err error) {
	i, sub := TotalFailed, SigCryptoFailure
	switch inner := innermost(err); {
	case errors.Is(err, cms.ErrUnknownAlgorithm), inner == "B1" && j.cms.Curve():
		i, sub = Indeterminate, CryptoConstraintsFailure
	case inner == "B1", inner == "B4", inner == "B5":
		i, sub = Indeterminate, NoSigningCertificateFound
	case inner == "C2", inner == "B3":
		sub = HashFailure
	case inner == "C5":
		i, sub = Indeterminate, ChainConstraintsFailure
	}
	j.wrong(with(i, sub, check(err, "C4"), "ISO 32000-2 12.8.5.2, RFC 3161 2.3, 2.4.2", "its token does not verify: %v", err))
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
		case "B8", "B9": // the others are matters of taste to a verifier (A3, B7 and B12 are DER and CMS, B5 policies, B6 a hint)
			j.baseline = append(j.baseline, finding(c, "EN 319 142-1 6.3", "%v", err))
		}
	}
}

// innermost is check of the last error that names a requirement.
func innermost(err error) string {
	last := ""
	for e, ok := errors.AsType[*cms.Error](err); ok; e, ok = errors.AsType[*cms.Error](e.Err) {
		last = e.Check
	}
	return last
}

// check returns the number of the requirement that an error of the CMS names.
func check(err error, otherwise string) string {
	var e *cms.Error
	if errors.As(err, &e) && e.Check != "" {
		return e.Check
	}
	return otherwise
}
