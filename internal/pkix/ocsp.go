// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"gsign/internal/limits"
)

// OCSPResponse is a response that passed [CheckOCSP].
type OCSPResponse struct {
	Raw           []byte
	ProducedAt    time.Time
	ThisUpdate    time.Time
	NextUpdate    time.Time           // zero when absent
	ArchiveCutoff time.Time           // zero when absent
	Hash          crypto.Hash         // of the CertID
	Responder     *x509.Certificate   // whose key signed it
	Delegated     bool                // the responder is not the CA itself
	NoCheck       bool                // the responder's certificate has id-pkix-ocsp-nocheck
	Certificates  []*x509.Certificate // embedded in the response
	Algorithm     Algorithm           // by which it is signed
	Trusted       bool                // the responder is one of those trusted by themselves
}

// NeedsRevocation reports whether the responder's certificate needs revocation data of its own (F3).
func (r *OCSPResponse) NeedsRevocation() bool {
	return r.Delegated && !r.Trusted && !r.NoCheck && !NoRevocationNeeded(r.Responder)
}

// Fresh reports whether evidence was made after the signature's time and while the certificate lived:
// genTime < thisUpdate ≤ notAfter.
func Fresh(thisUpdate, genTime, notAfter time.Time) bool {
	return genTime.Before(thisUpdate) && !thisUpdate.After(notAfter)
}

// CheckOCSP checks a response about cert, which issuer issued (the caller has checked that): F1, F2, F5, F6 and F7.
// The responder's certificate is looked for in the response and in extra. With a zero now nothing is compared with the
// clock and nextUpdate may be absent: so is evidence read long after it was written.
//
// A failed check is an *[EvidenceError]. A *[RevokedError] comes with the response, which is sound in every other way.
func CheckOCSP(der []byte, cert, issuer *x509.Certificate, extra []*x509.Certificate, now time.Time) (*OCSPResponse, error) {
	return ParseOCSP(der).Check(cert, issuer, extra, now)
}

// UncheckedOCSP is a response that was read and not checked, for several checks.
type UncheckedOCSP struct {
	raw   []byte
	basic *basicResponse
	err   error
}

// ParseOCSP reads a response. What is wrong with it is what [UncheckedOCSP.Check] says.
func ParseOCSP(der []byte) *UncheckedOCSP {
	basic, err := parseOCSP(der)
	return &UncheckedOCSP{raw: der, basic: basic, err: err}
}

// Check is [CheckOCSP].
func (u *UncheckedOCSP) Check(cert, issuer *x509.Certificate, extra []*x509.Certificate, now time.Time) (*OCSPResponse, error) {
	return u.check(cert, issuer, extra, nil, now, false)
}

// CheckOld is [UncheckedOCSP.Check] without the clock, and it leaves open whether SHA-1 was good enough for the response's
// signature: that depends on when it was made, and on what proves that. Those of trusted may answer although another CA
// issued them (RFC 6960 section 4.2.2.2, local configuration).
func (u *UncheckedOCSP) CheckOld(cert, issuer *x509.Certificate, extra, trusted []*x509.Certificate) (*OCSPResponse, error) {
	return u.check(cert, issuer, extra, trusted, time.Time{}, true)
}

func (u *UncheckedOCSP) check(cert, issuer *x509.Certificate, extra, trusted []*x509.Certificate, now time.Time, old bool) (*OCSPResponse, error) {
	if cert == nil || issuer == nil {
		return nil, errors.New("checking an OCSP response: certificate or issuer missing")
	}
	if u.err != nil {
		return nil, evidence("F1", cert, "OCSP response not usable", u.err)
	}
	basic := u.basic
	one, err := selectSingle(basic, cert, issuer) // before the signature: of many responses, most are about others
	if err != nil {
		return nil, err
	}
	if basic.algorithm.Digest() == crypto.SHA1 && !old {
		return nil, evidence("F1", cert, "OCSP response signed with SHA-1", nil)
	}
	r := &OCSPResponse{Raw: u.raw, ProducedAt: basic.producedAt, Certificates: basic.certs, Algorithm: basic.algorithm}
	if err := r.findResponder(basic, cert, issuer, extra, trusted); err != nil {
		return nil, err
	}
	r.ThisUpdate, r.NextUpdate, r.ArchiveCutoff, r.Hash = one.thisUpdate, one.nextUpdate, one.archiveCutoff, one.hash
	if err := checkWindow(cert, "OCSP response", r.ThisUpdate, r.NextUpdate, now); err != nil {
		return nil, err
	}
	if !now.IsZero() && r.ProducedAt.After(now.Add(limits.ClockSkew)) {
		return nil, evidence("F5", cert, "OCSP response produced in the future, at "+rfc3339(r.ProducedAt), nil)
	}
	if one.status == ocsp.Revoked {
		return r, &RevokedError{Certificate: Name(cert), At: one.revokedAt, Reason: one.reason, Source: "OCSP"}
	}
	if one.status != ocsp.Good {
		return nil, evidence("F1", cert, "the responder does not know the certificate", nil)
	}
	if err := checkCovers(cert, "OCSP response", r.ThisUpdate, one.vouches(cert)); err != nil {
		return nil, err
	}
	return r, nil
}

// vouches reports whether the answer covers a certificate that has expired: it keeps its status beyond expiry, or
// shows by a hash that it has the certificate.
func (one *singleResponse) vouches(cert *x509.Certificate) bool {
	if !one.archiveCutoff.IsZero() && !one.archiveCutoff.After(cert.NotAfter) {
		return true
	}
	return one.certHash != 0 && bytes.Equal(digest(one.certHash, cert.Raw), one.certHashValue)
}

// checkWindow is F5. The times are those of an OCSP response or a CRL.
func checkWindow(cert *x509.Certificate, what string, thisUpdate, nextUpdate, now time.Time) error {
	if !nextUpdate.IsZero() && nextUpdate.Before(thisUpdate) {
		return evidence("F5", cert, what+" with nextUpdate before thisUpdate", nil)
	}
	switch {
	case now.IsZero():
		return nil
	case thisUpdate.After(now.Add(limits.ClockSkew)):
		return evidence("F5", cert, what+" from the future, thisUpdate "+rfc3339(thisUpdate), nil)
	case nextUpdate.IsZero():
		return evidence("F5", cert, what+" without nextUpdate", nil)
	case nextUpdate.Before(now.Add(-limits.ClockSkew)):
		return evidence("F5", cert, what+" out of date, nextUpdate "+rfc3339(nextUpdate), nil)
	}
	return nil
}

// checkCovers is F6 and F7: the evidence was made in the certificate's life, or vouches for expired ones.
func checkCovers(cert *x509.Certificate, what string, thisUpdate time.Time, vouches bool) error {
	if thisUpdate.Before(cert.NotBefore) {
		return evidence("F6", cert, fmt.Sprintf("%s of %s is older than the certificate (%s)",
			what, rfc3339(thisUpdate), rfc3339(cert.NotBefore)), nil)
	}
	if thisUpdate.After(cert.NotAfter) && !vouches {
		return evidence("F7", cert, fmt.Sprintf("%s of %s was made after the certificate expired (%s)",
			what, rfc3339(thisUpdate), rfc3339(cert.NotAfter)), nil)
	}
	return nil
}

// selectSingle returns the answer about cert: the newest, but one that says revoked before all others.
func selectSingle(basic *basicResponse, cert, issuer *x509.Certificate) (*singleResponse, error) {
	key, err := keyBits(issuer)
	if err != nil {
		return nil, evidence("F1", cert, "computing the CertID", err)
	}
	serial, err := serialContent(cert)
	if err != nil {
		return nil, evidence("F1", cert, "computing the CertID", err)
	}
	var best *singleResponse
	for i := range basic.singles {
		one := &basic.singles[i]
		if !bytes.Equal(serial, one.serial) || !one.matches(cert, issuer, key) {
			continue
		}
		if best == nil || best.status != ocsp.Revoked && (one.status == ocsp.Revoked || one.thisUpdate.After(best.thisUpdate)) {
			best = one
		}
	}
	if best == nil {
		return nil, evidence("F1", cert, "OCSP response is about another certificate", nil)
	}
	return best, nil
}

// findResponder finds the key that signed the response and checks that it may answer (F1, F2).
func (r *OCSPResponse) findResponder(basic *basicResponse, cert, issuer *x509.Certificate, extra, trusted []*x509.Certificate) error {
	var last error
	for _, c := range slices.Concat([]*x509.Certificate{issuer}, basic.certs, extra, trusted) {
		if c == nil || !basic.by(c) {
			continue
		}
		if err := VerifySignature(PublicKey(c), basic.algorithm, 0, basic.tbs, basic.signature); err != nil {
			last = cmpError(last, evidence("F1", cert, "signature of the OCSP response", err))
			continue
		}
		err := mayAnswer(c, issuer, basic.producedAt)
		byItself := err != nil && slices.ContainsFunc(trusted, c.Equal)
		if byItself {
			err = validAt(c, basic.producedAt)
		}
		if err != nil {
			last = evidence("F2", cert, "responder "+Name(c), err) // tells more than a wrong signature
			continue
		}
		r.Responder, r.NoCheck, r.Trusted = c, OCSPNoCheck(c), byItself
		r.Delegated = !sameEntity(c, issuer)
		return nil
	}
	if last == nil {
		last = evidence("F2", cert, "the responder's certificate is neither in the OCSP response nor known", nil)
	}
	return last
}

func cmpError(old, err error) error {
	if old != nil {
		return old
	}
	return err
}

// by reports whether the responder ID is that of c.
func (b *basicResponse) by(c *x509.Certificate) bool {
	if b.byKey != nil {
		return bytes.Equal(b.byKey, keyID(c))
	}
	return SameName(b.byName, c.RawSubject)
}

// sameEntity reports whether two certificates are of one subject with one key, as a CA and its cross-certificate are.
func sameEntity(a, b *x509.Certificate) bool {
	return bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo) && SameName(a.RawSubject, b.RawSubject)
}

// mayAnswer is F2: the CA itself, or a responder that this CA issued for this purpose (RFC 6960 section 4.2.2.2),
// valid when the response was produced.
func mayAnswer(c, issuer *x509.Certificate, producedAt time.Time) error {
	if err := validAt(c, producedAt); err != nil {
		return err
	}
	if sameEntity(c, issuer) {
		return nil
	}
	if !SameName(c.RawIssuer, issuer.RawSubject) {
		return errors.New("was not issued by the CA of the certificate")
	}
	if err := checkIssued(c, issuer); err != nil {
		return fmt.Errorf("was not issued by the CA of the certificate: %w", err)
	}
	if !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		return errors.New("may not sign OCSP responses")
	}
	return unhandled(c)
}
