// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// TrimPadding cuts the zeros that fill a /Contents after the CMS (A4). Anything else there is an error.
func TrimPadding(contents []byte) ([]byte, error) {
	n, err := pkix.ElementLength(contents)
	if err != nil {
		return nil, failed("A4", "no CMS in the contents", err)
	}
	if len(bytes.Trim(contents[n:], "\x00")) > 0 {
		return nil, failed("A4", "data other than zeros after the CMS", nil)
	}
	return contents[:n], nil
}

// Parse reads a ContentInfo with SignedData, BER or DER, with exactly one signer. Zero padding is the caller's to cut:
// see [TrimPadding].
func Parse(der []byte) (*SignedData, error) {
	if len(der) > limits.MaxSignedData {
		return nil, fmt.Errorf("reading CMS: more than %d bytes", limits.MaxSignedData)
	}
	normal, err := pkix.DER(der)
	if err != nil {
		return nil, failed("A3", "reading CMS", err)
	}
	sd := &SignedData{Raw: der, IsDER: bytes.Equal(der, normal)}
	if err := sd.parse(normal); err != nil {
		return nil, err
	}
	sd.Signer.Certificate = sd.Signer.find(sd.Certificates)
	return sd, nil
}

func malformed(what string) error { return failed("A3", "malformed "+what, nil) }

// parse reads ContentInfo and SignedData (RFC 5652 sections 3 and 5.1).
func (sd *SignedData) parse(s cryptobyte.String) error {
	var info, content, seq, algorithms, certs, lists, infos cryptobyte.String
	var oid asn1.ObjectIdentifier
	var hasCerts, hasLists bool
	if !s.ReadASN1(&info, cbasn1.SEQUENCE) || !s.Empty() || !info.ReadASN1ObjectIdentifier(&oid) {
		return malformed("ContentInfo")
	}
	if !oid.Equal(OIDSignedData) {
		return failed("A3", fmt.Sprintf("content type %v is not SignedData", oid), nil)
	}
	if !info.ReadASN1(&content, explicit(0)) || !info.Empty() || !content.ReadASN1(&seq, cbasn1.SEQUENCE) || !content.Empty() ||
		!seq.ReadASN1Integer(&sd.Version) || !seq.ReadASN1(&algorithms, cbasn1.SET) {
		return malformed("SignedData")
	}
	sd.noteOrder(algorithms)
	for !algorithms.Empty() {
		var alg pkix.Algorithm
		if !pkix.ReadAlgorithm(&algorithms, &alg) || len(sd.DigestAlgorithms) == limits.MaxAttributes {
			return malformed("digest algorithms")
		}
		sd.DigestAlgorithms = append(sd.DigestAlgorithms, pkix.HashByOID(alg.OID))
	}
	if err := sd.parseContent(&seq); err != nil {
		return err
	}
	if !seq.ReadOptionalASN1(&certs, &hasCerts, explicit(0)) || !seq.ReadOptionalASN1(&lists, &hasLists, explicit(1)) ||
		!seq.ReadASN1(&infos, cbasn1.SET) || !seq.Empty() {
		return malformed("SignedData")
	}
	sd.lists = lists
	if hasCerts {
		if err := sd.parseCertificates(certs); err != nil {
			return err
		}
	}
	var signer cryptobyte.String
	if infos.Empty() {
		return failed("A3", "no signer", nil)
	}
	if !infos.ReadASN1(&signer, cbasn1.SEQUENCE) {
		return malformed("SignerInfo")
	}
	if !infos.Empty() {
		return failed("A3", "more than one signer", nil)
	}
	return sd.parseSigner(signer)
}

func (sd *SignedData) parseContent(seq *cryptobyte.String) error {
	var encap, content, octets cryptobyte.String
	var present bool
	if !seq.ReadASN1(&encap, cbasn1.SEQUENCE) || !encap.ReadASN1ObjectIdentifier(&sd.EContentType) ||
		!encap.ReadOptionalASN1(&content, &present, explicit(0)) || !encap.Empty() {
		return malformed("encapsulated content")
	}
	if !present {
		return nil
	}
	if !content.ReadASN1(&octets, cbasn1.OCTET_STRING) || !content.Empty() {
		return malformed("encapsulated content")
	}
	sd.EContent = octets
	if sd.EContent == nil {
		sd.EContent = []byte{}
	}
	return nil
}

// parseCertificates keeps what crypto/x509 can read: a certificate it finds odd is no reason to refuse the signature
// of another. Attribute certificates and other kinds, which are tagged, are passed over.
func (sd *SignedData) parseCertificates(s cryptobyte.String) error {
	sd.noteOrder(s)
	for n := 0; !s.Empty(); n++ {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if n == limits.MaxCertificates || !s.ReadAnyASN1Element(&element, &tag) {
			return malformed("set of certificates")
		}
		if tag != cbasn1.SEQUENCE {
			continue
		}
		c, err := pkix.ParseCertificate(element)
		if err != nil {
			sd.Unreadable++
			sd.unreadable = cmp.Or(sd.unreadable, err)
			continue
		}
		sd.Certificates = append(sd.Certificates, c)
	}
	return nil
}

// noteOrder clears IsDER where the elements of a SET OF are not in ascending order.
func (sd *SignedData) noteOrder(s cryptobyte.String) {
	var last []byte
	for !s.Empty() {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !s.ReadAnyASN1Element(&element, &tag) {
			return // found again by whoever reads the set
		}
		if bytes.Compare(last, element) > 0 {
			sd.IsDER = false
		}
		last = element
	}
}

// parseSigner reads a SignerInfo (RFC 5652 section 5.3).
func (sd *SignedData) parseSigner(s cryptobyte.String) error {
	si := &sd.Signer
	var digest pkix.Algorithm
	var attrs, signature, unsigned cryptobyte.String
	var hasAttrs, hasUnsigned bool
	if !s.ReadASN1Integer(&si.Version) || !si.parseID(&s) || !pkix.ReadAlgorithm(&s, &digest) ||
		!s.ReadOptionalASN1(&attrs, &hasAttrs, explicit(0)) || !pkix.ReadAlgorithm(&s, &si.SignatureAlgorithm) ||
		!s.ReadASN1(&signature, cbasn1.OCTET_STRING) || !s.ReadOptionalASN1(&unsigned, &hasUnsigned, explicit(1)) || !s.Empty() {
		return malformed("SignerInfo")
	}
	si.Signature = signature
	si.DigestAlgorithm = pkix.HashByOID(digest.OID)
	if si.DigestAlgorithm == 0 {
		return failed("B15", fmt.Sprintf("digest algorithm %v is not supported", digest.OID), nil)
	}
	var err error
	if hasAttrs {
		sd.noteOrder(attrs)
		if si.Attributes, err = parseAttributes(attrs); err != nil {
			return failed("B11", "signed attributes", err)
		}
		if si.SignedAttributes, err = set(attrs); err != nil {
			return failed("B11", "signed attributes", err)
		}
	}
	if hasUnsigned {
		sd.noteOrder(unsigned)
		if si.Unsigned, err = parseAttributes(unsigned); err != nil {
			return failed("A3", "unsigned attributes", err)
		}
	}
	for _, a := range si.Unsigned {
		if a.Type.Equal(OIDSignatureTimeStamp) {
			si.TimestampTokens = append(si.TimestampTokens, a.Values...)
		}
	}
	return nil
}

func set(content []byte) ([]byte, error) {
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	})
}

// parseID reads a SignerIdentifier.
func (si *SignerInfo) parseID(s *cryptobyte.String) bool {
	var id, issuer, serial cryptobyte.String
	if s.PeekASN1Tag(cbasn1.Tag(0).ContextSpecific()) {
		ok := s.ReadASN1(&id, cbasn1.Tag(0).ContextSpecific())
		si.SubjectKeyID = id
		return ok && len(id) > 0
	}
	if !s.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
		!id.ReadASN1(&serial, cbasn1.INTEGER) || !id.Empty() {
		return false
	}
	si.Issuer, si.SerialNumber = issuer, serial
	return true
}

func parseAttributes(s cryptobyte.String) ([]Attribute, error) {
	var attrs []Attribute
	for !s.Empty() {
		var seq, vals cryptobyte.String
		var a Attribute
		if !s.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&a.Type) ||
			!seq.ReadASN1(&vals, cbasn1.SET) || !seq.Empty() {
			return nil, errors.New("malformed attribute")
		}
		for !vals.Empty() {
			var value cryptobyte.String
			var tag cbasn1.Tag
			if !vals.ReadAnyASN1Element(&value, &tag) {
				return nil, errors.New("malformed attribute")
			}
			if len(a.Values) == limits.MaxAttributes {
				return nil, fmt.Errorf("more than %d values of one attribute", limits.MaxAttributes)
			}
			a.Values = append(a.Values, value)
		}
		if len(attrs) == limits.MaxAttributes {
			return nil, fmt.Errorf("more than %d attributes", limits.MaxAttributes)
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}

// names reports whether the signer identifier is that of c.
func (si *SignerInfo) names(c *x509.Certificate) bool {
	if si.SubjectKeyID != nil {
		return bytes.Equal(si.SubjectKeyID, c.SubjectKeyId)
	}
	return pkix.SameName(si.Issuer, c.RawIssuer) && sameSerial(si.SerialNumber, c)
}

// find returns the certificate that the signer identifier names; among several the one that the signing-certificate
// attribute names as well.
func (si *SignerInfo) find(certs []*x509.Certificate) *x509.Certificate {
	var first *x509.Certificate
	for _, c := range certs {
		if c == nil || !si.names(c) {
			continue
		}
		if si.checkSigningCertificate(c) == nil {
			return c
		}
		if first == nil {
			first = c
		}
	}
	return first
}

func sameSerial(content []byte, c *x509.Certificate) bool {
	b, err := encode(func(b *cryptobyte.Builder) { b.AddASN1BigInt(c.SerialNumber) })
	s := cryptobyte.String(b)
	var want cryptobyte.String
	return err == nil && s.ReadASN1(&want, cbasn1.INTEGER) && bytes.Equal(want, content)
}

// digestOf hashes b.
func digestOf(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}
