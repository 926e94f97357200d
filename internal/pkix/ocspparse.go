// SPDX-License-Identifier: Apache-2.0

package pkix

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // RFC 6960 section 4.2.1: KeyHash is SHA-1
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"gsign/internal/limits"
)

var (
	oidOCSPBasic     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidArchiveCutoff = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}
	oidCertHash      = asn1.ObjectIdentifier{1, 3, 36, 8, 3, 13} // Common PKI part 4: positive statement
)

// basicResponse is a BasicOCSPResponse (RFC 6960 section 4.2.1), nothing of it checked.
type basicResponse struct {
	tbs        []byte
	byName     []byte // the responder's name as DER, or
	byKey      []byte // SHA-1 of its key bits
	producedAt time.Time
	singles    []singleResponse
	algorithm  Algorithm
	signature  []byte
	certs      []*x509.Certificate
}

// singleResponse is what the response says about one certificate.
type singleResponse struct {
	hash                   crypto.Hash // 0: one that is not known here
	nameHash, keyHash      []byte
	serial                 []byte // content of the INTEGER
	status                 int    // 0 good, 1 revoked, 2 unknown
	revokedAt              time.Time
	reason                 int
	thisUpdate, nextUpdate time.Time
	archiveCutoff          time.Time
	certHash               crypto.Hash
	certHashValue          []byte
}

func contextTag(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific() }

func explicit(n uint8) cbasn1.Tag { return contextTag(n).Constructed() }

// parseOCSP reads an OCSPResponse. The error of a response that is not successful is the responder's own.
func parseOCSP(der []byte) (*basicResponse, error) {
	bad := errors.New("malformed OCSP response")
	if len(der) > limits.MaxOCSPResponse {
		return nil, fmt.Errorf("OCSP response of more than %d bytes", limits.MaxOCSPResponse)
	}
	s := cryptobyte.String(der)
	var outer, body, octets cryptobyte.String
	var status int
	var kind asn1.ObjectIdentifier
	if !s.ReadASN1(&outer, cbasn1.SEQUENCE) || !s.Empty() || !outer.ReadASN1Enum(&status) {
		return nil, bad
	}
	if status != 0 {
		return nil, ocsp.ResponseError{Status: ocsp.ResponseStatus(status)}
	}
	if !outer.ReadASN1(&body, explicit(0)) || !outer.Empty() || !body.ReadASN1(&body, cbasn1.SEQUENCE) ||
		!body.ReadASN1ObjectIdentifier(&kind) || !body.ReadASN1(&octets, cbasn1.OCTET_STRING) || !body.Empty() {
		return nil, bad
	}
	if !kind.Equal(oidOCSPBasic) {
		return nil, fmt.Errorf("OCSP response of the unknown type %v", kind)
	}
	return parseBasic(octets)
}

func parseBasic(s cryptobyte.String) (*basicResponse, error) {
	bad := errors.New("malformed basic OCSP response")
	r := &basicResponse{}
	var seq, tbs, certs cryptobyte.String
	var hasCerts bool
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() ||
		!seq.ReadASN1Element(&tbs, cbasn1.SEQUENCE) ||
		!ReadAlgorithm(&seq, &r.algorithm) ||
		!seq.ReadASN1BitStringAsBytes(&r.signature) ||
		!seq.ReadOptionalASN1(&certs, &hasCerts, explicit(0)) || !seq.Empty() {
		return nil, bad
	}
	r.tbs = tbs
	if hasCerts {
		var list cryptobyte.String
		if !certs.ReadASN1(&list, cbasn1.SEQUENCE) || !certs.Empty() {
			return nil, bad
		}
		var err error
		if r.certs, err = ReadCertificates(list); err != nil {
			return nil, fmt.Errorf("certificates in the OCSP response: %w", err)
		}
	}
	if err := r.parseData(tbs); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *basicResponse) parseData(s cryptobyte.String) error {
	bad := errors.New("malformed OCSP response data")
	var version, responder, singles, exts cryptobyte.String
	var tag cbasn1.Tag
	var present bool
	if !s.ReadASN1(&s, cbasn1.SEQUENCE) || !s.ReadOptionalASN1(&version, &present, explicit(0)) ||
		!s.ReadAnyASN1(&responder, &tag) || !s.ReadASN1GeneralizedTime(&r.producedAt) ||
		!s.ReadASN1(&singles, cbasn1.SEQUENCE) || !s.ReadOptionalASN1(&exts, &present, explicit(1)) || !s.Empty() {
		return bad
	}
	switch tag {
	case explicit(1):
		r.byName = responder
	case explicit(2):
		var key cryptobyte.String
		if !responder.ReadASN1(&key, cbasn1.OCTET_STRING) || !responder.Empty() {
			return bad
		}
		r.byKey = key
	default:
		return bad
	}
	if present {
		if err := readExtensions(exts, func(id asn1.ObjectIdentifier, critical bool, _ []byte) error {
			if critical {
				return fmt.Errorf("unknown critical extension %v in the OCSP response", id)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for !singles.Empty() {
		var seq cryptobyte.String
		if !singles.ReadASN1(&seq, cbasn1.SEQUENCE) {
			return bad
		}
		one, err := parseSingle(seq)
		if err != nil {
			return err
		}
		r.singles = append(r.singles, *one)
	}
	return nil
}

func parseSingle(s cryptobyte.String) (*singleResponse, error) {
	bad := errors.New("malformed single OCSP response")
	one := &singleResponse{}
	var id, status, next, exts, nameHash, keyHash, serial cryptobyte.String
	var alg Algorithm
	var tag cbasn1.Tag
	var hasNext, hasExts bool
	if !s.ReadASN1(&id, cbasn1.SEQUENCE) || !ReadAlgorithm(&id, &alg) ||
		!id.ReadASN1(&nameHash, cbasn1.OCTET_STRING) || !id.ReadASN1(&keyHash, cbasn1.OCTET_STRING) ||
		!id.ReadASN1(&serial, cbasn1.INTEGER) || !id.Empty() ||
		!s.ReadAnyASN1(&status, &tag) || !s.ReadASN1GeneralizedTime(&one.thisUpdate) ||
		!s.ReadOptionalASN1(&next, &hasNext, explicit(0)) ||
		!s.ReadOptionalASN1(&exts, &hasExts, explicit(1)) || !s.Empty() {
		return nil, bad
	}
	one.hash, one.nameHash, one.keyHash, one.serial = HashByOID(alg.OID), nameHash, keyHash, serial
	switch tag {
	case contextTag(0), contextTag(2):
		one.status = int(tag & 3)
		if !status.Empty() {
			return nil, bad
		}
	case explicit(1):
		one.status = ocsp.Revoked
		if !readRevoked(status, one) {
			return nil, bad
		}
	default:
		return nil, bad
	}
	if hasNext && (!next.ReadASN1GeneralizedTime(&one.nextUpdate) || !next.Empty()) {
		return nil, bad
	}
	if hasExts {
		if err := readExtensions(exts, one.extension); err != nil {
			return nil, err
		}
	}
	return one, nil
}

func readRevoked(s cryptobyte.String, one *singleResponse) bool {
	var reason cryptobyte.String
	var present bool
	if !s.ReadASN1GeneralizedTime(&one.revokedAt) || !s.ReadOptionalASN1(&reason, &present, explicit(0)) || !s.Empty() {
		return false
	}
	return !present || reason.ReadASN1Enum(&one.reason) && reason.Empty()
}

func (one *singleResponse) extension(id asn1.ObjectIdentifier, critical bool, value []byte) error {
	s := cryptobyte.String(value)
	switch {
	case id.Equal(oidArchiveCutoff):
		if !s.ReadASN1GeneralizedTime(&one.archiveCutoff) || !s.Empty() {
			return errors.New("malformed archive cutoff in the OCSP response")
		}
	case id.Equal(oidCertHash):
		var seq, hash cryptobyte.String
		var alg Algorithm
		if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !ReadAlgorithm(&seq, &alg) || !seq.ReadASN1(&hash, cbasn1.OCTET_STRING) {
			return errors.New("malformed certificate hash in the OCSP response")
		}
		one.certHash, one.certHashValue = HashByOID(alg.OID), hash
	case critical:
		return fmt.Errorf("unknown critical extension %v in the OCSP response", id)
	}
	return nil
}

// readExtensions hands each extension of an Extensions element to f and refuses one that appears twice.
func readExtensions(s cryptobyte.String, f func(id asn1.ObjectIdentifier, critical bool, value []byte) error) error {
	bad := errors.New("malformed extensions")
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) || !s.Empty() {
		return bad
	}
	seen := map[string]bool{}
	for !list.Empty() {
		var ext, value cryptobyte.String
		var id asn1.ObjectIdentifier
		critical := false
		if !list.ReadASN1(&ext, cbasn1.SEQUENCE) || !ext.ReadASN1ObjectIdentifier(&id) ||
			ext.PeekASN1Tag(cbasn1.BOOLEAN) && !ext.ReadASN1Boolean(&critical) ||
			!ext.ReadASN1(&value, cbasn1.OCTET_STRING) || !ext.Empty() {
			return bad
		}
		if seen[id.String()] {
			return fmt.Errorf("extension %v twice", id)
		}
		seen[id.String()] = true
		if err := f(id, critical, value); err != nil {
			return err
		}
	}
	return nil
}

// serialContent returns the content of the INTEGER that is the serial number.
func serialContent(cert *x509.Certificate) ([]byte, error) {
	b := cryptobyte.NewBuilder(make([]byte, 0, 32))
	b.AddASN1BigInt(cert.SerialNumber)
	der, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	_, _, n, err := header(der)
	if err != nil {
		return nil, err
	}
	return der[n:], nil
}

// matches reports whether the CertID is that of cert issued by issuer but for the serial number, each part recomputed.
func (one *singleResponse) matches(cert, issuer *x509.Certificate, issuerKey []byte) bool {
	if one.hash == 0 {
		return false
	}
	if !bytes.Equal(digest(one.hash, issuerKey), one.keyHash) {
		return false
	}
	// The name is the issuer's as this certificate spells it; some responders take the CA's own spelling.
	return bytes.Equal(digest(one.hash, cert.RawIssuer), one.nameHash) ||
		SameName(cert.RawIssuer, issuer.RawSubject) && bytes.Equal(digest(one.hash, issuer.RawSubject), one.nameHash)
}

func digest(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// keyBits returns the content of the subjectPublicKey BIT STRING, which OCSP hashes.
func keyBits(c *x509.Certificate) ([]byte, error) {
	s := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var seq cryptobyte.String
	var bits []byte
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.SkipASN1(cbasn1.SEQUENCE) || !seq.ReadASN1BitStringAsBytes(&bits) {
		return nil, errors.New("malformed public key of " + Name(c))
	}
	return bits, nil
}

func keyID(c *x509.Certificate) []byte {
	bits, err := keyBits(c)
	if err != nil {
		return nil
	}
	sum := sha1.Sum(bits) //nolint:gosec // an identifier
	return sum[:]
}
