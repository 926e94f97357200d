// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/limits"
)

// CRL is a revocation list that passed [CheckCRL].
type CRL struct {
	Raw        []byte
	ThisUpdate time.Time
	NextUpdate time.Time // zero when absent
	Number     *big.Int  // nil when absent

	issuer        []byte
	algorithm     Algorithm
	tbs           []byte
	signature     []byte
	revoked       cryptobyte.String // SEQUENCE OF entries, walked and never held as values
	point         *distributionPoint
	expiredOnList time.Time // expiredCertsOnCRL: from when on expired certificates stay listed
}

// distributionPoint is a critical issuingDistributionPoint (RFC 5280 section 5.2.5).
type distributionPoint struct {
	named             bool
	urls              []string
	onlyUser, onlyCA  bool
	onlyAttribute     bool
	someReasons       bool
	indirect, unknown bool
}

var (
	oidCRLNumber     = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidReasonCode    = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidity    = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidDeltaCRL      = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidIssuingPoint  = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidAuthorityKey  = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidExpiredOnList = asn1.ObjectIdentifier{2, 5, 29, 60}
)

// CheckCRL checks a list as evidence about cert, which issuer issued (the caller has checked that): F11, and F5, F6
// and F7 as for an OCSP response. With a zero now nothing is compared with the clock. A CRL for only some reasons,
// an indirect one and a delta are refused: they do not tell the whole.
//
// A failed check is an *[EvidenceError]. A *[RevokedError] comes with the list, which is sound in every other way.
func CheckCRL(der []byte, cert, issuer *x509.Certificate, now time.Time) (*CRL, error) {
	if cert == nil || issuer == nil {
		return nil, errors.New("checking a CRL: certificate or issuer missing")
	}
	l, err := parseCRL(der)
	if err != nil {
		return nil, evidence("F11", cert, "CRL not usable", err)
	}
	if l.algorithm.Digest() == crypto.SHA1 {
		return nil, evidence("F11", cert, "CRL not usable: it is signed with SHA-1", nil)
	}
	if err := l.checkIssuer(cert, issuer); err != nil {
		return nil, evidence("F11", cert, "CRL not usable", err)
	}
	return l.about(cert, now)
}

// UncheckedCRL is a list that was read and not checked, for several checks.
type UncheckedCRL struct {
	list   *CRL
	err    error
	signed map[string]error // what was found out about its signature, by the issuer's certificate
}

// ParseCRL reads a list. What is wrong with it is what [UncheckedCRL.CheckOld] says.
func ParseCRL(der []byte) *UncheckedCRL {
	l, err := parseCRL(der)
	return &UncheckedCRL{l, err, map[string]error{}}
}

// Issuer returns the name of the list's issuer as DER. The error says why the list cannot be used.
func (u *UncheckedCRL) Issuer() ([]byte, error) {
	if u.err != nil {
		return nil, fmt.Errorf("CRL not usable: %w", u.err)
	}
	return u.list.issuer, nil
}

// CheckOld is to [CheckCRL] what [UncheckedOCSP.CheckOld] is to [CheckOCSP].
func (u *UncheckedCRL) CheckOld(cert, issuer *x509.Certificate) (*CRL, error) {
	if cert == nil || issuer == nil {
		return nil, errors.New("checking a CRL: certificate or issuer missing")
	}
	if u.err != nil {
		return nil, evidence("F11", cert, "CRL not usable", u.err)
	}
	key := string(issuer.Raw)
	err, known := u.signed[key]
	if !known {
		err = u.list.checkIssuer(cert, issuer)
		u.signed[key] = err
	}
	if err == nil && !SameName(u.list.issuer, cert.RawIssuer) {
		err = errOtherIssuer
	}
	if err != nil {
		return nil, evidence("F11", cert, "CRL not usable", err)
	}
	return u.list.about(cert, time.Time{})
}

var errOtherIssuer = errors.New("it is another issuer's")

// Algorithm returns the algorithm by which the list is signed.
func (l *CRL) Algorithm() Algorithm { return l.algorithm }

// about is what the list, whose signature is good, says about cert.
func (l *CRL) about(cert *x509.Certificate, now time.Time) (*CRL, error) {
	if err := l.checkScope(cert); err != nil {
		return nil, evidence("F11", cert, "CRL not usable", err)
	}
	if err := checkWindow(cert, "CRL", l.ThisUpdate, l.NextUpdate, now); err != nil {
		return nil, err
	}
	at, reason, err := l.find(cert)
	if err != nil {
		return nil, evidence("F11", cert, "CRL not usable", err)
	}
	if !at.IsZero() {
		return l, &RevokedError{Certificate: Name(cert), At: at, Reason: reason, Source: "CRL"}
	}
	vouches := !l.expiredOnList.IsZero() && !l.expiredOnList.After(cert.NotAfter)
	if err := checkCovers(cert, "CRL", l.ThisUpdate, vouches); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *CRL) checkIssuer(cert, issuer *x509.Certificate) error {
	if !SameName(l.issuer, cert.RawIssuer) || !SameName(l.issuer, issuer.RawSubject) {
		return errOtherIssuer
	}
	if issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return errors.New("the issuer's key may not sign CRLs")
	}
	if issuer.Version >= 3 && !(issuer.BasicConstraintsValid && issuer.IsCA) {
		return errors.New("its issuer is not a CA")
	}
	return VerifySignature(PublicKey(issuer), l.algorithm, 0, l.tbs, l.signature)
}

// checkScope tells whether the list speaks about cert at all (RFC 5280 section 6.3.3 b).
func (l *CRL) checkScope(cert *x509.Certificate) error {
	p := l.point
	switch {
	case p == nil:
		return nil
	case p.unknown:
		return errors.New("its issuing distribution point is not understood")
	case p.indirect:
		return errors.New("it is indirect")
	case p.someReasons:
		return errors.New("it is for some reasons only")
	case p.onlyAttribute:
		return errors.New("it is for attribute certificates only")
	case p.onlyUser && cert.IsCA:
		return errors.New("it is for end entities only")
	case p.onlyCA && !cert.IsCA:
		return errors.New("it is for CAs only")
	}
	if p.named && !slices.ContainsFunc(p.urls, func(u string) bool { return slices.Contains(cert.CRLDistributionPoints, u) }) {
		return errors.New("it is for another distribution point than the certificate names")
	}
	return nil
}

// find looks the serial number up; a zero time means not listed.
func (l *CRL) find(cert *x509.Certificate) (at time.Time, reason int, err error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1BigInt(cert.SerialNumber)
	want, err := b.Bytes()
	if err != nil {
		return time.Time{}, 0, err
	}
	for s := l.revoked; !s.Empty(); {
		var entry, serial cryptobyte.String
		if !s.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.ReadASN1Element(&serial, cbasn1.INTEGER) {
			return time.Time{}, 0, errors.New("malformed entry")
		}
		if !bytes.Equal(serial, want) {
			continue
		}
		if !readTime(&entry, &at) {
			return time.Time{}, 0, errors.New("malformed entry")
		}
		if entry.Empty() {
			return at, 0, nil
		}
		err := readExtensions(entry, func(id asn1.ObjectIdentifier, critical bool, value []byte) error {
			v := cryptobyte.String(value)
			if id.Equal(oidReasonCode) && (!v.ReadASN1Enum(&reason) || !v.Empty()) {
				return errors.New("malformed reason code")
			}
			return nil // whatever else the entry says, the certificate is on the list
		})
		return at, reason, err
	}
	return time.Time{}, 0, nil
}

// parseCRL reads a CertificateList (RFC 5280 section 5.1) without holding its entries.
func parseCRL(der []byte) (*CRL, error) {
	bad := errors.New("malformed CRL")
	if len(der) > limits.MaxCRL {
		return nil, fmt.Errorf("CRL of more than %d bytes", limits.MaxCRL)
	}
	l := &CRL{Raw: der}
	s := cryptobyte.String(der)
	var seq, tbs, issuer, exts cryptobyte.String
	var inner Algorithm
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1Element(&tbs, cbasn1.SEQUENCE) ||
		!ReadAlgorithm(&seq, &l.algorithm) || !seq.ReadASN1BitStringAsBytes(&l.signature) || !seq.Empty() {
		return nil, bad
	}
	l.tbs = tbs
	version, hasExts := 0, false
	if !tbs.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		tbs.PeekASN1Tag(cbasn1.INTEGER) && (!tbs.ReadASN1Integer(&version) || version != 1) ||
		!ReadAlgorithm(&tbs, &inner) || !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !readTime(&tbs, &l.ThisUpdate) {
		return nil, bad
	}
	if !inner.OID.Equal(l.algorithm.OID) || !bytes.Equal(inner.Parameters, l.algorithm.Parameters) {
		return nil, errors.New("CRL names two signature algorithms")
	}
	l.issuer = issuer
	if (tbs.PeekASN1Tag(cbasn1.UTCTime) || tbs.PeekASN1Tag(cbasn1.GeneralizedTime)) && !readTime(&tbs, &l.NextUpdate) {
		return nil, bad
	}
	if tbs.PeekASN1Tag(cbasn1.SEQUENCE) && !tbs.ReadASN1(&l.revoked, cbasn1.SEQUENCE) {
		return nil, bad
	}
	if !tbs.ReadOptionalASN1(&exts, &hasExts, explicit(0)) || !tbs.Empty() || hasExts && version != 1 {
		return nil, bad
	}
	if hasExts {
		if err := readExtensions(exts, l.extension); err != nil {
			return nil, err
		}
	}
	return l, l.checkEntries()
}

// checkEntries walks all entries once: a critical extension not understood in any of them, above all the certificate
// issuer of an indirect list, makes the whole list unusable (RFC 5280 section 5.3).
func (l *CRL) checkEntries() error {
	for s := l.revoked; !s.Empty(); {
		var entry cryptobyte.String
		var at time.Time
		if !s.ReadASN1(&entry, cbasn1.SEQUENCE) || !entry.SkipASN1(cbasn1.INTEGER) || !readTime(&entry, &at) {
			return errors.New("malformed entry")
		}
		if entry.Empty() {
			continue
		}
		if err := readExtensions(entry, func(id asn1.ObjectIdentifier, critical bool, _ []byte) error {
			if critical && !id.Equal(oidReasonCode) && !id.Equal(oidInvalidity) {
				return fmt.Errorf("unknown critical extension %v in an entry", id)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (l *CRL) extension(id asn1.ObjectIdentifier, critical bool, value []byte) error {
	s := cryptobyte.String(value)
	switch {
	case id.Equal(oidCRLNumber):
		l.Number = new(big.Int)
		if !s.ReadASN1Integer(l.Number) || !s.Empty() || l.Number.Sign() < 0 {
			return errors.New("malformed CRL number")
		}
	case id.Equal(oidDeltaCRL):
		return errors.New("it is a delta")
	case id.Equal(oidIssuingPoint):
		var err error
		l.point, err = parseIssuingPoint(s)
		return err
	case id.Equal(oidExpiredOnList):
		if !s.ReadASN1GeneralizedTime(&l.expiredOnList) || !s.Empty() {
			return errors.New("malformed expiredCertsOnCRL")
		}
	case critical && !id.Equal(oidAuthorityKey):
		return fmt.Errorf("unknown critical extension %v", id)
	}
	return nil
}

func parseIssuingPoint(s cryptobyte.String) (*distributionPoint, error) {
	bad := errors.New("malformed issuing distribution point")
	p := &distributionPoint{}
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() {
		return nil, bad
	}
	flags := map[cbasn1.Tag]*bool{
		contextTag(1): &p.onlyUser, contextTag(2): &p.onlyCA, contextTag(4): &p.indirect, contextTag(5): &p.onlyAttribute,
	}
	for !seq.Empty() {
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !seq.ReadAnyASN1(&value, &tag) {
			return nil, bad
		}
		flag := flags[tag]
		switch {
		case flag != nil:
			*flag = !bytes.Equal(value, []byte{0})
		case tag == contextTag(3):
			p.someReasons = true
		case tag == explicit(0):
			p.named = true
			p.readPoint(value)
		default:
			p.unknown = true
		}
	}
	return p, nil
}

// readPoint reads the URLs of a DistributionPointName; a name relative to the issuer is not understood.
func (p *distributionPoint) readPoint(s cryptobyte.String) {
	var names cryptobyte.String
	if !s.ReadASN1(&names, explicit(0)) || !s.Empty() {
		p.unknown = true
		return
	}
	for !names.Empty() {
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !names.ReadAnyASN1(&value, &tag) {
			p.unknown = true
			return
		}
		if tag == contextTag(6) {
			p.urls = append(p.urls, string(value))
		}
	}
}

// readTime reads a Time: UTCTime or GeneralizedTime.
func readTime(s *cryptobyte.String, t *time.Time) bool {
	if s.PeekASN1Tag(cbasn1.UTCTime) {
		return s.ReadASN1UTCTime(t)
	}
	return s.ReadASN1GeneralizedTime(t)
}
