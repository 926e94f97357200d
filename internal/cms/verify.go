// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/pkix"
)

// Verify verifies the signature of a PDF, whose content is detached: contentDigest returns the hash of the bytes that
// /ByteRange names. What tells whether the document is the one signed comes first (A3, B1, B2, B3, B11, B14), then
// what binds the certificate (B4, B5) and the strength of the hash (B15): a failure of these says that all before is
// good. What only keeps a signature from being a PAdES baseline one is told by [SignedData.Deviations].
func (sd *SignedData) Verify(contentDigest func(crypto.Hash) ([]byte, error)) error {
	if sd.EContent != nil {
		return failed("A3", "the content is inside the signature, not detached", nil)
	}
	digest, err := contentDigest(sd.Signer.DigestAlgorithm)
	if err != nil {
		return fmt.Errorf("hashing the signed content: %w", err)
	}
	if sd.Signer.Certificate == nil {
		return sd.missing("B1", "the signer's certificate is not in the signature")
	}
	if err := sd.verify(sd.Signer.Certificate, OIDData, digest); err != nil {
		return err
	}
	return strongKey(sd.Signer.Certificate)
}

// missing tells that a certificate is not there, and why that may be.
func (sd *SignedData) missing(check, reason string) error {
	if sd.Unreadable > 0 {
		reason += fmt.Sprintf(", unless it is among the %d that cannot be read", sd.Unreadable)
	}
	return failed(check, reason, sd.unreadable)
}

func (sd *SignedData) verify(cert *x509.Certificate, contentType asn1.ObjectIdentifier, digest []byte) error {
	if err := sd.examine(cert, contentType, digest); err != nil {
		return err
	}
	if si := &sd.Signer; si.DigestAlgorithm == crypto.SHA1 || si.SignatureAlgorithm.Digest() == crypto.SHA1 {
		return failed("B15", "signed with SHA-1", nil)
	}
	return nil
}

// examine is verify without a judgement of the hash's strength.
func (sd *SignedData) examine(cert *x509.Certificate, contentType asn1.ObjectIdentifier, digest []byte) error {
	si := &sd.Signer
	if err := si.checkAttributes(); err != nil {
		return err
	}
	if !sd.EContentType.Equal(contentType) {
		return failed("B2", fmt.Sprintf("content type %v instead of %v", sd.EContentType, contentType), nil)
	}
	var named asn1.ObjectIdentifier
	if s := cryptobyte.String(si.Attribute(OIDContentType)[0]); !s.ReadASN1ObjectIdentifier(&named) || !s.Empty() || !named.Equal(contentType) {
		return failed("B2", "the content-type attribute does not name the content type", nil)
	}
	var want cryptobyte.String
	if s := cryptobyte.String(si.Attribute(OIDMessageDigest)[0]); !s.ReadASN1(&want, cbasn1.OCTET_STRING) || !s.Empty() {
		return failed("B3", "malformed message-digest attribute", nil)
	}
	if subtle.ConstantTimeCompare(want, digest) != 1 {
		return failed("B3", "the content is not what was signed: message digest differs", nil)
	}
	if err := si.checkSignature(cert); err != nil {
		return failed("B14", "signature of "+pkix.Name(cert), err)
	}
	if err := si.checkProtection(); err != nil {
		return err
	}
	err := si.checkSigningCertificate(cert)
	if err == errBoth && contentType.Equal(OIDTSTInfo) { //nolint:errorlint // it is never wrapped
		return nil
	}
	return err
}

// checkAttributes is B11: each attribute once, content-type and message-digest there, one value in those that may
// have no more.
func (si *SignerInfo) checkAttributes() error {
	if si.SignedAttributes == nil {
		return failed("B11", "no signed attributes", nil)
	}
	seen := map[string]bool{}
	for _, a := range si.Attributes {
		id := a.Type.String()
		if seen[id] {
			return failed("B11", fmt.Sprintf("signed attribute %v twice", a.Type), nil)
		}
		seen[id] = true
		if len(a.Values) == 0 {
			return failed("B11", fmt.Sprintf("signed attribute %v without a value", a.Type), nil)
		}
		if len(a.Values) > 1 && single(a.Type) {
			return failed("B11", fmt.Sprintf("signed attribute %v with %d values", a.Type, len(a.Values)), nil)
		}
	}
	if si.Attribute(OIDContentType) == nil {
		return failed("B2", "no content-type attribute", nil)
	}
	if si.Attribute(OIDMessageDigest) == nil {
		return failed("B11", "no message-digest attribute", nil)
	}
	return nil
}

// single lists the attributes that are defined with one value (RFC 5652 section 11, RFC 5035, RFC 6211).
func single(oid asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc([]asn1.ObjectIdentifier{
		OIDContentType, OIDMessageDigest, OIDSigningTime, OIDSigningCertificate, OIDSigningCertificateV2, OIDAlgorithmProtection,
	}, oid.Equal)
}

// checkSignature verifies over the DER encoding of the attributes, whatever order they are written in (RFC 5652 section 5.4).
func (si *SignerInfo) checkSignature(cert *x509.Certificate) error {
	der, err := si.encodedAttributes()
	if err != nil {
		return err
	}
	err = pkix.VerifySignature(pkix.PublicKey(cert), si.SignatureAlgorithm, si.DigestAlgorithm, der, si.Signature)
	if err != nil && !bytes.Equal(der, si.SignedAttributes) {
		return fmt.Errorf("over the DER encoding of attributes that are not written in its order: %w", err)
	}
	return err
}

// encodedAttributes are the signed attributes as DER has them: attributes in ascending order, the values of each too. The rest
// was made DER when it was read.
func (si *SignerInfo) encodedAttributes() ([]byte, error) {
	elements := make([][]byte, 0, len(si.Attributes))
	for _, a := range si.Attributes {
		values, err := set(sorted(a.Values))
		if err != nil {
			return nil, err
		}
		element, err := encode(func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(a.Type)
				b.AddBytes(values)
			})
		})
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	return set(sorted(elements))
}

// essCertID is the first ESSCertID or ESSCertIDv2 of a signing-certificate attribute.
type essCertID struct {
	hash         crypto.Hash
	certHash     []byte
	issuerSerial cryptobyte.String // content of IssuerSerial, nil when absent
	encodedHash  bool              // the default hash algorithm is written out
	policies     bool
}

// checkSigningCertificate is B4 and B5: exactly one of the two attributes, and its first certificate is c.
func (si *SignerInfo) checkSigningCertificate(c *x509.Certificate) error {
	v1, v2 := si.Attribute(OIDSigningCertificate), si.Attribute(OIDSigningCertificateV2)
	if len(v1) > 0 && len(v2) > 0 { // what either names counts, before that there should be one
		a, err := parseESS(v1[0], 1)
		if err == nil {
			err = a.names(c)
		}
		if err != nil {
			return err
		}
		b, err := parseESS(v2[0], 2)
		if err == nil {
			err = b.names(c)
		}
		if err != nil {
			return err
		}
	}
	id, err := si.signingCertificate()
	if err != nil {
		return err
	}
	return id.names(c)
}

// names is B5: the first certificate of the attribute is c.
func (id *essCertID) names(c *x509.Certificate) error {
	if id.hash == 0 {
		return failed("B5", "signing-certificate attribute with an unknown hash algorithm", nil)
	}
	if subtle.ConstantTimeCompare(id.certHash, digestOf(id.hash, c.Raw)) != 1 {
		return failed("B5", "the signing-certificate attribute names another certificate than "+pkix.Name(c), nil)
	}
	return nil
}

// errBoth is no fault of a timestamp token: RFC 5816 section 2.2.1 lets it have both attributes.
var errBoth = failed("B4", "both signing-certificate and signing-certificate-v2", nil)

func (si *SignerInfo) signingCertificate() (*essCertID, error) {
	v1, v2 := si.Attribute(OIDSigningCertificate), si.Attribute(OIDSigningCertificateV2)
	switch {
	case len(v1) == 0 && len(v2) == 0:
		return nil, failed("B4", "no signing-certificate attribute", nil)
	case len(v1) > 0 && len(v2) > 0:
		return nil, errBoth
	case len(v1) > 0:
		return parseESS(v1[0], 1)
	}
	return parseESS(v2[0], 2)
}

// parseESS reads SigningCertificate (RFC 2634) or SigningCertificateV2 (RFC 5035).
func parseESS(der []byte, version int) (*essCertID, error) {
	bad := failed("B5", "malformed signing-certificate attribute", nil)
	s := cryptobyte.String(der)
	var seq, certs, one, hash, issuer, policies cryptobyte.String
	var hasIssuer bool
	id := &essCertID{hash: crypto.SHA1}
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !seq.ReadASN1(&certs, cbasn1.SEQUENCE) ||
		!seq.ReadOptionalASN1(&policies, &id.policies, cbasn1.SEQUENCE) || !seq.Empty() || !certs.ReadASN1(&one, cbasn1.SEQUENCE) {
		return nil, bad
	}
	if version == 2 {
		id.hash = crypto.SHA256
		if one.PeekASN1Tag(cbasn1.SEQUENCE) {
			var alg pkix.Algorithm
			if !pkix.ReadAlgorithm(&one, &alg) {
				return nil, bad
			}
			id.hash = pkix.HashByOID(alg.OID)
			id.encodedHash = id.hash == crypto.SHA256
		}
	}
	if !one.ReadASN1(&hash, cbasn1.OCTET_STRING) || !one.ReadOptionalASN1(&issuer, &hasIssuer, cbasn1.SEQUENCE) || !one.Empty() {
		return nil, bad
	}
	id.certHash = hash
	if hasIssuer {
		id.issuerSerial = issuer
	}
	return id, nil
}

// checkIssuerSerial is B6: one directoryName and the serial number, both the certificate's.
func (id *essCertID) checkIssuerSerial(c *x509.Certificate) error {
	if id.issuerSerial == nil {
		return nil
	}
	s := id.issuerSerial
	var names, directory, serial cryptobyte.String
	if !s.ReadASN1(&names, cbasn1.SEQUENCE) || !s.ReadASN1(&serial, cbasn1.INTEGER) ||
		!names.ReadASN1(&directory, explicit(4)) || !names.Empty() {
		return failed("B6", "malformed issuerSerial", nil)
	}
	if !pkix.SameName(directory, c.RawIssuer) || !sameSerial(serial, c) {
		return failed("B6", "issuerSerial is not that of the signer's certificate", nil)
	}
	return nil
}

// Deviations returns what keeps a signature that verifies from being a PAdES baseline one, in no case a reason to
// call it forged: not DER (A3), SHA-1 in signing-certificate-v2 (B4), issuerSerial wrong (B6), the default hash written out or policies used (B5, B7),
// attributes that PAdES forbids (B8) or wants with one value (B9), versions and digest algorithms that do not fit (B12).
func (sd *SignedData) Deviations() []error {
	var out []error
	add := func(check, reason string) { out = append(out, failed(check, reason, nil)) }
	si := &sd.Signer
	if !sd.IsDER {
		add("A3", "the CMS is not DER")
	}
	if id, err := si.signingCertificate(); err == nil {
		if c := si.Certificate; c != nil {
			out = appendError(out, id.checkIssuerSerial(c))
		}
		if id.encodedHash {
			add("B7", "the default hash algorithm of the signing-certificate-v2 attribute is written out")
		}
		if id.hash == crypto.SHA1 && si.Attribute(OIDSigningCertificateV2) != nil {
			add("B4", "the signing-certificate-v2 attribute has a SHA-1 hash")
		}
		if id.policies {
			add("B5", "the signing-certificate attribute has policies")
		}
	}
	for _, oid := range []asn1.ObjectIdentifier{OIDSigningTime, OIDContentReference, OIDContentIdentifier, OIDContentHints} {
		if si.Attribute(oid) != nil {
			add("B8", fmt.Sprintf("signed attribute %v is there", oid))
		}
	}
	for _, oid := range []asn1.ObjectIdentifier{OIDSignaturePolicy, OIDCommitmentType, OIDSignerLocation, OIDSignerAttributes} {
		if len(si.Attribute(oid)) > 1 {
			add("B9", fmt.Sprintf("signed attribute %v with more than one value", oid))
		}
	}
	if values(si.Unsigned, OIDCounterSignature) != nil {
		add("B8", "a counter-signature is there")
	}
	if want := 1 + 2*btoi(si.SubjectKeyID != nil); si.Version != want {
		add("B12", fmt.Sprintf("SignerInfo of version %d instead of %d", si.Version, want))
	}
	if !slices.Contains(sd.DigestAlgorithms, si.DigestAlgorithm) {
		add("B12", "the signer's digest algorithm is not among those of the SignedData")
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func appendError(list []error, err error) []error {
	if err != nil {
		return append(list, err)
	}
	return list
}

// checkProtection is B10: cms-algorithm-protection, where present, names the signer's algorithms, or the signature is not valid
// (RFC 6211 section 3.1).
func (si *SignerInfo) checkProtection() error {
	v := si.Attribute(OIDAlgorithmProtection)
	if len(v) == 0 {
		return nil
	}
	bad := errors.New("malformed")
	s := cryptobyte.String(v[0])
	var seq, inner cryptobyte.String
	var digest, signature pkix.Algorithm
	if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !s.Empty() || !pkix.ReadAlgorithm(&seq, &digest) {
		return failed("B10", "cms-algorithm-protection", bad)
	}
	// signatureAlgorithm is [1] IMPLICIT: its content is that of an AlgorithmIdentifier
	if !seq.ReadASN1(&inner, explicit(1)) || !seq.Empty() || !inner.ReadASN1ObjectIdentifier(&signature.OID) {
		return failed("B10", "cms-algorithm-protection", bad)
	}
	if pkix.HashByOID(digest.OID) != si.DigestAlgorithm || !signature.OID.Equal(si.SignatureAlgorithm.OID) {
		return failed("B10", "cms-algorithm-protection names other algorithms", nil)
	}
	return nil
}
