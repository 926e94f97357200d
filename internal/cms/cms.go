// SPDX-License-Identifier: Apache-2.0

// Package cms builds, reads and verifies the CMS of a PDF signature: CAdES SignedData with one signer and detached
// content, and the timestamp tokens in it. Most callers need [SignedAttributes] and [Envelope] to write, [Parse] and
// [ParseToken] to read.
//
// What is written is DER. What is read may be BER. digitorus/pkcs7 builds and verifies nothing here: it adds the
// signing-time that PAdES forbids, hashes the content in memory, knows no RSASSA-PSS and does not count attributes or
// signers. It is the second reader: see [SignedData.SecondOpinion].
package cms

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"

	"gsign/internal/pkix"
)

// Error says which requirement of EN 319 122-1, RFC 5652 or RFC 3161 a structure does not meet.
type Error struct {
	Check  string // number of the requirement, "B3"
	Reason string
	Err    error // OPTIONAL cause
}

func (e *Error) Error() string {
	s := e.Reason
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + " (" + e.Check + ")"
}

func (e *Error) Unwrap() error { return e.Err }

func failed(check, reason string, err error) error {
	return &Error{Check: check, Reason: reason, Err: err}
}

// Content types and attributes.
var (
	OIDData                 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	OIDSignedData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	OIDTSTInfo              = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	OIDContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	OIDMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	OIDSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	OIDCounterSignature     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 6}
	OIDContentReference     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 10}
	OIDContentHints         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 4}
	OIDContentIdentifier    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 7}
	OIDSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	OIDSignatureTimeStamp   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	OIDContentTimeStamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 20}
	OIDSignaturePolicy      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 15}
	OIDCommitmentType       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 16}
	OIDSignerLocation       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 17}
	OIDSignerAttributes     = asn1.ObjectIdentifier{0, 4, 0, 19122, 1, 1} // signer-attributes-v2
	OIDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	OIDAdobeRevocation      = asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 8}
	OIDCertificateValues    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 23}
	OIDRevocationValues     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 24}
	OIDAlgorithmProtection  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 52}
)

// Attribute is one attribute with its values as DER elements.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values [][]byte
}

// SignedData is a parsed ContentInfo with exactly one signer. Nothing of it is verified.
type SignedData struct {
	Raw              []byte // as given
	IsDER            bool   // Raw has definite, shortest lengths, strings in one piece and sorted sets
	Version          int
	DigestAlgorithms []crypto.Hash // 0 for one that is not known here
	EContentType     asn1.ObjectIdentifier
	EContent         []byte // nil when detached
	Certificates     []*x509.Certificate
	Unreadable       int // certificates that crypto/x509 cannot read
	Signer           SignerInfo

	lists      []byte // content of the field crls
	unreadable error  // what crypto/x509 says about the first of them
}

// SignerInfo is the one signer of a [SignedData].
type SignerInfo struct {
	Version            int
	Certificate        *x509.Certificate // nil when the SignedData does not hold it
	Issuer             []byte            // DER name, nil when the signer is named by SubjectKeyID
	SerialNumber       []byte            // content of the INTEGER
	SubjectKeyID       []byte
	DigestAlgorithm    crypto.Hash
	SignatureAlgorithm pkix.Algorithm
	SignedAttributes   []byte // SET OF (0x31), in the order carried; nil when absent
	Attributes         []Attribute
	Signature          []byte
	Unsigned           []Attribute
	TimestampTokens    [][]byte // values of signature-time-stamp
}

// Attribute returns the values of the first signed attribute of that type, nil when there is none.
func (si *SignerInfo) Attribute(oid asn1.ObjectIdentifier) [][]byte {
	return values(si.Attributes, oid)
}

func values(attrs []Attribute, oid asn1.ObjectIdentifier) [][]byte {
	for _, a := range attrs {
		if a.Type.Equal(oid) {
			return a.Values
		}
	}
	return nil
}
