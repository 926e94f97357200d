// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/ProtonMail/go-crypto/brainpool"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// The curves of RFC 5639 that can be verified with: crypto/x509 knows none of them. The others are named.
var curves = []struct {
	name  string
	oid   asn1.ObjectIdentifier
	curve func() elliptic.Curve // nil: not computed with
}{
	{"brainpoolP256r1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 7}, brainpool.P256r1},
	{"brainpoolP256t1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 8}, brainpool.P256t1},
	{"brainpoolP384r1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 11}, brainpool.P384r1},
	{"brainpoolP384t1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 12}, brainpool.P384t1},
	{"brainpoolP512r1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 13}, brainpool.P512r1},
	{"brainpoolP512t1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 14}, brainpool.P512t1},
	{"brainpoolP160r1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 1}, nil},
	{"brainpoolP192r1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 3}, nil},
	{"brainpoolP224r1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 5}, nil},
	{"brainpoolP320r1", asn1.ObjectIdentifier{1, 3, 36, 3, 3, 2, 8, 1, 1, 9}, nil},
	{"secp256k1", asn1.ObjectIdentifier{1, 3, 132, 0, 10}, nil},
	{"prime192v1", asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 1}, nil},
	{"sm2p256v1", asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301}, nil},
	{"FRP256v1", asn1.ObjectIdentifier{1, 2, 250, 1, 223, 101, 256, 1}, nil},
}

// findCurve returns the curve of an OID, nil where it is not computed with, and its name.
func findCurve(oid asn1.ObjectIdentifier) (curve elliptic.Curve, name string) {
	for _, c := range curves {
		if !c.oid.Equal(oid) {
			continue
		}
		if c.curve == nil || fips140.Enforced() { // where only FIPS 140 is allowed, crypto/ecdsa panics on other curves
			return nil, c.name
		}
		return c.curve(), c.name
	}
	return nil, "unknown"
}

// UnknownCurveError says that a certificate cannot be used because of the elliptic curve of its key.
type UnknownCurveError struct {
	OID  asn1.ObjectIdentifier
	Name string
}

func (e *UnknownCurveError) Error() string {
	return fmt.Sprintf("elliptic curve %s (%v) is not supported", e.Name, e.OID)
}

// parseCertificate is [x509.ParseCertificate], and reads certificates with keys on curves that it does not know: for crypto/x509
// their key is given an algorithm that nobody has, and it reads all the rest. The key is what [PublicKey] says.
func parseCertificate(der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err == nil || !strings.Contains(err.Error(), "unsupported elliptic curve") {
		return c, err
	}
	tbs, spki, at, ok := findKey(der)
	if !ok {
		return nil, err
	}
	_, curve, ok := curveOf(der[spki[0]:spki[1]])
	if !ok {
		return nil, err
	}
	if known, name := findCurve(curve); known == nil {
		return nil, &UnknownCurveError{curve, name}
	}
	other := bytes.Clone(der)
	other[at] = 0x7f // of 1.2.840.10045.2.1
	c, err = x509.ParseCertificate(other)
	if err != nil {
		return nil, err
	}
	c.Raw, c.RawTBSCertificate, c.RawSubjectPublicKeyInfo = der, der[tbs[0]:tbs[1]], der[spki[0]:spki[1]]
	if PublicKey(c) == nil {
		return nil, errors.New("x509: the key is no point of its curve")
	}
	return c, nil
}

// findKey finds the signed part of a certificate, its SubjectPublicKeyInfo, and the last byte of the key's algorithm.
func findKey(der []byte) (tbs, spki [2]int, at int, ok bool) {
	s := cryptobyte.String(der)
	var cert, element, content, key, keyContent, alg, oid cryptobyte.String
	if !s.ReadASN1(&cert, cbasn1.SEQUENCE) || !s.Empty() {
		return tbs, spki, 0, false
	}
	tbs[0] = len(der) - len(cert)
	if !cert.ReadASN1Element(&element, cbasn1.SEQUENCE) {
		return tbs, spki, 0, false
	}
	tbs[1] = tbs[0] + len(element)
	if !element.ReadASN1(&content, cbasn1.SEQUENCE) {
		return tbs, spki, 0, false
	}
	end := tbs[1] // of content
	if !content.SkipOptionalASN1(explicit(0)) || !content.SkipASN1(cbasn1.INTEGER) || !content.SkipASN1(cbasn1.SEQUENCE) ||
		!content.SkipASN1(cbasn1.SEQUENCE) || !content.SkipASN1(cbasn1.SEQUENCE) || !content.SkipASN1(cbasn1.SEQUENCE) {
		return tbs, spki, 0, false
	}
	spki[0] = end - len(content)
	if !content.ReadASN1Element(&key, cbasn1.SEQUENCE) {
		return tbs, spki, 0, false
	}
	spki[1] = spki[0] + len(key)
	if !key.ReadASN1(&keyContent, cbasn1.SEQUENCE) {
		return tbs, spki, 0, false
	}
	algEnd := spki[1] - len(keyContent)
	if !keyContent.ReadASN1Element(&alg, cbasn1.SEQUENCE) {
		return tbs, spki, 0, false
	}
	algEnd += len(alg)
	if !alg.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1Element(&oid, cbasn1.OBJECT_IDENTIFIER) {
		return tbs, spki, 0, false
	}
	return tbs, spki, algEnd - len(alg) - 1, true
}

// curveOf reads a SubjectPublicKeyInfo with a key on a named curve (RFC 5480).
func curveOf(spki []byte) (point []byte, curve asn1.ObjectIdentifier, ok bool) {
	s := cryptobyte.String(spki)
	var seq cryptobyte.String
	var alg Algorithm
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !ReadAlgorithm(&seq, &alg) || !alg.OID.Equal(oidECKey) || !seq.ReadASN1BitStringAsBytes(&point) {
		return nil, nil, false
	}
	p := cryptobyte.String(alg.Parameters)
	return point, curve, p.ReadASN1ObjectIdentifier(&curve) && p.Empty()
}

// curveKey returns a key on a curve that crypto/x509 does not know, nil where it is none.
func curveKey(spki []byte) crypto.PublicKey {
	point, oid, ok := curveOf(spki)
	if !ok {
		return nil
	}
	curve, _ := findCurve(oid)
	if curve == nil {
		return nil
	}
	size := (curve.Params().BitSize + 7) / 8
	if len(point) != 1+2*size || point[0] != 4 {
		return nil
	}
	x, y := new(big.Int).SetBytes(point[1:1+size]), new(big.Int).SetBytes(point[1+size:])
	p := curve.Params().P
	if x.Cmp(p) >= 0 || y.Cmp(p) >= 0 || !curve.IsOnCurve(x, y) { //nolint:staticcheck // its replacements know no such curve
		return nil
	}
	return &ecdsa.PublicKey{Curve: curve, X: x, Y: y} //nolint:staticcheck // as above
}

// foreign reports whether crypto/x509 has not read the key of a certificate, and this package has.
func foreign(c *x509.Certificate) bool { return c.PublicKey == nil && PublicKey(c) != nil }

// verifyCertificate verifies the signature of c where crypto/x509 cannot, because it does not know the issuer's key.
func verifyCertificate(c, issuer *x509.Certificate) error {
	return VerifySignature(PublicKey(issuer), CertificateAlgorithm(c), 0, c.RawTBSCertificate, c.Signature)
}
