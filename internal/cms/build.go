// SPDX-License-Identifier: Apache-2.0

package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"gsign/internal/limits"
	"gsign/internal/pkix"
)

// Envelope is what a SignedData is made of.
type Envelope struct {
	Certificates     []*x509.Certificate // REQUIRED, the signer's first; written once each, in the order DER demands
	Hash             crypto.Hash         // REQUIRED, the one given to SignedAttributes
	SignedAttributes []byte              // REQUIRED, from SignedAttributes
	Signature        []byte              // REQUIRED, over the hash of SignedAttributes
	Timestamp        []byte              // OPTIONAL, DER token over Signature
}

// SignedAttributes returns content-type, message-digest and signing-certificate-v2 as the DER SET OF whose hash is
// signed (B2 to B5, B7, B8, B11); a hash or key too weak for a new signature is refused before (B15). The certificate is hashed with h as well.
func SignedAttributes(h crypto.Hash, messageDigest []byte, signer *x509.Certificate) ([]byte, error) {
	if signer == nil {
		return nil, errors.New("making signed attributes: no certificate")
	}
	if err := errors.Join(strong(h), strongKey(signer)); err != nil {
		return nil, fmt.Errorf("making signed attributes: %w", err)
	}
	if len(messageDigest) != h.Size() {
		return nil, fmt.Errorf("making signed attributes: message digest of %d bytes, %v has %d", len(messageDigest), h, h.Size())
	}
	attrs, err := attributes(h, messageDigest, signer.Raw)
	if err != nil {
		return nil, fmt.Errorf("making signed attributes: %w", err)
	}
	return encode(func(b *cryptobyte.Builder) { b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(attrs) }) })
}

// strong is B15: the hash functions that a new signature may use.
func strong(h crypto.Hash) error {
	switch h {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
		return nil
	}
	return failed("B15", fmt.Sprintf("hash function %v is not accepted", h), nil)
}

// strongKey is B15 for keys: TS 119 312 gave RSA up to 2019 below 1900 bits, and knows no curve below 256.
func strongKey(c *x509.Certificate) error {
	switch k := pkix.PublicKey(c).(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSA {
			return failed("B15", fmt.Sprintf("RSA key of %d bits in the certificate of %s", k.N.BitLen(), pkix.Name(c)), nil)
		}
	case *ecdsa.PublicKey:
		if n := k.Curve.Params().BitSize; n < minCurve {
			return failed("B15", fmt.Sprintf("curve of %d bits in the certificate of %s", n, pkix.Name(c)), nil)
		}
	}
	return nil
}

const minRSA, minCurve = 1900, 256

// attributes returns the attributes as DER, sorted.
func attributes(h crypto.Hash, messageDigest, certificate []byte) ([]byte, error) {
	certHash := h.New()
	certHash.Write(certificate)
	all := []struct {
		oid   asn1.ObjectIdentifier
		value func(*cryptobyte.Builder)
	}{
		{OIDContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(OIDData) }},
		{OIDMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(messageDigest) }},
		{OIDSigningCertificateV2, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // SigningCertificateV2
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // certs
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // ESSCertIDv2, without the optional issuerSerial
						if h != crypto.SHA256 {
							addAlgorithm(b, pkix.HashOID(h), nil)
						}
						b.AddASN1OctetString(certHash.Sum(nil))
					})
				})
			})
		}},
	}
	var set [][]byte
	for _, a := range all {
		der, err := encode(func(b *cryptobyte.Builder) { addAttribute(b, a.oid, a.value) })
		if err != nil {
			return nil, err
		}
		set = append(set, der)
	}
	return sorted(set), nil
}

// sorted joins the elements of a SET OF in ascending order (X.690 section 11.6).
func sorted(elements [][]byte) []byte {
	elements = slices.Clone(elements)
	slices.SortFunc(elements, bytes.Compare)
	return slices.Concat(elements...)
}

// CheckSignature verifies a signature that a service returned over signedAttributes: PKCS #1 v1.5 or RSASSA-PSS with
// a salt as long as the hash for an RSA key, an ECDSA-Sig-Value for an elliptic one (B13, B14).
func CheckSignature(cert *x509.Certificate, h crypto.Hash, signedAttributes, signature []byte) error {
	_, err := algorithmOf(cert, h, signedAttributes, signature)
	return err
}

// algorithmOf finds the algorithm under which the signature verifies: services do not tell it.
func algorithmOf(cert *x509.Certificate, h crypto.Hash, message, signature []byte) (*pkix.Algorithm, error) {
	if cert == nil {
		return nil, errors.New("checking a signature: no certificate")
	}
	if err := strong(h); err != nil {
		return nil, err
	}
	candidates, err := algorithms(pkix.PublicKey(cert), h)
	if err != nil {
		return nil, failed("B13", "signature of "+pkix.Name(cert), err)
	}
	var first error
	for i := range candidates {
		err := pkix.VerifySignature(pkix.PublicKey(cert), candidates[i], h, message, signature)
		if err == nil {
			return &candidates[i], nil
		}
		if first == nil {
			first = err
		}
	}
	if k, ok := pkix.PublicKey(cert).(*rsa.PublicKey); ok && len(signature) != k.Size() {
		first = fmt.Errorf("%d bytes, the key makes %d", len(signature), k.Size())
	}
	return nil, failed("B14", "the signature does not verify with the key of "+pkix.Name(cert), first)
}

// algorithms returns the signature algorithms for a key, as they are written.
func algorithms(public crypto.PublicKey, h crypto.Hash) ([]pkix.Algorithm, error) {
	switch public.(type) {
	case *rsa.PublicKey:
		params, err := pssParameters(h)
		if err != nil {
			return nil, err
		}
		// NULL is demanded by RFC 4055 section 5
		return []pkix.Algorithm{{OID: pkix.SignatureOID(public, h), Parameters: asn1.NullBytes}, {OID: pkix.OIDRSAPSS, Parameters: params}}, nil
	case *ecdsa.PublicKey:
		return []pkix.Algorithm{{OID: pkix.SignatureOID(public, h)}}, nil
	}
	return nil, fmt.Errorf("keys of type %T are not supported", public)
}

func pssParameters(h crypto.Hash) ([]byte, error) {
	return encode(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { addAlgorithm(b, pkix.HashOID(h), asn1.NullBytes) })
			b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(pkix.OIDMGF1)
					addAlgorithm(b, pkix.HashOID(h), asn1.NullBytes)
				})
			})
			b.AddASN1(explicit(2), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(h.Size())) })
		})
	})
}

// Marshal verifies the signature (B14) and returns the DER ContentInfo.
func (e *Envelope) Marshal() ([]byte, error) {
	if len(e.Certificates) == 0 || e.Certificates[0] == nil {
		return nil, errors.New("making a CMS signature: no certificate")
	}
	if len(e.Certificates) > limits.MaxCertificates {
		return nil, fmt.Errorf("making a CMS signature: more than %d certificates", limits.MaxCertificates)
	}
	alg, err := algorithmOf(e.Certificates[0], e.Hash, e.SignedAttributes, e.Signature)
	if err != nil {
		return nil, fmt.Errorf("making a CMS signature: %w", err)
	}
	attrs := cryptobyte.String(e.SignedAttributes)
	var inner cryptobyte.String
	if !attrs.ReadASN1(&inner, cbasn1.SET) || !attrs.Empty() {
		return nil, errors.New("making a CMS signature: malformed signed attributes")
	}
	if n, err := pkix.ElementLength(e.Timestamp); len(e.Timestamp) > 0 && (err != nil || n != len(e.Timestamp)) {
		return nil, errors.New("making a CMS signature: malformed timestamp token")
	}
	der, err := envelope(e.Certificates, e.Hash, *alg, inner, e.Signature, e.Timestamp)
	if err != nil {
		return nil, fmt.Errorf("making a CMS signature: %w", err)
	}
	return der, nil
}

// envelope encodes ContentInfo and SignedData of version 1 (B12): the signer is named by issuer and serial number.
func envelope(certs []*x509.Certificate, h crypto.Hash, alg pkix.Algorithm, attrs, signature, token []byte) ([]byte, error) {
	var set [][]byte
	for _, c := range certs {
		if c != nil && !slices.ContainsFunc(set, func(der []byte) bool { return bytes.Equal(der, c.Raw) }) {
			set = append(set, c.Raw)
		}
	}
	leaf := certs[0]
	signerInfo := func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(leaf.RawIssuer)
			b.AddASN1BigInt(leaf.SerialNumber)
		})
		addAlgorithm(b, pkix.HashOID(h), nil) // no parameters: RFC 5754 section 2
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(attrs) })
		addAlgorithm(b, alg.OID, alg.Parameters)
		b.AddASN1OctetString(signature)
		if len(token) > 0 {
			b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
				addAttribute(b, OIDSignatureTimeStamp, func(b *cryptobyte.Builder) { b.AddBytes(token) })
			})
		}
	}
	room := 512 + len(leaf.RawIssuer) + len(attrs) + len(signature) + len(token)
	for _, der := range set {
		room += len(der)
	}
	return encodeInto(make([]byte, 0, room), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(OIDSignedData)
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(1)
					b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, pkix.HashOID(h), nil) })
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(OIDData) })
					b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(sorted(set)) })
					b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddASN1(cbasn1.SEQUENCE, signerInfo) })
				})
			})
		})
	})
}

// MaxSize returns an upper bound for the length of [Envelope.Marshal] with these certificates, leaf first, and a token
// of at most tokenAllowance bytes, whatever hash and algorithm are used: the length of the largest one. DER grows with
// its content, so none is longer.
func MaxSize(certs []*x509.Certificate, tokenAllowance int) (int, error) {
	if len(certs) == 0 || certs[0] == nil {
		return 0, errors.New("sizing a CMS signature: no certificate")
	}
	if tokenAllowance < 0 || tokenAllowance > limits.MaxSignedData {
		return 0, fmt.Errorf("sizing a CMS signature: token of %d bytes", tokenAllowance)
	}
	if n, ok := sized.get(certs, tokenAllowance); ok {
		return n, nil
	}
	n, err := maxSize(certs, tokenAllowance)
	if err == nil {
		sized.put(certs, tokenAllowance, n)
	}
	return n, err
}

// sized is the newest answer of MaxSize: the documents of one session share it.
var sized size

type size struct {
	mu        sync.Mutex
	certs     [][]byte
	allowance int
	n         int
}

func (s *size) get(certs []*x509.Certificate, allowance int) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := s.allowance == allowance && slices.EqualFunc(certs, s.certs, func(c *x509.Certificate, raw []byte) bool {
		return c != nil && len(raw) > 0 && bytes.Equal(c.Raw, raw)
	})
	return s.n, same
}

func (s *size) put(certs []*x509.Certificate, allowance, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.certs, s.allowance, s.n = nil, allowance, n
	for _, c := range certs {
		s.certs = append(s.certs, c.Raw)
	}
}

func maxSize(certs []*x509.Certificate, tokenAllowance int) (int, error) {
	const h = crypto.SHA512
	candidates, err := algorithms(pkix.PublicKey(certs[0]), h)
	if err != nil {
		return 0, fmt.Errorf("sizing a CMS signature: %w", err)
	}
	signature := 0
	switch k := pkix.PublicKey(certs[0]).(type) {
	case *rsa.PublicKey:
		signature = k.Size()
	case *ecdsa.PublicKey:
		// two INTEGERs, each with a leading zero and two octets of header, in a SEQUENCE with at most three
		signature = 3 + 2*(2+1+(k.Curve.Params().BitSize+7)/8)
	}
	attrs, err := attributes(h, make([]byte, h.Size()), certs[0].Raw)
	if err != nil {
		return 0, fmt.Errorf("sizing a CMS signature: %w", err)
	}
	largest := 0
	token := make([]byte, tokenAllowance)
	for _, alg := range candidates {
		der, err := envelope(certs, h, alg, attrs, make([]byte, signature), token)
		if err != nil {
			return 0, fmt.Errorf("sizing a CMS signature: %w", err)
		}
		largest = max(largest, len(der))
	}
	return largest, nil
}

func explicit(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }

func encode(f func(*cryptobyte.Builder)) ([]byte, error) { return encodeInto(nil, f) }

// encodeInto appends to room.
func encodeInto(room []byte, f func(*cryptobyte.Builder)) ([]byte, error) {
	b := cryptobyte.NewBuilder(room)
	f(b)
	return b.Bytes()
}

// addAttribute encodes an Attribute with one value.
func addAttribute(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, value func(*cryptobyte.Builder)) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, value)
	})
}

func addAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, params []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddBytes(params)
	})
}
